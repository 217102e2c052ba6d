"""Architectures by name, each with the choices under which it is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from danskin.errors import InvalidInputError
from danskin.torch.models.layers import ACTIVATIONS, NORMS, check_choice
from danskin.torch.models.mlp import MLP
from danskin.torch.models.resnet import ResNet

__all__ = ["ARCHITECTURES", "Architecture", "architecture", "build_model"]

#: Mean and standard deviation of CIFAR-10's training images, and of the digits.
_CIFAR = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
_GREY = ((0.5,), (0.5,))


@dataclass(frozen=True)
class Architecture:
    """A network as data: everything that `build_model` needs, ready for JSON.

    Attributes
    ----------
    name : str
        One of `ARCHITECTURES`.
    activation, norm : str
        `norm` is "none" for the MLP.
    shape : (channels, height, width)
        A residual network reads the channels only.
    classes : int
    hidden : tuple of int
        The MLP's hidden widths; empty for the others.
    """

    name: str
    activation: str
    norm: str
    shape: tuple[int, int, int]
    classes: int
    hidden: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class _Kind:
    activation: str
    norm: str
    blocks: tuple[int, ...] = ()
    width: int = 0
    shortcut: str = "projection"
    max_groups: int = 8


#: ResNet-20 is by default the published one (ReLU, BatchNorm, option A); ResNet-18 the paper's
#: (CELU, GroupNorm); ResNet-8 a small one of the same make.
ARCHITECTURES: dict[str, _Kind] = {
    "resnet18": _Kind("celu", "group", (2, 2, 2, 2), 64, max_groups=32),
    "resnet20": _Kind("relu", "batch", (3, 3, 3), 16, "pad"),
    "resnet8": _Kind("celu", "group", (1, 1, 1), 16),
    "mlp": _Kind("celu", "none"),
}


def architecture(
    name: str,
    *,
    activation: str | None = None,
    norm: str | None = None,
    shape: Sequence[int] = (3, 32, 32),
    classes: int = 10,
    hidden: Sequence[int] = (128, 128),
) -> Architecture:
    """Fill in the defaults of an architecture and check the choices.

    Raises
    ------
    InvalidInputError
        Names the argument and the choices.
    """
    kind = ARCHITECTURES[check_choice(name, tuple(ARCHITECTURES), "arch")]
    activation = check_choice(activation or kind.activation, tuple(ACTIVATIONS), "activation")
    if kind.norm == "none":
        if norm not in (None, "none"):
            raise InvalidInputError("norm", f"{name} has no normalisation layers", "Leave it out.")
    else:
        check_choice(norm or kind.norm, NORMS, "norm")
    channels, height, width = (int(s) for s in shape)
    return Architecture(
        name,
        activation,
        norm or kind.norm,
        (channels, height, width),
        int(classes),
        tuple(int(h) for h in hidden) if kind.norm == "none" else (),
    )


def build_model(
    arch: str | Architecture,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    **choices: Any,
) -> nn.Module:
    """Return a freshly initialised network on images in [0, 1].

    Parameters
    ----------
    arch : "resnet18", "resnet20", "resnet8", "mlp", or an Architecture
    mean, std : sequence of float, optional
        Of the images, one a channel; by default CIFAR-10's, and 0.5 on grey images.
    **choices
        ``activation`` ("celu", "relu"), ``norm`` ("group", "batch"), ``shape``, ``classes``, and
        ``hidden`` for the MLP.

    Raises
    ------
    InvalidInputError
        Names the argument and the choices.
    """
    if isinstance(arch, str):
        arch = architecture(arch, **choices)
    elif choices:
        raise InvalidInputError(next(iter(choices)), "the architecture says it already", "Drop it.")
    channels = arch.shape[0]
    default = _CIFAR if channels == 3 else tuple(v * channels for v in _GREY)
    mean, std = mean or default[0], std or default[1]
    if arch.name == "mlp":
        return MLP(
            arch.shape, arch.hidden, activation=arch.activation, classes=arch.classes,
            mean=mean, std=std,
        )  # fmt: skip
    kind = ARCHITECTURES[arch.name]
    return ResNet(
        kind.blocks,
        kind.width,
        activation=arch.activation,
        norm=arch.norm,
        shortcut=kind.shortcut,
        classes=arch.classes,
        channels=channels,
        mean=mean,
        std=std,
        max_groups=kind.max_groups,
    )
