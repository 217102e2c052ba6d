"""Directions: steepest descent (Theorem 2), one maximizer's gradient, and the step-aware one."""

from __future__ import annotations

from danskin.direction.prox_linear import StepAware, step_aware
from danskin.direction.single import SingleGradient, single_gradient
from danskin.direction.steepest import SteepestDescent, steepest_descent

__all__ = [
    "SingleGradient",
    "SteepestDescent",
    "StepAware",
    "single_gradient",
    "steepest_descent",
    "step_aware",
]
