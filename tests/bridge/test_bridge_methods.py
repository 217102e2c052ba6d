"""What each method writes, against the mathematics on gradients that the test chooses.

For `Linear` an adversary's image is its gradient, so every method's answer is known: min-norm
points from `danskin.minnorm` (tested on its own against exact arithmetic and cvxpy), steps by hand.
"""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
import danskin.torch as dkt
from danskin.errors import InvalidInputError
from danskin.minnorm import step_aware_point, trust_region_point

E, F = np.eye(2, 4)


def theta_grad(ddi):
    return ddi.model.theta.grad.double().cpu().numpy()


def run(linear, gradients, **options):
    model, attack, images, labels, loss = linear(gradients)
    options.setdefault("m", len(gradients))
    ddi = dkt.DDi(model, attack, loss=loss, **options)
    return ddi, ddi.backward(images, labels)


def random_gradients(m, count, n=6, seed=0):
    """With a common part, so that the min-norm point is not 0."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, count, n)) + rng.standard_normal(n)


@pytest.mark.parametrize("seed", range(3))
def test_coupled_is_the_min_norm_point_of_joint_gradients(linear, seed):
    g = random_gradients(4, 3, seed=seed)
    ddi, report = run(linear, g, method="coupled")
    expected = dk.min_norm_point(g.mean(axis=1))
    np.testing.assert_allclose(theta_grad(ddi), expected.point, atol=1e-9)
    np.testing.assert_allclose(report.weights, expected.weights, atol=1e-6)
    assert report.lower_bound <= expected.norm * (1 + 1e-12)
    assert report.norm >= expected.lower_bound * (1 - 1e-12)
    assert report.empirical_derivative == pytest.approx(-expected.norm, rel=1e-6)
    np.testing.assert_allclose(report.gram, g.mean(axis=1) @ g.mean(axis=1).T, rtol=1e-12)
    assert report.losses.shape == (4, 3)


def test_obtuse_pair_only_the_min_norm_point_descends(linear):
    """Each single gradient points uphill; c = -1/2: rates 1/2 and -1/2."""
    u, v = np.array([1.0, 0.0]), np.array([-0.5, math.sqrt(3) / 2])
    pair = np.array([u, v])
    for alone, other in (pair, pair[::-1]):
        ddi, _ = run(linear, alone[None, None], method="single")
        assert np.array([alone, other]) @ -theta_grad(ddi) == pytest.approx([-1, 0.5])
    ddi, report = run(linear, pair[:, None], method="coupled")
    assert (pair @ -theta_grad(ddi) < 0).all()
    assert report.empirical_derivative == pytest.approx(-math.sqrt(0.25))
    assert report.conflict == 1.0


def test_coupled_batch_can_fail_where_the_product_does_not(linear):
    """The two runs return (1, 1) and (0, 0) only: coupled steps along -e, which ascends."""
    w = 2 * E + 1 * F
    a, b, c, d = E + w, E - w, E - w, E + w
    points = np.array([[a, c], [b, d]])
    mixtures = np.array([(p + q) / 2 for p in (a, b) for q in (c, d)])
    coupled, report = run(linear, points, method="coupled")
    assert report.empirical_derivative == pytest.approx(-1)
    assert (mixtures @ -theta_grad(coupled)).max() == pytest.approx(1)
    for budget in (0, 1e9):
        product, report = run(linear, points, method="product", memory_budget=budget)
        unit = theta_grad(product) / np.linalg.norm(theta_grad(product))
        assert (mixtures @ -unit).max() == pytest.approx(-1 / math.sqrt(5))
        assert report.empirical_derivative == pytest.approx(-1 / math.sqrt(5))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("budget", [0, 1e9])
def test_product_is_the_min_norm_point_over_one_simplex_a_sample(linear, seed, budget):
    g = random_gradients(3, 4, seed=seed)
    options = {"memory_budget": budget} | ({} if budget else {"tol": 1e-9, "max_iterations": 99})
    ddi, report = run(linear, g, method="product", **options)
    expected = dk.product_min_norm([g[:, i] for i in range(4)])
    np.testing.assert_allclose(theta_grad(ddi), expected.point, atol=1e-6)
    assert report.weights.shape == (3, 4)
    np.testing.assert_allclose(report.weights.sum(dim=0), 1)
    assert (report.weights >= 0).all()
    weighted = np.einsum("ji,jin->n", report.weights.numpy(), g) / 4
    np.testing.assert_allclose(weighted, theta_grad(ddi), atol=1e-9)
    assert report.lower_bound <= expected.norm * (1 + 1e-9)
    assert report.norm >= expected.lower_bound * (1 - 1e-9)
    assert report.gap <= 1e-6 * report.norm
    if budget:
        stacked = g.transpose(1, 0, 2).reshape(12, -1)
        np.testing.assert_allclose(report.gram, stacked @ stacked.T, rtol=1e-12)


class Theta(torch.nn.Module):
    """g_i = <image_i, theta>, as the fixture `linear` has it."""

    def __init__(self, n):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.zeros(n).double())

    def forward(self, images):
        return images @ self.theta


class Listed:
    """An attack that returns one entry after the other."""

    def __init__(self, points):
        self.points = iter(points)

    def __call__(self, images, labels):
        return torch.as_tensor(next(self.points))


@settings(max_examples=40)
@given(
    m=st.integers(1, 4), count=st.integers(1, 5), n=st.integers(1, 4), seed=st.integers(0, 10**6)
)
def test_matrix_free_bounds_hold_however_early_it_stops(m, count, n, seed):
    """``lower_bound <= rho <= norm`` for the true product min norm, at every budget of passes."""
    g = np.random.default_rng(seed).standard_normal((m, count, n))
    rho = dk.product_min_norm([g[:, i] for i in range(count)])
    last = math.inf
    for passes in (1, 2, 5, 30):
        ddi = dkt.DDi(
            Theta(n),
            Listed(g),
            m=m,
            loss=lambda logits, labels: logits,
            method="product",
            memory_budget=0,
            max_iterations=passes,
        )
        report = ddi.backward(torch.zeros(count, n).double(), torch.zeros(count).long())
        assert report.iterations <= passes
        assert report.lower_bound <= rho.norm + 1e-12
        if not report.stationary:
            assert report.norm >= rho.lower_bound - 1e-12
            assert report.norm <= last + 1e-12
            last = report.norm


def test_matrix_free_bounds_hold_in_float32():
    """Slopes come in float32 there; the lower bound allows for their rounding."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        g = (rng.standard_normal((2, 2, 3)) + 2).astype(np.float32)
        ddi = dkt.DDi(
            Theta(3).float(),
            Listed(g),
            m=2,
            loss=lambda logits, labels: logits,
            method="product",
            memory_budget=0,
            tol=1e-12,
            max_iterations=50,
        )
        report = ddi.backward(torch.zeros(2, 3), torch.zeros(2).long())
        rho = dk.product_min_norm([g[:, i].astype(float) for i in range(2)])
        assert report.lower_bound <= rho.norm
        assert report.norm >= rho.lower_bound * (1 - 1e-6)
        assert report.gap <= 1e-4 * report.norm


