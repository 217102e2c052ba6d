"""Off the kinks: the smallest step along one gradient at which phi increases.

Where phi is differentiable a small enough step along the gradient descends; a kink within one step
length can undo it. Steps are in units of the gradient, ``theta - step * gradient``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from danskin.counterexamples.search.branches import Phi
from danskin.counterexamples.search.result import FoundStep
from danskin.errors import DanskinError
from danskin.exact import sign
from danskin.limits import time_limit
from danskin.maximizers import maximizers
from danskin.objective import BatchObjective, ExpressionObjective
from danskin.verdict import Verdict

__all__ = ["prove_increase", "smallest_increase"]

_RATIO = 1.5
_SHORTEST = 1e-6
_HALVINGS = 12


def smallest_increase(
    phi: Phi, theta: np.ndarray, lo: np.ndarray, hi: np.ndarray
) -> FoundStep | None:
    """Return the first increase on the ray, looked for on a geometric grid and then by halving.

    None where phi does not increase at any of the grid's points inside the box. An increase on an
    interval shorter than the grid's ratio, 1.5, may be missed.
    """
    here = phi(theta)
    size = float(np.linalg.norm(here.gradient))
    span = float(np.linalg.norm(hi - lo))
    if size == 0:
        return None
    noise = 1e-12 * max(1.0, abs(here.value))
    shorter, t = 0.0, _SHORTEST * span / size
    while True:
        there = theta - t * here.gradient
        if (there < lo).any() or (there > hi).any():
            return None
        if phi(there).value > here.value + noise:
            break
        shorter, t = t, _RATIO * t
    for _ in range(_HALVINGS):
        middle = (shorter + t) / 2
        if phi(theta - middle * here.gradient).value > here.value + noise:
            t = middle
        else:
            shorter = middle
    increase = phi(theta - t * here.gradient).value - here.value
    return FoundStep(tuple(map(float, theta)), tuple(map(float, here.gradient)), t, increase)


def prove_increase(f: Any, found: FoundStep, seconds: float) -> FoundStep:
    """Recompute the increase in exact arithmetic, where the maximizers are proved at both ends.

    The gradient is the exact one at the (only) maximizer; theta and the step are the binary numbers
    that they are. Unproved after this many seconds it is returned as it is.
    """
    samples = f.samples if isinstance(f, BatchObjective) else (f,)
    if not all(isinstance(s, ExpressionObjective) for s in samples):
        return found
    try:
        with time_limit(seconds, "proving the increase"):
            start = tuple(sympy.Rational(x) for x in found.theta)
            S = maximizers(f, start)
            rows = S.exact_gradients
            if not S.complete or rows is None or len(set(rows)) != 1 or S.faces:
                return found
            eta = sympy.Rational(found.step)
            end = tuple(sympy.expand(x - eta * g) for x, g in zip(start, rows[0], strict=True))
            T = maximizers(f, end)
            before, after = S.exact_value, T.exact_value
            if not T.complete or before is None or after is None or sign(after - before) != 1:
                return found
    except (DanskinError, RecursionError):
        return found
    return FoundStep(found.theta, found.gradient, found.step, found.increase, Verdict.PROVED)
