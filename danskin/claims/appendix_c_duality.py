"""Appendix C, eqs. (18) and (19): the swap of min and max, and the minimizer that it leaves.

Sion's theorem is not needed: the min-norm point is a saddle point, which gives the swap at once.
"""

from __future__ import annotations

from typing import Any

import sympy

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
from danskin.claims.hull import (
    above_the_combination,
    kkt_at_the_min_norm_point,
    min_norm_point_exists,
    only_along,
    rate_along,
    rate_below,
)
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import (
    in_simplex,
    inner,
    largest_product,
    min_norm,
    point_text,
    vectors_are,
)
from danskin.counterexamples import OBTUSE_PAIR, simplex_formula, symmetric_triple
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

_PAIR = (("1", "0"), ("-3/5", "4/5"))
_THREE = (("1", "0", "1"), ("-1", "1", "1"), ("0", "-1", "2"))
_FLAT = tuple(tuple(map(str, v)) for v in symmetric_triple())


# --- (18) ----------------------------------------------------------------------------------------


def _sion(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    minimum = claimed["inner minimum"]
    argument.say("The inner minimum of (18) over the ball, at y = M alpha with r = |y| > 0:")
    rate_below(argument, minimum)
    argument.written(
        f"and gamma = -y/r attains {minimum}; if y = 0 every gamma gives 0. So the middle of (18) "
        "is max -|M alpha| = -min |M alpha|."
    )
    argument.say("Weak duality, the left side is at least the right one:")
    above_the_combination(argument)
    argument.say("Strong duality: at the min-norm point x = M alpha* the values meet.")
    min_norm_point_exists(argument)
    kkt_at_the_min_norm_point(argument)
    rate_along(argument, minimum)
    argument.written(
        f"So max_i <gamma*, g_i> <= {minimum} at gamma* = -x/r, no more than the right side; if x "
        "= 0, gamma = 0 has the value 0 on both sides."
    )
    _duals(argument, claimed, formulas)
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


def _duals(argument: Argument, claimed: dict[str, Any], formulas: dict[str, Any]) -> None:
    """Check both programs against their duals on instances, in exact arithmetic."""
    for name, vectors in claimed["instances"].items():
        gradients = vectors_are(argument, name, formulas[name], vectors).exact_gradients or ()
        found = min_norm(gradients)
        argument.part(
            f"{name}: alpha* = {point_text(found.weights)} is in the simplex",
            in_simplex(found.weights),
            EXACT,
        )
        gamma = [sympy.Integer(0)] * len(found.point) if found.stationary else found.steepest
        left = largest_product(gamma, gradients)
        right = parse(claimed["inner minimum"], {"r": found.rho}, "inner")
        argument.part(
            f"{name}: the left side of (18) is {left} at gamma*, the right side {right} at alpha*",
            equal(left, right),
            EXACT,
        )
        # max over the simplex of a linear function: its dual is min {s: s >= <gamma, g_i>}.
        primal = inner(found.weights, [inner(gamma, g) for g in gradients])
        feasible = [ordered(left, ">=", inner(gamma, g)) for g in gradients]
        argument.part(
            f"{name}: linear program max gamma*' M alpha: alpha* has the value {primal}, its dual "
            f"min {{s: s >= <gamma*, g_i> for all i}} has s = {left}: no gap",
            conjunction([*feasible, equal(primal, left)]),
            EXACT,
        )
        # min |M alpha|^2/2: its dual is max {l - |y|^2/2: <y, g_i> >= l}.
        level = min((inner(found.point, g) for g in gradients), key=float)
        dual = level - found.square / 2
        feasible = [ordered(inner(found.point, g), ">=", level) for g in gradients]
        argument.part(
            f"{name}: quadratic program min |M alpha|^2/2: alpha* has the value "
            f"{found.square / 2}, its dual max {{l - |y|^2/2: <y, g_i> >= l for all i}} has {dual} "
            "at y = x: no gap",
            conjunction([*feasible, equal(dual, found.square / 2)]),
            EXACT,
        )


SION = Claim(
    id="appendix-c-18",
    title="Sion's swap: the primal and the dual program have the same value",
    source="Appendix C, eq. (18) and the squaring that follows",
    statement=(
        r"\min_{\|\gamma\| \le 1} \max_{\alpha \in \Delta_m} \gamma^\top M\alpha"
        r" = \max_{\alpha \in \Delta_m} \min_{\|\gamma\| \le 1} \gamma^\top M\alpha"
        r" = \max_{\alpha \in \Delta_m} -\|M\alpha\| = -\min_{\alpha \in \Delta_m} \|M\alpha\|"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
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
    only_along(argument, claimed["norm"])
    argument.written(
        "A minimizer gamma of the left side has <gamma, M alpha*> <= max_alpha gamma' M alpha = "
        "-|M alpha*| by (18), so it is that one; and that one is a minimizer, by (18) too: the two "
        "argmins agree and are a single point."
    )
    gradients = vectors_are(
        argument, "The obtuse pair", formula, claimed["vectors"]
    ).exact_gradients
    found = min_norm(gradients)
    number_is(argument, "The obtuse pair: |M alpha*|^2", found.square, "==", claimed["rho^2"])
    number_is(argument, "positive", found.square, ">", "0")
    gamma = found.steepest
    number_is(argument, "|gamma|^2", inner(gamma, gamma), "==", "1")
    best = largest_product(gamma, gradients or ())
    number_is(argument, "max_i <gamma, g_i>", best, "==", -found.rho)
    rows: Any = vectors_are(argument, "Three vectors", flat, claimed["flat"]).exact_gradients
    other = min_norm(rows)
    angles = [equal(inner(v, w), 1 if v is w else "-1/2") for v in rows for w in rows]
    argument.part(
        "They are three unit vectors at 120 degrees. The hypothesis is needed: for them M alpha* = "
        "0, every gamma of the ball minimises gamma' M alpha* = 0, and (19) would divide by 0",
        conjunction([other.verdict, equal(other.square, 0), *angles]),
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
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"formula": OBTUSE_PAIR.formula, "flat": simplex_formula(3)},
    claimed={"norm": "r > 0", "vectors": _PAIR, "rho^2": "1/5", "flat": _FLAT},
    prove=_last,
    kind="correction",
    uses=("appendix-c-18",),
)

CLAIMS = (SION, LAST)
