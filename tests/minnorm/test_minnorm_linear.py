"""Step-aware programs: a fixed step, and a trust region with its special cases.

Duality: for d = -step x the proximal model's value is at least the dual's, with equality iff
    (1) weights on the simplices, (2) weight only on points that attain the model's maximum at d.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin import oracle
from danskin.errors import InvalidInputError
from danskin.minnorm import (
    exact_min_norm,
    min_norm_point,
    step_aware_point,
    step_aware_weights,
    trust_region_point,
    trust_region_weights,
)
from danskin.minnorm.model import Model
from danskin.minnorm.trust import _crossing


def draw(seed):
    """A batch of 1 to 4 samples; values continuous, or from two levels so that ties occur."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 10))
    counts = rng.integers(1, 8, int(rng.integers(1, 5))).tolist()
    shift = rng.choice([0.0, 1.0])
    gradients = [rng.standard_normal((count, n)) + shift for count in counts]
    values = [
        0.3 * rng.standard_normal(count) if rng.random() < 0.5 else rng.integers(0, 2, count) / 2
        for count in counts
    ]
    return gradients, values, float(10.0 ** rng.uniform(-2, 2))


def model(gradients, values, d):
    return np.mean([(v + g @ d).max() for g, v in zip(gradients, values, strict=True)])


def dual(gradients, values, weights, step):
    stacked = np.concatenate(gradients)
    x = weights @ stacked / len(gradients)
    return weights @ np.concatenate(values) / len(gradients) - step / 2 * x @ x


