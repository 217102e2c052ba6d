"""Appendix B.4.1: how many different batches two adversarial examples a sample give."""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from danskin.claims.argument import EXACT, SYMBOLIC, WRITTEN, Argument, decided, equal
from danskin.claims.core import Claim
from danskin.claims.gram import number_is
from danskin.claims.vectors import batch_gradients
from danskin.counterexamples import OBTUSE_PAIR, sample_vectors
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _bitvectors(length: int) -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=length))


def _joint_gradients(formula: Any, vectors: Any, s: Any) -> dict[tuple[int, ...], Any]:
    """Return the batch gradient of every bit-vector; bit i picks sample i's maximizer."""
    pairs = vectors(s)
    runs = _bitvectors(len(pairs))
    joint = batch_gradients(formula, pairs, runs)[1]
    return dict(zip(runs, map(tuple, joint), strict=True))


def _unique(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Any) -> None:
    size, draws = claimed["B"], claimed["k"]
    everything = _bitvectors(size)
    sequences = list(itertools.product(everything, repeat=draws))
    distinct = sum(len(set(q)) == draws for q in sequences)
    chance = sympy.Rational(distinct, len(sequences))
    repeated = next((q for q in sequences if len(set(q)) < draws), None)
    argument.witness(
        f"B = {size}, k = {draws} <= 2^B: the draw {repeated} is as likely as any other and has a "
        f"repetition; all {draws} are different with probability {chance} only",
        [decided(draws <= 2**size and repeated is not None), equal(chance, claimed["chance"])],
        decided(chance == 1),
    )
    joint = _joint_gradients(formula, vectors, parse(claimed["s"], {}, "s"))
    one, two = (tuple(b) for b in claimed["same gradient"])
    argument.witness(
        f"Different bit-vectors need not give different gradients either: the coupled batch with s "
        f"= {claimed['s']} has the batch gradient {joint[one]} at {one} and {joint[two]} at {two}",
        [decided(one != two)],
        decided(joint[one] != joint[two]),
    )


UNIQUE = Claim(
    id="appendix-b-unique-batches",
    title="Drawing k bit-vectors gives k unique batches and different gradients",
    source="Appendix B.4 and B.4.1, as printed",
    statement=(
        r"b_1, \dots, b_k \in \{0, 1\}^B \text{ random},\ k \le 2^B \implies \text{the } k"
        r" \text{ batches, and their gradients, are different}"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "B": 2,
        "k": 3,
        "chance": sympy.Rational(3, 8),
        "s": "1",
        "same gradient": ((1, 1), (0, 0)),
    },
    prove=_unique,
    corrected=(
        r"P(\text{all different}) = \prod_{j=0}^{k-1} \left(1 - j/2^B\right) < 1 \text{ for }"
        r" k \ge 2;\quad \text{draw without replacement}"
    ),
    kind="slip",
)


def _counting(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Any) -> None:
    n, k = sympy.symbols("n k", integer=True, positive=True)
    total = parse(claimed["batches"], {"B": sympy.Symbol("B")}, "batches")
    for size in claimed["sizes"]:
        count = len(set(_bitvectors(size)))
        wanted = total.xreplace({sympy.Symbol("B"): sympy.Integer(size)})
        number_is(
            argument, f"B = {size}: the number of batches", sympy.Integer(count), "==", wanted
        )
        for draws in claimed["draws"]:
            if count**draws > 5000:
                continue
            sequences = itertools.product(range(count), repeat=draws)
            good = sum(len(set(q)) == draws for q in sequences)
            found = sympy.Rational(good, count**draws)
            names = {"N": sympy.Integer(count)}
            factors = [
                parse(claimed["factor"], {**names, "j": sympy.Integer(j)}, "factor")
                for j in range(draws)
            ]
            number_is(
                argument,
                f"B = {size}, k = {draws}: enumerated, the probability that all are different",
                found,
                "==",
                sympy.Mul(*factors),
            )
    previous, step = sympy.ff(n, k), sympy.ff(n, k + 1)
    same = sympy.simplify(sympy.expand_func(step / previous) - (n - k)) == 0
    argument.written(
        "each further sample doubles the bit-vectors, so there are N = 2^B for every B"
    )
    argument.part(
        "For every k: after k different ones, the next is new with probability (N - k)/N; the "
        "falling factorial's ratio is N - k",
        decided(bool(same) or None),
        SYMBOLIC,
    )
    joint = _joint_gradients(formula, vectors, parse(claimed["s"], {}, "s"))
    number_is(
        argument,
        f"The coupled batch, s = {claimed['s']}: {len(joint)} bit-vectors, different gradients",
        sympy.Integer(len(set(joint.values()))),
        "==",
        claimed["different gradients"],
    )


COUNTING = Claim(
    id="appendix-b-counting",
    title="Two examples a sample give 2^B batches, and k draws are different with this probability",
    source="Appendix B.4.1, with the count",
    statement=(
        r"|\{0, 1\}^B| = 2^B = N,\quad P(b_1, \dots, b_k \text{ different})"
        r" = \prod_{j=0}^{k-1} (1 - j/N)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, EXACT, WRITTEN),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "sizes": (1, 2, 3, 4),
        "draws": (1, 2, 3),
        "batches": "2**B",
        "factor": "1 - j/N",
        "s": "1",
        "different gradients": "3",
    },
    prove=_counting,
    kind="correction",
)


# --- where the overhead lies ---------------------------------------------------------------------


def _passes(m: int, steps: int) -> dict[str, int]:
    """Return the forward-backward passes through the network of one iteration of Algorithm 1."""
    return {"attacks": m * steps, "gradients": m, "line 7": 0}


def _overhead(argument: Argument, claimed: dict[str, Any], passes: Any) -> None:
    cost = passes(claimed["m"], claimed["steps"])
    order = sorted(cost, key=lambda k: -cost[k])
    argument.lemma(
        f"Passes through the network with m = {claimed['m']} attacks of {claimed['steps']} steps: "
        f"{cost}; in descending order {order}, as Appendix B.4 has it",
        decided(order == list(claimed["Appendix B.4"]) and len(set(cost.values())) == len(cost)),
        EXACT,
    )
    argument.witness(
        f"Section 5.3 calls {claimed['Section 5.3']} the bulk of the overhead; it is "
        "number "
        f"{order.index(claimed['Section 5.3']) + 1} of {len(order)} and takes none of the passes "
        "(its matrix M'M and 100 iterations on m weights remain)",
        [decided(len(order) > 1)],
        decided(order[0] == claimed["Section 5.3"]),
    )


OVERHEAD = Claim(
    id="overhead-of-line-7",
    title="Section 5.3 and Appendix B.4 agree on where the bulk of the overhead lies",
    source="Section 5.3 (line 7) against Appendix B.4 (the least of three)",
    statement=(
        r"\text{line 7 (the bulk, by Section 5.3)} = \text{the first of Appendix B.4's three}"
        r"\text{ bottlenecks, in descending impact}"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"passes": _passes},
    claimed={
        "m": 10,
        "steps": 7,
        "Appendix B.4": ("attacks", "gradients", "line 7"),
        "Section 5.3": "line 7",
    },
    prove=_overhead,
    corrected=(
        r"m \cdot K \text{ passes for the attacks} > m \text{ for the gradients} > 0"
        r" \text{ for line 7}"
    ),
    kind="slip",
)

CLAIMS = (UNIQUE, COUNTING, OVERHEAD)
