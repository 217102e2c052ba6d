"""Theorem 2's quadratic program: gradients (or their Gram matrix) -> certified min-norm point."""

from danskin.minnorm.exact import ExactMinNorm, exact_min_norm
from danskin.minnorm.result import GramMinNormResult, MinNormResult
from danskin.minnorm.solve import (
    min_norm_point,
    min_norm_weights,
    product_min_norm,
    product_min_norm_weights,
)

__all__ = [
    "ExactMinNorm",
    "GramMinNormResult",
    "MinNormResult",
    "exact_min_norm",
    "min_norm_point",
    "min_norm_weights",
    "product_min_norm",
    "product_min_norm_weights",
]
