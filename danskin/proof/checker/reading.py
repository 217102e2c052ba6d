"""Reading a proof file: JSON into plain data whose size and kinds are known before it is used.

A file holds objects, lists, text, small integers, true, false and null; every other number is text
(exact formulas, or hexadecimal floats, which are exact). Nothing in it is executed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy

from danskin.errors import DanskinError, InvalidInputError
from danskin.exact import sign
from danskin.expression import parse, symbols_for

__all__ = [
    "FORMAT",
    "VERSION",
    "Rejected",
    "binary",
    "integer",
    "items",
    "keys",
    "number",
    "numbers",
    "read_file",
    "roots",
    "text",
]

FORMAT, VERSION = "danskin-proof", 3
_MAX_BYTES = 64_000_000
_MAX_TEXT = 10_000
_MAX_DIGITS = 9
_MAX_ENTRIES = 4_096
#: Digits of a numerator or denominator.
_MAX_NUMBER = 3_000
_MAX_DEGREE = 64
_FRACTION = re.compile(r"(-?[0-9]+)(?:/([0-9]+))?")


class Rejected(DanskinError):
    """A proof file does not prove what it claims; the text says where it fails."""


def read_file(path: str | Path) -> dict[str, Any]:
    """Return the data of a proof file.

    Raises
    ------
    InvalidInputError
        It cannot be read, is too large, or is not a proof file.
    """
    path = Path(path)

    def wrong(problem: str, remedy: str = "Write one with save().") -> InvalidInputError:
        return InvalidInputError("path", f"{path} {problem}", remedy)

    try:
        if not path.is_file():
            raise wrong("is not a file", "Check the path.")
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise wrong("is larger than 64 MB", "Shorten the proof.")
        data = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_no_number,
            parse_int=_small,
            parse_constant=_no_number,
        )
    except OSError as error:
        raise wrong(f"cannot be read: {error.strerror}", "Check the path.") from None
    except RecursionError:
        raise wrong("is nested too deep") from None
    except (ValueError, MemoryError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise wrong(f"is not a proof file: {str(error)[:100]}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise wrong("is not a proof file")
    if data.get("version") != VERSION or isinstance(data["version"], bool):
        raise wrong("is of a version that is not known here", "Save the proof again.")
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _small(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("an integer is too long")
    return int(digits)


def _no_number(digits: str) -> Any:
    raise ValueError(f"{digits[:20]} stands where only text and small integers may")


def keys(data: Any, wanted: str, what: str) -> list[Any]:
    """Return the values of an object with exactly these keys, in order."""
    names = wanted.split()
    if not isinstance(data, Mapping) or set(data) != set(names):
        raise Rejected(f"{what}: the keys are not {', '.join(names)}")
    return [data[n] for n in names]


def items(data: Any, what: str, limit: int = _MAX_ENTRIES) -> list[Any]:
    """Return a list of at most `limit` entries."""
    if not isinstance(data, list) or len(data) > limit:
        raise Rejected(f"{what}: not a list of at most {limit} entries")
    return data


def text(data: Any, what: str) -> str:
    """Return text of a bounded length."""
    if not isinstance(data, str) or len(data) > _MAX_TEXT:
        raise Rejected(f"{what}: not text of at most {_MAX_TEXT} characters")
    return data


def integer(data: Any, what: str, limit: int) -> int:
    """Return an integer in [0, limit)."""
    if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < limit:
        raise Rejected(f"{what}: not an integer from 0 to {limit - 1}")
    return data


def number(data: Any, what: str, names: Mapping[str, Any]) -> Any:
    """Return the exact number that text means; `names` are those of numbers."""
    written = _FRACTION.fullmatch(text(data, what))
    if written is None:
        return parse(data, names, what)
    if max(len(written[1]), len(written[2] or "")) > _MAX_NUMBER:
        raise Rejected(f"{what}: the number is too long")
    p, q = int(written[1]), int(written[2] or 1)
    if not q:
        raise Rejected(f"{what}: a division by zero")
    return sympy.Rational(p, q)


def numbers(
    data: Any, what: str, names: Mapping[str, Any], dim: int | None = None
) -> tuple[Any, ...]:
    """Return a list of exact numbers."""
    entries = items(data, what)
    if dim is not None and len(entries) != dim:
        raise Rejected(f"{what}: not {dim} numbers")
    return tuple(number(v, what, names) for v in entries)


def binary(data: Any, what: str) -> Any:
    """Return the exact rational that a hexadecimal float is."""
    try:
        value = float.fromhex(text(data, what))
    except (ValueError, OverflowError):
        raise Rejected(f"{what}: not a hexadecimal float") from None
    if not math.isfinite(value) or value.hex() != data:
        raise Rejected(f"{what}: not a finite hexadecimal float as Python writes it")
    return sympy.Rational(*value.as_integer_ratio())


def roots(data: Any) -> dict[str, Any]:
    """Return named algebraic numbers: the one root that a polynomial has in an interval."""
    if not isinstance(data, Mapping) or len(data) > _MAX_ENTRIES:
        raise Rejected("roots: not an object")
    found = {}
    for symbol in symbols_for(list(data), "roots"):
        polynomial, inside = keys(data[symbol.name], "polynomial in", "a root")
        coefficients = numbers(polynomial, "polynomial", {})
        lo, hi = numbers(inside, "in", {}, 2)
        if not all(c.is_Integer for c in coefficients) or not 2 < len(coefficients) <= _MAX_DEGREE:
            raise Rejected("a root is not one of a polynomial with integer coefficients")
        p = sympy.Poly(list(coefficients), sympy.Symbol("x"))
        if p.degree() != len(coefficients) - 1 or not p.is_sqf or not p.eval(lo):
            raise Rejected("a root is a multiple one, or the end of its interval")
        if not lo < hi or p.count_roots(lo, hi) != 1:
            raise Rejected("an interval does not hold exactly one root")
        root = sympy.CRootOf(p, p.count_roots(None, lo))
        if sign(root - lo) != 1 or sign(hi - root) not in (0, 1):
            raise Rejected("a root is not seen to lie in its interval")
        found[symbol.name] = root
    return found
