"""Which function is attacked and which is differentiated: train or eval mode, and who restores it.

One choice for every method: the attack sees the network in eval mode (running statistics, no
dropout, as torchattacks and foolbox do), the gradients see it **as the caller left it**, so that
one adversary gives exactly ``loss.backward()``'s gradient. `Modes` switches both, for instance to
the authors' mixture (DDi gradients in eval mode, PGD gradients in train mode).

Running statistics move once for each image of a call: in the gradient pass of the first adversary.
Attacks, further adversaries and evaluations leave every buffer as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import nn

from danskin.errors import InvalidInputError

__all__ = [
    "Mode",
    "Modes",
    "buffers_kept_on_error",
    "couples_samples",
    "guarded",
    "in_mode",
    "still",
]

Mode = Literal["eval", "train", "keep"]


@dataclass(frozen=True)
class Modes:
    """Mode of the network during the attack and during the gradients.

    Parameters
    ----------
    attack : "eval", "train" or "keep"
        "keep" leaves every submodule in the mode it is in. Attacks of this package have a
        `mode` of their own, which wins.
    gradients : "eval", "train" or "keep"
        The same for every method. The product methods need one gradient a sample, which
        BatchNorm in train mode does not have; they refuse it.
    """

    attack: Mode = "eval"
    gradients: Mode = "keep"

    def __post_init__(self) -> None:
        for name in ("attack", "gradients"):
            check_mode(getattr(self, name), f"modes.{name}")


def check_mode(mode: Any, argument: str) -> None:
    """Raise unless `mode` is one."""
    if mode not in get_args(Mode):
        raise InvalidInputError(argument, f"is {mode!r}", "Take 'eval', 'train' or 'keep'.")


@contextmanager
def in_mode(model: nn.Module, mode: Mode) -> Iterator[None]:
    """Put the network into a mode and each submodule back into its own afterwards."""
    before = [(module, module.training) for module in model.modules()]
    if mode != "keep":
        # Not model.train(), which some networks override to keep parts of themselves in eval mode.
        model.train(mode == "train")
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


@contextmanager
def still(model: nn.Module) -> Iterator[None]:
    """Leave every buffer as it was: running statistics, power iterations, counters.

    Nothing is looked at and nothing is written that did not move: no device is waited for, and
    graphs of the caller's that hold a buffer stay valid.
    """
    # With this flag off, BatchNorm normalises as before and keeps no record. InstanceNorm does so
    # in train mode only.
    switched = [
        module
        for module in model.modules()
        if isinstance(module, nn.modules.batchnorm._NormBase)
        and module.track_running_stats
        and (isinstance(module, nn.modules.batchnorm._BatchNorm) or module.training)
    ]
    safe = {id(buffer) for norm in switched for buffer in norm.buffers(recurse=False)}
    others = [
        (module, name, buffer, buffer._version, buffer.detach().clone())
        for module in model.modules()
        for name, buffer in module.named_buffers(recurse=False)
        if id(buffer) not in safe
    ]
    for norm in switched:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in switched:
            norm.track_running_stats = True
        with torch.no_grad():
            for module, name, buffer, version, value in others:
                if buffer._version != version:
                    buffer.copy_(value)
                if module._buffers.get(name) is not buffer:
                    setattr(module, name, buffer)


@contextmanager
def guarded(model: nn.Module) -> Iterator[None]:
    """Undo what an attack may leave behind in the network, whether it returns or raises.

    A foreign attack may call ``loss.backward()`` to get at the image's gradient, freeze the
    parameters or change the mode.
    """
    before = [(p, p.requires_grad, p.grad) for p in model.parameters()]
    modes = [(module, module.training) for module in model.modules()]
    for p, _, _ in before:
        p.grad = None
    try:
        with still(model):
            yield
    finally:
        for p, requires_grad, grad in before:
            p.requires_grad_(requires_grad)
            p.grad = grad
        for module, training in modes:
            module.training = training


def couples_samples(model: nn.Module) -> str | None:
    """Return the name of a submodule that mixes the samples of a batch in its present mode."""
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and (
            module.training or module.running_mean is None
        ):
            return name or type(module).__name__
    return None


@contextmanager
def buffers_kept_on_error(model: nn.Module) -> Iterator[None]:
    """Put the buffers back if the work inside raises: NaN must not stay in running statistics."""
    before = [(b, b.detach().clone()) for b in model.buffers()]
    try:
        yield
    except BaseException:
        with torch.no_grad():
            for buffer, value in before:
                buffer.copy_(value)
        raise
