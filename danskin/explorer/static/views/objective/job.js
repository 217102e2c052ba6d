// A proof on the server: started, looked at until it ends, cancelled or forgotten.

import { Refusal, request } from "../../api.js";

const POLL = 250; // ms between two looks at a running proof

export class Job {
  #id; // undefined: none; a Symbol: asked for, and not yet named by the server
  #on;

  /**
   * `onStart()` when the server has taken it, `onProgress(progress)` at every look, `onEnd()` when nothing
   * runs any more, and then `onFinish(progress)`, or `onLost(refusal)` where the server knows it no longer.
   */
  constructor({ onStart, onProgress, onEnd, onFinish, onLost }) {
    this.#on = { start: onStart, progress: onProgress, end: onEnd, finish: onFinish, lost: onLost };
  }

  get running() {
    return this.#id !== undefined;
  }

  /** Ask for a proof; rejects where it does not start. */
  async start(body) {
    const asked = (this.#id = Symbol("asked"));
    let started;
    try {
      started = await request("api/objective/proof", body);
    } catch (error) {
      if (this.#id !== asked) return;
      this.#end();
      throw error;
    }
    if (this.#id === asked) this.#follow(started);
    else abandon(started.job);
  }

  async #follow(started) {
    const id = started.job;
    this.#id = id;
    this.#on.start();
    let progress = started;
    while (this.#id === id) {
      this.#on.progress(progress);
      if (!["queued", "running"].includes(progress.state)) break;
      await new Promise((resolve) => setTimeout(resolve, POLL));
      if (this.#id !== id) return;
      try {
        progress = await request(address(id));
      } catch (error) {
        if (error instanceof Refusal) {
          this.#end();
          this.#on.lost(error);
          return;
        }
      }
    }
    if (this.#id !== id) return;
    this.#end();
    this.#on.finish(progress);
  }

  /** Cancel it, with what it has found so far; false where the server could not be asked. */
  async cancel() {
    const id = this.#id;
    if (typeof id !== "string") return false;
    try {
      const progress = await request(`${address(id)}/cancel`, {});
      if (this.#id === id) {
        this.#end();
        this.#on.finish(progress);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Let go of it: another objective is in the form. */
  forget() {
    const id = this.#id;
    this.#end();
    if (typeof id === "string") abandon(id);
  }

  #end() {
    this.#id = undefined;
    this.#on.end();
  }
}

function abandon(id) {
  request(`${address(id)}/cancel`, {}).catch(() => {});
}

function address(id) {
  return `api/jobs/${encodeURIComponent(id)}`;
}
