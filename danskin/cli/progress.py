"""Progress on stderr, shown on a terminal only: bars with counts, and the course of a proof."""

from __future__ import annotations

import math
import sys
from types import TracebackType
from typing import Any

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress_bar import ProgressBar
from rich.text import Text

from danskin.cli.terminal import console_for

__all__ = ["Course", "progress_bar"]


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


class Course:
    """One thing after another; those with a budget of seconds get a bar that shows it run down.

    A proof may end at any time: the bar is of the time it may take, and beside it stands how far
    the proof is. Nothing is shown where there is no terminal.
    """

    def __init__(self, shown: bool = True) -> None:
        console = console_for(sys.stderr)
        plain = not console.encoding.lower().startswith("utf")
        self._progress = Progress(
            SpinnerColumn("line" if plain else "dots"),
            TextColumn("{task.description}", markup=False),
            _Budget(),
            TextColumn("{task.fields[news]}", markup=False),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Course:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def phase(self, text: str, seconds: float | None = None) -> None:
        """Say what is being done from now on, and for how many seconds at most."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=seconds, news="")

    def news(self, text: str) -> None:
        """Say how far it is."""
        if self._task is not None:
            self._progress.update(self._task, news=text)

    def proof(self, boxes: int, low: float, high: float) -> None:
        """Say how far a proof is: boxes used, and the gap between the bounds on D."""
        gap = high - low
        self.news(f"{boxes} boxes, gap {gap:.2g}" if math.isfinite(gap) else f"{boxes} boxes")

    def step(self, boxes: int, done: float, asked: float) -> None:
        """Say how far a step is certified."""
        self.news(f"{boxes} boxes, proved to {done:.3g} of {asked:.3g}")


class _Budget(ProgressColumn):
    """A bar of the time that has gone, with the seconds that are left; empty without a budget."""

    def render(self, task: Task) -> RenderableType:
        """Return it for one task."""
        if task.total is None:
            return Text("")
        gone = min(task.elapsed or 0.0, task.total)
        return _Pair(
            ProgressBar(total=task.total, completed=gone, width=24),
            Text(f" {task.total - gone:3.0f} s left"),
        )


class _Pair:
    """Two things side by side."""

    def __init__(self, bar: ProgressBar, text: Text) -> None:
        self.bar, self.text = bar, text

    def __rich_console__(self, console: Any, options: Any) -> Any:
        for segment in console.render(self.bar, options.update(width=24)):
            if segment.text != "\n":
                yield segment
        yield self.text

    def __rich_measure__(self, console: Any, options: Any) -> Any:
        from rich.measure import Measurement

        width = 24 + self.text.cell_len
        return Measurement(width, width)
