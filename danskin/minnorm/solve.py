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
from danskin.minnorm.bounds import (
    Bounds,
    gram_bounds,
    point_bounds,
    scale_bounds,
)
from danskin.minnorm.choose import float_weights, gram_weights, twofold_weights
from danskin.minnorm.gram import gram_double, gram_twofold
from danskin.minnorm.quick import quick_weights
from danskin.minnorm.rational import (
    IntegerGram,
    exact_active_set,
    integer_gram,
    is_positive_semidefinite,
    sqrt_bounds,
)
from danskin.minnorm.result import GramMinNormResult, MinNormResult, judge, quick_result
from danskin.minnorm.scaling import (
    EPS,
    ScaledGram,
    ScaledPoints,
    check_choice,
    check_gradients,
    check_gram,
    check_sizes,
    check_tolerance,
    row_norms,
)
from danskin.minnorm.wolfe import small_gram

__all__ = [
    "min_norm_point",
    "min_norm_weights",
    "product_min_norm",
    "product_min_norm_weights",
]

METHODS = ("auto", "wolfe", "double-double", "exact", "paper")
#: Relative gap up to which a result is called optimal, and the one that "auto" aims at.
TOL = 1e-9
AIM = 1e-12
#: One simplex of so many gradients is one call of Wolfe's method.
SMALL = 64
# Gaps that mean nothing: what rounding a unit vector costs its rate, and the bounds' own rounding.
ROUNDED_DIRECTION = 6 * EPS
ROUNDED_BOUNDS = 8 * EPS
# "auto" calls the exact solver where it takes up to about a second: long products for the Gram
# matrix, and an elimination on the support whose integers grow with its size (k**4 bits times).
# Where double-double has found 0 within rounding, exactness is worth a few milliseconds.
EXACT_PRODUCTS = 4_000_000
EXACT_ELIMINATION = 2e8
EXACT_POINTS = 100
CHEAP = 0.01
# "auto" calls the double-double solver where it takes up to about a second or two: products for
# the Gram matrix, and a triangle on the support.
TWOFOLD_PRODUCTS = 4e9
TWOFOLD_SUPPORT = 400
FLOAT64 = np.dtype(np.float64)


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
    quick = _quick(gram, tol) if method == "auto" else None
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
    quick = quick_weights(gram, sizes, tol, AIM) if method == "auto" else None
    if quick is not None:
        return quick
    scaled = check_gram(gram)
    return solve_gram(scaled, check_sizes(sizes, scaled.gram.shape[0]), method, tol)


@dataclass(frozen=True, eq=False)
class _Found:
    """Weights hi and lo, what they prove, and where they come from."""

    weights: Float[np.ndarray, "m"]
    weights_lo: Float[np.ndarray, "m"] | None
    iterations: int
    method: str
    bounds: Bounds
    point: Float[np.ndarray, "n"] | None = None
    longest: float = math.inf


def solve_points(
    scaled: ScaledPoints, sizes: tuple[int, ...], method: str, tol: Number
) -> MinNormResult:
    """Solve for validated gradients over one simplex per sample."""
    check_choice(method, METHODS, "method")
    tol = check_tolerance(tol)
    m, n = scaled.shape
    found = _float_points(scaled, sizes, method)
    if _refines(method, sizes, m, n) and (
        method == "double-double"
        or (
            _too_weak(found.bounds, min(tol, AIM), found.longest)
            and not found.bounds.upper <= found.bounds.rounding
        )
    ):
        found = _twofold_points(scaled, found)
    if method == "exact" or (
        method == "auto"
        and _too_weak(found.bounds, tol)
        and _exact_is_cheap(scaled.points, found.weights, n, found.bounds)
    ):
        found = _exact_points(scaled, sizes, found)
    bounds = found.bounds
    if scaled.lost:
        bounds = Bounds(
            math.nextafter(bounds.upper + scaled.lost, math.inf),
            max(0.0, math.nextafter(bounds.lower - scaled.lost, 0.0)),
            bounds.size,
            bounds.rounding + scaled.lost,
        )
    assert found.point is not None
    result = scale_bounds(bounds, scaled.exponent)
    return MinNormResult(
        weights=_frozen(found.weights),
        point=_frozen(np.ldexp(found.point, scaled.exponent)),
        norm=result.upper,
        lower_bound=result.lower,
        status=judge(result, tol),
        iterations=found.iterations,
        method=found.method,
        size=result.size,
        rounding=result.rounding,
        tol=tol,
        sizes=sizes,
        weights_lo=None if found.weights_lo is None else _frozen(found.weights_lo),
    )


