"""Section 5.2, second example: what a negative inner product of two gradients means."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    Argument,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import Domain, at_origin, known_maximizers
from danskin.claims.implication import prove_twice
from danskin.claims.vectors import inner, numbers, point_text
from danskin.counterexamples import OBTUSE_PAIR, pull_back
from danskin.derivative import directional_derivative
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.proof import prove_descent
from danskin.proof.result import bounds_text
from danskin.sets import Box, Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _network() -> MinMaxObjective:
    """Return Figure 3's network, 2-2-1 with ELU and logistic loss, on one point of the plane."""
    names = ["w11", "w12", "w21", "w22", "b1", "b2", "v1", "v2", "c"]
    hidden = [f"elu(w{i}1*(1/2+p)+w{i}2*(q-1/3)+b{i})" for i in (1, 2)]
    loss = f"softplus(-(v1*{hidden[0]}+v2*{hidden[1]}+c))"
    return MinMaxObjective.from_expression(loss, names, ["p", "q"], Box([-1, -1], [1, 1]))


def _gradient(f: Any, theta: Any, delta: Any) -> list[Any]:
    at = dict(zip(f.delta_symbols, numbers(delta), strict=True))
    return [g.xreplace(at) for g in f.gradient_at(theta)]


def _network_witness(argument: Argument, claimed: dict[str, Any], network: Any) -> None:
    """Offer a witness on the true robust loss of a network, by enclosures over S."""
    case = claimed["network"]
    first, second = (_gradient(network, case["theta"], case[k]) for k in ("first", "second"))
    product = sympy.Add(*(x * y for x, y in zip(first, second, strict=True)))
    down, up = (prove_descent(network, case["theta"], [-x for x in g]) for g in (first, second))
    argument.witness(
        f"Figure 3's network on one point, theta = {point_text(case['theta'])}: at the "
        f"perturbations {case['first']} and {case['second']} the gradients have the inner product "
        f"{sympy.N(product, 6)} < 0, but along minus the first D lies in "
        f"{bounds_text(down.derivative)}, by {down.boxes} cells",
        [ordered(product, "<", 0)],
        decided({Verdict.PROVED: False}.get(down.verdict)),
    )
    argument.used(ENCLOSED)
    argument.part(
        f"Along minus the second it does increase: D lies in {bounds_text(up.derivative)}, by "
        f"{up.boxes} cells",
        up.ascent,
        ENCLOSED,
    )


def _negative_printed(
    argument: Argument, claimed: dict[str, Any], one_maximizer: Any, network: Any
) -> None:
    f: Any = pull_back(one_maximizer, claimed["vectors"])
    theta = [0] * f.theta_dim
    S = known_maximizers(f, theta)
    other = parse(claimed["other"], {}, "delta")
    at = {f.delta_symbols[0]: other}
    second = tuple(g.xreplace(at) for g in f.gradient_at(theta))
    value = f.at(theta).xreplace(at)
    deltas: Any = S.exact_deltas
    gradients: Any = S.exact_gradients
    if len(deltas) != 1:
        raise InvalidInputError("objective", "its maximizer is not unique", "")
    delta, first = deltas[0], gradients[0]
    product = inner(first, second)
    derivative = directional_derivative(S, [-x for x in first]).value
    argument.witness(
        f"theta = 0: delta = {delta[0]} is the only maximizer, with gradient "
        f"{point_text(first)}; at delta = {other}, with g = {value} < phi = "
        f"{S.exact_value}, the gradient is {point_text(second)}: inner product "
        f"{product} < 0, but D along minus the first is {derivative}",
        [decided(S.complete), ordered(product, "<", 0), ordered(value, "<", S.exact_value)],
        ordered(derivative, ">", 0),
    )
    _network_witness(argument, claimed, network)


