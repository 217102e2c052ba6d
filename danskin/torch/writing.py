"""The combined gradient into ``p.grad``, as backward would have left it there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from danskin.torch.gram import Gradient

__all__ = ["accumulate"]


def accumulate(params: Sequence[Tensor], x: Gradient, factor: float = 1.0) -> None:
    """Add ``factor * x`` to the gradients; a parameter that was not used keeps what it has."""
    with torch.no_grad():
        for p, piece in zip(params, x, strict=True):
            if piece is None:
                continue
            if p.grad is None:
                # empty_like: in the parameter's memory format, as autograd has it.
                p.grad = torch.empty_like(p).copy_(piece).mul_(factor)
            else:
                p.grad.add_(piece.to(p.grad.dtype), alpha=factor)
