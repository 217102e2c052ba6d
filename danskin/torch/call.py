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
from danskin.torch.processes import Team
from danskin.torch.settings import Settings

__all__ = ["Call", "Gate"]


@dataclass
class Gate:
    """What the gated method remembers between calls.

    Attributes
    ----------
    is_open : bool
        Whether the last two adversaries looked at disagreed.
    since : int or None
        Calls since two adversaries were looked at; None before the first.
    """

    is_open: bool = False
    since: int | None = None


@dataclass
class Call:
    """One batch, with its attack and its loss.

    Attributes
    ----------
    images, labels : Tensor
        This process's part of the batch.
    attack : callable
    attack_mode : "eval", "train" or "keep"
    autocast : torch.dtype or None
        Precision of the attack.
    network : NetworkLoss
    decay : float
        Weight decay inside the objective.
    settings, team, gate, generator
        As `DDi` has them.
    attacks, samples : int
        Counted: runs of the attack, samples in gradient passes.
    """

    images: Tensor
    labels: Tensor
    attack: Callable[[Tensor, Tensor], Tensor]
    attack_mode: Mode
    autocast: torch.dtype | None
    network: NetworkLoss
    decay: float
    settings: Settings
    team: Team
    gate: Gate
    generator: torch.Generator
    attacks: int = 0
    samples: int = 0
    clock: Clock = field(default_factory=Clock)
    recorded: bool = False

    def __post_init__(self) -> None:
        #: Samples over all processes.
        self.count = self.team.number(float(len(self.images)), self.images.device)

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
                # A copy each: an attack may work in place.
                self._checked(
                    self.attack(self.images[part].clone(), self.labels[part].clone()), part
                )
                for part in self.network.parts(len(self.images))
            ]
        return found[0] if len(found) == 1 else torch.cat(found)

    def adversaries(self, m: int) -> list[Tensor]:
        """Run the attack m times."""
        return [self.adversary() for _ in range(m)]

    def gradient(self, points: Tensor) -> tuple[Tensor, Gradient]:
        """Return this process's losses (B,) and the gradient of the mean loss over all processes.

        The first one of a call moves running statistics, later ones do not.
        """
        with self.clock("gradients"):
            losses, gradient = self.network.gradient(
                points, self.labels, self.count, record=not self.recorded
            )
            gradient = self.team.gradient(self.network.params, gradient)
            self.recorded = True
            self.samples += len(points)
            if self.decay:
                for k, (p, g) in enumerate(zip(self.network.params, gradient, strict=True)):
                    if g is not None:  # a new tensor: two parameters' gradients may be one
                        gradient[k] = g.add(p.detach(), alpha=self.decay)
        return losses, gradient

    def values(self, points: Tensor) -> Tensor:
        """Return the losses (B,) alone."""
        with self.clock("gradients"):
            return self.network.values(points, self.labels)

    def stack(
        self, points: Sequence[Tensor], into: GradientStack | None = None, first: int = 0
    ) -> tuple[Tensor, GradientStack]:
        """Return the losses (m, B) and the gradients of m joint adversaries."""
        stack = GradientStack(self.network.params, len(points)) if into is None else into
        losses = []
        for j, images in enumerate(points):
            found, gradient = self.gradient(images)
            losses.append(found)
            stack.add(first + j, gradient)
            del gradient
        return torch.stack(losses), stack

    def mean(self, losses: Tensor) -> Tensor:
        """Return the mean over all processes' samples (m,) of losses (m, B)."""
        return self.team.total(losses.double().sum(dim=1)) / self.count

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
