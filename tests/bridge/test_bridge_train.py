"""Training side by side: a fair comparison, repeatable, and the loop a user would have written."""

import dataclasses
import math

import pytest
import torch
from torch import nn

import danskin.torch as dkt
from danskin.errors import InvalidInputError
from danskin.torch.data import Images, read_digits
from danskin.torch.train import RECIPES, Accuracy, accuracy, resolve, train

TINY = {"epochs": 2, "hidden": (12,), "steps": 2, "eval_steps": 3, "m": 2}


def few(count: int = 128) -> tuple[Images, Images]:
    training, held_out = read_digits()
    return training.take(count), held_out.take(40)


def states(**changes: object) -> dict[str, dict[str, torch.Tensor]]:
    """The networks after a tiny training."""
    runs: list = []
    list(train(resolve("digits", **{**TINY, **changes}), *few(), started=runs.extend))
    return {run.method: run.model.state_dict() for run in runs}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[k], b[k]) for k in a)


def test_pgd_is_the_plain_loop():
    """The recipe "pgd" against adversarial training written out, to the last digit."""
    config = resolve("digits", **TINY, methods=("pgd",))
    runs: list = []
    records = list(train(config, *few(), started=runs.extend))
    torch.manual_seed(config.seed)
    model = dkt.build_model("mlp", shape=(1, 8, 8), hidden=(12,))
    training, _ = few()
    for epoch in range(2):
        rate = config.rate("pgd", epoch)
        base = (config.seed * 1_000_003 + epoch) * 16
        attack = dkt.PGD(
            model, config.eps, config.alpha, config.steps,
            generator=torch.Generator().manual_seed(base + 1),
        )  # fmt: skip
        order = torch.randperm(len(training), generator=torch.Generator().manual_seed(base))
        for which in order.split(64):
            images, labels = training.batch(which)
            model.train()
            loss = nn.functional.cross_entropy(model(attack(images, labels)), labels)
            grads = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for p, g in zip(model.parameters(), grads, strict=True):
                    p -= rate * g
    for key, value in model.state_dict().items():
        assert torch.allclose(value, runs[0].model.state_dict()[key], rtol=1e-5, atol=1e-7), key
    assert [r.steps for r in records] == [2, 2]
    assert records[-1].learning_rate == pytest.approx(0.02)  # dropped at half of the epochs


def test_all_start_alike_and_see_the_same():
    """With one adversary the methods coincide: weights, order and attacks must have been equal."""
    found = states(m=1, methods=("pgd", "coupled", "mean", "max", "gated"))
    for name in ("coupled", "mean", "max"):
        for key, value in found["pgd"].items():
            assert torch.allclose(value, found[name][key], rtol=1e-4, atol=1e-6), (name, key)
    found = states(m=1, methods=("pgd_normalized", "ddi", "comb"))
    for name in ("ddi", "comb"):
        for key, value in found["pgd_normalized"].items():
            assert torch.allclose(value, found[name][key], rtol=1e-4, atol=1e-6), (name, key)


def test_a_run_repeats_from_its_seed():
    methods = ("pgd", "ddi", "comb")
    one = states(methods=methods)
    torch.rand(3)
    two, other = states(methods=methods), states(methods=methods, seed=1)
    alone = states(methods=("comb",))
    for name in methods:
        assert same(one[name], two[name])
        assert not same(one[name], other[name])
    assert same(one["comb"], alone["comb"])  # nor does its company matter


@pytest.mark.parametrize("method", RECIPES)
def test_every_recipe_trains(method):
    config = resolve("digits", **TINY, methods=(method,))
    records = list(train(config, *few()))
    assert [r.epoch for r in records] == [1, 2]
    assert records[1].loss < records[0].loss + 0.5
    assert all(math.isfinite(r.loss) and r.step_length > 0 for r in records)
    if RECIPES[method].normalize:
        assert records[0].step_length == pytest.approx(config.step_length)
    found = records[-1].accuracy
    assert found is not None
    assert 0 <= found.robust <= found.clean <= found.images == 40
    assert records[-1].to_dict()["robust_accuracy"] == found.robust / 40


def test_training_learns():
    config = resolve("digits", epochs=6, methods=("pgd",), eval_every=6)
    records = list(train(config, *read_digits()))
    assert records[-1].accuracy.clean / 450 > 0.85
    assert records[-1].accuracy.robust / 450 > 0.5


def test_a_diverged_method_stops_and_the_others_go_on():
    config = resolve("digits", **{**TINY, "epochs": 3}, methods=("pgd", "pgd_normalized"),
                     learning_rate=1e30)  # fmt: skip
    records = list(train(config, *few()))
    assert [r.epoch for r in records if r.method == "pgd_normalized"] == [1, 2, 3]
    stopped = [r for r in records if r.method == "pgd"]
    assert len(stopped) < 3
    assert "diverged" in stopped[-1].note
    assert stopped[-1].to_dict()["note"]


def test_robust_accuracy_counts_what_survives():
    class Threshold(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            value = self.scale * x.flatten(1).mean(1, keepdim=True) - 0.5
            return torch.cat([-value, value], dim=1)

    pixels = torch.tensor([20, 110, 140, 250], dtype=torch.uint8).view(4, 1, 1, 1)
    images = Images("x", "test", pixels, torch.tensor([0, 0, 1, 0]), 2)
    found = accuracy(Threshold(), images, lambda x, y: x + 0.1 * (1 - 2 * y.view(-1, 1, 1, 1)))
    # 20 stays right; 110 crosses; 140 crosses; 250 was never right.
    assert (found.clean, found.robust, found.images) == (3, 1, 4)
    assert Accuracy(3, 1, 4).error == pytest.approx(math.sqrt(0.25 * 0.75 / 4))
    helpful = accuracy(
        Threshold(), images, lambda x, y: torch.where(y.view(-1, 1, 1, 1) > 0, 1.0, 0.0)
    )
    assert helpful.robust == helpful.clean == 3


def test_the_rates_drop_at_half_and_three_quarters():
    config = resolve("digits", epochs=8, learning_rate=1.0, step_length=2.0)
    rates = [config.rate("pgd", k) for k in range(8)]
    assert rates == pytest.approx([1] * 4 + [0.1] * 2 + [0.01] * 2)
    assert config.rate("ddi", 0) == 2.0
    assert config.to_dict()["methods"] == ("pgd", "pgd_normalized", "ddi", "step_aware")
    measured = [k for k in range(8) if dataclasses.replace(config, eval_every=3).measured(k)]
    assert measured == [2, 5, 7]


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"epochs": 0}, "epochs"), ({"epochs": 1.5}, "epochs"), ({"seed": -1}, "seed"),
        ({"methods": ("adam",)}, "method"), ({"methods": ()}, "method"), ({"m": 0}, "m"),
        ({"eps": 0.0}, "eps"), ({"eps": 8.0}, "eps"), ({"eps": math.nan}, "eps"),
        ({"learning_rate": -1.0}, "learning_rate"), ({"lr": 0.1}, "lr"),
        ({"batch_size": True}, "batch_size"), ({"threads": 0}, "threads"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(changes, argument):
    with pytest.raises(InvalidInputError) as caught:
        resolve("digits", **changes)
    assert caught.value.argument == argument


def test_too_few_images_for_a_batch():
    with pytest.raises(InvalidInputError, match="there are 10 images"):
        next(train(resolve("digits", **TINY), few(10)[0], few()[1]))