NEGATIVE_PRINTED = Claim(
    id="negative-inner-product-as-printed",
    title="A negative inner product of two computed gradients means an increase",
    source="Section 5.2, second synthetic example, as printed",
    statement=(
        r"\langle\nabla_\theta g(\theta, \delta_1), \nabla_\theta g(\theta, \delta_2)\rangle < 0"
        r" \implies D(\theta; -\nabla_\theta g(\theta, \delta_1)) > 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT, ENCLOSED),
    objects={
        "network": _network(),
        "one_maximizer": MinMaxObjective.from_expression(
            "d*a + (1-d)*b + d*(d-1) - d/2", ["a", "b"], ["d"], Interval(0, 1)
        ),
    },
    claimed={
        "vectors": (("1", "0"), ("-3/5", "4/5")),
        "other": "1",
        "network": {
            "theta": ("-3/2", "2", "1/2", "-2", "-1/2", "1/2", "-3/2", "-1", "3/2"),
            "first": (1, -1),
            "second": (-1, 1),
        },
    },
    prove=_negative_printed,
    corrected=(
        r"\delta_2 \in S^\star(\theta),\ \langle\nabla_\theta g(\theta, \delta_1), \nabla_\theta"
        r" g(\theta, \delta_2)\rangle < 0 \implies D(\theta; -\nabla_\theta g(\theta,"
        r" \delta_1)) > 0"
    ),
    kind="error as printed",
    uses=("theorem-1",),
)


def _negative_corrected(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    domain = Domain(claimed["hypotheses"], claimed["sample"])
    p, q, c = (domain.names[x] for x in ("p", "q", "c"))
    point = at_origin(obtuse_pair, sympy.Matrix([[p, c], [c, q]]))
    argument.say(
        f"One family: g = {obtuse_pair.expression}; vectors of any lengths with |u|^2 = p, |v|^2 = "
        "q, <u, v> = c < 0: both delta = 0 and delta = 1 are maximizers at theta = 0."
    )
    largest = domain.formula(claimed["largest"])
    for delta, length in (("0", "Q"), ("1", "P")):
        products = point.products(-point.gradient([delta]))
        argument.part(
            f"Along minus the gradient at delta = {delta}: the products over S* are {products}, "
            f"{largest} among them",
            decided(largest in products),
            SYMBOLIC,
        )
        prove_twice(
            argument,
            f"and {largest} is the largest of them",
            [
                domain.implies(
                    "largest >= other", {"largest": largest, "other": p}, f"NOT + {length} + NEG"
                )
                for p in products
                if p != largest
            ],
        )
    positive = domain.always(domain.formula(claimed["largest"]), ">", f"{claimed['largest']} > 0")
    prove_twice(argument, "It is positive, and so is D, which is that over the length", positive)
    prove_twice(
        argument,
        "In general, for any g, and the first point need not be a maximizer: let z = <g_1, g_2> < "
        "0, with g_2 the gradient at a maximizer. The maximum M of <-g_1, .> over S* is at least "
        "-z > 0; g_1 is not 0, since z is not, and D(theta; -g_1) = M/n > 0 with n = |g_1|",
        [
            Domain({"MAX": "M >= -z", "NEG": "z < 0"}, {"M": "2", "z": "-1"}).implies(
                "M > 0", certificate="NOT + MAX + NEG"
            ),
            Domain(
                {"M": "M > 0", "N": "n > 0", "E": "n*D == M"}, {"M": "2", "n": "1", "D": "2"}
            ).implies("D > 0", certificate="N*NOT + M + E"),
        ],
        lemma=True,
    )


NEGATIVE_CORRECTED = Claim(
    id="negative-inner-product-corrected",
    title="It does where the other point is a maximizer",
    source="Section 5.2, second synthetic example, corrected",
    statement=(
        r"\delta_2 \in S^\star(\theta),\ \langle\nabla_\theta g(\theta, \delta_1), \nabla_\theta"
        r" g(\theta, \delta_2)\rangle < 0 \implies D(\theta; -\nabla_\theta g(\theta,"
        r" \delta_1)) > 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        "hypotheses": {"P": "p > 0", "Q": "q > 0", "NEG": "c < 0"},
        "sample": {"p": "1", "q": "2", "c": "-1"},
        "largest": "-c",
    },
    prove=_negative_corrected,
    kind="correction",
    uses=("theorem-1",),
)


CLAIMS = (NEGATIVE_PRINTED, NEGATIVE_CORRECTED)
