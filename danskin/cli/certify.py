"""``danskin certify PROBLEM``: whether a direction descends at a point of your own objective."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from danskin.cli.pictures import check_picture, write_picture
from danskin.cli.progress import Course
from danskin.cli.terminal import check_target, console_for, guarded, write_json
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.cli.walk import Walk
    from danskin.problem import Problem

__all__ = ["certify"]


@guarded
def certify(
    problem_file: Path = typer.Argument(
        ..., metavar="PROBLEM", help="A problem file (TOML); examples/ has several."
    ),
    direction: str | None = typer.Option(
        None,
        metavar="GAMMA",
        help="Ask about this direction: steepest, single:0, or numbers such as -1,0.",
    ),
    at: str | None = typer.Option(
        None, metavar="THETA", help="Look at this point, numbers such as 1/2,0."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write everything as JSON ('-': to stdout)."
    ),
    limit: float = typer.Option(
        60.0, metavar="SECONDS", min=0.0, help="Give up, undecided, after this time."
    ),
    budget: float | None = typer.Option(
        None, metavar="SECONDS", min=0.1, help="Seconds for the proof (and for --step as many)."
    ),
    step: str | None = typer.Option(
        None, metavar="LENGTH", help="Certify a step along the direction, this long at most."
    ),
    save_file: Path | None = typer.Option(
        None, "--save", metavar="FILE", help="Write the proof, cell by cell, as JSON."
    ),
    plot_file: Path | None = typer.Option(
        None,
        "--plot",
        metavar="FILE",
        help="Draw D over all directions and the proof's shrinking boxes (.png, .pdf, .svg).",
    ),
) -> None:
    """Prove whether a direction descends at a point, and show what is known there.

    Prints the maximizers, their gradients, the hull's point of least norm, Danskin's derivative
    along the direction asked for and along minus each gradient, the steepest direction, Theorem 3
    where the file gives its constants, and the proof: the verdict, an enclosure of D, the cells
    it took. An estimate is never called a proof.

    Exit status 0 if descent (or, for "steepest", stationarity) is proved, 1 if the direction is
    proved not to descend, 3 if that is undecided.

    \b
    Examples:
      danskin certify examples/orabona.toml
      danskin certify examples/orabona.toml --direction single:0
      danskin certify examples/orabona.toml --step 2 --save proof.json
      danskin certify my_problem.toml --at 1/2,0 --plot derivative.png
    """  # noqa: D301 - \b keeps the lines apart
    check_picture(plot_file)
    check_target(json_file, "--json")
    check_target(save_file, "--save")
    from danskin.problem import read_problem

    problem = _override(read_problem(problem_file), direction, at)
    walk = _walk(problem, limit, budget, _length(step))
    from danskin.cli.report import print_report

    print_report(console_for(sys.stderr if str(json_file) == "-" else None), walk)
    write_json(json_file, {"problem": str(problem_file), **walk.to_dict()})
    if plot_file is not None:
        _draw(walk, plot_file)
    if save_file is not None:
        _save(walk, save_file)
    raise typer.Exit(walk.answer.status)


def _override(problem: Problem, direction: str | None, at: str | None) -> Problem:
    changes: dict[str, Any] = {}
    if at is not None:
        changes["at"] = _numbers(at, "--at", len(problem.theta))
    if direction is not None:
        kind, _, index = direction.partition(":")
        single = kind == "single" and index.isdecimal() and len(index) < 9
        named = direction == "steepest" or single
        changes["direction"] = (
            direction if named else _numbers(direction, "--direction", len(problem.theta))
        )
    return dataclasses.replace(problem, **changes)


def _numbers(text: str, option: str, count: int) -> tuple[Any, ...]:
    from danskin.exact import exact_vector

    return exact_vector(text.split(","), option, count)


def _length(step: str | None) -> Any:
    if step is None:
        return None
    from danskin.exact import exact_number, sign

    length = exact_number(step, "--step")
    if sign(length) != 1:
        raise InvalidInputError("--step", f"{step} is not positive", "Pass a length > 0.")
    return length


def _save(walk: Walk, path: Path) -> None:
    """Write the step's proof where a step was certified, else the direction's."""
    from danskin.verdict import Verdict

    decided = walk.proof.verdict is not Verdict.UNDECIDED
    certified = walk.step is not None and walk.step.verdict is Verdict.PROVED
    if not decided:
        console_for(sys.stderr).print("Nothing was saved: there is no proof.")
    elif certified and walk.step is not None:
        walk.step.save(path)
    else:
        walk.proof.save(path)


def _walk(problem: Problem, limit: float, budget: float | None, step: Any) -> Walk:
    from danskin.limits import time_limit

    with Course() as course:
        course.phase("loading")
        from danskin.cli.walk import walk

        with time_limit(limit, "certify (see --limit)"):
            return walk(problem, course, budget, step)


def _draw(walk: Walk, path: Path) -> None:
    from danskin.plots import plot_certificate

    try:
        asked = None if walk.asked.text == "steepest" else walk.asked.floats
        figure = plot_certificate(walk.objective, walk.S, asked, proof=walk.proof)
    except InvalidInputError as error:
        raise InvalidInputError(
            "--plot", f"cannot be drawn: {error.argument}: {error.problem}", error.remedy
        ) from None
    write_picture(figure, path)
