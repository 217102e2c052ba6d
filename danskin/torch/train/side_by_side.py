"""What a training run is, resolved before it starts and saved beside its results."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from danskin.errors import InvalidInputError

__all__ = ["RECIPES", "Recipe", "TrainConfig", "resolve"]


@dataclass(frozen=True)
class Recipe:
    """A name of the command line: a method of `DDi`, and whether its direction has length 1.

    Attributes
    ----------
    method : str
    normalize : bool
        The step's length is then the learning rate; otherwise that times the gradient's length.
    several : bool
        Whether it looks at m adversaries, or at one.
    says : str
    """

    method: str
    normalize: bool
    several: bool
    says: str


RECIPES = {
    "pgd": Recipe("single", False, False, "the gradient at one adversary"),
    "pgd_normalized": Recipe("single", True, False, "the same, normalised as DDi's is"),
    "ddi": Recipe("coupled", True, True, "the paper's: min norm of m gradients, normalised"),
    "step_aware": Recipe("step_aware", False, True, "m gradients weighed with their losses"),
    "coupled": Recipe("coupled", False, True, "min norm of m gradients, not normalised"),
    "mean": Recipe("mean", False, True, "mean of m gradients"),
    "max": Recipe("max", False, True, "each image's worst of m adversaries"),
    "min": Recipe("min", False, True, "each image's adversary of shortest gradient"),
    "comb": Recipe("comb", True, True, "m mixtures of two attacks, min norm, normalised"),
    "product": Recipe("product", False, True, "min norm over all mixtures of m attacks"),
    "gated": Recipe("gated", False, True, "more adversaries only while they disagree"),
}
DEFAULT = ("pgd", "pgd_normalized", "ddi", "step_aware")


@dataclass(frozen=True)
class TrainConfig:
    """A run, resolved: nothing in it is left to defaults of elsewhere.

    Attributes
    ----------
    data : str
        "digits", "cifar10" or a folder.
    methods : tuple of str
        Of `RECIPES`.
    epochs, batch_size : int
    m : int
        Adversaries a step, for the methods that look at several.
    seed : int
        Of weights, order and attacks.
    arch, activation, norm : str
        Of the network.
    hidden : tuple of int
        The MLP's.
    eps, alpha, steps
        The attack in training: l_inf, PGD, uniform start, network in eval mode.
    eval_steps : int
        Of the PGD that measures robust accuracy on the held-out images, same eps and alpha.
    eval_every : int
        Epochs between two measurements; the last epoch is always measured.
    learning_rate : float
        Of the methods that keep the gradient's length.
    step_length : float
        Of the normalised ones.
    threads : int or None
        Of PyTorch, for the caller to set; None leaves it alone. With tensors as small as the
        digits' several threads mostly wait for each other.
    drops : tuple of float
        After these shares of the epochs both are divided by ten.
    """

    data: str
    methods: tuple[str, ...]
    epochs: int
    batch_size: int
    m: int
    seed: int
    arch: str
    activation: str
    norm: str
    hidden: tuple[int, ...]
    eps: float
    alpha: float
    steps: int
    eval_steps: int
    eval_every: int
    learning_rate: float
    step_length: float
    threads: int | None = None
    drops: tuple[float, ...] = (0.5, 0.75)

    def factor(self, epoch: int) -> float:
        """Return what the learning rates are multiplied with in epoch 0, 1, ..."""
        return 0.1 ** sum(epoch >= share * self.epochs for share in self.drops)

    def rate(self, method: str, epoch: int) -> float:
        """Return the learning rate of a method in an epoch."""
        base = self.step_length if RECIPES[method].normalize else self.learning_rate
        return base * self.factor(epoch)

    def measured(self, epoch: int) -> bool:
        """Whether accuracies are measured after this epoch."""
        return (epoch + 1) % self.eval_every == 0 or epoch + 1 == self.epochs

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)


def resolve(
    data: str = "digits",
    *,
    methods: Sequence[str] = DEFAULT,
    epochs: int | None = None,
    seed: int = 0,
    **changes: Any,
) -> TrainConfig:
    """Fill in the defaults that suit the data, and check everything.

    Parameters
    ----------
    data : "digits", "cifar10" or a folder
    methods : sequence of str
        Of `RECIPES`.
    epochs : int, optional
    seed : int
    **changes
        Any other field of `TrainConfig`.

    Raises
    ------
    InvalidInputError
        Names the field and the remedy.
    """
    digits = data == "digits"
    base: dict[str, Any] = {
        "batch_size": 64, "m": 4, "activation": "celu", "steps": 7, "eval_steps": 20,
    }  # fmt: skip
    if digits:
        base |= {"arch": "mlp", "norm": "none", "hidden": (128, 128), "eps": 0.1,
                 "learning_rate": 0.2, "step_length": 0.2, "threads": 1}  # fmt: skip
    else:
        base |= {"arch": "resnet8", "norm": "group", "hidden": (), "eps": 8 / 255,
                 "learning_rate": 0.1, "step_length": 0.1}  # fmt: skip
    unknown = set(changes) - {f.name for f in dataclasses.fields(TrainConfig)}
    if unknown:
        raise InvalidInputError(sorted(unknown)[0], "is no setting of a run", "Drop it.")
    base |= {k: v for k, v in changes.items() if v is not None}
    base.setdefault("alpha", base["eps"] / 4)
    epochs = (30 if digits else 10) if epochs is None else epochs
    base.setdefault("eval_every", max(1, -(-int(epochs) // 20)) if _whole(epochs) else 1)
    config = TrainConfig(
        data=str(data), methods=tuple(dict.fromkeys(methods)), epochs=epochs, seed=seed, **base
    )
    _check(config)
    return config


def _check(config: TrainConfig) -> None:
    for name in config.methods:
        if name not in RECIPES:
            raise InvalidInputError(
                "method", f"{name!r} is unknown", f"Use some of {', '.join(RECIPES)}."
            )
    if not config.methods:
        raise InvalidInputError("method", "there is none", f"Use some of {', '.join(RECIPES)}.")
    for name in ("epochs", "batch_size", "m", "steps", "eval_steps", "eval_every", "threads"):
        value = getattr(config, name)
        if name == "threads" and value is None:
            continue
        if not _whole(value) or not 1 <= value <= 1_000_000:
            raise InvalidInputError(name, f"is {value!r}", "Give a whole number, 1 or more.")
    if not _whole(config.seed) or not 0 <= config.seed < 2**32:
        raise InvalidInputError("seed", f"is {config.seed!r}", "Give a number from 0 to 2^32 - 1.")
    for name in ("eps", "alpha", "learning_rate", "step_length"):
        value = getattr(config, name)
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not (0 < value < math.inf)
        ):
            raise InvalidInputError(name, f"is {value!r}", "Give a positive number.")
    if config.eps > 1:
        raise InvalidInputError("eps", f"is {config.eps}", "Pixels are in [0, 1]: 0.0314 is 8/255.")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
