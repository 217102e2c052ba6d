"""Charts: coordinates in which a cluster of cells has an inside.

Cells that were cut down to faces of S lie in fewer dimensions than S. There delta is written in the
coordinates that are free: none at a corner, those of a face else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy

from danskin.exact import sign
from danskin.proof.at_point import Point, put_in
from danskin.proof.boxes import Cells
from danskin.proof.factors import Interval, Points, Simplices
from danskin.proof.local import LocalProblem

__all__ = ["Chart", "chart_of"]

_MAX_FLAT = 3


@dataclass
class Chart:
    """Coordinates in which a cluster has an inside: delta as expressions in the free symbols."""

    delta: list[Any]
    free: list[sympy.Symbol]
    ranges: list[np.ndarray]
    #: Exact numbers that must be >= 0 for the point to lie in S, in the free symbols.
    inside: list[Any]
    flat: list[tuple[int, list[Any]]]
    #: What vanishes on the spheres that cells lie on.
    surface: list[Any] = field(default_factory=list)

    def holds(self, at: dict[Any, Any]) -> bool:
        """Whether the point lies in S."""
        return all(sign(put_in(e, at)) in (0, 1) for e in self.inside)

    def point(self, at: dict[Any, Any]) -> Point:
        """Return delta."""
        return tuple(put_in(d, at) for d in self.delta)

    def points(self, at: dict[Any, Any]) -> list[Point]:
        """Return delta for several values of the coordinates that g does not depend on."""
        found = [list(self.point(at))]
        for i, choices in self.flat[:_MAX_FLAT]:
            found = [[*p[:i], c, *p[i + 1 :]] for p in found for c in choices]
        return [tuple(p) for p in found]


def chart_of(problem: LocalProblem, cells: Cells, spheres: bool = False) -> Chart | None:
    """Return coordinates for a cluster of cells; None where these are not known.

    Cells on spheres have a chart only if asked for with `spheres`: with the sphere's equation.
    """
    space = problem.space
    chart = Chart(list(problem.symbols), [], [], [], [])
    used = problem.value.free_symbols
    everything = space.enclose(cells)
    for f, part, where in zip(space.factors, cells.parts, space.slices, strict=True):
        own = list(problem.symbols[where])
        spans = [_span(everything[i]) for i in range(where.start, where.stop)]
        if isinstance(f, Interval):
            ok = _interval_chart(chart, f, part, own[0], spans[0], where.start, used)
        elif isinstance(f, Points):
            chart.delta[where] = list(f.exact(part, 0))
            ok = True
        elif isinstance(f, Simplices):
            ok = _simplex_chart(chart, f, part, own, spans, where)
        else:
            ok = _ball_chart(chart, f, part, own, spans, spheres)
        if not ok:
            return None
    return chart


def _span(column: np.ndarray) -> np.ndarray:
    return column.max(axis=1, keepdims=True)


def _interval_chart(
    chart: Chart, f: Any, part: Any, symbol: Any, span: np.ndarray, at: int, used: set[Any]
) -> bool:
    for end in (0.0, 1.0):
        if (part["lo"] == end).all() and (part["hi"] == end).all():
            chart.delta[at] = f.at_exactly(end)
            return True
    high = f.lo + f.width
    if symbol not in used:
        chart.flat.append((at, [f.lo, high, (f.lo + high) / 2]))
        chart.delta[at] = f.lo
        return True
    chart.free.append(symbol)
    chart.ranges.append(span)
    chart.inside += [symbol - f.lo, high - symbol]
    return True


def _simplex_chart(
    chart: Chart, f: Any, part: Any, own: list[Any], spans: list[np.ndarray], where: slice
) -> bool:
    X = part["X"]
    support = np.flatnonzero((X > 0).any(axis=(0, 1)))
    if len(support) == 1:
        if f.exact_center is not None and support[0] and np.ptp(part["signs"][:, support[0] - 1]):
            # Opposite corners of a ball so small that their ranges touch.
            return False
        one = {k: v[:1] for k, v in part.items()}
        chart.delta[where] = list(f.exact(one, 0))
        return True
    if f.exact_center is not None:
        # Inside the 1-norm ball, away from the coordinate planes, all coordinates are free.
        if 0 not in support or not (part["signs"] == part["signs"][0]).all():
            return False
        signs = [int(s) for s in part["signs"][0]]
        for i, (s, symbol) in enumerate(zip(signs, own, strict=True)):
            if i + 1 in support:
                chart.free.append(symbol)
                chart.ranges.append(spans[i])
                chart.inside.append(s * (symbol - f.exact_center[i]))
            else:
                chart.delta[where.start + i] = f.exact_center[i]
        taken = [
            s * (chart.delta[where.start + i] - f.exact_center[i]) for i, s in enumerate(signs)
        ]
        chart.inside.append(f.exact_radius - sympy.Add(*taken))
        return True
    pivot = int(support[-1])
    for i, symbol in enumerate(own):
        if i not in support:
            chart.delta[where.start + i] = sympy.Integer(0)
        elif i != pivot:
            chart.free.append(symbol)
            chart.ranges.append(spans[i])
            chart.inside.append(symbol)
    rest = 1 - sympy.Add(*(own[i] for i in support if i != pivot))
    chart.delta[where.start + pivot] = rest
    chart.inside.append(rest)
    return True


def _ball_chart(
    chart: Chart, f: Any, part: Any, own: list[Any], spans: list[np.ndarray], spheres: bool
) -> bool:
    if part["sphere"].any() and not spheres:
        return False
    chart.free += own
    chart.ranges += spans
    moved = [s - c for s, c in zip(own, f.exact_center, strict=True)]
    chart.inside.append(f.exact_radius**2 - sympy.Add(*(m**2 for m in moved)))
    if part["sphere"].any():
        chart.surface.append(chart.inside[-1])
    return True
