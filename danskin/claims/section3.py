"""Section 3: counterexample 2, for all admissible u and v in every dimension."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import DECISION, EXACT, SYMBOLIC, Argument, decided, ordered
from danskin.claims.core import Claim
from danskin.claims.gram import (
    Domain,
    GradientGram,
    at_origin,
    known_maximizers,
    maximum_is,
    number_is,
    set_is,
)
from danskin.claims.implication import prove_twice
from danskin.claims.roots import quotient_is
from danskin.claims.section2 import corollary_witness
from danskin.counterexamples import OBTUSE_PAIR, pull_back
from danskin.derivative import directional_derivative
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS", "PAIR", "combination", "introduce", "pair_gram"]

#: u and v in features order, their cosine, and where it lies.
PAIR: dict[str, Any] = {
    "vectors": ("u", "v"),
    "hypotheses": {"LO": "c > -1", "HI": "c < 0"},
    "sample": {"c": "-1/2"},
    "S*": ("0", "1"),
    "gradients": {"0": "v", "1": "u"},
}


def pair_gram(formula: Any, claimed: dict[str, Any]) -> tuple[GradientGram, Domain]:
    """Return the pair's gradients over ``G = [[1, c], [c, 1]]``, and the domain of c."""
    domain = Domain(claimed["hypotheses"], claimed["sample"])
    c = domain.names["c"]
    return at_origin(formula, sympy.Matrix([[1, c], [c, 1]])), domain


def combination(text: str, names: tuple[str, ...]) -> sympy.Matrix:
    """Read a linear combination of named vectors as a row of coefficients.

    Raises
    ------
    InvalidInputError
        Not linear in the names.
    """
    symbols = {n: sympy.Symbol(n) for n in names}
    expr = sympy.expand(parse(text, symbols, "direction"))
    row = [expr.coeff(s) for s in symbols.values()]
    if expr != sympy.Add(*(k * s for k, s in zip(row, symbols.values(), strict=True))):
        raise InvalidInputError("direction", f"{text!r} is not linear in {names}", "")
    return sympy.Matrix([row])


def introduce(
    argument: Argument, formula: Any, point: GradientGram, domain: Domain, claimed: dict[str, Any]
) -> None:
    """Say what the proof is about, and check its maximizers and gradients."""
    argument.say(
        f"g = {formula.expression} with features {formula.theta_symbols[0]} = <theta, u>, "
        f"{formula.theta_symbols[1]} = <theta, v>; Gram matrix of u, v: [[1, c], [c, 1]], "
        f"{domain}. Only these enter, so the proof holds in every dimension."
    )
    set_is(argument, "S*(0), all of it,", point.deltas, [[d] for d in claimed["S*"]])
    for delta, name in claimed["gradients"].items():
        row = point.gradient([delta])
        argument.part(
            f"The gradient at delta = {delta} is ({row[0]}) u + ({row[1]}) v = {name}",
            decided(row == combination(name, claimed["vectors"])),
            SYMBOLIC,
        )


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
        S,
        claimed["D(-gradient) <"],
        claimed["D(-gradient)"],
        (ordered(descent, "<", 0),),
    )


NOT_MINIMIZER = Claim(
    id="corollary-c2-not-a-minimizer",
    title="The corollary with the assumption that theta is not a local minimizer",
    source="Section 3",
    statement=(
        r"\theta \text{ not a local minimizer},\ \delta^\star \in S^\star(\theta),\ "
        r"\nabla_\theta g(\theta, \delta^\star) \neq 0"
        r" \implies D(\theta; -\nabla_\theta g(\theta, \delta^\star)) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
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
)


# --- counterexample 2, all members at once -------------------------------------------------------


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
        r"D(0; -u) = D(0; -v) = -c > 0,\ c = \langle u, v\rangle \in (-1, 0)"
        r" \quad \forall\, n \ge 2"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={**PAIR, "D": {"-u": "-c", "-v": "-c"}},
    prove=_ascent,
    kind="sharpening",
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
        r"\max_{\delta \in S^\star(0)} \langle -(u+v), \nabla_\theta g\rangle = -(1+c) < 0,\ "
        r"D(0; -(u+v)) = -\sqrt{(1+c)/2}"
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
    # Independently of Theorem 2, with y_j = <gamma, gradient_j> for a unit gamma: by
    # Cauchy-Schwarz <gamma, sum of gradients>^2 <= |sum of gradients|^2.
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
        r"\min_{\|\gamma\| = 1} D(0; \gamma) = -\sqrt{(1+c)/2},\ \text{attained at }"
        r"\gamma = -(u+v)/\|u+v\|"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={**PAIR, "weights": ("1/2", "1/2"), "rho^2": "(1+c)/2"},
    prove=_steepest,
    kind="sharpening",
)


# --- members, one by one -------------------------------------------------------------------------


def _members(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    for cosine, dim in claimed["members"]:
        c = parse(cosine, {}, "claimed")
        rest = [sympy.Integer(0)] * (dim - 2)
        u = [sympy.Integer(1), sympy.Integer(0), *rest]
        v = [c, sympy.sqrt(sympy.expand(1 - c**2)), *rest]
        S = known_maximizers(pull_back(obtuse_pair, [u, v]), [0] * dim)
        names = {"c": c}
        for combo, value in claimed["D"].items():
            k = combination(combo, claimed["vectors"])
            direction = [sympy.expand(k[0] * a + k[1] * b) for a, b in zip(u, v, strict=True)]
            found = directional_derivative(S, direction).value
            expected = parse(value, names, "claimed")
            number_is(argument, f"c = {cosine}, n = {dim}: D(0; {combo})", found, "==", expected)


MEMBERS = Claim(
    id="counterexample-2-members",
    title="The same values from the concrete objectives, member by member",
    source="Section 3, Counterexample 2",
    statement=(
        r"D(0; -u) = D(0; -v) = -c,\ D(0; -(u+v)) = -\sqrt{(1+c)/2}\ \text{for the objectives"
        r" with given } c, n"
    ),
    expected=Verdict.PROVED,
    methods=(EXACT,),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        "vectors": ("u", "v"),
        "members": (("-1/2", 2), ("-3/5", 2), ("-sqrt(2)/2", 3), ("-1/10", 5), ("-99/100", 2)),
        "D": {"-u": "-c", "-v": "-c", "-(u+v)": "-sqrt((1+c)/2)"},
    },
    prove=_members,
    kind="statement",
)

CLAIMS = (NOT_MINIMIZER, MAXIMIZERS, ASCENT, DESCENT, STEEPEST, MEMBERS)
