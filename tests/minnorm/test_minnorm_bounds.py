"""The two-sided certificate itself, on optimal weights, where a bound off by one rounding shows."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from danskin.minnorm import min_norm_weights, product_min_norm_weights
from danskin.minnorm.binary import to_integers
from danskin.minnorm.bounds import gram_bounds, point_bounds
from danskin.minnorm.rational import exact_active_set, integer_gram


def exact_square(gram, unit, sizes):
    weights, _ = exact_active_set(gram, sizes)
    square = sum(a * b * gram[i][j] for i, a in enumerate(weights) for j, b in enumerate(weights))
    return square * unit / len(sizes) ** 2, np.array([float(a) for a in weights])


def test_cancelling_pairs(brackets):
    """Inner products that cancel to 1e-6 of their terms: their rounding error is in the bound."""
    rng = np.random.default_rng(0)
    for _ in range(150):
        common = 1e-6 * rng.standard_normal(60)
        opposite = rng.standard_normal(60)
        points = np.array([common + opposite, common - opposite]) / 8
        rows = to_integers(points)
        square, weights = exact_square(integer_gram(rows.rows), rows.unit**2, (2,))
        _, bounds = point_bounds(points, weights, (2,))
        assert brackets(bounds.lower, bounds.upper, square)


def cancelling(rng):
    """Centred points, shifted by 1e-5 in a common direction: equal weights are optimal."""
    points = rng.standard_normal((6, 10))
    points -= points.mean(axis=0)
    points[:, 0] = 1e-5
    rotation = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    return points @ rotation / 8, np.full(6, 1 / 6)


def test_the_lower_bound_is_below_the_exact_least_inner_product():
    """``lower <= min_j <x, g_j> / |x|`` for x = weights @ points, in rational arithmetic.

    The inner products cancel to 1e-10 of their terms: without their rounding error the float64
    value lies above the exact one in half of the cases.
    """
    rng = np.random.default_rng(2)
    positive = 0
    for _ in range(60):
        points, weights = cancelling(rng)
        x, bounds = point_bounds(points, weights, (6,))
        a = [Fraction(value) for value in weights.tolist()]
        exact = [
            sum(w * Fraction(b) for w, b in zip(a, column, strict=True))
            for column in points.T.tolist()
        ]
        assert x.tolist() == [float(value) for value in exact]
        least = min(
            sum(a * Fraction(b) for a, b in zip(exact, row, strict=True)) for row in points.tolist()
        )
        if bounds.lower > 0:
            positive += 1
            assert Fraction(bounds.lower) ** 2 * sum(a * a for a in exact) <= least**2
            assert least > 0
    assert positive > 30


def test_the_lower_bound_from_a_gram_matrix_is_below_the_exact_one():
    """``lower <= min_j (G a)_j / sqrt(a' G a)`` in rational arithmetic."""
    rng = np.random.default_rng(3)
    positive = 0
    for _ in range(60):
        points, weights = cancelling(rng)
        gram = points @ points.T
        bounds = gram_bounds(gram, weights, (6,))
        a = [Fraction(value) for value in weights.tolist()]
        inner = [sum(w * Fraction(b) for w, b in zip(a, row, strict=True)) for row in gram.tolist()]
        square = sum(w * b for w, b in zip(a, inner, strict=True))
        if bounds.lower > 0:
            positive += 1
            assert min(inner) > 0
            assert Fraction(bounds.lower) ** 2 * square <= min(inner) ** 2
    assert positive > 30


@pytest.mark.parametrize("sizes", [(6,), (2, 4), (1, 2, 3)])
def test_gram_matrices(sizes, brackets):
    rng = np.random.default_rng(1)
    for _ in range(40):
        factors = rng.standard_normal((6, 8)) + rng.choice([0.0, 3.0])
        gram = factors @ factors.T
        gram = (gram + gram.T) / 2
        rows = to_integers(gram)
        square, weights = exact_square(rows.rows, rows.unit, sizes)
        bounds = gram_bounds(gram, weights, sizes)
        assert brackets(bounds.lower, bounds.upper, square)
        # and they are tight, since the weights are the best float64 has
        assert bounds.upper - bounds.lower <= 1e-11 * bounds.upper
        result = product_min_norm_weights(gram, sizes=sizes, method="wolfe")
        assert brackets(result.lower_bound, result.norm, square)
        assert result.status == "optimal"


def test_weights_that_do_not_add_up_to_one_are_paid_for(brackets):
    points = np.array([[0.75, 0.0], [0.0, 0.5]])
    rows = to_integers(points)
    square, weights = exact_square(integer_gram(rows.rows), rows.unit**2, (2,))
    for defect in (1e-6, -1e-6):
        _, bounds = point_bounds(points, weights * (1 + defect), (2,))
        assert brackets(bounds.lower, bounds.upper, square)
        gram = gram_bounds(points @ points.T, weights * (1 + defect), (2,))
        assert brackets(gram.lower, gram.upper, square)


def test_the_noise_of_a_shifted_gram_matrix_counts_as_rounding():
    """An eigenvalue of -1e-7 of the diagonal: lengths below about sqrt(1e-7) mean nothing."""
    gram = np.array([[1.0, -1.0 - 1e-7], [-1.0 - 1e-7, 1.0]])
    assert min_norm_weights(gram).rounding >= 4e-4


def test_integers_of_a_float_matrix_are_exact():
    matrix = np.array([[0.1, -3e100], [0.0, 5e-324]])
    rows = to_integers(matrix)
    for row, floats in zip(rows.rows, matrix.tolist(), strict=True):
        assert [entry * rows.unit for entry in row] == [Fraction(value) for value in floats]
