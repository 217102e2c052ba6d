"""The highest points of a cluster: a corner, or the one critical point of a strictly concave g.

The zero of the gradient is guessed from many digits (Newton's method), or offered by a linear
factor of the formula. That it is one, that it lies in S and in the cluster, and that g is strictly
concave around it in the coordinates that are free, is then proved.
"""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import sympy

from danskin.exact import sign
from danskin.exact.enclosure import enclose_at, working_precision
from danskin.expression import substitute
from danskin.proof import interval
from danskin.proof.at_point import Point, exact_at, put_in, within
from danskin.proof.boxes import Cells
from danskin.proof.charts import Chart, chart_of
from danskin.proof.elementary import DEFINED
from danskin.proof.evaluate import Tape
from danskin.proof.local import LocalProblem
from danskin.proof.recognise import BITS, recognise

__all__ = ["highest_points", "linear_roots"]

_NEWTON_STEPS = 40


def highest_points(
    problem: LocalProblem, cells: Cells
) -> tuple[Any, list[Point], bool, bool] | None:
    """Return the largest value over a cluster and points that attain it.

    And whether the rate over all points that attain it is known from these, and whether they are
    all.
    """
    chart = chart_of(problem, cells)
    if chart is None:
        return None
    local = problem.value.xreplace(dict(zip(problem.symbols, chart.delta, strict=True)))
    values: list[Any] = []
    if chart.free:
        found = _critical_point(local, chart)
        if found is None:
            return None
        values = found
    at = dict(zip(chart.free, values, strict=True))
    points = chart.points(at)
    complete = True
    if chart.flat:
        # g does not depend on these coordinates: any value of theirs will do.
        complete = not any(problem.symbols[i] in problem.rate.free_symbols for i, _ in chart.flat)
    value = exact_at(problem.value, problem.symbols, points[0])
    return value, points, complete, not chart.flat


def _critical_point(local: Any, chart: Chart) -> list[Any] | None:
    """Return the exact point where g is largest over the cluster's region, proved."""
    free = chart.free
    slopes = [sympy.diff(local, s) for s in free]
    bends = [[sympy.diff(g, s) for s in free] for g in slopes]
    if not _strictly_concave(local, bends, chart):
        return None
    start = [flint.arb(float(r[1, 0] - r[0, 0]) / 2) for r in chart.ranges]
    digits = _newton(slopes, bends, free, start)
    if digits is None:
        return None
    values = [_named(x, local, s) or recognise(x) for x, s in zip(digits, free, strict=True)]
    if any(v is None for v in values):
        return None
    at = dict(zip(free, values, strict=True))
    # The guess must be a critical point, in the region, and in S: each decided exactly.
    if any(sign(put_in(g, at)) != 0 for g in slopes):
        return None
    if not all(within(v, r) for v, r in zip(values, chart.ranges, strict=True)):
        return None
    return values if chart.holds(at) else None


def _named(digits: Any, local: Any, symbol: Any) -> Any:
    """Return the zero of a linear factor that agrees with the digits, if there is one."""
    for root in linear_roots(local, symbol, {}):
        with working_precision(BITS):
            if abs(enclose_at(root, {}, BITS) - digits) < flint.arb(2) ** -(BITS - 100):
                return root
    return None


def linear_roots(expr: Any, symbol: Any, at: dict[Any, Any]) -> list[Any]:
    """Return the zeros in `symbol` of the sums in an expression that are linear in it alone."""
    roots: list[Any] = []
    for node in sympy.preorder_traversal(expr):
        if not isinstance(node, sympy.Add) or symbol not in node.free_symbols:
            continue
        known = substitute(node, at, "delta") if node.free_symbols & at.keys() else node
        if known.free_symbols != {symbol}:
            continue
        slope = sympy.diff(known, symbol)
        if not slope.free_symbols and sign(slope) in (-1, 1):
            root = -substitute(known, {symbol: sympy.Integer(0)}, "delta") / slope
            roots.append(sympy.expand(root))
    return list(dict.fromkeys(roots))


def _newton(
    slopes: list[Any], bends: list[list[Any]], free: list[Any], x: list[Any]
) -> list[Any] | None:
    """Newton's method on the gradient at `BITS` bits, in midpoints (a guess needs no rigour)."""
    with working_precision(BITS):
        return _newton_steps(slopes, bends, free, x)


def _newton_steps(
    slopes: list[Any], bends: list[list[Any]], free: list[Any], x: list[Any]
) -> list[Any] | None:
    small = flint.arb(2) ** -(BITS - 40)
    for _ in range(_NEWTON_STEPS):
        at = dict(zip(free, x, strict=True))
        g = flint.arb_mat([[enclose_at(e, at, BITS)] for e in slopes])
        H = flint.arb_mat([[enclose_at(e, at, BITS) for e in row] for row in bends])
        step = H.solve(g)
        moved = [step[i, 0].mid() for i in range(len(x))]
        if not all(m.is_finite() for m in moved):
            return None
        x = [(a - m).mid() for a, m in zip(x, moved, strict=True)]
        if all(abs(m) < small for m in moved):
            return x
    return None


def _strictly_concave(local: Any, bends: list[list[Any]], chart: Chart) -> bool:
    """Whether the Hessian is negative definite on the whole region: pivots of -H all positive."""
    k = len(chart.free)
    flat = [-bends[i][j] for i in range(k) for j in range(k)]
    out = Tape([local, *flat], chart.free)(chart.ranges, 1)
    if any(level is not None and (level < DEFINED).any() for _, level in out):
        return False
    M = [[out[1 + i * k + j][0] for j in range(k)] for i in range(k)]
    with np.errstate(all="ignore"):
        for p in range(k):
            if not (M[p][p][0] < 0).all():
                return False
            inverse = interval.reciprocal(M[p][p])
            for i in range(p + 1, k):
                factor = interval.mul(M[i][p], inverse)
                for j in range(p + 1, k):
                    M[i][j] = interval.sub(M[i][j], interval.mul(factor, M[p][j]))
    return True