def test_mean_max_and_min(linear):
    g = np.array([[[3.0, 0], [0, 1]], [[1.0, 0], [0, 2]]])
    ddi, _ = run(linear, g, method="mean")
    np.testing.assert_allclose(theta_grad(ddi), [1.0, 0.75])
    ddi, report = run(linear, g, method="min")
    np.testing.assert_allclose(theta_grad(ddi), [0.5, 0.5])
    np.testing.assert_array_equal(report.weights, [[0, 1], [1, 0]])
    model, attack, images, labels, loss = linear(g)
    with torch.no_grad():
        model.theta.copy_(torch.tensor([1.0, 1.0]))
    ddi = dkt.DDi(model, attack, m=2, loss=loss, method="max")
    report = ddi.backward(images, labels)
    np.testing.assert_allclose(theta_grad(ddi), [1.5, 1.0])
    np.testing.assert_array_equal(report.weights, [[1, 0], [0, 1]])
    np.testing.assert_array_equal(report.losses, [[3, 1], [1, 2]])


def test_comb_mixes_two_runs(linear):
    """Two attacks, m gradients, each sample from one of the two; all of them different."""
    g = random_gradients(2, 6)
    model, attack, images, labels, loss = linear(g)
    source = torch.Generator().manual_seed(0)
    ddi = dkt.DDi(model, attack, m=10, loss=loss, method="comb", generator=source)
    report = ddi.backward(images, labels)
    assert (attack.calls, report.attacks, report.gradients) == (2, 2, 10)
    joint = g.mean(axis=1)
    np.testing.assert_allclose(np.diag(report.gram)[:2], np.diag(joint @ joint.T))
    assert len({round(float(v), 9) for v in np.diag(report.gram)}) == 10
    smallest = dk.product_min_norm([g[:, i] for i in range(6)]).norm
    assert smallest <= report.norm <= dk.min_norm_point(joint).norm + 1e-12


