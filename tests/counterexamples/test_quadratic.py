"""Sums of square roots as a field: against SymPy, and what Gram matrices of many radicals gain."""

import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.counterexamples.generate import make_counterexample
from danskin.counterexamples.generate.field import field_of
from danskin.counterexamples.generate.quadratic import QuadraticNumber, quadratic_number
from danskin.exact import sign
from danskin.expression import parse
from danskin.verdict import Verdict

ROOTS = [1, 2, 3, 5, 6, 10, 15, 30, 7]
numbers = st.dictionaries(
    st.sampled_from(ROOTS), st.fractions(-3, 3, max_denominator=6), max_size=4
).map(QuadraticNumber)


def same(found, expected):
    return sympy.expand(found.to_sympy() - expected) == 0


@given(numbers, numbers)
@settings(max_examples=60, deadline=None)
def test_arithmetic_is_sympys(a, b):
    x, y = a.to_sympy(), b.to_sympy()
    assert same(a + b, x + y)
    assert same(a - b, x - y)
    assert same(a * b, x * y)
    assert same(quadratic_number(sympy.expand(x * y)), x * y)
    if b:
        assert (a / b * b - a).terms == {}
    assert bool(a) is (sign(x) != 0)
    assert field_of([sympy.sqrt(2)]).sign(a) == sign(x)


def test_what_is_written_otherwise_is_read():
    for text in (
        "sqrt(8)", "1/sqrt(2)", "sqrt(3/5)", "sqrt(12)**3", "1/(1 + sqrt(2) + sqrt(3))",
        "2**(-3/2)", "(1 - sqrt(6))**2 * sqrt(10)", "0",
    ):  # fmt: skip
        x = parse(text, {}, "x")
        assert sympy.radsimp(quadratic_number(x).to_sympy() - x, max_terms=5).equals(0), text
    for text in ("pi", "2**(1/3)", "sqrt(1 + sqrt(2))", "sqrt(2)*exp(1)"):
        assert quadratic_number(parse(text, {}, "x")) is None, text
    assert quadratic_number(sympy.I) is None
    assert quadratic_number(sympy.sqrt(-2)) is None
    hidden = sympy.Add(sympy.sqrt(2), sympy.Integer(-1), evaluate=False) - sympy.sqrt(2) + 1
    assert quadratic_number(sympy.Pow(hidden, -1, evaluate=False)) is None  # 1/0


def test_gradients_with_many_radicals_are_proved():
    """Four primes make a field of degree 16, too high for a primitive element."""
    a, b, c, d = (sympy.sqrt(p) for p in (2, 3, 5, 7))
    vectors = [[1, a, 0, b], [d, -c, 1, 0], [-a, 1, c, -1], [b, 0, -d, 2]]
    made = make_counterexample(vectors, require="nothing")
    assert made.verdict is Verdict.PROVED
    assert sign(made.squared_norm) == 1
