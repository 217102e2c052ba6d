"""The audit: right figures on networks where they are known, no claim beyond the measurements."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import danskin.torch as dkt
from danskin.errors import InvalidInputError
from danskin.minnorm import product_min_norm
from danskin.torch.auditing import directions
from danskin.torch.auditing.measure import moved
from danskin.torch.auditing.statistics import Gain, Mean, gain, mean
from danskin.torch.auditing.verdict import NEGLIGIBLE, judge


def digits(count: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    images = dkt.load_data("digits", "train").take(count, torch.Generator().manual_seed(0))
    return images.batch(slice(None))


def network(seed: int = 0, **choices: object) -> nn.Module:
    torch.manual_seed(seed)
    return dkt.build_model("mlp", shape=(1, 8, 8), hidden=(16,), **choices)


def quick(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, **more: object):
    weak = dkt.PGD(model, 0.1, 0.05, 2, loss=more.get("loss"))
    options = {"attack": weak, "strong": weak, "fresh": weak, "m": 3, "batch_size": 8} | more
    return dkt.audit(model, images, labels, eps=0.1, **options)


class Obtuse(nn.Module):
    """Counterexample 2 as a network with a loss of its own: gradients u or v by the image's side.

    An image is one pixel x in [0, 1]; its loss is ``<theta, u>`` for x > 1/2, else ``<theta, v>``.
    """

    def __init__(self, c: float = -0.6) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        self.register_buffer("u", torch.tensor([1.0, 0.0], dtype=torch.float64))
        self.register_buffer("v", torch.tensor([c, math.sqrt(1 - c * c)], dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        side = (x.flatten(1)[:, :1] > 0.5).double()
        return side * (self.theta @ self.u) + (1 - side) * (self.theta @ self.v)


def either_side(seed: int = 0):
    """An attack that returns one of the two maximizers, at random."""

    def attack(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        sides = torch.rand(len(images), 1, dtype=torch.float64) > 0.5
        return torch.where(sides, 0.9, 0.1).to(images).expand_as(images).clone()

    return attack


def both_sides(model: Obtuse):
    """The exact maximizer at any theta."""

    def attack(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            values = torch.stack([model(torch.full_like(images, x))[:, 0] for x in (0.1, 0.9)])
        points = torch.where(values.argmax(0) == 1, 0.9, 0.1).to(images)
        return points.view(-1, 1).expand_as(images).clone()

    return attack


def plain_loss(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return outputs[:, 0]


# --- the obtuse pair: everything is known -------------------------------------------------------


@pytest.mark.parametrize("c", [-0.9, -0.6, -0.1])
def test_the_counterexample_is_found_out(c):
    """One image with two maximizers at an obtuse angle: single goes up, the min norm down.

    At theta = 0 and batch size 1: D = -c > 0 along -u, and -sqrt((1+c)/2) along the steepest.
    """
    model = Obtuse(c)
    images = torch.full((5, 1), 0.5, dtype=torch.float64)
    labels = torch.zeros(5, dtype=torch.int64)
    report = dkt.audit(
        model, images, labels, attack=either_side(), strong=both_sides(model),
        fresh=both_sides(model), m=16, loss=plain_loss, batch_size=1, step_lengths=[0.01],
        methods=["mean", "coupled", "product"],
    )  # fmt: skip
    steepest = math.sqrt((1 + c) / 2)
    for batch in report.batches:
        assert {round(x, 9) for x in batch.blocks.ravel()} == {1.0, round(c, 9)}
        assert batch.promised["single"][0] == pytest.approx(-c)
        assert batch.promised["coupled"][0] == pytest.approx(-steepest)
        assert batch.promised["product"][0] == pytest.approx(-steepest)
        assert batch.decrease["single"][0] == pytest.approx(0.01 * c)  # it rises
        assert batch.decrease["coupled"][0] == pytest.approx(0.01 * steepest)
        assert batch.rho_coupled[0] <= steepest * (1 + 1e-9)
        assert batch.rho_coupled[1] == pytest.approx(steepest)
        counts = batch.summary()
        assert 0 < counts["negative_within_image"] < 1
        assert counts["near_share"] == 1  # both are maximizers
        assert counts["shortfall_share"] != counts["shortfall_share"]  # 0 of a rise of 0
    # The reference goes uphill, so there is no unit: the audit must not turn that into a gain.
    assert report.verdict.kind == "cannot tell"
    assert "does not reliably lower the loss" in report.explain()


def test_promises_agree_with_gradients_by_hand():
    """<x, g_ij> from the Gram matrix against gradients computed one by one by autograd."""
    model, (images, labels) = network(1).double(), digits(6)
    report = quick(
        model, images.double(), labels, batch_size=6, m=4, step_lengths=[0.05],
        methods=list(directions.METHODS), generator=torch.Generator().manual_seed(3),
    )  # fmt: skip
    # The same seeds give the same adversaries.
    generator = torch.Generator().manual_seed(3)
    seed = int(torch.randint(2**48, (1,), generator=generator))
    attack = dkt.PGD(model, 0.1, 0.05, 2, generator=torch.Generator().manual_seed(seed))
    points = attack.search(images.double(), labels, restarts=4).images
    params = list(model.parameters())
    rows, losses = [], np.zeros((4, 6))
    for i in range(6):
        for j in range(4):
            loss = nn.functional.cross_entropy(model(points[j, i : i + 1]), labels[i : i + 1])
            losses[j, i] = loss.item()
            grads = torch.autograd.grad(loss, params)
            rows.append(torch.cat([g.flatten() for g in grads]).numpy())
    g = np.array(rows).reshape(6, 4, -1)
    batch = report.batches[0]
    assert np.allclose(batch.losses, losses, atol=1e-12)
    assert np.allclose(batch.blocks, np.einsum("ijn,ikn->ijk", g, g))
    assert np.allclose(batch.joint, g.mean(0) @ g.mean(0).T)
    x = {
        "single": g[:, 0].mean(0),
        "mean": g.mean((0, 1)),
        "max": g[np.arange(6), losses.T.argmax(1)].mean(0),
        "min": g[np.arange(6), np.linalg.norm(g, axis=2).argmin(1)].mean(0),
        "product": product_min_norm(list(g)).point,
    }
    for name, point in x.items():
        wanted = -(g @ point).min(axis=1).mean() / np.linalg.norm(point)
        assert batch.promised[name][0] == pytest.approx(wanted, rel=1e-9), name
    # The product's direction promises most, by Theorem 2; its promise is minus rho.
    least = min(batch.promised[name][0] for name in batch.promised)
    assert batch.promised["product"][0] == pytest.approx(least, rel=1e-6)
    assert batch.promised["product"][0] == pytest.approx(-batch.rho_product[1], rel=1e-6)
    assert batch.rho_product[1] <= batch.rho_coupled[1] * (1 + 1e-9)


def test_measured_decreases_agree_with_a_step_by_hand():
    model, (images, labels) = network(2).double(), digits(8)
    report = quick(
        model, images.double(), labels, step_lengths=[0.2], methods=["mean"],
        attack=lambda x, y: x, fresh=lambda x, y: x, strong=lambda x, y: x,
    )  # fmt: skip
    loss = nn.functional.cross_entropy(model(images.double()), labels)
    before = loss.item()
    grads = torch.autograd.grad(loss, list(model.parameters()))
    size = math.sqrt(sum(float(g.square().sum()) for g in grads))
    with torch.no_grad():
        for p, g in zip(model.parameters(), grads, strict=True):
            p -= 0.2 / size * g
        after = nn.functional.cross_entropy(model(images.double()), labels).item()
    batch = report.batches[0]
    assert batch.base == pytest.approx(before)
    assert batch.decrease["single"][0] == pytest.approx(before - after)
    # Adversaries that are the images themselves: everything agrees.
    assert batch.decrease["mean"][0] == pytest.approx(batch.decrease["single"][0], rel=1e-9)
    facts = batch.summary()
    assert facts["cosine_within_image"] == pytest.approx(1)
    assert facts["negative_within_image"] == 0
    assert facts["spread_share"] != facts["spread_share"]
    assert np.all(batch.distances < 1e-6)


def test_the_step_aware_limits():
    """A tiny step gives PGD-max, where the highest losses are unique; a huge one the product."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((5 * 3, 7)) + 1.0
    gram, losses = directions.Inner.of(g @ g.T, 5), rng.standard_normal((3, 5))
    tiny = directions.weights_of("step_aware", gram, losses, 1e-9)
    assert np.allclose(tiny, directions.weights_of("max", gram, losses, 0), atol=1e-6)
    huge = directions.weights_of("step_aware", gram, losses, 1e6)
    x = [(directions.weights_of("product", gram, losses, 0), 0), (huge, 1)]
    a, b = (w.reshape(-1) @ g / 5 for w, _ in x)
    assert np.allclose(a / np.linalg.norm(a), b / np.linalg.norm(b), atol=1e-4)


