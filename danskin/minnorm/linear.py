"""Min-norm programs with a linear term: the step-aware directions.

For a step eta the model ``(1/B) sum_i max_j {v_ij + <g_ij, d>} + |d|^2 / (2 eta)`` around theta
counts points by their value and not only by their gradient. Its dual is

    maximise  (1/B) a.v - (eta/2) |x|^2,   x = (1/B) sum a_ij g_ij,   one simplex per sample

and ``d = -eta x``. The gap between the two is the certificate. As eta grows, x goes from the
min-norm point of the gradients tied at the highest value to that of all gradients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import scipy.linalg.lapack  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Float, Int

from danskin.minnorm.active_set import active_set
from danskin.minnorm.boundary import ArrayLike, Number, Sizes
from danskin.minnorm.bounds import block_starts
from danskin.minnorm.product import PointForm, product_weights_of_points
from danskin.minnorm.scaling import (
    EPS,
    ScaledPoints,
    check_gradients,
    check_gram,
    check_sizes,
    check_tolerance,
    check_vector,
    compress,
    factor,
    row_norms,
)

__all__ = ["StepAwareResult", "step_aware_point", "step_aware_weights"]

_lapack: Any = scipy.linalg.lapack

# Up to so many gradients their Gram matrix is factorised by its eigenvectors.
SMALL = 64
# A relative gap below this needs no active set on the points, which is slower and loses less.
FINE = 1e-13

Case = Literal["step", "boundary", "least_norm_minimizer", "stationary"]


@dataclass(frozen=True, eq=False, repr=False)
class StepAwareResult:
    """Weights of a step-aware direction, with a duality gap.

    The step is ``d = -step * x`` with ``x = (1/B) weights @ gradients``.

    Attributes
    ----------
    weights : (m,) float64
        On the simplex (one per sample, concatenated).
    step : float
        Eta: the one given, or one that solves the trust-region problem. Where `case` is
        "stationary" it is 0.
    norm : float
        ``|x|``; the step's length is ``step * norm``.
    decrease : float
        Decrease of the piecewise-linear model that d achieves (for a given step: of the model
        with its proximal term).
    gap : float
        Upper bound on what any other d could add to `decrease`.
    status : "optimal", "stationary" or "undecided"
        "optimal": ``gap <= tol * decrease``. "stationary": d = 0 is optimal, since the gradients
        tied at the highest value have 0 in their hull.
    case : str
        "step": eta was given. "boundary": ``step * norm`` is the radius.
        "least_norm_minimizer": 0 is in the hull of all gradients and the model's minimizer of
        least norm lies inside the ball; every larger step gives the same d. "stationary": d = 0.
    displacement : (n,) float64 or None
        d itself, where the gradients were given and not their Gram matrix.
    tol : float
    """

    weights: Float[np.ndarray, "m"]
    step: float
    norm: float
    decrease: float
    gap: float
    status: Literal["optimal", "stationary", "undecided"]
    case: Case
    displacement: Float[np.ndarray, "n"] | None
    tol: float

    @property
    def support(self) -> tuple[int, ...]:
        """Indices of the positive weights."""
        return tuple(int(i) for i in np.flatnonzero(self.weights > 0))

    def explain(self) -> str:
        """Say in a sentence what was found, and what to try next."""
        length = self.step * self.norm
        if self.status == "stationary":
            return (
                "Stationary: the gradients tied at the highest value have 0 in their hull (up to "
                "rounding), so the model cannot be decreased and the step is 0."
            )
        where = {
            "step": f"For step {self.step:.6g}",
            "boundary": f"On the boundary of the ball (step {self.step:.6g})",
            "least_norm_minimizer": "Inside the ball, at the model's minimizer of least norm "
            f"(every step from {self.step:.6g} on gives it)",
            "stationary": "At 0",
        }[self.case]
        found = (
            f"{where}, |d| = {length:.6g} decreases the model by {self.decrease:.6g}, and no d "
            f"does better by more than {self.gap:.2g}."
        )
        if self.status == "optimal":
            return f"Optimal. {found}"
        return (
            f"Undecided: {found} Try a smaller step or radius, the gradients in place of their "
            "Gram matrix, or a larger tol."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values, ready for JSON."""
        d = self.displacement
        return {
            "weights": self.weights.tolist(),
            "step": self.step,
            "norm": self.norm,
            "decrease": self.decrease,
            "gap": self.gap,
            "status": self.status,
            "case": self.case,
            "displacement": None if d is None else d.tolist(),
            "support": list(self.support),
            "tol": self.tol,
        }

    def __repr__(self) -> str:
        return (
            f"StepAwareResult({self.status}, {self.case}, step={self.step:.6g}, "
            f"norm={self.norm:.6g}, gap={self.gap:.2g})"
        )


