"""Results that carry their own two-sided bounds and can judge and explain themselves."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from danskin.minnorm.bounds import Bounds
from danskin.minnorm.scaling import check_tolerance

__all__ = ["GramMinNormResult", "MinNormResult", "Status", "judge", "quick_result"]

#: Weights that a notebook shows.
MOST_SHOWN = 12
#: Below it, divided by tol, two neighbouring floats may be further apart than tol asks for.
SUBNORMAL = 2.0**-1073

Status = Literal["optimal", "stationary", "undecided"]


@dataclass(frozen=True, eq=False, repr=False)
class GramMinNormResult:
    """Min-norm weights with certified bounds on the min norm rho (Theorem 2, eq. (14)).

    Attributes
    ----------
    weights : (m,) float64
        Weights on the gradients, nonnegative; they add up to one (over each sample, for a
        product), within rounding.
    norm, lower_bound : float
        ``lower_bound <= rho <= norm``, rounding included. `norm` is the length of the recomputed
        point plus its rounding error, or rho rounded up (`method` "exact"); `lower_bound` is
        the least inner product of the gradients with the point's unit vector, less its error.
    status : "optimal", "stationary" or "undecided"
        "stationary": `norm` is at most `rounding`, so the hull contains 0 for gradients within
        rounding of those given; `norm`, `size` and `rounding` are the evidence. "optimal": the
        relative gap is at most `tol`. Else "undecided".
    iterations : int
        Steps of the solver that produced the weights.
    method : str
        The solver whose weights these are: "wolfe", "double-double", "exact" or "paper".
    size : float
        ``sum a_i |g_i|``, the length the point would have if nothing cancelled.
    rounding : float
        The length below which the point cannot be told from 0 at float64 precision.
    tol : float
        The relative gap asked for.
    sizes : tuple of int
        Gradients per sample; a single entry for one simplex.
    weights_lo : (m,) float64 or None
        Where float64 is too coarse for the weights ("double-double", "exact"): what has to be
        added to them. The bounds hold for ``weights + weights_lo``.
    """

    weights: Float[np.ndarray, "m"]
    norm: float
    lower_bound: float
    status: Status
    iterations: int
    method: str
    size: float
    rounding: float
    tol: float
    sizes: tuple[int, ...]
    weights_lo: Float[np.ndarray, "m"] | None = field(default=None, kw_only=True)

    @property
    def gap(self) -> float:
        """``norm - lower_bound``: the most by which `norm` can exceed rho."""
        return self.norm - self.lower_bound

    @property
    def support(self) -> tuple[int, ...]:
        """Indices of the gradients with positive weight."""
        return tuple(int(i) for i in np.flatnonzero(self.weights > 0))

    def is_optimal(self, tol: float | None = None) -> bool:
        """Whether the two bounds agree to the relative tolerance, or rho is 0 within rounding.

        Parameters
        ----------
        tol : float, optional
            Relative gap ``gap / norm`` that is allowed; by default the one of the call.
        """
        limit = self.tol if tol is None else check_tolerance(tol)
        return self.status == "stationary" or self.gap <= limit * self.norm

    def explain(self) -> str:
        """Say in a sentence or two what was found, why, and what to try next."""
        between = f"the min norm lies in [{self.lower_bound:.6g}, {self.norm:.6g}]"
        if self.status == "stationary":
            if self.norm == 0.0:
                return (
                    "Stationary: the hull of the gradients contains 0, which is the weighted sum "
                    f"of the gradients {list(self.support)}; no direction descends to first order."
                )
            return (
                f"Stationary within rounding: the weighted gradients have lengths adding up to "
                f"{self.size:.6g} and cancel down to {self.norm:.3g}, which is not above "
                f"the rounding level {self.rounding:.3g}; there is no direction to normalise. "
                "If the gradients are exact, ask exact_min_norm."
            )
        if self.status == "optimal":
            return (
                f"Optimal: {between}, a relative gap of {self.gap / self.norm:.2g}; the steepest "
                f"descent direction is minus the normalised point, with that rate."
            )
        descent = (
            "Minus the point is a descent direction all the same, since the lower bound is "
            "positive. "
            if self.lower_bound > 0
            else "Whether a descent direction exists is not settled. "
        )
        remedy = (
            'The paper\'s solver takes a fixed number of iterations; use method="auto".'
            if self.method == "paper"
            else "The bounds are subnormal numbers, which float64 cannot bring closer together: "
            "multiply the gradients by a power of two; the weights do not change."
            if self.norm < SUBNORMAL / self.tol
            else 'Try method="exact", or pass the gradients themselves in place of their Gram '
            "matrix, or a larger tol."
        )
        relative = self.gap / self.norm if self.norm > 0 else 0.0
        return (
            f"Undecided: {between}, a relative gap of {relative:.2g} where {self.tol:.2g} was "
            f"asked for; rounding explains lengths up to {self.rounding:.3g}. {descent}{remedy}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values, ready for JSON."""
        return {
            "weights": self.weights.tolist(),
            "norm": self.norm,
            "lower_bound": self.lower_bound,
            "gap": self.gap,
            "support": list(self.support),
            "iterations": self.iterations,
            "status": self.status,
            "method": self.method,
            "size": self.size,
            "rounding": self.rounding,
            "tol": self.tol,
            "sizes": list(self.sizes),
            "weights_lo": None if self.weights_lo is None else self.weights_lo.tolist(),
        }

    def _repr_html_(self) -> str:
        shown = self.support[:MOST_SHOWN]
        rest = len(self.support) - len(shown)
        heads = "".join(f"<th>{i}</th>" for i in shown) + ("<th>…</th>" if rest else "")
        cells = "".join(f"<td>{self.weights[i]:.6g}</td>" for i in shown)
        cells += f"<td>{rest} more</td>" if rest else ""
        return (
            f"<div>{html.escape(self.explain())}</div>"
            f"<table><tr><th>ρ</th><th>gradient</th>{heads}</tr>"
            f"<tr><td>{self.lower_bound:.6g} ≤ ρ ≤ {self.norm:.6g}</td><td>weight</td>{cells}</tr>"
            "</table>"
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.status}, norm={self.norm:.6g}, gap={self.gap:.2g}, "
            f"support {len(self.support)} of {self.weights.size}, {self.method})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class MinNormResult(GramMinNormResult):
    """A `GramMinNormResult` with the min-norm point itself.

    Attributes
    ----------
    point : (n,) float64
        ``(1/B) (weights + weights_lo) @ gradients``, evaluated in double-double and rounded once.
        Zeros when the hull contains 0 exactly.
    """

    point: Float[np.ndarray, "n"]

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values, ready for JSON."""
        return {**super().to_dict(), "point": self.point.tolist()}


def quick_result(fields: dict[str, Any]) -> GramMinNormResult:
    """Make a result without the frozen initialiser, which takes a microsecond: all fields."""
    result = object.__new__(GramMinNormResult)
    object.__setattr__(result, "__dict__", fields)
    return result


def judge(bounds: Bounds, tol: float) -> Status:
    """Turn bounds into a status."""
    if bounds.upper <= bounds.rounding:
        return "stationary"
    if bounds.upper - bounds.lower <= tol * bounds.upper:
        return "optimal"
    return "undecided"
