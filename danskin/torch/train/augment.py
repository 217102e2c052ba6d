"""Random crops, flips, colour jitter and rotations of a whole batch at once, as tensor code.

Each image gets its own draw, from the caller's generator and on the CPU, whatever device the images
lie on: the same seed gives the same pictures on any device and with any number of processes, and no
draw waits for a device.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from danskin.torch.train.config import AugmentationConfig

__all__ = ["augment"]

#: Luma of red, green and blue (ITU-R BT.601), what "grey" means below.
_LUMA = (0.299, 0.587, 0.114)


def augment(images: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Return randomly changed images: cropped, mirrored, their colours changed, turned.

    Brightness, contrast and saturation come in an order drawn anew for each batch, each followed
    by a clip to [0, 1]; they multiply the distance to black, to the image's mean grey and to the
    pixel's own grey (images without colours are that already). Turns are bilinear, about the
    centre, with black outside.

    Parameters
    ----------
    images : (B, C, H, W) floating, in [0, 1]
        On any device.
    config : AugmentationConfig
    generator : torch.Generator
        On the CPU.

    Returns
    -------
    (B, C, H, W) tensor
        In [0, 1].
    """
    if config.crop:
        offsets = torch.randint(
            0, 2 * config.crop + 1, (2, len(images)), generator=generator, device="cpu"
        )
        images = _window(images, config.crop, _on(offsets, images))
    if config.flip:
        mirrored = torch.rand(len(images), generator=generator, device="cpu") < 0.5
        images = torch.where(_each(_on(mirrored, images)), images.flip(-1), images)
    if config.brightness or config.contrast or config.saturation:
        images = _coloured(images, config, generator)
    if config.rotation:
        angles = _uniform(len(images), math.radians(config.rotation), generator)
        images = _rotated(images, _on(angles, images).to(images.dtype))
    return images


def _coloured(images: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    changes: tuple[tuple[float, Callable[[Tensor], Tensor]], ...] = (
        (config.brightness, torch.zeros_like),
        (config.contrast, lambda x: _grey(x).mean(dim=(1, 2, 3), keepdim=True)),
        (config.saturation, _grey),
    )
    for which in torch.randperm(len(changes), generator=generator, device="cpu").tolist():
        spread, centre = changes[which]
        if spread:
            factor = _on(1 + _uniform(len(images), spread, generator), images).to(images.dtype)
            images = torch.lerp(centre(images), images, _each(factor)).clamp(0, 1)
    return images


def _window(images: Tensor, margin: int, offsets: Tensor) -> Tensor:
    """Cut from each image with black around it the window that starts at its offsets."""
    count, _, height, width = images.shape
    rows = offsets[0, :, None] + torch.arange(height, device=images.device)
    columns = offsets[1, :, None] + torch.arange(width, device=images.device)
    around = pad(images, (margin,) * 4).movedim(1, -1)
    which = torch.arange(count, device=images.device)[:, None, None]
    return around[which, rows[:, :, None], columns[:, None, :]].movedim(-1, 1).contiguous()


def _rotated(images: Tensor, angles: Tensor) -> Tensor:
    """Turn each image about its centre, counter-clockwise as it is looked at."""
    _, _, height, width = images.shape
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    # affine_grid measures both sides of the image from -1 to 1; the ratios make it a rotation of
    # pixels where these are not equal.
    maps = torch.stack(
        [cos, -sin * height / width, zero, sin * width / height, cos, zero], dim=1
    ).reshape(-1, 2, 3)
    grid = affine_grid(maps, list(images.shape), align_corners=False)
    out = grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return out.clamp(0, 1)  # rounding may lift a white pixel above 1


def _grey(images: Tensor) -> Tensor:
    if images.shape[1] != 3:
        return images.mean(dim=1, keepdim=True)
    return (images * images.new_tensor(_LUMA)[:, None, None]).sum(dim=1, keepdim=True)


def _uniform(count: int, spread: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator, device="cpu") * 2 - 1) * spread


def _on(drawn: Tensor, images: Tensor) -> Tensor:
    return drawn.to(images.device, non_blocking=True)


def _each(values: Tensor) -> Tensor:
    return values[:, None, None, None]
