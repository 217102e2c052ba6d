"""One simplex a sample, with or without a linear term: pairwise steps, then Newton on the face.

    minimise  (1/2) |x|^2 - c.a,   x = sum_j a_j p_j,   over one simplex per block

Pairwise steps find most of the support in a few sweeps and then slow down. Newton's method goes on
where they stop: on the face spanned by the support, with each block described by differences to
its heaviest point, the minimizer is the solution of ``Z'G Z z = -Z's`` (Z the differences, s the
slope ``G a - c``). Weights that it makes negative are dropped and the rest solved again; if that
went too far, up instead of down, the first step is cut at the boundary, which is always lower. A
sweep of pairwise steps then lets points in that the face leaves out. ``Z'G Z`` is singular where
the points of a face are dependent; a proximal term then keeps the step finite, and repeated steps
remove its effect.

Progress is judged by the Frank-Wolfe gap ``sum over blocks of (a.s - min s)``, with s recomputed
from the weights. It bounds by how much the objective can still fall.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg.lapack  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Bool, Float, Int

from danskin.minnorm._jit import jit
from danskin.minnorm.pairwise import (
    best_vertices,
    pairwise_steps,
    pairwise_steps_on_points,
    slope_of,
)

__all__ = ["PointForm", "ProductWeights", "product_weights", "product_weights_of_points"]

_lapack: Any = scipy.linalg.lapack

EPS = 2.0**-52
# Steps in a block at a time, at least: its turn costs the same few rows for one step or for ten.
INNER = 10
# Sweeps before the first Newton step, and between two.
FIRST_SWEEPS, SWEEPS = 4, 2
LARGE_FACE = 400
TURNS = 200
# Faces that one Newton step may walk through.
DROPS = 12
# The share of the gap by which a turn has to bring the objective down.
HEADWAY = 1e-5
# Turns without headway before the weights are left as they are.
PATIENCE = 4
# Proximal term relative to the diagonal of Z'G Z, and by how much it grows where that is too small.
DAMPING, STIFFER = 1e-13, 1e3


@dataclass(frozen=True, eq=False)
class ProductWeights:
    """Feasible weights, their Frank-Wolfe gap from a recomputed slope, and the turns it took.

    `regular`: on the faces visited the matrix was positive semidefinite up to rounding.
    """

    weights: Float[np.ndarray, "m"]
    gap: float
    iterations: int
    regular: bool


def product_weights(
    gram: Float[np.ndarray, "m m"],
    sizes: tuple[int, ...],
    linear: Float[np.ndarray, "m"] | None = None,
    start: Float[np.ndarray, "m"] | None = None,
    tol: float = 1e-15,
) -> ProductWeights:
    """Minimise ``(1/2) a' G a - linear.a`` over one simplex per block.

    Parameters
    ----------
    gram : (m, m), C-contiguous
        Positive semidefinite up to rounding, scaled to entries of size about 1.
    sizes : tuple of int
        Points per block, in order.
    linear : (m,), optional
    start : (m,), optional
        Feasible weights; by default each block's best point on its own.
    tol : float
        Stop when the gap is at most `tol` times ``a' G a + |linear.a|``, or at its rounding error.
    """
    return _minimise(_GramForm(gram, _starts(sizes), _linear(linear, gram)), start, tol)


def product_weights_of_points(
    points: Float[np.ndarray, "m r"] | PointForm,
    sizes: tuple[int, ...],
    linear: Float[np.ndarray, "m"] | None = None,
    start: Float[np.ndarray, "m"] | None = None,
    tol: float = 1e-15,
) -> ProductWeights:
    """Do as `product_weights`, from the points (one a row): no m by m matrix is formed.

    Whoever solves for several linear terms passes one `PointForm` each time.
    """
    form = points if isinstance(points, PointForm) else PointForm(points, sizes)
    return _minimise(form.with_linear(linear), start, tol)


def _starts(sizes: tuple[int, ...]) -> Int[np.ndarray, "b"]:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def _inner(starts: Int[np.ndarray, "b"]) -> int:
    return max(INNER, int(np.diff(starts).max()) // 2)


def _linear(
    linear: Float[np.ndarray, "m"] | None, rows: Float[np.ndarray, "m k"]
) -> Float[np.ndarray, "m"]:
    m = int(rows.shape[0])
    return np.zeros(m) if linear is None else linear


class _GramForm:
    """The quadratic form, by its Gram matrix."""

    def __init__(
        self,
        gram: Float[np.ndarray, "m m"],
        starts: Int[np.ndarray, "b"],
        linear: Float[np.ndarray, "m"],
    ) -> None:
        self.gram, self.starts, self.linear = gram, starts, linear
        self.root = np.sqrt(gram.diagonal())
        self.regular = True
        self.inner = _inner(starts)
        self._slope = np.empty(linear.size)

    def vertices(self) -> Float[np.ndarray, "m"]:
        """Return each block's best point on its own."""
        weights = np.empty(self.linear.size)
        best_vertices(self.gram, self.starts, self.linear, weights, self._slope)
        return weights

    def sweep(self, weights: Float[np.ndarray, "m"], sweeps: int, tol: float) -> None:
        """Make pairwise steps, in place."""
        slope_of(self.gram, self.linear, weights, self._slope)
        pairwise_steps(
            self.gram, self.starts, self.linear, weights, self._slope, sweeps, self.inner, tol
        )

    def slope(self, weights: Float[np.ndarray, "m"]) -> Float[np.ndarray, "m"]:
        """Return ``G a - c``, from the weights alone."""
        slope = np.empty(weights.size)
        slope_of(self.gram, self.linear, weights, slope)
        return slope

    def reduced(
        self, free: Int[np.ndarray, "k"], base: Int[np.ndarray, "k"]
    ) -> Float[np.ndarray, "k k"]:
        """Return the lower triangle of ``Z'G Z`` for the differences of `free` to `base`."""
        out = np.empty((free.size, free.size))
        _differences(self.gram, free, base, out)
        return out


