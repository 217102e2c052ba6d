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

from danskin.minnorm._jit import fma, jit

__all__ = ["small_gram", "wolfe"]

EPS = 2.0**-52
TINY = 2.0**-1074
Matrix = Float[np.ndarray, "m m"]
Vector = Float[np.ndarray, "m"]
Indices = Int[np.ndarray, "m"]
# A relative difference of mirrored entries above this is no rounding.
NOT_SYMMETRIC = 1e-6


@jit
def wolfe(gram: Matrix, start: Float[np.ndarray, "_"]) -> tuple[Vector, int]:
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
    # The state: a support S, its weights a, and a triangular factor.
    S = np.empty(m, np.int64)  # the support, in the order of entry
    U = np.empty((m, m))  # U'U = G_SS + c 1 1' in its leading block
    rows = np.empty((4, m))
    a, z, y, w = rows[0], rows[1], rows[2], rows[3]  # weights on S; U' z = 1; U y = z; G a
    barred = np.zeros(m, np.bool_)  # in S, or made no headway at the present length
    k = 0
    for i in range(start.shape[0]):
        if start[i] > 0.0 and _append(gram, c, U, z, y, S, k, i):
            a[k] = start[i]
            k += 1
    if k == 0:
        _append(gram, c, U, z, y, S, k, shortest)
        a[k] = 1.0
        k += 1
    best = math.inf
    steps = 0
    while steps < 50 + 20 * m:
        steps += 1
        k = _descend_to_face_minimizer(U, z, S, a, y, k)
        # w = G[:, S] a and |x|^2 = a' w_S
        _add_up(gram, S, a, k, w)
        square = 0.0
        for s in range(k):
            square += a[s] * w[S[s]]
        if square < best:  # headway, so every point is worth another try
            best = square
            for i in range(m):
                barred[i] = False
        # The point of least <x, g_j> promises most.
        j = 0
        lowest = math.inf
        for i in range(m):
            if w[i] < lowest and not barred[i]:
                lowest = w[i]
                j = i
        # Optimal, up to rounding: no <x, g_j> lies below |x|^2.
        inside = False
        for s in range(k):
            inside = inside or S[s] == j
        if inside or square - lowest <= 4 * EPS * math.sqrt(max(square, 0.0) * gram[j, j]):
            break
        # A point that leaves at once, for rounding, must not be tried for ever.
        barred[j] = True
        if _append(gram, c, U, z, y, S, k, j):
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
def _add_up(gram: Matrix, S: Indices, a: Vector, k: int, w: Vector) -> None:
    """Write ``G[:, S] a``, four rows at a time, so that w is read and written less often."""
    m = w.size
    fours = k // 4 * 4
    for i in range(m):
        w[i] = 0.0
    for s in range(0, fours, 4):
        row_0, row_1, row_2, row_3 = gram[S[s]], gram[S[s + 1]], gram[S[s + 2]], gram[S[s + 3]]
        a_0, a_1, a_2, a_3 = a[s], a[s + 1], a[s + 2], a[s + 3]
        for i in range(m):
            w[i] += (row_0[i] * a_0 + row_1[i] * a_1) + (row_2[i] * a_2 + row_3[i] * a_3)
    for s in range(fours, k):
        row = gram[S[s]]
        for i in range(m):
            w[i] += row[i] * a[s]


@jit
def _descend_to_face_minimizer(
    U: Matrix, z: Vector, S: Indices, a: Vector, y: Vector, k: int
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
def _affine_minimizer(U: Matrix, z: Vector, y: Vector, k: int) -> None:
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
    gram: Matrix, c: float, U: Matrix, z: Vector, r: Vector, S: Indices, k: int, j: int
) -> bool:
    """Add point j: a column ``U' r = G_Sj + c 1`` and its pivot; False if j depends on S."""
    if k == gram.shape[0]:
        return False
    for s in range(k):
        r[s] = gram[j, S[s]] + c
    diagonal = gram[j, j] + c
    pivot = diagonal
    right = 1.0
    for s in range(k):
        r[s] /= U[s, s]
        pivot -= r[s] * r[s]
        right -= r[s] * z[s]
        for t in range(s + 1, k):
            r[t] -= U[s, t] * r[s]
    if not pivot > (k + 1) * EPS * diagonal:
        return False
    for s in range(k):
        U[s, k] = r[s]
    U[k, k] = math.sqrt(pivot)
    z[k] = right / U[k, k]
    S[k] = j
    return True


@jit
def _remove(U: Matrix, z: Vector, S: Indices, a: Vector, k: int, s: int) -> None:
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


# --- one call for one matrix --------------------------------------------------------------------


