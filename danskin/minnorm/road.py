"""The road from validated gradients (or a Gram matrix) to a certified result.

float64 weights -> two-sided bounds -> where they are too weak, double-double -> where they still
are and the problem is small, the exact rational solver (floats are rationals).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from danskin.errors import InvalidInputError, SolverError
from danskin.minnorm.accelerated import accelerated_weights
from danskin.minnorm.binary import exact_from_gram, exact_is_cheap, to_integers
from danskin.minnorm.boundary import ArrayLike, Number
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
    integer_gram,
    is_positive_semidefinite,
)
from danskin.minnorm.result import GramMinNormResult, MinNormResult, judge, quick_result
from danskin.minnorm.scaling import (
    EPS,
    ScaledGram,
    ScaledPoints,
    check_choice,
    check_tolerance,
    compress,
)
from danskin.minnorm.wolfe import small_gram

__all__ = ["AIM", "TOL", "float_guess", "quick_answer", "solve_gram", "solve_points"]

METHODS = ("auto", "wolfe", "double-double", "exact", "paper")
#: Relative gap up to which a result is called optimal, and the one that "auto" aims at.
TOL = 1e-9
AIM = 1e-12
#: One simplex of so many gradients is one call of Wolfe's method.
SMALL = 64
# Gaps that mean nothing: what rounding a unit vector costs its rate, and the bounds' own rounding.
ROUNDED_DIRECTION = 6 * EPS
ROUNDED_BOUNDS = 8 * EPS
# "auto" calls the double-double solver where it takes up to about a second or two: products for
# the Gram matrix, and a triangle on the support.
TWOFOLD_PRODUCTS = 4e9
FLOAT64 = np.dtype(np.float64)


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
        and exact_is_cheap(scaled.points, found.weights, n, found.bounds)
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
    exact = exact_from_gram(gram, rows.unit**2, sizes, found.weights, scaled.points)
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
        and exact_is_cheap(gram, found.weights, 1, found.bounds)
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
    exact = exact_from_gram(rows.rows, rows.unit, sizes, found.weights, None)
    # The entries of a float matrix were rounded once themselves, so the level below which
    # rho means nothing is that of the float64 bounds.
    bounds = Bounds(
        exact.bounds.upper, exact.bounds.lower, found.bounds.size, found.bounds.rounding
    )
    return _Found(*exact.twofold, exact.iterations, "exact", bounds)


def quick_answer(gram: ArrayLike, tol: Number) -> GramMinNormResult | None:
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


def _frozen(array: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    array.setflags(write=False)
    return array
