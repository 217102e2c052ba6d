"""Compiled functions equal 50-digit evaluation, vectorised, to a few units in the last place."""

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.exact import to_float
from danskin.expression import NumericFunction, symbols_for, xlogx
from danskin.expression.functions import NUMPY_FUNCTIONS

T, D = symbols_for(["t", "d"], "names")
UNARY = [sympy.sin, sympy.cos, sympy.exp, sympy.tanh, sympy.sinh, sympy.cosh, sympy.atan]
NUMBERS = [sympy.Rational(1, 3), sympy.sqrt(2), sympy.pi, sympy.Integer(-2), sympy.Rational(1, 10)]


def random_expression(rng, depth):
    """A tree of operations that are defined everywhere; every kind is equally likely."""
    if depth == 0 or rng.uniform() < 0.1:
        return [T, D, T, D, *NUMBERS][int(rng.integers(4 + len(NUMBERS)))]
    a = random_expression(rng, depth - 1)
    b = random_expression(rng, depth - 1)
    options = [
        lambda: a + b,
        lambda: a * b,
        lambda: a - 3 * b,
        lambda: a / (2 + b**2),
        lambda: sympy.sin(a) ** int(rng.integers(2, 6)),
        lambda: (2 + sympy.cos(a)) ** int(rng.integers(-5, 0)),
        lambda: UNARY[int(rng.integers(len(UNARY)))](sympy.sin(a)),
        lambda: sympy.sqrt(1 + a**2),
        lambda: (1 + a**2) ** sympy.Rational(-3, 4),
        lambda: sympy.log(2 + a**2),
        lambda: xlogx(1 + a**2),
        lambda: sympy.Integer(2) ** sympy.sin(b),
        lambda: sympy.tan(sympy.sin(a)),
    ]
    return options[int(rng.integers(len(options)))]()


expressions = st.integers(0, 2**32 - 1).map(
    lambda seed: random_expression(np.random.default_rng(seed), 3)
)
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


ROOTS = [sympy.Rational(p, q) for p in (-3, -1, 1, 5) for q in (2, 3)]
POWERS = [*range(-6, 0), *range(2, 9), *ROOTS]


@pytest.mark.parametrize("power", POWERS, ids=str)
def test_every_kind_of_power(power):
    found = NumericFunction([T**power, 2 ** (power * T)], (T,), to_float)(np.array([0.3, 1.0, 2.5]))
    exact = [[x ** float(power), 2.0 ** (float(power) * x)] for x in (0.3, 1.0, 2.5)]
    np.testing.assert_allclose(found.T, exact, rtol=1e-14)


@pytest.mark.parametrize("head", NUMPY_FUNCTIONS, ids=lambda h: h.__name__)
def test_every_function(head):
    found = NumericFunction([head(T)], (T,), to_float)(0.7)[0]
    assert found == pytest.approx(float(reference(head(T), 0.7, 0.0)), rel=1e-14)


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
