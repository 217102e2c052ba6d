"""Objectives as a request gives them: a registered family, gradients to order, or a form of texts.

Formulas and numbers are texts, read by `danskin.expression` and never evaluated. The fields of a
form are checked one by one, so that every field gets its own message.
"""

from __future__ import annotations

import functools
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from danskin.counterexamples import make_counterexample
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, sign
from danskin.explorer.domains import domain_table
from danskin.explorer.families import CARDS, LIMITS
from danskin.explorer.payload import Fields, number, numbers, rows, text
from danskin.expression import symbols_for
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.problem import read_domain
from danskin.sets import Box, CompactSet

__all__ = ["FORM", "Made", "objective_of", "planar", "read_at", "read_direction", "read_form"]

FORM = ("g", "theta", "delta", "domain", "parameters")
_MAX_PARAMETERS = 12
_MAX_PARAMETER = 200
#: Objectives that a process keeps, with what was compiled for them.
_KEPT = 32


@dataclass(frozen=True)
class Made:
    """An objective, and the plain data from which a script makes it again."""

    objective: MinMaxObjective | BatchObjective
    literal: dict[str, Any]


_made: OrderedDict[str, Made] = OrderedDict()


def objective_of(value: Any, where: str) -> Made:
    """Read an objective; those of late are kept.

    Raises
    ------
    BadRequest, InvalidInputError
    """
    if not isinstance(value, dict):
        raise InvalidInputError(where, "it is not an object", "Give a family or a form.")
    key = json.dumps(value, sort_keys=True)
    if key not in _made:
        _made[key] = _make(value, where)
        while len(_made) > _KEPT:
            _made.popitem(last=False)
    _made.move_to_end(key)
    return _made[key]


def _make(value: dict[str, Any], where: str) -> Made:
    if "family" in value:
        return _family(value, where)
    if "make" in value:
        return _to_order(value, where)
    fields = Fields(value, FORM)
    made = read_form(fields)
    fields.done()
    assert made is not None
    return made


def planar(value: Any, where: str) -> Made:
    """Read an objective with two parameters."""
    made = objective_of(value, where)
    if made.objective.theta_dim != 2:
        raise InvalidInputError(
            "theta" if "g" in value else where,
            f"{made.objective.theta_dim} parameters",
            "A landscape is drawn over two.",
        )
    return made


def _family(value: dict[str, Any], where: str) -> Made:
    fields = Fields(value, ("family", "parameters"))
    name = fields.read("family", text)
    fields.done()
    card = CARDS.get(name)
    if card is None:
        raise InvalidInputError(
            "family", f"{name[:40]!r} is not one", f"One of {', '.join(CARDS)}."
        )
    given = value.get("parameters") or {}
    if not isinstance(given, dict):
        raise InvalidInputError("parameters", "it is not an object", "Send {name: value}.")
    inner = Fields(given, [p.name for p in card.parameters], "parameters.")
    read = {p.name: inner.read(p.name, p.read, None) for p in card.parameters}
    inner.done()
    chosen = {**card.defaults, **{k: v for k, v in read.items() if v is not None}}
    try:
        member = card.build(**chosen)
    except InvalidInputError as error:
        raise _below(error, "parameters") from None
    return Made(member.objective, {"family": name, "parameters": chosen})


def _to_order(value: dict[str, Any], where: str) -> Made:
    fields = Fields(value, ("make",))
    low, high = LIMITS["gradients"]  # type: ignore[misc]
    vectors = fields.read("make", functools.partial(rows, low=low, high=high))
    fields.done()
    try:
        member = make_counterexample(vectors=vectors, require="nothing")
    except InvalidInputError as error:
        raise InvalidInputError("make", error.problem, error.remedy) from None
    return Made(member.objective, {"vectors": vectors})


def _below(error: InvalidInputError, where: str) -> InvalidInputError:
    return InvalidInputError(f"{where}.{error.argument}", error.problem, error.remedy)


