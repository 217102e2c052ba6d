"""Pictures to files: the name is checked before the work, the file written whole after it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from danskin.cli.terminal import check_target, write_bytes
from danskin.errors import InvalidInputError

__all__ = ["check_picture", "write_picture"]

_SUFFIXES = (".png", ".pdf", ".svg")


def check_picture(path: Path | None, option: str = "--plot") -> None:
    """Refuse a file that is no picture's name or cannot be written.

    Raises
    ------
    InvalidInputError
        Names the option and the path.
    """
    if path is None:
        return
    if path.suffix.lower() not in _SUFFIXES:
        raise InvalidInputError(
            option, f"{path} is not a picture's name", f"End it in {', '.join(_SUFFIXES)}."
        )
    check_target(path, option)


def write_picture(figure: Any, path: Path, option: str = "--plot") -> None:
    """Write a matplotlib figure in the format of the file's name."""
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:].lower(), dpi=150)
    write_bytes(path, picture.getvalue(), option)
