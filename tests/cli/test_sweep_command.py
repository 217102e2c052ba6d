"""``danskin train PRESET... --seeds``: a table of runs, its sums, its picture, and going on."""

import json

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

from danskin.cli import app
from danskin.cli.train_sweep import presets_and_seeds
from danskin.errors import InvalidInputError

QUICK = [
    "--data", "digits", "--arch", "mlp", "--epochs", "2", "--batch-size", "64", "--m", "2",
    "--set", "data.limit=128", "--set", "attack.steps=1", "--set", "evaluation.images=60",
    "--set", "evaluation.steps=1", "--set", "model.hidden=[8]",
]  # fmt: skip


def run(*words: object):
    return CliRunner().invoke(app, ["train", *map(str, words)])


def test_words_that_are_numbers_are_seeds():
    assert presets_and_seeds(["a", "1", "b", "2"], ["0"], None) == (["a", "b"], [0, 1, 2])
    assert presets_and_seeds(["a"], ["3,4", "5"], None) == (["a"], [3, 4, 5])
    assert presets_and_seeds(["a", "1"], [], 7) == (["a", "1"], [7])
    for seeds, seed in ((["x"], None), (["0"], 1), (["-1"], None)):
        with pytest.raises(InvalidInputError) as caught:
            presets_and_seeds(["a"], seeds, seed)
        assert caught.value.argument == "--seeds"


def test_a_sweep_and_going_on(tmp_path):
    words = ["paper-pgd", "paper-ddi", "--seeds", 0, 1, "--out", tmp_path / "s", *QUICK]
    done = run(*words, "--json", tmp_path / "out.json")
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out.json").read_text())
    assert found == json.loads((tmp_path / "s" / "sweep.json").read_text())
    assert found["seeds"] == [0, 1]
    assert found["runs_left"] == 0
    pgd, ddi = found["summary"]
    assert (pgd["name"], pgd["attacks_a_step"]) == ("paper-pgd", 1.0)
    assert (ddi["name"], ddi["attacks_a_step"]) == ("paper-ddi", 2.0)
    assert ddi["epochs"] == [1, 2]
    rows = (tmp_path / "s" / "sweep.md").read_text().splitlines()
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| paper-pgd", "| paper-ddi"]
    assert (tmp_path / "s" / "curves.png").stat().st_size > 10_000
    before = (tmp_path / "s" / "paper-ddi-seed1" / "metrics.jsonl").read_bytes()
    again = run(*words[:2], "--seeds", "0,1,2", "--out", tmp_path / "s", *QUICK)
    assert again.exit_code == 0, again.output
    assert (tmp_path / "s" / "paper-ddi-seed1" / "metrics.jsonl").read_bytes() == before
    assert (tmp_path / "s" / "paper-ddi-seed2" / "metrics.jsonl").is_file()
    changed = run(*words, "--eps", "0.05")
    assert changed.exit_code == 2
    assert "attack.eps was 0.031 and is 0.05" in " ".join(changed.output.split())


def test_a_diverging_run_is_exit_1(tmp_path):
    done = run("paper-pgd", "--seeds", 0, "--out", tmp_path / "s", *QUICK, "--set",
               "optimizer.lr=1e30")  # fmt: skip
    assert done.exit_code == 1, done.output
    assert "diverged" in done.output


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--seeds", 0], "PRESET"), (["paper-pgd", "--seeds", "x"], "--seeds"),
        (["paper-pgd", "--seeds", 0, "--seed", 1], "--seeds"),
        (["paper-pgd", "paper-pgd"], "presets"), (["paper-pgd", "nope", "--seeds", 0], "nope"),
        (["paper-pgd", "--seeds", 0, "--jobs", 0], "jobs"),
        (["--seeds", 0, "--method", "pgd"], "--method"),
    ],
)  # fmt: skip
def test_bad_input_is_named(words, names, tmp_path):
    done = run(*words, "--out", tmp_path / "s", *QUICK)
    assert done.exit_code == 2, done.output
    assert names in done.output
