"""What the networks share: normalisation of the input, activations, normalisation layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from danskin.errors import InvalidInputError

__all__ = ["ACTIVATIONS", "NORMS", "Standardize", "check_choice", "norm_layer"]

#: CELU is continuously differentiable, as Danskin's theorem asks of g in theta; ReLU is not.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"celu": nn.CELU, "relu": nn.ReLU}
#: GroupNorm keeps a batch's loss separable over its images in train mode too; BatchNorm does not.
NORMS = ("group", "batch")


class Standardize(nn.Module):
    """Subtract the mean and divide by the standard deviation, channel by channel.

    Parameters
    ----------
    mean, std : sequence of float
        One a channel, of images in [0, 1].
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        if len(mean) != len(std) or not len(mean) or not all(s > 0 for s in std):
            raise InvalidInputError(
                "std", f"mean {tuple(mean)} and std {tuple(std)} do not fit",
                "Give one number a channel for each, the standard deviations positive.",
            )  # fmt: skip
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return standardised images (B, C, H, W)."""
        channels = self.mean.shape[1]
        if images.dim() != 4 or images.shape[1] != channels:
            raise InvalidInputError(
                "images", f"the shape is {tuple(images.shape)}",
                f"This network takes (B, {channels}, H, W), channels before pixels.",
            )  # fmt: skip
        return (images - self.mean) / self.std


def norm_layer(kind: str, width: int, max_groups: int) -> nn.Module:
    """Return BatchNorm, or GroupNorm with ``min(max_groups, width / 4)`` groups."""
    if kind == "batch":
        return nn.BatchNorm2d(width)
    groups = max(1, min(max_groups, width // 4))
    while width % groups:
        groups -= 1
    return nn.GroupNorm(groups, width)


def check_choice(value: str, choices: Sequence[str], argument: str) -> str:
    """Return the value if it is one of the choices.

    Raises
    ------
    InvalidInputError
        Names the choices.
    """
    if value not in choices:
        raise InvalidInputError(argument, f"{value!r} is unknown", f"Use {' or '.join(choices)}.")
    return value
