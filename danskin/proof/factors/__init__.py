"""The irreducible factors of S, one kind a module: how each is subdivided, and where its faces are.

Each is parametrised by dyadic coordinates, so that cells have exact corners whatever the numbers in
the set: an interval by ``lo + (hi - lo) s`` with s in [0, 1], a ball by ``c + r s`` with s in the
unit ball, a simplex by itself, cut into smaller simplices, and a ball of the 1-norm by one simplex
an orthant. `factors_of` takes a set apart into them.
"""

from __future__ import annotations

import math
from typing import Any

from danskin.errors import InvalidInputError
from danskin.exact import sign
from danskin.proof.factors.ball import RoundBall
from danskin.proof.factors.factor import Factor, Intervals, Moves, Part
from danskin.proof.factors.line import Interval, Points, Time
from danskin.proof.factors.simplices import Simplices
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Product, Simplex
from danskin.sets.points import Hull

__all__ = [
    "Factor",
    "Interval",
    "Intervals",
    "Moves",
    "Part",
    "Points",
    "RoundBall",
    "Simplices",
    "Time",
    "factors_of",
]

_MAX_ORTHANTS = 256


def factors_of(domain: CompactSet) -> list[Factor]:
    """Return the factors of a set.

    Raises
    ------
    InvalidInputError
        A set that cannot be subdivided here.
    """
    if isinstance(domain, Product):
        return [f for s in domain.sets for f in factors_of(s)]
    if domain.is_point():
        return [Points([domain.exact_point()])]
    if isinstance(domain, Ball) and (domain.norm == math.inf or domain.dim == 1):
        domain = domain.as_box()
    if isinstance(domain, Box):
        return [_line(a, b) for a, b in zip(domain.exact_lo, domain.exact_hi, strict=True)]
    if isinstance(domain, FiniteSet):
        return [Points(domain.exact_points)]
    if isinstance(domain, Simplex):
        return [Simplices(domain.dim)]
    if isinstance(domain, Ball) and domain.norm == 2:
        return [RoundBall(domain.exact_center, domain.exact_radius)]
    if isinstance(domain, Ball) and 2**domain.dim <= _MAX_ORTHANTS:
        return [Simplices(domain.dim + 1, domain.exact_center, domain.exact_radius)]
    what = "a hull of points" if isinstance(domain, Hull) else f"{domain!r}"
    raise InvalidInputError(
        "domain",
        f"{what} cannot be subdivided for a proof",
        "Use intervals, boxes, simplices, balls (of the 1-norm in up to 8 dimensions), finite "
        "sets, and products of these.",
    )


def _line(lo: Any, hi: Any) -> Factor:
    return Points([(lo,)]) if sign(hi - lo) == 0 else Interval(lo, hi)
