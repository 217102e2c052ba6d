"""One inner problem on its way: its cover, and what is known exactly of its rate.

The rate over S* is bounded by the cells that remain; where points are proved to be maximizers
(`ties`), where the exact classes know them all (`proved`), or where g has symmetries (`symmetry`),
more is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from danskin.derivative import directional_derivative
from danskin.errors import DanskinError
from danskin.exact import compare, exact_max, length, sign, tidy
from danskin.maximizers import MaximizerSet
from danskin.objective import ExpressionObjective
from danskin.proof.at_point import exact_at, float_bounds
from danskin.proof.cover import Cover
from danskin.proof.local import LocalProblem
from danskin.proof.proved import by_class
from danskin.proof.symmetry import Orbits
from danskin.proof.ties import Maximum, reach_ceiling, resolve

__all__ = ["SETTLED_SECONDS", "Sample"]

#: From this round on a try at exact ties may take longer.
_LATE = 30
#: What an exact value of D is worth, once the verdict is there.
SETTLED_SECONDS = 0.5
#: When a local search raises the lower bound of phi: easy problems are over by then.
_CLIMB_ROUND = 5


@dataclass
class Sample:
    """One inner problem on its way: its cover, and what is known exactly of its rate.

    Samples that share tapes are one such problem, with bounds summed over them.
    """

    f: ExpressionObjective
    theta: tuple[Any, ...]
    problem: LocalProblem
    cover: Cover
    indices: tuple[int, ...] = (0,)
    shared: Any = None
    rounds: int = 0
    #: The largest exact rate at proved maximizers, and whether it is the maximum over S*.
    exact: Any = None
    complete: bool = False
    points: tuple[Any, ...] = ()
    points_complete: bool = False
    value: Any = None
    how: str = ""
    stuck: bool = False
    asked_class: bool = False
    orbits: Orbits | None = None
    #: A lower bound of the rate from symmetries.
    by_orbits: float = -math.inf
    best: tuple[float, float] = field(default=(-math.inf, math.inf))

    @property
    def count(self) -> int:
        """How many samples of the batch this stands for."""
        return self.cover.space.owners

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds on the largest rate over S*; they only ever tighten."""
        lo, hi = self.cover.rate_bounds if self.cover.defined else (-math.inf, math.inf)
        lo = max(lo, self.by_orbits)
        if self.exact is not None:
            low, high = float_bounds(self.exact)
            lo = max(lo, low)
            if self.complete:
                hi = min(hi, high)
        self.best = max(lo, self.best[0]), min(hi, self.best[1])
        return self.best

    @property
    def value_bounds(self) -> tuple[float, float]:
        """Bounds on the sample's maximum."""
        if self.value is not None:
            low, high = float_bounds(self.value)
            return max(low, self.cover.floor), min(high, self.cover.ceiling)
        return self.cover.floor, self.cover.ceiling

    def refine(self, signs_only: bool) -> None:
        """Cut the cells that matter."""
        self.rounds += 1
        if self.rounds == _CLIMB_ROUND:
            self.cover.climb()
        rate = self.cover.ranges.rate
        wanted = np.ones(rate.shape[1], dtype=bool)
        if signs_only and not (-rate[0] >= 0).any():
            # Descent is at stake: cells with a negative rate are harmless.
            wanted = rate[1] >= 0
        wanted |= ~self.cover.ranges.defined
        lo, _ = self.bounds
        if self.exact is not None:
            wanted &= (rate[1] > lo) | ~self.cover.ranges.defined
        if self.count > 1:
            low, high = self.cover.rates
            width = high - low
            worth = width >= 0.3 * width.max() if np.isfinite(width).all() else ~np.isfinite(width)
            wanted &= worth[self.cover.owner] | ~self.cover.ranges.defined
        self.stuck = not self.cover.refine(wanted)

    def look_for_ties(self, seconds: float) -> None:
        """Try to learn the rate exactly."""
        if self.count > 1:
            return
        if self.exact is None or sign(self.exact) != 1:
            reached = reach_ceiling(self.cover, min(seconds, 2.0))
            if reached is not None:
                self._use_points(reached)
                if self.exact is not None and sign(self.exact) == 1:
                    # A proved maximizer with a positive rate is all that a refutation takes: all
                    # maximizers, and D exactly, are worth a short look.
                    seconds = min(seconds, SETTLED_SECONDS)
        maximum = resolve(self.cover, min(seconds, 2.0 if self.rounds < _LATE else 5.0))
        if maximum is not None:
            self._use_points(maximum)
        if not self.complete and not self.asked_class:
            self.asked_class = True
            S = by_class(self.f, self.theta, self.cover, min(seconds, 4.0))
            if S is not None:
                self._use_set(S)
        if not self.complete:
            if self.orbits is None:
                self.orbits = Orbits(self.problem)
            self.by_orbits = max(self.by_orbits, self.orbits.lower_bound(self.cover))
            if self.by_orbits > -math.inf and self.exact is None:
                self.how = "orbits"

    def _use_set(self, S: MaximizerSet) -> bool:
        gamma = list(self.problem.gamma or ())
        try:
            d = directional_derivative(S, gamma)
            if isinstance(d.value, float):
                return False
            rate = tidy(d.value * length(gamma))
            inside = _consistent(rate, self.cover, d.bound == "exact")
        except DanskinError:
            return False
        if not inside:
            return False
        # A "lower" bound over a proved set is a maximum over some of its points.
        self.exact, self.complete, self.how = rate, d.bound == "exact", "class"
        self.points, self.points_complete = S.exact_deltas or (), not S.faces and S.complete
        self.value = S.exact_value
        return True

    def _use_points(self, maximum: Maximum) -> None:
        try:
            rates = [
                tidy(exact_at(self.problem.rate, self.problem.symbols, p)) for p in maximum.points
            ]
            best = exact_max(rates)
            if best is None:
                return
            inside = _consistent(best[0], self.cover, maximum.complete)
            # Some maximizers bound the rate from below: the best bound is kept.
            if self.exact is not None and not maximum.complete:
                inside = inside and compare(best[0], self.exact) == 1
        except DanskinError:
            return
        if inside:
            self.exact, self.complete, self.how = best[0], maximum.complete, maximum.how
            self.points, self.points_complete = maximum.points, maximum.all
            self.value = maximum.value
            low = float_bounds(maximum.value)[0]
            self.cover.raise_floor(low, maximum.points[0])


def _consistent(rate: Any, cover: Cover, complete: bool) -> bool:
    """Whether an exact rate agrees with the cover's bounds; if not, one of them is wrong."""
    low, high = float_bounds(rate)
    below, above = cover.rate_bounds
    return low <= above and (high >= below or not complete)
