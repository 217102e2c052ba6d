"""The road from gradients (or their Gram matrix) to a certified min-norm point.

scale by a power of two -> float64 active set -> two-sided bounds from the gradients -> where the
bounds are too weak and the problem is small, the exact rational solver (floats are rationals).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from danskin.errors import InvalidInputError, SolverError
from danskin.minnorm.accelerated import accelerated_weights
from danskin.minnorm.boundary import ArrayLike, Number, Samples, Sizes
from danskin.minnorm.bounds import Bounds, gram_bounds, point_bounds, scale_bounds
from danskin.minnorm.choose import float_weights
from danskin.minnorm.rational import (
    IntegerGram,
    exact_active_set,
    integer_gram,
    is_positive_semidefinite,
    sqrt_bounds,
)
from danskin.minnorm.result import GramMinNormResult, MinNormResult, judge
from danskin.minnorm.scaling import (
    EPS,
    ScaledGram,
    ScaledPoints,
    check_choice,
    check_gradients,
    check_gram,
    check_sizes,
    check_tolerance,
    factor,
    row_norms,
)

__all__ = [
    "min_norm_point",
    "min_norm_weights",
    "product_min_norm",
    "product_min_norm_weights",
]

METHODS = ("auto", "wolfe", "exact", "paper")
# "auto" calls the exact solver where it takes up to about a second: long products for the Gram
# matrix, and an elimination on the support whose integers grow with its size (k**4 bits times).
EXACT_PRODUCTS = 4_000_000
EXACT_ELIMINATION = 2e8
EXACT_POINTS = 100


def min_norm_point(
    gradients: ArrayLike, *, method: str = "auto", tol: Number = 1e-9
) -> MinNormResult:
    """Return the point of least norm in the convex hull of the gradients (Theorem 2, eq. (14)).

    Parameters
    ----------
    gradients : (m, n) array-like of real numbers
        One gradient a row. Taken as the float64 numbers they are.
    method : "auto", "wolfe", "exact" or "paper"
        "wolfe": float64 active set. "exact": rational arithmetic, rounded once at the end.
        "auto": "wolfe", then "exact" where float64's own bounds are too weak and the problem is
        small. "paper": 100 accelerated projected gradient steps, with their true bounds.
    tol : float
        Relative gap between the bounds on rho up to which the status is "optimal".

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
    gradients: Samples, *, method: str = "auto", tol: Number = 1e-9
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
    gram: ArrayLike, *, method: str = "auto", tol: Number = 1e-9
) -> GramMinNormResult:
    """Return the min-norm weights from the Gram matrix of the gradients.

    Parameters
    ----------
    gram : (m, m) array-like
        ``gradients @ gradients.T``, symmetric and positive semidefinite up to rounding (its
        symmetric part is used).
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
    scaled = check_gram(gram)
    return solve_gram(scaled, (scaled.gram.shape[0],), method, tol)


def product_min_norm_weights(
    gram: ArrayLike, sizes: Sizes, *, method: str = "auto", tol: Number = 1e-9
) -> GramMinNormResult:
    """Return the weights of `product_min_norm` from the Gram matrix of all gradients.

    Parameters
    ----------
    gram : (M, M) array-like
        Gram matrix of the gradients of all samples, stacked.
    sizes : sequence of int
        Gradients per sample, adding up to M.
    method, tol
        As for `min_norm_point`.

    Raises
    ------
    InvalidInputError
        If `gram` or `sizes` is invalid.
    """
    scaled = check_gram(gram)
    return solve_gram(scaled, check_sizes(sizes, scaled.gram.shape[0]), method, tol)


def solve_points(
    scaled: ScaledPoints, sizes: tuple[int, ...], method: str, tol: Number
) -> MinNormResult:
    """Solve for validated gradients over one simplex per sample."""
    check_choice(method, METHODS, "method")
    tol = check_tolerance(tol)
    points = scaled.points
    n = points.shape[1]
    iterations, used = 0, method
    if method == "paper":
        weights = accelerated_weights(points @ points.T, sizes=sizes)
        iterations = 100
    else:
        weights, iterations = float_weights(compress(points), sizes)
        used = "wolfe"
    x, bounds = point_bounds(points, weights, sizes)
    hard = bounds.upper > 0 and bounds.upper - bounds.lower > tol * bounds.upper
    if method == "exact" or (method == "auto" and hard and _exact_is_cheap(points, weights, n)):
        rows = to_integers(points)
        exact = _exact_from_gram(integer_gram(rows.rows), rows.unit**2, sizes, weights, points)
        used, iterations, weights, bounds = "exact", exact.iterations, exact.floats, exact.bounds
        x = exact.point(rows)
    if scaled.lost:
        bounds = Bounds(
            math.nextafter(bounds.upper + scaled.lost, math.inf),
            max(0.0, math.nextafter(bounds.lower - scaled.lost, 0.0)),
            bounds.size,
            bounds.rounding + scaled.lost,
        )
    result = scale_bounds(bounds, scaled.exponent)
    return MinNormResult(
        weights=_frozen(weights),
        point=_frozen(np.ldexp(x, scaled.exponent)),
        norm=result.upper,
        lower_bound=result.lower,
        status=judge(result, tol),
        iterations=iterations,
        method=used,
        size=result.size,
        rounding=result.rounding,
        tol=tol,
        sizes=sizes,
    )


def solve_gram(
    scaled: ScaledGram, sizes: tuple[int, ...], method: str, tol: Number
) -> GramMinNormResult:
    """Solve for a validated Gram matrix over one simplex per sample."""
    check_choice(method, METHODS, "method")
    tol = check_tolerance(tol)
    gram = scaled.gram
    iterations, used = 100, method
    if method == "paper":
        weights = accelerated_weights(gram, sizes=sizes)
    else:
        weights, iterations = float_weights(factor(gram), sizes)
        used = "wolfe"
    bounds = gram_bounds(gram, weights, sizes, scaled.shift)
    hard = bounds.upper > 0 and bounds.upper - bounds.lower > tol * bounds.upper
    if method == "exact" or (method == "auto" and hard and _exact_is_cheap(gram, weights, 1)):
        rows = to_integers(gram)
        # A rounded Gram matrix may fail to be positive semidefinite in its last digits; it then
        # has no exact answer, and the float64 bounds stand.
        if is_positive_semidefinite(rows.rows):
            exact = _exact_from_gram(rows.rows, rows.unit, sizes, weights, None)
            used, iterations, weights = "exact", exact.iterations, exact.floats
            # The entries of a float matrix were rounded once themselves, so the level below which
            # rho means nothing is that of the float64 bounds.
            bounds = Bounds(exact.bounds.upper, exact.bounds.lower, bounds.size, bounds.rounding)
        elif method == "exact":
            raise SolverError(
                "the Gram matrix is positive semidefinite only up to rounding, so it has no "
                "exact min norm; pass the gradients to min_norm_point or exact_min_norm"
            )
    result = scale_bounds(bounds, scaled.exponent)
    return GramMinNormResult(
        weights=_frozen(weights),
        norm=result.upper,
        lower_bound=result.lower,
        status=judge(result, tol),
        iterations=iterations,
        method=used,
        size=result.size,
        rounding=result.rounding,
        tol=tol,
        sizes=sizes,
    )


def _exact_is_cheap(
    matrix: Float[np.ndarray, "m k"], weights: Float[np.ndarray, "m"], width: int
) -> bool:
    """Whether the exact solver, started from the support of `weights`, answers within a second."""
    m = matrix.shape[0]
    exponents = np.frexp(matrix[matrix != 0])[1]
    bits = 53 + (int(exponents.max()) - int(exponents.min()) if exponents.size else 0)
    support = int(np.count_nonzero(weights)) + 2
    return (
        m <= EXACT_POINTS
        and m * m * width * bits <= 100 * EXACT_PRODUCTS
        and support**4 * bits <= EXACT_ELIMINATION
    )


def compress(points: Float[np.ndarray, "m n"]) -> Float[np.ndarray, "m r"]:
    """Rotate into the span of the points, r = min(m, n) coordinates, by QR.

    Householder QR errs by eps relative to each point's own length, so short points beside long
    ones keep their digits.
    """
    m, n = points.shape
    if n <= m:
        return points
    upper: Float[np.ndarray, "m m"] = np.linalg.qr(points.T)[1]
    return np.ascontiguousarray(upper.T)


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
class _Exact:
    """Exact weights, their float64 rounding and the bounds on rho, one rounding apart."""

    weights: list[Fraction]
    floats: Float[np.ndarray, "m"]
    bounds: Bounds
    iterations: int
    batch: int

    def point(self, rows: IntegerRows) -> Float[np.ndarray, "n"]:
        """Return the exact min-norm point, each coordinate rounded once."""
        denominator = math.lcm(*(a.denominator for a in self.weights))
        used = [(int(a * denominator), row) for a, row in zip(self.weights, rows.rows, strict=True)]
        used = [(a, row) for a, row in used if a]
        unit = rows.unit / (denominator * self.batch)
        columns = range(len(rows.rows[0]))
        return np.array([float(sum(a * row[k] for a, row in used) * unit) for k in columns])


def _exact_from_gram(
    gram: IntegerGram,
    unit: Fraction,
    sizes: tuple[int, ...],
    guess: Float[np.ndarray, "m"],
    points: Float[np.ndarray, "m n"] | None,
) -> _Exact:
    """Solve exactly, starting from the support of the float weights."""
    weights, iterations = exact_active_set(gram, sizes, feasible_fractions(guess, sizes))
    active = [j for j, a in enumerate(weights) if a]
    denominator = math.lcm(*(a.denominator for a in weights))
    whole = [int(a * denominator) for a in weights]
    square = sum(whole[i] * sum(gram[i][j] * whole[j] for j in active) for i in active)
    lower, upper = sqrt_bounds(Fraction(square, denominator**2 * len(sizes) ** 2) * unit)
    floats = np.array([float(a) for a in weights])
    size = 0.0 if points is None else float(floats @ row_norms(points)) / len(sizes)
    return _Exact(weights, floats, Bounds(upper, lower, size, EPS * size), iterations, len(sizes))


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


def _frozen(array: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    array.setflags(write=False)
    return array
