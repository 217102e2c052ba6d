"""Random crops, flips, colour jitter and rotations of a whole batch at once, as tensor code.

Each image gets its own draw, from the caller's generator and on the CPU, whatever device the images
lie on: the same seed gives the same pictures everywhere, and no draw waits for a device.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from danskin.errors import InvalidInputError

__all__ = ["Augmentation"]

#: Luma of red, green and blue (ITU-R BT.601), what "grey" means below.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Augmentation:
    """What is done to a batch of images before it is attacked; by default, nothing.

    The order is crop, flip, colours, rotation. Brightness, contrast and saturation are applied in
    an order drawn anew for each batch, each followed by a clip to [0, 1].

    Attributes
    ----------
    crop : int
        Pixels of black on each side, of which a window of the old size is cut at random: 4 is
        usual for CIFAR-10.
    flip : bool
        Mirror left and right with probability 1/2.
    brightness, contrast, saturation : float
        From 0 to 1: each is multiplied with a factor from ``[1 - x, 1 + x]``, of black, of the
        image's mean grey, of the pixel's own grey.
    rotation : float
        Degrees, 0 to 180: the angle is from ``[-rotation, rotation]``, bilinear, black outside.

    Raises
    ------
    InvalidInputError
        A value is out of its range, or saturation is asked of images without three channels.
    """

    crop: int = 0
    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    rotation: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.crop, bool) or not isinstance(self.crop, int) or not self.crop >= 0:
            raise InvalidInputError("crop", f"is {self.crop!r}", "Give a whole number, 0 or more.")
        if not isinstance(self.flip, bool):
            raise InvalidInputError("flip", f"is {self.flip!r}", "Give true or false.")
        for name, most in (
            ("brightness", 1), ("contrast", 1), ("saturation", 1), ("rotation", 180),
        ):  # fmt: skip
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not 0 <= value <= most:
                raise InvalidInputError(name, f"is {value!r}", f"Give a number from 0 to {most}.")

    def __bool__(self) -> bool:
        """Whether it does anything."""
        return self != Augmentation()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return the changed images.

        Parameters
        ----------
        images : (B, C, H, W) floating, in [0, 1]
        generator : torch.Generator
            On the CPU.
        """
        if images.ndim != 4 or not images.is_floating_point():
            raise InvalidInputError(
                "images", f"have shape {tuple(images.shape)} and type {images.dtype}",
                "Give a floating (B, C, H, W) tensor with values in [0, 1].",
            )  # fmt: skip
        if self.crop:
            offsets = torch.randint(
                0, 2 * self.crop + 1, (2, len(images)), generator=generator, device="cpu"
            )
            images = _window(images, self.crop, _on(offsets, images))
        if self.flip:
            mirrored = torch.rand(len(images), generator=generator, device="cpu") < 0.5
            images = torch.where(_each(_on(mirrored, images)), images.flip(-1), images)
        if self.brightness or self.contrast or self.saturation:
            images = self._colours(images, generator)
        if self.rotation:
            angles = _uniform(len(images), math.radians(self.rotation), generator)
            images = _rotated(images, angles.to(images.device, images.dtype, non_blocking=True))
        return images

    def _colours(self, images: Tensor, generator: torch.Generator) -> Tensor:
        changes = (
            (self.brightness, torch.zeros_like),
            (self.contrast, lambda x: _grey(x).mean(dim=(1, 2, 3), keepdim=True)),
            (self.saturation, _grey),
        )
        if self.saturation and images.shape[1] != 3:
            raise InvalidInputError(
                "saturation", f"is {self.saturation}, and the images have {images.shape[1]} "
                "channels, not three", "Set it to 0.",
            )  # fmt: skip
        for which in torch.randperm(len(changes), generator=generator, device="cpu").tolist():
            spread, towards = changes[which]
            if spread:
                factor = 1 + _uniform(len(images), spread, generator)
                factor = _each(factor.to(images.device, images.dtype, non_blocking=True))
                images = torch.lerp(towards(images), images, factor).clamp(0, 1)
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
