"""Balls of the norms 1, 2 and infinity."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.exact import exact_number, exact_vector, sign
from danskin.sets.base import MAX_VERTICES, CompactSet, floats, text
from danskin.sets.box import Box
from danskin.sets.simplex import Simplex

__all__ = ["Ball"]


class Ball(CompactSet):
    """``{|delta - center|_norm <= radius}``.

    Parameters
    ----------
    center : sequence of k numbers (or exact text)
    radius : number
        >= 0.
    norm : 1, 2 or inf
    """

    def __init__(self, center: Any, radius: Any, norm: Any = 2) -> None:
        self.exact_center = exact_vector(center, "center")
        if not self.exact_center:
            raise InvalidInputError("center", "it is empty", "Pass at least one coordinate.")
        self.exact_radius = exact_number(radius, "radius")
        if sign(self.exact_radius) not in (0, 1):
            raise InvalidInputError(
                "radius", f"the set is empty: the radius is {radius}", "Pass a radius >= 0."
            )
        self.norm = _norm(norm)
        self.dim = len(self.exact_center)
        self.center = floats(self.exact_center, "center")
        self.radius = float(floats([self.exact_radius], "radius")[0])

    def contains(self, point: Any, tol: float = 0.0) -> bool:
        """Whether `point` is in the ball, its radius grown by `tol`."""
        return (
            float(np.linalg.norm(self._point(point) - self.center, self.norm)) <= self.radius + tol
        )

    def _project(self, x: np.ndarray) -> np.ndarray:
        y = x - self.center
        if self.norm == math.inf:
            return self.center + np.clip(y, -self.radius, self.radius)
        if self.radius == 0:
            return np.broadcast_to(self.center, x.shape).copy()
        # Scaled by the largest entry, whose square may be beyond float64.
        size = np.maximum(np.abs(y).max(axis=1, keepdims=True), 5e-324)
        length = size * np.linalg.norm(y / size, self.norm, axis=1, keepdims=True)
        outside = length[:, 0] > self.radius
        if self.norm == 2:
            y[outside] = y[outside] / length[outside] * self.radius
        elif outside.any():
            # On the l1 sphere: the simplex projection of |y|, signs put back.
            simplex = Simplex(self.dim)
            with np.errstate(over="ignore"):
                ratio = np.minimum(np.abs(y[outside]) / self.radius, 1e300)
            weights = simplex.project(ratio)
            y[outside] = np.sign(y[outside]) * weights * self.radius
        return self.center + y

    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        if self.norm == math.inf:
            return self.center + rng.uniform(-self.radius, self.radius, (size, self.dim))
        shape = rng.normal if self.norm == 2 else rng.laplace
        y = shape(size=(size, self.dim))
        y /= np.linalg.norm(y, self.norm, axis=1, keepdims=True)
        return self.center + self.radius * y * rng.uniform(size=(size, 1)) ** (1 / self.dim)

    def as_box(self) -> Box:
        """Return the same set as a Box (norm inf, or one dimension)."""
        r = self.exact_radius
        return Box([c - r for c in self.exact_center], [c + r for c in self.exact_center])

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """See `CompactSet.vertices`."""
        if self.exact_radius == 0:
            return [self.exact_center]
        if self.norm == math.inf or self.dim == 1:
            return self.as_box().vertices()
        if self.norm == 2 or 2 * self.dim > MAX_VERTICES:
            return None
        corners = []
        for i in range(self.dim):
            for r in (self.exact_radius, -self.exact_radius):
                c = list(self.exact_center)
                c[i] += r
                corners.append(tuple(c))
        return corners

    def exact_point(self) -> tuple[sympy.Expr, ...]:
        """See `CompactSet.exact_point`."""
        return self.exact_center

    def is_point(self) -> bool:
        """See `CompactSet.is_point`."""
        return self.exact_radius == 0

    def to_dict(self) -> dict[str, Any]:
        """See `CompactSet.to_dict`."""
        norm = "inf" if self.norm == math.inf else int(self.norm)
        center = [str(c) for c in self.exact_center]
        return {"ball": {"center": center, "radius": str(self.exact_radius), "norm": norm}}

    def __repr__(self) -> str:
        norm = "" if self.norm == 2 else f", norm={self.norm:g}"
        return f"Ball({text(self.exact_center)}, {self.exact_radius}{norm})"


def _norm(norm: Any) -> float:
    if isinstance(norm, str) and norm == "inf":
        return math.inf
    number = isinstance(norm, (int, float, np.number)) and not isinstance(norm, bool)
    if number and norm in (1, 2, math.inf):
        return float(norm)
    raise InvalidInputError("norm", f"{norm!r} is not supported", "Use 1, 2 or inf.")
