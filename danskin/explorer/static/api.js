// The server's answers. One question of a kind is under way at a time; what is asked meanwhile waits,
// and of several waiting ones only the last is sent. So no old answer can overwrite a newer one.

/** What the server refused: a list of {field, problem, remedy}. */
export class Refusal extends Error {
  constructor(errors, status) {
    super(errors.map((e) => [e.problem, e.remedy].filter(Boolean).join(" ")).join(" "));
    this.errors = errors;
    this.status = status;
  }
}

/** The server cannot be reached. */
export class Unreachable extends Error {}

const RETRY = 1500; // ms
const listeners = new Set();
let reachable = true;

/** Call `listener(reachable)` whenever the server goes away or comes back. */
export function onReachable(listener) {
  listeners.add(listener);
}

function tell(now) {
  if (now === reachable) return;
  reachable = now;
  if (!now) setTimeout(retry, RETRY);
  for (const listener of listeners) listener(now);
}

async function retry() {
  try {
    await request("api/meta");
  } catch {
    if (!reachable) setTimeout(retry, RETRY);
  }
}

let open = 0;
const watchers = new Set();

/** Call `watcher(busy)` when the first question is asked and when the last is answered. */
export function onBusy(watcher) {
  watchers.add(watcher);
}

function count(change) {
  open += change;
  for (const watcher of watchers) watcher(open > 0);
}

/** Ask the server; resolve to its JSON, or throw Refusal or Unreachable. */
export async function request(path, body) {
  let response;
  let answer = null;
  const options = { cache: "no-store" };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  try {
    response = await fetch(path, options);
    answer = await response.json();
  } catch {
    if (response?.ok === false) throw refusal(null, response.status);
    tell(false);
    throw new Unreachable("The server does not answer.");
  }
  tell(true);
  if (!response.ok) throw refusal(answer, response.status);
  return answer;
}

function refusal(answer, status) {
  const unknown = { field: "", problem: `The server answered ${status} without a reason.`, remedy: "" };
  return new Refusal(answer?.errors?.length ? answer.errors : [unknown], status);
}

/** A stream of questions to one address, of which only the latest matters. */
export class Latest {
  #path;
  #handlers;
  #busy = false;
  #waiting = null;
  #asked = [];
  #lost = null;

  /** `onAnswer(answer, body)`, `onError(error, body)`. */
  constructor(path, handlers) {
    this.#path = path;
    this.#handlers = handlers;
    onReachable((now) => {
      if (now && this.#lost !== null) this.ask(this.#lost);
    });
  }

  /** Ask with this body, now or as soon as the question under way is answered. */
  ask(body) {
    this.#lost = null;
    this.#asked.push(performance.now());
    this.#waiting = body;
    if (!this.#busy) this.#send();
  }

  async #send() {
    this.#busy = true;
    count(1);
    while (this.#waiting !== null) {
      const body = this.#waiting;
      const since = this.#asked;
      this.#waiting = null;
      this.#asked = [];
      try {
        this.#handlers.onAnswer(await request(this.#path, body), body);
        measure(this.#path, since);
      } catch (error) {
        if (error.status === 429 && this.#waiting === null) {
          await new Promise((resolve) => setTimeout(resolve, 300));
          this.#waiting ??= body;
          continue;
        }
        if (error instanceof Unreachable) {
          this.#lost = this.#waiting ?? body;
          this.#waiting = null;
        } else if (!(error instanceof Refusal)) {
          console.error(error);
        }
        this.#handlers.onError(error, body);
      }
    }
    this.#busy = false;
    count(-1);
  }
}

// How long every change waited until an answer to it, or to a later one, was on the screen: one
// performance measure each, from the change to the next frame. The browser tests read them.
function measure(path, since) {
  requestAnimationFrame(() => {
    const end = performance.now();
    if (performance.getEntriesByName(path, "measure").length > 2000) performance.clearMeasures(path);
    for (const start of since) performance.measure(path, { start, end });
  });
}
