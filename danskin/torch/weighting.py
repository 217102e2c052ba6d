"""Theorem 2's weights inside TorchJD: ``GramianWeightedAggregator(MinNormWeighting())``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.minnorm import GramMinNormResult, min_norm_weights

try:
    from torchjd.aggregation import Weighting as _Weighting
except ImportError:  # an optional peer: without it the class is a plain module, called with a Gram
    _Weighting = nn.Module

__all__ = ["MinNormWeighting"]


class MinNormWeighting(_Weighting):  # type: ignore[misc, valid-type]
    """Weights of the min-norm point of m gradients, from their Gram matrix (Theorem 2, eq. (14)).

    A drop-in for TorchJD's ``MGDAWeighting``, with a certified gap in place of a fixed number of
    Frank-Wolfe steps.

    Attributes
    ----------
    result : GramMinNormResult or None
        What the solver said at the last call: bounds, status, ``explain()``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.result: GramMinNormResult | None = None

    def forward(self, gramian: Tensor, /) -> Tensor:
        """Return the weights (m,) in the precision and on the device of the Gram matrix (m, m)."""
        if gramian.dim() != 2 or gramian.shape[0] != gramian.shape[1]:
            raise InvalidInputError(
                "gramian", f"has shape {tuple(gramian.shape)}", "Pass a Gram matrix (m, m)."
            )
        self.result = min_norm_weights(gramian.detach().double().cpu().numpy())
        return torch.tensor(self.result.weights, dtype=gramian.dtype, device=gramian.device)
