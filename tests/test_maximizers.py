"""Maximizer sets: complete where promised, faces for infinite sets, gradients that span."""

import dataclasses
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.sets import Hull

formula = dk.MinMaxObjective.from_expression
s, Q = sympy.sqrt, sympy.Rational
UNIT = dk.Interval(0, 1)


def exact(S):
    return set(zip(S.exact_deltas, S.exact_gradients, strict=True))


# --- the families of counterexamples --------------------------------------------------------------


def test_absolute_value():
    """g = theta delta at 0: S* is all of [-1, 1], never a sample of it."""
    S = dk.maximizers(formula("t*d", ["t"], ["d"], dk.Interval(-1, 1)), [0])
    assert S.complete
    assert S.spans
    assert S.faces == (dk.Interval(-1, 1),)
    assert set(S.exact_gradients) == {(-1,), (1,)}
    away = dk.maximizers(formula("t*d", ["t"], ["d"], dk.Interval(-1, 1)), ["1/10"])
    assert (away.faces, away.exact_deltas) == ((), ((1,),))


@pytest.mark.parametrize("c", ["-1/2", "-sqrt(2)/2", "-99/100"])
def test_obtuse_pair(c):
    f = formula(
        "d*t1 + (1-d)*(c*t1 + sqrt(1-c**2)*t2) + d*(d-1)", ["t1", "t2"], ["d"], UNIT, {"c": c}
    )
    S = dk.maximizers(f, [0, 0])
    assert S.complete
    assert not S.faces
    value = f.parameters["c"]
    assert exact(S) == {((1,), (1, 0)), ((0,), (value, s(1 - value**2)))}


def test_simplex_family_on_both_sides_of_the_entropy():
    g = "d1*t1 + d2*(-3*t1 + 4*t2)/5 + d3*(-4*t1 + 3*t2)/5 {0} (xlogx(d1) + xlogx(d2) + xlogx(d3))"
    names = (["t1", "t2"], ["d1", "d2", "d3"], dk.Simplex(3))
    S = dk.maximizers(formula(g.format("+"), *names), [0, 0])
    assert S.complete
    assert {g for _, g in exact(S)} == {(1, 0), (-Q(3, 5), Q(4, 5)), (-Q(4, 5), Q(3, 5))}
    smooth = dk.maximizers(formula(g.format("-"), *names), [0, 0])
    assert smooth.complete
    assert smooth.exact_deltas == ((Q(1, 3), Q(1, 3), Q(1, 3)),)


def test_orabona_on_the_kink_and_off_it():
    f = formula("d*(t1**2+(t2+1)**2) + (1-d)*(t1**2+(t2-1)**2)", ["t1", "t2"], ["d"], UNIT)
    S = dk.maximizers(f, ["1/2", 0])
    assert (S.complete, S.spans, S.faces) == (True, True, (UNIT,))
    assert set(S.exact_gradients) == {(1, 2), (1, -2)}
    assert S.exact_value == Q(5, 4)
    assert dk.maximizers(f, ["1/2", "1e-30"]).exact_deltas == ((1,),)


def test_coupled_batch():
    t = ["t1", "t2"]
    f1 = formula("d*(3*t1+t2) + (1-d)*(-t1-t2) + d*(d-1)", t, ["d"], UNIT)
    f2 = formula("d*(-t1-t2) + (1-d)*(3*t1+t2) + d*(d-1)", t, ["d"], UNIT)
    S = dk.maximizers(dk.BatchObjective([f1, f2]), [0, 0])
    assert S.complete
    assert len(S) == 4
    assert set(S.exact_gradients) == {(1, 0), (3, 1), (-1, -1)}
    assert S.deltas.shape == (4, 2)
    np.testing.assert_allclose(S.values, 0)
    assert (S.value, S.exact_value) == (0.0, 0)


# --- infinite sets -------------------------------------------------------------------------------


