"""What one call of ``ddi.backward`` saw and wrote: checked bounds, and what is only empirical."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["Report", "conflict_share"]


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """One backward call. Tensors are float64 on the CPU.

    Attributes
    ----------
    method : str
    losses : (m, B) tensor
        Loss of each sample at each adversary, in the mode of the gradients.
    gram : (M, M) tensor or None
        Inner products of the gradients that were combined: M = m joint gradients, or M = mB
        per-sample ones, row ``i m + j`` for adversary j of sample i. None where they were never
        held (matrix-free).
    weights : (m,) or (m, B) tensor
        On the simplex; one simplex a sample (each column adds up to one) for the product methods.
    norm : float
        Length of the combined gradient x, before any normalisation.
    lower_bound : float
        ``lower_bound <= rho <= norm`` for rho the min norm over the gradients that were combined,
        from ``min_j <x/|x|, g_j>`` less its rounding. 0 where that is negative.
    empirical_derivative : float or None
        The directional derivative along minus x over the **sampled** set of adversaries,
        ``max_j <-x/|x|, g_j>``. Empirical: adversaries that were not sampled can make the true one
        larger. None at a stationary point.
    conflict : float
        Share of negative inner products among the pairs of gradients (of one sample, for the
        product methods); 0 where there is no pair, NaN where they were never held.
    stationary : bool
        The combined gradient is 0 within rounding; nothing was added to any ``p.grad``.
    normalized : bool
        Whether what was added has length 1.
    attacks : int
        Runs of the attack.
    gradients : float
        Gradient passes, in units of the whole batch.
    iterations : int
        Of the solver.
    seconds : dict
        Wall clock of "attack", "gradients" and "solve", as the host saw it.
    note : str
        What the method has to add, e.g. the gate's decision.
    """

    method: str
    losses: Tensor
    gram: Tensor | None
    weights: Tensor
    norm: float
    lower_bound: float
    empirical_derivative: float | None
    conflict: float
    stationary: bool
    normalized: bool
    attacks: int
    gradients: float
    iterations: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def m(self) -> int:
        """Number of adversaries."""
        return len(self.losses)

    @property
    def gap(self) -> float:
        """``norm - lower_bound``: the most by which `norm` can exceed the min norm."""
        return self.norm - self.lower_bound

    @property
    def loss(self) -> float:
        """Mean over the samples of the highest loss seen."""
        return float(self.losses.max(dim=0).values.mean())

    def explain(self) -> str:
        """Say in a few sentences what was found."""
        seen = (
            f"{self.method}: {self.m} adversarial image{'s' * (self.m > 1)} for each of "
            f"{self.losses.shape[1]} samples, mean highest loss {self.loss:.4g}. "
        )
        if self.stationary:
            found = (
                "The combined gradient is 0 within rounding: no direction decreases all sampled "
                "losses to first order, and nothing was added to the gradients. "
            )
        else:
            assert self.empirical_derivative is not None
            slope = self.empirical_derivative
            found = (
                f"The min norm over the gradients combined lies in [{self.lower_bound:.6g}, "
                f"{self.norm:.6g}]; along minus the combined gradient the sampled losses' maximum "
                f"{'falls' if slope < 0 else 'does not fall'}, with derivative {slope:.4g} "
                "(empirical: over the sampled adversaries only). "
            )
        share = (
            ""
            if np.isnan(self.conflict)
            else f"{self.conflict:.0%} of the pairs of gradients have a negative inner product. "
        )
        return (seen + found + share + self.note).strip()

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values, ready for JSON."""
        return {
            "method": self.method,
            "losses": self.losses.tolist(),
            "gram": None if self.gram is None else self.gram.tolist(),
            "weights": self.weights.tolist(),
            "norm": self.norm,
            "lower_bound": self.lower_bound,
            "gap": self.gap,
            "empirical_derivative": self.empirical_derivative,
            "conflict": None if np.isnan(self.conflict) else self.conflict,
            "stationary": self.stationary,
            "normalized": self.normalized,
            "attacks": self.attacks,
            "gradients": self.gradients,
            "iterations": self.iterations,
            "seconds": dict(self.seconds),
            "note": self.note,
        }

    def __repr__(self) -> str:
        state = "stationary" if self.stationary else f"norm={self.norm:.4g}"
        return (
            f"Report({self.method}, m={self.m}, loss={self.loss:.4g}, {state}, "
            f"gap={self.gap:.2g}, conflict={self.conflict:.2g})"
        )


def conflict_share(gram: np.ndarray, samples: int = 1) -> float:
    """Return the share of negative entries above the diagonal, within each sample's block."""
    m = len(gram) // samples
    if m < 2:
        return 0.0
    blocks = gram.reshape(samples, m, samples, m)
    own = np.stack([blocks[i, :, i, :] for i in range(samples)])
    rows, columns = np.triu_indices(m, 1)
    return float((own[:, rows, columns] < 0).mean())


def as_tensor(array: np.ndarray) -> Tensor:
    """Return a float64 tensor on the CPU."""
    return torch.from_numpy(np.array(array, dtype=np.float64))
