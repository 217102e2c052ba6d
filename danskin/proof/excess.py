"""That nothing in S lies above a value: forms of ``g - m`` seen to be at most 0 on all cells.

A point whose exact value is m is a maximizer if ``g - m <= 0`` on all cells that can hold one. The
difference is written in forms whose sign intervals see, such as ``-c p**2``, with multiples of what
is at least 0 on S added: numbers >= 0 times the slack of a ball, as in Lagrange's conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.exact import exact_max, sign
from danskin.proof.at_point import Point, exact_at
from danskin.proof.boxes import Cells
from danskin.proof.cover import Cover
from danskin.proof.evaluate import Tape
from danskin.proof.factors import RoundBall, Simplices
from danskin.proof.local import LocalProblem, is_defined

__all__ = ["Excess", "never_above", "nowhere_positive"]


@dataclass(frozen=True)
class Excess:
    """A form of ``g - m`` plus multiples of what is at least 0 on S, nowhere seen above 0.

    Attributes
    ----------
    form : sympy.Expr
    multipliers : tuple of (factor of S, orthant, number >= 0)
    """

    form: Any
    multipliers: tuple[tuple[int, int, Any], ...]


def never_above(cover: Cover, value: Any, point: Point) -> Excess | None:
    """Return a form of ``g - value`` that is seen to be at most 0 on all cells, or None.

    Where the point lies on a sphere or a face of a ball, multiples of what is at least 0 in the
    ball are added, as first-order conditions at the point suggest.
    """
    problem = cover.problem
    given = problem.f.at(problem.theta)
    for find in (list, lambda: _multipliers(problem, point)):
        found: list[Any] = find()
        lift = sympy.Add(*(c * slack for *_, c, slack in found))
        for form in _forms(given + lift, problem.value + lift, value, problem.symbols):
            if nowhere_positive(form, problem, cover.cells).all():
                return Excess(form, tuple((n, piece, c) for n, piece, c, _ in found))
    return None


def _forms(given: Any, written: Any, value: Any, symbols: Sequence[Any]) -> list[Any]:
    """Return forms of g - m: as given, written out, and as a product of factors."""
    forms = [given - value, written - value]
    difference = sympy.expand(written - value)
    if difference.is_polynomial(*symbols):
        p = sympy.Poly(difference, *symbols)
        if all(c.is_Rational for c in p.coeffs()):
            c, factors = p.factor_list()
            forms.append(sympy.Mul(c, *(f.as_expr() ** n for f, n in factors)))
    return list(dict.fromkeys(forms))


def _multipliers(problem: LocalProblem, point: Point) -> list[tuple[int, int, Any, Any]]:
    """Return for each ball the point is on the edge of: its number, orthant, multiplier, slack."""
    found: list[tuple[int, int, Any, Any]] = []
    for n, (f, where) in enumerate(zip(problem.space.factors, problem.space.slices, strict=True)):
        if not isinstance(f, RoundBall | Simplices) or f.exact_center is None:
            continue
        center, radius = f.exact_center, f.exact_radius
        own = problem.symbols[where]
        moved = [x - c for x, c in zip(point[where], center, strict=True)]
        slopes = [exact_at(problem.slopes[i], problem.symbols, point) for i in range(*_ends(where))]
        if isinstance(f, RoundBall):
            piece, size = 0, sympy.Add(*(g * m for g, m in zip(slopes, moved, strict=True)))
            multiplier = sympy.expand(size / (2 * radius**2))
            squares = ((s - c) ** 2 for s, c in zip(own, center, strict=True))
            slack = radius**2 - sympy.Add(*squares)
        else:
            signs = [
                -1 if (sign(m) or sign(g)) == -1 else 1 for m, g in zip(moved, slopes, strict=True)
            ]
            piece = int("".join("0" if s > 0 else "1" for s in signs), 2)
            best = exact_max([s * g for s, g in zip(signs, slopes, strict=True)])
            multiplier = sympy.Integer(0) if best is None else best[0]
            triples = zip(signs, own, center, strict=True)
            slack = radius - sympy.Add(*(s * (x - c) for s, x, c in triples))
        if sign(exact_at(slack, problem.symbols, point)) == 0 and sign(multiplier) == 1:
            found.append((n, piece, multiplier, slack))
    return found


def _ends(where: slice) -> tuple[int, int]:
    return where.start, where.stop


def nowhere_positive(form: Any, problem: LocalProblem, cells: Cells) -> np.ndarray:
    """Return on which cells an expression in delta is seen to be at most 0, (N,)."""
    count = len(cells)
    out = Tape([form], problem.symbols)(problem.space.enclose(cells), count)[0]
    return is_defined(out, count) & (out[0][1] <= 0)
