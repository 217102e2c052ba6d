"""Appendix C: the proof of Theorem 2, step by step, with the hypothesis that it needs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    Argument,
    conjunction,
    decided,
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.section4_theorem2 import convex_combination
from danskin.counterexamples import OBTUSE_PAIR, pull_back, simplex_formula, symmetric_triple
from danskin.derivative import directional_derivative
from danskin.exact import exact_max, sign
from danskin.expression import parse
from danskin.minnorm import exact_min_norm
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

_PAIR = (("1", "0"), ("-3/5", "4/5"))
_THREE = (("1", "0", "1"), ("-1", "1", "1"), ("0", "-1", "2"))
_FLAT = tuple(tuple(map(str, v)) for v in symmetric_triple())


def _dot(a: Any, b: Any) -> sympy.Expr:
    return sympy.expand(sympy.Add(*(x * y for x, y in zip(a, b, strict=True))))


def _maximizers(argument: Argument, formula: Any, vectors: Any) -> Any:
    rows = [[parse(x, {}, "vectors") for x in v] for v in vectors]
    S = known_maximizers(pull_back(formula, rows), [0] * len(rows[0]))
    shown = ", ".join(f"({', '.join(map(str, v))})" for v in rows)
    argument.lemma(
        f"g = {formula.expression}: the gradients at the maximizers, all of them, are {shown}",
        decided(set(S.exact_gradients or ()) == {tuple(v) for v in rows} and not S.faces),
        EXACT,
    )
    return S


def _exact(number: Any) -> sympy.Expr:
    if isinstance(number, Fraction):
        return sympy.Rational(number.numerator, number.denominator)
    return sympy.S(number)


def _support(gradients: Any, gamma: Any) -> Any:
    """Return max_i <gamma, g_i>, exactly."""
    found = exact_max([_dot(gamma, g) for g in gradients])
    return None if found is None else found[0]


# --- the hypothesis ------------------------------------------------------------------------------


def _scope(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    prove_twice(
        argument,
        "0 not in the hull: its min-norm point x is not 0 and KKT (theorem-2) gives <-x, g_i> < 0 "
        "for every i, so -x descends; the denominator |x| of (14) and (19) is positive",
        Implication.read(
            {"KKT": "b >= s", "POS": claimed["squared norm"]},
            "-b < 0",
            sample={"b": 2, "s": 1},
            certificate="NOT + KKT + POS",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "0 in the hull: max_i <gamma, g_i> >= <gamma, 0> = 0 for every gamma (induction)",
        convex_combination(),
        lemma=True,
    )
    for name, case in claimed["instances"].items():
        f = formulas[name]
        if "vectors" in case:
            S = _maximizers(argument, f, case["vectors"])
        else:
            S = known_maximizers(f, case["theta"])
        found = exact_min_norm(S.exact_gradients or (), sign=sign)
        argument.part(
            f"{name}: the exact min-norm point is ({', '.join(map(str, found.point))}), KKT "
            "checked",
            found.verify(),
            EXACT,
        )
        descends = not found.stationary
        argument.part(
            f"{name}: a descent direction exists: {descends}",
            decided(descends is case["descends"]),
            EXACT,
        )
        if descends:
            down = directional_derivative(S, [-_exact(x) for x in found.point]).value
            number_is(argument, f"{name}: D along minus it", down, "<", "0")


SCOPE = Claim(
    id="theorem-2-scope-corrected",
    title="A descent direction exists exactly where 0 is outside the hull of the gradients",
    source="Section 4, Theorem 2; Appendix C, corrected",
    statement=(
        r"\min_{\|\gamma\|=1} D(\theta; \gamma) < 0 \iff 0 \notin \mathrm{conv}\{\nabla_\theta"
        r" g(\theta, \delta): \delta \in S^\star(\theta)\} \iff \|x^\star\| > 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
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
    prove=_scope,
    kind="correction",
)


# --- (15) and (16) -------------------------------------------------------------------------------


def _relaxation(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    argument.say(
        "h(gamma) = max_i <gamma, g_i> is the support function; on |gamma| = 1 it is D(theta; "
        "gamma), by Danskin's theorem: this is (15). Let 0 not be in the hull, so that some unit "
        "gamma has h < 0 (theorem-2-scope-corrected)."
    )
    prove_twice(
        argument,
        "h is positively homogeneous: for 0 < n = |gamma| <= 1 and h = h(gamma) < 0 the unit "
        "vector "
        "gamma/n has y = h/n <= h; so the ball does no better than the sphere",
        Implication.read(
            {"N0": "n > 0", "N1": "n <= 1", "H": claimed["sign"], "E": "n*y == h"},
            "y <= h",
            sample={"n": "1/2", "h": -1, "y": -2},
            certificate="N0*NOT - E + N1*H",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "strictly inside the ball (n < 1) it does worse, so the minimizers are on the sphere",
        Implication.read(
            {"N0": "n > 0", "N1": "n < 1", "H": claimed["sign"], "E": "n*y == h"},
            "y < h",
            sample={"n": "1/2", "h": -1, "y": -2},
            certificate="N0*NOT - E + N1*H",
        ),
        lemma=True,
    )
    argument.say("At gamma = 0, h = 0, which is more than the negative minimum.")
    S = _maximizers(argument, formula, claimed["vectors"])
    gradients = S.exact_gradients or ()
    found = exact_min_norm(gradients, sign=sign)
    rho = sympy.sqrt(_exact(found.squared_norm))
    unit = [-_exact(x) / rho for x in found.point]
    for k, value in claimed["h(k gamma)/rho"].items():
        scale = parse(k, {}, "k")
        here = _support(gradients, [scale * x for x in unit])
        number_is(argument, f"h({k} gamma*)/rho", sympy.simplify(here / rho), "==", value)
    sphere = directional_derivative(S, unit).value
    argument.part(
        f"(15) = (16) there: D(theta; gamma*) = {sphere} = h(gamma*) < 0",
        conjunction([equal(sphere, _support(gradients, unit)), ordered(sphere, "<", 0)]),
        EXACT,
    )


RELAXATION = Claim(
    id="appendix-c-16",
    title="The sphere may be relaxed to the ball where 0 is outside the hull",
    source="Appendix C, eqs. (15) and (16)",
    statement=(
        r"0 \notin \mathrm{conv}\{g_i\} \implies \min_{\|\gamma\| = 1} \max_i \langle\gamma,"
        r" g_i\rangle = \min_{\|\gamma\| \le 1} \max_i \langle\gamma, g_i\rangle < 0,"
        r"\text{ with the same minimizers}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={
        "sign": "h < 0",
        "vectors": _PAIR,
        "h(k gamma)/rho": {"1": "-1", "1/2": "-1/2", "0": "0"},
    },
    prove=_relaxation,
    kind="statement",
)


# --- (17) ----------------------------------------------------------------------------------------


def _ball_printed(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    S = _maximizers(argument, formula, claimed["vectors"])
    gradients = S.exact_gradients or ()
    found = exact_min_norm(gradients, sign=sign)
    rho = sympy.sqrt(_exact(found.squared_norm))
    unit = [-_exact(x) / rho for x in found.point]
    k = parse(claimed["k"], {}, "k")
    inside = [k * x for x in unit]
    best = directional_derivative(S, unit).value
    same = directional_derivative(S, inside).value
    value = _support(gradients, inside)
    argument.witness(
        f"gamma* has rate {best}, the least of all; {k} gamma* lies in the ball with the same D = "
        f"{same} (Definition 1 is scale-free), so it is in the left-hand argmin of (17); but "
        f"max_i <{k} gamma*, g_i> = {value} is not the least, so it is not in the right-hand one. "
        "(At gamma = 0 the left-hand side is not even defined.)",
        [ordered(k, ">", 0), ordered(k, "<=", 1), equal(best, -rho), equal(same, best)],
        equal(value, best),
    )


_BALL = (
    r"h(\gamma) = \max_i \langle\gamma, \nabla_\theta g(\theta, \delta^{(i)})\rangle"
    r" = \max_{\alpha \in \Delta_m} \gamma^\top \nabla_\theta g(\theta, S_m)\alpha,\quad"
    r" D(\theta; \gamma) = h(\gamma)/\|\gamma\|"
)

BALL_PRINTED = Claim(
    id="appendix-c-17-as-printed",
    title="On the ball, minimising D is minimising the maximum of the inner products",
    source="Appendix C, eq. (17), as printed",
    statement=(
        r"\arg\min_{\|\gamma\| \le 1} D(\theta; \gamma) = \arg\min_{\|\gamma\| \le 1}"
        r" \max_{\delta \in S_m} \langle\gamma, \nabla_\theta g(\theta, \delta)\rangle"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={"vectors": _PAIR, "k": "1/2"},
    prove=_ball_printed,
    corrected=_BALL,
    kind="error as printed",
)


def _ball_corrected(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    prove_twice(
        argument,
        "The maximum over the simplex is the maximum over its vertices: no combination of numbers "
        "exceeds their maximum (induction), and each vertex is a combination",
        convex_combination(),
        lemma=True,
    )
    S = _maximizers(argument, formula, claimed["vectors"])
    gradients = S.exact_gradients or ()
    for text in claimed["directions"]:
        gamma = [parse(x, {}, "gamma") for x in text]
        length = sympy.sqrt(_dot(gamma, gamma))
        shown = ", ".join(text)
        value = _support(gradients, gamma)
        argument.part(
            f"gamma = ({shown}): h = {value}, |gamma| = {length}, D = h/|gamma|",
            equal(directional_derivative(S, gamma).value * length, value),
            EXACT,
        )
        for scale in claimed["scales"]:
            k = parse(scale, {}, "scale")
            scaled = _support(gradients, [k * x for x in gamma])
            number_is(argument, f"h({scale} gamma)", scaled, "==", k * value)


BALL_CORRECTED = Claim(
    id="appendix-c-17-corrected",
    title="On the ball it is the support function that is minimised",
    source="Appendix C, eq. (17), corrected",
    statement=_BALL,
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": simplex_formula(3)},
    claimed={
        "vectors": _THREE,
        "directions": (("3", "4", "0"), ("0", "0", "-1"), ("1/3", "-2/3", "2/3")),
        "scales": ("1/2", "0", "3"),
    },
    prove=_ball_corrected,
    kind="correction",
)


# --- (18) ----------------------------------------------------------------------------------------


def _sion(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    inner = claimed["inner minimum"]
    prove_twice(
        argument,
        f"The inner minimum over the ball is {inner} at y = M alpha, r = |y|: t = <gamma, y>, q = "
        "|gamma|^2 <= 1, and |r gamma + y|^2 = r^2 q + 2 r t + r^2 >= 0 gives t >= -r; at gamma = "
        "-y/r it is attained",
        Implication.read(
            {"R": "r > 0", "Q": "q <= 1", "SQUARE": "r**2*q + 2*r*t + r**2 >= 0"},
            f"t >= {inner}",
            sample={"r": 1, "q": 1, "t": 0},
            certificate="2*R*NOT + SQUARE + R**2*Q",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "Weak duality: max_i <gamma, g_i> >= <gamma, M alpha> for every alpha (induction), so the "
        "left side is at least the right one",
        convex_combination(),
        lemma=True,
    )
    argument.say(
        "Strong duality by a saddle point, in exact arithmetic: alpha* by the quadratic program, "
        "gamma* = -M alpha*/|M alpha*|; both sides have the same value there, so Sion's swap holds."
    )
    for name, vectors in claimed["instances"].items():
        S = _maximizers(argument, formulas[name], vectors)
        gradients = S.exact_gradients or ()
        found = exact_min_norm(gradients, sign=sign)
        weights = [_exact(w) for w in found.weights]
        x = [_dot(weights, c) for c in zip(*gradients, strict=True)]
        rho = sympy.sqrt(_dot(x, x))
        simplex = [*(ordered(w, ">=", 0) for w in weights), equal(sympy.Add(*weights), 1)]
        argument.part(
            f"{name}: alpha* = ({', '.join(map(str, weights))}) is in the simplex",
            conjunction(simplex),
            EXACT,
        )
        right = parse(inner, {"r": rho}, "inner")
        gamma = [sympy.Integer(0)] * len(x) if found.stationary else [-v / rho for v in x]
        left = _support(gradients, gamma)
        argument.part(
            f"{name}: primal value {left} at gamma*, dual value {right} at alpha*",
            equal(left, right),
            EXACT,
        )
    prove_twice(
        argument,
        "Squaring does not change the minimizers: for norms a, b >= 0, a <= b iff a^2 <= b^2",
        [
            Implication.read(
                {"A": "a >= 0", "B": "b >= 0", "L": "a <= b"},
                "a**2 <= b**2",
                sample={"a": 1, "b": 2},
                certificate="NOT + L*A + L*B",
            ),
            Implication.read(
                {"A": "a >= 0", "B": "b >= 0", "L": "a**2 <= b**2"},
                "a <= b",
                sample={"a": 1, "b": 2},
                # a > b gives a^2 - b^2 = (a - b)^2 + 2 b (a - b) > 0
                certificate="NOT**2 + 2*B*NOT + L",
            ),
        ],
        lemma=True,
    )


SION = Claim(
    id="appendix-c-18",
    title="Sion's swap: the primal and the dual program have the same value",
    source="Appendix C, eq. (18) and the squaring that follows",
    statement=(
        r"\min_{\|\gamma\| \le 1} \max_{\alpha \in \Delta_m} \gamma^\top M\alpha"
        r" = \max_{\alpha \in \Delta_m} -\|M\alpha\| = -\min_{\alpha \in \Delta_m} \|M\alpha\|"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={
        "obtuse pair": OBTUSE_PAIR.formula,
        "three vectors": simplex_formula(3),
        "flat triple": simplex_formula(3),
        "four vectors": simplex_formula(4),
    },
    claimed={
        "inner minimum": "-r",
        "instances": {
            "obtuse pair": _PAIR,
            "three vectors": _THREE,
            "flat triple": _FLAT,
            "four vectors": (("3", "1"), ("1", "-2"), ("4", "4"), ("1/2", "5")),
        },
    },
    prove=_sion,
    kind="statement",
)


# --- (19) ----------------------------------------------------------------------------------------


def _last(argument: Argument, claimed: dict[str, Any], formula: Any, flat: Any) -> None:
    prove_twice(
        argument,
        "Unique: with r = |x| > 0, q = |gamma|^2 <= 1 and t = <gamma, x> <= -r, |r gamma + x|^2 = "
        "r^2 q + 2 r t + r^2 <= 0, so gamma = -x/r",
        Implication.read(
            {"R": claimed["norm"], "Q": "q <= 1", "T": "t <= -r"},
            "r**2*q + 2*r*t + r**2 <= 0",
            sample={"r": 1, "q": 1, "t": -2},
            certificate="NOT + R**2*Q + 2*R*T",
        ),
        lemma=True,
    )
    argument.say(
        "A minimizer gamma of the left side has <gamma, M alpha*> <= max_alpha gamma' M alpha = "
        "-|M alpha*| by (18), so it is that one: the two argmins agree and are a single point."
    )
    S = _maximizers(argument, formula, claimed["vectors"])
    gradients = S.exact_gradients or ()
    found = exact_min_norm(gradients, sign=sign)
    square = _exact(found.squared_norm)
    number_is(argument, "The obtuse pair: |M alpha*|^2", square, "==", claimed["rho^2"])
    number_is(argument, "positive", square, ">", "0")
    gamma = [-_exact(x) / sympy.sqrt(square) for x in found.point]
    number_is(argument, "|gamma|^2", _dot(gamma, gamma), "==", "1")
    best = _support(gradients, gamma)
    number_is(argument, "max_i <gamma, g_i>", best, "==", -sympy.sqrt(square))
    other = exact_min_norm(
        _maximizers(argument, flat, claimed["flat"]).exact_gradients or (), sign=sign
    )
    argument.part(
        "The hypothesis is needed: for three unit vectors at 120 degrees M alpha* = 0, every gamma "
        "of the ball minimises gamma' M alpha* = 0, and (19) would divide by 0",
        decided(other.stationary),
        EXACT,
    )


LAST = Claim(
    id="appendix-c-19",
    title="The minimizer is the negative normalised min-norm point, and only that",
    source="Appendix C, eq. (19), with 0 outside the hull: the denominator is positive",
    statement=(
        r"\|M\alpha^\star\| > 0:\quad \arg\min_{\|\gamma\| \le 1} \max_{\alpha \in \Delta_m}"
        r" \gamma^\top M\alpha = \arg\min_{\|\gamma\| \le 1} \gamma^\top M\alpha^\star"
        r" = \left\{-\frac{M\alpha^\star}{\|M\alpha^\star\|}\right\}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula, "flat": simplex_formula(3)},
    claimed={"norm": "r > 0", "vectors": _PAIR, "rho^2": "1/5", "flat": _FLAT},
    prove=_last,
    kind="correction",
)

CLAIMS = (SCOPE, RELAXATION, BALL_PRINTED, BALL_CORRECTED, SION, LAST)
