"""Section 1, Theorem 1 (Danskin 1966): the one-sided derivative is the maximum over S*.

For finitely many branches the proof is elementary; for a compact S it is the textbook one, whose
inequalities are checked by machine and whose limits are written out. Then the formula on objectives
whose phi is known otherwise, and against difference quotients of random objectives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    NUMERIC,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    decided,
    equal,
)
from danskin.claims.branches import branches, slope_at_zero
from danskin.claims.core import Claim
from danskin.claims.enclosed import quotient_is_near
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import numbers, point_text
from danskin.counterexamples import (
    ABSOLUTE_VALUE,
    OBTUSE_PAIR,
    ORABONA,
    pull_back,
    simplex_formula,
)
from danskin.derivative import directional_derivative
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

_FORMULA = (
    r"D(\theta; \gamma) = \max_{\delta \in S^\star(\theta)} \langle\gamma,"
    r" \nabla_\theta g(\theta, \delta)\rangle \quad (\|\gamma\| = 1)"
)


# --- the theorem ---------------------------------------------------------------------------------


def _theorem(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    _finitely_many(argument, claimed)
    _compact(argument, claimed)
    for name, case in claimed["instances"].items():
        _known_phi(argument, name, case, formulas[name])


def _finitely_many(argument: Argument, claimed: dict[str, Any]) -> None:
    argument.say(
        "Finitely many branches g_1, ..., g_m, differentiable at theta; gamma a unit vector, b_i = "
        "<gamma, grad g_i>, e_i = (g_i(theta + t gamma) - g_i(theta))/t - b_i."
    )
    argument.written("e_i -> 0 as t -> 0+, by the definition of differentiability")
    prove_twice(
        argument,
        "A branch j that is lower at theta, by a gap at least, stays lower while t C < gap, where "
        "C bounds the difference of the quotients q = b + e: only the branches tied at the top "
        "count for small t",
        Implication.read(
            {"GAP": "a - aj >= gap", "T": "t > 0", "C": "qj <= qi + C", "SMALL": "t*C < gap"},
            "aj + t*qj < a + t*qi",
            sample={"a": 1, "aj": 0, "gap": 1, "t": "1/2", "C": 1, "qi": 0, "qj": 1},
            certificate="NOT + GAP + T*C + SMALL",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        f"With B the largest b_i of these and |e_i| <= E, the quotient of (6), the largest b_i + "
        f"e_i, is at most B + E and at least {claimed['at least']}; so it tends to B, the maximum "
        "over the maximizers",
        [
            Implication.read(
                {"B": "b <= B", "E": "e <= E"},
                "b + e <= B + E",
                sample={"b": 0, "B": 1, "e": 0, "E": 1},
                certificate="NOT + B + E",
            ),
            Implication.read(
                {"Q": "q >= B + e", "E": "e >= -E"},
                f"q >= {claimed['at least']}",
                sample={"q": 2, "B": 1, "e": 1, "E": 1},
                certificate="NOT + Q + E",
            ),
        ],
        lemma=True,
    )


def _compact(argument: Argument, claimed: dict[str, Any]) -> None:
    argument.say(
        "A compact S, g and grad_theta g continuous on R^n x S. q(t) is the quotient of (6)."
    )
    argument.written(
        "phi is attained, since S is compact and g(theta, .) continuous; S*(theta) is closed, "
        "hence compact, so the maximum B of <gamma, grad g> over it is attained too"
    )
    prove_twice(
        argument,
        "Lower bound: for a maximizer delta of theta, phi(theta + t gamma) >= g(theta + t gamma, "
        "delta) and phi(theta) = g(theta, delta): q(t) is at least the quotient of g(., delta), "
        "which tends to <gamma, grad g(theta, delta)>. So liminf q >= B",
        Implication.read(
            {"P": "phit >= gt", "Q": "phi0 == g0"},
            "phit - phi0 >= gt - g0",
            sample={"phit": 2, "gt": 1, "phi0": 0, "g0": 0},
            certificate="NOT + P - Q",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "Upper bound: for a maximizer delta_t of theta + t gamma, phi(theta + t gamma) = g(theta + "
        "t gamma, delta_t) and phi(theta) >= g(theta, delta_t): q(t) is at most the quotient of "
        "g(., delta_t)",
        Implication.read(
            {"P": "phit == gt", "Q": "phi0 >= g0"},
            "phit - phi0 <= gt - g0",
            sample={"phit": 2, "gt": 2, "phi0": 0, "g0": 0},
            certificate="NOT - P + Q",
        ),
        lemma=True,
    )
    argument.written(
        "by the mean value theorem that quotient is <gamma, grad g(theta + s gamma, delta_t)> for "
        "some s in (0, t)"
    )
    argument.written(
        "take t -> 0+ along which q(t) tends to its limsup. S is compact: a subsequence (a subnet, "
        "if S is no metric space) of the delta_t tends to some delta. g(theta + t gamma, delta_t) "
        ">= g(theta + t gamma, delta') for every delta', and g is continuous, so delta is a "
        "maximizer of theta. grad g is jointly continuous, so the bound tends to <gamma, grad "
        "g(theta, delta)> <= B. So limsup q <= B"
    )
    prove_twice(
        argument,
        "limsup <= B <= liminf <= limsup: the limit exists and is B",
        [
            Implication.read(
                {"U": "u <= B", "L": "B <= l", "O": "l <= u"},
                text,
                sample={"u": 1, "l": 1, "B": 1},
                certificate=certificate,
            )
            for text, certificate in (("l >= u", "NOT + U + L"), ("u >= B", "NOT + L + O"))
        ],
        lemma=True,
    )


def _known_phi(argument: Argument, name: str, case: dict[str, Any], formula: Any) -> None:
    """Compare with the limit of (6) computed from phi itself, not from the maximizers."""
    vectors = case.get("vectors")
    f: Any = formula if vectors is None else pull_back(formula, [numbers(v) for v in vectors])
    t = sympy.Symbol("t", positive=True)
    pieces = branches(argument, f, name)
    theta = numbers(case["theta"])
    S = known_maximizers(f, theta)
    for direction, value in case["D"].items():
        gamma = numbers(direction.split())
        length = sympy.sqrt(sympy.Add(*(x * x for x in gamma)))
        along = [x + t * y for x, y in zip(theta, gamma, strict=True)]
        slope = slope_at_zero(pieces.at(along, f.theta_symbols), t) / length
        found = directional_derivative(S, gamma).value
        where = f"{name}: theta = {point_text(theta)}, gamma = {point_text(gamma)}"
        number_is(argument, f"{where}: the limit of (6), from the branches,", slope, "==", value)
        number_is(argument, f"{where}: Danskin's maximum", found, "==", value)


THEOREM = Claim(
    id="theorem-1",
    title="Danskin's theorem: the derivative is the largest slope over the maximizers",
    source="Section 1, Theorem 1, eq. (4) (Danskin 1966)",
    statement=(
        r"S \text{ compact},\ g, \nabla_\theta g \text{ continuous on } \mathbb{R}^n \times S:"
        rf"\quad {_FORMULA}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={
        "absolute value": ABSOLUTE_VALUE.formula,
        "obtuse pair": OBTUSE_PAIR.formula,
        "simplex family": simplex_formula(3),
        "Orabona": ORABONA.formula,
    },
    claimed={
        "at least": "B - E",
        "instances": {
            "absolute value": {"theta": ("0",), "D": {"1": "1", "-2": "1"}},
            "obtuse pair": {
                "vectors": (("1", "0"), ("-3/5", "4/5")),
                "theta": ("0", "0"),
                "D": {"-1 0": "3/5", "3/5 -4/5": "3/5", "-2/5 -4/5": "-sqrt(5)/5"},
            },
            "simplex family": {
                "vectors": (("1", "0", "1"), ("-1", "1", "1"), ("0", "-1", "2")),
                "theta": ("0", "0", "0"),
                "D": {"-1 0 -1": "0", "0 0 -1": "-1", "2 0 -1": "sqrt(5)/5"},
            },
            "Orabona": {
                "theta": ("1/2", "0"),
                "D": {"-1 -2": "3*sqrt(5)/5", "-1 0": "-1", "0 -1": "2", "0 1": "2"},
            },
        },
    },
    prove=_theorem,
    kind="statement",
)


# --- random objectives ---------------------------------------------------------------------------


def _random_polynomial(rng: np.random.Generator, names: tuple[str, ...]) -> sympy.Expr:
    """Return a random polynomial of degree 3 that vanishes at 0, with rational coefficients."""
    symbols = sympy.symbols(names)
    terms = []
    for i, x in enumerate(symbols):
        terms.append(int(rng.integers(-4, 5)) * x)
        terms += [sympy.Rational(int(rng.integers(-6, 7)), 3) * x * y for y in symbols[i:]]
        terms.append(int(rng.integers(-2, 3)) * x**3)
    return sympy.Add(*terms)


def _random(argument: Argument, claimed: dict[str, Any], tied: Any, moving: Any) -> None:
    rng = np.random.default_rng(claimed["seed"])
    t = sympy.Symbol("t", positive=True)
    verdicts: list[Verdict] = []
    worst = 0.0
    for k in range(claimed["objectives"]):
        f = tied(*(_random_polynomial(rng, ("t1", "t2")) for _ in range(2)))
        S = known_maximizers(f, ["0", "0"])
        values = branches(Argument(), f)
        verdicts.append(decided(values.strict and len(S) == 2 and not S.faces))
        gamma = [sympy.Rational(x, 5) for x in ((3, 4), (-4, 3), (0, 5))[k % 3]]
        line = values.at([t * x for x in gamma], f.theta_symbols)
        wanted = parse(claimed["D"], {"formula": directional_derivative(S, gamma).value}, "D")
        verdicts.append(equal(slope_at_zero(line, t), wanted))
        step = 1e-6
        quotient = (max(float(v.subs(t, step)) for v in line) - float(S.exact_value or 0)) / step
        worst = max(worst, abs(quotient - float(wanted)))
    argument.part(
        f"{claimed['objectives']} random objectives with two maximizers tied at theta = 0 (cubic "
        "polynomials as values at the ends, strictly convex in delta, so that phi is their maximum "
        "everywhere): the limit of (6), computed from the polynomials themselves, equals Danskin's "
        "maximum",
        conjunction(verdicts),
        EXACT,
    )
    argument.evidence(
        f"One-sided difference quotients of phi at t = 1e-6: within {worst:.1e} of the formula "
        f"(tolerance {claimed['tolerance']:g})",
        worst <= claimed["tolerance"],
    )
    _moving(argument, claimed, moving, rng)


def _moving(
    argument: Argument, claimed: dict[str, Any], moving: Any, rng: np.random.Generator
) -> None:
    """Compare where the maximizers move with theta: phi itself is enclosed, before and after."""
    verdicts, moved, ties = [], 0, 0
    t, within = claimed["step"], claimed["within"]
    for _ in range(claimed["moving"]):
        f = moving(*(int(x) for x in rng.integers(-3, 4, size=3)))
        S = known_maximizers(f, ["0"])
        ties += len(S) > 1
        slope = sympy.diff(f.expression, *f.theta_symbols, *f.delta_symbols)
        moved += any(slope.xreplace({f.delta_symbols[0]: d}) != 0 for (d,) in S.exact_deltas or ())
        for side in (1, -1):
            value = parse(claimed["D"], {"formula": directional_derivative(S, [side]).value}, "D")
            verdicts.append(quotient_is_near(f, "0", side, t, value, within))
    argument.part(
        f"{claimed['moving']} random objectives, for example g = {f.expression}, tied at theta = 0,"
        f" whose maximizers move with theta (the slope of g in delta depends on theta at a "
        f"maximizer of {moved} of them): phi enclosed at 0 and at {t} to either side, the "
        f"difference quotient is within {within} of the formula",
        conjunction([*verdicts, decided(moved > 0 and ties == claimed["moving"])]),
        ENCLOSED,
    )


def _tied(p: sympy.Expr, q: sympy.Expr) -> MinMaxObjective:
    """Return ``g = d p + (1-d) q + d (d-1)`` on [0, 1], tied at theta = 0."""
    d = sympy.Symbol("d")
    return MinMaxObjective.from_expression(
        d * p + (1 - d) * q + d * (d - 1), ["t1", "t2"], ["d"], Interval(0, 1)
    )


def _hills(a: int, b: int, c: int) -> MinMaxObjective:
    """Return two hills over delta, level at theta = 0, whose tops move with theta."""
    return MinMaxObjective.from_expression(
        f"-(d**2 - 1)**2 + ({a})*t*d + ({b})*t*d**2 + ({c})*t", ["t"], ["d"], Interval(-2, 2)
    )


RANDOM = Claim(
    id="theorem-1-random",
    title="Danskin's formula on random objectives with planted ties",
    source="Section 1, Theorem 1, eq. (4)",
    statement=_FORMULA
    + r"\quad\text{on 12 seeded objectives};\quad \left|\frac{\varphi(\theta + t\gamma) -"
    r" \varphi(\theta)}{t} - D(\theta; \gamma)\right| \le 10^{-3}\ (t = 10^{-5})"
    r"\quad\text{on 6 more}",
    expected=Verdict.PROVED,
    methods=(EXACT, ENCLOSED, NUMERIC),
    objects={"tied": _tied, "moving": _hills},
    claimed={
        "D": "formula",
        "seed": 1966,
        "objectives": 12,
        "moving": 6,
        "tolerance": 1e-3,
        "step": "1/100000",
        "within": "1/1000",
    },
    prove=_random,
    kind="statement",
)


CLAIMS = (THEOREM, RANDOM)