# --- forms ---------------------------------------------------------------------------------------


def read_form(fields: Fields) -> Made | None:
    """Read a form's fields; what is wrong is noted in `fields`, and then None is returned."""
    longest: int = LIMITS["formula"]  # type: ignore[assignment]
    g = fields.read("g", functools.partial(text, longest=longest))
    theta = fields.read("theta", functools.partial(_names, most=LIMITS["theta"][1]))  # type: ignore[index]
    delta = fields.read("delta", functools.partial(_names, most=LIMITS["delta"][1]))  # type: ignore[index]
    table = fields.read("domain", domain_table)
    parameters = fields.read("parameters", _parameters, {})
    if table is not None and "simplex" in table and delta is not None:
        # Its size is the number of names.
        table = {"simplex": len(delta) if table["simplex"] is True else table["simplex"]}
    domain = None
    if table is not None and delta is not None:
        domain = fields.check(functools.partial(_domain, table, delta), "domain")
    if g is None or theta is None or delta is None or parameters is None:
        return None
    # Even without its set, the formula has something to be told.
    stand_in = domain or Box([0] * len(delta), [1] * len(delta))
    objective = fields.check(
        functools.partial(MinMaxObjective.from_expression, g, theta, delta, stand_in, parameters),
        "g",
    )
    if objective is None or domain is None or table is None:
        return None
    literal = {
        "g": g, "theta": theta, "delta": delta, "domain": table, "parameters": parameters
    }  # fmt: skip
    return Made(objective, literal)


def _names(value: Any, where: str, most: int) -> list[str]:
    if isinstance(value, str):
        value = [part.strip() for part in text(value, where, 500).split(",")]
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise InvalidInputError(where, f"it is not 1 to {most} names", 'Write "t1, t2".')
    symbols_for(value, where)
    return value


def _domain(table: dict[str, Any], names: list[str]) -> CompactSet:
    try:
        return read_domain({"names": names, **table}, "domain")[1]
    except InvalidInputError as error:
        # "domain.box: [0]" and the like: there is one field.
        told = error.argument.removeprefix("domain").strip(".: ")
        problem = f"{told}: {error.problem}" if told else error.problem
        raise InvalidInputError("domain", problem, error.remedy) from None


def _parameters(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > _MAX_PARAMETERS:
        raise InvalidInputError(
            where,
            f"it is not an object of up to {_MAX_PARAMETERS} constants",
            "Send {name: value}.",
        )
    out: dict[str, Any] = {}
    for name, x in value.items():
        inner = f"{where}.{name:.40}"
        out[name] = text(x, inner, _MAX_PARAMETER) if isinstance(x, str) else number(x, inner)
    return out


# --- questions about an objective ----------------------------------------------------------------


def read_at(value: Any, where: str, made: Made | None) -> list[Any]:
    """Read a point: as many numbers as the objective has parameters."""
    count = LIMITS["theta"][1] if made is None else made.objective.theta_dim  # type: ignore[index]
    return numbers(value, where, 1 if made is None else count, count)


def read_direction(value: Any, where: str, made: Made | None) -> str | list[Any]:
    """Read "steepest", "single:i" or as many numbers as there are parameters, not all 0."""
    if isinstance(value, str):
        kind, _, index = value.strip().partition(":")
        if value.strip() == "steepest" or (
            kind == "single" and index.isascii() and index.isdecimal() and len(index) < 5
        ):
            return value.strip()
        if not any(c.isdigit() for c in value) and len(value) <= 40:
            raise InvalidInputError(
                where,
                f"{value!r} is not a direction",
                'Write "steepest", "single:0", or numbers such as -1, 0.',
            )
    direction = read_at(value, where, made)
    if all(sign(exact_number(x, where)) == 0 for x in direction):
        raise InvalidInputError(where, "it is zero", "A direction needs a length.")
    return direction