def _float_points(scaled: ScaledPoints, sizes: tuple[int, ...], method: str) -> _Found:
    """Weights by float64 alone, and the bounds that the gradients themselves give them."""
    longest = math.inf
    if method == "paper":
        weights, iterations = accelerated_weights(gram_double(scaled), sizes=sizes), 100
    elif len(sizes) == 1:
        gram = gram_double(scaled)
        if sizes[0] <= SMALL:
            longest = math.sqrt(float(gram.diagonal().max()))
        weights, iterations = _float_gram(gram, sizes)
    else:
        weights, iterations = float_weights(compress(scaled.points), sizes)
    x, bounds = point_bounds(scaled, weights, sizes)
    used = method if method == "paper" else "wolfe"
    return _Found(weights, None, iterations, used, bounds, x, longest)


def float_guess(scaled: ScaledPoints) -> Float[np.ndarray, "m"]:
    """Weights of one simplex whose support the exact solvers start from."""
    found = _float_points(scaled, (scaled.shape[0],), "wolfe")
    if _too_weak(found.bounds, AIM) and _refines("auto", (1,), *scaled.shape):
        found = _twofold_points(scaled, found)
    return found.weights


def _twofold_points(scaled: ScaledPoints, found: _Found) -> _Found:
    """Solve again in double-double, from the support that float64 found."""
    hi, lo = gram_twofold(scaled)
    weights, weights_lo, steps = twofold_weights(hi, lo, found.weights)
    x, bounds = point_bounds(scaled, weights, (len(weights),), weights_lo)
    iterations = found.iterations + steps
    return _Found(weights, weights_lo, iterations, "double-double", bounds, x)


def _exact_points(scaled: ScaledPoints, sizes: tuple[int, ...], found: _Found) -> _Found:
    rows = to_integers(scaled.points)
    gram = integer_gram(rows.rows)
    exact = _exact_from_gram(gram, rows.unit**2, sizes, found.weights, scaled.points)
    return _Found(*exact.twofold, exact.iterations, "exact", exact.bounds, exact.point(rows))


def solve_gram(
    scaled: ScaledGram, sizes: tuple[int, ...], method: str, tol: Number
) -> GramMinNormResult:
    """Solve for a validated Gram matrix over one simplex per sample."""
    check_choice(method, METHODS, "method")
    tol = check_tolerance(tol)
    gram = np.array(scaled.gram, order="C")
    m = len(gram)
    if method == "paper":
        weights, iterations = accelerated_weights(gram, sizes=sizes), 100
    else:
        weights, iterations = _float_gram(gram, sizes)
    bounds = gram_bounds(gram, weights, sizes, scaled.shift)
    used = method if method == "paper" else "wolfe"
    found = _Found(weights, None, iterations, used, bounds)
    # What the rounding of the entries hides, no further digits of the weights bring back.
    hidden = bounds.upper <= bounds.rounding
    if _refines(method, sizes, m, 1) and (
        method == "double-double" or (_too_weak(bounds, min(tol, AIM)) and not hidden)
    ):
        weights, lo, steps = twofold_weights(gram, np.zeros_like(gram), weights)
        bounds = gram_bounds(gram, weights, sizes, scaled.shift, lo)
        found = _Found(weights, lo, iterations + steps, "double-double", bounds)
    if method == "exact" or (
        method == "auto"
        and _too_weak(found.bounds, tol)
        and not hidden
        and _exact_is_cheap(gram, found.weights, 1, found.bounds)
    ):
        found = _exact_gram(gram, sizes, found, method)
    result = scale_bounds(found.bounds, scaled.exponent)
    return GramMinNormResult(
        weights=_frozen(found.weights),
        norm=result.upper,
        lower_bound=result.lower,
        status=judge(result, tol),
        iterations=found.iterations,
        method=found.method,
        size=result.size,
        rounding=result.rounding,
        tol=tol,
        sizes=sizes,
        weights_lo=None if found.weights_lo is None else _frozen(found.weights_lo),
    )


def _float_gram(
    gram: Float[np.ndarray, "m m"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "m"], int]:
    """Weights by float64, with the very steps that `_quick` takes where it can take them."""
    if len(sizes) == 1 and sizes[0] <= SMALL:
        weights = np.empty(sizes[0])
        plain, steps, *_ = small_gram(gram, weights)
        if plain:
            return weights, steps
    return gram_weights(gram, sizes)


