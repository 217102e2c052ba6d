"""The paper's solver: accelerated projected gradient (Parikh & Boyd 2014, section 4.3).

Its choice for eq. (14): steps ``1/|G|_2``, Duchi's projection, a fixed number of iterations and no
stopping test. Kept for comparison; like every other solver here it is judged by the two-sided
certificate, never by its own say-so.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from danskin.minnorm.projection import project_onto_simplex

__all__ = ["accelerated_weights"]


def accelerated_weights(
    gram: Float[np.ndarray, "m m"],
    *,
    iterations: int = 100,
    half: bool = True,
    sizes: tuple[int, ...] | None = None,
) -> Float[np.ndarray, "m"]:
    """Run accelerated projected gradient on ``a' G a`` over the simplex.

    Parameters
    ----------
    gram : (m, m)
        Positive semidefinite.
    iterations : int
        The authors' code takes 100 (in one path 1000).
    half : bool
        True for the objective ``(1/2) a' G a``, for which ``1/|G|_2`` is the right step. False
        for eq. (14) as printed, ``a' G a``: its gradient is twice as large, so that step is twice
        too long and the method need not converge.
    sizes : tuple of int, optional
        Block sizes of a product of simplices; by default one block.

    Returns
    -------
    (m,) float64
        Feasible weights, optimal or not.
    """
    m = gram.shape[0]
    blocks = (m,) if sizes is None else sizes
    ends = np.cumsum(blocks)[:-1]
    weights = np.concatenate([np.full(size, 1.0 / size) for size in blocks])
    norm = float(np.linalg.norm(gram, 2))
    if norm == 0.0:  # all gradients vanish; every weight vector is optimal
        return weights
    factor = (1.0 if half else 2.0) / norm
    previous = weights
    for k in range(iterations):
        ahead = weights + k / (k + 3) * (weights - previous)
        moved = ahead - factor * (gram @ ahead)
        previous = weights
        weights = np.concatenate([project_onto_simplex(part) for part in np.split(moved, ends)])
    return weights
