"""The audit: checks, defaults, batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.torch.arguments import Loss, check_images, check_labels, check_model
from danskin.torch.attacks import PGD, Attack
from danskin.torch.auditing.directions import METHODS, NEED_PRODUCT, REFERENCE
from danskin.torch.auditing.measure import AttackLike, Plan, measure_batch, run_attack, seeded
from danskin.torch.auditing.report import AuditReport, BatchAudit
from danskin.torch.gradients import NetworkLoss
from danskin.torch.gram import length
from danskin.torch.modes import couples_samples, in_mode
from danskin.torch.schedule import check_count

__all__ = ["audit"]

#: What is measured unless the caller says otherwise.
DEFAULT_METHODS = ("single", "mean", "max", "coupled", "product", "step_aware")
#: Step lengths are those of plain SGD steps at these learning rates.
_LEARNING_RATES = (0.01, 0.03, 0.1)


def audit(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    eps: float = 8 / 255,
    norm: Any = "linf",
    attack: AttackLike | None = None,
    strong: AttackLike | None = None,
    fresh: AttackLike | None = None,
    m: int = 10,
    methods: Sequence[str] = DEFAULT_METHODS,
    step_lengths: Sequence[float] | None = None,
    loss: Loss | None = None,
    batches: int | None = None,
    batch_size: int = 32,
    generator: torch.Generator | None = None,
    memory_budget: float = 2**31,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AuditReport:
    """Measure whether a network's adversaries conflict, and whether DDi has anything to gain.

    The network is looked at in eval mode throughout, and left exactly as it was.

    Parameters
    ----------
    model : torch.nn.Module
        Takes images, returns logits (or whatever `loss` takes). Frozen parameters stay out of the
        gradients; a network in double precision is audited in double precision.
    images : (N, ...) tensor
        Floating point in [0, 1].
    labels : (N,) tensor
        Class indices, or whatever `loss` takes.
    eps, norm : float, "linf" or "l2"
        The ball of the attacks below. Lengths are in pixel units of [0, 1].
    attack : callable, optional
        ``attack(images, labels) -> perturbed images``, run m times; by default 7 steps of PGD.
    strong : callable, optional
        To compare its losses with; by default PGD with 40 steps and 3 restarts.
    fresh : callable, optional
        Measures the loss before and after each step; by default PGD with 20 steps of
        decaying length, so that it settles. It starts from the same random points each time,
        which are not those of the m adversaries.
    m : int
        Adversaries an image, at least 2.
    methods : sequence of str
        Of `METHODS`; "single" is always among them.
    step_lengths : sequence of float, optional
        In the space of the parameters; by default those of SGD steps along one gradient with
        learning rates 0.01, 0.03 and 0.1, on the first batch.
    loss : callable, optional
        ``(logits, labels) -> (B,)``; by default cross entropy.
    batches, batch_size : int
        The first ``batches * batch_size`` images are used, by default as many whole batches as
        there are, at most 12. A set of fewer than `batch_size` images is one batch.
    generator : torch.Generator, optional
        Where the seeds of the batches come from; by default seed 0.
    memory_budget : float
        Bytes that the gradients may take: one for each image of a batch and adversary. Where
        these are more, they are seen one image at a time, and the directions over the product of
        the images' hulls are left out.
    progress : callable
        Told how many of how many pieces of work are done.

    Returns
    -------
    AuditReport

    Raises
    ------
    InvalidInputError
        Names the argument and the remedy.

    Examples
    --------
    >>> report = dkt.audit(model, images, labels, batches=12)  # doctest: +SKIP
    >>> report.explain()  # doctest: +SKIP
    """
    check_model(model)
    images = check_images(images, unit=True)
    labels = check_labels(labels, images)
    m, batch_size = _at_least_two(m), check_count(batch_size, "batch_size")
    names = _methods(methods)
    classes = loss is None and not labels.is_floating_point()
    highest = int(labels.max()) if classes else None
    network = NetworkLoss(model, loss, "eval", None, highest)
    _separable(model)
    images, labels = _for_network(network, images, labels)
    size = min(batch_size, len(images))
    count = _count(batches, len(images) // size)
    stored, names, notes = _memory(network, m, size, memory_budget, names)
    options: dict[str, Any] = {"norm": norm, "loss": loss}
    attack = attack or PGD(model, eps, eps / 4, 7, **options)
    strong = strong or PGD(model, eps, eps / 4, 40, decay_after=10, restarts=3, **options)
    fresh = fresh or PGD(model, eps, eps / 4, 20, decay_after=5, **options)
    for name, given in (("attack", attack), ("strong", strong), ("fresh", fresh)):
        if not callable(given):
            raise InvalidInputError(name, f"is a {type(given).__name__}", "Pass a callable.")
    if any(isinstance(a, Attack) for a in (attack, strong, fresh)):
        _ascendable(network, images[:1], labels[:1])
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    seeds = torch.randint(2**48, (count,), generator=generator, device=generator.device).tolist()
    if step_lengths is None:
        with seeded(seeds[0], images.device, attack):
            steps, note = _default_steps(network, attack, images[:size], labels[:size])
        notes = (*notes, note)
    else:
        steps = _lengths(step_lengths)
    plan = Plan(network, attack, strong, fresh, m, names, steps, stored)
    total, done = count * (2 + len(names) * len(steps)), 0
    found: list[BatchAudit] = []

    def tick() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    progress(0, total)
    for k in range(count):
        part = slice(k * size, (k + 1) * size)
        # Whatever draws from torch's global generator, e.g. dropout that is always on.
        with seeded(seeds[k], images.device):
            found.append(measure_batch(plan, images[part], labels[part], seeds[k], tick))
    settings = {
        "attack": _described(attack), "strong": _described(strong), "fresh": _described(fresh),
        "eps": float(eps), "norm": str(norm), "parameters": sum(p.numel() for p in network.params),
        "dtype": str(network.params[0].dtype).removeprefix("torch."), "mode": "eval",
    }  # fmt: skip
    return AuditReport(tuple(found), m, names, steps, settings, notes)


def _at_least_two(m: Any) -> int:
    if check_count(m, "m") < 2:
        raise InvalidInputError("m", "is 1, and one adversary cannot conflict", "Take 2 or more.")
    return m


def _methods(methods: Sequence[str]) -> tuple[str, ...]:
    wrong = [name for name in methods if name not in METHODS]
    if wrong or isinstance(methods, str):
        raise InvalidInputError(
            "methods", f"is {wrong or methods!r}", f"Take some of {', '.join(METHODS)}, in a list."
        )
    return tuple(dict.fromkeys((REFERENCE, *methods)))


def _separable(model: nn.Module) -> None:
    with in_mode(model, "eval"):
        name = couples_samples(model)
    if name is not None:
        raise InvalidInputError(
            "model", f"{name!r} has no running statistics, so that even in eval mode every image's "
            "loss depends on the others",
            "Set track_running_stats=True, or use GroupNorm.",
        )  # fmt: skip


def _for_network(network: NetworkLoss, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Bring the data to the network, in its precision, and see that it takes it."""
    first = network.params[0]
    images = images.detach().to(device=first.device, dtype=first.dtype)
    labels = labels.detach().to(first.device)
    try:
        with seeded(0, first.device):
            network.values(images[:1], labels[:1])
    except InvalidInputError:
        raise
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        shape = tuple(images.shape)
        last = len(shape) == 4 and shape[-1] in (1, 3) and shape[1] not in (1, 3)
        remedy = "Pass (N, C, H, W) images of the size it was made for."
        if last:
            remedy = "Channels seem to come last: images.permute(0, 3, 1, 2)."
        raise InvalidInputError(
            "model", f"cannot take images of shape {shape}: {str(error).splitlines()[0][:200]}",
            remedy,
        ) from error  # fmt: skip
    return images, labels


