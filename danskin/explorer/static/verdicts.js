// What the server found about a set of gradients, drawn and said: the answer of api/gradients, which
// the landscape and the batches carry too. Words and numbers are the server's; here they get a place.

import { h, say, update } from "./dom.js";
import { facts } from "./fields.js";
import { number, point, signed, sub } from "./format.js";

/** Each verdict's sign, which says the same as its colour. */
export const SIGNS = { ascent: "▲", descent: "▼", flat: "▬", undecided: "?", zero: "∅" };

export const LEGEND = {
  gradient: { kind: "single", look: "none square", text: "gradients gᵢ" },
  minus: { kind: "single", look: "arrow", text: "−gᵢ, the step of one adversary" },
  hull: { kind: "hull", look: "area", text: "their convex hull" },
  nearest: { kind: "steepest", look: "none circle", text: "min-norm point x*, the hull's nearest to 0" },
  steepest: { kind: "steepest", look: "arrow", text: "steepest descent, along −x*" },
  cone: { kind: "descent", look: "area", text: "directions in which φ falls" },
  asked: { kind: "asked", look: "arrow diamond", text: "γ, the direction you ask about" },
};

/** Draw hull, cone, minus the gradients and the steepest direction into a plane. */
export function drawGradients(plane, answer, { handles = false, name = (i) => `g${sub(i + 1)}` } = {}) {
  const origin = [0, 0];
  const half = Math.min(...plane.window.map(([lo, hi]) => (hi - lo) / 2));
  const unit = (direction, length) => direction.map((v) => v * length);
  const under = answer.sectors
    .filter((sector) => sector.kind === "descent")
    .map((sector) => plane.sector(sector.from, sector.to, { class: "area descent cone" }));
  under.push(hullShape(plane, answer.hull));
  const content = [];
  const over = [];
  const best = answer.steepest.direction;
  for (const one of answer.singles) {
    if (one.direction === null) continue;
    const tip = unit(one.direction, one.norm);
    content.push(plane.arrow(origin, tip, { class: `arrow single ${one.verdict}` }));
    over.push(
      plane.label(`−${name(one.index)} ${SIGNS[one.verdict]}`, tip, { class: `label single ${one.verdict}` }),
    );
  }
  if (best) {
    const tip = unit(best, 0.55 * half);
    content.push(plane.polyline([origin, answer.min_norm.point], { class: "line nearest" }));
    content.push(plane.arrow(origin, tip, { class: "arrow steepest" }));
    over.push(plane.label("steepest", tip, { class: "label steepest" }));
    if (handles)
      over.push(plane.label("φ falls", unit(best, 0.98 * half), { class: "label inside" }, origin, 0));
  }
  if (answer.asked) {
    content.push(plane.arrow(origin, unit(answer.asked.direction, 0.8 * half), { class: "arrow asked" }));
  }
  content.push(plane.marker("circle", answer.min_norm.point, { class: "mark steepest" }, 5));
  if (!handles) {
    answer.gradients.forEach((g, i) => {
      content.push(plane.marker("square", g, { class: "mark single" }));
      over.push(plane.label(name(i), g, { class: "label" }));
    });
  }
  update(plane.under, under);
  update(plane.content, content);
  update(plane.over, over);
}

/** A hull of three and more corners is an area, of two a line. */
export function hullShape(plane, hull, kind = "hull") {
  return hull.points.length > 2
    ? plane.polygon(hull.points, { class: `area ${kind}` })
    : plane.polyline(hull.points, { class: `line ${kind}` });
}

/** The rays of the polar picture: minus each gradient, the steepest direction, the asked one. */
export function rays(answer, name = (one) => `g${sub(one.index + 1)}`) {
  const found = answer.singles
    .filter((one) => one.direction !== null)
    .map((one) => ({
      angle: one.angle,
      D: one.derivative,
      shape: "square",
      kind: "single",
      name: `−${name(one)}`,
    }));
  if (answer.asked) {
    found.push({
      angle: answer.asked.angle,
      D: answer.asked.derivative,
      shape: "diamond",
      kind: "asked",
      name: "γ",
    });
  }
  const { steepest } = answer;
  if (steepest.direction) {
    found.push({
      angle: steepest.angle,
      D: steepest.derivative,
      shape: "circle",
      kind: "steepest",
      name: "steepest",
    });
  }
  return found;
}

