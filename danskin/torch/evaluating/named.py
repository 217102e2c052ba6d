"""Attacks by name: ``pgd-STEPS``, ``pgd-STEPS-RESTARTS``, ``autoattack``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError, MissingExtraError
from danskin.torch.attacks import PGD
from danskin.torch.attacks.ball import LInfBall, make_ball
from danskin.torch.modes import in_mode

__all__ = ["DEFAULT_ATTACKS", "Candidates", "make_attack"]

DEFAULT_ATTACKS = ("pgd-20", "pgd-50-10")
#: (images (B, ...), labels (B,), seed) -> perturbed images (m, B, ...): an image falls if any does.
Candidates = Callable[[Tensor, Tensor, int], Tensor]
_MOST = 100_000


def make_attack(
    name: str, model: nn.Module, eps: float, norm: Any, alpha: float | None, batch_size: int
) -> Candidates:
    """Return the attack of that name.

    Parameters
    ----------
    name : str
        "pgd-20": 20 steps from one uniform start; "pgd-50-10": 50 steps from each of 10;
        "autoattack": the standard version (APGD-CE, targeted APGD-DLR and FAB, Square), by the
        package pyautoattack.
    model : torch.nn.Module
    eps, norm : float, "linf" or "l2"
    alpha : float, optional
        PGD's step; a quarter of eps by default.
    batch_size : int
        AutoAttack's; PGD takes what it is given.

    Raises
    ------
    InvalidInputError
        There is no such attack.
    MissingExtraError
        AutoAttack is asked for and not installed.
    """
    if name == "autoattack":
        return _autoattack(model, eps, norm, batch_size)
    fits = re.fullmatch(r"pgd-(\d{1,6})(?:-(\d{1,6}))?", name)
    counts = [int(n or 1) for n in fits.groups()] if fits else []
    if not counts or not all(1 <= n <= _MOST for n in counts):
        raise InvalidInputError(
            "attacks", f"there is no {name[:40]!r}",
            "Take pgd-STEPS, pgd-STEPS-RESTARTS (pgd-50-10) or autoattack.",
        )  # fmt: skip
    steps, restarts = counts
    step = eps / 4 if alpha is None else alpha
    PGD(model, eps, step, steps, norm=norm, restarts=restarts)  # bad numbers are named at once

    def run(images: Tensor, labels: Tensor, seed: int) -> Tensor:
        pgd = PGD(
            model, eps, step, steps, norm=norm, restarts=restarts,
            generator=torch.Generator().manual_seed(seed),
        )  # fmt: skip
        return pgd.search(images, labels).images

    return run


def _autoattack(model: nn.Module, eps: float, norm: Any, batch_size: int) -> Candidates:
    try:
        from pyautoattack import AutoAttack
    except ImportError as error:
        if error.name != "pyautoattack":
            raise
        raise MissingExtraError("pyautoattack", "autoattack") from None
    ball = make_ball(norm, eps)
    name = "Linf" if isinstance(ball, LInfBall) else "L2"

    def run(images: Tensor, labels: Tensor, seed: int) -> Tensor:
        # It draws from the global generators and wants gradients of the images only.
        trained = [p for p in model.parameters() if p.requires_grad]
        with torch.random.fork_rng(), in_mode(model, "eval"):
            for p in trained:
                p.requires_grad_(False)
            try:
                attack = AutoAttack(model, norm=name, eps=eps, seed=seed, device=images.device)
                attack.verbose = False
                found, _ = attack.run_standard_evaluation(images, labels, batch_size=batch_size)
            finally:
                for p in trained:
                    p.requires_grad_(True)
        return ball.clip(found, images)[None]

    return run
