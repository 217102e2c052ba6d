"""Theorem 3: proved only where the inequality holds in exact arithmetic, and monotone."""

import dataclasses
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

formula = dk.MinMaxObjective.from_expression
fractions = st.fractions(-4, 4, max_denominator=6)
sizes = st.fractions(0, 3, max_denominator=6)
pairs = st.tuples(
    st.lists(st.lists(fractions, min_size=2, max_size=2), min_size=1, max_size=4),
    st.lists(fractions, min_size=2, max_size=2).filter(any),
)


@given(pairs, sizes, sizes)
def test_proved_iff_the_inequality_holds(pair, L, epsilon):
    """max <gamma, g> < -L eps |gamma|, squared on the side where both sides are negative."""
    gradients, gamma = pair
    c = dk.theorem3(gradients, gamma, lipschitz=L, epsilon=epsilon)
    top = max(sum(a * b for a, b in zip(gamma, g, strict=True)) for g in gradients)
    square = sum(a * a for a in gamma)
    holds = top < 0 and top**2 > (L * epsilon) ** 2 * square
    assert c.verdict is (Verdict.PROVED if holds else Verdict.UNDECIDED)
    true_margin = -float(top) / math.sqrt(square) - float(L * epsilon)
    assert c.margin == pytest.approx(true_margin, abs=1e-12)
    assert (c.margin > 0) == holds


@given(pairs, sizes, sizes, sizes, sizes)
def test_monotone_in_both_constants(pair, L, more, epsilon, wider):
    gradients, gamma = pair
    small = dk.theorem3(gradients, gamma, lipschitz=L, epsilon=epsilon)
    large = dk.theorem3(gradients, gamma, lipschitz=L + more, epsilon=epsilon + wider)
    assert large.margin <= small.margin
    if large.verdict is Verdict.PROVED:
        assert small.verdict is Verdict.PROVED


@given(pairs, sizes)
def test_a_longer_net_proves_less_and_scaling_the_direction_nothing(pair, epsilon):
    gradients, gamma = pair
    c = dk.theorem3(gradients, gamma, lipschitz=1, epsilon=epsilon)
    assert dk.theorem3([*gradients, [1, 1]], gamma, lipschitz=1, epsilon=epsilon).margin <= c.margin
    again = dk.theorem3(gradients, [7 * x for x in gamma], lipschitz=1, epsilon=epsilon)
    assert (again.verdict, again.margin) == (c.verdict, c.margin)


def test_the_inequality_is_strict_and_rounding_proves_nothing():
    equal = dk.theorem3([[-1, 0]], [1, 0], lipschitz=1, epsilon=1)
    assert (equal.verdict, equal.margin) == (Verdict.UNDECIDED, 0.0)
    below = dk.theorem3([[-1, 0]], [1, 0], lipschitz=1, epsilon=1 - Fraction(1, 10**40))
    assert below.verdict is Verdict.PROVED
    assert 0 < below.margin <= 1e-40
    above = dk.theorem3([[-1, 0]], [1, 0], lipschitz=1, epsilon=1 + Fraction(1, 10**40))
    assert above.verdict is Verdict.UNDECIDED
    # In float64 -0.3 * 3 = -0.8999999999999999 and 0.9 rounds down: only exact arithmetic knows.
    floats = dk.theorem3([[-0.1 - 0.2]], [1.0], lipschitz=0.3, epsilon=1.0)
    exact = Fraction(0.1 + 0.2) > Fraction(0.3)
    assert (floats.verdict is Verdict.PROVED) == exact


def test_an_irrational_tie_is_a_tie_and_its_margin_returns():
    """|gamma| = sqrt 2 and L eps = sqrt 2 / 2: exactly on the boundary, however it is written."""
    c = dk.theorem3([[-1, 0]], [1, 1], lipschitz="sqrt(2)", epsilon="1/2")
    assert (c.verdict, c.margin) == (Verdict.UNDECIDED, 0.0)
    zero = "sqrt(2 + sqrt(2))*sqrt(2 - sqrt(2)) - sqrt(2)"
    hidden = dk.theorem3([[zero, -1]], [1, 1], lipschitz="sqrt(2)", epsilon="1/2")
    assert (hidden.verdict, hidden.margin) == (Verdict.UNDECIDED, 0.0)
    root = dk.theorem3([[-1]], [1], lipschitz=f"sqrt({zero} + 1)", epsilon=0)
    assert root.verdict is Verdict.PROVED


@pytest.mark.parametrize("scale", ["1e-300", "1e-150", "1e150", "1e300"])
def test_extreme_scales(scale):
    c = dk.theorem3([[f"-{scale}", 0]], [scale, 0], lipschitz=scale, epsilon="1/2")
    assert c.verdict is Verdict.PROVED
    assert c.margin == pytest.approx(float(scale) / 2)


