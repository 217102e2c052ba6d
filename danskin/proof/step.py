"""`certified_step`: a T > 0 with ``phi(theta + t gamma) < phi(theta)`` for all t in (0, T].

The range (0, T] is cut into slices; on each, the mean over the samples of the bounds on
``(phi(theta + t gamma) - phi(theta))/t`` (`segment`) has to be negative. A numeric search for the
first failure says how far it is worth trying; it is a guess that no proof rests on.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from danskin.errors import DanskinError, InvalidInputError, LimitError
from danskin.exact import exact_number, length, sign, to_float
from danskin.proof.arguments import DEFAULT_BUDGET, require_range
from danskin.proof.at_point import float_bounds
from danskin.proof.cover import total
from danskin.proof.descent import prove_descent
from danskin.proof.result import DescentProof
from danskin.proof.sample import Sample
from danskin.proof.segment import Segment, Sweep
from danskin.verdict import Verdict

__all__ = ["CertifiedStep", "certified_step"]

#: How far below the numeric first failure the first attempt goes.
_CLOSE = 0.96
_LEAST = 2.0**-30
_VALUE_ROUNDS = 40
_ROUNDS = 45
_BATCH_ROUNDS = 20
_STALE = 14
_SAMPLES = 400


@dataclass(frozen=True)
class CertifiedStep:
    """A step along which phi is proved to decrease.

    Attributes
    ----------
    verdict : Verdict
        PROVED: ``phi(theta + t gamma) < phi(theta)`` for all t in (0, step], step > 0. REFUTED:
        there is no such step, since phi is proved to rise along gamma (or theta is stationary
        and no direction was there to follow). UNDECIDED: none was found.
    step : float
        T, in units of the direction as it was given (not normalised); 0 where none is proved.
    length : float
        ``T |gamma|``, rounded.
    max_step : float
    failure : float or None
        Where a numeric search first found phi not below phi(theta): an estimate, not proved.
    slices : tuple of (start, end)
        The ranges of t that were proved one by one.
    descent : DescentProof
        The proof of descent to first order that it starts from.
    boxes : int
    seconds : float
    reason : str
    """

    verdict: Verdict
    step: float
    length: float
    max_step: float
    failure: float | None
    slices: tuple[tuple[float, float], ...]
    descent: DescentProof
    boxes: int
    seconds: float
    reason: str
    evidence: Any = field(default=None, repr=False, compare=False)

    def explain(self) -> str:
        """Say in a sentence or two what was proved."""
        if self.verdict is Verdict.PROVED:
            limit = " (all that was asked)" if self.step >= self.max_step else ""
            beyond = (
                f" A search first found no decrease at t = {self.failure:.6g}."
                if self.failure is not None and self.step < self.max_step
                else ""
            )
            return (
                f"Proved: phi(theta + t gamma) < phi(theta) for all t in (0, {self.step!r}]{limit}."
                f"{beyond}"
            )
        head = "Refuted" if self.verdict is Verdict.REFUTED else "Undecided"
        return f"{head}: no step is certified. {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "verdict": self.verdict.value,
            "step": self.step,
            "length": self.length,
            "max_step": self.max_step,
            "failure_estimate": self.failure,
            "slices": [list(s) for s in self.slices],
            "descent": self.descent.to_dict(),
            "boxes": self.boxes,
            "seconds": self.seconds,
            "reason": self.reason,
        }

    def save(self, path: str | Path) -> None:
        """Write the claim, the descent proof it starts from, and the slices, as JSON.

        Raises
        ------
        InvalidInputError
            Nothing was proved, or the file cannot be written.
        """
        from danskin.proof.saving import write_step

        if self.verdict is not Verdict.PROVED:
            raise InvalidInputError("step", "none is proved", "Only a proved step can be saved.")
        write_step(self, path)

    def __repr__(self) -> str:
        return f"CertifiedStep({self.verdict}, step={self.step:.6g}, {self.seconds:.3f} s)"


def certified_step(
    f: Any,
    theta: Any,
    direction: Any,
    max_step: Any,
    *,
    budget: float | None = None,
    tell: Callable[[int, float, float], None] | None = None,
) -> CertifiedStep:
    """Certify a step: phi is below its value at theta all the way.

    Parameters
    ----------
    f, theta, direction, budget
        As for `prove_descent`. Steps are in units of the direction as given, which is not
        normalised; "steepest" and "single:i" have unit length.
    max_step : number > 0
        No longer step is asked for.
    tell : callable, optional
        Told the number of cells enclosed so far, the step proved so far, and the one aimed at.

    Returns
    -------
    CertifiedStep

    Raises
    ------
    InvalidInputError
    """
    begun = time.monotonic()
    limit = _limit(max_step)
    longest = to_float(limit)
    seconds = DEFAULT_BUDGET if budget is None else budget
    proof = prove_descent(f, theta, direction, budget=budget)
    if proof.verdict is not Verdict.PROVED or proof.direction is None:
        return _no_step(proof, longest, begun)
    _, states = proof.evidence
    try:
        segments = [Segment(s.f, proof.theta, proof.direction, s.shared) for s in states]
    except LimitError as error:
        why = f"{error}: the direction's numbers may be too long; pass it as floats."
        return _no_step(proof, longest, begun, why)
    deadline = begun + seconds
    for s in states:
        _tighten(s, min(deadline, time.monotonic() + max(0.5, seconds / 3) / len(states)))
    failure = _first_failure(f, proof, longest)
    end = longest if failure is None else min(longest, _CLOSE * failure)
    search = _Search(segments, [s.cover.floors for s in states], deadline, tell)
    slices = search.run(end, longest if failure is None else None)
    step = slices[-1][1] if slices else 0.0
    # The exact bound asked for may lie below its float.
    if step >= longest:
        step = float_bounds(limit)[0]
    reason = "" if slices else "The bounds stayed too wide; raise the budget or shorten max_step."
    return CertifiedStep(
        verdict=Verdict.PROVED if slices else Verdict.UNDECIDED,
        step=step,
        length=step * to_float(length(proof.direction)),
        max_step=longest,
        failure=failure,
        slices=tuple(slices),
        descent=proof,
        boxes=proof.boxes + search.evaluated,
        seconds=time.monotonic() - begun,
        reason=reason,
        evidence=search.kept,
    )


def _limit(max_step: Any) -> Any:
    limit = exact_number(max_step, "max_step")
    if sign(limit) != 1:
        raise InvalidInputError(
            "max_step", f"{str(max_step)[:60]} is not positive", "Pass a step > 0."
        )
    require_range(limit, "max_step")
    return limit


def _no_step(
    proof: DescentProof, longest: float, begun: float, why: str | None = None
) -> CertifiedStep:
    refuted = proof.ascent is Verdict.PROVED or proof.stationary
    why = proof.explain() if why is None else why
    if proof.verdict is Verdict.REFUTED and not refuted:
        why = f"D is not negative, so that nothing follows to first order. {why}"
    return CertifiedStep(
        verdict=Verdict.REFUTED if proof.ascent is Verdict.PROVED else Verdict.UNDECIDED,
        step=0.0,
        length=0.0,
        max_step=longest,
        failure=None,
        slices=(),
        descent=proof,
        boxes=proof.boxes,
        seconds=time.monotonic() - begun,
        reason=why,
    )


def _tighten(s: Sample, deadline: float) -> None:
    """Raise the proved lower bound of a sample's maximum at theta."""
    cover = s.cover
    cover.climb()
    if s.value is not None:
        cover.raise_floor(float_bounds(s.value)[0], s.points[0] if s.points else ())
    for _ in range(_VALUE_ROUNDS):
        gap = cover.ceiling - cover.floor
        if gap <= 1e-12 * max(1.0, abs(cover.floor)) or time.monotonic() > deadline:
            return
        if len(cover.cells) > 2000 or not cover.refine(cover.ranges.value[1] > cover.floor):
            return


