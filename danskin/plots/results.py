"""What the pictures read off results: dimension, gradients to mark, D over many directions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from danskin.derivative import directional_derivative, gradient_rows
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, to_float
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.objective import BatchObjective, MinMaxObjective

__all__ = [
    "MAX_LISTED",
    "dimension",
    "found_text",
    "is_complete",
    "listed_gradients",
    "positive",
    "rates",
    "require_objective",
    "require_pair",
    "require_plane",
    "spans",
]

#: Gradients that are marked one by one.
MAX_LISTED = 64
Sets = MaximizerSet | BatchMaximizerSet


def dimension(S: Any) -> int:
    """Return n."""
    return S.theta.size if isinstance(S, Sets) else gradient_rows(S).floats.shape[1]


def is_complete(S: Any) -> bool:
    """Whether all maximizers are known; bare gradients are taken to be those of all."""
    return S.complete if isinstance(S, Sets) else True


def found_text(S: Any) -> str:
    """Return what has to be added to "maximizers" where there may be more than those found."""
    return "" if is_complete(S) else " found"


def require_plane(S: Any) -> None:
    """Refuse what has not two parameters."""
    if (n := dimension(S)) != 2:
        raise InvalidInputError(
            "S", f"it has n = {n} parameters", "This picture needs n = 2; see plot_certificate."
        )


def require_objective(f: Any) -> None:
    """Refuse what is not an objective."""
    if not isinstance(f, (MinMaxObjective, BatchObjective)):
        raise InvalidInputError("f", f"{f!r:.60} is not an objective", "Pass an objective.")


def require_pair(f: Any, S: Any) -> None:
    """Refuse an S that `maximizers` cannot have found for f."""
    require_objective(f)
    if not isinstance(S, Sets):
        raise InvalidInputError(
            "S", f"{type(S).__name__} is not a set of maximizers", "Pass dk.maximizers(f, theta)."
        )
    remedy = "Pass dk.maximizers(f, theta) of this f."
    if isinstance(f, BatchObjective) != isinstance(S, BatchMaximizerSet):
        raise InvalidInputError("S", "one of f and S is of a batch, the other is not", remedy)
    if S.theta.size != f.theta_dim:
        raise InvalidInputError("S", f"it has n = {S.theta.size}, f has {f.theta_dim}", remedy)
    parts = S.samples if isinstance(S, BatchMaximizerSet) else (S,)
    domains = [g.domain for g in f.samples] if isinstance(f, BatchObjective) else [f.domain]
    if len(parts) != len(domains):
        raise InvalidInputError("S", f"it has {len(parts)} samples, f has {len(domains)}", remedy)
    for s, domain in zip(parts, domains, strict=True):
        if s.deltas.shape[1:] != (domain.dim,):
            k = s.deltas.shape[-1]
            raise InvalidInputError(
                "S", f"its deltas have {k} coordinates, those of f {domain.dim}", remedy
            )


def positive(value: Any, argument: str) -> float:
    """Read a positive number."""
    number = to_float(exact_number(value, argument))
    if not number > 0:
        raise InvalidInputError(argument, f"{value} is not positive", "Pass a number > 0.")
    return number


def listed_gradients(S: Any) -> np.ndarray:
    """Return the gradients to mark one by one, (m, n): of a large batch none."""
    if isinstance(S, BatchMaximizerSet) and math.prod(map(len, S.samples)) > MAX_LISTED:
        return np.zeros((0, S.theta.size))
    return np.asarray(S.gradients) if isinstance(S, Sets) else gradient_rows(S).floats


def rates(S: Any, angles: np.ndarray) -> np.ndarray:
    """Return D in the direction of each angle of the plane."""
    if isinstance(S, BatchMaximizerSet):
        return np.mean([rates(s, angles) for s in S.samples], axis=0)
    units = np.stack([np.cos(angles), np.sin(angles)])
    if not spans(S):
        return np.array([float(directional_derivative(S, u)) for u in units.T])
    return (listed_gradients(S) @ units).max(axis=0)


def spans(S: Any) -> bool:
    """Whether listed gradients give D; otherwise each direction is a maximization of its own."""
    return all(s.spans or not s.faces for s in getattr(S, "samples", (S,)) if hasattr(s, "spans"))
