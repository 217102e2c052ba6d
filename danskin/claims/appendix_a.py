"""Appendix A: an objective with any vectors as gradients, and what a single gradient does there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from danskin.argmax import maximize
from danskin.claims.argument import DECISION, EXACT, SYMBOLIC, WRITTEN, Argument, decided
from danskin.claims.core import Claim
from danskin.claims.gram import at_origin, known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import at_the_vectors, inner, numbers
from danskin.counterexamples import simplex_formula
from danskin.derivative import directional_derivative
from danskin.exact import sign
from danskin.expression import parse
from danskin.sets import Interval, unit_vector
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

Formula = Callable[[int], Any]

# --- maximizers ----------------------------------------------------------------------------------


def _maximizers(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    (d,) = formula(1).delta_symbols
    term = formula(1).at([0])
    wanted_term = parse(claimed["term"], {d.name: d}, "claimed")
    argument.part(
        f"Each coordinate adds {term} to g(theta0, delta): the sum is -H",
        decided(term == wanted_term),
        SYMBOLIC,
    )
    found = maximize(term, (d,), Interval(0, 1))
    points = {p[0] for p in found.exact_points or ()}
    wanted = {parse(p, {}, "claimed") for p in claimed["zeros of the term"]}
    argument.lemma(
        f"One coordinate: {term} <= 0 on [0, 1], with equality exactly at "
        f"{sorted(points, key=str)}",
        decided(found.complete and not found.faces and points == wanted),
        EXACT,
    )
    number_is(argument, "its maximum", found.exact_value, "==", "0")
    argument.written(
        "so for every N the sum over the coordinates is <= 0, with equality iff every delta_i is 0 "
        "or 1; on the simplex these are the vertices. sum_i delta_i <v_i, theta - theta0> has the "
        "gradient v_i at the i-th vertex. That g is this sum, for these N:"
    )
    for count in claimed["sizes"]:
        f = formula(count)
        total = sympy.Add(*(term.xreplace({d: s}) for s in f.delta_symbols))
        argument.part(
            f"N = {count}: g(theta0, delta) = {f.at([0] * count)}",
            decided(sympy.expand(f.at([0] * count) - total) == 0),
            SYMBOLIC,
        )
        S = known_maximizers(f, [0] * count)
        vertices = {unit_vector(count, i) for i in range(count)}
        argument.part(
            f"N = {count}: the exact maximizers are the {count} vertices and nothing else",
            decided(not S.faces and set(S.exact_deltas or ()) == vertices),
            EXACT,
        )
        same = dict(zip(S.exact_deltas or (), S.exact_gradients or (), strict=True))
        argument.part(
            f"N = {count}: the gradient at the i-th vertex is v_i",
            decided(all(delta == row for delta, row in same.items())),
            EXACT,
        )


MAXIMIZERS = Claim(
    id="appendix-a-maximizers",
    title="At θ0 the maximizers are exactly the vertices, with gradients v_i",
    source="Appendix A",
    statement=(
        r"S^\star(\theta_0) = \{e_1, \dots, e_N\},\quad \nabla_\theta g(\theta_0, e_i) = v_i"
        r" \quad \forall N,\ v_1, \dots, v_N \in \mathbb{R}^n"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, EXACT, WRITTEN),
    objects={"formula": simplex_formula},
    claimed={"sizes": (1, 2, 3, 4, 5, 6), "term": "xlogx(d1)", "zeros of the term": ("0", "1")},
    prove=_maximizers,
    kind="statement",
)


# --- no single gradient --------------------------------------------------------------------------


def _symbolic_gram(count: int) -> sympy.Matrix:
    return sympy.Matrix(count, count, lambda i, j: sympy.Symbol(f"g{min(i, j) + 1}{max(i, j) + 1}"))


def _no_single(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    argument.say(
        "Gradients v_1, ..., v_N at the maximizers (appendix-a-maximizers), with Gram matrix g_ij. "
        "Along -v_i the product with v_j is -g_ij:"
    )
    for count in claimed["sizes"]:
        gram: Any = _symbolic_gram(count)
        point = at_origin(formula(count), gram)
        for i in range(count):
            wanted = [-gram[i, j] for j in range(count)]
            away = point.gradient(unit_vector(count, i)) * -1
            argument.part(
                f"N = {count}: along -v{i + 1} the products are {', '.join(map(str, wanted))}",
                decided(point.products(away) == wanted),
                SYMBOLIC,
            )
    prove_twice(
        argument,
        f"For every N: v_j is an obtuse partner of v_i, {claimed['partner']} for z = g_ij; the "
        "maximum M of the products is at least -z, so it is positive. v_i is not 0, since z is "
        "not, so D(theta0; -v_i) = M/|v_i| > 0",
        [
            Implication.read(
                {"NEG": claimed["partner"], "MAX": "M >= -z"},
                claimed["conclusion"],
                sample={"z": "-1/4", "M": "1"},
                certificate="NOT + MAX + NEG",
            ),
            Implication.read(
                {"M": claimed["conclusion"], "N": "n > 0", "E": "n*D == M"},
                "D > 0",
                sample={"M": 2, "n": 2, "D": 1},
                certificate="N*NOT + M + E",
            ),
        ],
        lemma=True,
    )


NO_SINGLE = Claim(
    id="appendix-a-no-single-gradient",
    title="With an obtuse partner, minus a single gradient ascends",
    source="Appendix A; Section 3, last paragraph",
    statement=(
        r"\exists j:\ \langle v_i, v_j\rangle < 0 \implies D(\theta_0; -v_i) > 0"
        r"\quad \forall N,\ v_1, \dots, v_N \in \mathbb{R}^n"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION),
    objects={"formula": simplex_formula},
    claimed={"sizes": (2, 3, 4), "partner": "z < 0", "conclusion": "M > 0"},
    prove=_no_single,
    kind="statement",
    uses=("theorem-1", "appendix-a-maximizers"),
)


# --- the first observation, and what is maximised ------------------------------------------------


def _observation(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    prove_twice(
        argument,
        "One maximizer with z = <gamma, grad> > 0 bounds Danskin's maximum M = D (unit "
        "gamma) below: "
        f"D {claimed['relation']} 0, not only >= 0",
        Implication.read(
            {"MAX": "M >= z", "POS": "z > 0"},
            f"M {claimed['relation']} 0",
            sample={"M": 2, "z": 1},
            certificate="NOT + MAX + POS",
        ),
        lemma=True,
    )
    S = at_the_vectors(formula(len(claimed["vectors"])), claimed["vectors"])
    gamma = numbers(claimed["gamma"])
    products = [inner(gamma, g) for g in S.exact_gradients or ()]
    found = directional_derivative(S, gamma).value
    argument.say(f"Vectors {claimed['vectors']}: <gamma, grad> over S* is {products}.")
    argument.part("some product is positive", decided(any(sign(p) == 1 for p in products)), EXACT)
    number_is(argument, "D(theta0; gamma)", found, "==", claimed["D"])
    number_is(argument, "D(theta0; gamma)", found, claimed["relation"], "0")


OBSERVATION = Claim(
    id="appendix-a-observation",
    title="A maximizer with positive inner product makes the direction one of strict ascent",
    source="Appendix A, first observation, sharpened: D ≥ 0 is D > 0",
    statement=(
        r"\exists \delta_0 \in S^\star(\theta_0):\ \langle\gamma, \nabla_\theta g(\theta_0,"
        r" \delta_0)\rangle > 0 \implies D(\theta_0; \gamma) > 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": simplex_formula},
    claimed={
        "relation": ">",
        "vectors": (("1", "0"), ("-3/5", "4/5")),
        "gamma": ("-1", "0"),
        "D": "3/5",
    },
    prove=_observation,
    kind="sharpening",
    uses=("theorem-1",),
)


def _vertices(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    rows = [numbers(v) for v in claimed["vectors"]]
    S = at_the_vectors(formula(len(rows)), claimed["vectors"])
    deltas = S.exact_deltas or ()
    argument.lemma(
        f"The maximizers are {[tuple(map(str, x)) for x in deltas]}, the vertices of the simplex, "
        "and the vectors are the gradients there",
        decided(
            set(deltas) == {unit_vector(len(rows), i) for i in range(len(rows))}
            and set(S.exact_gradients or ()) == {tuple(v) for v in rows}
        ),
        EXACT,
    )
    for v in rows:
        shown = ", ".join(map(str, v))
        argument.witness(
            f"v = ({shown}) is not a maximizer: its entries are not those of a point of the "
            "simplex",
            [decided(S.complete)],
            decided(tuple(v) in deltas),
        )


VERTICES = Claim(
    id="appendix-a-maximizers-slip",
    title="Solving the inner maximization yields the vectors v_i",
    source="Appendix A, last sentence, as printed",
    statement=r"S^\star(\theta_0) = \{v_1, \dots, v_n\}",
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"formula": simplex_formula},
    claimed={"vectors": (("1", "-1"), ("-3/5", "4/5"))},
    prove=_vertices,
    corrected=r"S^\star(\theta_0) = \{e_1, \dots, e_n\},\quad \nabla_\theta g(\theta_0, e_i) = v_i",
    kind="slip",
)


CLAIMS = (OBSERVATION, MAXIMIZERS, NO_SINGLE, VERTICES)
