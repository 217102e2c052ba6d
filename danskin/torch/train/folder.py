"""The folder of a run: its configuration, checkpoints, metrics and networks.

::

    config.toml  run.json  metrics.jsonl  curves.png  tensorboard/
    checkpoints/step-N.safetensors + step-N.json
    best.safetensors  model.safetensors
"""

from __future__ import annotations

import json
import logging
import os
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from danskin.errors import InvalidInputError
from danskin.torch.models import Architecture
from danskin.torch.models.checkpoint import network_bytes
from danskin.torch.train.checkpoint import Checkpoint, newest_checkpoint, save_checkpoint
from danskin.torch.train.config import RunConfig
from danskin.torch.train.files import SavingError, remove_leftovers, write_whole
from danskin.torch.train.metrics import Board, MetricsFile
from danskin.torch.train.reading import differences
from danskin.torch.train.record import EpochRecord

__all__ = ["Nowhere", "RunFolder", "is_run", "read_config", "refuse_changes"]

#: What may change when a run goes on: where it runs, where its images lie, how often it is saved.
_FREE = ("compute.device", "compute.threads", "data.source", "checkpoint.")
_log = logging.getLogger(__name__)


def is_run(path: Path) -> bool:
    """Whether a folder is that of a run."""
    return (path / "config.toml").is_file()


def read_config(path: Path) -> RunConfig:
    """Return the configuration of the run in a folder.

    Raises
    ------
    InvalidInputError
        There is none, or it is damaged.
    """
    file = path / "config.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InvalidInputError(str(path), "holds no run", "Name a run's folder.") from None
    return RunConfig.from_toml(text, str(file))


def refuse_changes(path: Path, saved: RunConfig, now: RunConfig) -> None:
    """Raise if a run would go on with another configuration; names the keys that differ."""
    found = differences(saved, now)
    wrong = {k: v for k, v in found.items() if not k.startswith(_FREE)}
    if wrong:
        text = "; ".join(f"{k} was {a!r} and is {b!r}" for k, (a, b) in wrong.items())
        raise InvalidInputError(
            "--resume", f"the run in {path} has another configuration: {text}",
            "Leave these out, or begin a new run in another folder.",
        )  # fmt: skip


class Nowhere:
    """Keeps nothing: for runs without a folder, and for all processes but the first."""

    def begin(self, config: RunConfig, facts: dict[str, Any]) -> Checkpoint | None:
        """Take the folder; return the checkpoint to go on from."""
        return None

    def open_metrics(self, records: Sequence[EpochRecord]) -> None:
        """Let the metrics be those of the records."""

    def due(self, step: int) -> bool:
        """Whether it is time to save, inside an epoch."""
        return False

    def save(self, step: int, tensors: dict[str, Any], content: dict[str, Any]) -> None:
        """Write a checkpoint."""

    def add(self, record: EpochRecord) -> None:
        """Write an epoch's metrics."""

    def keep_network(self, name: str, model: nn.Module, arch: Architecture) -> None:
        """Write a network."""

    def close(self) -> None:
        """Let go of the folder."""


class RunFolder(Nowhere):
    """A folder on disk, held by one process at a time.

    Parameters
    ----------
    path : Path
    resume : bool
        Go on with the run that is there, if there is one; else an earlier run is an error.
    board : bool
        Write TensorBoard's events too.
    """

    def __init__(self, path: Path, *, resume: bool = False, board: bool = False) -> None:
        self.path, self.resume = path, resume
        self.checkpoints = path / "checkpoints"
        self._wants_board, self._board = board, None
        self._saved = time.monotonic()
        self._release: weakref.finalize[..., Any] | None = None

    def begin(self, config: RunConfig, facts: dict[str, Any]) -> Checkpoint | None:
        """Take the folder; return the checkpoint to go on from.

        Raises
        ------
        InvalidInputError
            There is a run already, or it has another configuration; or another process holds it.
        SavingError
            The folder cannot be written.
        """
        self._settings = config.checkpoint
        there = is_run(self.path)
        if there and not self.resume:
            raise InvalidInputError(
                "folder", f"{self.path} holds the results of another run",
                "Name a new folder, or resume that run.",
            )  # fmt: skip
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SavingError(self.path, error.strerror or str(error)) from None
        self._take()
        remove_leftovers(self.path)
        if there:
            refuse_changes(self.path, read_config(self.path), config)
        write_whole(self.path / "run.json", (json.dumps(facts, indent=2) + "\n").encode())
        if not there:
            write_whole(self.path / "config.toml", config.to_toml().encode())
        return newest_checkpoint(self.checkpoints)

    def open_metrics(self, records: Sequence[EpochRecord]) -> None:
        """Let the metrics be those of the records; later lines are dropped."""
        self._metrics = MetricsFile(self.path / "metrics.jsonl", records)
        if self._wants_board:
            self._board = Board(self.path / "tensorboard", len(records))

    def due(self, step: int) -> bool:
        """Whether it is time to save, inside an epoch."""
        minutes, steps = self._settings.minutes, self._settings.steps
        waited = time.monotonic() - self._saved
        return bool((steps and step % steps == 0) or (minutes and waited >= 60 * minutes))

    def save(self, step: int, tensors: dict[str, Any], content: dict[str, Any]) -> None:
        """Write a checkpoint."""
        save_checkpoint(self.checkpoints, step, tensors, content, self._settings.keep)
        self._saved = time.monotonic()

    def add(self, record: EpochRecord) -> None:
        """Write an epoch's metrics."""
        self._metrics.add(record)
        if self._board is not None:
            self._board.add(record)

    def keep_network(self, name: str, model: nn.Module, arch: Architecture) -> None:
        """Write a network as `save_model` would, whole or not at all."""
        write_whole(self.path / f"{name}.safetensors", network_bytes(model, arch))

    def close(self) -> None:
        """Let go of the folder."""
        if self._board is not None:
            self._board.close()
        if self._release is not None:
            self._release()

    def _take(self) -> None:
        """Lock the folder; the system lets go of it when the process ends, however it ends."""
        try:
            import fcntl
        except ImportError:  # not on this system
            return
        handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise InvalidInputError(
                "folder", f"another process is training in {self.path}", "Wait for it, or end it."
            ) from None
        except OSError:  # some network file systems have no locks
            _log.info("%s cannot be locked", self.path)
        self._release = weakref.finalize(self, os.close, handle)
