"""The road from validated gradients (or a Gram matrix) to a certified result.

float64 weights -> two-sided bounds -> where these are too weak, more digits (`finer`):
double-double -> where they still are and the problem is small, exact rational arithmetic.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from danskin.errors import InvalidInputError
from danskin.minnorm.accelerated import accelerated_weights
from danskin.minnorm.boundary import ArrayLike, Number
from danskin.minnorm.bounds import (
    Bounds,
    gram_bounds,
    point_bounds,
    scale_bounds,
)
from danskin.minnorm.choose import float_weights, gram_weights
from danskin.minnorm.finer import (
    Enough,
    Found,
    double_double_gram,
    double_double_points,
    exact_gram,
    exact_points,
)
from danskin.minnorm.gram import gram_double
from danskin.minnorm.quick import quick_weights
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
# The share of a second that exactness is worth where the status is "stationary" without it, and
# where it is "optimal" and the gap above `AIM`.
PASSING, CLOSER = 0.01, 0.1
FLOAT64 = np.dtype(np.float64)


def solve_points(
    scaled: ScaledPoints, sizes: tuple[int, ...], method: str, tol: Number
) -> MinNormResult:
    """Solve for validated gradients over one simplex per sample."""
    check_choice(method, METHODS, "method")
    tol = check_tolerance(tol)
    found, longest = _float_points(scaled, sizes, method)

    def enough(bounds: Bounds) -> bool:
        return not _too_weak(bounds, min(tol, AIM), longest)

    if _refines(method, sizes) and (method == "double-double" or _unsettled(found.bounds, enough)):
        found = double_double_points(scaled, found, enough, method == "double-double")
    if method == "exact":
        found = exact_points(scaled, sizes, found)
    elif method == "auto" and _too_weak(found.bounds, min(tol, AIM)):
        found = exact_points(scaled, sizes, found, _worth(found.bounds, tol))
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


def _float_points(scaled: ScaledPoints, sizes: tuple[int, ...], method: str) -> tuple[Found, float]:
    """Weights by float64 alone, the bounds that the gradients give them, and the longest's length.

    The length is left out (infinite) for several samples.
    """
    longest = math.inf
    if method == "paper":
        weights, iterations = accelerated_weights(gram_double(scaled), sizes=sizes), 100
    elif len(sizes) == 1:
        gram = gram_double(scaled)
        longest = math.sqrt(float(gram.diagonal().max()))
        weights, iterations = _float_gram(gram, sizes)
    else:
        weights, iterations = float_weights(compress(scaled.points), sizes)
    x, bounds = point_bounds(scaled, weights, sizes)
    used = method if method == "paper" else "wolfe"
    return Found(weights, None, iterations, used, bounds, x), longest


def float_guess(scaled: ScaledPoints) -> Float[np.ndarray, "m"]:
    """Weights of one simplex whose support the exact solvers start from."""

    def enough(bounds: Bounds) -> bool:
        return not _too_weak(bounds, AIM)

    found = _float_points(scaled, (scaled.shape[0],), "wolfe")[0]
    return (found if enough(found.bounds) else double_double_points(scaled, found, enough)).weights


def solve_gram(
    scaled: ScaledGram, sizes: tuple[int, ...], method: str, tol: Number
) -> GramMinNormResult:
    """Solve for a validated Gram matrix over one simplex per sample."""
    check_choice(method, METHODS, "method")
    tol = check_tolerance(tol)
    gram = np.array(scaled.gram, order="C")
    if method == "paper":
        weights, iterations = accelerated_weights(gram, sizes=sizes), 100
    else:
        weights, iterations = _float_gram(gram, sizes)
    bounds = gram_bounds(gram, weights, sizes, scaled.shift)
    used = method if method == "paper" else "wolfe"
    found = Found(weights, None, iterations, used, bounds)

    def enough(bounds: Bounds) -> bool:
        return not _too_weak(bounds, min(tol, AIM))

    if _refines(method, sizes) and (method == "double-double" or _unsettled(bounds, enough)):
        found = double_double_gram(scaled, found, enough, method == "double-double")
    if method == "exact":
        found = exact_gram(scaled, sizes, found)
    elif method == "auto" and _unsettled(found.bounds, enough):
        found = exact_gram(scaled, sizes, found, _worth(found.bounds, tol))
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


def _unsettled(bounds: Bounds, enough: Enough) -> bool:
    """Whether more digits of the weights help: not where rounding hides the point anyway."""
    return not (enough(bounds) or bounds.upper <= bounds.rounding)


def _worth(bounds: Bounds, tol: float) -> float:
    """How much of a second the exact answer is worth, where it is not asked for."""
    if bounds.upper <= bounds.rounding:
        return PASSING
    return 1.0 if _too_weak(bounds, tol) else CLOSER


def _refines(method: str, sizes: tuple[int, ...]) -> bool:
    """Whether the double-double solvers, which are for one simplex, may follow."""
    if method == "double-double" and len(sizes) > 1:
        raise InvalidInputError(
            "method", "is 'double-double'", "For several samples choose 'auto' or 'exact'."
        )
    return method in ("auto", "double-double") and len(sizes) == 1


def _frozen(array: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    array.setflags(write=False)
    return array
