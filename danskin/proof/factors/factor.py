"""What a factor of S can do: cover itself with cells, enclose them, cut them down and in two.

`Factor.moves` holds the one condition, besides the value, under which a cell is cut down. A
maximizer x cannot have a direction e that is feasible in S *at x* along which g increases to first
order. So if ``dg/de > 0`` strictly on the whole closed cell, only points at which e is not feasible
remain: the face of S that e runs into, or nothing. "Feasible from every point of the cell" is
never assumed: what is left is exactly the part of the cell where it is not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import sympy

__all__ = ["LEAST_WIDTH", "Factor", "Intervals", "Moves", "Part", "capped"]

#: The arrays of one factor for N cells, by name; the first axis is the cell.
Part = dict[str, np.ndarray]
Intervals = list[np.ndarray]

#: Cells are not cut below this width (in dyadic coordinates), so that their corners stay exact.
LEAST_WIDTH = 2.0**-44


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


def capped(sizes: np.ndarray) -> np.ndarray:
    """Keep unbounded slopes comparable: they say where to cut, and nothing else."""
    return np.minimum(sizes, 1e100)
