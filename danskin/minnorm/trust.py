"""The trust-region form of the step-aware program: minimise the model over ``|d| <= radius``.

The step path ``d(eta) = -eta x(eta)`` is piecewise linear in eta and its length never decreases.
So either some eta has ``eta |x(eta)| = radius`` (always, if the min norm rho of all gradients is
positive), or the path ends inside the ball at the model's minimizer of least norm. Either way d is
unique, though eta need not be: values 1, 0 and gradients -2, -1 give d = 1 for eta in [1/2, 1].

Certificate: for any weights b and ``|d| <= radius`` the model is at least
``(1/B) b.v - radius |x(b)|``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from danskin.minnorm.boundary import ArrayLike, Number, Sizes
from danskin.minnorm.linear import StepAwareResult, finished
from danskin.minnorm.model import Model, Moved, model_from_gradients, model_from_gram, scale
from danskin.minnorm.road import solve_gram, solve_points
from danskin.minnorm.scaling import EPS, ScaledGram, ScaledPoints, check_tolerance

__all__ = ["trust_region_point", "trust_region_weights"]


def trust_region_weights(
    gram: ArrayLike,
    values: ArrayLike,
    radius: Number,
    *,
    sizes: Sizes | None = None,
    tol: Number = 1e-9,
) -> StepAwareResult:
    """Minimise ``(1/B) sum_i max_j {v_ij + <g_ij, d>}`` over ``|d| <= radius``.

    Parameters
    ----------
    gram : (m, m) array-like
        ``gradients @ gradients.T``.
    values : (m,) array-like
        The value g(theta, delta_j) at each point, maximizer or not.
    radius : float
        Positive.
    sizes : sequence of int, optional
        Gradients per sample, for a batch.
    tol : float
        Relative gap up to which the status is "optimal".

    Returns
    -------
    StepAwareResult
        With `case` "boundary", "least_norm_minimizer" or "stationary".

    Raises
    ------
    InvalidInputError
        If an argument is not what is said here.
    """
    checked = check_tolerance(radius, "radius")
    return _solve(model_from_gram(gram, values, sizes), checked, check_tolerance(tol))


def trust_region_point(
    gradients: ArrayLike,
    values: ArrayLike,
    radius: Number,
    *,
    sizes: Sizes | None = None,
    tol: Number = 1e-9,
) -> StepAwareResult:
    """Do as `trust_region_weights` does, from the gradients (m, n), which are more accurate."""
    checked = check_tolerance(radius, "radius")
    return _solve(model_from_gradients(gradients, values, sizes), checked, check_tolerance(tol))


@dataclass(frozen=True, eq=False)
class _Step:
    """A point of the step path, in units of the radius."""

    step: float
    weights: Float[np.ndarray, "m"]
    d: Float[np.ndarray, "r"]

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.d))


Path = Callable[[float, Float[np.ndarray, "m"]], _Step]


def _solve(model: Model, radius: float, tol: float) -> StepAwareResult:
    # In units where the radius is 1: d = radius * dhat, gradients 2**k p, so that
    # v + <g, d> = unit * (v / unit + <p, dhat>) with unit = 2**k * radius.
    unit = scale(radius, model.exponent)
    # A value further than 2 longest below the highest is out of reach within the ball.
    floor = -4.0 * max(model.longest, 1e-300)
    values = np.array([max(floor, v / unit) if v > floor * unit else floor for v in model.values])
    top, rho = _tied_at_the_top(model)
    if rho == 0.0:
        # The dual bound of the weights themselves: what d = 0 leaves open.
        left = radius * scale(model.move(top, 1.0).most, model.exponent)
        return finished(model, top, 0.0, None, 0.0, left, "stationary", "stationary", tol, 0)

    def path(step: float, start: Float[np.ndarray, "m"]) -> _Step:
        weights = model.dual_weights(values, step, start)
        return _Step(step, weights, -step * model.mean_point(weights))

    # |x(eta)| never exceeds its limit rho at eta -> 0, so this step stays inside the ball.
    low = path(1.0 / rho, top)
    high = low
    certificate = low.weights
    while high.length < 1.0 - 4 * EPS and high.step < 2.0**60 / rho:
        low, high = high, path(4.0 * high.step, high.weights)
        # On the path's last, constant piece a(eta) = p + q/eta with p in the simplex and
        # x(p) = 0; p, extrapolated, certifies that d minimises the model.
        noise = 4.0 * model.resolution
        if np.linalg.norm(high.d - low.d) <= 1e-9 * high.length + noise * high.step:
            limit = _feasible(
                (high.step * high.weights - low.step * low.weights) / (high.step - low.step), model
            )
            ended = low if low.length <= 1.0 else high
            moved = model.move(ended.weights, ended.step)
            gap, height = _gap(model, values, moved, limit)
            if gap <= tol * -height + noise:
                return _result(model, values, ended, limit, unit, radius, "inside", tol)
        certificate = high.weights
    if high.length < 1.0 - 4 * EPS:
        return _result(model, values, high, certificate, unit, radius, "inside", tol)
    found = _root(path, low, high)
    return _result(model, values, found, found.weights, unit, radius, "boundary", tol)


def _tied_at_the_top(model: Model) -> tuple[Float[np.ndarray, "m"], float]:
    """Return weights and length of the min-norm point of the gradients at the highest value."""
    tied = np.flatnonzero(model.values == 0)
    sizes = tuple(int(count) for count in np.add.reduceat(model.values == 0, model.starts))
    if model.gradients is not None:
        points = np.ascontiguousarray(model.gradients.points[tied])
        result = solve_points(ScaledPoints(points, 0), sizes, "auto", 1e-9)
    else:
        points = model.points[tied]
        result = solve_gram(ScaledGram(points @ points.T, 0, 0.0), sizes, "wolfe", 1e-9)
    weights = np.zeros(model.values.size)
    weights[tied] = result.weights
    return weights, 0.0 if result.status == "stationary" else result.norm


def _root(path: Path, low: _Step, high: _Step) -> _Step:
    """Find the step whose d has length 1, between one inside and one outside the ball.

    Between two steps on one linear piece of the path, interpolating d is exact; halving the
    bracket in between makes the two ends meet on one piece.
    """
    for turn in range(200):
        if abs(high.length - 1.0) <= 4 * EPS:
            return high
        if abs(low.length - 1.0) <= 4 * EPS or high.step <= low.step * (1 + 2 * EPS):
            return low
        step = math.sqrt(low.step * high.step)
        if turn % 2 == 0:
            step = low.step + _crossing(low.d, high.d) * (high.step - low.step)
        if not low.step < step < high.step:
            step = 0.5 * (low.step + high.step)
        middle = path(step, low.weights)
        if middle.length >= 1.0:
            high = middle
        else:
            low = middle
    return low


def _crossing(inside: Float[np.ndarray, "r"], outside: Float[np.ndarray, "r"]) -> float:
    """Return t in [0, 1] with ``|inside + t (outside - inside)| = 1``."""
    along = outside - inside
    square = float(along @ along)
    if square == 0.0:
        return 0.5
    half = float(inside @ along)
    room = max(1.0 - float(inside @ inside), 0.0)
    root = math.sqrt(half * half + square * room)
    # The form without cancellation of the positive root.
    t = room / (half + root) if half + root > 0 else 0.5
    return min(max(t, 0.0), 1.0)


def _feasible(weights: Float[np.ndarray, "m"], model: Model) -> Float[np.ndarray, "m"]:
    clipped = np.maximum(weights, 0.0)
    sums = np.add.reduceat(clipped, model.starts)
    return clipped / np.repeat(np.where(sums > 0, sums, 1.0), model.sizes)


def _gap(
    model: Model,
    values: Float[np.ndarray, "m"],
    moved: Moved,
    weights: Float[np.ndarray, "m"],
) -> tuple[float, float]:
    """Return the trust-region gap with rounding, and the model's value at d."""
    height, error = model.height(values, moved, None)
    held, point = model.held(values, weights), model.move(weights, 1.0).most
    # The weights' sum, and their values, which are at most 0, to a few eps.
    error += (weights.size + 16) * EPS * (abs(held) + point + abs(height))
    return max(height - held + point, 0.0) + error, height


def _result(
    model: Model,
    values: Float[np.ndarray, "m"],
    found: _Step,
    certificate: Float[np.ndarray, "m"],
    unit: float,
    radius: float,
    where: str,
    tol: float,
) -> StepAwareResult:
    # On the boundary d has the radius' length to the last digit.
    stretch, power = math.frexp(radius)
    moved = model.move(found.weights, None if where == "boundary" else found.step, stretch)
    step = 1.0 / moved.norm if where == "boundary" and moved.norm > 0 else found.step
    gap, height = _gap(model, values, moved, certificate)
    return finished(
        model,
        found.weights,
        scale(radius * step, -model.exponent),
        moved,
        -height * unit,
        gap * unit,
        "optimal" if gap <= tol * -height else "undecided",
        "boundary" if where == "boundary" else "least_norm_minimizer",
        tol,
        power,
    )
