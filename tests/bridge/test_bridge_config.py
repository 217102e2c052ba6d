"""A run's configuration: to text and back, every key checked, differences named."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.errors import InvalidInputError
from danskin.torch.train import RunConfig, list_presets, load_preset
from danskin.torch.train.reading import differences, flat, read_setting


@pytest.mark.parametrize("name", list_presets())
def test_a_preset_survives_toml_and_json(name):
    config = load_preset(name)
    assert RunConfig.from_toml(config.to_toml()) == config
    assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert config.name == name


@settings(max_examples=30, deadline=None)
@given(
    lr=st.floats(1e-300, 1e30),
    shares=st.lists(st.floats(0, 1), max_size=4).map(sorted),
    source=st.text(max_size=20),
    hidden=st.lists(st.integers(1, 100_000), max_size=3),
)
def test_any_value_survives_toml(lr, shares, source, hidden):
    config = RunConfig.from_dict({
        "optimizer.lr": lr, "schedule.milestones": shares, "data": {"source": source},
        "model.hidden": hidden,
    })  # fmt: skip
    assert RunConfig.from_toml(config.to_toml()) == config


def test_text_is_read_as_the_keys_type():
    config = RunConfig().override({
        "epochs": "12", "attack.eps": "4/255", "method.normalize": "true",
        "schedule.milestones": "[0.4, 0.8]", "model.hidden": "64 32", "optimizer.lr": "5e-2",
        "attack": {"norm": "l2"}, "data.source": "true",
    })  # fmt: skip
    assert config.epochs == 12
    assert config.attack.eps == 4 / 255
    assert config.attack.norm == "l2"
    assert config.method.normalize is True
    assert config.schedule.milestones == (0.4, 0.8)
    assert config.model.hidden == (64, 32)
    assert config.optimizer.lr == 0.05
    assert config.data.source == "true"
    assert RunConfig().epochs == 200  # the original is not touched


@pytest.mark.parametrize(
    ("changes", "argument", "words"),
    [
        ({"methd.m": 3}, "methd.m", "Did you mean method"),
        ({"method.mm": 3}, "method.mm", "method.m"),
        ({"epochs.x": 1}, "epochs.x", "no setting"),
        ({"method": 3}, "method", "is a section"),
        ({"method.m": "x"}, "method.m", "a whole number"),
        ({"method.m": 2.0}, "method.m", "a whole number"),
        ({"method.m": "1" * 40}, "method.m", "a whole number"),
        ({"method.normalize": 1}, "method.normalize", "true or false"),
        ({"optimizer.lr": "fast"}, "optimizer.lr", "a number"),
        ({"optimizer.lr": "1/0"}, "optimizer.lr", "a number"),
        ({"optimizer.lr": "1e999"}, "optimizer.lr", "inf"),
        ({"optimizer.lr": float("inf")}, "optimizer.lr", "inf"),
        ({"optimizer.lr": 1e39}, "optimizer.lr", "at most 1e+30"),  # more than float32 holds
        ({"optimizer.momentum": 1.0}, "optimizer.momentum", "at most"),
        ({"optimizer.nesterov": True}, "optimizer.nesterov", "momentum"),
        ({"attack.norm": "l7"}, "attack.norm", "linf, l2"),
        ({"attack.eps": 8}, "attack.eps", "8/255"),
        ({"schedule.milestones": [0.7, 0.5]}, "schedule.milestones", "ascending"),
        ({"schedule.milestones": 0.5}, "schedule.milestones", "a list"),
        ({"checkpoint.keep": 1}, "checkpoint.keep", "2 or more"),
        ({"model.arch": "vgg"}, "model.arch", "resnet18"),
        ({"model.arch": "mlp"}, "model.norm", "no normalisation"),
        ({"method.name": "adam"}, "method.name", "coupled"),
        ({"method.m": 10}, "method.m", "single looks at one"),
        ({"method.per_sample": True}, "method.per_sample", "step_aware"),
        ({"method.name": "product", "model.norm": "batch"}, "method.name", "BatchNorm"),
        ({"method.name": "product", "compute.compile": True}, "compute.compile", "product"),
        ({"compute.device": "gpu"}, "compute.device", "cuda"),
        ({"name": "../x"}, "name", "letters"),
        ({"data.source": "\udcff"}, "data.source", "no valid text"),
    ],
)
def test_mistakes_are_named(changes, argument, words):
    with pytest.raises(InvalidInputError) as caught:
        RunConfig().override(changes)
    assert caught.value.argument == argument
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "m", "=3", " = "])
def test_what_is_no_setting(text):
    with pytest.raises(InvalidInputError, match="KEY=VALUE"):
        read_setting(text)


def test_toml_that_is_none_is_named():
    with pytest.raises(InvalidInputError, match=r"mine\.toml: is not TOML.*line 1"):
        RunConfig.from_toml("epochs = = 3", "mine.toml")
    with pytest.raises(InvalidInputError, match="larger"):
        RunConfig.from_toml("#" * 200_000)


def test_differences_are_named_by_key():
    config = RunConfig()
    other = config.override({"method.tol": 0.1, "seed": 3})
    assert differences(config, other) == {"seed": (0, 3), "method.tol": (1e-3, 0.1)}
    assert differences(config, config) == {}


def test_every_number_has_a_range():
    """A field that is added without a check would take anything."""
    from danskin.torch.train import checks

    numbers = {k for k, v in flat(RunConfig().to_dict()).items() if type(v) in (int, float)}
    assert numbers == set(checks._COUNTS) | set(checks._NUMBERS)


def test_every_key_is_documented():
    for field in dataclasses.fields(RunConfig):
        section = field.default_factory
        if section is not dataclasses.MISSING:
            names = [f.name for f in dataclasses.fields(section)]
            for name in names:
                assert name in section.__doc__.split("Attributes")[1], (field.name, name)
