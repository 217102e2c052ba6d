"""Accuracy on held-out images: as they are, and under an attack."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from danskin.torch.attacks import PGD
from danskin.torch.data import Images
from danskin.torch.modes import in_mode
from danskin.torch.train.config import RunConfig
from danskin.torch.train.draws import seeded
from danskin.torch.train.workers import ALONE, Workers

__all__ = ["Accuracy", "accuracy", "evaluation_attack", "measure"]


@dataclass(frozen=True)
class Accuracy:
    """Right answers among some images.

    Attributes
    ----------
    clean, robust : int
        Right on the images as they are; right on both these and the attacked ones. An attack
        that happens to help does not count for the network.
    images : int
    """

    clean: int
    robust: int
    images: int

    @property
    def error(self) -> float:
        """Standard error of the robust accuracy over the draw of the images (binomial)."""
        p = self.robust / self.images
        return math.sqrt(p * (1 - p) / self.images)

    def better_than(self, other: Accuracy | None) -> bool:
        """Whether more is right under the attack; anything is better than None."""
        return other is None or self.robust > other.robust

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "clean_accuracy": self.clean / self.images,
            "robust_accuracy": self.robust / self.images,
            "robust_accuracy_error": self.error,
            "evaluated_images": self.images,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Accuracy | None:
        """Return the accuracy that `to_dict` was taken of; None where there is none."""
        if "evaluated_images" not in data:
            return None
        count = data["evaluated_images"]
        clean, robust = (round(data[f"{k}_accuracy"] * count) for k in ("clean", "robust"))
        return cls(clean, robust, count)


def accuracy(
    model: nn.Module,
    images: Images,
    attack: Callable[[Tensor, Tensor], Tensor],
    batch_size: int = 256,
    tick: Callable[[], None] = lambda: None,
    *,
    before: Callable[[int], None] = lambda batch: None,
    workers: Workers = ALONE,
) -> Accuracy:
    """Count right answers, with and without the attack, in eval mode.

    Robust accuracy under one attack is an upper bound on what a stronger one would leave.

    Parameters
    ----------
    model : torch.nn.Module
    images : Images
    attack : callable
    batch_size : int
    tick : callable
        Called after each batch, equally often on all processes.
    before : callable
        Told the number of a batch before it is attacked.
    workers : Workers
        Batches are dealt out among them; all return the same counts.
    """
    device = next(model.parameters()).device
    clean = robust = 0
    starts = list(range(0, len(images), batch_size))
    rounds = -(-len(starts) // workers.size)
    with in_mode(model, "eval"):
        for turn in range(rounds):
            batch = turn * workers.size + workers.rank
            if batch < len(starts):
                points, labels = images.batch(slice(starts[batch], starts[batch] + batch_size))
                points, labels = points.to(device), labels.to(device)
                with torch.no_grad():
                    right = model(points).argmax(dim=1) == labels
                before(batch)
                perturbed = attack(points, labels)
                with torch.no_grad():
                    still = model(perturbed).argmax(dim=1) == labels
                clean += int(right.sum())
                robust += int((right & still).sum())
            tick()
    clean, robust = (round(v) for v in workers.total([clean, robust], device))
    return Accuracy(clean, robust, len(images))


def evaluation_attack(
    config: RunConfig, model: nn.Module, generator: torch.Generator | None = None
) -> PGD:
    """Return the attack under which a run's accuracies are measured: float32, eval mode."""
    e = config.evaluation
    return PGD(
        model, e.eps, e.alpha, e.steps, restarts=e.restarts, norm=config.attack.norm,
        generator=generator, validate=False,
    )  # fmt: skip


def measure(
    config: RunConfig,
    model: nn.Module,
    images: Images,
    epoch: int,
    workers: Workers = ALONE,
    tick: Callable[[int], None] = lambda images: None,
) -> Accuracy:
    """Return the accuracies after an epoch; the same ones whatever the number of processes.

    Parameters
    ----------
    config, model, images, epoch
    workers : Workers
    tick : callable
        Told the images done by all processes, after each batch.
    """
    device = next(model.parameters()).device
    source = torch.Generator(device)
    attack = evaluation_attack(config, model, source)
    size = config.evaluation.batch_size

    def before(batch: int) -> None:  # each batch has its own starts, whoever measures it
        fresh = seeded(config.seed, epoch, "evaluation", batch, device)
        source.set_state(fresh.get_state())

    return accuracy(
        model, images, attack, size, lambda: tick(size * workers.size), before=before,
        workers=workers,
    )  # fmt: skip
