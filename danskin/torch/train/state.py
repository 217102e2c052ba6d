"""Everything a run goes on from, as tensors and plain data; and the way back."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from danskin.errors import InvalidInputError
from danskin.torch.train.checkpoint import Checkpoint
from danskin.torch.train.record import EpochRecord, Tally
from danskin.torch.train.sets import Sets
from danskin.torch.train.workers import Workers

if TYPE_CHECKING:
    from danskin.torch.train.loop import Trainer

__all__ = ["Position", "capture", "facts", "restore"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Position:
    """Where a run stands.

    Attributes
    ----------
    epoch : int
        Epochs done.
    step : int
        Steps done of the next one; all of them where only its measurement is missing.
    total : int
        Steps done altogether.
    """

    epoch: int = 0
    step: int = 0
    total: int = 0


def facts(sets: Sets, workers: Workers, device: torch.device) -> dict[str, Any]:
    """Return what a run's results depend on, besides its configuration."""
    return {
        "images": sets.fingerprint(), "processes": workers.size, "device": str(device),
        "torch": torch.__version__, "threads": torch.get_num_threads(),
    }  # fmt: skip


def capture(trainer: Trainer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return what a checkpoint holds; all processes must call it.

    Raises
    ------
    Diverged
        A weight is NaN or infinite: a checkpoint must be of use.
    """
    parts = trainer.parts
    parts.check_finite()
    tensors = {f"model.{k}": v for k, v in parts.model.state_dict().items()}
    for index, values in parts.optimizer.state_dict()["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{key}"] = value
    for rank, states in enumerate(trainer.workers.gather(trainer.draws.state())):
        tensors |= {f"generator.{rank}.{name}": state for name, state in states.items()}
    return tensors, {
        "config": trainer.config.to_dict(),
        "arch": parts.arch.to_dict(),
        "facts": trainer.facts,
        "at": dataclasses.asdict(trainer.at),
        "learning_rate": parts.optimizer.param_groups[0]["lr"],
        "method": {"calls": parts.ddi.calls, "gate": dataclasses.asdict(parts.ddi.gate)},
        "tally": dataclasses.asdict(trainer.tally),
        "records": [r.to_dict() for r in trainer.records],
        "best": None if trainer.best is None else trainer.best.to_dict(),
    }


def restore(trainer: Trainer, saved: Checkpoint) -> None:
    """Put everything back as `capture` found it.

    Raises
    ------
    InvalidInputError
        The run had other images or another number of processes.
    """
    content, before, now = saved.content, saved.content["facts"], trainer.facts
    if before["images"] != now["images"]:
        raise InvalidInputError(
            "data.source", "these are not the images that the run began with", "Name their folder."
        )
    if before["processes"] != now["processes"]:
        raise InvalidInputError(
            "processes", f"the run is on {before['processes']}, and here are {now['processes']}",
            f"Use torchrun --nproc-per-node {before['processes']}.",
        )  # fmt: skip
    for name in ("device", "torch", "threads"):
        if before[name] != now[name]:
            _log.warning(
                "%s was %s and is %s: weights may differ from an uninterrupted run's in rounding",
                name, before[name], now[name],
            )  # fmt: skip
    parts, tensors = trainer.parts, saved.tensors
    parts.model.load_state_dict(_under("model.", tensors))
    fresh = parts.optimizer.state_dict()
    fresh["param_groups"][0]["lr"] = content["learning_rate"]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("optimizer.", tensors).items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    parts.optimizer.load_state_dict(fresh | {"state": state})
    trainer.draws.load(_under(f"generator.{trainer.workers.rank}.", tensors))
    parts.ddi.calls = content["method"]["calls"]
    parts.ddi.gate.is_open = content["method"]["gate"]["is_open"]
    parts.ddi.gate.since = content["method"]["gate"]["since"]
    trainer.at = Position(**content["at"])
    trainer.tally = Tally(**content["tally"])
    trainer.records = [EpochRecord.from_dict(r) for r in content["records"]]
    trainer.best = None if content["best"] is None else EpochRecord.from_dict(content["best"])


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
