"""Ours: the Gram matrices of unit gradients with min norm at least rho are a semidefinite set."""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.hull import above_the_combination, kkt_at_the_min_norm_point
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.pair import PAIR, pair_gram
from danskin.claims.vectors import inner, min_norm, point_text, vectors_are
from danskin.counterexamples import OBTUSE_PAIR, simplex_formula
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _semidefinite(
    argument: Argument, claimed: dict[str, Any], obtuse_pair: Any, **formulas: Any
) -> None:
    argument.say(
        "G has diagonal 1; B = [[rho^2, r'], [r, G]], rho >= 0. Both sides are about G alone."
    )
    _if(argument, claimed)
    _only_if(argument, claimed)
    argument.say("rho^2, r and G enter B, r_i >= rho^2 and diag G = 1 linearly, and jointly so.")
    _every_pair(argument, claimed, obtuse_pair)
    for name, vectors in claimed["instances"].items():
        gradients = vectors_are(argument, name, formulas[name], vectors).exact_gradients or ()
        _instance(argument, name, gradients, claimed)


def _if(argument: Argument, claimed: dict[str, Any]) -> None:
    argument.written(
        "B >= 0: then its block G >= 0, so G is the Gram matrix of vectors in R^n for n >= rank G "
        "(spectral theorem), of length 1 since diag G = 1"
    )
    above_the_combination(argument)
    prove_twice(
        argument,
        "B >= 0 and r_i >= rho^2 give min norm >= rho: for weights alpha in the simplex let s = "
        f"alpha' G alpha, t = alpha' r {claimed['lower']} rho^2 (a convex combination); B at (-1, "
        "alpha) is rho^2 - 2 t + s >= 0, so s >= rho^2",
        Implication.read(
            {"B": "p - 2*t + s >= 0", "R": f"t {claimed['lower']} p"},
            "s >= p",
            sample={"p": 1, "t": 2, "s": 4},
            certificate="NOT + B + 2*R",
        ),
        lemma=True,
    )


def _only_if(argument: Argument, claimed: dict[str, Any]) -> None:
    kkt_at_the_min_norm_point(argument)
    prove_twice(
        argument,
        "Conversely let G be the Gram matrix of unit vectors g_i with min norm q = |x| >= rho, q > "
        "0. y = (rho/q) x has |y|^2 = rho^2, and KKT b = <x, g_i> >= q^2 gives r_i = <y, g_i> = "
        "(rho/q) b >= rho^2",
        Implication.read(
            {
                "Q": "q > 0",
                "R0": "rho >= 0",
                "R": claimed["at most"],
                "KKT": "b >= q**2",
                "E": "q*r == rho*b",
            },
            f"r {claimed['lower']} rho**2",
            sample={"q": 2, "rho": 1, "b": 4, "r": 2},
            certificate="Q*NOT + E + R0*KKT + R0*Q*R",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "Every min norm q >= rho is covered",
        Implication.read(
            {"AT": "q >= rho"},
            claimed["at most"],
            sample={"q": 1, "rho": 1},
            certificate="NOT + AT",
        ),
        lemma=True,
    )
    argument.written(
        "B is then the Gram matrix of y, g_1, ..., g_m, hence B >= 0. If q = 0, then rho = 0, and "
        "y = 0, r = 0 serve."
    )


def _every_pair(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    """Counterexample 2 for every c: the block at the min-norm point, and no larger rho."""
    point, domain = pair_gram(obtuse_pair, claimed)
    gram = point.rows * point.gram * point.rows.T
    rho2: Any = domain.formula(claimed["rho^2"])
    block = _block(gram, rho2, [rho2, rho2])
    minors = [
        domain.always(sympy.expand(d), ">=", f"{sympy.factor(d)} >= 0") for d in _minors(block)
    ]
    prove_twice(
        argument,
        f"Counterexample 2, {domain}: rho^2 = {rho2}, r = (rho^2, rho^2) is feasible, all "
        "principal minors of B being non-negative",
        minors,
    )
    half = sympy.Matrix([[sympy.Rational(1, 2)] * gram.rows])
    square = sympy.expand((half * gram * half.T)[0])
    tight = domain.always(rho2 - square, ">=", f"{rho2} >= alpha' G alpha = {square}")
    prove_twice(argument, "and no larger rho is, by alpha = (1/2, 1/2)", tight)


def _instance(argument: Argument, name: str, gradients: Any, claimed: dict[str, Any]) -> None:
    found = min_norm(gradients)
    gram = sympy.Matrix([[inner(a, b) for b in gradients] for a in gradients])
    for share in claimed["shares"]:
        k = parse(share, {}, "share")
        rho2 = k**2 * found.square
        # y = k x: |y|^2 = k^2 |x|^2 and r_i = k <x, g_i>.
        r = [k * inner(found.point, g) for g in gradients]
        minors = [ordered(d, ">=", 0) for d in _minors(_block(gram, rho2, r))]
        argument.part(
            f"{name}: rho = {k} |x|, rho^2 = {rho2}, is feasible: r = {point_text(r)}, all "
            f"{len(minors)} principal minors of B are non-negative",
            conjunction(
                [
                    found.verdict,
                    *(equal(gram[i, i], 1) for i in range(gram.rows)),
                    *minors,
                    *(ordered(x, ">=", rho2) for x in r),
                ]
            ),
            EXACT,
        )
    beyond = parse(claimed["beyond"], {}, "beyond") ** 2 * found.square
    argument.part(
        f"{name}: rho^2 = {beyond} is not, by the weights {point_text(found.weights)}: alpha' G "
        f"alpha = {found.square} is less",
        ordered(found.square, "<", beyond),
        EXACT,
    )


def _block(gram: Any, rho2: Any, r: Any) -> Any:
    row = sympy.Matrix([list(r)])
    return sympy.Matrix([[rho2]]).row_join(row).col_join(row.T.row_join(gram))


def _minors(matrix: Any) -> list[Any]:
    """Return all principal minors: a symmetric matrix is >= 0 iff none of them is negative."""
    size = range(matrix.rows)
    picks = itertools.chain.from_iterable(itertools.combinations(size, k + 1) for k in size)
    return [sympy.expand(matrix.extract(list(p), list(p)).det()) for p in picks]


SEMIDEFINITE = Claim(
    id="price-semidefinite",
    title="Unit gradients with min norm at least ρ: a semidefinite description",
    source="Ours; quantifies Section 3",
    statement=(
        r"G_{ii} = 1,\ \rho \ge 0:\quad \exists r:\ \begin{pmatrix} \rho^2 & r^\top \\ r & G"
        r" \end{pmatrix} \succeq 0,\ r_i \ge \rho^2 \iff G = (\langle g_i, g_j\rangle)_{ij},\ "
        r"\|g_i\| = 1,\ \min_{x \in \mathrm{conv}\{g_i\}} \|x\| \ge \rho"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={
        "obtuse_pair": OBTUSE_PAIR.formula,
        "three unit vectors": simplex_formula(3),
    },
    claimed={
        **PAIR,
        "lower": ">=",
        "at most": "q >= rho",
        "rho^2": "(1 + c)/2",
        "shares": ("1", "1/2"),
        "beyond": "101/100",
        "instances": {
            "three unit vectors": (("3/5", "4/5", "0"), ("3/5", "-4/5", "0"), ("3/5", "0", "4/5")),
        },
    },
    prove=_semidefinite,
    kind="ours",
    uses=("theorem-2",),
)

CLAIMS = (SEMIDEFINITE,)
