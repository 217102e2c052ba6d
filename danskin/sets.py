"""Compact sets of perturbations: Interval, Box, Simplex, Ball, FiniteSet, Product, Hull.

Each keeps its numbers exactly (SymPy), for proofs, and as float64, for computing. Points are rows:
``(k,)`` for one, ``(N, k)`` for many; `dim` is k, the number of coordinates of delta.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy
from scipy.optimize import nnls

from danskin.errors import InvalidInputError
from danskin.exact import compare, exact_number, exact_vector, sign, to_float

__all__ = ["Ball", "Box", "CompactSet", "FiniteSet", "Hull", "Interval", "Product", "Simplex"]

_MAX_VERTICES = 1 << 12


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
        x = _array(points, "points")
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
        x = _array(point, "point")
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


def _array(points: Any, argument: str) -> np.ndarray:
    try:
        x = np.asarray(points)
        if x.dtype.kind not in "fiuO":
            raise TypeError
        return x.astype(float)
    except (TypeError, ValueError):
        raise InvalidInputError(
            argument, f"{points!r:.60} is not an array of numbers", "Pass real numbers."
        ) from None


def _floats(values: Sequence[sympy.Expr], argument: str) -> np.ndarray:
    try:
        floats = np.array([to_float(v) for v in values], dtype=float)
        floats.flags.writeable = False
        return floats
    except InvalidInputError as error:
        raise InvalidInputError(argument, error.problem, error.remedy) from None


class Box(CompactSet):
    """``{lo <= delta <= hi}``, coordinate by coordinate; ``lo[i] == hi[i]`` fixes a coordinate.

    Parameters
    ----------
    lo, hi : sequences of k numbers (or exact text)

    Raises
    ------
    InvalidInputError
        Different lengths, no coordinates, non-finite entries, or an empty range.
    """

    def __init__(self, lo: Any, hi: Any) -> None:
        self.exact_lo = exact_vector(lo, "lo")
        self.exact_hi = exact_vector(hi, "hi", len(self.exact_lo))
        if not self.exact_lo:
            raise InvalidInputError("lo", "it is empty", "A box needs at least one coordinate.")
        for i, (a, b) in enumerate(zip(self.exact_lo, self.exact_hi, strict=True)):
            order = compare(a, b)
            if order is None or order > 0:
                raise InvalidInputError(
                    f"hi[{i}]", f"the set is empty: lo is {a} and hi is {b}", "Swap them: lo <= hi."
                )
        self.dim = len(self.exact_lo)
        self.lo = _floats(self.exact_lo, "lo")
        self.hi = _floats(self.exact_hi, "hi")

    def _project(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, self.lo, self.hi)

    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        part = rng.uniform(size=(size, self.dim))
        return self._project((1 - part) * self.lo + part * self.hi)

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """See `CompactSet.vertices`."""
        free = [i for i in range(self.dim) if self.exact_lo[i] != self.exact_hi[i]]
        if 1 << len(free) > _MAX_VERTICES:
            return None
        corners = [list(self.exact_lo)]
        for i in free:
            corners += [[*c[:i], self.exact_hi[i], *c[i + 1 :]] for c in corners]
        return [tuple(c) for c in corners]

    def exact_point(self) -> tuple[sympy.Expr, ...]:
        """See `CompactSet.exact_point`."""
        return self.exact_lo

    def is_point(self) -> bool:
        """See `CompactSet.is_point`."""
        return self.exact_lo == self.exact_hi

    def to_dict(self) -> dict[str, Any]:
        """See `CompactSet.to_dict`."""
        ranges = zip(self.exact_lo, self.exact_hi, strict=True)
        return {"box": [[str(a), str(b)] for a, b in ranges]}

    def __repr__(self) -> str:
        return f"Box({_text(self.exact_lo)}, {_text(self.exact_hi)})"


class Interval(Box):
    """``[lo, hi]`` on the line: a Box with one coordinate."""

    def __init__(self, lo: Any, hi: Any) -> None:
        super().__init__([exact_number(lo, "lo")], [exact_number(hi, "hi")])

    def __repr__(self) -> str:
        return f"Interval({self.exact_lo[0]}, {self.exact_hi[0]})"


class Simplex(CompactSet):
    """``{delta >= 0, sum(delta) = 1}`` with `dim` entries (it is ``dim - 1`` dimensional)."""

    def __init__(self, dim: int) -> None:
        if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)) or dim < 1:
            raise InvalidInputError(
                "dim", f"{dim!r} is not a positive integer", "Pass the number of entries."
            )
        self.dim = int(dim)

    def _project(self, x: np.ndarray) -> np.ndarray:
        # Sort-based Euclidean projection (Duchi et al. 2008), a row at a time.
        # Moving all entries alike changes nothing, and keeps large ones from swallowing the 1.
        x = x - x.max(axis=1, keepdims=True)
        u = -np.sort(-x, axis=1)
        shift = (np.cumsum(u, axis=1) - 1) / np.arange(1, self.dim + 1)
        last = self.dim - 1 - np.argmax((u > shift)[:, ::-1], axis=1)
        y = np.maximum(x - shift[np.arange(len(x)), last][:, None], 0.0)
        return y / y.sum(axis=1, keepdims=True)

    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return rng.dirichlet(np.ones(self.dim), size=size)

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """See `CompactSet.vertices`."""
        if self.dim > _MAX_VERTICES:
            return None
        return [unit_vector(self.dim, i) for i in range(self.dim)]

    def exact_point(self) -> tuple[sympy.Expr, ...]:
        """See `CompactSet.exact_point`."""
        return unit_vector(self.dim, 0)

    def is_point(self) -> bool:
        """See `CompactSet.is_point`."""
        return self.dim == 1

    def to_dict(self) -> dict[str, Any]:
        """See `CompactSet.to_dict`."""
        return {"simplex": self.dim}

    def __repr__(self) -> str:
        return f"Simplex({self.dim})"


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
        self.center = _floats(self.exact_center, "center")
        self.radius = float(_floats([self.exact_radius], "radius")[0])

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
        if self.norm == 2 or 2 * self.dim > _MAX_VERTICES:
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
        return f"Ball({_text(self.exact_center)}, {self.exact_radius}{norm})"


def _norm(norm: Any) -> float:
    if isinstance(norm, str) and norm == "inf":
        return math.inf
    number = isinstance(norm, (int, float, np.number)) and not isinstance(norm, bool)
    if number and norm in (1, 2, math.inf):
        return float(norm)
    raise InvalidInputError("norm", f"{norm!r} is not supported", "Use 1, 2 or inf.")


class FiniteSet(CompactSet):
    """Finitely many points, one a row: ``(m, k)``; a flat list is m points on the line."""

    def __init__(self, points: Any) -> None:
        self.exact_points = _rows(points, "points")
        self.dim = len(self.exact_points[0])
        self.points = _matrix(self.exact_points)

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
        shown = ", ".join(_text(p) for p in self.exact_points[:6])
        more = "" if len(self.exact_points) <= 6 else f", ... {len(self.exact_points)} points"
        return f"FiniteSet([{shown}{more}])"


class Hull(CompactSet):
    """The convex hull of finitely many points: a face of a simplex or of an l1 ball."""

    def __init__(self, points: Any) -> None:
        self.exact_points = _rows(points, "points")
        self.dim = len(self.exact_points[0])
        self.points = _matrix(self.exact_points)

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
        return f"Hull([{', '.join(_text(p) for p in self.exact_points)}])"


class Product(CompactSet):
    """``S_1 x ... x S_B``: coordinates of the factors one after the other."""

    def __init__(self, *sets: CompactSet) -> None:
        if not sets:
            raise InvalidInputError("sets", "no factor is given", "Pass one set or more.")
        for i, s in enumerate(sets):
            if not isinstance(s, CompactSet):
                raise InvalidInputError(
                    f"sets[{i}]", f"{s!r} is not a set", "Pass Interval, Box, Simplex, Ball, ..."
                )
        self.sets = sets
        self.dim = sum(s.dim for s in sets)
        ends = np.cumsum([s.dim for s in sets])
        self.slices = [slice(int(e) - s.dim, int(e)) for e, s in zip(ends, sets, strict=True)]

    def _project(self, x: np.ndarray) -> np.ndarray:
        parts = zip(self.sets, self.slices, strict=True)
        return np.concatenate([s.project(x[:, where]) for s, where in parts], axis=1)

    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        return np.concatenate([s.sample(rng, size) for s in self.sets], axis=1)

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """See `CompactSet.vertices`."""
        corners: list[tuple[sympy.Expr, ...]] = [()]
        for s in self.sets:
            own = s.vertices()
            if own is None or len(own) * len(corners) > _MAX_VERTICES:
                return None
            corners = [c + v for c in corners for v in own]
        return corners

    def exact_point(self) -> tuple[sympy.Expr, ...]:
        """See `CompactSet.exact_point`."""
        return tuple(c for s in self.sets for c in s.exact_point())

    def is_point(self) -> bool:
        """See `CompactSet.is_point`."""
        return all(s.is_point() for s in self.sets)

    def to_dict(self) -> dict[str, Any]:
        """See `CompactSet.to_dict`."""
        return {"product": [s.to_dict() for s in self.sets]}

    def __repr__(self) -> str:
        return f"Product({', '.join(map(repr, self.sets))})"


def unit_vector(dim: int, index: int) -> tuple[sympy.Expr, ...]:
    """Return the exact unit vector e_index of R^dim."""
    return tuple(sympy.Integer(int(i == index)) for i in range(dim))


def _rows(points: Any, argument: str) -> list[tuple[sympy.Expr, ...]]:
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


def _matrix(rows: Sequence[Sequence[sympy.Expr]]) -> np.ndarray:
    matrix = np.array([_floats(r, "points") for r in rows])
    matrix.flags.writeable = False
    return matrix


def _text(values: Sequence[sympy.Expr]) -> str:
    return "[" + ", ".join(map(str, values)) + "]"
