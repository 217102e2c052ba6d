"""One batch of the audit: adversaries, gradients, directions, and the decrease they bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.minnorm import min_norm_weights
from danskin.torch.attacks import Attack
from danskin.torch.auditing.gradients import BatchGradients, gradients_of
from danskin.torch.auditing.report import BatchAudit
from danskin.torch.gradients import NetworkLoss
from danskin.torch.gram import Gradient, length
from danskin.torch.modes import guarded, in_mode

__all__ = ["AttackLike", "Plan", "measure_batch", "moved", "run_attack", "seeded"]

AttackLike = Callable[[Tensor, Tensor], Tensor]
_FIGURE_IMAGES = 10


@dataclass(frozen=True)
class Plan:
    """What is done to every batch.

    Attributes
    ----------
    network : NetworkLoss
        In eval mode.
    attack : callable
        The training's attack; run m times.
    strong : callable
        For comparison, with its restarts.
    fresh : callable
        Measures the robust loss before and after a step, always from the same random starts.
    m : int
    methods : tuple of str
    steps : tuple of float
        Lengths in the space of the parameters.
    stored : bool
        Whether all gradients of a batch are stored at once.
    """

    network: NetworkLoss
    attack: AttackLike
    strong: AttackLike
    fresh: AttackLike
    m: int
    methods: tuple[str, ...]
    steps: tuple[float, ...]
    stored: bool = True


def measure_batch(
    plan: Plan,
    images: Tensor,
    labels: Tensor,
    seed: int,
    tick: Callable[[], None] = lambda: None,
) -> BatchAudit:
    """Measure one batch (B, ...).

    Parameters
    ----------
    plan : Plan
    images, labels : tensors
    seed : int
        All randomness of this batch.
    tick : callable
        Called after each piece of work; there are ``2 + methods * steps`` of them.
    """
    network, model = plan.network, plan.network.model
    with seeded(seed, images.device, plan.attack):
        points = _adversaries(plan, images, labels)
    with seeded(seed + 1, images.device, plan.strong):
        highest = network.values(run_attack(model, plan.strong, images, labels), labels)
    gradients = gradients_of(network, points, labels, stored=plan.stored)
    clean = network.values(images, labels)
    _check_finite(gradients)
    tick()
    coupled = min_norm_weights(gradients.inner.joint)
    base = _robust(plan, images, labels, seed)
    tick()
    promises: dict[str, list[float]] = {}
    decrease: dict[str, list[float]] = {}
    for method in plan.methods:
        promises[method], decrease[method] = [], []
        for step in plan.steps:
            found = gradients.direction(method, step)
            loss = base
            if found.x is not None:
                with moved(network.params, found.x, step):
                    loss = _robust(plan, images, labels, seed)
                if not np.isfinite(loss):
                    raise InvalidInputError(
                        "step_lengths", f"a step of length {step:g} makes the loss infinite",
                        "Ask for shorter steps.",
                    )  # fmt: skip
            promises[method].append(found.derivative)
            decrease[method].append(base - loss)
            tick()
    shown = points[:, :_FIGURE_IMAGES].double().flatten(2).transpose(0, 1)
    rows, columns = np.triu_indices(plan.m, 1)
    return BatchAudit(
        clean=clean.double().cpu().numpy(),
        losses=gradients.losses,
        strong=highest.double().cpu().numpy(),
        blocks=gradients.blocks,
        joint=gradients.inner.joint,
        rho_coupled=(coupled.lower_bound, coupled.norm),
        rho_product=gradients.rho_product,
        mean_norm=gradients.mean_norm,
        promised={k: tuple(v) for k, v in promises.items()},
        base=base,
        decrease={k: tuple(v) for k, v in decrease.items()},
        distances=torch.cdist(shown, shown)[:, rows, columns].cpu().numpy(),
    )


def run_attack(model: nn.Module, attack: AttackLike, images: Tensor, labels: Tensor) -> Tensor:
    """Return the perturbed images of one run; the network is left as it was."""
    with torch.inference_mode(False), torch.enable_grad(), guarded(model), in_mode(model, "eval"):
        found = attack(images, labels)
    if not isinstance(found, Tensor) or found.shape != images.shape:
        what = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise InvalidInputError(
            "attack", f"returns {what} for images of shape {tuple(images.shape)}",
            "It must return the perturbed images alone.",
        )  # fmt: skip
    return found.detach().to(images)


def _adversaries(plan: Plan, images: Tensor, labels: Tensor) -> Tensor:
    """Return m independent runs (m, B, ...)."""
    if isinstance(plan.attack, Attack):  # all of them as one batch
        return plan.attack.search(images, labels, restarts=plan.m).images
    runs = [run_attack(plan.network.model, plan.attack, images, labels) for _ in range(plan.m)]
    return torch.stack(runs)


def _robust(plan: Plan, images: Tensor, labels: Tensor, seed: int) -> float:
    """Return the batch's mean loss under the fresh attack, from the same starts every time."""
    with seeded(seed + 2, images.device, plan.fresh):
        points = run_attack(plan.network.model, plan.fresh, images, labels)
    return float(plan.network.values(points, labels).double().mean())


@contextmanager
def moved(params: Sequence[Tensor], x: Gradient, step: float) -> Iterator[None]:
    """Walk the distance `step` along minus x, and back to the very same numbers."""
    factor = step / length(x)
    before = [p.detach().clone() for p in params]
    try:
        with torch.no_grad():
            for p, piece in zip(params, x, strict=True):
                if piece is not None:
                    p.sub_(piece, alpha=factor)
        yield
    finally:
        with torch.no_grad():
            for p, value in zip(params, before, strict=True):
                p.copy_(value)


@contextmanager
def seeded(seed: int, device: torch.device, attack: AttackLike | None = None) -> Iterator[None]:
    """Let an attack start from a seed, and give back the generators as they were.

    An attack of this package draws from its own generator, another library's from torch's global
    one.
    """
    own = attack.generator if isinstance(attack, Attack) else None
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            if isinstance(attack, Attack):
                attack.generator = torch.Generator(device).manual_seed(seed)
            yield
    finally:
        if isinstance(attack, Attack):
            attack.generator = own


def _check_finite(gradients: BatchGradients) -> None:
    if not np.isfinite(gradients.losses).all():
        raise InvalidInputError(
            "model", "its loss at an adversarial image is NaN or infinite",
            "Audit a network whose training has not diverged, with images of its own kind.",
        )  # fmt: skip
    if not (np.isfinite(gradients.blocks).all() and np.isfinite(gradients.inner.joint).all()):
        raise InvalidInputError(
            "model", "a gradient is NaN or infinite", "Look at its losses and activations first."
        )
