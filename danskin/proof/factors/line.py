"""Intervals ``lo + (hi - lo) s`` with s in [0, 1], and finite sets of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from danskin.proof import interval
from danskin.proof.evaluate import number_interval
from danskin.proof.factors.factor import LEAST_WIDTH, Factor, Intervals, Moves, Part, capped

__all__ = ["Interval", "Points", "Time"]


class Interval(Factor):
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
        """Return the point at s, exactly."""
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
        return np.where(width < LEAST_WIDTH, 0.0, width), width * self._width[1, 0] * capped(sizes)

    def split(self, part: Part, axis: np.ndarray) -> tuple[Part, Part]:
        middle = (part["lo"] + part["hi"]) / 2
        return {"lo": part["lo"], "hi": middle}, {"lo": middle, "hi": part["hi"]}

    def is_point(self, part: Part) -> np.ndarray:
        return part["lo"] == part["hi"]


class Time(Interval):
    """The step t along a direction: cut like an interval, but nothing is maximized over it."""

    def moves(self, part: Part, slopes: Intervals) -> Moves:
        return Factor.moves(self, part, slopes)


class Points(Factor):
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
