"""The training loop: a fair comparison, repeatable, and the loop a user would have written."""

import dataclasses
import math

import pytest
import torch
from torch import nn

import danskin.torch as dkt
from danskin.errors import InvalidInputError
from danskin.torch.data import Images, read_digits
from danskin.torch.train import (
    RECIPES,
    Accuracy,
    Diverged,
    RunConfig,
    Sets,
    Trainer,
    accuracy,
    load_sets,
    side_by_side,
    train_together,
)
from danskin.torch.train.draws import seeded

TINY = {
    "epochs": 2, "model.hidden": (12,), "attack.steps": 2, "evaluation.steps": 3, "method.m": 2,
    "compute.threads": 0,
}  # fmt: skip


def few(count: int = 128, *, validation: bool = False) -> Sets:
    training, held_out = read_digits()
    return Sets(training.take(count), held_out.take(40), validation)


def one(method: str = "ddi", **changes: object) -> RunConfig:
    return side_by_side(methods=(method,), **TINY | changes)[method]


def trained(config: RunConfig, sets: Sets | None = None) -> Trainer:
    trainer = Trainer(config, few() if sets is None else sets)
    list(trainer.epochs())
    return trainer


def states(methods: tuple[str, ...], **changes: object) -> dict[str, dict[str, torch.Tensor]]:
    """The networks after a tiny training."""
    configs = side_by_side(methods=methods, **TINY | changes)
    trainers = {name: Trainer(config, few()) for name, config in configs.items()}
    list(train_together(trainers))
    return {name: trainer.model.state_dict() for name, trainer in trainers.items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[k], b[k]) for k in a)


def test_pgd_is_the_plain_loop():
    """The method "pgd" against adversarial training written out, to rounding."""
    config = one("pgd", **{"optimizer.weight_decay": 1e-2, "optimizer.momentum": 0.5})
    trainer = trained(config)
    torch.manual_seed(config.seed)
    model = dkt.build_model("mlp", shape=(1, 8, 8), hidden=(12,))
    training, optimizer = few().training, torch.optim.SGD(
        model.parameters(), lr=0.2, momentum=0.5, weight_decay=1e-2
    )  # fmt: skip
    for epoch in range(2):
        optimizer.param_groups[0]["lr"] = config.optimizer.lr * config.factor(epoch)
        attack = dkt.PGD(model, 0.1, 0.025, 2, generator=seeded(0, epoch, "attack"))
        order = torch.randperm(len(training), generator=seeded(0, epoch, "order"))
        for which in order.split(64):
            images, labels = training.batch(which)
            adversarial = attack(images, labels)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(adversarial), labels).backward()
            optimizer.step()
    for key, value in model.state_dict().items():
        assert torch.allclose(value, trainer.model.state_dict()[key], rtol=1e-4, atol=1e-6), key
    assert [r.steps for r in trainer.records] == [2, 2]
    assert trainer.records[-1].learning_rate == pytest.approx(0.02)  # dropped at half


def test_all_start_alike_and_see_the_same():
    """With one adversary the methods coincide: weights, order and attacks must have been equal."""
    found = states(("pgd", "coupled", "mean", "max", "gated"), **{"method.m": 1})
    for name in ("coupled", "mean", "max"):
        for key, value in found["pgd"].items():
            assert torch.allclose(value, found[name][key], rtol=1e-4, atol=1e-6), (name, key)
    found = states(("pgd_normalized", "ddi", "comb"), **{"method.m": 1})
    for name in ("ddi", "comb"):
        for key, value in found["pgd_normalized"].items():
            assert torch.allclose(value, found[name][key], rtol=1e-4, atol=1e-6), (name, key)


def test_a_run_repeats_from_its_seed():
    methods = ("pgd", "ddi", "comb")
    first = states(methods)
    torch.rand(3)
    again, other, alone = states(methods), states(methods, seed=1), states(("comb",))
    for name in methods:
        assert same(first[name], again[name])
        assert not same(first[name], other[name])
    assert same(first["comb"], alone["comb"])  # nor does its company matter


@pytest.mark.parametrize("method", RECIPES)
def test_every_recipe_trains(method):
    config = one(method)
    records = trained(config).records
    assert [r.epoch for r in records] == [1, 2]
    assert records[1].loss < records[0].loss + 0.5
    assert all(math.isfinite(r.loss) and r.step_length > 0 for r in records)
    if RECIPES[method].normalize:
        assert records[0].step_length == pytest.approx(config.optimizer.lr)
    found = records[-1].accuracy
    assert found is not None
    assert 0 <= found.robust <= found.clean <= found.images == 40
    assert records[-1].to_dict()["robust_accuracy"] == found.robust / 40


def test_training_learns():
    config = side_by_side(methods=("pgd",), epochs=6, **{"evaluation.every": 6})["pgd"]
    found = trained(config, load_sets(config)).records[-1].accuracy
    assert found.clean / 450 > 0.85
    assert found.robust / 450 > 0.5


def test_a_diverged_method_stops_and_the_others_go_on():
    configs = side_by_side(methods=("pgd", "pgd_normalized"), **TINY | {"epochs": 3})
    configs["pgd"] = configs["pgd"].override({"optimizer.lr": 1e30})
    told: list = []
    trainers = {name: Trainer(config, few()) for name, config in configs.items()}
    records = list(train_together(trainers, told.append))
    assert [r.epoch for r in records if r.name == "pgd_normalized"] == [1, 2, 3]
    stopped = [r for r in records if r.name == "pgd"]
    assert len(stopped) < 3
    assert "diverged" in stopped[-1].note
    assert "smaller optimizer.lr" in str(told[0])


