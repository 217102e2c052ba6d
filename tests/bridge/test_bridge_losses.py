"""``dkt.backward(losses)``: exact MGDA for losses of any origin."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import danskin as dk
import danskin.torch as dkt
from danskin.errors import InvalidInputError


@pytest.fixture
def tasks(device):
    """Two tasks on a shared trunk with one head each, and a frozen and an unused part."""
    model = nn.ModuleDict(
        {
            "trunk": nn.Linear(4, 5),
            "one": nn.Linear(5, 2),
            "two": nn.Linear(5, 3),
            "frozen": nn.Linear(5, 5).requires_grad_(False),
            "unused": nn.Linear(2, 2),
        }
    ).to(device, torch.float64)
    x = torch.randn(6, 4, dtype=torch.float64, device=device)

    def losses():
        h = model["frozen"](torch.tanh(model["trunk"](x)))
        return [model["one"](h).square().mean(), (model["two"](h) - 1).square().mean()]

    return model, losses


def rows(model, losses):
    params = [p for p in model.parameters() if p.requires_grad]
    found = []
    for loss in losses:
        g = torch.autograd.grad(loss, params, allow_unused=True, retain_graph=True)
        found.append(
            torch.cat(
                [
                    torch.zeros_like(p).flatten() if a is None else a.flatten()
                    for p, a in zip(params, g, strict=True)
                ]
            )
        )
    return torch.stack(found).cpu().numpy()


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("normalize", [True, False])
def test_min_norm_point_of_the_tasks(tasks, given, normalize):
    model, losses = tasks
    expected = dk.min_norm_point(rows(model, losses()))
    params = model.parameters() if given else None
    report = dkt.backward(losses(), params, normalize=normalize)
    found = torch.cat(
        [
            (torch.zeros_like(p) if p.grad is None else p.grad).flatten()
            for p in model.parameters()
            if p.requires_grad
        ]
    )
    scale = 1 / expected.norm if normalize else 1.0
    np.testing.assert_allclose(found.cpu(), expected.point * scale, atol=1e-9)
    assert model["unused"].weight.grad is None
    assert model["frozen"].weight.grad is None
    np.testing.assert_allclose(report.weights, expected.weights, atol=1e-6)
    assert report.losses.shape == (2, 1)


@pytest.mark.parametrize("size", [1e-37, 1e-39, 1e-41])
@pytest.mark.parametrize("before", [None, 1.0])
def test_tiny_gradients_are_normalised(size, before):
    """One over their norm is beyond float32."""
    w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    if before is not None:
        w.grad = torch.full_like(w, before)
    report = dkt.backward([size * w[0], size * w[1]], normalize=True)
    assert not report.stationary
    expected = torch.full_like(w, (before or 0.0) + 0.5**0.5)
    torch.testing.assert_close(w.grad, expected, rtol=1e-4, atol=0)


def test_one_loss_is_backward(tasks):
    model, losses = tasks
    losses()[0].backward()
    expected = {n: None if p.grad is None else p.grad.clone() for n, p in model.named_parameters()}
    model.zero_grad()
    dkt.backward([losses()[0]])
    for name, p in model.named_parameters():
        if expected[name] is None:
            assert p.grad is None
        else:
            torch.testing.assert_close(p.grad, expected[name])
    dkt.backward([losses()[0]])
    torch.testing.assert_close(model["one"].weight.grad, 2 * expected["one.weight"])


def test_only_the_given_parameters_are_written(tasks):
    model, losses = tasks
    dkt.backward(losses(), model["trunk"].parameters())
    assert model["trunk"].weight.grad is not None
    assert model["one"].weight.grad is None


def test_group_losses_of_one_pass(device):
    """Group DRO: a tensor (m,) of group losses from a single forward pass."""
    model = nn.Linear(3, 1).to(device)
    x, group = torch.randn(12, 3, device=device), torch.arange(12, device=device) % 3
    per_sample = model(x).square()[:, 0]
    groups = torch.stack([per_sample[group == k].mean() for k in range(3)])
    params = list(model.parameters())
    gradients = [torch.autograd.grad(g, params, retain_graph=True) for g in groups]
    report = dkt.backward(groups)
    inner = [
        sum(float((p.grad * a).sum()) for p, a in zip(params, g, strict=True)) for g in gradients
    ]
    assert report.m == 3
    assert min(inner) >= report.norm**2 * (1 - 1e-4), "all groups decrease, at that rate or faster"


def test_pareto_stationary(device):
    theta = nn.Parameter(torch.tensor([1.0, 2.0], device=device))
    report = dkt.backward([theta.sum(), -theta.sum()])
    assert report.stationary
    assert theta.grad is None


def test_sparse_gradients(device):
    table = nn.Embedding(5, 3, sparse=True).to(device)
    index = torch.tensor([0, 2], device=device)
    dkt.backward([table(index).square().sum()])
    torch.testing.assert_close(table.weight.grad[index], 2 * table.weight.detach()[index])


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        (lambda p: [], "empty"),
        (lambda p: 3.0, "not a list"),
        (lambda p: [p], "one number"),
        (lambda p: [p.sum(), 1.0], "one number"),
        (lambda p: [p.sum().detach()], "does not require"),
        (lambda p: [p.sum() * math.nan, p.sum()], "Nothing was written"),
        (lambda p: [p.sum(), (p * math.inf).sum()], "Nothing was written"),
    ],
)
def test_bad_losses_are_named(device, losses, says):
    p = nn.Parameter(torch.ones(3, device=device))
    with pytest.raises(InvalidInputError, match=says):
        dkt.backward(losses(p))
    assert p.grad is None


def test_no_parameters_is_named(device):
    p = nn.Parameter(torch.ones(3, device=device))
    with pytest.raises(InvalidInputError, match="params"):
        dkt.backward([p.sum()], [])


@pytest.mark.parametrize(
    ("params", "says"),
    [
        (lambda w, h: w, "params: is a Parameter, not a list"),
        (lambda w, h: nn.Linear(2, 2), "params: is a Linear, not a list"),
        (lambda w, h: [{"params": [w]}], r"params\[0\]: is a dict"),
        (lambda w, h: [w, h], r"params\[1\]: is computed from other tensors"),
        (lambda w, h: [nn.Parameter(torch.ones(3))], "reached by none of the losses"),
    ],
)
def test_bad_params_are_named(params, says):
    w = nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    h = w * 2
    with pytest.raises(InvalidInputError, match=says):
        dkt.backward([h.sum(), h.square().sum()], params(w, h))
    assert w.grad is None


def test_leaves_are_found_behind_functions_that_keep_attributes():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.variable = "not a leaf"
            return 2 * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    w = nn.Parameter(torch.tensor([1.0, 2.0]))
    dkt.backward([Twice.apply(w).sum()])
    assert w.grad.tolist() == [2.0, 2.0]
