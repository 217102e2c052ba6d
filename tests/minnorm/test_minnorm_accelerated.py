"""The paper's solver and Duchi's projection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from danskin.minnorm import min_norm_point, min_norm_weights
from danskin.minnorm.accelerated import accelerated_weights
from danskin.minnorm.projection import project_onto_simplex

vectors = arrays(np.float64, st.integers(1, 9), elements=st.floats(-1e6, 1e6))


@given(vectors)
def test_projection_conditions(vector):
    """p is the projection of v iff p is in the simplex and v - p is the same (its maximum)
    wherever p > 0 and no larger elsewhere."""
    p = project_onto_simplex(vector)
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1.0, abs=1e-9)
    residual = vector - p
    scale = 1e-9 * (1 + np.abs(vector).max())
    assert np.ptp(residual[p > 0]) <= scale
    assert (residual <= residual[p > 0].min() + scale).all()


@given(vectors, st.floats(-1e3, 1e3))
def test_projection_ignores_a_common_shift(vector, shift):
    moved = project_onto_simplex(vector + shift)
    assert moved == pytest.approx(project_onto_simplex(vector), abs=1e-8)


def test_projection_keeps_a_point_of_the_simplex():
    assert project_onto_simplex(np.array([0.25, 0.75])).tolist() == [0.25, 0.75]


def test_hundred_steps_solve_an_easy_problem():
    result = min_norm_point([[3.0, 0], [0, 4.0]], method="paper")
    assert result.weights == pytest.approx([0.64, 0.36], abs=1e-9)
    assert result.iterations == 100
    assert result.method == "paper"
    assert result.status == "optimal"


def test_a_large_common_part_is_not_solved_and_the_bounds_say_so():
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((10, 50)) + 100.0
    paper, ours = min_norm_point(gradients, method="paper"), min_norm_point(gradients)
    assert paper.status == "undecided"
    assert ours.status == "optimal"
    assert paper.lower_bound <= ours.norm
    assert paper.norm >= ours.lower_bound
    assert np.abs(paper.weights - ours.weights).max() > 0.01
    more = accelerated_weights(gradients @ gradients.T, iterations=200_0)
    assert np.abs(more - ours.weights).max() < np.abs(paper.weights - ours.weights).max()


def test_gradients_of_very_different_lengths_give_uphill_directions():
    """The first lower bound that is not positive is a direction nobody should follow."""
    uphill = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        gradients = rng.standard_normal((4, 6)) * 10.0 ** rng.uniform(0, 4, (4, 1))
        result = min_norm_point(gradients, method="paper")
        uphill += float((gradients @ result.point).min()) < 0
        if float((gradients @ result.point).min()) < 0:
            assert result.lower_bound == 0.0
            assert result.status != "optimal"
    assert uphill > 0


def test_the_step_without_the_factor_one_half_is_too_long():
    """Error (i): with a' G a as printed the step 1/|G| is twice the admissible one, and the
    accelerated iteration goes astray where the right step converges."""
    gram = np.array([[1.0, -0.9], [-0.9, 1.0]])
    right = accelerated_weights(gram)
    assert right == pytest.approx([0.5, 0.5], abs=1e-12)
    gram = np.array([[1.0, 0.0], [0.0, 0.5]])
    best = np.array([1 / 3, 2 / 3])
    right = accelerated_weights(gram, iterations=300)
    wrong = accelerated_weights(gram, iterations=300, half=False)
    assert np.abs(right - best).max() < 1e-9
    assert np.abs(wrong - best).max() > 1e-9


def test_all_zero_gradients():
    assert accelerated_weights(np.zeros((3, 3))).tolist() == [1 / 3] * 3
    assert min_norm_weights(np.zeros((3, 3)), method="paper").status == "stationary"


def test_blocks():
    weights = accelerated_weights(np.eye(4), sizes=(1, 3))
    assert weights == pytest.approx([1.0, 1 / 3, 1 / 3, 1 / 3])
