"""One simplex a sample: picking one adversary each, and the programs over all simplices."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from danskin.minnorm import product_min_norm_weights, step_aware_weights, trust_region_weights
from danskin.torch.settings import Settings

__all__ = ["choose", "one_hot", "solve"]


def choose(points: Tensor, index: Tensor) -> Tensor:
    """Return ``points[index[i], i]`` for each sample i."""
    return points[index, torch.arange(points.shape[1], device=points.device)]


def one_hot(index: Tensor, m: int) -> np.ndarray:
    """Return the weights (m, B) of a choice of one adversary a sample."""
    picked = index.cpu().numpy()
    weights = np.zeros((m, len(picked)))
    weights[picked, np.arange(len(picked))] = 1.0
    return weights


def solve(
    gram: np.ndarray, values: np.ndarray, sizes: list[int], steps: Settings | None
) -> tuple[np.ndarray, float, bool, float, int]:
    """Return weights, eta, whether stationary, the factor to write with, iterations."""
    if steps is None:
        result = product_min_norm_weights(gram, sizes)
        stationary = result.status == "stationary"
        return result.weights, math.inf, stationary, 1.0, result.iterations
    if steps.radius is None:
        eta = steps.eta()
        found = step_aware_weights(gram, values, eta, sizes=sizes)
        return found.weights, eta, found.status == "stationary", 1.0, 0
    found = trust_region_weights(gram, values, steps.radius, sizes=sizes)
    scale = found.step / steps.radius
    return found.weights, found.step, found.status == "stationary", scale, 0