def step_aware_weights(
    gram: ArrayLike,
    values: ArrayLike,
    step: Number,
    *,
    sizes: Sizes | None = None,
    tol: Number = 1e-9,
) -> StepAwareResult:
    """Maximise ``(1/B) a.v - (step/2) |x|^2`` given the Gram matrix of the gradients.

    Parameters
    ----------
    gram : (m, m) array-like
        ``gradients @ gradients.T``.
    values : (m,) array-like
        The value g(theta, delta_j) at each point, maximizer or not.
    step : float
        Eta > 0.
    sizes : sequence of int, optional
        Gradients per sample, for a batch; by default a single sample.
    tol : float
        Relative duality gap up to which the status is "optimal".

    Raises
    ------
    InvalidInputError
        If an argument is not what is said here.
    """
    model = model_from_gram(gram, values, sizes)
    return _for_step(model, check_tolerance(step, "step"), check_tolerance(tol))


def step_aware_point(
    gradients: ArrayLike,
    values: ArrayLike,
    step: Number,
    *,
    sizes: Sizes | None = None,
    tol: Number = 1e-9,
) -> StepAwareResult:
    """Do as `step_aware_weights` does, from the gradients (m, n), which are more accurate."""
    model = model_from_gradients(gradients, values, sizes)
    return _for_step(model, check_tolerance(step, "step"), check_tolerance(tol))


@dataclass(frozen=True, eq=False)
class Model:
    """A piecewise-linear model in scaled units: gradients ``2**exponent * points``.

    ``values`` are shifted so that the highest of each sample is 0 (no shift moves d).
    """

    points: Float[np.ndarray, "m r"]
    exponent: int
    values: Float[np.ndarray, "m"]
    sizes: tuple[int, ...]
    gradients: ScaledPoints | None

    @property
    def starts(self) -> Int[np.ndarray, "b"]:
        """First index of each sample."""
        return block_starts(self.sizes)

    @cached_property
    def lengths(self) -> Float[np.ndarray, "m"]:
        """Lengths of the scaled gradients."""
        return row_norms(self.points)

    @cached_property
    def form(self) -> PointForm:
        """The quadratic form ``(1/2) |weights @ points|^2``."""
        return PointForm(self.points, self.sizes)

    @property
    def longest(self) -> float:
        """Length of the longest scaled gradient, at least 1/2 unless all are zero."""
        return float(self.lengths.max())

    @property
    def resolution(self) -> float:
        """Length below which x cannot be told from 0; from a Gram matrix its square root."""
        relative = (len(self.values) + 8) * EPS
        return self.longest * (relative if self.gradients is not None else math.sqrt(relative))

    def dual_weights(
        self,
        values: Float[np.ndarray, "m"],
        step: float,
        start: Float[np.ndarray, "m"] | None = None,
    ) -> Float[np.ndarray, "m"]:
        """Maximise ``(1/B) a.values - (step/2) |x|^2`` in scaled units.

        A value below the highest by more than ``2 step longest**2`` is never attained by the
        model within reach of d; clipping it there changes nothing and keeps numbers finite.
        """
        batch = len(self.sizes)
        clipped = np.maximum(values, -4.0 * step * self.longest**2) if self.longest else values
        # With x scaled by B the objective is (1/2)|x|^2 - linear.a, B^2 / step times as large.
        linear = clipped * (batch / step)
        found = product_weights_of_points(self.form, self.sizes, linear, start)
        x = found.weights @ self.points
        if found.gap <= FINE * (float(x @ x) + abs(float(linear @ found.weights))):
            return found.weights
        polished = active_set(self.points, self.sizes, linear, found.weights).weights
        return min(polished, found.weights, key=lambda a: self._gap(linear, a))

    def _gap(self, linear: Float[np.ndarray, "m"], weights: Float[np.ndarray, "m"]) -> float:
        """Return the Frank-Wolfe gap of ``(1/2) |weights @ points|^2 - linear.weights``."""
        slope = self.points @ (weights @ self.points) - linear
        least = np.repeat(np.minimum.reduceat(slope, self.starts), self.sizes)
        return float(weights @ (slope - least))

    def mean_point(self, weights: Float[np.ndarray, "m"]) -> Float[np.ndarray, "r"]:
        """Return ``(1/B) weights @ points``."""
        return weights @ self.points / len(self.sizes)

    def value(
        self, values: Float[np.ndarray, "m"], d: Float[np.ndarray, "r"]
    ) -> tuple[float, float]:
        """Return ``(1/B) sum_i max_j {v_ij + <p_ij, d>}`` and a bound on its rounding error."""
        heights = np.maximum.reduceat(values + self.points @ d, self.starts)
        size = float(np.abs(values[values > -np.inf]).max(initial=0.0))
        # Only values that can be attained matter for rounding; the highest is 0 by the shift.
        size = min(size, 4.0 * self.longest * float(np.linalg.norm(d)))
        error = (self.points.shape[1] + len(self.sizes) + 8) * EPS
        return float(heights.mean()), error * (size + self.longest * float(np.linalg.norm(d)))


