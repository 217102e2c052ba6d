"""What every compact set can do: contains, project, sample, vertices; and reading its numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.exact import exact_vector, to_float

__all__ = [
    "MAX_VERTICES",
    "CompactSet",
    "exact_rows",
    "float_matrix",
    "floats",
    "real_array",
    "text",
    "unit_vector",
]

MAX_VERTICES = 1 << 12


class CompactSet(ABC):
    """A non-empty compact set in R^k.

    Attributes
    ----------
    dim : int
        k, the number of coordinates of a point.
    """

    dim: int

    def contains(self, point: Any, tol: float = 0.0) -> bool:
        """Whether `point` (k,) is within `tol` (>= 0) of the set, judged in float64."""
        x = self._point(point)
        return float(np.linalg.norm(x - self.project(x))) <= tol

    def project(self, points: Any) -> np.ndarray:
        """Return the nearest points of the set, (k,) or (N, k) as given."""
        x = real_array(points, "points")
        if x.shape[-1:] != (self.dim,) or x.ndim > 2:
            raise InvalidInputError(
                "points", f"it has shape {x.shape}", f"Pass ({self.dim},) or (N, {self.dim})."
            )
        if not np.isfinite(x).all():
            raise InvalidInputError("points", "it holds NaN or infinity", "Pass finite numbers.")
        return self._project(np.atleast_2d(x)).reshape(x.shape)

    def sample(self, rng: np.random.Generator | None = None, size: int = 1) -> np.ndarray:
        """Draw `size` points, (size, k): uniform on the set (on a Product: on each factor)."""
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise InvalidInputError(
                "size", f"{size!r} is not a positive integer", "Ask for at least 1 point."
            )
        return self._sample(np.random.default_rng() if rng is None else rng, size)

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """Return the exact vertices of a polytope (or points of a finite set).

        None where the set is not a polytope or has more than 4096 of them.
        """
        return None

    @abstractmethod
    def exact_point(self) -> tuple[sympy.Expr, ...]:
        """Return one exact point of the set."""

    def is_point(self) -> bool:
        """Whether the set is a single point."""
        return False

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the set as plain data, numbers as text; the form of a problem file."""

    def _point(self, point: Any) -> np.ndarray:
        x = real_array(point, "point")
        if x.ndim == 0:
            x = x.reshape(1)
        if x.shape != (self.dim,):
            raise InvalidInputError(
                "point", f"it has shape {x.shape}", f"Pass {self.dim} coordinates."
            )
        if not np.isfinite(x).all():
            raise InvalidInputError("point", "it holds NaN or infinity", "Pass finite numbers.")
        return x

    @abstractmethod
    def _project(self, x: np.ndarray) -> np.ndarray: ...

    @abstractmethod
    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray: ...

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompactSet) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(str(self.to_dict()))


def real_array(points: Any, argument: str) -> np.ndarray:
    """Return real numbers as a float64 array, or name the argument that is not."""
    try:
        x = np.asarray(points)
        if x.dtype.kind not in "fiuO":
            raise TypeError
        return x.astype(float)
    except (TypeError, ValueError):
        raise InvalidInputError(
            argument, f"{points!r:.60} is not an array of numbers", "Pass real numbers."
        ) from None


def floats(values: Sequence[sympy.Expr], argument: str) -> np.ndarray:
    """Return exact numbers in float64, read-only."""
    try:
        rounded = np.array([to_float(v) for v in values], dtype=float)
        rounded.flags.writeable = False
        return rounded
    except InvalidInputError as error:
        raise InvalidInputError(argument, error.problem, error.remedy) from None


def unit_vector(dim: int, index: int) -> tuple[sympy.Expr, ...]:
    """Return the exact unit vector e_index of R^dim."""
    return tuple(sympy.Integer(int(i == index)) for i in range(dim))


def exact_rows(points: Any, argument: str) -> list[tuple[sympy.Expr, ...]]:
    """Return points (m, k) exactly, repetitions removed."""
    if isinstance(points, (str, dict)) or not hasattr(points, "__iter__"):
        raise InvalidInputError(
            argument, f"{points!r} is not a list of points", "Pass (m, k) rows."
        )
    rows = [
        exact_vector(p, f"{argument}[{i}]")
        for i, p in enumerate(points.tolist() if isinstance(points, np.ndarray) else points)
    ]
    if not rows or not rows[0]:
        raise InvalidInputError(argument, "the set is empty", "Pass at least one point.")
    if len({len(r) for r in rows}) > 1:
        raise InvalidInputError(
            argument, "the points have different lengths", "Pass rows of equal length."
        )
    return list(dict.fromkeys(rows))


def float_matrix(rows: Sequence[Sequence[sympy.Expr]]) -> np.ndarray:
    """Return exact rows as a read-only float64 matrix."""
    matrix = np.array([floats(r, "points") for r in rows])
    matrix.flags.writeable = False
    return matrix


def text(values: Sequence[sympy.Expr]) -> str:
    """Return exact numbers as a list in text."""
    return "[" + ", ".join(map(str, values)) + "]"
