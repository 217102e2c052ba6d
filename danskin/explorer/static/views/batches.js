// The view Batches: two samples, each with its maximizers' gradients. An attack that returns only some
// joint maximizers sees a smaller hull (coupled) than the batch has (the product).

import { Latest, Refusal } from "../api.js";
import { CoordinateRow, outside, places, typed } from "../coordinates.js";
import { announce, h, put } from "../dom.js";
import { Complaints, chooser, facts, showErrors } from "../fields.js";
import { Figure } from "../figure.js";
import { number, point, signed, sub } from "../format.js";
import { Handles } from "../handles.js";
import { JOINT_LEGEND, RATE_LEGEND, drawJoint, drawRates } from "../joint.js";
import { Plane, windowAround, zoomButtons, zoomed } from "../plane.js";
import { Polar } from "../polar.js";
import { list, object, pair } from "../state.js";
import { Toolbar } from "../toolbar.js";
import { Headline, hullShape, verdictLine } from "../verdicts.js";

const SAMPLE = { width: 300, height: 250 };
const BATCH = 350;

export class BatchesView {
  constructor({ meta, changed, link }) {
    this.meta = meta;
    this.changed = changed;
    [this.least, this.most] = meta.limits.per_sample;
    this.samples = [[], []];
    this.runs = [];
    this.answer = null;
    this.planes = [0, 1].map((i) => new Plane({ label: `Gradients of sample ${i + 1}`, ...SAMPLE }));
    this.handles = this.planes.map(
      (plane, i) =>
        new Handles(plane, {
          onMove: (key, at) => this.#move(i, Number(key), at),
          onEnd: () => this.#grow(),
          onRemove: (key) => this.#remove(i, Number(key)),
        }),
    );
    this.figures = this.planes.map(
      (plane, i) =>
        new Figure(plane.svg, `Sample ${i + 1}: drag`, {
          tools: i
            ? null
            : zoomButtons(
                (factor) => this.#zoom(zoomed(this.planes[0].window, factor)),
                () => this.#fit(),
              ),
        }),
    );
    this.joint = new Plane({
      label: "Joint gradients of the batch: coupled hull and product hull",
      width: BATCH,
      height: BATCH,
    });
    this.jointFigure = new Figure(this.joint.svg, "The batch: two hulls");
    this.polar = new Polar({
      label: "D of the batch over all directions, and what the coupled attack promises",
      size: BATCH,
    });
    this.polarFigure = new Figure(this.polar.svg, "D of the batch");
    this.headline = new Headline();
    this.hint = h("p", { class: "look" });
    this.spoken = h("p", { class: "unseen", "aria-live": "polite" });
    this.trouble = new Complaints();
    this.presets = chooser("Cases", meta.batch.presets, (preset) => this.#load(preset));
    this.grid = h("div", { class: "grid" });
    this.lists = [0, 1].map(() => h("tbody", {}));
    this.adders = [0, 1].map((i) =>
      h("button", { type: "button", class: "small", onclick: () => this.#add(i) }, `Add to sample ${i + 1}`),
    );
    this.fields = [[], []];
    this.compared = h("div", {});
    this.toolbar = new Toolbar("batches", {
      link,
      python: () => this.answer?.python ?? "",
      picture: () => ({
        figures: [...this.figures, this.jointFigure, this.polarFigure],
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
    const coordinates = this.lists.map((body, i) =>
      h(
        "table",
        { class: "coordinates" },
        h("caption", {}, `Sample ${i + 1}`),
        h(
          "thead",
          { class: "unseen" },
          h(
            "tr",
            {},
            ["", "x", "y", ""].map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        body,
      ),
    );
    return h(
      "div",
      { class: "view batches" },
      h(
        "p",
        { class: "intro" },
        "In a batch each sample has maximizers of its own, and every combination of them is a worst case of the batch. An attack that runs on the whole batch returns only a few combinations; a direction that descends for those can still go uphill.",
      ),
      this.headline.element,
      this.hint,
      this.spoken,
      h(
        "div",
        { class: "board batch-board" },
        h(
          "div",
          { class: "samples" },
          this.figures.map((figure) => figure.element),
        ),
        this.jointFigure.element,
        this.polarFigure.element,
        h(
          "div",
          { class: "side" },
          h("section", {}, h("h2", {}, "Coupled against product"), this.compared),
          h(
            "section",
            {},
            h("h2", {}, "What the attack returned"),
            h("p", { class: "hint" }, "Tick the joint maximizers (one of each sample) that some run found."),
            this.grid,
            this.trouble.element,
          ),
          h(
            "section",
            {},
            h("h2", {}, "Gradients"),
            this.presets.element,
            coordinates,
            h("p", { class: "buttons" }, this.adders),
          ),
        ),
      ),
      this.toolbar.element,
      this.toolbar.panel,
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
    put(this.hint, h("b", {}, `${preset.title}. `), preset.text);
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
    this.#showCoordinates();
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
    this.fields[sample].at(-1).focus();
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
      this.#buildGrid();
      return;
    }
    this.runs = on ? [...others, pick] : others;
    this.#touched();
    this.#ask();
  }

  #touched() {
    this.presets.value = "";
    put(this.hint);
  }

  #ask() {
    this.adders.forEach((button, i) => {
      button.disabled = this.samples[i].length >= this.most;
    });
    this.changed();
    this.stream.ask(structuredClone(this.getState()));
  }

  // --- what is shown ---

  #rebuild() {
    this.fields = this.samples.map((sample, i) => sample.map((_, j) => this.#field(i, j)));
    this.lists.forEach((body, i) =>
      put(
        body,
        this.fields[i].flatMap((field) => field.elements),
      ),
    );
    this.#showCoordinates();
    this.#buildGrid();
    this.#showHandles();
  }

  #field(sample, index) {
    return new CoordinateRow({
      name: label(sample, index),
      spoken: `${"ab"[sample]}${index + 1}`,
      onInput: (axis, text) => this.#typed(sample, index, axis, text),
      onRemove: this.samples[sample].length > this.least ? () => this.#remove(sample, index) : null,
    });
  }

  #typed(sample, index, axis, text) {
    this.samples[sample][index] = typed(this.samples[sample][index], axis, text);
    this.#touched();
    this.growNext = true;
    this.#ask();
  }

  #showCoordinates() {
    this.fields.forEach((fields, i) => fields.forEach((field, j) => field.show(this.samples[i][j])));
  }

  /** Which combinations some run found: a box for each. */
  #buildGrid() {
    const cell = (i, j) => {
      const box = h("input", {
        type: "checkbox",
        "aria-label": `joint maximizer a${i + 1}, b${j + 1}`,
        onchange: (event) => this.#toggle([i, j], event.target.checked),
      });
      box.checked = this.runs.some((run) => run[0] === i && run[1] === j);
      return h("td", {}, box);
    };
    put(
      this.grid,
      h(
        "table",
        { class: "picks" },
        h("caption", { class: "unseen" }, "Joint maximizers that the attack returned"),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td", {}),
            this.samples[1].map((_, j) => h("th", { scope: "col" }, label(1, j))),
          ),
        ),
        h(
          "tbody",
          {},
          this.samples[0].map((_, i) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, label(0, i)),
              this.samples[1].map((__, j) => cell(i, j)),
            ),
          ),
        ),
      ),
    );
  }