@jit
def small_gram(gram: Matrix, weights: Vector) -> tuple[bool, int, int, float, float, float]:
    """Look at a Gram matrix, scale it, solve, and certify the answer, all in one call.

    Parameters
    ----------
    gram : (m, m), C-contiguous
    weights : (m,)
        Room for the answer (to make an array here costs more than all the rest for m = 2).

    Returns
    -------
    plain : bool
        Whether nothing is odd about the matrix: finite, far from the ends of the exponent range,
        symmetric and positive semidefinite up to float64 rounding (an elimination with a slightly
        raised diagonal goes through). `scaling.check_gram` says what is wrong with the others.
    steps : int
        As from `wolfe`.
    exponent : int
        The matrix was divided by ``4**exponent``, exactly.
    upper, lower, size : float
        The two-sided certificate of the weights and ``sum a_i |g_i|``, for the scaled matrix.
    """
    m = gram.shape[0]
    scaled = np.empty((m, m))
    rest = np.empty((m, m))
    start = np.empty(m)
    peak = 0.0
    finite = True
    for i in range(m):
        for j in range(m):
            size = abs(gram[i, j])
            finite = finite and size <= 2.0**1000  # NaN compares false
            peak = max(peak, size)
    if not (finite and peak >= 2.0**-1020):
        return False, 0, 0, 0.0, 0.0, 0.0
    exponent = (math.frexp(peak)[1] + 1) // 2
    factor = math.ldexp(1.0, -2 * exponent)
    for i in range(m):
        for j in range(i + 1):
            one, other = gram[i, j] * factor, gram[j, i] * factor
            if one != other:
                limit = gram[i, i] * factor * (gram[j, j] * factor)
                if not (one - other) * (one - other) <= NOT_SYMMETRIC**2 * limit:
                    return False, 0, 0, 0.0, 0.0, 0.0
            scaled[i, j] = 0.5 * (one + other)
            scaled[j, i] = scaled[i, j]
            rest[j, i] = scaled[i, j]
    # Elimination, with G y = 1 beside it: where y > 0 everywhere, y / sum y is the answer already.
    for k in range(m):
        start[k] = 1.0
    for k in range(m):
        rest[k, k] += 8 * m * EPS * scaled[k, k]
        if not rest[k, k] > 0.0:
            return False, 0, 0, 0.0, 0.0, 0.0
        inverse = 1.0 / rest[k, k]
        for i in range(k + 1, m):
            multiple = rest[k, i] * inverse
            start[i] -= multiple * start[k]
            for j in range(i, m):
                rest[i, j] -= multiple * rest[k, j]
    total = 0.0
    for k in range(m - 1, -1, -1):
        start[k] /= rest[k, k]
        for i in range(k):
            start[i] -= rest[i, k] * start[k]
        total += max(start[k], 0.0)
    for k in range(m):
        start[k] = max(start[k], 0.0) / total if total > 0.0 else 0.0
    found, steps = wolfe(scaled, start)
    for i in range(m):
        weights[i] = found[i]
    upper, lower, size = _certificate(scaled, found)
    return True, steps, exponent, upper, lower, size


@jit
def _certificate(gram: Matrix, a: Vector) -> tuple[float, float, float]:
    """Return the bounds on rho and ``sum a_i |g_i|``: `bounds.gram_bounds` for this one case.

    Compensated sums: a sum of k terms errs by less than ``(k eps)^2`` times their absolute sum.
    """
    m = gram.shape[0]
    w, w_lo = np.zeros(m), np.zeros(m)
    size, sum_, sum_lo = 0.0, -1.0, 0.0
    terms = 4
    for j in range(m):
        if a[j] > 0.0:
            terms += 1
            size += a[j] * math.sqrt(gram[j, j])
            s, e = _two_sum(sum_, a[j])
            sum_ = s
            sum_lo += e
            for i in range(m):
                p = a[j] * gram[j, i]
                s, e = _two_sum(w[i], p)
                w[i] = s
                w_lo[i] += e + fma(a[j], gram[j, i], -p)
    relative = (2 * terms * EPS) ** 2
    square, square_lo = 0.0, 0.0
    lowest = math.inf
    for i in range(m):
        if a[i] > 0.0:
            p = a[i] * w[i]
            s, e = _two_sum(square, p)
            square = s
            square_lo += e + (fma(a[i], w[i], -p) + a[i] * w_lo[i])
        error = 2 * (relative * math.sqrt(gram[i, i]) * size + m * TINY)
        lowest = min(lowest, w[i] + (w_lo[i] - error))
    square += square_lo + 2 * (relative * size * size + m * TINY)
    length = math.sqrt(max(square, 0.0)) * (1 + 2 * EPS)
    # Cauchy-Schwarz: <x, g_j> <= |x| |g_j|; dividing by an upper bound of |x| is safe.
    lower = max(lowest, 0.0) / length * (1 - 4 * EPS) if length > 0.0 else 0.0
    # x / sum a is a point of the hull, whatever the sum.
    upper = length * (1 + 1.01 * abs(sum_ + sum_lo)) * (1 + 2 * EPS)
    return upper, min(lower, upper), size


@jit
def _two_sum(a: float, b: float) -> tuple[float, float]:
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)
