"""Section 1, Theorem 1 (Danskin): its hypotheses, and its formula against Definition 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from danskin.claims.argument import (
    EXACT,
    NUMERIC,
    SYMBOLIC,
    Argument,
    conjunction,
    decided,
    equal,
)
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers
from danskin.claims.implication import Implication, prove_twice
from danskin.counterexamples import ABSOLUTE_VALUE, OBTUSE_PAIR, ORABONA, simplex_formula
from danskin.derivative import directional_derivative
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Box, Interval, Simplex
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


# --- the hypotheses ------------------------------------------------------------------------------


def _hypotheses(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    for name, f in formulas.items():
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
        here = {str(g) for g in gradients}
        argument.part(
            f"{name}: the gradient is the one claimed",
            decided(here == set(claimed["gradients"][name])),
            SYMBOLIC,
        )


HYPOTHESES = Claim(
    id="theorem-1-hypotheses",
    title="The counterexamples satisfy the hypotheses of Danskin's theorem",
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
        "gradients": {
            "absolute value": ("d",),
            "obtuse pair": ("d", "1 - d"),
            "Orabona": ("2*d*t1 + 2*t1*(1 - d)", "d*(2*t2 + 2) + (1 - d)*(2*t2 - 2)"),
            "simplex family": ("d1", "d2", "d3"),
        }
    },
    prove=_hypotheses,
    kind="statement",
)


# --- the formula ---------------------------------------------------------------------------------


def _random_polynomial(rng: np.random.Generator, names: tuple[str, ...]) -> sympy.Expr:
    """Return a random polynomial of degree 3 that vanishes at 0, with rational coefficients."""
    symbols = sympy.symbols(names)
    terms = []
    for i, x in enumerate(symbols):
        terms.append(int(rng.integers(-4, 5)) * x)
        terms += [sympy.Rational(int(rng.integers(-6, 7)), 3) * x * y for y in symbols[i:]]
        terms.append(int(rng.integers(-2, 3)) * x**3)
    return sympy.Add(*terms)


def _slope(values: list[sympy.Expr], t: sympy.Symbol) -> Any:
    """Return the derivative at t = 0+ of a maximum of polynomials that are equal at 0.

    Near 0+ the maximum is the polynomial with the lexicographically largest coefficients.
    """
    rows = []
    for v in values:
        p = sympy.Poly(v, t)
        rows.append([p.coeff_monomial(t**k) for k in range(5)])
    if any(r[0] != rows[0][0] for r in rows):
        raise InvalidInputError("objective", "its values are not tied", "")
    return max(rows)[1]


def _formula(argument: Argument, claimed: dict[str, Any], tied: Any) -> None:
    prove_twice(
        argument,
        "Lower bound, for every g: a maximizer delta has phi(theta + t gamma) - phi(theta) >= "
        "g(theta + t gamma, delta) - g(theta, delta), so every quotient of (6) is at least the one "
        "of g(., delta), which tends to <gamma, grad_theta g(theta, delta)>: D is at least the "
        "maximum of these",
        Implication.read(
            {"P": "phit >= gt", "Q": "phi0 == g0"},
            "phit - phi0 >= gt - g0",
            sample={"phit": 2, "gt": 1, "phi0": 0, "g0": 0},
            certificate="NOT + P - Q",
        ),
        lemma=True,
    )
    rng = np.random.default_rng(claimed["seed"])
    names = ("t1", "t2")
    t = sympy.Symbol("t", positive=True)
    verdicts: list[Verdict] = []
    worst, used = 0.0, 0
    for _ in range(claimed["objectives"]):
        polynomials = [_random_polynomial(rng, names) for _ in range(2)]
        f = tied(*polynomials)
        (d,) = f.delta_symbols
        S = known_maximizers(f, ["0", "0"])
        verdicts.append(decided(len(S) == 2 and not S.faces))
        convex = sympy.diff(f.expression, d, 2)
        verdicts.append(decided(bool(convex.is_positive) or None))
        gamma = [sympy.Rational(int(x), 5) for x in ((3, 4), (-4, 3), (0, 5))[used % 3]]
        line = {s: t * x for s, x in zip(f.theta_symbols, gamma, strict=True)}
        ends = (f.domain.exact_lo[0], f.domain.exact_hi[0])
        values = [sympy.expand(f.expression.subs({**line, d: e}, simultaneous=True)) for e in ends]
        derivative = directional_derivative(S, gamma).value
        wanted = parse(claimed["D"], {"formula": derivative}, "D")
        verdicts.append(equal(_slope(values, t), wanted))
        step = 1e-6
        best = max(float(v.subs(t, step)) for v in values)
        quotient = (best - float(S.exact_value or 0)) / step
        worst = max(worst, abs(quotient - float(wanted)))
        used += 1
    argument.part(
        f"{used} random objectives with two maximizers tied at theta = 0 (cubic polynomials as "
        "values at the ends, strictly convex in delta, so that phi is their maximum everywhere): "
        "the limit of (6), computed from the polynomials themselves, equals Danskin's maximum",
        conjunction(verdicts),
        EXACT,
    )
    argument.evidence(
        f"One-sided difference quotients of phi at t = 1e-6: within {worst:.1e} of the formula "
        f"(tolerance {claimed['tolerance']:g})",
        worst <= claimed["tolerance"],
    )
    _moving(argument, claimed, rng)


def _moving(argument: Argument, claimed: dict[str, Any], rng: np.random.Generator) -> None:
    """Compare where the maximizers move with theta: phi by the roots of dg/ddelta, in floats."""
    worst = 0.0
    for _ in range(claimed["moving"]):
        a, b, c = (int(x) for x in rng.integers(-3, 4, size=3))
        f = MinMaxObjective.from_expression(
            f"-(d**2 - 1)**2 + {a}*t*d + ({b})*t*d**2 + ({c})*t", ["t"], ["d"], Interval(-2, 2)
        )
        S = known_maximizers(f, ["0"])
        for side in (1, -1):
            value = float(directional_derivative(S, [side]).value)
            step = 1e-5 * side
            # dg/ddelta = -4 d^3 + (4 + 2 b t) d + a t
            roots = np.roots([-4.0, 0.0, 4.0 + 2 * b * step, a * step]).real
            here = np.concatenate([np.clip(roots, -2, 2), [-2.0, 2.0]])
            phi = np.max(-((here**2 - 1) ** 2) + step * (a * here + b * here**2 + c))
            worst = max(worst, abs(phi / abs(step) - value))
    argument.evidence(
        f"{claimed['moving']} random objectives -(d^2-1)^2 + t (a d + b d^2 + c), tied at d = "
        "-1, 1 "
        f"with maximizers that move with t: difference quotients within {worst:.1e} of the formula",
        worst <= claimed["tolerance"],
    )


def _tied(p: sympy.Expr, q: sympy.Expr) -> MinMaxObjective:
    """Return ``g = d p + (1-d) q + d (d-1)`` on [0, 1], tied at theta = 0."""
    d = sympy.Symbol("d")
    return MinMaxObjective.from_expression(
        d * p + (1 - d) * q + d * (d - 1), ["t1", "t2"], ["d"], Interval(0, 1)
    )


FORMULA = Claim(
    id="theorem-1-formula",
    title="Danskin's formula on random objectives with planted ties",
    source="Section 1, Theorem 1, eq. (4); the general theorem is Danskin's (1966)",
    statement=(
        r"D(\theta; \gamma) = \max_{\delta \in S^\star(\theta)} \langle\gamma,"
        r" \nabla_\theta g(\theta, \delta)\rangle \quad (\|\gamma\| = 1)"
        r"\quad\text{on seeded instances}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, "decision procedure", EXACT, NUMERIC),
    objects={"tied": _tied},
    claimed={"D": "formula", "seed": 1966, "objectives": 12, "moving": 12, "tolerance": 1e-3},
    prove=_formula,
    kind="statement",
)


CLAIMS = (HYPOTHESES, FORMULA)
