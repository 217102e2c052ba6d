"""How far a training is: images a second, and the time left by the work that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from danskin.cli.terminal import console_for

if TYPE_CHECKING:
    from danskin.torch.train import RunConfig, Sets, Trainer

__all__ = ["Meter"]


class Meter:
    """A bar on stderr, on a terminal only.

    Work is counted in passes through the network, of which a measurement takes more an image than a
    step does: the time left does not jump when an epoch ends.

    Parameters
    ----------
    configs : iterable of RunConfig
    sets : Sets
    shown : bool
    """

    def __init__(self, configs: Iterable[RunConfig], sets: Sets, shown: bool = True) -> None:
        console = console_for(sys.stderr)
        self.configs = {config.name: config for config in configs}
        self.training, self.held_out = len(sets.training), len(sets.held_out)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"),
            TextColumn("left: {task.fields[left]}"), console=console, transient=True,
            disable=not (shown and console.is_terminal),
        )  # fmt: skip
        total = sum(self._work(c, e) for c in self.configs.values() for e in range(c.epochs))
        self._task = self._bar.add_task("starting", total=total, speed="", left="?")
        self._began, self._before, self._images = time.monotonic(), 0.0, 0
        self._training_seconds, self._last = 0.0, time.monotonic()

    def resume(self, trainers: Iterable[Trainer]) -> None:
        """Count what is done already."""
        for trainer in trainers:
            config, at = trainer.config, trainer.at
            self._before += sum(self._work(config, e) for e in range(at.epoch))
            if at.step:
                self._before += at.step * config.batch_size * self._passes(config, at.epoch)
        self._bar.update(self._task, completed=self._before)

    def tick(self, name: str, epoch: int, what: str, images: int) -> None:
        """Count a batch."""
        config, now = self.configs[name], time.monotonic()
        if what == "train":
            work = images * self._passes(config, epoch)
            self._images += images
            self._training_seconds += now - self._last
        else:
            work = min(images, self.held_out) * self._evaluation(config)
        self._last = now
        task = self._bar.tasks[0]
        done, gone = task.completed + work, now - self._began
        fresh = done - self._before
        left = gone * max((task.total or 0) - done, 0) / fresh if fresh > 0 else 0.0
        speed = self._images / self._training_seconds if self._training_seconds > 0 else 0.0
        self._bar.update(
            self._task, completed=done, speed=f"{speed:,.0f} images/s", left=_duration(left),
            description=f"{name} epoch {epoch + 1}/{config.epochs}"
            + (", measuring" if what == "evaluate" else ""),
        )  # fmt: skip

    def above(self, console: Console) -> Console:
        """Return the console for lines above the bar: this one, if it is not the bar's terminal."""
        return self._bar.console if console.is_terminal and not self._bar.disable else console

    def __enter__(self) -> Meter:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def _work(self, config: RunConfig, epoch: int) -> float:
        images = self.training // config.batch_size * config.batch_size
        work = images * self._passes(config, epoch)
        return work + config.measured(epoch) * self.held_out * self._evaluation(config)

    @staticmethod
    def _passes(config: RunConfig, epoch: int) -> float:
        from danskin.torch.train.passes import training_passes

        return training_passes(config, epoch)

    @staticmethod
    def _evaluation(config: RunConfig) -> float:
        from danskin.torch.train.passes import evaluation_passes

        return evaluation_passes(config)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
