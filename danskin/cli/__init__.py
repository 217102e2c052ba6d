"""The command line, ``danskin`` or ``python -m danskin``: parse, call, print.

``danskin verify`` checks the paper's statements; ``danskin certify PROBLEM`` answers whether a
direction descends at a point of an objective of your own. What computes is imported inside the
commands, so that ``danskin --help`` is instant.
"""

from __future__ import annotations

import io
import sys

import typer

import danskin
from danskin.cli.audit import audit
from danskin.cli.certify import certify
from danskin.cli.check import check
from danskin.cli.data import data_app
from danskin.cli.evaluate import evaluate
from danskin.cli.explore import explore
from danskin.cli.search import search
from danskin.cli.terminal import print_plain
from danskin.cli.train import train
from danskin.cli.verify import verify

__all__ = ["app", "main"]

_STATUSES = """Exit status: 0 done, 1 a claim or proof failed, 2 bad input, 3 undecided.

With DANSKIN_DEBUG=1 every error comes with its traceback."""

app = typer.Typer(
    name="danskin",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_STATUSES,
)


def _version(asked: bool) -> None:
    if asked:
        print_plain(f"danskin {danskin.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    """Descent directions for objectives with a maximum inside, with proofs.

    \b
    Examples:
      danskin verify
      danskin certify examples/orabona.toml
    """  # noqa: D301 - \b keeps the lines apart


app.command(short_help="Check the paper's statements.", epilog=_STATUSES)(verify)
app.command(short_help="Does a direction descend, at a point of yours?", epilog=_STATUSES)(certify)
app.command(short_help="Does a saved proof prove what it claims?", epilog=_STATUSES)(check)
app.command(short_help="Where does a single gradient point uphill?", epilog=_STATUSES)(search)
app.command(short_help="A page to drag gradients on.")(explore)
app.command(short_help="Train a network against attacks, methods side by side.")(train)
app.command(short_help="How many images does a network get right, also under attack?")(evaluate)
app.command(short_help="Has a network conflicting adversaries? Would DDi gain?", epilog=_STATUSES)(
    audit
)
app.add_typer(data_app, name="data", short_help="Fetch or check image data.")


def main() -> None:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        # A locale without Unicode must not turn a name in a report into a crash.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="danskin")
