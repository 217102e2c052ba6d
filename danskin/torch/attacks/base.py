"""What every attack has in common, whatever its inner loop does.

The base class checks the input, puts the network into its mode and back, runs all restarts as one
batch (in chunks that fit a memory budget), cuts the result with the ball and the box, scores it,
and keeps each sample's best restart. A subclass only says how to go up: `_ascend`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.torch.arguments import (
    Loss,
    check_images,
    check_labels,
    check_logits,
    check_model,
    cross_entropy,
    per_sample,
    refuse_half,
)
from danskin.torch.attacks.ball import Start, make_ball
from danskin.torch.modes import Mode, check_mode, in_mode, still
from danskin.torch.processes import bare
from danskin.torch.schedule import check_count

__all__ = ["Adversaries", "Attack"]


@dataclass(frozen=True, eq=False, repr=False)
class Adversaries:
    """What the restarts of an attack found.

    Attributes
    ----------
    images : (m, B, ...) tensor
        The perturbed images of each restart.
    losses : (m, B) tensor
        Their losses, in the mode of the attack.
    """

    images: Tensor
    losses: Tensor

    @property
    def best(self) -> Tensor:
        """Each sample's perturbed image of highest loss (B, ...)."""
        index = torch.where(self.losses.isnan(), -math.inf, self.losses).argmax(dim=0)
        return self.images[index, torch.arange(len(index), device=index.device)]

    def __repr__(self) -> str:
        m, count = self.losses.shape
        return f"Adversaries({m} restarts of {count} images, on {self.losses.device})"


