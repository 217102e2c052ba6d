"""TOML, dotted keys and text to a `RunConfig` and back; each value checked against its field."""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from danskin.errors import InvalidInputError

__all__ = ["differences", "flat", "format_toml", "parse_toml", "read_setting", "replaced"]

C = TypeVar("C")

_MAX_BYTES = 100_000


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Read TOML.

    Raises
    ------
    InvalidInputError
        It is not TOML; `where` names it.
    """
    if len(text) > _MAX_BYTES:
        raise InvalidInputError(where, "is larger than a configuration", "Name a TOML file.")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInputError(where, f"is not TOML: {error}", "Mend that line.") from None


def read_setting(text: str) -> tuple[str, str]:
    """Take ``KEY=VALUE`` apart."""
    key, found, value = text.partition("=")
    if not found or not key.strip():
        raise InvalidInputError("--set", f"{text!r} is no KEY=VALUE", "Write e.g. method.m=4.")
    return key.strip(), value.strip()


def replaced(config: C, changes: Mapping[str, Any], above: str = "") -> C:
    """Return a copy of a dataclass with changes, nested or under dotted keys.

    Raises
    ------
    InvalidInputError
        Names the key that is unknown, or whose value is of another type.
    """
    kinds = get_type_hints(type(config))
    new: dict[str, Any] = {}
    sections: dict[str, dict[str, Any]] = {}
    for key, value in changes.items():
        name, dot, rest = str(key).partition(".")
        if name not in kinds:
            raise _unknown(above + str(key), [above + k for k in kinds])
        if dataclasses.is_dataclass(kinds[name]):
            if not dot and not isinstance(value, Mapping):
                inner = ", ".join(f"{above}{name}.{k}" for k in get_type_hints(kinds[name]))
                raise InvalidInputError(
                    above + name, f"is a section, not {_short(value)}", f"Set one of {inner}."
                )
            sections.setdefault(name, {}).update({rest: value} if dot else value)
        elif dot:
            raise _unknown(above + str(key), [above + name])
        else:
            new[name] = _read(value, kinds[name], above + name)
    for name, inner in sections.items():
        new[name] = replaced(getattr(config, name), inner, f"{above}{name}.")
    return dataclasses.replace(config, **new)  # type: ignore[type-var]


def flat(data: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested data under dotted keys."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{above}{key}.")
        else:
            found[above + key] = value
    return found


def differences(one: Any, other: Any) -> dict[str, tuple[Any, Any]]:
    """Return the dotted keys in which two configurations differ, with both values."""
    a, b = flat(one.to_dict()), flat(other.to_dict())
    return {k: (a[k], b[k]) for k in a if a[k] != b[k]}


def format_toml(data: Mapping[str, Any]) -> str:
    """Write nested plain data of two levels as TOML."""
    lines = [f"{k} = {_toml(v)}" for k, v in data.items() if not isinstance(v, Mapping)]
    for name, section in data.items():
        if isinstance(section, Mapping):
            lines += ["", f"[{name}]", *(f"{k} = {_toml(v)}" for k, v in section.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # JSON's text but for one character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return repr(value)


def _unknown(key: str, known: list[str]) -> InvalidInputError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
    return InvalidInputError(key, "is no setting of a run", remedy)


def _read(value: Any, kind: Any, key: str) -> Any:
    """Return a value as the type of its field; text (of the command line) is read."""
    origin = get_origin(kind)
    if origin is Literal:
        if value in get_args(kind) and isinstance(value, str):
            return value
        raise InvalidInputError(
            key, f"is {_short(value)}", f"Take one of {', '.join(get_args(kind))}."
        )
    if origin is tuple:
        item = get_args(kind)[0]
        if isinstance(value, str):
            value = [part for part in value.strip("[]() ").replace(",", " ").split() if part]
        if isinstance(value, (list, tuple)):
            return tuple(_read(v, item, key) for v in value)
        raise _mistyped(key, value, "a list, e.g. [0.5, 0.75]")
    reader = {bool: _bool, int: _int, float: _float, str: _text}[kind]
    return reader(value, key)


def _bool(value: Any, key: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _mistyped(key, value, "true or false")


def _int(value: Any, key: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) < 30:
        try:
            return int(value)
        except ValueError:
            pass
    raise _mistyped(key, value, "a whole number")


def _float(value: Any, key: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    if isinstance(value, str) and len(value) < 60:
        over, slash, under = value.partition("/")
        try:
            return float(over) / float(under) if slash else float(value)
        except (ValueError, ZeroDivisionError):
            pass
    raise _mistyped(key, value, "a number, e.g. 0.1 or 8/255")


def _text(value: Any, key: str) -> str:
    if isinstance(value, str):
        return value
    raise _mistyped(key, value, "text")


def _mistyped(key: str, value: Any, wanted: str) -> InvalidInputError:
    return InvalidInputError(key, f"is {_short(value)}", f"Give {wanted}.")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
