"""Coordinates for a picture of a set of delta: one or two numbers for each of its points."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from danskin.errors import InvalidInputError
from danskin.objective import ExpressionObjective, MinMaxObjective
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Product, Simplex
from danskin.typeset import symbol_names

__all__ = ["Chart", "chart_of", "face_corners"]

#: Of a simplex of three entries, where the vertices are drawn.
_TRIANGLE = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(3) / 2]])


@dataclass(frozen=True)
class Chart:
    """A map between the set of delta (k,) and the line or the plane.

    Attributes
    ----------
    names : tuple of str
        Of the axes; of a triangle, of its corners.
    low, high : ndarray (dim,)
        The frame.
    outline : ndarray (c, 2)
        The set's boundary in the plane, a polygon.
    to_delta, from_delta : callables
        Rows of points (N, dim) to rows of deltas (N, k) and back.
    inside : callable
        Which rows of points (N, 2) belong to the set.
    points : ndarray (m, dim), or None
        All of the set, where it is finite.
    corners : tuple of points
        Of a triangle.
    """

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    outline: np.ndarray
    to_delta: Callable[[np.ndarray], np.ndarray]
    from_delta: Callable[[np.ndarray], np.ndarray]
    inside: Callable[[np.ndarray], np.ndarray]
    points: np.ndarray | None = None
    corners: tuple[tuple[float, float], ...] = ()

    @property
    def dim(self) -> int:
        """1 for a line, 2 for the plane."""
        return len(self.low)

    @property
    def finite(self) -> bool:
        """Whether the set is finite."""
        return self.points is not None

    def grid(self, count: int) -> np.ndarray:
        """Return points of the line, or all of a finite set, (N, dim)."""
        if self.points is not None:
            return self.points
        return np.linspace(self.low[0], self.high[0], count)[:, None]


def chart_of(f: MinMaxObjective) -> Chart:
    """Return coordinates for the set of f.

    Raises
    ------
    InvalidInputError
        It has more than two dimensions.
    """
    domain = f.domain
    names = _names(f)
    box = _as_box(domain)
    if box is not None:
        chart = _of_box(box, names)
    elif isinstance(domain, Simplex) and domain.dim in (2, 3):
        chart = _of_simplex(domain, names)
    elif isinstance(domain, Ball) and domain.dim == 2:
        chart = _of_ball(domain, names)
    elif isinstance(domain, FiniteSet) and domain.dim <= 2:
        chart = _of_points(domain, names)
    else:
        chart = None
    if chart is None:
        raise InvalidInputError(
            "f",
            f"its delta lies in {domain!r:.60}, which is not drawn",
            "This picture is for intervals, sets in the plane and simplices of 2 or 3; "
            "see plot_envelope and plot_gram.",
        )
    return chart


def _names(f: MinMaxObjective) -> list[str]:
    if isinstance(f, ExpressionObjective):
        known = symbol_names((*f.theta_symbols, *f.delta_symbols))
        return [f"${known[s]}$" for s in f.delta_symbols]
    return ["δ"] if f.domain.dim == 1 else [rf"$\delta_{{{i + 1}}}$" for i in range(f.domain.dim)]


def _as_box(domain: CompactSet) -> Box | None:
    if isinstance(domain, Box):
        return domain
    if isinstance(domain, Ball) and (domain.norm == math.inf or domain.dim == 1):
        return domain.as_box()
    if isinstance(domain, Product):
        parts = [_as_box(s) for s in domain.sets]
        if not any(p is None for p in parts):
            lo = [x for p in parts for x in p.exact_lo]  # type: ignore[union-attr]
            return Box(lo, [x for p in parts for x in p.exact_hi])  # type: ignore[union-attr]
    return None


def _of_box(box: Box, names: list[str]) -> Chart | None:
    free = np.flatnonzero(box.lo < box.hi)
    if len(free) > 2:
        return None
    if not len(free):
        free = np.array([0])
    low, high = box.lo[free], box.hi[free]

    def to_delta(points: np.ndarray) -> np.ndarray:
        out = np.tile(box.lo, (len(points), 1))
        out[:, free] = points
        return out

    one = len(free) == 1
    turn = ((0, 0), (1, 0), (1, 1), (0, 1))
    outline = np.empty((0, 2)) if one else np.array([low + (high - low) * t for t in turn])
    return Chart(
        names=tuple(names[i] for i in free),
        low=low,
        high=high,
        outline=outline,
        to_delta=to_delta,
        from_delta=lambda deltas: deltas[:, free],
        inside=lambda points: np.ones(len(points), dtype=bool),
        points=low[None] if (low == high).all() else None,
    )


def _of_simplex(domain: Simplex, names: list[str]) -> Chart:
    if domain.dim == 2:
        return Chart(
            names=(f"{names[0]} ({names[1]} = 1 − {names[0]})",),
            low=np.zeros(1),
            high=np.ones(1),
            outline=np.empty((0, 2)),
            to_delta=lambda points: np.column_stack([points, 1 - points]),
            from_delta=lambda deltas: deltas[:, :1],
            inside=lambda points: np.ones(len(points), dtype=bool),
        )
    back = np.linalg.inv(np.vstack([_TRIANGLE.T, np.ones(3)]))

    def weights(points: np.ndarray) -> np.ndarray:
        return np.column_stack([points, np.ones(len(points))]) @ back.T

    def to_delta(points: np.ndarray) -> np.ndarray:
        inside = np.maximum(weights(points), 0)
        return inside / inside.sum(axis=1, keepdims=True)

    return Chart(
        names=tuple(names),
        low=_TRIANGLE.min(axis=0),
        high=_TRIANGLE.max(axis=0),
        outline=_TRIANGLE,
        to_delta=to_delta,
        from_delta=lambda deltas: deltas @ _TRIANGLE,
        inside=lambda points: np.all(weights(points) >= -1e-9, axis=1),
        corners=tuple((float(x), float(y)) for x, y in _TRIANGLE),
    )


def _of_ball(domain: Ball, names: list[str]) -> Chart:
    turn = np.linspace(0, 2 * math.pi, 241)[:-1]  # with the corners of the l1 ball
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    circle /= np.linalg.norm(circle, domain.norm, axis=1, keepdims=True)
    return Chart(
        names=tuple(names),
        low=domain.center - domain.radius,
        high=domain.center + domain.radius,
        outline=domain.center + domain.radius * circle,
        to_delta=lambda points: points,
        from_delta=lambda deltas: deltas,
        inside=lambda points: _within(points, domain),
    )


def _of_points(domain: FiniteSet, names: list[str]) -> Chart:
    points = np.asarray(domain.points)
    return Chart(
        names=tuple(names),
        low=points.min(axis=0),
        high=points.max(axis=0),
        outline=np.empty((0, 2)),
        to_delta=lambda given: given,
        from_delta=lambda deltas: deltas,
        inside=lambda given: np.ones(len(given), dtype=bool),
        points=points,
    )


def _within(points: np.ndarray, ball: Ball) -> np.ndarray:
    lengths = np.linalg.norm(points - ball.center, ball.norm, axis=1)
    return np.asarray(lengths) <= ball.radius * (1 + 1e-9)


def face_corners(face: CompactSet, chart: Chart) -> np.ndarray | None:
    """Return a face's extreme points in the chart, (c, dim): of a disk, a polygon's."""
    vertices = face.vertices()
    if vertices is not None:
        return chart.from_delta(np.array([[float(x) for x in v] for v in vertices]))
    if isinstance(face, Ball) and face.dim == 2:
        turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
        circle = np.column_stack([np.cos(turn), np.sin(turn)])
        return chart.from_delta(face.center + face.radius * circle)
    return None
