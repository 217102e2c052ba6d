"""The processes that torchrun started: each takes its rows of every batch.

All processes draw the same random numbers for the whole batch and keep their own rows of them, so
that two processes train the network that one would train, up to the rounding of sums.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from danskin.errors import DanskinError, InvalidInputError
from danskin.torch.attacks.ball import Ball, Start

__all__ = ["ALONE", "WholeBatchStarts", "Workers", "joined", "pick_device"]


@dataclass(frozen=True)
class Workers:
    """A process among those of a run.

    Attributes
    ----------
    rank, size : int
    group : torch.distributed.ProcessGroup or None
    """

    rank: int = 0
    size: int = 1
    group: Any = None

    @property
    def first(self) -> bool:
        """Whether this process writes the files and prints."""
        return self.rank == 0

    def check_batch(self, count: int) -> None:
        """Raise unless every process gets as many images of a batch."""
        if count % self.size:
            raise InvalidInputError(
                "batch_size", f"{count} images are not the same for each of {self.size} processes",
                f"Take a multiple of {self.size}.",
            )  # fmt: skip

    def rows(self, count: int) -> slice:
        """Return this process's rows of a batch; `count` is a multiple of the processes."""
        own = count // self.size
        return slice(self.rank * own, (self.rank + 1) * own)

    def total(self, values: Sequence[float], device: torch.device) -> list[float]:
        """Return the sums over the processes."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=device)
        torch.distributed.all_reduce(tensor, group=self.group)
        return tensor.tolist()

    def highest(self, values: Sequence[float], device: torch.device) -> list[float]:
        """Return the greatest values over the processes."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=device)
        torch.distributed.all_reduce(tensor, torch.distributed.ReduceOp.MAX, group=self.group)
        return tensor.tolist()

    def gather(self, value: Any) -> list[Any]:
        """Return every process's value, in the order of ranks."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        torch.distributed.all_gather_object(found, value, group=self.group)
        return found

    def share(self, value: Any) -> Any:
        """Return the first process's value."""
        return self.gather(value)[0]

    def average_buffers(self, model: nn.Module) -> None:
        """Let running statistics be those of the whole batch, and so equal everywhere."""
        if self.size == 1:
            return
        with torch.no_grad():
            for module in model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    for buffer in (module.running_mean, module.running_var):
                        if buffer is not None:
                            torch.distributed.all_reduce(buffer, group=self.group)
                            buffer /= self.size


ALONE = Workers()


class WholeBatchStarts(Ball):
    """A ball whose random starts are drawn for the whole batch of all processes.

    Parameters
    ----------
    ball : Ball
    workers : Workers
    """

    def __init__(self, ball: Ball, workers: Workers) -> None:
        super().__init__(ball.eps)
        self.ball, self.workers = ball, workers

    def random(self, images: Tensor, start: Start, generator: torch.Generator | None) -> Tensor:
        """Draw for all processes, who have as many images each; keep this process's rows."""
        count = len(images) * self.workers.size
        whole = self.ball.random(images[:1].expand(count, *images.shape[1:]), start, generator)
        return whole[self.workers.rows(count)]

    def ascend(self, points: Tensor, gradient: Tensor, step: float) -> Tensor:
        """As the ball does."""
        return self.ball.ascend(points, gradient, step)

    def project(self, points: Tensor, images: Tensor) -> Tensor:
        """As the ball does."""
        return self.ball.project(points, images)

    def clip(self, points: Tensor, images: Tensor) -> Tensor:
        """As the ball does."""
        return self.ball.clip(points, images)


def pick_device(name: str) -> torch.device:
    """Return the device of a configuration; under torchrun each process has its own GPU.

    Raises
    ------
    InvalidInputError
        There is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InvalidInputError(
            "compute.device", f"there is no {name[:40]!r}", "Take auto, cpu, cuda or cuda:0."
        ) from None
    if device.type == "cuda":
        if device.index is None:
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count():
            raise InvalidInputError(
                "compute.device", f"{name} is not here ({torch.cuda.device_count()} GPUs)",
                "Take cpu, or fewer processes.",
            )  # fmt: skip
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise InvalidInputError("compute.device", "mps is not here", "Take cpu.")
    return device


@contextmanager
def joined(device: torch.device) -> Iterator[Workers]:
    """Join the processes that torchrun started, or be alone."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Workers(
            torch.distributed.get_rank(),
            torch.distributed.get_world_size(),
            torch.distributed.group.WORLD,
        )
    except RuntimeError as error:
        if "onnection" not in str(error):
            raise
        raise DanskinError("Another process of this run has stopped; see its message.") from None
    finally:
        torch.distributed.destroy_process_group()
