"""Reference solutions by cvxpy and Clarabel, an interior-point solver unlike ours.

For tests and claims: slow (milliseconds), accurate to about 1e-8 on well-scaled problems, and
without rounding-proof bounds. The library itself never relies on it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from danskin.errors import InvalidInputError, MissingExtraError, SolverError

__all__ = [
    "OracleDirection",
    "OracleMinNorm",
    "OracleStep",
    "min_norm_point",
    "product_min_norm",
    "steepest_direction",
    "step_aware",
]


@dataclass(frozen=True, eq=False)
class OracleMinNorm:
    """Weights, ``x = (1/B) weights @ gradients`` and its length, to solver accuracy."""

    weights: Float[np.ndarray, "m"]
    point: Float[np.ndarray, "n"]
    norm: float


@dataclass(frozen=True, eq=False)
class OracleStep:
    """Primal solution of the prox-linear model: the step d and the model's value there."""

    displacement: Float[np.ndarray, "n"]
    model_value: float


@dataclass(frozen=True, eq=False)
class OracleDirection:
    """Primal steepest direction: gamma with ``|gamma| <= 1`` and ``max_i <gamma, g_i>``."""

    direction: Float[np.ndarray, "n"]
    derivative: float


def min_norm_point(gradients: ArrayLike) -> OracleMinNorm:
    """Solve eq. (14) of Theorem 2 as a second-order cone program.

    Parameters
    ----------
    gradients : (m, n) array-like
        One gradient a row.

    Raises
    ------
    InvalidInputError
        If `gradients` is not a finite (m, n) array.
    SolverError
        If Clarabel fails.
    """
    return product_min_norm([gradients])


def product_min_norm(gradients: Sequence[ArrayLike]) -> OracleMinNorm:
    """Solve ``min |(1/B) sum_i sum_j a_ij g_ij|`` over one simplex per sample.

    Parameters
    ----------
    gradients : sequence of B array-likes (m_i, n)

    Raises
    ------
    InvalidInputError
        If a sample is not a finite (m_i, n) array.
    SolverError
        If Clarabel fails.
    """
    cp = _cvxpy()
    samples = [_matrix(part) for part in gradients]
    stacked, scale = _scaled(np.concatenate(samples))
    weights = cp.Variable(stacked.shape[0], nonneg=True)
    constraints: list[Any] = []
    first = 0
    for part in samples:
        constraints.append(cp.sum(weights[first : first + len(part)]) == 1)
        first += len(part)
    problem = cp.Problem(cp.Minimize(cp.norm(stacked.T @ weights / len(samples))), constraints)
    _solve(problem)
    value: Float[np.ndarray, "m"] = np.asarray(weights.value, dtype=np.float64)
    point = value @ stacked / len(samples) * scale
    return OracleMinNorm(value, point, float(np.linalg.norm(point)))


def step_aware(
    gradients: Sequence[ArrayLike],
    values: Sequence[ArrayLike],
    *,
    step: float | None = None,
    radius: float | None = None,
) -> OracleStep:
    """Minimise the piecewise-linear model over d, in the primal.

    ``(1/B) sum_i max_j {v_ij + <g_ij, d>}``, plus ``|d|^2 / (2 step)``, or over ``|d| <= radius``.

    Parameters
    ----------
    gradients : sequence of B array-likes (m_i, n)
    values : sequence of B array-likes (m_i,)
    step, radius : float
        Exactly one of the two.

    Returns
    -------
    OracleStep
        The minimizer, and the model's value without the proximal term.
    """
    if (step is None) == (radius is None):
        raise InvalidInputError(
            "step", "and radius are both given or both missing", "Give exactly one of the two."
        )
    for name, size in (("step", step), ("radius", radius)):
        if size is not None and not 0 < size < np.inf:
            raise InvalidInputError(name, f"is {size!r}", "Pass a positive finite number.")
    cp = _cvxpy()
    samples = [_matrix(part) for part in gradients]
    heights = [np.asarray(part, dtype=np.float64) for part in values]
    d = cp.Variable(samples[0].shape[1])
    model: Any = sum(cp.max(v + g @ d) for g, v in zip(samples, heights, strict=True)) / len(
        samples
    )
    if step is not None:
        problem = cp.Problem(cp.Minimize(model + cp.sum_squares(d) / (2 * step)))
    else:
        problem = cp.Problem(cp.Minimize(model), [cp.norm(d) <= radius])
    _solve(problem)
    displacement: Float[np.ndarray, "n"] = np.asarray(d.value, dtype=np.float64)
    return OracleStep(displacement, float(model.value))


def steepest_direction(gradients: ArrayLike) -> OracleDirection:
    """Minimise ``max_i <gamma, g_i>`` over ``|gamma| <= 1``: the primal of Theorem 2, eq. (12).

    Parameters
    ----------
    gradients : (m, n) array-like
        One gradient a row.

    Returns
    -------
    OracleDirection
        Where 0 lies in the hull the derivative is 0 and the direction is arbitrary.
    """
    cp = _cvxpy()
    scaled, scale = _scaled(_matrix(gradients))
    gamma = cp.Variable(scaled.shape[1])
    problem = cp.Problem(cp.Minimize(cp.max(scaled @ gamma)), [cp.norm(gamma) <= 1])
    _solve(problem)
    direction: Float[np.ndarray, "n"] = np.asarray(gamma.value, dtype=np.float64)
    return OracleDirection(direction, float(problem.value) * scale)


def _cvxpy() -> Any:
    try:
        import cvxpy
    except ImportError as error:
        raise MissingExtraError("cvxpy", "oracle") from error
    return cvxpy


def _matrix(gradients: ArrayLike) -> Float[np.ndarray, "m n"]:
    try:
        matrix = np.asarray(gradients, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            "gradients", f"is not an array of numbers ({error})", "Pass an (m, n) array."
        ) from error
    if matrix.ndim != 2 or matrix.size == 0 or not np.isfinite(matrix).all():
        raise InvalidInputError(
            "gradients",
            f"is not a non-empty finite matrix (shape {matrix.shape})",
            "Pass an (m, n) array, one gradient a row.",
        )
    return matrix


def _scaled(matrix: Float[np.ndarray, "m n"]) -> tuple[Float[np.ndarray, "m n"], float]:
    scale = float(np.abs(matrix).max()) or 1.0
    return matrix / scale, scale


def _solve(problem: Any) -> None:
    """Solve as tightly as Clarabel can (it stalls on some problems at 1e-11), or fail aloud."""
    cp = _cvxpy()
    for tolerance in (1e-11, 1e-8):
        limits = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance)
        try:
            with warnings.catch_warnings():
                # cvxpy warns of an inaccurate solution; the status says so as well.
                warnings.simplefilter("ignore", UserWarning)
                problem.solve(solver=cp.CLARABEL, **limits)
        except cp.error.SolverError as error:
            raise SolverError(f"Clarabel failed: {error}") from error
        if problem.status == "optimal":
            return
    raise SolverError(f"Clarabel ended with status {problem.status!r}; rescale the problem")