def test_a_disc_of_maximizers_with_gradients_affine_in_delta():
    """t1 d1 + t2 d2 on a disc, at 0: phi = |theta|, and D = 1 along every direction."""
    f = formula("t1*d1 + t2*d2", ["t1", "t2"], ["d1", "d2"], dk.Ball([0, 0], 1))
    S = dk.maximizers(f, [0, 0])
    assert S.complete
    assert S.faces == (dk.Ball([0, 0], 1),)
    assert not S.spans
    for gamma in ([1, 0], [3, 4], [1, 1]):
        D = dk.directional_derivative(S, gamma)
        assert (D.value, D.bound) == (1, "exact")
    assert float(dk.directional_derivative(S, [0.3, 0.7])) == pytest.approx(1, abs=1e-14)


def test_a_face_whose_gradients_curve_is_maximised_over_and_not_listed():
    """g = t1 d + t2 d (1 - d): the gradient (d, d - d^2) bends away from the chord."""
    f = formula("t1*d + t2*d*(1-d)", ["t1", "t2"], ["d"], UNIT)
    S = dk.maximizers(f, [0, 0])
    assert (S.complete, S.spans, S.faces) == (True, False, (UNIT,))
    D = dk.directional_derivative(S, [0, 1])
    assert (D.value, D.bound) == (Q(1, 4), "exact")
    D = dk.directional_derivative(S, [-1, 2])
    assert sympy.simplify(D.value - Q(1, 8) / s(5)) == 0
    assert float(dk.directional_derivative(S, [0.0, 1.0])) == pytest.approx(0.25, abs=1e-15)


def test_a_curved_face_beyond_exact_maximisation_gives_a_lower_bound():
    f = formula("t1*sin(3*d) + t2*d", ["t1", "t2"], ["d"], UNIT)
    S = dk.maximizers(f, [0, 0])
    assert (S.complete, S.spans) == (True, False)
    D = dk.directional_derivative(S, [1, 0])
    assert D.bound == "lower"
    assert float(D) == pytest.approx(1, abs=1e-12)


def test_one_parameter_and_a_curved_face():
    """n = 1: the hull of the gradients is an interval, found exactly."""
    S = dk.maximizers(formula("t*d*(1-d)", ["t"], ["d"], UNIT), [0])
    assert (S.complete, S.spans) == (True, True)
    assert dk.directional_derivative(S, [1]).value == Q(1, 4)
    assert dk.directional_derivative(S, [-1]).value == 0


def test_faces_that_are_products():
    f = formula(
        "t1*(d1 - 1)**2*0 + t1*d1 + t2*d2*d3 - d4**2",
        ["t1", "t2"],
        ["d1", "d2", "d3", "d4"],
        dk.Product(UNIT, dk.Simplex(2), dk.Interval(-1, 1)),
    )
    S = dk.maximizers(f, [0, 0])
    assert S.complete
    assert not S.spans
    assert S.faces == (dk.Product(UNIT, dk.Simplex(2), dk.FiniteSet([[0]])),)
    D = dk.directional_derivative(S, [0, 1])
    assert (D.value, D.bound) == (Q(1, 4), "exact")


def test_several_faces_each_with_its_own_gradients():
    """-d1 d2 on the square is largest on two edges."""
    f = formula("-d1*d2 + t1*d1 + t2*d2", ["t1", "t2"], ["d1", "d2"], dk.Box([0, 0], [1, 1]))
    S = dk.maximizers(f, [0, 0])
    assert S.spans
    assert len(S.faces) == 2
    assert set(S.exact_gradients) == {(0, 0), (1, 0), (0, 1)}
    assert dk.directional_derivative(S, [1, 1]).value == s(2) / 2


