"""What maximising over a set returns: value, isolated points, faces, and what is proved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from danskin.sets import CompactSet

__all__ = ["ArgMax"]


@dataclass(frozen=True)
class ArgMax:
    """Global maximizers of one function on one compact set.

    Attributes
    ----------
    value : float
        The maximum (a lower bound of it where not `complete`).
    exact_value : sympy.Expr or None
    points : ndarray (m, k)
        Isolated maximizers.
    exact_points : tuple of exact points, or None
    faces : tuple of CompactSet
        Infinite sets of maximizers, exact.
    complete : bool
        True only where points and faces are proved to be all maximizers.
    method : str
        How they were found, in words.
    """

    value: float
    exact_value: sympy.Expr | None
    points: np.ndarray
    exact_points: tuple[tuple[sympy.Expr, ...], ...] | None
    faces: tuple[CompactSet, ...]
    complete: bool
    method: str