export function polarLegend(answer) {
  const kinds = new Set(answer.sectors.map((sector) => sector.kind));
  return [
    { kind: "curve", look: "line", text: "D(θ; γ), the rate of φ along γ" },
    { kind: "zero", look: "line", text: "D = 0: level" },
    kinds.has("descent") ? { kind: "descent", look: "area", text: "D < 0: φ falls" } : null,
    kinds.has("ascent") ? { kind: "ascent", look: "area", text: "D > 0: φ rises" } : null,
    { kind: "single", look: "ray square", text: "minus a gradient" },
    answer.steepest.direction ? { kind: "steepest", look: "ray circle", text: "steepest direction" } : null,
    answer.asked ? { kind: "asked", look: "ray diamond", text: "γ" } : null,
  ].filter(Boolean);
}

/** One line for a verdict: its sign, and the server's sentence, which says it in words. */
export function verdictLine(verdict, text) {
  return h(
    "li",
    { class: `verdict ${verdict}`, "data-verdict": verdict },
    h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[verdict] ?? ""),
    h("span", { class: "why" }, prettier(text)),
  );
}

/** The server's plain text with the signs that print well: −g₁ for -g1. */
export function prettier(text) {
  return text
    .replace(/(?<![\w)\]])-(?=[\w<(.])/g, "−")
    .replace(/\bg(\d)\b/g, (_, digit) => `g${sub(digit)}`)
    .replaceAll("<−g", "⟨−g")
    .replaceAll("<g", "⟨g")
    .replace(/(g[₀-₉]+)>/g, "$1⟩");
}

/** The verdict of every single gradient, of the steepest direction and of the asked one. */
export function verdictList(answer) {
  const { steepest } = answer;
  const lines = answer.singles.map((one) => verdictLine(one.verdict, one.text));
  if (answer.asked) lines.push(verdictLine(answer.asked.verdict, answer.asked.text));
  const kind = steepest.direction ? "descent" : steepest.stationary ? "flat" : "undecided";
  lines.push(verdictLine(kind, steepest.explain));
  return h("ul", { class: "verdicts" }, lines);
}

/** The numbers of Theorem 2 beside the picture. */
export function numbersOf(answer) {
  const { min_norm: best, steepest, price } = answer;
  const pairs = [
    ["ρ = |x*|", `${number(best.norm, 6)}, at least ${number(best.lower_bound, 6)}`],
    ["x*", point(best.point)],
    [
      "steepest D",
      steepest.derivative === null
        ? "none"
        : exactOr(steepest.exact_derivative, signed(steepest.derivative, 6)),
    ],
    ["duality gap", number(best.gap, 2)],
  ];
  if (price) pairs.push(["price bound", price.text]);
  return facts(pairs);
}

/** An exact number as the server writes it, or a rounded one. */
export function exactOr(exact, rounded) {
  return exact === null || exact === undefined ? rounded : exact.replaceAll("-", "−");
}

/** The headline of a view: what a student should take away, in the server's words. */
export class Headline {
  constructor() {
    this.sign = h("span", { class: "sign", "aria-hidden": "true" });
    this.head = h("strong", {});
    this.text = h("span", { class: "why" });
    this.element = h(
      "div",
      { class: "headline", "data-verdict": "" },
      this.sign,
      h("p", {}, this.head, " ", this.text),
    );
  }

  show({ verdict, headline, text }) {
    const kind = { counterexample: "ascent", holds: "descent", stationary: "flat" }[verdict] ?? "undecided";
    this.element.dataset.verdict = verdict;
    this.element.className = `headline ${kind}`;
    say(this.sign, SIGNS[kind]);
    say(this.head, prettier(headline));
    say(this.text, prettier(text));
  }

  get spoken() {
    return `${this.head.textContent} ${this.text.textContent}`;
  }
}
