// A batch of two samples as a whole: the joint gradients with the coupled and the product hull, D of
// the batch beside what the coupled attack promises, and both in numbers. All of it is the answer of
// api/batch.

import { h } from "../../dom.js";
import { facts } from "../../fields.js";
import { Figure } from "../../figure.js";
import { number, point, signed } from "../../format.js";
import { Plane } from "../../plane.js";
import { Polar } from "../../polar.js";
import { hullShape, verdictLine } from "../../verdicts.js";

const JOINT_LEGEND = [
  { kind: "coupled", look: "none square", text: "joint gradients that the attack returned" },
  { kind: "unseen-joint", look: "none circle", text: "joint gradients that it missed" },
  { kind: "coupled", look: "area", text: "coupled hull" },
  { kind: "product", look: "area", text: "product hull: all combinations" },
  { kind: "coupled", look: "arrow", text: "coupled DDi" },
  { kind: "steepest", look: "arrow", text: "steepest over the product" },
  { kind: "descent", look: "area", text: "directions in which the batch's φ falls" },
];

const RATE_LEGEND = [
  { kind: "curve", look: "line", text: "D of the batch" },
  { kind: "promise", look: "line", text: "what the coupled attack promises" },
  { kind: "zero", look: "line", text: "D = 0: level" },
  { kind: "descent", look: "area", text: "D < 0: φ falls" },
  { kind: "coupled", look: "ray square", text: "coupled DDi, its true D" },
  { kind: "steepest", look: "ray circle", text: "steepest over the product" },
];

const SIZE = 350;

export class JointPictures {
  constructor() {
    this.plane = new Plane({
      label: "Joint gradients of the batch: coupled hull and product hull",
      width: SIZE,
      height: SIZE,
    });
    this.polar = new Polar({
      label: "D of the batch over all directions, and what the coupled attack promises",
      size: SIZE,
    });
    this.figures = [
      new Figure(this.plane.svg, "The batch: two hulls"),
      new Figure(this.polar.svg, "D of the batch"),
    ];
  }

  setWindow(window) {
    this.plane.setWindow(window);
  }

  draw(answer) {
    drawJoint(this.plane, answer);
    drawRates(this.polar, answer);
    this.figures[0].setLegend(JOINT_LEGEND);
    this.figures[1].setLegend(RATE_LEGEND);
  }
}

/** Draw the joint gradients, both hulls and both directions. */
function drawJoint(plane, { sectors, coupled, product, joint }) {
  const half = plane.window[0][1];
  const falling = sectors.filter((sector) => sector.kind === "descent");
  plane.under.replaceChildren(
    ...falling.map((sector) => plane.sector(sector.from, sector.to, { class: "area descent" })),
    hullShape(plane, product.hull, "product"),
    hullShape(plane, coupled.hull, "coupled"),
  );
  const content = joint.map(({ gradient, seen }) =>
    plane.marker(
      seen ? "square" : "circle",
      gradient,
      { class: seen ? "mark coupled" : "mark unseen-joint" },
      5.5,
    ),
  );
  const over = [];
  for (const [kind, name, one, reach] of [
    ["coupled", "coupled", coupled, 0.75],
    ["steepest", "product", product, 0.6],
  ]) {
    const { direction } = one.steepest;
    if (!direction) continue;
    const tip = direction.map((value) => value * reach * half);
    content.push(plane.arrow([0, 0], tip, { class: `arrow ${kind}` }));
    over.push(plane.label(name, tip, { class: `label ${kind}` }));
  }
  plane.content.replaceChildren(...content);
  plane.over.replaceChildren(...over);
}

/** Draw D of the batch, the coupled promise, and what either direction really does. */
function drawRates(polar, { curve, reach, sectors, coupled, product }) {
  const ray = (one, shape, kind, name) =>
    one.steepest.direction && one.true !== null
      ? [{ angle: one.steepest.angle, D: one.true, shape, kind, name }]
      : [];
  polar.draw({
    curve,
    promise: { angles: curve.angles, D: curve.coupled },
    reach,
    sectors,
    rays: [...ray(coupled, "square", "coupled", "coupled"), ...ray(product, "circle", "steepest", "product")],
  });
}

/** Both directions in words and numbers: what the attack's hull promises, and what is true. */
export function comparison({ coupled, product }) {
  const word = (one) => (one.verdict in { ascent: 1, descent: 1, flat: 1 } ? one.verdict : "undecided");
  return [
    h(
      "ul",
      { class: "verdicts" },
      verdictLine(word(coupled), coupled.text),
      verdictLine(word(product), product.text),
    ),
    facts([
      ["coupled promise", rate(coupled.promised)],
      ["coupled, true D", rate(coupled.true)],
      ["product, true D", rate(product.true)],
      ["coupled x*", point(coupled.min_norm.point)],
      ["product x*", point(product.min_norm.point)],
      ["product weights", product.min_norm.weights.map((w) => number(w, 3)).join(", ")],
    ]),
  ];
}

function rate(D) {
  return D === null ? "no direction" : signed(D, 5);
}
