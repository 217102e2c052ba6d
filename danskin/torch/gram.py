"""m gradients, kept one parameter tensor at a time, and their inner products in float64.

The Gram matrix is summed per tensor in float64. (A flat float32 product over eleven million
parameters keeps three digits, and where adversaries nearly agree the min-norm point lives in the
others.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["Gradient", "GradientStack", "dot", "length"]

#: One entry a parameter; None where the parameter is not used.
Gradient = list[Tensor | None]

# Entries widened to float64 at a time.
CHUNK = 2**22


class GradientStack:
    """Gradients in rows: for each parameter a (rows, numel) tensor in the parameter's precision.

    Parameters
    ----------
    params : sequence of Tensor
    rows : int
    """

    def __init__(self, params: Sequence[Tensor], rows: int) -> None:
        self.params = list(params)
        self.rows = rows
        self.parts: list[Tensor | None] = [None] * len(self.params)

    def add(self, row: int, gradient: Sequence[Tensor | None]) -> None:
        """Add a gradient to a row; rows start at 0."""
        for k, (p, g) in enumerate(zip(self.params, gradient, strict=True)):
            if g is None:
                continue
            part = self.parts[k]
            if part is None:
                part = self.parts[k] = p.new_zeros(self.rows, p.numel())
            part[row] += g.reshape(-1)

    def put(self, rows: slice, gradients: Sequence[Tensor | None]) -> None:
        """Write several gradients at once, each entry (len(rows), *shape)."""
        for k, (p, g) in enumerate(zip(self.params, gradients, strict=True)):
            if g is None:
                continue
            part = self.parts[k]
            if part is None:
                part = self.parts[k] = p.new_zeros(self.rows, p.numel())
            part[rows] = g.reshape(len(g), -1)

    def gram(self) -> np.ndarray:
        """Return the Gram matrix (rows, rows) in float64."""
        totals: dict[torch.device, Tensor] = {}
        for part in self.parts:
            if part is None:
                continue
            total = totals.setdefault(part.device, _zeros(self.rows, self.rows, part.device))
            for block in _blocks(part):
                total.addmm_(block, block.T)
        return _gather(totals.values(), (self.rows, self.rows))

    def combine(self, weights: np.ndarray) -> Gradient:
        """Return ``weights @ gradients``, summed in float64, in the parameters' precisions."""
        result: Gradient = []
        for p, part in zip(self.params, self.parts, strict=True):
            if part is None:
                result.append(None)
                continue
            w = torch.tensor(weights, dtype=torch.float64, device=part.device)
            pieces = [(w @ block).to(p.dtype) for block in _blocks(part)]
            result.append(torch.cat(pieces).view_as(p))
        return result

    def products(self, x: Gradient) -> np.ndarray:
        """Return ``<x, g_j>`` for each row (rows,) in float64."""
        totals: dict[torch.device, Tensor] = {}
        for part, piece in zip(self.parts, x, strict=True):
            if part is None or piece is None:
                continue
            total = totals.setdefault(part.device, _zeros(self.rows, 1, part.device))
            pieces = _blocks(piece.reshape(1, -1), len(part))
            for block, short in zip(_blocks(part), pieces, strict=True):
                total.addmm_(block, short.T)
        return _gather(totals.values(), (self.rows, 1))[:, 0]


def dot(a: Gradient, b: Gradient) -> float:
    """Return the inner product in float64."""
    totals: dict[torch.device, Tensor] = {}
    for one, two in zip(a, b, strict=True):
        if one is None or two is None:
            continue
        total = totals.setdefault(one.device, _zeros(1, 1, one.device))
        for s, t in zip(_blocks(one.reshape(1, -1)), _blocks(two.reshape(1, -1)), strict=True):
            total.addmm_(s, t.T)
    return float(_gather(totals.values(), (1, 1))[0, 0])


def length(x: Gradient) -> float:
    """Return the Euclidean length over all parameters together."""
    return float(np.sqrt(dot(x, x)))


def _zeros(rows: int, columns: int, device: torch.device) -> Tensor:
    return torch.zeros(rows, columns, dtype=torch.float64, device=device)


def _blocks(part: Tensor, rows: int | None = None) -> list[Tensor] | _Widened:
    """Return the columns of a (rows, n) tensor in float64, a few at a time to save memory."""
    return _Widened(part, max(1, CHUNK // (rows or len(part))))


class _Widened:
    """Columns of a tensor, a block at a time, in float64."""

    def __init__(self, part: Tensor, size: int) -> None:
        self.part, self.size = part, size

    def __iter__(self):  # noqa: ANN204
        for block in self.part.split(self.size, dim=1):
            yield block.to(torch.float64)


def _gather(totals, shape: tuple[int, int]) -> np.ndarray:  # noqa: ANN001
    """Add what each device holds: the only place that waits for a device."""
    result = np.zeros(shape)
    for total in totals:
        result += total.cpu().numpy()
    return result
