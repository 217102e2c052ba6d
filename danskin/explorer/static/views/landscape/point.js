// What phi is at theta: the maximizers lit on g(theta, .), their gradients, the value and the verdicts.

import { announce, h, put } from "../../dom.js";
import { Figure } from "../../figure.js";
import { number, point } from "../../format.js";
import { section, speaker } from "../../frame.js";
import { Plane, windowAround } from "../../plane.js";
import { Headline, LEGEND, drawGradients, verdictList } from "../../verdicts.js";
import { InnerPicture } from "./inner.js";

const SIZE = { width: 420, height: 300 };
const RATIO = SIZE.width / SIZE.height;

export class AtTheta {
  constructor() {
    this.inner = new InnerPicture();
    this.plane = new Plane({ label: "Gradients of the maximizers at theta", ...SIZE });
    this.figure = new Figure(this.plane.svg, "Gradients of the maximizers at θ");
    this.headline = new Headline();
    this.spoken = speaker();
    this.facts = h("div", {});
    this.verdicts = h("div", {});
    this.pictures = h("div", { class: "pictures" }, this.inner.figure.element, this.figure.element);
    this.element = section("At θ", this.facts, this.verdicts);
  }

  /** The figures that show something. */
  get figures() {
    return [...(this.inner.drawn ? [this.inner.figure] : []), this.figure];
  }

  /** Draw an answer of api/landscape/point. */
  draw(answer) {
    this.inner.draw(answer.inner);
    if (answer.gradients) this.#drawGradients(answer.gradients);
    else this.#drawNone(answer);
    const value = answer.exact_value ?? number(answer.value, 6);
    put(
      this.facts,
      h(
        "p",
        {},
        `φ${point(answer.theta)} ${answer.complete ? "=" : "≥"} ${value}. `,
        answer.explain,
        " ",
        answer.nearest?.text ?? "",
      ),
    );
    announce(this.spoken, `theta ${point(answer.theta)}. ${this.headline.spoken}`);
  }

  #drawGradients(gradients) {
    const [x, y] = windowAround(gradients.gradients);
    this.plane.setWindow([x.map((value) => value * RATIO), y]);
    drawGradients(this.plane, gradients);
    this.figure.setNote(null);
    this.figure.setLegend([LEGEND.gradient, LEGEND.minus, LEGEND.hull, LEGEND.steepest, LEGEND.cone]);
    this.headline.show(gradients.summary);
    put(this.verdicts, verdictList(gradients));
  }

  #drawNone({ why, explain }) {
    for (const layer of [this.plane.under, this.plane.content, this.plane.over]) layer.replaceChildren();
    this.figure.setNote(why ?? "No picture of the gradients here.");
    this.headline.show({ verdict: "undecided", headline: explain, text: "" });
    put(this.verdicts);
  }
}
