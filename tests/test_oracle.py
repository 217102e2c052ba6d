"""The cvxpy oracle, on problems with known answers."""

from __future__ import annotations

import builtins
import math

import numpy as np
import pytest

from danskin import oracle
from danskin.errors import InvalidInputError, MissingExtraError, SolverError


def test_min_norm_point():
    result = oracle.min_norm_point([[3.0, 0.0], [0.0, 4.0]])
    assert result.weights == pytest.approx([0.64, 0.36], abs=1e-5)
    assert result.point == pytest.approx([1.92, 1.44], abs=1e-5)
    assert result.norm == pytest.approx(2.4, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_scales(scale):
    result = oracle.min_norm_point([[3.0 * scale, 0.0], [0.0, 4.0 * scale]])
    assert result.norm == pytest.approx(2.4 * scale, rel=1e-9)
    direction = oracle.steepest_direction([[3.0 * scale, 0.0], [0.0, 4.0 * scale]])
    assert direction.derivative == pytest.approx(-2.4 * scale, rel=1e-9)


def test_product_min_norm():
    """The coupled-batch counterexample at s = 1: rho = 1/sqrt(5)."""
    result = oracle.product_min_norm([[[3.0, 1.0], [-1.0, -1.0]], [[-1.0, -1.0], [3.0, 1.0]]])
    assert result.norm == pytest.approx(1 / math.sqrt(5), rel=1e-8)


def test_steepest_direction_is_the_normalised_point():
    result = oracle.steepest_direction([[3.0, 0.0], [0.0, 4.0]])
    assert result.direction == pytest.approx([-0.8, -0.6], abs=1e-6)
    assert result.derivative == pytest.approx(-2.4, rel=1e-9)


def test_steepest_direction_at_a_stationary_point():
    assert oracle.steepest_direction([[1.0], [-1.0]]).derivative == pytest.approx(0.0, abs=1e-9)


def test_step_aware():
    gradients, values = [np.array([[-2.0], [-1.0]])], [np.array([1.0, 0.0])]
    inside = oracle.step_aware(gradients, values, step=0.75)
    assert inside.displacement == pytest.approx([1.0], abs=1e-5)
    assert inside.model_value == pytest.approx(-1.0, abs=1e-5)
    ball = oracle.step_aware(gradients, values, radius=0.25)
    assert ball.displacement == pytest.approx([0.25], abs=1e-7)


@pytest.mark.parametrize("both", [{}, {"step": 1.0, "radius": 1.0}])
def test_step_aware_takes_one_of_the_two(both):
    with pytest.raises(InvalidInputError, match="exactly one"):
        oracle.step_aware([[[1.0]]], [[0.0]], **both)


@pytest.mark.parametrize("gradients", [[], [1.0], [[math.nan]], [["x"]]])
def test_bad_gradients(gradients):
    with pytest.raises(InvalidInputError, match="gradients"):
        oracle.min_norm_point(gradients)


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf])
def test_step_and_radius_are_positive(size):
    with pytest.raises(InvalidInputError, match="step"):
        oracle.step_aware([[[1.0]]], [[0.0]], step=size)
    with pytest.raises(InvalidInputError, match="radius"):
        oracle.step_aware([[[1.0]]], [[0.0]], radius=size)


def test_an_unsolved_problem_is_an_error():
    import cvxpy as cp

    d = cp.Variable(1)
    with pytest.raises(SolverError, match="unbounded"):
        oracle._solve(cp.Problem(cp.Minimize(cp.sum(d))))


def test_without_cvxpy_the_error_names_the_pip_line(monkeypatch):
    original = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "cvxpy":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match="pip install"):
        oracle.min_norm_point([[1.0]])