def _exact_gram(
    gram: Float[np.ndarray, "m m"], sizes: tuple[int, ...], found: _Found, method: str
) -> _Found:
    rows = to_integers(gram)
    # A rounded Gram matrix may fail to be positive semidefinite in its last digits; it then
    # has no exact answer, and the float64 bounds stand.
    if not is_positive_semidefinite(rows.rows):
        if method == "exact":
            raise SolverError(
                "the Gram matrix is positive semidefinite only up to rounding, so it has no "
                "exact min norm; pass the gradients to min_norm_point or exact_min_norm"
            )
        return found
    exact = _exact_from_gram(rows.rows, rows.unit, sizes, found.weights, None)
    # The entries of a float matrix were rounded once themselves, so the level below which
    # rho means nothing is that of the float64 bounds.
    bounds = Bounds(
        exact.bounds.upper, exact.bounds.lower, found.bounds.size, found.bounds.rounding
    )
    return _Found(*exact.twofold, exact.iterations, "exact", bounds)


def _quick(gram: ArrayLike, tol: Number) -> GramMinNormResult | None:
    """Answer for a float64 matrix with nothing odd about it; None leaves it to the long road."""
    if (
        type(gram) is not np.ndarray
        or gram.dtype is not FLOAT64
        or gram.ndim != 2
        or type(tol) is not float
        or not 0.0 < tol < math.inf
    ):
        return None
    m, columns = gram.shape
    if not 0 < m == columns or not gram.flags.carray:
        return None
    if m > SMALL:
        return quick_weights(gram, None, tol, AIM)
    weights = np.empty(m)
    plain, steps, exponent, upper, lower, size = small_gram(gram, weights)
    if not plain or upper < 1e-150:  # where scaling back might round
        return None
    rounding = math.sqrt((m + 8) * EPS) * size
    if upper <= rounding:
        status = "stationary"
    elif upper - lower <= (tol if tol < AIM else AIM) * upper:
        status = "optimal"
    else:
        return None
    unit = 2.0**exponent
    weights.setflags(write=False)
    return quick_result(
        {
            "weights": weights,
            "norm": upper * unit,
            "lower_bound": lower * unit,
            "status": status,
            "iterations": steps,
            "method": "wolfe",
            "size": size * unit,
            "rounding": rounding * unit,
            "tol": tol,
            "sizes": (m,),
            "weights_lo": None,
        }
    )


def _too_weak(bounds: Bounds, tol: float, longest: float = math.inf) -> bool:
    """Whether the gap exceeds the tolerance, or what rounding the direction costs anyway."""
    allowed = min(tol * bounds.upper, ROUNDED_DIRECTION * longest + ROUNDED_BOUNDS * bounds.upper)
    return bounds.upper - bounds.lower > allowed


def _refines(method: str, sizes: tuple[int, ...], m: int, n: int) -> bool:
    """Whether the double-double solver may follow: one simplex, and not for too long."""
    if method == "double-double":
        if len(sizes) > 1:
            raise InvalidInputError(
                "method", "is 'double-double'", "For several samples choose 'auto' or 'exact'."
            )
        return True
    return method == "auto" and len(sizes) == 1 and m * m * n <= TWOFOLD_PRODUCTS


def _exact_is_cheap(
    matrix: Float[np.ndarray, "m k"], weights: Float[np.ndarray, "m"], width: int, bounds: Bounds
) -> bool:
    """Whether the exact solver, started from the support of `weights`, answers soon enough."""
    m = matrix.shape[0]
    share = CHEAP if bounds.upper <= bounds.rounding else 1.0
    if m > EXACT_POINTS or m * m * width > 2 * share * EXACT_PRODUCTS:
        return False
    exponents = np.frexp(matrix[matrix != 0])[1]
    bits = 53 + (int(exponents.max()) - int(exponents.min()) if exponents.size else 0)
    support = int(np.count_nonzero(weights)) + 2
    return (
        m * m * width * bits <= 100 * share * EXACT_PRODUCTS
        and support**4 * bits <= share * EXACT_ELIMINATION
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

    @property
    def twofold(self) -> tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"]]:
        """Return the weights as hi and lo, each rounded."""
        lo = [float(a - Fraction(hi)) for a, hi in zip(self.weights, self.floats, strict=True)]
        return self.floats, np.array(lo)

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
