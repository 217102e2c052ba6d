"""Counterexample 5 (ours): coupled runs of an attack can miss the batch's argmax set.

e, f orthonormal, s != 0, ``w = 2e + s f``. Sample 1 has maximizers with gradients e+w and e-w,
sample 2 with e-w and e+w, each realised by counterexample 2's formula. If the runs of the attack
return (1, 1) and (0, 0) only, every joint gradient is e and DDi promises the rate -1 along -e; the
true rate is +1. The product of the samples' hulls gives a descent direction.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.counterexamples.core import (
    ClaimedDerivative,
    Counterexample,
    Family,
    Row,
    pull_back,
)
from danskin.counterexamples.pair import OBTUSE_PAIR, dimension
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, sign, tidy
from danskin.objective import BatchObjective

__all__ = ["COUPLED_BATCH", "RUNS", "coupled_batch", "sample_vectors"]

LATEX = (
    r"g = \tfrac12 \sum_{i=1}^{2} \delta_i \langle\theta, a_i\rangle"
    r" + (1-\delta_i) \langle\theta, b_i\rangle + \delta_i(\delta_i - 1), \quad"
    r" (a_1, b_1) = (e+w, e-w), \ (a_2, b_2) = (e-w, e+w), \ w = 2e + s f"
)

#: The joint perturbations that the coupled attack is assumed to return.
RUNS: tuple[tuple[int, int], ...] = ((1, 1), (0, 0))


def sample_vectors(s: sympy.Expr) -> tuple[tuple[Row, Row], tuple[Row, Row]]:
    """Return each sample's pair of vectors in the basis (e, f); s may be a symbol."""
    one, two = sympy.Integer(1), sympy.Integer(2)
    w = (two, s)
    plus, minus = (one + w[0], w[1]), (one - w[0], -w[1])
    return (plus, minus), (minus, plus)


def coupled_batch(s: Any = 1, dim: int = 2) -> Counterexample:
    """Return a member of counterexample 5, at theta = 0, with ``e = e_1`` and ``f = e_2``.

    Parameters
    ----------
    s : nonzero number
    dim : int
        n >= 2.

    Raises
    ------
    InvalidInputError
        s = 0 (then the hull of the batch contains 0), or dim < 2.
    """
    size = exact_number(s, "s")
    n = dimension(dim)
    which = sign(size)
    if which is None or which == 0:
        raise InvalidInputError(
            "s",
            "it is 0: the joint gradients are e, 3e and -e, whose hull contains 0, so no "
            "direction descends",
            "Choose s != 0.",
        )
    rest = (sympy.Integer(0),) * (n - 2)
    pairs = [tuple((*v, *rest) for v in pair) for pair in sample_vectors(size)]
    samples = [pull_back(OBTUSE_PAIR.formula, pair) for pair in pairs]
    zero, one = sympy.Integer(0), sympy.Integer(1)
    joint = [(i, j) for i in (zero, one) for j in (zero, one)]
    # delta = 1 takes a pair's first vector, delta = 0 its second.
    rows = [(pairs[0][1 - int(i)], pairs[1][1 - int(j)]) for i, j in joint]
    means = tuple(tuple((a + b) / 2 for a, b in zip(*pair, strict=True)) for pair in rows)
    square = 4 + size**2
    x = tuple(sympy.expand(v) / sympy.expand(square) for v in (size**2, -2 * size))
    rate = tidy(-size * which / sympy.sqrt(sympy.expand(square)))
    down = (-one, zero, *rest)
    return Counterexample(
        name="coupled_batch",
        title=COUPLED_BATCH.title,
        source=COUPLED_BATCH.source,
        latex=LATEX,
        objective=BatchObjective(samples),
        theta0=(zero,) * n,
        maximizers=tuple(joint),
        faces=(),
        gradients=means,
        derivatives=(ClaimedDerivative("-e", down, one),),
        steepest=ClaimedDerivative("-x*", (*(-v for v in x), *rest), rate),
        parameters={"s": size, "dim": n},
        runs=tuple(tuple(sympy.Integer(d) for d in run) for run in RUNS),
    )


COUPLED_BATCH = Family(
    name="coupled_batch",
    title="The coupled batch",
    source="Ours; against Algorithm 1 on batches",
    latex=LATEX,
    formula=OBTUSE_PAIR.formula,
    build=coupled_batch,
)
