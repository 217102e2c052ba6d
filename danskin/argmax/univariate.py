"""Global maximizers of a polynomial on an interval, exactly.

The critical points are among the roots of the derivative (`roots`). Every candidate in the interval
is a feasible point, so one that is not critical can do no harm: it is compared like any other.
Values are compared in exact arithmetic (`danskin.exact`).
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from danskin.argmax.roots import Coefficients, real_roots
from danskin.exact import compare, exact_max, sign
from danskin.sets import Box, CompactSet, FiniteSet

__all__ = ["best_points", "maximize_polynomial"]


def maximize_polynomial(coefficients: Coefficients, interval: Box) -> list[CompactSet] | None:
    """Return the argmax of ``sum c_i x**i`` on an interval: points, or the whole interval.

    Parameters
    ----------
    coefficients : dict
        Power -> exact nonzero coefficient.
    interval : Box
        With one coordinate.

    Returns
    -------
    list of CompactSet, or None
        None where the coefficients are beyond exact root isolation or a tie stays undecided.
    """
    (lo,), (hi,) = interval.exact_lo, interval.exact_hi
    degree = max(coefficients, default=0)
    if degree == 0 or lo == hi:
        return [interval]
    if degree == 1:
        return [FiniteSet([[hi if sign(coefficients[1]) == 1 else lo]])]
    critical = real_roots({i - 1: i * c for i, c in coefficients.items() if i})
    if critical is None:
        return None
    inside = []
    for root in dict.fromkeys(critical):
        below, above = compare(root, lo), compare(root, hi)
        if below is None or above is None:
            return None
        if below > 0 and above < 0:
            inside.append(root)
    candidates = [lo, *inside, hi]
    return best_points(candidates, [_value(coefficients, x) for x in candidates])


def best_points(
    points: Sequence[sympy.Expr], values: Sequence[sympy.Expr]
) -> list[CompactSet] | None:
    """Return the points of largest value, each a set of its own, or None if undecided."""
    best = exact_max(values)
    if best is None:
        return None
    distinct: list[sympy.Expr] = []
    for i in best[1]:
        orders = [compare(points[i], x) for x in distinct]
        if None in orders:
            return None
        if 0 not in orders:
            distinct.append(points[i])
    return [FiniteSet([[x]]) for x in distinct]


def _value(coefficients: Coefficients, x: sympy.Expr) -> sympy.Expr:
    value = sympy.Add(*(c * x**i for i, c in coefficients.items()))
    return value if value.has(sympy.CRootOf) else sympy.expand(value)
