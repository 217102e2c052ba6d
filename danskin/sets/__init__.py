"""Compact sets of perturbations: Interval, Box, Simplex, Ball, FiniteSet, Product, Hull.

Each keeps its numbers exactly (SymPy), for proofs, and as float64, for computing. Points are rows:
``(k,)`` for one, ``(N, k)`` for many; `dim` is k, the number of coordinates of delta.
"""

from __future__ import annotations

from danskin.sets.ball import Ball
from danskin.sets.base import CompactSet, unit_vector
from danskin.sets.box import Box, Interval
from danskin.sets.points import FiniteSet, Hull
from danskin.sets.product import Product
from danskin.sets.simplex import Simplex

__all__ = [
    "Ball",
    "Box",
    "CompactSet",
    "FiniteSet",
    "Hull",
    "Interval",
    "Product",
    "Simplex",
    "unit_vector",
]
