"""Danskin's formula: exact in, exact out; errors that bound; Lemma 1; the Taylor check."""

import dataclasses
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.exact import sign, to_float
from danskin.maximizers import MaximizerSet

formula = dk.MinMaxObjective.from_expression
s, Q = sympy.sqrt, sympy.Rational
fractions = st.fractions(-5, 5, max_denominator=9)
rows = st.integers(1, 3).flatmap(
    lambda n: st.tuples(
        st.lists(st.lists(fractions, min_size=n, max_size=n), min_size=1, max_size=5),
        st.lists(fractions, min_size=n, max_size=n).filter(any),
    )
)


@given(rows)
def test_exact_in_exact_out(case):
    gradients, gamma = case
    D = dk.directional_derivative(gradients, gamma)
    top = max(sum(a * b for a, b in zip(g, gamma, strict=True)) for g in gradients)
    square = sum(a * a for a in gamma)
    assert D.bound == "exact"
    assert D.error == 0
    assert sign(D.value**2 * Q(square) - Q(top) ** 2) == 0
    assert D.sign == (top > 0) - (top < 0)
    winner = gradients[D.maximizer]
    assert sum(a * b for a, b in zip(winner, gamma, strict=True)) == top


@given(rows)
def test_floats_are_within_their_error(case):
    gradients, gamma = case
    exact = dk.directional_derivative(gradients, gamma).value
    D = dk.directional_derivative(
        [[float(x) for x in g] for g in gradients], [float(x) for x in gamma]
    )
    assert isinstance(D.value, float)
    # The error bounds the rounding of the formula; the inputs were rounded too, once each.
    slack = 8 * np.finfo(float).eps * 5 * math.sqrt(len(gamma))
    assert abs(D.value - to_float(exact)) <= D.error + slack


@given(rows, st.integers(-300, 300), st.integers(-300, 300))
def test_scaling(case, a, b):
    """Homogeneous in the gradients, of degree 0 in the direction."""
    gradients, gamma = case
    D = dk.directional_derivative(gradients, gamma)
    scaled = [[x * Fraction(2) ** a for x in g] for g in gradients]
    E = dk.directional_derivative(scaled, [x * Fraction(2) ** b for x in gamma])
    assert sign(E.value - D.value * sympy.Integer(2) ** a) == 0
    floats = dk.directional_derivative(
        [[math.ldexp(float(x), a) for x in g] for g in gradients],
        [math.ldexp(float(x), b) for x in gamma],
    )
    plain = dk.directional_derivative(
        [[float(x) for x in g] for g in gradients], [float(x) for x in gamma]
    )
    assert floats.value == math.ldexp(plain.value, a)


@given(rows)
def test_permutation_and_duplication(case):
    gradients, gamma = case
    D = dk.directional_derivative(gradients, gamma)
    assert dk.directional_derivative(gradients[::-1] + gradients, gamma).value == D.value


def test_the_square_root_of_a_unit_direction_is_kept():
    D = dk.directional_derivative([[1, 0], [0, 1]], [1, 1])
    assert D.value == s(2) / 2
    assert dk.directional_derivative([["sqrt(2)", 0]], [1, 1]).value == 1
    assert dk.directional_derivative(sympy.Matrix([[1, 2], [3, 4]]), [0, 1]).value == 4


def test_underflow_is_no_zero():
    """The largest product is 1e-400 > 0, which float64 rounds to 0: the sign stays open."""
    D = dk.directional_derivative([[1.0, 0.0, 0.0], [0.0, 1e-200, 0.0]], [0.0, 1e-200, 1.0])
    assert D.value == 0.0
    assert D.sign is None
    D = dk.directional_derivative([["1e-400"]], [1.0])
    assert D.sign is None
    assert dk.directional_derivative([[0.0, 0.0]], [1.0, 2.0]).sign == 0
    assert dk.directional_derivative([["1e-400"]], [1]).sign == 1


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_extreme_scales(scale):
    D = dk.directional_derivative(scale * np.array([[3.0, 4.0], [-1.0, 0.0]]), [scale, scale])
    assert D.value == pytest.approx(7 * scale / math.sqrt(2), rel=1e-14)
    assert D.sign == 1


