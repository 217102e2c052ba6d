"""Which float64 solver answers: by the number of gradients and of samples.

    one sample, up to 64 gradients   Wolfe's active set            `wolfe`
    one sample, more                 block principal pivoting      `large`
    several samples                  pairwise steps and Newton     `product`

None of them is believed: whoever calls judges the weights by the two-sided certificate.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from danskin.minnorm.active_set import active_set
from danskin.minnorm.large import large_weights
from danskin.minnorm.product import product_weights, product_weights_of_points
from danskin.minnorm.scaling import EPS, factor
from danskin.minnorm.wolfe import wolfe

__all__ = ["MANY_POINTS", "float_weights", "gram_weights"]

# The most gradients of one sample that Wolfe's method takes from a standing start.
MANY_POINTS = 64
# A relative gap above this is worth an active set on the points themselves, which loses
# eps * condition where the Gram matrix loses eps * condition**2; up to so many points.
COARSE = 1e-9
POLISHED_POINTS = 400


def gram_weights(
    gram: Float[np.ndarray, "m m"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "m"], int]:
    """Return float64 weights from a scaled, C-contiguous Gram matrix, and the iterations."""
    m = int(gram.shape[0])
    if len(sizes) == 1:
        if m <= MANY_POINTS:
            return wolfe(gram, np.zeros(m))
        found = large_weights(gram)
        return found.weights, found.iterations
    product = product_weights(gram, sizes)
    square = float(product.weights @ gram @ product.weights)
    size = float(product.weights @ np.sqrt(gram.diagonal()))
    if m > POLISHED_POINTS or product.gap <= max(COARSE * square, 4 * m * EPS * size * size):
        return product.weights, product.iterations
    polished = active_set(factor(gram), sizes, start=product.weights)
    return polished.weights, product.iterations + polished.iterations


def float_weights(
    points: Float[np.ndarray, "m r"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "m"], int]:
    """Return float64 weights from scaled points, one a row, and the iterations."""
    m = int(points.shape[0])
    if len(sizes) == 1:
        weights, iterations = gram_weights(points @ points.T, sizes)
    else:
        product = product_weights_of_points(points, sizes)
        weights, iterations = product.weights, product.iterations
    if m > POLISHED_POINTS or _is_fine(points, weights, sizes):
        return weights, iterations
    polished = active_set(points, sizes, start=weights)
    return polished.weights, iterations + polished.iterations


def _is_fine(
    points: Float[np.ndarray, "m r"], weights: Float[np.ndarray, "m"], sizes: tuple[int, ...]
) -> bool:
    """Whether the gap, seen from the points, is small, or x is 0 to rounding."""
    x = weights @ points
    inner = points @ x
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    lowest = np.repeat(np.minimum.reduceat(inner, starts), sizes)
    gap = float(weights @ (inner - lowest))
    square = float(x @ x)
    size = float(weights @ np.sqrt(np.einsum("ij,ij->i", points, points)))
    return gap <= COARSE * square or square <= (EPS * size) ** 2
