"""Polynomials on an interval: the whole argmax set, against critical points at 50 digits."""

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.argmax.univariate import maximize_polynomial
from danskin.exact import compare, enclose
from danskin.sets import FiniteSet, Interval

X = sympy.Symbol("x")
s, Q = sympy.sqrt, sympy.Rational
PLACES = [Q(-1), Q(-1, 2), Q(0), Q(1, 3), Q(3, 4), Q(1)]


def digits(number):
    return mpmath.mpf(enclose(sympy.S(number), 400).str(60, radius=False))


def terms(expr):
    return {m[0]: c for m, c in sympy.Poly(sympy.expand(expr), X).terms() if c != 0}


def brute_force(coefficients, lo, hi):
    """Value and maximizers, from all complex roots of the derivative at 50 digits."""
    mpmath.mp.dps = 50
    slope = {i - 1: digits(i * c) for i, c in coefficients.items() if i}
    lo, hi = digits(lo), digits(hi)
    points = [lo, hi]
    if slope:
        row = [slope.get(i, mpmath.mpf(0)) for i in range(max(slope), -1, -1)]
        for r in mpmath.polyroots(row, maxsteps=1000, extraprec=800) if len(row) > 1 else []:
            if abs(mpmath.im(r)) < 1e-12 and lo < mpmath.re(r) < hi:
                points.append(mpmath.re(r))
    values = [mpmath.fsum(digits(c) * p**i for i, c in coefficients.items()) for p in points]
    best = sorted(p for p, v in zip(points, values, strict=True) if v > max(values) - 1e-20)
    return max(values), [p for i, p in enumerate(best) if not i or p - best[i - 1] > 1e-9]


def assert_argmax(coefficients, lo, hi):
    found = maximize_polynomial(coefficients, Interval(lo, hi))
    assert found is not None
    value, points = brute_force(coefficients, lo, hi)
    exact = sorted((p.exact_point()[0] for p in found), key=digits)
    assert len(exact) == len(points)
    for a, b in zip(exact, points, strict=True):
        assert abs(digits(a) - b) < 1e-11
        at = sum(c * a**i for i, c in coefficients.items())
        assert abs(digits(at) - value) < 1e-18 * (1 + abs(value))


@given(
    st.lists(st.integers(-6, 6), min_size=2, max_size=9),
    st.sampled_from([(-1, 1), (0, 1), (-2, 3)]),
)
def test_random_rational_polynomials(c, ends):
    coefficients = {i: sympy.Integer(a) for i, a in enumerate(c) if a}
    if any(coefficients.keys()):
        assert_argmax(coefficients, *ends)


@given(st.sets(st.sampled_from(PLACES), min_size=2, max_size=4), st.integers(1, 2),
       st.sampled_from([1, X**2 + 1, 2 + X]))  # fmt: skip
def test_planted_ties_are_all_found_exactly(places, order, factor):
    """-prod (x - p)^(2k) q(x), q > 0, has exactly the planted maximizers, endpoints included."""
    g = -sympy.Mul(*((X - p) ** (2 * order) for p in places)) * factor
    found = maximize_polynomial(terms(g), Interval(-1, 1))
    assert {p.exact_point()[0] for p in found} == places


@settings(max_examples=20)
@given(st.sampled_from([s(2), s(3), sympy.cbrt(2), sympy.pi, s(2 + s(2))]), st.sampled_from(PLACES))
def test_planted_ties_at_irrational_points(a, b):
    g = -((X - a / 2) ** 2) * (X - b) ** 2
    found = maximize_polynomial(terms(g), Interval(-1, 2))
    assert found is not None
    assert len(found) == 2
    for x in (a / 2, b):
        assert any(compare(p.exact_point()[0], x) == 0 for p in found)


@pytest.mark.parametrize(
    ("g", "lo", "hi"),
    [
        (s(2) * X**6 - s(3) * X**4 + X**2 / 3, -2, 2),
        (-s(2) * X**6 + s(3) * X**4 + X**2 / 3, -2, 2),
        (-s(2) * X**7 + s(3) * X**4 - X * sympy.cos(sympy.pi / 7), -1, 1),
        (-(X**4) + sympy.cbrt(2) * X**2, "-3/2", "3/2"),
        (X**30 - X**29 + X**7 / 3 - X, -1, 1),
        (-((X**2 - 2) ** 2), -2, 2),
        (-(X**2), "1/3", 1),
        (-((X - Q(1, 3)) ** 4), -1, 1),
        (X**3 - X, "-sqrt(3)/3", "2*sqrt(3)/3"),
    ],
    ids=str,
)  # fmt: skip
def test_particular_polynomials(g, lo, hi):
    interval = Interval(lo, hi)
    assert_argmax(terms(g), interval.exact_lo[0], interval.exact_hi[0])


@pytest.mark.parametrize("epsilon", ["1e-15", "1e-60", "1e-300"])
def test_near_ties_are_not_ties(epsilon):
    """Two maxima of -(x^2 - 1/4)^2, one lifted a little."""
    e = Q(epsilon)
    found = maximize_polynomial(terms(-((X**2 - Q(1, 4)) ** 2) + e * X), Interval(-1, 1))
    assert len(found) == 1
    assert float(found[0].exact_point()[0]) == pytest.approx(0.5, abs=1e-6)
    assert len(maximize_polynomial(terms(-((X**2 - Q(1, 4)) ** 2)), Interval(-1, 1))) == 2


@pytest.mark.parametrize("scale", ["1e-150", "1e150"])
def test_scaling_the_values_or_the_interval_changes_nothing(scale):
    a = sympy.Rational(scale)
    g = -((X - Q(1, 3)) ** 2) * (X + Q(1, 2)) ** 2
    found = maximize_polynomial(terms(a * g), Interval(-1, 1))
    assert {p.exact_point()[0] for p in found} == {Q(1, 3), Q(-1, 2)}
    wide = maximize_polynomial(terms(g.subs(X, X / a)), Interval(-a, a))
    assert {p.exact_point()[0] for p in wide} == {a / 3, -a / 2}


def test_constants_and_points_give_the_whole_interval():
    assert maximize_polynomial({}, Interval(0, 1)) == [Interval(0, 1)]
    assert maximize_polynomial({0: sympy.Integer(3)}, Interval(0, 1)) == [Interval(0, 1)]
    assert maximize_polynomial(terms(X**2), Interval(2, 2)) == [Interval(2, 2)]
    assert maximize_polynomial(terms(-X), Interval(0, 1)) == [FiniteSet([[0]])]


def test_endpoints_that_agree_unseen_give_one_point():
    hidden = Interval("sqrt(5 + 2*sqrt(6))", "sqrt(2) + sqrt(3)")
    assert len(maximize_polynomial(terms(X**2 - 7 * X), hidden)) == 1


def test_an_endpoint_that_is_critical_counts_once():
    found = maximize_polynomial(terms(-(X**2) * (X - 1) ** 2), Interval(0, 1))
    assert {p.exact_point()[0] for p in found} == {0, 1}
    assert len(found) == 2
