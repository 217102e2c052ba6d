"""What ``danskin certify`` says of proofs: the course on a terminal, definedness, rho."""

import io

import pytest
from rich.console import Console
from typer.testing import CliRunner

from danskin.cli import app
from danskin.cli.progress import Course

PROBLEM = """
g = "{g}"
theta = ["t", "s"]
[delta]
names = ["d"]
box = [[0, 1]]
[query]
at = [0, 1]
direction = "steepest"
"""


def certify(path, g, *options):
    path = path / "p.toml"
    path.write_text(PROBLEM.format(g=g))
    return CliRunner().invoke(app, ["certify", str(path), *options])


@pytest.mark.parametrize(
    "g", ["t*log(d) + s*d", "t/(d-1/2) + s*d", "sqrt(d-t)+s*d", "t*tan(2*d)+d*s"]
)
def test_what_is_undefined_beside_theta_proves_nothing(tmp_path, g):
    """At t = 0 alone these are s d, whose maximizer d = 1 is proved; phi is infinite beside it."""
    result = certify(tmp_path, g)
    assert result.exit_code == 3, result.stdout
    assert "defined and continuous around theta" in result.stdout.splitlines()[-1]
    assert "all of them, proved" not in result.stdout
    assert "descends" not in result.stdout.replace("seems to descend", "")


def test_rho_is_enclosed_where_the_steepest_direction_is_asked_for(tmp_path):
    result = certify(tmp_path, "sin(3*d)*t + cos(5*d)*s - (d-1/3)**2")
    assert result.exit_code == 0
    assert "rho is in" in result.stdout


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_the_course_shows_boxes_gap_and_time_left_on_a_terminal_only(terminal, monkeypatch):
    out = Terminal() if terminal else io.StringIO()
    console = Console(file=out, width=100, force_terminal=terminal)
    monkeypatch.setattr("danskin.cli.progress.console_for", lambda _: console)
    with Course() as course:
        course.phase("loading")
        course.phase("proving", 12.0)
        course.proof(345, -1.0, -0.5)
        course._progress.refresh()
        course.step(9, 0.25, 1.0)
        course._progress.refresh()
    text = out.getvalue()
    if not terminal:
        assert not text.strip()
        return
    for piece in ("loading", "345 boxes, gap 0.5", "12 s left", "proved to 0.25 of 1"):
        assert piece in text
