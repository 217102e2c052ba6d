"""The set of delta as a person types it: ``[0, 1] x [-1, 1]``, ``simplex``, ``ball 0, 0; 1``.

The text becomes the table of a problem file (`danskin.problem`), and that is read like any other.
"""

from __future__ import annotations

from typing import Any

from danskin.errors import InvalidInputError
from danskin.explorer.payload import text

__all__ = ["KINDS", "domain_table"]

KINDS = ("interval", "box", "simplex", "ball", "points")
_REMEDY = 'Write "[0, 1]", "[0, 1] x [-1, 1]", "simplex", "ball 0, 0; 1" or "{0, 1/2, 1}".'
_MAX_POINTS = 200
_MAX_TEXT = 500


def domain_table(value: Any, where: str) -> dict[str, Any]:
    """Return a set as a table ``{"interval": [lo, hi]}`` and so on, not yet checked as a set.

    Raises
    ------
    InvalidInputError
    """
    if isinstance(value, dict):
        if len(value) != 1 or next(iter(value)) not in KINDS:
            found = ", ".join(f"{k:.20}" for k in list(value)[:5]) or "nothing"
            raise InvalidInputError(
                where, f"it holds {found}", f"Give exactly one of {', '.join(KINDS)}."
            )
        ((kind, inner),) = value.items()
        if kind == "points" and isinstance(inner, list) and len(inner) > _MAX_POINTS:
            raise InvalidInputError(where, f"{len(inner)} points", f"At most {_MAX_POINTS}.")
        return {kind: _shortened(inner, where)}
    return _from_text(text(value, where, _MAX_TEXT).strip(), where)


def _shortened(value: Any, where: str) -> Any:
    """Refuse numbers written with too many characters, anywhere in a table."""
    if isinstance(value, str):
        return text(value, where, 80)
    if isinstance(value, list):
        return [_shortened(v, where) for v in value]
    if isinstance(value, dict):
        return {k: _shortened(v, where) for k, v in value.items()}
    return value


def _from_text(given: str, where: str) -> dict[str, Any]:
    word, _, rest = given.partition(" ")
    if given.lower() in ("simplex", "the simplex"):
        return {"simplex": True}
    if word.lower() == "ball":
        return {"ball": _ball(rest, where)}
    if given.startswith("{") and given.endswith("}"):
        points = _split(given[1:-1], ",", where)
        if len(points) > _MAX_POINTS:
            raise InvalidInputError(where, f"{len(points)} points", f"At most {_MAX_POINTS}.")
        return {"points": [_point(p, where) for p in points]}
    if given.startswith("[") and given.endswith("]"):
        ranges = [_range(r.strip(), where) for r in _factors(given, where)]
        return {"interval": ranges[0]} if len(ranges) == 1 else {"box": ranges}
    raise InvalidInputError(where, f"{given[:60]!r} is not a set", _REMEDY)


def _ball(rest: str, where: str) -> dict[str, Any]:
    norm: Any = 2
    words = rest.split()
    if len(words) > 1 and words[-2].lower() == "norm":
        norm = {"1": 1, "2": 2, "inf": "inf"}.get(words[-1].lower())
        if norm is None:
            raise InvalidInputError(
                where, f"norm {words[-1][:20]} is unknown", "Write 1, 2 or inf."
            )
        rest = rest[: rest.lower().rindex("norm")]
    center, separator, radius = rest.partition(";")
    if not separator or not center.strip() or not radius.strip():
        raise InvalidInputError(
            where, "a ball needs a centre and a radius", 'Write "ball 0, 0; 1".'
        )
    return {"center": _split(center, ",", where), "radius": radius.strip(), "norm": norm}


def _point(given: str, where: str) -> list[str]:
    inner = given[1:-1] if given.startswith("(") and _closes_at_end(given) else given
    return _split(inner, ",", where)


def _closes_at_end(given: str) -> bool:
    """Whether the parenthesis that a text begins with is closed by its last character."""
    depth = 0
    for i, c in enumerate(given):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return i == len(given) - 1
    return False


def _range(given: str, where: str) -> list[str]:
    if not (given.startswith("[") and given.endswith("]")):
        raise InvalidInputError(where, f"{given[:60]!r} is not a range", _REMEDY)
    ends = _split(given[1:-1], ",", where)
    if len(ends) != 2:
        raise InvalidInputError(where, f"{given[:60]!r} has not two ends", 'Write "[0, 1]".')
    return ends


def _factors(given: str, where: str) -> list[str]:
    """Split ``[a, b] x [c, d]`` at what stands between the brackets."""
    parts = given.replace("]", "]\n").split("\n")
    out = [parts[0]]
    for part in parts[1:-1]:
        rest = part.strip()
        if not rest or rest[0] not in "x×*":
            raise InvalidInputError(where, f"{given[:60]!r} is not a box", _REMEDY)
        out.append(rest[1:])
    if parts[-1].strip():
        raise InvalidInputError(where, f"{given[:60]!r} is not a box", _REMEDY)
    return out


def _split(given: str, separator: str, where: str) -> list[str]:
    """Split at separators outside parentheses."""
    parts, depth = [""], 0
    for c in given:
        depth += (c == "(") - (c == ")")
        if c == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    parts = [p.strip() for p in parts]
    if not all(parts):
        raise InvalidInputError(where, f"{given[:60]!r} lacks a number", _REMEDY)
    return parts
