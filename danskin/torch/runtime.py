"""What the command line needs of PyTorch itself, which only this package may import."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["seeded_generator", "use_threads"]


def seeded_generator(seed: int) -> torch.Generator:
    """Return a CPU generator that starts from a seed."""
    return torch.Generator().manual_seed(seed)


def use_threads(count: int | None) -> dict[str, Any]:
    """Set PyTorch's number of threads, and say what a run's results depend on."""
    if count is not None:
        torch.set_num_threads(count)
    return {"torch": torch.__version__, "threads": torch.get_num_threads()}
