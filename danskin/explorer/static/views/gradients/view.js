// The view Gradients: the maximizers' gradients as points to drag; hull, cone and verdicts follow.

import { Latest, Refusal } from "../../api.js";
import { CoordinateRow, outside, places, typed } from "../../coordinates.js";
import { announce, h, put, say, update } from "../../dom.js";
import { Complaints, chooser, row, showErrors } from "../../fields.js";
import { Figure } from "../../figure.js";
import { number, sub } from "../../format.js";
import { Hint, frame, section, speaker } from "../../frame.js";
import { Handles } from "../../handles.js";
import { Plane, windowAround, zoomButtons, zoomed } from "../../plane.js";
import { Polar } from "../../polar.js";
import { list, object, pair } from "../../state.js";
import { Toolbar } from "../../toolbar.js";
import { Headline, LEGEND, drawGradients, numbersOf, polarLegend, rays, verdictList } from "../../verdicts.js";

export class GradientsView {
  constructor({ meta, changed, link, open }) {
    this.meta = meta;
    this.changed = changed;
    [this.least, this.most] = meta.limits.gradients;
    this.gradients = [];
    this.direction = null;
    this.answer = null;

    this.plane = new Plane({
      label: "Gradients of the maximizers, their hull and the cone of descent directions",
    });
    this.handles = new Handles(this.plane, {
      onMove: (key, at) => this.#move(key, at),
      onEnd: () => this.#grow(),
      onRemove: (key) => (key === "asked" ? this.#ask(null) : this.#remove(Number(key))),
    });
    this.polar = new Polar({ label: "Directional derivative D over all directions" });
    this.figure = new Figure(this.plane.svg, "The gradients: drag them", {
      tools: zoomButtons(
        (factor) => this.#zoom(zoomed(this.plane.window, factor)),
        () => this.#fit(),
      ),
    });
    this.polarFigure = new Figure(this.polar.svg, "D in every direction");
    this.headline = new Headline();
    this.spoken = speaker();
    this.rows = h("tbody", {});
    this.fields = [];
    this.trouble = new Complaints();
    this.verdicts = h("div", {});
    this.numbers = h("div", {});
    this.hint = new Hint();
    this.presets = chooser("Cases of the paper", meta.gradients.presets, (preset) => this.#load(preset));
    this.addButton = h("button", { type: "button", onclick: () => this.#add() }, "Add a gradient");
    this.askButton = h(
      "button",
      {
        type: "button",
        "aria-pressed": "false",
        onclick: () => this.#ask(this.direction ? null : [-1, 0.5]),
      },
      "Ask about a direction γ",
    );
    this.makeButton = h(
      "button",
      {
        type: "button",
        onclick: () => open("landscape", { objective: { make: this.gradients }, theta: ["0", "0"] }),
      },
      "See an objective with these gradients",
    );
    this.toolbar = new Toolbar("gradients", {
      link,
      python: () => this.answer?.python ?? "",
      picture: () => ({ figures: [this.figure, this.polarFigure], caption: this.headline.spoken }),
    });
    this.element = this.#layout();
    this.stream = new Latest("api/gradients", {
      onAnswer: (answer, body) => this.#draw(answer, body),
      onError: (error) => this.#refused(error),
    });
  }

  #layout() {
    const coordinates = h(
      "table",
      { class: "coordinates" },
      h("caption", { class: "unseen" }, "Coordinates of the gradients, and weights of the min-norm point"),
      h("thead", {}, row(["", "x", "y", "weight", ""], true)),
      this.rows,
    );
    const side = h(
      "div",
      { class: "side" },
      section("Verdicts", this.verdicts),
      section(
        "Gradients",
        this.presets.element,
        coordinates,
        this.trouble.element,
        h("p", { class: "buttons" }, this.addButton, this.askButton, this.makeButton),
        h(
          "p",
          { class: "hint" },
          `Type exact numbers, such as sqrt(3)/2 or -1/2; ${this.least} to ${this.most} gradients. Delete removes a focused square.`,
        ),
      ),
      section("Numbers", this.numbers),
    );
    return frame(
      "gradients",
      "At a kink, φ has several maximizers, each with its own gradient gᵢ. A step lowers φ only if it makes an obtuse angle with every one of them; the step −gᵢ of a single adversary need not. Drag the squares, or focus one and use the arrow keys.",
      [
        this.headline.element,
        this.hint.element,
        this.spoken,
        h("div", { class: "board" }, this.figure.element, this.polarFigure.element, side),
      ],
      this.toolbar,
    );
  }

  // --- state ---

  start() {
    this.#load(this.meta.gradients.presets[0]);
  }

  getState() {
    return this.direction
      ? { gradients: this.gradients, direction: this.direction }
      : { gradients: this.gradients };
  }

  setState(state) {
    object(state, "its state");
    const gradients = list(state.gradients, "gradients", this.least, this.most, pair);
    const direction =
      state.direction === undefined || state.direction === null ? null : pair(state.direction, "direction");
    this.gradients = gradients;
    this.direction = direction;
    this.#touched();
    this.#changed({ fit: true, rebuild: true });
  }

  #load(preset) {
    this.gradients = preset.gradients.map((g) => [...g]);
    this.direction = null;
    this.presets.value = String(this.meta.gradients.presets.indexOf(preset));
    this.hint.show(preset.title, preset.text);
    this.hint.element.hidden = false;
    this.#changed({ fit: true, rebuild: true });
  }

  /** What is shown is no longer the preset. */
  #touched() {
    this.presets.value = "";
    this.hint.clear();
    this.hint.element.hidden = true;
  }

  #move(key, at) {
    if (key === "asked") this.direction = at;
    else this.gradients[Number(key)] = at;
    this.#touched();
    this.#showHandles();
    this.#showCoordinates();
    this.#changed({});
  }

