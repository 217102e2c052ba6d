// The runs from theta, as they are asked for and what became of them: which rules, how many steps of
// which size, against whom, and the table of where they arrive.

import { h, put, s } from "../../dom.js";
import { Complaints, Field } from "../../fields.js";
import { plain } from "../../format.js";
import { section } from "../../frame.js";
import { runTable } from "./runs.js";

export const ADVERSARIES = [
  ["attack", "10 attacks a step, as in the paper"],
  ["maximizers", "all maximizers, computed"],
];

export class RunControls {
  /** `onChoose(names)` of the rules that are ticked, `onSet(name, value)` of anything else. */
  constructor(rules, { onChoose, onSet }) {
    this.names = rules.map((rule) => rule.name);
    this.boxes = rules.map(() =>
      h("input", {
        type: "checkbox",
        onchange: () => onChoose(this.names.filter((_, i) => this.boxes[i].checked)),
      }),
    );
    const typed = (name) => (text) => onSet(name, numeral(name, text.trim()));
    this.fields = {
      steps: new Field("Steps", {
        type: "text",
        inputmode: "numeric",
        maxlength: 4,
        onInput: typed("steps"),
      }),
      step_size: new Field("Step size at step k", {
        type: "text",
        maxlength: 80,
        onInput: typed("step_size"),
      }),
      adversary: new Field("Whose points a step sees", {
        tag: "select",
        options: ADVERSARIES,
        onInput: typed("adversary"),
      }),
    };
    this.trouble = new Complaints();
    this.table = h("div", {});
    this.element = section(
      "Runs from θ",
      h(
        "fieldset",
        { class: "rules" },
        h("legend", { class: "unseen" }, "Rules"),
        rules.map((rule, i) => ruleLabel(rule, this.boxes[i])),
      ),
      h("div", { class: "pairs" }, this.fields.steps.element, this.fields.step_size.element),
      this.fields.adversary.element,
      this.trouble.element,
      this.table,
    );
  }

  show({ rules, steps, step_size, adversary }) {
    this.boxes.forEach((box, i) => {
      box.checked = rules.includes(this.names[i]);
    });
    this.fields.steps.value = plain(steps);
    this.fields.step_size.value = plain(step_size);
    this.fields.adversary.value = adversary;
  }

  /** Where each rule arrived; null where none is asked for. */
  showTable(answer) {
    put(this.table, answer ? runTable(answer) : null);
  }

  /** Where the server's complaints about the runs go. */
  get places() {
    return { "": this.trouble, ...this.fields };
  }
}

/** A rule's box, with the line that its run has in the picture. */
function ruleLabel({ name, title, text }, box) {
  const swatch = s(
    "svg",
    { viewBox: "0 0 30 12", class: "plane swatch", "aria-hidden": "true" },
    s("line", { class: `run ${name}`, x1: 1, x2: 29, y1: 6, y2: 6 }),
  );
  return h("label", { title: text || null }, box, swatch, title);
}

/** A number of steps as a number, if it is one. */
function numeral(name, text) {
  return name === "steps" && /^\d+$/.test(text) ? Number(text) : text;
}
