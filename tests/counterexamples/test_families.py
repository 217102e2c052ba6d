"""Each family's claimed values against computations that share nothing with danskin."""

import itertools
import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.counterexamples import (
    absolute_value,
    all_families,
    coupled_batch,
    obtuse_pair,
    orabona,
    pull_back,
    simplex_family,
    simplex_formula,
    symmetric_triple,
)
from danskin.errors import InvalidInputError
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

GRID = np.linspace(0, 1, 2001)


# --- phi, written down again from the paper, by brute force over S -------------------------------


def phi_absolute(member, theta):
    return max(theta[0] * d for d in np.linspace(-1, 1, 2001))


def phi_pair(u, v, theta):
    a, b = np.dot(theta, u), np.dot(theta, v)
    return np.max(GRID * a + (1 - GRID) * b + GRID * (GRID - 1))


def phi_obtuse(member, theta):
    u, v = (floats(member.parameters[k]) for k in "uv")
    return phi_pair(u, v, theta)


def phi_simplex(member, theta):
    """The maximum of <a, d> - H(d) is at a vertex: the function is convex on the simplex."""
    vectors = np.array([floats(v) for v in member.parameters["vectors"]])
    a = vectors @ (np.asarray(theta) - floats(member.theta0))
    return np.max(a)


def phi_orabona(member, theta):
    x, y = theta
    return np.max(GRID * (x**2 + (y + 1) ** 2) + (1 - GRID) * (x**2 + (y - 1) ** 2))


def phi_batch(member, theta):
    e, f = np.eye(len(theta))[:2]
    w = 2 * e + float(member.parameters["s"]) * f
    return (phi_pair(e + w, e - w, theta) + phi_pair(e - w, e + w, theta)) / 2


PHI = {
    "absolute_value": phi_absolute,
    "obtuse_pair": phi_obtuse,
    "simplex_family": phi_simplex,
    "orabona": phi_orabona,
    "coupled_batch": phi_batch,
}

MEMBERS = [
    absolute_value(),
    obtuse_pair(),
    obtuse_pair(cosine="-1/100", dim=3),
    obtuse_pair(cosine="-99/100"),
    obtuse_pair(cosine="-sqrt(2)/2", dim=5),
    obtuse_pair(u=["3/5", "4/5"], v=[0, -1]),
    simplex_family(),
    simplex_family(symmetric_triple()),
    simplex_family([[1, 0, 0], [-1, 1, 0], ["-1/4", "-1/8", 1]], theta0=[1, "-2/3", "1/7"]),
    simplex_family([[1], [-2]]),
    orabona(),
    orabona(0),
    orabona("-1/3"),
    orabona(1),
    orabona(-2),
    coupled_batch(),
    coupled_batch(s="-3/2"),
    coupled_batch(s="sqrt(2)", dim=3),
]


def floats(row):
    return np.array([float(x) for x in row])


