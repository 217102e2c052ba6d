"""The methods' own settings, each checked, and refused where the method would ignore it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from danskin.errors import InvalidInputError
from danskin.torch.schedule import check_count

__all__ = ["Settings", "make_settings"]


@dataclass(frozen=True)
class Settings:
    """Settings of the methods.

    Attributes
    ----------
    step : float or callable
        step_aware: eta, the learning rate that the optimizer will use; a callable is asked at each
        call. 0.1 by default, the paper's learning rate.
    radius : float
        step_aware: a trust region in its place. What is written has length 1 or less; the
        optimizer's learning rate must be the radius.
    per_sample : bool
        step_aware: one simplex a sample.
    memory_budget : float
        product, step_aware: bytes up to which one gradient for each sample and adversary is stored;
        beyond, the method is matrix-free.
    tol : float
        Matrix-free: relative gap at which to stop.
    max_iterations : int
        Matrix-free: passes over all adversaries.
    every : int
        gated: two adversaries are looked at in one call out of so many, at least.
    cosine : float
        gated: two gradients with a smaller cosine disagree.
    spread : float
        gated: so do losses whose mean absolute difference is a larger part of their mean.
    """

    step: float | Callable[[], float] = 0.1
    radius: float | None = None
    per_sample: bool = False
    memory_budget: float = 2.0**30
    tol: float = 1e-3
    max_iterations: int = 20
    every: int = 10
    cosine: float = 0.9
    spread: float = 0.1

    def eta(self) -> float:
        """Return the step now."""
        return _number(self.step() if callable(self.step) else self.step, "step", 0.0, math.inf)


#: Setting -> the methods that look at it.
USED_BY = {
    "step": ("step_aware",),
    "radius": ("step_aware",),
    "per_sample": ("step_aware",),
    "memory_budget": ("product", "step_aware"),
    "tol": ("product", "step_aware"),
    "max_iterations": ("product", "step_aware"),
    "every": ("gated",),
    "cosine": ("gated",),
    "spread": ("gated",),
}


def make_settings(method: str, given: dict[str, Any]) -> Settings:
    """Check the settings that were given.

    Raises
    ------
    InvalidInputError
        If one is unknown, ignored by the method, or out of range.
    """
    known = [f.name for f in fields(Settings)]
    for name in given:
        if name not in known:
            raise InvalidInputError(name, "is not a setting of DDi", f"There are {known}.")
        if method not in USED_BY[name]:
            raise InvalidInputError(
                name,
                f"is ignored by method {method!r}",
                f"It is for {' and '.join(USED_BY[name])}.",
            )
    if given.get("step") is not None and given.get("radius") is not None:
        raise InvalidInputError("radius", "is given beside a step", "Give one of them.")
    made = Settings(**given)
    made.eta()
    if made.radius is not None:
        _number(made.radius, "radius", 0.0, math.inf)
    _number(made.memory_budget, "memory_budget", -1.0, math.inf)
    _number(made.tol, "tol", 0.0, math.inf)
    _number(made.cosine, "cosine", -1.0, 1.0)
    _number(made.spread, "spread", 0.0, math.inf)
    check_count(made.max_iterations, "max_iterations")
    check_count(made.every, "every")
    return made


def _number(value: Any, name: str, above: float, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(name, f"is {value!r}", "Take a number.") from error
    if not (above < number <= most) or number == math.inf:
        raise InvalidInputError(name, f"is {value!r}", f"Take a finite number above {above:g}.")
    return number
