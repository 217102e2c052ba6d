"""Reading the arguments of `descend`: names, counts, and step sizes given in three ways."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.exact import exact_number, to_float
from danskin.expression import NumericFunction, parse, symbols_for

__all__ = ["constant", "integer", "one_of", "step_sizes"]


def one_of(argument: str, value: Any, allowed: Sequence[str]) -> Any:
    """Return `value` if it is one of the allowed words; name the closest one otherwise."""
    if isinstance(value, str) and value in allowed:
        return value
    close = difflib.get_close_matches(str(value), allowed, n=1)
    remedy = f"Did you mean {close[0]!r}? " if close else ""
    names = ", ".join(map(repr, allowed))
    raise InvalidInputError(argument, f"{value!r} is unknown", f"{remedy}Use one of {names}.")


def integer(argument: str, value: Any, least: int) -> int:
    """Return `value` if it is an integer, at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise InvalidInputError(
            argument, f"{value!r} is not an integer", f"Pass an integer >= {least}."
        )
    if value < least:
        raise InvalidInputError(
            argument, f"{value} is less than {least}", f"Pass an integer >= {least}."
        )
    return int(value)


def positive(value: float, argument: str, where: str) -> float:
    if not (math.isfinite(value) and value > 0):
        raise InvalidInputError(
            argument, f"{where} is {value}", "Step sizes are positive finite numbers."
        )
    return value


def step_sizes(step_size: Any, steps: int) -> np.ndarray:
    """Return the sizes of steps k = 1..T, (T,), each checked."""
    ks = np.arange(1, steps + 1)
    if isinstance(step_size, str):
        (k,) = symbols_for(["k"], "step_size")
        schedule = parse(step_size, [k], "step_size")
        try:
            with np.errstate(all="ignore"):
                found = NumericFunction([schedule], [k], to_float)(ks.astype(float))[0]
        except InvalidInputError as error:
            raise InvalidInputError("step_size", error.problem, error.remedy) from None
        sizes = np.broadcast_to(found, ks.shape)
    elif callable(step_size) and not isinstance(step_size, sympy.Basic):
        sizes = np.array([_number(step_size(int(k)), f"step_size({k})") for k in ks])
    else:
        return np.full(ks.shape, constant(step_size))
    for k, size in zip(ks, sizes, strict=True):
        positive(float(size), "step_size", f"the size of step k = {k}")
    return np.asarray(sizes, dtype=float)


def constant(value: Any) -> float:
    """Return a positive finite step size from a number or exact text."""
    number = exact_number(value, "step_size")
    try:
        size = to_float(number)
    except InvalidInputError as error:
        raise InvalidInputError("step_size", error.problem, error.remedy) from None
    return positive(size, "step_size", "it")


def _number(value: Any, what: str) -> float:
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInputError(
            "step_size", f"{what} is {value!r}", "The callable must return a number."
        ) from None
