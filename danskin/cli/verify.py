"""``danskin verify``: the paper, statement by statement."""

from __future__ import annotations

import difflib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from danskin.cli.terminal import (
    DONE,
    FAILED,
    UNDECIDED,
    check_target,
    clean,
    console_for,
    guarded,
    write_json,
)
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

if TYPE_CHECKING:
    from danskin.claims import Claim, ClaimResult, VerifyReport

__all__ = ["verify"]

_STYLES = {Verdict.PROVED: "green", Verdict.REFUTED: "magenta", Verdict.UNDECIDED: "yellow"}


@guarded
def verify(
    only: list[str] = typer.Option(
        [], "--only", metavar="ID", help="Check this claim only; may be repeated."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write the results as JSON ('-': to stdout)."
    ),
    show: bool = typer.Option(False, "--evidence", help="Print what each verdict rests on."),
    listing: bool = typer.Option(False, "--list", help="List the claims, check nothing."),
) -> None:
    r"""Check the paper's statements: proved, refuted or undecided, each with its evidence.

    A verdict is compared with the expected one: the false corollary is expected to be refuted.
    Exit status 1 if a claim is not as expected, 3 if the only failures are undecided.

    \b
    Examples:
      danskin verify
      danskin verify --only ID --evidence      (IDs: danskin verify --list)
      danskin verify --json report.json
    """
    check_target(json_file, "--json")
    from danskin import claims

    known = claims.all_claims()
    chosen = _chosen(only, known)
    console = console_for(sys.stderr if str(json_file) == "-" else None)
    if listing:
        _print_list(console, chosen)
        keys = ("id", "title", "source", "statement", "expected")
        write_json(json_file, {"claims": [{k: getattr(c, k) for k in keys} for c in chosen]})
        raise typer.Exit(DONE)
    report = _run(claims, chosen)
    _print_table(console, report)
    if show:
        _print_evidence(console, report)
    _print_summary(console, report)
    write_json(json_file, report.to_dict())
    raise typer.Exit(_status(report))


def _chosen(only: Sequence[str], known: Sequence[Claim]) -> list[Claim]:
    by_id = {c.id: c for c in known}
    for name in only:
        if name not in by_id:
            close = difflib.get_close_matches(name[:100], by_id, 3, 0.4)
            hint = f"Did you mean {' or '.join(close)}? " if close else ""
            raise InvalidInputError(
                "--only", f"{name!r} is not a claim", f"{hint}See danskin verify --list."
            )
    return [by_id[name] for name in dict.fromkeys(only)] if only else list(known)


def _run(claims: Any, chosen: Sequence[Claim]) -> VerifyReport:
    console = console_for(sys.stderr)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("verify", total=len(chosen))

        def progress(claim: Claim, result: ClaimResult | None) -> None:
            if result is None:
                bar.update(task, description=claim.id)
            else:
                bar.advance(task)

        return claims.verify([c.id for c in chosen], progress=progress)


def _status(report: VerifyReport) -> int:
    failures = [r for r in report if not r.ok]
    if not failures:
        return DONE
    return UNDECIDED if all(r.verdict is Verdict.UNDECIDED for r in failures) else FAILED


def _print_list(console: Console, chosen: Sequence[Claim]) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("claim", no_wrap=True)
    table.add_column("source", overflow="fold")
    table.add_column("what it says", overflow="fold")
    for claim in chosen:
        table.add_row(*(clean(s) for s in (claim.id, claim.source, claim.title)))
    console.print(table)


def _print_table(console: Console, report: VerifyReport) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("claim", overflow="fold")
    table.add_column("source", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("expected", no_wrap=True)
    table.add_column("method", overflow="fold")
    table.add_column("seconds", justify="right", no_wrap=True)
    for r in report:
        verdict = Text(str(r.verdict), style=_STYLES[r.verdict] if r.ok else "bold red")
        expected = str(r.expected) if r.ok else f"not {r.verdict}"
        table.add_row(
            clean(r.id), clean(r.source), verdict, expected, clean(r.method), f"{r.seconds:.2f}"
        )
    console.print(table)


def _print_evidence(console: Console, report: VerifyReport) -> None:
    for r in report:
        console.print(Text(clean(f"{r.id}: {r.title}"), style="bold"))
        console.print(Text(clean(f"  {r.statement}")), soft_wrap=True)
        for line in (*r.evidence, *([r.note] if r.note else [])):
            console.print(Text(clean(f"  - {line}")), soft_wrap=True)
        console.print()


def _print_summary(console: Console, report: VerifyReport) -> None:
    results = list(report)
    counts = Counter(r.verdict for r in results)
    words = ", ".join(f"{counts[v]} {v}" for v in Verdict if counts[v])
    seconds = sum(r.seconds for r in results)
    for r in results:
        if not r.ok:
            note = f" {r.note}" if r.note else ""
            message = f"{r.id}: {r.verdict}, where {r.expected} was expected.{note}"
            console.print(Text(clean(message), style="red"), soft_wrap=True)
    good = sum(r.ok for r in results)
    tail = "all as expected" if good == len(results) else f"{len(results) - good} not as expected"
    noun = "claim" if len(results) == 1 else "claims"
    text = f"{len(results)} {noun} in {seconds:.1f} s: {words}; {tail}."
    console.print(Text(text, style="bold"), soft_wrap=True)
