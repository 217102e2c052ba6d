"""Ours: coupled runs miss the batch's argmax set; the product of the samples' hulls does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    Argument,
    decided,
)
from danskin.claims.core import Claim
from danskin.claims.enclosed import derivative_is_enclosed, phi_falls
from danskin.claims.gram import (
    Domain,
    GradientGram,
    at_origin,
    cases_are,
    maximum_is,
    number_is,
)
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.pair import combination
from danskin.claims.roots import quotient_is
from danskin.counterexamples import (
    OBTUSE_PAIR,
    RUNS,
    pull_back,
    sample_vectors,
)
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.exact import tidy
from danskin.expression import parse
from danskin.maximizers import maximizers
from danskin.objective import BatchObjective
from danskin.verdict import Verdict

__all__ = ["CASES", "CLAIMS", "batch_of", "sample_gradients"]

Vectors = Callable[[sympy.Expr], Any]

#: s != 0, as the two half-lines that it is.
CASES = (({"S": "s > 0"}, {"s": "1"}), ({"S": "s < 0"}, {"s": "-1"}))


# --- the coupled batch ---------------------------------------------------------------------------


def sample_gradients(formula: Any, vectors: Vectors, s: sympy.Symbol) -> list[GradientGram]:
    """Return each sample's gradients in the orthonormal basis (e, f), for symbolic s."""
    out = []
    for pair in vectors(s):
        point = at_origin(formula, sympy.eye(formula.theta_dim))
        rows = (point.rows * sympy.Matrix(pair)).applyfunc(sympy.expand)
        out.append(GradientGram(point.deltas, rows, sympy.eye(rows.cols), point.isolated))
    return out


def _failure(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Vectors) -> None:
    cases_are(argument, (h["S"] for h, _ in claimed["cases"]), ("s > 0", "s < 0"))
    for hypotheses, sample in claimed["cases"]:
        domain = Domain(hypotheses, sample)
        samples = sample_gradients(formula, vectors, domain.names["s"])
        for i, point in enumerate(samples):
            shown = "; ".join(
                f"delta = {d[0]}: {tuple(point.rows[j, :])}" for j, d in enumerate(point.deltas)
            )
            argument.part(
                f"{domain}: sample {i + 1}, all maximizers, gradients in (e, f): {shown}",
                decided(point.isolated and len(point.deltas) == 2),
                EXACT,
            )
        e = combination(claimed["e"], ("e", "f"))
        promised = []
        for run in claimed["runs"]:
            rows = [p.gradient([d]) for p, d in zip(samples, run, strict=True)]
            total: Any = sum(rows, sympy.zeros(1, 2))
            joint = (total / len(rows)).applyfunc(sympy.expand)
            argument.part(
                f"{domain}: the joint gradient of the run {tuple(run)} is {tuple(joint)} = e",
                decided(joint == e),
                SYMBOLIC,
            )
            promised.append(sympy.expand(-(joint * e.T)[0]))
        rate = domain.formula(claimed["promised"])
        maximum_is(argument, "The rate promised along -e, over the runs", promised, rate, domain)
        share = domain.formula(claimed["true, each sample"])
        for i, point in enumerate(samples):
            products = point.products(-e)
            maximum_is(argument, f"Sample {i + 1}: max <-e, gradient>", products, share, domain)
        wanted = domain.formula(claimed["true"])
        argument.part(
            f"D(0; -e) is the mean over the samples, since S* is a product: {wanted}. Only inner "
            "products entered, so e and f may be any orthonormal pair of R^n",
            decided(sympy.expand(share - wanted) == 0),
            SYMBOLIC,
        )
    _batch_members(argument, claimed, formula, vectors)


def _batch_members(
    argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Vectors
) -> None:
    for text in claimed["members"]:
        batch = batch_of(formula, vectors, parse(text, {}, "s"))
        down = combination("-" + claimed["e"], ("e", "f"))
        value = directional_derivative(maximizers(batch, [0, 0]), down).value
        where = f"The batch objective with s = {text}: D(0; -e)"
        number_is(argument, where, value, "==", claimed["true"])
        derivative_is_enclosed(argument, where, batch, [0, 0], down.tolist()[0], claimed["true"])


def batch_of(formula: Any, vectors: Vectors, s: sympy.Expr) -> BatchObjective:
    """Return the batch whose samples carry these vectors."""
    return BatchObjective([pull_back(formula, pair) for pair in vectors(s)])


