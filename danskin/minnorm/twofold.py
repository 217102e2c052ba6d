"""Double-double arithmetic: inner products, and the active set on a Gram matrix of 106 bits.

A number is an unevaluated sum hi + lo with ``|lo| <= eps/2 |hi|``. Two error-free transformations
carry everything (Dekker 1971; Ogita, Rump & Oishi 2005): ``a + b = s + e`` in six operations, and
``a b = p + e`` with ``e = fma(a, b, -p)``. A compensated inner product of k terms errs by less
than ``(k eps)^2`` times the sum of its absolute terms, before its own rounding.

The active set is `wolfe.wolfe`, line by line, in this arithmetic; read it there.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int

from danskin.minnorm._jit import fma, jit

__all__ = [
    "add_gram",
    "add_inner",
    "combine",
    "gram_certificate",
    "sum_of_squares",
    "wolfe_twofold",
]

EPS = 2.0**-52
EPS2 = 2.0**-104
TINY = 2.0**-1074
Matrix = Float[np.ndarray, "m m"]
Vector = Float[np.ndarray, "m"]
Indices = Int[np.ndarray, "m"]
# Independent partial sums: enough to fill the vector units, few enough to stay in the first cache.
LANES = 64


# --- double-double numbers --------------------------------------------------------------------


@jit
def _two_sum(a: float, b: float) -> tuple[float, float]:
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


@jit
def _add(a: float, a_lo: float, b: float, b_lo: float) -> tuple[float, float]:
    s, e = _two_sum(a, b)
    t, f = _two_sum(a_lo, b_lo)
    s, e = _two_sum(s, e + t)
    return _two_sum(s, e + f)


@jit
def _multiply(a: float, a_lo: float, b: float, b_lo: float) -> tuple[float, float]:
    p = a * b
    return _two_sum(p, fma(a, b, -p) + (a * b_lo + a_lo * b))


@jit
def _divide(a: float, a_lo: float, b: float, b_lo: float) -> tuple[float, float]:
    q = a / b
    p, p_lo = _multiply(q, 0.0, b, b_lo)
    r, r_lo = _add(a, a_lo, -p, -p_lo)
    q_lo = r / b
    p, p_lo = _multiply(q_lo, 0.0, b, b_lo)
    r, r_lo = _add(r, r_lo, -p, -p_lo)
    q, q_lo = _two_sum(q, q_lo)
    return _add(q, q_lo, r / b, 0.0)


@jit
def _square_root(a: float, a_lo: float) -> tuple[float, float]:
    root = math.sqrt(a)
    p = root * root
    r, _ = _add(a, a_lo, -p, -fma(root, root, -p))
    return _two_sum(root, r / (2.0 * root))


# --- inner products ---------------------------------------------------------------------------


@jit
def _dot(
    a: Float[np.ndarray, "n"],
    b: Float[np.ndarray, "n"],
    b_lo: Float[np.ndarray, "n"],
    hi: Float[np.ndarray, "lanes"],
    lo: Float[np.ndarray, "lanes"],
) -> tuple[float, float]:
    """Return ``<a, b + b_lo>``; an empty b_lo stands for zeros. hi, lo: room for the lanes."""
    n = a.shape[0]
    used = min(n, LANES)
    for i in range(used):
        hi[i] = 0.0
        lo[i] = 0.0
    for first in range(0, n, LANES):
        a_part = a[first : first + LANES]
        b_part = b[first : first + LANES]
        for i in range(a_part.shape[0]):
            p = a_part[i] * b_part[i]
            s, e = _two_sum(hi[i], p)
            hi[i] = s
            lo[i] += e + fma(a_part[i], b_part[i], -p)
        if b_lo.shape[0] > 0:
            c_part = b_lo[first : first + LANES]
            for i in range(a_part.shape[0]):
                lo[i] += a_part[i] * c_part[i]
    s, s_lo = 0.0, 0.0
    for i in range(used):
        s, s_lo = _add(s, s_lo, hi[i], lo[i])
    return s, s_lo


@jit
def add_gram(points: Float[np.ndarray, "m n"], gram: Matrix, gram_lo: Matrix) -> None:
    """Add ``points @ points.T`` to the Gram matrix gram + gram_lo."""
    m = points.shape[0]
    hi, lo, none = np.empty(LANES), np.empty(LANES), np.empty(0)
    for i in range(m):
        for j in range(i + 1):
            s, e = _dot(points[i], points[j], none, hi, lo)
            s, e = _add(s, e, gram[i, j], gram_lo[i, j])
            gram[i, j] = s
            gram[j, i] = s
            gram_lo[i, j] = e
            gram_lo[j, i] = e


@jit
def combine(
    points: Float[np.ndarray, "m n"],
    weights: Vector,
    weights_lo: Vector,
    x: Float[np.ndarray, "n"],
    x_lo: Float[np.ndarray, "n"],
) -> None:
    """Write ``weights @ points`` to x + x_lo."""
    n = points.shape[1]
    for k in range(n):
        x[k] = 0.0
        x_lo[k] = 0.0
    for i in range(points.shape[0]):
        a, a_lo = weights[i], weights_lo[i]
        if a != 0.0:
            row = points[i]
            for k in range(n):
                p = a * row[k]
                s, e = _two_sum(x[k], p)
                x[k] = s
                x_lo[k] += e + (fma(a, row[k], -p) + a_lo * row[k])
    for k in range(n):
        s, e = _two_sum(x[k], x_lo[k])
        x[k] = s
        x_lo[k] = e


@jit
def add_inner(
    points: Float[np.ndarray, "m n"],
    x: Float[np.ndarray, "n"],
    x_lo: Float[np.ndarray, "n"],
    inner: Vector,
    inner_lo: Vector,
) -> None:
    """Add ``<x + x_lo, p_i>`` to inner + inner_lo for each row."""
    hi, lo = np.empty(LANES), np.empty(LANES)
    for i in range(points.shape[0]):
        s, e = _dot(points[i], x, x_lo, hi, lo)
        s, e = _add(s, e, inner[i], inner_lo[i])
        inner[i] = s
        inner_lo[i] = e


@jit
def sum_of_squares(x: Float[np.ndarray, "n"], x_lo: Float[np.ndarray, "n"]) -> float:
    """Return ``|x + x_lo|^2``, wrong by less than 2 eps of it."""
    hi, lo = np.empty(LANES), np.empty(LANES)
    s, e = _dot(x, x, x_lo, hi, lo)
    t, f = _dot(x_lo, x, x_lo, hi, lo)
    s, e = _add(s, e, t, f)
    return s


@jit
def gram_times(
    gram: Matrix, gram_lo: Matrix, weights: Vector, weights_lo: Vector, w: Vector, w_lo: Vector
) -> None:
    """Write ``gram @ weights`` to w + w_lo, compensated; an empty `gram_lo` stands for zeros."""
    m = gram.shape[0]
    exact = gram_lo.shape[0] == 0
    for i in range(m):
        w[i] = 0.0
        w_lo[i] = 0.0
    for j in range(m):
        a, a_lo = weights[j], weights_lo[j]
        if a != 0.0:
            row = gram[j]
            for i in range(m):
                p = a * row[i]
                s, e = _two_sum(w[i], p)
                w[i] = s
                w_lo[i] += e + (fma(a, row[i], -p) + a_lo * row[i])
            if not exact:
                row_lo = gram_lo[j]
                for i in range(m):
                    w_lo[i] += a * row_lo[i]
    for i in range(m):
        s, e = _two_sum(w[i], w_lo[i])
        w[i] = s
        w_lo[i] = e


@jit
def gram_certificate(
    gram: Matrix,
    weights: Vector,
    weights_lo: Float[np.ndarray, "_"],
    starts: Int[np.ndarray, "b"],
    shift: float,
) -> tuple[float, float, float, float]:
    """Return upper and lower bound on rho, the size of the terms and the rounding level.

    `starts` are the first indices of the blocks; an empty `weights_lo` stands for zeros. See
    `bounds.gram_bounds`.
    """
    m, batch = gram.shape[0], starts.shape[0]
    a_lo, w, w_lo = np.zeros(m), np.empty(m), np.empty(m)
    for i in range(weights_lo.shape[0]):
        a_lo[i] = weights_lo[i]
    gram_times(gram, np.empty((0, 0)), weights, a_lo, w, w_lo)
    size = 0.0
    terms = 0
    square, square_lo = 0.0, 0.0
    for i in range(m):
        length = math.sqrt(gram[i, i])
        if weights[i] != 0.0:
            terms += 1
            size += weights[i] * length
            p, p_lo = _multiply(weights[i], a_lo[i], w[i], w_lo[i])
            square, square_lo = _add(square, square_lo, p, p_lo)
    if size == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    # |G_ij| <= |g_i| |g_j| (1 + 1e-6) was checked: relative errors of w_i and of a' w.
    relative = (2 * (terms + 4) * EPS) ** 2
    square += square_lo + 2 * (relative * size * size + m * TINY)
    length = math.sqrt(max(square, 0.0)) * (1 + 2 * EPS)
    total, absolute, defect = 0.0, 0.0, 0.0
    for block in range(batch):
        last = starts[block + 1] if block + 1 < batch else m
        lowest = math.inf
        s, s_lo = -1.0, 0.0
        for i in range(starts[block], last):
            error = 2 * (relative * math.sqrt(gram[i, i]) * size + m * TINY)
            lowest = min(lowest, w[i] + (w_lo[i] - error))
            s, s_lo = _add(s, s_lo, weights[i], a_lo[i])
        total += lowest
        absolute += abs(lowest)
        defect = max(defect, abs(s))
    total -= batch * EPS * absolute
    # Cauchy-Schwarz: <x, g_j> <= |x| |g_j|; dividing by an upper bound of |x| is safe.
    lower = total / batch / length * (1 - 4 * EPS) if total > 0.0 else 0.0
    # One weight sum off by a little is off by that much of its own sample.
    stretch = (1 + 1.01 * defect) * length + (1.01 * defect * size if batch > 1 else 0.0)
    upper = stretch / batch * (1 + 2 * EPS)
    size /= batch
    return upper, min(lower, upper), size, math.sqrt((m + 8) * EPS + 2 * shift) * size


# --- the active set ---------------------------------------------------------------------------


@jit
def wolfe_twofold(
    gram: Matrix, gram_lo: Matrix, start: Float[np.ndarray, "_"]
) -> tuple[Vector, Vector, int]:
    """Return the weights hi and lo and the number of major steps; see `wolfe.wolfe`."""
    m = gram.shape[0]
    shortest = 0
    for i in range(m):
        if gram[i, i] < gram[shortest, shortest]:
            shortest = i
    c = gram[shortest, shortest]
    weights, weights_lo = np.zeros(m), np.zeros(m)
    if c == 0.0:
        weights[shortest] = 1.0
        return weights, weights_lo, 0
    S = np.empty(m, np.int64)
    a, a_lo = np.empty(m), np.empty(m)
    U, U_lo = np.empty((m, m)), np.empty((m, m))
    y, y_lo = np.empty(m), np.empty(m)
    w, w_lo = np.empty(m), np.empty(m)
    barred = np.zeros(m, np.bool_)
    k = 0
    for i in range(start.shape[0]):
        if start[i] > 0.0 and _append(gram, gram_lo, c, U, U_lo, S, k, i):
            a[k], a_lo[k] = start[i], 0.0
            k += 1
    if k == 0:
        _append(gram, gram_lo, c, U, U_lo, S, k, shortest)
        a[k], a_lo[k] = 1.0, 0.0
        k += 1
    best, best_lo = math.inf, 0.0
    steps = 0
    while steps < 50 + 20 * m:
        steps += 1
        k = _descend_to_face_minimizer(U, U_lo, S, a, a_lo, y, y_lo, k)
        for i in range(m):
            weights[i] = 0.0
            weights_lo[i] = 0.0
        for s in range(k):
            weights[S[s]] = a[s]
            weights_lo[S[s]] = a_lo[s]
        gram_times(gram, gram_lo, weights, weights_lo, w, w_lo)
        square, square_lo = 0.0, 0.0
        for i in range(m):
            p, p_lo = _multiply(weights[i], weights_lo[i], w[i], w_lo[i])
            square, square_lo = _add(square, square_lo, p, p_lo)
        if square < best or (square == best and square_lo < best_lo):
            best, best_lo = square, square_lo
            for i in range(m):
                barred[i] = False
        j = 0
        lowest, lowest_lo = math.inf, 0.0
        for i in range(m):
            lower = w[i] < lowest or (w[i] == lowest and w_lo[i] < lowest_lo)
            if lower and not barred[i]:
                lowest, lowest_lo = w[i], w_lo[i]
                j = i
        inside = False
        for s in range(k):
            inside = inside or S[s] == j
        drop = (square - lowest) + (square_lo - lowest_lo)
        if inside or drop <= 4 * EPS2 * math.sqrt(max(square, 0.0) * gram[j, j]):
            break
        barred[j] = True
        if _append(gram, gram_lo, c, U, U_lo, S, k, j):
            a[k], a_lo[k] = 0.0, 0.0
            k += 1
    return weights, weights_lo, steps


@jit
def _descend_to_face_minimizer(
    U: Matrix, U_lo: Matrix, S: Indices, a: Vector, a_lo: Vector, y: Vector, y_lo: Vector, k: int
) -> int:
    while True:
        _affine_minimizer(U, U_lo, y, y_lo, k)
        # The length of a step needs no more than float64, as long as what blocks becomes zero.
        step = 1.0
        blocked = False
        for s in range(k):
            if y[s] <= 0.0:
                blocked = True
                step = min(step, a[s] / (a[s] - y[s]) if a[s] > 0.0 else 0.0)
        if not blocked:
            for s in range(k):
                a[s], a_lo[s] = y[s], y_lo[s]
            return k
        left = k
        for s in range(k - 1, -1, -1):
            reached = y[s] <= 0.0 and (a[s] <= 0.0 or a[s] / (a[s] - y[s]) <= step)
            p, p_lo = _add(y[s], y_lo[s], -a[s], -a_lo[s])
            p, p_lo = _multiply(step, 0.0, p, p_lo)
            a[s], a_lo[s] = _add(a[s], a_lo[s], p, p_lo)
            if (reached or a[s] <= 0.0) and left > 1:
                _remove(U, U_lo, S, a, a_lo, left, s)
                left -= 1
        k = left


@jit
def _affine_minimizer(U: Matrix, U_lo: Matrix, y: Vector, y_lo: Vector, k: int) -> None:
    for s in range(k):
        y[s], y_lo[s] = 1.0, 0.0
    for s in range(k):
        y[s], y_lo[s] = _divide(y[s], y_lo[s], U[s, s], U_lo[s, s])
        for t in range(s + 1, k):
            p, p_lo = _multiply(U[s, t], U_lo[s, t], y[s], y_lo[s])
            y[t], y_lo[t] = _add(y[t], y_lo[t], -p, -p_lo)
    total, total_lo = 0.0, 0.0
    for s in range(k - 1, -1, -1):
        for t in range(s + 1, k):
            p, p_lo = _multiply(U[s, t], U_lo[s, t], y[t], y_lo[t])
            y[s], y_lo[s] = _add(y[s], y_lo[s], -p, -p_lo)
        y[s], y_lo[s] = _divide(y[s], y_lo[s], U[s, s], U_lo[s, s])
        total, total_lo = _add(total, total_lo, y[s], y_lo[s])
    for s in range(k):
        y[s], y_lo[s] = _divide(y[s], y_lo[s], total, total_lo)


@jit
def _append(
    gram: Matrix, gram_lo: Matrix, c: float, U: Matrix, U_lo: Matrix, S: Indices, k: int, j: int
) -> bool:
    if k == gram.shape[0]:
        return False
    for s in range(k):
        U[s, k], U_lo[s, k] = gram[S[s], j], gram_lo[S[s], j]
    for s in range(k):
        U[s, k], U_lo[s, k] = _add(U[s, k], U_lo[s, k], c, 0.0)
    pivot, pivot_lo = _add(gram[j, j], gram_lo[j, j], c, 0.0)
    diagonal = pivot
    for s in range(k):
        U[s, k], U_lo[s, k] = _divide(U[s, k], U_lo[s, k], U[s, s], U_lo[s, s])
        p, p_lo = _multiply(U[s, k], U_lo[s, k], U[s, k], U_lo[s, k])
        pivot, pivot_lo = _add(pivot, pivot_lo, -p, -p_lo)
        for t in range(s + 1, k):
            p, p_lo = _multiply(U[s, t], U_lo[s, t], U[s, k], U_lo[s, k])
            U[t, k], U_lo[t, k] = _add(U[t, k], U_lo[t, k], -p, -p_lo)
    if not pivot > (k + 1) * EPS2 * diagonal:
        return False
    U[k, k], U_lo[k, k] = _square_root(pivot, pivot_lo)
    S[k] = j
    return True


@jit
def _remove(U: Matrix, U_lo: Matrix, S: Indices, a: Vector, a_lo: Vector, k: int, s: int) -> None:
    for t in range(s + 1, k):
        S[t - 1] = S[t]
        a[t - 1], a_lo[t - 1] = a[t], a_lo[t]
        for i in range(t + 1):
            U[i, t - 1], U_lo[i, t - 1] = U[i, t], U_lo[i, t]
    for t in range(s, k - 1):
        p, p_lo = _multiply(U[t, t], U_lo[t, t], U[t, t], U_lo[t, t])
        q, q_lo = _multiply(U[t + 1, t], U_lo[t + 1, t], U[t + 1, t], U_lo[t + 1, t])
        p, p_lo = _add(p, p_lo, q, q_lo)
        length, length_lo = _square_root(p, p_lo)
        cosine, cosine_lo = _divide(U[t, t], U_lo[t, t], length, length_lo)
        sine, sine_lo = _divide(U[t + 1, t], U_lo[t + 1, t], length, length_lo)
        U[t, t], U_lo[t, t] = length, length_lo
        for i in range(t + 1, k - 1):
            upper, upper_lo = U[t, i], U_lo[t, i]
            lower, lower_lo = U[t + 1, i], U_lo[t + 1, i]
            p, p_lo = _multiply(cosine, cosine_lo, upper, upper_lo)
            q, q_lo = _multiply(sine, sine_lo, lower, lower_lo)
            U[t, i], U_lo[t, i] = _add(p, p_lo, q, q_lo)
            p, p_lo = _multiply(cosine, cosine_lo, lower, lower_lo)
            q, q_lo = _multiply(sine, sine_lo, upper, upper_lo)
            U[t + 1, i], U_lo[t + 1, i] = _add(p, p_lo, -q, -q_lo)
