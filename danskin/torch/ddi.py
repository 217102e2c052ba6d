"""`DDi`: m adversaries, m gradients, one direction in ``p.grad`` (Algorithm 1, on networks)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.torch.arguments import Loss, check_images, check_labels, check_model, refuse_half
from danskin.torch.call import Call, Settings
from danskin.torch.combination import summarise
from danskin.torch.gradients import NetworkLoss
from danskin.torch.methods import METHODS
from danskin.torch.modes import Modes, buffers_kept_on_error
from danskin.torch.report import Report
from danskin.torch.schedule import Schedule, check_count
from danskin.torch.writing import accumulate

__all__ = ["METHODS", "DDi"]

log = logging.getLogger(__name__)


class DDi:
    """Danskin's descent direction for adversarial training, in place of ``loss.backward()``.

    Parameters
    ----------
    model : torch.nn.Module
        Takes images, returns logits.
    attack : callable
        ``attack(images, labels) -> adversarial images``: `PGD`, or any other library's.
    m : int or callable
        Number of adversaries, or a schedule ``step -> m`` such as `linear_decay`.
    method : str
        One of `METHODS`.
    loss : callable, optional
        ``(logits, labels) -> (B,)``, one loss a sample; by default cross entropy.
    normalize : bool
        Write the unit vector along the combined gradient (the paper's Algorithm 1).
    autocast : torch.dtype, optional
        Precision of the attack, e.g. ``torch.bfloat16``. Gradients never run below the
        parameters' own precision, and the Gram matrix is float64.
    micro_batch : int, optional
        Samples in one pass of the attack and of the gradients.
    process_group : torch.distributed.ProcessGroup, optional
        Not supported yet.
    modes : Modes, optional
        Train or eval, for the attack and for the gradients.
    """

    def __init__(
        self,
        model: nn.Module,
        attack: Callable[[Tensor, Tensor], Tensor],
        *,
        m: int | Schedule = 10,
        method: str = "coupled",
        loss: Loss | None = None,
        normalize: bool = False,
        autocast: torch.dtype | None = None,
        micro_batch: int | None = None,
        process_group: Any = None,
        modes: Modes | None = None,
        weight_decay: float = 0.0,
        decay: Literal["objective", "decoupled"] | None = None,
    ) -> None:
        self.model = check_model(model)
        if not callable(attack):
            raise InvalidInputError("attack", f"is a {type(attack).__name__}", "Pass a callable.")
        self.attack = attack
        self.m = m if callable(m) else check_count(m, "m")
        if method not in METHODS:
            raise InvalidInputError("method", f"is {method!r}", f"Take one of {list(METHODS)}.")
        self.method = method
        self.loss = loss
        self.normalize = bool(normalize)
        refuse_half(autocast, "autocast")
        self.autocast = autocast
        self.micro_batch = None if micro_batch is None else check_count(micro_batch, "micro_batch")
        self.modes = Modes() if modes is None else modes
        self.weight_decay = float(weight_decay)
        self.decay = decay
        self.steps = 0

    def backward(self, images: Tensor, labels: Tensor) -> Report:
        """Add the method's gradient to ``p.grad``, as ``loss.backward()`` would.

        Parameters
        ----------
        images, labels : tensors
            A batch (B, ...) and its labels (B,).

        Returns
        -------
        Report
        """
        images = check_images(images, unit=False)
        labels = check_labels(labels, images)
        m = self.m if isinstance(self.m, int) else check_count(self.m(self.steps), "m")
        network = NetworkLoss(self.model, self.loss, self.modes.gradients, self.micro_batch)
        call = Call(
            images=images.detach(),
            labels=labels.detach(),
            attack=self.attack,
            attack_mode=self.modes.attack,
            autocast=self.autocast,
            network=network,
            decay=self.weight_decay if self.decay == "objective" else 0.0,
            settings=Settings(),
        )
        with buffers_kept_on_error(self.model):
            found = METHODS[self.method](call, m)
            report = summarise(
                self.method,
                found,
                normalize=self.normalize,
                attacks=call.attacks,
                gradients=round(call.gradients),
                clock=call.clock,
            )
            if not report.stationary:
                factor = 1 / report.norm if self.normalize else found.scale
                accumulate(network.params, found.x, factor)
        self.steps += 1
        return report
