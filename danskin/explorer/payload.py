"""Requests and answers as JSON: strict, bounded, and with every error beside its field."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from danskin.errors import DanskinError, ExpressionError, InvalidInputError, LimitError
from danskin.exact import exact_number, to_float
from danskin.limits import time_limit

__all__ = [
    "MAX_BODY",
    "MAX_COORDINATE",
    "BadRequest",
    "Fields",
    "Problem",
    "integer",
    "is_exact",
    "number",
    "numbers",
    "plain",
    "problems_of",
    "read_json",
    "row",
    "rows",
    "text",
]

MAX_BODY = 64 * 1024
MAX_DEPTH = 8
#: Of a coordinate that is drawn.
MAX_COORDINATE = 1e6
#: Of a number given as text.
_MAX_NUMBER = 80
_NUMBER_SECONDS = 1.0

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """One error: the field it belongs to, what is wrong, what to write instead."""

    field: str
    problem: str
    remedy: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return plain data."""
        return {"field": self.field, "problem": self.problem, "remedy": self.remedy}


class BadRequest(Exception):
    """A request that is refused, with its HTTP status and the problems."""

    def __init__(self, status: int, *problems: Problem) -> None:
        super().__init__(status, *problems)
        self.status = status
        self.problems = problems


def problems_of(error: DanskinError, field: str = "") -> Problem:
    """Return a library error as a problem; it belongs to `field` where it names no argument."""
    if isinstance(error, InvalidInputError):
        return Problem(error.argument or field, error.problem, error.remedy)
    if isinstance(error, LimitError):
        return Problem(field, str(error), "Simplify the formula or the numbers.")
    return Problem(field, str(error))


# --- JSON ----------------------------------------------------------------------------------------


def read_json(body: bytes) -> dict[str, Any]:
    """Read a request's body: one JSON object, without NaN, infinities and keys given twice.

    Raises
    ------
    BadRequest
        400, with what is wrong.
    """
    try:
        data = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=_no_duplicates,
        )
    except RecursionError:
        raise BadRequest(400, _TOO_DEEP) from None
    except ValueError as error:  # JSON's and Unicode's errors, and integers of 4300 digits
        raise BadRequest(400, Problem("", f"not JSON: {error!s:.200}", "Send JSON.")) from None
    if _depth_exceeds(data, MAX_DEPTH):
        raise BadRequest(400, _TOO_DEEP)
    if not isinstance(data, dict):
        raise BadRequest(400, Problem("", "the body is not an object", "Send {...}."))
    return data


_TOO_DEEP = Problem("", f"nested more than {MAX_DEPTH} deep", "Send what the page sends.")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits:.40} is out of range")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _depth_exceeds(data: Any, depth: int) -> bool:
    level = [data]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def plain(data: Any) -> Any:
    """Turn arrays, exact numbers, tuples and verdicts into JSON; what is not finite is null."""
    if data is None or isinstance(data, (bool, int, str)):
        return data
    if isinstance(data, float):
        return float(data) + 0.0 if math.isfinite(data) else None  # no -0.0
    if isinstance(data, dict):
        return {str(k): plain(v) for k, v in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(v) for v in data]
    if isinstance(data, Enum):
        return plain(data.value)
    if hasattr(data, "tolist"):
        return plain(data.tolist())
    return str(data)


# --- fields --------------------------------------------------------------------------------------


class Fields:
    """The fields of a request, read one by one; the problems of all of them are told at once."""

    def __init__(self, data: dict[str, Any], allowed: Sequence[str], where: str = "") -> None:
        self.data, self.where = data, where
        self.problems = [
            Problem(f"{where}{key:.60}", "unknown field", f"Fields: {', '.join(allowed)}.")
            for key in data
            if key not in allowed
        ][:5]

    def read(self, key: str, reader: Callable[[Any, str], T], *default: Any) -> T | Any:
        """Return a field's value as `reader(value, name)` reads it, or the default.

        Without a default the field must be there. After a problem None is returned, and `done`
        raises.
        """
        name = f"{self.where}{key}"
        if self.data.get(key) is None:  # null is the same as leaving it out
            if not default:
                self.problems.append(Problem(name, "it is missing", "Fill it in."))
            return default[0] if default else None
        return self.check(lambda: reader(self.data[key], name), name)

    def check(self, work: Callable[[], T], field: str = "") -> T | None:
        """Return what `work` returns; a library error becomes a problem."""
        try:
            return work()
        except BadRequest as error:
            self.problems += error.problems
        except DanskinError as error:
            self.problems.append(problems_of(error, field))
        return None

    def done(self) -> None:
        """Raise what was wrong."""
        if self.problems:
            raise BadRequest(422, *self.problems)


def text(value: Any, where: str, longest: int = 2000) -> str:
    """Read text."""
    if not isinstance(value, str):
        raise InvalidInputError(where, "it is not text", "Send text.")
    if len(value) > longest:
        raise InvalidInputError(
            where, f"it has {len(value)} characters", f"At most {longest} are read."
        )
    return value


def integer(value: Any, where: str, low: int, high: int) -> int:
    """Read an integer from low to high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidInputError(
            where, f"{value!r:.40} is not an integer from {low} to {high}", "Choose another."
        )
    return value


def number(value: Any, where: str, largest: float = MAX_COORDINATE) -> int | float | str:
    """Read a number: a JSON number, or text that holds an exact one; returned as it was given."""
    if isinstance(value, str):
        given = text(value, where, _MAX_NUMBER).strip()
        with time_limit(_NUMBER_SECONDS, "reading the number"):
            exact = exact_number(given, where)
            try:
                size = abs(to_float(exact))
            except ExpressionError as error:  # it knows the number, not the field
                raise InvalidInputError(where, error.problem, error.remedy) from None
        value = given
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        size = abs(value)
    else:
        raise InvalidInputError(
            where, f"{value!r:.40} is not a number", 'Write a number such as 0.5 or "sqrt(3)/2".'
        )
    if not size <= largest:
        raise InvalidInputError(where, f"it exceeds {largest:g}", "Scale it down.")
    return value


def numbers(value: Any, where: str, low: int, high: int | None = None) -> list[Any]:
    """Read a list of numbers; of text, numbers between commas."""
    high = low if high is None else high
    if isinstance(value, str):
        value = text(value, where).split(",")
    if not isinstance(value, list) or not low <= len(value) <= high:
        count = f"{low}" if low == high else f"{low} to {high}"
        got = f"{len(value)}" if isinstance(value, list) else type(value).__name__
        raise InvalidInputError(
            where, f"{got} given, not {count} number{'s' * (high != 1)}", "Write as many numbers."
        )
    return [number(x, f"{where}[{i}]") for i, x in enumerate(value)]


def row(value: Any, where: str) -> list[Any]:
    """Read a point or a vector of the plane."""
    return numbers(value, where, 2)


def rows(value: Any, where: str, low: int, high: int) -> list[list[Any]]:
    """Read `low` to `high` vectors of the plane."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        got = len(value) if isinstance(value, list) else type(value).__name__
        raise InvalidInputError(where, f"{got} given, not {low} to {high}", "Pairs of numbers.")
    return [row(x, f"{where}[{i}]") for i, x in enumerate(value)]


def is_exact(values: Any) -> bool:
    """Whether numbers that were read are all exact: no floats among them."""
    if isinstance(values, list):
        return all(is_exact(v) for v in values)
    return not isinstance(values, float)
