"""`prove_descent`: is gamma a descent direction of phi at theta? By branch and bound, exactly.

With R the largest rate ``<gamma, grad_theta g(theta, .)>`` over S*(theta), Danskin's formula reads
``D(theta; gamma) = R/|gamma|``; for a batch, R is the mean of the samples' (the argmax set is a
product). Cells that cover S* bound R from both sides. Descent, ``R < 0``, is an open condition and
ends as soon as the bounds show it. Its refutation at a kink takes a point that is *exactly* a
maximizer (`ties`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import sympy

from danskin.argmax.polynomial import polynomial_terms
from danskin.derivative import directional_derivative
from danskin.errors import DanskinError, InvalidInputError
from danskin.exact import compare, exact_max, exact_vector, length, sign, tidy
from danskin.maximizers import MaximizerSet
from danskin.objective import BatchObjective, ExpressionObjective
from danskin.proof.cover import Cover
from danskin.proof.direction import Direction, read_direction
from danskin.proof.interval import require_ieee
from danskin.proof.local import LocalProblem
from danskin.proof.proved import by_class
from danskin.proof.result import DescentProof
from danskin.proof.symmetry import Orbits
from danskin.proof.template import groups_of
from danskin.proof.ties import (
    Maximum,
    exact_at,
    float_bounds,
    reach_ceiling,
    resolve,
    several_clusters,
)
from danskin.verdict import Verdict

__all__ = ["DEFAULT_BUDGET", "Sample", "expression_samples", "prove_descent", "read_seconds"]

#: Seconds, where no budget is given.
DEFAULT_BUDGET = 30.0
_TOLERANCE = 1e-6
#: Rounds after which ties are looked at.
_TRIES = frozenset({3, 7, 12, 18, 25, 33, 42, 52, 64, 78, 94, 112, 132})
_MAX_ROUNDS = 400
#: Rounds without a tighter enclosure, after the verdict.
_STALE = 8
#: From this round on a try at exact ties may take longer.
_LATE = 30
#: What an exact value of D is worth, once the verdict is there.
_SETTLED_SECONDS = 0.5
#: A batch this small has its enclosure tightened as a single objective does.
_FEW = 8
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
                    seconds = min(seconds, _SETTLED_SECONDS)
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


def expression_samples(f: Any, what: str) -> tuple[ExpressionObjective, ...]:
    """Return the inner problems of an objective, all given by formulas.

    Raises
    ------
    InvalidInputError
        An objective of callables: there is nothing to enclose.
    """
    samples = f.samples if isinstance(f, BatchObjective) else (f,)
    for i, s in enumerate(samples):
        if not isinstance(s, ExpressionObjective):
            where = f"f.samples[{i}]" if isinstance(f, BatchObjective) else "f"
            raise InvalidInputError(
                where,
                f"{what} needs a formula, and {s!r} is not one: a function that can only be "
                "called at points cannot be enclosed between them",
                "Build the objective with MinMaxObjective.from_expression; for estimates use "
                "dk.maximizers and dk.directional_derivative.",
            )
    return cast("tuple[ExpressionObjective, ...]", tuple(samples))


def prove_descent(
    f: Any,
    theta: Any,
    direction: Any,
    *,
    budget: float | None = None,
    tol: float = _TOLERANCE,
    tell: Callable[[int, float, float], None] | None = None,
) -> DescentProof:
    """Prove or refute that a direction descends: ``D(theta; gamma) < 0``.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective, from formulas
        g must be continuous, with a continuous gradient in theta, around theta on all of S; the
        enclosures check it, and what they cannot see to be defined proves nothing.
    theta : (n,) numbers or exact text
        A float means that very binary number: ``0.1`` is not 1/10, ``"0.1"`` is.
    direction : (n,) numbers, "steepest", or "single:i"
        "single:i" is minus the gradient at the i-th of ``maximizers(f, theta)``.
    budget : float, optional
        Seconds; 30 by default. It is looked at between rounds.
    tol : float
        After the verdict, the enclosure of D is tightened to this width, where that is quick.
    tell : callable, optional
        Told the number of open cells and the bounds on D from round to round.

    Returns
    -------
    DescentProof

    Raises
    ------
    InvalidInputError
        An objective of callables, a zero direction, wrong shapes, a theta where g is undefined.
    """
    start = time.monotonic()
    samples = expression_samples(f, "a proof")
    require_ieee()
    seconds = read_seconds(budget)
    _require_width(tol)
    point = exact_vector(theta, "theta", f.theta_dim)
    asked, S = read_direction(f, point, direction, seconds)
    if asked.gamma is None:
        return _without_direction(f, samples, point, asked, S, start)
    deadline = start + seconds
    alone = [([i], None) for i in range(len(samples))]
    attempt = None
    for groups in (groups_of(samples) if _share(samples) else alone, alone):
        states = []
        for indices, shared in groups:
            s = samples[indices[0]]
            problem = LocalProblem(s, point, asked.gamma, shared)
            states.append(Sample(s, point, problem, Cover(problem), tuple(indices), shared))
        attempt = _Attempt(states, asked, deadline, tol, tell)
        attempt.run()
        # With theta put in exactly, what cancels there may decide it.
        if attempt.decided or groups is alone or time.monotonic() > deadline:
            break
    assert attempt is not None
    return attempt.result(f, point, time.monotonic() - start)


def _share(samples: Sequence[ExpressionObjective]) -> bool:
    """Whether many samples may share tapes: polynomials are better with theta put in exactly."""
    first = samples[0]
    return len(samples) >= 3 and polynomial_terms(first.expression, first.delta_symbols) is None


def read_seconds(budget: Any) -> float:
    """Return a budget in seconds, or the default one."""
    if budget is None:
        return DEFAULT_BUDGET
    number = isinstance(budget, (int, float, np.number)) and not isinstance(budget, bool)
    if not number or not budget > 0:
        raise InvalidInputError("budget", f"{budget!r} is not a number of seconds", "Pass > 0.")
    return float(budget)


def _require_width(tol: Any) -> None:
    number = isinstance(tol, (int, float, np.number)) and not isinstance(tol, bool)
    if not number or not tol >= 0:
        raise InvalidInputError("tol", f"{tol!r} is not a width", "Pass a number >= 0.")


class _Attempt:
    """The search for a verdict on the sum of the samples' rates."""

    def __init__(
        self,
        states: Sequence[Sample],
        asked: Direction,
        deadline: float,
        tol: float,
        tell: Callable[[int, float, float], None] | None,
    ) -> None:
        self.states, self.asked, self.deadline, self.tol = states, asked, deadline, tol
        self.tell = tell
        assert asked.gamma is not None
        self.size = length(asked.gamma)
        self.size_bounds = float_bounds(self.size)
        self.count = sum(s.count for s in states)

    # --- bounds on D -----------------------------------------------------------------------

    def total(self) -> tuple[float, float]:
        """Bounds on the sum of the samples' rates."""
        pairs = [s.bounds for s in self.states]
        return _sum([p[0] for p in pairs], -math.inf), _sum([p[1] for p in pairs], math.inf)

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
        ends = [
            x / (n * count)
            for x, n in ((lo, self._length(lo, down=True)), (hi, self._length(hi, down=False)))
        ]
        # Two roundings: the product and the quotient.
        low, high = ends
        for _ in range(2):
            low = math.nextafter(low, -math.inf) if lo else low
            high = math.nextafter(high, math.inf) if hi else high
        return low + 0.0, high + 0.0

    def _length(self, x: float, down: bool) -> float:
        # A negative lower end over the smallest length is lowest, and so on.
        small, large = self.size_bounds
        return small if (x < 0) == down else large

    @property
    def decided(self) -> bool:
        """Whether there is a verdict."""
        return self._sign(*self.total()) is not None

    # --- the search ------------------------------------------------------------------------

    def run(self) -> None:
        """Refine until there is a verdict and a tight enclosure, or nothing more can be done."""
        begun = time.monotonic()
        first, stale, width = None, 0, math.inf
        for _ in range(_MAX_ROUNDS):
            lo, hi = self.total()
            now = time.monotonic()
            found = self._sign(lo, hi)
            if self.tell is not None:
                self.tell(sum(len(s.cover.cells) for s in self.states), *self.derivative())
            # Refuted, but whether D is 0 or positive is open: worth a look, not all the time.
            settled = found is not None and Verdict.UNDECIDED not in found
            if found is not None:
                first = first or now
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
                s.look_for_ties(min(left, _SETTLED_SECONDS) if settled else left)
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
        mean = _sum([v[0] for v in values], -math.inf), _sum([v[1] for v in values], math.inf)
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
            boxes=sum(s.cover.evaluated for s in self.states),
            seconds=seconds,
            reason=reason,
            theta=theta,
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


