"""Many Gram matrices at once: feasible weights, bounds that hold, and what is refused.

For each problem of a batch, with w = G a:
    (1) a >= 0, sum a = 1;  (2) lower_bound <= rho <= norm;  (3) w_i >= a'w up to rounding.
rho comes from exact rational arithmetic on the very float64 entries of the gradients.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

import danskin.torch as dkt
from danskin.errors import InvalidInputError
from danskin.minnorm import exact_min_norm
from danskin.minnorm import min_norm_weights as one_at_a_time
from danskin.torch import batched

EPS = 2.0**-52
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]


def integers(rng, m, n):
    return rng.integers(-9, 10, (m, n)) + rng.integers(-9, 10, n)


def duplicates(rng, m, n):
    return integers(rng, m, n)[rng.integers(0, max(1, m // 2), m)]


def deficient(rng, m, n):
    return rng.integers(-4, 5, (m, 2)) @ rng.integers(-4, 5, (2, n)) + rng.integers(-2, 3, n)


def with_a_zero(rng, m, n):
    gradients = integers(rng, m, n)
    gradients[rng.integers(m)] = 0
    return gradients


def stationary(rng, m, n):
    gradients = integers(rng, m, n)
    gradients[-1] = -gradients[:-1].sum(axis=0)
    return gradients


def lengths_apart(rng, m, n):
    return integers(rng, m, n) * 10 ** rng.integers(0, 4, (m, 1))


FAMILIES = [integers, duplicates, deficient, with_a_zero, stationary, lengths_apart]


def draw(family, seed, count=24):
    """Integer gradients, hence exact Gram matrices."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(2, 9)), int(rng.integers(2, 9))
    return [family(rng, m, n) for _ in range(count)]


def grams_of(batch, device="cpu"):
    return torch.stack([torch.tensor(g @ g.T, dtype=torch.float64) for g in batch]).to(device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(4))
def test_bounds_against_exact_arithmetic(family, seed, device):
    batch = draw(family, seed)
    result = dkt.min_norm_weights(grams_of(batch, device))
    assert result.weights.device.type == device
    assert (result.weights >= 0).all()
    assert (result.weights.sum(-1) - 1).abs().max() <= 1e-14
    for i, gradients in enumerate(batch):
        exact = exact_min_norm(gradients.tolist())
        assert Fraction(result.lower_bound[i].item()) ** 2 <= exact.squared_norm
        assert Fraction(result.norm[i].item()) ** 2 >= exact.squared_norm
        assert bool(result.stationary[i]) == exact.stationary
        if not exact.stationary:
            # Weights rounded to float64 cost up to about eps (longest / rho)^2.
            ratio = float(np.abs(gradients @ gradients.T).max() / exact.squared_norm)
            allowed = 1e-13 + 4 * (len(gradients) + 4) * EPS * ratio
            assert result.gap[i] <= allowed * result.norm[i]
            assert bool(result.optimal[i]) or allowed > result.tol


@pytest.mark.parametrize("m", [1, 2, 3, 10, 40])
def test_optimality_conditions(m):
    generator = torch.Generator().manual_seed(m)
    gradients = torch.randn(64, m, 200, generator=generator, dtype=torch.float64)
    gradients += torch.randn(64, 1, 200, generator=generator, dtype=torch.float64)
    grams = gradients @ gradients.mT
    result = dkt.min_norm_weights(grams)
    w = (grams @ result.weights[:, :, None])[:, :, 0]
    square = (result.weights * w).sum(-1)
    assert (square - w.amin(-1) <= 1e-13 * square).all()
    assert result.optimal.all()
    assert (result.norm - square.sqrt()).abs().max() <= 1e-12 * result.norm.max()


def test_agrees_with_the_solver_for_one_problem():
    generator = torch.Generator().manual_seed(0)
    gradients = torch.randn(20, 6, 15, generator=generator, dtype=torch.float64) + 0.3
    grams = gradients @ gradients.mT
    result = dkt.min_norm_weights(grams)
    for i in range(20):
        one = one_at_a_time(grams[i].numpy())
        assert result.norm[i].item() == pytest.approx(one.norm, rel=1e-12)
        assert result.weights[i].numpy() == pytest.approx(one.weights, abs=1e-9)


def test_a_problem_does_not_depend_on_its_neighbours():
    """Easy and hard ones in one batch: each is done when it is done."""
    rng = np.random.default_rng(3)
    batch = [family(rng, 6, 7) for family in FAMILIES for _ in range(5)]
    together = dkt.min_norm_weights(grams_of(batch))
    for i in range(len(batch)):
        alone = dkt.min_norm_weights(grams_of([batch[i]]))
        assert together.norm[i].item() == pytest.approx(alone.norm[0].item(), rel=1e-10)
        assert together.stationary[i] == alone.stationary[0]


