"""Each method as weights on the gradients of one batch, and what its direction promises.

Row ``i m + j`` of the Gram matrix is the gradient of sample i at adversary j. A method is a matrix
of weights (B, m), one simplex a sample, and its direction is minus ``x = (1/B) sum_ij a_ij g_ij``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from danskin.minnorm import min_norm_weights, product_min_norm_weights, trust_region_weights

__all__ = ["METHODS", "REFERENCE", "joint_gram", "promised", "weights_of"]

#: What every other method is compared with: one gradient of one attack, normalised.
REFERENCE = "single"

#: Gram (Bm, Bm), losses (m, B), step length -> weights (B, m).
_Rule = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def joint_gram(gram: np.ndarray, count: int) -> np.ndarray:
    """Return the Gram matrix (m, m) of the gradients of the m joint adversaries."""
    m = len(gram) // count
    return gram.reshape(count, m, count, m).mean(axis=(0, 2))


def _one(gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    weights = np.zeros(losses.T.shape)
    weights[:, 0] = 1.0
    return weights


def _mean(gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    return np.full(losses.T.shape, 1 / len(losses))


def _highest(gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    return _chosen(losses.T.argmax(axis=1), losses)


def _shortest(gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    return _chosen(gram.diagonal().reshape(losses.T.shape).argmin(axis=1), losses)


def _chosen(index: np.ndarray, losses: np.ndarray) -> np.ndarray:
    weights = np.zeros(losses.T.shape)
    weights[np.arange(len(index)), index] = 1.0
    return weights


def _coupled(gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    weights = min_norm_weights(joint_gram(gram, losses.shape[1])).weights
    return np.tile(weights, (losses.shape[1], 1))


def _product(gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    m, count = losses.shape
    return product_min_norm_weights(gram, [m] * count).weights.reshape(count, m)


def _step_aware(gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    m, count = losses.shape
    values = losses.T.reshape(-1)
    found = trust_region_weights(gram, values, step, sizes=[m] * count)
    return found.weights.reshape(count, m)


METHODS: dict[str, _Rule] = {
    "single": _one,
    "mean": _mean,
    "max": _highest,
    "min": _shortest,
    "coupled": _coupled,
    "product": _product,
    "step_aware": _step_aware,
}


def weights_of(method: str, gram: np.ndarray, losses: np.ndarray, step: float) -> np.ndarray:
    """Return a method's weights (B, m).

    Parameters
    ----------
    method : str
        One of `METHODS`.
    gram : (Bm, Bm) array
    losses : (m, B) array
    step : float
        Length of the step; "step_aware" alone depends on it.
    """
    return METHODS[method](gram, losses, step)


def promised(gram: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return ``|x|``, and the derivative along ``-x/|x|`` over the sampled product set.

    That is ``(1/B) sum_i max_j <-x/|x|, g_ij>``: empirical, since adversaries that were not sampled
    can only make it larger. It is 0 where x is.
    """
    count, m = weights.shape
    products = gram @ weights.reshape(-1) / count  # <x, g_ij>
    square = float(weights.reshape(-1) @ products) / count
    longest = float(np.sqrt(gram.diagonal().max(initial=0.0)))
    norm = float(np.sqrt(max(square, 0.0)))
    # Below the rounding of the Gram matrix there is no direction.
    if norm <= 1e-7 * longest:
        return 0.0, 0.0
    return norm, -float(products.reshape(count, m).min(axis=1).mean()) / norm