  #add() {
    if (this.gradients.length >= this.most) return;
    const places = [
      [1, 1],
      [-1, 1],
      [1, -1],
      [1.5, 0],
      [0, 1.5],
      [0.5, 1.5],
      [1.5, 0.5],
      [0.5, 0.5],
    ];
    this.gradients.push(places[this.gradients.length % places.length]);
    this.#touched();
    this.#changed({ rebuild: true });
    this.fields[this.fields.length - 1].focus();
  }

  #remove(index) {
    if (this.gradients.length <= this.least) {
      this.trouble.complain(`There have to be at least ${this.least} gradients.`);
      return;
    }
    this.gradients.splice(index, 1);
    this.#touched();
    this.#changed({ rebuild: true });
    this.fields[Math.min(index, this.fields.length - 1)].focus();
  }

  #ask(direction) {
    this.direction = direction;
    this.askButton.setAttribute("aria-pressed", String(direction !== null));
    this.#changed({});
  }

  #changed({ fit = false, rebuild = false }) {
    if (rebuild) this.#buildRows();
    this.fitNext ||= fit;
    this.askButton.setAttribute("aria-pressed", String(this.direction !== null));
    this.addButton.disabled = this.gradients.length >= this.most;
    this.changed();
    this.stream.ask(structuredClone(this.getState()));
  }

  // --- what is shown ---

  #places() {
    return places(this.gradients, this.answered?.gradients, this.answer?.gradients);
  }

  #showHandles() {
    const points = this.#places().flatMap((at, i) =>
      at
        ? [
            {
              key: String(i),
              name: `g${sub(i + 1)}`,
              spoken: `gradient g${i + 1}`,
              at,
              shape: "square",
              kind: "single",
            },
          ]
        : [],
    );
    if (this.direction) {
      const at = this.direction.map(Number);
      if (at.every(Number.isFinite))
        points.push({
          key: "asked",
          name: "γ",
          spoken: "direction gamma",
          at,
          shape: "diamond",
          kind: "asked",
        });
    }
    this.handles.show(points);
  }

  #buildRows() {
    const removable = this.gradients.length > this.least;
    this.weights = this.gradients.map(() => h("td", { class: "number" }));
    this.fields = this.gradients.map(
      (_, i) =>
        new CoordinateRow({
          name: `g${sub(i + 1)}`,
          spoken: `g${i + 1}`,
          extra: [this.weights[i]],
          onInput: (axis, text) => this.#typed(i, axis, text),
          onRemove: removable ? () => this.#remove(i) : null,
        }),
    );
    put(
      this.rows,
      this.fields.flatMap((field) => field.elements),
    );
    this.#showCoordinates();
  }

  #showCoordinates() {
    this.fields.forEach((field, i) => field.show(this.gradients[i]));
  }

  #typed(i, axis, text) {
    this.gradients[i] = typed(this.gradients[i], axis, text);
    this.#touched();
    this.growNext = true;
    this.#changed({});
  }

  #draw(answer, body) {
    if (body.gradients.length !== this.gradients.length) return; // a newer question is on its way
    this.answer = answer;
    this.answered = body;
    this.element.classList.remove("stale");
    showErrors([], this.#errorPlaces());
    if (this.fitNext || (this.growNext && outside(answer.gradients, this.plane.window))) this.#fit();
    this.fitNext = false;
    this.growNext = false;
    this.#paint();
    this.weights.forEach((cell, i) => say(cell, number(answer.min_norm.weights[i], 3)));
    this.headline.show(answer.summary);
    update(this.verdicts, verdictList(answer));
    update(this.numbers, numbersOf(answer));
    this.toolbar.refresh();
    announce(
      this.spoken,
      `${this.headline.spoken} ${[...this.verdicts.querySelectorAll(".why")].map((e) => e.textContent).join(". ")}`,
    );
  }

  #paint() {
    drawGradients(this.plane, this.answer, { handles: true });
    this.#showHandles();
    this.figure.setLegend([
      LEGEND.gradient,
      LEGEND.minus,
      LEGEND.hull,
      LEGEND.nearest,
      ...(this.answer.steepest.direction ? [LEGEND.steepest, LEGEND.cone] : []),
      ...(this.answer.asked ? [LEGEND.asked] : []),
    ]);
    this.polar.draw({
      curve: this.answer.curve,
      reach: this.answer.reach,
      sectors: this.answer.sectors,
      rays: rays(this.answer),
    });
    this.polarFigure.setLegend(polarLegend(this.answer));
  }

  #errorPlaces() {
    const places = { "": this.trouble, gradients: this.trouble, direction: this.trouble };
    this.fields.forEach((field, i) => {
      places[`gradients[${i}]`] = field;
    });
    return places;
  }

  #refused(error) {
    this.element.classList.add("stale");
    if (error instanceof Refusal) showErrors(error.errors, this.#errorPlaces());
  }

  #fit() {
    if (this.answer) this.#zoom(windowAround(this.answer.gradients));
  }

  #grow() {
    const at = this.#places().filter(Boolean);
    if (outside(at, this.plane.window)) this.#zoom(windowAround(at));
  }

  #zoom(window) {
    this.plane.setWindow(window);
    if (this.answer) this.#paint();
    else this.#showHandles();
  }
}
