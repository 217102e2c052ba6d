"""Section 2: the false corollary, as it can be corrected, and counterexample 1."""

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
    equal,
    ordered,
)
from danskin.claims.branches import branches
from danskin.claims.core import Claim
from danskin.claims.enclosed import derivative_is_enclosed
from danskin.claims.gram import (
    Domain,
    at_origin,
    cases_are,
    known_maximizers,
    maximum_is,
    number_is,
)
from danskin.claims.implication import prove_twice
from danskin.claims.roots import quotient_is
from danskin.claims.vectors import inner, point_text
from danskin.counterexamples import ABSOLUTE_VALUE, OBTUSE_PAIR, pull_back
from danskin.derivative import directional_derivative
from danskin.exact import sign
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS", "corollary_witness", "delta_text"]

#: Two unit vectors at an obtuse angle with rational entries.
_RATIONAL_PAIR = (("1", "0"), ("-3/5", "4/5"))


# --- Corollary 1 ---------------------------------------------------------------------------------


def corollary_witness(
    argument: Argument,
    name: str,
    f: Any,
    theta: list[Any],
    bound: str,
    value: str,
    extra: tuple[Verdict, ...] = (),
) -> None:
    """Offer every maximizer as a witness against "-grad has a derivative below the bound".

    Each has the claimed value as its derivative, by Danskin's maximum over S* and by enclosures
    over all of S.
    """
    S = known_maximizers(f, theta)
    offered = False
    for delta, gradient in zip(S.exact_deltas or (), S.exact_gradients or (), strict=True):
        square = inner(gradient, gradient)
        if sign(square) == 0:
            continue
        offered = True
        derivative = directional_derivative(S, [-x for x in gradient]).value
        shown = ", ".join(map(str, gradient))
        argument.witness(
            f"{name}: delta = {delta_text(delta)} is a maximizer (all of them are known), "
            f"its gradient ({shown}) is not 0, and D(theta; -gradient) = {derivative}, not < "
            f"{bound}",
            [
                decided(S.complete),
                ordered(square, ">", 0),
                equal(derivative, parse(value, {}, "value")),
                *extra,
            ],
            ordered(derivative, "<", parse(bound, {}, "bound")),
        )
        again = f"{name}: D(theta; -gradient), the maximizers not given"
        derivative_is_enclosed(argument, again, f, theta, [-x for x in gradient], value)
    if not offered:
        none = f"{name}: no maximizer has a gradient other than 0"
        argument.witness(none, [Verdict.UNDECIDED], Verdict.UNDECIDED)


def delta_text(delta: Any) -> str:
    """Show a perturbation."""
    return str(delta[0]) if len(delta) == 1 else point_text(delta)


def _corollary(
    argument: Argument, claimed: dict[str, Any], absolute_value: Any, obtuse_pair: Any
) -> None:
    bound, values = claimed["D(-gradient) <"], claimed["D(-gradient)"]
    corollary_witness(
        argument, "Counterexample 1, theta = 0", absolute_value, ["0"], bound, values[0]
    )
    pair = pull_back(obtuse_pair, claimed["vectors"])
    origin = [0] * pair.theta_dim
    corollary_witness(argument, "Counterexample 2, theta = 0", pair, origin, bound, values[1])


