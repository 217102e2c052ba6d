"""Weights of a face to twice the precision, from one float64 factorisation.

On a support S the weights are ``y / sum y`` with ``(G_SS + c 1 1') y = 1``. Residuals in
double-double and corrections by the float64 Cholesky factor make y, a sum of two float64 numbers,
more precise at each step by about eps times the condition number (Wilkinson's iterative
refinement): many digits for the price of a few products with G. Where the points themselves are at
hand, ``G y`` is two products with them, and no G of 106 bits is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg.lapack  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Float, Int

from danskin.minnorm._jit import fma, jit
from danskin.minnorm.scaling import ScaledPoints
from danskin.minnorm.twofold import add_inner, combine, gram_times

__all__ = [
    "EXACT",
    "Face",
    "Product",
    "Refined",
    "gather",
    "gram_product",
    "point_product",
    "refine",
    "refined_weights",
]

_lapack: Any = scipy.linalg.lapack

# The low part of a Gram matrix that has none.
EXACT = np.empty((0, 0))
STEPS = 12
EXCHANGES = 12
# Added to the diagonal, relative to it, where the points of a support are dependent: corrections
# with such a factor are smaller than they should be, and lead to a solution all the same.
DAMPINGS = (0.0, 1e-12, 1e-10)
# Corrections below this part of y are beyond double-double.
FINEST = 2.0**-100

Product = Callable[
    [
        Float[np.ndarray, "m"],
        Float[np.ndarray, "m"],
        Float[np.ndarray, "m"],
        Float[np.ndarray, "m"],
    ],
    None,
]
"""``product(y, y_lo, w, w_lo)`` writes ``G (y + y_lo)`` to w + w_lo, in double-double."""


def gram_product(gram: Float[np.ndarray, "m m"], gram_lo: Float[np.ndarray, "_ _"]) -> Product:
    """Multiply by the Gram matrix ``gram + gram_lo``; an empty `gram_lo` stands for zeros."""

    def product(
        y: Float[np.ndarray, "m"],
        y_lo: Float[np.ndarray, "m"],
        w: Float[np.ndarray, "m"],
        w_lo: Float[np.ndarray, "m"],
    ) -> None:
        gram_times(gram, gram_lo, y, y_lo, w, w_lo)

    return product


def point_product(scaled: ScaledPoints) -> Product:
    """Multiply by the Gram matrix of the points: ``x = y @ points``, then every ``<x, p_i>``."""

    def product(
        y: Float[np.ndarray, "m"],
        y_lo: Float[np.ndarray, "m"],
        w: Float[np.ndarray, "m"],
        w_lo: Float[np.ndarray, "m"],
    ) -> None:
        w[:], w_lo[:] = 0.0, 0.0
        for block in scaled.columns():
            x, x_lo = np.empty((2, block.shape[1]))
            combine(block, y, y_lo, x, x_lo)
            add_inner(block, x, x_lo, w, w_lo)

    return product


@dataclass(frozen=True, eq=False)
class Face:
    """A support S, c, and the upper Cholesky factor of ``G_SS + c 1 1'`` in float64."""

    support: Int[np.ndarray, "k"]
    c: float
    factor: Float[np.ndarray, "k k"]

    def solve(self, right: Float[np.ndarray, "k"]) -> Float[np.ndarray, "k"]:
        """Return y with ``(G_SS + c 1 1') y = right``, up to rounding."""
        return _lapack.dpotrs(self.factor, right, lower=0)[0]


@dataclass(frozen=True, eq=False)
class Refined:
    """``y + y_lo`` on the support, its sum, and the last correction relative to y.

    ``w + w_lo`` are the products ``G y`` with all points, before that correction.
    """

    y: Float[np.ndarray, "k"]
    y_lo: Float[np.ndarray, "k"]
    total: float
    total_lo: float
    error: float
    w: Float[np.ndarray, "m"]
    w_lo: Float[np.ndarray, "m"]


def refine(
    product: Product,
    m: int,
    face: Face,
    y: Float[np.ndarray, "k"],
    finest: float = 2.0**-60,
) -> Refined:
    """Improve the solution y of ``(G_SS + c 1 1') y = 1`` until a correction is below `finest`.

    `product` multiplies by G, (m, m). Stops where a correction is not half the last: the condition
    is then beyond float64.
    """
    w, w_lo = np.empty(m), np.empty(m)
    full, full_lo = np.zeros(m), np.zeros(m)
    y, y_lo = y.copy(), np.zeros(y.size)
    residual = np.empty(y.size)
    total, total_lo = _sum(y, y_lo)
    error = math.inf
    for _ in range(STEPS):
        full[face.support], full_lo[face.support] = y, y_lo
        product(full, full_lo, w, w_lo)
        _residual(w, w_lo, face.support, face.c, total, total_lo, residual)
        step = face.solve(residual)
        change = float(np.abs(step).max()) / float(np.abs(y).max())
        if not change < 0.5 * error:
            break
        error = change
        y, y_lo = _two_sum_of(y, y_lo + step)
        total, total_lo = _sum(y, y_lo)
        if error <= finest:
            break
    return Refined(y, y_lo, total, total_lo, error, w, w_lo)


