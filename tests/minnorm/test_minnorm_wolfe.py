"""Wolfe's method on the Gram matrix, and the call that looks, solves and certifies at once.

Weights a on the simplex are optimal iff w_j >= a'w for every j, w = G a. The factor U of the
support S satisfies U'U = G_SS + c 1 1' and z solves U'z = 1, through every change of S.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.errors import InvalidInputError
from danskin.minnorm import exact_min_norm, min_norm_weights
from danskin.minnorm import wolfe as module
from danskin.minnorm.bounds import gram_bounds
from danskin.minnorm.wolfe import small_gram, wolfe

EPS = 2.0**-52
none = np.empty(0)


def gram_of(family, seed):
    points = family(np.random.default_rng(seed))
    points = points / (np.abs(points).max() or 1.0)
    return points @ points.T


class TestWolfe:
    @pytest.mark.parametrize("start", ["standing", "all", "last"])
    def test_optimal_up_to_the_rounding_of_the_gram_matrix(self, family, start):
        for seed in range(16):
            gram = gram_of(family, seed)
            m = len(gram)
            first = {"standing": none, "all": np.full(m, 1 / m), "last": np.eye(m)[-1]}[start]
            a, steps = wolfe(gram, first)
            w = gram @ a
            assert (a >= 0).all()
            assert math.fsum(a.tolist()) == pytest.approx(1.0, abs=4 * EPS)
            assert a @ w - w.min() <= 64 * m * EPS * gram.diagonal().max()
            assert steps <= 4 * m + 4

    def test_integer_problems_are_solved_to_rounding(self):
        """Against exact weights, where the answer is unique and well-conditioned."""
        rng = np.random.default_rng(0)
        for _ in range(40):
            m = int(rng.integers(2, 8))
            points = rng.integers(-9, 10, (m, m + 3)).astype(float)
            points[:, 0] = 30
            exact = exact_min_norm(points.astype(int).tolist())
            a, _ = wolfe(points @ points.T, none)
            assert a == pytest.approx([float(v) for v in exact.weights], abs=1e-12)

    def test_a_gradient_of_length_zero_is_the_answer(self):
        gram = np.diag([2.0, 0.0, 1.0])
        assert wolfe(gram, none)[0].tolist() == [0.0, 1.0, 0.0]

    def test_dependent_points_never_stand_in_the_support_together(self):
        """Wolfe's supports are affinely independent: at most n + 1 points, no duplicates."""
        rng = np.random.default_rng(1)
        points = np.repeat(rng.standard_normal((6, 2)) + 3.0, 2, axis=0)
        a, _ = wolfe(points @ points.T, np.full(12, 1 / 12))
        assert np.count_nonzero(a) <= 3
        assert len({tuple(row) for row in points[a > 0].tolist()}) == np.count_nonzero(a)

    def test_a_good_start_takes_one_step(self):
        rng = np.random.default_rng(2)
        gram = rng.standard_normal((8, 30))
        gram = gram @ gram.T
        a, steps = wolfe(gram, none)
        again, fewer = wolfe(gram, a)
        assert fewer == 1 < steps
        assert again == pytest.approx(a, abs=1e-14)


class TestFactor:
    @given(st.integers(0, 2**32), st.lists(st.integers(0, 7), min_size=1, max_size=12))
    @settings(max_examples=60, deadline=None)
    def test_it_follows_the_support(self, seed, changes):
        """Points enter, and those already there leave, in any order."""
        rng = np.random.default_rng(seed)
        points = rng.standard_normal((8, 10))
        gram = np.ascontiguousarray(points @ points.T)
        c = float(gram.diagonal().min())
        U, S, a = np.zeros((8, 8)), np.zeros(8, np.int64), np.zeros(8)
        z, scratch = np.zeros(8), np.zeros(8)
        k = 0
        for j in changes:
            inside = np.flatnonzero(S[:k] == j)
            if inside.size:
                module._remove(U, z, S, a, k, int(inside[0]))
                k -= 1
            else:
                assert module._append(gram, c, U, z, scratch, S, k, j)
                k += 1
            support = S[:k]
            upper = np.triu(U[:k, :k])
            assert len(set(support.tolist())) == k
            expected = gram[np.ix_(support, support)] + c
            assert upper.T @ upper == pytest.approx(expected, abs=1e-11)
            assert upper.T @ z[:k] == pytest.approx(np.ones(k), abs=1e-11)

    def test_a_dependent_point_is_refused(self):
        """Rounding makes its pivot positive about half of the time."""
        for seed in range(40):
            rng = np.random.default_rng(seed)
            points = rng.standard_normal((3, 6))
            points[2] = rng.dirichlet(np.ones(2)) @ points[:2]
            gram = np.ascontiguousarray(points @ points.T)
            U, S, z, scratch = np.zeros((3, 3)), np.zeros(3, np.int64), np.zeros(3), np.zeros(3)
            assert module._append(gram, 0.5, U, z, scratch, S, 0, 0)
            assert module._append(gram, 0.5, U, z, scratch, S, 1, 1)
            assert not module._append(gram, 0.5, U, z, scratch, S, 2, 2)


