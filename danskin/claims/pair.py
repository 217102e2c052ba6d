"""Counterexample 2 for all admissible vectors at once: two unit vectors u, v with cosine c.

Everything depends on the Gram matrix ``[[1, c], [c, 1]]`` alone, so a proof for the symbol c holds
in every dimension.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import SYMBOLIC, Argument, decided
from danskin.claims.branches import branches
from danskin.claims.gram import Domain, GradientGram, at_origin, set_is
from danskin.errors import InvalidInputError
from danskin.expression import parse

__all__ = ["PAIR", "combination", "every_cosine", "introduce", "pair_gram"]

#: u and v in features order, their cosine, and where it lies.
PAIR: dict[str, Any] = {
    "vectors": ("u", "v"),
    "hypotheses": {"LO": "c > -1", "HI": "c < 0"},
    "sample": {"c": "-1/2"},
    "S*": ("0", "1"),
    "gradients": {"0": "v", "1": "u"},
}


def pair_gram(formula: Any, claimed: dict[str, Any]) -> tuple[GradientGram, Domain]:
    """Return the pair's gradients over ``G = [[1, c], [c, 1]]``, and the domain of c."""
    domain = Domain(claimed["hypotheses"], claimed["sample"])
    c = domain.names["c"]
    return at_origin(formula, sympy.Matrix([[1, c], [c, 1]])), domain


def combination(text: str, names: tuple[str, ...]) -> sympy.Matrix:
    """Read a linear combination of named vectors as a row of coefficients.

    Raises
    ------
    InvalidInputError
        Not linear in the names.
    """
    symbols = {n: sympy.Symbol(n) for n in names}
    expr = sympy.expand(parse(text, symbols, "direction"))
    row = [expr.coeff(s) for s in symbols.values()]
    if expr != sympy.Add(*(k * s for k, s in zip(row, symbols.values(), strict=True))):
        raise InvalidInputError("direction", f"{text!r} is not linear in {names}", "")
    return sympy.Matrix([row])


def every_cosine(argument: Argument, domain: Domain) -> None:
    """Add the lemma that every admissible cosine is in the domain."""
    domain.covers(
        argument,
        "Every cosine of two unit vectors at an obtuse angle that are not opposite is covered",
        {"LO": "c > -1", "HI": "c < 0"},
    )


def introduce(
    argument: Argument, formula: Any, point: GradientGram, domain: Domain, claimed: dict[str, Any]
) -> None:
    """Say what the proof is about, and check its maximizers and gradients."""
    argument.say(
        f"g = {formula.expression} with features {formula.theta_symbols[0]} = <theta, u>, "
        f"{formula.theta_symbols[1]} = <theta, v>; Gram matrix of u, v: [[1, c], [c, 1]], "
        f"{domain}. Only these enter, so the proof holds in every dimension."
    )
    every_cosine(argument, domain)
    branches(argument, formula)
    set_is(argument, "S*(0), all of it,", point, [[d] for d in claimed["S*"]])
    for delta, name in claimed["gradients"].items():
        row = point.gradient([delta])
        argument.part(
            f"The gradient at delta = {delta} is ({row[0]}) u + ({row[1]}) v = {name}",
            decided(row == combination(name, claimed["vectors"])),
            SYMBOLIC,
        )
