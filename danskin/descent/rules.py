"""Rules: from the gradients at the adversary's points to the vector that the step follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from danskin.descent.adversaries import Sight
from danskin.descent.trace import Stop
from danskin.direction import steepest_descent, step_aware
from danskin.minnorm import product_min_norm

__all__ = ["RULES", "Move", "Rule", "choose_move"]

Rule = Literal[
    "single",
    "normalized_single",
    "mean",
    "max",
    "ddi",
    "product",
    "step_aware",
    "trust_region",
]
RULES: tuple[str, ...] = get_args(Rule)


@dataclass(frozen=True)
class Move:
    """v, to be multiplied by the step size, or None with the reason; and the weights behind it."""

    v: np.ndarray | None
    weights: np.ndarray
    stop: Stop = "stationary"
    why: str = ""


def _one_gradient(sight: Sight, chosen: Sequence[int], *, unit: bool = False) -> Move:
    pairs = list(zip(sight.gradients, chosen, strict=True))
    weights = np.concatenate([(np.arange(len(g)) == i).astype(float) for g, i in pairs])
    v = -np.mean([g[i] for g, i in pairs], axis=0)
    if not v.any():
        return Move(None, weights, why="the gradient at the chosen point is 0")
    return Move(_unit(v) if unit else v, weights)


def choose_move(rule: Rule, sight: Sight, size: float, rng: np.random.Generator | None) -> Move:
    """Return the rule's v from what it sees; the step is ``size * v``."""
    if rule in ("single", "normalized_single"):
        counts = [len(g) for g in sight.gradients]
        chosen = [0 if rng is None else int(rng.integers(0, m)) for m in counts]
        return _one_gradient(sight, chosen, unit=rule == "normalized_single")
    if rule == "max":
        return _one_gradient(sight, [int(np.argmax(v)) for v in sight.values])
    if rule == "mean":
        weights = np.concatenate([np.full(len(g), 1 / len(g)) for g in sight.gradients])
        v = -np.mean([g.mean(axis=0) for g in sight.gradients], axis=0)
        return Move(v, weights) if v.any() else Move(None, weights, why="the mean gradient is 0")
    if rule in ("step_aware", "trust_region") and sight.exact is None:
        return _step_aware(rule, sight, size)
    separate = len(sight.gradients) > 1
    if separate and sight.exact is None:
        result = product_min_norm(list(sight.gradients))
        direction = None
        if result.status != "stationary" and result.lower_bound > 0:
            direction = -_unit(result.point)
        stationary = result.status == "stationary"
    else:
        found = steepest_descent(sight.gradients[0] if sight.exact is None else sight.exact)
        result, direction, stationary = found.min_norm, found.direction, found.stationary
    if direction is None:
        return Move(
            None, result.weights, "stationary" if stationary else "undecided", result.explain()
        )
    # Over maximizers, all tied at phi, the step-aware step is step_size times the min-norm point.
    return Move(-result.point if rule == "step_aware" else direction, result.weights)


def _step_aware(rule: Rule, sight: Sight, size: float) -> Move:
    gradients, values = sight.gradients[0], sight.values[0]
    if rule == "step_aware":
        found = step_aware(gradients, values, step=size)
    else:
        found = step_aware(gradients, values, radius=size)
    v = found.displacement / size
    if not v.any():
        settled = found.stationary or found.solution.status == "optimal"
        return Move(None, found.weights, "stationary" if settled else "undecided", found.explain())
    return Move(v, found.weights)


def _unit(v: np.ndarray) -> np.ndarray:
    # Scaled first: squares of 1e-200 underflow.
    scaled = v / np.abs(v).max()
    return scaled / np.linalg.norm(scaled)
