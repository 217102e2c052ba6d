"""``danskin search``: what it prints, writes and refuses."""

import json

import pytest
from typer.testing import CliRunner

from danskin.cli import app

PROBLEM = """
g = "d*(t1**2 + t2) + (1-d)*(t2**2 - t1) + d*(d-1)"
theta = ["t1", "t2"]
[delta]
names = ["d"]
interval = [0, 1]
"""
BOX = "[search]\nbox = [[-1, 1], [-1, 1]]\n"


@pytest.fixture
def run(tmp_path):
    def call(text, *arguments):
        path = tmp_path / "problem.toml"
        path.write_text(text)
        return CliRunner().invoke(app, ["search", str(path), *arguments])

    return call


def test_found_proved_and_written(run, tmp_path):
    target = tmp_path / "out.json"
    done = run(PROBLEM + BOX, "--starts", "3", "--seconds", "0", "--json", str(target))
    assert done.exit_code == 0, done.output
    assert "Proved: at theta" in done.output
    data = json.loads(target.read_text())
    best = data["kinks"][0]
    assert (best["kind"], best["verdict"]) == ("counterexample", "proved")
    assert data["coverage"]["starts"] == 3


def test_the_option_wins_over_the_file_and_reaches_where_there_is_none(run):
    """For theta2 > theta1 on the kink all gradients descend; a small box there has no failure."""
    done = run(PROBLEM + BOX, "--box=-1:-1/2,1/2:1", "--starts", "2", "--seconds", "0")
    assert done.exit_code == 3, done.output
    assert "does not show that there is none" in done.output


def test_resumed_by_a_state_file(run, tmp_path):
    state = tmp_path / "state.json"
    for starts in ("1", "2"):
        done = run(
            PROBLEM + BOX, "--starts", starts, "--seconds", "0", "--state", str(state),
            "--proof-seconds", "0",
        )  # fmt: skip
        assert done.exit_code == 3
    assert sorted(json.loads(state.read_text())["done"]) == ["0", "1"]


@pytest.mark.parametrize(
    ("text", "arguments", "what"),
    [
        (PROBLEM, [], "Add [search] box"),
        (PROBLEM, ["--box=1:-1,0:1"], "box[0]"),
        (PROBLEM, ["--box=-1:1"], "1 pairs for 2 thetas"),
        (PROBLEM, ["--box=abc"], "not a list of ranges"),
        (PROBLEM, ["--box=0:__import__('os'),0:1"], "box[0]"),
        (PROBLEM + "[search]\nbox = [[0, 1]]", [], "search.box"),
        (PROBLEM + "[search]\nbox = [[0, 1], [1, 0]]", [], "search.box[1]"),
        (PROBLEM + "[search]\nbox = 3", [], "search.box"),
        (PROBLEM + "[search]\nboxes = 3", [], "Did you mean 'box'"),
        (PROBLEM + BOX, ["--backend", "abacus"], "backend"),
        (PROBLEM + BOX, ["--state", "/nowhere/state.json"], "--state"),
        (PROBLEM + BOX, ["--jobs", "0"], "jobs"),
    ],
)
def test_bad_input_ends_with_status_2(run, text, arguments, what):
    done = run(text, "--starts", "1", *arguments)
    assert done.exit_code == 2
    assert what in done.output
    assert "Traceback" not in done.output