def test_a_cancelling_float_product_has_no_sign():
    D = dk.directional_derivative([[1.0, 1.0]], [1.0, -1.0 - 2**-52])
    assert D.sign is None


def numeric_set():
    f = formula("t*cos(d)", ["t"], ["d"], dk.Interval(-10, 10))
    return dk.maximizers(f, [1])


def test_lower_bounds_are_called_so():
    D = dk.directional_derivative(numeric_set(), [1])
    assert D.bound == "lower"
    assert "lower bound" in D.explain()
    assert ">=" in D.explain()


# --- Lemma 1 -------------------------------------------------------------------------------------


@given(rows)
def test_lemma_1(case):
    """D(gamma) + D(-gamma) >= 0, and the two-sided derivative exists iff it is 0."""
    gradients, gamma = case
    two = dk.two_sided_derivative(gradients, gamma)
    total = two.forward.value + two.backward.value
    products = {sum(a * b for a, b in zip(g, gamma, strict=True)) for g in gradients}
    assert sign(total) in (0, 1)
    assert two.exists is (dk.Verdict.PROVED if len(products) == 1 else dk.Verdict.REFUTED)
    assert (two.value is not None) == (two.exists is dk.Verdict.PROVED)


def test_from_floats_equality_is_never_proved():
    assert dk.two_sided_derivative([[1.0, 2.0]], [1.0, 0.0]).exists is dk.Verdict.UNDECIDED
    assert dk.two_sided_derivative([[1.0], [2.0]], [1.0]).exists is dk.Verdict.REFUTED
    assert dk.two_sided_derivative([[1.0], [1.0 + 2**-52]], [1.0]).exists is dk.Verdict.UNDECIDED


def test_from_a_lower_bound_nothing_is_refuted():
    """A search kept two points that are tied to 1e-9 only; phi is smooth there."""
    f = formula("t*d - sin(10*d)**2*0 + cos(2*d) + d*1e-12", ["t"], ["d"], dk.Interval(-4, 4))
    S = dk.maximizers(f, [0])
    assert not S.complete
    assert len(S) > 1
    assert dk.two_sided_derivative(S, [1]).exists is dk.Verdict.UNDECIDED
    assert dk.two_sided_derivative(S, [1.0]).exists is dk.Verdict.UNDECIDED


def test_on_sets_and_batches():
    f = formula("t*d", ["t"], ["d"], dk.Interval(-1, 1))
    for S in (dk.maximizers(f, [0]), dk.maximizers(dk.BatchObjective([f, f]), [0])):
        two = dk.two_sided_derivative(S, ["1"])
        assert (two.forward.value, two.backward.value) == (1, 1)
        assert two.exists is dk.Verdict.REFUTED
    smooth = dk.two_sided_derivative(dk.maximizers(f, ["1/2"]), [2])
    assert (smooth.exists, smooth.value) == (dk.Verdict.PROVED, 1)


@settings(max_examples=30)
@given(
    st.lists(rows.filter(lambda c: len(c[1]) == 2), min_size=1, max_size=3),
    st.lists(fractions, min_size=2, max_size=2).filter(any),
)
def test_a_batch_is_the_mean_of_maxima_and_equals_the_maximum_over_the_product(cases, gamma):
    parts = []
    for gradients, _ in cases:
        pieces = [
            f"d{i}*({' + '.join(f'({x})*t{j}' for j, x in enumerate(g))})"
            for i, g in enumerate(gradients)
        ]
        delta = [f"d{i}" for i in range(len(gradients))]
        parts.append(formula(" + ".join(pieces), ["t0", "t1"], delta, dk.Simplex(len(delta))))
    S = dk.maximizers(dk.BatchObjective(parts), [0, 0])
    D = dk.directional_derivative(S, gamma)
    joint = dk.directional_derivative([list(g) for g in S.exact_gradients], gamma)
    assert D.bound == "exact"
    assert sign(D.value - joint.value) == 0


