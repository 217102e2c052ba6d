// g(theta, .) over the adversary's set, with the maximizers lit: a curve where delta has one free
// coordinate, a map where it has two, and the reason where it has more. A batch shows its samples.

import { put, s } from "../../dom.js";
import { Figure } from "../../figure.js";
import { number } from "../../format.js";
import { Plane, spanOf } from "../../plane.js";

const SIZE = { width: 420, height: 240 };

export class InnerPicture {
  constructor() {
    this.svg = s("svg", {
      viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
      class: "plane",
      role: "img",
      "aria-label": "g as a function of delta",
    });
    this.figure = new Figure(this.svg, "g(θ, ·): the maximizers light up");
    this.drawn = false;
  }

  /** Draw the pictures of all samples, one under the other. */
  draw(inner) {
    const why = inner.filter((one) => one.kind === "none").map((one) => one.why);
    const shown = inner.filter((one) => one.kind in DRAWN);
    const parts = shown.map((one, i) => {
      const plane = DRAWN[one.kind](one);
      const part = plane.svg;
      for (const [name, value] of Object.entries({ x: 0, y: i * SIZE.height, ...SIZE }))
        part.setAttribute(name, value);
      part.setAttribute("role", "presentation");
      if (shown.length > 1)
        plane.over.append(
          s(
            "text",
            { class: "name", x: SIZE.width - 18, y: 26, "text-anchor": "end" },
            `sample ${one.sample + 1}`,
          ),
        );
      return part;
    });
    this.svg.setAttribute("viewBox", `0 0 ${SIZE.width} ${Math.max(1, shown.length) * SIZE.height}`);
    this.svg.setAttribute("aria-label", spoken(shown));
    put(this.svg, parts);
    this.drawn = shown.length > 0;
    this.svg.classList.toggle("none", !this.drawn);
    this.figure.setNote(why.length ? why.join("; ") : null);
    this.figure.setLegend([
      { kind: "lit", look: "none circle", text: "maximizers" },
      ...(shown.some((one) => one.faces?.length)
        ? [{ kind: "litface", look: "line", text: "a whole piece of maximizers" }]
        : []),
      ...(shown.some((one) => one.kind === "curve") ? [{ kind: "level", look: "line", text: "φ(θ)" }] : []),
    ]);
  }
}

function spoken(shown) {
  const found = shown.map(
    (one) =>
      `${one.lit.length} ${one.lit.length === 1 ? "maximizer" : "maximizers"} marked, value ${number(one.value)}`,
  );
  return `g as a function of delta: ${found.join("; ")}`;
}

function curve(one) {
  const plane = new Plane({
    label: "",
    ...SIZE,
    window: [spanOf(one.delta, 0.05), spanOf([...one.g, one.value], 0.15)],
    names: [one.name, "g"],
    axes: false,
  });
  const [x] = plane.window;
  const content = [
    plane.polyline(
      [
        [x[0], one.value],
        [x[1], one.value],
      ],
      { class: "level" },
    ),
  ];
  const points = one.delta.map((delta, i) => [delta, one.g[i]]).filter(([, g]) => g !== null);
  if (one.finite) content.push(...points.map((p) => plane.marker("circle", p, { class: "mark hull" }, 3.5)));
  else content.push(plane.polyline(points, { class: "inner" }));
  for (const [lo, hi] of one.faces)
    content.push(
      plane.polyline(
        [
          [lo, one.value],
          [hi, one.value],
        ],
        { class: "litface" },
      ),
    );
  content.push(...one.lit.map((p) => plane.marker("circle", p, { class: "mark lit" }, 6.5)));
  plane.content.replaceChildren(...content);
  return plane;
}

/** A finite set in the plane: its points, the darker the higher g. */
function points(one) {
  const plane = new Plane({
    label: "",
    ...SIZE,
    window: [
      spanOf(
        one.points.map(([x]) => x),
        0.15,
      ),
      spanOf(
        one.points.map(([, y]) => y),
        0.15,
      ),
    ],
    names: one.names,
    axes: false,
  });
  const [lo, hi] = one.range;
  plane.content.replaceChildren(
    ...one.points.map((p, i) =>
      plane.marker("circle", p, { class: "shade", "fill-opacity": share(one.g[i], lo, hi) }, 5),
    ),
    ...one.lit.map((p) => plane.marker("circle", p, { class: "mark lit" }, 6.5)),
  );
  return plane;
}

/** How dark a value is drawn. */
function share(g, lo, hi) {
  return (hi > lo ? 0.06 + (0.7 * (g - lo)) / (hi - lo) : 0.3).toFixed(3);
}

function map(one) {
  const outline = one.outline ?? [];
  const xs = outline.length ? outline.map(([x]) => x) : one.x;
  const ys = outline.length ? outline.map(([, y]) => y) : one.y;
  const plane = new Plane({
    label: "",
    ...SIZE,
    window: [spanOf(xs, one.corners?.length ? 0.3 : 0.12), spanOf(ys, one.corners?.length ? 0.25 : 0.12)],
    names: one.corners?.length ? ["", ""] : one.names,
    axes: false,
  });
  const [lo, hi] = one.range;
  const [width, height] = [plane.x(one.x[1]) - plane.x(one.x[0]), plane.y(one.y[0]) - plane.y(one.y[1])];
  const cells = one.g.flatMap((line, j) =>
    line.map((g, i) =>
      g === null
        ? null
        : s("rect", {
            class: "shade",
            x: plane.x(one.x[i]) - width / 2,
            y: plane.y(one.y[j]) - height / 2,
            width: width + 0.3,
            height: height + 0.3,
            "fill-opacity": share(g, lo, hi),
          }),
    ),
  );
  plane.under.replaceChildren(...cells.filter(Boolean));
  const content = outline.length ? [plane.polygon(outline, { class: "outline" })] : [];
  for (const face of one.faces) {
    content.push(
      face.length > 2
        ? plane.polygon(face, { class: "litface" })
        : plane.polyline(face, { class: "litface" }),
    );
  }
  content.push(...one.lit.map((p) => plane.marker("circle", p, { class: "mark lit" }, 6.5)));
  plane.content.replaceChildren(...content);
  const middle = [
    (plane.window[0][0] + plane.window[0][1]) / 2,
    (plane.window[1][0] + plane.window[1][1]) / 2,
  ];
  plane.over.replaceChildren(
    ...(one.corners ?? []).map((corner) =>
      plane.label(corner.name, corner.at, { class: "tick" }, middle, 20),
    ),
  );
  return plane;
}

const DRAWN = { curve, map, points };
