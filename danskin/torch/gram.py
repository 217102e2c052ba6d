"""m gradients, kept one parameter tensor at a time, and their inner products in float64.

The Gram matrix is summed per tensor in float64. (A flat float32 product over eleven million
parameters keeps three digits, and where adversaries nearly agree the min-norm point lives in the
others.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["Gradient", "GradientStack", "dot", "length", "weighted_sum"]

#: One entry a parameter; None where the parameter is not used.
Gradient = list[Tensor | None]

# Entries widened to float64 at a time: 2 MiB, which a processor's cache holds.
CHUNK = 2**18


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
        for part, g in self._with_parts(gradient):
            part[row] += g.reshape(-1)

    def put(self, rows: slice, gradients: Sequence[Tensor | None]) -> None:
        """Write several gradients at once, each entry (len(rows), *shape)."""
        for part, g in self._with_parts(gradients):
            part[rows] = g.reshape(len(g), -1)

    def _with_parts(self, gradient: Sequence[Tensor | None]) -> Iterator[tuple[Tensor, Tensor]]:
        for k, (p, g) in enumerate(zip(self.params, gradient, strict=True)):
            if g is None:
                continue
            part = self.parts[k]
            if part is None:
                part = self.parts[k] = p.new_zeros(self.rows, p.numel())
            yield part, g

    def first(self, rows: int) -> GradientStack:
        """Return the first rows, sharing their memory."""
        result = GradientStack(self.params, rows)
        result.parts = [None if part is None else part[:rows] for part in self.parts]
        return result

    def forget(self, used: Sequence[bool]) -> None:
        """Drop the parameters that are not used and whose entries are all 0."""
        for k, part in enumerate(self.parts):
            if part is not None and not used[k] and not bool(part.any()):
                self.parts[k] = None

    def shift(self, factor: float) -> None:
        """Add ``factor`` times the parameters to every row: weight decay inside the objective."""
        for p, part in zip(self.params, self.parts, strict=True):
            if part is not None:
                part.add_(p.detach().reshape(1, -1), alpha=factor)

    def rounding(self) -> float:
        """Return a bound on the relative rounding error of an inner product in float64."""
        n = sum(part.shape[1] for part in self.parts if part is not None)
        return n * float(np.finfo(np.float64).eps)

    def gram(self) -> np.ndarray:
        """Return the Gram matrix (rows, rows) in float64."""
        totals: dict[torch.device, Tensor] = {}
        for part in self.parts:
            if part is None:
                continue
            total = totals.setdefault(part.device, _zeros(self.rows, self.rows, part.device))
            for block in _blocks(part):
                if block.device.type == "cpu":  # NumPy sees that it is A A^T: half the work
                    total += torch.from_numpy(block.numpy() @ block.numpy().T)
                else:
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


def weighted_sum(gradients: Sequence[Gradient], weights: np.ndarray) -> Gradient:
    """Return ``sum_k weights_k gradients_k``, summed in float64; None where all are None."""
    result: Gradient = []
    for pieces in zip(*gradients, strict=True):
        total: Tensor | None = None
        for weight, piece in zip(weights.tolist(), pieces, strict=True):
            if piece is None:
                continue
            wide = piece.to(torch.float64, copy=True)
            total = wide.mul_(weight) if total is None else total.add_(wide, alpha=weight)
            dtype = piece.dtype
        result.append(None if total is None else total.to(dtype))
    return result


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


def _blocks(part: Tensor, rows: int | None = None) -> Iterator[Tensor]:
    """Return the columns of a (rows, n) tensor in float64, a few at a time to save memory."""
    for block in part.split(max(1, CHUNK // (rows or len(part))), dim=1):
        yield block.to(torch.float64)


def _gather(totals: Iterable[Tensor], shape: tuple[int, int]) -> np.ndarray:
    """Add what each device holds: the only place that waits for a device."""
    result = np.zeros(shape)
    for total in totals:
        result += total.cpu().numpy()
    return result
