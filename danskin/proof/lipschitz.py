"""Theorem 3 with proved constants: a net, its epsilon and L, from f and theta alone.

The cells that a cover leaves contain every maximizer. Their centres are a net; epsilon is the
largest distance from a centre to a point of its cell, and L a bound on ``|d^2 g/d theta d delta|``
over the cells, so that from a maximizer to the centre of *its* cell the gradient changes by at most
``L epsilon`` (cells are convex; nothing is claimed between them). With ``max over the net of
<gamma, grad> < -L epsilon`` for unit gamma, Theorem 3 proves descent, without any assumption.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.exact import length
from danskin.limits import time_limit
from danskin.proof import interval
from danskin.proof.arguments import exact_direction, exact_point, expression_samples, read_seconds
from danskin.proof.cover import Cover
from danskin.proof.elementary import DEFINED
from danskin.proof.evaluate import Tape
from danskin.proof.interval import require_ieee
from danskin.proof.local import LocalProblem
from danskin.verdict import Verdict

__all__ = ["ProvedTheorem3", "prove_theorem3"]

_ROUNDS = 60
_MAX_NET = 4000


@dataclass(frozen=True)
class ProvedTheorem3:
    """Theorem 3 applied with constants that are proved, not given.

    Attributes
    ----------
    verdict : Verdict
        PROVED: gamma is a descent direction. UNDECIDED: the inequality did not come to hold.
        (Theorem 3 refutes nothing.)
    margin : float
        ``-max over the net of <gamma, grad> - L epsilon``, rounded down, for unit gamma.
    lipschitz : float
        L, over the cells that contain the maximizers.
    epsilon : float
        Every maximizer has a point of the net within it.
    net : ndarray (m, k)
        The net, rounded to float64.
    seconds : float
    """

    verdict: Verdict
    margin: float
    lipschitz: float
    epsilon: float
    net: np.ndarray
    seconds: float

    def explain(self) -> str:
        """Say in a sentence what was proved."""
        constants = (
            f"L = {self.lipschitz:.6g} and epsilon = {self.epsilon:.6g}, both proved, with a net "
            f"of {len(self.net)} points"
        )
        if self.verdict is Verdict.PROVED:
            return (
                f"Proved: a descent direction by Theorem 3 (margin {self.margin:.6g}); {constants}."
            )
        return (
            f"Undecided: the inequality of Theorem 3 misses by {-self.margin:.6g}; {constants}. "
            "Use prove_descent, which needs neither."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "verdict": self.verdict.value,
            "margin": self.margin,
            "lipschitz": self.lipschitz,
            "epsilon": self.epsilon,
            "net": self.net.tolist(),
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        return (
            f"ProvedTheorem3({self.verdict}, margin={self.margin:.6g}, L={self.lipschitz:.6g}, "
            f"epsilon={self.epsilon:.6g}, {len(self.net)} points)"
        )


def prove_theorem3(
    f: Any, theta: Any, direction: Any, *, budget: float | None = None
) -> ProvedTheorem3:
    """Apply Theorem 3 with a proved net, epsilon and L.

    Parameters
    ----------
    f : MinMaxObjective from a formula
    theta : (n,) numbers or exact text
    direction : (n,), nonzero
    budget : float, optional
        Seconds; 30 by default.

    Raises
    ------
    InvalidInputError
        A batch, an objective of callables, a zero direction, wrong shapes.
    """
    begun = time.monotonic()
    samples = expression_samples(f, "Theorem 3 with proved constants")
    if len(samples) != 1:
        raise InvalidInputError("f", "it is a batch", "Use prove_descent, which takes batches.")
    require_ieee()
    (f,) = samples
    point = exact_point(theta, f.theta_dim)
    gamma = exact_direction(direction, f.theta_dim)
    size = length(gamma)
    unit = tuple(x / size for x in gamma)
    problem = LocalProblem(f, point, unit)
    cover = Cover(problem)
    with time_limit(10, "differentiating the gradient"):
        gradient = f.gradient_at(point)
        mixed = [sympy.diff(g, s) for g in gradient for s in f.delta_symbols]
    tape = Tape(mixed, f.delta_symbols)
    end = begun + read_seconds(budget)
    best = ProvedTheorem3(Verdict.UNDECIDED, -math.inf, math.inf, math.inf, np.zeros((0, 0)), 0.0)
    for _ in range(_ROUNDS):
        found = _apply(cover, tape, begun)
        if found.margin > best.margin or best.verdict is Verdict.UNDECIDED:
            best = found
        if best.verdict is Verdict.PROVED or time.monotonic() > end:
            break
        if len(cover.cells) > _MAX_NET:
            break
        if not cover.refine(np.ones(len(cover.cells), dtype=bool)):
            break
    return best


def _apply(cover: Cover, tape: Tape, begun: float) -> ProvedTheorem3:
    n = len(cover.cells)
    ranges = cover.space.enclose(cover.cells)
    center = cover.space.center(cover.cells)
    with np.errstate(all="ignore"):
        offsets = [interval.sub(d, c) for d, c in zip(ranges, center, strict=True)]
        epsilon = _root_of_squares([interval.magnitude(x) for x in offsets])
        sizes = [
            np.where(level is None or np.asarray(level == DEFINED), interval.magnitude(x), np.inf)
            for x, level in tape(ranges, n)
        ]
        # The Frobenius norm bounds the operator norm of the mixed second derivatives.
        constant = _root_of_squares(sizes) if sizes else np.zeros(n)
    L, eps = float(constant.max()), float(epsilon.max())
    _, rate = cover.problem.at_points(center, n)
    highest = float(rate[1].max())
    slack = math.nextafter(L * eps, math.inf) if L > 0 and eps > 0 else 0.0
    margin = -math.nextafter(highest + slack, math.inf)
    if not (cover.defined and math.isfinite(margin)):
        margin = -math.inf
    net = np.array([c[1] for c in center]).T.copy()
    verdict = Verdict.PROVED if margin > 0 else Verdict.UNDECIDED
    return ProvedTheorem3(verdict, margin, L, eps, net, time.monotonic() - begun)


def _root_of_squares(sizes: list[np.ndarray]) -> np.ndarray:
    """Return ``sqrt(sum of squares)`` of upper bounds, rounded up."""
    total = np.zeros((2, len(sizes[0])))
    for s in sizes:
        total = interval.add(total, interval.square(interval.make(np.zeros(len(s)), s)))
    return interval.sqrt(total)[1]
