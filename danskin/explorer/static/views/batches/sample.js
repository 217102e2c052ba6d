// One sample of a batch: its maximizers' gradients as points to drag and as rows of coordinates.

import { CoordinateRow } from "../../coordinates.js";
import { h, put } from "../../dom.js";
import { row } from "../../fields.js";
import { Figure } from "../../figure.js";
import { sub } from "../../format.js";
import { Handles } from "../../handles.js";
import { Plane } from "../../plane.js";
import { hullShape } from "../../verdicts.js";

const SIZE = { width: 300, height: 250 };
const LETTERS = "ab";

/** A gradient's name: the second of the first sample is a₂. */
export function nameOf(sample, index) {
  return `${LETTERS[sample]}${sub(index + 1)}`;
}

export class SamplePane {
  #sample;
  #least;
  #onRemove;
  #onType;
  #handles;
  #rows = h("tbody", {});

  /**
   * `sample` is 0 or 1, `least` how many gradients stay. `onMove(index, at)` and `onEnd()` while one is
   * dragged, `onType(index, axis, text)`, `onAdd()`, `onRemove(index)`.
   */
  constructor(sample, { least, tools, onMove, onEnd, onType, onAdd, onRemove }) {
    this.#sample = sample;
    this.#least = least;
    this.#onRemove = onRemove;
    this.#onType = onType;
    this.plane = new Plane({ label: `Gradients of sample ${sample + 1}`, ...SIZE });
    this.figure = new Figure(this.plane.svg, `Sample ${sample + 1}: drag`, { tools });
    this.#handles = new Handles(this.plane, {
      onMove: (key, at) => onMove(Number(key), at),
      onEnd,
      onRemove: (key) => onRemove(Number(key)),
    });
    this.fields = [];
    this.table = h(
      "table",
      { class: "coordinates" },
      h("caption", {}, `Sample ${sample + 1}`),
      h("thead", { class: "unseen" }, row(["", "x", "y", ""], true)),
      this.#rows,
    );
    this.adder = h(
      "button",
      { type: "button", class: "small", onclick: onAdd },
      `Add to sample ${sample + 1}`,
    );
  }

  /** A row for each gradient. */
  build(gradients) {
    const removable = gradients.length > this.#least;
    this.fields = gradients.map(
      (_, index) =>
        new CoordinateRow({
          name: nameOf(this.#sample, index),
          spoken: `${LETTERS[this.#sample]}${index + 1}`,
          onInput: (axis, text) => this.#onType(index, axis, text),
          onRemove: removable ? () => this.#onRemove(index) : null,
        }),
    );
    put(
      this.#rows,
      this.fields.flatMap((field) => field.elements),
    );
    this.showCoordinates(gradients);
  }

  showCoordinates(gradients) {
    this.fields.forEach((field, index) => field.show(gradients[index]));
  }

  /** Show the points at these places; null is where the server has not said so yet. */
  showHandles(at) {
    this.#handles.show(
      at.flatMap((place, index) =>
        place
          ? [
              {
                key: String(index),
                name: nameOf(this.#sample, index),
                spoken: `sample ${this.#sample + 1}, gradient ${LETTERS[this.#sample]}${index + 1}`,
                at: place,
                shape: this.#sample ? "diamond" : "square",
                kind: "single",
              },
            ]
          : [],
      ),
    );
  }

  drawHull(hull) {
    this.plane.under.replaceChildren(hullShape(this.plane, hull));
  }

  /** The square window made wider to the picture's proportions. */
  setWindow([x, y]) {
    this.plane.setWindow([x.map((value) => (value * SIZE.width) / SIZE.height), y]);
  }
}
