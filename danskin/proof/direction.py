"""Numbers, "steepest" or "single:i" to an exact direction gamma.

The proof is about one exact vector. Where the steepest direction or a gradient is known exactly, it
is that; elsewhere it is the float vector that a search gave, taken as the binary numbers it is, so
that the proof is about a definite direction and says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from danskin.direction import single_gradient, steepest_descent
from danskin.errors import InvalidInputError
from danskin.exact import exact_vector, sign
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.proof.arguments import exact_direction
from danskin.proof.proved import best_known_maximizers

__all__ = ["Direction", "read_direction"]

Exact = tuple[Any, ...]


@dataclass(frozen=True)
class Direction:
    """The direction that a proof is about.

    Attributes
    ----------
    text : str
        What was asked for: "steepest", "single:i", or "given".
    gamma : exact numbers (n,), or None
        None where theta is stationary, and where the gradient asked for is 0.
    stationary : bool
        Whether 0 is proved to lie in the hull of the gradients.
    exact : bool
        False where gamma was rounded from a search's result.
    steepest : bool
        Whether gamma is proved to be the steepest direction.
    note : str
    """

    text: str
    gamma: Exact | None
    stationary: bool = False
    exact: bool = True
    steepest: bool = False
    note: str = ""


def read_direction(
    f: MinMaxObjective | BatchObjective, theta: Exact, direction: Any, seconds: float
) -> tuple[Direction, MaximizerSet | BatchMaximizerSet | None]:
    """Return the exact direction, and the maximizers where they had to be found.

    Raises
    ------
    InvalidInputError
        A zero direction, wrong shapes, an unknown name.
    """
    if not isinstance(direction, str):
        return Direction("given", exact_direction(direction, f.theta_dim)), None
    name, _, index = direction.partition(":")
    if direction == "steepest":
        S = best_known_maximizers(f, theta, seconds / 2)
        return _steepest(S), S
    if name == "single" and index.isdecimal() and len(index) < 9:
        S = best_known_maximizers(f, theta, seconds / 2, numbered=True)
        return _single(S, int(index), direction), S
    if f.theta_dim == 1 and direction and not name.isalpha():
        return read_direction(f, theta, [direction], seconds)
    raise InvalidInputError(
        "direction", f"{direction!r} is not known", 'Pass numbers, "steepest" or "single:0".'
    )


def _steepest(S: Any) -> Direction:
    d = steepest_descent(S)
    proved = S.complete and d.bound == "exact" and d.exact_derivative is not None
    if d.stationary and proved:
        return Direction("steepest", None, stationary=True)
    if d.stationary and S.complete and isinstance(S, MaximizerSet):
        # 0 in the hull of some proved gradients is enough.
        listed = steepest_descent([list(r) for r in S.exact_gradients or ()] or S.gradients)
        if listed.stationary and listed.exact_derivative is not None and S.exact_gradients:
            return Direction("steepest", None, stationary=True)
    if d.exact_direction is not None:
        return Direction("steepest", tuple(d.exact_direction), exact=True, steepest=proved)
    if d.direction is None:
        note = (
            "no direction was found: the least norm over the hull of the gradients found is 0 "
            "within rounding"
        )
        return Direction("steepest", None, exact=False, note=note)
    return Direction(
        "steepest",
        exact_vector(d.direction, "direction"),
        exact=False,
        note="the direction is a float64 approximation of the steepest one",
    )


def _single(S: Any, index: int, text: str) -> Direction:
    try:
        single = single_gradient(S, index)
    except InvalidInputError as error:
        raise InvalidInputError("direction", error.problem, error.remedy) from None
    if single.derivative is None:
        rows = S.exact_gradients
        zero = rows is not None and all(sign(x) == 0 for x in rows[index])
        return Direction(
            text, None, stationary=bool(S.complete and zero), exact=zero, note="the gradient is 0"
        )
    if single.exact_direction is not None:
        return Direction(text, tuple(single.exact_direction))
    return Direction(
        text,
        exact_vector(single.direction, "direction"),
        exact=False,
        note="the direction is a float64 approximation of minus that gradient",
    )
