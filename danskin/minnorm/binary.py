"""Floats as the binary rationals they are: the exact answer, rounded once.

A float64 array is integers times one power of two, so the rational solver takes gradients or a
Gram matrix without any rounding, starting from the weights that the float solvers found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from danskin.minnorm.bounds import Bounds
from danskin.minnorm.rational import (
    IntegerGram,
    clear_denominators,
    exact_active_set,
    sqrt_bounds,
    weighted_sum,
)
from danskin.minnorm.scaling import EPS, row_norms

__all__ = [
    "IntegerRows",
    "RoundedExact",
    "affordable_steps",
    "exact_from_gram",
    "feasible_fractions",
    "to_integers",
]

# What takes up to about a second: long products for the Gram matrix, and eliminations whose
# integers grow with their size (k**4 bits times).
EXACT_PRODUCTS = 4e8
EXACT_ELIMINATION = 4e9


def affordable_steps(
    matrix: Float[np.ndarray, "m k"], order: int, width: int, share: float
) -> float:
    """Return how many exact steps take a `share` of about a second; 0 if not even the first.

    The steps are eliminations of the given order; before them come the inner products of m rows
    of the given width.
    """
    if share == math.inf:
        return math.inf
    m = matrix.shape[0]
    exponents = np.frexp(matrix[matrix != 0])[1]
    bits = 53 + (int(exponents.max()) - int(exponents.min()) if exponents.size else 0)
    if m * m * width * bits > share * EXACT_PRODUCTS:
        return 0.0
    return share * EXACT_ELIMINATION // (order**4 * bits)


@dataclass(frozen=True)
class IntegerRows:
    """A float matrix as integers times one power of two."""

    rows: list[list[int]]
    unit: Fraction


def to_integers(matrix: Float[np.ndarray, "m n"]) -> IntegerRows:
    """Return the float matrix as integers times a common power of two, exactly."""
    mantissas, exponents = np.frexp(matrix)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    nonzero = exponents[matrix != 0]
    least = int(nonzero.min()) if nonzero.size else 0
    rows = [
        [a << max(e - least, 0) for a, e in zip(row, powers, strict=True)]
        for row, powers in zip(whole.tolist(), exponents.tolist(), strict=True)
    ]
    return IntegerRows(rows, Fraction(2) ** (least - 53))


@dataclass(frozen=True, eq=False)
class RoundedExact:
    """Exact weights, their float64 rounding and the bounds on rho, one rounding apart."""

    weights: list[Fraction]
    floats: Float[np.ndarray, "m"]
    bounds: Bounds
    iterations: int
    batch: int

    @property
    def twofold(self) -> tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"]]:
        """Return the weights as hi and lo, each rounded."""
        lo = [float(a - Fraction(hi)) for a, hi in zip(self.weights, self.floats, strict=True)]
        return self.floats, np.array(lo)

    def point(self, rows: IntegerRows) -> Float[np.ndarray, "n"]:
        """Return the exact min-norm point, each coordinate rounded once."""
        whole, share = clear_denominators([self.weights])
        unit = rows.unit * share / self.batch
        return np.array([float(entry * unit) for entry in weighted_sum(whole[0], rows.rows)])


def exact_from_gram(
    gram: IntegerGram,
    unit: Fraction,
    sizes: tuple[int, ...],
    guess: Float[np.ndarray, "m"],
    points: Float[np.ndarray, "m n"] | None,
    most: float = math.inf,
) -> RoundedExact | None:
    """Solve exactly, starting from the float weights; None where `most` steps do not suffice."""
    found = exact_active_set(gram, sizes, feasible_fractions(guess, sizes), most)
    if found is None:
        return None
    weights, iterations = found
    active = [j for j, a in enumerate(weights) if a]
    denominator = math.lcm(*(a.denominator for a in weights))
    whole = [int(a * denominator) for a in weights]
    square = sum(whole[i] * sum(gram[i][j] * whole[j] for j in active) for i in active)
    lower, upper = sqrt_bounds(Fraction(square, denominator**2 * len(sizes) ** 2) * unit)
    floats = np.array([float(a) for a in weights])
    size = 0.0 if points is None else float(floats @ row_norms(points)) / len(sizes)
    return RoundedExact(
        weights, floats, Bounds(upper, lower, size, EPS * size), iterations, len(sizes)
    )


def feasible_fractions(weights: Float[np.ndarray, "m"], sizes: tuple[int, ...]) -> list[Fraction]:
    """Return the float weights as fractions that add up to exactly one over each sample."""
    result: list[Fraction] = []
    first = 0
    for size in sizes:
        part = [Fraction(a) for a in weights[first : first + size].tolist()]
        total = sum(part, Fraction(0))
        result += [a / total for a in part]
        first += size
    return result
