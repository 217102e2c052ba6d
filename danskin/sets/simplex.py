"""The probability simplex, and its projection."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.sets.base import MAX_VERTICES, CompactSet, unit_vector

__all__ = ["Simplex"]


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
        if self.dim > MAX_VERTICES:
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
