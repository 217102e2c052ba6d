// What every view has around its pictures: what it is about, a hint about the case that is shown, a
// region that speaks, titled sections, and the toolbar under it all.

import { h, put } from "./dom.js";

/** A view's element: its introduction, its parts, and its toolbar with the panel that this opens. */
export function frame(name, intro, parts, toolbar) {
  return h(
    "div",
    { class: `view ${name}` },
    h("p", { class: "intro" }, intro),
    parts,
    toolbar.element,
    toolbar.panel,
  );
}

/** A section with its title. */
export function section(title, ...children) {
  return h("section", {}, h("h2", {}, title), ...children);
}

/** A region that only a screen reader has: `announce` speaks through it. */
export function speaker() {
  return h("p", { class: "unseen", "aria-live": "polite" });
}

/** What to look at in the case that is shown. */
export class Hint {
  constructor() {
    this.element = h("p", { class: "look" });
  }

  show(title, text) {
    put(this.element, h("b", {}, `${title}. `), text);
  }

  clear() {
    put(this.element);
  }
}