def test_an_undecided_order_of_faces_is_no_exact_bound():
    """Gradients of two points compared through Machin's formula, which is not decided here."""
    f = formula(
        "t1*d + t2*(4*atan(1/5) - atan(1/239) - pi/4)*d",
        ["t1", "t2"],
        ["d"],
        dk.FiniteSet([[0], [1]]),
    )
    S = dk.maximizers(f, [0, 0])
    D = dk.directional_derivative(S, [0, 1])
    assert D.sign is None or isinstance(D.value, float)
    assert abs(float(D)) <= max(D.error, 1e-300) * 2


# --- what is claimed -----------------------------------------------------------------------------

COMPLETE = {
    "affine on a box": ("t*(d1-d2)", ["d1", "d2"], dk.Box([0, 0], [1, 1])),
    "affine on a ball": ("t*(d1-d2)", ["d1", "d2"], dk.Ball([0, 0], "sqrt(2)")),
    "affine on an l1 ball": ("t*(d1-d2)", ["d1", "d2"], dk.Ball([0, 0], 1, 1)),
    "affine on a simplex": ("t*d1 - d2", ["d1", "d2", "d3"], dk.Simplex(3)),
    "polynomial": ("cbrt2*t*d**5 - sqrt(3)*d**2 + d/7", ["d"], dk.Interval("-pi", "E")),
    "separable": ("t*d1**3 - d1 + sqrt(5)*d2**4 - d2", ["d1", "d2"], dk.Box([-1, -1], [1, 2])),
    "finite": ("sin(t*d) + exp(-d)", ["d"], dk.FiniteSet([[0], [1], ["pi"]])),
    "product": ("t*d1*d3 + d2", ["d1", "d2", "d3"], dk.Product(dk.Simplex(2), UNIT)),
    "convex": ("exp(t*d) + exp(-t*d)", ["d"], dk.Interval(-1, 1)),
}


@pytest.mark.parametrize(("g", "delta", "domain"), COMPLETE.values(), ids=COMPLETE.keys())
@pytest.mark.parametrize("theta", ["0", "1/3", "-sqrt(2)"])
def test_the_promised_classes_are_complete(g, delta, domain, theta):
    f = formula(g, ["t"], delta, domain, {"cbrt2": "2**(1/3)"})
    S = dk.maximizers(f, [theta])
    assert S.complete
    values = f.values(S.theta, domain.sample(np.random.default_rng(0), 5000))
    assert values.max() <= S.value + 1e-12 * (1 + abs(S.value))
    np.testing.assert_allclose(f.values(S.theta, S.deltas), S.value, atol=1e-12)
    np.testing.assert_allclose(f.gradients(S.theta, S.deltas), S.gradients, atol=1e-11)


@pytest.mark.parametrize(
    ("g", "delta", "domain"),
    [
        ("t*sin(d)", ["d"], dk.Interval(0, 3)),
        ("t*d1*d2", ["d1", "d2"], dk.Ball([0, 0], 1)),
        ("tanh(d1*t) + cos(d2)", ["d1", "d2"], dk.Box([0, 0], [1, 1])),
    ],
)
def test_elsewhere_nothing_is_claimed(g, delta, domain):
    S = dk.maximizers(formula(g, ["t"], delta, domain), [1])
    assert not S.complete
    assert S.exact_gradients is None
    assert S.exact_value is None
    assert dk.directional_derivative(S, [1]).bound == "lower"
    assert dk.steepest_descent(S).bound == "lower"


def test_callables_on_a_finite_set():
    """All points are asked. Values that agree only to rounding leave the tie open."""
    points = dk.FiniteSet([[0], [1], [2]])
    exactly = dk.MinMaxObjective(lambda t, d: t[0] * d[0], lambda t, d: d, points, theta_dim=1)
    S = dk.maximizers(exactly, [0.0])
    assert (len(S), S.complete) == (3, True)
    nearly = dk.MinMaxObjective(
        lambda t, d: 0.3 if d[0] == 0 else 0.1 + 0.2 if d[0] == 1 else 0.0,
        lambda t, d: d,
        points,
        theta_dim=1,
    )
    S = dk.maximizers(nearly, [0.0])
    assert (len(S), S.complete) == (2, False)


