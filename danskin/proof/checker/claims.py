"""What follows from bounds and points: the verdict on gamma, D, phi, the steepest direction.

With bounds ``low <= R <= high`` of the sum R of the samples' largest rates over their maximizers,
``D(theta; gamma) = R/(B |gamma|)`` for B samples. A point x of the hull of the gradients at
maximizers gives ``D(theta; u) >= <u, x>/|u|`` for every u. So x = 0 proves that no direction
descends; and for ``gamma = -c x``, c > 0, no unit direction has a D below -|x|, which gamma attains
if ``R <= <gamma, x>``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from danskin.exact import dot, length, sign
from danskin.proof.checker.points import Known, sum_of_gradients
from danskin.proof.checker.reading import Rejected, binary, items, keys, number
from danskin.proof.checker.sample import Problem, Sample

__all__ = ["Bounds", "claimed"]


@dataclass(frozen=True)
class Bounds:
    """What was checked of one sample; None where there is no bound."""

    sample: Sample
    floor: Any
    ceiling: Any
    low: Any
    high: Any
    known: Known | None

    @property
    def least(self) -> Any:
        """A lower bound of the largest rate over the maximizers."""
        if self.known is None:
            return self.low
        better = self.low is None or self.known.complete or sign(self.known.rate - self.low) == 1
        return self.known.rate if better else self.low

    @property
    def most(self) -> Any:
        """An upper bound of it."""
        return self.known.rate if self.known is not None and self.known.complete else self.high


def claimed(data: Any, problem: Problem, found: Sequence[Bounds], no_direction: bool) -> str:
    """Return the claim in words; it is rejected if it does not follow."""
    wanted = "verdict ascent derivative exact_derivative value weights"
    verdict, ascent, derivative, exact, value, weights = keys(data, wanted, "claim")
    x = None if weights is None else _in_hull(found, weights)
    at = f"At {', '.join(f'{s} = {v}' for s, v in zip(problem.theta, problem.at, strict=True))}"
    floors, ceilings = _total([b.floor for b in found]), _total([b.ceiling for b in found])
    phi = f"phi(theta) is in {_enclosure(value, 'value', floors, ceilings, len(found))}."
    if no_direction:
        if (verdict, ascent, derivative, exact) != ("refuted", "undecided", [None, None], None):
            raise Rejected("without a direction, only that theta is stationary can be claimed")
        if x is None or any(sign(c) != 0 for c in x):
            raise Rejected("that 0 lies in the hull of the gradients does not follow")
        return f"{at} no direction gamma has D(theta; gamma) < 0: theta is stationary. {phi}"
    scale = len(found) * length(problem.gamma)
    low, high = _total([b.least for b in found]), _total([b.most for b in found])
    words = _verdict(verdict, ascent, low, high)
    if x is not None:
        words += _steepest(problem.gamma, x, high)
    words += f" D(theta; gamma) is in {_enclosure(derivative, 'derivative', low, high, scale)}."
    if exact is not None:
        d = number(exact, "exact_derivative", problem.names)
        if low is None or high is None or sign(d * scale - low) != 0 or sign(d * scale - high) != 0:
            raise Rejected("the exact value of the derivative does not follow")
        words += f" D(theta; gamma) = {d}."
    return f"{at}, along gamma = ({', '.join(map(str, problem.gamma))}), {words} {phi}"


def _verdict(verdict: Any, ascent: Any, low: Any, high: Any) -> str:
    # D |gamma| B lies between low and high.
    below = None if high is None else sign(high)
    above = None if low is None else sign(low)
    if verdict == "proved":
        if below != -1 or ascent != "refuted":
            raise Rejected("that the derivative is negative does not follow")
        return "gamma is a descent direction: D(theta; gamma) < 0."
    if verdict != "refuted":
        raise Rejected("the verdict is neither proved nor refuted")
    if above not in (0, 1):
        raise Rejected("that the derivative is not negative does not follow")
    if ascent == "proved" and above == 1:
        return "gamma is not a descent direction, and phi rises along it: D(theta; gamma) > 0."
    if ascent == "refuted" and below in (-1, 0):
        return "gamma is not a descent direction: D(theta; gamma) = 0."
    if ascent != "undecided":
        raise Rejected("what is claimed of ascent does not follow")
    return "gamma is not a descent direction: D(theta; gamma) >= 0."


def _in_hull(found: Sequence[Bounds], weights: Any) -> list[Any]:
    """Return the sum over the samples of points of their hulls."""
    if len(items(weights, "weights", len(found))) != len(found):
        raise Rejected("there are not weights for each sample")
    pairs = zip(found, weights, strict=True)
    rows = [sum_of_gradients(b.sample, b.known, w) for b, w in pairs]
    return [sympy.Add(*column) for column in zip(*rows, strict=True)]


def _steepest(gamma: Sequence[Any], x: Sequence[Any], high: Any) -> str:
    parallel = all(
        sign(a * y - b * c) == 0
        for (a, c) in zip(gamma, x, strict=True)
        for (b, y) in zip(gamma, x, strict=True)
    )
    inner = dot(gamma, x)
    if not parallel or sign(inner) != -1:
        raise Rejected("gamma does not point against the point of the hull that is named")
    if high is None or sign(inner - high) not in (0, 1):
        raise Rejected("that gamma is the steepest direction does not follow")
    return " It is the steepest one: no other unit direction has a D as small."


def _total(numbers: Sequence[Any]) -> Any:
    return None if any(x is None for x in numbers) else sympy.Add(*numbers)


def _enclosure(data: Any, what: str, low: Any, high: Any, scale: Any) -> str:
    """Check that ``[low, high]/scale`` lies in the claimed interval; None is no bound."""
    ends = items(data, what, 2)
    if len(ends) != 2:
        raise Rejected(f"claim.{what}: not two bounds")
    lo, hi = (None if e is None else binary(e, what) for e in ends)
    if lo is not None and (low is None or sign(low - lo * scale) not in (0, 1)):
        raise Rejected(f"the lower bound claimed of the {what} does not follow")
    if hi is not None and (high is None or sign(hi * scale - high) not in (0, 1)):
        raise Rejected(f"the upper bound claimed of the {what} does not follow")
    return (
        f"[{-math.inf if lo is None else float(lo)!r}, {math.inf if hi is None else float(hi)!r}]"
    )
