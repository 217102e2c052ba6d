"""Theorem 2: the steepest direction, its KKT conditions, stationarity; single gradients."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.exact import sign, to_float

formula = dk.MinMaxObjective.from_expression
s, Q = sympy.sqrt, sympy.Rational
UNIT = dk.Interval(0, 1)
entries = st.integers(-4, 4)
families = st.integers(1, 3).flatmap(
    lambda n: st.lists(st.lists(entries, min_size=n, max_size=n), min_size=1, max_size=5)
)


@given(families)
def test_kkt_conditions_exactly(gradients):
    """With u = -direction and rho = -derivative, both exact:

    1. |u| = 1;
    2. <u, g_i> >= rho > 0 for every i;
    3. some i attains it, so that D(theta; -u) = -rho;
    or the point is stationary and some weights give 0.
    """
    d = dk.steepest_descent(gradients)
    if d.stationary:
        assert d.direction is None
        assert d.derivative == 0
        np.testing.assert_allclose(d.weights @ np.array(gradients), 0, atol=1e-9)
        return
    u = [-x for x in d.exact_direction]
    rho = -d.exact_derivative
    assert sign(sum(x * x for x in u) - 1) == 0
    products = [sum(x * y for x, y in zip(u, g, strict=True)) - rho for g in gradients]
    signs = [sign(sympy.expand(p)) for p in products]
    assert set(signs) <= {0, 1}
    assert 0 in signs
    assert sign(rho) == 1
    assert d.bound == "exact"
    assert d.derivative == pytest.approx(-to_float(rho))
    D = dk.directional_derivative(gradients, d.exact_direction)
    assert sign(D.value + rho) == 0


@given(families, st.integers(0, 2**32 - 1))
def test_no_direction_is_steeper(gradients, seed):
    d = dk.steepest_descent(gradients)
    g = np.array(gradients, dtype=float)
    others = np.random.default_rng(seed).normal(size=(200, g.shape[1]))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    rates = (others @ g.T).max(axis=1)
    assert rates.min() >= d.derivative - 1e-9


@settings(max_examples=30)
@given(families, st.integers(-100, 100), st.permutations(range(5)))
def test_scaling_and_permutation(gradients, power, order):
    d = dk.steepest_descent(np.array(gradients, dtype=float))
    moved = [gradients[i] for i in order if i < len(gradients)]
    e = dk.steepest_descent(np.ldexp(np.array(moved, dtype=float), power))
    assert e.stationary == d.stationary
    assert e.derivative == pytest.approx(math.ldexp(d.derivative, power), rel=1e-9)
    if d.direction is not None:
        np.testing.assert_allclose(e.direction, d.direction, atol=1e-7)


def test_the_obtuse_pair_has_the_claimed_rates():
    """Counterexample 2: single gradients ascend at -c, the steepest descends at sqrt((1+c)/2)."""
    c = -s(2) / 2
    f = formula(
        "d*t1 + (1-d)*(c*t1 + sqrt(1-c**2)*t2) + d*(d-1)",
        ["t1", "t2"],
        ["d"],
        UNIT,
        {"c": "-sqrt(2)/2"},
    )
    S = dk.maximizers(f, [0, 0])
    for i in (0, 1):
        assert sign(dk.single_gradient(S, i).derivative.value + c) == 0
    d = dk.steepest_descent(S)
    assert sign(d.exact_derivative + s((1 + c) / 2)) == 0
    # Both gradients have the same inner product with it, so along it phi has no kink.
    assert dk.two_sided_derivative(S, d.exact_direction).exists is dk.Verdict.PROVED


def test_three_vectors_at_120_degrees_are_stationary():
    gradients = [[1, 0], ["-1/2", "sqrt(3)/2"], ["-1/2", "-sqrt(3)/2"]]
    d = dk.steepest_descent(gradients)
    assert d.stationary
    assert d.exact_derivative == 0
    assert "Stationary" in d.explain()
    assert "Stationary" not in dk.steepest_descent([[1, 0]]).explain()


def test_theta_cubed_at_zero_is_stationary_though_no_minimum():
    f = formula("t**3 + 0*d", ["t"], ["d"], UNIT)
    assert dk.steepest_descent(dk.maximizers(f, [0])).stationary


def test_a_curved_face_is_solved_by_cuts():
    """g = t1 (d + 1) + t2 (d^2 + 1/4) at 0: the hull of a parabola's arc, whose nearest point to
    the origin is its end (1, 1/4); moved, it is inside the arc.
    """
    f = formula("t1*(d+1) + t2*(d**2+1/4)", ["t1", "t2"], ["d"], UNIT)
    d = dk.steepest_descent(dk.maximizers(f, [0, 0]))
    assert d.derivative == pytest.approx(-math.hypot(1, 0.25), rel=1e-12)
    assert d.bound == "exact"
    f = formula("t1*d + t2*(d**2 - d + 1)", ["t1", "t2"], ["d"], dk.Interval(-1, 1))
    S = dk.maximizers(f, [0, 0])
    assert not S.spans
    d = dk.steepest_descent(S)
    x = np.linspace(-1, 1, 400_001)
    best = np.hypot(x, x**2 - x + 1).min()  # the arc is convex and the origin below it
    assert d.derivative == pytest.approx(-best, abs=1e-9)
    assert d.min_norm.lower_bound <= best <= d.min_norm.norm + 1e-12
    assert d.min_norm.gap <= 1e-8 * best
    assert d.bound == "exact"


def test_a_disc_is_stationary_or_descends():
    names = (["t1", "t2"], ["d1", "d2"])
    at = dk.maximizers(formula("t1*d1 + t2*d2", *names, dk.Ball([0, 0], 1)), [0, 0])
    assert dk.steepest_descent(at).stationary
    off = dk.maximizers(formula("t1*d1 + t2*d2", *names, dk.Ball([3, 4], 1)), [0, 0])
    d = dk.steepest_descent(off)
    assert d.derivative == pytest.approx(-4, rel=1e-9)
    np.testing.assert_allclose(d.direction, [-0.6, -0.8], atol=1e-5)


def test_the_coupled_batch():
    """Counterexample 5, s = 1: rate 1/sqrt(5) over the product hull, +1 along minus e."""
    t = ["t1", "t2"]
    f1 = formula("d*(3*t1+t2) + (1-d)*(-t1-t2) + d*(d-1)", t, ["d"], UNIT)
    f2 = formula("d*(-t1-t2) + (1-d)*(3*t1+t2) + d*(d-1)", t, ["d"], UNIT)
    S = dk.maximizers(dk.BatchObjective([f1, f2]), [0, 0])
    assert dk.directional_derivative(S, [-1, 0]).value == 1
    d = dk.steepest_descent(S)
    assert sign(d.exact_derivative + 1 / s(5)) == 0
    assert d.bound == "exact"


def test_numeric_sets_are_called_lower():
    f = formula("t*cos(d) + 3*t", ["t"], ["d"], dk.Interval(-10, 10))
    S = dk.maximizers(f, [1])
    assert dk.steepest_descent(S).bound == "lower"
    assert "no certificate" in dk.steepest_descent(S).explain()


@given(families, st.integers(0, 4))
def test_single_gradients_have_their_true_rate(gradients, index):
    i = index % len(gradients)
    single = dk.single_gradient(gradients, i)
    if not any(gradients[i]):
        assert single.direction is None
        assert single.derivative is None
        return
    g = np.array(gradients, dtype=float)
    u = -g[i] / np.linalg.norm(g[i])
    np.testing.assert_allclose(single.direction, u, atol=1e-15)
    assert float(single.derivative) == pytest.approx((g @ u).max(), abs=1e-12)
    assert sign(sum(x * x for x in single.exact_direction) - 1) == 0
    d = dk.steepest_descent(gradients)
    assert float(single.derivative) >= d.derivative - 1e-12


def test_a_gradient_below_float64_is_not_zero():
    single = dk.single_gradient([["1e-400", 0], [0, 1]], 0)
    np.testing.assert_array_equal(single.direction, [-1, 0])


@pytest.mark.parametrize("index", [-1, 2, 1.5, "0", None, True])
def test_bad_index(index):
    with pytest.raises(InvalidInputError, match=r"^index"):
        dk.single_gradient([[1, 0], [0, 1]], index)


@pytest.mark.parametrize(
    "gradients",
    [
        "ab",
        [1, 2],
        [[1], [1, 2]],
        [],
        None,
        object(),
        np.zeros((1, 1, 1)),
        [[math.nan]],
        np.array([[1j]]),
    ],
    ids=lambda g: type(g).__name__,
)
@pytest.mark.parametrize("call", [dk.steepest_descent, dk.single_gradient])
def test_bad_gradients(call, gradients):
    with pytest.raises(InvalidInputError, match=r"^gradients"):
        call(gradients)


def test_a_batch_with_more_joint_maximizers_than_a_machine_word():
    """100 samples of two maximizers: 2**100 joint ones, none of which is ever listed."""
    kink = dk.MinMaxObjective.from_expression("t1*d + t2", ["t1", "t2"], ["d"], dk.Interval(-1, 1))
    S = dk.maximizers(dk.BatchObjective([kink] * 100), [0, 1])
    assert S.count == 2**100
    best = dk.steepest_descent(S)
    assert best.derivative == pytest.approx(-1.0, rel=1e-12)
    assert best.direction == pytest.approx([0.0, -1.0], abs=1e-12)
    assert len(repr(S)) < 200
    with pytest.raises(dk.DanskinError, match="one set a sample"):
        _ = S.deltas


def test_stationarity_of_a_batch_is_exact_where_each_sample_is_stationary():
    flat = dk.MinMaxObjective.from_expression("t*d", ["t"], ["d"], dk.Interval(-1, 1))
    best = dk.steepest_descent(dk.maximizers(dk.BatchObjective([flat] * 16), [0]))
    assert best.stationary
    assert best.exact_derivative == 0


@pytest.mark.parametrize("size", [3e-13, 1e-12, 1e-9, 1e-6])
def test_the_derivative_is_that_of_the_direction_also_near_stationarity(size):
    """Double-double closes the gap down to about 1e-11 of the gradients' size, exact answers below.

    No more is promised than D along the direction that is returned.
    """
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(50, 1000))
    gradients += size * rng.normal(size=1000) - rng.dirichlet(np.ones(50)) @ gradients
    best = dk.steepest_descent(gradients)
    assert best.direction is not None
    assert best.derivative == float(dk.directional_derivative(gradients, best.direction))
    assert best.derivative < 0
    assert best.min_norm.status == "optimal"
    assert "not settled" not in best.explain()
