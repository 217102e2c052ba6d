"""Gradients in, one direction out, checked: Gram matrix -> weights -> x -> report.

The same for a batch's adversaries and for losses of any origin: a rule sees the Gram matrix and
says weights; x and the inner products ``<x, g_j>`` are then computed from the gradients themselves,
so that what the report says does not lean on the solver, nor on the Gram matrix' rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from danskin.errors import InvalidInputError
from danskin.minnorm import min_norm_weights
from danskin.torch.clock import Clock
from danskin.torch.gram import Gradient, GradientStack, length
from danskin.torch.processes import Team
from danskin.torch.report import Report, as_tensor, conflict_share

__all__ = [
    "Combination",
    "Rule",
    "Weighed",
    "check_finite",
    "check_underflow",
    "combine",
    "min_norm",
    "summarise",
]

# |x|^2 from a Gram matrix is known up to eps of the terms' squares, |x| up to the root of that.
GRAM_RESOLUTION = 2.0**-26


@dataclass(frozen=True, eq=False)
class Weighed:
    """What a rule decides.

    Attributes
    ----------
    weights : (M,) array
        On the simplex, or one simplex a sample, samples after each other.
    stationary : bool
        Whether the rule knows that x is 0 within rounding.
    scale : float
        Factor from x to what is written: 1 unless a trust region shortened the step.
    iterations : int
    """

    weights: np.ndarray
    stationary: bool = False
    scale: float = 1.0
    iterations: int = 0


#: (Gram matrix, losses (m, B)) -> weights.
Rule = Callable[[np.ndarray, Tensor], Weighed]


@dataclass(eq=False)
class Combination:
    """What a method found.

    Attributes
    ----------
    x : Gradient
        The combined gradient.
    weights : (m,) or (m, B) array
    losses : (m, B) tensor
    products : (m,) or (B, m) array
        ``<x, g>`` for each gradient that was combined.
    least : float
        ``min_j <x, g_j>``, or its mean over all samples (of all processes).
    size : float
        Length that x would have if nothing cancelled.
    rounding : float
        Bound on the rounding error of ``least / |x|``.
    gram : array or None
    stationary, scale, iterations
        As in `Weighed`.
    note : str
    """

    x: Gradient
    weights: np.ndarray
    losses: Tensor
    products: np.ndarray
    least: float
    size: float
    rounding: float
    gram: np.ndarray | None = None
    stationary: bool = False
    scale: float = 1.0
    iterations: int = 0
    note: str = ""


def min_norm(gram: np.ndarray, losses: Tensor) -> Weighed:
    """Weigh by Theorem 2: the min-norm point of the hull."""
    result = min_norm_weights(gram)
    return Weighed(result.weights, result.status == "stationary", 1.0, result.iterations)


def combine(
    losses: Tensor, stack: GradientStack, rule: Rule, clock: Clock, team: Team
) -> Combination:
    """Weigh the gradients of a stack, one simplex for all.

    Raises
    ------
    InvalidInputError
        If a loss or a gradient is NaN or infinite.
    """
    with clock("gradients"):
        gram = stack.gram()
        check_finite(gram, losses, team)
        check_underflow(gram, stack)
    with clock("solve"):
        found = rule(gram, losses)
        weights = team.agreed(found.weights, losses.device)
    with clock("gradients"):
        x = stack.combine(weights)
        inner = stack.products(x)
    lengths = np.sqrt(gram.diagonal())
    return Combination(
        x,
        weights,
        losses,
        products=inner,
        least=float(inner.min()),
        size=float(weights @ lengths),
        rounding=stack.rounding() * float(lengths.max()),
        gram=gram,
        stationary=found.stationary,
        scale=found.scale,
        iterations=found.iterations,
    )


def check_finite(gram: np.ndarray, losses: Tensor, team: Team) -> None:
    """Raise, before anything is written, if a loss or a gradient is NaN or infinite.

    All processes raise where one of them must.
    """
    good = torch.isfinite(losses).all(dim=1)
    remedy = "Nothing was written. Lower the learning rate, or look at the network's outputs."
    bad = np.flatnonzero(~good.cpu().numpy())
    if team.number(float(len(bad)), losses.device) > 0:
        raise InvalidInputError(
            "loss", f"is NaN or infinite in rows {bad.tolist()} of the losses (m, B)", remedy
        )
    if team.number(float(not np.isfinite(gram).all()), losses.device) > 0:
        raise InvalidInputError("gradients", "hold NaN or infinity, or overflow squared", remedy)


def check_underflow(gram: np.ndarray, stack: GradientStack) -> None:
    """Raise if a gradient is not 0 and its squared length is: 0 would mean stationary."""
    for row in np.flatnonzero(gram.diagonal() == 0):
        if any(part is not None and bool(part[row].any()) for part in stack.parts):
            raise InvalidInputError(
                "gradients",
                "are so small that their squared lengths underflow",
                "Nothing was written. Multiply the losses by a constant.",
            )


def summarise(
    method: str,
    found: Combination,
    clock: Clock,
    *,
    normalize: bool,
    attacks: int = 0,
    gradients: float = 0.0,
) -> Report:
    """Judge a combination by what its own vectors say."""
    norm = length(found.x)
    eps = max((torch.finfo(piece.dtype).eps for piece in found.x if piece is not None), default=0.0)
    # Terms that cancel down to their own rounding, or below what weights from a float64 Gram matrix
    # can resolve, leave noise, not a direction.
    cancelled = (
        norm <= max(2 * eps, GRAM_RESOLUTION) * found.size and np.count_nonzero(found.weights) > 1
    )
    stationary = bool(found.stationary or norm == 0 or cancelled)
    lower = 0.0 if stationary else min(norm, max(0.0, found.least / norm - found.rounding))
    samples = len(found.products) if found.products.ndim == 2 else 1
    return Report(
        method=method,
        losses=found.losses.detach().double().cpu(),
        gram=None if found.gram is None else as_tensor(found.gram),
        weights=as_tensor(found.weights),
        norm=norm,
        lower_bound=lower,
        empirical_derivative=None if stationary else -found.least / norm,
        conflict=float("nan") if found.gram is None else conflict_share(found.gram, samples),
        stationary=stationary,
        normalized=normalize and not stationary,
        attacks=attacks,
        gradients=gradients,
        iterations=found.iterations,
        seconds=clock.seconds,
        note=found.note,
    )