def test_the_default_device_of_torch_does_not_matter(linear):
    model, attack, images, labels, loss = linear(random_gradients(2, 6))
    try:
        torch.set_default_device(
            "meta"
        )  # as a CUDA default would: CPU generators do not draw there
        report = dkt.DDi(model, attack, m=4, loss=loss, method="comb").backward(images, labels)
    finally:
        torch.set_default_device(None)
    assert report.norm > 0


@pytest.mark.parametrize(("count", "expected"), [(1, 2), (2, 4), (3, 8)])
def test_comb_never_repeats_a_mixture(linear, count, expected):
    g = random_gradients(2, count)
    model, attack, images, labels, loss = linear(g)
    report = dkt.DDi(model, attack, m=50, loss=loss, method="comb").backward(images, labels)
    assert report.gradients == expected


@pytest.mark.parametrize("options", [{"step": 0.3}, {"step": lambda: 0.3}, {"radius": 0.2}])
@pytest.mark.parametrize("form", ["coupled", "stored", "free"])
def test_step_aware_against_the_quadratic_program(linear, options, form):
    g = random_gradients(3, 4, seed=1)
    theta = np.random.default_rng(2).standard_normal(6)
    model, attack, images, labels, loss = linear(g)
    with torch.no_grad():
        model.theta.copy_(torch.as_tensor(theta))
    more = {
        "coupled": {},
        "stored": {"per_sample": True},
        "free": {"per_sample": True, "memory_budget": 0, "tol": 1e-9, "max_iterations": 99},
    }[form]
    ddi = dkt.DDi(model, attack, m=3, loss=loss, method="step_aware", **options, **more)
    report = ddi.backward(images, labels)
    rows, sizes = g.mean(axis=1), None
    if form != "coupled":
        rows, sizes = g.transpose(1, 0, 2).reshape(12, 6), [3] * 4
    values = rows @ theta
    if "radius" in options:
        expected = trust_region_point(rows, values, 0.2, sizes=sizes)
        rate = 0.2
    else:
        expected = step_aware_point(rows, values, 0.3, sizes=sizes)
        rate = 0.3
    np.testing.assert_allclose(-rate * theta_grad(ddi), expected.displacement, atol=1e-6)
    assert report.norm == pytest.approx(expected.norm, rel=1e-6)


