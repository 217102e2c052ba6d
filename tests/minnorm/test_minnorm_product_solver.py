"""The solver of the product form: (1/2) a'G a - c.a over one simplex per block.

Optimality, block by block: with s = G a - c, s_j >= sum over the block of a s, for all j. The
Frank-Wolfe gap sum over blocks of (a.s - min s) bounds what is left to gain.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from danskin.errors import InvalidInputError
from danskin.minnorm import product, product_min_norm, product_min_norm_weights
from danskin.minnorm.active_set import active_set
from danskin.minnorm.model import _triangular_factor
from danskin.minnorm.pairwise import best_vertices, pairwise_steps, pairwise_steps_on_points
from danskin.minnorm.product import PointForm, product_weights, product_weights_of_points

EPS = 2.0**-52


def blocks(rng, kind, n):
    """Points of some samples; sizes differ, some are 1."""
    sizes = rng.integers(1, 9, 15).tolist()
    base = rng.standard_normal(n)
    parts = []
    for size in sizes:
        own = rng.standard_normal((size, n))
        if kind == "agreeing":
            own = 0.2 * own + rng.standard_normal(n)
        elif kind == "common":
            own = own + 10 * base
        elif kind == "lengths":
            own = own * 10.0 ** rng.uniform(-2, 2, (size, 1))
        elif kind == "duplicates":
            own = own[rng.integers(0, size, size)]
        elif kind == "zeros":
            own[rng.integers(size)] = 0.0
        parts.append(own)
    return np.concatenate(parts) / 16, tuple(sizes)


KINDS = ["iid", "agreeing", "common", "lengths", "duplicates", "zeros"]


def gap_of(points, sizes, linear, weights):
    slope = points @ (weights @ points) - linear
    ends = np.cumsum(sizes)
    return sum(
        float(weights[e - k : e] @ (slope[e - k : e] - slope[e - k : e].min()))
        for k, e in zip(sizes, ends, strict=True)
    )


def check(points, sizes, linear, found):
    weights = found.weights
    assert (weights >= 0).all()
    for part in np.split(weights, np.cumsum(sizes)[:-1]):
        assert abs(part.sum() - 1) <= 1e-14
    true = gap_of(points, sizes, linear, weights)
    x = weights @ points
    size = float(weights @ np.linalg.norm(points, axis=1))
    longest = float(np.linalg.norm(points, axis=1).max())
    noise = (
        100 * EPS * (size * (size + longest * len(sizes)) + float(np.abs(linear * weights).sum()))
    )
    assert true <= 1e-12 * float(x @ x) + noise
    assert abs(found.gap - true) <= noise


@pytest.mark.parametrize("form", ["gram", "points"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [3, 40, 200])
def test_optimality(form, kind, n):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        points, sizes = blocks(rng, kind, n)
        for scale in (0.0, 0.1, 3.0):
            linear = scale * rng.standard_normal(len(points))
            if form == "gram":
                found = product_weights(points @ points.T, sizes, linear)
            else:
                found = product_weights_of_points(points, sizes, linear)
            check(points, sizes, linear, found)


@pytest.mark.parametrize("m", [2, 70, 150])
def test_one_block_with_a_linear_term(m):
    rng = np.random.default_rng(m)
    for n in (5, 100, 300):
        points = rng.standard_normal((m, n)) / 8
        linear = rng.standard_normal(m)
        check(points, (m,), linear, product_weights(points @ points.T, (m,), linear))


@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_the_active_set(kind):
    """Two methods that share nothing: the objective is the same, to its rounding."""
    for seed in range(3):
        rng = np.random.default_rng(10 + seed)
        points, sizes = blocks(rng, kind, 25)
        linear = 0.2 * rng.standard_normal(len(points))
        values = []
        for weights in (
            product_weights(points @ points.T, sizes, linear).weights,
            active_set(points, sizes, linear).weights,
        ):
            x = weights @ points
            values.append(0.5 * float(x @ x) - float(linear @ weights))
        assert values[0] == pytest.approx(values[1], rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_exact_arithmetic(seed, brackets):
    """Integer gradients, sizes that differ, against the rational solver."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    samples = [
        rng.integers(-4, 7, (int(rng.integers(1, 6)), n)).astype(float)
        for _ in range(int(rng.integers(2, 7)))
    ]
    exact = product_min_norm(samples, method="exact")
    stacked = np.concatenate(samples)
    sizes = [len(part) for part in samples]
    for result in (
        product_min_norm(samples),
        product_min_norm_weights(stacked @ stacked.T, sizes),
    ):
        assert result.lower_bound <= exact.norm
        assert result.norm >= exact.lower_bound
        assert (result.status == "stationary") == (exact.status == "stationary")


