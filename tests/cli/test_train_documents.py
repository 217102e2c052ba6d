"""What the pages on training say to type and to run is accepted, and runs."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from danskin.cli import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("torch.md", "audit.md", "cifar10.md")


def blocks(page: str, language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", (DOCS / page).read_text(), re.M | re.S)
    return [text for kind, text in fenced if kind == language]


def commands() -> list[str]:
    lines = [line for page in PAGES for text in blocks(page, "") for line in text.splitlines()]
    found = [shlex.split(line, comments=True) for line in lines if "danskin train" in line]
    return [" ".join(words[words.index("train") :]) for words in found]


def test_the_commands_are_found():
    assert len(commands()) >= 8


@pytest.mark.parametrize("command", commands())
def test_a_command_is_accepted(command, monkeypatch, tmp_path):
    """Up to the first image: options, presets and their combination are read."""
    from danskin.cli import train_run, train_together
    from danskin.cli.train import Asked

    monkeypatch.chdir(tmp_path)
    asked: list[object] = []

    def one(given: Asked) -> None:
        asked.append(given.config() or given.resume)

    def several(given: Asked) -> None:
        asked.append(given.resume or train_together._configs(given))

    def table(presets: list[str], seeds: list[int], *rest: object) -> None:
        from danskin.torch.train.sweep import table

        asked.append(table(presets, seeds))

    monkeypatch.setattr(train_run, "run_one", one)
    monkeypatch.setattr(train_together, "run_together", several)
    monkeypatch.setattr(sys.modules["danskin.cli.train"], "run_table", table)
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 0, result.output
    assert asked or "--list" in command


@pytest.mark.slow
@pytest.mark.parametrize("page", ["torch.md", "audit.md"])
def test_the_python_runs(page, monkeypatch, tmp_path, capsys):
    """Each block, with the network and the images it speaks of where it makes none."""
    import torch
    from torch import nn

    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 10))
    images, labels = torch.rand(384, 3, 8, 8), torch.arange(384) % 10
    texts = blocks(page, "python")
    assert texts
    for text in texts:
        (tmp_path / "block.py").write_text(text)
        names = {"model": model, "images": images, "labels": labels}
        runpy.run_path(str(tmp_path / "block.py"), names)
    if page == "torch.md":
        assert (tmp_path / "runs" / "mine" / "model.safetensors").is_file()
        assert capsys.readouterr().out.count("'robust_accuracy'") == 2