@settings(max_examples=60)
@given(m=st.integers(1, 3), count=st.integers(1, 3), seed=st.integers(0, 10**6))
def test_matrix_free_step_aware_is_the_stored_one(m, count, seed):
    """Small integers, so that values tie and gradients cancel: stationary in both or in neither."""
    rng = np.random.default_rng(seed)
    g = rng.integers(-1, 2, size=(m, count, 2)).astype(float)
    theta = torch.as_tensor(rng.integers(-1, 2, size=2)).double()
    found = []
    for budget in (1e9, 0):
        model = Theta(2)
        with torch.no_grad():
            model.theta.copy_(theta)
        ddi = dkt.DDi(
            model,
            Listed(g),
            m=m,
            loss=lambda logits, labels: logits,
            method="step_aware",
            per_sample=True,
            step=0.7,
            memory_budget=budget,
            tol=1e-10,
            max_iterations=60,
        )
        report = ddi.backward(torch.zeros(count, 2).double(), torch.zeros(count).long())
        grad = torch.zeros(2).double() if model.theta.grad is None else model.theta.grad
        found.append((report.stationary, grad.numpy()))
    assert found[0][0] == found[1][0]
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-6)


@pytest.mark.parametrize("step", [1e-9, 1e9])
def test_step_aware_goes_from_the_highest_loss_to_the_min_norm_point(linear, step):
    g = random_gradients(3, 1, seed=4)
    theta = np.random.default_rng(5).standard_normal(6)
    model, attack, images, labels, loss = linear(g)
    with torch.no_grad():
        model.theta.copy_(torch.as_tensor(theta))
    ddi = dkt.DDi(model, attack, m=3, loss=loss, method="step_aware", step=step)
    ddi.backward(images, labels)
    top = g[np.argmax(g[:, 0] @ theta), 0]
    expected = top if step < 1 else dk.min_norm_point(g[:, 0]).point
    np.testing.assert_allclose(theta_grad(ddi), expected, atol=1e-6)


class Gated:
    """An attack whose two kinds of answers the test switches."""

    def __init__(self, agreeing, differing):
        self.kinds = (agreeing, differing)
        self.differ = False
        self.calls = 0

    def __call__(self, images, labels):
        self.calls += 1
        points = self.kinds[self.differ]
        return points[self.calls % len(points)].to(images)


def test_gated_looks_at_two_and_pays_for_more_only_while_they_differ(linear):
    alike = torch.tensor([[[1.0, 0.0]], [[1.0, 1e-3]]])
    differ = torch.tensor([[[1.0, 0.0]], [[-0.5, 1.0]]])
    model, _, images, labels, loss = linear(np.zeros((1, 1, 2)))
    attack = Gated(alike, differ)
    ddi = dkt.DDi(model, attack, m=6, loss=loss, method="gated", every=5)
    cost = [ddi.backward(images, labels).attacks for _ in range(11)]
    assert cost == [2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2]
    attack.differ = True
    cost = [ddi.backward(images, labels).attacks for _ in range(7)]
    assert cost == [1, 1, 1, 1, 6, 6, 6]  # noticed at the next look, at the latest
    assert "open" in ddi.backward(images, labels).explain()
    attack.differ = False
    cost = [ddi.backward(images, labels).attacks for _ in range(3)]
    assert cost == [2, 1, 1]


def test_gated_opens_on_losses_too(linear):
    """Same direction, different losses: the weaker adversary is no maximizer."""
    model, _, images, labels, loss = linear(np.zeros((1, 1, 2)))
    with torch.no_grad():
        model.theta.copy_(torch.tensor([1.0, 0.0]))
    points = torch.tensor([[[1.0, 0.0]], [[3.0, 0.0]]])
    ddi = dkt.DDi(model, Gated(points, points), m=4, loss=loss, method="gated")
    assert ddi.backward(images, labels).attacks == 4
    lax = dkt.DDi(model, Gated(points, points), m=4, loss=loss, method="gated", spread=2.0)
    assert lax.backward(images, labels).attacks == 2


