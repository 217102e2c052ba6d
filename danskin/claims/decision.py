"""z3's proofs of polynomial implications: the negation is unsatisfiable over the reals.

Work is bounded by z3's resource counter (`rlimit`), which counts operations and not seconds, so
that the answer does not depend on the machine; every query runs in a context of its own, so that it
does not depend on the queries before it either. "unknown" is undecided. A model counts as a
refutation only after exact arithmetic has confirmed it outside z3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from danskin.claims.implication import Fact, Implication
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

__all__ = ["RLIMIT", "prove_by_z3"]

#: z3's resource units a query; a failed search ends after a second or two.
RLIMIT = 5_000_000

Outcome = tuple[Verdict, str]


def prove_by_z3(statement: Implication, rlimit: int = RLIMIT) -> Outcome:
    """Prove an implication; return the verdict and how it was reached."""
    import z3  # loaded here: it takes a second

    context = z3.Context()
    variables = {s: z3.Real(s.name, context) for s in statement.variables}
    try:
        hypotheses = [_relation(f, variables, context) for f in statement.hypotheses.values()]
        conclusion = _relation(statement.conclusion, variables, context)
    except InvalidInputError as error:
        return Verdict.UNDECIDED, error.problem
    solver = z3.SolverFor("QF_NRA", ctx=context)
    solver.set("rlimit", rlimit)
    solver.add(*hypotheses)
    if not _satisfied(statement):
        return Verdict.UNDECIDED, "the sample point does not satisfy the hypotheses"
    solver.add(z3.Not(conclusion))
    answer = solver.check()
    if answer == z3.unsat:
        return Verdict.PROVED, "the negation is unsatisfiable"
    if answer == z3.unknown:
        return Verdict.UNDECIDED, f"unknown ({solver.reason_unknown()})"
    return _confirm(statement, solver.model(), variables, z3)


def _satisfied(statement: Implication) -> bool:
    facts = statement.hypotheses.values()
    return all(f.holds_at(statement.sample) is Verdict.PROVED for f in facts)


def _confirm(
    statement: Implication, model: Any, variables: Mapping[sympy.Symbol, Any], z3: Any
) -> Outcome:
    """Check z3's model in exact arithmetic of our own."""
    point: dict[sympy.Symbol, sympy.Expr] = {}
    for symbol, variable in variables.items():
        value = _number(model.eval(variable, model_completion=True), z3)
        if value is None:
            return Verdict.UNDECIDED, "a model that could not be read exactly"
        point[symbol] = value
    shown = ", ".join(f"{k} = {v}" for k, v in point.items())
    if statement.refuted_at(point):
        return Verdict.REFUTED, f"false at {shown} (confirmed in exact arithmetic)"
    return Verdict.UNDECIDED, f"a model that exact arithmetic does not confirm: {shown}"


def _number(value: Any, z3: Any) -> sympy.Expr | None:
    if z3.is_rational_value(value):
        return sympy.Rational(value.numerator_as_long(), value.denominator_as_long())
    if z3.is_algebraic_value(value):
        coefficients = [_number(c, z3) for c in value.poly()]  # lowest power first
        x = sympy.Symbol("x")
        polynomial = sympy.Poly(list(reversed(coefficients)), x)
        # z3 counts the real roots from 1.
        return sympy.CRootOf(polynomial, value.index() - 1, radicals=True)
    return None


def _relation(fact: Fact, variables: Mapping[sympy.Symbol, Any], context: Any) -> Any:
    left = _translate(fact.expr, variables, context)
    if fact.relation == "==":
        return left == 0
    return left >= 0 if fact.relation == ">=" else left > 0


def _translate(expr: Any, variables: Mapping[sympy.Symbol, Any], context: Any) -> Any:
    import z3

    if expr.is_Rational:
        return z3.Q(int(expr.p), int(expr.q), context)  # type: ignore[attr-defined]
    if expr in variables:
        return variables[expr]  # type: ignore[index]
    parts = [_translate(a, variables, context) for a in expr.args]
    if isinstance(expr, sympy.Add):
        return z3.Sum(parts)
    if isinstance(expr, sympy.Mul):
        return z3.Product(parts)
    if isinstance(expr, sympy.Pow) and expr.exp.is_Integer and expr.exp > 0:
        return z3.Product([parts[0]] * int(expr.exp))  # type: ignore[attr-defined]
    raise InvalidInputError("statement", f"{expr} is not a polynomial", "Name its roots.")
