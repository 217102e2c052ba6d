"""``danskin data``: fetch CIFAR-10, or see what a folder holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from danskin.cli.terminal import check_target, console_for, guarded, print_plain, write_json

__all__ = ["data_app"]

data_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@data_app.callback()
def _data() -> None:
    """Image data for train and audit.

    \b
    Examples:
      danskin data cifar10
      danskin data check FOLDER
    """  # noqa: D301 - \b keeps the lines apart


@guarded
def cifar10(
    out: Path | None = typer.Option(
        None, "--out", metavar="DIR", help="Put it there; by default into the user's cache."
    ),
    archive: Path | None = typer.Option(
        None, "--archive", metavar="FILE",
        help="A cifar-10-binary.tar.gz that is here already: check and unpack it.",
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write what was found as JSON ('-': to stdout)."
    ),
) -> None:  # fmt: skip
    """Fetch CIFAR-10's binary version (170 MB), check its SHA-256, unpack it.

    What is there already is not fetched again. Afterwards: danskin train --data cifar10.

    \b
    Examples:
      danskin data cifar10
      danskin data cifar10 --out data --archive cifar-10-binary.tar.gz
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    from danskin.torch.data import download_cifar10

    console = console_for(sys.stderr)
    if console.is_terminal:
        with console.status("fetching cifar-10-binary.tar.gz"):
            place = download_cifar10(out, archive=archive)
    else:
        place = download_cifar10(out, archive=archive)
    _tell(place, _described(place), json_file)


@guarded
def check(
    folder: Path = typer.Argument(
        ..., metavar="FOLDER", help="A folder with CIFAR-10's binary or pickled batches."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write what was found as JSON ('-': to stdout)."
    ),
) -> None:
    """Read every record of a folder, and say what it holds. A pickle is never run.

    \b
    Example:
      danskin data check cifar-10-batches-bin
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    _tell(folder, _described(folder), json_file)


def _described(place: Path) -> dict[str, Any]:
    from danskin.errors import InvalidInputError
    from danskin.torch.data import CIFAR10_CLASSES, read_cifar10

    found, missing = [], []
    for split in ("train", "test"):
        try:
            images = read_cifar10(place, split)
        except InvalidInputError as error:
            if "it holds no" not in error.problem or "batch (" not in error.problem:
                raise
            missing.append(split)
            continue
        counts = images.labels.bincount(minlength=10).tolist()
        found.append(
            images.to_dict() | {"per_class": dict(zip(CIFAR10_CLASSES, counts, strict=True))}
        )
    return {"folder": str(place), "sets": found, "missing": missing}


def _tell(place: Path, found: dict[str, Any], json_file: Path | None) -> None:
    if str(json_file) != "-":
        print_plain(f"CIFAR-10 in {place}")
        for part in found["sets"]:
            counts = part["per_class"].values()
            print_plain(
                f"  {part['split']}: {part['images']:,} images, {min(counts):,} to "
                f"{max(counts):,} of each class"
            )
            for note in part["notes"]:
                print_plain(f"    {note}")
        for split in found["missing"]:
            print_plain(f"  {split}: none")
    write_json(json_file, found)


data_app.command(short_help="Fetch CIFAR-10.")(cifar10)
data_app.command(short_help="See what a folder holds.")(check)
