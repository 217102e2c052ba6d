"""`MinNormWeighting` under the properties that TorchJD asks of its aggregators.

With J the Jacobian, one gradient a row, and A(J) the combination of its rows:
    (1) non-conflicting: J A(J) >= 0;
    (2) permutation invariant: A(P J) = A(J);
    (3) linear under scaling: c -> A(diag(c) J) is linear for positive c;
    (4) strongly stationary: A(J) = 0 only where the rows' zero lies in their hull;
and what the min norm has besides: (5) homogeneous, A(t J) = t A(J); (6) equivariant under
rotations; (7) in the hull, and no longer than any row.

(3) is the one that MGDA and the min-norm point lack: the last test shows it failing.
"""

from __future__ import annotations

import warnings

import pytest
import torch

import danskin.torch as dkt

KINDS = ("typical", "scaled", "non-strong", "weakly stationary", "duplicated", "one row")
SHAPES = ((1, 1), (2, 3), (5, 2), (5, 5), (9, 40), (20, 4), (70, 30))


def draw(kind: str, shape: tuple[int, int], seed: int) -> torch.Tensor:
    """Jacobians as TorchJD's samplers make them, float64."""
    source = torch.Generator().manual_seed(seed)
    m, n = shape

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=source, dtype=torch.float64)

    if kind == "typical":
        return normal(m, n)
    if kind == "scaled":  # TorchJD's scales: 0, 1e-10, 1e3, 1e5, 1e10, 1e15
        scales = (1e-10, 1e3, 1e5, 1e10, 1e15)
        return normal(m, n) * scales[seed % len(scales)]
    if kind == "non-strong":  # a positive combination of the rows is 0: strongly stationary
        rows = normal(m, n)
        positive = torch.rand(m, generator=source, dtype=torch.float64) + 0.1
        rows[-1] = -(positive[:-1] @ rows[:-1]) / positive[-1] if m > 1 else 0.0
        return rows
    if kind == "weakly stationary":  # only some rows cancel
        rows = normal(m, n)
        if m > 2:
            rows[1] = -2.0 * rows[0]
        return rows
    if kind == "duplicated":
        return normal(m, n)[torch.randint(0, m, (m,), generator=source)] + 1.0
    return normal(1, n).expand(m, n).clone()


@pytest.fixture(scope="module")
def aggregate():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pytest.importorskip("torchjd.aggregation", reason="torchjd is not installed")
    return peer.GramianWeightedAggregator(dkt.MinNormWeighting())


@pytest.fixture(params=KINDS)
def jacobians(request):
    return [draw(request.param, shape, seed) for shape in SHAPES for seed in range(5)]


def size(jacobian: torch.Tensor) -> float:
    return float(jacobian.norm(dim=1).max())


# A Gram matrix knows lengths to sqrt(eps) of the rows' lengths.
ROUNDING = 1e-7


class TestProperties:
    def test_non_conflicting(self, aggregate, jacobians):
        for jacobian in jacobians:
            assert (jacobian @ aggregate(jacobian)).min() >= -ROUNDING * size(jacobian) ** 2

    def test_permutation_invariant(self, aggregate, jacobians):
        for jacobian in jacobians:
            order = torch.randperm(len(jacobian), generator=torch.Generator().manual_seed(3))
            difference = aggregate(jacobian[order]) - aggregate(jacobian)
            assert difference.norm() <= ROUNDING * size(jacobian)

    def test_homogeneous(self, aggregate, jacobians):
        for jacobian in jacobians:
            for factor in (2.0**-20, 8.0):  # exact, so that only the weights could differ
                assert torch.equal(aggregate(factor * jacobian), factor * aggregate(jacobian))

    def test_equivariant_under_rotations(self, aggregate, jacobians):
        for jacobian in jacobians:
            n = jacobian.shape[1]
            source = torch.Generator().manual_seed(n)
            normal = torch.randn(n, n, generator=source, dtype=torch.float64)
            turn = torch.linalg.qr(normal)[0]
            difference = aggregate(jacobian @ turn) - aggregate(jacobian) @ turn
            assert difference.norm() <= ROUNDING * size(jacobian)

    def test_in_the_hull_and_shortest(self, aggregate, jacobians):
        for jacobian in jacobians:
            found = aggregate(jacobian)
            weights = aggregate.gramian_weighting(jacobian @ jacobian.T)
            assert weights.min() >= 0
            assert float(weights.sum()) == pytest.approx(1.0, abs=1e-12)
            assert found.norm() <= jacobian.norm(dim=1).min() + ROUNDING * size(jacobian)

    def test_strongly_stationary(self, aggregate, jacobians):
        """A(J) vanishes where the hull holds 0, and nowhere else."""
        weighting = aggregate.gramian_weighting
        for jacobian in jacobians:
            found = aggregate(jacobian)
            result = weighting.result
            assert result.status in ("optimal", "stationary")
            vanishes = float(found.norm()) <= 4 * ROUNDING * size(jacobian)
            assert vanishes == (result.status == "stationary")
            if not vanishes:  # a descent direction for every row, which rules out stationarity
                assert (jacobian @ found).min() > 0


def test_non_strong_matrices_are_stationary(aggregate):
    for shape in SHAPES:
        for seed in range(5):
            jacobian = draw("non-strong", shape, seed)
            assert aggregate(jacobian).norm() <= ROUNDING * size(jacobian)
            assert aggregate.gramian_weighting.result.status == "stationary"


def test_zero_jacobian(aggregate):
    assert not aggregate(torch.zeros(3, 4, dtype=torch.float64)).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_for_a_known_matrix(aggregate, dtype):
    """Rows (-4, 1, 1) and (6, 1, 1): the hull's shortest point is (0, 1, 1)."""
    jacobian = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]], dtype=dtype)
    expected = torch.tensor([0.0, 1.0, 1.0], dtype=dtype)
    torch.testing.assert_close(aggregate(jacobian), expected, rtol=0, atol=1e-5)


def test_not_linear_under_scaling(aggregate):
    """c = (1, 1) and (1, 3) on orthonormal rows: twice A at (1, 2) is not their sum."""
    rows = torch.eye(2, dtype=torch.float64)
    at = [aggregate(torch.tensor(c).double().diag() @ rows) for c in ((1, 1), (1, 3), (1, 2))]
    assert (at[0] + at[1] - 2 * at[2]).norm() > 0.05
