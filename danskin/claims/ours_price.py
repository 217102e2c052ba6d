"""Ours: the price of one adversary: how far uphill a single gradient can point."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    Argument,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import inner, largest_product, min_norm, vectors_are
from danskin.counterexamples import OBTUSE_PAIR, simplex_formula, symmetric_triple
from danskin.errors import InvalidInputError
from danskin.exact import exact_max
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _price(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    _stationary(argument)
    a, b, z = (sympy.Symbol(s) for s in "abz")
    n2, m2 = sympy.Symbol("n2"), sympy.Symbol("m2")
    gram = sympy.Matrix([[1, a, b], [a, n2, z], [b, z, m2]])  # of x*/rho, g_i, g_j
    first, second = sympy.Matrix([[-a, 1, 0]]), sympy.Matrix([[-b, 0, 1]])
    inner = sympy.expand((first * gram * second.T)[0])
    length = sympy.expand((first * gram * first.T)[0])
    argument.lemma(
        "rho > 0: let xi = x*/rho, a = <xi, g_i>, b = <xi, g_j>, w_i = g_i - a xi, w_j = g_j - b "
        f"xi, z = <g_i, g_j>. From the Gram matrix of (xi, g_i, g_j): <w_i, w_j> = {inner}, "
        f"|w_i|^2 = {length}; by KKT (theorem-2) a, b >= rho",
        decided(inner == z - a * b and length == n2 - a**2),
        SYMBOLIC,
    )
    prove_twice(
        argument,
        "Cauchy-Schwarz: with p = |w_i|, q = |w_j|, W = <w_i, w_j>, |q w_i + p w_j|^2 = 2 p^2 q^2 "
        "+ 2 p q W >= 0 gives W >= -p q (if p q = 0, then W = 0)",
        Implication.read(
            {"P": "p > 0", "Q": "q > 0", "SQUARE": "2*p**2*q**2 + 2*p*q*W >= 0"},
            "W >= -p*q",
            sample={"p": 1, "q": 1, "W": 0},
            certificate="2*P*Q*NOT + SQUARE",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "p = sqrt(n^2 - a^2) is at most P = sqrt(N^2 - rho^2) where n <= N and a >= rho",
        Implication.read(
            {
                "A": "a >= r",
                "R": "r >= 0",
                "P0": "P >= 0",
                "p0": "p >= 0",
                "EP": "p**2 == n2 - a**2",
                "EQ": "P**2 == N2 - r**2",
                "NM": "n2 <= N2",
            },
            "p <= P",
            sample={"a": 1, "r": 1, "p": 1, "P": 1, "n2": 2, "N2": 2},
            certificate="NOT**2 + 2*P0*NOT + A**2 + 2*R*A + NM - EP + EQ",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "Together, with P = sqrt(n_i^2 - rho^2), Q = sqrt(nmax^2 - rho^2): <-g_i, g_j> = -(a b + "
        "W) <= P Q - rho^2",
        Implication.read(
            {
                "A": "a >= r",
                "B": "b >= r",
                "R": "r >= 0",
                "PI": "p >= 0",
                "QJ": "q >= 0",
                "PP": "P >= p",
                "QQ": "Q >= q",
                "CS": "W >= -p*q",
            },
            "-(a*b + W) <= P*Q - r**2",
            sample={"a": 1, "b": 1, "r": 1, "p": 1, "q": 1, "P": 1, "Q": 1, "W": 0},
            # P Q - p q = (P-p)(Q-q) + p (Q-q) + q (P-p); a b - r^2 likewise.
            certificate="NOT + CS + A*B + R*A + R*B + PP*QQ + PI*QQ + QJ*PP",
        ),
        lemma=True,
    )
    _unit_bound(argument, claimed["unit"])
    for name, case in claimed["instances"].items():
        _price_instance(argument, name, case, claimed["bound"], formulas[name])


def _stationary(argument: Argument) -> None:
    prove_twice(
        argument,
        "rho = 0: the bound is n_i nmax, and Cauchy-Schwarz gives it: with p = |g_i|, q = |g_j|, W "
        "= <g_i, g_j>, |q g_i + p g_j|^2 = 2 p^2 q^2 + 2 p q W >= 0, so -W <= p q <= p nmax",
        Implication.read(
            {"P": "p > 0", "Q": "q > 0", "N": "q <= N", "SQUARE": "2*p**2*q**2 + 2*p*q*W >= 0"},
            "-W <= p*N",
            sample={"p": 1, "q": 1, "N": 1, "W": 0},
            certificate="2*P*Q*NOT + SQUARE + 2*P**2*Q*N",
        ),
        lemma=True,
    )


def _unit_bound(argument: Argument, unit: str) -> None:
    """For unit gradients P = Q = sqrt(1 - rho^2)."""
    given = {"E": "P**2 + r**2 == 1"}
    sample = {"P": "3/5", "r": "4/5"}
    prove_twice(
        argument,
        f"Unit gradients: P = Q with P^2 = 1 - rho^2, and the bound is {unit}",
        [
            Implication.read(given, f"P*P - r**2 <= {unit}", sample=sample, certificate="NOT - E"),
            Implication.read(given, f"P*P - r**2 >= {unit}", sample=sample, certificate="NOT + E"),
        ],
    )


def _price_instance(
    argument: Argument, name: str, case: dict[str, Any], bound: str, formula: Any
) -> None:
    gradients = vectors_are(argument, name, formula, case["vectors"]).exact_gradients or ()
    found = min_norm(gradients)
    argument.part(f"{name}: rho^2 = {found.square}, by KKT", found.verdict, EXACT)
    rho2 = found.square
    squares = [inner(g, g) for g in gradients]
    largest = exact_max(squares)
    if largest is None:
        raise InvalidInputError("objective", f"{name}: the lengths cannot be compared", "")
    for i, g in enumerate(gradients):
        value = largest_product([-x for x in g], gradients)
        limit = parse(bound, {"n2": squares[i], "N2": largest[0], "r2": rho2}, "bound")
        relation = "==" if case["attained"] else "<="
        argument.part(
            f"{name}, gradient {i + 1}: max_j <-g_i, g_j> = {value} {relation} {limit}, "
            f"rho^2 = {rho2}",
            ordered(value, relation, limit),
            EXACT,
        )


PRICE = Claim(
    id="price-of-one-adversary",
    title="How far uphill a single gradient can point, by the min norm of the hull",
    source="Ours; quantifies Section 3",
    statement=(
        r"\rho = \min_{x \in \mathrm{conv}\{g_j\}} \|x\|,\ n_i = \|g_i\| > 0:\quad"
        r" \max_j \langle -g_i, g_j\rangle \le \sqrt{(n_i^2 - \rho^2)(n_{\max}^2 - \rho^2)} - "
        r"\rho^2"
        r",\quad \|g_i\| = 1 \ \forall i \implies \max_j \langle -g_i, g_j\rangle \le 1 - 2\rho^2"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={
        "obtuse pair": OBTUSE_PAIR.formula,
        "lifted triple": simplex_formula(3),
        "flat triple": simplex_formula(3),
        "lengths 1, 2, 3": simplex_formula(3),
    },
    claimed={
        "bound": "sqrt((n2 - r2)*(N2 - r2)) - r2",
        "unit": "1 - 2*r**2",
        "instances": {
            "obtuse pair": {"vectors": (("1", "0"), ("-3/5", "4/5")), "attained": True},
            "lifted triple": {
                "vectors": tuple(tuple(map(str, v)) for v in symmetric_triple("1/2")),
                "attained": False,
            },
            "flat triple": {
                "vectors": tuple(tuple(map(str, v)) for v in symmetric_triple()),
                "attained": False,
            },
            "lengths 1, 2, 3": {
                "vectors": (("1", "0", "0"), ("-6/5", "8/5", "0"), ("1", "2", "-2")),
                "attained": False,
            },
        },
    },
    prove=_price,
    kind="ours",
    uses=("theorem-2",),
)


CLAIMS = (PRICE,)
