"""Losses and parameter gradients of one network at given images: streamed, in full precision.

m gradients are m forward and backward passes, one after the other: the activations of one pass are
freed before the next, so m gradients cost m gradients of memory and not m graphs. (One batched pass
by ``torch.func.vmap`` keeps m graphs, and is slower where measured.)
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

__all__ = ["NetworkLoss", "dense", "full_precision", "trainable"]


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
    highest : int or None
        The highest class index of the labels, where it is known.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Loss | None,
        mode: Mode,
        micro_batch: int | None,
        highest: int | None = None,
    ) -> None:
        self.model = model
        self.loss = loss
        self.mode: Mode = mode
        self.micro_batch = micro_batch
        self.highest = highest
        self.params = trainable(model.parameters(), "model")
        self._masks = Masks(self.params[0].device)

    def gradient(
        self, images: Tensor, labels: Tensor, count: float, *, record: bool
    ) -> tuple[Tensor, Gradient]:
        """Return the losses (B,) and the gradient of ``(1/count) sum_i L_i``.

        Parameters
        ----------
        images, labels
            One batch, or one process's part of it.
        count : float
            Samples of the whole batch.
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
                gradient = torch.autograd.grad(found.sum() / count, self.params, allow_unused=True)
                losses.append(found.detach())
                del found
                total = _add(total, gradient)
        return torch.cat(losses), total

    def values(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the losses (B,) alone; nothing moves."""
        with self.ready(record=False), torch.no_grad():
            parts = [self.per_sample(images[p], labels[p]) for p in self.parts(len(images))]
        return torch.cat(parts)

    def per_sample(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample (B,), attached to the graph."""
        return self.score(self.model(images), labels)

    def score(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample (B,) from the network's output."""
        if self.loss is None:
            return cross_entropy(check_logits(logits, labels, self.highest), labels)
        return per_sample(self.loss(logits, labels), len(labels))

    def parts(self, count: int) -> Iterator[slice]:
        """Split a batch into micro-batches."""
        size = self.micro_batch or count
        for first in range(0, count, size):
            yield slice(first, min(first + size, count))

    @contextmanager
    def ready(self, *, record: bool) -> Iterator[None]:
        """Mode, buffers, masks, gradients on, autocast off."""
        device = self.params[0].device.type
        frozen = nullcontext() if record else still(self.model)
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            in_mode(self.model, self.mode),
            frozen,
            full_precision(device),
            self._masks if any(m.training for m in self.model.modules()) else nullcontext(),
        ):
            yield


class Masks:
    """The same random numbers in every pass of a call: all adversaries see one dropout mask.

    Otherwise each would be measured against a different function. The first pass draws from torch's
    global generator and moves it on; later passes start where it started and leave it alone.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.first: tuple[Tensor, ...] | None = None
        self.now: tuple[Tensor, ...] | None = None

    def __enter__(self) -> None:
        self.now = None
        if self.first is None:
            self.first = self._get()
        else:
            self.now = self._get()
            self._set(self.first)

    def __exit__(self, *_: object) -> None:
        if self.now is not None:
            self._set(self.now)

    def _get(self) -> tuple[Tensor, ...]:
        states = [torch.get_rng_state()]
        if self.device.type == "cuda":
            states.append(torch.cuda.get_rng_state(self.device))
        return tuple(states)

    def _set(self, states: tuple[Tensor, ...]) -> None:
        torch.set_rng_state(states[0])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(states[1], self.device)


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
        if p.is_complex() or p.dtype.itemsize < 4:
            raise InvalidInputError(
                argument,
                f"has a trainable parameter of dtype {p.dtype}",
                "Keep float32 (or float64) parameters; autocast=torch.bfloat16 speeds up attacks.",
            )
    if not found:
        raise InvalidInputError(argument, "has no trainable parameter", "Unfreeze some.")
    return found


def _add(total: Gradient, more: Sequence[Tensor | None]) -> Gradient:
    # Not in place: autograd may give two parameters one tensor (of `base + delta` both have the
    # gradient of the sum), or one that overlaps itself or that a custom function still holds.
    return [
        b if a is None else a if b is None else a + b
        for a, b in zip(total, (None if g is None else dense(g) for g in more), strict=True)
    ]


def dense(gradient: Tensor) -> Tensor:
    """Return the gradient as a dense tensor (embeddings may return sparse ones)."""
    return gradient.to_dense() if gradient.is_sparse else gradient