class PointForm:
    """The same by its points, with the inner products inside each block."""

    def __init__(self, points: Float[np.ndarray, "m r"], sizes: tuple[int, ...]) -> None:
        m = int(points.shape[0])
        self.points, self.starts, self.linear = points, _starts(sizes), np.zeros(m)
        self.blocks = np.zeros((m, max(sizes)))
        first = 0
        for size in sizes:
            part = points[first : first + size]
            self.blocks[first : first + size, :size] = part @ part.T
            first += size
        column = np.arange(m) - np.repeat(self.starts[:-1], sizes)
        self.diagonal = self.blocks[np.arange(m), column]
        self.root = np.sqrt(self.diagonal)
        self.regular = True
        self.inner = _inner(self.starts)

    def with_linear(self, linear: Float[np.ndarray, "m"] | None) -> PointForm:
        """Return the form with the linear term -linear.a; nothing is computed again."""
        form = copy(self)
        form.linear = _linear(linear, self.points)
        return form

    def vertices(self) -> Float[np.ndarray, "m"]:
        """Return each block's best point on its own."""
        weights = np.zeros(self.linear.size)
        cost = 0.5 * self.diagonal - self.linear
        for first, end in zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True):
            weights[first + int(np.argmin(cost[first:end]))] = 1.0
        return weights

    def sweep(self, weights: Float[np.ndarray, "m"], sweeps: int, tol: float) -> None:
        """Make pairwise steps, in place."""
        pairwise_steps_on_points(
            self.points,
            self.blocks,
            self.starts,
            self.linear,
            weights,
            weights @ self.points,
            sweeps,
            self.inner,
            tol,
        )

    def slope(self, weights: Float[np.ndarray, "m"]) -> Float[np.ndarray, "m"]:
        """Return ``G a - c``, from the weights alone."""
        return self.points @ (weights @ self.points) - self.linear

    def reduced(
        self, free: Int[np.ndarray, "k"], base: Int[np.ndarray, "k"]
    ) -> Float[np.ndarray, "k k"]:
        """Return ``Z'G Z`` for the differences of `free` to `base`."""
        differences = self.points[free] - self.points[base]
        return differences @ differences.T


_Form = _GramForm | PointForm


@dataclass(frozen=True, eq=False)
class _Iterate:
    """Feasible weights with slope, objective and gap, all from the weights."""

    weights: Float[np.ndarray, "m"]
    slope: Float[np.ndarray, "m"]
    value: float
    gap: float
    size: float


def _at(form: _Form, weights: Float[np.ndarray, "m"]) -> _Iterate:
    weights = weights.copy()
    _normalise(weights, form.starts)
    slope = form.slope(weights)
    along, held, gap = _measure(weights, slope, form.linear, form.starts)
    return _Iterate(weights, slope, 0.5 * (along - held), gap, along + held + abs(held))


@jit
def _normalise(weights: Float[np.ndarray, "m"], starts: Int[np.ndarray, "b"]) -> None:
    for b in range(starts.size - 1):
        own = weights[starts[b] : starts[b + 1]]
        total = 0.0
        for j in range(own.size):
            total += own[j]
        for j in range(own.size):
            own[j] /= total


@jit
def _measure(
    weights: Float[np.ndarray, "m"],
    slope: Float[np.ndarray, "m"],
    linear: Float[np.ndarray, "m"],
    starts: Int[np.ndarray, "b"],
) -> tuple[float, float, float]:
    """Return ``a.s``, ``c.a`` and the gap, block by block: nothing large cancels between blocks."""
    along, held, gap = 0.0, 0.0, 0.0
    for b in range(starts.size - 1):
        lowest = slope[starts[b]]
        for j in range(starts[b], starts[b + 1]):
            lowest = min(lowest, slope[j])
            along += weights[j] * slope[j]
            held += weights[j] * linear[j]
        for j in range(starts[b], starts[b + 1]):
            gap += weights[j] * (slope[j] - lowest)
    return along, held, gap


