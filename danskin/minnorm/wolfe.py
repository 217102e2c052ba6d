"""Wolfe's active-set method (1976) for Theorem 2's program, eq. (14), on the Gram matrix.

    minimise  |x|^2 = a' G a,   x = sum_i a_i g_i,   over the simplex

With w = G a one has w_j = <x, g_j>, and a is optimal iff no w_j lies below |x|^2 = a' w.

    major step   stop when no g_j promises a descent; else add the one that promises most
    minor steps  go towards the minimizer over the affine hull of the support; if it lies outside
                 the simplex, stop at the boundary, drop what became zero, repeat

Every major step ends at the minimizer over a face, and each lower than the last, so no support
returns and the method is finite. The affine minimizer is ``y / sum y`` with
``(G_SS + c 1 1') y = 1`` for any c > 0: that matrix is nonsingular iff the points of the support
are affinely independent, which Wolfe's method keeps them. Its Cholesky factor U grows by a column
when a point enters and is mended by Givens rotations when one leaves. The solution z of U' z = 1
goes through both as one more column would, so that ``U y = z`` is all that is left to solve.

Squared lengths lose half of the digits that the gradients have. How far that matters here is not
for this file to say: the two-sided certificate judges the weights, and where they are too coarse
the same method runs again in twice the precision.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int

from danskin.minnorm._jit import jit

__all__ = ["wolfe"]

EPS = 2.0**-52


@jit
def wolfe(
    gram: Float[np.ndarray, "m m"], start: Float[np.ndarray, "_"]
) -> tuple[Float[np.ndarray, "m"], int]:
    """Return the weights of a face minimizer that no further point improves, and the major steps.

    Parameters
    ----------
    gram : (m, m), C-contiguous
        Scaled to entries of size about 1.
    start : (m,) or empty
        A feasible point; empty for the shortest gradient.
    """
    m = gram.shape[0]
    shortest = 0
    for i in range(m):
        if gram[i, i] < gram[shortest, shortest]:
            shortest = i
    c = gram[shortest, shortest]
    if c == 0.0:  # a gradient of length zero is the min-norm point
        weights = np.zeros(m)
        weights[shortest] = 1.0
        return weights, 0
    S = np.empty(m, np.int64)  # the support, in the order of entry
    a = np.empty(m)  # the weights on it
    U = np.empty((m, m))  # U'U = G_SS + c 1 1' in its leading block
    z = np.empty(m)  # U' z = 1
    y = np.empty(m)
    w = np.empty(m)
    barred = np.zeros(m, np.bool_)  # in S, or made no headway at the present length
    k = 0
    for i in range(start.shape[0]):
        if start[i] > 0.0 and _append(gram, c, U, z, S, k, i):
            a[k] = start[i]
            k += 1
    if k == 0:
        _append(gram, c, U, z, S, k, shortest)
        a[k] = 1.0
        k += 1
    best = math.inf
    steps = 0
    while steps < 50 + 20 * m:
        steps += 1
        k = _descend_to_face_minimizer(U, z, S, a, y, k)
        # w = G[:, S] a and |x|^2 = a' w_S
        for i in range(m):
            w[i] = 0.0
        for s in range(k):
            for i in range(m):
                w[i] += gram[S[s], i] * a[s]
        square = 0.0
        for s in range(k):
            square += a[s] * w[S[s]]
        if square < best:
            best = square
            for i in range(m):
                barred[i] = False
        j = 0
        lowest = math.inf
        for i in range(m):
            if w[i] < lowest and not barred[i]:
                lowest = w[i]
                j = i
        inside = False
        for s in range(k):
            inside = inside or S[s] == j
        if inside or square - lowest <= 4 * EPS * math.sqrt(max(square, 0.0) * gram[j, j]):
            break
        # A point that leaves at once, for rounding, must not be tried for ever.
        barred[j] = True
        if _append(gram, c, U, z, S, k, j):
            a[k] = 0.0
            k += 1
    weights = np.zeros(m)
    total = 0.0
    for s in range(k):
        total += a[s]
    for s in range(k):
        weights[S[s]] = a[s] / total
    return weights, steps


@jit
def _descend_to_face_minimizer(
    U: Float[np.ndarray, "m m"],
    z: Float[np.ndarray, "m"],
    S: Int[np.ndarray, "m"],
    a: Float[np.ndarray, "m"],
    y: Float[np.ndarray, "m"],
    k: int,
) -> int:
    """Wolfe's minor steps; return the size of the support they leave."""
    while True:
        _affine_minimizer(U, z, y, k)
        # The step from a to y that first makes a weight zero.
        step = 1.0
        for s in range(k):
            if y[s] <= 0.0:
                step = min(step, a[s] / (a[s] - y[s]) if a[s] > 0.0 else 0.0)
        blocked = False
        for s in range(k):
            blocked = blocked or y[s] <= 0.0
        if not blocked:
            for s in range(k):
                a[s] = y[s]
            return k
        left = k
        for s in range(k - 1, -1, -1):
            reached = y[s] <= 0.0 and (a[s] <= 0.0 or a[s] / (a[s] - y[s]) <= step)
            a[s] = max(a[s] + step * (y[s] - a[s]), 0.0)
            if (reached or a[s] == 0.0) and left > 1:
                _remove(U, z, S, a, left, s)
                left -= 1
        k = left


