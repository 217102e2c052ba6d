"""Exact numbers and sets as text: short forms whole, long ones as decimals, nothing untrue."""

import pytest
import sympy
from sympy import Integer, Rational, sqrt

import danskin as dk
from danskin.cli.numbers import decimal, describe_set, number, vector

X = sympy.Symbol("x")
QUINTIC = sympy.CRootOf(X**5 - X - 1, 0)
LONG_ZERO = sqrt(2) + sqrt(3) - sqrt(2 * sqrt(6) + 5) + (sqrt(7) + 1) ** 2 - 2 * sqrt(7) - 8
TINY = sqrt(10**30 + 1) - 10**15  # 5e-16, and not 0


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        (Integer(-3), "-3"),
        (Rational(1, 2), "1/2 (0.5)"),
        (sqrt(2) / 2, "sqrt(2)/2 (0.7071067812)"),
        (QUINTIC, "CRootOf(x**5 - x - 1, 0) (1.167303978)"),
        (sum(sqrt(p) for p in (2, 3, 5, 7, 11, 13)) * QUINTIC, "17.45149765..."),
        (LONG_ZERO, "0"),
        (LONG_ZERO - Rational(5, 3), "-5/3 (-1.666666667)"),
        (TINY, "5e-16..."),
        (TINY + Rational(1, 3), "0.3333333333..."),
    ],
    ids=str,
)
def test_number(exact, text):
    assert number(exact) == text


def test_decimals_alone():
    assert number(None, 1 / 3) == "0.3333333333"
    assert decimal(-0.0) == "0"


def test_vector():
    assert vector([Integer(1), sqrt(2)]) == "(1, sqrt(2))"
    assert vector([Integer(1), TINY]) == "(1, 5e-16)"
    assert vector(None, [0.5, -1.0]) == "(0.5, -1)"


@pytest.mark.parametrize(
    ("domain", "names", "text"),
    [
        (dk.Interval(0, "sqrt(2)"), ["d"], "d in [0, sqrt(2)]"),
        (dk.Box([0, 1], [2, 1]), ["a", "b"], "a in [0, 2], b = 1"),
        (dk.Simplex(2), ["a", "b"], "(a, b) in the simplex (entries >= 0 that add up to 1)"),
        (dk.Ball([0], 1), ["d"], "d in the ball of radius 1 about (0) (2-norm)"),
        (dk.Ball([0, 1], "1/2", 1), ["a", "b"],
         "(a, b) in the ball of radius 1/2 (0.5) about (0, 1) (1-norm)"),
        (dk.Ball([0, 1], 1, "inf"), ["a", "b"],
         "(a, b) in the ball of radius 1 about (0, 1) (max norm)"),
        (dk.FiniteSet([[0, 1], [2, 3]]), ["a", "b"], "(a, b) in {(0, 1), (2, 3)}"),
        (dk.Product(dk.Interval(0, 1), dk.Simplex(2)), ["d", "a", "b"],
         "d in [0, 1]; (a, b) in the simplex (entries >= 0 that add up to 1)"),
    ],
    ids=str,
)  # fmt: skip
def test_describe_set(domain, names, text):
    assert describe_set(domain, names) == text


def test_long_sets_are_cut():
    assert describe_set(dk.FiniteSet(list(range(99))), ["d"]).endswith("... 99 points}")
    big = dk.Box([0] * 999, [1] * 999)
    assert len(describe_set(big, [f"d{i}" for i in range(999)])) <= 400
