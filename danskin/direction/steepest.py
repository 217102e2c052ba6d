"""Steepest descent by Theorem 2: minus the normalised min-norm point of the hull of gradients.

Eq. (14): with x* the min-norm point of the hull of the gradients of all maximizers and
``rho = |x*|``, the steepest descent direction is ``-x*/rho`` and its derivative ``-rho``; where
``rho = 0`` the point is stationary and no direction descends to first order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from danskin.derivative import (
    Bound,
    DirectionalDerivative,
    GradientRows,
    directional_derivative,
    gradient_rows,
)
from danskin.errors import LimitError, SolverError
from danskin.exact import exact_vector, sign, tidy, to_float
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.minnorm import (
    ExactMinNorm,
    MinNormResult,
    exact_min_norm,
    min_norm_point,
    product_min_norm,
)
from danskin.typeset import display, never_raises, vector

__all__ = ["SteepestDescent", "normalised", "steepest_descent"]

_MAX_EXACT_RATIONAL = 64
_MAX_EXACT_ALGEBRAIC = 6
_EXACT_SECONDS = 5.0
_MAX_CUTS = 200
_CUT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class SteepestDescent:
    """The direction of steepest descent, or the statement that there is none.

    Attributes
    ----------
    direction : ndarray (n,), unit, or None
        None at a stationary point, and where rounding leaves open whether there is one.
    derivative : float
        ``D(theta; direction)``, which is ``-rho`` where the min-norm point is optimal; 0 where
        there is no direction (at a stationary point the least value over ``|gamma| <= 1``).
    stationary : bool
        Whether 0 lies in the hull of the gradients: exactly where they are exact, else of
        gradients within rounding of those given (`min_norm.explain` has the numbers).
    min_norm : MinNormResult
        Weights, min-norm point, and the two-sided bound on rho.
    bound : "exact" or "lower"
        "lower" where not all maximizers are known: the true derivative along `direction` may be
        larger, and the true steepest direction another.
    exact_direction, exact_derivative : exact numbers, or None
    """

    direction: np.ndarray | None
    derivative: float
    stationary: bool
    min_norm: MinNormResult
    bound: Bound
    exact_direction: tuple[sympy.Expr, ...] | None = None
    exact_derivative: sympy.Expr | None = None

    @property
    def weights(self) -> np.ndarray:
        """The weights of the gradients in the min-norm point, (m,)."""
        return self.min_norm.weights

    def explain(self) -> str:
        """Say in a sentence what was found."""
        scope = (
            "all maximizers"
            if self.bound == "exact"
            else "the maximizers found (others may exist: no certificate)"
        )
        if self.stationary:
            rounding = "" if self.exact_derivative is not None else ", within rounding"
            return (
                f"Stationary: 0 is in the hull of the gradients over {scope}{rounding}; "
                "no direction descends to first order."
            )
        if self.direction is None:
            return f"Undecided. {self.min_norm.explain()}"
        if self.exact_derivative is None and self.min_norm.status != "optimal":
            return (
                f"A descent direction at rate {self.derivative:.10g}, over {scope}; that it is the "
                f"steepest is not settled. {self.min_norm.explain()}"
            )
        exact = "" if self.exact_derivative is None else f" (exactly {self.exact_derivative})"
        return f"Steepest descent at rate {self.derivative:.10g}{exact}, over {scope}."

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        exact = self.exact_direction
        return {
            "direction": None if self.direction is None else self.direction.tolist(),
            "derivative": self.derivative,
            "stationary": self.stationary,
            "bound": self.bound,
            "exact_direction": None if exact is None else [str(x) for x in exact],
            "exact_derivative": None
            if self.exact_derivative is None
            else str(self.exact_derivative),
            "min_norm": self.min_norm.to_dict(),
        }

    def __repr__(self) -> str:
        if self.stationary:
            return f"SteepestDescent(stationary, {self.bound})"
        if self.direction is None:
            return "SteepestDescent(undecided whether a descent direction exists)"
        return f"SteepestDescent(derivative={self.derivative:.6g}, {self.bound})"

    @never_raises
    def _repr_latex_(self) -> str:
        found = "" if self.bound == "exact" else r"\ \ (\text{over the maximizers found})"
        hull = rf"0 \in \mathrm{{conv}}\{{\nabla_\theta g(\theta, \delta^\star)\}}{found}"
        if self.stationary:
            exact = self.exact_derivative is not None
            rounding = "" if exact else " within rounding"
            return display(
                rf"{hull}:\ \ \text{{stationary{rounding}, no direction descends to first order}}"
            )
        if self.direction is None:
            return display(rf"\text{{undecided whether }} {hull}")
        rate = DirectionalDerivative(
            self.derivative if self.exact_derivative is None else self.exact_derivative, self.bound
        )
        settled = self.exact_derivative is not None or self.min_norm.status == "optimal"
        return display(
            rf"\gamma^\star = {vector(self.direction, self.exact_direction)}",
            rate.latex(r"\gamma^\star"),
            "" if settled else r"\text{not settled that it is the steepest}",
        )


def steepest_descent(S_or_gradients: Any) -> SteepestDescent:
    """Return the steepest descent direction by Theorem 2, eq. (14).

    Parameters
    ----------
    S_or_gradients : MaximizerSet, BatchMaximizerSet, or gradients (m, n)
        Bare gradients are taken to be those of *all* maximizers. For a batch the min-norm point
        is over one simplex a sample.

    Returns
    -------
    SteepestDescent

    Raises
    ------
    InvalidInputError
    """
    if isinstance(S_or_gradients, BatchMaximizerSet):
        return _of_batch(S_or_gradients)
    if isinstance(S_or_gradients, MaximizerSet):
        S = S_or_gradients
        if S.faces and not S.spans:
            return _by_cuts(S)
        rows = GradientRows(S.gradients, S.exact_gradients)
        bound: Bound = "exact" if S.complete else "lower"
        return _of_rows(rows, bound, min_norm_point(rows.floats), rows.floats)
    rows = gradient_rows(S_or_gradients)
    return _of_rows(rows, "exact", min_norm_point(rows.floats), rows.floats)


def _of_rows(
    rows: GradientRows, bound: Bound, result: MinNormResult, source: Any
) -> SteepestDescent:
    exact = _exactly(rows.exact)
    if exact is not None:
        if exact.stationary:
            return SteepestDescent(None, 0.0, True, result, bound, None, sympy.Integer(0))
        rho = sympy.sqrt(tidy(_sympy(exact.squared_norm)))
        unit = tuple(tidy(-_sympy(x) / rho) for x in exact.point)
        floats = np.array([to_float(x) for x in unit])
        return SteepestDescent(floats, -to_float(rho), False, result, bound, unit, -rho)
    return _from_result(result, bound, source)


def _from_result(result: MinNormResult, bound: Bound, source: Any) -> SteepestDescent:
    """Read a float64 solution; `source` is what the derivative along it is taken over.

    The derivative is asked anew and not read off the norm: ``-|x|`` is what an optimal x would
    give, and promises too much where the gap is not closed.
    """
    if result.status == "stationary":
        return SteepestDescent(None, 0.0, True, result, bound)
    if result.lower_bound <= 0:
        return SteepestDescent(None, 0.0, False, result, bound)
    gamma = -normalised(result.point)
    along = float(directional_derivative(source, gamma))
    return SteepestDescent(gamma, along, False, result, bound)


def normalised(x: np.ndarray) -> np.ndarray:
    """Return ``x / |x|`` for x != 0, without under- or overflow on the way."""
    scaled = x / np.abs(x).max()
    return scaled / np.linalg.norm(scaled)


def _exactly(rows: tuple[tuple[Any, ...], ...] | None) -> ExactMinNorm | None:
    if rows is None:
        return None
    rational = all(x.is_Rational for row in rows for x in row)
    if len(rows) > (_MAX_EXACT_RATIONAL if rational else _MAX_EXACT_ALGEBRAIC):
        return None
    try:
        with time_limit(_EXACT_SECONDS, "the exact min-norm point"):
            return exact_min_norm(rows, sign=None if rational else sign)
    except (LimitError, SolverError):
        return None


def _sympy(number: Any) -> Any:
    return (
        sympy.Rational(number.numerator, number.denominator)
        if not isinstance(number, sympy.Basic)
        else number
    )


def _of_batch(S: BatchMaximizerSet) -> SteepestDescent:
    bound: Bound = "exact" if S.complete and S.spans else "lower"
    result = product_min_norm([s.gradients for s in S.samples])
    if S.count <= _MAX_EXACT_RATIONAL and S.exact_gradients is not None:
        # The hull of the joint gradients is the Minkowski mean of the samples' hulls.
        rows = GradientRows(np.zeros((0, 0)), tuple(dict.fromkeys(S.exact_gradients)))
        return _of_rows(rows, bound, result, S)
    alone = [_exactly(s.exact_gradients) for s in S.samples]
    if all(e is not None and e.stationary for e in alone):
        # 0 is in every sample's hull, hence in their mean.
        return SteepestDescent(None, 0.0, True, result, bound, None, sympy.Integer(0))
    return _from_result(result, bound, S)


def _by_cuts(S: MaximizerSet) -> SteepestDescent:
    """Min-norm point over infinite faces: add the most violated gradient until none is left.

    Each round's ``min <u, grad>`` over the whole set bounds rho from below (the two-sided
    certificate), so the result is as exact as that bound says.
    """
    gradients = S.gradients
    result = min_norm_point(gradients)
    listed_alone = _exactly(S.exact_gradients)
    if listed_alone is not None and listed_alone.stationary:
        # The faces' gradients can only enlarge a hull that holds 0 already.
        bound: Bound = "exact" if S.complete else "lower"
        return SteepestDescent(None, 0.0, True, result, bound, None, sympy.Integer(0))
    lower = -math.inf
    known = S.complete
    for _ in range(_MAX_CUTS):
        if result.status == "stationary" or not np.abs(result.point).max() > 0:
            break
        away = exact_vector(-normalised(result.point), "direction")
        found = S.support(away)
        if found is None:
            break
        over_faces, gradient = found
        known = known and over_faces.complete
        listed = float((-gradients @ normalised(result.point)).max())
        lower = max(lower, -max(over_faces.value, listed))
        if result.norm - lower <= 1e-10 * result.norm or (gradients == gradient).all(axis=1).any():
            break
        gradients = np.vstack([gradients, gradient])
        result = min_norm_point(gradients)
    bound = "exact" if known else "lower"
    direction = _from_result(result, bound, gradients)
    if direction.direction is None:
        return direction
    # The solver's lower bound is for the listed gradients; over the faces it is the last cut's.
    below = max(lower - 1e-13 * result.size, 0.0) if known else 0.0
    closed = result.norm - below <= _CUT_TOLERANCE * result.norm
    result = replace(
        result, lower_bound=below, status="optimal" if closed else "undecided", tol=_CUT_TOLERANCE
    )
    along = directional_derivative(S, direction.direction)
    return SteepestDescent(direction.direction, float(along), False, result, along.bound)
