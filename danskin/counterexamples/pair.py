"""Counterexample 2: two unit gradients at an obtuse angle, at a point that is not optimal.

Both single gradients point uphill, although their sum's negative descends. Everything depends on
the Gram matrix ``[[1, c], [c, 1]]`` alone.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.counterexamples.core import (
    ClaimedDerivative,
    Counterexample,
    Family,
    Row,
    dot,
    pull_back,
)
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, exact_vector, sign, tidy
from danskin.objective import MinMaxObjective
from danskin.sets import Interval

__all__ = ["OBTUSE_PAIR", "dimension", "obtuse_pair"]

LATEX = (
    r"g(\theta, \delta) = \delta \langle\theta, u\rangle + (1-\delta) \langle\theta, v\rangle"
    r" + \delta(\delta - 1), \quad S = [0, 1]"
)


def obtuse_pair(
    u: Any = None, v: Any = None, *, cosine: Any = None, dim: int = 2
) -> Counterexample:
    """Return a member of counterexample 2, at theta = 0.

    Parameters
    ----------
    u, v : (n,) exact numbers, optional
        Unit vectors with ``-1 < <u, v> < 0``; floats count as the binary numbers they are, so
        write "3/5" and not 0.6.
    cosine : number in (-1, 0), optional
        In place of u and v: ``u = e_1``, ``v = cosine e_1 + sqrt(1 - cosine^2) e_2``. -1/2 by
        default.
    dim : int
        n >= 2, with `cosine`.

    Raises
    ------
    InvalidInputError
        Not unit vectors, an acute or right pair, opposite vectors, or both ways of giving them.
    """
    if u is None and v is None:
        u, v = _from_cosine("-1/2" if cosine is None else cosine, dimension(dim))
    elif u is None or v is None:
        missing = "u" if u is None else "v"
        raise InvalidInputError(missing, "it is missing", "Pass both u and v, or cosine alone.")
    elif cosine is not None:
        raise InvalidInputError("cosine", "u and v are given as well", "Pass one or the other.")
    first = exact_vector(u, "u")
    second = exact_vector(v, "v", len(first))
    if len(first) < 2:
        raise InvalidInputError(
            "u", "it has one entry; unit vectors of R^1 are equal or opposite", "Use n >= 2."
        )
    for name, w in (("u", first), ("v", second)):
        if sign(dot(w, w) - 1) != 0:
            raise InvalidInputError(
                name,
                f"it is not a unit vector: its squared length is {dot(w, w)}",
                'Pass exact entries such as ["3/5", "4/5"]; floats are binary numbers.',
            )
    c = tidy(dot(first, second))
    _check_cosine(c, "v")
    return _member(first, second, c)


def _member(u: Row, v: Row, c: sympy.Expr) -> Counterexample:
    zero, one = sympy.Integer(0), sympy.Integer(1)
    middle = tuple(-a - b for a, b in zip(u, v, strict=True))
    steepest = ClaimedDerivative("-(u+v)", middle, -sympy.sqrt((1 + c) / 2))
    return Counterexample(
        name="obtuse_pair",
        title=OBTUSE_PAIR.title,
        source=OBTUSE_PAIR.source,
        latex=LATEX,
        objective=pull_back(OBTUSE_PAIR.formula, (u, v)),
        theta0=(zero,) * len(u),
        maximizers=((zero,), (one,)),
        faces=(),
        gradients=(v, u),
        derivatives=(
            ClaimedDerivative("-u", tuple(-x for x in u), -c),
            ClaimedDerivative("-v", tuple(-x for x in v), -c),
            steepest,
        ),
        steepest=steepest,
        parameters={"u": u, "v": v, "cosine": c},
    )


def _from_cosine(cosine: Any, dim: int) -> tuple[Row, Row]:
    c = exact_number(cosine, "cosine")
    _check_cosine(c, "cosine")
    rest = (sympy.Integer(0),) * (dim - 2)
    return (
        (sympy.Integer(1), sympy.Integer(0), *rest),
        (c, sympy.sqrt(sympy.expand(1 - c**2)), *rest),
    )


def _check_cosine(c: sympy.Expr, argument: str) -> None:
    if sign(c + 1) != 1:
        problem = (
            "u and v are opposite, so that 0 is in their hull and no direction descends"
            if sign(c + 1) == 0
            else f"{c} is not the cosine of an angle"
        )
        raise InvalidInputError(argument, problem, "Choose -1 < <u, v> < 0.")
    if sign(c) != -1:
        raise InvalidInputError(
            argument,
            f"the pair is not obtuse: <u, v> = {c} is not negative, so that -u and -v do not "
            "point uphill",
            "Choose -1 < <u, v> < 0.",
        )


def dimension(dim: Any) -> int:
    """Return `dim` if it is an integer of at least 2.

    Raises
    ------
    InvalidInputError
    """
    if isinstance(dim, bool) or not isinstance(dim, int) or dim < 2:
        raise InvalidInputError(
            "dim", f"{dim!r} is not an integer of at least 2", "Obtuse pairs need a plane."
        )
    return dim


OBTUSE_PAIR = Family(
    name="obtuse_pair",
    title="The obtuse pair",
    source="Counterexample 2",
    latex=LATEX,
    formula=MinMaxObjective.from_expression(
        "d*a + (1-d)*b + d*(d-1)", ["a", "b"], ["d"], Interval(0, 1)
    ),
    build=obtuse_pair,
)
