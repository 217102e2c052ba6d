"""Theorem 2's quadratic program: gradients (or their Gram matrix) -> certified min-norm point."""

from danskin.minnorm.exact import ExactMinNorm, exact_min_norm
from danskin.minnorm.gram import gram_matrix
from danskin.minnorm.linear import StepAwareResult, step_aware_point, step_aware_weights
from danskin.minnorm.result import GramMinNormResult, MinNormResult
from danskin.minnorm.solve import (
    min_norm_point,
    min_norm_weights,
    product_min_norm,
    product_min_norm_weights,
)
from danskin.minnorm.trust import trust_region_point, trust_region_weights

__all__ = [
    "ExactMinNorm",
    "GramMinNormResult",
    "MinNormResult",
    "StepAwareResult",
    "exact_min_norm",
    "gram_matrix",
    "min_norm_point",
    "min_norm_weights",
    "product_min_norm",
    "product_min_norm_weights",
    "step_aware_point",
    "step_aware_weights",
    "trust_region_point",
    "trust_region_weights",
]
