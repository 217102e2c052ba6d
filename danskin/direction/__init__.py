"""Directions: steepest descent (Theorem 2), one gradient's, step-aware; the sectors where D < 0."""

from __future__ import annotations

from danskin.direction.prox_linear import StepAware, step_aware
from danskin.direction.sectors import DerivativeSector, derivative_sectors
from danskin.direction.single import SingleGradient, single_gradient
from danskin.direction.steepest import SteepestDescent, steepest_descent

__all__ = [
    "DerivativeSector",
    "SingleGradient",
    "SteepestDescent",
    "StepAware",
    "derivative_sectors",
    "single_gradient",
    "steepest_descent",
    "step_aware",
]
