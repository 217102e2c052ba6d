"""Values with square roots: ``N / sqrt(Q)`` equals a claimed formula, for all parameters.

SymPy's proof: both sides are continuous and nonzero on a connected set of parameters and have the
same sign at one point, and their squares are the same rational function. z3's: every root becomes
a variable r >= 0 with r^2 = radicand, after the radicand was shown to be non-negative, and every
denominator is shown not to vanish.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import DECISION, EXACT, SYMBOLIC, Argument, conjunction, equal, ordered
from danskin.claims.decision import prove_by_z3
from danskin.claims.gram import Domain
from danskin.claims.implication import Fact, Implication, prove_twice
from danskin.errors import DanskinError
from danskin.limits import time_limit
from danskin.verdict import Verdict

__all__ = ["quotient_is"]

_ROOT = sympy.Rational(1, 2)


def quotient_is(
    argument: Argument,
    text: str,
    numerator: sympy.Expr,
    square: sympy.Expr,
    claimed: sympy.Expr,
    domain: Domain,
) -> Verdict:
    """Add the part ``numerator / sqrt(square) == claimed`` for all parameters of the domain.

    Parameters
    ----------
    argument : Argument
    text : str
    numerator, square : polynomials in the domain's parameters
        The numerator may not vanish on the domain, which has to be connected (one interval).
    claimed : sympy.Expr
    domain : Domain
    """
    text = f"{text}: ({numerator}) / sqrt({square}) = {claimed} for all {domain}"
    at = domain.point
    value = numerator.xreplace(at) / sympy.sqrt(square.xreplace(at))
    here = equal(value, claimed.xreplace(at))
    if here is Verdict.REFUTED:
        return argument.part(f"{text} (false at {domain.sample})", here, EXACT)
    sign = ordered(value, ">", 0)
    if sign is Verdict.UNDECIDED:
        return argument.part(text, Verdict.UNDECIDED, EXACT)
    s = 1 if sign is Verdict.PROVED else -1
    prove_twice(
        argument,
        "The length is positive and the numerator keeps its sign",
        [
            domain.always(square, ">", f"{square} > 0"),
            domain.always(s * numerator, ">", f"{s * numerator} > 0"),
        ],
        lemma=True,
    )
    by_sympy = _squares_agree(numerator, square, claimed)
    by_z3 = _by_roots(numerator, square, claimed, domain)
    verdict = conjunction([by_sympy, by_z3, here])
    argument.used(DECISION)
    return argument.part(
        f"{text}. SymPy: the squares are the same rational function ({by_sympy}), the signs agree "
        f"at {domain.sample}; z3: with a variable for every root, no parameter separates them "
        f"({by_z3})",
        verdict if verdict is Verdict.PROVED else Verdict.UNDECIDED,
        SYMBOLIC,
    )


def _squares_agree(numerator: sympy.Expr, square: sympy.Expr, claimed: sympy.Expr) -> Verdict:
    try:
        with time_limit(10, "comparing squares"):
            difference = sympy.cancel(sympy.expand(claimed**2) * square - numerator**2)
    except (DanskinError, sympy.PolynomialError):
        return Verdict.UNDECIDED
    return Verdict.PROVED if difference == 0 else Verdict.UNDECIDED


def _by_roots(
    numerator: sympy.Expr, square: sympy.Expr, claimed: sympy.Expr, domain: Domain
) -> Verdict:
    roots: dict[sympy.Expr, sympy.Symbol] = {}
    left = _replace_roots(claimed, roots)
    length = roots.setdefault(square, sympy.Symbol(f"root{len(roots)}"))
    bare = domain.implies("0 >= 0")
    hypotheses = dict(bare.hypotheses)
    sample = dict(bare.sample)
    verdicts = []
    for radicand, root in roots.items():
        top, bottom = sympy.fraction(sympy.together(radicand))
        verdicts.append(_z3(domain, bottom**2, ">", hypotheses, sample))
        verdicts.append(_z3(domain, top * bottom, ">=", hypotheses, sample))
        sample[root] = sympy.sqrt(radicand.xreplace(domain.point))
        hypotheses[root.name] = Fact(root, ">=", f"{root} >= 0")
        equation = sympy.expand(root**2 * bottom - top)
        hypotheses[f"{root.name}^2"] = Fact(equation, "==", f"{root}**2 == {radicand}")
    top, bottom = sympy.fraction(sympy.together(left))
    verdicts.append(_z3(domain, bottom**2, ">", hypotheses, sample))
    verdicts.append(_z3(domain, numerator * bottom - top * length, "==", hypotheses, sample))
    return conjunction(verdicts)


def _z3(
    domain: Domain,
    expr: sympy.Expr,
    relation: str,
    hypotheses: dict[str, Fact],
    sample: dict[sympy.Symbol, sympy.Expr],
) -> Verdict:
    fact = Fact(sympy.expand(expr), relation, f"{expr} {relation} 0")
    return prove_by_z3(Implication(tuple(sample), dict(hypotheses), fact, dict(sample)))[0]


def _replace_roots(expr: Any, roots: dict[sympy.Expr, sympy.Symbol]) -> sympy.Expr:
    """Write an expression with square roots as a rational function of root variables."""
    if isinstance(expr, sympy.Pow) and abs(expr.exp) == _ROOT:
        inner = _replace_roots(expr.base, roots)
        root = roots.setdefault(inner, sympy.Symbol(f"root{len(roots)}"))
        return root if expr.exp > 0 else 1 / root
    if not expr.args:
        return expr
    return expr.func(*(_replace_roots(a, roots) for a in expr.args))
