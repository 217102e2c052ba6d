// The view Batches: two samples, each with its maximizers' gradients. An attack that returns only some
// joint maximizers sees a smaller hull (coupled) than the batch has (the product).

import { Latest, Refusal } from "../../api.js";
import { outside, places, typed } from "../../coordinates.js";
import { announce, h, put } from "../../dom.js";
import { Complaints, chooser, showErrors } from "../../fields.js";
import { Hint, frame, section, speaker } from "../../frame.js";
import { windowAround, zoomButtons, zoomed } from "../../plane.js";
import { list, object, pair } from "../../state.js";
import { Toolbar } from "../../toolbar.js";
import { Headline } from "../../verdicts.js";
import { JointPictures, comparison } from "./joint.js";
import { Picks } from "./picks.js";
import { SamplePane } from "./sample.js";

export class BatchesView {
  constructor({ meta, changed, link }) {
    this.meta = meta;
    this.changed = changed;
    [this.least, this.most] = meta.limits.per_sample;
    this.samples = [[], []];
    this.runs = [];
    this.answer = null;
    this.panes = [0, 1].map(
      (i) =>
        new SamplePane(i, {
          least: this.least,
          tools: i
            ? null
            : zoomButtons(
                (factor) => this.#zoom(zoomed(this.#window, factor)),
                () => this.#fit(),
              ),
          onMove: (index, at) => this.#move(i, index, at),
          onEnd: () => this.#grow(),
          onType: (index, axis, text) => this.#typed(i, index, axis, text),
          onAdd: () => this.#add(i),
          onRemove: (index) => this.#remove(i, index),
        }),
    );
    this.joint = new JointPictures();
    this.headline = new Headline();
    this.hint = new Hint();
    this.spoken = speaker();
    this.trouble = new Complaints();
    this.presets = chooser("Cases", meta.batch.presets, (preset) => this.#load(preset));
    this.picks = new Picks((pick, on) => this.#toggle(pick, on));
    this.compared = h("div", {});
    this.toolbar = new Toolbar("batches", {
      link,
      python: () => this.answer?.python ?? "",
      picture: () => ({
        figures: [...this.panes.map((pane) => pane.figure), ...this.joint.figures],
        caption: this.headline.spoken,
      }),
    });
    this.element = this.#layout();
    this.stream = new Latest("api/batch", {
      onAnswer: (answer, body) => this.#draw(answer, body),
      onError: (error) => this.#refused(error),
    });
  }

  #layout() {
    const side = h(
      "div",
      { class: "side" },
      section("Coupled against product", this.compared),
      section(
        "What the attack returned",
        h("p", { class: "hint" }, "Tick the joint maximizers (one of each sample) that some run found."),
        this.picks.element,
        this.trouble.element,
      ),
      section(
        "Gradients",
        this.presets.element,
        this.panes.map((pane) => pane.table),
        h(
          "p",
          { class: "buttons" },
          this.panes.map((pane) => pane.adder),
        ),
      ),
    );
    return frame(
      "batches",
      "In a batch each sample has maximizers of its own, and every combination of them is a worst case of the batch. An attack that runs on the whole batch returns only a few combinations; a direction that descends for those can still go uphill.",
      [
        this.headline.element,
        this.hint.element,
        this.spoken,
        h(
          "div",
          { class: "board batch-board" },
          h(
            "div",
            { class: "samples" },
            this.panes.map((pane) => pane.figure.element),
          ),
          this.joint.figures.map((figure) => figure.element),
          side,
        ),
      ],
      this.toolbar,
    );
  }

  // --- state ---

  start() {
    this.#load(this.meta.batch.presets[0]);
  }

  getState() {
    return { samples: this.samples, runs: this.runs };
  }

  setState(state) {
    object(state, "its state");
    const samples = list(state.samples, "samples", 2, 2, (one, name) =>
      list(one, name, this.least, this.most, pair),
    );
    const runs = list(state.runs, "runs", 1, this.most ** 2, (pick, name) =>
      list(pick, name, 2, 2, (index, where) => {
        const sample = samples[Number(where.at(-2))];
        if (!Number.isInteger(index) || index < 0 || index >= sample.length)
          throw new Error(`${where} picks no gradient of its sample`);
        return index;
      }),
    );
    this.#begin({ samples, runs });
    this.#touched();
  }

  #load(preset) {
    this.#begin(structuredClone({ samples: preset.samples, runs: preset.runs }));
    this.presets.value = String(this.meta.batch.presets.indexOf(preset));
    this.hint.show(preset.title, preset.text);
  }

