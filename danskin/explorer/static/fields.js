// Fields with a label and a place for what the server has to say about them.

import { freshId, h, say } from "./dom.js";

/** A labelled input, textarea or select; `onInput(value)` while it changes. */
export class Field {
  constructor(
    label,
    { tag = "input", hint = "", onInput = () => {}, options = [], wide = false, ...attributes },
  ) {
    const id = freshId("field");
    this.input = h(
      tag,
      { id, "aria-describedby": `${id}-error`, spellcheck: "false", autocomplete: "off", ...attributes },
      options.map(([value, text]) => h("option", { value }, text)),
    );
    this.input.addEventListener(tag === "select" ? "change" : "input", () => onInput(this.input.value));
    this.error = h("span", { class: "error", id: `${id}-error`, role: "alert" });
    this.element = h(
      "div",
      { class: wide ? "field wide" : "field" },
      h("label", { for: id }, label),
      this.input,
      hint ? h("span", { class: "hint" }, hint) : null,
      this.error,
    );
  }

  get value() {
    return this.input.value;
  }

  /** Set the value, but never under the hands of who is typing. */
  set value(text) {
    if (this.input.value !== text) this.input.value = text;
  }

  complain(text) {
    say(this.error, text);
    this.input.toggleAttribute("aria-invalid", Boolean(text));
    if (text) this.input.setAttribute("aria-invalid", "true");
  }
}

/** What an error says: the problem, and the remedy. */
export function errorText({ problem, remedy }) {
  return [problem, remedy]
    .filter(Boolean)
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(" ");
}

/**
 * Put each error beside its field: `places` maps the names of fields to something with
 * `complain(text)`; a dotted or indexed path belongs to its longest known beginning. What fits
 * nowhere goes to `places[""]`. All other places are cleared.
 */
export function showErrors(errors, places) {
  showAllErrors([[errors, places]]);
}

/** The same for several questions, each with places of its own, of which they may share some. */
export function showAllErrors(questions) {
  const texts = new Map();
  for (const [errors, places] of questions) {
    for (const place of Object.values(places)) if (!texts.has(place)) texts.set(place, new Set());
    for (const error of errors) {
      let name = error.field ?? "";
      while (!Object.hasOwn(places, name) && name !== "") name = name.replace(/(\.[^.[\]]*|\[[^\]]*\]|^[^.[\]]+)$/, "");
      texts.get(places[name])?.add(errorText(error));
    }
  }
  for (const [place, found] of texts) place.complain([...found].join(" "));
}

/** A place for errors that belong to no single field. */
export class Complaints {
  constructor() {
    this.element = h("p", { class: "error", role: "alert" });
  }

  complain(text) {
    say(this.element, text);
  }
}

/** A row of a table's cells. */
export function row(cells, header = false) {
  return h(
    "tr",
    {},
    cells.map((cell, i) =>
      h(header || i === 0 ? "th" : "td", header ? { scope: "col" } : i === 0 ? { scope: "row" } : {}, cell),
    ),
  );
}

/** A table with a caption for screen readers. */
export function table(caption, head, rows) {
  return h(
    "table",
    {},
    h("caption", { class: "unseen" }, caption),
    h("thead", {}, row(head, true)),
    h("tbody", {}, rows),
  );
}

/** A list of names and values. */
export function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

/** A select of ready-made cases; choosing one calls `onChoose(case)`. */
export function chooser(label, cases, onChoose) {
  const field = new Field(label, {
    tag: "select",
    options: [["", "choose…"], ...cases.map((one, i) => [String(i), one.title])],
    onInput: (value) => {
      if (value !== "") onChoose(cases[Number(value)]);
    },
  });
  return field;
}
