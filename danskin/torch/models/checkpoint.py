"""Networks from and to safetensors files; every key and every shape has to fit.

A checkpoint that is a pickle is never opened: unpickling runs what the file says.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from danskin.errors import InvalidInputError, MissingExtraError
from danskin.torch.models.build import ARCHITECTURES, Architecture, architecture, build_model
from danskin.torch.models.layers import check_choice

__all__ = ["load_model", "network_bytes", "save_model"]

_MAX_BYTES = 4_000_000_000
#: Other people's names for the same tensors.
_RENAMED = (
    (r"c0\.", "conv1."), (r"n0\.", "bn1."), (r"fc\.", "linear."),
    (r"mu$", "normalize.mean"), (r"sd$", "normalize.std"),
)  # fmt: skip
_BLOCK = {"c1": "conv1", "n1": "bn1", "c2": "conv2", "n2": "bn2", "sc": "shortcut"}


def load_model(
    path: str | Path,
    arch: str | None = None,
    *,
    activation: str | None = None,
    norm: str | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> nn.Module:
    """Read a network from a safetensors file.

    Parameters
    ----------
    path : path
        What `save_model` wrote; or weights under the keys of `ResNet` or `MLP` (a leading
        ``module.`` is dropped). Classes and channels are read off the shapes.
    arch : "resnet18", "resnet20", "resnet8" or "mlp", optional
        Needed where the file does not say it (files of `save_model` do).
    activation, norm : str, optional
        Where they are not the architecture's defaults.
    mean, std : sequence of float, optional
        The input's normalisation, where the file holds none (neither tensors nor metadata).

    Returns
    -------
    torch.nn.Module
        In eval mode; double precision where the file's weights are.

    Raises
    ------
    InvalidInputError
        Names the file, the key and the shape: missing and unknown keys, wrong shapes, weights
        that are not finite floating-point numbers, files that are not safetensors.
    """
    path = Path(path)
    state, metadata = _read(path)
    said = _said(path, metadata)
    if arch is None and said is None:
        raise InvalidInputError(
            str(path), "the file does not say its architecture",
            f"Pass arch: {', '.join(ARCHITECTURES)}.",
        )  # fmt: skip
    state = {_renamed(key): value for key, value in state.items()}
    state = _with_normalization(path, state, metadata, mean, std)
    if said is not None and arch in (None, said.name):
        chosen = architecture(
            said.name, activation=activation or said.activation, norm=norm or said.norm,
            shape=said.shape, classes=said.classes, hidden=said.hidden,
        )  # fmt: skip
    else:
        chosen = _from_shapes(path, str(arch), activation, norm, state)
    # The values are replaced at once; what is needed here are the shapes.
    ones = [1.0] * chosen.shape[0]
    model = build_model(chosen, mean=ones, std=ones)
    _check(path, model, state)
    if any(value.dtype == torch.float64 for value in state.values()):
        model = model.double()
    model.load_state_dict(state, strict=False)  # strictness is _check's
    return model.eval()


def save_model(path: str | Path, model: nn.Module, arch: Architecture) -> None:
    """Write a network's state and its architecture; `load_model` reads it back."""
    Path(path).write_bytes(network_bytes(model, arch))


def network_bytes(model: nn.Module, arch: Architecture) -> bytes:
    """Return what `save_model` writes."""
    state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    return _safetensors().save(state, metadata={"danskin": json.dumps(arch.to_dict())})


def _safetensors() -> Any:
    try:
        import safetensors.torch
    except ImportError:
        raise MissingExtraError("safetensors", "torch") from None
    return safetensors.torch


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    _safetensors()
    import safetensors

    if not path.is_file():
        raise InvalidInputError(
            str(path), "there is no such file", "Name a .safetensors file with a network's weights."
        )
    if path.stat().st_size > _MAX_BYTES:
        raise InvalidInputError(str(path), "the file is larger than 4 GB", "Is it the right file?")
    try:
        with safetensors.safe_open(str(path), "pt") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            return state, file.metadata() or {}
    except (safetensors.SafetensorError, OSError, ValueError, TypeError) as error:
        raise InvalidInputError(
            str(path), f"it is not a safetensors file ({str(error)[:100]})",
            "Convert it with safetensors.torch.save_file; danskin unpickles no checkpoint, since "
            "that runs what the file says.",
        ) from None  # fmt: skip