def obtuse():
    f = formula("d*t1 + (1-d)*(-3*t1 + 4*t2)/5 + d*(d-1)", ["t1", "t2"], ["d"], dk.Interval(0, 1))
    return dk.maximizers(f, [0, 0])


def test_on_maximizers_cover_and_gradients_are_proved():
    S = obtuse()
    d = dk.steepest_descent(S)
    c = dk.theorem3(S, d.direction, lipschitz=2, epsilon=0)
    assert c.verdict is Verdict.PROVED
    assert any("holds every maximizer (proved)" in a for a in c.assumptions)
    assert any("L = 2" in a for a in c.assumptions)
    assert "provided that" in c.explain()
    uphill = dk.theorem3(S, [-1, 0], lipschitz=0, epsilon=0)
    assert uphill.verdict is Verdict.REFUTED
    assert "Not a descent direction" in uphill.explain()


def test_bare_gradients_are_never_refuted():
    """The net's points need not be maximizers."""
    c = dk.theorem3([[1, 0]], [1, 0], lipschitz=0, epsilon=0)
    assert c.verdict is Verdict.UNDECIDED
    assert "finer net" in c.explain()


def test_a_numeric_net_assumes_its_cover():
    f = formula("t*cos(d) + 3*t", ["t"], ["d"], dk.Interval(-10, 10))
    S = dk.maximizers(f, [1])
    c = dk.theorem3(S, [-1], lipschitz=1, epsilon="1/100")
    assert c.verdict is Verdict.PROVED
    assert any("given, not checked" in a and "epsilon" in a for a in c.assumptions)
    assert dk.theorem3(S, [1], lipschitz=1, epsilon=0).verdict is Verdict.UNDECIDED


def test_infinite_sets_do_not_count_as_covered():
    f = formula("t1*(d+2) + t2*d*(1-d)", ["t1", "t2"], ["d"], dk.Interval(0, 1))
    c = dk.theorem3(dk.maximizers(f, [0, 0]), [-1, 0], lipschitz=2, epsilon="1/2")
    assert c.verdict is Verdict.PROVED
    assert len(c.assumptions) == 3
    assert not any("(proved)" in a for a in c.assumptions)


def test_batches():
    S = dk.maximizers(dk.BatchObjective([formula("t*d", ["t"], ["d"], dk.Interval(1, 2))] * 2), [0])
    assert dk.theorem3(S, [-1], lipschitz=1, epsilon="1/2").verdict is Verdict.PROVED
    assert dk.theorem3(S, [1], lipschitz=1, epsilon=0).verdict is Verdict.REFUTED


def test_verdicts_have_no_truth_value():
    c = dk.theorem3([[-1]], [1], lipschitz=0, epsilon=0)
    with pytest.raises(TypeError, match=r"is Verdict\.PROVED"):
        bool(c.verdict)
    with pytest.raises(dataclasses.FrozenInstanceError):
        c.margin = 1.0
    assert pickle.loads(pickle.dumps(c)) == c
    assert c.to_dict()["verdict"] == "proved"


@pytest.mark.parametrize(
    ("direction", "lipschitz", "epsilon", "name"),
    [
        ([0, 0], 1, 0, "direction"),
        ([1], 1, 0, "direction"),
        ([math.nan, 1], 1, 0, "direction"),
        (None, 1, 0, "direction"),
        ([1, 0], -1, 0, "lipschitz"),
        ([1, 0], math.nan, 0, "lipschitz"),
        ([1, 0], None, 0, "lipschitz"),
        ([1, 0], "x", 0, "lipschitz"),
        ([1, 0], 1, math.inf, "epsilon"),
        ([1, 0], 1, "-1e-300", "epsilon"),
        ([1, 0], 1, 1j, "epsilon"),
        ([1, 0], 1, [1], "epsilon"),
        ([sympy.Symbol("x"), 0], 1, 0, "direction"),
    ],
)
def test_bad_inputs(direction, lipschitz, epsilon, name):
    with pytest.raises(InvalidInputError, match=rf"^{name}"):
        dk.theorem3([[1, 0], [0, 1]], direction, lipschitz=lipschitz, epsilon=epsilon)


@pytest.mark.parametrize(
    "gradients",
    ["ab", [1], [], None, object(), np.array([[1j, 0]])],
    ids=lambda v: type(v).__name__,
)
def test_bad_gradients(gradients):
    with pytest.raises(InvalidInputError, match=r"^gradients"):
        dk.theorem3(gradients, [1, 0], lipschitz=1, epsilon=0)
