"""Train and eval: what the attack sees, what the gradients see, which statistics move."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import danskin.torch as dkt
from danskin.errors import InvalidInputError


@pytest.fixture
def seen(device, net, batch):
    """A BatchNorm net in train mode that notes its mode at each pass, attack or gradient."""
    model = net(norm="batch").to(device).train()
    notes = []

    def note(module, inputs, output):
        what = "attack" if inputs[0].requires_grad else "gradient"
        notes.append((what, module.training))

    model.register_forward_hook(note)
    return model, notes


@pytest.mark.parametrize("method", ["single", "mean", "max", "coupled", "comb", "gated"])
def test_one_choice_for_every_method(seen, batch, method):
    """Attack in eval mode, gradients as the caller left it; single and coupled alike."""
    model, notes = seen
    dkt.DDi(model, dkt.PGD(model, steps=2), m=3, method=method).backward(*batch())
    assert {training for what, training in notes if what == "attack"} == {False}
    assert {training for what, training in notes if what == "gradient"} == {True}
    assert model.training


@pytest.mark.parametrize(("gradients", "expected"), [("eval", False), ("train", True)])
def test_the_mode_of_gradients_can_be_switched(seen, batch, gradients, expected):
    """The authors' mixture: DDi's gradients in eval mode, PGD's in train mode."""
    model, notes = seen
    modes = dkt.Modes(gradients=gradients)
    dkt.DDi(model, dkt.PGD(model, steps=1), m=2, modes=modes).backward(*batch())
    assert {training for what, training in notes if what == "gradient"} == {expected}
    assert model.training


def test_a_foreign_attack_gets_the_mode_too(seen, batch):
    model, notes = seen

    def attack(images, labels):
        model(images.clone().requires_grad_())
        return images

    for mode, expected in (("eval", False), ("train", True)):
        notes.clear()
        ddi = dkt.DDi(model, attack, m=1, method="single", modes=dkt.Modes(attack=mode))
        ddi.backward(*batch())
        assert {training for what, training in notes if what == "attack"} == {expected}


def test_single_and_coupled_differentiate_the_same_function(device, net, batch):
    """With one adversary, coupled is single is ``loss.backward()``, BatchNorm and all."""
    for training in (True, False):
        model = net(torch.float64, norm="batch").to(device).train(training)
        model[1].running_mean.add_(0.3)
        images, labels = batch(6, torch.float64)
        functional.cross_entropy(model(images), labels).backward()
        expected = [p.grad.clone() for p in model.parameters()]
        for method in ("single", "coupled", "mean", "max"):
            model.zero_grad()
            dkt.DDi(model, lambda i, y: i, m=1, method=method).backward(images, labels)
            found = [p.grad for p in model.parameters()]
            torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["single", "mean", "max", "coupled", "comb"])
def test_running_statistics_count_each_image_once(device, net, batch, method):
    """They move as in one plain training pass over the first gradient's images, and no more."""
    images, labels = batch(6)
    points = [(images + 0.1 * k).clamp(0, 1) for k in range(2)]
    model, plain = net(norm="batch").to(device).train(), net(norm="batch").to(device).train()
    plain.load_state_dict(model.state_dict())
    calls = iter(range(100))
    attack = lambda i, y: points[next(calls) % 2]  # noqa: E731
    report = dkt.DDi(model, attack, m=2, method=method).backward(images, labels)
    chosen = points[0]
    if method == "max":
        index = report.weights.argmax(dim=0)
        chosen = torch.stack([points[j][i] for i, j in enumerate(index)])
    plain(chosen)
    for name, value in plain[1].named_buffers():
        torch.testing.assert_close(dict(model[1].named_buffers())[name], value)


def test_a_graph_of_the_callers_stays_valid(device, net, batch):
    """In eval mode BatchNorm's backward pass needs its running statistics unwritten."""
    model = net(norm="batch").to(device).eval()
    images, labels = batch(4)
    loss = functional.cross_entropy(model(images), labels)
    dkt.DDi(model, dkt.PGD(model, steps=2), m=2).backward(images, labels)
    loss.backward()


