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
from danskin.minnorm.scaling import EPS
from danskin.minnorm.wolfe import wolfe

__all__ = ["float_weights", "gram_weights"]

# The most gradients of one sample that Wolfe's method takes from a standing start.
MANY_POINTS = 64
# A relative gap above this, given the points, is worth an active set on the points themselves,
# which loses eps * condition where the Gram matrix loses eps * condition**2; up to so many points.
COARSE = 1e-9
POLISHED_POINTS = 400


def gram_weights(
    gram: Float[np.ndarray, "m m"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "m"], int]:
    """Return float64 weights from a scaled, C-contiguous Gram matrix, and the iterations."""
    if len(sizes) > 1:
        found = product_weights(gram, sizes)
        return found.weights, found.iterations
    m = int(gram.shape[0])
    return large_weights(gram) if m > MANY_POINTS else wolfe(gram, np.zeros(m))


def float_weights(
    points: Float[np.ndarray, "m r"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "m"], int]:
    """Return float64 weights from scaled points, one a row, and the iterations."""
    m = points.shape[0]
    if len(sizes) == 1 and m <= MANY_POINTS:
        found = active_set(points, sizes)
        return found.weights, found.iterations
    if len(sizes) > 1:
        product = product_weights_of_points(points, sizes)
        weights, iterations = product.weights, product.iterations
    else:
        weights, iterations = large_weights(points @ points.T)
    if m > POLISHED_POINTS or _is_fine(points, weights, sizes):
        return weights, iterations
    found = active_set(points, sizes, start=weights)
    return found.weights, iterations + found.iterations


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
