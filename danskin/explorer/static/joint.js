// A batch of two samples, drawn: the joint gradients with the coupled and the product hull, and D of
// the batch beside what the coupled attack promises. All of it is the answer of api/batch.

import { hullShape } from "./verdicts.js";

export const JOINT_LEGEND = [
  { kind: "coupled", look: "none square", text: "joint gradients that the attack returned" },
  { kind: "unseen-joint", look: "none circle", text: "joint gradients that it missed" },
  { kind: "coupled", look: "area", text: "coupled hull" },
  { kind: "product", look: "area", text: "product hull: all combinations" },
  { kind: "coupled", look: "arrow", text: "coupled DDi" },
  { kind: "steepest", look: "arrow", text: "steepest over the product" },
  { kind: "descent", look: "area", text: "directions in which the batch's φ falls" },
];

export const RATE_LEGEND = [
  { kind: "curve", look: "line", text: "D of the batch" },
  { kind: "promise", look: "line", text: "what the coupled attack promises" },
  { kind: "zero", look: "line", text: "D = 0: level" },
  { kind: "descent", look: "area", text: "D < 0: φ falls" },
  { kind: "coupled", look: "ray square", text: "coupled DDi, its true D" },
  { kind: "steepest", look: "ray circle", text: "steepest over the product" },
];

/** Draw the joint gradients, both hulls and both directions. */
export function drawJoint(plane, { sectors, coupled, product, joint }) {
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
export function drawRates(polar, { curve, reach, sectors, coupled, product }) {
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