@pytest.mark.parametrize("training", [True, False])
def test_an_attack_in_train_mode_moves_no_statistics(device, net, batch, training):
    """Whatever mode the caller's network is in, and whoever switches it."""
    model = net(norm="batch").to(device).train(training)
    before = {k: v.clone() for k, v in model.state_dict().items()}

    def attack(images, labels):
        model.train()
        model(images)
        return images

    for modes in (dkt.Modes(attack="train", gradients="eval"), dkt.Modes(gradients="eval")):
        dkt.DDi(model, attack, m=2, modes=modes).backward(*batch(4))
        assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
        assert model.training == training


def test_other_buffers_stay_too(device, batch):
    """A power iteration or a user's counter moves once a call, not m times."""

    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.utils.parametrizations.spectral_norm(nn.Linear(108, 3))
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x):
            if self.training:
                self.count += 1
            return self.layer(x.flatten(1))

    model = Counter().to(device).train()
    dkt.DDi(model, dkt.PGD(model, steps=2, mode="train"), m=4).backward(*batch())
    assert model.count == 1


@pytest.mark.parametrize("method", ["product", "min"])
def test_per_sample_gradients_refuse_coupled_samples(device, net, batch, method):
    model = net(norm="batch").to(device).train()
    with pytest.raises(InvalidInputError, match="BatchNorm in train mode") as error:
        dkt.DDi(model, dkt.PGD(model, steps=1), m=2, method=method).backward(*batch())
    assert "eval" in error.value.remedy
    modes = dkt.Modes(gradients="eval")
    dkt.DDi(model, dkt.PGD(model, steps=1), m=2, method=method, modes=modes).backward(*batch())
    model[1].eval()
    dkt.DDi(model, dkt.PGD(model, steps=1), m=2, method=method).backward(*batch())


@pytest.mark.parametrize("where", ["attack", "loss"])
def test_an_exception_leaves_no_trace(device, net, batch, where):
    model = net(norm="batch").to(device).train()
    model[3].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    modes = [m.training for m in model.modules()]
    calls = []

    def attack(images, labels):
        model.requires_grad_(False)
        model.train()
        model(images)
        if where == "attack":
            raise ArithmeticError
        return images

    def loss(logits, labels):
        calls.append(1)
        if len(calls) == 2:
            raise ArithmeticError
        return functional.cross_entropy(logits, labels, reduction="none")

    with pytest.raises(ArithmeticError):
        dkt.DDi(model, attack, m=3, loss=loss).backward(*batch())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert [m.training for m in model.modules()] == modes
    assert all(p.requires_grad for p in model.parameters())
    assert all(p.grad is None for p in model.parameters())
    assert all(m.track_running_stats for m in model.modules() if hasattr(m, "track_running_stats"))


def test_nan_does_not_stay_in_running_statistics(device, net, batch):
    model = net(norm="batch").to(device).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(InvalidInputError, match="NaN"):
        dkt.DDi(model, lambda i, y: i * float("nan"), m=2).backward(*batch())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_an_attack_that_calls_backward_pollutes_nothing(device, net, batch):
    """The usual hand-written PGD: its ``loss.backward()`` also fills p.grad."""
    model = net().to(device)
    images, labels = batch()

    def attack(images, labels):
        x = images.clone().requires_grad_()
        functional.cross_entropy(model(x), labels).backward()
        return (images + 0.01 * x.grad.sign()).clamp(0, 1)

    functional.cross_entropy(model(attack(images, labels)), labels)
    model.zero_grad()
    expected = functional.cross_entropy(model(attack(images, labels).detach()), labels)
    model.zero_grad()
    expected.backward()
    wanted = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    dkt.DDi(model, attack, m=2).backward(images, labels)
    torch.testing.assert_close([p.grad for p in model.parameters()], wanted)


def test_bad_modes_are_named():
    with pytest.raises(InvalidInputError) as error:
        dkt.Modes(gradients="test")
    assert error.value.argument == "modes.gradients"
