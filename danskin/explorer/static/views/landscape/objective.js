// Which objective the landscape shows, with its parameters, and at which theta it is looked at.

import { h, put, say } from "../../dom.js";
import { Complaints, Field, chooser } from "../../fields.js";
import { plain, sub } from "../../format.js";
import { Hint, section } from "../../frame.js";

export class ObjectiveControls {
  #families;
  #on;

  /** `onFamily(family)`, `onParameter(name, text)`, `onTheta(pair of texts)`, `onKink()`. */
  constructor(families, { onFamily, onParameter, onTheta, onKink }) {
    this.#families = families;
    this.#on = { parameter: onParameter, theta: onTheta };
    this.chooser = chooser("Objective", families, onFamily);
    this.formula = h("p", { class: "formula" });
    this.fields = {}; // of the parameters
    this.parameters = h("div", { class: "pairs" });
    this.trouble = new Complaints();
    this.theta = new Field("θ (exact numbers: kinks are met by typing)", {
      type: "text",
      maxlength: 170,
      onInput: (text) => this.#typed(text),
    });
    this.kink = h("button", { type: "button", onclick: onKink }, "Go to the kink");
    this.hint = new Hint();
    this.element = section(
      "Objective",
      this.chooser.element,
      this.formula,
      this.parameters,
      this.trouble.element,
      this.theta.element,
      h("p", { class: "buttons" }, this.kink),
    );
  }

  /** Show an objective of a family, or, where that is null, another one. */
  show(objective, family) {
    this.chooser.value = family ? String(this.#families.indexOf(family)) : "";
    if (family) this.hint.show(family.title, family.text);
    else if (objective.make)
      this.hint.show(
        "Made to order",
        "At θ = (0, 0) the maximizers of this objective have exactly the gradients that you set.",
      );
    else this.hint.clear();
    this.kink.hidden = !family?.kink;
    this.showFormula(family ? family.g : (objective.g ?? ""));
    const parameters = family?.parameters ?? [];
    this.fields = Object.fromEntries(
      parameters.map(({ name, text, default: usual }) => [
        name,
        this.#parameter(name, text, objective.parameters?.[name] ?? usual),
      ]),
    );
    put(
      this.parameters,
      parameters.map(({ name }) => this.fields[name].element),
    );
  }

  #parameter(name, title, value) {
    const field = new Field(name, {
      type: "text",
      maxlength: 400,
      title,
      onInput: (text) => this.#on.parameter(name, text.trim()),
    });
    field.value = plain(value);
    return field;
  }

  /** The objective as text; a batch has one line a sample. */
  showFormula(texts) {
    const all = [texts].flat();
    say(this.formula, all.map((g, i) => (all.length > 1 ? `g${sub(i + 1)} = ${g}` : `g = ${g}`)).join("\n"));
  }

  showTheta(theta) {
    this.theta.value = theta.map(plain).join(", ");
  }

  #typed(text) {
    const parts = text.split(/[,;\s]+(?![^(]*\))/).filter(Boolean);
    if (parts.length === 2) this.#on.theta(parts);
    else this.theta.complain("θ has two coordinates: write them with a comma between.");
  }

  /** Where the server's complaints about the objective and theta go. */
  get places() {
    const places = { "": this.trouble, objective: this.trouble, theta: this.theta };
    for (const [name, field] of Object.entries(this.fields)) {
      places[`objective.parameters.${name}`] = field;
      places[`parameters.${name}`] = field;
      places[name] = field;
    }
    return places;
  }
}

/** The names of the two coordinates of theta. */
export function axesOf(objective, family) {
  const names =
    family?.theta ??
    [objective.theta ?? []]
      .flat()
      .join(",")
      .split(/[\s,]+/);
  return names.length === 2 ? names : ["θ₁", "θ₂"];
}
