"""Section 3: the corollary fails at a point that is no local minimizer; counterexample 2."""

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
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.enclosed import derivative_is_enclosed
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import prove_twice
from danskin.claims.pair import PAIR, combination, introduce, pair_gram
from danskin.claims.section2 import corollary_witness
from danskin.counterexamples import OBTUSE_PAIR, pull_back
from danskin.derivative import directional_derivative
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

# --- the corollary at a point that is not a local minimizer --------------------------------------


def _not_minimizer(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    pair = pull_back(obtuse_pair, claimed["vectors"])
    S = known_maximizers(pair, [0] * pair.theta_dim)
    descent = directional_derivative(S, claimed["descent direction"]).value
    argument.lemma(
        f"theta = 0 is not a local minimizer: D(0; ({', '.join(claimed['descent direction'])})) = "
        f"{descent} < 0",
        ordered(descent, "<", 0),
        EXACT,
    )
    corollary_witness(
        argument,
        "theta = 0",
        pair,
        [0] * pair.theta_dim,
        claimed["D(-gradient) <"],
        claimed["D(-gradient)"],
        (ordered(descent, "<", 0),),
    )


NOT_MINIMIZER = Claim(
    id="corollary-c2-not-a-minimizer",
    title="The corollary with the assumption that θ is not a local minimizer",
    source="Section 3",
    statement=(
        r"\theta \text{ not a local minimizer},\ \delta^\star \in S^\star(\theta),\ "
        r"\nabla_\theta g(\theta, \delta^\star) \neq 0"
        r" \implies D(\theta; -\nabla_\theta g(\theta, \delta^\star)) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT, ENCLOSED),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        "D(-gradient) <": "0",
        "D(-gradient)": "3/5",
        "vectors": (("1", "0"), ("-3/5", "4/5")),
        "descent direction": ("-2/5", "-4/5"),
    },
    prove=_not_minimizer,
    corrected=(
        r"\nabla_\theta g(\theta, \delta) = v \neq 0 \ \forall \delta \in S^\star(\theta)"
        r" \implies D(\theta; -v) = -\|v\| < 0"
    ),
    kind="statement",
    uses=("theorem-1",),
)


# --- counterexample 2: its maximizers -------------------------------------------------------


def _maximizers(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    point, domain = pair_gram(obtuse_pair, claimed)
    introduce(argument, obtuse_pair, point, domain, claimed)
    origin = obtuse_pair.at([0, 0])
    delta = {s.name: s for s in obtuse_pair.delta_symbols}
    wanted = parse(claimed["g(0, delta)"], delta, "claimed")
    argument.part(
        f"At theta = 0 both features vanish, and g(0, delta) = {origin}",
        decided(sympy.expand(origin - wanted) == 0),
        SYMBOLIC,
    )
    no_faces = not known_maximizers(obtuse_pair, [0, 0]).faces
    argument.part("No interval of maximizers besides", decided(no_faces), EXACT)
    # Not about nothing: u = e1 and v = c e1 + sqrt(1 - c^2) e2 are admissible for every c.
    prove_twice(
        argument,
        "Every c occurs, in every dimension n >= 2: u = e1, v = c e1 + r e2, r^2 = 1 - c^2 >= 0",
        domain.implies("1 - c**2 >= 0"),
    )


MAXIMIZERS = Claim(
    id="counterexample-2-maximizers",
    title="The obtuse pair has exactly two maximizers, with gradients u and v",
    source="Section 3, Counterexample 2",
    statement=(
        r"S^\star(0) = \{0, 1\},\ \nabla_\theta g(0, 0) = v,\ \nabla_\theta g(0, 1) = u"
        r" \quad \forall\, u, v \in \mathbb{R}^n,\ n \ge 2"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        **PAIR,
        "g(0, delta)": "d*(d - 1)",
    },
    prove=_maximizers,
    kind="statement",
)


# --- members, one by one -------------------------------------------------------------------------


def _members(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    for cosine, dim in claimed["members"]:
        c = parse(cosine, {}, "claimed")
        admissible = conjunction([ordered(c, ">", -1), ordered(c, "<", 0), decided(dim >= 2)])
        argument.part(f"c = {cosine}, n = {dim} are admissible", admissible, EXACT)
        rest = [sympy.Integer(0)] * (dim - 2)
        u = [sympy.Integer(1), sympy.Integer(0), *rest]
        v = [c, sympy.sqrt(sympy.expand(1 - c**2)), *rest]
        f = pull_back(obtuse_pair, [u, v])
        S = known_maximizers(f, [0] * dim)
        names = {"c": c}
        for combo, value in claimed["D"].items():
            k = combination(combo, claimed["vectors"])
            direction = [sympy.expand(k[0] * a + k[1] * b) for a, b in zip(u, v, strict=True)]
            found = directional_derivative(S, direction).value
            expected = parse(value, names, "claimed")
            where = f"c = {cosine}, n = {dim}: D(0; {combo})"
            number_is(argument, where, found, "==", expected)
            derivative_is_enclosed(argument, where, f, [0] * dim, direction, expected)


MEMBERS = Claim(
    id="counterexample-2-members",
    title="The same values from the concrete objectives, member by member",
    source="Section 3, Counterexample 2",
    statement=(
        r"D(0; -u) = D(0; -v) = -c,\ D(0; -(u+v)) = -\sqrt{(1+c)/2}\ \text{for the objectives"
        r" with given } c, n"
    ),
    expected=Verdict.PROVED,
    methods=(EXACT, ENCLOSED),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        "vectors": ("u", "v"),
        "members": (("-1/2", 2), ("-3/5", 2), ("-sqrt(2)/2", 3), ("-1/10", 5), ("-99/100", 2)),
        "D": {"-u": "-c", "-v": "-c", "-(u+v)": "-sqrt((1+c)/2)"},
    },
    prove=_members,
    kind="statement",
    uses=("theorem-1",),
)

CLAIMS = (NOT_MINIMIZER, MAXIMIZERS, MEMBERS)
