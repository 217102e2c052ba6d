"""Files that are whole or not there: a temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from danskin.errors import DanskinError

__all__ = ["SavingError", "remove_leftovers", "write_whole"]

_PREFIX = ".unfinished-"


class SavingError(DanskinError):
    """A file of the run cannot be written: disk full, quota, permissions.

    Parameters
    ----------
    path : Path
    reason : str
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot be written: {reason}. What was saved before is whole. Make room, or "
            f"name a folder that can be written; go on with --resume."
        )


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, whenever the machine stops, sees all of it or the one before.

    Raises
    ------
    SavingError
        It cannot be written. The file that was there before is untouched.
    """
    temporary = path.with_name(f"{_PREFIX}{path.name}-{secrets.token_hex(4)}")
    try:
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise SavingError(path, error.strerror or str(error)) from None


def sync_folder(folder: Path) -> None:
    """Let a rename in this folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left unfinished in a folder."""
    for path in folder.glob(f"{_PREFIX}*"):
        path.unlink(missing_ok=True)
