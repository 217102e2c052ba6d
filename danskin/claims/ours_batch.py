"""Ours: coupled batches against the product of the samples' argmax sets."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import sympy

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
from danskin.claims.gram import (
    Domain,
    GradientGram,
    at_origin,
    maximum_is,
    number_is,
)
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.roots import quotient_is
from danskin.claims.section3 import combination
from danskin.counterexamples import (
    OBTUSE_PAIR,
    RUNS,
    pull_back,
    sample_vectors,
)
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.exact import sign, tidy, to_float
from danskin.expression import parse
from danskin.maximizers import maximizers
from danskin.minnorm import exact_min_norm
from danskin.objective import BatchObjective
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

Vectors = Callable[[sympy.Expr], Any]

#: s != 0, as the two half-lines that it is.
_CASES = (({"S": "s > 0"}, {"s": "1"}), ({"S": "s < 0"}, {"s": "-1"}))


# --- the coupled batch ---------------------------------------------------------------------------


def _sample_gradients(formula: Any, vectors: Vectors, s: sympy.Symbol) -> list[GradientGram]:
    """Return each sample's gradients in the orthonormal basis (e, f), for symbolic s."""
    out = []
    for pair in vectors(s):
        point = at_origin(formula, sympy.eye(formula.theta_dim))
        rows = (point.rows * sympy.Matrix(pair)).applyfunc(sympy.expand)
        out.append(GradientGram(point.deltas, rows, sympy.eye(rows.cols)))
    return out


def _failure(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Vectors) -> None:
    for hypotheses, sample in claimed["cases"]:
        domain = Domain(hypotheses, sample)
        samples = _sample_gradients(formula, vectors, domain.names["s"])
        for i, point in enumerate(samples):
            shown = "; ".join(
                f"delta = {d[0]}: {tuple(point.rows[j, :])}" for j, d in enumerate(point.deltas)
            )
            argument.say(f"{domain}: sample {i + 1}, all maximizers, gradients in (e, f): {shown}")
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
        S = maximizers(_batch(formula, vectors, parse(text, {}, "s")), [0, 0])
        value = directional_derivative(S, combination("-" + claimed["e"], ("e", "f"))).value
        number_is(
            argument, f"The batch objective with s = {text}: D(0; -e)", value, "==", claimed["true"]
        )


def _batch(formula: Any, vectors: Vectors, s: sympy.Expr) -> BatchObjective:
    return BatchObjective([pull_back(formula, pair) for pair in vectors(s)])


FAILURE = Claim(
    id="coupled-batch",
    title="Coupled runs can promise descent at rate 1 where phi ascends at rate 1",
    source="Ours; against Algorithm 1 on batches (Section 4)",
    statement=(
        r"\text{runs } (1,1), (0,0):\ \nabla_\theta g = e \text{ in every run, promised } -1;"
        r"\quad D(0; -e) = +1 \quad \forall s \neq 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "cases": _CASES,
        "runs": RUNS,
        "e": "e",
        "promised": "-1",
        "true, each sample": "1",
        "true": "1",
        "members": ("1", "-3/2", "sqrt(2)"),
    },
    prove=_failure,
    kind="ours",
)


def _cleared(domain: Domain, expr: sympy.Expr, relation: str, text: str) -> list[Implication]:
    """Return implications that say ``expr relation 0`` for a rational function."""
    top, bottom = sympy.fraction(sympy.cancel(sympy.together(expr)))
    return [
        domain.always(bottom, ">", f"{bottom} > 0"),
        domain.always(top, relation, f"{text} (times {bottom})"),
    ]


def _product(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Vectors) -> None:
    for hypotheses, sample in claimed["cases"]:
        domain = Domain(hypotheses, sample)
        s = domain.names["s"]
        samples = _sample_gradients(formula, vectors, s)
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
        best = steepest_descent(maximizers(_batch(formula, vectors, number), [0, 0]))
        wanted = tidy(parse(claimed["rate"], {"s": number}, "rate"))
        where = f"The batch objective with s = {text}: steepest rate"
        number_is(argument, where, best.exact_derivative, "==", wanted)


PRODUCT = Claim(
    id="coupled-batch-product",
    title="The product of the samples' hulls gives the steepest descent direction",
    source="Ours; against Algorithm 1 on batches (Section 4)",
    statement=(
        r"\min_{\|\gamma\|=1} D(0; \gamma) = -\frac{|s|}{\sqrt{4 + s^2}} < 0 \quad \forall s \neq 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "cases": _CASES,
        "weights of delta = 1": ("1/2 - 1/(4 + s**2)", "1/2 + 1/(4 + s**2)"),
        "rate": "-sqrt(s**2)/sqrt(4 + s**2)",
        "members": ("1", "-3/2", "sqrt(2)"),
    },
    prove=_product,
    kind="ours",
)


