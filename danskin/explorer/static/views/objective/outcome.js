// What a proof says: how far it is while it runs, then its verdict, the enclosure of D and the boxes.

import { announce, h, put, say } from "../../dom.js";
import { facts } from "../../fields.js";
import { number } from "../../format.js";
import { speaker } from "../../frame.js";
import { SIGNS, prettier } from "../../verdicts.js";
import { CoverPicture } from "./cover.js";

const STAGES = { loading: "starting", proving: "proving", drawing: "drawing the boxes" };

export class Outcome {
  constructor() {
    this.proof = null; // the result that is shown
    this.caption = "";
    this.progress = h("p", { class: "progress", hidden: true });
    this.bar = h("progress", {
      max: 1,
      value: 0,
      hidden: true,
      "aria-label": "Time used of the proof's budget",
    });
    this.spoken = speaker();
    this.result = h("div", { class: "result" }, noneYet());
    this.cover = new CoverPicture();
    this.element = h(
      "div",
      { class: "outcome" },
      this.progress,
      this.bar,
      this.spoken,
      this.result,
      this.cover.figure.element,
    );
  }

  /** Whether there is a proof to watch. */
  watch(running) {
    this.progress.hidden = !running;
    this.bar.hidden = !running;
  }

  showProgress({ state, stage, boxes, seconds, budget, bounds }) {
    const what = state === "queued" ? "waiting for a free worker" : (STAGES[stage] ?? "running");
    const so = bounds ? `; so far D is in [${number(bounds[0])}, ${number(bounds[1])}]` : "";
    say(this.progress, `${what}: ${boxes} boxes, ${number(seconds, 2)} of ${number(budget, 3)} s${so}`);
    this.bar.max = budget;
    this.bar.value = seconds;
  }

  clear() {
    this.proof = null;
    this.caption = "";
    put(this.result, noneYet());
    this.cover.clear();
  }

  /** Show that a proof came to no end. */
  showFailure({ state, boxes }) {
    const said =
      state === "cancelled" ? `Cancelled after ${boxes} boxes: nothing is proved.` : "The proof failed.";
    put(
      this.result,
      h(
        "div",
        { class: "headline", "data-verdict": state },
        h("span", { class: "sign", "aria-hidden": "true" }, "■"),
        h("p", {}, h("strong", {}, said)),
      ),
    );
    announce(this.spoken, said, 0);
  }

  /** Show a result; `g` is the objective's text. */
  show(result, g) {
    this.proof = result;
    const kind = kindOf(result);
    const enclosure = `D(θ; γ) in ${minus(result.derivative_text)}`;
    put(
      this.result,
      h(
        "div",
        { class: `headline ${kind}`, "data-verdict": result.verdict },
        h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[kind]),
        h("p", {}, h("strong", {}, prettier(result.headline)), " ", h("span", { class: "why" }, enclosure)),
      ),
      facts([
        [
          "direction γ",
          result.direction
            ? `(${result.direction.map(minus).join(", ")})${result.steepest ? ", the steepest" : ""}`
            : "none",
        ],
        ["D(θ; γ)", minus(result.exact_derivative ?? result.derivative_text)],
        ["φ(θ)", minus(result.value_text)],
        ...(result.maximizers?.length ? [["maximizers", maximizersText(result)]] : []),
        ["work", `${result.boxes} ${result.boxes === 1 ? "box" : "boxes"} in ${number(result.seconds, 3)} s`],
      ]),
      h("details", {}, h("summary", {}, "What was done"), h("pre", {}, result.explain)),
    );
    this.cover.draw(result.cover);
    this.caption = `${result.headline}: ${enclosure}. g = ${g} at θ = (${result.at.join(", ")})`;
    announce(this.spoken, `${result.headline}. ${enclosure}`, 0);
  }
}

function noneYet() {
  return h(
    "p",
    { class: "look" },
    "No proof yet. “Prove” encloses the derivative of φ at θ along γ by interval arithmetic; what it says then holds with rounding included.",
  );
}

/** Which of the page's signs and colours a result has. */
function kindOf({ verdict, ascent }) {
  if (verdict === "proved") return "descent";
  if (ascent === "proved") return "ascent";
  return verdict === "refuted" ? "flat" : "undecided";
}

function maximizersText({ maximizers, maximizers_complete: complete }) {
  const listed = maximizers
    .map((delta) => (delta.length > 1 ? `(${delta.map(minus).join(", ")})` : minus(delta[0])))
    .join("; ");
  return `${listed}${complete ? " (all of them)" : " (there may be others)"}`;
}

/** An exact number with a true minus sign. */
function minus(exact) {
  return String(exact).replaceAll("-", "−");
}
