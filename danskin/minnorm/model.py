"""The piecewise-linear model behind the step-aware programs, in scaled units.

    model(d) = (1/B) sum_i max_j {v_ij + <g_ij, d>}

It proposes weights for a step, and says what the d of some weights achieves: x, d and every
``<g_ij, d>`` are evaluated in double-double, from the gradients where there are some, so that what
is claimed holds for the very d that is returned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg.lapack  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Float, Int

from danskin.minnorm.active_set import active_set
from danskin.minnorm.boundary import ArrayLike, Sizes
from danskin.minnorm.bounds import block_starts
from danskin.minnorm.product import PointForm, product_weights_of_points
from danskin.minnorm.refine import EXACT
from danskin.minnorm.scaling import (
    EPS,
    ScaledPoints,
    check_gradients,
    check_gram,
    check_sizes,
    check_vector,
    compress,
    factor,
    row_norms,
)
from danskin.minnorm.twofold import add_inner, combine, gram_times, sum_of_squares

__all__ = ["Model", "Moved", "model_from_gradients", "model_from_gram", "scale"]

_lapack: Any = scipy.linalg.lapack

# Up to so many gradients their Gram matrix is factorised by its eigenvectors.
SMALL = 64
# A relative gap below this needs no active set on the points, which is slower and loses less.
FINE = 1e-13
TINY = 2.0**-1000
LARGE = 2.0**1000


@dataclass(frozen=True, eq=False)
class Model:
    """A piecewise-linear model in scaled units: gradients ``2**exponent * points``.

    ``values`` are shifted so that the highest of each sample is 0 (no shift moves d); `rest` is
    what the subtraction rounded off. Either `gradients` or `gram` is given; ``points`` are the
    gradients rotated into their span, or a factor of the Gram matrix, and serve to find weights.
    """

    points: Float[np.ndarray, "m r"]
    exponent: int
    values: Float[np.ndarray, "m"]
    sizes: tuple[int, ...]
    gradients: ScaledPoints | None
    gram: Float[np.ndarray, "m m"] | None = None
    rest: Float[np.ndarray, "m"] | None = None

    @property
    def starts(self) -> Int[np.ndarray, "b"]:
        """First index of each sample."""
        return block_starts(self.sizes)

    @cached_property
    def lengths(self) -> Float[np.ndarray, "m"]:
        """Lengths of the scaled gradients."""
        return row_norms(self.points)

    @cached_property
    def form(self) -> PointForm:
        """The quadratic form ``(1/2) |weights @ points|^2``."""
        return PointForm(self.points, self.sizes)

    @property
    def longest(self) -> float:
        """Length of the longest scaled gradient, at least 1/2 unless all are zero."""
        return float(self.lengths.max())

    @property
    def resolution(self) -> float:
        """Length below which x cannot be told from 0; from a Gram matrix its square root."""
        relative = (len(self.values) + 8) * EPS
        return self.longest * (relative if self.gradients is not None else math.sqrt(relative))

    def dual_weights(
        self,
        values: Float[np.ndarray, "m"],
        step: float,
        start: Float[np.ndarray, "m"] | None = None,
    ) -> Float[np.ndarray, "m"]:
        """Maximise ``(1/B) a.values - (step/2) |x|^2`` in scaled units.

        A value below the highest by more than ``2 step longest**2`` is never attained by the
        model within reach of d; clipping it there changes nothing and keeps numbers finite.
        """
        batch = len(self.sizes)
        clipped = np.maximum(values, -4.0 * step * self.longest**2) if self.longest else values
        # With x scaled by B the objective is (1/2)|x|^2 - linear.a, B^2 / step times as large.
        linear = clipped * (batch / step)
        found = product_weights_of_points(self.form, self.sizes, linear, start)
        x = found.weights @ self.points
        if found.gap <= FINE * (float(x @ x) + abs(float(linear @ found.weights))):
            return found.weights
        polished = active_set(self.points, self.sizes, linear, found.weights).weights
        return min(polished, found.weights, key=lambda a: self._gap(linear, a))

    def _gap(self, linear: Float[np.ndarray, "m"], weights: Float[np.ndarray, "m"]) -> float:
        """Return the Frank-Wolfe gap of ``(1/2) |weights @ points|^2 - linear.weights``."""
        slope = self.points @ (weights @ self.points) - linear
        least = np.repeat(np.minimum.reduceat(slope, self.starts), self.sizes)
        return float(weights @ (slope - least))

    def mean_point(self, weights: Float[np.ndarray, "m"]) -> Float[np.ndarray, "r"]:
        """Return ``(1/B) weights @ points``."""
        return weights @ self.points / len(self.sizes)

    def move(
        self, weights: Float[np.ndarray, "m"], step: float | None, stretch: float = 1.0
    ) -> Moved:
        """Go to ``d = -step x``, or for step None to the unit vector along -x.

        What is rounded, and then evaluated, is `stretch` times d.
        """
        if self.gradients is None:
            return self._move_by_gram(weights, step)
        m, n = self.gradients.shape
        zeros, none = np.zeros(m), np.empty(0)
        x, x_lo = np.empty(n), np.empty(n)
        first = 0
        for block in self.gradients.columns():
            last = first + block.shape[1]
            combine(block, weights, zeros, x[first:last], x_lo[first:last])
            first = last
        x /= len(self.sizes)
        peak = float(np.abs(x).max())
        exponent = math.frexp(peak)[1]
        x, x_lo = np.ldexp(x, -exponent), np.ldexp(x_lo / len(self.sizes), -exponent)
        length = math.ldexp(math.sqrt(sum_of_squares(x, x_lo)), exponent)
        unit = math.ldexp(1.0, exponent)
        along = unit * step if step is not None else unit / length if length else 0.0
        d = -(stretch * along) * x + 0.0
        inner, inner_lo = np.zeros(m), np.zeros(m)
        first = 0
        for block in self.gradients.columns():
            last = first + block.shape[1]
            add_inner(block, d[first:last], none, inner, inner_lo)
            first = last
        size = float(weights @ self.lengths) / len(self.sizes)
        upper = length * (1 + (weights.size + 8) * EPS) + (2 * (m + 4) * EPS) ** 2 * size + TINY
        return Moved(d, inner / stretch, inner_lo / stretch, _length(d) / stretch, length, upper)

    def _move_by_gram(self, weights: Float[np.ndarray, "m"], step: float | None) -> Moved:
        m, batch = weights.size, len(self.sizes)
        assert self.gram is not None
        w, w_lo = np.empty(m), np.empty(m)
        gram_times(self.gram, EXACT, weights, np.zeros(m), w, w_lo)
        square = float(weights @ w + weights @ w_lo)
        size = float(weights @ self.lengths)
        error = (m + 8) * EPS * abs(square) + (2 * (m + 4) * EPS * size) ** 2 + TINY
        length = math.sqrt(max(square, 0.0)) / batch
        upper = math.sqrt(max(square, 0.0) + error) / batch * (1 + (m + 8) * EPS)
        factor = -(step if step is not None else 1.0 / length if length else 0.0)
        return Moved(
            None, factor * w / batch, factor * w_lo / batch, -factor * length, length, upper
        )

    def height(
        self, values: Float[np.ndarray, "m"], moved: Moved, rest: Float[np.ndarray, "m"] | None
    ) -> tuple[float, float]:
        """Return ``(1/B) sum_i max_j {v_ij + <p_ij, d>}`` and a bound on its rounding error.

        `values` is rounded; `rest` is what that left out, where it is known.
        """
        total = values + moved.inner
        part = total - values
        lost = (values - (total - part)) + (moved.inner - part)
        heights = total + (lost + moved.inner_lo + (0.0 if rest is None else rest))
        top = np.maximum.reduceat(heights, self.starts)
        # Points that cannot be the highest whatever their error do not count.
        error = EPS * (4 * np.abs(moved.inner) + (1.0 if rest is None else EPS) * np.abs(values))
        error += 8 * EPS * np.abs(heights)
        floor = np.maximum.reduceat(heights - error, self.starts)
        error = np.where(heights + error >= np.repeat(floor, self.sizes), error, 0.0)
        mean = float(np.maximum.reduceat(error, self.starts).mean())
        return float(top.mean()), mean + len(self.sizes) * EPS * float(np.abs(top).mean())

    def held(self, values: Float[np.ndarray, "m"], weights: Float[np.ndarray, "m"]) -> float:
        """Return ``(1/B) weights.values``, for values of at most 0."""
        return float(weights @ values) / len(self.sizes)


@dataclass(frozen=True, eq=False)
class Moved:
    """A point d with the inner products ``<p_j, d>`` in double-double, and its length.

    ``d``, times `Model.move`'s stretch, is None where only the Gram matrix is known.
    ``norm`` is |x|, and ``most`` a bound on it, rounding included.
    """

    d: Float[np.ndarray, "n"] | None
    inner: Float[np.ndarray, "m"]
    inner_lo: Float[np.ndarray, "m"]
    length: float
    norm: float
    most: float


def _length(d: Float[np.ndarray, "n"]) -> float:
    return float(row_norms(d[None, :])[0])


def model_from_gradients(gradients: ArrayLike, values: ArrayLike, sizes: Sizes | None) -> Model:
    """Validate and scale."""
    scaled = check_gradients(gradients)
    m = scaled.points.shape[0]
    blocks = (m,) if sizes is None else check_sizes(sizes, m)
    shifted, rest = _shifted(check_vector(values, m, "values"), blocks)
    points = compress(scaled.points)
    return Model(points, scaled.exponent, shifted, blocks, scaled, None, rest)


def model_from_gram(matrix: ArrayLike, values: ArrayLike, sizes: Sizes | None) -> Model:
    """Validate, scale and factor."""
    scaled = check_gram(matrix)
    m = scaled.gram.shape[0]
    blocks = (m,) if sizes is None else check_sizes(sizes, m)
    shifted, rest = _shifted(check_vector(values, m, "values"), blocks)
    points = factor(scaled.gram) if m <= SMALL else _triangular_factor(scaled.gram)
    gram = np.array(scaled.gram, order="C")
    return Model(points, scaled.exponent, shifted, blocks, None, gram, rest)


def _triangular_factor(gram: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m r"]:
    """Return points with that Gram matrix by pivoted Cholesky: `factor`, for many points."""
    lengths = np.sqrt(gram.diagonal())
    safe = np.where(lengths > 0, lengths, 1.0)
    normalised = np.asfortranarray(gram / safe[:, None] / safe[None, :])
    upper, order, rank, _ = _lapack.dpstrf(normalised, lower=0, tol=-1.0, overwrite_a=1)
    points = np.empty((lengths.size, rank))
    points[order - 1] = np.triu(upper)[:rank].T
    return points * lengths[:, None]


def _shifted(
    values: Float[np.ndarray, "m"], sizes: tuple[int, ...]
) -> tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"]]:
    """Subtract each sample's highest value; the second array is what rounding left out."""
    top = np.repeat(np.maximum.reduceat(values, block_starts(sizes)), sizes)
    shifted = values - top
    part = shifted - values
    return shifted, (values - (shifted - part)) - (top + part)


def scale(value: float, exponent: int) -> float:
    """Return ``value * 2**exponent``, kept inside the range of float64."""
    try:
        return max(-LARGE, min(LARGE, math.ldexp(value, exponent)))
    except OverflowError:
        return math.copysign(LARGE, value)
