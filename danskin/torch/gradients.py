"""Losses and parameter gradients of one network at given images: streamed, in full precision.

m gradients are m forward and backward passes, one after the other: the activations of one pass are
freed before the next, so m gradients cost m gradients of memory and not m graphs. (One batched pass
by ``torch.func.vmap`` is slower on the machines measured, and keeps m graphs.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.torch.arguments import Loss, check_logits, cross_entropy, per_sample
from danskin.torch.gram import Gradient
from danskin.torch.modes import Mode, in_mode, still

__all__ = ["NetworkLoss", "full_precision", "trainable"]


class NetworkLoss:
    """``g(theta, delta) = (1/B) sum_i L_i`` of a network, as a function to differentiate.

    Parameters
    ----------
    model : torch.nn.Module
    loss : callable or None
        ``(logits, labels) -> (B,)``; None is cross entropy.
    mode : "eval", "train" or "keep"
    micro_batch : int or None
        Samples in one pass; None is the whole batch.
    """

    def __init__(
        self, model: nn.Module, loss: Loss | None, mode: Mode, micro_batch: int | None
    ) -> None:
        self.model = model
        self.loss = loss
        self.mode: Mode = mode
        self.micro_batch = micro_batch
        self.params = trainable(model.parameters(), "model")

    def gradient(
        self,
        images: Tensor,
        labels: Tensor,
        weights: Tensor | None = None,
        *,
        record: bool = False,
    ) -> tuple[Tensor, Gradient]:
        """Return the losses (B,) and the gradient of ``sum_i weights_i L_i``.

        Parameters
        ----------
        images, labels
            One batch.
        weights : (B,) tensor, optional
            By default 1/B each.
        record : bool
            Let running statistics move.
        """
        total: Gradient = [None] * len(self.params)
        losses = []
        with self.ready(record=record):
            for part in self.parts(len(images)):
                found = self.per_sample(images[part], labels[part])
                if not found.requires_grad:
                    raise InvalidInputError(
                        "model",
                        "returns a loss that does not depend on any trainable parameter",
                        "Unfreeze some, and do not detach the logits.",
                    )
                if weights is None:
                    weighted = found.sum() / len(images)
                else:
                    weighted = found @ weights[part].to(found)
                gradient = torch.autograd.grad(weighted, self.params, allow_unused=True)
                losses.append(found.detach())
                del found, weighted
                total = _add(total, gradient)
        return torch.cat(losses), total

    def values(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the losses (B,) alone; nothing moves."""
        with self.ready(record=False), torch.no_grad():
            parts = [self.per_sample(images[p], labels[p]) for p in self.parts(len(images))]
        return torch.cat(parts)

    def per_sample(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample (B,), attached to the graph."""
        logits = self.model(images)
        if self.loss is None:
            return cross_entropy(check_logits(logits, labels), labels)
        return per_sample(self.loss(logits, labels), len(images))

    def parts(self, count: int) -> Iterator[slice]:
        """Split a batch into micro-batches."""
        size = self.micro_batch or count
        for first in range(0, count, size):
            yield slice(first, min(first + size, count))

    @contextmanager
    def ready(self, *, record: bool) -> Iterator[None]:
        """Mode, buffers, gradients on, autocast off."""
        device = self.params[0].device.type
        frozen = nullcontext() if record else still(self.model)
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            in_mode(self.model, self.mode),
            frozen,
            full_precision(device),
        ):
            yield


def full_precision(device: str) -> AbstractContextManager[object]:
    """Switch an autocast around us off: gradients are never below the parameters' precision."""
    return torch.autocast(device, enabled=False)


def trainable(params: object, argument: str) -> list[Tensor]:
    """Return the parameters that require a gradient, each once."""
    found: list[Tensor] = []
    seen: set[int] = set()
    for p in params:  # type: ignore[attr-defined]
        if p.requires_grad and id(p) not in seen:
            seen.add(id(p))
            found.append(p)
    for p in found:
        if p.is_complex() or p.dtype == torch.float16:
            raise InvalidInputError(
                argument,
                f"has a trainable parameter of dtype {p.dtype}",
                "Keep float32 (or float64) parameters; autocast=torch.bfloat16 speeds up attacks.",
            )
    if not found:
        raise InvalidInputError(argument, "has no trainable parameter", "Unfreeze some.")
    return found


def _add(total: Gradient, more: Sequence[Tensor | None]) -> Gradient:
    return [
        b if a is None else a if b is None else a.add_(b)
        for a, b in zip(total, (None if g is None else _dense(g) for g in more), strict=True)
    ]


def _dense(gradient: Tensor) -> Tensor:
    return gradient.to_dense() if gradient.is_sparse else gradient
