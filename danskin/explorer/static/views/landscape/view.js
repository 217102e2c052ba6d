// The view Landscape: contours of phi with a point theta to drag; the maximizers light up on
// g(theta, .), the runs of the rules start from the point.

import { Latest, Refusal } from "../../api.js";
import { h } from "../../dom.js";
import { showAllErrors } from "../../fields.js";
import { Figure } from "../../figure.js";
import { frame } from "../../frame.js";
import { Handles } from "../../handles.js";
import { Plane, windowAround, zoomButtons, zoomed } from "../../plane.js";
import { Toolbar } from "../../toolbar.js";
import { readLink, stateOf } from "./link.js";
import { ObjectiveControls, axesOf } from "./objective.js";
import { AtTheta } from "./point.js";
import { RunControls } from "./rules.js";
import { contourShapes, runLegend, runShapes } from "./runs.js";

const CALM = 250; // ms without a change before the runs are computed anew

export class LandscapeView {
  constructor({ meta, changed, link }) {
    this.meta = meta;
    this.changed = changed;
    this.family = null;
    this.state = null;
    this.answers = {};
    this.errors = {};

    this.plane = new Plane({
      label: "Contours of phi with the point theta",
      width: 560,
      height: 460,
      axes: false,
    });
    this.handles = new Handles(this.plane, {
      onMove: (_, at) => this.#moved(at),
      onEnd: () => this.#settled(),
    });
    this.figure = new Figure(this.plane.svg, "φ from above: drag θ", {
      tools: zoomButtons(
        (factor) => this.#zoom(zoomed(this.state.window, factor)),
        () => this.#zoom(this.#home()),
      ),
    });
    this.at = new AtTheta();
    this.objective = new ObjectiveControls(meta.landscape.families, {
      onFamily: (family) => this.#load(family),
      onParameter: (name, text) => this.#parameter(name, text),
      onTheta: (theta) => this.#look(theta),
      onKink: () => this.#toKink(),
    });
    this.runs = new RunControls(meta.landscape.rules, {
      onChoose: (names) => this.#stepping("rules", names, 0),
      onSet: (name, value) => this.#stepping(name, value, CALM),
    });
    this.toolbar = new Toolbar("landscape", {
      link,
      python: () => this.#python(),
      picture: () => ({
        figures: [this.figure, ...this.at.figures],
        caption: `${this.objective.formula.textContent}. ${this.at.headline.spoken}`,
      }),
    });
    this.element = this.#layout();
    this.streams = {
      contours: this.#stream("contours", (answer) => this.#drawContours(answer)),
      point: this.#stream("point", (answer) => this.#drawPoint(answer)),
      trajectories: this.#stream("trajectories", (answer, body) => this.#drawRuns(answer, body)),
    };
  }

