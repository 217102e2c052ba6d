// The view Your objective: g, its set and a point as text, checked while they are typed; a proof
// about a direction runs on the server within a time budget and can be cancelled.

import { Latest, Refusal, request } from "../../api.js";
import { announce, h, put, say } from "../../dom.js";
import { Complaints, Field, chooser, facts, showErrors } from "../../fields.js";
import { number } from "../../format.js";
import { CoverPicture } from "./cover.js";
import { coordinate, object, text } from "../../state.js";
import { Toolbar } from "../../toolbar.js";
import { SIGNS, prettier } from "../../verdicts.js";

const CALM = 250; // ms without a keystroke before the form is checked
const POLL = 250; // ms between two looks at a running proof
const STAGES = { loading: "starting", proving: "proving", drawing: "drawing the boxes" };

/** The form's fields: name, label, hint, tag, rows. */
const FORM = [
  [
    "g",
    "g(θ, δ), what the adversary maximizes",
    "Products, powers (**), and the functions below.",
    { tag: "textarea", rows: 3, maxlength: 2000, wide: true },
  ],
  ["theta", "Names of θ", "", { type: "text", maxlength: 200 }],
  ["delta", "Names of δ", "", { type: "text", maxlength: 200 }],
  [
    "domain",
    "The set of δ",
    "[0, 1]  ·  [0, 1] x [-1, 1]  ·  simplex  ·  ball 0, 0; 1  ·  {0, 1}",
    { type: "text", maxlength: 400 },
  ],
  ["parameters", "Constants, if any", "c = -1/2; s = sqrt(3)/2", { type: "text", maxlength: 400 }],
  ["at", "The point θ", "Exact: 1/2, sqrt(2)/10; 0.1 is a tenth.", { type: "text", maxlength: 400 }],
  ["direction", "The direction γ", "steepest, single:0, or numbers", { type: "text", maxlength: 400 }],
  ["budget", "Time for the proof, in seconds", "", { type: "text", inputmode: "decimal", maxlength: 6 }],
];

