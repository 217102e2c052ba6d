"""Appendix A: any vectors as gradients, and the hypothesis that its conclusion lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from danskin.argmax import maximize
from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    Argument,
    conjunction,
    decided,
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import Domain, at_origin, known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.section4_theorem2 import convex_combination
from danskin.counterexamples import pull_back, simplex_formula, symmetric_triple
from danskin.derivative import directional_derivative
from danskin.exact import sign
from danskin.expression import parse
from danskin.minnorm import exact_min_norm
from danskin.sets import Interval, unit_vector
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

Formula = Callable[[int], Any]

_FLAT = tuple(tuple(map(str, v)) for v in symmetric_triple())


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
    argument.say(
        "So the sum over the coordinates is <= 0, with equality iff every delta_i is 0 or 1; on "
        "the simplex these are the vertices. For every N for which g at theta0 is that sum:"
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
    title="At theta0 the maximizers are exactly the vertices, with gradients v_i",
    source="Appendix A",
    statement=(
        r"S^\star(\theta_0) = \{e_1, \dots, e_N\},\quad \nabla_\theta g(\theta_0, e_i) = v_i"
        r" \quad \forall\, v_1, \dots, v_N \in \mathbb{R}^n"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, EXACT),
    objects={"formula": simplex_formula},
    claimed={"sizes": (2, 3, 4, 5, 6), "term": "xlogx(d1)", "zeros of the term": ("0", "1")},
    prove=_maximizers,
    kind="statement",
)


# --- no single gradient --------------------------------------------------------------------------


def _symbolic_gram(count: int) -> sympy.Matrix:
    return sympy.Matrix(count, count, lambda i, j: sympy.Symbol(f"g{min(i, j) + 1}{max(i, j) + 1}"))


def _no_single(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    for count in claimed["sizes"]:
        gram = _symbolic_gram(count)
        point = at_origin(formula(count), gram)
        away = -sympy.Matrix([unit_vector(count, 0)])
        products = point.products(away)
        names = {s.name: s for s in gram.free_symbols}
        sample = {n: "1" if n[1] == n[2] else "-1/4" for n in sorted(names)}
        hypotheses = {"NEG": claimed["partner"]}
        hypotheses |= {f"M{j + 1}": f"M >= p{j + 1}" for j in range(count)}
        statement = Implication.read(
            hypotheses,
            claimed["conclusion"],
            sample={**sample, "M": "1"},
            certificate="NOT + M2 + NEG",
            let={f"p{j + 1}": p for j, p in enumerate(products)},
        )
        prove_twice(
            argument,
            f"N = {count}, Gram matrix g_ij: along -v1 the products with the gradients are "
            f"{products}; if v2 is an obtuse partner, their maximum M is positive, and "
            "|v1| > 0, so D(theta0; -v1) = M/|v1| > 0",
            statement,
            lemma=True,
        )
    argument.say("Any other pair i, j is this one after renumbering: the formula is symmetric.")


NO_SINGLE = Claim(
    id="appendix-a-no-single-gradient",
    title="With an obtuse partner, minus a single gradient ascends",
    source="Appendix A; Section 3, last paragraph",
    statement=r"\exists j:\ \langle v_i, v_j\rangle < 0 \implies D(\theta_0; -v_i) > 0",
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION),
    objects={"formula": simplex_formula},
    claimed={"sizes": (2, 3, 4), "partner": "g12 < 0", "conclusion": "M > 0"},
    prove=_no_single,
    kind="statement",
)


# --- does a descent direction exist? -------------------------------------------------------------


def _rows(vectors: Any) -> list[list[sympy.Expr]]:
    return [[parse(x, {}, "vectors") for x in v] for v in vectors]


def _partners(rows: Any) -> Verdict:
    """Whether every gradient has another one at an obtuse angle."""
    verdicts = []
    for v in rows:
        products = [sympy.Add(*(a * b for a, b in zip(v, w, strict=True))) for w in rows]
        verdicts.append(decided(any(sign(p) == -1 for p in products)))
    return conjunction(verdicts)


def _as_printed(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    rows = _rows(claimed["vectors"])
    S = known_maximizers(pull_back(formula(len(rows)), rows), [0] * len(rows[0]))
    gradients = S.exact_gradients or ()
    weights = [parse(w, {}, "claimed") for w in claimed["weights"]]
    sums = [
        sympy.Add(*(w * g[k] for w, g in zip(weights, gradients, strict=True)))
        for k in range(len(rows[0]))
    ]
    in_hull = conjunction(
        [
            *(ordered(w, ">=", 0) for w in weights),
            equal(sympy.Add(*weights), 1),
            *(equal(s, 0) for s in sums),
        ]
    )
    no_descent = prove_twice(
        argument,
        "max_i <gamma, g_i> >= sum w_i <gamma, g_i> for every gamma and all weights w in the "
        "simplex (induction step)",
        convex_combination(),
        lemma=True,
    )
    # The conclusion "D < 0 for some direction" is false where 0 is in the hull.
    none = conjunction([in_hull, no_descent]) is Verdict.PROVED
    argument.witness(
        f"vectors {[tuple(map(str, v)) for v in gradients]}: each has a partner at an obtuse "
        f"angle, and the weights {tuple(claimed['weights'])} give sum w_i v_i = "
        f"({', '.join(str(sympy.simplify(s)) for s in sums)}), so that D(theta0; gamma) >= "
        "<gamma, 0> = 0 for every gamma: no descent direction",
        [_partners(gradients)],
        Verdict.REFUTED if none else Verdict.UNDECIDED,
    )


AS_PRINTED = Claim(
    id="appendix-a-descent-as-printed",
    title="Obtuse partners leave a descent direction (as printed)",
    source="Section 3, property (i), with Appendix A's condition, as printed",
    statement=(
        r"\forall i\, \exists j:\ \langle v_i, v_j\rangle < 0 \implies"
        r" \exists \gamma:\ D(\theta_0; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": simplex_formula},
    claimed={"vectors": _FLAT, "weights": ("1/3", "1/3", "1/3")},
    prove=_as_printed,
    corrected=(
        r"\exists \gamma:\ D(\theta_0; \gamma) < 0 \iff 0 \notin \mathrm{conv}\{v_1, \dots, v_N\}"
    ),
    kind="error as printed",
)


def _triple(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    """With y_i = <gamma, v_i>: sum y_i = 0 and sum y_i^2 = 3/2 for every unit gamma."""
    rows = _rows(claimed["vectors"])
    S = known_maximizers(pull_back(formula(len(rows)), rows), [0] * len(rows[0]))
    G = sympy.Matrix(S.exact_gradients)
    total = [sympy.expand(x) for x in sympy.ones(1, G.rows) * G]
    frame = (G.T * G).applyfunc(sympy.expand)
    size = frame[0, 0]
    argument.lemma(
        f"sum v_i = {tuple(total)} and sum v_i v_i' = {frame.tolist()}, so y_i = <gamma, v_i> of a "
        f"unit gamma satisfy sum y_i = 0 and sum y_i^2 = {size}",
        decided(all(x == 0 for x in total) and frame == size * sympy.eye(G.cols) and G.rows == 3),
        EXACT,
    )
    least = claimed["min D"]
    statement = Implication.read(
        {
            "SUM": "y1 + y2 + y3 == 0",
            "SQUARES": f"y1**2 + y2**2 + y3**2 == {size}",
            "Y1": f"y1 < {least}",
            "Y2": f"y2 < {least}",
        },
        f"y3 >= {least}",
        sample={"y1": "-1/2", "y2": "-1/2", "y3": "1"},
        certificate="Y1*Y2 + Y1*NOT + Y2*NOT + SUM - SUM**2/2 + SQUARES/2",
    )
    prove_twice(argument, f"Not all three are below {least}", statement, lemma=True)
    derivative = directional_derivative(S, [-x for x in rows[0]]).value
    number_is(argument, "It is attained: D(theta0; -v1)", derivative, "==", least)


TRIPLE = Claim(
    id="appendix-a-triple",
    title="Three unit vectors at 120 degrees: phi rises at rate at least 1/2 in every direction",
    source="Appendix A, sharpened",
    statement=r"\min_{\|\gamma\| = 1} D(\theta_0; \gamma) = +\tfrac12",
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": simplex_formula},
    claimed={"vectors": _FLAT, "min D": "1/2"},
    prove=_triple,
    kind="sharpening",
)


def _corrected(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    prove_twice(
        argument,
        "If 0 is not in the hull, its min-norm point x is not 0 and KKT <x, v_i> >= |x|^2 "
        "(theorem-2) gives <-x, v_i> < 0 for every i: -x is a descent direction",
        Implication.read(
            {"KKT": "b >= s", "POS": "s > 0"},
            "-b < 0",
            sample={"b": 2, "s": 1},
            certificate="NOT + KKT + POS",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "If 0 is in the hull, max_i <gamma, v_i> >= <gamma, 0> = 0 for every gamma (induction)",
        convex_combination(),
        lemma=True,
    )
    _lifted(argument, claimed, formula)
    for vectors in claimed["instances"]:
        rows = _rows(vectors)
        S = known_maximizers(pull_back(formula(len(rows)), rows), [0] * len(rows[0]))
        point = exact_min_norm(S.exact_gradients or (), sign=sign)
        away = [-x for x in point.point]
        shown = f"vectors {[tuple(v) for v in vectors]}"
        argument.part(f"{shown}: each has an obtuse partner", _partners(S.exact_gradients), EXACT)
        argument.part(
            f"{shown}: 0 is not in the hull, the min-norm point is {tuple(map(str, point.point))}",
            conjunction([point.verify(), decided(not point.stationary)]),
            EXACT,
        )
        if point.stationary:
            continue
        down = directional_derivative(S, away).value
        number_is(argument, f"{shown}: D along minus that point", down, "<", "0")
        for i, v in enumerate(S.exact_gradients or ()):
            up = directional_derivative(S, [-x for x in v]).value
            number_is(argument, f"{shown}: D along -v{i + 1}", up, ">", "0")


def _lifted(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    """Prove it for a whole family: the triple at 120 degrees lifted by h, in q = h^2."""
    domain = Domain(claimed["hypotheses"], claimed["sample"])
    off, diagonal = (domain.formula(claimed[k]) for k in ("off-diagonal", "diagonal"))
    gram = sympy.Matrix(3, 3, lambda i, j: diagonal if i == j else off)
    point = at_origin(formula(3), gram)
    x = sympy.ones(1, 3) * point.rows / 3
    square = point.square(x)
    up = [
        domain.always(point.products(-point.rows[i, :])[j], ">", f"<-v{i + 1}, v{j + 1}> > 0")
        for i, j in ((0, 1), (1, 2), (2, 0))
    ]
    kkt = [domain.always(p - square, ">=", f"<x, {p}> >= |x|^2") for p in point.products(x)]
    prove_twice(
        argument,
        f"The triple lifted by h, q = h^2, {domain}: every -v_i ascends, x = (v1 + v2 + v3)/3 with "
        f"|x|^2 = {square} > 0 satisfies KKT, so -x descends",
        [*up, *kkt, domain.always(square, ">", "|x|^2 > 0")],
    )


CORRECTED = Claim(
    id="appendix-a-descent-corrected",
    title="With 0 outside the hull a descent direction exists, though no single gradient gives one",
    source="Section 3 and Appendix A, corrected",
    statement=(
        r"\exists \gamma:\ D(\theta_0; \gamma) < 0 \iff 0 \notin \mathrm{conv}\{v_1, \dots, v_N\}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": simplex_formula},
    claimed={
        "hypotheses": {"LO": "q > 0", "HI": "q < 1/2"},
        "sample": {"q": "1/4"},
        "diagonal": "1 + q",
        "off-diagonal": "q - 1/2",
        "instances": (
            (("1", "0", "0"), ("-1", "1", "0"), ("-1/4", "-1/8", "1")),
            (("2", "1"), ("-1", "1")),
            (("1", "0", "0", "1/3"), ("-1", "1", "0", "1/3"), ("0", "-1", "1", "1/3")),
        ),
    },
    prove=_corrected,
    kind="correction",
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
    rows = _rows(claimed["vectors"])
    S = known_maximizers(pull_back(formula(len(rows)), rows), [0] * len(rows[0]))
    gamma = [parse(x, {}, "gamma") for x in claimed["gamma"]]
    products = [
        sympy.Add(*(a * b for a, b in zip(gamma, g, strict=True))) for g in S.exact_gradients or ()
    ]
    found = directional_derivative(S, gamma).value
    argument.say(f"Vectors {claimed['vectors']}: <gamma, grad> over S* is {products}.")
    argument.part("some product is positive", decided(any(sign(p) == 1 for p in products)), EXACT)
    number_is(argument, "D(theta0; gamma)", found, "==", claimed["D"])
    number_is(argument, "D(theta0; gamma)", found, claimed["relation"], "0")


OBSERVATION = Claim(
    id="appendix-a-observation",
    title="A maximizer with positive inner product makes the direction one of strict ascent",
    source="Appendix A, first observation, sharpened: D >= 0 is D > 0",
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
)


def _vertices(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    rows = _rows(claimed["vectors"])
    S = known_maximizers(pull_back(formula(len(rows)), rows), [0] * len(rows[0]))
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


CLAIMS = (MAXIMIZERS, NO_SINGLE, AS_PRINTED, TRIPLE, CORRECTED, OBSERVATION, VERTICES)
