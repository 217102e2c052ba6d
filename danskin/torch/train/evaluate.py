"""Accuracy on held-out images: as they are, and under an attack."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from danskin.torch.data import Images
from danskin.torch.modes import in_mode

__all__ = ["Accuracy", "accuracy"]


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

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "clean_accuracy": self.clean / self.images,
            "robust_accuracy": self.robust / self.images,
            "robust_accuracy_error": self.error,
            "evaluated_images": self.images,
        }


def accuracy(
    model: nn.Module,
    images: Images,
    attack: Callable[[Tensor, Tensor], Tensor],
    batch_size: int = 256,
    tick: Callable[[], None] = lambda: None,
) -> Accuracy:
    """Count right answers, with and without the attack, in eval mode.

    Robust accuracy under one attack is an upper bound on what a stronger one would leave.
    """
    clean = robust = 0
    with in_mode(model, "eval"):
        for points, labels in images.batches(batch_size):
            with torch.no_grad():
                right = model(points).argmax(dim=1) == labels
            perturbed = attack(points, labels)
            with torch.no_grad():
                still = model(perturbed).argmax(dim=1) == labels
            clean += int(right.sum())
            robust += int((right & still).sum())
            tick()
    return Accuracy(clean, robust, len(images))
