"""SymPy's proofs of polynomial implications: certificates, and Sturm's theorem in one variable.

A *certificate* is a formula in the names of the hypotheses, in NOT (the negated conclusion), and
in the variables, which is

- a contradiction by its form: a sum of products of positive numbers, even powers, and hypotheses
  ``h > 0`` or ``h >= 0``, at least one summand strictly positive (an equation ``h == 0`` may be
  multiplied by anything); and
- identically 0 once the polynomials are put in (`sympy.expand`).

So the hypotheses and NOT cannot hold together. (Stengle's Positivstellensatz says that one exists.)
In one variable on an interval no certificate is needed: the conclusion's polynomial has no zero of
odd multiplicity there, by Sturm's theorem, and the right sign at the sample point.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import conjunction
from danskin.claims.implication import Fact, Implication
from danskin.errors import DanskinError
from danskin.expression import parse
from danskin.limits import time_limit
from danskin.verdict import Verdict

__all__ = ["prove_by_sympy"]

_SECONDS = 10.0
Outcome = tuple[Verdict, str]


def prove_by_sympy(statement: Implication) -> Outcome:
    """Prove an implication; return the verdict and how it was reached.

    Refuted only by the sample point itself; a certificate that does not fit leaves it undecided.
    """
    try:
        with time_limit(_SECONDS, "SymPy's proof"):
            return _prove(statement)
    except (DanskinError, sympy.PolynomialError) as error:
        return Verdict.UNDECIDED, str(error)


def _prove(statement: Implication) -> Outcome:
    hypotheses = statement.hypotheses.values()
    if conjunction([h.holds_at(statement.sample) for h in hypotheses]) is not Verdict.PROVED:
        return Verdict.UNDECIDED, "the sample point does not satisfy the hypotheses"
    if statement.refuted_at(statement.sample):
        return Verdict.REFUTED, f"false at {point_text(statement.sample)}"
    if statement.conclusion.expr == 0 and statement.conclusion.relation != ">":
        return Verdict.PROVED, "both sides are the same polynomial"
    if statement.certificate:
        return _by_certificate(statement)
    outcomes = [_by_sturm(half) for half in statement.halves()]
    return conjunction([v for v, _ in outcomes]), "; ".join(dict.fromkeys(w for _, w in outcomes))


def point_text(point: Any) -> str:
    """Show a point as "a = 1, b = 2"."""
    return ", ".join(f"{k} = {v}" for k, v in point.items())


# --- certificates --------------------------------------------------------------------------------


def _by_certificate(statement: Implication) -> Outcome:
    conclusion = statement.conclusion
    if conclusion.relation == "==":
        return Verdict.UNDECIDED, "a certificate proves an inequality, not an equation"
    facts = dict(statement.hypotheses)
    # The negation of p > 0 is -p >= 0, that of p >= 0 is -p > 0.
    facts["NOT"] = Fact(
        -conclusion.expr, ">=" if conclusion.relation == ">" else ">", f"not {conclusion}"
    )
    names = {name: sympy.Symbol(f"[{name}]") for name in facts}
    variables = {s.name: s for s in statement.variables}
    formula = parse(statement.certificate, {**variables, **names}, "certificate")
    relations = {names[n]: f.relation for n, f in facts.items()}
    if _form(formula, relations) != ">":
        return Verdict.UNDECIDED, f"{statement.certificate} is not positive by its form"
    value = formula.xreplace({names[n]: f.expr for n, f in facts.items()})
    if sympy.expand(value) != 0:
        return Verdict.UNDECIDED, f"the certificate {statement.certificate} is not identically 0"
    return Verdict.PROVED, (
        f"with NOT the negated conclusion, {statement.certificate} = 0 identically, and > 0 by its "
        "form"
    )


def _form(expr: sympy.Expr, relations: dict[sympy.Symbol, str]) -> str | None:
    """Return ">" (positive), ">=" (non-negative), "==" (zero), or None (unknown), by the form."""
    if expr.is_Rational:
        return ">" if expr > 0 else "==" if expr == 0 else None
    if isinstance(expr, sympy.Symbol):
        return relations.get(expr)
    if isinstance(expr, sympy.Pow) and expr.exp.is_Integer and expr.exp > 0:
        inner = _form(expr.base, relations)
        return inner if inner is not None else ">=" if expr.exp % 2 == 0 else None
    if isinstance(expr, sympy.Mul):
        forms = [_form(a, relations) for a in expr.args]
        if "==" in forms:
            return "=="
        return None if None in forms else ">=" if ">=" in forms else ">"
    if isinstance(expr, sympy.Add):
        forms = [_form(a, relations) for a in expr.args]
        if None in forms:
            return None
        return ">" if ">" in forms else ">=" if ">=" in forms else "=="
    return None


# --- Sturm ---------------------------------------------------------------------------------------


def _by_sturm(statement: Implication) -> Outcome:
    inside = statement.conclusion.expr.free_symbols
    if len(inside) > 1:
        return Verdict.UNDECIDED, "no certificate is given, and there is more than one variable"
    # A constant is a polynomial in any variable.
    x: Any = next(iter(inside or statement.variables))
    ends = _interval(statement, x)
    if ends is None:
        return Verdict.UNDECIDED, "the hypotheses are not an interval"
    (lo, lo_open), (hi, hi_open) = ends
    strict = statement.conclusion.relation == ">"
    p = sympy.Poly(statement.conclusion.expr, x, domain="QQ")
    if p.is_zero:
        verdict = Verdict.UNDECIDED if strict else Verdict.PROVED
        return verdict, "the difference is identically 0"
    if strict:
        critical = p
    else:
        # Zeros of even multiplicity do not change the sign.
        critical = sympy.Poly(1, x, domain="QQ")
        for factor, multiplicity in p.factor_list()[1]:
            if multiplicity % 2:
                critical *= factor
        lo_open = hi_open = True
    zeros = critical.count_roots(lo, hi) if critical.degree() > 0 else 0
    for end, is_open in ((lo, lo_open), (hi, hi_open)):
        if is_open and end is not None and critical.eval(end) == 0:
            zeros -= 1
    where = f"{'(' if lo_open else '['}{_end(lo, '-oo')}, {_end(hi, 'oo')}{')' if hi_open else ']'}"
    point, value = _where_not_zero(p, statement.sample[x], hi)
    if zeros == 0 and value > 0:
        what = "has no zero" if strict else "has no change of sign"
        return (
            Verdict.PROVED,
            f"{p.as_expr()} {what} on {where} (Sturm) and is {value} at {x} = {point}",
        )
    return Verdict.UNDECIDED, f"{p.as_expr()} has {zeros} zeros on {where}"


def _where_not_zero(p: sympy.Poly, sample: Any, hi: Any) -> tuple[Any, Any]:
    """Return a point between the sample and the upper end where p is not 0, if one is found."""
    far = sample + 1 if hi is None else hi
    points = [sample, *((k * sample + far) / (k + 1) for k in range(1, int(p.degree()) + 2))]
    values: list[Any] = [p.eval(q) for q in points]
    return next(
        ((q, v) for q, v in zip(points, values, strict=True) if v != 0), (sample, values[0])
    )


def _end(value: Any, infinite: str) -> str:
    return infinite if value is None else str(value)


def _interval(statement: Implication, x: sympy.Symbol) -> Any:
    """Return ((lo, open), (hi, open)) from affine hypotheses, None for an infinite end."""
    lo: tuple[Any, bool] = (None, True)
    hi: tuple[Any, bool] = (None, True)
    for h in statement.hypotheses.values():
        # Hypotheses on other variables are left out: the statement only becomes stronger.
        if h.expr.free_symbols != {x}:
            continue
        p = sympy.Poly(h.expr, x, domain="QQ")
        if p.degree() != 1 or h.relation == "==":
            return None
        slope, constant = p.all_coeffs()
        end, is_open = -constant / slope, h.relation == ">"
        if slope > 0 and (lo[0] is None or end > lo[0] or (end == lo[0] and is_open)):
            lo = (end, is_open)
        if slope < 0 and (hi[0] is None or end < hi[0] or (end == hi[0] and is_open)):
            hi = (end, is_open)
    return lo, hi