def test_a_loss_far_above_guessing_is_diverging():
    """Finite all along: a network that answers wrongly with logits of thousands."""
    trainer = Trainer(one("pgd"), few())
    with torch.no_grad():
        for p in trainer.model.parameters():
            p.mul_(100)
    with pytest.raises(Diverged, match="pgd diverged: the loss is"):
        list(trainer.epochs())


def test_weight_decay_before_or_after_normalising():
    """Decoupled: added to the unit vector. In the objective: to every gradient before."""
    norms = {}
    for decay in ("decoupled", "objective"):
        changes = {"optimizer.weight_decay": 10.0, "optimizer.decay": decay, "epochs": 1}
        trainer = Trainer(one("ddi", **changes), few())
        before = [p.detach().clone() for p in trainer.model.parameters()]
        images, labels = few().training.batch(slice(64))
        trainer.parts.step(images, labels)
        steps = [p.detach() - b for p, b in zip(trainer.model.parameters(), before, strict=True)]
        norms[decay] = math.sqrt(sum(float(s.square().sum()) for s in steps))
    assert norms["objective"] == pytest.approx(0.2, rel=1e-4)
    assert norms["decoupled"] > 1


def test_another_attack_in_the_first_epochs():
    config = one("pgd", epochs=4, **{"first.share": 0.5, "first.alpha": 0.1, "attack.steps": 3})
    trainer = Trainer(config, few())
    seen = []
    for _ in trainer.epochs():
        seen.append((trainer.parts.ddi.attack.steps, trainer.parts.ddi.attack.alpha))
    assert seen == [(1, 0.1)] * 2 + [(3, 0.025)] * 2


def test_fewer_adversaries_towards_the_end():
    config = one("ddi", epochs=3, **{"method.m": 5, "method.last_m": 1})
    assert [r.attacks for r in trained(config).records] == [5 + 4, 3 + 3, 2 + 1]


def test_the_best_network_is_chosen_on_validation_images_only(tmp_path):
    config = one("pgd", epochs=4)
    for validation in (True, False):
        folder = tmp_path / str(validation)
        trainer = Trainer(config, few(validation=validation), folder)
        records = list(trainer.epochs())
        assert (folder / "best.safetensors").exists() == validation
        assert (folder / "model.safetensors").exists()
    assert trainer.best is None
    best = max(records, key=lambda r: (r.accuracy.robust, -r.epoch))
    chosen = Trainer(config, few(validation=True), tmp_path / "True", resume=True).best
    assert chosen == dataclasses.replace(best, seconds=chosen.seconds)
    network = dkt.load_model(tmp_path / "True" / "best.safetensors")
    again = Trainer(config.override({"epochs": 4}), few(validation=True))
    for record in again.epochs():
        if record.epoch == best.epoch:
            assert same(network.state_dict(), again.model.state_dict())
            break


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
    assert Accuracy.from_dict(Accuracy(3, 1, 4).to_dict()) == Accuracy(3, 1, 4)
    assert Accuracy(3, 2, 4).better_than(Accuracy(4, 1, 4))
    assert not Accuracy(3, 1, 4).better_than(Accuracy(2, 1, 4))
    helpful = accuracy(
        Threshold(), images, lambda x, y: torch.where(y.view(-1, 1, 1, 1) > 0, 1.0, 0.0)
    )
    assert helpful.robust == helpful.clean == 3


def test_the_rates_drop_at_half_and_three_quarters():
    config = one("pgd", epochs=8)
    assert [config.factor(k) for k in range(8)] == pytest.approx([1] * 4 + [0.1] * 2 + [0.01] * 2)
    every = config.override({"evaluation.every": 3})
    assert [k for k in range(8) if every.measured(k)] == [2, 5, 7]


def test_the_split_is_the_datas_and_not_the_seeds():
    config = RunConfig.from_dict({"data.source": "digits", "model.arch": "mlp",
                                  "model.norm": "none"})  # fmt: skip
    sets, other = load_sets(config), load_sets(config.override({"seed": 1}))
    assert (len(sets.training), len(sets.held_out)) == (1078, 269)
    assert sets.validation
    assert sets.fingerprint() == other.fingerprint()
    assert sets.fingerprint() != load_sets(config.override({"data.split_seed": 1})).fingerprint()
    whole, _ = read_digits()
    rows = torch.cat([sets.training.pixels, sets.held_out.pixels]).flatten(1)
    assert torch.equal(rows.double().sum(0), whole.pixels.flatten(1).double().sum(0))
    limited = load_sets(config.override({"data.limit": 200, "evaluation.images": 50}))
    assert (len(limited.training), len(limited.held_out)) == (200, 50)
    tested = load_sets(config.override({"data.validation": 0.0}))
    assert (len(tested.training), len(tested.held_out), tested.validation) == (1347, 450, False)


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"epochs": 0}, "epochs"), ({"epochs": 1.5}, "epochs"), ({"seed": -1}, "seed"),
        ({"methods": ("adam",)}, "method"), ({"methods": ()}, "method"),
        ({"method.m": 0}, "method.m"), ({"attack.eps": 0.0}, "attack.eps"),
        ({"attack.eps": 8.0}, "attack.eps"), ({"attack.eps": math.nan}, "attack.eps"),
        ({"optimizer.lr": -1.0}, "optimizer.lr"), ({"lr": 0.1}, "lr"),
        ({"batch_size": True}, "batch_size"), ({"compute.threads": -1}, "compute.threads"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(changes, argument):
    with pytest.raises(InvalidInputError) as caught:
        side_by_side(**changes)
    assert caught.value.argument == argument


def test_too_few_images_for_a_batch():
    with pytest.raises(InvalidInputError, match="there are 1078 images"):
        load_sets(RunConfig.from_dict({"data.source": "digits", "batch_size": 1079}))