FAILURE = Claim(
    id="coupled-batch",
    title="Coupled runs can promise descent at rate 1 where φ ascends at rate 1",
    source="Ours; against Algorithm 1 on batches (Section 4)",
    statement=(
        r"\text{runs } (1,1), (0,0):\ \nabla_\theta g = e \text{ in every run, promised } -1;"
        r"\quad D(0; -e) = +1 \quad \forall s \neq 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "cases": CASES,
        "runs": RUNS,
        "e": "e",
        "promised": "-1",
        "true, each sample": "1",
        "true": "1",
        "members": ("1", "-3/2", "sqrt(2)"),
    },
    prove=_failure,
    kind="ours",
    uses=("theorem-1", "product-formula"),
)


def _cleared(domain: Domain, expr: sympy.Expr, relation: str, text: str) -> list[Implication]:
    """Return implications that say ``expr relation 0`` for a rational function."""
    top, bottom = sympy.fraction(sympy.cancel(sympy.together(expr)))
    return [
        domain.always(bottom, ">", f"{bottom} > 0"),
        domain.always(top, relation, f"{text} (times {bottom})"),
    ]


def _product(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Vectors) -> None:
    cases_are(argument, (h["S"] for h, _ in claimed["cases"]), ("s > 0", "s < 0"))
    for hypotheses, sample in claimed["cases"]:
        domain = Domain(hypotheses, sample)
        s = domain.names["s"]
        samples = sample_gradients(formula, vectors, s)
        weights = [domain.formula(w) for w in claimed["weights of delta = 1"]]
        simplex, points = [], []
        for i, (point, w) in enumerate(zip(samples, weights, strict=True)):
            simplex += _cleared(domain, w, ">=", f"weight {i + 1} >= 0")
            simplex += _cleared(domain, 1 - w, ">=", f"weight {i + 1} <= 1")
            points.append(w * point.gradient([1]) + (1 - w) * point.gradient([0]))
        prove_twice(argument, f"{domain}: the weights {weights} lie in [0, 1]", simplex)
        total: Any = sum(points, sympy.zeros(1, 2))
        x = (total / len(points)).applyfunc(sympy.cancel)
        square = sympy.cancel((x * x.T)[0])
        argument.say(f"x = {tuple(x)} in (e, f), |x|^2 = {square}")
        kkt = []
        for a in samples[0].rows.tolist():
            for b in samples[1].rows.tolist():
                joint = (sympy.Matrix([a]) + sympy.Matrix([b])) / 2
                slack = sympy.cancel((x * joint.T)[0] - square)
                name = f"<x, {tuple(joint)}> >= |x|^2"
                kkt += _cleared(domain, slack, ">=", name)
        prove_twice(
            argument,
            "KKT against all joint gradients: x is the min-norm point of the mean of the hulls",
            kkt,
        )
        # -x scaled by its denominator, so that everything is a polynomial.
        scale = sympy.lcm([sympy.fraction(v)[1] for v in x])
        down = -(x * scale).applyfunc(sympy.cancel)
        shares = []
        for i, point in enumerate(samples):
            share = point.products(down)[0]
            maximum_is(
                argument,
                f"Sample {i + 1}: max <-({scale}) x, .>",
                point.products(down),
                share,
                domain,
            )
            shares.append(share)
        value = sympy.expand(sympy.Add(*shares) / len(shares))
        length = sympy.expand((down * down.T)[0])
        rate = domain.formula(claimed["rate"])
        quotient_is(argument, "D(0; -x), the mean over the samples", value, length, rate, domain)
    for text in claimed["members"]:
        number = parse(text, {}, "s")
        batch = batch_of(formula, vectors, number)
        best = steepest_descent(maximizers(batch, [0, 0]))
        wanted = tidy(parse(claimed["rate"], {"s": number}, "rate"))
        where = f"The batch objective with s = {text}: steepest rate"
        number_is(argument, where, best.exact_derivative, "==", wanted)
        if best.exact_direction is not None:
            gamma = list(best.exact_direction)
            derivative_is_enclosed(argument, where, batch, [0, 0], gamma, wanted)
            where = f"The batch objective with s = {text}, along the steepest direction gamma"
            phi_falls(argument, where, batch, [0, 0], gamma, claimed["falls for"])


PRODUCT = Claim(
    id="coupled-batch-product",
    title="The product of the samples' hulls gives the steepest descent direction",
    source="Ours; against Algorithm 1 on batches (Section 4)",
    statement=(
        r"\min_{\|\gamma\|=1} D(0; \gamma) = -\frac{|s|}{\sqrt{4 + s^2}} < 0 \quad \forall s \neq 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "cases": CASES,
        "weights of delta = 1": ("1/2 - 1/(4 + s**2)", "1/2 + 1/(4 + s**2)"),
        "rate": "-sqrt(s**2)/sqrt(4 + s**2)",
        "falls for": "1",
        "members": ("1", "-3/2", "sqrt(2)"),
    },
    prove=_product,
    kind="ours",
    uses=("theorem-1", "theorem-2", "product-formula"),
)

CLAIMS = (FAILURE, PRODUCT)