@given(st.permutations(range(3)), st.sampled_from([-20, 3, 40]))
def test_permuting_coordinates_and_scaling_values(order, power):
    """Metamorphic: names of coordinates do not matter, a positive factor does not either."""
    base = "t1*d1*d2 - t2*d3**2 + d1 - d2*{} + t1*d3"
    names = ["d1", "d2", "d3"]
    f = formula(base.format("t2"), ["t1", "t2"], names, dk.Box([-1] * 3, [1] * 3))
    g = formula(
        f"2**{power}*({base.format('t2')})",
        ["t1", "t2"],
        [names[i] for i in order],
        dk.Box([-1] * 3, [1] * 3),
    )
    theta = ["1/2", "-1/3"]
    S, R = dk.maximizers(f, theta), dk.maximizers(g, theta)
    assert {tuple(p[i] for i in order) for p in S.exact_deltas} == set(R.exact_deltas)
    assert R.value == pytest.approx(2.0**power * S.value)
    assert float(dk.directional_derivative(R, [1, 2])) == pytest.approx(
        2.0**power * float(dk.directional_derivative(S, [1, 2]))
    )


def test_duplicated_points_of_a_finite_set_count_once():
    f = formula("t*d", ["t"], ["d"], dk.FiniteSet([[1], [1], ["2/2"]]))
    assert len(dk.maximizers(f, [1])) == 1


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_danskin_against_difference_quotients(seed):
    """(phi(theta + t gamma) - phi(theta)) / t -> D, with planted ties, in every class."""
    rng = np.random.default_rng(seed)
    pick = lambda *options: options[int(rng.integers(len(options)))]  # noqa: E731
    a, b = pick("t1", "(t1-t2)", "(1+t1)", "t1*t2"), pick("t2", "(2-t2**2)", "sqrt(2)", "-t1")
    g, delta, domain = pick(
        (f"d1*d2*{a} - d1*d3*{b} + d2*{a}", ["d1", "d2", "d3"], dk.Box([0] * 3, [1] * 3)),
        (f"d**3*{a} - d*{b} + d**2", ["d"], dk.Interval(-1, "sqrt(2)")),
        (f"xlogx(d1) + xlogx(d2) + d1*{a} + d2*{b}", ["d1", "d2"], dk.Simplex(2)),
        (f"cosh(d1-d2) + {a}*d1 + {b}*d2", ["d1", "d2"], dk.Box([-1, -1], [1, 1])),
        (f"sin(d)*{a} + d*{b}", ["d"], dk.FiniteSet([[0], [1], [-1], ["pi"]])),
        (f"d1*{a} + d2*{b}", ["d1", "d2"], dk.Ball([0, 1], 2)),
        (f"sin(3*d + {a})*{b} + cos(2*d)", ["d"], dk.Interval(-2, 2)),
    )
    f = formula(g, ["t1", "t2"], delta, domain)
    theta = [pick("0", "1/2", "1", "-1"), pick("0", "1", "-1/2")]
    gamma = np.array([pick(1.0, -1.0, 2.0), pick(0.0, 1.0, -2.0)])
    D = dk.directional_derivative(dk.maximizers(f, theta), gamma)
    x, unit, t = np.array([float(Q(v)) for v in theta]), gamma / np.linalg.norm(gamma), 1e-6
    quotient = (f.robust_value(x + t * unit) - f.robust_value(x)) / t
    if D.bound == "exact":
        assert quotient == pytest.approx(float(D), abs=3e-5)
    else:
        assert quotient >= float(D) - 3e-5


# --- the object ----------------------------------------------------------------------------------


