"""Augmentation as batched tensor code: no image is looked at one by one.

Random numbers are drawn on the CPU for the whole batch, so that a run sees the same images on any
device and with any number of processes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from danskin.torch.train.config import AugmentationConfig

__all__ = ["augment"]


def augment(images: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Return randomly changed images.

    Parameters
    ----------
    images : (B, C, H, W) tensor
        In [0, 1], on any device.
    config : AugmentationConfig
    generator : torch.Generator
        On the CPU.

    Returns
    -------
    (B, C, H, W) tensor
        In [0, 1].
    """
    if config.crop:
        images = _crop(images, config.crop, generator)
    if config.flip:
        images = _flip(images, generator)
    return images


def _crop(images: Tensor, pad: int, generator: torch.Generator) -> Tensor:
    count, _, height, width = images.shape
    top, left = torch.randint(0, 2 * pad + 1, (2, count, 1, 1), generator=generator).to(
        images.device
    )
    rows = top + torch.arange(height, device=images.device).view(1, -1, 1)
    columns = left + torch.arange(width, device=images.device).view(1, 1, -1)
    padded = functional.pad(images, (pad, pad, pad, pad))
    which = torch.arange(count, device=images.device).view(-1, 1, 1)
    return padded.permute(0, 2, 3, 1)[which, rows, columns].permute(0, 3, 1, 2)


def _flip(images: Tensor, generator: torch.Generator) -> Tensor:
    flipped = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
    return torch.where(flipped.to(images.device), images.flip(3), images)
