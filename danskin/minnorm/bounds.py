"""The two-sided certificate ``min_i <u, g_i> <= rho <= |x|``, with rounding accounted for.

It holds for every feasible weight vector and every unit vector u, so it judges the output of any
solver. Here ``u = x/|x|`` with x recomputed from the gradients. For a product of simplices (one a
sample) the left side is ``(1/B) sum_i min_j <u, g_ij>``.

x and the inner products are evaluated in double-double, so what the bounds show is the gap of the
weights and hardly anything of their own evaluation: a compensated sum of k terms errs by less than
``(2 k eps)^2`` times the sum of the absolute terms. All that remains is moved outward.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from danskin.minnorm.scaling import EPS, ScaledPoints, row_norms
from danskin.minnorm.twofold import (
    add_inner,
    combine,
    gram_certificate,
    sum_of_squares,
)

__all__ = ["NOTHING", "Bounds", "block_starts", "gram_bounds", "point_bounds", "scale_bounds"]

TINY = 2.0**-1074
NOTHING = np.empty(0)
ONE_BLOCK = np.zeros(1, np.int64)


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
    if len(sizes) == 1:
        return ONE_BLOCK
    return np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64)


def _defect(
    weights: Float[np.ndarray, "m"],
    weights_lo: Float[np.ndarray, "m"] | None,
    sizes: tuple[int, ...],
) -> float:
    """How far the weights of a simplex are from adding up to one."""
    lo: list[float] = [] if weights_lo is None else weights_lo.tolist()
    whole, worst, first = weights.tolist(), 0.0, 0
    for size in sizes:
        last = first + size
        worst = max(worst, abs(math.fsum([*whole[first:last], *lo[first:last], -1.0])))
        first = last
    return worst


def point_bounds(
    points: Float[np.ndarray, "m n"] | ScaledPoints,
    weights: Float[np.ndarray, "m"],
    sizes: tuple[int, ...],
    weights_lo: Float[np.ndarray, "m"] | None = None,
) -> tuple[Float[np.ndarray, "n"], Bounds]:
    """Return ``x = (1/B) weights @ points``, rounded once, and its two-sided certificate.

    `points` are scaled gradients (largest entry below 1), one a row; `sizes` the numbers of rows
    per sample. The weights are ``weights + weights_lo``.
    """
    scaled = points if isinstance(points, ScaledPoints) else ScaledPoints(points, 0)
    m, n = scaled.shape
    batch = len(sizes)
    lengths = _lengths(scaled.columns(), m)
    terms = int(np.count_nonzero(weights))
    size = float(weights @ lengths) / batch
    if size == 0.0:  # every weight sits on a zero gradient: x is exactly 0
        nothing: Float[np.ndarray, "n"] = np.zeros(n)
        return nothing, Bounds(0.0, 0.0, 0.0, 0.0)
    x, x_lo = np.empty(n), np.empty(n)
    lo = np.zeros(m) if weights_lo is None else np.array(weights_lo)
    own = np.array(weights)  # contiguous and writable: one compiled version of each kernel
    first = 0
    for block in scaled.columns():
        last = first + block.shape[1]
        combine(block, own, lo, x[first:last], x_lo[first:last])
        first = last
    defect = _defect(weights, weights_lo, sizes)
    rounding = 2 * (terms + 8) * EPS * size + m * n * TINY
    slack = (2 * terms * EPS) ** 2 * size * batch + 4 * m * n * TINY
    if batch > 1:  # one weight sum off by a little is off by that much of its own sample
        slack += 1.01 * defect * size * batch
    slack /= batch
    peak = float(np.abs(x).max())
    if peak == 0.0:
        return x, Bounds(slack * (1 + 8 * EPS), 0.0, size, rounding)
    # Any nonzero vector serves in the lower bound; one of size 1 keeps products from underflow.
    exponent = math.frexp(peak)[1]
    x, x_lo = np.ldexp(x, -exponent), np.ldexp(x_lo, -exponent)
    length = math.sqrt(sum_of_squares(x, x_lo))
    # For one simplex x / sum a is a point of the hull, whatever the sum.
    stretch = (1 + 4 * EPS) * (1 + 1.01 * defect)
    upper = math.ldexp(length, exponent) / batch * stretch + slack * (1 + 2 * EPS)
    inner, inner_lo = np.zeros(m), np.zeros(m)
    first = 0
    for block in scaled.columns():
        last = first + block.shape[1]
        add_inner(block, x[first:last], x_lo[first:last], inner, inner_lo)
        first = last
    below = inner + (inner_lo - ((2 * n * EPS) ** 2 + 4 * EPS**2) * lengths * length - 8 * n * TINY)
    least = np.minimum.reduceat(below, block_starts(sizes))
    total = float(least.sum()) - (batch - 1) * EPS * float(np.abs(least).sum())
    lower = total / batch / length * (1 - 4 * EPS) if total > 0 else 0.0
    return np.ldexp(x + x_lo, exponent) / batch, Bounds(upper, min(lower, upper), size, rounding)


def _lengths(columns: Iterable[Float[np.ndarray, "m k"]], m: int) -> Float[np.ndarray, "m"]:
    """Return the rows' lengths, to a relative accuracy of 1e-8."""
    lengths = np.zeros(m)
    for block in columns:
        squares = np.einsum("ij,ij->i", block, block)
        underflown = float(squares.min()) < 2.0**-900
        part = row_norms(block) if underflown else np.sqrt(squares)
        lengths = np.hypot(lengths, part)
    return lengths


def gram_bounds(
    gram: Float[np.ndarray, "m m"],
    weights: Float[np.ndarray, "m"],
    sizes: tuple[int, ...],
    shift: float = 0.0,
    weights_lo: Float[np.ndarray, "m"] | None = None,
) -> Bounds:
    """Return the two-sided certificate from a scaled Gram matrix alone.

    Its entries are known to ``eps``, hence lengths only to ``sqrt(eps)`` of the gradients' size: a
    Gram matrix resolves near-stationarity half as finely as the gradients do.
    """
    lo = NOTHING if weights_lo is None else np.array(weights_lo)
    return Bounds(
        *gram_certificate(
            np.array(gram, order="C"), np.array(weights), lo, block_starts(sizes), shift
        )
    )


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