export class ObjectiveView {
  constructor({ meta, changed, link, open }) {
    this.meta = meta;
    this.changed = changed;
    this.openView = open;
    this.checked = null;
    this.proof = null;
    this.fields = Object.fromEntries(
      FORM.map(([name, label, hint, options]) => [
        name,
        new Field(label, { hint, ...options, onInput: () => this.#typed() }),
      ]),
    );
    this.trouble = new Complaints();
    this.examples = chooser("Examples", meta.objective.examples, (example) => this.#load(example));
    this.prove = h("button", { type: "submit", class: "primary" }, "Prove");
    this.cancel = h("button", { type: "button", hidden: true, onclick: () => this.#cancel() }, "Cancel");
    this.landscape = h(
      "button",
      { type: "button", hidden: true, onclick: () => this.#openLandscape() },
      "Open in Landscape",
    );
    this.read = h("p", { class: "formula", "aria-live": "polite" });
    this.state = h("p", { class: "progress", hidden: true });
    this.bar = h("progress", {
      max: 1,
      value: 0,
      hidden: true,
      "aria-label": "Time used of the proof's budget",
    });
    this.spoken = h("p", { class: "unseen", "aria-live": "polite" });
    this.result = h(
      "div",
      { class: "result" },
      h(
        "p",
        { class: "look" },
        "No proof yet. “Prove” encloses the derivative of φ at θ along γ by interval arithmetic; what it says then holds with rounding included.",
      ),
    );
    this.cover = new CoverPicture();
    this.hint = h("p", { class: "look" });
    this.toolbar = new Toolbar("objective", {
      link,
      python: () => this.proof?.python ?? this.checked?.python ?? "",
      picture: () => ({ figures: this.cover.drawn ? [this.cover.figure] : [], caption: this.caption }),
    });
    this.element = this.#layout();
    this.stream = new Latest("api/objective/check", {
      onAnswer: (answer) => this.#passed(answer),
      onError: (error) => this.#failed(error),
    });
  }

  #layout() {
    const form = h(
      "form",
      { class: "form", novalidate: true, onsubmit: (event) => this.#submit(event) },
      this.examples.element,
      Object.values(this.fields).map((field) => field.element),
      h("p", { class: "hint wide" }, `Functions: ${this.meta.objective.functions.join(", ")}.`),
      this.trouble.element,
      h("p", { class: "buttons wide" }, this.prove, this.cancel, this.landscape),
    );
    return h(
      "div",
      { class: "view objective" },
      h(
        "p",
        { class: "intro" },
        "Write an objective of your own and let the machine prove whether a direction descends. The text is parsed, never run; numbers are exact. What is neither proved nor refuted within the time is called undecided.",
      ),
      this.hint,
      h(
        "div",
        { class: "board two" },
        h("div", {}, form, this.read),
        h(
          "div",
          { class: "outcome" },
          this.state,
          this.bar,
          this.spoken,
          this.result,
          this.cover.figure.element,
        ),
      ),
      this.toolbar.element,
      this.toolbar.panel,
    );
  }

  // --- state ---

  start() {
    this.#load(this.meta.objective.examples[0]);
  }

  getState() {
    return Object.fromEntries(FORM.map(([name]) => [name, this.fields[name].value]));
  }

  setState(state) {
    object(state, "its state");
    const values = {};
    for (const [name] of FORM) {
      const value = state[name];
      if (value === undefined || value === null) values[name] = "";
      else if (name === "domain" && typeof value === "object") values[name] = domainText(value);
      else if (name === "parameters" && typeof value === "object")
        values[name] = Object.entries(value)
          .map(([k, v]) => `${k} = ${v}`)
          .join("; ");
      else if (Array.isArray(value)) values[name] = value.map((v) => coordinate(v, name)).join(", ");
      else values[name] = typeof value === "number" ? String(value) : text(value, name);
    }
    this.#fill(values);
    this.examples.value = "";
    put(this.hint);
  }

  #load(example) {
    const { objective } = example;
    this.setState({
      ...objective,
      at: objective.at ?? example.at,
      direction: objective.direction ?? example.direction ?? "steepest",
    });
    this.examples.value = String(this.meta.objective.examples.indexOf(example));
    put(this.hint, h("b", {}, `${example.title}. `), example.text);
  }

  #fill(values) {
    this.#stop();
    for (const [name] of FORM) this.fields[name].value = values[name] ?? "";
    if (!values.budget) this.fields.budget.value = "10";
    if (!values.direction) this.fields.direction.value = "steepest";
    this.#clearResult();
    this.changed();
    this.stream.ask(this.#request());
  }

  #typed() {
    this.examples.value = "";
    this.changed();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stream.ask(this.#request()), CALM);
  }

  /** The form as the server's request; empty optional fields are left out. */
  #request() {
    const value = (name) => this.fields[name].value.trim();
    const body = { g: value("g"), theta: value("theta"), delta: value("delta"), domain: value("domain") };
    if (value("parameters")) body.parameters = parameters(value("parameters"));
    if (value("at")) body.at = value("at");
    if (value("direction")) body.direction = value("direction");
    return body;
  }

  #places() {
    return { "": this.trouble, ...this.fields };
  }

  // --- the check ---

  #passed(answer) {
    this.checked = answer;
    showErrors([], this.#places());
    put(this.read, h("b", {}, "Read as "), `g = ${answer.text.g}`, `, δ in ${answer.text.domain}`);
    this.read.classList.remove("error");
    this.landscape.hidden = !answer.landscape;
    this.prove.disabled = this.job !== undefined;
    this.toolbar.refresh();
  }

  #failed(error) {
    this.checked = null;
    this.landscape.hidden = true;
    if (!(error instanceof Refusal)) return;
    showErrors(error.errors, this.#places());
    put(this.read);
  }

  #openLandscape() {
    const { objective, at } = this.checked;
    this.openView("landscape", { objective, theta: at ?? ["0", "0"] });
  }

  // --- the proof ---

  async #submit(event) {
    event.preventDefault();
    if (this.job !== undefined) return;
    this.job = null;
    this.prove.disabled = true;
    this.#clearResult();
    const budget = this.fields.budget.value.trim();
    const body = {
      ...this.#request(),
      budget: Number.isFinite(Number(budget)) && budget ? Number(budget) : budget,
    };
    try {
      this.#follow(await request("api/objective/proof", body));
    } catch (error) {
      this.#end();
      if (error instanceof Refusal) {
        showErrors(error.errors, this.#places());
        Object.values(this.fields)
          .find((field) => field.error.textContent)
          ?.input.focus();
      }
    }
  }

  async #follow(started) {
    this.job = started.job;
    this.cancel.hidden = false;
    this.state.hidden = false;
    this.bar.hidden = false;
    let progress = started;
    while (this.job === started.job) {
      this.#showProgress(progress);
      if (!["queued", "running"].includes(progress.state)) break;
      await new Promise((resolve) => setTimeout(resolve, POLL));
      if (this.job !== started.job) return;
      try {
        progress = await request(`api/jobs/${encodeURIComponent(started.job)}`);
      } catch (error) {
        if (error instanceof Refusal) {
          this.#end();
          this.trouble.complain(error.message);
          return;
        }
      }
    }
    if (this.job !== started.job) return;
    this.#end();
    this.#finished(progress);
  }

  async #cancel() {
    const { job } = this;
    if (!job) return;
    this.cancel.disabled = true;
    try {
      const progress = await request(`api/jobs/${encodeURIComponent(job)}/cancel`, {});
      if (this.job !== job) return;
      this.#end();
      this.#finished(progress);
    } catch {
      this.cancel.disabled = false;
    }
  }

