"""Cells that cover S exactly: how each kind of set is subdivided, and where its faces are.

A set is parametrised by dyadic coordinates, so that cells have exact corners whatever the numbers
in the set: an interval by ``lo + (hi - lo) s`` with s in [0, 1], a ball by ``c + r s`` with s in
the unit ball, a simplex by itself, cut into smaller simplices, and a ball of the 1-norm by one
simplex an orthant. A product has a cell of each factor.

`Factor.moves` holds the one condition, besides the value, under which a cell is cut down. A
maximizer x cannot have a direction e that is feasible in S *at x* along which g increases to first
order. So if ``dg/de > 0`` strictly on the whole closed cell, only points at which e is not feasible
remain: the face of S that e runs into, or nothing. "Feasible from every point of the cell" is
never assumed: what is left is exactly the part of the cell where it is not.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.exact import sign
from danskin.proof import interval
from danskin.proof.evaluate import number_interval
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Product, Simplex
from danskin.sets.points import Hull

__all__ = ["Cells", "Factor", "Moves", "Space"]

#: The arrays of one factor for N cells, by name; the first axis is the cell.
Part = dict[str, np.ndarray]
Intervals = list[np.ndarray]

#: Cells are not cut below this width (in dyadic coordinates), so that their corners stay exact.
_LEAST_WIDTH = 2.0**-44
_MAX_ORTHANTS = 256
_MAX_START = 20_000


@dataclass
class Moves:
    """What first-order conditions leave of some cells.

    Attributes
    ----------
    part : the cells cut down to faces
    keep : (N,) bool, False where nothing is left
    changed : (N,) bool, True where something, but not everything, was cut off
    """

    part: Part
    keep: np.ndarray
    changed: np.ndarray


class Factor(ABC):
    """One irreducible factor of S."""

    #: Number of coordinates of delta.
    size: int

    @abstractmethod
    def start(self) -> Part:
        """Return cells that cover the factor."""

    @abstractmethod
    def enclose(self, part: Part) -> Intervals:
        """Return the ranges of delta's coordinates over the cells."""

    @abstractmethod
    def center(self, part: Part) -> Intervals:
        """Return a point in each cell's range, as thin intervals."""

    def probe(self, part: Part) -> Intervals:
        """Return a point of S in or near each cell, as thin intervals that contain it."""
        return self.center(part)

    @abstractmethod
    def exact(self, part: Part, row: int) -> tuple[sympy.Expr, ...]:
        """Return the point of `probe`, exactly."""

    @abstractmethod
    def near(self, points: np.ndarray) -> Part:
        """Return cells that are single points of S, exactly, near float points (N, size)."""

    def moves(self, part: Part, slopes: Intervals) -> Moves:
        """Cut cells down by first-order conditions; see the module's docstring.

        `slopes` encloses the partial derivatives of g in delta over each cell.
        """
        count = len(next(iter(part.values())))
        return Moves(part, np.ones(count, dtype=bool), np.zeros(count, dtype=bool))

    @abstractmethod
    def axes(self, part: Part, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return for each way to cut a cell its width and its effect, both (N, axes).

        `sizes` (N, size) bounds a function's partial derivatives; the effect is how much that
        function can change along the axis. A width of 0 says that the axis cannot be cut.
        """

    @abstractmethod
    def split(self, part: Part, axis: np.ndarray) -> tuple[Part, Part]:
        """Cut each cell in two along its axis (N,)."""

    def is_point(self, part: Part) -> np.ndarray:
        """Whether the cells are single points of S, (N,)."""
        return (self.axes(part, np.zeros((len(next(iter(part.values()))), self.size)))[0] == 0).all(
            axis=1
        )


class _Interval(Factor):
    """``lo + (hi - lo) s``, s in [0, 1]."""

    size = 1

    def __init__(self, lo: Any, hi: Any) -> None:
        self.lo, self.width = lo, sympy.expand(hi - lo)
        self._low, self._high = number_interval(lo), number_interval(hi)
        self._width = number_interval(self.width)

    def start(self) -> Part:
        return {"lo": np.zeros(1), "hi": np.ones(1)}

    def _at(self, s: np.ndarray) -> np.ndarray:
        inner = interval.add(self._low, interval.mul(self._width, interval.make(s, s)))
        return np.where(s == 0, self._low, np.where(s == 1, self._high, inner))

    def enclose(self, part: Part) -> Intervals:
        return [interval.hull(self._at(part["lo"]), self._at(part["hi"]))]

    def center(self, part: Part) -> Intervals:
        return [self._at((part["lo"] + part["hi"]) / 2)]

    def exact(self, part: Part, row: int) -> tuple[sympy.Expr, ...]:
        s = float(part["lo"][row] + part["hi"][row]) / 2
        return (self.at_exactly(s),)

    def at_exactly(self, s: float) -> Any:
        return self.lo + self.width * sympy.Rational(*s.as_integer_ratio())

    def near(self, points: np.ndarray) -> Part:
        low, width = self._low[1, 0], self._width[1, 0]
        s = np.clip((points[:, 0] - low) / width, 0.0, 1.0)
        s = np.where(points[:, 0] >= self._high[1, 0], 1.0, s)
        return {"lo": s, "hi": s}

    def moves(self, part: Part, slopes: Intervals) -> Moves:
        lo, hi = part["lo"], part["hi"]
        rising, falling = slopes[0][0] < 0, slopes[0][1] < 0
        up, down = rising & (lo < 1), falling & (hi > 0)
        keep = ~((up & (hi < 1)) | (down & (lo > 0)))
        cut = {"lo": np.where(up, 1.0, lo), "hi": np.where(down, 0.0, hi)}
        return Moves(cut, keep, keep & (up | down))

    def axes(self, part: Part, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        width = (part["hi"] - part["lo"])[:, None]
        return np.where(width < _LEAST_WIDTH, 0.0, width), width * self._width[1, 0] * _capped(
            sizes
        )

    def split(self, part: Part, axis: np.ndarray) -> tuple[Part, Part]:
        middle = (part["lo"] + part["hi"]) / 2
        return {"lo": part["lo"], "hi": middle}, {"lo": middle, "hi": part["hi"]}

    def is_point(self, part: Part) -> np.ndarray:
        return part["lo"] == part["hi"]


class _Time(_Interval):
    """The step t along a direction: cut like an interval, but nothing is maximized over it."""

    def moves(self, part: Part, slopes: Intervals) -> Moves:
        return Factor.moves(self, part, slopes)


class _Points(Factor):
    """Finitely many points, each a cell."""

    def __init__(self, points: Sequence[tuple[Any, ...]]) -> None:
        self._points = list(points)
        self.size = len(self._points[0])
        rows = [[number_interval(c) for c in p] for p in self._points]
        # (size, 2, m)
        self._table = np.array(
            [np.concatenate(column, axis=1) for column in zip(*rows, strict=True)]
        )

    def start(self) -> Part:
        return {"index": np.arange(len(self._points))}

    def enclose(self, part: Part) -> Intervals:
        return [column[:, part["index"]] for column in self._table]

    def center(self, part: Part) -> Intervals:
        return self.enclose(part)

    def exact(self, part: Part, row: int) -> tuple[sympy.Expr, ...]:
        return self._points[int(part["index"][row])]

    def near(self, points: np.ndarray) -> Part:
        table = self._table[:, 1].T
        distance = np.abs(points[:, None, :] - table[None]).sum(axis=2)
        return {"index": np.argmin(distance, axis=1)}

    def axes(self, part: Part, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nothing = np.zeros((len(part["index"]), 0))
        return nothing, nothing

    def split(self, part: Part, axis: np.ndarray) -> tuple[Part, Part]:
        raise AssertionError("a point cannot be cut")


class _Simplices(Factor):
    """Simplices with vertices ``X[v]`` in barycentric coordinates x of a simplex.

    The standard simplex is itself; a ball of the 1-norm is ``c_i + r s_i x_i`` over its orthants,
    with signs s and a slack x_0. A cell that was cut down to a face repeats a vertex.
    """

    def __init__(self, vertices: int, center: Sequence[Any] | None = None, radius: Any = 1) -> None:
        self._count = vertices
        self._center, self._radius = center, radius
        self.size = vertices if center is None else vertices - 1
        self._pairs = np.array(list(itertools.combinations(range(vertices), 2)))
        if center is not None:
            self._c = [number_interval(c) for c in center]
            self._r = number_interval(radius)

    def start(self) -> Part:
        if self._center is None:
            return {"X": np.eye(self._count)[None]}
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=self.size)))
        return {"X": np.repeat(np.eye(self._count)[None], len(signs), axis=0), "signs": signs}

    def _to_delta(self, part: Part, x: np.ndarray) -> Intervals:
        """Map ranges of x, (J, 2, N), to ranges of delta."""
        if self._center is None:
            return list(x)
        out = []
        for i in range(self.size):
            flip = part["signs"][:, i] < 0
            y = np.where(flip, x[i + 1][::-1], x[i + 1])
            out.append(interval.add(self._c[i], interval.mul(self._r, y)))
        return out

    def enclose(self, part: Part) -> Intervals:
        X = part["X"]
        x = np.array([-X.min(axis=1), X.max(axis=1)])
        return self._to_delta(part, np.moveaxis(x, 2, 0))

    def _edge(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        lengths = self._lengths(part["X"])
        pairs = self._pairs[np.argmax(lengths, axis=1)]
        return pairs[:, 0], pairs[:, 1]

    def _lengths(self, X: np.ndarray) -> np.ndarray:
        return np.abs(X[:, self._pairs[:, 0]] - X[:, self._pairs[:, 1]]).max(axis=2)

    def _middle(self, part: Part) -> np.ndarray:
        a, b = self._edge(part)
        rows = np.arange(len(a))
        one, other = part["X"][rows, a], part["X"][rows, b]
        # A vertex where the midpoint takes too many bits: it would lie beside the simplex.
        return np.where(_halves_exactly(one, other)[:, None], (one + other) / 2, one)

    def center(self, part: Part) -> Intervals:
        m = self._middle(part)
        x = np.array([-m, m])
        return self._to_delta(part, np.moveaxis(x, 2, 0))

    def exact(self, part: Part, row: int) -> tuple[sympy.Expr, ...]:
        x = [sympy.Rational(*float(v).as_integer_ratio()) for v in self._middle(part)[row]]
        if self._center is None:
            return tuple(x)
        signs = part["signs"][row]
        return tuple(
            c + self._radius * int(s) * v
            for c, s, v in zip(self._center, signs, x[1:], strict=True)
        )

    def near(self, points: np.ndarray) -> Part:
        part: Part = {}
        if self._center is None:
            x = points
        else:
            y = (points - np.array([c[1, 0] for c in self._c])) / self._r[1, 0]
            part["signs"] = np.where(y < 0, -1.0, 1.0)
            x = np.concatenate([1 - np.abs(y).sum(axis=1, keepdims=True), np.abs(y)], axis=1)
        # Multiples of 2**-40 that add up to 1 exactly: the largest entry takes what is left.
        x = np.round(np.clip(x, 0.0, 1.0) * 2.0**40) * 2.0**-40
        rows, largest = np.arange(len(x)), np.argmax(x, axis=1)
        x[rows, largest] = 0.0
        x[rows, largest] = 1.0 - x.sum(axis=1)
        x = np.where((x >= 0).all(axis=1, keepdims=True), x, np.eye(self._count)[0])
        return {**part, "X": np.repeat(x[:, None, :], self._count, axis=1)}

    def moves(self, part: Part, slopes: Intervals) -> Moves:
        X = part["X"]
        if self._center is None:
            d = np.array(slopes)
        else:
            # dg/dx_i = r s_i dg/ddelta_i, the positive r left out; nothing depends on the slack.
            signed = [np.where(part["signs"][:, i] < 0, s[::-1], s) for i, s in enumerate(slopes)]
            d = np.array([np.zeros_like(slopes[0]), *signed])
        # Moving mass from j to i is feasible wherever x_j > 0, and pays where d_i - d_j > 0: then
        # x_j = 0 at every maximizer. d has shape (J, 2, N).
        least: np.ndarray = -d[:, 0]
        most: np.ndarray = d[:, 1]
        with np.errstate(invalid="ignore"):
            gain: np.ndarray = least[:, None] - most[None, :]
        # The rounded difference of two floats has the sign of the exact one.
        empty: np.ndarray = np.any(gain > 0, axis=0).T
        allowed: np.ndarray = ~np.any((X > 0) & empty[:, None, :], axis=2)
        keep: np.ndarray = np.any(allowed, axis=1)
        first = np.argmax(allowed, axis=1)
        rows = np.arange(len(X))
        cut = np.where(allowed[:, :, None], X, X[rows, first][:, None, :])
        changed: np.ndarray = keep & ~np.all(allowed, axis=1)
        return Moves({**part, "X": cut}, keep, changed)

    def axes(self, part: Part, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        X = part["X"]
        difference = np.abs(X[:, self._pairs[:, 0]] - X[:, self._pairs[:, 1]])
        width = difference.max(axis=2)
        if self._center is None:
            effect = (difference * _capped(sizes)[:, None, :]).sum(axis=2)
        else:
            effect = (difference[:, :, 1:] * _capped(sizes)[:, None, :]).sum(axis=2) * self._r[1, 0]
        exact = _halves_exactly(X[:, self._pairs[:, 0]], X[:, self._pairs[:, 1]])
        return np.where(exact & (width >= 4 * _LEAST_WIDTH), width, 0.0), effect

    def split(self, part: Part, axis: np.ndarray) -> tuple[Part, Part]:
        X = part["X"]
        rows = np.arange(len(X))
        a, b = X[rows, self._pairs[axis, 0]], X[rows, self._pairs[axis, 1]]
        middle = ((a + b) / 2)[:, None, :]
        # Repeated vertices move together.
        is_a = (a[:, None, :] == X).all(axis=2)[:, :, None]
        is_b = (b[:, None, :] == X).all(axis=2)[:, :, None]
        return {**part, "X": np.where(is_b, middle, X)}, {**part, "X": np.where(is_a, middle, X)}

    def is_point(self, part: Part) -> np.ndarray:
        X = part["X"]
        return (X[:, :1] == X).all(axis=(1, 2))


class _Ball(Factor):
    """``c + r s`` with ``|s| <= 1``: boxes of s; on the sphere where the inside is excluded."""

    def __init__(self, center: Sequence[Any], radius: Any) -> None:
        self.size = len(center)
        self._center, self._radius = center, radius
        self._c = [number_interval(c) for c in center]
        self._r = number_interval(radius)

    def start(self) -> Part:
        k = self.size
        return {"lo": -np.ones((1, k)), "hi": np.ones((1, k)), "sphere": np.zeros(1, dtype=bool)}

    def _to_delta(self, s: Sequence[np.ndarray]) -> Intervals:
        return [interval.add(c, interval.mul(self._r, x)) for c, x in zip(self._c, s, strict=True)]

    def _ranges(self, part: Part) -> Intervals:
        return [interval.make(part["lo"][:, i], part["hi"][:, i]) for i in range(self.size)]

    def _norm(self, s: Intervals) -> np.ndarray:
        """Return enclosures of ``|s|**2``."""
        total = interval.square(s[0])
        for x in s[1:]:
            total = interval.add(total, interval.square(x))
        return total

    def enclose(self, part: Part) -> Intervals:
        return self._to_delta(self._ranges(part))

    def center(self, part: Part) -> Intervals:
        middle = (part["lo"] + part["hi"]) / 2
        return self._to_delta([interval.make(middle[:, i], middle[:, i]) for i in range(self.size)])

    def _point(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        """Return the dyadic points to probe, and which of them are to be scaled to the sphere."""
        middle = (part["lo"] + part["hi"]) / 2
        s = [interval.make(middle[:, i], middle[:, i]) for i in range(self.size)]
        scaled = (self._norm(s)[1] > 1) | part["sphere"]
        return middle, scaled & (middle != 0).any(axis=1)

    def probe(self, part: Part) -> Intervals:
        middle, scaled = self._point(part)
        s = [interval.make(middle[:, i], middle[:, i]) for i in range(self.size)]
        norm = np.where(scaled, self._norm(s), np.array([[-1.0], [1.0]]))
        inverse = interval.reciprocal(interval.sqrt(norm))
        unit = np.array([[1.0], [1.0]])
        s = [np.where(scaled, np.minimum(interval.mul(x, inverse), unit), x) for x in s]
        return self._to_delta(s)

    def exact(self, part: Part, row: int) -> tuple[sympy.Expr, ...]:
        middle, scaled = self._point(part)
        s: list[Any] = [sympy.Rational(*float(v).as_integer_ratio()) for v in middle[row]]
        if scaled[row]:
            length = sympy.sqrt(sympy.Add(*(v**2 for v in s)))
            s = [v / length for v in s]
        return tuple(c + self._radius * v for c, v in zip(self._center, s, strict=True))

    def near(self, points: np.ndarray) -> Part:
        s = (points - np.array([c[1, 0] for c in self._c])) / self._r[1, 0]
        s = np.clip(s, -1.0, 1.0)
        # `probe` scales what is outside to the sphere.
        return {"lo": s, "hi": s, "sphere": np.zeros(len(s), dtype=bool)}

    def moves(self, part: Part, slopes: Intervals) -> Moves:
        s = self._ranges(part)
        norm = self._norm(s)
        sphere = part["sphere"]
        # Outside the ball; or meant to be on the sphere and strictly inside.
        gone = (-norm[0] > 1) | (sphere & (norm[1] < 1))
        # Some partial derivative is not 0 on the cell: no maximizer in the open ball, where every
        # direction is feasible.
        steep = np.zeros(len(sphere), dtype=bool)
        for d in slopes:
            steep |= (d[0] < 0) | (d[1] < 0)
        gone |= steep & (norm[1] < 1)
        surface = sphere | steep
        with np.errstate(all="ignore"):
            # On the sphere, turning in the plane (i, j) is feasible both ways, with derivative
            # s_i d_j - s_j d_i; and moving to the centre is, with derivative -<d, s>.
            turns = np.zeros(len(sphere), dtype=bool)
            outward = interval.mul(s[0], slopes[0])
            for i in range(1, self.size):
                outward = interval.add(outward, interval.mul(s[i], slopes[i]))
            turns |= outward[1] < 0
            for i, j in itertools.combinations(range(self.size), 2):
                turn = interval.sub(interval.mul(s[i], slopes[j]), interval.mul(s[j], slopes[i]))
                turns |= (turn[0] < 0) | (turn[1] < 0)
        gone |= surface & turns
        return Moves({**part, "sphere": surface}, ~gone, ~gone & (surface & ~sphere))

    def axes(self, part: Part, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        width = part["hi"] - part["lo"]
        return np.where(width < _LEAST_WIDTH, 0.0, width), width * self._r[1, 0] * _capped(sizes)

    def split(self, part: Part, axis: np.ndarray) -> tuple[Part, Part]:
        rows = np.arange(len(axis))
        left, right = part["hi"].copy(), part["lo"].copy()
        middle = (part["lo"][rows, axis] + part["hi"][rows, axis]) / 2
        left[rows, axis] = middle
        right[rows, axis] = middle
        return {**part, "hi": left}, {**part, "lo": right}

    def is_point(self, part: Part) -> np.ndarray:
        return (part["lo"] == part["hi"]).all(axis=1)


@dataclass
class Cells:
    """N cells of a space: the arrays of every factor, and a number for each cell."""

    parts: list[Part]
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: np.ndarray) -> Cells:
        """Return some of the cells (a mask or indices)."""
        return Cells([{k: v[rows] for k, v in p.items()} for p in self.parts], self.ids[rows])

    @staticmethod
    def join(several: Sequence[Cells]) -> Cells:
        """Return the cells of several lists together."""
        first = several[0]
        parts = [
            {k: np.concatenate([c.parts[f][k] for c in several]) for k in part}
            for f, part in enumerate(first.parts)
        ]
        return Cells(parts, np.concatenate([c.ids for c in several]))


class Space:
    """S as a product of factors, behind a range of steps t if one is given.

    With `rows` of numbers, the cells of many problems at once: a cell belongs to the row that it
    starts with, its owner.

    Raises
    ------
    InvalidInputError
        A set that cannot be subdivided here.
    """

    def __init__(
        self,
        domain: CompactSet,
        time: tuple[Any, Any] | None = None,
        rows: Sequence[tuple[Any, ...]] | None = None,
    ) -> None:
        self.factors: list[Factor] = _factors(domain)
        if time is not None:
            self.factors.insert(0, _Time(*time))
        if rows is not None:
            self.factors.insert(0, _Points(rows))
        #: How many coordinates stand before the steps and delta, and whose they are.
        self.leading = 0 if rows is None else len(rows[0])
        self.owners = 1 if rows is None else len(rows)
        self._grouped = rows is not None
        self.slices: list[slice] = []
        at = 0
        for f in self.factors:
            self.slices.append(slice(at, at + f.size))
            at += f.size

    def start(self) -> Cells:
        """Return cells that cover S."""
        starts = [f.start() for f in self.factors]
        counts = [len(next(iter(p.values()))) for p in starts]
        if math.prod(counts) > _MAX_START:
            raise InvalidInputError(
                "domain",
                f"it has {math.prod(counts)} separate pieces",
                "Use fewer points, or a batch of samples.",
            )
        grids = np.meshgrid(*(np.arange(c) for c in counts), indexing="ij")
        parts = [
            {k: v[g.ravel()] for k, v in p.items()} for p, g in zip(starts, grids, strict=True)
        ]
        return Cells(parts, np.arange(math.prod(counts)))

    def owner(self, cells: Cells) -> np.ndarray:
        """Return the number of the problem that each cell belongs to, (N,)."""
        return cells.parts[0]["index"] if self._grouped else np.zeros(len(cells), dtype=int)

    def enclose(self, cells: Cells) -> Intervals:
        """Return the ranges of all coordinates: of delta, behind those of rows and steps."""
        return self._each("enclose", cells)

    def center(self, cells: Cells) -> Intervals:
        """Return a point in each cell's range."""
        return self._each("center", cells)

    def probe(self, cells: Cells) -> Intervals:
        """Return thin intervals around a point of S in or near each cell."""
        return self._each("probe", cells)

    def near(self, points: np.ndarray) -> Cells:
        """Return cells that are single points of S near float points (N, k)."""
        pairs = zip(self.factors, self.slices, strict=True)
        with np.errstate(all="ignore"):
            parts = [f.near(points[:, w]) for f, w in pairs]
        return Cells(parts, np.full(len(points), -1))

    def exact(self, cells: Cells, row: int) -> tuple[sympy.Expr, ...]:
        """Return the probed point of one cell, exactly."""
        pairs = zip(self.factors, cells.parts, strict=True)
        return tuple(c for f, p in pairs for c in f.exact(p, row))

    def is_point(self, cells: Cells) -> np.ndarray:
        """Whether each cell is a single point."""
        pairs = zip(self.factors, cells.parts, strict=True)
        return np.logical_and.reduce([f.is_point(p) for f, p in pairs])

    def moves(self, cells: Cells, slopes: Intervals) -> tuple[Cells, np.ndarray, np.ndarray]:
        """Return the cells cut down, which are left, and which of these have changed."""
        keep = np.ones(len(cells), dtype=bool)
        changed = np.zeros(len(cells), dtype=bool)
        parts = []
        for f, p, where in zip(self.factors, cells.parts, self.slices, strict=True):
            with np.errstate(all="ignore"):
                found = f.moves(p, slopes[where])
            parts.append(found.part)
            keep &= found.keep
            changed |= found.changed
        return Cells(parts, cells.ids), keep, changed & keep

    def split(self, cells: Cells, sizes: Sequence[np.ndarray]) -> tuple[Cells, Cells, np.ndarray]:
        """Cut every cell in two where the given functions change most.

        Parameters
        ----------
        cells : Cells
        sizes : list of (N, k)
            Bounds on the partial derivatives of the functions that matter, each divided by the
            change of the function that is worth a cut.

        Returns
        -------
        (left, right, possible (N,) bool)
            Cells with ``possible`` False are too small to be cut, and come back as they were.
        """
        n = len(cells)
        widths, scores, owners = [], [], []
        for number, (f, p, where) in enumerate(
            zip(self.factors, cells.parts, self.slices, strict=True)
        ):
            with np.errstate(over="ignore"):
                found = [f.axes(p, s[:, where]) for s in sizes]
            width = found[0][0] if found else f.axes(p, np.zeros((n, f.size)))[0]
            widths.append(width)
            scores.append([effect for _, effect in found])
            owners += [(number, a) for a in range(width.shape[1])]
        width = np.concatenate(widths, axis=1)
        if not width.shape[1]:
            return cells, cells, np.zeros(n, dtype=bool)
        score = 1e-3 * width / np.maximum(width.max(axis=1, keepdims=True), 1e-300)
        for i in range(len(sizes)):
            effect = np.concatenate([s[i] for s in scores], axis=1)
            with np.errstate(over="ignore"):
                score = score + effect
        score[width == 0] = -1.0
        best = np.argmax(score, axis=1)
        possible = score[np.arange(n), best] > 0
        left = [dict(p) for p in cells.parts]
        right = [dict(p) for p in cells.parts]
        number = np.array([o[0] for o in owners])[best]
        axis = np.array([o[1] for o in owners])[best]
        for i, f in enumerate(self.factors):
            rows = np.flatnonzero(possible & (number == i))
            if not len(rows):
                continue
            part = {k: v[rows] for k, v in cells.parts[i].items()}
            one, two = f.split(part, axis[rows])
            for k in part:
                left[i][k] = _put(left[i][k], rows, one[k])
                right[i][k] = _put(right[i][k], rows, two[k])
        return Cells(left, cells.ids), Cells(right, cells.ids), possible

    def _each(self, method: str, cells: Cells) -> Intervals:
        pairs = zip(self.factors, cells.parts, strict=True)
        # Where numbers overflow, the bounds say so.
        with np.errstate(all="ignore"):
            return [x for f, p in pairs for x in getattr(f, method)(p)]


def _halves_exactly(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether the midpoints of points (..., J) with coordinates in [0, 1] are exact, (...,)."""
    s = a + b
    z = s - a
    # Knuth's TwoSum; halving is exact above the subnormal numbers.
    exact = ((a - (s - z)) + (b - z) == 0) & ((s == 0) | (s > 1e-290))
    return np.asarray(exact.all(axis=-1))


def _capped(sizes: np.ndarray) -> np.ndarray:
    """Keep unbounded slopes comparable: they say where to cut, and nothing else."""
    return np.minimum(sizes, 1e100)


def _put(array: np.ndarray, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    out = array.copy()
    out[rows] = values
    return out


def _factors(domain: CompactSet) -> list[Factor]:
    if isinstance(domain, Product):
        return [f for s in domain.sets for f in _factors(s)]
    if domain.is_point():
        return [_Points([domain.exact_point()])]
    if isinstance(domain, Ball) and (domain.norm == math.inf or domain.dim == 1):
        domain = domain.as_box()
    if isinstance(domain, Box):
        return [_line(a, b) for a, b in zip(domain.exact_lo, domain.exact_hi, strict=True)]
    if isinstance(domain, FiniteSet):
        return [_Points(domain.exact_points)]
    if isinstance(domain, Simplex):
        return [_Simplices(domain.dim)]
    if isinstance(domain, Ball) and domain.norm == 2:
        return [_Ball(domain.exact_center, domain.exact_radius)]
    if isinstance(domain, Ball) and 2**domain.dim <= _MAX_ORTHANTS:
        return [_Simplices(domain.dim + 1, domain.exact_center, domain.exact_radius)]
    what = "a hull of points" if isinstance(domain, Hull) else f"{domain!r}"
    raise InvalidInputError(
        "domain",
        f"{what} cannot be subdivided for a proof",
        "Use intervals, boxes, simplices, balls (of the 1-norm in up to 8 dimensions), finite "
        "sets, and products of these.",
    )


def _line(lo: Any, hi: Any) -> Factor:
    return _Points([(lo,)]) if sign(hi - lo) == 0 else _Interval(lo, hi)