@pytest.mark.parametrize("method", ["coupled", "product", "comb", "mean", "step_aware", "gated"])
@pytest.mark.parametrize("normalize", [False, True])
def test_a_stationary_point_writes_nothing_and_says_so(linear, method, normalize):
    angles = 2 * np.pi * np.arange(3) / 3
    g = np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, None]
    if method in ("comb", "gated"):
        g = np.array([[[1.0, 0]], [[-1.0, 0]]])
    ddi, report = run(linear, g, method=method, normalize=normalize)
    assert report.stationary
    assert ddi.model.theta.grad is None
    assert report.lower_bound == 0
    assert report.empirical_derivative is None
    assert not report.normalized
    assert "0 within rounding" in report.explain()
    json.dumps(report.to_dict(), allow_nan=False)
    ddi.model.theta.grad = torch.ones_like(ddi.model.theta)
    images = torch.zeros(1, 2).to(ddi.model.theta)
    assert ddi.backward(images, torch.zeros(1).long().to(images.device)).stationary
    assert torch.equal(ddi.model.theta.grad, torch.ones_like(ddi.model.theta))


def test_rounding_of_float32_is_no_direction(linear):
    """Two float32 gradients that cancel down to their last digits: not worth normalising."""
    u = np.random.default_rng(0).standard_normal(50).astype(np.float32)
    v = np.nextafter(-u, np.float32(0))
    model, attack, images, labels, loss = linear(np.array([[u], [v]]), torch.float32)
    report = dkt.DDi(model, attack, m=2, loss=loss, normalize=True).backward(images, labels)
    assert report.stationary
    assert model.theta.grad is None


@pytest.mark.parametrize("method", sorted(dkt.METHODS))
def test_normalize_gives_unit_length_over_all_parameters(device, net, batch, method):
    model = net().to(device)
    report = dkt.DDi(model, dkt.PGD(model), m=3, method=method, normalize=True).backward(*batch())
    total = sum(float(p.grad.double().square().sum()) for p in model.parameters())
    assert total == pytest.approx(1, rel=1e-5)
    assert report.normalized
    assert all(float(p.grad.norm()) < 1 for p in model.parameters()), "not tensor by tensor"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("method", sorted(dkt.METHODS))
@pytest.mark.parametrize("budget", [0, 1e9])
def test_never_nan(linear, method, bad, budget):
    g = np.ones((2, 3, 4))
    g[-1, 1, 2] = bad
    if method in ("single", "gated"):
        g[0, 1, 2] = bad
    options = {"memory_budget": budget} if method in ("product", "step_aware") else {}
    with pytest.raises(InvalidInputError, match="Nothing was written"):
        run(linear, g, method=method, **options)
    model, attack, images, labels, loss = linear(g)
    ddi = dkt.DDi(model, attack, m=2, loss=loss, method=method, **options)
    model.theta.grad = torch.full_like(model.theta, 3.0)
    with pytest.raises(InvalidInputError):
        ddi.backward(images, labels)
    assert torch.equal(model.theta.grad, torch.full_like(model.theta, 3.0))
    assert ddi.calls == 0


def test_vanishing_gradients_are_not_called_stationary(linear):
    with pytest.raises(InvalidInputError, match="underflow"):
        run(linear, np.full((2, 1, 3), 1e-200))


def test_schedule_decides_m(linear):
    g = random_gradients(1, 2)
    model, attack, images, labels, loss = linear(g)
    ddi = dkt.DDi(model, attack, m=dkt.linear_decay(4, 1, steps=4), loss=loss)
    assert [ddi.backward(images, labels).m for _ in range(6)] == [4, 3, 2, 1, 1, 1]
    ddi = dkt.DDi(model, attack, m=lambda step: 2 + step, loss=loss)
    assert [ddi.backward(images, labels).m for _ in range(3)] == [2, 3, 4]
    with pytest.raises(InvalidInputError, match="m: is 0"):
        dkt.DDi(model, attack, m=lambda step: 0, loss=loss).backward(images, labels)


