"""Numbers put into a formula are bounded before SymPy computes them."""

import time

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import danskin as dk
from danskin.errors import DanskinError, ExpressionError
from danskin.expression import parse, substitute, symbols_for

T, D = symbols_for(["t", "d"], "names")
UNIT = dk.Interval(0, 1)


@given(st.fractions(-9, 9, max_denominator=7), st.fractions(1, 5, max_denominator=7))
def test_equals_sympy_where_numbers_stay_small(a, b):
    expr = parse(
        "t**3*exp(d*t) + sqrt(2 + t**2)/d + xlogx(d)*(t - d)**4 + 2**t + log(d)", (T, D), "g"
    )
    values = {
        T: sympy.Rational(a.numerator, a.denominator),
        D: sympy.Rational(b.numerator, b.denominator),
    }
    assert substitute(expr, values, "t") == expr.xreplace(values)
    assert substitute(expr, {T: D + 1}, "t") == expr.xreplace({T: D + 1})


@pytest.mark.parametrize(
    ("g", "theta"),
    [
        ("(((t+1)**1000+1)**1000+1)**1000*d", 2),
        ("2**t*d", 10**10),
        ("sqrt(2)**t*d", 10**10),
        ("exp(t)*d", 10**10),
        ("exp(t*log(2 + t))*d", 10**10),
        ("((t**1000 + 1)**1000 + d)*d", 10**300),
        ("t**-1*d", 0),
    ],
)
def test_a_theta_that_explodes_is_refused_at_once(g, theta):
    f = dk.MinMaxObjective.from_expression(g, ["t"], ["d"], UNIT)
    start = time.perf_counter()
    with pytest.raises(DanskinError, match=r"^theta"):
        dk.maximizers(f, [theta])
    assert time.perf_counter() - start < 4


def test_a_delta_that_explodes_is_refused_at_once():
    f = dk.MinMaxObjective.from_expression(
        "(((d+1)**1000+1)**1000+1)**1000*t", ["t"], ["d"], dk.FiniteSet([[2], [3]])
    )
    start = time.perf_counter()
    with pytest.raises(DanskinError, match=r"^value"):
        dk.maximizers(f, [1])
    assert time.perf_counter() - start < 4


def test_a_parameter_that_explodes_is_refused_at_once():
    with pytest.raises(ExpressionError, match=r"^g"):
        parse("c**1000", {"c": sympy.Integer(10) ** 300}, "g")
    with pytest.raises(ExpressionError):
        dk.MinMaxObjective.from_expression(
            sympy.Symbol("c") ** 1000, ["t"], ["d"], UNIT, {"c": "10**300"}
        )


def test_high_powers_of_extreme_floats_are_allowed():
    f = dk.MinMaxObjective.from_expression("t**30*d", ["t"], ["d"], UNIT)
    assert dk.maximizers(f, [1e-9]).complete
    assert dk.maximizers(f, [1e-150]).complete
