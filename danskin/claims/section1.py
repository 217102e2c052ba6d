"""Section 1, Theorem 1 (Danskin): the counterexamples meet its hypotheses."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import EXACT, SYMBOLIC, Argument, decided
from danskin.claims.core import Claim
from danskin.counterexamples import ABSOLUTE_VALUE, OBTUSE_PAIR, ORABONA, simplex_formula
from danskin.expression import parse
from danskin.sets import Box, Interval, Simplex
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _hypotheses(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    for name, f in formulas.items():
        _as_printed(argument, name, f, *claimed["printed"][name])
        argument.part(
            f"{name}: S = {f.domain} is closed and bounded, hence compact",
            decided(isinstance(f.domain, (Interval, Box, Simplex))),
            EXACT,
        )
        variables = (*f.theta_symbols, *f.delta_symbols)
        entropy = [a for a in f.expression.atoms(sympy.Function) if a.func.__name__ == "xlogx"]
        smooth = f.expression.xreplace({a: sympy.Integer(0) for a in entropy})
        inside = all(a.args[0] in f.delta_symbols for a in entropy)
        shown = " plus functions x log x of the delta_i, continuous on [0, 1]" if entropy else ""
        argument.part(
            f"{name}: g = {f.expression} is a polynomial{shown}: continuous on R^n x S",
            decided(bool(smooth.is_polynomial(*variables) and inside) or None),
            SYMBOLIC,
        )
        gradients = f.gradient_expressions
        argument.part(
            f"{name}: grad_theta g = ({', '.join(map(str, gradients))}) is a polynomial in theta "
            "and delta: jointly continuous",
            decided(all(g.is_polynomial(*variables) for g in gradients) or None),
            SYMBOLIC,
        )
        names = {s.name: s for s in variables}
        wanted = [parse(g, names, "gradients") for g in claimed["gradients"][name]]
        same = len(wanted) == len(gradients) and all(
            sympy.expand(a - b) == 0 for a, b in zip(gradients, wanted, strict=True)
        )
        argument.part(
            f"{name}: the gradient is ({', '.join(map(str, wanted))})", decided(same), SYMBOLIC
        )


def _as_printed(argument: Argument, name: str, f: Any, formula: str, domain: Any) -> None:
    """Compare the registered objective with the paper's, written down here once more."""
    names = {s.name: s for s in (*f.theta_symbols, *f.delta_symbols)}
    printed = parse(formula, names, "printed")
    same = sympy.expand(f.expression - printed) == 0 and f.domain == domain
    argument.part(
        f"{name}: the objective is the paper's, g = {printed} on S = {domain}",
        decided(bool(same)),
        SYMBOLIC,
    )


HYPOTHESES = Claim(
    id="theorem-1-hypotheses",
    title="The counterexamples are the paper's, and satisfy the hypotheses of Danskin's theorem",
    source="Section 1, Theorem 1; Section 3 (clearly, the function satisfies all conditions)",
    statement=(
        r"S \text{ compact},\ g \text{ continuous},\ g(\cdot, \delta) \text{ differentiable},\ "
        r"\nabla_\theta g \text{ continuous on } \mathbb{R}^n \times S"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, EXACT),
    objects={
        "absolute value": ABSOLUTE_VALUE.formula,
        "obtuse pair": OBTUSE_PAIR.formula,
        "Orabona": ORABONA.formula,
        "simplex family": simplex_formula(3),
    },
    claimed={
        # With features a, b or a_i in place of <theta, u>, <theta, v> or <v_i, theta - theta0>.
        "printed": {
            "absolute value": ("t*d", Interval(-1, 1)),
            "obtuse pair": ("d*a + (1 - d)*b + d*(d - 1)", Interval(0, 1)),
            "Orabona": (
                "d*(t1**2 + (t2 + 1)**2) + (1 - d)*(t1**2 + (t2 - 1)**2)",
                Interval(0, 1),
            ),
            "simplex family": (
                "d1*a1 + d2*a2 + d3*a3 + xlogx(d1) + xlogx(d2) + xlogx(d3)",
                Simplex(3),
            ),
        },
        "gradients": {
            "absolute value": ("d",),
            "obtuse pair": ("d", "1 - d"),
            "Orabona": ("2*t1", "2*t2 + 4*d - 2"),
            "simplex family": ("d1", "d2", "d3"),
        },
    },
    prove=_hypotheses,
    kind="statement",
)

CLAIMS = (HYPOTHESES,)