@jit
def _affine_minimizer(
    U: Float[np.ndarray, "m m"], z: Float[np.ndarray, "m"], y: Float[np.ndarray, "m"], k: int
) -> None:
    """Solve ``U y = z`` and scale y to sum one."""
    for s in range(k):
        y[s] = z[s]
    total = 0.0
    for t in range(k - 1, -1, -1):
        y[t] /= U[t, t]
        total += y[t]
        for s in range(t):
            y[s] -= U[s, t] * y[t]
    for s in range(k):
        y[s] /= total


@jit
def _append(
    gram: Float[np.ndarray, "m m"],
    c: float,
    U: Float[np.ndarray, "m m"],
    z: Float[np.ndarray, "m"],
    S: Int[np.ndarray, "m"],
    k: int,
    j: int,
) -> bool:
    """Add point j: a column ``U' r = G_Sj + c`` and its pivot; False if j is dependent on S."""
    if k == gram.shape[0]:
        return False
    for s in range(k):
        U[s, k] = gram[S[s], j] + c
    diagonal = gram[j, j] + c
    pivot = diagonal
    z[k] = 1.0
    for s in range(k):
        U[s, k] /= U[s, s]
        pivot -= U[s, k] * U[s, k]
        z[k] -= U[s, k] * z[s]
        for t in range(s + 1, k):
            U[t, k] -= U[s, t] * U[s, k]
    if not pivot > (k + 1) * EPS * diagonal:
        return False
    U[k, k] = math.sqrt(pivot)
    z[k] /= U[k, k]
    S[k] = j
    return True


@jit
def _remove(
    U: Float[np.ndarray, "m m"],
    z: Float[np.ndarray, "m"],
    S: Int[np.ndarray, "m"],
    a: Float[np.ndarray, "m"],
    k: int,
    s: int,
) -> None:
    """Drop the s-th point of k: shift the columns, restore the triangle by Givens rotations."""
    for t in range(s + 1, k):
        S[t - 1] = S[t]
        a[t - 1] = a[t]
        for i in range(t + 1):
            U[i, t - 1] = U[i, t]
    for t in range(s, k - 1):  # rotate rows t and t + 1 so that U[t + 1, t] becomes zero
        length = math.sqrt(U[t, t] * U[t, t] + U[t + 1, t] * U[t + 1, t])
        cosine = U[t, t] / length
        sine = U[t + 1, t] / length
        U[t, t] = length
        upper = z[t]
        z[t] = cosine * upper + sine * z[t + 1]
        z[t + 1] = cosine * z[t + 1] - sine * upper
        for i in range(t + 1, k - 1):
            upper = U[t, i]
            U[t, i] = cosine * upper + sine * U[t + 1, i]
            U[t + 1, i] = cosine * U[t + 1, i] - sine * upper
