// The view Your objective: g, its set and a point as text, checked while they are typed; a proof
// about a direction runs on the server within a time budget and can be cancelled.

import { Latest, Refusal } from "../../api.js";
import { h, put } from "../../dom.js";
import { Complaints, chooser, showErrors } from "../../fields.js";
import { Hint, frame } from "../../frame.js";
import { Toolbar } from "../../toolbar.js";
import { ObjectiveForm, textsOf } from "./form.js";
import { Job } from "./job.js";
import { Outcome } from "./outcome.js";

const CALM = 250; // ms without a keystroke before the form is checked

export class ObjectiveView {
  constructor({ meta, changed, link, open }) {
    this.meta = meta;
    this.changed = changed;
    this.openView = open;
    this.checked = null;
    this.form = new ObjectiveForm(() => this.#typed());
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
    this.outcome = new Outcome();
    this.hint = new Hint();
    this.toolbar = new Toolbar("objective", {
      link,
      python: () => this.outcome.proof?.python ?? this.checked?.python ?? "",
      picture: () => {
        const { cover, caption } = this.outcome;
        return { figures: cover.drawn ? [cover.figure] : [], caption };
      },
    });
    this.element = this.#layout();
    this.stream = new Latest("api/objective/check", {
      onAnswer: (answer) => this.#passed(answer),
      onError: (error) => this.#failed(error),
    });
    this.job = new Job({
      onStart: () => this.#watch(true),
      onProgress: (progress) => this.outcome.showProgress(progress),
      onEnd: () => this.#ended(),
      onFinish: (progress) => this.#finished(progress),
      onLost: (error) => this.trouble.complain(error.message),
    });
  }

  #layout() {
    const form = h(
      "form",
      { class: "form", novalidate: true, onsubmit: (event) => this.#submit(event) },
      this.examples.element,
      this.form.elements,
      h("p", { class: "hint wide" }, `Functions: ${this.meta.objective.functions.join(", ")}.`),
      this.trouble.element,
      h("p", { class: "buttons wide" }, this.prove, this.cancel, this.landscape),
    );
    return frame(
      "objective",
      "Write an objective of your own and let the machine prove whether a direction descends. The text is parsed, never run; numbers are exact. What is neither proved nor refuted within the time is called undecided.",
      [
        this.hint.element,
        h("div", { class: "board two" }, h("div", {}, form, this.read), this.outcome.element),
      ],
      this.toolbar,
    );
  }

  // --- state ---

  start() {
    this.#load(this.meta.objective.examples[0]);
  }

  getState() {
    return this.form.texts;
  }

  setState(state) {
    this.#fill(textsOf(state));
    this.examples.value = "";
    this.hint.clear();
  }

  #load(example) {
    const { objective } = example;
    this.setState({
      ...objective,
      at: objective.at ?? example.at,
      direction: objective.direction ?? example.direction ?? "steepest",
    });
    this.examples.value = String(this.meta.objective.examples.indexOf(example));
    this.hint.show(example.title, example.text);
  }

  #fill(texts) {
    this.job.forget();
    this.form.texts = texts;
    this.#clearResult();
    this.changed();
    this.stream.ask(this.form.request());
  }

  #typed() {
    this.examples.value = "";
    this.changed();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stream.ask(this.form.request()), CALM);
  }

  #showErrors(errors) {
    showErrors(errors, { "": this.trouble, ...this.form.fields });
  }

  // --- the check ---

  #passed(answer) {
    this.checked = answer;
    this.#showErrors([]);
    put(this.read, h("b", {}, "Read as "), `g = ${answer.text.g}`, `, δ in ${answer.text.domain}`);
    this.read.classList.remove("error");
    this.landscape.hidden = !answer.landscape;
    this.prove.disabled = this.job.running;
    this.toolbar.refresh();
  }

  #failed(error) {
    this.checked = null;
    this.landscape.hidden = true;
    if (!(error instanceof Refusal)) return;
    this.#showErrors(error.errors);
    put(this.read);
  }

  #openLandscape() {
    const { objective, at } = this.checked;
    this.openView("landscape", { objective, theta: at ?? ["0", "0"] });
  }

  // --- the proof ---

  async #submit(event) {
    event.preventDefault();
    if (this.job.running) return;
    this.prove.disabled = true;
    this.#clearResult();
    try {
      await this.job.start(this.form.proofRequest());
    } catch (error) {
      if (!(error instanceof Refusal)) return;
      this.#showErrors(error.errors);
      this.form.focusFirstError();
    }
  }

  async #cancel() {
    this.cancel.disabled = true;
    if (!(await this.job.cancel())) this.cancel.disabled = false;
  }

  #watch(running) {
    this.cancel.hidden = !running;
    this.outcome.watch(running);
  }

  #ended() {
    this.prove.disabled = false;
    this.cancel.disabled = false;
    this.#watch(false);
  }

  #clearResult() {
    this.outcome.clear();
    this.toolbar.refresh();
  }

  #finished(progress) {
    if (progress.state !== "done") {
      this.outcome.showFailure(progress);
      this.#showErrors(progress.errors ?? []);
      return;
    }
    this.outcome.show(progress.result, this.checked?.text.g ?? "");
    this.toolbar.refresh();
  }
}
