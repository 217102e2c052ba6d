"""Section 4 and Appendix C: where Theorem 2 applies, as printed and as corrected."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    WRITTEN,
    Argument,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.enclosed import derivative_is_enclosed
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.hull import (
    above_the_combination,
    kkt_at_the_min_norm_point,
    min_norm_point_exists,
    negative_along,
)
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import min_norm, point_text, vectors_are
from danskin.counterexamples import OBTUSE_PAIR, simplex_formula, symmetric_triple
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.exact import to_float
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

_PAIR = (("1", "0"), ("-3/5", "4/5"))
_THREE = (("1", "0", "1"), ("-1", "1", "1"), ("0", "-1", "2"))
_FLAT = tuple(tuple(map(str, v)) for v in symmetric_triple())


# --- as printed ----------------------------------------------------------------------------------


def _scope_printed(argument: Argument, claimed: dict[str, Any], cubic: Any) -> None:
    S = known_maximizers(cubic, ["0"])
    t, d = sympy.Symbol("t"), sympy.Symbol("d")
    value = cubic.expression.xreplace({cubic.theta_symbols[0]: t, cubic.delta_symbols[0]: d})
    level: Any = S.exact_value
    lower, upper = cubic.domain.exact_lo[0], cubic.domain.exact_hi[0]
    statement = Implication.read(
        {"NEG": "t < 0", "LO": f"d >= {lower}", "HI": f"d <= {upper}"},
        "value < level",
        sample={"t": "-1/2", "d": str(lower)},
        certificate=claimed["certificate"],
        let={"value": value, "level": level},
    )
    lower_values = prove_twice(
        argument,
        f"theta = 0 is not a local minimizer: g(t, delta) = {value} < phi(0) = {level} for all "
        "delta in S and all t < 0, so phi(t) < phi(0)",
        statement,
        lemma=True,
    )
    best = steepest_descent(S)
    derivatives = [directional_derivative(S, [s]).value for s in ("1", "-1")]
    least = min(derivatives, key=to_float)
    bound = parse(claimed["min D <"], {}, "claimed")
    argument.witness(
        f"S*(0) = {_points(S)} with gradient {S.exact_gradients[0][0]}: rho = 0, and "  # type: ignore[index]
        f"D(0; +1) = {derivatives[0]}, D(0; -1) = {derivatives[1]}: no direction has D < {bound}",
        [lower_values, decided(best.stationary)],
        ordered(least, "<", bound),
    )
    for s in ("1", "-1"):
        derivative_is_enclosed(argument, f"D(0; {s})", cubic, ["0"], [s], "0")


def _points(S: Any) -> str:
    return "{" + ", ".join(str(d[0]) for d in S.exact_deltas) + "}"


SCOPE_PRINTED = Claim(
    id="theorem-2-scope",
    title="Theorem 2 as printed: a descent direction exists unless θ is a local minimizer",
    source="Section 4, Theorem 2 and Appendix C, as printed",
    statement=(
        r"\theta \text{ not a local minimizer of } \varphi \implies"
        r" \min_{\|\gamma\|=1} D(\theta; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={
        "cubic": MinMaxObjective.from_expression("t**3 - d**2", ["t"], ["d"], Interval(-1, 1))
    },
    claimed={"min D <": "0", "certificate": "NOT + d**2 + NEG**3"},
    prove=_scope_printed,
    corrected=(
        r"0 \notin \mathrm{conv}\{\nabla_\theta g(\theta, \delta):"
        r" \delta \in S^\star(\theta)\} \iff \min_{\|\gamma\|=1} D(\theta; \gamma) < 0"
    ),
    kind="error as printed",
    uses=("theorem-1",),
)


# --- as corrected --------------------------------------------------------------------------------


def _scope_corrected(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    min_norm_point_exists(argument)
    kkt_at_the_min_norm_point(argument)
    argument.say("So the denominator |x| of (14) and (19) is positive where 0 is not in the hull.")
    negative_along(argument, claimed["squared norm"])
    above_the_combination(argument)
    argument.written("With 0 in the hull, max_i <gamma, g_i> >= <gamma, 0> = 0 for every gamma.")
    for name, case in claimed["instances"].items():
        f = formulas[name]
        if "vectors" in case:
            S = vectors_are(argument, name, f, case["vectors"])
        else:
            S = known_maximizers(f, case["theta"])
        found = min_norm(S.exact_gradients or ())
        argument.part(
            f"{name}: the min-norm point is {point_text(found.point)}, by KKT",
            found.verdict,
            EXACT,
        )
        descends = not found.stationary
        argument.part(
            f"{name}: {'a' if descends else 'no'} descent direction exists",
            decided(descends is case["descends"]),
            EXACT,
        )
        if descends:
            down = directional_derivative(S, [-x for x in found.point]).value
            number_is(argument, f"{name}: D along minus it", down, "<", "0")


SCOPE_CORRECTED = Claim(
    id="theorem-2-scope-corrected",
    title="A descent direction exists exactly where 0 is outside the hull of the gradients",
    source="Section 4, Theorem 2; Appendix C, corrected",
    statement=(
        r"\min_{\|\gamma\|=1} D(\theta; \gamma) < 0 \iff 0 \notin \mathrm{conv}\{\nabla_\theta"
        r" g(\theta, \delta): \delta \in S^\star(\theta)\} \iff \|x^\star\| > 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={
        "cubic": MinMaxObjective.from_expression("t**3 - d**2", ["t"], ["d"], Interval(-1, 1)),
        "obtuse pair": OBTUSE_PAIR.formula,
        "flat triple": simplex_formula(3),
        "three vectors": simplex_formula(3),
    },
    claimed={
        "squared norm": "s > 0",
        "instances": {
            "cubic": {"theta": ("0",), "descends": False},
            "obtuse pair": {"vectors": _PAIR, "descends": True},
            "flat triple": {"vectors": _FLAT, "descends": False},
            "three vectors": {"vectors": _THREE, "descends": True},
        },
    },
    prove=_scope_corrected,
    kind="correction",
    uses=("theorem-1",),
)


CLAIMS = (SCOPE_PRINTED, SCOPE_CORRECTED)
