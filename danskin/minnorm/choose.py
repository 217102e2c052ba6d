"""Which float64 solver answers: by the number of gradients and of samples."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from danskin.minnorm.warm import warm_start
from danskin.minnorm.wolfe import active_set

__all__ = ["float_weights"]

# Above so many points the active set starts from a sparse guess.
MANY_POINTS = 100


def float_weights(
    points: Float[np.ndarray, "m r"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "m"], int]:
    """Run the float64 active set, warm-started where there are many points."""
    start = warm_start(points, sizes) if points.shape[0] > MANY_POINTS else None
    found = active_set(points, sizes, start=start)
    return found.weights, found.iterations
