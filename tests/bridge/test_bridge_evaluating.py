"""Evaluation: right counts on networks where they are known, and one number never above another."""

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
from danskin.torch.evaluating import evaluate
from danskin.torch.evaluating.result import Evaluation, Share


class Threshold(nn.Module):
    """Two classes by whether the first pixel is above 1/2: what eps breaks is known exactly."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(10.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        height = self.gain * (images.flatten(1)[:, 0] - 0.5)
        return torch.stack([-height, height], dim=1)


def pixels(*values: float) -> torch.Tensor:
    return torch.tensor(values).view(-1, 1, 1, 1)


def test_known_counts():
    # Class 1 (above 1/2): 0.9 and 0.7 are right; 0.3 is wrong. Class 0: 0.45 and 0.1 are right.
    images, labels = pixels(0.9, 0.7, 0.3, 0.45, 0.1), torch.tensor([1, 1, 1, 0, 0])
    found = evaluate(Threshold(), images, labels, eps=0.1, attacks=["pgd-20", "pgd-5-2"])
    assert found.clean.tolist() == [True, True, False, True, True]
    for name in ("pgd-20", "pgd-5-2"):
        assert found.under[name].tolist() == [True, True, False, False, True]
    clean, robust = found
    assert (clean, robust) == (0.8, 0.6)
    assert found.per_class()[0]["pgd-20"] == Share(1, 2)
    assert found.per_class()[1]["all attacks"] == Share(2, 3)


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=12), st.floats(0.01, 0.5))
def test_the_one_pixel_network_falls_exactly_within_eps(values, eps):
    images = pixels(*values)
    labels = (images.flatten() > 0.5).long()
    found = evaluate(Threshold(), images, labels, eps=eps, attacks=["pgd-20"], batch_size=5)
    distance = (images.flatten() - 0.5).abs().double().numpy()
    safe, lost = distance > eps * 1.0001, (distance < eps * 0.9999) & (distance > 0)
    assert found.clean.all()
    assert found.under["pgd-20"][safe].all()
    assert not found.under["pgd-20"][lost].any()


def test_any_restart_counts_not_only_the_one_of_highest_loss(monkeypatch):
    from danskin.torch.evaluating import run

    def attack(images, labels, seed):
        high = images.clone()  # the same picture: right
        return torch.stack([images * 0 + 0.1, high])  # and one that is wrong

    monkeypatch.setattr(run, "make_attack", lambda *given: attack)
    found = evaluate(Threshold(), pixels(0.9), torch.tensor([1]), attacks=["pgd-1"])
    assert not found.under["pgd-1"].any()


def test_wrong_images_are_not_attacked_and_stay_wrong(monkeypatch):
    from danskin.torch.evaluating import run

    seen = []

    def attack(images, labels, seed):
        seen.extend(images.flatten().tolist())
        return (1 - images)[None] * 0 + 0.9  # would make the wrong image right

    monkeypatch.setattr(run, "make_attack", lambda *given: attack)
    labels = torch.tensor([1, 1])
    found = evaluate(Threshold(), pixels(0.75, 0.25), labels, attacks=["pgd-1"])
    assert seen == [0.75]
    assert found.robust.tolist() == [True, False]


def test_nan_is_never_right():
    class Nan(nn.Module):
        def forward(self, images):
            return torch.full((len(images), 3), math.nan)

    found = evaluate(Nan(), pixels(0.1, 0.2), torch.tensor([0, 1]), attacks=["pgd-2"])
    assert not found.clean.any()
    assert tuple(found) == (0.0, 0.0)


def small() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    model = dkt.build_model("mlp", shape=(1, 8, 8), hidden=(16,))
    images, labels = dkt.load_data("digits", "train").take(40).batch(slice(None))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    optimizer.zero_grad()
    return model, images, labels


def test_the_network_is_left_as_it_was_and_the_seed_decides():
    model, images, labels = small()
    model.train()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    next(model.parameters()).requires_grad_(False)
    drawn = torch.get_rng_state()
    given = {"eps": 0.2, "attacks": ["pgd-3-2"], "batch_size": 16}
    first = evaluate(model, images, labels, **given)
    assert torch.equal(torch.get_rng_state(), drawn)
    torch.manual_seed(99)
    again = evaluate(model, images, labels, **given)
    np.testing.assert_array_equal(first.robust, again.robust)
    assert model.training
    assert [p.requires_grad for p in model.parameters()] == [False, True, True, True]
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert 0 < first.robust.mean() < first.clean.mean()


def test_a_larger_ball_leaves_fewer_and_plain_data_says_so():
    model, images, labels = small()
    rates = [
        tuple(evaluate(model, images, labels, eps=eps, attacks=["pgd-10"]))
        for eps in (0.01, 0.1, 0.3)
    ]
    assert rates[0][0] == rates[1][0] == rates[2][0]
    assert rates[0][1] > rates[1][1] > rates[2][1]
    found = evaluate(model, images, labels, eps=0.1, norm=2, attacks=["pgd-2"])
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["clean_acc"] == 100 * found.clean.mean()
    assert plain["robust_acc"] == 100 * found.robust.mean()
    assert plain["norm"] == "l2"
    assert sum(c["clean"]["images"] for c in plain["per_class"].values()) == 40
    assert "all attacks" not in plain["accuracy"]
    assert "bounds the robust accuracy" in found.explain()


def test_without_attacks():
    found = evaluate(Threshold(), pixels(0.9), torch.tensor([1]), attacks=[])
    assert tuple(found) == (1.0, 1.0)
    assert "no attack was run" in found.explain()


def test_ticks_add_up():
    seen: dict[str, int] = {}
    evaluate(
        Threshold(), pixels(0.9, 0.2, 0.3), torch.tensor([1, 1, 1]), attacks=["pgd-1"],
        batch_size=2, tick=lambda name, count: seen.update({name: seen.get(name, 0) + count}),
    )  # fmt: skip
    assert seen == {"clean": 3, "pgd-1": 3}


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"attacks": ["pgd"]}, "attacks"), ({"attacks": ["pgd-0"]}, "attacks"),
        ({"attacks": ["pgd-5-0"]}, "attacks"), ({"attacks": ["PGD-5"]}, "attacks"),
        ({"attacks": ["__import__('os')"]}, "attacks"), ({"attacks": "pgd-5"}, "attacks"),
        ({"eps": 8}, "eps"), ({"eps": 0}, "eps"), ({"eps": math.nan}, "eps"),
        ({"alpha": -1}, "alpha"), ({"norm": "l1"}, "norm"), ({"batch_size": 0}, "batch_size"),
        ({"seed": -1}, "seed"), ({"seed": 1.5}, "seed"),
        ({"images": torch.zeros(1, 1, 1, 1, dtype=torch.uint8)}, "images"),
        ({"images": 2 * pixels(1.0)}, "images"), ({"labels": torch.tensor([1.0])}, "labels"),
        ({"labels": torch.tensor([-1])}, "labels"), ({"labels": torch.tensor([1, 1])}, "labels"),
        ({"labels": torch.tensor([2])}, "labels"),
    ],
)  # fmt: skip
def test_bad_input_is_named(changes, argument):
    given = {"images": pixels(0.9), "labels": torch.tensor([1])} | changes
    with pytest.raises(InvalidInputError) as caught:
        evaluate(Threshold(), given.pop("images"), given.pop("labels"), **given)
    assert caught.value.argument == argument


def test_shares():
    assert str(Share(25, 100)) == "25.0 % (4.3)"
    assert math.isnan(Share(0, 0).value)
    assert (
        repr(
            Evaluation(
                np.zeros(2, int), np.ones(2, bool), {"a": np.array([True, False])}, 0.1, "linf"
            )
        )
        == "Evaluation(2 images: clean 100.0 % (0.0), a 50.0 % (35.4))"
    )


@pytest.mark.slow
def test_autoattack_finds_what_the_threshold_allows():
    pytest.importorskip("pyautoattack")

    class Ten(nn.Module):
        """Ten classes by the place of the largest pixel, so that nine targets exist."""

        def forward(self, images):
            return 5 * images.flatten(1)

    torch.manual_seed(0)
    images = 0.5 * torch.rand(6, 1, 2, 5)
    labels = images.flatten(1).argmax(dim=1)
    top = images.flatten(1).topk(2).values
    eps = 0.02
    drawn = torch.get_rng_state()
    found = evaluate(Ten(), images, labels, eps=eps, attacks=["pgd-20", "autoattack"])
    assert torch.equal(torch.get_rng_state(), drawn)
    margin = (top[:, 0] - top[:, 1]).numpy()
    np.testing.assert_array_equal(found.under["autoattack"], margin > 2 * eps)
    assert 0 < found.robust.sum() < 6
