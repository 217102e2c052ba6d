"""``danskin check PROOF``: whether a saved proof proves what it claims."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from rich.text import Text

from danskin.cli.terminal import (
    DONE,
    FAILED,
    check_target,
    clean,
    console_for,
    guarded,
    write_json,
)

__all__ = ["check"]


@guarded
def check(
    proof_file: Path = typer.Argument(
        ..., metavar="PROOF", help="A file that certify --save or DescentProof.save wrote."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write the outcome as JSON ('-': to stdout)."
    ),
    limit: float = typer.Option(
        600.0, metavar="SECONDS", min=0.0, help="Reject a file that takes longer."
    ),
) -> None:
    """Check a proof file by code that shares nothing with the prover, without any search.

    Every cell that the proof dropped or cut off is enclosed again, every point named is checked
    exactly, and the claim must follow. Says what was verified, or where the file fails.

    Exit status 0 if the claim is verified, 1 if the file is rejected, 2 if it is no proof file.

    \b
    Examples:
      danskin certify examples/orabona.toml --save proof.json
      danskin check proof.json
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    from danskin.proof.checker import check_proof

    found = check_proof(proof_file, seconds=limit)
    console = console_for(sys.stderr if str(json_file) == "-" else None)
    style = "green" if found.verified else "red"
    console.print(Text(clean(found.explain()), style=style), soft_wrap=True)
    write_json(json_file, {"proof": str(proof_file), **found.to_dict()})
    raise typer.Exit(DONE if found.verified else FAILED)
