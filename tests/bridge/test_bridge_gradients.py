"""One adversary's gradient is ``loss.backward()``'s, on odd architectures; Gram matrices."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import danskin.torch as dkt
from danskin.errors import InvalidInputError
from danskin.torch.gradients import NetworkLoss
from danskin.torch.gram import GradientStack, dot, length, weighted_sum
from danskin.torch.persample import _twice_backward, per_sample_gradients, products

ALL = sorted(dkt.METHODS)


class Odd(nn.Module):
    """Shared, frozen, unused, reused and scalar parameters; BatchNorm; a second branch."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.one = nn.Linear(108, 6)
        self.two = nn.Linear(6, 6)
        self.three = nn.Linear(6, 6)
        self.three.weight = self.two.weight  # shared under two names
        self.frozen = nn.Linear(6, 6).requires_grad_(False)
        self.unused = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.head = nn.Linear(6, 3, bias=False)

    def forward(self, x):
        x = functional.celu(self.norm(self.conv(self.conv(x))))  # one layer, twice
        x = torch.tanh(self.one(x.flatten(1)))
        x = torch.tanh(self.frozen(self.two(x)) + self.three(x)) * self.scale
        return self.head(x) + x @ self.head.weight.T  # used outside its module, too


def by_hand(model, images, labels):
    """What a plain loop leaves in p.grad."""
    model.zero_grad()
    functional.cross_entropy(model(images), labels).backward()
    found = {n: None if p.grad is None else p.grad.clone() for n, p in model.named_parameters()}
    model.zero_grad()
    return found


def check_gradients(model, expected, **tolerance):
    for name, p in model.named_parameters():
        if expected[name] is None:
            assert p.grad is None, name
        else:
            assert p.grad.shape == p.shape
            assert p.grad.dtype == p.dtype
            assert p.grad.device == p.device
            assert not p.grad.requires_grad
            torch.testing.assert_close(p.grad, expected[name], **tolerance, msg=name)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("training", [False, True])
