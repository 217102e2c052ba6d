"""Boxes and intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.exact import compare, exact_number, exact_vector
from danskin.sets.base import MAX_VERTICES, CompactSet, floats, text

__all__ = ["Box", "Interval"]


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
        self.lo = floats(self.exact_lo, "lo")
        self.hi = floats(self.exact_hi, "hi")

    def _project(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, self.lo, self.hi)

    def _sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        part = rng.uniform(size=(size, self.dim))
        return self._project((1 - part) * self.lo + part * self.hi)

    def vertices(self) -> list[tuple[sympy.Expr, ...]] | None:
        """See `CompactSet.vertices`."""
        free = [i for i in range(self.dim) if self.exact_lo[i] != self.exact_hi[i]]
        if 1 << len(free) > MAX_VERTICES:
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
        return f"Box({text(self.exact_lo)}, {text(self.exact_hi)})"


class Interval(Box):
    """``[lo, hi]`` on the line: a Box with one coordinate."""

    def __init__(self, lo: Any, hi: Any) -> None:
        super().__init__([exact_number(lo, "lo")], [exact_number(hi, "hi")])

    def __repr__(self) -> str:
        return f"Interval({self.exact_lo[0]}, {self.exact_hi[0]})"
