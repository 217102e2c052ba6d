// The view Landscape: contours of phi with a point theta to drag; the maximizers light up on
// g(theta, .), the runs of the rules start from the point.

import { Latest, Refusal } from "../../api.js";
import { announce, h, put, s, say } from "../../dom.js";
import { Complaints, Field, chooser, showErrors } from "../../fields.js";
import { Figure } from "../../figure.js";
import { number, plain, point, sub } from "../../format.js";
import { Handles } from "../../handles.js";
import { InnerPicture } from "./inner.js";
import { Plane, windowAround, zoomButtons, zoomed } from "../../plane.js";
import { contourShapes, runLegend, runShapes, runTable } from "./runs.js";
import { coordinate, list, object, pair } from "../../state.js";
import { Toolbar } from "../../toolbar.js";
import { Headline, LEGEND, drawGradients, verdictList } from "../../verdicts.js";

const ADVERSARIES = [
  ["attack", "10 attacks a step, as in the paper"],
  ["maximizers", "all maximizers, computed"],
];
const CALM = 250; // ms without a change before the runs are computed anew

export class LandscapeView {
  constructor({ meta, changed, link }) {
    this.meta = meta;
    this.changed = changed;
    this.family = null;
    this.state = null;
    this.answers = {};
    const [families, rules] = [meta.landscape.families, meta.landscape.rules];

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
    this.inner = new InnerPicture();
    this.small = new Plane({ label: "Gradients of the maximizers at theta", width: 420, height: 300 });
    this.smallFigure = new Figure(this.small.svg, "Gradients of the maximizers at θ");

    this.headline = new Headline();
    this.spoken = h("p", { class: "unseen", "aria-live": "polite" });
    this.chooser = chooser("Objective", families, (family) => this.#load(family));
    this.parameters = h("div", { class: "pairs" });
    this.theta = new Field("θ (exact numbers: kinks are met by typing)", {
      type: "text",
      maxlength: 170,
      onInput: (text) => this.#typed(text),
    });
    this.kink = h("button", { type: "button", onclick: () => this.#toKink() }, "Go to the kink");
    this.rules = rules.map((rule) => {
      const box = h("input", { type: "checkbox", onchange: () => this.#chosen() });
      const label = h(
        "label",
        {},
        box,
        s(
          "svg",
          { viewBox: "0 0 30 12", class: "plane swatch", "aria-hidden": "true" },
          s("line", { class: `run ${rule.name}`, x1: 1, x2: 29, y1: 6, y2: 6 }),
        ),
        rule.title,
      );
      if (rule.text) label.title = rule.text;
      return { name: rule.name, title: rule.title, box, label };
    });
    this.steps = new Field("Steps", {
      type: "text",
      inputmode: "numeric",
      maxlength: 4,
      onInput: (text) => this.#stepping("steps", text),
    });
    this.stepSize = new Field("Step size at step k", {
      type: "text",
      maxlength: 80,
      onInput: (text) => this.#stepping("step_size", text),
    });
    this.adversary = new Field("Whose points a step sees", {
      tag: "select",
      options: ADVERSARIES,
      onInput: (value) => this.#stepping("adversary", value),
    });
    this.trouble = new Complaints();
    this.runTrouble = new Complaints();
    this.formula = h("p", { class: "formula" });
    this.hint = h("p", { class: "look" });
    this.facts = h("div", {});
    this.verdicts = h("div", {});
    this.runTable = h("div", {});
    this.toolbar = new Toolbar("landscape", {
      link,
      python: () => this.#python(),
      picture: () => ({
        figures: [this.figure, ...(this.inner.drawn ? [this.inner.figure] : []), this.smallFigure],
        caption: `${this.formula.textContent}. ${this.headline.spoken}`,
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
        this.#clearErrors(name);
        draw(answer, body);
        this.toolbar.refresh();
      },
      onError: (error) => this.#refused(name, error),
    });
  }

  #layout() {
    return h(
      "div",
      { class: "view landscape" },
      h(
        "p",
        { class: "intro" },
        "φ is the upper envelope of g(·, δ): where two maximizers tie, it has a kink, and there the gradient of one adversary can point uphill, and its steps zigzag. Drag θ, and watch which δ light up.",
      ),
      this.headline.element,
      this.hint,
      this.spoken,
      h(
        "div",
        { class: "board landscape-board" },
        this.figure.element,
        h("div", { class: "pictures" }, this.inner.figure.element, this.smallFigure.element),
        h(
          "div",
          { class: "side" },
          h(
            "section",
            {},
            h("h2", {}, "Objective"),
            this.chooser.element,
            this.formula,
            this.parameters,
            this.trouble.element,
            this.theta.element,
            h("p", { class: "buttons" }, this.kink),
          ),
          h("section", {}, h("h2", {}, "At θ"), this.facts, this.verdicts),
          h(
            "section",
            {},
            h("h2", {}, "Runs from θ"),
            h(
              "fieldset",
              { class: "rules" },
              h("legend", { class: "unseen" }, "Rules"),
              this.rules.map((rule) => rule.label),
            ),
            h("div", { class: "pairs" }, this.steps.element, this.stepSize.element),
            this.adversary.element,
            this.runTrouble.element,
            this.runTable,
          ),
        ),
      ),
      this.toolbar.element,
      this.toolbar.panel,
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

  setState(state) {
    object(state, "its state");
    object(state.objective, "objective");
    const name = state.objective.family;
    const family = name === undefined ? null : this.meta.landscape.families.find((one) => one.name === name);
    if (family === undefined) throw new Error("its objective names no known family");
    const names = this.rules.map((rule) => rule.name);
    const defaults = family ?? {
      window: [
        [-2, 2],
        [-2, 2],
      ],
      start: [0.5, 0.5],
      steps: 30,
      step_size: "0.5/sqrt(k)",
    };
    const window = list(state.window ?? defaults.window, "window", 2, 2, (ends, name) => {
      const [lo, hi] = list(ends, name, 2, 2, coordinate).map(Number);
      if (!(hi > lo)) throw new Error(`${name} is no interval`);
      return [lo, hi];
    });
    const read = {
      objective: state.objective,
      window,
      theta: pair(state.theta ?? defaults.start, "theta"),
      rules: list(state.rules ?? ["normalized_single", "ddi"], "rules", 0, names.length, (name) => {
        if (!names.includes(name)) throw new Error("its rules name an unknown one");
        return name;
      }),
      steps: coordinate(state.steps ?? defaults.steps, "steps"),
      step_size: coordinate(state.step_size ?? defaults.step_size, "step_size"),
      adversary: ADVERSARIES.some(([value]) => value === state.adversary)
        ? state.adversary
        : ADVERSARIES[0][0],
    };
    this.#begin(read, family);
  }

  #load(family, theta = family.start) {
    const objective = { family: family.name };
    const { rules = ["normalized_single", "ddi"], adversary = ADVERSARIES[0][0] } = this.state ?? {};
    const { window, steps, step_size } = family;
    this.#begin({ objective, window, theta: [...theta], rules, steps, step_size, adversary }, family);
  }

  #begin(state, family) {
    this.state = structuredClone(state);
    this.family = family;
    this.answers = {};
    this.chooser.value = family ? String(this.meta.landscape.families.indexOf(family)) : "";
    if (family) put(this.hint, h("b", {}, `${family.title}. `), family.text);
    else if (state.objective.make)
      put(
        this.hint,
        h("b", {}, "Made to order. "),
        "At θ = (0, 0) the maximizers of this objective have exactly the gradients that you set.",
      );
    else put(this.hint);
    this.kink.hidden = !family?.kink;
    const form = state.objective;
    this.#showFormula(family ? family.g : (form.g ?? ""));
    this.#buildParameters();
    for (const rule of this.rules) rule.box.checked = state.rules.includes(rule.name);
    this.steps.value = plain(state.steps);
    this.stepSize.value = plain(state.step_size);
    this.adversary.value = state.adversary;
    this.theta.value = state.theta.map(plain).join(", ");
    const names =
      family?.theta ??
      [form.theta ?? []]
        .flat()
        .join(",")
        .split(/[\s,]+/);
    this.plane.setNames(names.length === 2 ? names : ["θ₁", "θ₂"]);
    this.plane.under.replaceChildren();
    this.plane.content.replaceChildren();
    this.runShapes = null;
    this.plane.setWindow(this.state.window);
    this.#showHandle();
    this.#askAll();
  }

  #buildParameters() {
    this.parameterFields = {};
    put(
      this.parameters,
      (this.family?.parameters ?? []).map((parameter) => {
        const field = new Field(parameter.name, {
          type: "text",
          maxlength: 400,
          title: parameter.text,
          onInput: (text) => this.#parameter(parameter.name, text),
        });
        field.value = plain(this.state.objective.parameters?.[parameter.name] ?? parameter.default);
        this.parameterFields[parameter.name] = field;
        return field.element;
      }),
    );
  }

  #parameter(name, text) {
    this.state.objective.parameters = { ...this.state.objective.parameters, [name]: text.trim() };
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
    this.theta.value = at.map(plain).join(", ");
    this.#showHandle();
    this.#pointChanged();
  }

  #typed(text) {
    const parts = text.split(/[,;\s]+(?![^(]*\))/).filter(Boolean);
    if (parts.length !== 2) {
      this.theta.complain("θ has two coordinates: write them with a comma between.");
      return;
    }
    this.state.theta = parts;
    this.#pointChanged();
  }

  #toKink() {
    this.state.theta = [...this.family.kink];
    this.theta.value = this.state.theta.map(plain).join(", ");
    this.#pointChanged();
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

  #chosen() {
    this.state.rules = this.rules.filter((rule) => rule.box.checked).map((rule) => rule.name);
    this.changed();
    this.#askRuns(0);
  }

  #stepping(name, text) {
    const trimmed = text.trim();
    this.state[name] = name === "steps" && /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
    this.changed();
    this.#askRuns(CALM);
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
        this.#paintRuns();
        put(this.runTable);
        return;
      }
      this.streams.trajectories.ask(
        this.#body(["objective", "theta", "rules", "steps", "step_size", "adversary"]),
      );
    }, delay);
  }

  #places(name) {
    const places = {
      "": name === "trajectories" ? this.runTrouble : this.trouble,
      objective: this.trouble,
      theta: this.theta,
    };
    for (const [parameter, field] of Object.entries(this.parameterFields ?? {})) {
      places[`objective.parameters.${parameter}`] = field;
      places[`parameters.${parameter}`] = field;
      places[parameter] = field;
    }
    if (name === "trajectories")
      Object.assign(places, { steps: this.steps, step_size: this.stepSize, adversary: this.adversary });
    return places;
  }

  #clearErrors(name) {
    showErrors([], this.#places(name));
    this.element.classList.remove("stale");
  }

  #refused(name, error) {
    this.element.classList.toggle("stale", name === "point");
    if (error instanceof Refusal) showErrors(error.errors, this.#places(name));
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

  /** The objective as text; a batch has one line a sample. */
  #showFormula(texts) {
    const all = [texts].flat();
    say(this.formula, all.map((g, i) => (all.length > 1 ? `g${sub(i + 1)} = ${g}` : `g = ${g}`)).join("\n"));
  }

  #drawPoint(answer) {
    if (answer.formula) this.#showFormula(answer.formula);
    this.element.classList.remove("stale");
    if (this.state.theta.some((v) => typeof v === "string")) this.#showHandle();
    this.inner.draw(answer.inner);
    const gradients = answer.gradients;
    if (gradients) {
      this.small.setWindow(wide(windowAround(gradients.gradients), 420 / 300));
      drawGradients(this.small, gradients);
      this.smallFigure.setNote(null);
      this.smallFigure.setLegend([LEGEND.gradient, LEGEND.minus, LEGEND.hull, LEGEND.steepest, LEGEND.cone]);
      this.headline.show(gradients.summary);
      put(this.verdicts, verdictList(gradients));
    } else {
      for (const layer of [this.small.under, this.small.content, this.small.over]) layer.replaceChildren();
      this.smallFigure.setNote(answer.why ?? "No picture of the gradients here.");
      this.headline.show({ verdict: "undecided", headline: answer.explain, text: "" });
      put(this.verdicts);
    }
    const value = answer.exact_value ?? number(answer.value, 6);
    put(
      this.facts,
      h(
        "p",
        {},
        `φ${point(answer.theta)} ${answer.complete ? "=" : "≥"} ${value}. `,
        answer.explain,
        " ",
        answer.nearest?.text ?? "",
      ),
    );
    announce(this.spoken, `theta ${point(answer.theta)}. ${this.headline.spoken}`);
  }

  #drawRuns(answer, body) {
    if (JSON.stringify(body.rules) !== JSON.stringify(this.state.rules)) return;
    this.#paintRuns();
    put(this.runTable, runTable(answer));
  }

  #paintRuns() {
    const runs = this.answers.trajectories?.runs ?? [];
    this.plane.content.replaceChildren(...runShapes(this.plane, runs));
    this.plane.content.classList.remove("old");
    this.figure.setLegend(runLegend(runs));
  }
}

/** A window made wider to a picture's proportions. */
function wide([[x0, x1], y], ratio) {
  return [[x0 * ratio, x1 * ratio], y];
}
