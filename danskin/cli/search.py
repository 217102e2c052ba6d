"""``danskin search PROBLEM``: where, in a box of thetas, the corollary fails for your objective."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from danskin.cli.terminal import (
    DONE,
    UNDECIDED,
    check_target,
    clean,
    console_for,
    guarded,
    write_json,
)
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.counterexamples.search import SearchResult
    from danskin.problem import Problem

__all__ = ["search"]


@guarded
def search(
    problem_file: Path = typer.Argument(
        ..., metavar="PROBLEM", help="A problem file (TOML); examples/ has several."
    ),
    box: str | None = typer.Option(
        None,
        metavar="RANGES",
        help="Search these thetas, a range each, such as -1:1,0:1/2 (else [search] box).",
    ),
    starts: int = typer.Option(24, metavar="N", min=1, help="Random starts."),
    seed: int = typer.Option(0, metavar="N", min=0, help="What the starts depend on."),
    seconds: float = typer.Option(
        6.0, metavar="S", min=0.0, help="Begin no start after this time; 0 for no limit."
    ),
    proof_seconds: float = typer.Option(
        4.0, metavar="S", min=0.0, help="Time for exact points and proofs; 0 for none."
    ),
    jobs: int = typer.Option(1, metavar="N", help="Processes; -1 takes all cores."),
    backend: str | None = typer.Option(
        None, metavar="NAME", help="joblib's backend for a cluster: dask, ray, loky, ..."
    ),
    state: Path | None = typer.Option(
        None, metavar="FILE", help="Keep what was done here (JSON), and go on from it."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write everything as JSON ('-': to stdout)."
    ),
) -> None:
    """Look for points where a single gradient points uphill though a descent direction exists.

    Random segments through the box are cut where the gradient of phi jumps; from there the search
    walks along the kink. Points found in floats are made exact and proved where the formulas
    allow it; what is not proved is called numeric evidence. Also reported: off the kinks, the
    smallest step along one gradient that was seen to increase phi, and how much of the box was
    looked at. That nothing is found shows nothing.

    Exit status 0 if such a point is proved, 3 if not.

    \b
    Examples:
      danskin search examples/orabona.toml --box=-1:1,-1:1
      danskin search my_problem.toml --starts 1000 --seconds 0 --jobs -1 --state sweep.json
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    check_target(state, "--state")
    from danskin.problem import read_problem

    problem = read_problem(problem_file)
    sides = _box(problem, box)
    result = _search(
        problem,
        sides,
        starts=starts,
        seed=seed,
        seconds=seconds or None,
        proof_seconds=proof_seconds,
        jobs=jobs,
        backend=backend,
        state=state,
    )
    _print(console_for(sys.stderr if str(json_file) == "-" else None), problem, result)
    write_json(json_file, {"problem": str(problem_file), **result.to_dict()})
    from danskin.verdict import Verdict

    raise typer.Exit(DONE if result.verdict is Verdict.PROVED else UNDECIDED)


def _box(problem: Problem, text: str | None) -> Any:
    if text is None:
        if problem.box is None:
            raise InvalidInputError(
                "box",
                "the problem has none",
                f"Add [search] box = [[lo, hi], ...] to the file, {len(problem.theta)} ranges, or "
                "pass --box=lo:hi,...",
            )
        return problem.box
    ranges = [part.split(":") for part in text.split(",")]
    if any(len(r) != 2 for r in ranges):
        raise InvalidInputError(
            "--box", f"{text!r} is not a list of ranges", "Write --box=-1:1,0:1/2."
        )
    return ranges


def _search(problem: Problem, sides: Any, **options: Any) -> SearchResult:
    console = console_for(sys.stderr)
    spinner = "dots" if console.encoding.lower().startswith("utf") else "line"
    status = console.status("loading", spinner=spinner)
    with status if console.is_terminal else contextlib.nullcontext():
        from danskin.counterexamples.search import find_counterexamples
        from danskin.objective import MinMaxObjective

        def tell(done: int, asked: int, kinks: int) -> None:
            status.update(f"{done} of {asked} starts, {kinks} kinks")

        f = MinMaxObjective.from_problem(problem)
        return find_counterexamples(f, sides, tell=tell, **options)


def _print(console: Any, problem: Problem, result: SearchResult) -> None:
    from rich.text import Text

    ranges = ", ".join(
        f"{name} in [{lo:g}, {hi:g}]"
        for name, (lo, hi) in zip(problem.theta, result.box, strict=True)
    )
    lines = [f"Box: {ranges}. Seed {result.seed}, {result.seconds:.1f} s.", ""]
    lines += [result.explain()]
    rest = [k for k in result.kinks if k is not (result.counterexamples or (None,))[0]]
    if rest:
        lines += ["", "Other kinks:"]
        lines += [f"  {k.explain()}" for k in rest]
    lines += [f"Note: {note}" for note in result.notes]
    for line in lines:
        console.print(Text(clean(line)), soft_wrap=True)
