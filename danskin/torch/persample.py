"""One gradient a sample: stored where they fit, otherwise only multiplied with.

`per_sample_gradients` is ``torch.func.vmap`` of ``grad`` over small chunks of the batch (large
chunks leave the processor's cache). `products` is matrix-free: all ``<x, g_i>`` of a batch are the
one directional derivative ``d/dt L_i(theta + t x)``, a forward-mode pass (jvp).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from danskin.errors import InvalidInputError
from danskin.torch.gradients import NetworkLoss
from danskin.torch.gram import Gradient
from danskin.torch.modes import couples_samples

__all__ = ["per_sample_gradients", "products", "refuse_coupling", "used"]

log = logging.getLogger(__name__)

# Samples of one vmap on a CPU; an accelerator takes whole micro-batches.
CHUNK = 32


def refuse_coupling(network: NetworkLoss) -> None:
    """Raise if a sample's loss depends on the rest of its batch."""
    with network.ready(record=False):
        name = couples_samples(network.model)
    if name is not None:
        raise InvalidInputError(
            "model",
            f"has BatchNorm in train mode ({name}), so a sample has no gradient of its own",
            'Take modes=Modes(gradients="eval"), call .eval() on these modules, or use GroupNorm.',
        )


def per_sample_gradients(
    network: NetworkLoss, images: Tensor, labels: Tensor
) -> Iterator[tuple[slice, Tensor, Gradient]]:
    """Yield, chunk by chunk, the samples, their losses (b,) and gradients, entries (b, *shape)."""
    state = _State(network)

    def loss(values: dict[str, Tensor], image: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        found = state.losses(values, image[None], label[None])[0]
        return found, found.detach()

    one = grad(loss, has_aux=True)
    size = min(network.micro_batch or len(images), CHUNK if images.device.type == "cpu" else 2**30)
    with network.ready(record=False):
        for first in range(0, len(images), size):
            part = slice(first, min(first + size, len(images)))
            try:
                found, losses = vmap(one, in_dims=(None, 0, 0), randomness="different")(
                    state.values, images[part], labels[part]
                )
            except RuntimeError as error:
                log.info("vmap does not take this network (%s): one sample at a time", error)
                losses, found = _one_by_one(network, state, images[part], labels[part])
            yield part, losses, [found[name] for name in state.names]


def used(network: NetworkLoss, images: Tensor, labels: Tensor) -> list[bool]:
    """Say which parameters the first sample's loss depends on."""
    with network.ready(record=False):
        loss = network.per_sample(images[:1], labels[:1]).sum()
        found = torch.autograd.grad(loss, network.params, allow_unused=True)
    return [g is not None for g in found]


def products(
    network: NetworkLoss, images: Tensor, labels: Tensor, x: Gradient
) -> tuple[Tensor, Tensor]:
    """Return the losses (B,) and ``<x, g_i>`` (B,), in one forward-mode pass."""
    state = _State(network)
    direction = {
        name: torch.zeros_like(value) if piece is None else piece.to(value)
        for (name, value), piece in zip(state.values.items(), x, strict=True)
    }
    losses, slopes = [], []
    # The fused attention kernels have neither a forward mode nor a second derivative.
    with network.ready(record=False), sdpa_kernel(SDPBackend.MATH):
        for part in network.parts(len(images)):
            f = state.at(images[part], labels[part])
            with torch.no_grad():
                try:
                    value, slope = jvp(f, (state.values,), (direction,))  # pyright: ignore
                except (RuntimeError, NotImplementedError) as error:
                    log.info("no forward mode for this network (%s): twice backward", error)
                    value, slope = _twice_backward(f, state.values, direction)
            losses.append(value.detach())
            slopes.append(slope.detach())
    return torch.cat(losses), torch.cat(slopes)


class _State:
    """The network as a function of its trainable parameters."""

    def __init__(self, network: NetworkLoss) -> None:
        self.network = network
        wanted = {id(p): p for p in network.params}
        # A shared parameter has several names. A shared module has one, and is not entered twice:
        # functional_call's own tie_weights would leave such a module with the replaced tensors.
        self.aliases: dict[str, str] = {}
        first: dict[int, str] = {}
        for prefix, module in network.model.named_modules():
            for own, p in module.named_parameters(prefix, recurse=False, remove_duplicate=False):
                if id(p) in wanted:
                    self.aliases[own] = first.setdefault(id(p), own)
        self.names = [first[id(p)] for p in network.params]
        self.values = {first[key]: p.detach() for key, p in wanted.items()}

    def losses(self, values: dict[str, Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """Return the losses (B,) at these parameters."""
        every = {name: values[first] for name, first in self.aliases.items()}
        logits = functional_call(self.network.model, every, (images,), tie_weights=False)
        return self.network.score(logits, labels)

    def at(self, images: Tensor, labels: Tensor) -> Callable[[dict[str, Tensor]], Tensor]:
        """Return the losses as a function of the parameters."""
        return lambda values: self.losses(values, images, labels)


def _one_by_one(
    network: NetworkLoss, state: _State, images: Tensor, labels: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    losses: list[Tensor] = []
    rows: list[list[Tensor]] = []
    for i in range(len(images)):
        loss = network.per_sample(images[i : i + 1], labels[i : i + 1])[0]
        found = torch.autograd.grad(loss, network.params, allow_unused=True)
        losses.append(loss.detach())
        rows.append(
            [
                torch.zeros_like(p) if g is None else g
                for p, g in zip(network.params, found, strict=True)
            ]
        )
    columns = [torch.stack(column) for column in zip(*rows, strict=True)]
    return torch.stack(losses), dict(zip(state.names, columns, strict=True))


def _twice_backward(
    f: Callable[[dict[str, Tensor]], Tensor],
    values: dict[str, Tensor],
    direction: dict[str, Tensor],
) -> tuple[Tensor, Tensor]:
    """Do as `jvp` does where it is not implemented: differentiate ``u -> <x, sum u_i g_i>``."""
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in values.items()}
        losses = f(leaves)
        u = torch.zeros_like(losses, requires_grad=True)
        found = torch.autograd.grad(
            losses, list(leaves.values()), u, create_graph=True, allow_unused=True
        )
        pairs = zip(leaves, found, strict=True)
        terms = [(g * direction[name]).sum() for name, g in pairs if g is not None]
        inner = torch.stack(terms).sum()
        return losses.detach(), torch.autograd.grad(inner, u)[0]
