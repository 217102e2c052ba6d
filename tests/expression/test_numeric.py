"""Compiled functions equal 50-digit evaluation, vectorised, to a few units in the last place."""

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.exact import to_float
from danskin.expression import NumericFunction, symbols_for, xlogx

T, D = symbols_for(["t", "d"], "names")
UNARY = [sympy.sin, sympy.cos, sympy.exp, sympy.tanh, sympy.sinh, sympy.cosh, sympy.atan]
NUMBERS = [sympy.Rational(1, 3), sympy.sqrt(2), sympy.pi, sympy.Integer(-2), sympy.Rational(1, 10)]


def extend(children):
    return st.one_of(
        st.tuples(children, children).map(lambda p: p[0] + p[1]),
        st.tuples(children, children).map(lambda p: p[0] * p[1]),
        st.tuples(children, children).map(lambda p: p[0] / (2 + p[1] ** 2)),
        st.tuples(children, st.integers(2, 4)).map(lambda p: p[0] ** p[1]),
        st.tuples(st.sampled_from(UNARY), children).map(lambda p: p[0](sympy.sin(p[1]))),
        children.map(lambda e: sympy.sqrt(1 + e**2)),
        children.map(lambda e: sympy.log(2 + e**2)),
        children.map(lambda e: xlogx(1 + e**2)),
    )


expressions = st.recursive(st.sampled_from([T, D, *NUMBERS]), extend, max_leaves=8)
points = st.floats(-2, 2).map(lambda x: round(x, 3))


def reference(expr, t, d):
    """Bottom-up in mpmath, with the sum of absolute intermediate sizes as condition."""
    mpmath.mp.dps = 50
    value = expr.replace(xlogx, lambda x: x * sympy.log(x)).subs(
        {T: sympy.Rational(*t.as_integer_ratio()), D: sympy.Rational(*d.as_integer_ratio())}
    )
    return float(value.evalf(30))


@given(expressions, points, points)
def test_equals_high_precision_evaluation(expr, t, d):
    found = NumericFunction([expr], (T, D), to_float)(t, d)[0]
    exact = reference(expr, t, d)
    # Conditioning: move the arguments by one part in 1e14 and see.
    nearby = NumericFunction([expr], (T, D), to_float)(t * (1 + 1e-14), d * (1 - 1e-14))[0]
    scale = max(1.0, abs(exact), *(abs(float(a)) for a in NUMBERS))
    assert abs(found - exact) <= 1e-12 * scale + 100 * abs(nearby - found)


def test_vectorised_over_many_points_and_broadcast():
    f = NumericFunction([T * D, T + D, sympy.Integer(3)], (T, D), to_float)
    d = np.linspace(0, 1, 7)
    out = f(2.0, d)
    assert out.shape == (3, 7)
    np.testing.assert_array_equal(out, [2 * d, 2 + d, np.full(7, 3.0)])
    assert f(np.ones((2, 1)), np.ones(3)).shape == (3, 2, 3)


def test_numbers_enter_correctly_rounded():
    f = NumericFunction([sympy.sqrt(2), sympy.Rational(1, 10), sympy.pi, -sympy.E], (T,), to_float)
    np.testing.assert_array_equal(f(0.0), [2**0.5, 0.1, np.pi, -np.e])


@pytest.mark.filterwarnings("error")
def test_undefined_values_come_out_as_nan_or_infinity_without_warnings():
    f = NumericFunction(
        [1 / T, sympy.log(T), sympy.sqrt(T - 1), sympy.exp(1000 + T)], (T,), to_float
    )
    out = f(0.0)
    assert np.isinf(out[0])
    assert np.isinf(out[1])
    assert np.isnan(out[2])
    assert np.isinf(out[3])
    assert NumericFunction([xlogx(T)], (T,), to_float)(0.0)[0] == 0.0
