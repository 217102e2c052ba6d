// What a link, or a family of the server, says of the view Landscape: the objective, the window, the
// point theta, and the runs from there.

import { coordinate, list, object, pair } from "../../state.js";
import { ADVERSARIES } from "./rules.js";

const RULES = ["normalized_single", "ddi"];
const [[ADVERSARY]] = ADVERSARIES;
/** Where an objective that is no family is looked at. */
const ANYWHERE = {
  window: [
    [-2, 2],
    [-2, 2],
  ],
  start: [0.5, 0.5],
  steps: 30,
  step_size: "0.5/sqrt(k)",
};

/**
 * The state that a link holds, and its objective's family (null where it is none). `families` and the
 * names of the `rules` are what there is; throws an Error that says what is wrong.
 */
export function readLink(state, families, rules) {
  object(state, "its state");
  object(state.objective, "objective");
  const name = state.objective.family;
  const family = name === undefined ? null : families.find((one) => one.name === name);
  if (family === undefined) throw new Error("its objective names no known family");
  const defaults = family ?? ANYWHERE;
  const window = list(state.window ?? defaults.window, "window", 2, 2, (ends, name) => {
    const [lo, hi] = list(ends, name, 2, 2, coordinate).map(Number);
    if (!(hi > lo)) throw new Error(`${name} is no interval`);
    return [lo, hi];
  });
  const read = {
    objective: state.objective,
    window,
    theta: pair(state.theta ?? defaults.start, "theta"),
    rules: list(state.rules ?? RULES, "rules", 0, rules.length, (name) => {
      if (!rules.includes(name)) throw new Error("its rules name an unknown one");
      return name;
    }),
    steps: coordinate(state.steps ?? defaults.steps, "steps"),
    step_size: coordinate(state.step_size ?? defaults.step_size, "step_size"),
    adversary: ADVERSARIES.some(([value]) => value === state.adversary) ? state.adversary : ADVERSARY,
  };
  return { state: read, family };
}

/** A family as the server suggests it, seen from theta; whose runs are shown stays as it was. */
export function stateOf(family, theta, before) {
  const { rules = RULES, adversary = ADVERSARY } = before ?? {};
  const { window, steps, step_size } = family;
  return { objective: { family: family.name }, window, theta: [...theta], rules, steps, step_size, adversary };
}