class TestFixedStep:
    @pytest.mark.parametrize("seed", range(50))
    def test_gap_by_hand_and_against_cvxpy(self, seed):
        gradients, values, step = draw(seed)
        stacked, heights = np.concatenate(gradients), np.concatenate(values)
        sizes = [len(part) for part in gradients]
        result = step_aware_point(stacked, heights, step, sizes=sizes)
        d = result.displacement
        primal = model(gradients, values, d) + d @ d / (2 * step)
        scale = 1 + abs(primal) + step
        assert primal - dual(gradients, values, result.weights, step) <= 1e-9 * scale
        assert np.linalg.norm(d) == pytest.approx(result.step * result.norm, abs=1e-13)
        assert result.status in ("optimal", "stationary")
        reference = oracle.step_aware(gradients, values, step=step)
        error = np.linalg.norm(d - reference.displacement)
        assert error <= 1e-4 * (1e-2 + np.linalg.norm(reference.displacement))

    @pytest.mark.parametrize("seed", range(30))
    def test_the_gram_form_agrees(self, seed):
        gradients, values, step = draw(seed)
        stacked, heights = np.concatenate(gradients), np.concatenate(values)
        sizes = [len(part) for part in gradients]
        result = step_aware_point(stacked, heights, step, sizes=sizes)
        other = step_aware_weights(stacked @ stacked.T, heights, step, sizes=sizes)
        x = other.weights @ stacked / len(sizes)
        assert -step * x == pytest.approx(result.displacement, abs=1e-6 * (1 + step))
        assert other.displacement is None

    def test_a_small_step_follows_the_highest_value(self):
        gradients = [[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
        result = step_aware_point(gradients, [1.0, 0.9, 0.0], 1e-6)
        assert result.weights.tolist() == [1.0, 0.0, 0.0]
        assert result.displacement == pytest.approx([-1e-6, 0.0])

    def test_a_large_step_tends_to_the_min_norm_point(self):
        rng = np.random.default_rng(3)
        gradients = rng.standard_normal((5, 12)) + 0.5
        result = step_aware_point(gradients, rng.standard_normal(5), 1e7)
        x = min_norm_point(gradients).point
        assert -result.displacement / 1e7 == pytest.approx(x, abs=1e-5)

    @given(st.floats(-1e6, 1e6), st.floats(1e-8, 1e8))
    @settings(max_examples=40, deadline=None)
    def test_a_common_shift_of_the_values_moves_nothing(self, shift, step):
        gradients = np.array([[1.0, 2.0], [-1.0, 0.5], [0.25, -3.0]])
        values = np.array([0.5, 0.25, 0.0])
        plain = step_aware_point(gradients, values, step)
        moved = step_aware_point(gradients, values + 2.0 * np.rint(shift), step)
        assert moved.displacement == pytest.approx(plain.displacement, rel=1e-6, abs=1e-9)

    @pytest.mark.parametrize("power", [-480, 480])
    def test_scaling(self, power):
        """Gradients by 2^k and the step by 4^-k scale d by 2^-k."""
        gradients, values, _ = draw(4)
        stacked, heights = np.concatenate(gradients), np.concatenate(values)
        sizes = [len(part) for part in gradients]
        plain = step_aware_point(stacked, heights, 0.5, sizes=sizes)
        scaled = step_aware_point(
            np.ldexp(stacked, power), heights, math.ldexp(0.5, -2 * power), sizes=sizes
        )
        assert scaled.weights.tolist() == plain.weights.tolist()
        assert np.ldexp(scaled.displacement, power) == pytest.approx(plain.displacement, rel=1e-14)

    def test_weights_that_are_not_optimal_are_found_out(self, monkeypatch):
        """The gap judges any weights: at least what the true optimum gains over them."""
        gradients, values = np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([0.5, 0.0])
        best = step_aware_point(gradients, values, 0.25)
        uniform = np.array([0.5, 0.5])
        monkeypatch.setattr(Model, "dual_weights", lambda *_: uniform)
        result = step_aware_point(gradients, values, 0.25)
        assert result.status == "undecided"
        d = result.displacement
        primal = model([gradients], [values], d) + d @ d / 0.5
        assert result.gap >= primal - dual([gradients], [values], uniform, 0.25) > 1e-3
        assert best.decrease <= result.decrease + result.gap
        assert "Undecided" in result.explain()

    def test_values_out_of_reach_do_not_overflow(self):
        result = step_aware_point([[1.0], [-1.0]], [0.0, -1e300], 1e-300)
        assert result.weights.tolist() == [1.0, 0.0]
        assert result.displacement.tolist() == [-1e-300]


class TestTrustRegion:
    @pytest.mark.parametrize("radius", [0.25, 0.5, 1.0, 1.5, 40.0])
    def test_a_plateau_of_steps(self, radius):
        """Values 1, 0 and gradients -2, -1: every step in [1/2, 1] gives d = 1."""
        result = trust_region_point([[-2.0], [-1.0]], [1, 0], radius)
        assert result.displacement == pytest.approx([radius], rel=1e-12)
        assert result.case == "boundary"
        assert result.status == "optimal"
        if radius == 1.0:
            assert 0.5 - 1e-12 <= result.step <= 1.0 + 1e-12

    @pytest.mark.parametrize("form", [trust_region_point, trust_region_weights])
    def test_the_least_norm_minimizer_inside_the_ball(self, form):
        """max(1 - 2d, d) is least at d = 1/3; no step reaches further."""
        gradients = np.array([[-2.0], [1.0]])
        given = gradients if form is trust_region_point else gradients @ gradients.T
        result = form(given, [1, 0], 1.0)
        assert result.case == "least_norm_minimizer"
        assert -result.step * (result.weights @ gradients) == pytest.approx([1 / 3], rel=1e-9)
        assert result.decrease == pytest.approx(2 / 3, rel=1e-9)

    @pytest.mark.parametrize("radius", [1e-3, 1 / 3 - 1e-9])
    def test_the_ball_ends_before_that_minimizer(self, radius):
        result = trust_region_point([[-2.0], [1.0]], [1, 0], radius)
        assert result.case == "boundary"
        assert result.displacement == pytest.approx([radius], rel=1e-9)

    @pytest.mark.parametrize(
        ("gradients", "values"),
        [([[1.0], [-1.0]], [0, 0]), ([[1.0], [-2.0], [5.0]], [3, 3, -1]), ([[0.0]], [1])],
    )
    @pytest.mark.parametrize("radius", [1e-6, 1.0, 1e6])
    def test_a_tie_at_the_top_around_0_means_no_step(self, gradients, values, radius):
        result = trust_region_point(gradients, values, radius)
        assert result.status == "stationary"
        assert result.case == "stationary"
        assert result.step == 0.0
        assert result.displacement.tolist() == [0.0]
        assert "step is 0" in result.explain()

    @pytest.mark.parametrize("seed", range(60))
    def test_against_cvxpy(self, seed):
        gradients, values, radius = draw(500 + seed)
        radius = min(radius, 5.0)
        stacked, heights = np.concatenate(gradients), np.concatenate(values)
        sizes = [len(part) for part in gradients]
        result = trust_region_point(stacked, heights, radius, sizes=sizes)
        assert result.status in ("optimal", "stationary")
        d = result.displacement
        assert np.linalg.norm(d) <= radius * (1 + 1e-14)
        if result.case == "boundary":
            assert np.linalg.norm(d) == pytest.approx(radius, rel=1e-13)
        reference = oracle.step_aware(gradients, values, radius=radius)
        assert model(gradients, values, d) == pytest.approx(reference.model_value, abs=2e-6)
        top = np.mean([part.max() for part in values])
        assert top - result.decrease == pytest.approx(model(gradients, values, d), abs=1e-11)

    @pytest.mark.parametrize("seed", range(30))
    def test_the_gram_form_agrees(self, seed):
        gradients, values, radius = draw(600 + seed)
        stacked, heights = np.concatenate(gradients), np.concatenate(values)
        sizes = [len(part) for part in gradients]
        result = trust_region_point(stacked, heights, radius, sizes=sizes)
        other = trust_region_weights(stacked @ stacked.T, heights, radius, sizes=sizes)
        assert other.case == result.case
        d = -other.step * other.weights @ stacked / len(sizes)
        assert d == pytest.approx(result.displacement, abs=1e-5 * radius)

    def test_crossing_the_unit_sphere(self):
        assert _crossing(np.array([0.6, 0.0]), np.array([0.6, 1.6])) == pytest.approx(0.5)
        assert _crossing(np.array([0.0]), np.array([4.0])) == pytest.approx(0.25)

    def test_inverts_the_fixed_step(self):
        """The trust region of radius |d(step)| gives d(step) back."""
        for seed in range(20):
            gradients, values, step = draw(700 + seed)
            stacked, heights = np.concatenate(gradients), np.concatenate(values)
            sizes = [len(part) for part in gradients]
            fixed = step_aware_point(stacked, heights, step, sizes=sizes)
            radius = fixed.step * fixed.norm
            if fixed.status == "optimal":
                back = trust_region_point(stacked, heights, radius, sizes=sizes)
                assert back.displacement == pytest.approx(fixed.displacement, abs=1e-7 * radius)

    @pytest.mark.parametrize("power", [-450, 450])
    def test_scaling(self, power):
        """Values by 2^k with gradients by 2^k leave d as it is."""
        gradients = np.array([[1.0, 2.0], [-1.0, 0.5], [0.25, -3.0]])
        values = np.array([0.5, 0.25, 0.0])
        plain = trust_region_point(gradients, values, 0.1)
        scaled = trust_region_point(np.ldexp(gradients, power), np.ldexp(values, power), 0.1)
        assert scaled.displacement == pytest.approx(plain.displacement, rel=1e-12)


def test_result_is_plain_data():
    result = trust_region_point([[-2.0], [1.0]], [1, 0], 1.0)
    assert json.loads(json.dumps(result.to_dict()))["case"] == "least_norm_minimizer"
    assert "\n" not in repr(result)
    assert "minimizer of least norm" in result.explain()
    assert "For step 2" in step_aware_point([[1.0]], [0.0], 2).explain()


@pytest.mark.parametrize("solve", [step_aware_point, trust_region_point])
@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        (([[1.0], [2.0]], [0.0], 1.0), "values"),
        (([[1.0]], [math.nan], 1.0), "values"),
        (([[1.0]], [[0.0]], 1.0), "values"),
        (([[math.inf]], [0.0], 1.0), "gradients"),
        (([[1.0]], [0.0], 0.0), "step|radius"),
        (([[1.0]], [0.0], -1.0), "step|radius"),
        (([[1.0]], [0.0], math.inf), "step|radius"),
        (([[1.0]], [0.0], True), "step|radius"),
    ],
)
def test_bad_input(solve, arguments, argument):
    with pytest.raises(InvalidInputError, match=f"^({argument}):"):
        solve(*arguments)


