"""`danskin train`, `audit` and `data`: files, statuses, messages without a traceback."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from danskin.cli import app
from danskin.cli.radius import radius
from danskin.torch.train.build import Parts

DATA = Path(os.environ.get("DANSKIN_DATA", "/nonexistent"))
QUICK = ["--epochs", "1", "--m", "2"]


def run(*args: object):
    return CliRunner().invoke(app, [str(a) for a in args])


def refused(result, *words: str) -> None:
    """Status 2, one message on stderr that holds the words."""
    text = " ".join(result.stderr.split())
    assert result.exit_code == 2, text
    assert "Traceback" not in text
    assert "defect" not in text
    for word in words:
        assert word in text


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "run"
    result = run("train", *QUICK, "--method", "pgd", "--method", "ddi", "--out", out)
    assert result.exit_code == 0, result.stderr
    return out


# --- train ----------------------------------------------------------------------------------------


def test_train_leaves_its_files(trained):
    names = {p.name for p in trained.iterdir()}
    assert names == {
        "config.json", "metrics.jsonl", "curves.png", "pgd.safetensors", "ddi.safetensors",
        "pgd", "ddi",
    }  # fmt: skip
    config = json.loads((trained / "config.json").read_text())
    assert config["methods"] == ["pgd", "ddi"]
    assert config["seed"] == 0
    assert config["eps"] == 0.1
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert [(r["method"], r["epoch"]) for r in lines] == [("pgd", 1), ("ddi", 1)]
    assert all(0 < r["robust_accuracy"] <= r["clean_accuracy"] < 1 for r in lines)
    assert (trained / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_train_repeats_and_prints_json(trained, tmp_path):
    args = ["train", *QUICK, "--method", "pgd", "--method", "ddi", "--out", tmp_path / "again"]
    result = run(*args, "--json", "-")
    data = json.loads(result.stdout)
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    for ours, theirs in zip(data["metrics"], lines, strict=True):
        assert {k: v for k, v in ours.items() if k != "seconds"} == {
            k: v for k, v in theirs.items() if k != "seconds"
        }
    assert not data["interrupted"]
    assert "standard error" in result.stderr


def test_train_by_default_numbers_its_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        result = run("train", *QUICK, "--method", "pgd")
        assert result.exit_code == 0
    assert {p.name for p in (tmp_path / "runs").iterdir()} == {"digits-seed0", "digits-seed0-2"}


def signal_at(monkeypatch, call: int, number: int) -> None:
    """Send this process a signal in the given step of the training."""
    original, calls = Parts.step, []

    def step(self, images, labels):
        calls.append(1)
        if len(calls) == call:
            os.kill(os.getpid(), number)
        return original(self, images, labels)

    monkeypatch.setattr(Parts, "step", step)


def metrics(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_train_keeps_what_was_done_and_goes_on(tmp_path, monkeypatch, number, status):
    args = ["train", "--epochs", 2, "--m", 2, "--method", "pgd", "--method", "ddi"]
    assert run(*args, "--out", tmp_path / "whole").exit_code == 0
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        signal_at(patch, 45, number)  # 21 steps an epoch: in the second one of pgd
        result = run(*args, "--out", out)
    assert result.exit_code == status, result.output
    assert "what was done is kept" in result.stdout
    assert len(metrics(out)) == 2
    assert (out / "curves.png").exists()
    assert (out / "ddi.safetensors").exists()
    result = run("train", "--resume", out)
    assert result.exit_code == 0, result.output
    assert metrics(out) == metrics(tmp_path / "whole")
    for name in ("pgd", "ddi"):
        files = [f / f"{name}.safetensors" for f in (out, tmp_path / "whole")]
        assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--method", "adam"], ["--method", "'adam' is unknown", "step_aware"]),
        (["--epochs", 0], ["--epochs", "1 or more"]),
        (["--m", 0], ["--m"]),
        (["--eps", 8], ["--eps", "8/255"]),
        (["--eps", "nan"], ["--eps"]),
        (["--seed", -1], ["--seed"]),
        (["--arch", "vgg"], ["--arch", "resnet8"]),
        (["--data", "mnist"], ["--data", "neither digits nor cifar10"]),
        (["--batch-size", 5000], ["--batch-size", "1347 images"]),
        (["--epochs", "ten"], ["--epochs"]),
    ],
)
def test_train_names_mistakes(tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    refused(run("train", *args), *words)


def test_train_never_mixes_results(trained):
    before = (trained / "metrics.jsonl").read_text()
    refused(run("train", *QUICK, "--out", trained), "--out", "another run")
    assert (trained / "metrics.jsonl").read_text() == before


def test_train_names_a_folder_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("x")
    refused(run("train", *QUICK, "--out", tmp_path / "file" / "x"), "--out", "cannot be written")


def test_a_hostile_batch_stops_train_and_audit(tmp_path, trained):
    canary = tmp_path / "canary"
    (tmp_path / "data_batch_1").write_bytes(
        b"\x80\x02cos\nsystem\nX\x80\x00\x00\x00".replace(b"\x80\x00", b"\x00\x00")
    )
    (tmp_path / "test_batch").write_bytes(f"cos\nsystem\n(S'touch {canary}'\ntR.".encode())
    (tmp_path / "data_batch_1").write_bytes(f"cos\nsystem\n(S'touch {canary}'\ntR.".encode())
    for args in (
        ["train", "--data", tmp_path, "--out", tmp_path / "out"],
        ["audit", trained / "pgd.safetensors", "--data", tmp_path],
        ["data", "check", tmp_path],
    ):
        refused(run(*args), "data_batch_1", "os.system", "danskin runs none")
    assert not canary.exists()
    assert not (tmp_path / "out").exists()


# --- audit ----------------------------------------------------------------------------------------


def test_audit_of_what_was_trained(trained, tmp_path):
    result = run(
        "audit", trained / "pgd.safetensors", "--batches", 3, "--batch-size", 8, "--m", 3,
        "--steps", "0.05", "--json", tmp_path / "a.json", "--plot", tmp_path / "a.png",
    )  # fmt: skip
    data = json.loads((tmp_path / "a.json").read_text())
    assert result.exit_code == (3 if data["verdict"] == "cannot tell" else 0), result.stderr
    assert " ".join(data["sentence"].split()) in " ".join(result.stdout.split())
    assert data["settings"]["m"] == 3
    assert data["settings"]["step_lengths"] == [0.05]
    assert len(data["batches"]) == 3
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_one_batch_is_undecided(trained):
    result = run("audit", trained / "pgd.safetensors", "--batches", 1, "--batch-size", 4,
                 "--m", 2, "--json", "-")  # fmt: skip
    assert result.exit_code == 3
    assert json.loads(result.stdout)["verdict"] == "cannot tell"
    assert "too few" in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--data", "mnist"], ["mnist"]),
        (["--split", "valid"], ["split", "train or test"]),
        (["--batches", 0], ["--batches"]),
        (["--batches", 1000], ["--batches", "more than the 1347 images"]),
        (["--m", 1], ["one adversary cannot conflict"]),
        (["--steps", "a,b"], ["--steps", "0.02,0.1"]),
        (["--steps", "-1"], ["positive"]),
        (["--arch", "resnet8"], ["Check arch"]),
        (["--mean", "x"], ["--mean"]),
        (["--plot", "a.gif"], ["--plot", ".png"]),
        (["--seed", -3], ["--seed"]),
    ],
)
def test_audit_names_mistakes(trained, args, words):
    refused(run("audit", trained / "pgd.safetensors", *args), *words)


def test_audit_names_a_file_that_is_no_network(tmp_path):
    refused(run("audit", tmp_path / "no.safetensors"), "no such file")
    (tmp_path / "x.pt").write_bytes(b"PK\x03\x04")
    refused(run("audit", tmp_path / "x.pt", "--arch", "mlp"), "not a safetensors file")


@pytest.mark.cifar10
def test_audit_on_data_of_another_kind(trained):
    refused(
        run("audit", trained / "pgd.safetensors", "--data", DATA / "cifar10" / "original-subset",
            "--batches", 1),
        "(B, 1, 8, 8)",
    )  # fmt: skip


# --- data -----------------------------------------------------------------------------------------


def test_data_check_says_what_is_there(tmp_path):
    rows = np.zeros((20, 3073), np.uint8)
    rows[:, 0] = np.arange(20) % 10
    (tmp_path / "test_batch.bin").write_bytes(rows.tobytes())
    result = run("data", "check", tmp_path)
    assert result.exit_code == 0
    assert "test: 20 images, 2 to 2 of each class" in result.stdout
    assert "partial: 20 of 10000" in result.stdout
    assert "train: none" in result.stdout
    data = json.loads(run("data", "check", tmp_path, "--json", "-").stdout)
    assert data["missing"] == ["train"]
    (tmp_path / "data_batch_2.bin").write_bytes(rows.tobytes()[:-1])
    refused(run("data", "check", tmp_path), "data_batch_2.bin", "truncated")


def test_data_cifar10_offline_names_the_remedy(tmp_path, monkeypatch):
    import danskin.torch.data.download as download

    def refuse(*args, **options):
        raise ConnectionError

    monkeypatch.setattr(download._pooch(), "retrieve", refuse)
    refused(run("data", "cifar10", "--out", tmp_path), "cannot be fetched", "--archive", "digits")
    refused(run("data", "cifar10", "--out", tmp_path, "--archive", tmp_path / "a"), "no such file")
    (tmp_path / "a").write_bytes(b"x")
    refused(run("data", "cifar10", "--out", tmp_path, "--archive", tmp_path / "a"), "SHA-256")


@pytest.mark.parametrize("command", [["train"], ["audit"], ["data"], ["data", "cifar10"],
                                     ["data", "check"]])  # fmt: skip
def test_help_has_an_example(command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert f"danskin {' '.join(command)}" in result.stdout
    assert "Example" in result.stdout


@pytest.mark.parametrize(("text", "value"), [("8/255", 8 / 255), ("0.031", 0.031), ("1e-2", 0.01)])
def test_a_radius_is_written_as_a_fraction_or_a_decimal(text, value):
    assert radius(text) == value


@pytest.mark.parametrize("text", ["8/0", "eight", "", "1/2/3", "__import__('os')"])
@pytest.mark.parametrize("command", [["train"], ["audit", "net.safetensors"]])
def test_what_is_no_radius_is_named(command, text):
    done = CliRunner().invoke(app, [*command, "--eps", text])
    assert done.exit_code == 2
    assert "--eps" in done.output