class _Search:
    """Slices of (0, T], proved from the left."""

    def __init__(
        self,
        segments: Sequence[Segment],
        floors: Sequence[np.ndarray],
        deadline: float,
        tell: Callable[[int, float, float], None] | None = None,
    ) -> None:
        self.tell = tell
        self.segments, self.floors, self.deadline = segments, floors, deadline
        self.evaluated = 0
        #: The sweeps that proved the slices.
        self.kept: list[list[Sweep]] = []

    def run(self, end: float, whole: float | None) -> list[tuple[float, float]]:
        """Return the slices proved from 0 on, as far as `end` at most."""
        proved: list[tuple[float, float]] = []
        pending = [(0.0, float(end))]
        rounds = 0
        while pending and time.monotonic() < self.deadline:
            a, b = pending.pop()
            rounds += 1
            if self.tell is not None:
                self.tell(self.evaluated, proved[-1][1] if proved else 0.0, end)
            # Worth little time while it can still be halved.
            if self._holds(a, b, min(self.deadline, time.monotonic() + self._patience())):
                proved.append((a, b))
            elif b - a > _LEAST * end and (a + b) / 2 not in (a, b) and rounds < 60:
                middle = (a + b) / 2
                if b - a < end / 40 and proved:
                    break
                pending += [(middle, b), (a, middle)]
            else:
                break
        return proved

    def _patience(self) -> float:
        return max(0.5, (self.deadline - time.monotonic()) / 8)

    def _holds(self, a: float, b: float, deadline: float) -> bool:
        """Whether the mean of the bounds over [a, b] is negative."""
        ends = sympy.Rational(*a.as_integer_ratio()), sympy.Rational(*b.as_integer_ratio())
        sweeps = [Sweep(s, L, *ends) for s, L in zip(self.segments, self.floors, strict=True)]
        single = len(sweeps) == 1 and len(self.floors[0]) == 1
        last, stale = math.inf, 0
        try:
            for _ in range(_ROUNDS if single else _BATCH_ROUNDS):
                bound = total(np.concatenate([s.bounds for s in sweeps]), math.inf)
                if bound < 0:
                    self.kept.append(sweeps)
                    return True
                # A bound may rest for a while on one cell after another, but not for long.
                stale = stale + 1 if bound > 0.97 * last else 0
                last = min(last, bound)
                if time.monotonic() > deadline or stale > _STALE:
                    return False
                moved = [s.refine(single) for s in sweeps if not s.stuck]
                if not any(moved):
                    return False
            return False
        finally:
            self.evaluated += sum(s.evaluated for s in sweeps)