def one_sided(member, direction, step=1e-6):
    """(phi(theta0 + t gamma) - phi(theta0)) / t along the unit vector."""
    phi = PHI[member.name]
    theta = floats(member.theta0)
    gamma = direction / np.linalg.norm(direction)
    return (phi(member, theta + step * gamma) - phi(member, theta)) / step


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_derivatives_against_difference_quotients(member):
    for claimed in member.derivatives:
        found = one_sided(member, floats(claimed.direction))
        assert found == pytest.approx(float(claimed.value), abs=1e-5), claimed.name


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_steepest_against_many_directions(member):
    """No direction has a smaller difference quotient than the claimed least derivative."""
    n = len(member.theta0)
    rng = np.random.default_rng(7)
    directions = rng.normal(size=(300, n)) if n > 1 else np.array([[1.0], [-1.0]])
    least = min(one_sided(member, d) for d in directions)
    if member.steepest is None:
        assert least > -1e-5
    else:
        rate = float(member.steepest.value)
        assert least > rate - 1e-5
        assert one_sided(member, floats(member.steepest.direction)) == pytest.approx(rate, abs=1e-5)


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_objective_is_the_paper_s(member):
    """phi of the objective equals the brute-force phi at random points near theta0."""
    rng = np.random.default_rng(3)
    for _ in range(3):
        theta = floats(member.theta0) + rng.normal(size=len(member.theta0)) / 4
        expected = PHI[member.name](member, theta)
        # The brute force looks at a grid of delta only.
        assert member.objective.robust_value(theta) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_claimed_values_against_danskin(member):
    verdicts = {c.name: c.verdict for c in member.compare()}
    assert set(verdicts.values()) == {Verdict.PROVED}, verdicts


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_maximizers_attain_phi(member):
    theta = floats(member.theta0)
    phi = PHI[member.name](member, theta)
    for delta, gradient in zip(member.maximizers, member.gradients, strict=True):
        assert member.objective.value(theta, floats(delta)) == pytest.approx(phi, abs=1e-12)
        computed = member.objective.grad_theta(theta, floats(delta))
        np.testing.assert_allclose(computed, floats(gradient), atol=1e-12)


def test_runs_of_the_coupled_batch_see_one_gradient():
    member = coupled_batch(s=5)
    seen = [member.objective.grad_theta([0, 0], floats(run)) for run in member.runs]
    np.testing.assert_allclose(seen, [[1, 0], [1, 0]])


# --- properties ----------------------------------------------------------------------------------

rationals = st.fractions(min_value="-9/10", max_value="-1/10", max_denominator=20)


@given(c=rationals, dim=st.integers(2, 4))
@settings(max_examples=15)
def test_pair_depends_on_the_cosine_alone(c, dim):
    """D(-u) = D(-v) = -c, D(-(u+v)) = -sqrt((1+c)/2), in every dimension."""
    member = obtuse_pair(cosine=c, dim=dim)
    assert member.derivative("-u").value == -sympy.Rational(c.numerator, c.denominator)
    assert float(member.derivative("-(u+v)").value) == pytest.approx(-math.sqrt((1 + c) / 2))
    for d in member.derivatives:
        assert one_sided(member, floats(d.direction)) == pytest.approx(float(d.value), abs=1e-5)


@given(t=st.fractions(min_value=-3, max_value=3, max_denominator=12))
@settings(max_examples=15)
def test_orabona_ascends_iff_inside(t):
    rate = orabona(t).derivative("-grad at delta=1").value
    assert (rate > 0) == (abs(t) < 1)
    assert (rate == 0) == (abs(t) == 1)


def test_pull_back_is_the_chain_rule():
    """The gradient of the pulled-back objective is C V at every point, not only at theta0."""
    formula = simplex_formula(3)
    V = np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, -3.0]])
    start = np.array([0.5, -0.25])
    f = pull_back(formula, V.tolist(), start)
    rng = np.random.default_rng(0)
    theta, delta = rng.normal(size=2), rng.dirichlet(np.ones(3))
    features = V @ (theta - start)
    np.testing.assert_allclose(f.grad_theta(theta, delta), formula.grad_theta(features, delta) @ V)
    assert f.value(theta, delta) == pytest.approx(formula.value(features, delta))


def test_pull_back_avoids_the_names_of_delta():
    formula = MinMaxObjective.from_expression("a*t1", ["a"], ["t1"], Interval(-1, 1))
    assert pull_back(formula, [[1, 2]]).value([3, 1], [1]) == pytest.approx(5)


def test_registry():
    names = [f.name for f in all_families()]
    assert names == ["absolute_value", "obtuse_pair", "simplex_family", "orabona", "coupled_batch"]
    for family in all_families():
        member = family()
        assert (member.name, member.source) == (family.name, family.source)
        assert member.latex == family.latex
        assert member._repr_latex_().startswith("$")
        assert set(member.to_dict()) >= {"name", "maximizers", "gradients", "derivatives"}


