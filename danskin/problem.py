"""The TOML problem file: an objective, its set, and a question about it. Read, never executed.

Numbers are decimal (``0.1`` is 1/10) and text such as ``"sqrt(2)/10"`` is exact::

    g = "d*a*t1 + (1-d)*t2 + d*(d-1)"
    theta = ["t1", "t2"]
    [parameters]
    a = "-1/2"
    [delta]
    names = ["d"]
    box = [[0, 1]]  # or interval, simplex = true, ball = {center, radius, norm}, points, product
    [query]
    at = ["1/2", 0]
    direction = "steepest"  # or numbers, or "single:0"
    lipschitz = 1  # optional, with epsilon: Theorem 3's constants
    epsilon = 0.01
    [search]
    box = [[-1, 1], [0, "sqrt(2)"]]  # one range for each theta, for ``danskin search``

A batch is a list of ``[[sample]]`` tables, each with its own `g` and `delta`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import sympy

from danskin.errors import InvalidInputError, ProblemFileError
from danskin.exact import exact_number, exact_vector, sign
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Interval, Product, Simplex

__all__ = ["Problem", "Sample", "read_domain", "read_problem"]

_MAX_BYTES = 1_000_000
_SET_KINDS = ("interval", "box", "simplex", "ball", "points", "product")


@dataclass(frozen=True)
class Sample:
    """One inner problem: the text of g, the names of delta, and its set."""

    g: str
    delta: tuple[str, ...]
    domain: CompactSet


@dataclass(frozen=True)
class Problem:
    """A problem file, read and checked; expressions still as text.

    Attributes
    ----------
    theta : names of the n parameters of the outer problem
    parameters : named constants, in the order of the file
    samples : one or more inner problems; a batch has several
    at : exact point (n,), or None
    direction : "steepest", "single:i", exact numbers (n,), or None
    lipschitz, epsilon : exact constants of Theorem 3, or None
    box : n exact pairs (lo, hi) with lo < hi, or None
        The box of thetas to search.
    """

    theta: tuple[str, ...]
    parameters: dict[str, Any]
    samples: tuple[Sample, ...]
    at: tuple[sympy.Expr, ...] | None
    direction: str | tuple[sympy.Expr, ...] | None
    lipschitz: sympy.Expr | None
    epsilon: sympy.Expr | None
    box: tuple[tuple[sympy.Expr, sympy.Expr], ...] | None = None


def read_problem(path: str | Path) -> Problem:
    """Read a problem file.

    Raises
    ------
    ProblemFileError
        The file cannot be read, is not TOML, or has a missing, unknown or wrong key; the message
        names the file and the key.
    """
    if not isinstance(path, (str, Path)):
        raise ProblemFileError("path", f"{path!r} is not a path", "Pass the name of a file.")
    path = Path(path)
    try:
        if not path.is_file():
            why = "is not a regular file" if path.exists() else "does not exist"
            raise ProblemFileError(str(path), why, "Check the path.")
        if path.stat().st_size > _MAX_BYTES:
            raise ProblemFileError(str(path), "the file is larger than 1 MB", "Shorten it.")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise ProblemFileError(str(path), "is not UTF-8 text", "Save it as UTF-8.") from None
    except ProblemFileError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ProblemFileError(str(path), f"cannot be read: {reason}", "Check the path.") from None
    try:
        data = tomllib.loads(text, parse_float=_decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ProblemFileError(str(path), f"is not TOML: {error}", "See toml.io.") from None
    try:
        return _problem(data)
    except InvalidInputError as error:
        raise ProblemFileError(f"{path}: {error.argument}", error.problem, error.remedy) from None


def _decimal(text: str) -> Decimal:
    return Decimal(text)


def _problem(data: Mapping[str, Any]) -> Problem:
    batch = "sample" in data
    allowed = {
        "theta",
        "parameters",
        "query",
        "search",
        *(("sample",) if batch else ("g", "delta")),
    }
    _known_keys(data, allowed, "")
    theta = _names(_required(data, "theta", ""), "theta")
    parameters = _table(data.get("parameters", {}), "parameters")
    if batch:
        tables = data["sample"]
        if not isinstance(tables, list) or not tables:
            raise InvalidInputError("sample", "it is not a list of tables", "Write [[sample]].")
        samples = tuple(
            _sample(_table(t, f"sample[{i}]"), f"sample[{i}].") for i, t in enumerate(tables)
        )
    else:
        samples = (_sample({k: data[k] for k in ("g", "delta") if k in data}, ""),)
    query = _table(data.get("query", {}), "query")
    _known_keys(query, {"at", "direction", "lipschitz", "epsilon"}, "query.")
    at = exact_vector(query["at"], "query.at", len(theta)) if "at" in query else None
    return Problem(
        theta=theta,
        parameters=dict(parameters),
        samples=samples,
        at=at,
        direction=_direction(query.get("direction"), len(theta)),
        lipschitz=_optional_number(query, "lipschitz"),
        epsilon=_optional_number(query, "epsilon"),
        box=_box(data, len(theta)),
    )


def _box(data: Mapping[str, Any], n: int) -> tuple[tuple[sympy.Expr, sympy.Expr], ...] | None:
    if "search" not in data:
        return None
    table = _table(data["search"], "search")
    _known_keys(table, {"box"}, "search.")
    ranges = _list(_required(table, "box", "search."), "search.box")
    if len(ranges) != n:
        raise InvalidInputError(
            "search.box", f"{len(ranges)} ranges for {n} thetas", "Give each theta one [lo, hi]."
        )
    box = []
    for i, r in enumerate(ranges):
        lo, hi = exact_vector(r, f"search.box[{i}]", 2)
        if sign(hi - lo) != 1:
            raise InvalidInputError(
                f"search.box[{i}]", f"[{lo}, {hi}] is empty or a point", "Write lo < hi."
            )
        box.append((lo, hi))
    return tuple(box)


def _direction(value: Any, n: int) -> str | tuple[sympy.Expr, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        kind, _, index = value.partition(":")
        if value == "steepest" or (kind == "single" and index.isdecimal() and len(index) < 9):
            return value
        raise InvalidInputError(
            "query.direction",
            f"{value!r} is not a direction",
            'Write "steepest", "single:0", or a list of numbers.',
        )
    return exact_vector(value, "query.direction", n)


def _optional_number(query: Mapping[str, Any], key: str) -> sympy.Expr | None:
    return exact_number(query[key], f"query.{key}") if key in query else None


def _sample(table: Mapping[str, Any], where: str) -> Sample:
    _known_keys(table, {"g", "delta"}, where)
    g = _required(table, "g", where)
    if not isinstance(g, str):
        raise InvalidInputError(f"{where}g", f"{g!r} is not text", "Put the formula in quotes.")
    delta = _table(_required(table, "delta", where), f"{where}delta")
    names, domain = read_domain(delta, f"{where}delta")
    return Sample(g, names, domain)


def read_domain(table: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], CompactSet]:
    """Read a table ``[delta]``: the names of delta and its set.

    Parameters
    ----------
    table : mapping
    where : str
        Names the table in error messages.

    Raises
    ------
    InvalidInputError
        Unknown or missing keys, wrong types or numbers, an empty set.
    """
    _known_keys(table, {"names", *_SET_KINDS}, f"{where}.")
    kinds = [k for k in _SET_KINDS if k in table]
    if len(kinds) != 1:
        found = " and ".join(kinds) if kinds else "none"
        raise InvalidInputError(
            where,
            f"it needs exactly one set and has {found}",
            f"Write one of {', '.join(_SET_KINDS)}.",
        )
    names = _names(table["names"], f"{where}.names") if "names" in table else None
    kind = kinds[0]
    domain = _set(kind, table[kind], None if names is None else len(names), f"{where}.{kind}")
    if kind == "product" and names is None:
        parts = [part.get("names") for part in table[kind]]
        if all(parts):
            names = tuple(n for part in parts for n in _names(part, f"{where}.names"))
    if names is None:
        raise InvalidInputError(f"{where}.names", "it is missing", 'Add names = ["d"].')
    if len(names) != domain.dim:
        raise InvalidInputError(
            where,
            f"{len(names)} names for a set of {domain.dim} coordinates",
            "Give each coordinate of delta one name.",
        )
    return names, domain


def _set(kind: str, value: Any, count: int | None, where: str) -> CompactSet:
    try:
        if kind == "interval":
            return Interval(*exact_vector(value, "interval", 2))
        if kind == "box":
            ranges = [exact_vector(r, f"[{i}]", 2) for i, r in enumerate(_list(value, "box"))]
            return Box([r[0] for r in ranges], [r[1] for r in ranges])
        if kind == "simplex":
            return _simplex(value, count)
        if kind == "ball":
            table = _table(value, "ball")
            _known_keys(table, {"center", "radius", "norm"}, "")
            center, radius = _required(table, "center", ""), _required(table, "radius", "")
            return Ball(center, radius, _plain(table.get("norm", 2)))
        if kind == "points":
            return FiniteSet(_list(value, "points"))
        factors = []
        for i, part in enumerate(_list(value, "product")):
            table = dict(_table(part, f"[{i}]"))
            kinds = [k for k in _SET_KINDS if k in table]
            _known_keys(table, {"names", *_SET_KINDS}, f"[{i}].")
            if len(kinds) != 1:
                raise InvalidInputError(f"[{i}]", "it needs exactly one set", "Write {box = ...}.")
            own = len(table["names"]) if isinstance(table.get("names"), list) else None
            factors.append(_set(kinds[0], table[kinds[0]], own, f"[{i}].{kinds[0]}"))
        return Product(*factors)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error.argument}", error.problem, error.remedy) from None


def _simplex(value: Any, count: int | None) -> Simplex:
    if value is True:
        if count is None:
            raise InvalidInputError(
                "simplex", "its size is not known", "Give names, or simplex = 3."
            )
        return Simplex(count)
    return Simplex(value)


def _plain(value: Any) -> Any:
    return (
        int(value)
        if isinstance(value, Decimal) and value.is_finite() and value == int(value)
        else value
    )


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError(where, f"{value!r} is not a table", f"Write [{where}].")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInputError(where, f"{value!r} is not a list", "Write [...].")
    return value


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise InvalidInputError(where, f"{value!r} is not a list of names", 'Write ["t1", "t2"].')
    return tuple(value)


def _required(table: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise InvalidInputError(f"{where}{key}", "it is missing", f"Add the key {key!r}.")
    return table[key]


def _known_keys(table: Mapping[str, Any], allowed: set[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            close = difflib.get_close_matches(key, allowed, 1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise InvalidInputError(
                f"{where}{key}", "unknown key", f"{hint}Keys here: {', '.join(sorted(allowed))}."
            )