def model_from_gradients(gradients: ArrayLike, values: ArrayLike, sizes: Sizes | None) -> Model:
    """Validate and scale."""
    scaled = check_gradients(gradients)
    m = scaled.points.shape[0]
    blocks = (m,) if sizes is None else check_sizes(sizes, m)
    shifted = _shifted(check_vector(values, m, "values"), blocks)
    return Model(compress(scaled.points), scaled.exponent, shifted, blocks, scaled)


def model_from_gram(gram: ArrayLike, values: ArrayLike, sizes: Sizes | None) -> Model:
    """Validate, scale and factor."""
    scaled = check_gram(gram)
    m = scaled.gram.shape[0]
    blocks = (m,) if sizes is None else check_sizes(sizes, m)
    shifted = _shifted(check_vector(values, m, "values"), blocks)
    points = factor(scaled.gram) if m <= SMALL else _triangular_factor(scaled.gram)
    return Model(points, scaled.exponent, shifted, blocks, None)


def _triangular_factor(gram: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m r"]:
    """Return points with that Gram matrix by pivoted Cholesky: `factor`, for many points."""
    lengths = np.sqrt(gram.diagonal())
    safe = np.where(lengths > 0, lengths, 1.0)
    normalised = np.asfortranarray(gram / safe[:, None] / safe[None, :])
    upper, order, rank, _ = _lapack.dpstrf(normalised, lower=0, tol=-1.0, overwrite_a=1)
    points = np.empty((lengths.size, rank))
    points[order - 1] = np.triu(upper)[:rank].T
    return points * lengths[:, None]


def _shifted(values: Float[np.ndarray, "m"], sizes: tuple[int, ...]) -> Float[np.ndarray, "m"]:
    return values - np.repeat(np.maximum.reduceat(values, block_starts(sizes)), sizes)


def _for_step(model: Model, step: float, tol: float) -> StepAwareResult:
    # With d = 2**-k dhat and gradients 2**k p, the proximal term is |dhat|^2 / (2 step 4**k).
    scaled_step = scale(step, 2 * model.exponent)
    weights = model.dual_weights(model.values, scaled_step)
    x = model.mean_point(weights)
    length = float(np.linalg.norm(x))
    d = -scaled_step * x
    height, error = model.value(model.values, d)
    proximal = 0.5 * scaled_step * length**2
    primal = height + proximal
    # primal - dual, summed without the common terms: complementary slackness, term by term.
    heights = model.values + model.points @ d
    best = np.repeat(np.maximum.reduceat(heights, model.starts), model.sizes)
    slack = float(weights @ np.where(weights > 0, best - heights, 0.0)) / len(model.sizes)
    gap = slack + error
    size = float(weights @ model.lengths) / len(model.sizes)
    zero = length <= (len(weights) + 8) * EPS * size
    status = "optimal" if gap <= tol * -primal else "stationary" if zero else "undecided"
    return finished(
        model, weights, step, length, -primal, gap, status, "stationary" if zero else "step", tol
    )


def finished(
    model: Model,
    weights: Float[np.ndarray, "m"],
    step: float,
    length: float,
    decrease: float,
    gap: float,
    status: Literal["optimal", "stationary", "undecided"],
    case: Case,
    tol: float,
) -> StepAwareResult:
    """Unscale; `step` is in the caller's units already, decrease and gap are values already."""
    if case == "stationary":
        step = 0.0 if status == "stationary" else step
    displacement = None
    if model.gradients is not None:
        x = weights @ model.gradients.points / len(model.sizes)
        displacement = scale(-step, model.exponent) * x + 0.0  # no negative zeros
        displacement.setflags(write=False)
    weights = weights.copy()
    weights.setflags(write=False)
    return StepAwareResult(
        weights=weights,
        step=step,
        norm=scale(length, model.exponent),
        decrease=max(decrease, 0.0),
        gap=gap,
        status=status,
        case=case,
        displacement=displacement,
        tol=tol,
    )


def scale(value: float, exponent: int) -> float:
    """Return ``value * 2**exponent``, kept inside the range of float64."""
    try:
        return max(-LARGE, min(LARGE, math.ldexp(value, exponent)))
    except OverflowError:
        return math.copysign(LARGE, value)


LARGE = 2.0**1000
