"""Cartesian products."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.sets.base import MAX_VERTICES, CompactSet

__all__ = ["Product"]


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
            if own is None or len(own) * len(corners) > MAX_VERTICES:
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
