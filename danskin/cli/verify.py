"""``danskin verify``: the paper, statement by statement."""

from __future__ import annotations

import datetime
import difflib
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
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
    write_bytes,
    write_json,
)
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

if TYPE_CHECKING:
    from danskin.claims import Claim, ClaimResult, VerifyReport

__all__ = ["verify"]

_WIDE = 100
#: What verdict, expected and seconds take of a line.
_REST = 32
_STYLES = {Verdict.PROVED: "green", Verdict.REFUTED: "magenta", Verdict.UNDECIDED: "yellow"}


@guarded
def verify(
    only: list[str] = typer.Option(
        [], "--only", metavar="ID", help="Check this claim only; may be repeated."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write the results as JSON ('-': to stdout)."
    ),
    html_file: Path | None = typer.Option(
        None, "--html", metavar="FILE", help="Write a report to read, as one HTML page."
    ),
    markdown_file: Path | None = typer.Option(
        None, "--markdown", metavar="FILE", help="Write the same report as Markdown."
    ),
    show: bool = typer.Option(False, "--evidence", help="Print what each verdict rests on."),
    listing: bool = typer.Option(False, "--list", help="List the claims, check nothing."),
) -> None:
    """Check the paper's statements: proved, refuted or undecided, each with its evidence.

    A verdict is compared with the expected one: the false corollary is expected to be refuted.
    Exit status 1 if a claim is not as expected, 3 if the only failures are undecided.

    \b
    Examples:
      danskin verify
      danskin verify --only ID --evidence      (IDs: danskin verify --list)
      danskin verify --json report.json --html report.html
    """  # noqa: D301 - \b keeps the lines apart
    targets = {"--json": json_file, "--html": html_file, "--markdown": markdown_file}
    _check_targets(targets, listing)
    from danskin import claims

    known = claims.all_claims()
    chosen = _chosen(only, known)
    console = console_for(sys.stderr if "-" in map(str, targets.values()) else None)
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
    _write_reports(report, html_file, markdown_file)
    raise typer.Exit(_status(report))


def _check_targets(targets: Mapping[str, Path | None], listing: bool) -> None:
    """Refuse before the work starts what could not be written after it."""
    for option, path in targets.items():
        check_target(path, option)
        if listing and path is not None and option != "--json":
            raise InvalidInputError(
                option, "--list checks nothing, so there is nothing to report", "Leave --list out."
            )
    to_stdout = [option for option, path in targets.items() if str(path) == "-"]
    if len(to_stdout) > 1:
        problem = f"{' and '.join(to_stdout)} would both go to stdout"
        raise InvalidInputError(to_stdout[-1], problem, "Name a file for one of them.")


def _write_reports(report: VerifyReport, html: Path | None, markdown: Path | None) -> None:
    if html is None and markdown is None:
        return
    from danskin.report import to_html, to_markdown

    made = {"--html": (html, to_html), "--markdown": (markdown, to_markdown)}
    for option, (path, make) in made.items():
        if path is None:
            continue
        text = make(report, date=datetime.date.today())
        if str(path) == "-":
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_bytes(path, text.encode("utf-8"), option)


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
    table = _table()
    table.add_column("claim", no_wrap=console.width >= _WIDE)
    table.add_column("source", overflow="fold")
    table.add_column("what it says", overflow="fold")
    for claim in chosen:
        table.add_row(*(clean(s) for s in (claim.id, claim.source, claim.title)))
    console.print(table)


def _print_table(console: Console, report: VerifyReport) -> None:
    wide = console.width >= _WIDE
    table = _table()
    table.add_column("claim", overflow="fold", no_wrap=wide)
    if wide:
        table.add_column("source", overflow="fold")
        table.add_column("method", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("expected", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    for r in report:
        words = [clean(r.id), clean(r.source), clean(r.method)]
        style = _STYLES[r.verdict] if r.ok else "bold red"
        verdict = Text(str(r.verdict) if r.ok else f"{r.verdict} (!)", style=style)
        # Eighty columns have no room for source and method: they go below the id.
        first = words if wide else [_stacked(words, console.width - _REST)]
        table.add_row(*first, verdict, str(r.expected), f"{r.seconds:.2f}")
    console.print(table)


def _stacked(words: Sequence[str], width: int) -> str:
    name, *rest = words
    below = [
        textwrap.fill(w, max(width, 20), initial_indent="  ", subsequent_indent="    ")
        for w in rest
    ]
    return "\n".join([name, *below])


def _table() -> Table:
    return Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))


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
