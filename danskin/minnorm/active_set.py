"""Wolfe's active-set method (1976), on one simplex or on a product of simplices.

    minimise  (1/2) |sum_j a_j p_j|^2 - c.a     over  a >= 0,  sum of a over each block = 1

With one block and c = 0 this is Theorem 2's program, eq. (14), and the iteration is Wolfe's:

    major step   x = sum a_j p_j;  w_j = <x, p_j> - c_j;  stop when no j has w_j below the
                 average sum_i a_i w_i of its block; else add the j that is farthest below
    minor steps  minimise over the affine hull of the support (a least-squares problem);
                 if the minimizer leaves the simplex, walk to the boundary, drop what
                 became zero, repeat

Every major step ends at the minimizer over a face, with a strictly smaller objective, so no
support returns and the method is finite. It works on the points themselves, not on their Gram
matrix: least squares by QR loses eps * condition, the normal equations its square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from danskin.minnorm.scaling import EPS, row_norms

__all__ = ["ActiveSet", "active_set", "block_ids"]


@dataclass(frozen=True, eq=False)
class ActiveSet:
    """Weights (m,) of a face minimizer that no single further point improves, and the steps."""

    weights: Float[np.ndarray, "m"]
    iterations: int


def block_ids(sizes: tuple[int, ...]) -> Int[np.ndarray, "m"]:
    """Return for each point the index of its block."""
    return np.repeat(np.arange(len(sizes)), sizes)


def active_set(
    points: Float[np.ndarray, "m r"],
    sizes: tuple[int, ...],
    linear: Float[np.ndarray, "m"] | None = None,
    start: Float[np.ndarray, "m"] | None = None,
) -> ActiveSet:
    """Minimise over the product of simplices; see the module's docstring.

    Parameters
    ----------
    points : (m, r)
        One point a row, scaled to size about 1.
    sizes : tuple of int
        Points per block, in order.
    linear : (m,), optional
        The coefficients c.
    start : (m,), optional
        A feasible point; by default the best vertex of each block on its own.

    Returns
    -------
    ActiveSet
        Optimal up to rounding as a rule; how far, the two-sided certificate says, not this.
    """
    m = points.shape[0]
    block = block_ids(sizes)
    lengths = row_norms(points)
    offset = np.zeros(m) if linear is None else linear
    weights = _vertices(0.5 * lengths**2 - offset, sizes) if start is None else start.copy()
    free = weights > 0
    # Points whose addition made no headway at the present objective; cleared by any decrease.
    barred = np.zeros(m, dtype=bool)
    best = np.inf
    iterations = 0
    while iterations < 50 + 20 * m:
        iterations += 1
        weights, free = _minimise_over_face(points, block, offset, weights, free)
        x = weights @ points
        objective = 0.5 * float(x @ x) - float(offset @ weights)
        if objective < best:
            best = objective
            barred[:] = False
        slope = points @ x - offset
        average = np.bincount(block, weights * slope, len(sizes))
        # x is known to eps * (what its terms add up to), whatever is left after cancellation.
        error = 2 * EPS * float(weights @ lengths)
        length = float(np.sqrt(x @ x))
        if linear is None and length <= error:
            break
        noise = (error + 2 * EPS * length) * lengths + 4 * EPS * np.abs(offset)
        violation = np.where(free | barred, -np.inf, average[block] - slope - noise)
        entering = int(np.argmax(violation))
        if not violation[entering] > 0:
            break
        free[entering] = True
        barred[entering] = True
    return ActiveSet(weights, iterations)


def _vertices(cost: Float[np.ndarray, "m"], sizes: tuple[int, ...]) -> Float[np.ndarray, "m"]:
    """Put each block's weight on its cheapest point."""
    weights = np.zeros(cost.size)
    first = 0
    for size in sizes:
        weights[first + int(np.argmin(cost[first : first + size]))] = 1.0
        first += size
    return weights