def test_hundreds_of_samples():
    rng = np.random.default_rng(1)
    own = 0.25 * rng.standard_normal((128, 10, 300)) + rng.standard_normal((128, 1, 300))
    points = own.reshape(-1, 300)
    gram = points @ points.T
    result = product_min_norm_weights(gram, [10] * 128)
    assert result.status == "optimal"
    assert result.gap <= 1e-12 * result.norm
    from_points = product_min_norm(list(own))
    assert from_points.norm == pytest.approx(result.norm, rel=1e-13)
    hard = rng.standard_normal((640, 400))
    result = product_min_norm_weights(hard @ hard.T, [10] * 64)
    assert result.gap <= 1e-11 * result.norm


def test_the_gap_is_not_taken_on_trust(monkeypatch):
    """Sweeps that spoil the weights, and a slope kept wrong, do not spoil the gap reported."""
    rng = np.random.default_rng(0)
    points, sizes = blocks(rng, "iid", 60)
    linear = np.zeros(len(points))

    def spoiled(gram, starts, linear, weights, slope, *rest):
        slope[:] = 0.0
        for first, end in itertools.pairwise(starts):
            weights[first:end] = 1.0 / (end - first)
        return 1, 0.0

    monkeypatch.setattr(product, "pairwise_steps", spoiled)
    monkeypatch.setattr(product, "TURNS", 0)
    found = product_weights(points @ points.T, sizes)
    true = gap_of(points, sizes, linear, found.weights)
    assert true > 1e-3
    assert found.gap == pytest.approx(true, rel=1e-12)


def test_pairwise_steps_only_go_down_and_keep_the_slope():
    rng = np.random.default_rng(2)
    points, sizes = blocks(rng, "iid", 30)
    gram, starts = points @ points.T, np.concatenate(([0], np.cumsum(sizes)))
    linear = 0.1 * rng.standard_normal(len(points))
    weights, slope = np.empty(len(points)), np.empty(len(points))
    best_vertices(gram, starts, linear, weights, slope)
    x = weights @ points
    other = weights.copy()
    form = PointForm(points, sizes)
    last = np.inf
    for _ in range(20):
        value = 0.5 * weights @ gram @ weights - linear @ weights
        assert value <= last + 1e-14
        last = value
        pairwise_steps(gram, starts, linear, weights, slope, 1, 3, 1e-14)
        pairwise_steps_on_points(points, form.blocks, starts, linear, other, x, 1, 3, 1e-14)
        assert slope == pytest.approx(gram @ weights - linear, abs=1e-12)
        assert x == pytest.approx(other @ points, abs=1e-12)
    for found in (weights, other):
        assert gap_of(points, sizes, linear, found) < 1e-2


def test_a_warm_start_ends_at_once():
    rng = np.random.default_rng(3)
    points, sizes = blocks(rng, "agreeing", 60)
    first = product_weights(points @ points.T, sizes)
    again = product_weights(points @ points.T, sizes, start=first.weights)
    assert again.iterations <= 1
    assert again.weights == pytest.approx(first.weights, abs=1e-12)


def test_a_matrix_that_no_gradients_have_is_refused():
    """Every pair is possible, a'G a is negative."""
    rng = np.random.default_rng(4)
    points = rng.standard_normal((60, 7))
    assert product_weights(points @ points.T, (6,) * 10).regular
    gram = np.kron(np.ones((10, 10)), 1.6 * np.eye(6) - 0.6) + 1e-3 * np.eye(60)
    with pytest.raises(InvalidInputError, match="positive semidefinite"):
        product_min_norm_weights(gram, [6] * 10)


def test_a_face_of_negative_curvature_is_told():
    """cos(a, b) = cos(b, c) = .9 = -cos(a, c): the minimizer over the face does not exist."""
    gram = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    form = product._GramForm(gram, np.array([0, 3]), np.zeros(3))
    now = product._at(form, np.full(3, 1 / 3))
    product._face_step(form, now, np.ones(3, dtype=bool))
    assert not form.regular


def test_pivoted_cholesky_gives_the_gram_matrix_back():
    rng = np.random.default_rng(5)
    points = rng.standard_normal((90, 12)) * 10.0 ** rng.uniform(-6, 6, (90, 1))
    points[3] = 0.0
    gram = points @ points.T
    found = _triangular_factor(gram)
    lengths = np.sqrt(gram.diagonal())
    assert found.shape[1] < 20
    assert (np.abs(found @ found.T - gram) <= 1e-13 * np.outer(lengths, lengths)).all()
