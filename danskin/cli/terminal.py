"""What every command shares: exit statuses, errors on one line, consoles, files written whole."""

from __future__ import annotations

import functools
import json
import math
import os
import secrets
import sys
import traceback
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from danskin.errors import DanskinError, InvalidInputError, LimitError, SolverError

__all__ = [
    "BAD_INPUT",
    "DONE",
    "FAILED",
    "UNDECIDED",
    "check_target",
    "clean",
    "console_for",
    "guarded",
    "print_plain",
    "write_bytes",
    "write_json",
]

DONE, FAILED, BAD_INPUT, UNDECIDED = 0, 1, 2, 3
#: A defect of danskin (EX_SOFTWARE). Not 1, which scripts read as "proved not to descend".
_DEFECT = 70
_INTERRUPTED = 130

_PIPE_WIDTH = 120
_MAX_MESSAGE = 1000

P = ParamSpec("P")
R = TypeVar("R")


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Wrap a command: every error becomes one message on stderr and an exit status."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            _complain("Interrupted before the end; nothing was written.", _INTERRUPTED)
        except (LimitError, SolverError) as error:
            _complain(f"Undecided: {error}", UNDECIDED)
        except DanskinError as error:
            _complain(f"Error: {error}", BAD_INPUT)
        except Exception as error:
            _complain(
                f"Unexpected {type(error).__name__}: {error}\nThis is a defect of danskin, not an "
                "answer. Set DANSKIN_DEBUG=1 for the traceback, and please report it.",
                _DEFECT,
            )
        raise AssertionError("unreachable")

    return run


def _complain(message: str, status: int) -> None:
    if os.environ.get("DANSKIN_DEBUG", "0") not in ("", "0"):
        traceback.print_exc()
    if len(message) > _MAX_MESSAGE:
        half = _MAX_MESSAGE // 2
        message = f"{message[:half]} [...] {message[-half:]}"
    style = "yellow" if status == UNDECIDED else "red"
    console_for(sys.stderr).print(Text(clean(message), style=style), soft_wrap=True)
    raise typer.Exit(status)


def clean(text: str) -> str:
    """Return text with control characters written out: a file must not drive the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def console_for(stream: Any = None) -> Console:
    """Return a console for a stream (stdout by default); wide in a pipe, so that lines stay whole.

    Markup and highlighting are off: what is printed comes from files.
    """
    stream = sys.stdout if stream is None else stream
    plain = not stream.isatty()
    width = _PIPE_WIDTH if plain and not os.environ.get("COLUMNS", "").isdecimal() else None
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def print_plain(text: str) -> None:
    """Print text to stdout as it is, without wrapping."""
    console_for().print(Text(clean(text)), soft_wrap=True)


# --- files ---------------------------------------------------------------------------------------


def check_target(path: Path | None, option: str) -> None:
    """Refuse a file that cannot be written, before the work starts.

    Raises
    ------
    InvalidInputError
        Names the option, the path and the reason.
    """
    if path is None or str(path) == "-":
        return
    if path.is_dir():
        raise _unwritable(path, option, "it is a folder")
    folder = path.parent
    if not folder.is_dir():
        raise _unwritable(path, option, f"there is no folder {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise _unwritable(path, option, "permission denied")


def write_json(path: Path | None, data: Any, option: str = "--json") -> None:
    """Write plain data as JSON, whole or not at all; ``-`` is stdout. NaN and infinity are null."""
    if path is None:
        return
    text = json.dumps(_plain(data), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if str(path) == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        # Text from a file may hold what UTF-8 cannot (lone surrogates); JSON can escape it.
        write_bytes(path, text.encode("utf-8", errors="backslashreplace"), option)


def write_bytes(path: Path, data: bytes, option: str) -> None:
    """Write a file whole or not at all: a temporary file beside it, then a rename.

    Raises
    ------
    InvalidInputError
        The file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # /dev/stdout and pipes are written to, never replaced
            return
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".danskin-{os.getpid()}-{secrets.token_hex(4)}")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, option, error.strerror or str(error)) from None


def _unwritable(path: Path, option: str, reason: str) -> InvalidInputError:
    return InvalidInputError(
        option, f"{path} cannot be written: {reason}", "Name a file in a folder that you may write."
    )


def _plain(data: Any) -> Any:
    """Turn NumPy, SymPy, tuples and verdicts into what JSON has."""
    if data is None or isinstance(data, (bool, int, str)):
        return data
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {str(k): _plain(v) for k, v in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(v) for v in data]
    if isinstance(data, Enum):
        return _plain(data.value)
    if hasattr(data, "tolist"):
        return _plain(data.tolist())
    return str(data)