class Attack(ABC):
    """Base class: ``attack(images, labels)`` returns perturbed images of high loss.

    Parameters
    ----------
    model : torch.nn.Module
        Takes images in [0, 1]; its normalisation is inside.
    eps : float
        Radius of the ball, in pixel units of [0, 1].
    norm : "linf" or "l2"
    restarts : int
        Runs from independent starts; each sample keeps the one of highest loss.
    start : "uniform", "corner" or "image"
        Uniform in the ball; a random vertex of the cube (for l_2 a random point of the sphere);
        the image itself.
    loss : callable, optional
        ``(logits, labels) -> (B,)`` to be maximised; by default cross entropy.
    generator : torch.Generator, optional
        Where starts are drawn from. By default one of the attack's own, seeded from torch's global
        one (so ``torch.manual_seed`` decides) and not disturbing it afterwards.
    mode : "eval", "train" or "keep"
        Mode of the network during the attack. No buffer moves in any of them.
    autocast : torch.dtype, optional
        Run the network in this precision, e.g. ``torch.bfloat16``.
    memory_budget : float
        Bytes that the activations of one chunk of restarts may take; restarts beyond it wait
        for the next chunk. At least one restart runs at a time.
    validate : bool
        Look at the values of images and labels. On a GPU this waits for the device once, before
        the attack; nothing inside it waits.
    """

    def __init__(
        self,
        model: nn.Module,
        eps: float,
        *,
        norm: Any = "linf",
        restarts: int = 1,
        start: Start = "uniform",
        loss: Loss | None = None,
        generator: torch.Generator | None = None,
        mode: Mode = "eval",
        autocast: torch.dtype | None = None,
        memory_budget: float = 2**30,
        validate: bool = True,
    ) -> None:
        # Through DistributedDataParallel each forward pass would wait for a backward pass.
        self.model = bare(check_model(model))
        self.eps = check_length(eps, "eps")
        self.ball = make_ball(norm, self.eps)
        self.restarts = check_count(restarts, "restarts")
        if start not in get_args(Start):
            raise InvalidInputError(
                "start", f"is {start!r}", "Take 'uniform', 'corner' or 'image'."
            )
        self.start: Start = start
        self.loss = loss
        if generator is not None and not isinstance(generator, torch.Generator):
            raise InvalidInputError(
                "generator", f"is a {type(generator).__name__}", "Pass a torch.Generator."
            )
        self.generator = generator
        check_mode(mode, "mode")
        self.mode: Mode = mode
        refuse_half(autocast, "autocast")
        self.autocast = autocast
        self.memory_budget = check_length(memory_budget, "memory_budget")
        self.validate = validate
        self._highest: int | None = None
        self._bytes_per_sample: dict[Any, int] = {}
        self._sources: dict[torch.device, torch.Generator] = {}

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return perturbed images (B, ...), the best restart of each sample.

        Parameters
        ----------
        images : (B, ...) tensor
            In [0, 1].
        labels : (B,) int64 tensor
            Or whatever the loss takes.

        Raises
        ------
        InvalidInputError
            If images or labels are not what is said here.
        """
        if self.restarts == 1:  # nothing to choose from: save the scoring pass
            return self._run(images, labels, 1, score=False)[0][0]
        return self.search(images, labels).best

    def search(self, images: Tensor, labels: Tensor, restarts: int | None = None) -> Adversaries:
        """Return all restarts with their losses.

        Parameters
        ----------
        images, labels
            As for a call.
        restarts : int, optional
            In place of the attack's own number.
        """
        count = self.restarts if restarts is None else check_count(restarts, "restarts")
        points, losses = self._run(images, labels, count, score=True)
        assert losses is not None
        return Adversaries(points, losses)

    @abstractmethod
    def _ascend(self, start: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        """Go up from `start`; ball and box are the base class' business."""

    def _run(
        self, images: Tensor, labels: Tensor, restarts: int, *, score: bool
    ) -> tuple[Tensor, Tensor | None]:
        images = check_images(images, unit=True, look=self.validate)
        labels = check_labels(labels, images, look=self.validate)
        self._highest = None
        if self.loss is None and self.validate and not labels.is_floating_point():
            self._highest = int(labels.max())
        # A caller may be in inference mode, whose tensors autograd cannot use: hence the clone.
        with torch.inference_mode(False), torch.enable_grad(), self._frozen():
            clean, labels = images.detach().clone(), labels.detach().clone()
            points, losses = [], []
            for count in self._chunks(clean, labels, restarts):
                around = _repeat(clean, count)
                targets = _repeat(labels, count)
                start = around
                if self.start != "image":
                    noise = self.ball.random(around, self.start, self._source(clean.device))
                    start = self.ball.project(around + noise, around)
                with torch.enable_grad():
                    found = self._ascend(start, around, targets).detach()
                found = self.ball.clip(found, around)
                points.append(found.view(count, *clean.shape))
                if score:
                    with torch.no_grad():
                        losses.append(self.losses(found, targets).view(count, len(clean)))
        return torch.cat(points), torch.cat(losses) if score else None

    def losses(self, points: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each sample (B,)."""
        device = points.device.type
        with torch.autocast(device, self.autocast) if self.autocast else nullcontext():
            logits = self.model(points)
        if self.loss is None:
            return cross_entropy(check_logits(logits, labels, self._highest), labels)
        return per_sample(self.loss(logits, labels), len(points))

    def input_gradient(self, points: Tensor, labels: Tensor) -> Tensor:
        """Return each sample's gradient of its own loss with respect to its image."""
        points = points.detach().requires_grad_()
        # The sum, not the mean: a large batch must not push small gradients below float32's reach.
        total = self.losses(points, labels).sum()
        return torch.autograd.grad(total, points)[0]

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        """Mode, buffers and parameters as the attack needs them, and back, exceptions included."""
        trained = [p for p in self.model.parameters() if p.requires_grad]
        with still_in(self.model, self.mode):
            for p in trained:
                p.requires_grad_(False)
            try:
                yield
            finally:
                for p in trained:
                    p.requires_grad_(True)

    def _source(self, device: torch.device) -> torch.Generator:
        """Return the generator, or one on this device that is seeded from it."""
        given = self.generator
        if given is not None and given.device.type == device.type:
            return given
        if device not in self._sources:
            # Drawn on the CPU where none was given, so that no device has to be waited for.
            on = "cpu" if given is None else given.device
            seed = int(torch.randint(2**62, (), generator=given, device=on))
            self._sources[device] = torch.Generator(device).manual_seed(seed)
        return self._sources[device]

    def _chunks(self, images: Tensor, labels: Tensor, restarts: int) -> Iterator[int]:
        """Split the restarts into chunks that fit the memory budget."""
        size = 1
        # In train mode the samples of a batch see each other: restarts must not.
        if restarts > 1 and not any(module.training for module in self.model.modules()):
            fits = self.memory_budget // max(self._bytes(images, labels) * len(images), 1)
            size = max(1, min(restarts, int(fits)))
        for first in range(0, restarts, size):
            yield min(size, restarts - first)

    def _bytes(self, images: Tensor, labels: Tensor) -> int:
        """Measure what one sample's forward pass keeps for the backward pass, once a shape."""
        key = (images.shape[1:], images.dtype, self.autocast)
        if key not in self._bytes_per_sample:
            seen: dict[int, int] = {}

            def keep(tensor: Tensor) -> Tensor:
                storage = tensor.untyped_storage()
                seen[storage._cdata] = storage.nbytes()
                return tensor

            own = {p.untyped_storage()._cdata for p in self.model.parameters()}
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                loss = self.losses(images[:1].detach().requires_grad_(), labels[:1])
            del loss
            kept = sum(n for storage, n in seen.items() if storage not in own)
            self._bytes_per_sample[key] = kept + 4 * images[0].numel() * images.element_size()
        return self._bytes_per_sample[key]

    def __repr__(self) -> str:
        norm = type(self.ball).__name__.removesuffix("Ball").lower()
        return f"{type(self).__name__}(eps={self.eps:.4g}, norm={norm!r}, restarts={self.restarts})"


@contextmanager
def still_in(model: nn.Module, mode: Mode) -> Iterator[None]:
    """Put the network into a mode in which no buffer moves."""
    with in_mode(model, mode), still(model):
        yield


def _repeat(tensor: Tensor, count: int) -> Tensor:
    return tensor if count == 1 else tensor.repeat(count, *[1] * (tensor.dim() - 1))


def check_length(value: Any, argument: str) -> float:
    """Return a positive finite float or say what is wrong with it."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(argument, f"is {value!r}", "Take a positive number.") from error
    if not 0 < number < math.inf:
        raise InvalidInputError(argument, f"is {value!r}", "Take a positive number.")
    return number
