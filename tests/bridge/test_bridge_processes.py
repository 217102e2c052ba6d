"""Two processes train the network that one would, and survive what one survives."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from danskin.errors import InvalidInputError
from danskin.torch.attacks.ball import make_ball
from danskin.torch.train import Workers
from danskin.torch.train.workers import WholeBatchStarts, pick_device

METHODS = ("pgd", "coupled", "comb", "product")
ARGUMENTS = [
    "-m", "danskin", "train", "--data", "digits", "--epochs", "2",
    *(word for name in METHODS for word in ("--method", name)),
    "--set", "method.m=4", "--set", "data.limit=192", "--set", "model.hidden=12",
    "--set", "attack.steps=2", "--set", "evaluation.images=100", "--set", "checkpoint.steps=1",
    "--set", "augmentation.crop=1", "--set", "evaluation.batch_size=30",
]  # fmt: skip
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def torchrun(folder: Path, option: str) -> subprocess.Popen:
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [sys.executable, *command, *ARGUMENTS, option, str(folder)], env=ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def finished(process: subprocess.Popen) -> None:
    _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error


def weights(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    return {name: load_file(folder / f"{name}.safetensors") for name in METHODS}


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_two_processes_are_one_and_go_on_after_a_kill(tmp_path):
    finished(torchrun(tmp_path / "two", "--out"))
    one = [sys.executable, *ARGUMENTS, "--out", str(tmp_path / "one")]
    subprocess.run(one, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL, timeout=300)
    two, alone = weights(tmp_path / "two"), weights(tmp_path / "one")
    for name in METHODS:
        for key, value in alone[name].items():
            torch.testing.assert_close(two[name][key], value, rtol=1e-4, atol=1e-6)
    killed = tmp_path / "killed"
    process = torchrun(killed, "--out")
    for _ in range(6000):  # kill it in the midst of the training
        if len(list(killed.glob("*/checkpoints/step-0000000[1-9].json"))) >= 3:
            break
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    _kill_workers(killed)  # they hold its pipe
    process.communicate()
    finished(torchrun(killed, "--resume"))
    again = weights(killed)
    for name in METHODS:
        assert all(torch.equal(again[name][k], two[name][k]) for k in two[name])
    refused = subprocess.run(
        [sys.executable, "-m", "danskin", "train", "--resume", str(killed)],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "--nproc-per-node 2" in " ".join(refused.stderr.split())


def _kill_workers(folder: Path) -> None:
    """Torchrun's processes have sessions of their own; end those that train in this folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(folder).encode() in command:
            os.kill(int(entry.name), signal.SIGKILL)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("start", ["uniform", "corner"])
def test_the_starts_of_all_processes_are_those_of_one(norm, start):
    images = torch.rand(6, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    ball = make_ball(norm, 0.1)
    whole = ball.random(images, start, torch.Generator().manual_seed(1))
    for rank in range(3):
        workers = Workers(rank, 3)
        source = torch.Generator().manual_seed(1)
        mine = WholeBatchStarts(ball, workers).random(images[workers.rows(6)], start, source)
        assert torch.equal(mine, whole[2 * rank : 2 * rank + 2])
        after = torch.Generator().manual_seed(1)
        ball.random(images, start, after)
        assert torch.equal(source.get_state(), after.get_state())  # all draw on alike


def test_a_batch_is_split_evenly_or_refused():
    with pytest.raises(InvalidInputError, match="a multiple of 3"):
        Workers(0, 3).check_batch(64)


def test_a_device_that_is_not_here_is_refused():
    if not torch.cuda.is_available():
        with pytest.raises(InvalidInputError, match="cuda is not here"):
            pick_device("cuda")
    with pytest.raises(InvalidInputError, match="not here"):
        pick_device("cuda:99")
