"""Theorem 2's program for many gradients: block principal pivoting on the Gram matrix.

With ``Q = G + c 1 1'`` the weights are ``a = y / sum y``, where y solves the linear complementarity
problem

    Q y >= 1,   y >= 0,   y'(Q y - 1) = 0

(divide ``w = G a`` by ``|x|^2 + c``: on the support w is least, and equal to ``|x|^2``). Pivoting
guesses the support F, solves ``Q_FF y_F = 1`` by Cholesky, and exchanges every index on the wrong
side at once (Júdice & Pires 1994). From a good guess it ends after a few factorisations whatever
the number of gradients. The guess is the support left by pairwise steps.

Where ``Q_FF`` is singular (more points than dimensions, duplicates) the same runs on
``(Q + d diag G) y >= 1 + d diag G y_old``: proximal point steps, which keep every matrix regular
and end at a solution of the problem itself. Where pivoting cycles, Wolfe's method takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg.lapack  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Bool, Float, Int

from danskin.minnorm._jit import jit
from danskin.minnorm.pairwise import best_vertices, pairwise_steps
from danskin.minnorm.refine import EXACT, Face, gather, gram_product, refine
from danskin.minnorm.wolfe import wolfe

__all__ = ["LargeWeights", "large_weights"]

_lapack: Any = scipy.linalg.lapack

EPS = 2.0**-52
# The proximal term, relative to the diagonal: small steps towards the solution would be many.
DAMPING = 1e-10
# Up to so many gradients Wolfe's method takes less time than proximal steps.
WOLFE_IS_FAST = 1200
# A pivot below this part of its diagonal entry is rounding.
SINGULAR = 1e-12
# Supports up to this size are factorised in the kernel: a call of LAPACK would cost more.
SMALL = 64
# Rounding of a slack, relative to the lengths that went into it.
NOISE = 4 * EPS
ROUNDS = 60
# Pivoting that gets there has so much fewer exchanges after so many rounds, and a new minimum of
# them within so many.
HEADWAY, LOOK_BACK = 0.75, 3
PATIENCE = 5
# A relative gap above this is refined.
FINE = 1e-13


@dataclass(frozen=True, eq=False)
class LargeWeights:
    """Feasible weights; the steps of all kinds that led there; how the answer's face looked.

    `regular`: its matrix was positive definite beyond rounding, as that of affinely independent
    points is. `face`: that matrix factorised, where it was.
    """

    weights: Float[np.ndarray, "m"]
    iterations: int
    regular: bool
    face: Face | None = None


def large_weights(gram: Float[np.ndarray, "m m"]) -> LargeWeights:
    """Return weights on the simplex that minimise ``a' G a``.

    Parameters
    ----------
    gram : (m, m), C-contiguous
        Positive semidefinite up to rounding, and not close to the limits of the number range.

    Returns
    -------
    LargeWeights
        How good they are, the two-sided certificate says.
    """
    m = gram.shape[0]
    weights, slope = np.empty(m), np.empty(m)
    starts, linear = np.array([0, m]), np.zeros(m)
    best_vertices(gram, starts, linear, weights, slope)
    steps, _ = pairwise_steps(gram, starts, linear, weights, slope, 1, m, 1e-10)
    root = np.sqrt(gram.diagonal())
    if root.min() == 0.0 or _pivot_small(gram, root, weights):
        return LargeWeights(weights, steps, True)
    found, rounds, solved, face = _pivot(gram, root, weights)
    steps += rounds
    if solved:
        return LargeWeights(found, steps, face is not None, face)
    other, major = wolfe(gram, found)
    better = min((found, other), key=lambda a: _judged(gram, a)[1])
    return LargeWeights(better, steps + major, False)


@jit
def _pivot_small(
    gram: Float[np.ndarray, "m m"], root: Float[np.ndarray, "m"], weights: Float[np.ndarray, "m"]
) -> bool:
    """Pivot in place from the support of `weights` as long as the supports are small."""
    m = weights.size
    inside = np.empty(m, np.bool_)
    c = gram[0, 0]
    for i in range(m):
        inside[i] = weights[i] > 0.0
        c = min(c, gram[i, i])
    S = np.empty(SMALL, np.int64)
    L = np.empty((SMALL, SMALL))
    y = np.empty(SMALL)
    q = np.empty(m)
    fewest = m + 1
    for _ in range(PATIENCE):
        k = 0
        for i in range(m):
            if inside[i]:
                if k == SMALL:
                    return False
                S[k] = i
                k += 1
        if k == 0 or not _solve_small(gram, c, S, k, L, y):
            return False
        total = 0.0
        size = 0.0
        for s in range(k):
            total += y[s]
            size += abs(y[s]) * root[S[s]]
        q[:] = c * total
        for s in range(k):
            row = gram[S[s]]
            for i in range(m):
                q[i] += y[s] * row[i]
        wrong = 0
        for s in range(k):
            if y[s] <= 0.0:
                wrong += 1
        s = 0
        for i in range(m):
            if s < k and S[s] == i:
                if y[s] <= 0.0:
                    inside[i] = False
                s += 1
            elif q[i] < 1.0 - NOISE * (size * root[i] + c * total + 1.0):
                inside[i] = True
                wrong += 1
        if wrong == 0:
            weights[:] = 0.0
            for s in range(k):
                weights[S[s]] = y[s] / total
            return True
        if wrong >= fewest:
            return False
        fewest = wrong
    return False


@jit
def _solve_small(
    gram: Float[np.ndarray, "m m"],
    c: float,
    S: Int[np.ndarray, "s"],
    k: int,
    L: Float[np.ndarray, "s s"],
    y: Float[np.ndarray, "s"],
) -> bool:
    """Solve ``(G_SS + c 1 1') y = 1`` by Cholesky; False where the matrix is singular."""
    for s in range(k):
        row = gram[S[s]]
        own = row[S[s]] + c
        for t in range(s):
            entry = row[S[t]] + c
            for u in range(t):
                entry -= L[s, u] * L[t, u]
            L[s, t] = entry / L[t, t]
        pivot = own
        for u in range(s):
            pivot -= L[s, u] * L[s, u]
        if not pivot > SINGULAR * own:
            return False
        L[s, s] = np.sqrt(pivot)
        y[s] = 1.0
        for u in range(s):
            y[s] -= L[s, u] * y[u]
        y[s] /= L[s, s]
    for s in range(k - 1, -1, -1):
        y[s] /= L[s, s]
        for u in range(s):
            y[u] -= L[s, u] * y[s]
    return True


def _pivot(
    gram: Float[np.ndarray, "m m"], root: Float[np.ndarray, "m"], start: Float[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "m"], int, bool, Face | None]:
    """Pivot from the support of `start`: weights, rounds, whether solved; the face if regular."""
    m = start.size
    diagonal = gram.diagonal()
    inside = start > 0
    c = float(diagonal.min())
    damping, right = 0.0, np.ones(m)
    centre = start / (float(start @ gram @ start) + c)
    best, least = start, np.inf
    last = np.inf
    counts: list[int] = []
    space = np.empty(0)
    for turn in range(1, ROUNDS + 1):
        support = np.flatnonzero(inside)
        k = support.size
        if space.size < k * k:
            space = np.empty(min(m, k + k // 4) ** 2)
        Q = space[: k * k].reshape(k, k)
        gather(gram, support, c, damping, Q)
        own = Q.diagonal().copy()
        factor, failed = _lapack.dpotrf(Q.T, lower=0, clean=0, overwrite_a=1)
        singular = bool(failed) or bool((np.square(factor.diagonal()) < SINGULAR * own).any())
        if singular:
            if damping or m <= WOLFE_IS_FAST:
                return best, turn, False, None
            damping = DAMPING
            right = 1.0 + damping * diagonal * centre
            counts.clear()
            continue
        face = Face(support, c, factor)
        y = np.zeros(m)
        y[support] = face.solve(right[support])
        wrong = _exchange(y, gram @ y, right, root, c, inside)
        if wrong:
            counts.append(wrong)
            if _stalls(counts):
                return best, turn, False, None
            continue
        found, gap, square = _judged(gram, y)
        settled = gap >= 0.5 * last
        last = gap
        if gap < least:
            best, least = found, gap
        level = float(found @ root)
        # So close to 0 that further digits mean nothing.
        hidden = square <= m * EPS * level * level
        if not hidden and gap > FINE * square:
            refined = refine(gram_product(gram, EXACT), m, face, y[support])
            if float(refined.y.min()) > 0:
                finer = np.zeros(m)
                finer[support] = refined.y
                finer, gap, square = _judged(gram, finer)
                if gap < least:
                    best, least = finer, gap
        noise = max(1e-14 * square, EPS * level * level)
        if not damping or settled or least <= noise or square <= noise:
            return best, turn, True, None if damping else face
        centre = y
        right = 1.0 + damping * diagonal * centre
        counts.clear()
    return best, ROUNDS, False, None


@jit
def _exchange(
    y: Float[np.ndarray, "m"],
    w: Float[np.ndarray, "m"],
    right: Float[np.ndarray, "m"],
    root: Float[np.ndarray, "m"],
    c: float,
    inside: Bool[np.ndarray, "m"],
) -> int:
    """Exchange every index on the wrong side, in place, and return how many were; ``w = G y``."""
    total, size = 0.0, 0.0
    for i in range(y.size):
        total += y[i]
        size += abs(y[i]) * root[i]
    wrong = 0
    for i in range(y.size):
        if inside[i]:
            if y[i] <= 0.0:
                inside[i] = False
                wrong += 1
        elif w[i] + c * total - right[i] < -NOISE * (size * root[i] + c * abs(total) + 1.0):
            inside[i] = True
            wrong += 1
    return wrong


def _stalls(counts: list[int]) -> bool:
    """Whether the numbers of exchanges, round by round, have stopped falling."""
    few = min(counts)
    return (len(counts) > LOOK_BACK and counts[-1] > max(HEADWAY * counts[-1 - LOOK_BACK], 4)) or (
        few not in counts[-PATIENCE:]
    )


def _judged(
    gram: Float[np.ndarray, "m m"], y: Float[np.ndarray, "m"]
) -> tuple[Float[np.ndarray, "m"], float, float]:
    """Return the weights ``y / sum y``, their gap ``|x|^2 - min w`` and ``|x|^2``."""
    weights = y / float(y.sum())
    w = gram @ weights
    square = float(weights @ w)
    return weights, square - float(w.min()), square
