"""Weights of a face to twice the precision, from one float64 factorisation.

On a support S the weights are ``y / sum y`` with ``(G_SS + c 1 1') y = 1``. Residuals in
double-double and corrections by the float64 Cholesky factor make y, a sum of two float64 numbers,
more precise at each step by about eps times the condition number (Wilkinson's iterative
refinement): many digits for the price of a few products with G.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.linalg.lapack  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Float, Int

from danskin.minnorm._jit import jit
from danskin.minnorm.twofold import gram_times

__all__ = ["EXACT", "Refined", "gather", "refine", "refined_weights"]

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
    gram: Float[np.ndarray, "m m"],
    gram_lo: Float[np.ndarray, "_ _"],
    support: Int[np.ndarray, "k"],
    c: float,
    factor: Float[np.ndarray, "k k"],
    y: Float[np.ndarray, "k"],
    finest: float = 2.0**-60,
) -> Refined:
    """Improve the solution y of ``(G_SS + c 1 1') y = 1`` until a correction is below `finest`.

    `factor` is the upper Cholesky factor of that matrix in float64. Stops where a correction is
    not half the last: the condition is then beyond float64.
    """
    m = gram.shape[0]
    w, w_lo = np.empty(m), np.empty(m)
    y, y_lo = y.copy(), np.zeros(y.size)
    total, total_lo = _sum(y, y_lo)
    error = math.inf
    for _ in range(STEPS):
        full, full_lo = np.zeros(m), np.zeros(m)
        full[support], full_lo[support] = y, y_lo
        gram_times(gram, gram_lo, full, full_lo, w, w_lo)
        right = 1 - Fraction(c) * (Fraction(total) + Fraction(total_lo))
        hi = float(right)
        lo = float(right - Fraction(hi))
        residual = (hi - w[support]) + (lo - w_lo[support])
        step = _lapack.dpotrs(factor, residual, lower=0)[0]
        change = float(np.abs(step).max()) / float(np.abs(y).max())
        if not change < 0.5 * error:
            break
        error = change
        y, y_lo = _two_sum(y, y_lo + step)
        total, total_lo = _sum(y, y_lo)
        if error <= finest:
            break
    return Refined(y, y_lo, total, total_lo, error, w, w_lo)


def refined_weights(
    gram: Float[np.ndarray, "m m"],
    gram_lo: Float[np.ndarray, "_ _"],
    start: Float[np.ndarray, "m"],
) -> tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"], int] | None:
    """Return double-double weights hi and lo from a good guess of the support, and the rounds.

    None where the corrections do not shrink or the support does not settle: another method has to
    answer then.
    """
    m = gram.shape[0]
    root = np.sqrt(gram.diagonal())
    c = float(gram.diagonal().min())
    inside = start > 0
    if c == 0.0:
        return None
    for turn in range(1, EXCHANGES + 1):
        support = np.flatnonzero(inside)
        k = support.size
        if k == 0:
            return None
        Q = np.empty((k, k))
        for damping in DAMPINGS:
            gather(gram, support, c, damping, Q)
            factor, failed = _lapack.dpotrf(Q.T, lower=0, clean=0, overwrite_a=1)
            if not failed:
                break
        else:
            return None
        y = _lapack.dpotrs(factor, np.ones(k), lower=0)[0]
        found = refine(gram, gram_lo, support, c, factor, y, FINEST)
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
            hi, lo = _quotients(found)
            weights, weights_lo = np.zeros(m), np.zeros(m)
            weights[support], weights_lo[support] = hi, lo
            return weights, weights_lo, turn
        inside = (inside & ~leave) | enter
    return None


def _sum(hi: Float[np.ndarray, "k"], lo: Float[np.ndarray, "k"]) -> tuple[float, float]:
    """Return the sum of all entries as hi and lo, each correctly rounded."""
    terms = [*hi.tolist(), *lo.tolist()]
    total = math.fsum(terms)
    return total, math.fsum([*terms, -total])


def _two_sum(
    a: Float[np.ndarray, "k"], b: Float[np.ndarray, "k"]
) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


def _quotients(found: Refined) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """Return ``y / total`` as hi and lo."""
    total = Fraction(found.total) + Fraction(found.total_lo)
    hi = found.y / found.total
    lo = np.array(
        [
            float((Fraction(a) + Fraction(b)) / total - Fraction(q))
            for a, b, q in zip(found.y.tolist(), found.y_lo.tolist(), hi.tolist(), strict=True)
        ]
    )
    return hi, lo


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
