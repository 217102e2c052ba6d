"""Numbers are read exactly or refused by name."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.errors import InvalidInputError
from danskin.exact import (
    dot,
    exact_number,
    exact_vector,
    is_exact_input,
    length,
    sign,
    tidy,
    to_fraction,
)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_that_binary_number(x):
    assert to_fraction(exact_number(x, "x")) == Fraction(x)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_a_decimal_is_decimal(x):
    assert to_fraction(exact_number(x, "x")) == Fraction(x)


def test_text_is_decimal_and_may_be_irrational():
    assert exact_number("0.1", "x") == sympy.Rational(1, 10)
    assert exact_number(0.1, "x") != sympy.Rational(1, 10)
    assert exact_number("sqrt(2)/10", "x") == sympy.sqrt(2) / 10
    assert exact_number(np.int64(3), "x") == 3
    assert exact_number(np.array(0.5), "x") == sympy.Rational(1, 2)
    assert exact_number(Fraction(1, 3), "x") == sympy.Rational(1, 3)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, np.nan, 1j, np.complex128(1), True, np.bool_(False), None,
     "", "x", "1/0", "sqrt(-1)", [1], {}, object(), Decimal("nan"), Decimal("inf"),
     Decimal("1e999999"), Decimal("0." + "1" * 5000), 10**5000, Fraction(1, 10**5000),
     sympy.I, sympy.oo, sympy.nan, sympy.zoo, sympy.Symbol("x"), sympy.true,
     sympy.Float("inf"), b"1", np.array([1, 2]), [10**5000]],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(InvalidInputError, match=r"^radius") as caught:
        exact_number(value, "radius")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("value", "dim"), [([1, 2], 3), ([[1], [2]], None), (np.zeros((2, 2)), None), ({1: 2}, None),
                       (None, None), (b"ab", None), ([math.nan, 1], 2)],
)  # fmt: skip
def test_vectors_are_checked(value, dim):
    with pytest.raises(InvalidInputError, match=r"^at"):
        exact_vector(value, "at", dim)


def test_a_scalar_is_a_vector_of_one_entry():
    assert exact_vector("1/2", "x") == (sympy.Rational(1, 2),)
    assert exact_vector(2, "x", 1) == (2,)
    assert exact_vector(sympy.Matrix([1, 2]), "x", 2) == (1, 2)


def test_exact_input_is_told_from_floats():
    assert is_exact_input([1, "0.5", Fraction(1, 3), sympy.pi, Decimal("0.1")])
    assert not is_exact_input([1, 0.5])
    assert not is_exact_input(np.zeros(2))
    assert not is_exact_input([sympy.Float(0.5)])


def test_tidy_dot_length():
    assert tidy(sympy.sqrt(2) * (1 + sympy.sqrt(2)) - 2) == sympy.sqrt(2)
    assert tidy(1 / (1 + sympy.sqrt(2))) == sympy.sqrt(2) - 1
    assert dot([1, sympy.sqrt(2)], [3, sympy.sqrt(2)]) == 5
    assert length([3, 4]) == 5
    # 10**72 + 4 has two composite factors next to each other, on which SymPy's root gives up.
    assert sign(length([sympy.Integer(10) ** 36, 2]) ** 2 - (10**72 + 4)) == 0
