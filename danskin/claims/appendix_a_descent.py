"""Section 3 and Appendix A: when a descent direction exists, the hypothesis that is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    decided,
    equal,
)
from danskin.claims.core import Claim
from danskin.claims.enclosed import derivative_is_enclosed, min_norm_is_enclosed, phi_falls
from danskin.claims.gram import Domain, at_origin, known_maximizers, number_is
from danskin.claims.hull import (
    above_the_combination,
    kkt_at_the_min_norm_point,
    min_norm_point_exists,
    negative_along,
)
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import (
    at_the_vectors,
    combine,
    in_simplex,
    inner,
    min_norm,
    numbers,
    point_text,
    rows_text,
)
from danskin.counterexamples import pull_back, simplex_formula, symmetric_triple
from danskin.derivative import directional_derivative
from danskin.exact import sign
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

Formula = Callable[[int], Any]

_FLAT = tuple(tuple(map(str, v)) for v in symmetric_triple())


def _partners(rows: Any) -> Verdict:
    """Whether every gradient has another one at an obtuse angle."""
    verdicts = []
    for v in rows:
        verdicts.append(decided(any(sign(inner(v, w)) == -1 for w in rows)))
    return conjunction(verdicts)


def _as_printed(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    f = pull_back(formula(len(claimed["vectors"])), [numbers(v) for v in claimed["vectors"]])
    origin = [0] * f.theta_dim
    gradients = known_maximizers(f, origin).exact_gradients or ()
    weights = numbers(claimed["weights"])
    y = combine(weights, gradients)
    in_hull = conjunction([in_simplex(weights), *(equal(x, 0) for x in y)])
    no_descent = above_the_combination(argument)
    # The conclusion "D < 0 for some direction" is false where 0 is in the hull.
    none = conjunction([in_hull, no_descent]) is Verdict.PROVED
    argument.witness(
        f"vectors {rows_text(gradients)}: each has a partner at an obtuse angle, and the weights "
        f"{point_text(weights)} give sum w_i v_i = {point_text(y)}, so that D(theta0; gamma) >= "
        "<gamma, 0> = 0 for every gamma: no descent direction",
        [_partners(gradients)],
        Verdict.REFUTED if none else Verdict.UNDECIDED,
    )
    distance = "the distance of 0 from the hull of the gradients, the maximizers not given"
    min_norm_is_enclosed(argument, distance, f, origin, "0")


AS_PRINTED = Claim(
    id="appendix-a-descent-as-printed",
    title="Obtuse partners leave a descent direction (as printed)",
    source="Section 3, property (i), with Appendix A's condition, as printed",
    statement=(
        r"\forall i\, \exists j:\ \langle v_i, v_j\rangle < 0 \implies"
        r" \exists \gamma:\ D(\theta_0; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"formula": simplex_formula},
    claimed={"vectors": _FLAT, "weights": ("1/3", "1/3", "1/3")},
    prove=_as_printed,
    corrected=(
        r"\exists \gamma:\ D(\theta_0; \gamma) < 0 \iff 0 \notin \mathrm{conv}\{v_1, \dots, v_N\}"
    ),
    kind="error as printed",
    uses=("theorem-1", "appendix-a-maximizers"),
)


def _triple(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    """With y_i = <gamma, v_i>: sum y_i = 0 and sum y_i^2 = 3/2 for every unit gamma."""
    S = at_the_vectors(formula(len(claimed["vectors"])), claimed["vectors"])
    G: Any = sympy.Matrix(S.exact_gradients)
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
    derivative = directional_derivative(S, [-x for x in numbers(claimed["vectors"][0])]).value
    number_is(argument, "It is attained: D(theta0; -v1)", derivative, "==", least)
    f = pull_back(formula(3), [numbers(v) for v in claimed["vectors"]])
    for i, v in enumerate(claimed["vectors"]):
        away = [-x for x in numbers(v)]
        derivative_is_enclosed(argument, f"D(theta0; -v{i + 1})", f, [0] * f.theta_dim, away, least)


TRIPLE = Claim(
    id="appendix-a-triple",
    title="Three unit vectors at 120 degrees: φ rises at rate at least 1/2 in every direction",
    source="Appendix A, sharpened",
    statement=r"\min_{\|\gamma\| = 1} D(\theta_0; \gamma) = +\tfrac12",
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"formula": simplex_formula},
    claimed={"vectors": _FLAT, "min D": "1/2"},
    prove=_triple,
    kind="sharpening",
    uses=("theorem-1", "appendix-a-maximizers"),
)


def _corrected(argument: Argument, claimed: dict[str, Any], formula: Formula) -> None:
    min_norm_point_exists(argument)
    kkt_at_the_min_norm_point(argument)
    negative_along(argument)
    above_the_combination(argument)
    argument.written("With 0 in the hull, max_i <gamma, v_i> >= <gamma, 0> = 0 for every gamma.")
    _lifted(argument, claimed, formula)
    for vectors in claimed["instances"]:
        f = pull_back(formula(len(vectors)), [numbers(v) for v in vectors])
        origin = [0] * f.theta_dim
        S = known_maximizers(f, origin)
        gradients = S.exact_gradients or ()
        found = min_norm(gradients)
        shown = f"vectors {rows_text(vectors)}"
        argument.part(f"{shown}: each has an obtuse partner", _partners(gradients), EXACT)
        argument.part(
            f"{shown}: 0 is not in the hull, the min-norm point is {point_text(found.point)}",
            conjunction([found.verdict, decided(not found.stationary)]),
            EXACT,
        )
        if found.stationary:
            continue
        down = directional_derivative(S, [-x for x in found.point]).value
        number_is(argument, f"{shown}: D along minus that point", down, "<", "0")
        phi_falls(argument, f"{shown}: along it", f, origin, [-x for x in found.point], "1")
        for i, v in enumerate(gradients):
            up = directional_derivative(S, [-x for x in v]).value
            number_is(argument, f"{shown}: D along -v{i + 1}", up, ">", "0")
            away = [-x for x in v]
            derivative_is_enclosed(argument, f"{shown}: D along -v{i + 1}", f, origin, away, up)


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
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED, WRITTEN),
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
    uses=("theorem-1", "appendix-a-maximizers"),
)


CLAIMS = (AS_PRINTED, TRIPLE, CORRECTED)
