"""A cheap sparse starting point for many gradients: pairwise steps on the Gram matrix.

Each step moves weight between the two points of a block that promise the most, exactly along the
line joining them (the SMO step of support vector machines). It stops far from the optimum; the
active set then has few points to add or drop.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from danskin.minnorm.bounds import block_starts

__all__ = ["warm_start"]


def warm_start(
    points: Float[np.ndarray, "m r"], sizes: tuple[int, ...], *, sweeps: int | None = None
) -> Float[np.ndarray, "m"]:
    """Return feasible, usually sparse weights of low ``|x|^2``."""
    gram = points @ points.T
    m = gram.shape[0]
    diagonal = gram.diagonal()
    starts = block_starts(sizes).tolist()
    weights = np.zeros(m)
    for first, size in zip(starts, sizes, strict=True):
        weights[first + int(np.argmin(diagonal[first : first + size]))] = 1.0
    slope = gram @ weights
    rounds = max(4, 10 * m // len(sizes)) if sweeps is None else sweeps
    for _ in range(rounds):
        worst = 0.0
        for first, size in zip(starts, sizes, strict=True):
            inside = slice(first, first + size)
            part = slope[inside]
            to = first + int(np.argmin(part))
            held = np.where(weights[inside] > 0, part, -np.inf)
            away = first + int(np.argmax(held))
            drop = slope[away] - slope[to]
            curvature = diagonal[away] + diagonal[to] - 2 * gram[away, to]
            if to == away or not drop > 0:
                continue
            full = float(weights[away])
            step = full if curvature * full <= drop else float(drop / curvature)
            weights[to] += step
            weights[away] = 0.0 if step == full else weights[away] - step
            slope += step * (gram[:, to] - gram[:, away])
            worst = max(worst, float(drop))
        if worst <= 1e-12 * float(np.abs(slope).max(initial=0.0)):
            break
    return weights
