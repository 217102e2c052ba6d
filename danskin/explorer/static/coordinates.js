// The coordinates of gradients as text: a row of fields for each, and what becomes of what is typed.

import { h, say } from "./dom.js";
import { plain } from "./format.js";

/** A row of a table for one gradient, and under it a row for what the server has to say about it. */
export class CoordinateRow {
  /** `onInput(axis, text)`, `onRemove()` or null where it cannot go; `extra` are further cells. */
  constructor({ name, spoken, extra = [], onInput, onRemove }) {
    const label = `Remove ${spoken}`;
    const remove = h(
      "button",
      { type: "button", class: "small", title: label, "aria-label": label, onclick: onRemove },
      "×",
    );
    remove.disabled = onRemove === null;
    this.inputs = ["x", "y"].map((coordinate, axis) =>
      h("input", {
        type: "text",
        "aria-label": `${spoken}, ${coordinate}`,
        spellcheck: "false",
        autocomplete: "off",
        maxlength: 80,
        oninput: (event) => onInput(axis, event.target.value),
      }),
    );
    this.error = h("td", { class: "error", colspan: 4 + extra.length, role: "alert" });
    this.trouble = h("tr", { hidden: true }, this.error);
    const cells = [...this.inputs, ...extra, remove].map((content) =>
      content.nodeName === "TD" ? content : h("td", {}, content),
    );
    this.elements = [h("tr", {}, h("th", { scope: "row" }, name), cells), this.trouble];
  }

  /** Show a gradient, but never under the hands of who is typing. */
  show(gradient) {
    this.inputs.forEach((input, axis) => {
      const text = plain(gradient[axis]);
      if (document.activeElement !== input && input.value !== text) input.value = text;
    });
  }

  focus() {
    this.inputs[0].focus();
  }

  complain(text) {
    say(this.error, text);
    this.trouble.hidden = !text;
    for (const input of this.inputs) {
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
}

/** The gradient with one coordinate typed: the other becomes text too, for all-text is exact. */
export function typed(gradient, axis, text) {
  const texts = gradient.map((value) => (typeof value === "number" ? plain(value) : value));
  texts[axis] = text.trim();
  return texts;
}

/**
 * Where gradients are in the picture: as dragged, or where the server says that their text lies;
 * null where it has not said so yet. `asked` and `known` are its last question and answer.
 */
export function places(gradients, asked, known) {
  return gradients.map((g, i) => {
    if (g.every((value) => typeof value === "number")) return g;
    return asked?.[i]?.every((value, axis) => value === g[axis]) ? known[i] : null;
  });
}

/** Whether some point lies outside a plane's window. */
export function outside(points, window) {
  return points.some((at) => at?.some((value, axis) => value < window[axis][0] || value > window[axis][1]));
}
