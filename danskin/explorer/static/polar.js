// D(theta; gamma) over all directions of the plane, in polar coordinates: the radius is D, and the
// dashed circle is D = 0. Inside it phi falls. The values come from the server as angles and D.

import { s, update } from "./dom.js";
import { number, signed } from "./format.js";
import { marker, ticks } from "./plane.js";

const TURN = 2 * Math.PI;

export class Polar {
  constructor({ label, size = 420 }) {
    this.size = size;
    this.radius = size / 2 - 32;
    this.label = label;
    this.frame = s("g");
    this.content = s("g");
    this.svg = s(
      "svg",
      { viewBox: `0 0 ${size} ${size}`, class: "plane polar", role: "img", "aria-label": label },
      this.frame,
      this.content,
    );
    this.reach = 1;
  }

  #at(angle, D) {
    const r = this.radius * Math.max(0, (D / this.reach + 1.15) / 2.3);
    return [this.size / 2 + r * Math.cos(angle), this.size / 2 - r * Math.sin(angle)];
  }

  #path(points) {
    return points
      .map(([angle, D]) =>
        this.#at(angle, D)
          .map((v) => v.toFixed(2))
          .join(","),
      )
      .join(" ");
  }

  /**
   * Draw a curve with its sectors, and rays.
   *
   * `rays`: {angle, D, shape, kind, name}, from the centre to the curve.
   */
  draw({ curve, reach, sectors, rays, promise = null }) {
    this.reach = reach > 0 ? reach : 1;
    this.names = [];
    this.#drawFrame(rays);
    const points = curve.angles.map((angle, i) => [angle, curve.D[i]]);
    const parts = [];
    for (const sector of sectors) {
      if (sector.kind !== "flat") parts.push(this.#region(points, sector));
    }
    parts.push(s("polyline", { points: this.#circle(0), class: "zero", fill: "none" }));
    if (promise) {
      const promised = promise.angles.map((angle, i) => [angle, promise.D[i]]);
      parts.push(s("polygon", { points: this.#path(promised), class: "promise", fill: "none" }));
    }
    parts.push(s("polygon", { points: this.#path(points), class: "curve", fill: "none" }));
    parts.push(...this.names);
    for (const ray of rays) parts.push(...this.#ray(ray));
    this.svg.setAttribute(
      "aria-label",
      `${this.label}. ${rays.map((ray) => `${ray.name}: D = ${number(ray.D)}`).join("; ")}`,
    );
    update(this.content, parts);
  }

  /** Between the curve and the circle D = 0, from one end of a sector to the other. */
  #region(points, { kind, from, to }) {
    const eps = 1e-9;
    const inside = [...points, ...points.map(([angle, D]) => [angle + TURN, D])].filter(
      ([angle]) => angle >= from - eps && angle <= to + eps,
    );
    const back = inside.map(([angle]) => [angle, 0]).reverse();
    return s("polygon", { points: this.#path([...inside, ...back]), class: `region ${kind}` });
  }

  #circle(D) {
    return this.#path(Array.from({ length: 121 }, (_, i) => [(TURN * i) / 120, D]));
  }

  #drawFrame(rays) {
    const parts = [
      s("circle", { cx: this.size / 2, cy: this.size / 2, r: this.radius, class: "ground rim" }),
    ];
    for (let i = 0; i < 8; i += 1) {
      const angle = (TURN * i) / 8;
      const [x, y] = this.#at(angle, 1.15 * this.reach);
      parts.push(s("line", { class: "grid", x1: this.size / 2, y1: this.size / 2, x2: x, y2: y }));
    }
    const free = freeAngle(rays);
    for (const D of ticks(-this.reach, this.reach, 4).at) {
      if (D !== 0) parts.push(s("polyline", { points: this.#circle(D), class: "grid", fill: "none" }));
      const [x, y] = this.#at(free, D);
      this.names.push(
        s(
          "text",
          { class: "tick radial", x, y: y + 4, "text-anchor": "middle" },
          D === 0 ? "D = 0" : signed(D, 3),
        ),
      );
    }
    for (let i = 0; i < 4; i += 1) {
      const angle = (TURN * i) / 4;
      // A ray's name near the rim takes the place of the number there.
      if (rays.some((ray) => apart(ray.angle, angle) < 0.2 && ray.D > 0.2 * this.reach)) continue;
      const [x, y] = [
        this.size / 2 + (this.radius + 16) * Math.cos(angle),
        this.size / 2 - (this.radius + 14) * Math.sin(angle),
      ];
      parts.push(s("text", { class: "tick", x, y: y + 4, "text-anchor": "middle" }, `${90 * i}°`));
    }
    update(this.frame, parts);
  }

  #ray({ angle, D, shape, kind, name }) {
    const [x, y] = this.#at(angle, D);
    const [dx, dy] = [Math.cos(angle), -Math.sin(angle)];
    // The name stands outside the marker, but never under the rim's own numbers.
    const [tx, ty] = [x + 15 * dx, y + 15 * dy];
    return [
      s("line", { class: `ray ${kind}`, x1: this.size / 2, y1: this.size / 2, x2: x, y2: y }),
      marker(shape, x, y, { class: `mark ${kind}` }),
      s(
        "text",
        {
          class: `label ${kind}`,
          x: tx,
          y: ty + 4,
          "text-anchor": dx > 0.35 ? "start" : dx < -0.35 ? "end" : "middle",
        },
        name,
      ),
    ];
  }
}

/** How far two angles are apart on the circle. */
function apart(a, b) {
  return Math.abs(Math.atan2(Math.sin(a - b), Math.cos(a - b)));
}

/** The angle, of some, that is farthest from all rays: there the radial numbers stand. */
function freeAngle(rays) {
  const room = (angle) => Math.min(Math.PI, ...rays.map((ray) => apart(ray.angle, angle)));
  const tried = Array.from({ length: 8 }, (_, i) => ((i + 0.5) * TURN) / 8);
  return tried.reduce((best, angle) => (room(angle) > room(best) + 1e-9 ? angle : best));
}
