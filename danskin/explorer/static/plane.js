// A plane drawn in SVG: frame, ticks and layers of shapes. All it knows is where a point of the
// picture lies on the screen; what the points are, the server has said.

import { freshId, h, s } from "./dom.js";
import { number } from "./format.js";

const MARGIN = { left: 40, right: 12, top: 10, bottom: 30 };
const STEPS = [1, 2, 5, 10];

/** Round tick positions in [lo, hi], about `count` of them. */
export function ticks(lo, hi, count = 5) {
  const span = hi - lo;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = power * STEPS.find((factor) => factor * power * count * 1.25 >= span);
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(lo / step - 1e-9);
  const found = [];
  for (let i = first; i * step <= hi + 1e-9 * span; i += 1)
    found.push(Number((i * step).toFixed(Math.min(places, 15))));
  return { step, at: found };
}

/** A square window around 0 with round ends that holds these points. */
export function windowAround(points, room = 1.25) {
  const reach = (Math.max(...points.flat().map(Math.abs)) || 1) * room;
  const power = 10 ** Math.floor(Math.log10(reach));
  const half = power * [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= reach * 0.999);
  return [
    [-half, half],
    [-half, half],
  ];
}

/** An interval that holds these numbers with some room; what differs by rounding only is no span. */
export function spanOf(values, room) {
  const finite = values.filter((value) => typeof value === "number" && Number.isFinite(value));
  if (!finite.length) return [0, 1];
  const [lo, hi] = [Math.min(...finite), Math.max(...finite)];
  const flat = hi - lo <= 1e-9 * Math.max(Math.abs(lo), Math.abs(hi), 1e-300);
  const pad = flat ? 0.1 * (Math.max(Math.abs(lo), Math.abs(hi)) || 1) : (hi - lo) * room;
  return [lo - pad, hi + pad];
}

/** The window scaled about its middle. */
export function zoomed(window, factor) {
  return window.map(([lo, hi]) => {
    const [middle, half] = [(lo + hi) / 2, ((hi - lo) / 2) * factor];
    return [middle - half, middle + half];
  });
}

export class Plane {
  /** `window` is [[x0, x1], [y0, y1]]; `names` label the axes; `label` is what a screen reader says. */
  constructor({
    label,
    width = 420,
    height = 420,
    window = [
      [-2, 2],
      [-2, 2],
    ],
    names = ["", ""],
    axes = true,
  }) {
    this.width = width;
    this.height = height;
    this.names = names;
    this.axes = axes;
    const clip = freshId("clip");
    this.frame = s("g", { class: "frame" });
    this.under = s("g");
    this.content = s("g");
    this.over = s("g");
    this.svg = s(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, class: "plane", role: "group", "aria-label": label },
      s("defs", {}, s("clipPath", { id: clip }, s("rect", this.#box()))),
      this.frame,
      s("g", { "clip-path": `url(#${clip})` }, this.under, this.content),
      this.over,
    );
    this.setWindow(window);
  }

  #box() {
    return {
      x: MARGIN.left,
      y: MARGIN.top,
      width: this.width - MARGIN.left - MARGIN.right,
      height: this.height - MARGIN.top - MARGIN.bottom,
    };
  }

  setWindow(window) {
    this.window = window;
    const box = this.#box();
    const [[x0, x1], [y0, y1]] = window;
    this.x = (x) => box.x + ((x - x0) / (x1 - x0)) * box.width;
    this.y = (y) => box.y + box.height - ((y - y0) / (y1 - y0)) * box.height;
    this.invert = (px, py) => [
      x0 + ((px - box.x) / box.width) * (x1 - x0),
      y0 + ((box.y + box.height - py) / box.height) * (y1 - y0),
    ];
    this.#drawFrame();
  }

  setNames(names) {
    this.names = names;
    this.#drawFrame();
  }

  #drawFrame() {
    const box = this.#box();
    const [[x0, x1], [y0, y1]] = this.window;
    const bottom = box.y + box.height;
    const count = Math.max(4, Math.round(box.width / 75));
    const across = ticks(x0, x1, count);
    const up = ticks(y0, y1, Math.max(4, Math.round(box.height / 65)));
    this.step = across.step;
    const parts = [s("rect", { ...box, class: "ground" })];
    for (const x of across.at) {
      parts.push(
        s("line", {
          class: x === 0 && this.axes ? "axis" : "grid",
          x1: this.x(x),
          x2: this.x(x),
          y1: box.y,
          y2: bottom,
        }),
      );
      parts.push(
        s("text", { class: "tick", x: this.x(x), y: bottom + 15, "text-anchor": "middle" }, number(x, 6)),
      );
    }
    for (const y of up.at) {
      parts.push(
        s("line", {
          class: y === 0 && this.axes ? "axis" : "grid",
          y1: this.y(y),
          y2: this.y(y),
          x1: box.x,
          x2: box.x + box.width,
        }),
      );
      parts.push(
        s("text", { class: "tick", x: box.x - 5, y: this.y(y) + 4, "text-anchor": "end" }, number(y, 6)),
      );
    }
    parts.push(s("rect", { ...box, class: "border" }));
    const [across0, up0] = this.names;
    if (across0)
      parts.push(
        s("text", { class: "name", x: box.x + box.width, y: bottom + 27, "text-anchor": "end" }, across0),
      );
    if (up0) parts.push(s("text", { class: "name", x: box.x + 5, y: box.y + 14 }, up0));
    this.frame.replaceChildren(...parts);
  }

  // --- shapes, in the plane's coordinates ---

  path(points) {
    return points.map(([x, y]) => `${this.x(x).toFixed(2)},${this.y(y).toFixed(2)}`).join(" ");
  }

