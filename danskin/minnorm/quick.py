"""The short road for a large float64 Gram matrix with nothing odd about it.

Looking at every entry of a large matrix takes longer than solving with it, so one pass checks what
one pass can check: finite, exactly symmetric, and ``|G_ij| <= |g_i| |g_j|``. That the matrix is
positive semidefinite shows on the faces that the solver factorises; where these are singular or the
answer is near 0, the whole matrix is looked at. Whatever is not plain, or not solved to the last
digits, takes the long road.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg.lapack  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Float

from danskin.minnorm._jit import jit, unlike_mirror
from danskin.minnorm.boundary import ArrayLike, Number, Sizes
from danskin.minnorm.bounds import NOTHING, Bounds, block_starts
from danskin.minnorm.choose import MANY_POINTS
from danskin.minnorm.large import LargeWeights, large_weights
from danskin.minnorm.product import ProductWeights, product_weights
from danskin.minnorm.refine import EXACT, gram_product, refined_weights
from danskin.minnorm.result import GramMinNormResult, judge, quick_result
from danskin.minnorm.scaling import check_gram
from danskin.minnorm.twofold import gram_certificate

__all__ = ["quick_weights"]

_lapack: Any = scipy.linalg.lapack

EPS = 2.0**-52
FLOAT64 = np.dtype(np.float64)
# Where no product of entries comes near the limits of the number range.
LARGEST, SMALLEST = 2.0**200, 2.0**-200
# As in `scaling.check_gram`.
NOT_PSD = 1e-6
# Lengths below this multiple of the rounding level may owe their existence to rounding.
RESOLVED = 4.0
# Rows of one panel: it comes from memory in one stream, and its mirror image by two cache lines a
# row, all of which is used at once.
PANEL = 16


def quick_weights(
    gram: ArrayLike, sizes: Sizes | None, tol: Number, aim: float
) -> GramMinNormResult | None:
    """Return the result if its relative gap is at most `aim`, and None where the long road is due.

    `sizes` are the gradients per sample, None for one sample. What the arguments look like decides
    too: the long road knows what to say about bad ones.
    """
    if (
        type(gram) is not np.ndarray
        or gram.dtype != FLOAT64
        or not gram.flags.carray
        or gram.ndim != 2
        or not 0 < gram.shape[0] == gram.shape[1]
        or type(tol) is not float
        or not 0.0 < tol < math.inf
    ):
        return None
    m: int = gram.shape[0]
    blocks = (m,) if sizes is None else _blocks(sizes, m)
    if blocks is None or (len(blocks) == 1 and m <= MANY_POINTS) or not _plain(gram):
        return None
    found = large_weights(gram) if len(blocks) == 1 else product_weights(gram, blocks)
    weights, lo, method = found.weights, None, "wolfe"
    starts = block_starts(blocks)
    bounds = Bounds(*gram_certificate(gram, weights, NOTHING, starts, 0.0))
    doubtful = not found.regular or bounds.upper <= RESOLVED * bounds.rounding
    if doubtful and not (_is_whole(gram, found) or _semidefinite(gram)):
        return None
    # What the rounding of the entries hides, no further digits of the weights bring back.
    hidden = bounds.upper <= bounds.rounding
    if _open(bounds, aim) and not hidden and isinstance(found, LargeWeights):
        refined = refined_weights(gram, gram_product(gram, EXACT), weights, found.face)
        if refined is not None:
            weights, lo, _ = refined
            method = "double-double"
            bounds = Bounds(*gram_certificate(gram, weights, lo, starts, 0.0))
            lo.setflags(write=False)
    if _open(bounds, aim) and not hidden:
        return None
    weights.setflags(write=False)
    return quick_result(
        {
            "weights": weights,
            "norm": bounds.upper,
            "lower_bound": bounds.lower,
            "status": judge(bounds, tol),
            "iterations": found.iterations,
            "method": method,
            "size": bounds.size,
            "rounding": bounds.rounding,
            "tol": tol,
            "sizes": blocks,
            "weights_lo": lo,
        }
    )


def _is_whole(gram: Float[np.ndarray, "m m"], found: LargeWeights | ProductWeights) -> bool:
    """Whether the face that was factorised shows the whole matrix to be positive semidefinite.

    It does where it holds all points. With ``G + c 1 1'`` positive definite, G is so on the vectors
    of sum 0; and G a being constant, ``v'G v = t^2 a'G a + u'G u`` for ``v = t a + u``, u of sum 0.
    As in `_semidefinite`, ``v'G v`` may be ``-4 m eps v'D v``, D the diagonal, of which the least
    value over the vectors of sum 1 is ``1 / tr(D^-1)``.
    """
    m = gram.shape[0]
    if not isinstance(found, LargeWeights) or found.face is None or found.face.support.size < m:
        return False
    square = float(found.weights @ gram @ found.weights)
    return square * float(np.sum(1.0 / gram.diagonal())) >= -4 * m * EPS


def _semidefinite(gram: Float[np.ndarray, "m m"]) -> bool:
    """Whether the whole matrix is positive semidefinite up to rounding, as `check_gram` judges."""
    scaled = np.empty(gram.shape)
    _normalise(gram, scaled)
    failed = _lapack.dpotrf(scaled.T, lower=0, clean=0, overwrite_a=1)[1]
    return not failed or check_gram(gram).shift == 0


def _blocks(sizes: Sizes, m: int) -> tuple[int, ...] | None:
    if not isinstance(sizes, (list, tuple)):
        return None
    blocks = tuple(sizes)
    plain = all(type(size) is int and size > 0 for size in blocks) and sum(blocks) == m
    return blocks if plain else None


def _open(bounds: Bounds, aim: float) -> bool:
    return bounds.upper - bounds.lower > aim * bounds.upper


@jit
def _plain(gram: Float[np.ndarray, "m m"]) -> bool:
    """Whether entries are finite and of moderate size, the matrix symmetric, and pairs agree."""
    m = gram.shape[0]
    root = np.empty(m)
    for i in range(m):
        if not SMALLEST < gram[i, i] < LARGEST:
            return False
        root[i] = np.sqrt(gram[i, i]) * (1.0 + NOT_PSD)
    for first in range(0, m, PANEL):
        last = min(first + PANEL, m)
        bad = False
        for i in range(first, last):
            row = gram[i]
            r = root[i]
            for j in range(m):
                # Written so that NaN counts as bad; without branches, for vector units.
                bad |= not abs(row[j]) <= r * root[j]
        fours = last // 4 * 4
        for j in range(0, fours, 4):
            for i in range(first, fours, 4):
                bad |= unlike_mirror(gram, i, j)
        for i in range(first, last):
            for j in range(0 if i >= fours else fours, last):
                bad |= gram[i, j] != gram[j, i]
        if bad:
            return False
    return True


@jit
def _normalise(gram: Float[np.ndarray, "m m"], out: Float[np.ndarray, "m m"]) -> None:
    """Write the lower triangle of ``D G D + 4 m eps I``, D making the diagonal of G one."""
    m = gram.shape[0]
    scale = np.empty(m)
    for i in range(m):
        scale[i] = 1.0 / np.sqrt(gram[i, i])
        row = gram[i]
        target = out[i]
        for j in range(i):
            target[j] = scale[i] * row[j] * scale[j]
        target[i] = 1.0 + 4 * m * EPS
