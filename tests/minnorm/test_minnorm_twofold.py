"""Double-double arithmetic and its active set, against exact rational arithmetic.

A compensated sum of k terms errs by less than (2 k eps)^2 of its absolute terms; the arithmetic
operations by a few units of 2^-104.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.minnorm import exact_min_norm, min_norm_point
from danskin.minnorm import twofold as tf
from danskin.minnorm.gram import gram_double, gram_matrix, gram_twofold
from danskin.minnorm.scaling import check_gradients

EPS = 2.0**-52
numbers = st.floats(-1e60, 1e60).filter(lambda v: v == 0 or abs(v) > 1e-60)
positive = st.floats(1e-30, 1e30)
none = np.empty(0)


def pair(hi, lo_share):
    """A normalised double-double number with the given leading part."""
    lo = 0.25 * lo_share * math.ulp(hi)
    return hi, lo


def exact(hi, lo):
    return Fraction(hi) + Fraction(lo)


doubles = st.builds(pair, numbers, st.floats(-1, 1))
positive_doubles = st.builds(pair, positive, st.floats(-1, 1))


class TestArithmetic:
    @given(numbers, numbers)
    def test_two_sum_is_exact(self, a, b):
        assert exact(*tf._two_sum(a, b)) == Fraction(a) + Fraction(b)

    @given(doubles, doubles)
    def test_add(self, a, b):
        true = exact(*a) + exact(*b)
        error = exact(*tf._add(*a, *b)) - true
        assert abs(error) <= 8 * Fraction(tf.EPS2) * abs(true)

    @given(doubles, st.floats(-1, 1))
    def test_add_after_cancellation(self, a, share):
        """The leading parts cancel; the sum of the low parts is rounded like any other."""
        b = pair(-a[0], share)
        true = exact(*a) + exact(*b)
        assert abs(exact(*tf._add(*a, *b)) - true) <= 8 * Fraction(tf.EPS2) * abs(true)

    @given(doubles, doubles)
    def test_multiply(self, a, b):
        true = exact(*a) * exact(*b)
        assert abs(exact(*tf._multiply(*a, *b)) - true) <= 8 * Fraction(tf.EPS2) * abs(true)

    @given(doubles, positive_doubles)
    def test_divide(self, a, b):
        true = exact(*a) / exact(*b)
        assert abs(exact(*tf._divide(*a, *b)) - true) <= 16 * Fraction(tf.EPS2) * abs(true)

    @given(positive_doubles)
    def test_square_root(self, a):
        root = exact(*tf._square_root(*a))
        assert abs(root * root - exact(*a)) <= 16 * Fraction(tf.EPS2) * exact(*a)


class TestInnerProducts:
    @pytest.mark.parametrize("n", [1, 63, 64, 65, 1000])
    def test_gram_of_cancelling_rows(self, n):
        """Inner products that cancel to 1e-12 of their terms keep 104 bits of the terms."""
        rng = np.random.default_rng(n)
        points = rng.standard_normal((3, n))
        points[1] = points[0] + 1e-6 * rng.standard_normal(n)
        points[2] = -points[0]
        points -= points.mean(axis=0)
        hi, lo = np.zeros((3, 3)), np.zeros((3, 3))
        tf.add_gram(points, hi, lo)
        for i, a in enumerate(points.tolist()):
            for j, b in enumerate(points.tolist()):
                products = [Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True)]
                terms = sum(map(abs, products))
                assert hi[i, j] == hi[j, i]
                assert abs(exact(hi[i, j], lo[i, j]) - sum(products)) <= terms * (2 * n * EPS) ** 2

    def test_combine_and_add_inner_with_low_parts(self):
        rng = np.random.default_rng(0)
        points = rng.standard_normal((5, 130))
        a, a_lo = rng.dirichlet(np.ones(5)), 1e-17 * rng.standard_normal(5)
        x, x_lo = np.empty(130), np.empty(130)
        tf.combine(points, a, a_lo, x, x_lo)
        weights = [exact(*both) for both in zip(a.tolist(), a_lo.tolist(), strict=True)]
        for k, column in enumerate(points.T.tolist()):
            terms = [w * Fraction(p) for w, p in zip(weights, column, strict=True)]
            assert abs(exact(x[k], x_lo[k]) - sum(terms)) <= (10 * EPS) ** 2 * sum(map(abs, terms))
        w, w_lo = np.ones(5), np.zeros(5)  # adds to what is there
        tf.add_inner(points, x, x_lo, w, w_lo)
        whole = [exact(*both) for both in zip(x.tolist(), x_lo.tolist(), strict=True)]
        for i, row in enumerate(points.tolist()):
            terms = [Fraction(p) * v for p, v in zip(row, whole, strict=True)]
            error = exact(w[i], w_lo[i]) - 1 - sum(terms)
            assert abs(error) <= (2 * 130 * EPS) ** 2 * (1 + sum(map(abs, terms)))
        square = sum(v * v for v in whole)
        assert abs(Fraction(tf.sum_of_squares(x, x_lo)) - square) <= 2 * Fraction(EPS) * square


class TestGramMatrices:
    def test_gram_matrix_is_correctly_rounded(self):
        rng = np.random.default_rng(1)
        gradients = rng.standard_normal((4, 300)) * 2.0**40
        gradients[3] = -gradients[0] + 1e-3
        for row, a in zip(gram_matrix(gradients).tolist(), gradients.tolist(), strict=True):
            for entry, b in zip(row, gradients.tolist(), strict=True):
                assert entry == float(
                    sum(Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True))
                )

    def test_blocks_of_columns_give_the_same(self, monkeypatch):
        gradients = np.random.default_rng(2).standard_normal((3, 1001))
        whole = gram_twofold(check_gradients(gradients))
        result = min_norm_point(gradients)
        monkeypatch.setattr("danskin.minnorm.scaling.BLOCK", 300)
        scaled = check_gradients(gradients)
        assert max(block.shape[1] for block in scaled.columns()) == 100
        hi, lo = gram_twofold(scaled)
        assert np.abs((hi - whole[0]) + (lo - whole[1])).max() <= 1e-26
        assert gram_double(scaled) == pytest.approx(whole[0], rel=1e-13)
        blockwise = min_norm_point(gradients)
        assert blockwise.norm == pytest.approx(result.norm, rel=1e-15)
        assert blockwise.lower_bound == pytest.approx(result.lower_bound, rel=1e-15)

    def test_float32_gradients_lose_nothing(self):
        """float32 sums of 3e5 products are wrong in the fourth digit; here every digit counts."""
        rng = np.random.default_rng(3)
        narrow = (rng.standard_normal((3, 300_000)) + 1.0).astype(np.float32)
        wide = narrow.astype(np.float64)
        result, reference = min_norm_point(narrow), min_norm_point(wide)
        assert result.to_dict() == reference.to_dict()
        assert result.status == "optimal"
        assert gram_matrix(narrow).tolist() == gram_matrix(wide).tolist()

    def test_rows_of_another_layout(self):
        gradients = np.random.default_rng(4).standard_normal((6, 9))
        plain = min_norm_point(gradients)
        assert min_norm_point(np.asfortranarray(gradients)).to_dict() == plain.to_dict()
        assert min_norm_point(np.repeat(gradients, 2, axis=0)[::2]).to_dict() == plain.to_dict()
        frozen = gradients.copy()
        frozen.setflags(write=False)
        assert min_norm_point(frozen).to_dict() == plain.to_dict()


def small_norm(rng, m, n, rho):
    """Centred points off a hyperplane by rho, rotated."""
    points = rng.standard_normal((m, n))
    points -= points.mean(axis=0)
    points[:, 0] = rho
    return points @ np.linalg.qr(rng.standard_normal((n, n)))[0]


class TestActiveSet:
    @pytest.mark.parametrize("start", ["standing", "all", "one"])
    def test_optimal_from_any_start(self, start, family):
        for seed in range(8):
            points = check_gradients(family(np.random.default_rng(seed))).points
            m = len(points)
            hi, lo = np.zeros((m, m)), np.zeros((m, m))
            tf.add_gram(points, hi, lo)
            first = {"standing": none, "all": np.full(m, 1 / m), "one": np.eye(m)[-1]}[start]
            a, a_lo, _ = tf.wolfe_twofold(hi, lo, first)
            w = [exact(*both) for both in zip(a.tolist(), a_lo.tolist(), strict=True)]
            assert min(w) >= 0
            assert abs(sum(w) - 1) <= Fraction(1, 10**29)
            rows = [[Fraction(v) for v in row] for row in points.tolist()]
            x = [
                sum(c * row[k] for c, row in zip(w, rows, strict=True)) for k in range(len(rows[0]))
            ]
            square = sum(v * v for v in x)
            least = min(sum(u * v for u, v in zip(x, row, strict=True)) for row in rows)
            longest = max(sum(v * v for v in row) for row in rows)
            # <x, g_i> is known to 2^-104 of |x| |g_i| and of the squared size, no better
            assert square - least <= Fraction(10) ** -27 * longest

    @pytest.mark.parametrize("seed", range(3))
    def test_min_norm_of_1e_10_among_fifty_gradients(self, seed):
        """Progress far below the rounding of |x|^2 must not pass for the end of the road."""
        gradients = small_norm(np.random.default_rng(seed), 50, 1000, 1e-10 * math.sqrt(1000))
        result = min_norm_point(gradients)
        assert result.status == "optimal"
        assert result.method == "double-double"
        assert result.gap <= 1e-8 * result.norm
        # A standing start in double-double alone ends at the same point.
        hi, lo = gram_twofold(check_gradients(gradients))
        a, a_lo, _ = tf.wolfe_twofold(hi, lo, none)
        distance = np.abs((a - result.weights) + (a_lo - result.weights_lo)).max()
        assert distance <= 1e-27

    def test_weights_hi_and_lo_are_what_the_bounds_hold_for(self):
        gradients = small_norm(np.random.default_rng(5), 6, 8, 1e-8)
        result = min_norm_point(gradients)
        assert result.method == "double-double"
        assert result.weights_lo is not None
        assert 0 < np.abs(result.weights_lo).max() <= EPS
        exact_result = exact_min_norm(gradients.tolist())
        both = zip(result.weights.tolist(), result.weights_lo.tolist(), strict=True)
        for (hi, lo), true in zip(both, exact_result.weights, strict=True):
            assert abs(exact(hi, lo) - true) <= Fraction(1, 10**22)
        # hi alone costs the relative gap that rounding explains, and the bounds do not show it
        assert result.gap <= 1e-12 * result.norm
        point = [float(v) for v in exact_result.point]
        assert result.point == pytest.approx(point, rel=1e-12, abs=1e-24)

    def test_method_by_name(self):
        result = min_norm_point([[3.0, 0], [0, 4.0]], method="double-double")
        assert result.method == "double-double"
        assert exact(result.weights[0], result.weights_lo[0]) == pytest.approx(0.64, rel=1e-16)
        assert abs(exact(result.weights[0], result.weights_lo[0]) - Fraction(16, 25)) < 1e-31


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 2**32), st.floats(-12, -2))
def test_auto_takes_double_double_exactly_where_float64_is_too_coarse(m, n, seed, power):
    gradients = small_norm(np.random.default_rng(seed), m, n, 10.0**power)
    plain, auto = min_norm_point(gradients, method="wolfe"), min_norm_point(gradients)
    longest = float(np.linalg.norm(gradients, axis=1).max())
    fine = plain.gap <= min(1e-12 * plain.norm, 4 * EPS * longest)
    assert auto.method == "wolfe" or not fine
    if auto.method == "wolfe" and auto.status == "optimal":
        assert auto.gap <= min(1e-12 * auto.norm, 4 * EPS * longest + 8 * EPS * auto.norm) * 1.01
