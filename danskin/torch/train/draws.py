"""Every random number of a run: streams that start anew with each epoch.

A stream depends on seed, epoch and use, and not on what other streams or runs have drawn: all
methods see the same images in the same order, and their first attacks of an epoch start alike.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

__all__ = ["Draws", "seeded"]

_USES = ("order", "augmentation", "attack", "mixtures", "evaluation")


def seeded(
    seed: int, epoch: int, use: str, number: int = 0, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return the generator of one use in one epoch; `number` counts batches."""
    words = [seed, epoch, _USES.index(use), number]
    mixed = int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(mixed & (2**63 - 1))


class Draws:
    """The generators of a run, which draw alike on all its processes.

    Parameters
    ----------
    seed : int
    device : torch.device
        Where the attack draws.

    Attributes
    ----------
    augmentation, attack, mixtures : torch.Generator
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.seed, self.device = seed, device
        self.augmentation = torch.Generator()
        self.attack = torch.Generator(device)
        self.mixtures = torch.Generator()

    def start(self, epoch: int) -> None:
        """Seed all of them for an epoch."""
        for use, generator in self._streams().items():
            fresh = seeded(self.seed, epoch, use, device=generator.device)
            generator.set_state(fresh.get_state())

    def permutation(self, epoch: int, count: int) -> Tensor:
        """Return the order of the images in an epoch."""
        return torch.randperm(count, generator=seeded(self.seed, epoch, "order"), device="cpu")

    def state(self) -> dict[str, Tensor]:
        """Return the states of these generators and of torch's own."""
        states = {use: generator.get_state() for use, generator in self._streams().items()}
        states["torch"] = torch.get_rng_state()
        if self.device.type == "cuda":
            states["torch_cuda"] = torch.cuda.get_rng_state(self.device)
        return states

    def load(self, states: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken; a stream of another kind of device is left to its seed."""
        for use, generator in self._streams().items():
            if states[use].numel() == generator.get_state().numel():
                generator.set_state(states[use])
        torch.set_rng_state(states["torch"])
        if self.device.type == "cuda" and "torch_cuda" in states:
            torch.cuda.set_rng_state(states["torch_cuda"], self.device)

    def _streams(self) -> dict[str, torch.Generator]:
        return {use: getattr(self, use) for use in ("augmentation", "attack", "mixtures")}
