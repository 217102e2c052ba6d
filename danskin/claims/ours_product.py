"""Ours: a separable batch over a product set, whose argmax set is a product."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    decided,
    equal,
)
from danskin.claims.core import Claim
from danskin.claims.gram import number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.ours_batch import Vectors, batch_of
from danskin.claims.vectors import inner, numbers
from danskin.counterexamples import OBTUSE_PAIR, sample_vectors
from danskin.derivative import directional_derivative
from danskin.exact import to_float
from danskin.expression import parse
from danskin.maximizers import maximizers
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _formula(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Vectors) -> None:
    prove_twice(
        argument,
        "The argmax of a sum over a product set is the product of the argmaxes: with a <= A, "
        "b <= B "
        "(values and maxima of one sample and of the rest; induction over the samples), a + b >= "
        "A + B forces a >= A and b >= B",
        [
            Implication.read(
                {"A": "a <= p", "B": "b <= q", "SUM": "a + b >= p + q"},
                f"{x} >= {y}",
                sample={"a": 1, "b": 2, "p": 1, "q": 2},
                certificate=f"NOT + {z} + SUM",
            )
            for x, y, z in (("a", "p", "B"), ("b", "q", "A"))
        ],
        lemma=True,
    )
    prove_twice(
        argument,
        "The maximum of a sum over the product is the sum of the maxima: no pair exceeds it, and "
        "the pair of maximizers attains it; so D is the mean of the samples' maxima",
        Implication.read(
            {"A": "a <= p", "B": "b <= q"},
            "a + b <= p + q",
            sample={"a": 0, "b": 1, "p": 1, "q": 2},
            certificate="NOT + A + B",
        ),
        lemma=True,
    )
    argument.written(
        "D is the maximum of <gamma, .> over the joint maximizers (theorem-1 for the batch, whose "
        "S is a product of compact sets), and that of a mean is the mean of the samples' maxima"
    )
    a, b, g1, g2, h1, h2 = sympy.symbols("a b g1 g2 h1 h2")
    product = [(a * b, g1, h1), (a * (1 - b), g1, h2), ((1 - a) * b, g2, h1)]
    product.append(((1 - a) * (1 - b), g2, h2))
    joint = sympy.Add(*(w * (g + h) / 2 for w, g, h in product))
    means = (a * g1 + (1 - a) * g2 + b * h1 + (1 - b) * h2) / 2
    c11, c12, c21, c22 = sympy.symbols("c11 c12 c21 c22")
    any_weights = c11 * (g1 + h1) + c12 * (g1 + h2) + c21 * (g2 + h1) + c22 * (g2 + h2)
    marginals = (c11 + c12) * g1 + (c21 + c22) * g2 + (c11 + c21) * h1 + (c12 + c22) * h2
    argument.lemma(
        "Hulls: the product weights a_i b_j of joint gradients (g_i + h_j)/2 give the mean of the "
        "samples' combinations, and any joint weights c_ij give the one with their marginals: the "
        "hull of the joint gradients is the mean of the samples' hulls (two gradients a sample)",
        decided(sympy.expand(joint - means) == 0 and sympy.expand(any_weights - marginals) == 0),
        SYMBOLIC,
    )
    argument.written(
        "for any numbers of gradients and of samples the same: prod_i a_i,j(i) has the marginals "
        "a_i, and the mean of g_i,j(i) under any joint weights depends on their marginals alone "
        "(linearity)"
    )
    for text in claimed["members"]:
        S = maximizers(batch_of(formula, vectors, parse(text, {}, "s")), [0, 0])
        rows = S.exact_gradients or ()
        number = sympy.Integer(len(set(rows)))
        number_is(
            argument, f"s = {text}: different joint gradients", number, "==", claimed["joint"]
        )
        for direction in claimed["directions"]:
            gamma = numbers(direction)
            length = sympy.sqrt(inner(gamma, gamma))
            shares = []
            for sample in S.samples:  # type: ignore[union-attr]
                products = [inner(gamma, g) for g in sample.exact_gradients or ()]
                shares.append(max(products, key=to_float))
            mean = parse(
                claimed["D"], {"total": sympy.Add(*shares), "B": sympy.Integer(len(shares))}, "D"
            )
            over_joint = max((inner(gamma, g) for g in rows), key=to_float)
            shown = ", ".join(direction)
            argument.part(
                f"s = {text}, gamma = ({shown}): the mean of the samples' maxima {mean} is the "
                "maximum over all joint maximizers, and |gamma| D(0; gamma)",
                conjunction(
                    [
                        equal(mean, over_joint),
                        equal(directional_derivative(S, gamma).value * length, mean),
                    ]
                ),
                EXACT,
            )


FORMULA = Claim(
    id="product-formula",
    title="For a separable batch the maximizers are a product and the derivative is a mean",
    source="Ours; for Algorithm 1 on batches (Section 4)",
    statement=(
        r"S^\star = S_1^\star \times \dots \times S_B^\star,\quad D(\theta; \gamma) = \frac1B"
        r" \sum_i \max_{\delta_i \in S_i^\star} \langle\gamma, \nabla_\theta L_i\rangle"
        r"\ (\|\gamma\| = 1),\quad \mathrm{conv}\, \nabla_\theta g(\theta, S^\star) = \frac1B "
        r"\sum_i \mathrm{conv}\, \nabla_\theta L_i(\theta, S_i^\star)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "members": ("1", "-3/2"),
        "joint": "3",
        "directions": (("-1", "0"), ("3/5", "-4/5"), ("1", "2")),
        "D": "total/B",
    },
    prove=_formula,
    kind="ours",
    uses=("theorem-1",),
)

CLAIMS = (FORMULA,)
