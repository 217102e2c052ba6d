"""Which values a `RunConfig` may hold, and which of them fit each other."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from danskin.errors import InvalidInputError
from danskin.torch.ddi import METHODS
from danskin.torch.models import architecture
from danskin.torch.settings import USED_BY

if TYPE_CHECKING:
    from danskin.torch.train.config import RunConfig

__all__ = ["check_config"]

#: Key -> least and greatest whole number.
_COUNTS = {
    "epochs": (1, 10**6), "batch_size": (1, 10**6), "seed": (0, 2**32 - 1),
    "data.split_seed": (0, 2**32 - 1), "data.limit": (0, 10**9),
    "attack.steps": (1, 10**5), "attack.decay_after": (0, 10**5),
    "first.steps": (1, 10**5), "first.decay_after": (0, 10**5),
    "method.m": (1, 10**4), "method.last_m": (0, 10**4), "method.max_iterations": (1, 10**6),
    "method.every": (1, 10**6), "method.micro_batch": (0, 10**6), "augmentation.crop": (0, 1000),
    "evaluation.steps": (1, 10**5), "evaluation.restarts": (1, 10**4),
    "evaluation.every": (1, 10**6), "evaluation.images": (0, 10**9),
    "evaluation.batch_size": (1, 10**6), "checkpoint.steps": (0, 10**9),
    "checkpoint.keep": (2, 10**4), "compute.threads": (0, 4096),
}  # fmt: skip
_MOST = 1e9
#: Key -> least (excluded if "open") and greatest number.
_NUMBERS = {
    "data.validation": (0, 0.99, "closed"), "attack.eps": (0, _MOST, "open"),
    "attack.alpha": (0, _MOST, "open"), "first.share": (0, 1, "closed"),
    "first.alpha": (0, _MOST, "open"),
    "method.memory_budget": (0, math.inf, "closed"), "method.tol": (0, _MOST, "open"),
    "method.cosine": (-1, 1, "open"), "method.spread": (0, _MOST, "open"),
    "optimizer.lr": (0, 1e30, "open"), "optimizer.momentum": (0, 0.9999, "closed"),
    "optimizer.weight_decay": (0, _MOST, "closed"), "schedule.gamma": (0, 1, "open"),
    "augmentation.brightness": (0, 1, "closed"), "augmentation.contrast": (0, 1, "closed"),
    "augmentation.saturation": (0, 1, "closed"), "augmentation.rotation": (0, 180, "closed"),
    "evaluation.eps": (0, _MOST, "open"), "evaluation.alpha": (0, _MOST, "open"),
    "checkpoint.minutes": (0, _MOST, "closed"),
}  # fmt: skip
_ONE = ("single",)
_PER_SAMPLE = ("product", "min")


def check_config(config: RunConfig) -> None:
    """Raise `InvalidInputError` with the dotted key of what cannot be."""
    for key, (least, most) in _COUNTS.items():
        value = _at(config, key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidInputError(
                key, f"is {value!r}", f"Give a whole number, {least} or more (at most {most})."
            )
    for key, (least, most, ends) in _NUMBERS.items():
        value = _at(config, key)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise InvalidInputError(key, f"is {value!r}", "Give a number.")
        if not math.isfinite(value) or not (least <= value <= most) or (
            ends == "open" and value == least
        ):  # fmt: skip
            lower = f"above {least}" if ends == "open" else f"{least} or more"
            upper = "" if math.isinf(most) or most == _MOST else f", at most {most}"
            raise InvalidInputError(key, f"is {value!r}", f"Give a number {lower}{upper}.")
    _check_names(config)
    _check_method(config)


def _check_names(config: RunConfig) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", config.name):
        raise InvalidInputError("name", f"is {config.name!r}", "Take letters, digits and - only.")
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", config.compute.device):
        raise InvalidInputError(
            "compute.device", f"is {config.compute.device!r}", "Take auto, cpu, cuda or cuda:0."
        )
    try:
        config.data.source.encode()
    except UnicodeEncodeError:
        raise InvalidInputError(
            "data.source", f"{config.data.source!r} is no valid text", "Rename the folder."
        ) from None
    model = config.model
    try:
        architecture(model.arch, activation=model.activation, norm=model.norm, hidden=model.hidden)
    except InvalidInputError as error:
        raise InvalidInputError(f"model.{error.argument}", error.problem, error.remedy) from None
    if not all(1 <= h <= 100_000 for h in model.hidden):
        raise InvalidInputError("model.hidden", f"is {model.hidden}", "Give positive widths.")
    for key in ("attack.eps", "evaluation.eps"):
        if config.attack.norm == "linf" and _at(config, key) > 1:
            raise InvalidInputError(
                key, f"is {_at(config, key)}", "Pixels are in [0, 1]: 8/255 is 0.0314."
            )
    shares = config.schedule.milestones
    if list(shares) != sorted(shares) or not all(0 <= s <= 1 for s in shares):
        raise InvalidInputError(
            "schedule.milestones", f"is {list(shares)}", "Give ascending shares of the epochs."
        )
    if config.optimizer.nesterov and not config.optimizer.momentum:
        raise InvalidInputError("optimizer.nesterov", "needs a momentum", "Set optimizer.momentum.")


def _check_method(config: RunConfig) -> None:
    method = config.method
    if method.name not in METHODS:
        raise InvalidInputError(
            "method.name", f"is {method.name!r}", f"Take one of {', '.join(METHODS)}."
        )
    for key, none in (("m", 1), ("last_m", 0)):
        value = getattr(method, key)
        if method.name in _ONE and value != none:
            raise InvalidInputError(
                f"method.{key}", f"is {value}, and {method.name} looks at one adversary",
                f"Set it to {none}.",
            )  # fmt: skip
    if method.per_sample and method.name not in USED_BY["per_sample"]:
        raise InvalidInputError(
            "method.per_sample", f"is ignored by {method.name}", "It is for step_aware."
        )
    coupled = config.model.norm == "batch" and method.gradients == "train"
    if coupled and (method.name in _PER_SAMPLE or method.per_sample):
        raise InvalidInputError(
            "method.name",
            f"{method.name} needs per-image gradients, which BatchNorm in train mode does not have",
            "Set method.gradients=eval or model.norm=group.",
        )  # fmt: skip
    if config.compute.compile and (method.name in _PER_SAMPLE or method.per_sample):
        raise InvalidInputError(
            "compute.compile", f"does not go with the per-image gradients of {method.name}",
            "Leave it out.",
        )  # fmt: skip


def _at(config: Any, key: str) -> Any:
    for name in key.split("."):
        config = getattr(config, name)
    return config
