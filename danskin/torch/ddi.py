"""`DDi`: m adversaries, m gradients, one direction in ``p.grad`` (Algorithm 1, on networks)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.torch.arguments import (
    Loss,
    check_images,
    check_labels,
    check_model,
    refuse_ambient_half,
    refuse_half,
)
from danskin.torch.call import Call, Gate
from danskin.torch.combination import summarise
from danskin.torch.gradients import NetworkLoss
from danskin.torch.methods import METHODS
from danskin.torch.modes import Modes, buffers_kept_on_error
from danskin.torch.processes import unwrap
from danskin.torch.report import Report
from danskin.torch.schedule import Schedule, check_count
from danskin.torch.settings import make_settings
from danskin.torch.writing import accumulate

__all__ = ["METHODS", "DDi"]


class DDi:
    """Danskin's descent direction for adversarial training, in place of ``loss.backward()``.

    Parameters
    ----------
    model : torch.nn.Module
        Takes images, returns logits. A DistributedDataParallel module is unwrapped.
    attack : callable
        ``attack(images, labels) -> adversarial images``: `PGD`, or any other library's.
    m : int or callable
        Number of adversaries, or a schedule ``step -> m`` such as `linear_decay`.
    method : str
        Which adversaries, weighted how:
        "single" (one: adversarial training), "mean", "max" and "min" (for each image the
        adversary of highest loss, of least gradient norm), "coupled" (the paper's Algorithm 1:
        the min-norm point of m joint gradients), "comb" (m mixtures of two runs), "product" (one
        simplex an image), "step_aware" (gradients counted by their losses), "gated" (one
        adversary, and more only while two of them disagree).
    loss : callable, optional
        ``(logits, labels) -> (B,)``, one loss a sample; by default cross entropy.
    normalize : bool
        Write the unit vector along the combined gradient (the paper's Algorithm 1) in place of the
        combined gradient itself.
    autocast : torch.dtype, optional
        Precision of the attack, e.g. ``torch.bfloat16``. Gradients are computed in the parameters'
        own precision whatever autocast is on around the call, the Gram matrix in float64.
    micro_batch : int, optional
        Samples in one pass of the attack and of the gradients; the direction is still that of the
        whole batch. (BatchNorm in train mode takes the statistics of each micro-batch.)
    process_group : torch.distributed.ProcessGroup, optional
        Processes that each hold a part of the batch; by default a DDP module's own.
    modes : Modes, optional
        Train or eval, for the attack and for the gradients.
    weight_decay : float
        Factor of the parameters that is added to the gradients.
    decay : "objective" or "decoupled"
        With a weight decay: inside the objective, so that every gradient has it before they are
        combined and normalised; or added to what is written, after normalisation. (An optimizer's
        own weight decay is decoupled in this sense.) At a stationary point neither is added.
    generator : torch.Generator, optional
        CPU generator for the mixtures of "comb". By default one of its own, seeded from torch's.
    **settings
        The method's own, see `danskin.torch.settings.Settings`: step, radius, per_sample (for
        "step_aware"), memory_budget, tol, max_iterations ("product"), every, cosine, spread
        ("gated"). One that the method would ignore is refused.

    Attributes
    ----------
    calls : int
        Completed calls of `backward`; what the schedule is asked with.

    Examples
    --------
    >>> ddi = DDi(model, PGD(model), m=10)  # doctest: +SKIP
    >>> optimizer.zero_grad()  # doctest: +SKIP
    >>> report = ddi.backward(images, labels)  # doctest: +SKIP
    >>> optimizer.step()  # doctest: +SKIP
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
        generator: torch.Generator | None = None,
        **settings: Any,
    ) -> None:
        self.model, self.team = unwrap(check_model(model), process_group)
        if not callable(attack):
            raise InvalidInputError(
                "attack", f"is a {type(attack).__name__}", "Pass attack(images, labels) -> images."
            )
        self.attack = attack
        self.m = m if callable(m) else check_count(m, "m")
        if method not in METHODS:
            raise InvalidInputError("method", f"is {method!r}", f"Take one of {list(METHODS)}.")
        self.method = method
        if loss is not None and not callable(loss):
            raise InvalidInputError(
                "loss", f"is a {type(loss).__name__}", "Pass loss(logits, labels) -> (B,)."
            )
        self.loss = loss
        self.normalize = bool(normalize)
        refuse_half(autocast, "autocast")
        self.autocast = autocast
        self.micro_batch = None if micro_batch is None else check_count(micro_batch, "micro_batch")
        self.modes = Modes() if modes is None else modes
        self.weight_decay, self.decay = _check_decay(weight_decay, decay)
        self.settings = make_settings(method, settings)
        self.generator = _own_generator() if generator is None else generator
        self.gate = Gate()
        self.calls = 0

    def backward(self, images: Tensor, labels: Tensor) -> Report:
        """Add the method's gradient to ``p.grad``, as ``loss.backward()`` would.

        Frozen parameters and those that the loss does not reach are left alone. At a stationary
        point nothing is added, and the report says so.

        Parameters
        ----------
        images : (B, ...) tensor
        labels : (B,) int64 tensor
            Or whatever the loss takes.

        Returns
        -------
        Report

        Raises
        ------
        InvalidInputError
            If the batch, the attack's answer or the loss is not what is said here, or a loss or a
            gradient is NaN or infinite. Nothing is written then, buffers included.
        """
        images = check_images(images, unit=False)
        labels = check_labels(labels, images)
        refuse_ambient_half(images.device.type)
        m = self.m if isinstance(self.m, int) else check_count(self.m(self.calls), "m")
        highest = None
        if self.loss is None and not labels.is_floating_point():
            highest = int(labels.max())
        call = Call(
            images=_ordinary(images),
            labels=_ordinary(labels),
            attack=self.attack,
            attack_mode=self.modes.attack,
            autocast=self.autocast,
            network=NetworkLoss(
                self.model, self.loss, self.modes.gradients, self.micro_batch, highest
            ),
            decay=self.weight_decay if self.decay == "objective" else 0.0,
            settings=self.settings,
            team=self.team,
            gate=self.gate,
            generator=self.generator,
        )
        params = call.network.params
        # Gradients written in inference mode could not be used outside it.
        with torch.inference_mode(False), buffers_kept_on_error(self.model):
            found = METHODS[self.method](call, m)
            report = summarise(
                self.method,
                found,
                call.clock,
                normalize=self.normalize,
                attacks=call.attacks,
                gradients=call.samples / len(images),
            )
            if not report.stationary:
                accumulate(params, found.x, 1 / report.norm if self.normalize else found.scale)
                if self.decay == "decoupled" and self.weight_decay:
                    kept = [
                        None if piece is None else p.detach()
                        for p, piece in zip(params, found.x, strict=True)
                    ]
                    accumulate(params, kept, self.weight_decay)
        self.calls += 1
        return report

    def __repr__(self) -> str:
        return f"DDi({self.method}, m={self.m}, attack={self.attack!r}, normalize={self.normalize})"


def _check_decay(
    weight_decay: Any, decay: Any
) -> tuple[float, Literal["objective", "decoupled"] | None]:
    try:
        value = float(weight_decay)
    except (TypeError, ValueError) as error:
        raise InvalidInputError("weight_decay", f"is {weight_decay!r}", "Take a number.") from error
    if not 0 <= value < float("inf"):
        raise InvalidInputError("weight_decay", f"is {weight_decay!r}", "Take a number, 0 or more.")
    if decay not in (None, "objective", "decoupled"):
        raise InvalidInputError("decay", f"is {decay!r}", "Take 'objective' or 'decoupled'.")
    if value and decay is None:
        raise InvalidInputError(
            "decay",
            "is not given beside a weight decay",
            "Say 'objective' (before combining and normalising) or 'decoupled' (after).",
        )
    return value, decay


def _ordinary(tensor: Tensor) -> Tensor:
    """Return a tensor that autograd can use, whatever mode the caller is in."""
    if not tensor.is_inference():
        return tensor.detach()
    with torch.inference_mode(False):
        return tensor.clone()


def _own_generator() -> torch.Generator:
    return torch.Generator().manual_seed(int(torch.randint(2**62, (), device="cpu")))
