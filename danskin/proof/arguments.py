"""What a proof is asked about: formulas, exact numbers that float64 can enclose, seconds."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from danskin.errors import InvalidInputError
from danskin.exact import exact_vector, sign
from danskin.objective import BatchObjective, ExpressionObjective
from danskin.proof.evaluate import number_interval

__all__ = [
    "DEFAULT_BUDGET",
    "exact_direction",
    "exact_point",
    "expression_samples",
    "read_seconds",
    "require_range",
    "require_width",
]

#: Seconds, where no budget is given.
DEFAULT_BUDGET = 30.0


def expression_samples(f: Any, what: str) -> tuple[ExpressionObjective, ...]:
    """Return the inner problems of an objective, all given by formulas.

    Raises
    ------
    InvalidInputError
        An objective of callables: there is nothing to enclose.
    """
    samples = f.samples if isinstance(f, BatchObjective) else (f,)
    for i, s in enumerate(samples):
        if not isinstance(s, ExpressionObjective):
            where = f"f.samples[{i}]" if isinstance(f, BatchObjective) else "f"
            raise InvalidInputError(
                where,
                f"{what} needs a formula, and {s!r} is not one: a function that can only be "
                "called at points cannot be enclosed between them",
                "Build the objective with MinMaxObjective.from_expression; for estimates use "
                "dk.maximizers and dk.directional_derivative.",
            )
    return cast("tuple[ExpressionObjective, ...]", tuple(samples))


def exact_point(theta: Any, n: int) -> tuple[Any, ...]:
    """Return theta as exact numbers, each within float64's range."""
    return _vector(theta, "theta", n)


def exact_direction(direction: Any, n: int) -> tuple[Any, ...]:
    """Return a nonzero direction as exact numbers, each within float64's range."""
    gamma = _vector(direction, "direction", n)
    if all(sign(x) == 0 for x in gamma):
        raise InvalidInputError("direction", "it is zero", "Pass a nonzero direction.")
    return gamma


def _vector(numbers: Any, what: str, n: int) -> tuple[Any, ...]:
    found = exact_vector(numbers, what, n)
    for i, x in enumerate(found):
        require_range(x, f"{what}[{i}]")
    return found


def require_range(number: Any, what: str) -> None:
    """Refuse an exact number that floats do not enclose."""
    try:
        number_interval(number)
    except InvalidInputError:
        raise InvalidInputError(
            what, "it is beyond the range of float64", "Rescale the problem."
        ) from None


def read_seconds(budget: Any) -> float:
    """Return a budget in seconds, or the default one."""
    if budget is None:
        return DEFAULT_BUDGET
    number = isinstance(budget, (int, float, np.number)) and not isinstance(budget, bool)
    if not number or not budget > 0:
        raise InvalidInputError("budget", f"{budget!r} is not a number of seconds", "Pass > 0.")
    return float(budget)


def require_width(tol: Any) -> None:
    """Refuse what is no width of an enclosure."""
    number = isinstance(tol, (int, float, np.number)) and not isinstance(tol, bool)
    if not number or not tol >= 0:
        raise InvalidInputError("tol", f"{tol!r} is not a width", "Pass a number >= 0.")
