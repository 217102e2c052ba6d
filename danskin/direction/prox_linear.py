"""The step-aware direction: where the kinks within one step count, maximizers or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from danskin.derivative import gradient_rows
from danskin.direction.steepest import normalised
from danskin.errors import InvalidInputError
from danskin.minnorm import StepAwareResult, step_aware_point, trust_region_point
from danskin.typeset import display, never_raises, number, vector

__all__ = ["StepAware", "step_aware"]


@dataclass(frozen=True)
class StepAware:
    """The minimiser of the prox-linear model ``max_j {g_j + <grad g_j, d>} + |d|^2/(2 step)``.

    Attributes
    ----------
    displacement : ndarray (n,)
        d itself, not normalised: add it to theta.
    direction : ndarray (n,), unit, or None where the displacement is 0
    decrease : float
        By how much the model falls along the displacement (for a given `step`: with its proximal
        term). A statement about the model over the points given, not about phi.
    stationary : bool
        The gradients tied at the highest value have 0 in their hull: no step helps the model.
    solution : StepAwareResult
        Weights, step length eta, duality gap, status, and which case applied.
    """

    displacement: np.ndarray
    direction: np.ndarray | None
    decrease: float
    stationary: bool
    solution: StepAwareResult

    @property
    def weights(self) -> np.ndarray:
        """The dual weights, (m,)."""
        return self.solution.weights

    def explain(self) -> str:
        """Say in a sentence what was found."""
        return self.solution.explain()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**self.solution.to_dict(), "displacement": self.displacement.tolist()}

    def __repr__(self) -> str:
        length = float(np.linalg.norm(self.displacement))
        return f"StepAware(|d|={length:.6g}, decrease={self.decrease:.6g}, {self.solution.status})"

    @never_raises
    def _repr_latex_(self) -> str:
        m = len(self.weights)
        if self.stationary:
            told = "the gradients tied at the highest value have 0 in their hull: stay"
            return display("d = 0", rf"\text{{{told}}}")
        status = self.solution.status
        settled = "" if status == "optimal" else rf"\text{{status: {status}}}"
        return display(
            f"d = {vector(self.displacement)}",
            rf"\lVert d \rVert \approx {number(float(np.linalg.norm(self.displacement)))}",
            rf"\text{{the model over {m} points falls by about }} {number(self.decrease)}"
            r"\ \text{ (not a statement about }\varphi\text{)}",
            settled,
        )


def step_aware(
    gradients: Any,
    values: Any,
    *,
    step: float | None = None,
    radius: float | None = None,
    sizes: Sequence[int] | None = None,
) -> StepAware:
    """Return the step that the losses' values and gradients together suggest.

    Kinks of phi are a null set; what matters is a kink within one step. With ``g_j`` the value at
    each point, maximizer or not, minimise over d ``max_j {g_j + <grad g_j, d>}`` plus
    ``|d|^2/(2 step)``, or subject to ``|d| <= radius``. As step -> 0 the direction tends to the
    min-norm point of the gradients tied at the highest value, as step -> infinity to that of all.

    Parameters
    ----------
    gradients : (m, n)
        At any points of S.
    values : (m,)
        g there.
    step, radius : float > 0
        Exactly one of them.
    sizes : sequence of int, optional
        Points per sample, for a batch: one maximum (and one simplex of weights) each, averaged.

    Raises
    ------
    InvalidInputError
        Neither or both of `step` and `radius`, or arguments of the wrong shape.
    """
    if (step is None) == (radius is None):
        raise InvalidInputError(
            "step, radius",
            "both are given" if step is not None else "neither is given",
            "Pass exactly one: step=0.1 (prox-linear) or radius=0.1 (trust region).",
        )
    rows = gradient_rows(gradients).floats
    if radius is None:
        solution = step_aware_point(rows, values, step, sizes=sizes)  # type: ignore[arg-type]
    else:
        solution = trust_region_point(rows, values, radius, sizes=sizes)
    found = solution.displacement
    displacement = np.zeros(rows.shape[1]) if found is None else np.asarray(found)
    return StepAware(
        displacement=displacement,
        direction=normalised(displacement) if displacement.any() else None,
        decrease=solution.decrease,
        stationary=solution.case == "stationary",
        solution=solution,
    )