# --- invalid parameters --------------------------------------------------------------------------

BAD = [
    (lambda: obtuse_pair(cosine="1/2"), "cosine", "not obtuse"),
    (lambda: obtuse_pair(cosine=0), "cosine", "not obtuse"),
    (lambda: obtuse_pair(cosine=-1), "cosine", "opposite"),
    (lambda: obtuse_pair(cosine=-2), "cosine", "not the cosine"),
    (lambda: obtuse_pair(cosine="x"), "cosine", "unknown name"),
    (lambda: obtuse_pair(u=[1, 0], v=[0, 1]), "v", "not obtuse"),
    (lambda: obtuse_pair(u=[1, 0], v=[-1, 0]), "v", "opposite"),
    (lambda: obtuse_pair(u=[1, 1], v=[-1, 0]), "u", "not a unit vector"),
    (lambda: obtuse_pair(u=[0.6, 0.8], v=[0, -1]), "u", "not a unit vector"),
    (lambda: obtuse_pair(u=[1, 0], v=[-1]), "v", "1 entry"),
    (lambda: obtuse_pair(u=[1], v=[-1]), "u", "n >= 2"),
    (lambda: obtuse_pair(u=[1, 0]), "v", "missing"),
    (lambda: obtuse_pair(u=[1, 0], v=["-1/2", "sqrt(3)/2"], cosine="-1/2"), "cosine", "as well"),
    (lambda: obtuse_pair(cosine="-1/2", dim=1), "dim", "at least 2"),
    (lambda: obtuse_pair(cosine="-1/2", dim=2.0), "dim", "at least 2"),
    (lambda: simplex_family([[1, 0], [0, 1]]), "vectors[0]", "no partner"),
    (lambda: simplex_family([[1, 0]]), "vectors[0]", "no partner"),
    (lambda: simplex_family([[1, 0], [-1, 0], [0, 1]]), "vectors[2]", "no partner"),
    (lambda: simplex_family([[1, 0], [-1]]), "vectors", "differ in length"),
    (lambda: simplex_family([]), "vectors", "empty"),
    (lambda: simplex_family("no"), "vectors", "not a list"),
    (lambda: simplex_family([[1, 0], [-1, 0]], theta0=[0]), "theta0", "not 2"),
    (lambda: simplex_formula(0), "count", "from 1"),
    (lambda: orabona(float("nan")), "theta1", "not finite"),
    (lambda: coupled_batch(s=0), "s", "hull contains 0"),
    (lambda: coupled_batch(s="sqrt(2) - sqrt(2)"), "s", "hull contains 0"),
    (lambda: coupled_batch(dim=1), "dim", "at least 2"),
    (lambda: pull_back(simplex_formula(2), [[1, 0]]), "vectors", "2 features"),
    (lambda: obtuse_pair().derivative("-w"), "name", "no direction"),
]


@pytest.mark.parametrize(("make", "argument", "why"), BAD)
def test_invalid_parameters_say_why(make, argument, why):
    with pytest.raises(InvalidInputError) as caught:
        make()
    assert caught.value.argument == argument
    assert why in str(caught.value)


def test_hull_with_0_is_refused_with_the_weights_that_show_it():
    triple = symmetric_triple()
    assert simplex_family(triple).steepest is None
    with pytest.raises(InvalidInputError, match=r"1/3, 1/3, 1/3.*no direction") as caught:
        simplex_family(triple, require_descent=True)
    assert caught.value.argument == "vectors"


@pytest.mark.parametrize("height", ["1/10", "1/2", "7/10"])
def test_lifted_triple_keeps_obtuse_pairs_and_gains_a_descent_direction(height):
    rows = [floats(v) for v in symmetric_triple(height)]
    assert all(np.dot(a, b) < 0 for a, b in itertools.combinations(rows, 2))
    member = simplex_family(symmetric_triple(height), require_descent=True)
    assert float(member.steepest.value) == pytest.approx(-float(sympy.Rational(height)))