def _minimise(form: _Form, start: Float[np.ndarray, "m"] | None, tol: float) -> ProductWeights:
    weights = form.vertices() if start is None else start.copy()
    form.sweep(weights, FIRST_SWEEPS, tol)
    # Newton's step costs the cube of the face's dimension, a sweep the same whatever it is.
    share = 1 if int(np.count_nonzero(weights)) - form.starts.size < LARGE_FACE else 6
    if share > 1:
        form.sweep(weights, share * FIRST_SWEEPS, tol)
    now = _at(form, weights)
    best, patience, turns = now, PATIENCE, 0
    while turns < TURNS and patience:
        turns += 1
        before = now
        length = float(now.weights @ form.root)
        rounding = 0.25 * EPS * length * length
        if best.gap <= max(tol * best.size, rounding):
            break
        now = _newton(form, now)
        if now.gap <= tol * now.size:
            return ProductWeights(now.weights, now.gap, turns, form.regular)
        if now.gap >= best.gap or now.gap > rounding:
            weights = now.weights.copy()
            form.sweep(weights, share * SWEEPS, tol)
            swept = _at(form, weights)
            if now.gap < best.gap and now.gap < swept.gap:
                best = now
            headway = min(now.gap, swept.gap) < 0.5 * best.gap
            now = swept
        else:
            headway = now.gap < 0.5 * best.gap
        # What is left to gain is at most the gap: a fair share of it is headway too.
        fallen = before.value - now.value
        headway |= fallen > max(HEADWAY * before.gap, 4 * rounding)
        patience = PATIENCE if headway else patience - 1
        if now.gap < best.gap:
            best = now
    return ProductWeights(best.weights, best.gap, turns, form.regular)


def _newton(form: _Form, now: _Iterate) -> _Iterate:
    """Go to the minimizer over a face of the present one; never go up."""
    point = now
    first: Float[np.ndarray, "m"] | None = None
    for _ in range(DROPS):
        inside = point.weights > 0
        step = _face_step(form, point, inside)
        first = step if first is None else first
        target = point.weights + step
        point = _at(form, np.maximum(np.where(inside, target, 0.0), 0.0))
        if not (target < 0).any():
            break
    length = float(now.weights @ form.root)
    if first is None or point.value <= now.value + EPS * length * length:
        return point
    # Too much was dropped at once: go along the first step, to the boundary.
    falling = first < 0
    ratios = now.weights[falling] / -first[falling]
    t = min(1.0, float(ratios.min(initial=1.0)))
    cut = np.maximum(now.weights + t * first, 0.0)
    cut[falling & (now.weights <= -t * first)] = 0.0
    return _at(form, cut)


def _face_step(form: _Form, now: _Iterate, inside: Bool[np.ndarray, "m"]) -> Float[np.ndarray, "m"]:
    """Return the Newton step on the face of the points `inside`; it keeps every block's sum."""
    support = np.flatnonzero(inside)
    block = np.searchsorted(form.starts, support, side="right") - 1
    base = np.zeros(form.starts.size - 1, dtype=np.int64)
    order = np.argsort(now.weights[support], kind="stable")
    base[block[order]] = support[order]  # the last one written, the heaviest, stays
    other = base[block] != support
    free, anchors = support[other], base[block[other]]
    step = np.zeros(inside.size)
    if free.size == 0:
        return step
    matrix = form.reduced(free, anchors)
    right = now.slope[anchors] - now.slope[free]
    own = matrix.diagonal().copy()
    # Where two points coincide to rounding, the difference is noise: keep its step small too.
    floor = own + 4 * EPS * (form.root[free] ** 2 + form.root[anchors] ** 2)
    damping = DAMPING
    while True:
        damped = matrix.copy()
        damped.reshape(-1)[:: free.size + 1] = own + damping * floor + (floor - own)
        factor, failed = _lapack.dpotrf(damped.T, lower=0, clean=0, overwrite_a=1)
        if not failed:
            break
        form.regular = False
        damping *= STIFFER
    move = _lapack.dpotrs(factor, right, lower=0)[0]
    step[free] = move
    np.subtract.at(step, anchors, move)
    return step


@jit
def _differences(
    gram: Float[np.ndarray, "m m"],
    free: Int[np.ndarray, "k"],
    base: Int[np.ndarray, "k"],
    out: Float[np.ndarray, "k k"],
) -> None:
    """Write the lower triangle of ``<p_i - p_b(i), p_j - p_b(j)>``."""
    for s in range(free.size):
        row = gram[free[s]]
        other = gram[base[s]]
        for t in range(s + 1):
            i = free[t]
            j = base[t]
            out[s, t] = (row[i] - other[i]) - (row[j] - other[j])
