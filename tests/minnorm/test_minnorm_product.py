"""One simplex per sample: min |(1/B) sum_i sum_j a_ij g_ij|.

Optimality, block by block: with x = (1/B) sum a_ij g_ij, for every sample i and every j
<x, g_ij> >= sum_k a_ik <x, g_ik>. The certificate is (1/B) sum_i min_j <u, g_ij> <= rho <= |x|.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from danskin import oracle
from danskin.errors import InvalidInputError
from danskin.minnorm import (
    exact_min_norm,
    min_norm_point,
    min_norm_weights,
    product_min_norm,
    product_min_norm_weights,
)


def joint_gradients(samples):
    """All means of one gradient per sample: the vertices of the Minkowski mean of the hulls."""
    return np.array([np.mean(choice, axis=0) for choice in itertools.product(*samples)])


def random_samples(rng, family=None):
    n = int(rng.integers(1, 6))
    sizes = rng.integers(1, 4, int(rng.integers(1, 4)))
    shift = rng.choice([0.0, 1.0])
    return [rng.standard_normal((size, n)) + shift for size in sizes.tolist()]


@pytest.mark.parametrize("seed", range(60))
def test_equals_the_min_norm_over_all_joint_gradients(seed):
    rng = np.random.default_rng(seed)
    samples = random_samples(rng)
    result = product_min_norm(samples)
    joint = min_norm_point(joint_gradients(samples))
    assert result.status == joint.status
    assert max(result.lower_bound, joint.lower_bound) <= min(result.norm, joint.norm) * (1 + 1e-14)
    assert np.abs(result.point - joint.point).max() <= 1e-7


@pytest.mark.parametrize("method", ["auto", "exact", "wolfe", "paper"])
@pytest.mark.parametrize("seed", range(15))
def test_bounds_hold_against_exact_arithmetic(seed, method, brackets):
    """With B a power of two and integer gradients the joint gradients are exact."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    samples = [rng.integers(-9, 10, (int(rng.integers(1, 4)), n)).astype(float) for _ in range(2)]
    exact = exact_min_norm(joint_gradients(samples).tolist())
    result = product_min_norm(samples, method=method)
    assert brackets(result.lower_bound, result.norm, exact.squared_norm)
    if method in ("auto", "exact"):
        assert result.status == ("stationary" if exact.stationary else "optimal")
    if method == "exact" and not exact.stationary:
        assert result.gap <= 2 * math.ulp(result.norm)
        assert result.point.tolist() == [float(x) for x in exact.point]


@pytest.mark.parametrize("seed", range(30))
def test_kkt_block_by_block(seed):
    rng = np.random.default_rng(100 + seed)
    samples = [rng.standard_normal((int(rng.integers(1, 9)), 40)) + 0.3 for _ in range(6)]
    result = product_min_norm(samples)
    first = 0
    for part in samples:
        weights = result.weights[first : first + len(part)]
        first += len(part)
        assert (weights >= 0).all()
        assert weights.sum() == pytest.approx(1.0, abs=1e-14)
        inner = part @ result.point
        assert (inner >= weights @ inner - 1e-9).all()
    assert first == result.weights.size
    assert result.is_optimal(1e-9)


@pytest.mark.parametrize("seed", range(15))
def test_against_cvxpy(seed):
    rng = np.random.default_rng(200 + seed)
    samples = [rng.standard_normal((int(rng.integers(1, 6)), 15)) + 0.2 for _ in range(5)]
    result, reference = product_min_norm(samples), oracle.product_min_norm(samples)
    assert result.norm == pytest.approx(reference.norm, abs=1e-6)
    assert np.abs(result.point - reference.point).max() <= 1e-4


@pytest.mark.parametrize("s", [1.0, 0.25, -3.0])
def test_the_coupled_batch_counterexample(s):
    """Rows e+w, e-w for both samples, w = 2e + s f: rho = |s| / sqrt(4 + s^2)."""
    a, b = [3.0, s], [-1.0, -s]
    result = product_min_norm([[a, b], [b, a]])
    assert result.norm == pytest.approx(abs(s) / math.hypot(2, s), rel=1e-12)
    assert result.sizes == (2, 2)


def test_one_sample_is_the_plain_problem(family):
    for seed in range(10):
        gradients = family(np.random.default_rng(seed))
        plain, product = min_norm_point(gradients), product_min_norm([gradients])
        assert plain.to_dict() == product.to_dict()


def test_permuting_samples_and_repeating_a_gradient():
    rng = np.random.default_rng(7)
    samples = [rng.standard_normal((3, 20)) for _ in range(4)]
    norm = product_min_norm(samples).norm
    assert product_min_norm(samples[::-1]).norm == pytest.approx(norm, rel=1e-12)
    repeated = [np.vstack([part, part[:1]]) for part in samples]
    assert product_min_norm(repeated).norm == pytest.approx(norm, rel=1e-12)


@pytest.mark.parametrize("power", [-450, 450])
def test_scaling_by_a_power_of_two(power):
    rng = np.random.default_rng(8)
    samples = [rng.standard_normal((3, 20)) for _ in range(4)]
    result = product_min_norm(samples)
    scaled = product_min_norm([np.ldexp(part, power) for part in samples])
    assert scaled.norm == math.ldexp(result.norm, power)
    assert scaled.weights.tolist() == result.weights.tolist()


def test_opposite_samples_are_stationary():
    result = product_min_norm([[[1.0, 2.0]], [[-1.0, -2.0]]])
    assert result.status == "stationary"
    assert result.norm == 0.0


def test_gram_form():
    rng = np.random.default_rng(9)
    samples = [rng.standard_normal((size, 30)) for size in (2, 1, 4)]
    stacked = np.vstack(samples)
    result = product_min_norm_weights(stacked @ stacked.T, sizes=[2, 1, 4])
    reference = product_min_norm(samples)
    assert result.norm == pytest.approx(reference.norm, rel=1e-12)
    assert result.weights == pytest.approx(reference.weights, abs=1e-7)
    whole = product_min_norm_weights(stacked @ stacked.T, sizes=[7])
    assert whole.norm == min_norm_weights(stacked @ stacked.T).norm


def test_a_larger_batch():
    rng = np.random.default_rng(10)
    base = rng.standard_normal((32, 1, 100))
    result = product_min_norm(list(base + 0.3 * rng.standard_normal((32, 10, 100))))
    assert result.status == "optimal"
    assert result.weights.size == 320


@pytest.mark.parametrize(
    ("gradients", "argument"),
    [
        ([], "gradients"),
        (3, "gradients"),
        ([[[1.0, 2.0]], [[1.0]]], "gradients"),
        ([[[1.0]], [[math.nan]]], r"gradients\[1\]"),
        ([[[1.0]], []], r"gradients\[1\]"),
        ([[1.0, 2.0]], r"gradients\[0\]"),
    ],
)
def test_bad_gradients(gradients, argument):
    with pytest.raises(InvalidInputError, match=f"^{argument}:"):
        product_min_norm(gradients)


@pytest.mark.parametrize("sizes", [[], [1], [3], [0, 2], [1.0, 1.0], [True, 1], 2, ["a", "b"]])
def test_bad_sizes(sizes):
    with pytest.raises(InvalidInputError, match=r"^sizes:"):
        product_min_norm_weights(np.eye(2), sizes=sizes)
