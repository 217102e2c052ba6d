"""Euclidean projection onto the probability simplex (Duchi et al. 2008, Figure 1)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

__all__ = ["project_onto_simplex"]


def project_onto_simplex(vector: Float[np.ndarray, "m"]) -> Float[np.ndarray, "m"]:
    """Return the nearest point of ``{a >= 0, sum a = 1}`` to `vector`.

    The projection is ``max(v - theta, 0)`` with theta fixed by the largest k for which the k-th
    largest entry exceeds ``(sum of the k largest - 1)/k``.

    Parameters
    ----------
    vector : (m,) float64, finite

    Returns
    -------
    (m,) float64
        Nonnegative; adds up to one within rounding.
    """
    # The projection ignores a common shift; shifting the maximum to 0 avoids cancellation.
    shifted = vector - vector.max()
    descending = np.sort(shifted)[::-1]
    thresholds = (np.cumsum(descending) - 1.0) / np.arange(1, vector.size + 1)
    last = int(np.nonzero(descending > thresholds)[0][-1])
    return np.maximum(shifted - thresholds[last], 0.0)
