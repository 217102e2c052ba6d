"""The gradients of one batch, one a sample and adversary: stored, or seen once and let go.

Stored, their Gram matrix answers everything. Where they do not fit, each sample's own Gram matrix
and the m joint gradients are kept; the directions over the product of the samples' hulls, which
depend on inner products between samples, are then out of reach.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from danskin.minnorm import product_min_norm_weights
from danskin.torch.auditing.directions import Inner, promised, weights_of
from danskin.torch.gradients import NetworkLoss
from danskin.torch.gram import Gradient, GradientStack, length
from danskin.torch.persample import per_sample_gradients, products

__all__ = ["BatchGradients", "Direction", "gradients_of"]


@dataclass(frozen=True, eq=False)
class Direction:
    """What a method makes of a batch.

    Attributes
    ----------
    x : Gradient or None
        The step goes along minus x; None where that is 0 within rounding.
    derivative : float
        Promised over the sampled product set.
    """

    x: Gradient | None
    derivative: float


class BatchGradients(ABC):
    """One batch's gradients.

    Attributes
    ----------
    losses : (m, B) array
    blocks : (B, m, m) array
        Each sample's own Gram matrix.
    inner : Inner
    rho_product : (float, float) or None
        Bounds on the min norm over the product of the samples' hulls.
    """

    losses: np.ndarray
    blocks: np.ndarray
    inner: Inner
    rho_product: tuple[float, float] | None = None

    @abstractmethod
    def combined(self, weights: np.ndarray) -> tuple[Gradient, np.ndarray, float]:
        """Return ``x = (1/B) sum_ij a_ij g_ij``, all ``<x, g_ij>`` (B, m), and ``|x|``."""

    @property
    def mean_norm(self) -> float:
        """Length of the mean of all gradients."""
        return float(np.sqrt(max(self.inner.joint.mean(), 0.0)))

    def direction(self, method: str, step: float) -> Direction:
        """Return a method's direction for a step of some length."""
        x, inner, norm = self.combined(weights_of(method, self.inner, self.losses, step))
        longest = float(np.sqrt(self.inner.squares.max(initial=0.0)))
        derivative = promised(inner, norm, longest)
        return Direction(x if derivative else None, derivative)


def gradients_of(
    network: NetworkLoss, points: Tensor, labels: Tensor, *, stored: bool
) -> BatchGradients:
    """Compute the gradients at adversaries `points` (m, B, ...) of images with `labels` (B,)."""
    return (_Stored if stored else _Streamed)(network, points, labels)


class _Stored(BatchGradients):
    def __init__(self, network: NetworkLoss, points: Tensor, labels: Tensor) -> None:
        m, self.count = points.shape[:2]
        self.stack = GradientStack(network.params, m * self.count)
        losses = []
        for part, found, gradients in per_sample_gradients(network, *_by_image(points, labels)):
            losses.append(found)
            self.stack.put(part, gradients)
        self.losses = _as_array(torch.cat(losses).view(self.count, m).T)
        gram = self.stack.gram()
        whole = gram.reshape(self.count, m, self.count, m)
        self.blocks = np.stack([whole[i, :, i, :] for i in range(self.count)])
        self.inner = Inner.of(gram, self.count)
        if np.isfinite(gram).all():
            found = product_min_norm_weights(gram, [m] * self.count)
            self.rho_product = found.lower_bound, found.norm

    def combined(self, weights: np.ndarray) -> tuple[Gradient, np.ndarray, float]:
        assert self.inner.gram is not None
        flat = weights.reshape(-1) / self.count
        inner = self.inner.gram @ flat
        norm = float(np.sqrt(max(float(flat @ inner), 0.0)))
        return self.stack.combine(flat), inner.reshape(weights.shape), norm


class _Streamed(BatchGradients):
    def __init__(self, network: NetworkLoss, points: Tensor, labels: Tensor) -> None:
        self.network, self.points, self.labels = network, points, labels
        m, count = points.shape[:2]
        self.stack = GradientStack(network.params, m)
        losses, blocks = [], []
        for i in range(count):
            own = GradientStack(network.params, m)
            same = labels[i : i + 1].repeat_interleave(m, dim=0)
            for part, found, gradients in per_sample_gradients(network, points[:, i], same):
                losses.append(found)
                own.put(part, gradients)
            blocks.append(own.gram())
            for k, piece in enumerate(own.parts):
                if piece is not None:
                    whole = self.stack.parts[k]
                    share = piece.div_(count)
                    self.stack.parts[k] = share if whole is None else whole.add_(share)
        self.losses = _as_array(torch.cat(losses).view(count, m).T)
        self.blocks = np.stack(blocks)
        squares = np.diagonal(self.blocks, axis1=1, axis2=2)
        self.inner = Inner(self.stack.gram(), squares)

    def combined(self, weights: np.ndarray) -> tuple[Gradient, np.ndarray, float]:
        if np.ptp(weights, axis=0).max() == 0:  # the same for every sample: joint gradients
            x = self.stack.combine(weights[0])
        else:  # one adversary a sample
            chosen = torch.from_numpy(weights.argmax(axis=1)).to(self.points.device)
            points = self.points[chosen, torch.arange(len(chosen), device=chosen.device)]
            x = self.network.gradient(points, self.labels, len(points), record=False)[1]
        # All <x, g_ij> are one directional derivative, with no gradient stored.
        _, slopes = products(self.network, *_by_image(self.points, self.labels), x)
        return x, _as_array(slopes).reshape(weights.shape), length(x)


def _by_image(points: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return (Bm, ...) images and labels, row ``i m + j`` for adversary j of sample i."""
    return points.transpose(0, 1).flatten(0, 1), labels.repeat_interleave(len(points), dim=0)


def _as_array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()
