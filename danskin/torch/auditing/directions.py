"""Each method as weights on the gradients of one batch, and what its direction promises.

Row ``i m + j`` of the Gram matrix is the gradient of sample i at adversary j. A method is a matrix
of weights (B, m), one simplex a sample, and its direction is minus ``x = (1/B) sum_ij a_ij g_ij``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from danskin.errors import InvalidInputError
from danskin.minnorm import min_norm_weights, product_min_norm_weights, trust_region_weights

__all__ = ["METHODS", "NEED_PRODUCT", "REFERENCE", "Inner", "promised", "weights_of"]

#: What every other method is compared with: one gradient of one attack, normalised.
REFERENCE = "single"

#: These depend on inner products between gradients of different samples.
NEED_PRODUCT = ("product", "step_aware")


@dataclass(frozen=True, eq=False)
class Inner:
    """The inner products that are known of one batch.

    Attributes
    ----------
    joint : (m, m) array
        Gram matrix of the m joint gradients, each the mean over the samples.
    squares : (B, m) array
        Squared length of each gradient.
    gram : (Bm, Bm) array or None
        All of them.
    """

    joint: np.ndarray
    squares: np.ndarray
    gram: np.ndarray | None = None

    @classmethod
    def of(cls, gram: np.ndarray, count: int) -> Inner:
        """Take everything from the Gram matrix of all gradients of `count` samples."""
        m = len(gram) // count
        joint = gram.reshape(count, m, count, m).mean(axis=(0, 2))
        return cls(joint, gram.diagonal().reshape(count, m), gram)


#: Inner products, losses (m, B), step length -> weights (B, m).
_Rule = Callable[[Inner, np.ndarray, float], np.ndarray]


def _one(inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    return _chosen(np.zeros(losses.shape[1], dtype=int), losses)


def _mean(inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    return np.full(losses.T.shape, 1 / len(losses))


def _highest(inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    return _chosen(losses.T.argmax(axis=1), losses)


def _shortest(inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    return _chosen(inner.squares.argmin(axis=1), losses)


def _chosen(index: np.ndarray, losses: np.ndarray) -> np.ndarray:
    weights = np.zeros(losses.T.shape)
    weights[np.arange(len(index)), index] = 1.0
    return weights


def _coupled(inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    return np.tile(min_norm_weights(inner.joint).weights, (losses.shape[1], 1))


def _product(inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    m, count = losses.shape
    return product_min_norm_weights(_all(inner), [m] * count).weights.reshape(count, m)


def _step_aware(inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    m, count = losses.shape
    values = losses.T.reshape(-1)
    found = trust_region_weights(_all(inner), values, step, sizes=[m] * count)
    return found.weights.reshape(count, m)


def _all(inner: Inner) -> np.ndarray:
    if inner.gram is None:
        raise InvalidInputError("methods", "need the gradients stored", f"Drop {NEED_PRODUCT}.")
    return inner.gram


METHODS: dict[str, _Rule] = {
    "single": _one,
    "mean": _mean,
    "max": _highest,
    "min": _shortest,
    "coupled": _coupled,
    "product": _product,
    "step_aware": _step_aware,
}


def weights_of(method: str, inner: Inner, losses: np.ndarray, step: float) -> np.ndarray:
    """Return a method's weights (B, m).

    Parameters
    ----------
    method : str
        One of `METHODS`.
    inner : Inner
    losses : (m, B) array
    step : float
        Length of the step; "step_aware" alone depends on it.
    """
    return METHODS[method](inner, losses, step)


def promised(products: np.ndarray, norm: float, longest: float) -> float:
    """Return the derivative along ``-x/|x|`` over the sampled product set.

    That is ``(1/B) sum_i max_j <-x/|x|, g_ij>``: empirical, since adversaries that were not sampled
    can only make it larger.

    Parameters
    ----------
    products : (B, m) array
        ``<x, g_ij>``.
    norm, longest : float
        ``|x|``, and the length of the longest gradient.

    Returns
    -------
    float
        0 where x is 0 within the rounding of the products: there is no direction.
    """
    if norm <= 1e-7 * longest:
        return 0.0
    return -float(products.min(axis=1).mean()) / norm
