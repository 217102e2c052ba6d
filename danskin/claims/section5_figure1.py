"""Section 5.2, Figure 1: whole steps from the kink, for every learning rate at once.

"Following a gradient computed at a single example leads to an increase in the objective ... despite
the use of a decaying step-size": phi at the end of the step, as a polynomial in theta_1 and the
step size beta, and the same for the direction of Theorem 2.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    Argument,
    conjunction,
    ordered,
)
from danskin.claims.branches import branches
from danskin.claims.core import Claim
from danskin.claims.enclosed import phi_falls
from danskin.claims.gram import Domain, known_maximizers, maximum_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import combine, in_simplex, numbers, point_text
from danskin.counterexamples import ORABONA
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _steps(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    positive = Domain({"B": "b > 0"}, {"t": "1/2", "b": "1"})
    t, beta = positive.names["t"], positive.names["b"]
    pieces = branches(argument, orabona)
    (d,) = orabona.delta_symbols
    kink = (t, sympy.Integer(0))
    at = dict(zip(orabona.theta_symbols, kink, strict=True))
    start = sympy.expand(orabona.expression.xreplace(at))
    if start.has(d):
        raise InvalidInputError("objective", "not every delta is a maximizer on theta2 = 0", "")
    gradients = [
        [sympy.expand(g.xreplace({**at, d: v[0]})) for g in orabona.gradient_expressions]
        for v in pieces.vertices
    ]

    def change(direction: Any) -> list[sympy.Expr]:
        moved = [x - beta * y for x, y in zip(kink, direction, strict=True)]
        values = pieces.at(moved, orabona.theta_symbols)
        return [sympy.expand(v - start) for v in values]

    rise = sympy.expand(positive.formula(claimed["rise"]))
    for (end,), g in zip(pieces.vertices, gradients, strict=True):
        maximum_is(
            argument,
            f"From (t, 0), t = theta1, along minus the gradient v = {point_text(g)} at delta = "
            f"{end}, the step b: phi(theta - b v) - phi(theta)",
            change(g),
            rise,
            positive,
        )
    inside = Domain({**positive.hypotheses, "T": claimed["single rises"]}, positive.sample)
    prove_twice(
        argument,
        f"Where {claimed['single rises']} it rises, whatever b > 0",
        inside.implies("rise > 0", {"rise": rise}, "NOT + 4*B*T + 4*B**2 + 4*B**2*t**2"),
    )
    prove_twice(
        argument,
        "That is |theta1| <= 1, the ends included",
        Implication.read(
            {"T": "t**2 <= 1"}, claimed["single rises"], sample={"t": "1"}, certificate="NOT + T"
        ),
        lemma=True,
    )
    weights = numbers(claimed["weights"])
    x = [sympy.expand(v) for v in combine(weights, gradients)]
    argument.part(
        f"The weights {point_text(weights)} are in the simplex", in_simplex(weights), EXACT
    )
    fall = sympy.expand(positive.formula(claimed["fall"]))
    maximum_is(
        argument,
        f"Along minus their combination {point_text(x)} (orabona-steepest) the step b: the change "
        "of phi",
        change(x),
        fall,
        positive,
    )
    short = Domain(
        {**positive.hypotheses, "SHORT": claimed["fall for"], "SQUARE": "t**2 > 0"},
        {"t": "1/2", "b": "1/2"},
    )
    prove_twice(
        argument,
        f"For t != 0 it falls for {claimed['fall for']}",
        short.implies("fall < 0", {"fall": fall}, "NOT + 4*B*SHORT*SQUARE"),
    )
    _first_step(argument, claimed, orabona)


def _first_step(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    """Check the figure's first step, which starts on the kink."""
    theta, step = numbers(claimed["start"]), parse(claimed["first step"], {}, "step")
    S = known_maximizers(orabona, theta)
    for delta, g in zip(S.exact_deltas or (), S.exact_gradients or (), strict=True):
        moved = [x - step * y for x, y in zip(theta, g, strict=True)]
        after: Any = known_maximizers(orabona, moved).exact_value
        argument.part(
            f"The figure's first step, {step} from {point_text(theta)}, along minus the gradient "
            f"at delta = {delta[0]}: phi goes from {S.exact_value} to {after}",
            conjunction([ordered(step, ">", 0), ordered(after, ">", S.exact_value)]),
            EXACT,
        )
    x = combine(numbers(claimed["weights"]), S.exact_gradients or ())
    where = f"From {point_text(theta)} along minus {point_text(x)}"
    phi_falls(argument, where, orabona, theta, [-v for v in x], claimed["falls for"])


FIGURE_1 = Claim(
    id="orabona-whole-steps",
    title="On the kink a step along one gradient raises φ (|θ1| ≤ 1), the min-norm step lowers it",
    source="Section 5.2, Figure 1 (an increase despite a decaying step size), made exact",
    statement=(
        r"\theta = (\theta_1, 0),\ \beta > 0,\ v = \nabla_\theta g(\theta, 0) \text{ or }"
        r" \nabla_\theta g(\theta, 1):\quad \varphi(\theta - \beta v) - \varphi(\theta) ="
        r" 4\beta(1 - \theta_1^2) + 4\beta^2(1 + \theta_1^2),\text{ positive for } |\theta_1| \le"
        r" 1;\quad \varphi(\theta - \beta x^\star) - \varphi(\theta) = -4\beta(1 - \beta)"
        r" \theta_1^2,\text{ negative for } \theta_1 \neq 0,\ \beta < 1"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"orabona": ORABONA.formula},
    claimed={
        "rise": "4*b*(1 - t**2) + 4*b**2*(1 + t**2)",
        "single rises": "t**2 <= 1",
        "weights": ("1/2", "1/2"),
        "fall": "-4*b*(1 - b)*t**2",
        "fall for": "b < 1",
        "start": ("1", "0"),
        "first step": "1/2",
        "falls for": "7/8",
    },
    prove=_steps,
    kind="sharpening",
    uses=("orabona-steepest",),
)

CLAIMS = (FIGURE_1,)
