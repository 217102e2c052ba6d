"""The training loop: batches, adversaries, one direction, a step; each epoch measured and saved.

    images -> augment -> this process's rows -> DDi (attack, gradients, combine) -> SGD

What surrounds it has a file each: `build` (network, attacks, optimizer), `draws` (random numbers),
`workers` (several processes), `record` and `metrics` (what is remembered), `state` and `checkpoint`
(what is saved), `folder` (where), `signals` (who asks to stop).
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from torch import Tensor

from danskin.torch.train.augment import augment
from danskin.torch.train.build import Diverged, build, set_up
from danskin.torch.train.config import RunConfig
from danskin.torch.train.draws import Draws
from danskin.torch.train.evaluate import Accuracy, measure
from danskin.torch.train.folder import Nowhere, RunFolder
from danskin.torch.train.record import EpochRecord, Tally
from danskin.torch.train.sets import Sets
from danskin.torch.train.signals import Interrupted
from danskin.torch.train.state import Position, capture, facts, restore
from danskin.torch.train.workers import ALONE, Workers, pick_device

__all__ = ["Trainer"]

#: A loss so many times that of guessing is diverging, though every number is still finite.
_HOPELESS = 100
_REMEDY = "the last checkpoint is from before. Take a smaller optimizer.lr."


class Trainer:
    """One run.

    Parameters
    ----------
    config : RunConfig
    sets : Sets
    folder : path, optional
        Where to keep it; without, nothing is written.
    resume : bool
        Go on with the run in that folder, if there is one.
    workers : Workers
    board : bool
        Write TensorBoard's events.
    tick : callable
        Told the run's name, the epoch (from 0), "train" or "evaluate", and the images done, after
        each batch.
    wish : callable
        Asked after each batch for the number of a signal that came, 0 if none did.

    Attributes
    ----------
    model : torch.nn.Module
    records : list of EpochRecord
    best : EpochRecord or None
        The epoch of best robust accuracy, where there is a validation split.
    """

    def __init__(
        self,
        config: RunConfig,
        sets: Sets,
        folder: str | Path | None = None,
        *,
        resume: bool = False,
        workers: Workers = ALONE,
        board: bool = False,
        tick: Callable[[str, int, str, int], None] = lambda name, epoch, what, images: None,
        wish: Callable[[], int] = lambda: 0,
    ) -> None:
        workers.check_batch(config.batch_size)
        self.config, self.workers = config, workers
        self.tick, self.wish = tick, wish
        self.device = pick_device(config.compute.device)
        set_up(config, self.device)
        self.facts = facts(sets, workers, self.device)
        self.sets = sets.to(self.device)
        self.draws = Draws(config.seed, self.device)
        self.parts = build(config, sets, self.device, self.draws, workers)
        self.model = self.parts.model
        self.records: list[EpochRecord] = []
        self.best: EpochRecord | None = None
        self.at, self.tally = Position(), Tally()
        self._folder = Nowhere()
        if folder is not None and workers.first:
            self._folder = RunFolder(Path(folder), resume=resume, board=board)
        try:
            self._begin()
        except BaseException:
            self._folder.close()
            raise

    @property
    def done(self) -> bool:
        """Whether all epochs are."""
        return self.at.epoch == self.config.epochs

    def epochs(self) -> Iterator[EpochRecord]:
        """Train to the end; yield the record of each epoch when it is saved.

        Raises
        ------
        Diverged
            After a record with a note. The last checkpoint is from before.
        Interrupted
            A signal came; where the run stands is saved.
        SavingError
            The disk is full, for instance.
        """
        try:
            while not self.done:
                try:
                    record = self._epoch()
                except Diverged as error:
                    record = self._record(note=f"diverged: {error}")
                    self._folder.add(record)
                    yield record
                    raise Diverged(f"{self.config.name} {record.note}; {_REMEDY}") from None
                self.records.append(record)
                self.at = Position(self.at.epoch + 1, 0, self.at.total)
                self._folder.add(record)
                self._save()
                yield record
            self._folder.keep_network("model", self.model, self.parts.arch)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the folder."""
        self._folder.close()

    def _begin(self) -> None:
        saved = self.workers.share(self._folder.begin(self.config, self.facts))
        if saved is not None:
            restore(self, saved)
        self._folder.open_metrics(self.records)
        if saved is None:
            self._save()  # shows at once that the disk takes it

    def _epoch(self) -> EpochRecord:
        config, epoch = self.config, self.at.epoch
        rate = self.parts.start_epoch(config, epoch)
        if self.at.step == 0:
            self.draws.start(epoch)
            self.tally = Tally()
        order, size = self.draws.permutation(epoch, len(self.sets.training)), config.batch_size
        for first in range(self.at.step * size, len(order) - size + 1, size):
            self._step(order[first : first + size], rate)
        self.parts.check_finite()
        if not config.measured(epoch):
            return self._record()
        tick = functools.partial(self._after_batch, "evaluate")
        found = measure(config, self.model, self.sets.held_out, epoch, self.workers, tick)
        record = self._record(found)
        if self.sets.validation and found.better_than(self.best and self.best.accuracy):
            self.best = record
            self._folder.keep_network("best", self.model, self.parts.arch)
        return record

    def _step(self, which: Tensor, rate: float) -> None:
        start = time.perf_counter()
        images, labels = self.sets.training.batch(which.to(self.device))
        images = augment(images, self.config.augmentation, self.draws.augmentation)
        rows = self.workers.rows(len(which))
        report = self.parts.step(images[rows], labels[rows])
        self.at = Position(self.at.epoch, self.at.step + 1, self.at.total + 1)
        loss = self.workers.total([report.loss / self.workers.size], self.device)[0]
        self.tally.add(report, loss, rate, time.perf_counter() - start)
        if not loss < _HOPELESS * math.log(max(self.sets.training.classes, 2)):
            raise Diverged(f"the loss is {loss:.3g} in step {self.at.step}")
        self._after_batch("train", len(which))

    def _record(self, found: Accuracy | None = None, note: str = "") -> EpochRecord:
        rate = self.parts.optimizer.param_groups[0]["lr"]
        return self.tally.record(self.config.name, self.at.epoch, rate, found, note)

    def _save(self) -> None:
        self._folder.save(self.at.total, *capture(self))

    def _after_batch(self, what: str, images: int) -> None:
        self.tick(self.config.name, self.at.epoch, what, images)
        due = what == "train" and self._folder.due(self.at.step)
        due, number = self.workers.highest([due, self.wish()], self.device)
        if due or number:
            self._save()
        if number:
            raise Interrupted(int(number))
