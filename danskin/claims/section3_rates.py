"""Section 3, eqs. (10) and (11): how counterexample 2 rises and falls, for all u, v at once."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import DECISION, EXACT, SYMBOLIC, Argument, decided
from danskin.claims.core import Claim
from danskin.claims.gram import Domain, maximum_is
from danskin.claims.implication import prove_twice
from danskin.claims.pair import PAIR, combination, introduce, pair_gram
from danskin.claims.roots import quotient_is
from danskin.counterexamples import OBTUSE_PAIR
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _ascent(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    point, domain = pair_gram(obtuse_pair, claimed)
    introduce(argument, obtuse_pair, point, domain, claimed)
    for text, formula in claimed["D"].items():
        direction = combination(text, claimed["vectors"])
        value = domain.formula(formula)
        along = f"max over S* of <{text}, gradient>"
        maximum_is(argument, along, point.products(direction), value, domain)
        length = point.square(direction)
        argument.part(
            f"|{text}|^2 = {length}, so this is D(0; {text})", decided(length == 1), SYMBOLIC
        )
        statement = domain.always(value, ">", f"{value} > 0")
        prove_twice(argument, f"phi rises along {text}", statement)


ASCENT = Claim(
    id="counterexample-2-ascent",
    title="Both single gradients point uphill, at rate -c",
    source="Section 3, Counterexample 2, eq. (10), sharpened to an equality",
    statement=(
        r"\|u\| = \|v\| = 1,\ c = \langle u, v\rangle \in (-1, 0):\quad D(0; -u) = D(0; -v) = -c "
        r"> 0 \quad \forall\, n \ge 2"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={**PAIR, "D": {"-u": "-c", "-v": "-c"}},
    prove=_ascent,
    kind="sharpening",
    uses=("theorem-1", "counterexample-2-maximizers"),
)


def _descent(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    point, domain = pair_gram(obtuse_pair, claimed)
    introduce(argument, obtuse_pair, point, domain, claimed)
    text = claimed["direction"]
    direction = combination(text, claimed["vectors"])
    value = domain.formula(claimed["unnormalised"])
    along = f"max over S* of <{text}, gradient>"
    maximum_is(argument, along, point.products(direction), value, domain)
    negative = domain.always(-value, ">", f"{value} < 0")
    prove_twice(argument, f"phi falls along {text}", negative)
    rate = domain.formula(claimed["normalised"])
    quotient_is(argument, f"D(0; {text})", value, point.square(direction), rate, domain)


DESCENT = Claim(
    id="counterexample-2-descent",
    title="Minus the sum of the gradients descends",
    source="Section 3, Counterexample 2, eq. (11), with the normalised value",
    statement=(
        r"c = \langle u, v\rangle \in (-1, 0):\quad \max_{\delta \in S^\star(0)} \langle -(u+v),"
        r" \nabla_\theta g\rangle = -(1+c) < 0,\ D(0; -(u+v)) = -\sqrt{(1+c)/2}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        **PAIR,
        "direction": "-(u+v)",
        "unnormalised": "-(1+c)",
        "normalised": "-sqrt((1+c)/2)",
    },
    prove=_descent,
    kind="sharpening",
    uses=("theorem-1", "counterexample-2-maximizers"),
)


def _steepest(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    """KKT at the claimed weights, and directly that no unit direction does better."""
    point, domain = pair_gram(obtuse_pair, claimed)
    introduce(argument, obtuse_pair, point, domain, claimed)
    weights = [domain.formula(w) for w in claimed["weights"]]
    x: Any = sympy.expand(sympy.Matrix([weights]) * point.rows)
    simplex = [domain.always(w, ">=", f"weight {w} >= 0") for w in weights]
    simplex.append(domain.always(sympy.Add(*weights) - 1, "==", "the weights add up to 1"))
    prove_twice(argument, f"The weights {weights} lie in the simplex", simplex)
    square = point.square(x)
    argument.say(f"x = ({x[0]}) u + ({x[1]}) v, |x|^2 = {square}.")
    rho2 = domain.formula(claimed["rho^2"])
    same = domain.always(square - rho2, "==", f"|x|^2 == {rho2}")
    kkt = [
        domain.always(p - square, ">=", f"<x, gradient {j}> = {p} >= |x|^2")
        for j, p in enumerate(point.products(x))
    ]
    prove_twice(argument, "KKT: x is the min-norm point of the hull (theorem-2)", [same, *kkt])
    positive = domain.always(square, ">", f"{square} > 0")
    prove_twice(argument, "It is not 0, so -x/|x| is the steepest direction", positive)
    argument.say("Independently of Theorem 2, with y_j = <gamma, gradient_j> for a unit gamma:")
    # By Cauchy-Schwarz <gamma, sum of gradients>^2 <= |sum of gradients|^2.
    total = sympy.Matrix([[1] * point.rows.rows]) * point.rows
    bound = point.square(total)
    if point.rows.rows != 2:
        raise InvalidInputError("objective", "it does not have two maximizers", "")
    hypotheses = {
        **domain.hypotheses,
        "R": "r >= 0",
        "RHO": f"r**2 == {rho2}",
        "CS": f"(y1 + y2)**2 <= {bound}",
        "Y1": "y1 < -r",
    }
    sample = {**domain.sample, "r": "1/2", "y1": "-3/4", "y2": "-1/4"}
    direct = Domain(hypotheses, sample).implies(
        "y2 >= -r",
        # (y1+y2+2r)(y1+y2-2r) > 0, although (y1+y2)^2 <= 4 r^2.
        certificate="(Y1 + NOT)**2 + 4*R*(Y1 + NOT) + CS + 4*RHO",
    )
    prove_twice(
        argument,
        "No unit gamma has both <gamma, gradients> below -rho (y_j = <gamma, gradient_j>, r = rho, "
        "Cauchy-Schwarz for the sum)",
        direct,
        lemma=True,
    )


STEEPEST = Claim(
    id="counterexample-2-steepest",
    title="Minus the sum is the steepest direction",
    source="Section 3, Counterexample 2, sharpened",
    statement=(
        r"c = \langle u, v\rangle \in (-1, 0):\quad \min_{\|\gamma\| = 1} D(0; \gamma) ="
        r" -\sqrt{(1+c)/2},\ \text{attained at }"
        r"\gamma = -(u+v)/\|u+v\|"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={**PAIR, "weights": ("1/2", "1/2"), "rho^2": "(1+c)/2"},
    prove=_steepest,
    kind="sharpening",
    uses=("theorem-1", "theorem-2", "counterexample-2-maximizers"),
)

CLAIMS = (ASCENT, DESCENT, STEEPEST)
