"""Min-norm programs with a linear term: the step-aware directions.

For a step eta the model ``(1/B) sum_i max_j {v_ij + <g_ij, d>} + |d|^2 / (2 eta)`` around theta
counts points by their value and not only by their gradient. Its dual is

    maximise  (1/B) a.v - (eta/2) |x|^2,   x = (1/B) sum a_ij g_ij,   one simplex per sample

and ``d = -eta x``. The gap between the two is the certificate. As eta grows, x goes from the
min-norm point of the gradients tied at the highest value to that of all gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from danskin.minnorm.boundary import ArrayLike, Number, Sizes
from danskin.minnorm.model import Model, Moved, model_from_gradients, model_from_gram, scale
from danskin.minnorm.scaling import EPS, check_tolerance

__all__ = ["StepAwareResult", "finished", "step_aware_point", "step_aware_weights"]

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
        Upper bound on what any other d could add to `decrease`, rounding included: both hold for
        `displacement` as it is.
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


def _for_step(model: Model, step: float, tol: float) -> StepAwareResult:
    # With d = 2**-k dhat and gradients 2**k p, the proximal term is |dhat|^2 / (2 step 4**k).
    scaled_step = scale(step, 2 * model.exponent)
    weights = model.dual_weights(model.values, scaled_step)
    moved = model.move(weights, scaled_step)
    height, error = model.height(model.values, moved, model.rest)
    # |d|^2 / (2 step), and (step / 2) |x|^2 in the dual, with nothing squared that might overflow
    proximal = 0.5 * moved.length * (moved.length / scaled_step)
    primal = height + proximal
    dual = model.held(model.values, weights) - 0.5 * (scaled_step * moved.most) * moved.most
    # Both terms of the dual are at most 0: nothing cancels but what the weights' sum is off.
    error += (len(weights) + 16) * EPS * (abs(dual) + proximal + abs(height))
    gap = max(primal - dual, 0.0) + error
    size = float(weights @ model.lengths) / len(model.sizes)
    zero = moved.norm <= (len(weights) + 8) * EPS * size
    if gap <= tol * -primal:
        status, case = "optimal", "step"
    elif zero or moved.norm == 0.0:
        # d = 0 is what is returned, so all that could be gained is what the dual leaves open.
        left = error - dual
        return finished(model, weights, 0.0, None, 0.0, left, "stationary", "stationary", tol, 0)
    else:
        status, case = "undecided", "step"
    return finished(model, weights, step, moved, -primal, gap, status, case, tol, -model.exponent)


def finished(
    model: Model,
    weights: Float[np.ndarray, "m"],
    step: float,
    moved: Moved | None,
    decrease: float,
    gap: float,
    status: Literal["optimal", "stationary", "undecided"],
    case: Case,
    tol: float,
    power: int,
) -> StepAwareResult:
    """Return d, multiplied by ``2**power``, with all that is known; `moved` None is d = 0."""
    displacement = None
    if model.gradients is not None:
        n = model.gradients.shape[1]
        d = np.zeros(n) if moved is None or moved.d is None else moved.d
        displacement = np.ldexp(d, power) + 0.0  # no negative zeros
        displacement.setflags(write=False)
    norm = (model.move(weights, 0.0) if moved is None else moved).norm
    weights = weights.copy()
    weights.setflags(write=False)
    return StepAwareResult(
        weights=weights,
        step=step,
        norm=scale(norm, model.exponent),
        decrease=max(decrease, 0.0),
        gap=gap,
        status=status,
        case=case,
        displacement=displacement,
        tol=tol,
    )
