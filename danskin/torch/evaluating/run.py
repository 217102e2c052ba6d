"""The count: batch by batch, attack by attack, on the images that are still right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.torch.arguments import check_images, check_labels, check_logits, check_model
from danskin.torch.attacks.ball import make_ball
from danskin.torch.attacks.base import check_length
from danskin.torch.evaluating.named import DEFAULT_ATTACKS, make_attack
from danskin.torch.evaluating.result import Evaluation
from danskin.torch.modes import in_mode
from danskin.torch.schedule import check_count

__all__ = ["evaluate"]


def evaluate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    eps: float = 8 / 255,
    norm: Any = "linf",
    alpha: float | None = None,
    attacks: Sequence[str] = DEFAULT_ATTACKS,
    batch_size: int = 250,
    seed: int = 0,
    tick: Callable[[str, int], None] = lambda attack, images: None,
) -> Evaluation:
    """Count the images that a network gets right, as they are and under attack, in eval mode.

    An image counts as right under an attack if it is right as it is and everything that the attack
    returned, from each of its restarts, is still classified so. Images that are wrong as they are
    are not attacked. The network is left as it was.

    Parameters
    ----------
    model : torch.nn.Module
        Images in [0, 1] to logits (B, C); the normalisation is inside. On its own device; images
        are moved there batch by batch.
    images : (N, ...) tensor
        Floating point in [0, 1].
    labels : (N,) int64 tensor
    eps, norm : float, "linf" or "l2"
        The ball.
    alpha : float, optional
        Step of the PGD attacks; a quarter of eps by default.
    attacks : sequence of str
        "pgd-STEPS", "pgd-STEPS-RESTARTS", "autoattack"; by default PGD-20, and PGD-50 with 10
        restarts. May be empty.
    batch_size : int
    seed : int
        Of the attacks' starts; the same seed and batch size give the same answer.
    tick : callable
        Told after each batch the attack and the number of images done; "clean" comes first.

    Returns
    -------
    Evaluation
        Unpacks to RobustBench's pair, ``clean, robust = evaluate(...)``.

    Raises
    ------
    InvalidInputError
        Names what is wrong.
    MissingExtraError
        AutoAttack is asked for and not installed.
    """
    model = check_model(model)
    images = check_images(images, unit=True)
    labels = check_labels(labels, images)
    if labels.dim() != 1 or labels.dtype != torch.int64:
        raise InvalidInputError(
            "labels", f"has shape {tuple(labels.shape)} and dtype {labels.dtype}",
            "Pass class indices (N,) of dtype int64.",
        )  # fmt: skip
    eps, size = check_length(eps, "eps"), check_count(batch_size, "batch_size")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InvalidInputError("seed", f"is {seed!r}", "Give a number from 0 to 2^32 - 1.")
    ball = type(make_ball(norm, eps)).__name__.removesuffix("Ball").lower()
    if isinstance(attacks, str):
        raise InvalidInputError("attacks", "is a text", f"Pass a list: [{attacks!r}].")
    named = {name: make_attack(name, model, eps, norm, alpha, size) for name in attacks}

    device = next((p.device for p in model.parameters()), images.device)
    clean = torch.zeros(len(labels), dtype=torch.bool, device="cpu")
    under = {name: clean.clone() for name in named}
    with in_mode(model, "eval"):
        for which in torch.arange(len(labels), device="cpu").split(size):
            points, targets = images[which].to(device), labels[which].to(device)
            clean[which] = _right(model, points, targets, look=True).cpu()
            tick("clean", len(which))
        for number, (name, attack) in enumerate(named.items()):
            for batch, which in enumerate(torch.arange(len(labels), device="cpu").split(size)):
                left = which[clean[which]]
                if len(left):
                    points, targets = images[left].to(device), labels[left].to(device)
                    found = attack(points, targets, _seed(seed, number, batch))
                    still = [_right(model, perturbed, targets) for perturbed in found]
                    under[name][left] = torch.stack(still).all(dim=0).cpu()
                tick(name, len(which))
    return Evaluation(
        labels.cpu().numpy(), clean.numpy(), {k: v.numpy() for k, v in under.items()}, eps, ball
    )


def _right(model: nn.Module, images: Tensor, labels: Tensor, look: bool = False) -> Tensor:
    """Return whether the class of highest logit is the label; NaN is never right."""
    with torch.no_grad():
        logits = model(images)
    check_logits(logits, labels, int(labels.max()) if look else None)
    return (logits.argmax(dim=1) == labels) & logits.isfinite().all(dim=1)


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(2))
