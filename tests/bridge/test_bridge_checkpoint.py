"""A run that was stopped, killed or damaged ends at the weights of one that was not."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from danskin.errors import InvalidInputError
from danskin.torch.data import read_digits
from danskin.torch.train import (
    Diverged,
    Interrupted,
    RunConfig,
    SavingError,
    Sets,
    Trainer,
    catching,
    read_network,
    side_by_side,
)
from danskin.torch.train import files as files_module
from danskin.torch.train.checkpoint import (
    load_checkpoint,
    newest_checkpoint,
    save_checkpoint,
)

TINY = {
    "epochs": 2, "model.hidden": (8,), "attack.steps": 2, "evaluation.steps": 2, "method.m": 3,
    "compute.threads": 0, "data.validation": 0.5, "evaluation.batch_size": 20,
    "augmentation.flip": True, "augmentation.crop": 1,
}  # fmt: skip


def sets(count: int = 192) -> Sets:
    training, held_out = read_digits()
    return Sets(training.take(count), held_out.take(40), validation=True)


def config_of(method: str, **changes: object) -> RunConfig:
    return side_by_side(methods=(method,), **TINY | changes)[method]


def batch_norm(**changes: object) -> RunConfig:
    return config_of("ddi", **{"model.arch": "resnet8", "model.norm": "batch", "method.m": 2,
                               "attack.steps": 1, "evaluation.steps": 1} | changes)  # fmt: skip


def weights(folder: Path) -> list[bytes]:
    return [(folder / f"{name}.safetensors").read_bytes() for name in ("model", "best")]


def metrics(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


def run(config: RunConfig, folder: Path, stops: list[int] = (), **options: object) -> Trainer:
    """Train, asked to stop after the given numbers of batches (measured ones count), and go on."""
    for stop in [*stops, None]:
        seen: list = []

        def wish(stop: int | None = stop, seen: list = seen) -> int:
            seen.append(1)
            return signal.SIGTERM if len(seen) == stop else 0

        trainer = Trainer(config, sets(), folder, resume=True, wish=wish, **options)
        try:
            list(trainer.epochs())
        except Interrupted:
            assert stop is not None
    return trainer


@pytest.mark.parametrize(
    "config",
    [
        config_of("gated", **{"optimizer.momentum": 0.9, "method.cosine": 0.999}),
        config_of("gated", **{"method.every": 3, "method.cosine": -0.99, "method.spread": 1e9}),
        config_of("comb", **{"method.last_m": 1, "first.share": 0.5}),
        batch_norm(epochs=1),
    ],
    ids=["gate_open", "gate_closed", "comb", "batch_norm"],
)
def test_stopped_after_any_batch_it_ends_at_the_same_weights(config, tmp_path):
    """3 steps and 2 measured batches an epoch: every place at which a run can stop."""
    run(config, tmp_path / "whole")
    torch.rand(5)
    for stop in range(1, 5 * config.epochs):
        folder = tmp_path / str(stop)
        run(config, folder, [stop])
        assert weights(folder) == weights(tmp_path / "whole"), stop
        assert metrics(folder) == metrics(tmp_path / "whole"), stop
    run(config, tmp_path / "often", [1] * (5 * config.epochs))
    assert weights(tmp_path / "often") == weights(tmp_path / "whole")


def test_the_generators_states_are_in_the_checkpoint(tmp_path):
    """Without them the same place would be reached with other attacks."""
    config = config_of("comb")
    run(config, tmp_path / "whole")
    with pytest.raises(Interrupted):
        list(Trainer(config, sets(), tmp_path / "a", wish=lambda: signal.SIGINT).epochs())
    saved = newest_checkpoint(tmp_path / "a" / "checkpoints")
    names = {k for k in saved.tensors if k.startswith("generator.")}
    assert names == {f"generator.0.{n}" for n in ("augmentation", "attack", "mixtures", "torch")}
    for name in ("attack", "augmentation", "mixtures"):
        changed = dict(saved.tensors)
        changed[f"generator.0.{name}"] = torch.Generator().manual_seed(5).get_state()
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.toml").write_text(config.to_toml())
        (folder / "checkpoints").mkdir()
        save_checkpoint(folder / "checkpoints", 1, changed, saved.content, 2)
        run(config, folder)
        assert weights(folder) != weights(tmp_path / "whole")


def test_the_last_two_are_kept_and_nothing_is_pickled(tmp_path):
    run(config_of("ddi", epochs=4, **{"checkpoint.steps": 1}), tmp_path)
    names = sorted(p.name for p in (tmp_path / "checkpoints").iterdir())
    assert names == [f"step-{n:08d}.{kind}" for n in (11, 12) for kind in ("json", "safetensors")]
    for path in (tmp_path / "checkpoints").glob("*.safetensors"):
        header = path.read_bytes()
        length = int.from_bytes(header[:8], "little")
        assert json.loads(header[8 : 8 + length])  # safetensors: a JSON header, then numbers
    for path in (tmp_path / "checkpoints").glob("*.json"):
        json.loads(path.read_text())


DAMAGES = {
    "truncated tensors": lambda p: _cut(p.with_suffix(".safetensors")),
    "empty tensors": lambda p: p.with_suffix(".safetensors").write_bytes(b""),
    "one bit of the tensors": lambda p: _flip(p.with_suffix(".safetensors")),
    "no tensors": lambda p: p.with_suffix(".safetensors").unlink(),
    "truncated JSON": lambda p: _cut(p),
    "one bit of the JSON": lambda p: _flip(p),
    "empty JSON": lambda p: p.write_bytes(b""),
    "another JSON": lambda p: p.write_text("[1, 2]"),
    "a changed number": lambda p: p.write_text(p.read_text().replace('"total": 6', '"total": 5')),
    "another format": lambda p: p.write_text(p.read_text().replace('"format": 1', '"format": 9')),
}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_passed_over(damage, tmp_path, caplog):
    config = config_of("ddi", epochs=3)
    run(config, tmp_path / "whole")
    run(config, tmp_path / "a", [9])  # in the second epoch's measurement, then to the end
    newest = max((tmp_path / "a" / "checkpoints").glob("*.json"))
    before = newest.read_bytes()
    DAMAGES[damage](newest)
    if damage == "a changed number":
        newest.write_bytes(before.replace(b'"total": 9', b'"total": 8'))
        assert newest.read_bytes() != before
    with pytest.raises(InvalidInputError):
        load_checkpoint(newest)
    trainer = Trainer(config, sets(), tmp_path / "a", resume=True)
    assert trainer.at.total < 9
    assert "passed over" in caplog.text
    list(trainer.epochs())
    assert weights(tmp_path / "a") == weights(tmp_path / "whole")
    assert metrics(tmp_path / "a") == metrics(tmp_path / "whole")


def test_all_checkpoints_damaged_is_an_error(tmp_path):
    config = config_of("ddi")
    run(config, tmp_path)
    for path in (tmp_path / "checkpoints").glob("*.json"):
        path.write_text("")
    with pytest.raises(InvalidInputError, match="all 2 checkpoints are damaged"):
        Trainer(config, sets(), tmp_path, resume=True)


def test_what_a_killed_process_leaves_unfinished_is_removed(tmp_path):
    config = config_of("ddi")
    run(config, tmp_path, [4])
    for folder in (tmp_path, tmp_path / "checkpoints"):
        (folder / ".unfinished-x-1").write_text("half")
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"name": "dd')
    run(config, tmp_path)
    assert not list(tmp_path.rglob(".unfinished-*"))
    assert [r["epoch"] for r in metrics(tmp_path)] == [1, 2]


@pytest.mark.parametrize("write", range(1, 30, 3))
def test_a_full_disk_is_an_error_and_not_a_broken_run(write, tmp_path, monkeypatch):
    """The n-th write fails; whatever it was of, the run goes on from before when there is room."""
    config = config_of("ddi", **{"checkpoint.steps": 1})
    run(config, tmp_path / "whole")
    calls = []

    def full(handle: int) -> None:
        calls.append(1)
        if len(calls) >= write:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files_module.os, "fsync", full)
        with pytest.raises(SavingError, match="No space left on device"):
            run(config, tmp_path / "a")
    assert not list((tmp_path / "a").rglob(".unfinished-*"))
    run(config, tmp_path / "a")
    assert weights(tmp_path / "a") == weights(tmp_path / "whole")
    assert metrics(tmp_path / "a") == metrics(tmp_path / "whole")


@pytest.mark.parametrize("fails", ["__init__", "flush", "close"])
def test_a_run_does_not_depend_on_tensorboard(fails, tmp_path, monkeypatch, caplog):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")

    def full(*args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tensorboard.SummaryWriter, fails, full)
    assert run(config_of("ddi"), tmp_path, board=True).done
    assert "no longer written: No space left" in caplog.text


def test_a_diverging_run_leaves_a_checkpoint_of_use(tmp_path):
    config = config_of("pgd", epochs=6, **{"optimizer.lr": 1e6, "schedule.milestones": ()})
    trainer = Trainer(config, sets(), tmp_path)
    with pytest.raises(Diverged, match=r"pgd diverged: .*Take a smaller optimizer\.lr"):
        list(trainer.epochs())
    assert "diverged" in metrics(tmp_path)[-1]["note"]
    network = read_network(tmp_path)
    assert all(p.isfinite().all() for p in network.parameters())
    with pytest.raises(Diverged):  # it does so again, from there
        list(Trainer(config, sets(), tmp_path, resume=True).epochs())
    assert [r["note"] == "" for r in metrics(tmp_path)].count(False) == 1


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    trainer = Trainer(config_of("pgd"), sets(), tmp_path)
    with torch.no_grad():
        next(trainer.model.parameters()).view(-1)[0] = torch.inf
    with pytest.raises(Diverged):
        list(trainer.epochs())
    assert all(p.isfinite().all() for p in read_network(tmp_path).parameters())


def test_another_configuration_is_refused_by_key(tmp_path):
    config = config_of("ddi")
    run(config, tmp_path)
    other = config.override({"method.m": 4, "optimizer.lr": 0.3, "checkpoint.minutes": 1.0})
    with pytest.raises(InvalidInputError) as caught:
        Trainer(other, sets(), tmp_path, resume=True)
    text = str(caught.value)
    assert "method.m was 3 and is 4" in text
    assert "optimizer.lr was 0.2 and is 0.3" in text
    assert "minutes" not in text  # how often it is saved may change
    Trainer(config.override({"checkpoint.minutes": 1.0}), sets(), tmp_path, resume=True).close()
    with pytest.raises(InvalidInputError, match="another run"):
        Trainer(config, sets(), tmp_path)


def test_other_images_are_refused(tmp_path):
    run(config_of("ddi"), tmp_path)
    with pytest.raises(InvalidInputError, match="not the images that the run began with"):
        Trainer(config_of("ddi"), sets(191), tmp_path, resume=True)


def test_one_process_at_a_time(tmp_path):
    config = config_of("ddi")
    first = Trainer(config, sets(), tmp_path)
    with pytest.raises(InvalidInputError, match="another process"):
        Trainer(config, sets(), tmp_path, resume=True)
    first.close()
    Trainer(config, sets(), tmp_path, resume=True).close()


def test_a_network_is_read_from_whatever_is_there(tmp_path):
    config = config_of("ddi")
    trainer = Trainer(config, sets(), tmp_path)
    fresh = read_network(tmp_path)  # the checkpoint that a run begins with
    for a, b in zip(fresh.parameters(), trainer.model.parameters(), strict=True):
        assert torch.equal(a, b)
    list(trainer.epochs())
    newest = max((tmp_path / "checkpoints").glob("*.safetensors"))
    for path in (newest, newest.with_suffix(".json"), tmp_path / "model.safetensors"):
        network = read_network(path)
        assert not network.training
        for a, b in zip(network.parameters(), trainer.model.parameters(), strict=True):
            assert torch.equal(a, b)
    with pytest.raises(InvalidInputError, match="no run's folder"):
        read_network(tmp_path / "checkpoints")


def test_a_second_ctrl_c_does_not_wait():
    before = signal.getsignal(signal.SIGINT)  # ignored, in a process that a script left behind
    with catching() as wish:
        os.kill(os.getpid(), signal.SIGINT)
        assert wish() == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_kill_9_at_random_moments(tmp_path):
    """A real process, killed again and again, on its way through training, measuring and saving."""
    command = [
        sys.executable, "-m", "danskin", "train", "comb", "--data", "digits", "--arch", "mlp",
        "--epochs", "2", "--m", "3", "--set", "checkpoint.steps=2", "--set", "data.limit=400",
        "--set", "model.hidden=32", "--set", "attack.steps=2", "--set", "optimizer.momentum=0.9",
        "--set", "compute.threads=1",
    ]  # fmt: skip

    def start(folder: str, option: str) -> subprocess.Popen:
        return subprocess.Popen(
            [*command, option, str(tmp_path / folder)], start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    whole = start("whole", "--out")
    began = time.monotonic()
    assert whole.wait(timeout=300) == 0, whole.stderr.read()
    seconds = time.monotonic() - began
    source, kills = random.Random(0), 0
    for attempt in range(60):
        process = start("killed", "--resume")
        try:
            # Some attempts die while they import, most in the midst of it.
            limit = seconds * source.uniform(0.3, 1.0) if attempt < 8 else 300
            assert process.wait(timeout=limit) == 0, process.stderr.read()
            if attempt >= 4:
                break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        finally:
            process.stderr.close()
    whole.stderr.close()
    assert kills >= 2
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    assert metrics(tmp_path / "killed") == metrics(tmp_path / "whole")