COROLLARY = Claim(
    id="corollary-c2",
    title="The gradient at one maximizer gives a descent direction (Madry et al. 2018, C.2)",
    source="Section 2, Corollary 1",
    statement=(
        r"\delta^\star \in S^\star(\theta),\ \nabla_\theta g(\theta, \delta^\star) \neq 0"
        r" \implies D(\theta; -\nabla_\theta g(\theta, \delta^\star)) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT, ENCLOSED),
    objects={"absolute_value": ABSOLUTE_VALUE.formula, "obtuse_pair": OBTUSE_PAIR.formula},
    claimed={"D(-gradient) <": "0", "D(-gradient)": ("1", "3/5"), "vectors": _RATIONAL_PAIR},
    prove=_corollary,
    corrected=(
        r"\nabla_\theta g(\theta, \delta) = v \neq 0 \ \forall \delta \in S^\star(\theta)"
        r" \implies D(\theta; -v) = -\|v\| < 0"
    ),
    kind="statement",
    uses=("theorem-1",),
)


def _corollary_corrected(
    argument: Argument, claimed: dict[str, Any], single: Any, infinite: Any
) -> None:
    """Everything is in the Gram entry ``s = |v|^2`` of the one gradient."""
    domain = Domain(claimed["hypotheses"], claimed["sample"])
    gram = sympy.Matrix([[domain.names["s"]]])
    domain.covers(argument, "Every v that is not 0 has s > 0", {"S": "s > 0"})
    argument.written(
        "If all maximizers share the gradient v, Danskin's maximum is over one number: D(theta; "
        "-v) = <-v, v>/|v|. Let s = |v|^2 > 0: only s enters, in any dimension and for any such g; "
        "the two objectives below are the cases of one maximizer and of infinitely many."
    )
    for name, formula in (("one maximizer", single), ("infinitely many", infinite)):
        point = at_origin(formula, gram)
        v = sympy.Matrix([[parse(claimed["gradient"], {}, "claimed")]])
        S = known_maximizers(formula, [0] * formula.theta_dim)
        kind = bool(S.faces) if name == "infinitely many" else not S.faces and len(S) == 1
        shared = kind and all(point.rows[j, :] == v for j in range(point.rows.rows))
        argument.lemma(
            f"{name}: g = {formula.expression}, all of S* = {_argmax_text(formula)} have the "
            f"gradient ({point.rows[0, 0]}) v",
            decided(shared),
            EXACT,
        )
        away = -v
        value = domain.formula(claimed["unnormalised"])
        largest = f"{name}: max over S* of <-v, grad>"
        maximum_is(argument, largest, point.products(away), value, domain)
        rate = domain.formula(claimed["derivative"])
        quotient_is(argument, f"{name}: D(-v)", value, point.square(away), rate, domain)
    prove_twice(
        argument,
        "It descends",
        domain.implies("value < 0", {"value": domain.formula(claimed["unnormalised"])}),
    )


def _argmax_text(formula: Any) -> str:
    S = known_maximizers(formula, [0] * formula.theta_dim)
    if S.faces:
        return " u ".join(map(repr, S.faces))
    return "{" + ", ".join(delta_text(d) for d in S.exact_deltas or ()) + "}"


COROLLARY_CORRECTED = Claim(
    id="corollary-c2-corrected",
    title="Where all maximizers share one gradient, its negative descends",
    source="Section 2, Corollary 1, corrected",
    statement=(
        r"\nabla_\theta g(\theta, \delta) = v \neq 0 \ \forall \delta \in S^\star(\theta)"
        r" \implies D(\theta; -v) = -\|v\| < 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={
        "single": MinMaxObjective.from_expression("a - d**2", ["a"], ["d"], Interval(-1, 1)),
        "infinite": MinMaxObjective.from_expression("a", ["a"], ["d"], Interval(0, 1)),
    },
    claimed={
        "hypotheses": {"S": "s > 0"},
        "sample": {"s": "2"},
        "gradient": "1",
        "unnormalised": "-s",
        "derivative": "-sqrt(s)",
    },
    prove=_corollary_corrected,
    kind="correction",
    uses=("theorem-1",),
)


# --- counterexample 1 ----------------------------------------------------------------------------


def _counterexample_1(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    f = absolute_value
    S = known_maximizers(f, ["0"])
    face = Interval(*claimed["S*"])
    argument.part(
        f"At theta = 0, g(0, delta) = {f.at(['0'])}, so that S*(0) = {_argmax_text(f)}",
        decided(S.faces == (face,) and face == f.domain),
        EXACT,
    )
    rows = {
        delta_text(d): delta_text(g)
        for d, g in zip(S.exact_deltas or (), S.exact_gradients or (), strict=True)
    }
    shown = ", ".join(f"{g} at delta = {d}" for d, g in rows.items())
    argument.part(
        f"The gradient is affine in delta; at the ends of S* it is {shown}",
        decided(rows == claimed["gradients"]),
        EXACT,
    )
    for direction, value in claimed["D"].items():
        found = directional_derivative(S, [direction])
        number_is(argument, f"D(0; {direction})", found.value, "==", value)
        derivative_is_enclosed(argument, f"D(0; {direction})", f, ["0"], [direction], value)
    cases_are(argument, claimed["phi"], ("t >= 0", "t <= 0"))
    ends = branches(argument, f).at([sympy.Symbol("t")], f.theta_symbols)
    for name, branch in claimed["phi"].items():
        domain = Domain({"T": name}, {"t": "1" if ">" in name else "-1"})
        maximum_is(argument, "phi(t)", ends, domain.formula(branch), domain)
        prove_twice(
            argument,
            "so phi(t) >= phi(0): theta = 0 is the global minimizer",
            domain.implies("phi >= 0", {"phi": domain.formula(branch)}),
        )


COUNTEREXAMPLE_1 = Claim(
    id="counterexample-1",
    title="The absolute value rises both ways from its minimizer",
    source="Section 2, Counterexample 1",
    statement=(
        r"g = \theta\delta,\ S = [-1, 1]:\ \varphi(\theta) = |\theta|,\ S^\star(0) = [-1, 1],"
        r"\ D(0; +1) = D(0; -1) = 1"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={
        "S*": ("-1", "1"),
        "gradients": {"-1": "-1", "1": "1"},
        "D": {"1": "1", "-1": "1"},
        "phi": {"t >= 0": "t", "t <= 0": "-t"},
    },
    prove=_counterexample_1,
    kind="statement",
    uses=("theorem-1",),
)


CLAIMS = (COROLLARY, COROLLARY_CORRECTED, COUNTEREXAMPLE_1)
