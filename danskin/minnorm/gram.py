"""Gram matrices of gradients that do not lose the answer.

In float64 (BLAS) the matrix knows lengths to ``sqrt(eps)`` of the gradients' size, which settles
most problems. Where it does not, the same matrix in double-double knows them to ``eps``. Gradients
of lower precision become float64 before anything is added up.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from danskin.minnorm.boundary import ArrayLike
from danskin.minnorm.scaling import ScaledPoints, check_gradients
from danskin.minnorm.twofold import add_gram

__all__ = ["gram_double", "gram_matrix", "gram_twofold"]


def gram_matrix(gradients: ArrayLike) -> Float[np.ndarray, "m m"]:
    """Return ``gradients @ gradients.T`` for `min_norm_weights`, correctly rounded as a rule.

    The inner products are accumulated in double-double and rounded once at the end.

    Parameters
    ----------
    gradients : (m, n) array-like of real numbers
        One gradient a row; float32 is welcome, and is not copied as a whole.

    Raises
    ------
    InvalidInputError
        If `gradients` is not a non-empty (m, n) array of finite real numbers.
    """
    scaled = check_gradients(gradients)
    return np.ldexp(gram_twofold(scaled)[0], 2 * scaled.exponent)


def gram_double(scaled: ScaledPoints) -> Float[np.ndarray, "m m"]:
    """Return the Gram matrix of the scaled gradients by BLAS."""
    total = np.zeros((scaled.shape[0],) * 2)
    for block in scaled.columns():
        total += block @ block.T
    return total


def gram_twofold(
    scaled: ScaledPoints,
) -> tuple[Float[np.ndarray, "m m"], Float[np.ndarray, "m m"]]:
    """Return the Gram matrix of the scaled gradients as hi + lo."""
    m = scaled.shape[0]
    hi, lo = np.zeros((m, m)), np.zeros((m, m))
    for block in scaled.columns():
        add_gram(block, hi, lo)
    return hi, lo
