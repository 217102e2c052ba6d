"""Sets given by finitely many points: the points themselves, or their convex hull."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from scipy.optimize import nnls

from danskin.sets.base import CompactSet, exact_rows, float_matrix, text

__all__ = ["FiniteSet", "Hull"]


class FiniteSet(CompactSet):
    """Finitely many points, one a row: ``(m, k)``; a flat list is m points on the line."""

    def __init__(self, points: Any) -> None:
        self.exact_points = exact_rows(points, "points")
        self.dim = len(self.exact_points[0])
        self.points = float_matrix(self.exact_points)

    def _project(self, x: np.ndarray) -> np.ndarray:
        distance = np.linalg.norm(x[:, None, :] - self.points[None], axis=2)
        return self.points[np.argmin(distance, axis=1)]

    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return self.points[rng.integers(len(self.points), size=size)]

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """Return the points."""
        return list(self.exact_points)

    def exact_point(self) -> tuple[sympy.Expr, ...]:
        """See `CompactSet.exact_point`."""
        return self.exact_points[0]

    def is_point(self) -> bool:
        """See `CompactSet.is_point`."""
        return len(self.exact_points) == 1

    def to_dict(self) -> dict[str, Any]:
        """See `CompactSet.to_dict`."""
        return {"points": [[str(c) for c in p] for p in self.exact_points]}

    def __repr__(self) -> str:
        shown = ", ".join(text(p) for p in self.exact_points[:6])
        more = "" if len(self.exact_points) <= 6 else f", ... {len(self.exact_points)} points"
        return f"FiniteSet([{shown}{more}])"


class Hull(CompactSet):
    """The convex hull of finitely many points: a face of a simplex or of an l1 ball."""

    def __init__(self, points: Any) -> None:
        self.exact_points = exact_rows(points, "points")
        self.dim = len(self.exact_points[0])
        self.points = float_matrix(self.exact_points)

    def _project(self, x: np.ndarray) -> np.ndarray:
        # The nearest point is the min-norm point of the hull moved there: by the non-negative
        # least squares problem min |P'u|^2 + (sum u - 1)^2, u a multiple of the weights
        # (Lawson and Hanson, Solving Least Squares Problems, ch. 23).
        out = np.empty_like(x)
        for row, y in zip(out, x, strict=True):
            moved = self.points - y
            moved /= float(np.abs(moved).max()) or 1.0
            system = np.vstack([moved.T, np.ones(len(moved))])
            weights, _ = nnls(system, np.eye(1, self.dim + 1, self.dim)[0])
            row[:] = weights @ self.points / weights.sum()
        return out

    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.dirichlet(np.ones(len(self.points)), size=size) @ self.points

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """Return the spanning points."""
        return list(self.exact_points)

    def exact_point(self) -> tuple[sympy.Expr, ...]:
        """See `CompactSet.exact_point`."""
        return self.exact_points[0]

    def is_point(self) -> bool:
        """See `CompactSet.is_point`."""
        return len(self.exact_points) == 1

    def to_dict(self) -> dict[str, Any]:
        """See `CompactSet.to_dict`."""
        return {"hull": [[str(c) for c in p] for p in self.exact_points]}

    def __repr__(self) -> str:
        return f"Hull([{', '.join(text(p) for p in self.exact_points)}])"
