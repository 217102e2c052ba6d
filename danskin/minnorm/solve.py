"""Theorem 2's program as a user asks it: gradients or their Gram matrix, one sample or several.

Each function validates, scales by a power of two, and takes the road (`road`).
"""

from __future__ import annotations

import numpy as np

from danskin.errors import InvalidInputError
from danskin.minnorm.boundary import ArrayLike, Number, Samples, Sizes
from danskin.minnorm.quick import quick_weights
from danskin.minnorm.result import GramMinNormResult, MinNormResult
from danskin.minnorm.road import AIM, TOL, quick_answer, solve_gram, solve_points
from danskin.minnorm.scaling import (
    check_gradients,
    check_gram,
    check_sizes,
)

__all__ = [
    "min_norm_point",
    "min_norm_weights",
    "product_min_norm",
    "product_min_norm_weights",
]


def min_norm_point(
    gradients: ArrayLike, *, method: str = "auto", tol: Number = TOL
) -> MinNormResult:
    """Return the point of least norm in the convex hull of the gradients (Theorem 2, eq. (14)).

    Parameters
    ----------
    gradients : (m, n) array-like of real numbers
        One gradient a row. Taken as the float64 numbers they are.
    method : "auto", "wolfe", "double-double", "exact" or "paper"
        "wolfe": float64 active set. "double-double": the same with 106 bits. "exact": rational
        arithmetic, rounded once at the end. "auto": "wolfe", then "double-double" where float64's
        own bounds are too weak, then "exact" where they still are and the problem is small.
        "paper": 100 accelerated projected gradient steps, with their true bounds.
    tol : float
        Relative gap between the bounds on rho up to which the status is "optimal"; "auto" aims
        at 1e-12 where that is within reach of float64 or double-double.

    Returns
    -------
    MinNormResult
        With ``lower_bound <= rho <= norm``. By Theorem 2 minus the normalised `point` is the
        steepest descent direction, with rate -rho, if rho > 0; if rho = 0 there is none.

    Raises
    ------
    InvalidInputError
        If `gradients` is not a non-empty (m, n) array of finite real numbers.

    Examples
    --------
    >>> min_norm_point([[1.0, 0.0], [0.0, 1.0]]).point.tolist()
    [0.5, 0.5]
    """
    scaled = check_gradients(gradients)
    return solve_points(scaled, (scaled.points.shape[0],), method, tol)


def product_min_norm(
    gradients: Samples, *, method: str = "auto", tol: Number = TOL
) -> MinNormResult:
    """Minimise ``|(1/B) sum_i sum_j a_ij g_ij|`` over one simplex per sample.

    The set of maximizers of a separable batch is a product, so its steepest descent direction is
    minus the normalised min-norm point of the Minkowski mean of the samples' hulls.

    Parameters
    ----------
    gradients : sequence of B array-likes (m_i, n)
        For each sample the gradients of its maximizers, one a row; the m_i may differ.
    method, tol
        As for `min_norm_point`.

    Returns
    -------
    MinNormResult
        With the samples' weights concatenated. The lower bound is
        ``(1/B) sum_i min_j <u, g_ij>`` for the unit vector u along the point.

    Raises
    ------
    InvalidInputError
        If a sample's gradients are invalid, or the samples differ in n.
    """
    remedy = "Pass a list with one (m_i, n) array per sample."
    try:
        samples = list(gradients)
    except TypeError as error:
        raise InvalidInputError("gradients", "is not a list of arrays", remedy) from error
    if not samples:
        raise InvalidInputError("gradients", "is empty", remedy)
    parts = [check_gradients(part, f"gradients[{i}]") for i, part in enumerate(samples)]
    widths = {part.points.shape[1] for part in parts}
    if len(widths) != 1:
        raise InvalidInputError(
            "gradients", f"holds gradients of different lengths {sorted(widths)}", remedy
        )
    sizes = tuple(part.points.shape[0] for part in parts)
    stacked = np.concatenate([np.ldexp(part.points, part.exponent) for part in parts])
    return solve_points(check_gradients(stacked), sizes, method, tol)


def min_norm_weights(
    gram: ArrayLike, *, method: str = "auto", tol: Number = TOL
) -> GramMinNormResult:
    """Return the min-norm weights from the Gram matrix of the gradients.

    Parameters
    ----------
    gram : (m, m) array-like
        ``gradients @ gradients.T``, symmetric and positive semidefinite up to rounding (its
        symmetric part is used). Every entry is checked to be finite, symmetric and, with
        ``|G_ij| <= |g_i| |g_j|``, that of a pair of gradients. Of more than 64 gradients the
        matrix is known to be positive semidefinite on the faces that the solver factorises; as a
        whole it is factorised only in doubt, where such a face is singular, the answer is near 0
        or the bounds do not meet.
    method, tol
        As for `min_norm_point`.

    Returns
    -------
    GramMinNormResult
        The bounds hold for the matrix as given where it is positive semidefinite. A matrix that
        is so only up to noise above float64 rounding is first shifted by a multiple of its own
        diagonal, and its min norm is then resolved only down to that noise.

    Raises
    ------
    InvalidInputError
        If `gram` is not a finite, symmetric, positive semidefinite matrix.
    """
    quick = quick_answer(gram, tol) if method == "auto" else None
    if quick is not None:
        return quick
    scaled = check_gram(gram)
    return solve_gram(scaled, (scaled.gram.shape[0],), method, tol)


def product_min_norm_weights(
    gram: ArrayLike, sizes: Sizes, *, method: str = "auto", tol: Number = TOL
) -> GramMinNormResult:
    """Return the weights of `product_min_norm` from the Gram matrix of all gradients.

    Parameters
    ----------
    gram : (M, M) array-like
        Gram matrix of the gradients of all samples, stacked; checked as `min_norm_weights`
        checks one of more than 64.
    sizes : sequence of int
        Gradients per sample, adding up to M.
    method, tol
        As for `min_norm_point`.

    Raises
    ------
    InvalidInputError
        If `gram` or `sizes` is invalid.
    """
    quick = quick_weights(gram, sizes, tol, AIM) if method == "auto" else None
    if quick is not None:
        return quick
    scaled = check_gram(gram)
    return solve_gram(scaled, check_sizes(sizes, scaled.gram.shape[0]), method, tol)
