"""The search for a verdict on the sum of the samples' rates, round by round.

For a batch the argmax set is a product, so that R is the sum of the samples' rates (over their
number): each sample has a cover of its own, and those whose bounds are widest are refined.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import sympy

from danskin.exact import length, sign, tidy
from danskin.proof.at_point import float_bounds
from danskin.proof.direction import Direction
from danskin.proof.result import DescentProof
from danskin.proof.sample import SETTLED_SECONDS, Sample
from danskin.proof.ties import several_clusters
from danskin.verdict import Verdict

__all__ = ["Attempt", "Tell", "bounded_sum"]

#: Told the number of cells enclosed so far and the bounds on D.
Tell = Callable[[int, float, float], None]

#: Rounds after which ties are looked at.
_TRIES = frozenset({3, 7, 12, 18, 25, 33, 42, 52, 64, 78, 94, 112, 132})
_MAX_ROUNDS = 400
#: Rounds without a tighter enclosure, after the verdict.
_STALE = 8
#: Cells of one problem that grow beyond this after the verdict cover no few points: S* is infinite.
_CROWD = 1_000
#: A batch this small has its enclosure tightened as a single objective does.
_FEW = 8


class Attempt:
    """The search for a verdict on the sum of the samples' rates."""

    def __init__(
        self,
        states: Sequence[Sample],
        asked: Direction,
        deadline: float,
        tol: float,
        tell: Tell | None,
    ) -> None:
        self.states, self.asked, self.deadline, self.tol = states, asked, deadline, tol
        self.tell = tell
        assert asked.gamma is not None
        self.size = length(asked.gamma)
        self.size_bounds = float_bounds(self.size)
        self.count = sum(s.count for s in states)
        self.trace: list[tuple[int, float, float]] = []

    # --- bounds on D -----------------------------------------------------------------------

    def total(self) -> tuple[float, float]:
        """Bounds on the sum of the samples' rates."""
        pairs = [s.bounds for s in self.states]
        return _sums(pairs)

    def exact_total(self) -> Any:
        """Sum the exact rates, where every sample has one: a lower bound of the total, or it."""
        if any(s.exact is None for s in self.states):
            return None
        return sympy.Add(*(s.exact for s in self.states))

    def derivative(self) -> tuple[float, float]:
        """Bounds on D: the mean of the rates over the length of gamma."""
        if not self.size_bounds[0] > 0:
            # A length that float64 cannot tell from 0 scales nothing.
            return -math.inf, math.inf
        lo, hi = self.total()
        count = self.count
        low = _quotient(_quotient(lo, self._length(lo, down=True), -math.inf), count, -math.inf)
        high = _quotient(_quotient(hi, self._length(hi, down=False), math.inf), count, math.inf)
        return low + 0.0, high + 0.0

    def _length(self, x: float, down: bool) -> float:
        # A negative lower end over the smallest length is lowest, and so on.
        small, large = self.size_bounds
        return small if (x < 0) == down else large

    @property
    def boxes(self) -> int:
        """How many cells were enclosed so far."""
        return sum(s.cover.evaluated for s in self.states)

    @property
    def decided(self) -> bool:
        """Whether there is a verdict."""
        return self._sign(*self.total()) is not None

    # --- the search ------------------------------------------------------------------------

    def run(self) -> None:
        """Refine until there is a verdict and a tight enclosure, or nothing more can be done."""
        begun = time.monotonic()
        first, stale, width = None, 0, math.inf
        cells: list[int] = []
        for _ in range(_MAX_ROUNDS):
            lo, hi = self.total()
            now = time.monotonic()
            found = self._sign(lo, hi)
            self.trace.append((self.boxes, *self.derivative()))
            if self.tell is not None:
                self.tell(*self.trace[-1])
            # Refuted, but whether D is 0 or positive is open: worth a look, not all the time.
            settled = found is not None and Verdict.UNDECIDED not in found
            if found is not None:
                if first is None:
                    first, cells = now, [len(s.cover.cells) for s in self.states]
                elif any(_crowded(*pair, settled) for pair in zip(self.states, cells, strict=True)):
                    return
                below, above = self.derivative()
                if settled and above - below <= self.tol:
                    return
                stale = stale + 1 if above - below > 0.9 * width else 0
                width = min(width, above - below)
                least = 2.0 if self.count <= _FEW else 0.5
                patience = max(first - begun, least if settled or above > self.tol else 0.3)
                if (settled and stale > _STALE) or now - first > patience:
                    return
            if now > self.deadline or not self._round(settled):
                break
        if first is None:
            for s in self.states:
                left = self.deadline - time.monotonic()
                if s.exact is None and left > 0:
                    s.look_for_ties(left)

    def _round(self, settled: bool) -> bool:
        alive = [s for s in self.states if not s.stuck and not s.complete]
        if not alive:
            return False
        widths = [_width(s) for s in alive]
        least = 0.3 * max(widths)
        for s, w in zip(alive, widths, strict=True):
            if w < least:
                continue
            if time.monotonic() > self.deadline:
                break
            s.refine(signs_only=not settled and self.count == 1)
            # Once there is a verdict, ties matter to the enclosure only, and not for one cluster.
            due = s.rounds in _TRIES or s.stuck
            if due and not s.complete and (not settled or several_clusters(s.cover)):
                left = self.deadline - time.monotonic()
                s.look_for_ties(min(left, SETTLED_SECONDS) if settled else left)
        return True

    def _sign(self, lo: float, hi: float) -> tuple[Verdict, Verdict] | None:
        """Return the verdicts on descent and on ascent, where descent is decided."""
        if not all(s.cover.defined for s in self.states):
            return None
        if hi < 0:
            return Verdict.PROVED, Verdict.REFUTED
        if lo > 0:
            return Verdict.REFUTED, Verdict.PROVED
        total = self.exact_total()
        which = None if total is None else sign(total)
        complete = all(s.complete for s in self.states)
        if which == 1:
            return Verdict.REFUTED, Verdict.PROVED
        if which == 0 and complete:
            return Verdict.REFUTED, Verdict.REFUTED
        if which == 0 or lo >= 0:
            no_ascent = Verdict.REFUTED if hi <= 0 else Verdict.UNDECIDED
            return Verdict.REFUTED, no_ascent
        if which == -1 and complete:
            return Verdict.PROVED, Verdict.REFUTED
        return None

    # --- the answer ------------------------------------------------------------------------

    def result(self, f: Any, theta: tuple[Any, ...], seconds: float) -> DescentProof:
        """Return what was proved."""
        found = self._sign(*self.total())
        verdict, ascent = found or (Verdict.UNDECIDED, Verdict.UNDECIDED)
        complete = all(s.complete for s in self.states)
        exact = None
        total = self.exact_total() if complete else None
        if total is not None:
            exact = tidy(total / (self.count * self.size))
        values = [s.value_bounds for s in self.states]
        count = self.count
        mean = (
            bounded_sum([v[0] for v in values], -math.inf),
            bounded_sum([v[1] for v in values], math.inf),
        )
        value = mean
        if count > 1:
            value = (
                math.nextafter(mean[0] / count, -math.inf),
                math.nextafter(mean[1] / count, math.inf),
            )
        reason = self._how() if found else self._why_not()
        if self.asked.note:
            reason = f"{reason} Note: {self.asked.note}."
        derivative = self.derivative()
        if exact is not None:
            low, high = float_bounds(exact)
            derivative = max(low, derivative[0]) + 0.0, min(high, derivative[1]) + 0.0
        points = tuple(p for s in self.states for p in s.points)
        return DescentProof(
            verdict=verdict,
            ascent=ascent,
            derivative=derivative,
            value=(value[0] + 0.0, value[1] + 0.0),
            exact_derivative=exact,
            direction=self.asked.gamma,
            asked=self.asked.text,
            steepest=self.asked.steepest and verdict is Verdict.PROVED,
            stationary=False,
            maximizers=points,
            maximizers_complete=all(s.points_complete for s in self.states),
            boxes=self.boxes,
            seconds=seconds,
            reason=reason,
            theta=theta,
            trace=tuple(self.trace),
            defined=all(s.cover.defined for s in self.states),
            evidence=(f, self.states),
        )

    def _how(self) -> str:
        left = sum(len(s.cover.cells) for s in self.states)
        lo, hi = self.total()
        if hi < 0:
            return f"All {left} cells that can hold a maximizer have a negative rate."
        plain = all(s.exact is None and s.by_orbits == -math.inf for s in self.states)
        if lo > 0 and plain:
            return f"All {left} cells that can hold a maximizer have a positive rate."
        if any(s.exact is None and s.by_orbits > -math.inf for s in self.states):
            return "Maximizers come in orbits of g's symmetries, and every orbit shows it."
        return "Maximizers proved in exact arithmetic show it."

    def _why_not(self) -> str:
        for s in self.states:
            if not s.cover.defined:
                where = f"sample {s.indices[0]}: " if self.count > 1 else ""
                return (
                    f"{where}g is not seen to be defined and continuous around theta on all of S "
                    "(a pole, or a root or logarithm at the edge of its domain). Restrict S or "
                    "rewrite the formula; raise the budget if S is large."
                )
        if time.monotonic() >= self.deadline:
            why = "the time ran out"
        elif any(s.cover.exhausted for s in self.states):
            why = "the cells became too small or too many"
        else:
            why = "the rounds ran out"
        for s in self.states:
            rate = s.cover.ranges.rate
            if (rate[1] < 0).any() and (-rate[0] >= 0).any():
                return (
                    f"{why}; cells with negative and with positive rates have values that cannot "
                    "be told apart, as at a tie, and which hold a maximizer could not be decided "
                    'exactly. Give theta exactly (text such as "sqrt(2)/10", not a float), or '
                    "move theta off the tie."
                )
        return (
            f"{why}; the rate at the maximizers is too near 0 to be told from it. Raise the budget."
        )


def _width(s: Sample) -> float:
    lo, hi = s.bounds
    return hi - lo if math.isfinite(hi - lo) else math.inf


def _crowded(s: Sample, before: int, settled: bool) -> bool:
    most = _CROWD * s.count * (1 if settled else 8)
    return len(s.cover.cells) > max(most, 1.5 * before)


def _sums(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    low, high = zip(*pairs, strict=True)
    return bounded_sum(low, -math.inf), bounded_sum(high, math.inf)


def _quotient(x: float, n: float, side: float) -> float:
    """Return ``x/n`` rounded towards `side`, n > 0; their product might be beyond float64."""
    return math.nextafter(x / n, side) if x else x


def bounded_sum(numbers: Sequence[float], side: float) -> float:
    """Return the sum rounded towards `side`; `side` where a number is infinite."""
    if any(not math.isfinite(x) for x in numbers):
        return side
    if len(numbers) == 1:
        return numbers[0]
    try:
        # fsum rounds once, to nearest.
        return math.nextafter(math.fsum(numbers), side)
    except OverflowError:
        return side
