"""Residual networks for small images (He et al. 2016): a 3x3 stem, basic blocks, mean pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional

from danskin.torch.models.layers import ACTIVATIONS, NORMS, Standardize, check_choice, norm_layer

__all__ = ["ResNet"]


class ResNet(nn.Module):
    """A residual network on images in [0, 1].

    The keys of its state are ``conv1, bn1, layer{1,2,..}.{0,1,..}.{conv1,bn1,conv2,bn2}, linear``,
    as in the public CIFAR networks, whichever normalisation ``bn`` is; ``shortcut.{0,1}`` where a
    projection changes the shape; ``normalize.{mean,std}``.

    Parameters
    ----------
    blocks : sequence of int
        Basic blocks per stage; each stage after the first halves height and width.
    width : int
        Channels of the first stage; each stage doubles them.
    activation : "celu" or "relu"
    norm : "group" or "batch"
    shortcut : "projection" or "pad"
        Where the shape changes: a 1x1 convolution with normalisation (option B), or every second
        pixel with the missing channels zero (option A, no parameters).
    classes, channels : int
    mean, std : sequence of float
        Of the images, one a channel.
    max_groups : int
        GroupNorm has ``min(max_groups, width / 4)`` groups.
    """

    def __init__(
        self,
        blocks: Sequence[int],
        width: int,
        *,
        activation: str = "celu",
        norm: str = "group",
        shortcut: str = "projection",
        classes: int = 10,
        channels: int = 3,
        mean: Sequence[float],
        std: Sequence[float],
        max_groups: int = 8,
    ) -> None:
        super().__init__()
        check_choice(norm, NORMS, "norm")
        self.act = ACTIVATIONS[check_choice(activation, tuple(ACTIVATIONS), "activation")]()
        check_choice(shortcut, ("projection", "pad"), "shortcut")
        self.normalize = Standardize(mean, std)

        def normed(channels: int) -> nn.Module:
            return norm_layer(norm, channels, max_groups)

        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1 = normed(width)
        before = width
        for index, count in enumerate(blocks):
            after, first = width * 2**index, 1 if index == 0 else 2
            stage = nn.Sequential()
            for k in range(count):
                stride = first if k == 0 else 1
                stage.append(BasicBlock(before, after, stride, normed, self.act, shortcut))
                before = after
            self.add_module(f"layer{index + 1}", stage)
        self.depth = len(blocks)
        self.linear = nn.Linear(before, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (B, classes) of images (B, channels, H, W) in [0, 1]."""
        out = self.act(self.bn1(self.conv1(self.normalize(images))))
        for index in range(self.depth):
            out = getattr(self, f"layer{index + 1}")(out)
        return self.linear(out.mean(dim=(2, 3)))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a way around them."""

    def __init__(
        self,
        before: int,
        after: int,
        stride: int,
        normed: Callable[[int], nn.Module],
        act: nn.Module,
        shortcut: str,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn1 = normed(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = normed(after)
        self.act = act
        if stride == 1 and before == after:
            self.shortcut: nn.Module = nn.Identity()
        elif shortcut == "pad":
            self.shortcut = _PadShortcut(stride, after - before)
        else:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), normed(after)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output; the activation comes after the sum."""
        out = self.act(self.bn1(self.conv1(x)))
        return self.act(self.bn2(self.conv2(out)) + self.shortcut(x))


class _PadShortcut(nn.Module):
    """Option A: every second pixel; new channels are zero, half of them on either side."""

    def __init__(self, stride: int, extra: int) -> None:
        super().__init__()
        self.stride, self.extra = stride, extra

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x (B, before, H, W) as (B, after, H/stride, W/stride)."""
        low = self.extra // 2
        return functional.pad(
            x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, low, self.extra - low)
        )
