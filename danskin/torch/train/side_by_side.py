"""Several methods side by side: same start, same batches, same attack, epoch by epoch.

What differs between the runs is the direction of the step, and for the normalised ones its length.
Every method trains an epoch before any trains the next, so that an interrupted run still compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from danskin.errors import InvalidInputError
from danskin.torch.train.build import Diverged
from danskin.torch.train.config import RunConfig
from danskin.torch.train.loop import Trainer
from danskin.torch.train.record import EpochRecord

__all__ = ["RECIPES", "Recipe", "side_by_side", "train_together"]


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

#: What suits the digits, an MLP and one thread (with tensors so small, several mostly wait for each
#: other), and what suits anything else.
_DIGITS = {
    "epochs": 30, "model.arch": "mlp", "model.norm": "none", "attack.eps": 0.1,
    "optimizer.lr": 0.2, "compute.threads": 1,
}  # fmt: skip
_IMAGES = {"epochs": 10, "model.arch": "resnet8", "attack.eps": 8 / 255, "optimizer.lr": 0.1}
_BOTH = {
    "batch_size": 64, "method.m": 4, "data.validation": 0.0, "optimizer.weight_decay": 0.0,
    "augmentation.crop": 0, "augmentation.flip": False,
}  # fmt: skip


def side_by_side(
    data: str = "digits", *, methods: Sequence[str] = DEFAULT, **changes: Any
) -> dict[str, RunConfig]:
    """Return the configurations of some methods on small networks, equal in all but the method.

    Parameters
    ----------
    data : "digits", "cifar10" or a folder
    methods : sequence of str
        Of `RECIPES`.
    **changes
        Of `RunConfig`, under dotted keys; ``method.m`` and ``method.last_m`` count
        for those that look at several.

    Raises
    ------
    InvalidInputError
        Names the key and the remedy.
    """
    for name in methods:
        if name not in RECIPES:
            raise InvalidInputError(
                "method", f"{name!r} is unknown", f"Use some of {', '.join(RECIPES)}."
            )
    if not methods:
        raise InvalidInputError("method", "there is none", f"Use some of {', '.join(RECIPES)}.")
    base = _BOTH | (_DIGITS if data == "digits" else _IMAGES) | {"data.source": str(data)} | changes
    several = {k: base.pop(k) for k in ("method.m", "method.last_m") if k in base}
    common = RunConfig.from_dict(base)
    found = {}
    derived: dict[str, Any] = {}
    # A quarter of the radius, and some twenty measurements, unless said otherwise.
    if "attack.alpha" not in changes:
        derived["attack.alpha"] = common.attack.eps / 4
    if "evaluation.eps" not in changes:
        derived["evaluation.eps"] = common.attack.eps
    if "evaluation.alpha" not in changes:
        derived["evaluation.alpha"] = derived.get("evaluation.eps", common.evaluation.eps) / 4
    if "evaluation.every" not in changes:
        derived["evaluation.every"] = max(1, -(-common.epochs // 20))
    for name in dict.fromkeys(methods):
        recipe = RECIPES[name]
        found[name] = common.override(derived | {
            "name": name, "method.name": recipe.method, "method.normalize": recipe.normalize,
            "method.m": 1,
        })  # fmt: skip
        # Also for those that look at one: a number that cannot be is named whatever the methods.
        found[name].override({"method.name": "mean"} | several)
        if recipe.several:
            found[name] = found[name].override(several)
    return found


def train_together(
    trainers: Mapping[str, Trainer],
    stopped: Callable[[Diverged], None] = lambda error: None,
) -> Iterator[EpochRecord]:
    """Train epoch by epoch, all in each; one that diverges stops, and the others go on.

    Parameters
    ----------
    trainers : mapping of str to Trainer
        Those behind, after a resume, catch up first.
    stopped : callable
        Told why one stopped.
    """
    running = {name: trainer.epochs() for name, trainer in trainers.items()}
    try:
        while running:
            name = min(running, key=lambda n: trainers[n].at.epoch)
            try:
                yield next(running[name])
            except StopIteration:
                del running[name]
            except Diverged as error:
                stopped(error)
                del running[name]
    finally:
        for trainer in trainers.values():
            trainer.close()
