"""The combined gradient into ``p.grad``, as backward would have left it there."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
from torch import Tensor

from danskin.torch.gram import Gradient

__all__ = ["accumulate"]

#: Beyond it a factor is infinite in float32, although it times a tiny gradient is not.
_LARGE = 2.0**120


def accumulate(params: Sequence[Tensor], x: Gradient, factor: float = 1.0) -> None:
    """Add ``factor * x`` to the gradients; a parameter that was not used keeps what it has."""
    with torch.no_grad():
        for p, piece in zip(params, x, strict=True):
            if piece is None:
                continue
            if factor > _LARGE:
                piece = (piece.double() * min(factor, sys.float_info.max)).to(p.dtype)
            scale = 1.0 if factor > _LARGE else factor
            if p.grad is None:
                # empty_like: in the parameter's memory format, as autograd has it.
                p.grad = torch.empty_like(p).copy_(piece).mul_(scale)
            else:
                p.grad.add_(piece.to(p.grad.dtype), alpha=scale)
