"""Progress bars on stderr, shown on a terminal only."""

from __future__ import annotations

import sys

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from danskin.cli.terminal import console_for

__all__ = ["progress_bar"]


def progress_bar() -> Progress:
    """Return a bar with counts, the time spent and the time left."""
    console = console_for(sys.stderr)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
