"""What comes from outside, checked: images, labels, per-sample losses, networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from danskin.errors import InvalidInputError

__all__ = [
    "Loss",
    "check_images",
    "check_labels",
    "check_logits",
    "check_model",
    "cross_entropy",
    "per_sample",
    "refuse_ambient_half",
    "refuse_half",
]

#: (logits, labels) -> (B,) losses, one a sample.
Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy of each sample, in float32 at least."""
    return functional.cross_entropy(
        logits.float() if logits.dtype.itemsize < 4 else logits, labels, reduction="none"
    )


def check_model(model: Any) -> nn.Module:
    """Raise unless `model` is a network whose parameters are whole on this process."""
    if not isinstance(model, nn.Module):
        raise InvalidInputError("model", f"is a {type(model).__name__}", "Pass a torch.nn.Module.")
    return model


def check_images(images: Any, *, unit: bool, look: bool = True) -> Tensor:
    """Raise unless `images` is a non-empty floating-point batch, in [0, 1] where `unit` says so.

    Parameters
    ----------
    images : Tensor
    unit : bool
        Whether the values must lie in [0, 1].
    look : bool
        Whether to look at the values, which on a GPU waits for the device once.
    """
    if not isinstance(images, Tensor):
        raise InvalidInputError(
            "images", f"is a {type(images).__name__}", "Pass a tensor of shape (B, ...)."
        )
    if not images.is_floating_point():
        raise InvalidInputError(
            "images", f"has dtype {images.dtype}", "Convert pixels with images.float() / 255."
        )
    if images.dim() < 2 or images.numel() == 0:
        raise InvalidInputError(
            "images", f"has shape {tuple(images.shape)}", "Pass a non-empty batch (B, ...)."
        )
    if look:
        low, high = (float(v) for v in torch.stack(torch.aminmax(images.detach())).tolist())
        if not (low - low == 0 and high - high == 0):
            raise InvalidInputError("images", "holds NaN or infinity", "Clean the data first.")
        if unit and (low < 0 or high > 1):
            raise InvalidInputError(
                "images",
                f"holds values from {low:.4g} to {high:.4g}, outside [0, 1]",
                "Attack images in [0, 1] and put the normalisation into the network.",
            )
    return images


def check_labels(labels: Any, images: Tensor, *, look: bool = True) -> Tensor:
    """Raise unless `labels` belongs to the batch: class indices (B,) or anything (B, ...)."""
    if not isinstance(labels, Tensor):
        raise InvalidInputError(
            "labels", f"is a {type(labels).__name__}", "Pass a tensor of shape (B,)."
        )
    if labels.dim() == 0 or len(labels) != len(images):
        raise InvalidInputError(
            "labels",
            f"has shape {tuple(labels.shape)} for {len(images)} images",
            "Pass one label an image.",
        )
    if labels.device != images.device:
        raise InvalidInputError(
            "labels", f"is on {labels.device}, the images on {images.device}", "Move one of them."
        )
    if look and labels.dim() == 1 and labels.dtype == torch.int64 and int(labels.min()) < 0:
        raise InvalidInputError("labels", f"holds {int(labels.min())}", "Class indices start at 0.")
    return labels


def check_logits(logits: Any, labels: Tensor, highest: int | None = None) -> Tensor:
    """Raise unless `logits` (B, C) fits class indices `labels`, the highest of which is known."""
    if not isinstance(logits, Tensor) or logits.dim() < 2 or len(logits) != len(labels):
        what = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise InvalidInputError(
            "model",
            f"returns {what} for {len(labels)} images",
            "It must return logits (B, C); wrap it in a module that does, or pass a loss of yours.",
        )
    if labels.is_floating_point():
        if labels.shape != logits.shape:
            raise InvalidInputError(
                "labels",
                f"has shape {tuple(labels.shape)} and the logits {tuple(logits.shape)}",
                "Class probabilities have the shape of the logits.",
            )
        return logits
    if labels.dtype != torch.int64:
        raise InvalidInputError(
            "labels", f"has dtype {labels.dtype}", "Class indices are int64: labels.long()."
        )
    if labels.dim() != 1 or logits.dim() != 2:
        raise InvalidInputError(
            "labels",
            f"has shape {tuple(labels.shape)} and the logits {tuple(logits.shape)}",
            "Class indices are (B,) for logits (B, C); for anything else pass a loss of yours.",
        )
    if highest is not None and highest >= logits.shape[1]:
        raise InvalidInputError(
            "labels",
            f"holds class {highest}, and the network has {logits.shape[1]} outputs",
            "Class indices run from 0 to C - 1.",
        )
    return logits


def per_sample(losses: Any, count: int) -> Tensor:
    """Raise unless `losses` is one number a sample."""
    if not isinstance(losses, Tensor) or losses.shape != (count,):
        what = tuple(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
        raise InvalidInputError(
            "loss",
            f"returns {what} for {count} samples",
            'It must return one loss a sample, shape (B,): reduction="none".',
        )
    return losses


def refuse_ambient_half(device: str) -> None:
    """Raise inside ``torch.autocast(dtype=torch.float16)``."""
    if torch.is_autocast_enabled(device):
        refuse_half(torch.get_autocast_dtype(device), "torch.autocast around the call")


def refuse_half(dtype: Any, argument: str) -> None:
    """Raise on float16, which needs a loss scaling that a min-norm point cannot see through."""
    if dtype is not None and not isinstance(dtype, torch.dtype | torch.amp.GradScaler):
        raise InvalidInputError(argument, f"is {dtype!r}", "Pass torch.bfloat16, or nothing.")
    if dtype == torch.float16 or isinstance(dtype, torch.amp.GradScaler):
        raise InvalidInputError(
            argument,
            "is float16, which needs a GradScaler, and scaled gradients give other Gram matrices",
            "Use autocast=torch.bfloat16, which needs no scaler.",
        )
