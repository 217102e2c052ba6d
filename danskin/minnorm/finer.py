"""More digits where float64 is too coarse: double-double, then rationals (floats are rationals).

Each solver is judged by the two-sided bounds of its weights, and the better answer stays. Up to 64
gradients Wolfe's method on the Gram matrix of 106 bits comes first, and needs no good start. A face
refined by products with the points comes first for more gradients, since its work grows with m and
not with m^2; and it has the last word where rho is so small that even 106 bits of the squares
blur it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from danskin.errors import SolverError
from danskin.minnorm.binary import IntegerRows, affordable_steps, exact_from_gram, to_integers
from danskin.minnorm.bounds import Bounds, gram_bounds, point_bounds
from danskin.minnorm.gram import gram_double, gram_twofold
from danskin.minnorm.rational import IntegerGram, integer_gram, is_positive_semidefinite
from danskin.minnorm.refine import EXACT, gram_product, point_product, refined_weights
from danskin.minnorm.scaling import ScaledGram, ScaledPoints
from danskin.minnorm.twofold import wolfe_twofold

__all__ = [
    "Enough",
    "Found",
    "double_double_gram",
    "double_double_points",
    "exact_gram",
    "exact_points",
]

# Up to so many gradients Wolfe's method in double-double takes no longer than a refinement.
FEW = 64
# "auto" calls a double-double solver where it takes up to about a second or two: products for the
# Gram matrix, and a triangle on the support; or as many for a refinement.
TWOFOLD_PRODUCTS = 4e9
PRODUCTS_OF_REFINEMENT = 16

Enough = Callable[[Bounds], bool]


@dataclass(frozen=True, eq=False)
class Found:
    """Weights hi and lo, what they prove, and where they come from.

    `guess`: weights that the exact solver had better start from.
    """

    weights: Float[np.ndarray, "m"]
    weights_lo: Float[np.ndarray, "m"] | None
    iterations: int
    method: str
    bounds: Bounds
    point: Float[np.ndarray, "n"] | None = None
    guess: Float[np.ndarray, "m"] | None = None

    @property
    def start(self) -> Float[np.ndarray, "m"]:
        """Return weights for an exact solver to start from."""
        return self.weights if self.guess is None else self.guess

    @property
    def gap(self) -> float:
        """Return how far the bounds are apart."""
        return self.bounds.upper - self.bounds.lower


_Twofold = tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"], int]
_Solver = Callable[[Float[np.ndarray, "m"]], _Twofold | None]


def _best(
    found: Found,
    solvers: Iterable[_Solver],
    judged: Callable[[_Twofold], Found],
    enough: Enough,
    forced: bool,
) -> Found:
    """Ask the solvers in turn until the bounds are close enough; keep the better answer.

    `forced`: an answer in double-double is wanted, be it better than the present one or not.
    """
    for solver in solvers:
        answer = solver(found.weights)
        if answer is None:
            continue
        other = judged(answer)
        steps = found.iterations + other.iterations
        first = forced and found.weights_lo is None
        found = replace(other if first or other.gap < found.gap else found, iterations=steps)
        if enough(found.bounds):
            break
    return found


def double_double_points(
    scaled: ScaledPoints, found: Found, enough: Enough, forced: bool = False
) -> Found:
    """Solve again for one simplex, from the weights that float64 found."""
    m, n = scaled.shape
    first = found.weights

    def wolfe(_: Float[np.ndarray, "m"]) -> _Twofold | None:
        if not forced and m * m * n > TWOFOLD_PRODUCTS:
            return None
        # From float64's start: points that depend on each other but for rounding blow up the
        # supports of a refinement, which exchanges many at once.
        return wolfe_twofold(*gram_twofold(scaled), first)

    def refined(start: Float[np.ndarray, "m"]) -> _Twofold | None:
        if not forced and PRODUCTS_OF_REFINEMENT * m * n > TWOFOLD_PRODUCTS:
            return None
        return refined_weights(gram_double(scaled), point_product(scaled), start)

    def judged(answer: _Twofold) -> Found:
        weights, lo, steps = answer
        x, bounds = point_bounds(scaled, weights, (m,), lo)
        return Found(weights, lo, steps, "double-double", bounds, x)

    solvers = (wolfe, refined) if m <= FEW else (refined, wolfe, refined)
    best = _best(found, solvers, judged, enough, forced)
    # By Caratheodory's theorem n + 1 points do, and float64 does with how many there are beyond
    # rounding; a support far wider makes each exact step longer for nothing.
    few, many = np.count_nonzero(first), np.count_nonzero(best.weights)
    return replace(best, guess=first) if many > min(n + 1, 2 * few + 2) else best


def double_double_gram(
    scaled: ScaledGram, found: Found, enough: Enough, forced: bool = False
) -> Found:
    """Do the same for a Gram matrix, whose float64 entries are taken as exact."""
    gram = np.array(scaled.gram, order="C")
    m = len(gram)
    first = found.weights

    def wolfe(_: Float[np.ndarray, "m"]) -> _Twofold | None:
        return wolfe_twofold(gram, np.zeros_like(gram), first)

    def refined(start: Float[np.ndarray, "m"]) -> _Twofold | None:
        return refined_weights(gram, gram_product(gram, EXACT), start)

    def judged(answer: _Twofold) -> Found:
        weights, lo, steps = answer
        bounds = gram_bounds(gram, weights, (m,), scaled.shift, lo)
        return Found(weights, lo, steps, "double-double", bounds)

    solvers = (wolfe,) if m <= FEW else (refined, wolfe)
    return _best(found, solvers, judged, enough, forced)


def exact_points(
    scaled: ScaledPoints, sizes: tuple[int, ...], found: Found, share: float = math.inf
) -> Found:
    """Return the exact answer, rounded once, if it is known in a `share` of about a second."""
    n = scaled.shape[1]
    order = int(np.count_nonzero(found.start)) + 2
    steps = affordable_steps(scaled.points, order, n, share)
    if steps == 0:
        return found
    rows = to_integers(scaled.points)
    gram = integer_gram(rows.rows)
    return _exact(gram, rows, rows.unit**2, sizes, found, steps, scaled.points)


def exact_gram(
    scaled: ScaledGram, sizes: tuple[int, ...], found: Found, share: float = math.inf
) -> Found:
    """Do the same for a Gram matrix.

    Raises
    ------
    SolverError
        If the matrix is positive semidefinite only up to rounding and `share` is infinite; with
        a finite share `found` stands, as there is no exact answer.
    """
    steps = affordable_steps(scaled.gram, len(scaled.gram), 1, share)
    if steps == 0:
        return found
    rows = to_integers(scaled.gram)
    if not is_positive_semidefinite(rows.rows):
        if share == math.inf:
            raise SolverError(
                "the Gram matrix is positive semidefinite only up to rounding, so it has no "
                "exact min norm; pass the gradients to min_norm_point or exact_min_norm"
            )
        return found
    exact = _exact(rows.rows, None, rows.unit, sizes, found, steps, None)
    # The entries of a float matrix were rounded once themselves, so the level below which
    # rho means nothing is that of the float64 bounds.
    own = found.bounds
    return replace(
        exact, bounds=Bounds(exact.bounds.upper, exact.bounds.lower, own.size, own.rounding)
    )


def _exact(
    gram: IntegerGram,
    rows: IntegerRows | None,
    unit: Fraction,
    sizes: tuple[int, ...],
    found: Found,
    steps: float,
    points: Float[np.ndarray, "m n"] | None,
) -> Found:
    exact = exact_from_gram(gram, unit, sizes, found.start, points, steps)
    if exact is None:
        return found
    point = None if rows is None else exact.point(rows)
    return Found(*exact.twofold, exact.iterations, "exact", exact.bounds, point)
