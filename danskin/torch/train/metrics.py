"""Metrics on disk: one JSON line an epoch, and TensorBoard's events where it is installed."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from danskin.torch.train.files import SavingError, write_whole
from danskin.torch.train.record import EpochRecord

__all__ = ["Board", "MetricsFile", "read_metrics"]

_log = logging.getLogger(__name__)
_SHOWN = ("clean_accuracy", "robust_accuracy", "loss", "learning_rate", "step_length", "conflict",
          "attacks", "seconds")  # fmt: skip


class MetricsFile:
    """``metrics.jsonl``: the records so far, a line each.

    Parameters
    ----------
    path : Path
    records : sequence of EpochRecord
        Those of the checkpoint that the run goes on from. Lines that a killed process wrote after
        it are dropped: those epochs are trained again.
    """

    def __init__(self, path: Path, records: Sequence[EpochRecord] = ()) -> None:
        self.path = path
        write_whole(path, "".join(_line(r) for r in records).encode())

    def add(self, record: EpochRecord) -> None:
        """Append a line.

        Raises
        ------
        SavingError
            It cannot be written.
        """
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(record))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SavingError(self.path, error.strerror or str(error)) from None


class Board:
    """TensorBoard's event files; none where it is not installed, or where they cannot be written.

    Parameters
    ----------
    folder : Path
    done : int
        Epochs done; events after them, of a killed process, are hidden.
    """

    def __init__(self, folder: Path, done: int = 0) -> None:
        self.writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            _log.info("tensorboard is not installed: %s is not written", folder)
            return
        with self._or_end():
            self.writer = SummaryWriter(str(folder), purge_step=done + 1)

    def add(self, record: EpochRecord) -> None:
        """Write the scalars of an epoch."""
        if self.writer is None:
            return
        plain = record.to_dict()
        with self._or_end():
            for name in _SHOWN:
                if plain.get(name) is not None:
                    self.writer.add_scalar(name, plain[name], record.epoch)
            self.writer.flush()

    def close(self) -> None:
        """Close the files."""
        if self.writer is not None:
            with self._or_end():
                self.writer.close()

    @contextmanager
    def _or_end(self) -> Iterator[None]:
        """Let a failure be logged and end the writing: the run does not depend on it."""
        try:
            yield
        except OSError as error:
            _log.warning("TensorBoard's events are no longer written: %s", error.strerror)
            self.writer = None


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a ``metrics.jsonl``; a last one that is not whole is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def _line(record: EpochRecord) -> str:
    return json.dumps(record.to_dict(), allow_nan=False) + "\n"