# --- Taylor --------------------------------------------------------------------------------------


def test_taylor_check_tells_right_from_wrong_gradients():
    right = dk.MinMaxObjective(
        lambda t, d: math.sin(t[0]) * d[0],
        lambda t, d: [math.cos(t[0]) * d[0]],
        dk.Interval(0, 1),
        theta_dim=1,
    )
    wrong = dk.MinMaxObjective(
        lambda t, d: math.sin(t[0]) * d[0],
        lambda t, d: [0.99 * math.cos(t[0]) * d[0]],
        dk.Interval(0, 1),
        theta_dim=1,
    )
    assert dk.taylor_check(right, [0.4], [1], [0.7]).passed
    assert dk.taylor_check(right, [0.4], [1], [0.7]).order == pytest.approx(2, abs=0.1)
    check = dk.taylor_check(wrong, [0.4], [1], [0.7])
    assert not check.passed
    assert check.order == pytest.approx(1, abs=0.1)
    assert "not consistent" in check.explain()


def test_taylor_check_of_danskins_formula_is_one_sided():
    f = formula("t*d + t**2", ["t"], ["d"], dk.Interval(-1, 1))
    assert dk.taylor_check(f, [0], [1]).passed
    assert dk.taylor_check(f, [0], [-1]).passed
    affine = formula("t*d", ["t"], ["d"], dk.Interval(-1, 1))
    assert dk.taylor_check(affine, [0], [1]).order == math.inf


# --- inputs --------------------------------------------------------------------------------------

f = formula("t1*d + t2*(1-d)", ["t1", "t2"], ["d"], dk.Interval(0, 1))
S = dk.maximizers(f, [0, 0])
DIRECTIONS = [
    [0, 0],
    [0.0, 0.0],
    [1],
    [1, 2, 3],
    [math.nan, 1],
    [math.inf, 1],
    "steepest",
    None,
    object(),
    {},
    ["a", "b"],
    [[1, 0]],
    [1j, 0],
    3,
    [True, 1],
    ["sqrt(2)*sqrt(3)-sqrt(6)", 0],
]


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("call", [dk.directional_derivative, dk.two_sided_derivative])
def test_bad_directions(call, direction):
    with pytest.raises(InvalidInputError, match=r"^direction"):
        call(S, direction)


GRADIENTS = [
    "ab",
    [1, 2],
    [[1], [1, 2]],
    [],
    [[]],
    [[math.nan, 1]],
    None,
    object(),
    {},
    np.array([[1j, 1]]),
    np.zeros((1, 1, 1)),
    np.array([["a", "b"]]),
    [["x", "y"]],
    [[None, 1]],
    np.zeros((0, 2)),
    3,
]


@pytest.mark.parametrize("gradients", GRADIENTS, ids=lambda g: f"{type(g).__name__}")
@pytest.mark.parametrize("call", [dk.directional_derivative, dk.two_sided_derivative])
def test_bad_gradients(call, gradients):
    with pytest.raises(InvalidInputError, match=r"^gradients"):
        call(gradients, [1, 1])


def test_bad_taylor_checks():
    for bad, name in [
        (("f", [0, 0], [1, 0]), "f"),
        ((f, [0, 0], [0, 0]), "direction"),
        ((f, [0], [1, 0]), "theta"),
        ((f, [0, 0], [1, 0], [1, 2]), "delta"),
    ]:
        with pytest.raises(InvalidInputError, match=rf"^{name}"):
            dk.taylor_check(*bad)


def test_results_are_frozen_and_pickle():
    D = dk.directional_derivative(S, [1, 1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        D.value = 0
    assert pickle.loads(pickle.dumps(D)) == D
    assert D.to_dict()["exact"] == "sqrt(2)/2"
    assert isinstance(S, MaximizerSet)