  #places(sample) {
    return places(
      this.samples[sample],
      this.answered?.samples[sample],
      this.answer?.samples[sample].gradients,
    );
  }

  #showHandles() {
    this.handles.forEach((handles, i) =>
      handles.show(
        this.#places(i).flatMap((at, j) =>
          at
            ? [
                {
                  key: String(j),
                  name: label(i, j),
                  spoken: `sample ${i + 1}, gradient ${"ab"[i]}${j + 1}`,
                  at,
                  shape: i ? "diamond" : "square",
                  kind: "single",
                },
              ]
            : [],
        ),
      ),
    );
  }

  #draw(answer, body) {
    if (body.samples.some((sample, i) => sample.length !== this.samples[i].length)) return;
    this.answer = answer;
    this.answered = body;
    this.element.classList.remove("stale");
    showErrors([], this.#errorPlaces());
    if (this.fitNext || (this.growNext && outside(this.#all(), this.planes[0].window))) this.#fit();
    this.fitNext = false;
    this.growNext = false;
    this.#paint();
    this.headline.show(answer.summary);
    const { coupled, product } = answer;
    const word = (one) => (one.verdict in { ascent: 1, descent: 1, flat: 1 } ? one.verdict : "undecided");
    put(
      this.compared,
      h(
        "ul",
        { class: "verdicts" },
        verdictLine(word(coupled), coupled.text),
        verdictLine(word(product), product.text),
      ),
      facts([
        ["coupled promise", rate(coupled.promised)],
        ["coupled, true D", rate(coupled.true)],
        ["product, true D", rate(product.true)],
        ["coupled x*", point(coupled.min_norm.point)],
        ["product x*", point(product.min_norm.point)],
        ["product weights", product.min_norm.weights.map((w) => number(w, 3)).join(", ")],
      ]),
    );
    this.toolbar.refresh();
    announce(this.spoken, this.headline.spoken);
  }

  #paint() {
    this.planes.forEach((plane, i) =>
      plane.under.replaceChildren(hullShape(plane, this.answer.samples[i].hull)),
    );
    this.#showHandles();
    drawJoint(this.joint, this.answer);
    drawRates(this.polar, this.answer);
    this.jointFigure.setLegend(JOINT_LEGEND);
    this.polarFigure.setLegend(RATE_LEGEND);
  }

  #errorPlaces() {
    const places = { "": this.trouble };
    this.fields.forEach((fields, i) =>
      fields.forEach((field, j) => {
        places[`samples[${i}][${j}]`] = field;
      }),
    );
    return places;
  }

  #refused(error) {
    this.element.classList.add("stale");
    if (error instanceof Refusal) showErrors(error.errors, this.#errorPlaces());
  }

  #all() {
    return this.answer.samples.flatMap((sample) => sample.gradients);
  }

  #fit() {
    if (this.answer) this.#zoom(windowAround(this.#all()));
  }

  #grow() {
    const at = [...this.#places(0), ...this.#places(1)].filter(Boolean);
    if (outside(at, this.planes[0].window)) this.#zoom(windowAround(at));
  }

  #zoom(window) {
    for (const plane of this.planes)
      plane.setWindow([window[0].map((v) => (v * SAMPLE.width) / SAMPLE.height), window[1]]);
    this.joint.setWindow(window);
    if (this.answer) this.#paint();
    else this.#showHandles();
  }
}

function label(sample, index) {
  return `${"ab"[sample]}${sub(index + 1)}`;
}

function rate(D) {
  return D === null ? "no direction" : signed(D, 5);
}
