// The form of an objective of one's own: its fields, their texts from a link's state, and the question
// to the server that they make.

import { Field } from "../../fields.js";
import { coordinate, object, text } from "../../state.js";

/** The form's fields: name, label, hint, tag, rows. */
const FORM = [
  [
    "g",
    "g(θ, δ), what the adversary maximizes",
    "Products, powers (**), and the functions below.",
    { tag: "textarea", rows: 3, maxlength: 2000, wide: true },
  ],
  ["theta", "Names of θ", "", { type: "text", maxlength: 200 }],
  ["delta", "Names of δ", "", { type: "text", maxlength: 200 }],
  [
    "domain",
    "The set of δ",
    "[0, 1]  ·  [0, 1] x [-1, 1]  ·  simplex  ·  ball 0, 0; 1  ·  {0, 1}",
    { type: "text", maxlength: 400 },
  ],
  ["parameters", "Constants, if any", "c = -1/2; s = sqrt(3)/2", { type: "text", maxlength: 400 }],
  ["at", "The point θ", "Exact: 1/2, sqrt(2)/10; 0.1 is a tenth.", { type: "text", maxlength: 400 }],
  ["direction", "The direction γ", "steepest, single:0, or numbers", { type: "text", maxlength: 400 }],
  ["budget", "Time for the proof, in seconds", "", { type: "text", inputmode: "decimal", maxlength: 6 }],
];

export class ObjectiveForm {
  constructor(onInput) {
    this.fields = Object.fromEntries(
      FORM.map(([name, label, hint, options]) => [name, new Field(label, { hint, ...options, onInput })]),
    );
    this.elements = Object.values(this.fields).map((field) => field.element);
  }

  /** What stands in each field, by name. */
  get texts() {
    return Object.fromEntries(FORM.map(([name]) => [name, this.fields[name].value]));
  }

  set texts(texts) {
    for (const [name] of FORM) this.fields[name].value = texts[name] ?? "";
    if (!texts.budget) this.fields.budget.value = "10";
    if (!texts.direction) this.fields.direction.value = "steepest";
  }

  /** The form as the server's request; empty optional fields are left out. */
  request() {
    const value = (name) => this.fields[name].value.trim();
    const body = { g: value("g"), theta: value("theta"), delta: value("delta"), domain: value("domain") };
    if (value("parameters")) body.parameters = parameters(value("parameters"));
    if (value("at")) body.at = value("at");
    if (value("direction")) body.direction = value("direction");
    return body;
  }

  /** The same with the time that a proof may take. */
  proofRequest() {
    const budget = this.fields.budget.value.trim();
    return {
      ...this.request(),
      budget: Number.isFinite(Number(budget)) && budget ? Number(budget) : budget,
    };
  }

  focusFirstError() {
    Object.values(this.fields)
      .find((field) => field.error.textContent)
      ?.input.focus();
  }
}

/** The fields' texts for a link's state, or for an example; throws where it has no such form. */
export function textsOf(state) {
  object(state, "its state");
  const texts = {};
  for (const [name] of FORM) {
    const value = state[name];
    if (value === undefined || value === null) texts[name] = "";
    else if (name === "domain" && typeof value === "object") texts[name] = domainText(value);
    else if (name === "parameters" && typeof value === "object")
      texts[name] = Object.entries(value)
        .map(([k, v]) => `${k} = ${v}`)
        .join("; ");
    else if (Array.isArray(value)) texts[name] = value.map((v) => coordinate(v, name)).join(", ");
    else texts[name] = typeof value === "number" ? String(value) : text(value, name);
  }
  return texts;
}

/** "a = 1; b = 2" as {a: "1", b: "2"}; what has no sign "=" is left for the server to refuse. */
function parameters(typed) {
  const entries = typed.split(/[;\n]/).filter((part) => part.trim());
  return Object.fromEntries(
    entries.map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [part.trim(), ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );
}

/** A domain object as the text that a person types. */
function domainText(domain) {
  const ends = (pair) => `[${pair.join(", ")}]`;
  if (domain.interval) return ends(domain.interval);
  if (domain.box) return domain.box.map(ends).join(" x ");
  if (domain.simplex) return "simplex";
  if (domain.ball && (domain.ball.norm ?? 2) === 2)
    return `ball ${domain.ball.center.join(", ")}; ${domain.ball.radius}`;
  if (domain.ball)
    return `ball ${domain.ball.center.join(", ")}; ${domain.ball.radius} norm ${domain.ball.norm}`;
  if (domain.points)
    return `{${domain.points.map((p) => (Array.isArray(p) && p.length > 1 ? `(${p.join(", ")})` : String(p))).join(", ")}}`;
  throw new Error("its domain has no text form");
}
