"""From a configuration to the things that train: network, attacks, DDi, optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from danskin.errors import DanskinError, InvalidInputError
from danskin.torch.attacks import PGD
from danskin.torch.ddi import DDi
from danskin.torch.models import Architecture, architecture, build_model
from danskin.torch.modes import Modes
from danskin.torch.report import Report
from danskin.torch.schedule import linear_decay
from danskin.torch.settings import USED_BY
from danskin.torch.train.config import AttackConfig, FirstConfig, RunConfig
from danskin.torch.train.draws import Draws
from danskin.torch.train.sets import Sets
from danskin.torch.train.workers import WholeBatchStarts, Workers

__all__ = ["Diverged", "Parts", "build", "set_up"]


class Diverged(DanskinError):
    """The loss, the gradients or the weights are no longer numbers to go on from."""


@dataclass(eq=False)
class Parts:
    """What a run trains with.

    Attributes
    ----------
    model : torch.nn.Module
    arch : Architecture
        Of the network, for its file.
    attack, first : PGD
        That of the run, and that of its first epochs.
    ddi : DDi
    optimizer : torch.optim.SGD
    workers : Workers
    channels_last : bool
    """

    model: nn.Module
    arch: Architecture
    attack: PGD
    first: PGD
    ddi: DDi
    optimizer: torch.optim.SGD
    workers: Workers
    channels_last: bool

    def start_epoch(self, config: RunConfig, epoch: int) -> float:
        """Set the learning rate and the attack of epoch 0, 1, ...; return the rate."""
        rate = config.optimizer.lr * config.factor(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        early = epoch < config.first.share * config.epochs
        self.ddi.attack = self.first if early else self.attack
        self.model.train()
        return rate

    def step(self, images: Tensor, labels: Tensor) -> Report:
        """Train on a batch, or on this process's rows of it.

        Raises
        ------
        Diverged
            A loss or a gradient is NaN or infinite; nothing was changed.
        """
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        self.optimizer.zero_grad()
        try:
            report = self.ddi.backward(images, labels)
        except InvalidInputError as error:
            if error.argument not in ("loss", "gradients"):
                raise
            raise Diverged(f"{error.argument} {error.problem}") from None
        self.optimizer.step()
        self.workers.average_buffers(self.model)
        return report

    def check_finite(self) -> None:
        """Raise `Diverged` if a weight is NaN or infinite."""
        for name, value in self.model.state_dict().items():
            if value.is_floating_point() and not value.isfinite().all():
                raise Diverged(f"{name} holds values that are not finite")


def build(
    config: RunConfig, sets: Sets, device: torch.device, draws: Draws, workers: Workers
) -> Parts:
    """Make everything; the same weights for the same seed, whatever the method."""
    arch = architecture(
        config.model.arch,
        activation=config.model.activation,
        norm=config.model.norm,
        shape=sets.training.shape,
        classes=sets.training.classes,
        hidden=config.model.hidden,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = build_model(arch)
    model = model.to(device)
    if config.compute.channels_last:
        model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if config.compute.compile:
        model.compile()
    attack = _attack(model, config, config.attack, draws, workers)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=config.optimizer.lr, momentum=config.optimizer.momentum,
        nesterov=config.optimizer.nesterov,
    )  # fmt: skip
    return Parts(
        model, arch, attack, _attack(model, config, config.first, draws, workers),
        _ddi(config, model, attack, optimizer, draws, workers, len(sets.training)), optimizer,
        workers, config.compute.channels_last,
    )  # fmt: skip


def set_up(config: RunConfig, device: torch.device) -> None:
    """Set PyTorch's threads; on CUDA allow products in TF32, or forbid them (convolutions do)."""
    threads = config.compute.threads or (config.model.arch == "mlp")
    if threads:
        torch.set_num_threads(int(threads))
    if device.type == "cuda":
        allowed = config.compute.precision != "float32"
        torch.backends.cuda.matmul.allow_tf32 = allowed
        torch.backends.cudnn.allow_tf32 = allowed


def _attack(
    model: nn.Module,
    config: RunConfig,
    how: AttackConfig | FirstConfig,
    draws: Draws,
    workers: Workers,
) -> PGD:
    attack = PGD(
        model, config.attack.eps, how.alpha, how.steps, norm=config.attack.norm, start=how.start,
        decay_after=how.decay_after or None, mode=config.attack.mode, generator=draws.attack,
        validate=False,
    )  # fmt: skip
    if workers.size > 1:
        attack.ball = WholeBatchStarts(attack.ball, workers)
    return attack


def _ddi(
    config: RunConfig,
    model: nn.Module,
    attack: PGD,
    optimizer: torch.optim.SGD,
    draws: Draws,
    workers: Workers,
    images: int,
) -> DDi:
    method = config.method
    names = ("per_sample", "memory_budget", "tol", "max_iterations", "every", "cosine", "spread")
    settings: dict[str, Any] = {n: getattr(method, n) for n in names if method.name in USED_BY[n]}
    if method.name == "step_aware":  # its direction depends on the step, whose length decays
        settings["step"] = lambda: optimizer.param_groups[0]["lr"]
    m: Any = method.m
    if method.last_m:
        m = linear_decay(method.m, method.last_m, config.epochs * (images // config.batch_size))
    return DDi(
        model, attack, m=m, method=method.name, normalize=method.normalize,
        autocast=torch.bfloat16 if config.compute.precision == "bfloat16" else None,
        micro_batch=method.micro_batch or None, process_group=workers.group,
        modes=Modes(attack=config.attack.mode, gradients=method.gradients),
        weight_decay=config.optimizer.weight_decay, decay=config.optimizer.decay,
        generator=draws.mixtures, **settings,
    )  # fmt: skip
