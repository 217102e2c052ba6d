"""Exact ties: points proved to be maximizers, in exact arithmetic.

Descent is an open condition and needs none of this. To prove that gamma does *not* descend at a
kink takes a point that is exactly a maximizer. Two arguments give one:

- a point of S whose exact value m reaches a proved upper bound of phi, or with ``g - m <= 0`` seen
  on all cells that remain (`excess`; `curves` guesses some where S* has no isolated points);
- the cells that remain fall into clusters, and each cluster has one known exact point at which g
  is largest (`critical`). Then S* consists of those points whose exact values are largest, ties
  included, and is known completely.

Candidates are guessed from many digits; every property used is then proved.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.errors import DanskinError
from danskin.exact import compare, exact_max, sign, to_float
from danskin.limits import time_limit
from danskin.proof.at_point import Point, exact_at, within
from danskin.proof.charts import chart_of
from danskin.proof.cover import Cover
from danskin.proof.critical import highest_points, linear_roots
from danskin.proof.curves import curve_points
from danskin.proof.excess import never_above

__all__ = ["Maximum", "clusters_of", "reach_ceiling", "resolve", "several_clusters"]

_MAX_CLUSTERS = 64
_MAX_CELLS = 400
#: Points on curves: from how many cells, how many guesses for each, how many looked at exactly.
_TOP_ROWS, _MAX_TRIED, _MAX_CHECKED = 3, 24, 3
_CLOSE = 1e-6


@dataclass(frozen=True)
class Maximum:
    """Points proved to be maximizers.

    Attributes
    ----------
    points : exact points of S*
    value : exact number
        phi(theta).
    complete : bool
        Whether the largest rate over S* is the largest over these.
    all : bool
        Whether these are all maximizers. (Where g does not depend on a coordinate, S* is infinite,
        and these stand for it if the rate does not depend on it either.)
    how : str
        "ceiling": the points reach a proved upper bound of phi. "clusters": each cluster of what
        a cover has left has one known highest point.
    """

    points: tuple[Point, ...]
    value: Any
    complete: bool
    all: bool
    how: str


def resolve(cover: Cover, seconds: float) -> Maximum | None:
    """Look for all maximizers, or else for some, among what a cover has left.

    Returns
    -------
    Maximum or None
        None where nothing could be proved within the time.
    """
    if not (cover.defined and math.isfinite(cover.ceiling)):
        return None
    # A complete answer is worth more than a single maximizer.
    return _guarded(_by_clusters, cover, seconds) or reach_ceiling(cover, seconds)


def reach_ceiling(cover: Cover, seconds: float) -> Maximum | None:
    """Look for points whose exact value is a proved upper bound of phi: the cheaper question."""
    if not (cover.defined and math.isfinite(cover.ceiling)):
        return None
    return _guarded(_reaching_the_ceiling, cover, seconds)


def _guarded(
    method: Callable[[Cover], Maximum | None], cover: Cover, seconds: float
) -> Maximum | None:
    """Take a failure for no answer: what is found here is proved or not used."""
    try:
        with time_limit(max(seconds, 0.01), "deciding ties"):
            return method(cover)
    except (DanskinError, ArithmeticError, RecursionError, NotImplementedError, ValueError):
        return None


# --- points that reach the upper bound ---------------------------------------------------------


def _reaching_the_ceiling(cover: Cover) -> Maximum | None:
    ceiling = sympy.Rational(*cover.ceiling.as_integer_ratio())
    problem, ranges = cover.problem, cover.ranges
    # The likeliest refutations first: largest rates.
    order = np.argsort(-ranges.rate[1], kind="stable")
    rows = dict.fromkeys([*order[:4], *order[-2:], int(np.argmax(ranges.value[1]))])
    points = [] if cover.best is None else [cover.best]
    points += [cover.space.exact(cover.cells, int(r)) for r in rows]
    points += _at_roots(cover)
    # As given, factors that vanish there are seen to; written out, they would have to be proved to.
    given = problem.f.at(problem.theta)
    good = []
    for p in dict.fromkeys(points):
        value = exact_at(given, problem.symbols, p)
        if compare(value, ceiling) in (0, 1):
            good.append(p)
    if good:
        best = exact_max([exact_at(problem.rate, problem.symbols, p) for p in good])
        if best is not None and sign(best[0]) == 1:
            return Maximum(tuple(good), ceiling, False, False, "ceiling")
    for p in _on_curves(cover, [int(r) for r in order[:_TOP_ROWS]]):
        value = exact_at(given, problem.symbols, p)
        if compare(value, ceiling) in (0, 1):
            good.insert(0, p)
            break
        if never_above(cover, value, p) is not None:
            return Maximum((p,), value, False, False, "ceiling")
    return Maximum(tuple(good), ceiling, False, False, "ceiling") if good else None


def _at_roots(cover: Cover) -> list[Point]:
    """Return points of S in the cells where linear factors of g vanish: guesses that g offers."""
    problem = cover.problem
    if len(cover.cells) > _MAX_CELLS:
        return []
    expr = problem.f.at(problem.theta)
    found: list[Point] = []
    for rows in clusters_of(cover)[:_MAX_CLUSTERS]:
        chart = chart_of(problem, cover.cells.take(rows))
        if chart is None or not chart.free:
            continue
        at: dict[Any, Any] = {}
        # A factor may give one coordinate once another is known.
        for _ in chart.free:
            for symbol, span in zip(chart.free, chart.ranges, strict=True):
                if symbol not in at:
                    inside = [r for r in linear_roots(expr, symbol, at) if within(r, span)]
                    if inside:
                        at[symbol] = inside[0]
        if len(at) < len(chart.free):
            continue
        if chart.holds(at):
            found.append(chart.point(at))
    return found


def _on_curves(cover: Cover, rows: Sequence[int]) -> list[Point]:
    """Return points of S near cells whose value is near the upper bound, largest rates first."""
    problem = cover.problem
    given = problem.f.at(problem.theta)
    tried: dict[Point, float] = {}
    for row in rows:
        chart = chart_of(problem, cover.cells.take(np.array([row])), spheres=True)
        if chart is None or not chart.free:
            continue
        put = dict(zip(problem.symbols, chart.delta, strict=True))
        local, written = given.xreplace(put), problem.value.xreplace(put)
        slopes = [sympy.diff(written, s) for s in chart.free]
        middle = [float(r[1, 0] - r[0, 0]) / 2 for r in chart.ranges]
        equations = chart.surface or slopes
        for at in itertools.islice(curve_points(local, equations, chart.free, middle), _MAX_TRIED):
            if not chart.holds(at):
                continue
            for point in chart.points(at):
                value = to_float(exact_at(given, problem.symbols, point))
                if value < cover.floor - _CLOSE * (1 + abs(cover.ceiling)):
                    break
                tried[point] = to_float(exact_at(problem.rate, problem.symbols, point))
    best = sorted(tried, key=tried.__getitem__, reverse=True)
    return best[:_MAX_CHECKED]


# --- clusters ----------------------------------------------------------------------------------


def _by_clusters(cover: Cover) -> Maximum | None:
    if len(cover.cells) > _MAX_CELLS:
        return None
    clusters = clusters_of(cover)
    if len(clusters) > _MAX_CLUSTERS:
        return None
    tops: list[tuple[Any, list[Point], bool, bool]] = []
    for rows in clusters:
        top = highest_points(cover.problem, cover.cells.take(rows))
        if top is None:
            return None
        tops.append(top)
    best = exact_max([top[0] for top in tops])
    if best is None:
        return None
    points = [p for i in best[1] for p in tops[i][1]]
    complete = all(tops[i][2] for i in best[1])
    isolated = all(tops[i][3] for i in best[1])
    return Maximum(tuple(dict.fromkeys(points)), best[0], complete, isolated, "clusters")


def several_clusters(cover: Cover) -> bool:
    """Whether what a cover has left falls into two clusters or more, and not many cells."""
    return 2 <= len(cover.cells) <= _MAX_CELLS and len(clusters_of(cover)) >= 2


def clusters_of(cover: Cover) -> list[np.ndarray]:
    """Group cells whose ranges touch, and which share their points of finite sets."""
    n = len(cover.cells)
    ranges = np.array(cover.space.enclose(cover.cells))  # (k, 2, n)
    lo, hi = -ranges[:, 0], ranges[:, 1]
    touch: np.ndarray = np.all(
        (lo[:, :, None] <= hi[:, None, :]) & (lo[:, None, :] <= hi[:, :, None]), axis=0
    )
    for part in cover.cells.parts:
        if "index" in part:
            touch &= part["index"][:, None] == part["index"][None, :]
    label = -np.ones(n, dtype=int)
    count = 0
    for i in range(n):
        if label[i] >= 0:
            continue
        stack = [i]
        while stack:
            j = stack.pop()
            if label[j] < 0:
                label[j] = count
                stack += np.flatnonzero(touch[j] & (label < 0)).tolist()
        count += 1
    return [np.flatnonzero(label == c) for c in range(count)]