def _minimise_over_face(
    points: Float[np.ndarray, "m r"],
    block: Int[np.ndarray, "m"],
    offset: Float[np.ndarray, "m"],
    weights: Float[np.ndarray, "m"],
    free: Bool[np.ndarray, "m"],
) -> tuple[Float[np.ndarray, "m"], Bool[np.ndarray, "m"]]:
    """Wolfe's minor steps: reach the minimizer of the affine hull of a face inside the face."""
    weights = weights.copy()
    free = free.copy()
    while True:
        step, bounded = _affine_step(points, block, offset, weights, free)
        target = weights + step
        support = np.flatnonzero(free)
        if bounded and (target[support] > 0).all():
            return _normalised(np.where(free, target, 0.0), block), free
        shrinking = support[step[support] < 0]
        if shrinking.size == 0:  # nothing moves: the face minimizer is where we are
            free &= weights > 0
            return weights, free
        ratios = weights[shrinking] / -step[shrinking]
        length = float(ratios.min())
        if bounded:
            length = min(length, 1.0)
        weights = np.where(free, np.maximum(weights + length * step, 0.0), 0.0)
        # The blocking points are exactly zero, whatever rounding made of them.
        weights[shrinking[ratios <= length]] = 0.0
        leaving = free & (weights <= 0)
        free &= ~leaving
        if not leaving.any():
            return _normalised(weights, block), free
        weights = _normalised(weights, block)


def _normalised(
    weights: Float[np.ndarray, "m"], block: Int[np.ndarray, "m"]
) -> Float[np.ndarray, "m"]:
    return weights / np.bincount(block, weights)[block]


def _affine_step(
    points: Float[np.ndarray, "m r"],
    block: Int[np.ndarray, "m"],
    offset: Float[np.ndarray, "m"],
    weights: Float[np.ndarray, "m"],
    free: Bool[np.ndarray, "m"],
) -> tuple[Float[np.ndarray, "m"], bool]:
    """Return the step to the minimizer over the affine hull of the free points.

    Each block is parametrised by differences to its heaviest point. The second value is False
    when the objective is unbounded below there; the step is then a direction of descent.
    """
    support = np.flatnonzero(free)
    blocks = int(block[-1]) + 1
    # The heaviest free point of each block: sort by weight, the last one written stays.
    base = np.empty(blocks, dtype=np.intp)
    order = support[np.argsort(weights[support], kind="stable")]
    base[block[order]] = order
    others = support[base[block[support]] != support]
    step = np.zeros(weights.size)
    if others.size == 0:
        return step, True
    anchors = base[block[others]]
    columns = (points[others] - points[anchors]).T
    scale = row_norms(columns.T)
    scale[scale == 0] = 1.0
    columns = columns / scale
    x = weights @ points
    gain = (offset[others] - offset[anchors]) / scale
    move, bounded = _least_squares(columns, x, gain)
    move = move / scale
    step[others] = move
    np.subtract.at(step, anchors, move)
    return step, bounded


def _least_squares(
    columns: Float[np.ndarray, "r k"], x: Float[np.ndarray, "r"], gain: Float[np.ndarray, "k"]
) -> tuple[Float[np.ndarray, "k"], bool]:
    """Minimise ``(1/2)|x + columns z|^2 - gain.z``; False if unbounded (z is then a direction)."""
    r, k = columns.shape
    cut = 4 * EPS * max(r, k)
    if not gain.any():
        if k <= r:
            q, upper = np.linalg.qr(columns)
            if float(np.abs(upper.diagonal()).min()) > 1e-10:
                return -np.linalg.solve(upper, q.T @ x), True
        return np.linalg.lstsq(columns, -x, rcond=cut)[0], True
    u, singular, vt = np.linalg.svd(columns, full_matrices=False)
    kept = singular > cut * float(singular[0]) if singular.size else singular > 0
    u, singular, vt = u[:, kept], singular[kept], vt[kept]
    turned = vt @ gain
    rest = gain - vt.T @ turned
    if float(np.abs(rest).max()) > 64 * EPS * k * float(np.abs(gain).max()):
        return rest, False
    return vt.T @ ((turned / singular - u.T @ x) / singular), True
