"""Labelled images, kept as bytes where they come as bytes, handed out as floats in [0, 1]."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from danskin.errors import InvalidInputError

__all__ = ["Images"]


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """A labelled set of images.

    Attributes
    ----------
    name : str
        For instance "digits" or "cifar10".
    split : str
        "train" or "test".
    pixels : (N, C, H, W) uint8
    labels : (N,) int64
        From 0 to ``classes - 1``.
    classes : int
    top : int
        The pixel value that means 1.0: 255, or 16 for the digits.
    notes : tuple of str
        What the reader should know, such as files with fewer records than the canonical ones.
    """

    name: str
    split: str
    pixels: torch.Tensor
    labels: torch.Tensor
    classes: int
    top: int = 255
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        partial = "; ".join(("", *self.notes))
        size = "x".join(str(s) for s in self.shape)
        return f"Images({self.name} {self.split}, {len(self)} of {size}{partial})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        _, channels, height, width = self.pixels.shape
        return channels, height, width

    def to_dict(self) -> dict[str, Any]:
        """Return what is known about the set, as plain data; no pixels."""
        return {
            "name": self.name,
            "split": self.split,
            "images": len(self),
            "shape": list(self.shape),
            "classes": self.classes,
            "notes": list(self.notes),
        }

    def batch(
        self, indices: torch.Tensor | slice, dtype: torch.dtype = torch.float32
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return images (B, C, H, W) in [0, 1] and labels (B,)."""
        return self.pixels[indices].to(dtype) / self.top, self.labels[indices]

    def take(self, count: int, generator: torch.Generator | None = None) -> Images:
        """Return `count` of the images, drawn without repetition; the first ones without generator.

        Raises
        ------
        InvalidInputError
            There are fewer.
        """
        if not 0 < count <= len(self):
            raise InvalidInputError(
                "count", f"{count} of {len(self)} images cannot be taken",
                f"Ask for 1 to {len(self)}.",
            )  # fmt: skip
        which = torch.arange(count, device="cpu")
        if generator is not None:
            which = torch.randperm(len(self), generator=generator, device="cpu")[:count]
        return Images(
            self.name, self.split, self.pixels[which], self.labels[which], self.classes, self.top,
            self.notes,
        )  # fmt: skip

    def batches(
        self, size: int, generator: torch.Generator | None = None, *, drop_last: bool = False
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (images, labels), in an order drawn from the generator, or as they stand."""
        order = torch.arange(len(self), device="cpu")
        if generator is not None:
            order = torch.randperm(len(self), generator=generator, device="cpu")
        for which in order.split(size):
            if drop_last and len(which) < size:
                return
            yield self.batch(which)
