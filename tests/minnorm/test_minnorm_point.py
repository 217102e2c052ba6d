"""Theorem 2's program from gradients: optimality, invariances, golden values, references.

With x = sum a_i g_i the weights a are optimal iff
    (1) a_i >= 0,  (2) sum a_i = 1,  (3) <x, g_i> >= |x|^2 for every i,
    (4) a_i > 0 only where (3) is an equality (which follows from (1)-(3)).
The two-sided certificate min_i <u, g_i> <= rho <= |x| measures how far (3) fails.
"""

from __future__ import annotations

import json
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from danskin import oracle
from danskin.errors import InvalidInputError
from danskin.minnorm import MinNormResult, exact_min_norm, min_norm_point, min_norm_weights
from danskin.minnorm.scaling import check_gram

SEEDS = range(16)
gradients_strategy = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.one_of(
        st.integers(-4, 4).map(float),
        st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda v: v if abs(v) > 1e-9 else 0.0),
    ),
)


def assert_kkt(result: MinNormResult, gradients: np.ndarray) -> None:
    """Conditions (1)-(3), up to rounding and to what the result itself admits."""
    rounding = 1e-13 * float(np.linalg.norm(gradients, axis=1).max())
    assert (result.weights >= 0).all()
    assert math.fsum(result.weights.tolist()) == pytest.approx(1.0, abs=1e-14)
    length = float(np.linalg.norm(result.point))
    allowed = rounding * length + 4 * result.gap * result.norm
    assert (gradients @ result.point >= length**2 - allowed).all()
    assert 0 <= result.lower_bound <= result.norm
    assert result.gap == result.norm - result.lower_bound


class TestAgainstExactArithmetic:
    @pytest.mark.parametrize("method", ["auto", "wolfe", "paper"])
    def test_bounds_hold_and_the_status_is_true(self, family, method, brackets):
        for seed in SEEDS:
            gradients = family(np.random.default_rng(seed))
            result = min_norm_point(gradients, method=method)
            exact = exact_min_norm(gradients.tolist())
            assert brackets(result.lower_bound, result.norm, exact.squared_norm), seed
            if result.status == "optimal":
                assert result.gap <= result.tol * result.norm
                assert not exact.stationary
            if result.status == "stationary":
                assert exact.norm <= result.rounding
            if exact.stationary:
                assert result.status != "optimal"

    def test_auto_settles_every_small_instance(self, family):
        for seed in SEEDS:
            gradients = family(np.random.default_rng(seed))
            result = min_norm_point(gradients)
            exact = exact_min_norm(gradients.tolist())
            assert result.status == ("stationary" if exact.stationary else "optimal"), seed
            scale = result.norm + result.size * 1e-15
            point = np.array([float(x) for x in exact.point])
            # Strong convexity: |x - x*|^2 <= |x|^2 - rho^2 <= 2 gap |x|.
            assert np.linalg.norm((result.point - point) / scale) <= 1e-4, seed

    def test_a_rounded_exact_answer_is_one_rounding_away(self):
        gradients = [[1.0, 1e-9], [-1.0, 1e-9]]
        result = min_norm_point(gradients, method="exact")
        assert result.method == "exact"
        assert result.norm == 1e-9
        assert result.lower_bound == 1e-9
        assert result.point.tolist() == [0.0, 1e-9]


