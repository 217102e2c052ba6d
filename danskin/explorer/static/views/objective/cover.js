// The boxes of a proof over the adversary's set: which were dropped, by what argument, and which are
// left and cover every maximizer (branch and bound).

import { put, s } from "../../dom.js";
import { Figure } from "../../figure.js";
import { Plane, spanOf } from "../../plane.js";

const SIZE = { width: 560, height: 360 };
const FATES = [
  ["kept", "kept: every maximizer lies in these"],
  ["value", "dropped: g is too small there"],
  ["first-order", "dropped: g can still be raised from there"],
];

export class CoverPicture {
  constructor() {
    this.holder = s("svg", {
      viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
      class: "plane",
      role: "img",
      "aria-label": "Boxes of the proof",
    });
    this.figure = new Figure(this.holder, "The boxes of the proof");
    this.clear();
  }

  clear() {
    put(this.holder);
    this.figure.setLegend([]);
    this.figure.setNote(null);
    this.figure.element.hidden = true;
    this.drawn = false;
  }

  draw(cover) {
    this.clear();
    if (!cover || cover.kind === "none" || !cover.cells.length) {
      if (cover?.why) {
        this.figure.element.hidden = false;
        this.holder.setAttribute("viewBox", `0 0 ${SIZE.width} 1`);
        this.figure.setNote(cover.why);
      }
      return;
    }
    this.figure.element.hidden = false;
    this.drawn = true;
    this.holder.setAttribute("viewBox", `0 0 ${SIZE.width} ${SIZE.height}`);
    const plane = cover.kind === "curve" ? enclosures(cover) : boxes(cover);
    for (const [name, value] of Object.entries(SIZE)) plane.svg.setAttribute(name, value);
    plane.svg.setAttribute("role", "presentation");
    put(this.holder, plane.svg);
    const fates = new Set(cover.cells.map((cell) => cell.fate));
    const counted = FATES.filter(([fate]) => fates.has(fate)).map(([fate, text]) => ({
      kind: `cell ${fate}`,
      look: "area",
      text,
    }));
    if (cover.kind === "curve") {
      counted.push({ kind: "inner", look: "line", text: "g(θ, ·)" });
      if (cover.floor !== null)
        counted.push({ kind: "level", look: "line", text: "proved lower bound of φ(θ)" });
    }
    this.figure.setLegend(counted);
    if (cover.truncated) this.figure.setNote(`Only the first ${cover.cells.length} boxes are drawn.`);
    const kept = cover.cells.filter((cell) => cell.fate === "kept").length;
    this.holder.setAttribute("aria-label", `Boxes of the proof: ${kept} kept of ${cover.cells.length}`);
  }
}

/** One free coordinate: over each cell, the enclosure of g. */
function enclosures({ cells, curve, floor, names }) {
  const heights = [...cells.flatMap((cell) => cell.g ?? []), ...(curve?.g ?? []), floor];
  const plane = new Plane({
    label: "",
    ...SIZE,
    axes: false,
    names: [names[0], "g"],
    window: [
      spanOf(
        cells.flatMap((c) => [c.lo[0], c.hi[0]]),
        0.04,
      ),
      spanOf(heights, 0.08),
    ],
  });
  const [, [bottom, top]] = plane.window;
  const rect = (cell) => {
    const [low, high] = [cell.g?.[0] ?? bottom, cell.g?.[1] ?? top];
    const [x0, x1, y0, y1] = [plane.x(cell.lo[0]), plane.x(cell.hi[0]), plane.y(high), plane.y(low)];
    return s("rect", {
      class: `cell ${cell.fate}`,
      x: x0 - (x1 - x0 < 2 ? 1 : 0),
      y: y0 - 1,
      width: Math.max(x1 - x0, 2),
      height: Math.max(y1 - y0 + 2, 3),
    });
  };
  const content = cells.map(rect);
  if (curve)
    content.push(
      plane.polyline(
        curve.delta.map((d, i) => [d, curve.g[i]]),
        { class: "inner" },
      ),
    );
  if (floor !== null)
    content.push(
      plane.polyline(
        [
          [plane.window[0][0], floor],
          [plane.window[0][1], floor],
        ],
        { class: "level" },
      ),
    );
  plane.content.replaceChildren(...content);
  return plane;
}

/** Two free coordinates: the cells themselves. */
function boxes({ cells, names }) {
  const side = (axis) =>
    spanOf(
      cells.flatMap((cell) => [cell.lo[axis], cell.hi[axis]]),
      0.05,
    );
  const plane = new Plane({ label: "", ...SIZE, axes: false, names, window: [side(0), side(1)] });
  plane.content.replaceChildren(
    ...[...cells]
      .sort((a, b) => (a.fate === "kept") - (b.fate === "kept"))
      .map((cell) => {
        const [x0, x1, y0, y1] = [
          plane.x(cell.lo[0]),
          plane.x(cell.hi[0]),
          plane.y(cell.hi[1]),
          plane.y(cell.lo[1]),
        ];
        return s("rect", {
          class: `cell ${cell.fate}`,
          x: x0,
          y: y0,
          width: Math.max(x1 - x0, 2),
          height: Math.max(y1 - y0, 2),
        });
      }),
  );
  return plane;
}
