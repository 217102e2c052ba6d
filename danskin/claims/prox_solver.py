"""What danskin's own solver makes of a one-dimensional step-aware model: numeric evidence.

It proves nothing; it shows that the code computes what the claims prove.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from danskin.claims.argument import Argument
from danskin.minnorm import StepAwareResult, step_aware_point, trust_region_point

__all__ = ["STEP_TOLERANCE", "solver_steps", "trust_region_evidence"]

#: How far a step of the solver may be from the exact one.
STEP_TOLERANCE = 1e-9


def _arrays(values: Sequence[Any], slopes: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([[float(g)] for g in slopes]), np.array([float(v) for v in values])


def solver_steps(
    values: Sequence[Any], slopes: Sequence[Any], etas: Sequence[float]
) -> list[tuple[float, StepAwareResult]]:
    """Return the step d(eta) and the solver's result for every step size."""
    rows, floats = _arrays(values, slopes)
    found = [step_aware_point(rows, floats, eta) for eta in etas]
    return [(-float(r.step * (r.weights @ rows[:, 0])), r) for r in found]


def trust_region_evidence(
    argument: Argument, values: Sequence[Any], slopes: Sequence[Any], radius: Any, d: Any, case: str
) -> None:
    """Add the evidence "the trust region of this radius gives this d, in this case"."""
    rows, floats = _arrays(values, slopes)
    found = trust_region_point(rows, floats, float(radius))
    moved = float(found.displacement[0]) if found.displacement is not None else 0.0
    argument.evidence(
        f"danskin.minnorm's trust region of radius {radius}: d = {moved:.12g}, {found.case}",
        abs(moved - float(d)) < STEP_TOLERANCE and found.case == case,
    )