class TestSmallGram:
    def test_the_certificate_holds_exactly_and_is_tight(self, brackets):
        """Float matrices that are positive semidefinite: the bounds face their exact min norm."""
        rng = np.random.default_rng(3)
        for _ in range(60):
            m = int(rng.integers(1, 7))
            points = rng.integers(-20, 21, (m, 8)).astype(float)
            a = np.empty(m)
            plain, _, exponent, upper, lower, size = small_gram(points @ points.T, a)
            if not plain:
                assert (points @ points.T).diagonal().min() == 0
                continue
            square = exact_min_norm(points.astype(int).tolist()).squared_norm / 4**exponent
            assert brackets(lower, upper, Fraction(square))
            assert size == pytest.approx(
                a @ np.linalg.norm(points, axis=1) / 2**exponent, rel=1e-14
            )
            if square > 0.01 * size**2:
                assert upper - lower <= 1e-13 * upper

    def test_it_agrees_with_the_general_certificate(self, family):
        for seed in range(8):
            a = np.empty(len(gram_of(family, seed)))
            plain, _, exponent, upper, lower, size = small_gram(gram_of(family, seed), a)
            if plain:
                scaled = np.ldexp(gram_of(family, seed), -2 * exponent)
                bounds = gram_bounds((scaled + scaled.T) / 2, a, (len(a),))
                assert upper == pytest.approx(bounds.upper, rel=1e-12, abs=1e-12)
                assert lower == pytest.approx(bounds.lower, rel=1e-6, abs=1e-7)
                assert size == pytest.approx(bounds.size, rel=1e-14)

    @pytest.mark.parametrize(
        "odd",
        [
            [[math.nan]],
            [[1.0, math.nan], [math.nan, 1.0]],
            [[1.0, math.inf], [math.inf, 1.0]],
            [[-1.0]],
            [[1.0, 0.5], [0.4, 1.0]],
            [[1.0, 2.0], [2.0, 1.0]],
            [[1.0, -0.9, -0.9], [-0.9, 1.0, -0.9], [-0.9, -0.9, 1.0]],
            [[0.0, 1.0], [1.0, 1.0]],
            [[1e302]],
        ],
    )
    def test_what_is_odd_is_left_to_the_errors(self, odd):
        matrix = np.array(odd)
        assert not small_gram(matrix, np.empty(len(matrix)))[0]
        with pytest.raises(InvalidInputError, match=r"^gram:"):
            min_norm_weights(matrix)

    @given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 5), st.integers(-480, 480))
    @settings(max_examples=60, deadline=None)
    def test_both_roads_give_the_same(self, seed, m, n, power):
        """A list takes the long road of validation, a float64 array the single call."""
        points = np.ldexp(np.random.default_rng(seed).standard_normal((m, n)), power)
        gram = points @ points.T
        quick, long = min_norm_weights(gram), min_norm_weights(gram.tolist())
        assert quick.status == long.status
        assert quick.norm == pytest.approx(long.norm, rel=1e-15)
        if quick.method == "wolfe":
            assert quick.weights.tolist() == long.weights.tolist()

    def test_the_matrix_is_left_alone_and_the_result_frozen(self):
        gram = np.array([[2.0, 1.0], [1.0, 3.0]])
        before = gram.copy()
        result = min_norm_weights(gram)
        assert np.array_equal(gram, before)
        with pytest.raises(ValueError, match="read-only"):
            result.weights[0] = 1.0
        with pytest.raises(AttributeError):
            result.norm = 0.0

    @pytest.mark.parametrize("layout", ["fortran", "strided", "frozen", "float32", "integers"])
    def test_any_layout(self, layout):
        gram = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 1.0]]) * 2
        frozen = gram.copy()
        frozen.setflags(write=False)
        other = {
            "fortran": np.asfortranarray(gram),
            "strided": np.repeat(np.repeat(gram, 2, axis=0), 2, axis=1)[::2, ::2],
            "frozen": frozen,
            "float32": gram.astype(np.float32),
            "integers": gram.astype(int),
        }[layout]
        result = min_norm_weights(other)
        assert result.weights.tolist() == min_norm_weights(gram).weights.tolist()
