"""Pairwise steps on the Gram matrix: cheap, sparse, and most of the way to the optimum.

    minimise  (1/2) a' G a - c.a     over  a >= 0,  sum of a over each block = 1

A step moves weight between two points of one block, exactly along the line joining them (the SMO
step of support vector machines): into the point of lowest slope ``s = G a - c``, out of the one
that then gains most. Blocks take turns. s is kept, not recomputed, so a block's turn costs a row
of G for each weight it changes; given the points in place of their Gram matrix it is
``x = sum a_j p_j`` that is kept. A caller who wants a bound recomputes; nothing here claims one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from danskin.minnorm._jit import jit

__all__ = ["best_vertices", "pairwise_steps", "pairwise_steps_on_points", "slope_of"]


@jit
def best_vertices(
    gram: Float[np.ndarray, "m m"],
    starts: Int[np.ndarray, "b"],
    linear: Float[np.ndarray, "m"],
    weights: Float[np.ndarray, "m"],
    slope: Float[np.ndarray, "m"],
) -> None:
    """Put each block's weight on the point that is best on its own.

    `starts` holds the index of the first point of each block and, last, the number of points.
    """
    weights[:] = 0.0
    for b in range(starts.size - 1):
        first = starts[b]
        best = first
        for j in range(first + 1, starts[b + 1]):
            if 0.5 * gram[j, j] - linear[j] < 0.5 * gram[best, best] - linear[best]:
                best = j
        weights[best] = 1.0
    slope_of(gram, linear, weights, slope)


@jit
def _turn(
    gram: Float[np.ndarray, "p q"],
    first: int,
    end: int,
    column: int,
    weights: Float[np.ndarray, "m"],
    slope: Float[np.ndarray, "m"],
    inner: int,
    allowed: float,
) -> tuple[float, int]:
    """Up to `inner` steps among the points ``first <= j < end``; its gap before, and the steps.

    ``gram[i, j - column]`` is ``<p_i, p_j>``.
    """
    excess = 0.0
    for turn in range(inner):
        to = first
        for j in range(first + 1, end):
            if slope[j] < slope[to]:
                to = j
        if turn == 0:
            for j in range(first, end):
                if weights[j] > 0.0:
                    excess += weights[j] * (slope[j] - slope[to])
            if excess <= 0.1 * allowed:
                return excess, 0
        row = gram[to]
        own = row[to - column]
        most = 0.0
        away = -1
        step = 0.0
        for j in range(first, end):
            drop = slope[j] - slope[to]
            if weights[j] > 0.0 and drop > 0.0:
                curvature = gram[j, j - column] + own - 2.0 * row[j - column]
                length = weights[j]
                if curvature * length > drop:
                    length = drop / curvature
                gain = length * (drop - 0.5 * curvature * length)
                if gain > most:
                    most = gain
                    away = j
                    step = length
        if away < 0 or most <= 1e-3 * allowed:
            return excess, turn
        weights[to] += step
        weights[away] = 0.0 if step >= weights[away] else weights[away] - step
        other = gram[away]
        for j in range(first, end):
            slope[j] += step * (row[j - column] - other[j - column])
    return excess, inner


@jit
def _add_rows(
    gram: Float[np.ndarray, "m m"],
    weights: Float[np.ndarray, "m"],
    first: int,
    end: int,
    slope: Float[np.ndarray, "m"],
) -> None:
    """Add ``weights[i] G[i]`` for ``first <= i < end``, four rows at a time: memory is slow."""
    m = slope.size
    chosen = np.empty(4, np.int64)
    k = 0
    for i in range(first, end):
        if weights[i] != 0.0:
            chosen[k] = i
            k += 1
            if k == 4:
                a, b, c, d = chosen
                row_a, row_b, row_c, row_d = gram[a], gram[b], gram[c], gram[d]
                on_a, on_b, on_c, on_d = weights[a], weights[b], weights[c], weights[d]
                for j in range(m):
                    slope[j] += (on_a * row_a[j] + on_b * row_b[j]) + (
                        on_c * row_c[j] + on_d * row_d[j]
                    )
                k = 0
    for s in range(k):
        row = gram[chosen[s]]
        on = weights[chosen[s]]
        for j in range(m):
            slope[j] += on * row[j]


@jit
def slope_of(
    gram: Float[np.ndarray, "m m"],
    linear: Float[np.ndarray, "m"],
    weights: Float[np.ndarray, "m"],
    slope: Float[np.ndarray, "m"],
) -> None:
    """Write ``G a - c``, from the rows of the support alone."""
    for j in range(weights.size):
        slope[j] = -linear[j]
    _add_rows(gram, weights, 0, weights.size, slope)


@jit
def pairwise_steps(
    gram: Float[np.ndarray, "m m"],
    starts: Int[np.ndarray, "b"],
    linear: Float[np.ndarray, "m"],
    weights: Float[np.ndarray, "m"],
    slope: Float[np.ndarray, "m"],
    sweeps: int,
    inner: int,
    tol: float,
) -> tuple[int, float]:
    """Make up to `inner` steps in each block, for up to `sweeps` rounds; weights, slope change.

    Stop when the duality gap ``sum over blocks of a.s - min s``, seen as the blocks pass by, is at
    most `tol` times ``a' G a + |c.a|``. Return the number of steps and that gap.
    """
    m = weights.size
    blocks = starts.size - 1
    old = np.empty(m)
    steps = 0
    gap = np.inf
    for _ in range(sweeps):
        gap = 0.0
        square = 0.0
        held = 0.0
        for j in range(m):
            if weights[j] > 0.0:
                square += weights[j] * (slope[j] + linear[j])
                held += weights[j] * linear[j]
        size = square + abs(held)
        for b in range(blocks):
            first = starts[b]
            end = starts[b + 1]
            if end - first == 1:
                continue
            for j in range(first, end):
                old[j] = weights[j]
            excess, made = _turn(gram, first, end, 0, weights, slope, inner, tol * size / blocks)
            gap += excess
            steps += made
            if made and blocks > 1:
                for i in range(first, end):
                    old[i] = weights[i] - old[i]
                # The turn has kept the block's own slopes.
                own = slope[first:end].copy()
                _add_rows(gram, old, first, end, slope)
                slope[first:end] = own
        if gap <= tol * size:
            break
    return steps, gap


@jit
def pairwise_steps_on_points(
    points: Float[np.ndarray, "m r"],
    blocks_gram: Float[np.ndarray, "m q"],
    starts: Int[np.ndarray, "b"],
    linear: Float[np.ndarray, "m"],
    weights: Float[np.ndarray, "m"],
    x: Float[np.ndarray, "r"],
    sweeps: int,
    inner: int,
    tol: float,
) -> tuple[int, float]:
    """Do as `pairwise_steps`, keeping ``x = weights @ points`` in place of the slope.

    Row i of `blocks_gram` holds the inner products of point i with the points of its own block.
    """
    m, r = points.shape
    blocks = starts.size - 1
    old = np.empty(m)
    slope = np.empty(m)
    steps = 0
    gap = np.inf
    for _ in range(sweeps):
        gap = 0.0
        size = 0.0
        for k in range(r):
            size += x[k] * x[k]
        held = 0.0
        for j in range(m):
            held += weights[j] * linear[j]
        size += abs(held)
        for b in range(blocks):
            first = starts[b]
            end = starts[b + 1]
            if end - first == 1:
                continue
            for j in range(first, end):
                old[j] = weights[j]
                slope[j] = np.dot(points[j], x) - linear[j]
            excess, made = _turn(
                blocks_gram, first, end, first, weights, slope, inner, tol * size / blocks
            )
            gap += excess
            steps += made
            if made:
                for i in range(first, end):
                    change = weights[i] - old[i]
                    if change != 0.0:
                        row = points[i]
                        for k in range(r):
                            x[k] += change * row[k]
        if gap <= tol * size:
            break
    return steps, gap
