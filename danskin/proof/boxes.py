"""Cells that cover S exactly: S is a product of factors, and a cell has a part of each.

How a factor is subdivided, and where its faces are, is in `factors`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.proof.factors import Factor, Intervals, Part, Points, Time, factors_of
from danskin.sets import CompactSet

__all__ = ["Cells", "Space"]

_MAX_START = 20_000


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
        self.factors: list[Factor] = factors_of(domain)
        if time is not None:
            self.factors.insert(0, Time(*time))
        if rows is not None:
            self.factors.insert(0, Points(rows))
        #: How many coordinates stand before the steps and delta, and whose they are.
        self.leading = 0 if rows is None else len(rows[0])
        self.owners = 1 if rows is None else len(rows)
        self.grouped = rows is not None
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
        return cells.parts[0]["index"] if self.grouped else np.zeros(len(cells), dtype=int)

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


def _put(array: np.ndarray, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    out = array.copy()
    out[rows] = values
    return out
