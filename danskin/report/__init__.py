"""What `verify` found, as a page to read: HTML or Markdown, the same content in both.

`to_html` gives one self-contained page: formulas as MathML, pictures inline, nothing to load and
no script that is needed. `to_markdown` gives what GitHub shows.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from danskin.claims import VerifyReport
from danskin.errors import InvalidInputError
from danskin.report import markdown, page
from danskin.report.content import TITLE, content

if TYPE_CHECKING:
    from danskin.report.pictures import Picture

__all__ = ["to_html", "to_markdown", "write_html", "write_markdown"]


def to_html(
    report: VerifyReport,
    *,
    title: str = TITLE,
    date: datetime.date | str | None = None,
    pictures: Sequence[Picture] | None = None,
) -> str:
    """Return a report as one HTML page that needs nothing beside itself.

    Parameters
    ----------
    report : VerifyReport
        From `danskin.verify`.
    title : str
    date : datetime.date or str, optional
        When the claims were checked, as it is to be shown; the same arguments give the same page.
    pictures : sequence of Picture, optional
        Counterexample 2 and the landscape of section 5.2 by default, which takes some seconds the
        first time; ``()`` for none.

    Returns
    -------
    str

    Raises
    ------
    InvalidInputError
        `report` is not a VerifyReport.
    """
    told = content(report, title, date)
    if pictures is None:
        from danskin.report.pictures import default_pictures

        pictures = default_pictures()
    return page.render(told, pictures)


def to_markdown(
    report: VerifyReport, *, title: str = TITLE, date: datetime.date | str | None = None
) -> str:
    """Return a report as Markdown for GitHub, with formulas between dollar signs.

    The parameters are those of `to_html`; there are no pictures, since GitHub shows none that are
    part of the text.

    Raises
    ------
    InvalidInputError
        `report` is not a VerifyReport.
    """
    return markdown.render(content(report, title, date))


def write_html(
    report: VerifyReport,
    path: str | os.PathLike[str],
    *,
    title: str = TITLE,
    date: datetime.date | str | None = None,
    pictures: Sequence[Picture] | None = None,
) -> None:
    """Write `to_html` to a file, whole or not at all.

    Raises
    ------
    InvalidInputError
        The file cannot be written, or `report` is not a VerifyReport.
    """
    _write(path, to_html(report, title=title, date=date, pictures=pictures))


def write_markdown(
    report: VerifyReport,
    path: str | os.PathLike[str],
    *,
    title: str = TITLE,
    date: datetime.date | str | None = None,
) -> None:
    """Write `to_markdown` to a file, whole or not at all.

    Raises
    ------
    InvalidInputError
        The file cannot be written, or `report` is not a VerifyReport.
    """
    _write(path, to_markdown(report, title=title, date=date))


def _write(path: str | os.PathLike[str], text: str) -> None:
    """Write a temporary file beside the target, then rename it."""
    data = text.encode("utf-8")  # lone surrogates were written out with the control characters
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a pipe or /dev/stdout is written to, never replaced
            return
        target = target.resolve()
        temporary = target.with_name(f".danskin-{os.getpid()}-{secrets.token_hex(4)}")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInputError(
            "path",
            f"{os.fspath(path)} cannot be written: {reason or error}",
            "Name a file in a folder that you may write.",
        ) from None