# --- the product formula -------------------------------------------------------------------------


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
        "hull of the joint gradients is the mean of the samples' hulls",
        decided(sympy.expand(joint - means) == 0 and sympy.expand(any_weights - marginals) == 0),
        SYMBOLIC,
    )
    for text in claimed["members"]:
        S = maximizers(_batch(formula, vectors, parse(text, {}, "s")), [0, 0])
        rows = S.exact_gradients or ()
        number = sympy.Integer(len(set(rows)))
        number_is(
            argument, f"s = {text}: different joint gradients", number, "==", claimed["joint"]
        )
        for direction in claimed["directions"]:
            gamma = [parse(x, {}, "direction") for x in direction]
            length = sympy.sqrt(sympy.Add(*(x * x for x in gamma)))
            shares = []
            for sample in S.samples:  # type: ignore[union-attr]
                products = [_inner(gamma, g) for g in sample.exact_gradients or ()]
                shares.append(max(products, key=to_float))
            mean = parse(
                claimed["D"], {"total": sympy.Add(*shares), "B": sympy.Integer(len(shares))}, "D"
            )
            over_joint = max((_inner(gamma, g) for g in rows), key=to_float)
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


def _inner(a: Any, b: Any) -> sympy.Expr:
    return sympy.expand(sympy.Add(*(x * y for x, y in zip(a, b, strict=True))))


FORMULA = Claim(
    id="product-formula",
    title="For a separable batch the maximizers are a product and the derivative is a mean",
    source="Ours; for Algorithm 1 on batches (Section 4)",
    statement=(
        r"S^\star = S_1^\star \times \dots \times S_B^\star,\quad D(\theta; \gamma) = \frac1B"
        r" \sum_i \max_{\delta_i \in S_i^\star} \langle\gamma, \nabla_\theta L_i\rangle"
        r"\ (\|\gamma\| = 1)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "members": ("1", "-3/2"),
        "joint": "3",
        "directions": (("-1", "0"), ("3/5", "-4/5"), ("1", "2")),
        "D": "total/B",
    },
    prove=_formula,
    kind="ours",
)


# --- how often coupled runs miss -----------------------------------------------------------------


def _misses(S: Any, joint: dict[Any, Any], outcomes: Any) -> Verdict:
    """Decide whether DDi over these joint maximizers gets a direction that does not descend."""
    found = exact_min_norm([joint[o] for o in sorted(outcomes)], sign=sign)
    if found.stationary:
        return Verdict.UNDECIDED
    value = directional_derivative(S, [-x for x in found.point]).value
    return ordered(value, ">=", 0)


def _trap(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Vectors) -> None:
    m, outcomes = sympy.Symbol("m"), list(itertools.product((0, 1), repeat=2))
    subsets = [frozenset(c) for size in range(1, 5) for c in itertools.combinations(outcomes, size)]
    wanted = {frozenset(tuple(o) for o in t) for t in claimed["missing sets"]}
    for text in claimed["members"]:
        S = maximizers(_batch(formula, vectors, parse(text, {}, "s")), [0, 0])
        parts = [
            dict(zip((d[0] for d in p.exact_deltas or ()), p.exact_gradients or (), strict=True))
            for p in S.samples  # type: ignore[union-attr]
        ]
        joint = {
            o: [(x + y) / 2 for x, y in zip(parts[0][o[0]], parts[1][o[1]], strict=True)]
            for o in outcomes
        }
        verdicts = {t: _misses(S, joint, t) for t in subsets}
        missed = {t for t, v in verdicts.items() if v is Verdict.PROVED}
        argument.part(
            f"s = {text}: of the 15 sets of joint maximizers that runs can return, the "
            "direction of "
            f"(14) has D >= 0 exactly for {len(missed)}: those without (0, 1), and {{(0, 1)}} "
            "alone",
            conjunction([decided(missed == wanted)])
            if Verdict.UNDECIDED not in verdicts.values()
            else Verdict.UNDECIDED,
            EXACT,
        )
    for hypotheses, sample in _CASES:
        _for_all_s(argument, Domain(hypotheses, sample), formula, vectors, wanted)
    formula_text = parse(claimed["probability"], {"m": m}, "probability")
    for runs in claimed["runs"]:
        if runs <= claimed["enumerate up to"]:
            sequences = itertools.product(outcomes, repeat=runs)
            bad = sum(frozenset(q) in wanted for q in sequences)
        else:
            bad = sum(_onto(runs, len(t)) for t in wanted)
        found = sympy.Rational(bad, 4**runs)
        number_is(
            argument,
            f"m = {runs}: of the {4**runs} equally likely results {bad} miss; the probability",
            found,
            "==",
            formula_text.xreplace({m: sympy.Integer(runs)}),
        )
    argument.say(
        "For every m: 3^m sequences avoid (0, 1), one consists of it alone. Asymptotically (3/4)^m."
    )


