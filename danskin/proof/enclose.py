"""Enclosures of phi(theta), of D(theta; gamma), and of the set of maximizers."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from danskin.errors import InvalidInputError
from danskin.proof.arguments import exact_point, expression_samples, read_seconds
from danskin.proof.at_point import float_bounds
from danskin.proof.attempt import bounded_sum
from danskin.proof.cover import Cover
from danskin.proof.descent import prove_descent
from danskin.proof.interval import require_ieee
from danskin.proof.local import LocalProblem
from danskin.proof.proved import prove_maximizers
from danskin.proof.result import Enclosed

__all__ = [
    "EnclosedMaximizers",
    "enclose_derivative",
    "enclose_maximizers",
    "enclose_robust_value",
]

_ROUNDS = 300
_CLIMB_ROUND = 3


def enclose_robust_value(
    f: Any, theta: Any, *, tol: float = 1e-9, budget: float | None = None
) -> Enclosed:
    """Enclose ``phi(theta) = max over S of g(theta, delta)``; for a batch, the mean.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective, from formulas
    theta : (n,) numbers or exact text
    tol : float
        The width that is aimed at; the result is valid whether or not it is reached.
    budget : float, optional
        Seconds; 30 by default.

    Returns
    -------
    Enclosed

    Raises
    ------
    InvalidInputError
        An objective of callables, wrong shapes, a theta where g is undefined.
    """
    begun = time.monotonic()
    covers = _covers(f, theta)
    end = begun + read_seconds(budget)
    for c in covers:
        _narrow(c, tol, end)
    lows, highs = [c.floor for c in covers], [c.ceiling for c in covers]
    lo, hi = _mean(lows, -math.inf), _mean(highs, math.inf)
    boxes = sum(c.evaluated for c in covers)
    return Enclosed(lo, hi, None, boxes, time.monotonic() - begun)


def enclose_derivative(
    f: Any, theta: Any, direction: Any, *, tol: float = 1e-9, budget: float | None = None
) -> Enclosed:
    """Enclose ``D(theta; gamma)``, per unit length.

    Parameters, errors as for `prove_descent`, whose enclosure this is, tightened to `tol` where
    that is possible: where S* is a point, or its points are known exactly.
    """
    proof = prove_descent(f, theta, direction, budget=budget, tol=tol)
    lo, hi = proof.derivative
    return Enclosed(lo, hi, proof.exact_derivative, proof.boxes, proof.seconds)


@dataclass(frozen=True)
class EnclosedMaximizers:
    """Boxes that together contain every maximizer, proved; and exact ones where known.

    Attributes
    ----------
    lower, upper : ndarray (m, k)
        Corners of the boxes in delta (of the ranges of the cells, for simplices and balls).
    value : (lower, upper)
        Encloses the maximum.
    exact : tuple of exact points
        Points proved to be maximizers.
    complete : bool
        Whether `exact` is all of S*.
    defined : bool
        Whether g was seen to be defined on all of S; if not, nothing is claimed.
    boxes : int
        Cells enclosed on the way.
    seconds : float
    """

    lower: np.ndarray
    upper: np.ndarray
    value: tuple[float, float]
    exact: tuple[Any, ...]
    complete: bool
    defined: bool
    boxes: int
    seconds: float

    def __len__(self) -> int:
        return len(self.lower)

    def __repr__(self) -> str:
        known = f", {len(self.exact)} exact" if self.exact else ""
        return f"EnclosedMaximizers({len(self)} boxes{known}, complete={self.complete})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "lower": self.lower.tolist(),
            "upper": self.upper.tolist(),
            "value": list(self.value),
            "exact": [[str(c) for c in p] for p in self.exact],
            "complete": self.complete,
            "defined": self.defined,
            "boxes": self.boxes,
            "seconds": self.seconds,
        }


def enclose_maximizers(
    f: Any, theta: Any, *, tol: float = 1e-6, budget: float | None = None
) -> EnclosedMaximizers:
    """Cover S*(theta) by boxes; name the maximizers exactly where that is possible.

    Parameters
    ----------
    f : MinMaxObjective from a formula
        For a batch, ask for the samples one by one: S* is their product.
    theta : (n,) numbers or exact text
    tol : float
        The width of the boxes that is aimed at.
    budget : float, optional
        Seconds; 30 by default.

    Raises
    ------
    InvalidInputError
    """
    begun = time.monotonic()
    covers = _covers(f, theta)
    if len(covers) != 1:
        raise InvalidInputError(
            "f", "it is a batch", "Pass its samples one by one; S* is the product of theirs."
        )
    (cover,) = covers
    end = begun + read_seconds(budget)
    point = exact_point(theta, f.theta_dim)
    S = prove_maximizers(f, point, cover, (end - begun) / 3)
    for number in range(_ROUNDS):
        if number == _CLIMB_ROUND:
            cover.climb()
        ranges = np.array(cover.space.enclose(cover.cells))
        wide = (ranges[:, 0] + ranges[:, 1]).max(axis=0) > tol
        if not wide.any() or time.monotonic() > end or len(cover.cells) > 5000:
            break
        if not cover.refine(wide):
            break
    ranges = np.array(cover.space.enclose(cover.cells))
    value = cover.floor, cover.ceiling
    if S is not None and S.exact_value is not None:
        low, high = float_bounds(S.exact_value)
        value = max(value[0], low), min(value[1], high)
    return EnclosedMaximizers(
        lower=-ranges[:, 0].T,
        upper=ranges[:, 1].T,
        value=value,
        exact=() if S is None else tuple(S.exact_deltas or ()),
        complete=S is not None and not S.faces,
        defined=cover.defined,
        boxes=cover.evaluated,
        seconds=time.monotonic() - begun,
    )


def _covers(f: Any, theta: Any) -> list[Cover]:
    samples = expression_samples(f, "an enclosure")
    require_ieee()
    point = exact_point(theta, f.theta_dim)
    return [Cover(LocalProblem(s, point)) for s in samples]


def _narrow(cover: Cover, tol: float, end: float) -> None:
    for number in range(_ROUNDS):
        if number == _CLIMB_ROUND:
            cover.climb()
        if cover.ceiling - cover.floor <= tol or time.monotonic() > end:
            return
        # Cells that reach furthest above the floor decide the width.
        above = cover.ranges.value[1]
        level = cover.floor + 0.25 * (cover.ceiling - cover.floor)
        if not cover.refine(above >= (level if math.isfinite(level) else math.inf)):
            return


def _mean(numbers: list[float], side: float) -> float:
    whole = bounded_sum(numbers, side)
    return whole if len(numbers) == 1 else math.nextafter(whole / len(numbers), side)
