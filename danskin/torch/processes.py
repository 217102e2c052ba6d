"""Several processes, each with its part of the batch: what has to be added up, and by whom.

``autograd.grad`` goes around DistributedDataParallel's hooks, so its gradients would silently stay
each process's own. A DDP module is unwrapped, and what crosses processes is written down here: sums
of gradients, of losses and of counts. A sum over all samples of all processes divided by their
number is the gradient that one process with the whole batch would see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from danskin.errors import InvalidInputError
from danskin.torch.gram import Gradient

__all__ = ["Team", "bare", "unwrap"]


def bare(model: nn.Module) -> nn.Module:
    """Return the network inside a DistributedDataParallel module, or the network itself."""
    return model.module if isinstance(model, DistributedDataParallel) else model


def unwrap(model: nn.Module, process_group: Any) -> tuple[nn.Module, Team]:
    """Return the bare network and the processes that share its gradients.

    Raises
    ------
    InvalidInputError
        If the parameters are sharded over processes, or not there yet.
    """
    if isinstance(model, DistributedDataParallel):
        process_group = model.process_group if process_group is None else process_group
        model = bare(model)
    for kind in (kind.__name__ for module in model.modules() for kind in type(module).__mro__):
        if kind in ("FullyShardedDataParallel", "FSDPModule"):
            raise InvalidInputError(
                "model", "has sharded parameters (FSDP)", "Use DistributedDataParallel."
            )
    for name, p in model.named_parameters():
        if nn.parameter.is_lazy(p):
            raise InvalidInputError(
                "model", f"has a parameter without a shape yet ({name})", "Run one batch first."
            )
    return model, Team(process_group)


class Team:
    """The processes of a group, or this one alone.

    Parameters
    ----------
    group : torch.distributed.ProcessGroup or None
    """

    def __init__(self, group: Any = None) -> None:
        self.group = group
        if group is not None and not torch.distributed.is_initialized():
            raise InvalidInputError(
                "process_group",
                "is given, and torch.distributed is not initialised",
                "Call torch.distributed.init_process_group first.",
            )
        self.size = 1 if group is None else torch.distributed.get_world_size(group)

    def total(self, value: Tensor) -> Tensor:
        """Return the sum over the processes."""
        if self.size == 1:
            return value
        value = value.detach().clone()
        torch.distributed.all_reduce(value, group=self.group)
        return value

    def number(self, value: float, device: torch.device) -> float:
        """Return the sum of a number over the processes; infinite if any of them is not finite."""
        if self.size == 1:
            return value
        dtype = torch.float32 if device.type == "mps" else torch.float64
        return float(self.total(torch.tensor(value, dtype=dtype, device=device)))

    def gradient(self, params: Sequence[Tensor], gradient: Gradient) -> Gradient:
        """Return the sum over the processes; None where no process uses the parameter."""
        if self.size == 1:
            return gradient
        used = torch.tensor([float(g is not None) for g in gradient], device=params[0].device)
        used = self.total(used).tolist()
        result: Gradient = []
        for p, g, count in zip(params, gradient, used, strict=True):
            if not count:
                result.append(None)
                continue
            # A copy: two parameters' gradients may be one tensor, which would be summed twice.
            mine = torch.empty_like(p, memory_format=torch.contiguous_format)
            mine = mine.zero_() if g is None else mine.copy_(g.detach())
            torch.distributed.all_reduce(mine, group=self.group)
            result.append(mine)
        return result

    def rows(self, part: Tensor) -> tuple[Tensor, slice]:
        """Return the rows of all processes, one's after the other's, and which are this one's."""
        if self.size == 1:
            return part, slice(0, len(part))
        rank = torch.distributed.get_rank(self.group)
        counts = torch.zeros(self.size, dtype=torch.long, device=part.device)
        counts[rank] = len(part)
        known: list[int] = self.total(counts).tolist()
        mine = slice(sum(known[:rank]), sum(known[: rank + 1]))
        # A sum with zeros is exact, and takes parts of any size with any backend.
        whole = part.new_zeros(sum(known), *part.shape[1:])
        whole[mine] = part.detach()
        torch.distributed.all_reduce(whole, group=self.group)
        return whole, mine

    def agreed(self, array: np.ndarray, device: torch.device) -> np.ndarray:
        """Return the array of the first process, so that all of them decide alike."""
        if self.size == 1:
            return array
        dtype = torch.float32 if device.type == "mps" else torch.float64
        value = torch.tensor(array, dtype=dtype, device=device)
        torch.distributed.broadcast(
            value, torch.distributed.get_global_rank(self.group, 0), group=self.group
        )
        return value.cpu().numpy().astype(np.float64)
