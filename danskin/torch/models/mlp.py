"""A multilayer perceptron on images: the smallest network that shows what an adversary does."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from danskin.errors import InvalidInputError
from danskin.torch.models.layers import ACTIVATIONS, Standardize, check_choice

__all__ = ["MLP"]


class MLP(nn.Module):
    """Linear layers with an activation between them, on images in [0, 1].

    Parameters
    ----------
    shape : (channels, height, width)
        Of one image.
    hidden : sequence of int
        Widths of the hidden layers.
    activation : "celu" or "relu"
    classes : int
    mean, std : sequence of float
        Of the images, one a channel.
    """

    def __init__(
        self,
        shape: Sequence[int],
        hidden: Sequence[int] = (128, 128),
        *,
        activation: str = "celu",
        classes: int = 10,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        if len(shape) != 3 or min(*shape, *hidden, classes) < 1:
            raise InvalidInputError(
                "shape", f"{tuple(shape)} with hidden {tuple(hidden)} makes no network",
                "Give (channels, height, width) and positive widths.",
            )  # fmt: skip
        make = ACTIVATIONS[check_choice(activation, tuple(ACTIVATIONS), "activation")]
        self.shape = tuple(shape)
        self.normalize = Standardize(mean, std)
        widths = [shape[0] * shape[1] * shape[2], *hidden, classes]
        self.layers = nn.Sequential()
        for i in range(len(widths) - 1):
            if i:
                self.layers.append(make())
            self.layers.append(nn.Linear(widths[i], widths[i + 1]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (B, classes) of images (B, channels, height, width) in [0, 1]."""
        if tuple(images.shape[1:]) != self.shape:
            raise InvalidInputError(
                "images", f"the shape is {tuple(images.shape)}",
                f"This network takes (B, {', '.join(map(str, self.shape))}).",
            )  # fmt: skip
        return self.layers(self.normalize(images).flatten(1))
