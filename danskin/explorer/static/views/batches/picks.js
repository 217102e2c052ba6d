// Which joint maximizers (one of each sample) some run of the attack returned: a box for each.

import { h, put } from "../../dom.js";
import { nameOf } from "./sample.js";

export class Picks {
  #onToggle;

  /** `onToggle([i, j], on)` where a box is ticked or cleared. */
  constructor(onToggle) {
    this.#onToggle = onToggle;
    this.element = h("div", { class: "grid" });
  }

  show(samples, runs) {
    put(
      this.element,
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
            samples[1].map((_, j) => h("th", { scope: "col" }, nameOf(1, j))),
          ),
        ),
        h(
          "tbody",
          {},
          samples[0].map((_, i) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, nameOf(0, i)),
              samples[1].map((__, j) => this.#cell(i, j, runs)),
            ),
          ),
        ),
      ),
    );
  }

  #cell(i, j, runs) {
    const box = h("input", {
      type: "checkbox",
      "aria-label": `joint maximizer a${i + 1}, b${j + 1}`,
      onchange: (event) => this.#onToggle([i, j], event.target.checked),
    });
    box.checked = runs.some((run) => run[0] === i && run[1] === j);
    return h("td", {}, box);
  }
}