def refined_weights(
    gram: Float[np.ndarray, "m m"],
    product: Product,
    start: Float[np.ndarray, "m"],
    face: Face | None = None,
) -> tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"], int] | None:
    """Return double-double weights hi and lo from a good guess of the support, and the rounds.

    `product` multiplies by the Gram matrix of which `gram` is the float64 rounding; `face` is the
    guess's, where it has been factorised already. None where the corrections do not shrink or the
    support does not settle: another method has to answer then.
    """
    m = gram.shape[0]
    root = np.sqrt(gram.diagonal())
    c = float(gram.diagonal().min())
    inside = start > 0
    if c == 0.0:
        return None
    for turn in range(1, EXCHANGES + 1):
        if face is None or turn > 1:
            face = _factorised(gram, np.flatnonzero(inside), c)
        if face is None:
            return None
        support = face.support
        found = refine(product, m, face, face.solve(np.ones(support.size)), FINEST)
        if not found.error < 1e-8:
            return None
        leave = np.zeros(m, dtype=bool)
        leave[support] = found.y <= 0
        # w before the last correction: wrong by no more than that correction makes of it.
        level = found.w[support[0]] + found.w_lo[support[0]]
        noise = 4 * max(found.error, FINEST) * float(np.abs(found.y) @ root[support]) * root
        drop = (found.w - level) + found.w_lo
        enter = ~inside & (drop < -noise)
        if not (leave.any() or enter.any()):
            weights, weights_lo = np.zeros(m), np.zeros(m)
            _quotients(
                found.y, found.y_lo, found.total, found.total_lo, support, weights, weights_lo
            )
            return weights, weights_lo, turn
        inside = (inside & ~leave) | enter
    return None


def _factorised(
    gram: Float[np.ndarray, "m m"], support: Int[np.ndarray, "k"], c: float
) -> Face | None:
    if support.size == 0:
        return None
    Q = np.empty((support.size,) * 2)
    for damping in DAMPINGS:
        gather(gram, support, c, damping, Q)
        factor, failed = _lapack.dpotrf(Q.T, lower=0, clean=0, overwrite_a=1)
        if not failed:
            return Face(support, c, factor)
    return None


def _two_sum_of(
    a: Float[np.ndarray, "k"], b: Float[np.ndarray, "k"]
) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


@jit
def _two_sum(a: float, b: float) -> tuple[float, float]:
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


@jit
def _sum(hi: Float[np.ndarray, "k"], lo: Float[np.ndarray, "k"]) -> tuple[float, float]:
    """Return the sum of all entries as hi and lo, to about twice the precision."""
    total, rest = 0.0, 0.0
    for i in range(hi.size):
        total, error = _two_sum(total, hi[i])
        rest, less = _two_sum(rest, error)
        rest += less + lo[i]
    return _two_sum(total, rest)


@jit
def _quotients(
    y: Float[np.ndarray, "k"],
    y_lo: Float[np.ndarray, "k"],
    total: float,
    total_lo: float,
    support: Int[np.ndarray, "k"],
    hi: Float[np.ndarray, "m"],
    lo: Float[np.ndarray, "m"],
) -> None:
    """Write ``y / total`` to hi + lo on the support."""
    for s in range(support.size):
        q = float(y[s]) / total
        rest = float(fma(-q, total, y[s]) + (y_lo[s] - q * total_lo))
        hi[support[s]], lo[support[s]] = _two_sum(q, rest / total)


@jit
def _residual(
    w: Float[np.ndarray, "m"],
    w_lo: Float[np.ndarray, "m"],
    support: Int[np.ndarray, "k"],
    c: float,
    total: float,
    total_lo: float,
    out: Float[np.ndarray, "k"],
) -> None:
    """Write ``1 - c total - w`` on the support, in double-double until the last operation."""
    p = c * total
    p_lo = fma(c, total, -p) + c * total_lo
    right, error = _two_sum(1.0, -p)
    right, right_lo = _two_sum(right, error - p_lo)
    for s in range(support.size):
        hi, error = _two_sum(right, -float(w[support[s]]))
        out[s] = hi + (error + (right_lo - w_lo[support[s]]))


@jit
def gather(
    gram: Float[np.ndarray, "m m"],
    support: Int[np.ndarray, "k"],
    c: float,
    damping: float,
    out: Float[np.ndarray, "k k"],
) -> None:
    """Write the lower triangle of ``G_SS + c 1 1' + damping diag G_SS``."""
    for s in range(support.size):
        row = gram[support[s]]
        for t in range(s):
            out[s, t] = row[support[t]] + c
        out[s, s] = (1.0 + damping) * row[support[s]] + c
