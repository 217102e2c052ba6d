"""The two-sided certificate ``min_i <u, g_i> <= rho <= |x|``, with rounding accounted for.

It holds for every feasible weight vector and every unit vector u, so it judges the output of any
solver. Here ``u = x/|x|`` with x recomputed from the gradients. For a product of simplices (one a
sample) the left side is ``(1/B) sum_i min_j <u, g_ij>``.

Rounding is moved outward by first-order forward error bounds with twice the unit roundoff: a sum
of k terms in any order costs ``k eps``; NumPy's pairwise sum over a contiguous axis of length n
costs ``min(n, 32 + log2 n) eps``, both times the sum of the absolute terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from danskin.minnorm.scaling import EPS, row_norms

__all__ = ["Bounds", "block_starts", "gram_bounds", "point_bounds", "scale_bounds"]

TINY = 2.0**-1074
CHUNK = 2**22


@dataclass(frozen=True, eq=False)
class Bounds:
    """A point x of the hull, and ``lower <= rho <= upper``.

    ``size`` is ``sum a_i |g_i|``, the length x would have if nothing cancelled; ``rounding`` is
    the length below which float64 cannot tell x from 0.
    """

    upper: float
    lower: float
    size: float
    rounding: float


def block_starts(sizes: tuple[int, ...]) -> Int[np.ndarray, "b"]:
    """Return the index of the first gradient of each sample."""
    return np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)


def _defect(weights: Float[np.ndarray, "m"], sizes: tuple[int, ...]) -> float:
    """How far the weights of a simplex are from adding up to one."""
    starts = block_starts(sizes)
    return max(
        abs(math.fsum(weights[k : k + size].tolist()) - 1.0)
        for k, size in zip(starts.tolist(), sizes, strict=True)
    )


def point_bounds(
    points: Float[np.ndarray, "m n"], weights: Float[np.ndarray, "m"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "n"], Bounds]:
    """Return ``x = (1/B) weights @ points`` and its two-sided certificate.

    `points` are scaled gradients (largest entry below 1), one a row; `sizes` the numbers of rows
    per sample.
    """
    m, n = points.shape
    batch = len(sizes)
    depth = 2.0 + min(n, 32.0 + math.log2(n))
    x = np.asarray(weights @ points, dtype=np.float64) / batch
    size = float(weights @ row_norms(points)) / batch
    if size == 0.0:  # every weight sits on a zero gradient: x is exactly 0
        return np.zeros_like(x), Bounds(0.0, 0.0, 0.0, 0.0)
    terms = int(np.count_nonzero(weights))
    slack = ((terms + 8) * EPS + 1.01 * _defect(weights, sizes)) * size + m * n * TINY
    peak = float(np.abs(x).max())
    if peak == 0.0:
        return x, Bounds(slack * (1 + 8 * EPS), 0.0, size, 2 * slack)
    # Any nonzero vector serves in the lower bound; one of size 1 keeps products from underflow.
    direction = np.ldexp(x, -int(np.frexp(peak)[1]))
    length = math.sqrt(float(np.square(direction).sum()))
    norm = math.ldexp(length, int(np.frexp(peak)[1]))
    upper = (norm * (1 + depth * EPS) + slack) * (1 + 8 * EPS)
    inner = np.empty(m)
    rows = max(1, CHUNK // n)
    for k in range(0, m, rows):
        products = points[k : k + rows] * direction
        inner[k : k + rows] = products.sum(axis=1) - (
            depth * EPS * np.abs(products).sum(axis=1) + n * TINY
        )
    least = np.minimum.reduceat(inner, block_starts(sizes))
    total = float(least.sum()) - (batch + 4) * EPS * float(np.abs(least).sum())
    lower = total / batch / (length * (1 + depth * EPS)) * (1 - 8 * EPS) if total > 0 else 0.0
    return x, Bounds(upper, min(lower, upper), size, 2 * slack)


def gram_bounds(
    gram: Float[np.ndarray, "m m"],
    weights: Float[np.ndarray, "m"],
    sizes: tuple[int, ...],
    shift: float = 0.0,
) -> Bounds:
    """Return the two-sided certificate from a scaled Gram matrix alone.

    Squared lengths are known to ``eps``, hence lengths only to ``sqrt(eps)`` of the gradients'
    size: a Gram matrix resolves near-stationarity half as finely as the gradients do.
    """
    m = gram.shape[0]
    batch = len(sizes)
    size = float(weights @ np.sqrt(gram.diagonal())) / batch
    if size == 0.0:
        return Bounds(0.0, 0.0, 0.0, 0.0)
    inner = gram @ weights
    error = (m + 4) * EPS * (np.abs(gram) @ weights) + m * TINY
    square = float(weights @ inner)
    square_error = float(weights @ error) + (m + 4) * EPS * float(weights @ np.abs(inner)) + TINY
    stretch = 1 + 1.01 * _defect(weights, sizes) + 8 * EPS
    upper = math.sqrt(max(square, 0.0) + square_error) / batch * stretch
    rounding = math.sqrt((m + 8) * EPS + 2 * shift) * size
    # Cauchy-Schwarz: <x, g_j> <= |x| <u, g_j>; dividing by the upper bound of |x| is safe.
    least = np.minimum.reduceat(inner - error, block_starts(sizes))
    total = float(least.sum()) - (batch + 4) * EPS * float(np.abs(least).sum())
    lower = total / batch / math.sqrt(max(square, 0.0) + square_error) if total > 0 else 0.0
    return Bounds(upper, min(lower * (1 - 8 * EPS), upper), size, rounding)


def scale_bounds(bounds: Bounds, exponent: int) -> Bounds:
    """Multiply bounds by ``2**exponent``, rounding outward where the result is subnormal."""

    def scaled(value: float, away: float) -> float:
        result = math.ldexp(value, exponent)
        return result if math.ldexp(result, -exponent) == value else math.nextafter(result, away)

    return Bounds(
        scaled(bounds.upper, math.inf),
        max(0.0, scaled(bounds.lower, 0.0)),
        scaled(bounds.size, math.inf),
        scaled(bounds.rounding, math.inf),
    )
