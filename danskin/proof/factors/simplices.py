"""A simplex cut into smaller simplices, and a ball of the 1-norm as one simplex an orthant."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from danskin.proof import interval
from danskin.proof.evaluate import number_interval
from danskin.proof.factors.factor import LEAST_WIDTH, Factor, Intervals, Moves, Part, capped

__all__ = ["Simplices"]


class Simplices(Factor):
    """Simplices with vertices ``X[v]`` in barycentric coordinates x of a simplex.

    The standard simplex is itself; a ball of the 1-norm is ``c_i + r s_i x_i`` over its orthants,
    with signs s and a slack x_0. A cell that was cut down to a face repeats a vertex.
    """

    def __init__(self, vertices: int, center: Sequence[Any] | None = None, radius: Any = 1) -> None:
        self._count = vertices
        self.exact_center, self.exact_radius = center, radius
        self.size = vertices if center is None else vertices - 1
        self._pairs = np.array(list(itertools.combinations(range(vertices), 2)))
        if center is not None:
            self._c = [number_interval(c) for c in center]
            self._r = number_interval(radius)

    def start(self) -> Part:
        if self.exact_center is None:
            return {"X": np.eye(self._count)[None]}
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=self.size)))
        return {"X": np.repeat(np.eye(self._count)[None], len(signs), axis=0), "signs": signs}

    def _to_delta(self, part: Part, x: np.ndarray) -> Intervals:
        """Map ranges of x, (J, 2, N), to ranges of delta."""
        if self.exact_center is None:
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
        if self.exact_center is None:
            return tuple(x)
        signs = part["signs"][row]
        return tuple(
            c + self.exact_radius * int(s) * v
            for c, s, v in zip(self.exact_center, signs, x[1:], strict=True)
        )

    def near(self, points: np.ndarray) -> Part:
        part: Part = {}
        if self.exact_center is None:
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
        if self.exact_center is None:
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
        if self.exact_center is None:
            effect = (difference * capped(sizes)[:, None, :]).sum(axis=2)
        else:
            effect = (difference[:, :, 1:] * capped(sizes)[:, None, :]).sum(axis=2) * self._r[1, 0]
        exact = _halves_exactly(X[:, self._pairs[:, 0]], X[:, self._pairs[:, 1]])
        return np.where(exact & (width >= 4 * LEAST_WIDTH), width, 0.0), effect

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


def _halves_exactly(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether the midpoints of points (..., J) with coordinates in [0, 1] are exact, (...,)."""
    s = a + b
    z = s - a
    # Knuth's TwoSum; halving is exact above the subnormal numbers.
    exact = ((a - (s - z)) + (b - z) == 0) & ((s == 0) | (s > 1e-290))
    return np.asarray(exact.all(axis=-1))
