"""Projected gradient ascent and its one-step relatives.

PGD: Madry et al. (2018), eq. (2). FGSM: Goodfellow et al. (2015). FAST: Wong et al. (2020), a
random start and one long step. The 1/t decay is the one of the paper's Figure 5a.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from danskin.torch.attacks.base import Attack, check_length
from danskin.torch.schedule import check_count

__all__ = ["FAST", "FGSM", "PGD"]


class PGD(Attack):
    """Projected gradient ascent: steps of fixed length, each projected on ball and box.

    Parameters
    ----------
    model : torch.nn.Module
        Takes images in [0, 1]; its normalisation is inside.
    eps, alpha : float
        Radius of the ball and length of a step, in pixel units of [0, 1].
    steps : int
    decay_after : int, optional
        k: step t has length ``alpha`` up to t = k and ``alpha * k / t`` after (1/t decay; the
        paper takes k = 8 of 70).
    **options
        Of `Attack`: norm, restarts, start, loss, generator, mode, autocast, memory_budget,
        validate.

    Examples
    --------
    >>> attack = PGD(model, eps=8 / 255, alpha=2 / 255, steps=7)  # doctest: +SKIP
    >>> adversarial = attack(images, labels)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: nn.Module,
        eps: float = 8 / 255,
        alpha: float = 2 / 255,
        steps: int = 7,
        *,
        decay_after: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, eps, **options)
        self.alpha = check_length(alpha, "alpha")
        self.steps = check_count(steps, "steps")
        self.decay_after = None if decay_after is None else check_count(decay_after, "decay_after")

    def step_length(self, t: int) -> float:
        """Return the length of step t = 1, 2, ..."""
        if self.decay_after is None or t <= self.decay_after:
            return self.alpha
        return self.alpha * self.decay_after / t

    def _ascend(self, start: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        points = start
        for t in range(1, self.steps + 1):
            gradient = self.input_gradient(points, labels)
            points = self.ball.ascend(points, gradient, self.step_length(t))
            points = self.ball.project(points, images)
        return points


class FGSM(PGD):
    """One step of length eps from the image itself, along the gradient's sign (l_inf)."""

    def __init__(self, model: nn.Module, eps: float = 8 / 255, **options: Any) -> None:
        options.setdefault("start", "image")
        super().__init__(model, eps, eps, 1, **options)


class FAST(PGD):
    """One step of length alpha from a random point of the ball."""

    def __init__(
        self,
        model: nn.Module,
        eps: float = 8 / 255,
        alpha: float = 10 / 255,
        **options: Any,
    ) -> None:
        super().__init__(model, eps, alpha, 1, **options)
