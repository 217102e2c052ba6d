"""One call of ``ddi.backward``: what a method may ask for, counted and timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from danskin.errors import InvalidInputError
from danskin.torch.clock import Clock
from danskin.torch.gradients import NetworkLoss
from danskin.torch.gram import Gradient, GradientStack
from danskin.torch.modes import Mode, guarded, in_mode

__all__ = ["Call", "Settings"]


@dataclass(frozen=True)
class Settings:
    """What the methods need to know beside m."""

    memory_budget: float = 2.0**30
    step: float = 0.1
    radius: float | None = None
    per_sample: bool = False
    tol: float = 1e-3
    max_iterations: int = 20
    every: int = 10
    cosine: float = 0.9
    spread: float = 0.1


@dataclass
class Call:
    """One batch, with its attack and its loss."""

    images: Tensor
    labels: Tensor
    attack: Callable[[Tensor, Tensor], Tensor]
    attack_mode: Mode
    autocast: torch.dtype | None
    network: NetworkLoss
    decay: float
    settings: Settings
    attacks: int = 0
    gradients: float = 0.0
    clock: Clock = field(default_factory=Clock)
    recorded: bool = False

    def adversary(self) -> Tensor:
        """Run the attack once on the whole batch."""
        device = self.images.device.type
        cast = torch.autocast(device, self.autocast) if self.autocast else nullcontext()
        self.attacks += 1
        with (
            self.clock("attack"),
            torch.inference_mode(False),
            torch.enable_grad(),
            guarded(self.network.model),
            in_mode(self.network.model, self.attack_mode),
            cast,
        ):
            found = [
                self._checked(self.attack(self.images[part], self.labels[part]), part)
                for part in self.network.parts(len(self.images))
            ]
        return found[0] if len(found) == 1 else torch.cat(found)

    def adversaries(self, m: int) -> list[Tensor]:
        """Run the attack m times."""
        return [self.adversary() for _ in range(m)]

    def _checked(self, found: Any, part: slice) -> Tensor:
        images = self.images[part]
        if not isinstance(found, Tensor) or found.shape != images.shape:
            what = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InvalidInputError(
                "attack",
                f"returns {what} for images of shape {tuple(images.shape)}",
                "It must return the perturbed images alone; wrap it in a lambda that does.",
            )
        return found.detach().to(images)

    def gradient(
        self, points: Tensor, weights: Tensor | None = None, labels: Tensor | None = None
    ) -> tuple[Tensor, Gradient]:
        """Return losses (B,) and the gradient; the first one of a call moves statistics."""
        with self.clock("gradients"):
            labels = self.labels if labels is None else labels
            found = self.network.gradient(points, labels, weights, record=not self.recorded)
            self.recorded = True
            self.gradients += len(points) / len(self.images)
            if self.decay:
                total = 1.0 if weights is None else float(weights.sum())
                for p, g in zip(self.network.params, found[1], strict=True):
                    if g is not None:
                        g.add_(p.detach(), alpha=self.decay * total)
        return found

    def values(self, points: Tensor) -> Tensor:
        """Return the losses (B,) alone."""
        with self.clock("gradients"):
            return self.network.values(points, self.labels)

    def stack(self, points: Sequence[Tensor]) -> tuple[Tensor, GradientStack]:
        """Return the losses (m, B) and the gradients of m joint adversaries."""
        stack = GradientStack(self.network.params, len(points))
        losses = []
        for j, images in enumerate(points):
            found, gradient = self.gradient(images)
            losses.append(found)
            stack.add(j, gradient)
            del gradient
        return torch.stack(losses), stack