def test_where_adversaries_agree_every_method_is_adversarial_training(
    device, batch, playback, method, training
):
    """Same adversary every time: each method's combined gradient is that of plain training."""
    if training and method in ("product", "min"):
        pytest.skip("per-sample gradients do not exist under BatchNorm in train mode")
    model = Odd().double().to(device).train(training)
    images, labels = batch(6, torch.float64)
    expected = by_hand(model, images, labels)
    dkt.DDi(model, playback(images), m=3, method=method).backward(images, labels)
    assert expected["unused.weight"] is None
    assert expected["frozen.weight"] is None
    check_gradients(model, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("settings", [{"memory_budget": 0}, {"memory_budget": 1e9}])
@pytest.mark.parametrize("method", ["product", "step_aware"])
def test_stored_and_matrix_free_agree_with_plain_training(
    device, batch, playback, method, settings
):
    model = Odd().double().to(device).eval()
    images, labels = batch(6, torch.float64)
    expected = by_hand(model, images, labels)
    if method == "step_aware":
        settings = {**settings, "per_sample": True}
    dkt.DDi(model, playback(images), m=2, method=method, **settings).backward(images, labels)
    check_gradients(model, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_two_entries_are_given_one_scalar(device, net, batch, dtype):
    """The authors' code writes one scalar over each parameter tensor."""
    model = net(dtype).to(device)
    images, labels = batch(6, dtype)
    dkt.DDi(model, dkt.PGD(model), m=3).backward(images, labels)
    for p in model.parameters():
        assert p.grad.dtype == dtype
        if p.numel() > 1:
            assert len(p.grad.unique()) > 1


def test_accumulates_as_backward_does(device, net, batch):
    model = net(torch.float64).to(device)
    images, labels = batch(6, torch.float64)
    ddi = dkt.DDi(model, lambda i, y: i, m=2)
    ddi.backward(images, labels)
    once = [p.grad.clone() for p in model.parameters()]
    same = [p.grad for p in model.parameters()]
    ddi.backward(images, labels)
    for p, first, held in zip(model.parameters(), once, same, strict=True):
        torch.testing.assert_close(p.grad, 2 * first)
        assert p.grad is held, "accumulated in place, as autograd does"


def test_memory_format_is_the_parameters(device, net, batch):
    model = net().to(device, memory_format=torch.channels_last)
    dkt.DDi(model, dkt.PGD(model), m=2).backward(*batch())
    assert all(p.grad.stride() == p.stride() for p in model.parameters())


def test_written_gradients_are_the_parameters_own(device, net, batch):
    """An in-place clip of one p.grad must not reach another, nor the report."""
    model = net().to(device)
    images, labels = batch()
    report = dkt.DDi(model, dkt.PGD(model), m=2).backward(images, labels)
    gram = report.gram.clone()
    pointers = {p.grad.untyped_storage().data_ptr() for p in model.parameters()}
    assert len(pointers) == len(list(model.parameters()))
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
    assert torch.equal(report.gram, gram)


@pytest.mark.parametrize("method", ["coupled", "product", "max", "min", "comb"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_micro_batches_change_nothing_but_memory(device, net, batch, method, size):
    model = net(torch.float64, norm="group").to(device)
    images, labels = batch(5, torch.float64)
    found = []
    for micro in (None, size):
        model.zero_grad()
        source = torch.Generator().manual_seed(0)
        points = [(images + 0.1 * k).clamp(0, 1) for k in range(3)]
        rows = {tuple(image.flatten().tolist()): k for k, image in enumerate(images)}
        state = {"run": -1}

        def attack(i, y, points=points, rows=rows, state=state):
            index = [rows[tuple(image.flatten().tolist())] for image in i]
            state["run"] += index[0] == 0
            return points[state["run"] % 3][index]

        ddi = dkt.DDi(model, attack, m=3, method=method, micro_batch=micro, generator=source)
        report = ddi.backward(images, labels)
        found.append((report, [p.grad.clone() for p in model.parameters()]))
    (whole, g), (parts, h) = found
    torch.testing.assert_close(whole.losses, parts.losses)
    torch.testing.assert_close(whole.gram, parts.gram)
    torch.testing.assert_close(g, h)


def test_micro_batches_bound_the_passes(device, net, batch):
    model = net().to(device)
    sizes = []
    model.register_forward_hook(lambda m, i, o: sizes.append(len(o)))
    dkt.DDi(model, dkt.PGD(model, steps=1), m=2, micro_batch=2).backward(*batch(5))
    assert max(sizes) == 2


def test_gram_is_float64_where_float32_would_fail(device):
    """Nearly equal gradients: the difference lives below float32's digits of the sum of squares."""
    n = 300_000
    source = torch.Generator().manual_seed(0)
    base = torch.randn(n, generator=source)
    rows = torch.stack([base, base * (1 + 2**-12), base + 1e-5]).to(device)
    params = [torch.zeros(n // 3, 3, device=device), torch.zeros((), device=device)]
    stack = GradientStack(params, 3)
    for j in range(3):
        stack.add(j, [rows[j].view(n // 3, 3), torch.ones((), device=device)])
    exact = rows.cpu().numpy().astype(np.float64)
    expected = exact @ exact.T + 1
    np.testing.assert_allclose(stack.gram(), expected, rtol=1e-13)
    flat = (rows @ rows.T).double().cpu().numpy()
    assert np.abs(flat / (expected - 1) - 1).max() > 1e-9, "the case is no test of precision"


def test_stack_arithmetic(device):
    source = torch.Generator().manual_seed(1)
    params = [torch.zeros(2, 3, device=device), torch.zeros(4, device=device)]
    gradients = [
        [torch.randn(2, 3, generator=source).to(device), None],
        [torch.randn(2, 3, generator=source).to(device), torch.ones(4, device=device)],
    ]
    stack = GradientStack(params, 2)
    for j, g in enumerate(gradients):
        stack.add(j, g)
    w = np.array([0.25, 0.75])
    x = stack.combine(w)
    torch.testing.assert_close(x[0], 0.25 * gradients[0][0] + 0.75 * gradients[1][0])
    torch.testing.assert_close(x[1], torch.full((4,), 0.75, device=device))
    y = weighted_sum(gradients, w)
    torch.testing.assert_close(x, y)
    np.testing.assert_allclose(stack.products(x), [dot(x, g) for g in gradients], rtol=1e-6)
    assert length(x) == pytest.approx(np.sqrt(float(sum(p.double().square().sum() for p in x))))


@pytest.mark.parametrize("norm", [None, "group", "batch"])
def test_per_sample_gradients_and_products(device, net, batch, norm):
    """Against one backward pass a sample; products by forward mode, and by two reverse passes."""
    model = net(torch.float64, norm=norm).to(device).eval()
    images, labels = batch(5, torch.float64)
    network = NetworkLoss(model, None, "keep", 2)
    rows = []
    for i in range(5):
        loss = functional.cross_entropy(model(images[i : i + 1]), labels[i : i + 1])
        rows.append(torch.autograd.grad(loss, network.params))
    for part, losses, gradients in per_sample_gradients(network, images, labels):
        for k, i in enumerate(range(part.start, part.stop)):
            for g, expected in zip(gradients, rows[i], strict=True):
                torch.testing.assert_close(g[k], expected, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(losses, network.values(images[part], labels[part]))
    x = [torch.randn_like(p) for p in network.params]
    expected = torch.tensor([dot(x, list(row)) for row in rows], dtype=torch.float64)
    expected = expected.to(device)
    losses, slopes = products(network, images, labels, x)
    torch.testing.assert_close(slopes, expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(losses, network.values(images, labels))
    names = [n for n, _ in model.named_parameters()]
    values = {n: p.detach() for n, p in model.named_parameters()}

    def f(values):
        out = torch.func.functional_call(model, values, (images,))
        return functional.cross_entropy(out, labels, reduction="none")

    again = _twice_backward(f, values, dict(zip(names, x, strict=True)))[1]
    torch.testing.assert_close(again, expected, rtol=1e-9, atol=1e-12)


class NoForwardMode(torch.autograd.Function):
    """A user's operation without jvp and without vmap rule."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(108, 3)

    def forward(self, x):
        return NoForwardMode.apply(self.layer(x.flatten(1)))


@pytest.mark.parametrize("budget", [0, 1e9])
def test_a_network_that_torch_func_cannot_take(device, batch, playback, budget):
    model = Custom().double().to(device)
    images, labels = batch(4, torch.float64)
    expected = by_hand(model, images, labels)
    ddi = dkt.DDi(model, playback(images), m=2, method="product", memory_budget=budget)
    ddi.backward(images, labels)
    check_gradients(model, expected, rtol=1e-9, atol=1e-12)


def test_no_trainable_parameter_is_named(device, net, batch):
    model = net().to(device).requires_grad_(False)
    with pytest.raises(InvalidInputError, match="no trainable parameter"):
        dkt.DDi(model, dkt.PGD(model)).backward(*batch())


def test_detached_logits_are_named(device, net, batch):
    class Detached(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = net()

        def forward(self, x):
            return self.inner(x).detach()

    model = Detached().to(device)
    with pytest.raises(InvalidInputError, match="does not depend on any trainable"):
        dkt.DDi(model, lambda i, y: i).backward(*batch())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_parameters_are_refused(net, batch, device, dtype):
    model = net(dtype).to(device)
    images, labels = batch()
    with pytest.raises(InvalidInputError, match="float16"):
        dkt.DDi(model, lambda i, y: i).backward(images.to(dtype), labels)


class Attention(nn.Module):
    """A transformer layer: fused kernels, dropout inside."""

    def __init__(self, dropout):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(12, 2, 16, dropout, batch_first=True)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        return self.head(self.layer(x.reshape(len(x), 9, 12)).mean(dim=1))


@pytest.mark.parametrize("budget", [0, 1e9])
def test_attention_in_the_product_methods(device, batch, playback, budget):
    model = Attention(0.1).to(device).eval()
    images, labels = batch(4)
    expected = by_hand(model, images, labels)
    ddi = dkt.DDi(model, playback(images), m=2, method="product", memory_budget=budget)
    ddi.backward(images, labels)
    check_gradients(model, expected, rtol=1e-3, atol=1e-5)


def test_matrix_free_refuses_masks_that_it_cannot_repeat(device, batch):
    """Its two passes must see one function, or the bounds would be about another."""
    model = Attention(0.5).to(device).train()
    images, labels = batch(6)
    ddi = dkt.DDi(model, lambda i, y: i, m=2, method="product", memory_budget=0)
    with pytest.raises(InvalidInputError, match="random numbers") as error:
        ddi.backward(images, labels)
    assert "memory_budget" in error.value.remedy
    assert all(p.grad is None for p in model.parameters())


def test_an_attack_that_works_in_place_spoils_no_data(device, net, batch):
    model = net().to(device)
    images, labels = batch()
    before = images.clone()
    dkt.DDi(model, lambda i, y: i.mul_(0.5), m=3).backward(images, labels)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    "spoil", [lambda y: y[:, None], lambda y: y.float(), lambda y: y + 3, lambda y: y - 9]
)
def test_bad_labels_are_named(device, net, batch, spoil):
    model = net().to(device)
    images, labels = batch()
    with pytest.raises(InvalidInputError) as error:
        dkt.DDi(model, lambda i, y: i).backward(images, spoil(labels))
    assert error.value.argument == "labels"


def test_dropout_draws_one_mask_a_call(device, batch, playback):
    """All adversaries of a call see one function; the next call sees another."""
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(108, 3)).to(device).train()
    images, labels = batch(6)
    ddi = dkt.DDi(model, playback(images), m=3)
    first = ddi.backward(images, labels).losses
    second = ddi.backward(images, labels).losses
    assert torch.equal(first[0], first[1])
    assert torch.equal(first[0], first[2])
    assert not torch.equal(first[0], second[0])


class Sum(nn.Module):
    """Low-rank-like: autograd gives `base` and `delta` one and the same gradient tensor."""

    def __init__(self):
        super().__init__()
        self.base = nn.Parameter(torch.randn(3, 108))
        self.delta = nn.Parameter(torch.randn(3, 108))

    def forward(self, x):
        return functional.linear(x.flatten(1), self.base + self.delta)


@pytest.mark.parametrize("method", ["single", "coupled", "max", "product"])
@pytest.mark.parametrize("micro_batch", [None, 2])
def test_parameters_whose_gradients_are_one_tensor(device, batch, method, micro_batch):
    model = Sum().to(device)
    images, labels = batch()
    decay = {"weight_decay": 0.5, "decay": "objective", "micro_batch": micro_batch}
    dkt.DDi(model, lambda i, y: i, m=2, method=method, **decay).backward(images, labels)
    found = [p.grad for p in model.parameters()]
    model.zero_grad()
    functional.cross_entropy(model(images), labels).backward()
    for p, g in zip(model.parameters(), found, strict=True):
        torch.testing.assert_close(g, p.grad + 0.5 * p.detach(), rtol=1e-4, atol=1e-5)
