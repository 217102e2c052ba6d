"""Ours: how often m independent runs of an attack fall into the coupled batch's trap."""

from __future__ import annotations

import itertools
import math
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    Argument,
    conjunction,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import Domain, number_is
from danskin.claims.implication import prove_twice
from danskin.claims.ours_batch import CASES, Vectors, batch_of, sample_gradients
from danskin.claims.vectors import numbers
from danskin.counterexamples import OBTUSE_PAIR, sample_vectors
from danskin.derivative import directional_derivative
from danskin.exact import sign, to_float
from danskin.expression import parse
from danskin.maximizers import maximizers
from danskin.minnorm import exact_min_norm
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


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
        S = maximizers(batch_of(formula, vectors, parse(text, {}, "s")), [0, 0])
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
    for hypotheses, sample in CASES:
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
    _every_m(argument, wanted, outcomes, formula_text, m)
    ten: Any = formula_text.xreplace({m: sympy.Integer(10)})
    low, high = numbers(claimed["per cent at m = 10"])
    argument.part(
        f"m = 10: {ten} lies between {low} % and {high} %",
        conjunction([ordered(100 * ten, ">", low), ordered(100 * ten, "<", high)]),
        EXACT,
    )


def _every_m(
    argument: Argument, wanted: set[Any], outcomes: list[Any], formula: Any, m: sympy.Symbol
) -> None:
    """Count the sequences of m outcomes for a symbolic m."""
    bad = (0, 1)
    others = [o for o in outcomes if o != bad]
    subsets = {
        frozenset(c)
        for size in range(1, len(others) + 1)
        for c in itertools.combinations(others, size)
    }
    argument.part(
        f"The missing sets are the {len(subsets)} non-empty sets without {bad}, and {{{bad}}}: a "
        f"sequence misses iff it avoids {bad} ({len(others)}^m of {len(outcomes)}^m sequences) or "
        "is constant there (one)",
        decided(wanted == subsets | {frozenset((bad,))}),
        EXACT,
    )
    total = sympy.Integer(len(outcomes)) ** m
    difference = sympy.simplify(sympy.expand(formula * total) - sympy.Integer(len(others)) ** m - 1)
    argument.part(
        f"For every m: ({len(others)}^m + 1)/{len(outcomes)}^m is the claimed {formula}",
        decided(difference == 0 or None),
        SYMBOLIC,
    )


def _for_all_s(
    argument: Argument, domain: Domain, formula: Any, vectors: Vectors, missing: set[Any]
) -> None:
    """Prove for every s which sets miss: at a vertex, or at the point nearest to 0 on the line."""
    s = domain.names["s"]
    samples = sample_gradients(formula, vectors, s)
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
        "per cent at m = 10": ("5.63", "5.64"),
        "runs": (1, 2, 3, 4, 5, 10, 20),
        "enumerate up to": 5,
    },
    prove=_trap,
    kind="ours",
    uses=("theorem-1", "theorem-2", "product-formula", "coupled-batch-product"),
)


CLAIMS = (TRAP,)