def _said(path: Path, metadata: Mapping[str, str]) -> Architecture | None:
    text = metadata.get("danskin")
    if text is None:
        return None
    try:
        data = json.loads(text)
        shape, hidden = data["shape"], data["hidden"]
        name, classes = data["name"], data["classes"]
        sizes = [*shape, *hidden, classes]
        if len(shape) != 3 or not all(type(s) is int and 0 < s <= 100_000 for s in sizes):
            raise ValueError("a size is not a positive whole number")
        return architecture(
            name, activation=data["activation"], norm=data["norm"], shape=shape,
            classes=classes, hidden=hidden,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInputError(
            str(path), f"its metadata 'danskin' is damaged ({str(error)[:100]})",
            "Write the file again, with save_model.",
        ) from None  # fmt: skip


def _renamed(key: str) -> str:
    key = key.removeprefix("module.")
    for pattern, name in _RENAMED:
        key = re.sub(f"^{pattern}", name, key)
    match = re.fullmatch(r"blocks\.(\d{1,3})\.(\w+)\.(.+)", key)
    if match and match[2] in _BLOCK:
        return f"layer{int(match[1]) + 1}.0.{_BLOCK[match[2]]}.{match[3]}"
    return key


def _with_normalization(
    path: Path,
    state: dict[str, torch.Tensor],
    metadata: Mapping[str, str],
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> dict[str, torch.Tensor]:
    for name, given in (("mean", mean), ("std", std)):
        key = f"normalize.{name}"
        if given is None and key in state:
            continue
        if given is None and name in metadata:
            try:
                given = [float(v) for v in metadata[name].split(",")]
            except ValueError:
                raise InvalidInputError(
                    str(path), f"its metadata {name!r} is not a list of numbers", f"Pass {name}."
                ) from None
        if given is None:
            raise InvalidInputError(
                str(path), f"it holds no {name} of the images (key {key!r} or metadata)",
                f"Pass {name}, one number a channel, for images in [0, 1].",
            )  # fmt: skip
        values = [float(v) for v in given]
        if not all(math.isfinite(v) for v in values) or (name == "std" and min(values) <= 0):
            raise InvalidInputError(
                name, f"{values} cannot normalise images",
                "Give finite numbers, the standard deviations positive.",
            )  # fmt: skip
        state = {**state, key: torch.tensor(values).view(1, -1, 1, 1)}
    return state


def _from_shapes(
    path: Path,
    arch: str,
    activation: str | None,
    norm: str | None,
    state: Mapping[str, torch.Tensor],
) -> Architecture:
    """Read classes, channels and hidden widths off the file; `_check` checks all the rest."""
    check_choice(arch, tuple(ARCHITECTURES), "arch")
    if arch != "mlp":
        first = _shape(path, state, "conv1.weight", 4)
        last = _shape(path, state, "linear.weight", 2)
        return architecture(
            arch, activation=activation, norm=norm, shape=(first[1], 0, 0), classes=last[0]
        )
    keys = [k for k in state if re.fullmatch(r"layers\.\d{1,3}\.weight", k)]
    keys.sort(key=lambda k: int(k.split(".")[1]))
    channels = state["normalize.mean"].numel()
    widths = [_shape(path, state, k, 2)[0] for k in keys or ["layers.0.weight"]]
    pixels = _shape(path, state, "layers.0.weight", 2)[1] // max(channels, 1)
    side = math.isqrt(pixels)
    if side * side != pixels:
        raise InvalidInputError(
            str(path), f"an input of {pixels} pixels is not square",
            "Write the file with save_model, which keeps the shape.",
        )  # fmt: skip
    return architecture(
        arch, activation=activation, norm=norm, shape=(channels, side, side),
        classes=widths[-1], hidden=widths[:-1],
    )  # fmt: skip


def _shape(path: Path, state: Mapping[str, torch.Tensor], key: str, dims: int) -> tuple[int, ...]:
    if key not in state:
        raise _misfit(path, f"key {key!r} is missing", state)
    shape = tuple(state[key].shape)
    if len(shape) != dims or 0 in shape:
        raise _misfit(path, f"key {key!r} has shape {shape}", state)
    return shape


def _check(path: Path, model: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    # The batches a BatchNorm has seen are a count that eval mode and training do not use.
    wanted = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    found = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    for key, value in wanted.items():
        if key not in found:
            raise _misfit(path, f"key {key!r} is missing", found)
        if found[key].shape != value.shape:
            theirs, ours = tuple(found[key].shape), tuple(value.shape)
            raise _misfit(path, f"key {key!r} has shape {theirs}, the network {ours}", found)
        if not found[key].is_floating_point():
            raise _misfit(path, f"key {key!r} holds {found[key].dtype}, not real numbers", found)
        if not bool(torch.isfinite(found[key]).all()):
            raise InvalidInputError(
                str(path), f"key {key!r} holds a NaN or an infinity", "The training diverged?"
            )
        if key == "normalize.std" and not bool((found[key] > 0).all()):
            raise InvalidInputError(str(path), f"key {key!r} is not positive", "Pass std.")
    unknown = [k for k in found if k not in wanted]
    if unknown:
        raise _misfit(path, f"key {unknown[0][:80]!r} is not in the network", found)


def _misfit(path: Path, problem: str, state: Mapping[str, torch.Tensor]) -> InvalidInputError:
    return InvalidInputError(
        str(path), f"{problem} (the file has {len(state)} keys)",
        f"Check arch ({', '.join(ARCHITECTURES)}), activation and norm.",
    )  # fmt: skip
