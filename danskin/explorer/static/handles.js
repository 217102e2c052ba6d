// Points of a plane that people move: by pointer, or focused by arrow keys (with Shift ten times as
// far). A handle keeps its element while its point exists, so that the focus stays where it is.

import { s } from "./dom.js";
import { point } from "./format.js";
import { marker } from "./plane.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Handles {
  #plane;
  #group;
  #entries = new Map();
  #onMove;
  #onEnd;
  #onRemove;

  /** `onMove(key, [x, y])` at every change, `onEnd(key)` when a move is over, `onRemove(key)` on Delete. */
  constructor(plane, { onMove, onEnd = () => {}, onRemove = null }) {
    this.#plane = plane;
    this.#onMove = onMove;
    this.#onEnd = onEnd;
    this.#onRemove = onRemove;
    this.#group = s("g", { class: "handles" });
    plane.svg.append(this.#group);
  }

  /** Show these: [{key, name, spoken, at: [x, y], shape, kind}]; others go. */
  show(points) {
    const keys = new Set(points.map((p) => p.key));
    for (const [key, entry] of this.#entries) {
      if (keys.has(key)) continue;
      entry.element.remove();
      this.#entries.delete(key);
    }
    for (const p of points) {
      const entry = this.#entries.get(p.key) ?? this.#make(p);
      entry.at = p.at;
      entry.name = p.name;
      const [px, py] = [this.#plane.x(p.at[0]), this.#plane.y(p.at[1])];
      entry.element.setAttribute("transform", `translate(${px.toFixed(2)} ${py.toFixed(2)})`);
      entry.element.setAttribute("aria-label", `${p.spoken} at ${point(p.at)}`);
      entry.element.setAttribute("aria-valuetext", point(p.at));
      entry.element.setAttribute("aria-valuenow", String(p.at[0]));
      entry.element.setAttribute("aria-valuemin", String(this.#plane.window[0][0]));
      entry.element.setAttribute("aria-valuemax", String(this.#plane.window[0][1]));
      const [dx, dy, anchor] = this.#side(p.at);
      entry.text.textContent = p.name;
      entry.text.setAttribute("x", dx);
      entry.text.setAttribute("y", dy);
      entry.text.setAttribute("text-anchor", anchor);
    }
  }

  /** Where a point's name goes: away from the origin, and into the frame. */
  #side([x, y]) {
    const [[x0, x1], [y0, y1]] = this.#plane.window;
    const right = x >= 0 ? x < x1 - 0.12 * (x1 - x0) : x < x0 + 0.12 * (x1 - x0);
    const high = y >= 0 ? y < y1 - 0.08 * (y1 - y0) : y < y0 + 0.08 * (y1 - y0);
    return [right ? 11 : -11, high ? -9 : 18, right ? "start" : "end"];
  }

  #make(p) {
    const text = s("text", { class: "label handle-name" });
    const element = s(
      "g",
      {
        class: `handle ${p.kind}`,
        tabindex: 0,
        role: "slider",
        "aria-roledescription": "draggable point",
        "data-key": p.key,
      },
      s("circle", { class: "reach", r: 18, "data-noexport": true }),
      s("circle", { class: "halo", r: 13, "data-noexport": true }),
      marker(p.shape, 0, 0, { class: "grip" }, p.shape === "star" ? 8 : 7),
      text,
    );
    const entry = { element, text, at: p.at, name: p.name };
    this.#entries.set(p.key, entry);
    this.#listen(p.key, entry);
    this.#group.append(element);
    return entry;
  }

  #listen(key, entry) {
    const { element } = entry;
    let grip = null; // where in the handle the pointer took hold, on the screen
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const [px, py] = this.#screen(event);
      grip = [px - this.#plane.x(entry.at[0]), py - this.#plane.y(entry.at[1])];
      element.setPointerCapture(event.pointerId);
      element.classList.add("dragged");
      element.focus({ preventScroll: true });
      event.preventDefault();
    });
    element.addEventListener("pointermove", (event) => {
      if (grip === null) return;
      const [px, py] = this.#screen(event);
      this.#move(key, entry, this.#plane.invert(px - grip[0], py - grip[1]), this.#plane.step / 100, true);
    });
    const release = () => {
      if (grip === null) return;
      grip = null;
      element.classList.remove("dragged");
      this.#onEnd(key);
    };
    element.addEventListener("pointerup", release);
    element.addEventListener("pointercancel", release);
    element.addEventListener("lostpointercapture", release);
    element.addEventListener("keydown", (event) => {
      if ((event.key === "Delete" || event.key === "Backspace") && this.#onRemove) {
        event.preventDefault();
        this.#onRemove(key);
        return;
      }
      const way = KEYS[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const step = (this.#plane.step / 20) * (event.shiftKey ? 10 : 1);
      const to = [entry.at[0] + step * way[0], entry.at[1] + step * way[1]];
      this.#move(key, entry, to, this.#plane.step / 1000, false);
      this.#onEnd(key);
    });
  }

  /** The pointer's place in the SVG's own units. */
  #screen(event) {
    const matrix = this.#plane.svg.getScreenCTM().inverse();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [at.x, at.y];
  }

  #move(key, entry, to, grain, bounded) {
    const places = Math.min(15, Math.max(0, Math.ceil(-Math.log10(grain) - 1e-9)));
    const at = to.map((value, axis) => {
      const [lo, hi] = this.#plane.window[axis];
      const inside = bounded ? Math.min(Math.max(value, lo), hi) : value;
      return Number(inside.toFixed(places)) + 0; // + 0: no "-0"
    });
    if (at[0] === entry.at[0] && at[1] === entry.at[1]) return;
    this.#onMove(key, at);
  }
}