def test_linear_decay_of_the_paper():
    decay = dkt.linear_decay(10, 1, steps=200)
    counts = [decay(t) for t in range(250)]
    assert (counts[0], counts[199], counts[249]) == (10, 1, 1)
    assert all(a >= b for a, b in pairwise(counts))
    assert set(counts) == set(range(1, 11))


def test_report_is_json_and_a_sentence(device, net, batch):
    model = net().to(device)
    for method in dkt.METHODS:
        report = dkt.DDi(model, dkt.PGD(model), m=3, method=method).backward(*batch())
        assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["method"] == method
        text = report.explain()
        assert "empirical" in text
        assert "certif" not in text.lower()
        assert len(repr(report).splitlines()) == 1
        assert 0 <= report.lower_bound <= report.norm
        assert sum(report.seconds.values()) > 0
        with pytest.raises(AttributeError):
            report.norm = 3.0


def test_empirical_derivative_is_the_one_measured(device, net, batch):
    """One-sided difference of the sampled losses' maximum along minus the direction."""
    model = net(torch.float64).to(device)
    images, labels = batch(6, torch.float64)
    points = [torch.rand_like(images) for _ in range(3)]
    state = {"k": -1}

    def attack(i, y):
        state["k"] += 1
        return points[state["k"] % 3]

    def highest(per_sample):
        with torch.no_grad():
            losses = torch.stack(
                [
                    torch.nn.functional.cross_entropy(model(p), labels, reduction="none")
                    for p in points
                ]
            )
        return losses.max(dim=0).values.mean() if per_sample else losses.mean(dim=1)

    for method in ("coupled", "product"):
        model.zero_grad()
        report = dkt.DDi(model, attack, m=3, method=method, normalize=True).backward(images, labels)
        before = highest(False)
        slope = report.empirical_derivative
        with torch.no_grad():
            for p in model.parameters():
                p.sub_(1e-6 * p.grad)
        moved = (highest(False) - before) / 1e-6
        if method == "coupled":
            assert float(moved.max()) == pytest.approx(slope, rel=1e-3)
        else:
            assert float(moved.max()) <= slope + 1e-4
        with torch.no_grad():
            for p in model.parameters():
                p.add_(1e-6 * p.grad)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"m": 0}, "m"),
        ({"m": 2.0}, "m"),
        ({"m": True}, "m"),
        ({"method": "best"}, "method"),
        ({"micro_batch": 0}, "micro_batch"),
        ({"autocast": torch.float16}, "autocast"),
        ({"weight_decay": 1e-4}, "decay"),
        ({"weight_decay": -1, "decay": "objective"}, "weight_decay"),
        ({"decay": "later"}, "decay"),
        ({"radius": 1.0}, "radius"),
        ({"every": 5}, "every"),
        ({"nonsense": 5}, "nonsense"),
        ({"method": "step_aware", "step": -1.0}, "step"),
        ({"method": "step_aware", "step": 0.1, "radius": 0.1}, "radius"),
        ({"method": "gated", "every": 0}, "every"),
        ({"loss": 3}, "loss"),
    ],
)
def test_bad_options_are_named(net, options, argument):
    model = net()
    with pytest.raises(InvalidInputError) as error:
        dkt.DDi(model, dkt.PGD(model), **options)
    assert error.value.argument == argument
    assert error.value.remedy


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda i, y: i[:-1], "returns"),
        (lambda i, y: (i, i), "tuple"),
        (lambda i, y: None, "NoneType"),
        (lambda i, y: i.detach().cpu().numpy(), "ndarray"),
    ],
)
def test_bad_attacks_are_named(device, net, batch, answer, says):
    model = net().to(device)
    with pytest.raises(InvalidInputError, match=says) as error:
        dkt.DDi(model, answer).backward(*batch())
    assert error.value.argument == "attack"
