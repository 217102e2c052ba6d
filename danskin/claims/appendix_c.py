"""Appendix C, eqs. (15) to (17): from the sphere to the ball, with the hypothesis that it needs."""

from __future__ import annotations

from typing import Any

from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import number_is
from danskin.claims.hull import above_the_combination
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import (
    inner,
    largest_product,
    min_norm,
    numbers,
    point_text,
    vectors_are,
)
from danskin.counterexamples import OBTUSE_PAIR, simplex_formula
from danskin.derivative import directional_derivative
from danskin.exact import length
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

_PAIR = (("1", "0"), ("-3/5", "4/5"))
_THREE = (("1", "0", "1"), ("-1", "1", "1"), ("0", "-1", "2"))


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
        "vector gamma/n has y = h/n <= h; so the ball does no better than the sphere",
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
    argument.written(
        "Where h(gamma) >= 0, as at gamma = 0, it exceeds the negative minimum. So both minima are "
        "the same, and so are the minimizers."
    )
    S = vectors_are(argument, "The obtuse pair", formula, claimed["vectors"])
    gradients = S.exact_gradients or ()
    found = min_norm(gradients)
    unit = found.steepest
    for k, value in claimed["h(k gamma)/rho"].items():
        scale = parse(k, {}, "k")
        here = largest_product([scale * x for x in unit], gradients)
        number_is(argument, f"h({k} gamma*)/rho", here / found.rho, "==", value)
    sphere = directional_derivative(S, unit).value
    argument.part(
        f"(15) = (16) there: D(theta; gamma*) = {sphere} = h(gamma*) < 0",
        conjunction([equal(sphere, largest_product(unit, gradients)), ordered(sphere, "<", 0)]),
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
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={
        "sign": "h < 0",
        "vectors": _PAIR,
        "h(k gamma)/rho": {"1": "-1", "1/2": "-1/2", "0": "0"},
    },
    prove=_relaxation,
    kind="statement",
    uses=("theorem-1", "theorem-2-scope-corrected"),
)


# --- (17) ----------------------------------------------------------------------------------------


def _ball_printed(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    S = vectors_are(argument, "The obtuse pair", formula, claimed["vectors"])
    gradients = S.exact_gradients or ()
    found = min_norm(gradients)
    unit = found.steepest
    k = parse(claimed["k"], {}, "k")
    inside = [k * x for x in unit]
    best = directional_derivative(S, unit).value
    same = directional_derivative(S, inside).value
    value = largest_product(inside, gradients)
    argument.witness(
        f"gamma* has rate {best}, the least of all; {k} gamma* lies in the ball with the same D = "
        f"{same} (Definition 1 is scale-free), so it is in the left-hand argmin of (17); but "
        f"max_i <{k} gamma*, g_i> = {value} is not the least, so it is not in the right-hand one. "
        "(At gamma = 0 the left-hand side is not even defined.)",
        [
            ordered(k, ">", 0),
            ordered(k, "<=", 1),
            equal(best, -found.rho),
            equal(same, best),
            found.verdict,
        ],
        equal(value, best),
    )


_BALL = (
    r"h(\gamma) = \max_i \langle\gamma, \nabla_\theta g(\theta, \delta^{(i)})\rangle"
    r" = \max_{\alpha \in \Delta_m} \gamma^\top \nabla_\theta g(\theta, S_m)\alpha,\quad"
    r" D(\theta; \gamma) = h(\gamma)/\|\gamma\|\ (\gamma \neq 0)"
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
    uses=("theorem-1", "theorem-2"),
)


def _ball_corrected(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    above_the_combination(argument)
    argument.written(
        "Each vertex of the simplex is a combination: the maximum over both is the same."
    )
    prove_twice(
        argument,
        "D = h/|gamma|: the unit vector gamma/n, n = |gamma| > 0, has the products y_i = z_i/n, "
        "z_i = <gamma, g_i>; z_i is the largest iff y_i is",
        Implication.read(
            {"N": "n > 0", "E1": "n*y1 == z1", "E2": "n*y2 == z2", "MAX": "z1 >= z2"},
            "y1 >= y2",
            sample={"n": 2, "y1": 2, "y2": 1, "z1": 4, "z2": 2},
            certificate="N*NOT + E1 - E2 + MAX",
        ),
        lemma=True,
    )
    S = vectors_are(argument, "Three vectors", formula, claimed["vectors"])
    gradients = S.exact_gradients or ()
    for text in claimed["directions"]:
        gamma = numbers(text)
        size = length(gamma)
        value = largest_product(gamma, gradients)
        argument.part(
            f"gamma = {point_text(gamma)}: h = {value}, |gamma| = {size}, D = h/|gamma|",
            equal(directional_derivative(S, gamma).value * size, value),
            EXACT,
        )
        for scale in claimed["scales"]:
            k = parse(scale, {}, "scale")
            scaled = largest_product([k * x for x in gamma], gradients)
            number_is(argument, f"h({scale} gamma)", scaled, "==", k * value)
        weights = numbers(claimed["alpha"])
        mixed = inner(weights, [inner(gamma, g) for g in gradients])
        argument.part(
            f"gamma' M alpha = {mixed} at alpha = {point_text(weights)} is no larger",
            ordered(mixed, "<=", value),
            EXACT,
        )


BALL_CORRECTED = Claim(
    id="appendix-c-17-corrected",
    title="On the ball it is the support function that is minimised",
    source="Appendix C, eq. (17), corrected",
    statement=_BALL,
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"formula": simplex_formula(3)},
    claimed={
        "vectors": _THREE,
        "directions": (("3", "4", "0"), ("0", "0", "-1"), ("1/3", "-2/3", "2/3")),
        "scales": ("1/2", "0", "3"),
        "alpha": ("1/2", "1/3", "1/6"),
    },
    prove=_ball_corrected,
    kind="correction",
    uses=("theorem-1",),
)

CLAIMS = (RELAXATION, BALL_PRINTED, BALL_CORRECTED)