def _sum(numbers: Sequence[float], side: float) -> float:
    if any(not math.isfinite(x) for x in numbers):
        return side
    if len(numbers) == 1:
        return numbers[0]
    # fsum rounds once, to nearest.
    return math.nextafter(math.fsum(numbers), side)


def _without_direction(
    f: Any,
    samples: Sequence[ExpressionObjective],
    theta: Any,
    asked: Direction,
    S: Any,
    start: float,
) -> DescentProof:
    """Answer where there is no direction: a stationary theta, a zero gradient, or no result."""
    covers = [Cover(LocalProblem(s, theta)) for s in samples]
    for c in covers:
        for _ in range(30):
            if c.defined or not c.refine(~c.ranges.defined):
                break
    stationary = asked.stationary and all(c.defined for c in covers)
    values = [(c.floor, c.ceiling) for c in covers]
    count = len(covers)
    value = (
        math.nextafter(_sum([v[0] for v in values], -math.inf) / count, -math.inf),
        math.nextafter(_sum([v[1] for v in values], math.inf) / count, math.inf),
    )
    reason = asked.note or "0 lies in the hull of the gradients, by exact weights."
    if not stationary and asked.stationary:
        reason = "g is not seen to be defined and continuous around theta on all of S."
    # Points found by a search, or under a class that was not believed, are proved nothing of.
    proved = bool(getattr(S, "complete", False)) and all(c.defined for c in covers)
    known = tuple(getattr(S, "exact_deltas", None) or ()) if proved else ()
    return DescentProof(
        verdict=Verdict.REFUTED if stationary else Verdict.UNDECIDED,
        ascent=Verdict.UNDECIDED,
        derivative=(0.0 if stationary else -math.inf, math.inf),
        value=value,
        exact_derivative=None,
        direction=None,
        asked=asked.text,
        steepest=False,
        stationary=stationary,
        maximizers=known,
        maximizers_complete=proved and not getattr(S, "faces", ()),
        boxes=sum(c.evaluated for c in covers),
        seconds=time.monotonic() - start,
        reason=reason,
        theta=theta,
        evidence=(f, covers),
    )