  #begin({ samples, runs }) {
    this.samples = samples;
    this.runs = runs;
    this.answer = null;
    this.fitNext = true;
    this.#rebuild();
    this.#ask();
  }

  #move(sample, index, at) {
    this.samples[sample][index] = at;
    this.#touched();
    this.#showHandles();
    this.panes.forEach((pane, i) => pane.showCoordinates(this.samples[i]));
    this.#ask();
  }

  #add(sample) {
    if (this.samples[sample].length >= this.most) return;
    this.samples[sample].push(
      [
        [1, 1],
        [-1, 1],
        [1, -1],
        [0, 1],
      ][this.samples[sample].length % 4],
    );
    this.#touched();
    this.#rebuild();
    this.#ask();
    this.panes[sample].fields.at(-1).focus();
  }

  #remove(sample, index) {
    if (this.samples[sample].length <= this.least) {
      this.trouble.complain(
        `A sample has at least ${this.least} ${this.least === 1 ? "gradient" : "gradients"}.`,
      );
      return;
    }
    this.samples[sample].splice(index, 1);
    this.runs = this.runs
      .filter((pick) => pick[sample] !== index)
      .map((pick) => pick.map((i, which) => (which === sample && i > index ? i - 1 : i)));
    if (!this.runs.length) this.runs = [[0, 0]];
    this.#touched();
    this.#rebuild();
    this.#ask();
  }

  #toggle(pick, on) {
    const others = this.runs.filter((run) => run[0] !== pick[0] || run[1] !== pick[1]);
    if (!on && !others.length) {
      this.trouble.complain("The attack returned at least one joint maximizer.");
      this.picks.show(this.samples, this.runs);
      return;
    }
    this.runs = on ? [...others, pick] : others;
    this.#touched();
    this.#ask();
  }

  #touched() {
    this.presets.value = "";
    this.hint.clear();
  }

  #ask() {
    this.panes.forEach((pane, i) => {
      pane.adder.disabled = this.samples[i].length >= this.most;
    });
    this.changed();
    this.stream.ask(structuredClone(this.getState()));
  }

  // --- what is shown ---

  #rebuild() {
    this.panes.forEach((pane, i) => pane.build(this.samples[i]));
    this.picks.show(this.samples, this.runs);
    this.#showHandles();
  }

  #typed(sample, index, axis, text) {
    this.samples[sample][index] = typed(this.samples[sample][index], axis, text);
    this.#touched();
    this.growNext = true;
    this.#ask();
  }

  #places(sample) {
    return places(
      this.samples[sample],
      this.answered?.samples[sample],
      this.answer?.samples[sample].gradients,
    );
  }

  #showHandles() {
    this.panes.forEach((pane, i) => pane.showHandles(this.#places(i)));
  }

  #draw(answer, body) {
    if (body.samples.some((sample, i) => sample.length !== this.samples[i].length)) return;
    this.answer = answer;
    this.answered = body;
    this.element.classList.remove("stale");
    showErrors([], this.#errorPlaces());
    if (this.fitNext || (this.growNext && outside(this.#all(), this.#window))) this.#fit();
    this.fitNext = false;
    this.growNext = false;
    this.#paint();
    this.headline.show(answer.summary);
    put(this.compared, comparison(answer));
    this.toolbar.refresh();
    announce(this.spoken, this.headline.spoken);
  }

  #paint() {
    this.panes.forEach((pane, i) => pane.drawHull(this.answer.samples[i].hull));
    this.#showHandles();
    this.joint.draw(this.answer);
  }

  #errorPlaces() {
    const places = { "": this.trouble };
    this.panes.forEach((pane, i) =>
      pane.fields.forEach((field, j) => {
        places[`samples[${i}][${j}]`] = field;
      }),
    );
    return places;
  }

  #refused(error) {
    this.element.classList.add("stale");
    if (error instanceof Refusal) showErrors(error.errors, this.#errorPlaces());
  }

  /** The samples' window: both have the same. */
  get #window() {
    return this.panes[0].plane.window;
  }

  #all() {
    return this.answer.samples.flatMap((sample) => sample.gradients);
  }

  #fit() {
    if (this.answer) this.#zoom(windowAround(this.#all()));
  }

  #grow() {
    const at = [...this.#places(0), ...this.#places(1)].filter(Boolean);
    if (outside(at, this.#window)) this.#zoom(windowAround(at));
  }

  #zoom(window) {
    for (const pane of this.panes) pane.setWindow(window);
    this.joint.setWindow(window);
    if (this.answer) this.#paint();
    else this.#showHandles();
  }
}
