"""What is known to go wrong in public code for this method; each would be caught here.

One scalar over every parameter tensor, eval mode for one method and train mode for the other,
weight decay after normalisation, a 1/t decay that is never applied, NaN at a stationary point, a
fixed number of solver iterations whatever the gap.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional

import danskin as dk
import danskin.torch as dkt


def test_each_entry_of_each_tensor_gets_its_own_number(device, net, batch):
    """Against the weighted sum of plain gradients, on random data (all ones would hide it)."""
    model = net(torch.float64).to(device)
    images, labels = batch(5, torch.float64)
    points = [torch.rand_like(images) for _ in range(3)]
    queue = iter(points)
    report = dkt.DDi(model, lambda i, y: next(queue), m=3).backward(images, labels)
    expected = [torch.zeros_like(p) for p in model.parameters()]
    for weight, x in zip(report.weights.tolist(), points, strict=True):
        loss = functional.cross_entropy(model(x), labels)
        for total, g in zip(
            expected, torch.autograd.grad(loss, list(model.parameters())), strict=True
        ):
            total += weight * g
    found = [p.grad for p in model.parameters()]
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert all(len(g.unique()) == g.numel() for g in found if g.numel() > 1)


def test_ddi_and_pgd_see_the_network_in_the_same_mode(device, net, batch):
    model = net(norm="batch").to(device).train()
    notes = {}
    for method in ("single", "coupled"):
        modes = notes.setdefault(method, set())
        hook = model.register_forward_hook(
            lambda m, i, o, modes=modes: modes.add((i[0].requires_grad, m.training))
        )
        dkt.DDi(model, dkt.PGD(model, steps=2), m=2, method=method).backward(*batch())
        hook.remove()
    assert notes["single"] == notes["coupled"] == {(True, False), (False, True)}


@pytest.mark.parametrize("normalize", [False, True])
def test_weight_decay_inside_the_objective_comes_before_normalisation(linear, normalize):
    """min-norm point of the hull of ``g_j + wd theta``, and its unit vector."""
    g = np.array([[[3.0, 1.0, 0.0]], [[-1.0, 1.0, 0.5]]])
    theta, wd = np.array([2.0, -1.0, 4.0]), 0.25
    model, attack, images, labels, loss = linear(g)
    with torch.no_grad():
        model.theta.copy_(torch.as_tensor(theta))
    ddi = dkt.DDi(
        model, attack, m=2, loss=loss, normalize=normalize, weight_decay=wd, decay="objective"
    )
    report = ddi.backward(images, labels)
    x = dk.min_norm_point(g[:, 0] + wd * theta).point
    expected = x / np.linalg.norm(x) if normalize else x
    np.testing.assert_allclose(model.theta.grad.cpu(), expected, atol=1e-9)
    assert report.norm == pytest.approx(np.linalg.norm(x))
    if normalize:
        assert float(model.theta.grad.norm()) == pytest.approx(1)
    # The loss that is reported is the data's.
    np.testing.assert_allclose(report.losses.numpy(), g[:, :1, :].reshape(2, 3) @ theta[:, None])


@pytest.mark.parametrize("normalize", [False, True])
def test_decoupled_weight_decay_comes_after_and_must_be_asked_for(linear, normalize):
    g = np.array([[[3.0, 1.0, 0.0]], [[-1.0, 1.0, 0.5]]])
    theta, wd = np.array([2.0, -1.0, 4.0]), 0.25
    model, attack, images, labels, loss = linear(g)
    with torch.no_grad():
        model.theta.copy_(torch.as_tensor(theta))
    ddi = dkt.DDi(
        model, attack, m=2, loss=loss, normalize=normalize, weight_decay=wd, decay="decoupled"
    )
    ddi.backward(images, labels)
    x = dk.min_norm_point(g[:, 0]).point
    x = x / np.linalg.norm(x) if normalize else x
    np.testing.assert_allclose(model.theta.grad.cpu(), x + wd * theta, atol=1e-9)


@pytest.mark.parametrize("budget", [0, 1e9])
def test_weight_decay_in_the_product_methods(linear, budget):
    g = np.random.default_rng(0).standard_normal((2, 3, 4))
    theta, wd = np.array([2.0, -1.0, 4.0, 1.0]), 0.25
    model, attack, images, labels, loss = linear(g)
    with torch.no_grad():
        model.theta.copy_(torch.as_tensor(theta))
    options = {"memory_budget": budget} | ({} if budget else {"tol": 1e-9, "max_iterations": 50})
    ddi = dkt.DDi(
        model,
        attack,
        m=2,
        loss=loss,
        method="product",
        weight_decay=wd,
        decay="objective",
        **options,
    )
    report = ddi.backward(images, labels)
    expected = dk.product_min_norm([g[:, i] + wd * theta for i in range(3)])
    np.testing.assert_allclose(model.theta.grad.cpu(), expected.point, atol=1e-6)
    assert report.lower_bound <= expected.norm * (1 + 1e-9)
    assert report.lower_bound >= expected.norm * (1 - 1e-6), "the bounds know the decay too"


def test_the_decay_of_the_attacks_steps_is_applied(device, net, batch):
    model = net(torch.float64).to(device)
    images, labels = batch(3, torch.float64)
    options = {"eps": 0.3, "alpha": 0.02, "steps": 9, "start": "image"}
    plain = dkt.PGD(model, **options)(images, labels)
    decayed = dkt.PGD(model, decay_after=2, **options)(images, labels)
    assert (plain - images).abs().max() > (decayed - images).abs().max() * 1.5
    reach = 0.02 * (2 + sum(2 / t for t in range(3, 10)))
    assert (decayed - images).abs().max() <= reach + 1e-12


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-12, 0.0])
def test_no_nan_at_a_stationary_point(linear, normalize, scale):
    g = scale * np.array([[[1.0, 2.0]], [[-1.0, -2.0]]])
    model, attack, images, labels, loss = linear(g)
    report = dkt.DDi(model, attack, m=2, loss=loss, normalize=normalize).backward(images, labels)
    assert report.stationary
    assert model.theta.grad is None


def test_the_gap_is_closed_and_not_the_iterations_counted(linear):
    """A family on which 100 accelerated projected gradient steps leave a wide gap."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((10, 40)) + 30 * rng.standard_normal(40)
    g *= np.geomspace(1, 1e4, 10)[:, None]
    paper = dk.min_norm_point(g, method="paper")
    assert paper.gap > 1e-2 * paper.norm, "the case is no test"
    model, attack, images, labels, loss = linear(g[:, None])
    report = dkt.DDi(model, attack, m=10, loss=loss).backward(images, labels)
    assert report.gap <= 1e-6 * report.norm
    assert (g @ -model.theta.grad.cpu().numpy() < 0).all()