def test_frozen_pickles_and_speaks():
    f = formula("t*d", ["t"], ["d"], dk.Interval(-1, 1))
    S = dk.maximizers(f, [0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        S.complete = False
    again = pickle.loads(pickle.dumps(S))
    assert again.exact_gradients == S.exact_gradients
    assert again.faces == S.faces
    assert "complete=True" in repr(S)
    assert S.to_dict()["faces"] == [{"box": [["-1", "1"]]}]
    assert len(S) == 2


def test_the_default_search_repeats_and_a_generator_is_used():
    f = formula("sin(3*d1 + t)*cos(d2*d1)", ["t"], ["d1", "d2"], dk.Box([-2, -2], [2, 2]))
    np.testing.assert_array_equal(dk.maximizers(f, [1]).deltas, dk.maximizers(f, [1]).deltas)
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state["state"]["state"]
    dk.maximizers(f, [1], rng=rng)
    assert rng.bit_generator.state["state"]["state"] != before


def test_the_name_is_the_function_whatever_was_imported_before():
    """Importing any module above binds the submodule `danskin.maximizers` in the package."""
    program = """
import danskin as dk
dk.directional_derivative
from danskin.maximizers import MaximizerSet
f = dk.MinMaxObjective.from_expression("t*d", ["t"], ["d"], dk.Interval(0, 1))
assert isinstance(dk.maximizers(f, [1]), MaximizerSet)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_hulls_of_tied_vertices():
    S = dk.maximizers(formula("t*d1 + d2 + d3", ["t"], ["d1", "d2", "d3"], dk.Simplex(3)), [0])
    assert S.faces == (Hull([[0, 1, 0], [0, 0, 1]]),)


@pytest.mark.parametrize(
    "theta", [[0], [0, 0, 0], [math.nan, 0], None, "ab", [[0, 0]], object(), [1j, 0]]
)
def test_bad_theta(theta):
    f = formula("t1*d + t2", ["t1", "t2"], ["d"], UNIT)
    with pytest.raises(InvalidInputError, match=r"^theta"):
        dk.maximizers(f, theta)


@pytest.mark.parametrize("f", ["f", None, 3, [1]])
def test_bad_objective(f):
    with pytest.raises(InvalidInputError, match=r"^f"):
        dk.maximizers(f, [0])


@pytest.mark.parametrize(
    ("g", "theta"),
    [("d/t", 0), ("log(t)*d", 0), ("sqrt(t)*d", -1), ("sqrt(t)*d", 0), ("tan(t)*d", "pi/2")],
)
def test_an_undefined_objective_or_gradient_is_an_error(g, theta):
    with pytest.raises(InvalidInputError, match="theta"):
        dk.maximizers(formula(g, ["t"], ["d"], UNIT), [theta])


def test_too_many_joint_maximizers_are_not_listed_but_handled():
    f = formula("t*d", ["t"], ["d"], dk.Interval(-1, 1))
    S = dk.maximizers(dk.BatchObjective([f] * 14), [0])
    assert S.complete
    assert dk.directional_derivative(S, [1]).value == 1
    with pytest.raises(InvalidInputError, match="samples"):
        _ = S.gradients


def test_a_notebook_shows_the_blackboard_form():
    """LaTeX with balanced braces; exact numbers where they are known, an honest relation."""
    f = dk.MinMaxObjective.from_expression(
        "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)", ["t1", "t2"], ["d"], dk.Interval(0, 1)
    )
    S = dk.maximizers(f, ["1/2", 0])
    proved = S._repr_latex_()
    assert r"\frac{5}{4}" in proved
    assert "all, proved" in proved
    searched = dk.maximizers(
        dk.MinMaxObjective.from_expression("t*cos(d)", ["t"], ["d"], dk.Interval(-1, 1)), [1]
    )._repr_latex_()
    assert r"\ge 1" in searched
    best = dk.steepest_descent(S)._repr_latex_()
    assert r"\left(-1, 0\right)" in best
    uphill = dk.single_gradient(S, 0).derivative._repr_latex_()
    assert r"\frac{3 \sqrt{5}}{5}" in uphill
    for text in (proved, searched, best, uphill):
        assert text.count("{") == text.count("}")
        assert text.startswith("$")
        assert text.endswith("$")