def exactly(gradients, values, result):
    """The model's decrease at the displacement as returned, and |d|^2, in rational arithmetic."""
    d = [Fraction(x) for x in result.displacement.tolist()]
    heights = [
        Fraction(v) + sum(Fraction(g) * x for g, x in zip(row, d, strict=True))
        for row, v in zip(gradients.tolist(), values.tolist(), strict=True)
    ]
    return max(Fraction(v) for v in values.tolist()) - max(heights), sum(x * x for x in d)


def hardly_any_length(rng):
    """0 within 1e-9 of an edge: x loses seven digits in float64, and d with it."""
    n = int(rng.integers(3, 9))
    points = rng.standard_normal((6, n))
    points[:2, 0] = 10.0 ** rng.uniform(-11, -7)
    points[1, 1:] = -points[0, 1:] * rng.uniform(0.5, 2)
    points[2:, 0] = np.abs(points[2:, 0]) + 0.1
    return points @ np.linalg.qr(rng.standard_normal((n, n)))[0]


class TestClaimsHoldForTheReturnedStep:
    """`decrease` and `gap` are about `displacement` as it is, after its own rounding."""

    @pytest.mark.parametrize("seed", range(12))
    def test_fixed_step(self, seed):
        """The best decrease lies between: an exact dual solution says where it is."""
        rng = np.random.default_rng(seed)
        gradients, eta = hardly_any_length(rng), float(10.0 ** rng.uniform(-3, 3))
        values = np.zeros(6)
        result = step_aware_point(gradients, values, eta)
        decrease, square = exactly(gradients, values, result)
        decrease -= square / (2 * Fraction(eta))
        best = Fraction(eta) / 2 * exact_min_norm(gradients).squared_norm  # all values tied
        assert best - decrease <= Fraction(result.gap)
        allowed = Fraction(1e-13) * abs(decrease) + Fraction(result.gap)
        assert result.decrease == 0 or abs(decrease - Fraction(result.decrease)) <= allowed

    @pytest.mark.parametrize("seed", range(12))
    def test_trust_region(self, seed):
        rng = np.random.default_rng(seed)
        gradients, radius = hardly_any_length(rng), float(10.0 ** rng.uniform(-3, 3))
        values = np.zeros(6)
        result = trust_region_point(gradients, values, radius)
        decrease, square = exactly(gradients, values, result)
        best = Fraction(radius) * Fraction(exact_min_norm(gradients).norm)
        assert square <= Fraction(radius) ** 2 * (1 + Fraction(1, 10**14))
        assert best * (1 - Fraction(1, 10**15)) - decrease <= Fraction(result.gap)

    def test_a_huge_step(self):
        result = step_aware_point(np.eye(3), [0, 0, 0], 1e300)
        assert result.status == "optimal"
        assert result.step * result.norm == pytest.approx(1e300 / math.sqrt(3), rel=1e-12)

    def test_stationary_leaves_open_what_the_dual_does(self):
        """0 within 1e-17 of the hull: d = 0 is returned, decreases nothing, and says so."""
        gradients = np.array([[1.0, 1e-17], [-1.0, 1e-17]])
        result = step_aware_point(gradients, [0.0, 0.0], 1.0)
        if result.status == "stationary":
            assert result.decrease == 0
            assert not result.displacement.any()
            assert result.gap >= 0.5e-34