  polyline(points, attributes) {
    return s("polyline", { points: this.path(points), fill: "none", ...attributes });
  }

  polygon(points, attributes) {
    return s("polygon", { points: this.path(points), ...attributes });
  }

  /** The sector between two angles, out to beyond the frame (which clips it). */
  sector(from, to, attributes) {
    const far = 2 * (this.width + this.height);
    const [cx, cy] = [this.x(0), this.y(0)];
    const count = Math.max(2, Math.ceil((to - from) / 0.3));
    const rim = Array.from({ length: count + 1 }, (_, i) => {
      const angle = from + ((to - from) * i) / count;
      return `${(cx + far * Math.cos(angle)).toFixed(2)},${(cy - far * Math.sin(angle)).toFixed(2)}`;
    });
    return s("polygon", { points: [`${cx},${cy}`, ...rim].join(" "), ...attributes });
  }

  /** An arrow between two points; the head is a shape of its own, so that exports carry it. */
  arrow(from, to, attributes) {
    const [ax, ay, bx, by] = [this.x(from[0]), this.y(from[1]), this.x(to[0]), this.y(to[1])];
    const length = Math.hypot(bx - ax, by - ay);
    if (length < 1) return s("g");
    const [ux, uy] = [(bx - ax) / length, (by - ay) / length];
    const head = Math.min(11, length * 0.6);
    const [mx, my] = [bx - head * ux, by - head * uy];
    const wings = [
      [bx, by],
      [mx - head * 0.42 * uy, my + head * 0.42 * ux],
      [mx + head * 0.42 * uy, my - head * 0.42 * ux],
    ];
    return s(
      "g",
      attributes,
      s("line", { x1: ax, y1: ay, x2: mx, y2: my }),
      s("polygon", {
        class: "head",
        points: wings.map((p) => p.map((v) => v.toFixed(2)).join(",")).join(" "),
      }),
    );
  }

  marker(shape, [x, y], attributes, size = 6) {
    return marker(shape, this.x(x), this.y(y), attributes, size);
  }

  /** Text beside a point, on the side away from `from` (both in the plane's coordinates). */
  label(text, [x, y], attributes = {}, from = [0, 0], distance = 15) {
    const [px, py] = [this.x(x), this.y(y)];
    let [dx, dy] = [px - this.x(from[0]), py - this.y(from[1])];
    const length = Math.hypot(dx, dy);
    [dx, dy] = length < 1 ? [0, -1] : [dx / length, dy / length];
    const box = this.#box();
    const tx = Math.min(Math.max(px + distance * dx, box.x + 12), box.x + box.width - 12);
    const ty = Math.min(Math.max(py + distance * dy, box.y + 12), box.y + box.height - 8);
    const anchor = dx > 0.35 ? "start" : dx < -0.35 ? "end" : "middle";
    const roomy =
      anchor === "start"
        ? Math.min(tx, box.x + box.width - 40)
        : anchor === "end"
          ? Math.max(tx, box.x + 40)
          : tx;
    return s("text", { x: roomy, y: ty + 4, "text-anchor": anchor, class: "label", ...attributes }, text);
  }
}

/** A marker at a place on the screen: shapes tell apart what colours may not. */
export function marker(shape, px, py, attributes = {}, size = 6) {
  const at = (points) =>
    points.map(([x, y]) => `${(px + x * size).toFixed(2)},${(py + y * size).toFixed(2)}`).join(" ");
  const star = Array.from({ length: 10 }, (_, i) => {
    const [r, a] = [i % 2 ? 0.6 : 1.5, (Math.PI * i) / 5];
    return [r * Math.sin(a), -r * Math.cos(a)];
  });
  const shapes = {
    circle: () => s("circle", { cx: px, cy: py, r: size, ...attributes }),
    square: () => s("rect", { x: px - size, y: py - size, width: 2 * size, height: 2 * size, ...attributes }),
    diamond: () =>
      s("polygon", {
        points: at([
          [0, -1.3],
          [1.3, 0],
          [0, 1.3],
          [-1.3, 0],
        ]),
        ...attributes,
      }),
    triangle: () =>
      s("polygon", {
        points: at([
          [0, -1.2],
          [1.2, 1],
          [-1.2, 1],
        ]),
        ...attributes,
      }),
    down: () =>
      s("polygon", {
        points: at([
          [0, 1.2],
          [1.2, -1],
          [-1.2, -1],
        ]),
        ...attributes,
      }),
    plus: () =>
      s("polygon", {
        points: at([
          [-0.4, -1.2],
          [0.4, -1.2],
          [0.4, -0.4],
          [1.2, -0.4],
          [1.2, 0.4],
          [0.4, 0.4],
          [0.4, 1.2],
          [-0.4, 1.2],
          [-0.4, 0.4],
          [-1.2, 0.4],
          [-1.2, -0.4],
          [-0.4, -0.4],
        ]),
        ...attributes,
      }),
    star: () => s("polygon", { points: at(star), ...attributes }),
  };
  return shapes[shape]();
}

/** Buttons that change a plane's window: out, in, and fit where there is something to fit. */
export function zoomButtons(onZoom, onFit) {
  const button = (sign, name, act) =>
    h("button", { type: "button", class: "small", title: name, "aria-label": name, onclick: act }, sign);
  return h(
    "span",
    { class: "zoom" },
    button("−", "Zoom out", () => onZoom(1.5)),
    button("+", "Zoom in", () => onZoom(1 / 1.5)),
    onFit ? button("fit", "Fit the picture to its points", onFit) : null,
  );
}
