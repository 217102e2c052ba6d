"""The balls that an adversary may choose from: l_inf and l_2, around each image, within [0, 1]."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor

from danskin.errors import InvalidInputError

__all__ = ["Ball", "Start", "make_ball"]

Start = Literal["uniform", "corner", "image"]


class Ball(ABC):
    """Perturbations of norm at most eps such that the perturbed image stays in [0, 1]."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    @abstractmethod
    def random(self, images: Tensor, start: Start, generator: torch.Generator | None) -> Tensor:
        """Return a random perturbation of each image: uniform in the ball, or extreme."""

    @abstractmethod
    def ascend(self, points: Tensor, gradient: Tensor, step: float) -> Tensor:
        """Go up by the steepest step of the given length in this norm."""

    @abstractmethod
    def project(self, points: Tensor, images: Tensor) -> Tensor:
        """Return the points put back into the ball and the box; within rounding."""

    @abstractmethod
    def clip(self, points: Tensor, images: Tensor) -> Tensor:
        """Return points that lie in ball and box to the last digit; NaN becomes the image."""


def make_ball(norm: Any, eps: float) -> Ball:
    """Return the ball of a norm: "linf" (or math.inf) or "l2" (or 2)."""
    key = norm.lower() if isinstance(norm, str) else norm
    if key in ("linf", "l_inf", "inf", math.inf):
        if eps > 1:
            raise InvalidInputError(
                "eps", f"is {eps:.4g}, more than the whole range [0, 1] of a pixel",
                "Divide by 255: 8 / 255 is 0.0314.",
            )  # fmt: skip
        return LInfBall(eps)
    if key in ("l2", "l_2", "2", 2):
        return L2Ball(eps)
    raise InvalidInputError("norm", f"is {norm!r}", "Take 'linf' or 'l2'.")


class LInfBall(Ball):
    """Each pixel moves by at most eps."""

    def random(self, images: Tensor, start: Start, generator: torch.Generator | None) -> Tensor:
        """Return uniform perturbations, or each pixel at plus or minus eps."""
        noise = torch.rand(
            images.shape, generator=generator, device=images.device, dtype=images.dtype
        )
        if start == "corner":
            return torch.where(noise < 0.5, -self.eps, self.eps).to(images.dtype)
        return noise.mul_(2 * self.eps).sub_(self.eps)

    def ascend(self, points: Tensor, gradient: Tensor, step: float) -> Tensor:
        """Move each pixel by `step` along the gradient's sign."""
        return points.add(gradient.sign(), alpha=step)

    def project(self, points: Tensor, images: Tensor) -> Tensor:
        """Clamp each pixel."""
        return self._clamp(points, images, self.eps)

    def clip(self, points: Tensor, images: Tensor) -> Tensor:
        """Clamp; where the rounding of ``image + eps`` may have led outside, to a bit less."""
        points = torch.where(points.isnan(), images, self.project(points, images))
        unit = torch.finfo(images.dtype).eps
        near = (points - images).abs() > self.eps * (1 - 2 * unit)
        return torch.where(near, self._clamp(points, images, max(self.eps - unit, 0.0)), points)

    def _clamp(self, points: Tensor, images: Tensor, eps: float) -> Tensor:
        return torch.clamp(points, (images - eps).clamp_(min=0), (images + eps).clamp_(max=1))


class L2Ball(Ball):
    """Each image moves by at most eps in Euclidean length."""

    def random(self, images: Tensor, start: Start, generator: torch.Generator | None) -> Tensor:
        """Return points uniform in the ball, or on its sphere."""
        flat = torch.randn(
            images.shape, generator=generator, device=images.device, dtype=images.dtype
        ).flatten(1)
        radius: Tensor | float = self.eps
        if start != "corner":
            u = torch.rand(
                len(images), 1, generator=generator, device=images.device, dtype=images.dtype
            )
            radius = self.eps * u ** (1 / flat.shape[1])
        return (flat * (radius / _length(flat))).view_as(images)

    def ascend(self, points: Tensor, gradient: Tensor, step: float) -> Tensor:
        """Move each image by length `step` along its gradient; where that is 0, not at all."""
        flat = gradient.flatten(1)
        # Divide by the largest entry first: squares of small gradients would underflow.
        flat = flat / flat.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny)
        return points + (flat * (step / _length(flat))).view_as(points)

    def project(self, points: Tensor, images: Tensor) -> Tensor:
        """Shorten to eps, then clamp to the box, which moves every pixel towards the image."""
        return self._project(points, images, self.eps)

    def clip(self, points: Tensor, images: Tensor) -> Tensor:
        """Shorten to a hair less than eps, so that rounding cannot lead out of the ball."""
        points = torch.where(points.isfinite(), points, images)
        hair = 4 * torch.finfo(images.dtype).eps
        return self._project(points, images, self.eps * (1 - hair))

    def _project(self, points: Tensor, images: Tensor, eps: float) -> Tensor:
        offset = (points - images).flatten(1)
        factor = (eps / _length(offset)).clamp(max=1)
        return (images + (offset * factor).view_as(images)).clamp_(0, 1)


def _length(flat: Tensor) -> Tensor:
    """Return the length of each row (B, 1), at least the smallest positive number."""
    return flat.norm(dim=1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny)