  /** Forget a running proof: another objective is in the form. */
  #stop() {
    const { job } = this;
    this.#end();
    if (job) request(`api/jobs/${encodeURIComponent(job)}/cancel`, {}).catch(() => {});
  }

  #end() {
    this.job = undefined;
    this.prove.disabled = false;
    this.cancel.hidden = true;
    this.cancel.disabled = false;
    this.bar.hidden = true;
    this.state.hidden = true;
  }

  #showProgress({ state, stage, boxes, seconds, budget, bounds }) {
    const what = state === "queued" ? "waiting for a free worker" : (STAGES[stage] ?? "running");
    const so = bounds ? `; so far D is in [${number(bounds[0])}, ${number(bounds[1])}]` : "";
    say(this.state, `${what}: ${boxes} boxes, ${number(seconds, 2)} of ${number(budget, 3)} s${so}`);
    this.bar.max = budget;
    this.bar.value = seconds;
  }

  #clearResult() {
    this.proof = null;
    this.caption = "";
    put(
      this.result,
      h(
        "p",
        { class: "look" },
        "No proof yet. “Prove” encloses the derivative of φ at θ along γ by interval arithmetic; what it says then holds with rounding included.",
      ),
    );
    this.cover.clear();
    this.toolbar.refresh();
  }

  #finished(progress) {
    if (progress.state !== "done") {
      const said =
        progress.state === "cancelled"
          ? `Cancelled after ${progress.boxes} boxes: nothing is proved.`
          : "The proof failed.";
      put(
        this.result,
        h(
          "div",
          { class: "headline", "data-verdict": progress.state },
          h("span", { class: "sign", "aria-hidden": "true" }, "■"),
          h("p", {}, h("strong", {}, said)),
        ),
      );
      showErrors(progress.errors ?? [], this.#places());
      announce(this.spoken, said, 0);
      return;
    }
    const { result } = progress;
    this.proof = result;
    const kind =
      result.verdict === "proved"
        ? "descent"
        : result.ascent === "proved"
          ? "ascent"
          : result.verdict === "refuted"
            ? "flat"
            : "undecided";
    const enclosure = `D(θ; γ) in ${minus(result.derivative_text)}`;
    put(
      this.result,
      h(
        "div",
        { class: `headline ${kind}`, "data-verdict": result.verdict },
        h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[kind]),
        h("p", {}, h("strong", {}, prettier(result.headline)), " ", h("span", { class: "why" }, enclosure)),
      ),
      facts([
        [
          "direction γ",
          result.direction
            ? `(${result.direction.map(minus).join(", ")})${result.steepest ? ", the steepest" : ""}`
            : "none",
        ],
        ["D(θ; γ)", minus(result.exact_derivative ?? result.derivative_text)],
        ["φ(θ)", minus(result.value_text)],
        ...(result.maximizers?.length ? [["maximizers", maximizersText(result)]] : []),
        ["work", `${result.boxes} ${result.boxes === 1 ? "box" : "boxes"} in ${number(result.seconds, 3)} s`],
      ]),
      h("details", {}, h("summary", {}, "What was done"), h("pre", {}, result.explain)),
    );
    this.cover.draw(result.cover);
    this.caption = `${result.headline}: ${enclosure}. g = ${this.checked?.text.g ?? ""} at θ = (${result.at.join(", ")})`;
    this.toolbar.refresh();
    announce(this.spoken, `${result.headline}. ${enclosure}`, 0);
  }
}

function maximizersText({ maximizers, maximizers_complete: complete }) {
  const listed = maximizers
    .map((delta) => (delta.length > 1 ? `(${delta.map(minus).join(", ")})` : minus(delta[0])))
    .join("; ");
  return `${listed}${complete ? " (all of them)" : " (there may be others)"}`;
}

/** An exact number with a true minus sign. */
function minus(exact) {
  return String(exact).replaceAll("-", "−");
}

/** "a = 1; b = 2" as {a: "1", b: "2"}; what has no sign "=" is left for the server to refuse. */
function parameters(typed) {
  const entries = typed.split(/[;\n]/).filter((part) => part.trim());
  return Object.fromEntries(
    entries.map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [part.trim(), ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );
}

/** A domain object as the text that a person types. */
function domainText(domain) {
  const ends = (pair) => `[${pair.join(", ")}]`;
  if (domain.interval) return ends(domain.interval);
  if (domain.box) return domain.box.map(ends).join(" x ");
  if (domain.simplex) return "simplex";
  if (domain.ball && (domain.ball.norm ?? 2) === 2)
    return `ball ${domain.ball.center.join(", ")}; ${domain.ball.radius}`;
  if (domain.ball)
    return `ball ${domain.ball.center.join(", ")}; ${domain.ball.radius} norm ${domain.ball.norm}`;
  if (domain.points)
    return `{${domain.points.map((p) => (Array.isArray(p) && p.length > 1 ? `(${p.join(", ")})` : String(p))).join(", ")}}`;
  throw new Error("its domain has no text form");
}