class TestProperties:
    @given(gradients_strategy)
    @settings(max_examples=150, deadline=None)
    def test_kkt(self, gradients):
        assert_kkt(min_norm_point(gradients), gradients)

    def test_kkt_by_family(self, family):
        for seed in SEEDS:
            gradients = family(np.random.default_rng(seed))
            assert_kkt(min_norm_point(gradients), gradients)

    @given(gradients_strategy, st.integers(-400, 400))
    @settings(max_examples=60, deadline=None)
    def test_scaling_by_a_power_of_two_is_exact(self, gradients, power):
        result = min_norm_point(gradients)
        scaled = min_norm_point(np.ldexp(gradients, power))
        assert scaled.weights.tolist() == result.weights.tolist()
        assert scaled.norm == math.ldexp(result.norm, power)
        assert scaled.lower_bound == math.ldexp(result.lower_bound, power)
        assert scaled.status == result.status

    @given(gradients_strategy, st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def test_permuting_the_gradients(self, gradients, random):
        order = list(range(len(gradients)))
        random.shuffle(order)
        result = min_norm_point(gradients)
        permuted = min_norm_point(gradients[order])
        assert max(result.lower_bound, permuted.lower_bound) <= min(result.norm, permuted.norm)

    @given(gradients_strategy)
    @settings(max_examples=60, deadline=None)
    def test_repeating_gradients_changes_nothing(self, gradients):
        result = min_norm_point(gradients)
        repeated = min_norm_point(np.vstack([gradients, gradients]))
        assert max(result.lower_bound, repeated.lower_bound) <= min(result.norm, repeated.norm)
        assert repeated.status == result.status

    def test_rotating_the_gradients(self, family):
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            gradients = family(rng)
            rotation = np.linalg.qr(rng.standard_normal((gradients.shape[1],) * 2))[0]
            result, rotated = min_norm_point(gradients), min_norm_point(gradients @ rotation)
            rounding = 1e-13 * float(np.linalg.norm(gradients, axis=1).max())
            assert abs(result.norm - rotated.norm) <= rounding + result.gap + rotated.gap

    @given(gradients_strategy, arrays(np.float64, 6, elements=st.floats(-1e3, 1e3, width=32)))
    @settings(max_examples=60, deadline=None)
    def test_one_more_gradient_never_raises_the_norm(self, gradients, extra):
        more = np.vstack([gradients, extra[: gradients.shape[1]]])
        assert min_norm_point(more).lower_bound <= min_norm_point(gradients).norm


class TestGoldenValues:
    def test_orthonormal_pair(self):
        result = min_norm_point([[1, 0], [0, 1]])
        assert result.weights == pytest.approx([0.5, 0.5], rel=1e-15)
        assert result.point == pytest.approx([0.5, 0.5], rel=1e-15)
        assert result.lower_bound <= math.sqrt(0.5) <= result.norm
        assert result.gap < 1e-14
        assert result.support == (0, 1)

    @pytest.mark.parametrize("cosine", [-0.999, -0.5, -0.1])
    def test_obtuse_pair(self, cosine):
        """Unit u, v with <u, v> = c: rho = sqrt((1 + c)/2)."""
        result = min_norm_point([[1, 0], [cosine, math.sqrt(1 - cosine**2)]])
        assert result.norm == pytest.approx(math.sqrt((1 + cosine) / 2), rel=1e-12)

    def test_three_unit_vectors_at_120_degrees_cancel(self):
        h = math.sqrt(3) / 2
        result = min_norm_point([[1, 0], [-0.5, h], [-0.5, -h]])
        assert result.status == "stationary"
        assert result.norm == 0.0
        assert result.point.tolist() == [0.0, 0.0]
        assert result.is_optimal()

    def test_angle_of_pi_minus_1e_8(self):
        result = min_norm_point([[1, 0], [-math.cos(1e-8), math.sin(1e-8)]])
        assert result.status == "optimal"
        assert result.norm == pytest.approx(math.sin(1e-8 / 2), rel=1e-15)

    @pytest.mark.parametrize("scale", [1e-150, 1e-100, 1.0, 1e100, 1e150])
    def test_scales(self, scale):
        result = min_norm_point([[3 * scale, 0], [0, 4 * scale]])
        assert result.norm == pytest.approx(2.4 * scale, rel=1e-14)
        assert result.weights == pytest.approx([0.64, 0.36], rel=1e-14)
        assert result.status == "optimal"

    def test_entries_lost_to_underflow_are_inside_the_bounds(self):
        result = min_norm_point([[1e300, 5e-324], [-1e300, 5e-324]])
        assert result.lower_bound <= 5e-324 <= result.norm
        assert result.status == "stationary"

    def test_lengths_300_decades_apart(self):
        result = min_norm_point([[1e150, 1e-150], [0, 1e-150]])
        assert result.status == "optimal"
        assert result.point.tolist() == [0.0, 1e-150]

    @pytest.mark.parametrize("m", [1, 2, 5])
    def test_equal_gradients(self, m):
        result = min_norm_point([[3.0, -4.0]] * m)
        assert result.point == pytest.approx([3.0, -4.0], rel=1e-15)
        assert result.norm == pytest.approx(5.0, rel=1e-14)

    @pytest.mark.parametrize("gradients", [[[0.0]], [[0, 0], [1, 2]], [[0.0, 0.0]] * 3])
    def test_a_zero_gradient_means_stationary(self, gradients):
        result = min_norm_point(gradients)
        assert result.status == "stationary"
        assert result.norm == result.lower_bound == 0.0
        assert "contains 0" in result.explain()

    def test_one_dimension(self):
        assert min_norm_point([[2.0], [5.0], [3.0]]).point.tolist() == [2.0]
        assert min_norm_point([[-2.0], [5.0]]).status == "stationary"

    def test_cancellation_down_to_rounding_is_stationary(self):
        """A rate of 1e-17 would change sign with the gradients' last digit."""
        result = min_norm_point([[1.0, 0.0], [-1.0, 2e-17]])
        assert result.status == "stationary"
        assert 0 < result.lower_bound <= 1e-17 <= result.norm <= result.rounding
        assert "Stationary within rounding" in result.explain()
        plain = min_norm_point([[1.0, 0.0], [-1.0, 2e-17]], method="wolfe")
        assert plain.status == "stationary"
        assert plain.gap > 1e-12 * plain.norm
        assert plain.is_optimal(1e-12)

    def test_a_short_gradient_among_long_ones_is_not_stationary(self):
        """Rounding is judged against the weighted lengths, not against the longest gradient."""
        result = min_norm_point([[1e-20, 0.0], [1.0, 1.0]])
        assert result.status == "optimal"
        assert result.norm == pytest.approx(1e-20, rel=1e-14)


class TestAgainstCvxpy:
    @pytest.mark.parametrize("seed", range(60))
    def test_norm_and_point(self, seed):
        rng = np.random.default_rng(seed)
        m, n = int(rng.integers(1, 15)), int(rng.integers(1, 30))
        gradients = rng.standard_normal((m, n)) + rng.choice([0.0, 0.5, 3.0])
        reference = oracle.min_norm_point(gradients)
        result = min_norm_point(gradients)
        assert result.norm == pytest.approx(reference.norm, abs=1e-6)
        assert result.lower_bound <= reference.norm + 1e-12
        assert np.abs(result.point - reference.point).max() <= 1e-4 * (1 + result.norm)

    @pytest.mark.parametrize("seed", range(20))
    def test_theorem_2_against_the_primal(self, seed):
        """min over |gamma| <= 1 of max_i <gamma, g_i> is -rho, attained at -x/rho."""
        rng = np.random.default_rng(1000 + seed)
        gradients = rng.standard_normal((int(rng.integers(2, 8)), 12)) + 0.3
        result = min_norm_point(gradients)
        primal = oracle.steepest_direction(gradients)
        assert primal.derivative == pytest.approx(-result.norm, abs=1e-7)
        assert np.abs(primal.direction + result.point / result.norm).max() <= 1e-4


class TestLarger:
    @pytest.mark.parametrize(("m", "n", "mean"), [(70, 300, 0.0), (300, 300, 1.0), (200, 20, 1.0)])
    def test_many_gradients(self, m, n, mean):
        gradients = np.random.default_rng(m).standard_normal((m, n)) + mean
        result = min_norm_point(gradients)
        assert result.status == "optimal"
        assert_kkt(result, gradients)

    def test_many_gradients_around_0(self):
        gradients = np.random.default_rng(5).standard_normal((300, 30))
        result = min_norm_point(gradients)
        assert result.status == "stationary"
        assert result.method == "wolfe"
        assert result.norm <= result.rounding

    def test_too_large_and_too_hard_is_undecided_and_says_so(self):
        """Rank 3 up to rounding, nearly stationary, and too many for exact arithmetic."""
        rng = np.random.default_rng(0)
        gradients = rng.standard_normal((700, 3)) @ rng.standard_normal((3, 20))
        gradients += 1e-11 * rng.standard_normal(20)
        result = min_norm_point(gradients)
        assert result.status == "undecided"
        assert result.lower_bound > 0.99 * result.norm
        assert 'method="exact"' in result.explain()


class TestResult:
    def test_it_is_plain_data(self):
        result = min_norm_point([[3.0, 0], [0, 4]])
        data = json.loads(json.dumps(result.to_dict()))
        assert data["status"] == "optimal"
        assert data["weights"] == pytest.approx([0.64, 0.36])
        assert data["point"] == pytest.approx([1.92, 1.44])
        assert "\n" not in repr(result)
        assert repr(result).startswith("MinNormResult(optimal, norm=2.4,")
        assert pickle.loads(pickle.dumps(result)).to_dict() == result.to_dict()
        with pytest.raises(ValueError, match="read-only"):
            result.weights[0] = 1.0

    def test_notebooks_show_the_bounds_and_the_weights(self):
        page = min_norm_point([[3.0, 0], [0, 4]])._repr_html_()
        assert "Optimal: the min norm lies in [" in page
        assert "<td>0.64</td><td>0.36</td>" in page
        assert "2.4 ≤ ρ ≤ 2.4" in page
        many = min_norm_point(np.eye(20))._repr_html_()
        assert "8 more" in many

    def test_is_optimal_at_a_tolerance(self):
        result = min_norm_point([[1.0, 0], [3.0, 1.0]], method="paper")
        assert result.is_optimal(1.0)
        assert not result.is_optimal(1e-15)
        with pytest.raises(InvalidInputError, match="tol"):
            result.is_optimal(-1.0)

    def test_explain_names_numbers(self):
        assert "Optimal: the min norm lies in [" in min_norm_point([[3.0, 4.0]]).explain()
        rng = np.random.default_rng(0)
        hard = min_norm_point(rng.standard_normal((10, 50)) + 100.0, method="paper")
        assert hard.status == "undecided"
        assert 'method="auto"' in hard.explain()


class TestBadInput:
    @pytest.mark.parametrize(
        ("gradients", "problem"),
        [
            ([1.0, 2.0], r"write \[\[\.\.\.\]\]"),
            ([], "empty"),
            ([[]], "empty"),
            (np.zeros((0, 3)), "empty"),
            ([[1.0, math.nan]], "NaN"),
            ([[math.inf, 1.0]], "infinity"),
            ([[1.0, 2.0], [3.0]], "rectangular"),
            ([[1j, 2.0]], "complex"),
            ([[True, False]], "booleans"),
            ([["1", "2"]], "not floating-point"),
            ([[Fraction(1, 3)]], "exact_min_norm"),
            (np.zeros((2, 2, 2)), "3 dimensions"),
            (3.0, "0 dimensions"),
            (None, "not floating-point"),
            ([[2**60 + 1]], "exact_min_norm"),
            ([[1e305]], "overflow"),
            ([[1e300], [5e-324]], "apart"),
        ],
    )
    def test_gradients(self, gradients, problem):
        with pytest.raises(InvalidInputError, match=problem) as caught:
            min_norm_point(gradients)
        assert caught.value.argument == "gradients"
        assert caught.value.remedy

    @pytest.mark.parametrize("tol", [0.0, -1.0, math.nan, math.inf, "x", None, True])
    def test_tol(self, tol):
        with pytest.raises(InvalidInputError, match="tol"):
            min_norm_point([[1.0]], tol=tol)

    def test_method(self):
        with pytest.raises(
            InvalidInputError, match="'auto', 'wolfe', 'double-double', 'exact', 'paper'"
        ):
            min_norm_point([[1.0]], method="simplex")

    def test_the_input_is_left_alone(self):
        gradients = np.array([[1.0, 2.0], [3.0, 4.0]])
        before = gradients.copy()
        min_norm_point(gradients)
        assert np.array_equal(gradients, before)
        assert gradients.flags.writeable


class TestGram:
    def test_exact_gram_matrices(self, family, brackets):
        """Integer points have integer Gram matrices: the bounds face the exact min norm."""
        for seed in SEEDS:
            points = np.rint(8 * family(np.random.default_rng(seed)) % 64)
            result = min_norm_weights(points @ points.T)
            exact = exact_min_norm(points.astype(int).tolist())
            assert brackets(result.lower_bound, result.norm, exact.squared_norm)
            assert result.status == ("stationary" if exact.stationary else "optimal")

    def test_agrees_with_the_gradients(self, family):
        for seed in SEEDS:
            gradients = family(np.random.default_rng(seed))
            largest = float(np.abs(gradients).max())
            gradients = gradients / (largest or 1.0)
            result = min_norm_weights(gradients @ gradients.T)
            reference = min_norm_point(gradients)
            # A Gram matrix resolves lengths to sqrt(eps).
            assert abs(result.norm - reference.norm) <= 3e-7 * (reference.size + 1e-7)

    def test_repeated_and_zero_rows(self):
        assert min_norm_weights([[0.0]]).status == "stationary"
        assert min_norm_weights([[4.0, 4.0], [4.0, 4.0]]).norm == pytest.approx(2.0)
        assert min_norm_weights([[0.0, 0.0], [0.0, 1.0]]).weights.tolist() == [1.0, 0.0]

    @pytest.mark.parametrize("power", [-508, 490])
    def test_scaling_by_a_power_of_four_is_exact(self, power):
        gradients = np.random.default_rng(0).standard_normal((4, 6))
        gram = gradients @ gradients.T
        result = min_norm_weights(gram)
        scaled = min_norm_weights(np.ldexp(gram, 2 * power))
        assert scaled.norm == math.ldexp(result.norm, power)
        assert scaled.lower_bound == math.ldexp(result.lower_bound, power)
        assert scaled.weights.tolist() == result.weights.tolist()

    @pytest.mark.parametrize("scale", [1e-280, 1e280])
    def test_scales(self, scale):
        result = min_norm_weights([[9 * scale, 0], [0, 16 * scale]])
        assert result.norm == pytest.approx(2.4 * math.sqrt(scale), rel=1e-13)

    def test_a_noisy_gram_matrix_is_shifted_and_coarser(self):
        """Float32 noise may push an eigenvalue below 0; rho is then known to that noise only."""
        gram = np.array([[1.0, -1.0 - 1e-7], [-1.0 - 1e-7, 1.0]])
        result = min_norm_weights(gram)
        assert result.status == "stationary"
        assert result.norm <= result.rounding < 1e-2
        shifted = check_gram(gram)
        assert 1e-7 <= shifted.shift <= 1e-6
        assert np.linalg.eigvalsh(shifted.gram)[0] >= 0

    @pytest.mark.parametrize(
        ("gram", "problem"),
        [
            ([[1.0, 2.0]], "not square"),
            ([1.0, 2.0], "not square"),
            ([[1.0, 0.5], [0.4, 1.0]], "not symmetric"),
            ([[1.0, 2.0], [2.0, 1.0]], "not positive semidefinite"),
            ([[-1.0]], "negative diagonal"),
            ([[0.0, 1.0], [1.0, 1.0]], "not positive semidefinite"),
            ([[math.nan]], "NaN"),
            ([[1, -0.9, -0.9], [-0.9, 1, -0.9], [-0.9, -0.9, 1]], "not positive semidefinite"),
            ([], "empty"),
        ],
    )
    def test_bad_input(self, gram, problem):
        with pytest.raises(InvalidInputError, match=problem) as caught:
            min_norm_weights(gram)
        assert caught.value.argument == "gram"


class TestMoreDigits:
    """Where float64 is too coarse, the next solver answers, and the better answer stays."""

    @pytest.mark.parametrize("m", [12, 33])
    def test_symmetric_weights_close_the_gap(self, m):
        """All weights are 1/m, which costs nothing to round, and rho is 1e-10 of the lengths."""
        points = np.eye(m) - (1 - 1e-10) / m
        result = min_norm_point(points)
        assert result.gap <= 1e-12 * result.norm

    @pytest.mark.parametrize("seed", range(4))
    def test_direction_of_many_gradients(self, seed):
        """The steepest-descent value is within ``10 eps max|g| / rho``, relative, of -rho."""
        rng = np.random.default_rng(seed)
        points = rng.standard_normal((14, 200)) + 0.5
        points = points[rng.integers(0, 14, 70)]
        points += 1e-12 * rng.standard_normal(points.shape)
        result = min_norm_point(points)
        unit = result.point / np.linalg.norm(result.point)
        worst = max(-math.fsum((unit * row).tolist()) for row in points)
        longest = float(np.linalg.norm(points, axis=1).max())
        assert abs(worst + exact_min_norm(points).norm) <= 10 * 2.0**-52 * longest

    @pytest.mark.parametrize("seed", [0, 2, 3])
    def test_dependent_points_in_many_dimensions(self, seed):
        """Rank 3 up to rounding, 0 nearly in the hull: double-double is not enough either."""
        rng = np.random.default_rng(seed)
        points = rng.standard_normal((120, 3)) @ rng.standard_normal((3, 40))
        points += 1e-9 * rng.standard_normal(40)
        result = min_norm_point(points)
        assert result.status == "optimal"
        assert result.lower_bound <= exact_min_norm(points).norm <= result.norm

    def test_a_worse_answer_is_not_taken(self, monkeypatch):
        """Double-double solvers that return the first vertex: float64's answer is better."""
        rng = np.random.default_rng(29)
        points = (rng.standard_normal((100, 12)) + 0.3) * 10.0 ** rng.uniform(-6, 6, 12)

        def first_vertex(gram, product, start):
            return np.eye(100)[0], np.zeros(100), 1

        before = min_norm_point(points, method="wolfe")
        monkeypatch.setattr("danskin.minnorm.finer.refined_weights", first_vertex)
        monkeypatch.setattr("danskin.minnorm.finer.wolfe_twofold", first_vertex)
        monkeypatch.setattr("danskin.minnorm.road.exact_points", lambda *args: args[2])
        after = min_norm_point(points)
        assert after.gap == before.gap
        assert min_norm_point(points, method="double-double").gap > 100 * before.gap


class TestUnusualContainers:
    def test_masked_entries_are_not_read(self):
        masked = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])
        with pytest.raises(InvalidInputError, match="gradients: holds masked entries"):
            min_norm_point(masked)
        assert min_norm_point(np.ma.masked_array([[1.0, 2.0]])).norm == pytest.approx(5**0.5)

    def test_a_tensor_with_a_graph(self):
        torch = pytest.importorskip("torch", reason="torch is not installed")
        with pytest.raises(InvalidInputError, match=r"gradients: .*detach"):
            min_norm_point(torch.eye(2, requires_grad=True))

    def test_subnormal_bounds_name_the_remedy(self):
        points = np.array([[3.0, 1.0], [1.0, 2.0]]) * 2.0**-1070
        result = min_norm_point(points)
        assert result.lower_bound <= exact_min_norm(points).norm <= result.norm
        assert result.status == "undecided"
        assert "power of two" in result.explain()
        assert min_norm_point(np.ldexp(points, 1070)).status == "optimal"