def _for_all_s(
    argument: Argument, domain: Domain, formula: Any, vectors: Vectors, missing: set[Any]
) -> None:
    """Prove for every s which sets miss: at a vertex, or at the point nearest to 0 on the line."""
    s = domain.names["s"]
    samples = _sample_gradients(formula, vectors, s)
    joint: dict[Any, Any] = {
        o: (sum((p.gradient([b]) for p, b in zip(samples, o, strict=True)), sympy.zeros(1, 2)) / 2)
        for o in itertools.product((0, 1), repeat=2)
    }
    statements = []
    for outcomes in sorted(missing, key=sorted):
        length = {o: (joint[o] * joint[o].T)[0] for o in outcomes}
        least = min(sorted(outcomes), key=lambda o: to_float(length[o].xreplace(domain.point)))
        for o in outcomes:
            slack = (joint[least] * joint[o].T)[0] - length[least]
            statements.append(domain.always(slack, ">=", f"KKT of {least} against {o}"))
        shares = []
        for point in samples:
            products = point.products(-joint[least])
            shares.append(max(products, key=lambda v: to_float(v.xreplace(domain.point))))
        rise = sympy.Add(*shares) / len(shares)
        statements.append(domain.always(rise, ">=", f"D along minus the gradient of {least} >= 0"))
    prove_twice(
        argument,
        f"For all {domain}: each of the {len(missing)} sets has a vertex as its min-norm "
        "point (KKT), "
        "and some choice of maximizers gives a non-negative mean along minus it",
        statements,
    )
    x = sympy.Matrix(
        [[s**2, -2 * s]]
    )  # (4 + s^2) times the min-norm point of coupled-batch-product
    on_line = [
        domain.always((x * g.T)[0] - s**2, "==", f"(4 + s**2) <x, gradient of {o}> == s**2")
        for o, g in joint.items()
    ]
    between = 2 * joint[(0, 1)] + (2 + s**2) * joint[(1, 1)]
    argument.part(
        "The other sets have (0, 1) and another outcome; (4 + s^2) x = 2 (gradient of (0, "
        "1)) + (2 + "
        "s^2) (gradient of (1, 1) or (0, 0)), x in the hull",
        decided(
            (between - x).applyfunc(sympy.expand).is_zero_matrix and joint[(1, 1)] == joint[(0, 0)]
        ),
        SYMBOLIC,
    )
    w = joint[(1, 0)] - joint[(1, 1)]
    below = (4 + s**2) * joint[(0, 1)] - x + (2 + s**2) * w
    above = (4 + s**2) * joint[(1, 0)] - x - (6 + s**2) * w
    argument.part(
        "and x lies between (0, 1) and (1, 0) too: (4 + s^2)(gradient - x) is -(2 + s^2) w "
        "at the one "
        "and (6 + s^2) w at the other",
        decided(all(m.applyfunc(sympy.expand).is_zero_matrix for m in (below, above))),
        SYMBOLIC,
    )
    prove_twice(
        argument,
        "All gradients have the same inner product with x, so x is the min-norm point of each of "
        "these sets, and it descends (coupled-batch-product)",
        on_line,
    )


def _onto(length: int, size: int) -> int:
    """Return the number of sequences of this length that use each of `size` symbols."""
    return sum((-1) ** j * math.comb(size, j) * (size - j) ** length for j in range(size + 1))


TRAP = Claim(
    id="coupled-batch-probability",
    title="How often m independent uniform runs fall into the coupled trap",
    source="Ours; against Algorithm 1 on batches (Section 4)",
    statement=(
        r"P\left(D(0; \gamma_{\mathrm{DDi}}) \ge 0\right) = \left(\tfrac34\right)^m"
        r" + \left(\tfrac14\right)^m,\quad m = 10:\ 5.63\,\%"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "members": ("1", "-3/2"),
        "missing sets": (
            ((1, 1),),
            ((0, 0),),
            ((1, 0),),
            ((0, 1),),
            ((1, 1), (0, 0)),
            ((1, 1), (1, 0)),
            ((0, 0), (1, 0)),
            ((1, 1), (0, 0), (1, 0)),
        ),
        "probability": "(3/4)**m + (1/4)**m",
        "runs": (1, 2, 3, 4, 5, 10, 20),
        "enumerate up to": 5,
    },
    prove=_trap,
    kind="ours",
)


CLAIMS = (FAILURE, PRODUCT, FORMULA, TRAP)
