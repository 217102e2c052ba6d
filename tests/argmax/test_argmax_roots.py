"""All real roots are among those returned, whatever the coefficients."""

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.argmax.roots import real_roots
from danskin.exact import enclose, sign

X = sympy.Symbol("x")
s, Q = sympy.sqrt, sympy.Rational
IRRATIONAL = [s(2), s(3), s(6), sympy.cbrt(2), s(2 + s(2)), s(2 - s(2)), sympy.cos(sympy.pi / 7),
              sympy.CRootOf(X**3 - X - 1, 0), 1 / s(5), 1 / (1 + s(2))]  # fmt: skip


def digits(number):
    return mpmath.mpf(enclose(number, 400).str(70, radius=False))


def numeric_roots(coefficients):
    mpmath.mp.dps = 60
    top = max(coefficients)
    values = [digits(sympy.S(coefficients.get(i, 0))) for i in range(top, -1, -1)]
    found = mpmath.polyroots(values, maxsteps=1000, extraprec=1000) if top else []
    return [mpmath.re(r) for r in found if abs(mpmath.im(r)) < mpmath.mpf(10) ** -18]


def assert_all_there(coefficients):
    found = real_roots(coefficients)
    assert found is not None
    floats = [digits(r) for r in found]
    for r in numeric_roots(coefficients):
        assert min(abs(r - f) for f in floats) < mpmath.mpf(10) ** -12


@given(st.lists(st.fractions(-5, 5, max_denominator=6), min_size=2, max_size=12))
def test_rational(coefficients):
    kept = {i: Q(c.numerator, c.denominator) for i, c in enumerate(coefficients) if c}
    if kept:
        assert_all_there(kept)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from([*IRRATIONAL[:6], Q(1), Q(2, 3)]), st.integers(-3, 3)),
                min_size=2, max_size=4))  # fmt: skip
def test_algebraic(pairs):
    kept = {i: k * c for i, (c, k) in enumerate(pairs) if k}
    if kept and len({c for c, k in pairs if k and c.is_irrational}) <= 2:
        assert_all_there(kept)


@pytest.mark.parametrize(
    "coefficients",
    [
        {3: s(2), 1: -s(3), 0: sympy.cbrt(2)},
        {5: s(2), 2: s(3), 0: -Q(1, 3)},
        {4: s(2 + s(2)), 1: -s(2 - s(2)), 0: Q(1, 7)},
        {3: sympy.cos(sympy.pi / 7), 2: -sympy.cos(2 * sympy.pi / 7), 0: Q(1, 5)},
        {3: sympy.CRootOf(X**3 - X - 1, 0), 1: -2, 0: Q(1, 3)},
        {3: 1 / s(5), 2: 1 / (1 + s(2)), 0: -1},
        {6: s(2), 4: -s(3), 2: Q(1, 3)},
        {4: 1, 2: -2 * s(2), 0: 2},
        {30: 1, 29: -2, 7: 3, 1: -1, 0: Q(1, 9)},
    ],
    ids=str,
)
def test_particular(coefficients):
    assert_all_there({i: sympy.S(c) for i, c in coefficients.items()})


@pytest.mark.parametrize("c", [sympy.pi, sympy.E, sympy.log(2)], ids=str)
def test_transcendental_coefficients_where_factors_are_quadratic(c):
    polynomial = sympy.Poly(sympy.expand((X - c) * (X + c / 2) * (X**2 - c * X - 1)), X)
    coefficients = {m[0]: a for m, a in polynomial.terms()}
    found = real_roots(coefficients)
    assert found is not None
    assert any(sign(r - c) == 0 for r in found)
    assert any(sign(r + c / 2) == 0 for r in found)


def test_a_common_irrational_factor_with_dependent_radicals_is_divided_out():
    """The norm of (ab + sqrt 2)(x^3 - 3x + 1) with ab = sqrt 2 vanishes identically."""
    c = s(2 + s(2)) * s(2 - s(2)) + s(2)
    assert_all_there({3: c, 1: -3 * c, 0: c})


def test_beyond_exact_isolation_is_none():
    assert real_roots({3: sympy.pi, 1: sympy.Integer(1), 0: sympy.Integer(-1)}) is None
