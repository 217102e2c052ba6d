"""`danskin train PRESET`: configuration, folder, going on, and mistakes by the option's name."""

import json
import os
import signal
from contextlib import nullcontext

import pytest
from typer.testing import CliRunner

from danskin.cli import app, train_run
from danskin.torch.train import RunConfig, Workers, list_presets, read_config
from danskin.torch.train.build import Parts

SMALL = [
    "--data", "digits", "--arch", "mlp", "--epochs", "2", "--set", "model.hidden=8",
    "--set", "attack.steps=1", "--set", "evaluation.steps=1", "--set", "data.limit=256",
    "--set", "compute.threads=1",
]  # fmt: skip


def run(*args: object):
    return CliRunner().invoke(app, ["train", *(str(a) for a in args)])


def refused(result, *words: str) -> None:
    """Status 2, one message on stderr that holds the words."""
    text = " ".join(result.stderr.split())
    assert result.exit_code == 2, result.output
    assert "Traceback" not in text
    assert "defect" not in text
    for word in words:
        assert word in text


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("preset") / "run"
    result = run("paper-ddi", *SMALL, "--set", "method.m=2", "--out", out)
    assert result.exit_code == 0, result.output
    return out


def test_a_run_leaves_its_files(done):
    names = {p.name for p in done.iterdir()} - {"tensorboard"}
    assert names == {
        "config.toml", "run.json", "metrics.jsonl", "curves.png", "checkpoints",
        "best.safetensors", "model.safetensors",
    }  # fmt: skip
    config = read_config(done)
    assert config == RunConfig.from_preset("paper-ddi", **{
        "data.source": "digits", "model.arch": "mlp", "model.norm": "none", "epochs": 2,
        "model.hidden": (8,), "attack.steps": 1, "evaluation.steps": 1, "data.limit": 256,
        "method.m": 2, "compute.threads": 1,
    })  # fmt: skip
    lines = [json.loads(line) for line in (done / "metrics.jsonl").read_text().splitlines()]
    assert [(r["name"], r["epoch"], r["steps"]) for r in lines] == [
        ("paper-ddi", 1, 2), ("paper-ddi", 2, 2),
    ]  # fmt: skip
    assert (done / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_finished_run_is_told_again_and_not_trained(done):
    before = (done / "model.safetensors").read_bytes()
    result = run("--resume", done, "--json", "-")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["done"]
    assert len(data["metrics"]) == 2
    assert "going on from the end" in result.stderr
    assert (done / "model.safetensors").read_bytes() == before


def test_its_own_configuration_makes_the_same_run(done, tmp_path):
    result = run("--config", done / "config.toml", "--out", tmp_path / "again")
    assert result.exit_code == 0, result.output
    ours, theirs = (p / "model.safetensors" for p in (done, tmp_path / "again"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_stopped_it_goes_on(done, tmp_path, monkeypatch):
    original, calls = Parts.step, []

    def step(self, images, labels):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, images, labels)

    args = ["paper-ddi", *SMALL, "--set", "method.m=2", "--resume", tmp_path / "run"]
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "step", step)
        result = run(*args)  # there is none to go on with: it begins
    assert result.exit_code == 143, result.output
    assert "go on with --resume" in result.stdout
    assert run(*args).exit_code == 0
    ours, theirs = (p / "model.safetensors" for p in (done, tmp_path / "run"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_diverging_run_fails_with_its_remedy(tmp_path):
    result = run("paper-pgd", *SMALL, "--set", "optimizer.lr=1e8", "--out", tmp_path / "run")
    assert result.exit_code == 1, result.output
    assert "diverged" in result.stdout
    assert "smaller optimizer.lr" in " ".join(result.stdout.split())


def test_all_presets_are_listed():
    result = run("--list")
    assert result.exit_code == 0
    for name in list_presets():
        assert f"\n{name} " in f"\n{result.stdout}"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["paper-pdg"], ["PRESET", "'paper-pdg'", "Did you mean paper-pgd?"]),
        (["paper-pgd", "--set", "method.q=1"], ["--set method.q", "Did you mean method."]),
        (["paper-pgd", "--set", "epochs=ten"], ["epochs", "a whole number"]),
        (["paper-pgd", "--set", "optimizer.lr=-1"], ["--set optimizer.lr", "above 0"]),
        (["paper-pgd", "--set", "oops"], ["--set", "KEY=VALUE"]),
        (["paper-pgd", "--set", "method=3"], ["--set method", "is a section", "method.m"]),
        (["paper-ddi", "--set", "method.m=two"], ["--set method.m", "a whole number"]),
        (["paper-pgd", "--m", "4"], ["--m", "single looks at one adversary"]),
        (["paper-pgd", "--method", "ddi"], ["--method", "without preset"]),
        (["paper-pgd", "--data", "mnist"], ["--data", "mnist"]),
        (["paper-pgd", "--data", "digits", "--device", "cuda:77"], ["--device", "not here"]),
        (["paper-pgd", "--data", "digits", "--batch-size", "1079"], ["--batch-size", "1078"]),
        (["paper-pgd", "--config", "x.toml"], ["--config", "preset"]),
        (["--config", "nosuch.toml"], ["--config", "cannot be read"]),
        (["--resume", "nosuch"], ["--resume", "holds no run"]),
        (["paper-pgd", "--out", "a", "--resume", "b"], ["--out", "--resume"]),
    ],
)
def test_mistakes_are_named(tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    refused(run(*args), *words)
    assert not list(tmp_path.iterdir())


def test_another_configuration_is_refused_by_key(done):
    before = (done / "metrics.jsonl").read_text()
    refused(run("--resume", done, "--epochs", 3), "--resume", "epochs was 2 and is 3")
    refused(run("paper-pgd", *SMALL, "--resume", done), "method.m was 2 and is 1")
    refused(run("paper-ddi", *SMALL, "--out", done), "--out", "--resume")
    assert (done / "metrics.jsonl").read_text() == before


def test_a_hostile_configuration_is_only_read(tmp_path):
    (tmp_path / "bad.toml").write_text("epochs = \"__import__('os').system('touch pwned')\"")
    refused(run("--config", tmp_path / "bad.toml"), "epochs", "a whole number")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    refused(run("--config", tmp_path / "bad.toml"), "--config", "cannot be read")
    (tmp_path / "bad.toml").write_text("[data]\nsource = 'digits\n")
    refused(run("--config", tmp_path / "bad.toml"), "is not TOML")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"runs": {"../x": {}}}')
    refused(run("--resume", tmp_path / "run"), "--resume", "no configuration of a run")


def test_whether_a_folder_is_taken_is_what_the_first_process_saw(done, monkeypatch):
    """It begins the run while another may still be looking."""

    class Second(Workers):
        def share(self, value: object) -> object:
            return False if isinstance(value, bool) else value

    monkeypatch.setattr("danskin.torch.train.joined", lambda device: nullcontext(Second(1, 2)))
    trained: list[object] = []
    monkeypatch.setattr(train_run, "_train", lambda *args: trained.append(args[3]))
    result = run("paper-ddi", *SMALL, "--set", "method.m=2", "--out", done)
    assert result.exit_code == 0, result.output
    assert trained == [done]