def test_without_looking_at_the_batch_the_answer_is_the_same(monkeypatch):
    """Where looking means waiting, finished problems go on for a few rounds, to no harm."""
    grams = grams_of(draw(lengths_apart, 5))
    plain = dkt.min_norm_weights(grams)

    original = batched._minimise
    monkeypatch.setattr(
        batched,
        "_minimise",
        lambda gram, unit, look: original(gram, unit, 3 * look),
    )
    result = dkt.min_norm_weights(grams)
    assert (result.norm - plain.norm).abs().max() <= 1e-13 * plain.norm.max()


@pytest.mark.parametrize("power", [-480, -3, 5, 480])
def test_scaling_by_powers_of_two_is_exact(power):
    grams = grams_of(draw(integers, 6))
    plain = dkt.min_norm_weights(grams)
    scaled = dkt.min_norm_weights(torch.ldexp(grams, torch.tensor(2 * power)))
    assert torch.equal(scaled.weights, plain.weights)
    assert torch.equal(scaled.norm, torch.ldexp(plain.norm, torch.tensor(power)))
    assert torch.equal(scaled.lower_bound, torch.ldexp(plain.lower_bound, torch.tensor(power)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_less_precise_matrices(dtype):
    """Bounds hold for the entries as given; what these cannot tell from 0 is stationary."""
    gradients = torch.tensor([[[3.0, 0.0], [0.0, 4.0]], [[1.0, 0.0], [-1.0, 0.0]]], dtype=dtype)
    result = dkt.min_norm_weights(gradients @ gradients.mT)
    assert result.weights.dtype == torch.float64
    assert result.norm[0].item() == pytest.approx(2.4, rel=1e-12)
    assert result.stationary.tolist() == [False, True]
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(50, 8, 4, generator=generator).to(dtype)
    assert not dkt.min_norm_weights((noisy @ noisy.mT + (noisy @ noisy.mT).mT) / 2).undecided.all()


def test_shapes():
    gram = torch.tensor([[1.0, -0.5], [-0.5, 1.0]], dtype=torch.float64)
    one = dkt.min_norm_weights(gram)
    assert one.weights.tolist() == pytest.approx([0.5, 0.5])
    assert one.norm.shape == torch.Size([])
    assert one.norm.item() == pytest.approx(0.5)
    many = dkt.min_norm_weights(gram.expand(3, 4, 2, 2))
    assert many.weights.shape == (3, 4, 2)
    assert many.norm.shape == many.optimal.shape == (3, 4)
    assert dkt.min_norm_weights(gram.new_empty(0, 2, 2)).weights.shape == (0, 2)
    single = dkt.min_norm_weights(torch.tensor([[[4.0]], [[0.0]]]))
    assert single.weights.tolist() == [[1.0], [1.0]]
    assert single.norm.tolist() == pytest.approx([2.0, 0.0])
    assert single.stationary.tolist() == [False, True]
    assert single.norm[1] == 0.0


def test_no_graph_and_no_change_of_the_input():
    grams = torch.eye(3, dtype=torch.float64).repeat(2, 1, 1).requires_grad_()
    before = grams.detach().clone()
    result = dkt.min_norm_weights(grams)
    assert not result.weights.requires_grad
    assert torch.equal(grams.detach(), before)


def test_result_is_plain_data():
    grams = grams_of([np.array([[3, 0], [0, 4]]), np.array([[1, 0], [-1, 0]])])
    result = dkt.min_norm_weights(grams)
    assert json.loads(json.dumps(result.to_dict()))["stationary"] == [False, True]
    assert repr(result) == "BatchedMinNorm(2 of m=2: 1 optimal, 1 stationary, 0 undecided)"
    assert "none is undecided" in result.explain()
    strict = dkt.min_norm_weights(grams, tol=1e-300)
    assert "1 are undecided" in strict.explain()


BAD = torch.eye(2, dtype=torch.float64)


@pytest.mark.parametrize(
    ("grams", "problem"),
    [
        ([[1.0]], "not a tensor"),
        (torch.eye(2, dtype=torch.int64), "int64"),
        (torch.eye(2, dtype=torch.complex64), "complex64"),
        (torch.ones(2), "shape"),
        (torch.ones(2, 3), "shape"),
        (torch.ones(2, 0, 0), "shape"),
        (BAD * math.nan, "NaN or infinity"),
        (BAD * math.inf, "NaN or infinity"),
        (torch.stack((BAD, -BAD)), "negative diagonal"),
        (torch.tensor([[1.0, 0.5], [0.0, 1.0]]), "not symmetric"),
        (torch.tensor([[1.0, 2.0], [2.0, 1.0]]), "not positive semidefinite"),
        (torch.tensor([[0.0, 1.0], [1.0, 1.0]]), "not positive semidefinite"),
        (-0.5 * torch.ones(4, 4) + 1.5 * torch.eye(4), "not positive semidefinite"),
    ],
)
def test_bad_grams(grams, problem):
    with pytest.raises(InvalidInputError, match=f"^grams: .*{problem}"):
        dkt.min_norm_weights(grams)


@pytest.mark.parametrize("tol", [0.0, -1.0, math.nan, math.inf, True, "1e-9"])
def test_bad_tolerance(tol):
    with pytest.raises(InvalidInputError, match=r"^tol:"):
        dkt.min_norm_weights(BAD, tol=tol)
