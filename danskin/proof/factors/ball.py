"""A ball of the 2-norm: boxes inside it and, where the inside is excluded, on its sphere."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from danskin.proof import interval
from danskin.proof.evaluate import number_interval
from danskin.proof.factors.factor import LEAST_WIDTH, Factor, Intervals, Moves, Part, capped

__all__ = ["RoundBall"]


class RoundBall(Factor):
    """``c + r s`` with ``|s| <= 1``: boxes of s; on the sphere where the inside is excluded."""

    def __init__(self, center: Sequence[Any], radius: Any) -> None:
        self.size = len(center)
        self.exact_center, self.exact_radius = center, radius
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
        return tuple(c + self.exact_radius * v for c, v in zip(self.exact_center, s, strict=True))

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
        return np.where(width < LEAST_WIDTH, 0.0, width), width * self._r[1, 0] * capped(sizes)

    def split(self, part: Part, axis: np.ndarray) -> tuple[Part, Part]:
        rows = np.arange(len(axis))
        left, right = part["hi"].copy(), part["lo"].copy()
        middle = (part["lo"][rows, axis] + part["hi"][rows, axis]) / 2
        left[rows, axis] = middle
        right[rows, axis] = middle
        return {**part, "hi": left}, {**part, "lo": right}

    def is_point(self, part: Part) -> np.ndarray:
        return (part["lo"] == part["hi"]).all(axis=1)