def _first_failure(f: Any, proof: DescentProof, longest: float) -> float | None:
    """Estimate the first t at which phi is not below phi(theta), from samples and local searches.

    Lower estimates of phi along the way are compared with the proved upper bound at theta, so
    the estimate is late rather than early.
    """
    theta = np.array([to_float(x) for x in proof.theta])
    assert proof.direction is not None
    gamma = np.array([to_float(x) for x in proof.direction])
    samples = getattr(f, "samples", (f,))
    rng = np.random.default_rng(0)
    count = max(60, _SAMPLES * 4 // (3 + len(samples)))
    pools = []
    for s in samples:
        points = s.domain.sample(rng, count)
        corners = s.domain.vertices() if s.domain.dim <= 6 else None
        if corners is not None and len(corners) <= 64:
            points = np.vstack([points, [[to_float(c) for c in p] for p in corners]])
        pools.append(points)

    def phi(t: float) -> float:
        total = 0.0
        for s, pool in zip(samples, pools, strict=True):
            try:
                total += float(s.values(theta + t * gamma, pool).max())
            except DanskinError:
                return math.inf
        return total / len(samples)

    target = proof.value[1]
    start = phi(0.0)
    # Samples miss the maximum by about the same along the way.
    target = min(target, start) if math.isfinite(start) else target
    steps = np.concatenate(
        [longest * np.logspace(-6, -1, 26), np.linspace(0.1, 1, 55)[1:] * longest]
    )
    before = 0.0
    for t in steps.tolist():
        if phi(t) >= target:
            for _ in range(20):
                middle = (before + t) / 2
                before, t = (before, middle) if phi(middle) >= target else (middle, t)
            return t
        before = t
    return None