def test_streamed_gradients_say_what_stored_ones_say():
    """Over the budget, one image at a time: the same figures, without the product's directions."""
    model, (images, labels) = network(4), digits(16)
    options = {"m": 4, "step_lengths": [0.05], "methods": list(directions.METHODS)}
    stored = quick(model, images, labels, **options)
    one = 4 * sum(p.numel() for p in model.parameters())
    streamed = quick(model, images, labels, memory_budget=9 * one, **options)
    assert streamed.methods == ("single", "mean", "max", "min", "coupled")
    assert "left out are product, step_aware" in streamed.notes[0]
    for a, b in zip(stored.batches, streamed.batches, strict=True):
        assert np.allclose(a.losses, b.losses, rtol=1e-5)
        assert np.allclose(a.blocks, b.blocks, rtol=1e-4, atol=1e-8)
        assert np.allclose(a.joint, b.joint, rtol=1e-4)
        assert b.rho_product is None
        for name in streamed.methods:
            assert a.promised[name] == pytest.approx(b.promised[name], rel=1e-3), name
            assert a.decrease[name] == pytest.approx(b.decrease[name], rel=1e-2), name
    json.dumps(streamed.to_dict())


# --- what is left behind --------------------------------------------------------------------------


class Odd(nn.Module):
    """Shared, frozen and unused parameters, BatchNorm, dropout, an in-place activation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.one = nn.Linear(4 * 64, 10)
        self.tied = self.one
        self.frozen = nn.Parameter(torch.ones(10), requires_grad=False)
        self.unused = nn.Parameter(torch.ones(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.drop(self.act(self.bn(self.conv(x)))).flatten(1)
        return self.one(h) + 0.5 * self.tied(h * self.frozen.mean())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("training", [True, False])
def test_an_unseen_network_is_audited_and_left_alone(dtype, training):
    torch.manual_seed(0)
    model = Odd().to(dtype).train(training)
    model.one.weight.grad = torch.full_like(model.one.weight, 7.0)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.random.get_rng_state()
    images, labels = digits(16)
    report = quick(model, images, labels, methods=list(directions.METHODS))
    assert len(report.batches) == 2
    assert report.settings["dtype"] == str(dtype).removeprefix("torch.")
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert all(m.training == training for m in model.modules())
    assert torch.equal(model.one.weight.grad, torch.full_like(model.one.weight, 7.0))
    assert model.unused.grad is None
    assert [p.requires_grad for p in model.parameters()].count(False) == 1
    assert torch.equal(torch.random.get_rng_state(), state)
    json.dumps(report.to_dict())


def test_the_same_seed_gives_the_same_audit():
    model, (images, labels) = network(), digits(16)
    options = {"step_lengths": [0.1], "methods": ["coupled"]}
    one = quick(model, images, labels, **options)
    torch.rand(7)
    two = quick(model, images, labels, **options)
    other = quick(model, images, labels, generator=torch.Generator().manual_seed(1), **options)
    assert one.batches[0].decrease == two.batches[0].decrease
    assert np.array_equal(one.batches[1].losses, two.batches[1].losses)
    assert not np.array_equal(one.batches[1].losses, other.batches[1].losses)


def test_an_error_in_the_middle_leaves_the_network_as_it_was():
    model, (images, labels) = network(), digits(8)
    before = [p.clone() for p in model.parameters()]
    calls = []

    def failing(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 2:  # with the parameters moved
            raise KeyboardInterrupt
        return x

    with pytest.raises(KeyboardInterrupt):
        quick(model, images, labels, fresh=failing, step_lengths=[0.5])
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))


def test_moved_walks_exactly_the_length():
    params = [nn.Parameter(torch.randn(5, 3, dtype=torch.float64)), nn.Parameter(torch.ones(2))]
    x = [torch.randn(5, 3, dtype=torch.float64), None]
    before = params[0].detach().clone()
    with moved(params, x, 0.25):
        step = params[0].detach() - before
        assert float(step.norm()) == pytest.approx(0.25)
        assert float((step * x[0]).sum()) < 0
        assert torch.equal(params[1], torch.ones(2))
    assert torch.equal(params[0], before)


# --- users' mistakes ------------------------------------------------------------------------------


def small_gap() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 10))


@pytest.mark.parametrize(
    ("change", "argument", "word"),
    [
        ({"images": lambda x: x * 255}, "images", "outside .0, 1."),
        ({"images": lambda x: (x * 255).to(torch.uint8)}, "images", "float.. / 255"),
        ({"images": lambda x: x.permute(0, 2, 3, 1)}, "model", "Channels seem to come last"),
        ({"images": lambda x: x[:, :, :4]}, "model", "cannot take images of shape"),
        ({"images": lambda x: x * math.nan}, "images", "NaN"),
        ({"images": lambda x: x[:0]}, "images", "non-empty"),
        ({"images": lambda x: x.numpy()}, "images", "ndarray"),
        ({"labels": lambda y: y + 5}, "labels", "10 outputs"),
        ({"labels": lambda y: y - 20}, "labels", "start at 0"),
        ({"labels": lambda y: y[:-1]}, "labels", "one label an image"),
        ({"labels": lambda y: y.float()}, "labels", "int64|Class probabilities"),
        ({"m": 1}, "m", "one adversary cannot conflict"),
        ({"m": 2.5}, "m", "whole number"),
        ({"batches": 9}, "batches", "the images make 3"),
        ({"batch_size": 0}, "batch_size", "whole number"),
        ({"methods": ["ddi"]}, "methods", "coupled"),
        ({"methods": "mean"}, "methods", "in a list"),
        ({"step_lengths": [0]}, "step_lengths", "positive"),
        ({"step_lengths": []}, "step_lengths", "empty"),
        ({"step_lengths": [1e30]}, "step_lengths", "infinite"),
        ({"memory_budget": 1000}, "memory_budget", "smaller m"),
        ({"attack": 3}, "attack", "callable"),
        ({"attack": lambda x, y: (x, y)}, "attack", "alone"),
        ({"loss": lambda z, y: z.mean()}, "loss", "reduction"),
    ],
)
def test_mistakes_are_named(change, argument, word):
    images, labels = digits(24)
    images = change.pop("images", lambda x: x)(images)
    labels = change.pop("labels", lambda y: y)(labels)
    with pytest.raises(InvalidInputError, match=word) as caught:
        quick(small_gap(), images, labels, **change)
    assert caught.value.argument == argument


def test_networks_that_cannot_be_audited_are_refused():
    images, labels = digits(8)
    coupled = nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False), nn.Flatten(),
                            nn.Linear(64, 10))  # fmt: skip
    with pytest.raises(InvalidInputError, match="no running statistics"):
        quick(coupled, images, labels)
    with pytest.raises(InvalidInputError, match="trainable"):
        quick(network().requires_grad_(False), images, labels)
    with pytest.raises(InvalidInputError, match="Module"):
        quick(lambda x: x, images, labels)

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(10))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.bias.expand(len(x), 10) + 0.0

    with pytest.raises(InvalidInputError, match="no gradient with respect to the image"):
        quick(Constant(), images, labels)
    broken = network()
    with torch.no_grad():
        next(broken.parameters()).fill_(math.nan)
    with pytest.raises(InvalidInputError, match="NaN"):
        quick(broken, images, labels)


# --- words that are not stronger than the numbers ------------------------------------------------


FACTS = {k: Mean(0.5, 0.1) for k in ("negative_within_image", "cosine_within_image", "near_share",
                                     "shortfall_share")}  # fmt: skip


def a_gain(low: float, high: float, method: str = "coupled", step: float = 0.1) -> Gain:
    return Gain(method, step, (low + high) / 2, (high - low) / 6, low, high, 12)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["coupled", "product", "step_aware", "mean", "max"]),
            st.floats(-1, 1), st.floats(0, 1),
        ), min_size=1, max_size=8,
    )
)  # fmt: skip
@settings(max_examples=200)
def test_the_verdict_follows_from_the_intervals(cases):
    gains = [a_gain(low, low + width, method) for method, low, width in cases]
    mine = [g for g in gains if g.method in ("coupled", "product", "step_aware")]
    found = judge(gains, FACTS, 12, 10)
    if found.kind == "gain":
        assert any(g.low > 0 for g in mine)
        assert found.text.startswith("There is something to gain")
    elif found.kind == "no gain":
        assert mine
        assert all(g.high < NEGLIGIBLE for g in mine)
        assert found.text.startswith("Nothing to gain")
    else:
        assert not any(g.low > 0 for g in mine)
        assert not mine or any(g.high >= NEGLIGIBLE for g in mine)
        assert found.text.startswith("Cannot tell")
    assert "not about a whole training" in found.text


def test_two_batches_say_nothing():
    unknown = Gain("coupled", 0.1, 0.5, 0.01, math.nan, math.nan, 2)
    assert judge([unknown], FACTS, 2, 10).kind == "cannot tell"
    assert "2 batches are too few" in judge([unknown], FACTS, 2, 10).text
    assert judge([], FACTS, 12, 10).kind == "cannot tell"
    # One interval missing: "no gain" would speak of a step that was not judged.
    both = [a_gain(-0.1, 0.001), Gain("product", 0.3, math.nan, math.nan, math.nan, math.nan, 12)]
    assert judge(both, FACTS, 12, 10).kind == "cannot tell"


def test_a_gain_of_another_direction_is_not_the_papers():
    gains = [a_gain(-0.01, 0.03), a_gain(0.01, 0.03, "product")]
    found = judge(gains, FACTS, 12, 10)
    assert found.kind == "gain"
    assert "the product's min norm at step 0.1 lowers the robust loss by 2.0 % more" in found.text
    assert "DDi (coupled) at step 0.1, the paper's own, gains too is not shown" in found.text
    assert "not shown" not in judge([a_gain(0.01, 0.03)], FACTS, 12, 10).text


def test_gains_of_the_same_attacks_without_a_min_norm_are_named():
    text = judge([a_gain(0.02, 0.05), a_gain(0.03, 0.04, "mean")], FACTS, 12, 10).text
    assert "It takes 10 attacks in place of one." in text
    assert "the plain mean at step 0.1 already gains between +3.0 % and +4.0 %" in text


def test_intervals_are_those_of_the_paired_differences():
    rng = np.random.default_rng(0)
    base = rng.normal(1.0, 0.3, 20)
    better = 1.1 * base + rng.normal(0, 0.01, 20)
    found = gain("coupled", 0.1, better, base, comparisons=1)
    assert found.mean == pytest.approx(better.mean() / base.mean() - 1)
    assert found.low < found.mean < found.high
    assert found.low > 0.08  # paired: the 30 % spread of the batches does not matter
    wider = gain("coupled", 0.1, better, base, comparisons=10)
    assert wider.low < found.low
    assert wider.high > found.high


def test_intervals_cover_the_truth_as_often_as_they_say():
    """Ratio of means with paired noise: 95 % intervals over 400 repetitions, binomial bounds."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        base = rng.normal(1.0, 0.2, 12)
        other = 1.05 * base + rng.normal(0, 0.1, 12)
        found = gain("x", 0.1, other, base, 1)
        hits += found.low <= 0.05 <= found.high
    assert 365 <= hits <= 395


def test_no_unit_where_the_reference_does_not_descend():
    for base in ([-1.0, -2.0, -1.5], [1.0, -1.2, 0.3], [0.0, 0.0, 0.0]):
        found = gain("coupled", 0.1, [1.0, 1.0, 1.0], base, 1)
        assert math.isnan(found.mean)
        assert math.isnan(found.low)


def test_means_and_their_errors():
    assert mean([1.0, 2.0, 3.0]).value == 2
    assert mean([1.0, 2.0, 3.0]).error == pytest.approx(1 / math.sqrt(3))
    assert math.isnan(mean([1.0]).error)
    assert "one batch" in str(mean([1.0]))