def _ascendable(network: NetworkLoss, image: Tensor, label: Tensor) -> None:
    """Raise if the loss has no gradient with respect to the image, which our attacks follow."""
    point = image.clone().requires_grad_()
    with seeded(0, image.device), network.ready(record=False):
        loss = network.per_sample(point, label).sum()
        found = None
        if loss.requires_grad:
            found = torch.autograd.grad(loss, point, allow_unused=True)[0]
    if found is None:
        raise InvalidInputError(
            "model", "its loss has no gradient with respect to the image",
            "Pass attack, strong and fresh of your own, or do not detach the input.",
        )  # fmt: skip


def _count(batches: int | None, available: int) -> int:
    if batches is None:
        return min(available, 12)
    if check_count(batches, "batches") > available:
        raise InvalidInputError(
            "batches", f"{batches} are asked for, and the images make {available}",
            "Pass more images, or take smaller batches.",
        )  # fmt: skip
    return batches


def _memory(
    network: NetworkLoss, m: int, size: int, budget: float, names: tuple[str, ...]
) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Return whether all gradients are stored, the methods that are left, and a note."""
    one = sum(p.numel() * p.element_size() for p in network.params)
    if m * size * one <= budget:
        return True, names, ()
    if 2 * m * one > budget:  # one image's, and the joint ones
        raise InvalidInputError(
            "memory_budget", f"{2 * m} gradients take {2 * m * one / 2**30:.1f} GiB, and "
            f"{budget / 2**30:.1f} GiB are allowed", "Allow more, or take a smaller m.",
        )  # fmt: skip
    note = (
        f"{m * size} gradients would take {m * size * one / 2**30:.1f} GiB, more than the "
        f"{budget / 2**30:.1f} GiB allowed: left out are {', '.join(NEED_PRODUCT)}."
    )
    return False, tuple(n for n in names if n not in NEED_PRODUCT), (note,)


def _lengths(steps: Sequence[float]) -> tuple[float, ...]:
    found = []
    for step in steps:
        if isinstance(step, bool) or not isinstance(step, (int, float)) or not 0 < step < math.inf:
            raise InvalidInputError("step_lengths", f"holds {step!r}", "Pass positive numbers.")
        found.append(float(step))
    if not found:
        raise InvalidInputError("step_lengths", "is empty", "Pass some, or None for the defaults.")
    return tuple(sorted(set(found)))


def _default_steps(
    network: NetworkLoss, attack: AttackLike, images: Tensor, labels: Tensor
) -> tuple[tuple[float, ...], str]:
    points = run_attack(network.model, attack, images, labels)
    size = length(network.gradient(points, labels, len(points), record=False)[1])
    if not 0 < size < math.inf:
        what = "0" if size == 0 else "NaN or infinite"
        raise InvalidInputError(
            "step_lengths", f"cannot be chosen: the first batch's gradient is {what}",
            "Pass step_lengths, or look at the network: has its training diverged?",
        )  # fmt: skip
    steps = tuple(float(f"{rate * size:.2g}") for rate in _LEARNING_RATES)
    rates = ", ".join(f"{r:g}" for r in _LEARNING_RATES)
    note = f"Step lengths are those of SGD steps with learning rates {rates} on the first batch."
    return steps, note


def _described(attack: AttackLike) -> str:
    if isinstance(attack, PGD):
        decay = f", 1/t after {attack.decay_after}" if attack.decay_after else ""
        return (
            f"PGD-{attack.steps}, eps {attack.eps:.4g}, step {attack.alpha:.4g}{decay}, "
            f"{attack.restarts} restart{'s' * (attack.restarts > 1)}"
        )
    return str(attack)[:200]