  #stream(name, draw) {
    return new Latest(`api/landscape/${name}`, {
      onAnswer: (answer, body) => {
        if (JSON.stringify(body.objective) !== JSON.stringify(this.state.objective)) return;
        this.answers[name] = answer;
        this.#told(name, []);
        draw(answer, body);
        this.toolbar.refresh();
      },
      onError: (error) => this.#refused(name, error),
    });
  }

  #layout() {
    return frame(
      "landscape",
      "φ is the upper envelope of g(·, δ): where two maximizers tie, it has a kink, and there the gradient of one adversary can point uphill, and its steps zigzag. Drag θ, and watch which δ light up.",
      [
        this.at.headline.element,
        this.objective.hint.element,
        this.at.spoken,
        h(
          "div",
          { class: "board landscape-board" },
          this.figure.element,
          this.at.pictures,
          h("div", { class: "side" }, this.objective.element, this.at.element, this.runs.element),
        ),
      ],
      this.toolbar,
    );
  }

  // --- state ---

  start() {
    const { families } = this.meta.landscape;
    const family = families.find((one) => one.name === "orabona") ?? families[0];
    this.#load(family, family.kink ?? family.start);
  }

  getState() {
    return structuredClone(this.state);
  }

  setState(link) {
    const { state, family } = readLink(link, this.meta.landscape.families, this.runs.names);
    this.#begin(state, family);
  }

  #load(family, theta = family.start) {
    this.#begin(stateOf(family, theta, this.state), family);
  }

  #begin(state, family) {
    this.state = structuredClone(state);
    this.family = family;
    this.answers = {};
    this.errors = {};
    this.objective.show(this.state.objective, family);
    this.objective.showTheta(this.state.theta);
    this.runs.show(this.state);
    this.plane.setNames(axesOf(this.state.objective, family));
    this.plane.under.replaceChildren();
    this.plane.content.replaceChildren();
    this.plane.setWindow(this.state.window);
    this.#showHandle();
    this.#askAll();
  }

  #parameter(name, text) {
    this.state.objective.parameters = { ...this.state.objective.parameters, [name]: text };
    this.#askAll();
  }

  #home() {
    return this.family?.window ?? windowAround([this.state.theta.map(Number)], 2);
  }

  #zoom(window) {
    this.state.window = window.map((ends) => ends.map((v) => Number(v.toPrecision(6))));
    this.plane.setWindow(this.state.window);
    this.#paintRuns();
    this.plane.under.replaceChildren();
    this.#showHandle();
    this.changed();
    this.#askContours();
  }

  #moved(at) {
    this.state.theta = at;
    this.objective.showTheta(at);
    this.#showHandle();
    this.#pointChanged();
  }

  #look(theta) {
    this.state.theta = theta;
    this.#pointChanged();
  }

  #toKink() {
    this.objective.showTheta(this.family.kink);
    this.#look([...this.family.kink]);
  }

  #pointChanged() {
    this.changed();
    this.streams.point.ask(this.#body(["objective", "theta"]));
    this.#askRuns(CALM);
  }

  #settled() {
    const [x, y] = this.#place() ?? [0, 0];
    const [[x0, x1], [y0, y1]] = this.state.window;
    if (x < x0 || x > x1 || y < y0 || y > y1) this.#zoom(zoomed(this.state.window, 1.5));
  }

  #stepping(name, value, delay) {
    this.state[name] = value;
    this.changed();
    this.#askRuns(delay);
  }

  // --- questions ---

  #body(names) {
    return structuredClone(Object.fromEntries(names.map((name) => [name, this.state[name]])));
  }

  #askAll() {
    this.changed();
    this.streams.point.ask(this.#body(["objective", "theta"]));
    this.#askContours();
    this.#askRuns(0);
  }

  #askContours() {
    this.streams.contours.ask(this.#body(["objective", "window"]));
  }

  #askRuns(delay) {
    clearTimeout(this.runTimer);
    this.plane.content.classList.add("old");
    this.runTimer = setTimeout(() => {
      if (!this.state.rules.length) {
        delete this.answers.trajectories;
        this.#told("trajectories", []);
        this.#paintRuns();
        this.runs.showTable(null);
        return;
      }
      this.streams.trajectories.ask(
        this.#body(["objective", "theta", "rules", "steps", "step_size", "adversary"]),
      );
    }, delay);
  }

  #places(name) {
    const { places } = this.objective;
    return name === "trajectories" ? { ...places, ...this.runs.places } : places;
  }

  #refused(name, error) {
    if (error instanceof Refusal) this.#told(name, error.errors);
    if (name === "point") this.element.classList.add("stale");
  }

  /** What one question was told stays beside its fields, whatever the others are answered. */
  #told(name, errors) {
    this.errors[name] = errors;
    showAllErrors(Object.entries(this.errors).map(([one, found]) => [found, this.#places(one)]));
  }

  #python() {
    return this.answers.point?.python && this.answers.trajectories?.python
      ? `${this.answers.point.python.trimEnd()}\n\n\n# The runs of the picture\n${this.answers.trajectories.python}`
      : (this.answers.point?.python ?? "");
  }

  // --- what is shown ---

  #place() {
    if (this.state.theta.every((v) => typeof v === "number")) return this.state.theta;
    const plainNumbers = this.state.theta.map(Number);
    return plainNumbers.every(Number.isFinite) ? plainNumbers : (this.answers.point?.theta ?? null);
  }

  #showHandle() {
    const at = this.#place();
    this.handles.show(
      at ? [{ key: "theta", name: "θ", spoken: "theta", at, shape: "star", kind: "theta" }] : [],
    );
  }

  #drawContours(answer) {
    const window = answer.window.flat().map((v) => Number(v.toPrecision(6)));
    if (
      window.join() !==
      this.state.window
        .flat()
        .map((v) => Number(Number(v).toPrecision(6)))
        .join()
    )
      return;
    this.plane.under.replaceChildren(...contourShapes(this.plane, answer.contours));
    this.figure.setNote(answer.exact ? null : answer.label);
  }

  #drawPoint(answer) {
    if (answer.formula) this.objective.showFormula(answer.formula);
    this.element.classList.remove("stale");
    if (this.state.theta.some((v) => typeof v === "string")) this.#showHandle();
    this.at.draw(answer);
  }

  #drawRuns(answer, body) {
    if (JSON.stringify(body.rules) !== JSON.stringify(this.state.rules)) return;
    this.#paintRuns();
    this.runs.showTable(answer);
  }

  #paintRuns() {
    const runs = this.answers.trajectories?.runs ?? [];
    this.plane.content.replaceChildren(...runShapes(this.plane, runs));
    this.plane.content.classList.remove("old");
    this.figure.setLegend(runLegend(runs));
  }
}
