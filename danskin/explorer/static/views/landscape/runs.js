// Runs of the rules over the contours of phi: paths, legend and table.

import { h, s } from "../../dom.js";
import { row, table } from "../../fields.js";
import { number } from "../../format.js";

const MARKS = { single: "square", normalized_single: "plus", ddi: "circle", step_aware: "triangle" };
const MOST_MARKS = 60;

/** The paths, with a marker at each of their points (at some, where they are many). */
export function runShapes(plane, runs) {
  return runs.flatMap(({ rule, thetas }) => {
    const every = Math.ceil(thetas.length / MOST_MARKS);
    const marked = thetas.slice(1).filter((_, i) => i % every === 0);
    return [
      plane.polyline(thetas, { class: `run ${rule}` }),
      ...marked.map((theta) => plane.marker(MARKS[rule] ?? "circle", theta, { class: `mark ${rule}` }, 3.5)),
    ];
  });
}

export function runLegend(runs) {
  return [
    { kind: "contour", look: "line", text: "contours of φ" },
    ...runs.map(({ rule, title }) => ({
      kind: `run ${rule}`,
      look: `line ${MARKS[rule] ?? "circle"}`,
      text: title,
    })),
  ];
}

/** Where each rule arrives, and how often it went up on the way. */
export function runTable({ runs, evaluate }) {
  const rows = runs.map((run) => {
    const rises = `${run.rises.length} of ${run.derivatives.length}`;
    const cells = row([run.title, number(run.values[run.values.length - 1], 5), rises, run.stop]);
    cells.title = run.explain;
    return cells;
  });
  const bound = "φ along the runs is a lower bound: the largest value that the attack found.";
  return [
    table("Where each rule arrives", ["rule", "φ at the end", "steps that raised φ", "stop"], rows),
    evaluate === "adversary" ? h("p", { class: "hint" }, bound) : null,
  ];
}

/** The contours of phi, every few with its value. */
export function contourShapes(plane, contours) {
  const every = Math.ceil(contours.length / 7);
  const lines = contours.flatMap((contour) =>
    contour.lines.map((line) => plane.polyline(line, { class: "contour" })),
  );
  const names = contours
    .filter(({ lines: found }, i) => i % every === 0 && found.length)
    .map((contour) => contourName(plane, contour));
  return [...lines, ...names.filter(Boolean)];
}

/** A contour's value, where the longest of its lines is well inside the frame. */
function contourName(plane, { value, lines }) {
  const longest = lines.reduce((a, b) => (b.length > a.length ? b : a));
  const [[x0, x1], [y0, y1]] = plane.window;
  const [mx, my] = [0.06 * (x1 - x0), 0.05 * (y1 - y0)];
  const inside = longest.filter(([x, y]) => x > x0 + mx && x < x1 - mx && y > y0 + my && y < y1 - my);
  if (inside.length < 4) return null;
  const [x, y] = inside[Math.floor(inside.length * 0.3)];
  return s(
    "text",
    { class: "tick contour-name", x: plane.x(x), y: plane.y(y) + 4, "text-anchor": "middle" },
    number(value, 3),
  );
}
