"""Section 3: "at any stage, independently of the learning rate" holds on the kink only."""

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
    decided,
    equal,
    ordered,
)
from danskin.claims.branches import branches
from danskin.claims.core import Claim
from danskin.claims.enclosed import phi_falls
from danskin.claims.gram import Domain, known_maximizers
from danskin.claims.implication import prove_twice
from danskin.claims.pair import every_cosine, pair_gram
from danskin.claims.vectors import numbers, rows_text
from danskin.counterexamples import OBTUSE_PAIR, pull_back
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

_CORRECTED = (
    r"\varphi(\theta - \beta u) > \varphi(\theta)\ \forall \beta > 0 \text{ where }"
    r" \langle\theta, u - v\rangle = 0 \text{ (a null set)};\quad \langle\theta, u - v\rangle > 0"
    r" \implies \left(\varphi(\theta - \beta u) < \varphi(\theta) \iff \beta <"
    r" \langle\theta, u - v\rangle / |c|\right)\ \forall \beta > 0"
)


_STEPS = ("kink at", "falls for")


def _as_printed(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    pair = pull_back(obtuse_pair, claimed["vectors"])
    theta = [parse(x, {}, "theta") for x in claimed["theta"]]
    S = known_maximizers(pair, theta)
    step = parse(claimed["step"], {}, "step")
    for delta, gradient in zip(S.exact_deltas or (), S.exact_gradients or (), strict=True):
        moved = [x - step * g for x, g in zip(theta, gradient, strict=True)]
        after = known_maximizers(pair, moved).exact_value
        square = sympy.Add(*(x * x for x in gradient))
        argument.witness(
            f"theta = ({', '.join(map(str, theta))}), delta = {delta[0]} is a maximizer with "
            f"gradient ({', '.join(map(str, gradient))}); the step {step} along minus it takes phi "
            f"from {S.exact_value} to {after}: no increase",
            [ordered(square, ">", 0), ordered(step, ">", 0), *_values(S, after, claimed)],
            ordered(after, ">", S.exact_value),
        )


def _values(S: Any, after: Any, claimed: dict[str, Any]) -> list[Verdict]:
    values = zip((S.exact_value, after), claimed["phi before and after"], strict=True)
    return [equal(x, parse(y, {}, "phi")) for x, y in values]


AS_PRINTED = Claim(
    id="learning-rate-as-printed",
    title="One gradient's step increases φ at any stage, whatever the learning rate",
    source="Abstract and Section 3, after Counterexample 2, as printed",
    statement=(
        r"\forall \theta,\ \delta^\star \in S^\star(\theta),\ \beta > 0:\quad"
        r" \varphi(\theta - \beta \nabla_\theta g(\theta, \delta^\star)) > \varphi(\theta)"
        r" \quad\text{(counterexample 2)}"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        "vectors": (("1", "0"), ("-3/5", "4/5")),
        "theta": ("1", "0"),
        "step": "1/2",
        "phi before and after": ("1", "1/2"),
    },
    prove=_as_printed,
    corrected=_CORRECTED,
    kind="error as printed",
)


def _corrected(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    f = obtuse_pair
    point, domain = pair_gram(f, claimed)
    every_cosine(argument, domain)
    a, b = f.theta_symbols
    values = list(branches(argument, f).values)
    argument.part(
        f"With features {a} = <theta, u>, {b} = <theta, v>: {values[0]} at delta = 0, {values[1]} "
        "at delta = 1",
        decided(values == [b, a] and (a.name, b.name) == ("a", "b")),
        SYMBOLIC,
    )
    if values != [b, a]:
        raise InvalidInputError("objective", "the ends do not carry <theta, v> and <theta, u>", "")
    s = sympy.Symbol("s")
    row = point.gradient([1])
    shift: Any = sympy.expand(-s * row * point.gram)
    moved = {x: x + y for x, y in zip(f.theta_symbols, shift, strict=True)}
    low, high = (sympy.expand(v.xreplace(moved)) for v in values)
    argument.say(
        f"A step s along minus u moves the features by {tuple(shift)}: the ends become {low} and "
        f"{high}."
    )
    let = {"low": low, "high": high}
    given = {**domain.hypotheses, "S": "s > 0"}
    sample = {**domain.sample, "a": "1", "b": "0", "s": "1"}
    off = Domain({**given, "GAP": "a > b", "SMALL": claimed["small"]}, sample)
    prove_twice(
        argument,
        "Off the kink, where delta = 1 is the only maximizer (phi = a > b), every step s with "
        f"{claimed['small']} descends: both ends fall below a",
        [
            off.implies("high < a", let, "NOT + S"),
            off.implies("low < a", let, "NOT + SMALL"),
        ],
    )
    large = Domain({**given, "GAP": "a > b", "LARGE": claimed["large"]}, {**sample, "s": "3"})
    prove_twice(
        argument,
        f"and every step with {claimed['large']} ascends",
        large.implies("low > a", let, "NOT + LARGE"),
    )
    level = Domain({**given, "GAP": "a > b", "LEVEL": claimed["level"]}, {**sample, "s": "2"})
    prove_twice(
        argument,
        f"With {claimed['level']} it does not descend: no other step is left",
        level.implies("low >= a", let, "NOT + LEVEL"),
    )
    crossing = Domain({**given, "GAP": "a > b", "SMALL": claimed["small"]}, {**sample, "s": "1"})
    argument.say(
        "Reaching the kink does no harm yet: the ends meet at s = (a - b)/(1 - c), which is less "
        "than (a - b)/(-c); the steps in between cross it and descend."
    )
    prove_twice(
        argument,
        "So they do, where (1 - c) s > a - b: the other end is the higher one, and is below a",
        Domain({**crossing.hypotheses, "CROSS": "(1 - c)*s > a - b"}, crossing.sample).implies(
            "low > high", let, "NOT + CROSS"
        ),
    )
    on = Domain({**given, "TIE": claimed["kink"]}, {**sample, "b": "1"})
    prove_twice(
        argument,
        f"On the kink, {claimed['kink']}, every step s > 0 ascends, whatever its size",
        on.implies("low > a", let, "NOT + S*HI - TIE"),
    )
    pair = pull_back(f, claimed["vectors"])
    away = [-x for x in numbers(claimed["vectors"][0])]
    phi_falls(
        argument,
        f"A member, the vectors {rows_text(claimed['vectors'])}: from ({', '.join(claimed['from'])}"
        f") along minus u, the kink at {claimed['kink at']}",
        pair,
        claimed["from"],
        away,
        claimed["falls for"],
    )
    start, crossing, end = (numbers(claimed["from"]), *numbers([claimed[k] for k in _STEPS]))
    crossed = [x + crossing * y for x, y in zip(start, away, strict=True)]
    argument.part(
        f"At the step {crossing}, before {end}, both ends are maximizers",
        conjunction(
            [decided(len(known_maximizers(pair, crossed)) == 2), ordered(crossing, "<", end)]
        ),
        EXACT,
    )
    square = point.square(sympy.Matrix([[1, -1]]))
    prove_twice(
        argument,
        f"The kink is the hyperplane <theta, u - v> = 0, |u - v|^2 = {square} > 0: a null set",
        domain.always(square, ">", f"{square} > 0"),
    )


CORRECTED = Claim(
    id="learning-rate-corrected",
    title="On the kink every step ascends; off it exactly the steps below a threshold descend",
    source="Abstract and Section 3, corrected, on Counterexample 2",
    statement=_CORRECTED,
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        "hypotheses": {"LO": "c > -1", "HI": "c < 0"},
        "sample": {"c": "-1/2"},
        "small": "-c*s < a - b",
        "large": "-c*s > a - b",
        "level": "-c*s == a - b",
        "kink": "a == b",
        "vectors": (("1", "0"), ("-3/5", "4/5")),
        "from": ("1", "0"),
        "kink at": "1",
        "falls for": "2",
    },
    prove=_corrected,
    kind="correction",
)

CLAIMS = (AS_PRINTED, CORRECTED)
