"""The search: global maxima of multimodal functions, to 1e-9, ties kept, nothing claimed."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.argmax import maximize, numeric_argmax, projected_ascent
from danskin.argmax.ascent import differences
from danskin.errors import InvalidInputError
from danskin.sets import Ball, Box, FiniteSet, Interval, Product, Simplex

D = sympy.symbols("d0:3")
d0, d1, d2 = D
sin, cos, exp, tanh = sympy.sin, sympy.cos, sympy.exp, sympy.tanh
pi, Q = math.pi, sympy.Rational

KNOWN = {
    "cos with three maxima": (cos(d0), Interval(-10, 10), [[-2 * pi], [0], [2 * pi]]),
    "cos on [-4, 4]": (cos(d0), Interval(-4, 4), [[0]]),
    "endpoint": (exp(d0) * sin(d0), Interval(0, 1), [[1]]),
    "sin(50 d)": (sin(50 * d0), Interval(0, 1), [[pi / 100 + 2 * pi * k / 50] for k in range(8)]),
    "sin(3 d0) cos(2 d1)": (
        sin(3 * d0) * cos(2 * d1), Box([-4, -4], [4, 4]),
        [[(pi / 2 + 2 * pi * i) / 3, pi * j] for i in range(-2, 2) for j in (-1, 0, 1)]
        + [[(-pi / 2 + 2 * pi * i) / 3, pi * (j + 0.5)] for i in range(-1, 3) for j in (-1, 0)],
    ),
    "three sines": (
        sin(d0) * sin(d1) * sin(d2), Box([-3] * 3, [3] * 3),
        [[a * pi / 2, b * pi / 2, a * b * pi / 2] for a in (1, -1) for b in (1, -1)],
    ),
    "disc boundary": (sin(d0) + d1 - d1, Ball([0, 0], 1), [[1, 0]]),
    "on the sphere": (cos(d0 - d1) + d0 + d1, Ball([0, 0], 1), [[0.5**0.5, 0.5**0.5]]),
    "simplex": (cos(d0 - d1) + sin(d0 * d1), Simplex(3), [[0.5, 0.5, 0]]),
    "Rosenbrock": (-((1 - d0) ** 2) - 100 * (d1 - d0**2) ** 2, Box([-2, -2], [2, 2]), [[1, 1]]),
    "narrow peak": (exp(-400 * ((d0 - Q(7, 10)) ** 2 + (d1 + Q(3, 10)) ** 2)) + cos(d0 * d1) / 2,
                    Box([-2, -2], [2, 2]), None),
    "product": (sin(d0) * cos(d1) + d2 * d0, Product(Interval(-2, 2), Ball([0, 0], 1)), None),
}  # fmt: skip


@pytest.mark.parametrize(("expr", "domain", "points"), KNOWN.values(), ids=KNOWN.keys())
def test_known_maxima(expr, domain, points):
    found = maximize(sympy.S(expr), D[: domain.dim], domain)
    assert not found.complete
    assert found.exact_value is None
    if points is None:
        f = sympy.lambdify(D[: domain.dim], expr, "numpy")
        samples = domain.sample(np.random.default_rng(1), 200_000)
        assert found.value >= np.max(f(*samples.T))
        return
    assert len(found.points) == len(points)
    for p in np.array(points, dtype=float):
        assert np.linalg.norm(found.points - p, axis=1).min() < 1e-9


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(-2, 2), st.floats(0.5, 6), st.floats(0, 6)), min_size=1, max_size=4
    )
)
def test_mixtures_on_a_line_against_a_dense_grid(parts):
    expr = sum(sympy.Float(a) * sin(sympy.Float(w) * d0 + sympy.Float(p)) for a, w, p in parts)
    expr = sympy.S(expr) + tanh(d0) / 3
    found = maximize(expr.xreplace({f: sympy.Rational(str(f)) for f in expr.atoms(sympy.Float)}),
                     (d0,), Interval(-3, 3))  # fmt: skip
    x = np.linspace(-3, 3, 200_001)
    y = sum(a * np.sin(w * x + p) for a, w, p in parts) + np.tanh(x) / 3
    assert found.value >= y.max() - 1e-13
    assert found.value <= y.max() + 1e-6


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.sampled_from(["box", "ball", "simplex"]))
def test_mixtures_in_the_plane_against_dense_samples(seed, kind):
    rng = np.random.default_rng(seed)
    domain = {"box": Box([-2, -2], [2, 2]), "ball": Ball([0, 0], 2), "simplex": Simplex(2)}[kind]
    a, w = rng.normal(size=3), rng.integers(1, 4, size=(3, 2))
    p = [sympy.Rational(int(x), 7) for x in rng.integers(0, 40, size=3)]
    c = [sympy.Rational(str(round(x, 3))) for x in a]
    expr = sum(c[i] * sin(int(w[i, 0]) * d0 + int(w[i, 1]) * d1 + p[i]) for i in range(3)) + cos(
        d0 * d1
    )
    found = maximize(expr, D[:2], domain)
    y = sympy.lambdify(D[:2], expr, "numpy")(*domain.sample(rng, 300_000).T)
    assert found.value >= y.max() - 1e-13
    assert found.value <= y.max() + 1e-2
    assert all(domain.contains(x, 1e-12) for x in found.points)


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_scales_of_values_and_of_the_set(scale):
    def value(points):
        return scale * np.sin(3 * points[:, 0] / scale) * np.cos(points[:, 1])

    domain = Box([-scale, -1], [scale, 2])
    found = numeric_argmax(value, None, None, domain, np.random.default_rng(0))
    assert found.value == pytest.approx(scale, rel=1e-12)
    assert found.points[0, 0] / scale == pytest.approx(pi / 6, abs=1e-7)


def test_an_infinite_set_of_maximizers_is_pointed_out():
    found = maximize(-((d0**2 + d1**2 - 1) ** 2), D[:2], Box([-2, -2], [2, 2]))
    assert "infinite set" in found.method
    assert np.abs(np.linalg.norm(found.points, axis=1) - 1).max() < 1e-4


def test_the_search_repeats():
    runs = [maximize(sin(d0) * cos(d1 * d0), D[:2], Box([-3, -3], [3, 3])) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].points, runs[1].points)


@pytest.mark.parametrize(
    ("expr", "domain"),
    [(1 / d0, Interval(-1, 1)), (1 / (d0 - sympy.Rational(1, 3)), Interval(0, 1)),
     (1 / (d0 - sympy.sqrt(2) / 2) ** 2, Interval(0, 1)), (sympy.tan(d0), Interval(0, 3)),
     (sympy.log(d0), Interval(-1, 1)), (sympy.sqrt(d0), Interval(-1, 1)),
     (1 / (d0 + d1), Box([-1, -1], [1, 1])), (1 / (d0 - d1), Simplex(2)),
     (1 / d0, FiniteSet([[0], [1]])), (sympy.exp(2000 * d0), Interval(0, 1)),
     (1 / d0, Product(Interval(-1, 1), FiniteSet([[0], [1]])))],
    ids=str,
)  # fmt: skip
def test_poles_and_undefined_values_are_errors(expr, domain):
    with pytest.raises(InvalidInputError, match="value"):
        maximize(expr, D[: domain.dim], domain)


def test_products_too_long_to_differentiate_are_maximised_all_the_same():
    expr = sympy.Mul(*(sin(i * d0 + 1) + 2 for i in range(1, 120)))
    found = maximize(expr, (d0,), Interval(0, 1))
    x = np.linspace(0, 1, 20_001)
    y = np.prod([np.sin(i * x + 1) + 2 for i in range(1, 120)], axis=0)
    assert found.value >= y.max() * (1 - 1e-12)


@pytest.mark.parametrize("domain", [Interval(0, 2), Box([0, -1], [1, 1]), Simplex(3)], ids=repr)
def test_differences_ask_only_inside_the_set(domain):
    asked = []

    def value(points):
        asked.append(points.copy())
        return (points**2).sum(axis=1)

    rng = np.random.default_rng(0)
    points = np.vstack([domain.sample(rng, 20), [[float(c) for c in v] for v in domain.vertices()]])
    found = differences(value, domain)(points)
    assert all(domain.contains(x, 1e-12) for rows in asked for x in rows)
    exact = 2 * points
    if isinstance(domain, Simplex):
        exact = exact - (exact * points).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, exact, atol=1e-8)


def test_projected_ascent_never_descends_and_stays_inside():
    domain = Ball([0, 0], 1)
    value = lambda x: np.sin(3 * x[:, 0]) + x[:, 1]  # noqa: E731
    slope = lambda x: np.stack([3 * np.cos(3 * x[:, 0]), np.ones(len(x))], axis=1)  # noqa: E731
    starts = domain.sample(np.random.default_rng(0), 30)
    end = projected_ascent(value, slope, starts, domain, 60)
    assert (value(end) >= value(starts)).all()
    assert all(domain.contains(x, 1e-12) for x in end)


def test_a_kink_is_found_sharply_without_a_gradient():
    found = numeric_argmax(
        lambda x: -np.abs(x[:, 0] - 0.3), None, None, Interval(-4, 4), np.random.default_rng(0)
    )
    assert found.points[0, 0] == pytest.approx(0.3, abs=1e-12)
