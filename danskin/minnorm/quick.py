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

from danskin.minnorm._jit import jit
from danskin.minnorm.boundary import ArrayLike, Number, Sizes
from danskin.minnorm.bounds import NOTHING, Bounds, block_starts
from danskin.minnorm.choose import MANY_POINTS
from danskin.minnorm.large import large_weights
from danskin.minnorm.product import product_weights
from danskin.minnorm.refine import EXACT, gram_product, refined_weights
from danskin.minnorm.result import GramMinNormResult, judge
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
# Tiles of 8 KiB: one, its mirror image and their roots fit the first cache.
TILE = 32


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
    if doubtful and not _semidefinite(gram):
        return None
    # What the rounding of the entries hides, no further digits of the weights bring back.
    hidden = bounds.upper <= bounds.rounding
    if _open(bounds, aim) and not hidden and len(blocks) == 1:
        refined = refined_weights(gram, gram_product(gram, EXACT), weights, found.face)
        if refined is not None:
            weights, lo, _ = refined
            method = "double-double"
            bounds = Bounds(*gram_certificate(gram, weights, lo, starts, 0.0))
            lo.setflags(write=False)
    if _open(bounds, aim) and not hidden:
        return None
    weights.setflags(write=False)
    return GramMinNormResult(
        weights=weights,
        norm=bounds.upper,
        lower_bound=bounds.lower,
        status=judge(bounds, tol),
        iterations=found.iterations,
        method=method,
        size=bounds.size,
        rounding=bounds.rounding,
        tol=tol,
        sizes=blocks,
        weights_lo=lo,
    )


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
    mirrored = np.empty((TILE, TILE + 8))
    for first in range(0, m, TILE):
        last = min(first + TILE, m)
        for second in range(0, first + 1, TILE):
            end = min(second + TILE, m)
            _transpose(gram[second:end, first:last], mirrored)
            other = root[second:end]
            bad = False
            for i in range(last - first):
                row = gram[first + i, second:end]
                mirror = mirrored[i]
                r = root[first + i]
                for j in range(end - second):
                    # Written so that NaN counts as bad; without branches, for vector units.
                    bad |= (not abs(row[j]) <= r * other[j]) | (row[j] != mirror[j])
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


@jit
def _transpose(tile: Float[np.ndarray, "p q"], out: Float[np.ndarray, "_ _"]) -> None:
    """Write the transpose of the tile: row by row, since its columns share a few cache lines."""
    rows, columns = tile.shape
    fours = rows // 4 * 4
    for j in range(0, fours, 4):
        row_0, row_1, row_2, row_3 = tile[j], tile[j + 1], tile[j + 2], tile[j + 3]
        for i in range(columns):
            four = out[i, j : j + 4]
            four[0] = row_0[i]
            four[1] = row_1[i]
            four[2] = row_2[i]
            four[3] = row_3[i]
    for j in range(fours, rows):
        for i in range(columns):
            out[i, j] = tile[j, i]
