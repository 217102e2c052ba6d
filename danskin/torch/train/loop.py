"""The loop: epoch by epoch, every method in each, so that an interrupted run still compares."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from danskin.errors import InvalidInputError
from danskin.torch.attacks import PGD
from danskin.torch.data import Images
from danskin.torch.ddi import DDi
from danskin.torch.models import Architecture, architecture, build_model
from danskin.torch.train.evaluate import Accuracy, accuracy
from danskin.torch.train.side_by_side import RECIPES, TrainConfig

__all__ = ["EpochRecord", "Run", "check_size", "train"]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of one method.

    Attributes
    ----------
    method : str
    epoch : int
        From 1.
    steps, attacks : int
        Of this epoch; `attacks` counts runs of the attack on a batch.
    learning_rate : float
    loss : float
        Mean over the epoch of the highest loss seen of each image, at the weights of each step.
    step_length : float
        Mean length of a step in the space of the parameters.
    conflict : float
        Mean share of negative inner products between the gradients of a step; NaN where there is
        one only.
    stationary : int
        Steps at which nothing was added.
    seconds : float
        Of training, evaluation not counted.
    accuracy : Accuracy or None
        On the held-out images, where this epoch is measured.
    note : str
        Why the method stopped, if it did.
    """

    method: str
    epoch: int
    steps: int
    attacks: int
    learning_rate: float
    loss: float
    step_length: float
    conflict: float
    stationary: int
    seconds: float
    accuracy: Accuracy | None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; NaN is None."""
        plain = {k: v for k, v in vars(self).items() if k != "accuracy"}
        plain = {k: None if v != v else v for k, v in plain.items()}
        return plain | (self.accuracy.to_dict() if self.accuracy else {})


@dataclass
class Run:
    """One method's network on its way.

    Attributes
    ----------
    method : str
    model : torch.nn.Module
    arch : Architecture
        Of the network, for its file.
    attack : PGD
    ddi : DDi
    optimizer : torch.optim.SGD
    stopped : bool
        Whether it diverged.
    """

    method: str
    model: nn.Module
    arch: Architecture
    attack: PGD
    ddi: DDi
    optimizer: torch.optim.SGD
    stopped: bool = False


def train(
    config: TrainConfig,
    training: Images,
    held_out: Images,
    *,
    started: Callable[[list[Run]], None] = lambda runs: None,
    tick: Callable[[str, int], None] = lambda method, epoch: None,
) -> Iterator[EpochRecord]:
    """Train each method for the configured epochs; yield a record an epoch and method.

    Parameters
    ----------
    config : TrainConfig
    training, held_out : Images
    started : callable
        Given the runs before the first step; their networks are the ones that are trained.
    tick : callable
        Told the method and the epoch after each step.

    Raises
    ------
    InvalidInputError
        The training set is smaller than a batch.
    """
    check_size(config, training)
    runs = [_start(config, method, training) for method in config.methods]
    started(runs)
    for epoch in range(config.epochs):
        for run in runs:
            if not run.stopped:
                yield _epoch(config, run, epoch, training, held_out, tick)


def check_size(config: TrainConfig, training: Images) -> None:
    """Raise if there are fewer images than a batch takes."""
    if len(training) < config.batch_size:
        raise InvalidInputError(
            "batch_size", f"is {config.batch_size}, and there are {len(training)} images",
            "Take smaller batches.",
        )  # fmt: skip


def _start(config: TrainConfig, method: str, training: Images) -> Run:
    recipe = RECIPES[method]
    arch = architecture(
        config.arch,
        activation=config.activation,
        norm=config.norm,
        shape=training.shape,
        classes=training.classes,
        hidden=config.hidden or (128, 128),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # every method starts from the same weights
        model = build_model(arch)
    attack = PGD(model, config.eps, config.alpha, config.steps, validate=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.rate(method, 0))
    settings: dict[str, Any] = {}
    if recipe.method == "step_aware":  # its direction depends on the step, whose length decays
        settings["step"] = lambda: optimizer.param_groups[0]["lr"]
    ddi = DDi(
        model, attack, m=config.m if recipe.several else 1, method=recipe.method,
        normalize=recipe.normalize, **settings,
    )  # fmt: skip
    return Run(method, model, arch, attack, ddi, optimizer)


def _epoch(
    config: TrainConfig,
    run: Run,
    epoch: int,
    training: Images,
    held_out: Images,
    tick: Callable[[str, int], None],
) -> EpochRecord:
    rate = config.rate(run.method, epoch)
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    order = _generator(config.seed, epoch, 0)
    run.attack.generator = _generator(config.seed, epoch, 1)
    run.ddi.generator = _generator(config.seed, epoch, 2)
    steps = attacks = stationary = 0
    losses, lengths, conflicts = [], [], []
    note, start = "", time.perf_counter()
    run.model.train()
    for images, labels in training.batches(config.batch_size, order, drop_last=True):
        run.optimizer.zero_grad()
        try:
            report = run.ddi.backward(images, labels)
        except InvalidInputError as error:
            if error.argument not in ("loss", "gradients"):
                raise
            run.stopped, note = True, f"diverged: {error.argument} {error.problem}"
            break
        run.optimizer.step()
        steps, attacks = steps + 1, attacks + report.attacks
        stationary += report.stationary
        losses.append(report.loss)
        if not report.stationary:
            lengths.append(rate * (1.0 if report.normalized else report.norm))
        if report.gradients > 1:
            conflicts.append(report.conflict)
        tick(run.method, epoch)
    seconds = time.perf_counter() - start
    found = None
    if config.measured(epoch) and not run.stopped:
        judge = PGD(
            run.model, config.eps, config.alpha, config.eval_steps, validate=False,
            generator=_generator(config.seed, epoch, 3),
        )  # fmt: skip
        found = accuracy(run.model, held_out, judge)
    return EpochRecord(
        run.method, epoch + 1, steps, attacks, rate, _mean(losses), _mean(lengths),
        _mean(conflicts), stationary, seconds, found, note,
    )  # fmt: skip


def _generator(seed: int, epoch: int, use: int) -> torch.Generator:
    return torch.Generator().manual_seed(_seed(seed, epoch, use))


def _seed(seed: int, epoch: int, use: int) -> int:
    return (seed * 1_000_003 + epoch) * 16 + use


def _mean(values: list[float]) -> float:
    known = [v for v in values if v == v]
    return math.fsum(known) / len(known) if known else math.nan
