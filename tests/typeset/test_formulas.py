"""LaTeX of numbers, vectors and sets: right, balanced, and read by a converter."""

import math
import re

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.sets import Ball, Box, FiniteSet, Hull, Interval, Product, Simplex
from danskin.typeset import at_least, display, never_raises, number, set_latex, symbol_names, vector
from danskin.typeset.mathml import to_mathml


def read(latex: str) -> float:
    """A decimal back from LaTeX."""
    text = latex.replace(r"\ldots", "").replace(r"\approx", "")
    text = re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", text)
    text = re.sub(r"^\s*10\^\{(-?\d+)\}", r"1e\1", text)
    return float(text.replace(" ", ""))


@given(st.floats(-1e307, 1e307))
def test_floats_are_shown_to_ten_digits(x):
    assert read(number(x)) == pytest.approx(x, rel=1e-9, abs=1e-307)
    assert to_mathml(number(x)) is not None


@given(st.floats(-1e307, 1e307))
def test_a_lower_bound_that_was_rounded_up_has_another_sign(x):
    relation, _, shown = at_least(x).partition(" ")
    assert relation == (r"\gtrsim" if read(shown) > x else r"\ge")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.5"),
        (-0.0, "0"),
        (1e-300, "10^{-300}"),
        (-2.5e10, r"-2.5 \cdot 10^{10}"),
        (100.0, "100"),
        (1e9, "1000000000"),
        (math.inf, r"\infty"),
        (-math.inf, r"-\infty"),
        (math.nan, r"\mathrm{nan}"),
        (3, "3"),
        (sympy.Rational(-5, 4), r"- \frac{5}{4}"),
        (sympy.sqrt(5) / 5, r"\frac{\sqrt{5}}{5}"),
        (sympy.Float(0.25), "0.25"),
        (sympy.Integer(10) ** 200 / 3, r"3.333333333\ldots \cdot 10^{199}"),
    ],
)
def test_numbers(value, shown):
    assert number(value) == shown


def test_long_exact_numbers_are_cut_off_and_not_rounded():
    x = sympy.Symbol("x")
    root = sympy.CRootOf(x**5 - x - 1, 0)  # 1.16730397826...
    assert number(root) == r"1.167303978\ldots"
    assert number(-root) == r"-1.167303978\ldots"
    long = sum(sympy.sqrt(p) for p in sympy.primerange(2, 200))
    shown = number(long)
    assert shown.endswith(r"\ldots")
    assert 0 <= float(long) - read(shown) < 1e-6
    # What rounds to few digits as a float may be more or less than they are.
    close = sympy.Rational(1, 2) - sympy.Rational(1, 3**180)
    assert number(close) == r"\approx 0.5"
    assert at_least(sympy.Rational(1, 3)) == r"\ge \frac{1}{3}"


def test_vectors():
    assert vector(np.array([0.5, -1.0])) == r"\left(0.5, -1\right)"
    assert vector(np.array([0.5])) == "0.5"
    assert vector(np.array([0.5]), (sympy.Rational(1, 2),)) == r"\frac{1}{2}"
    assert vector(np.zeros(50)).count(",") == 12
    assert vector(np.zeros(50)).endswith(r"\ldots\right)")


SETS = {
    "interval": (Interval(0, "1/2"), r"[0, \frac{1}{2}]"),
    "square": (Box([0, 0], [1, 1]), r"[0, 1]^{2}"),
    "box": (Box([0, -1], [0, 1]), r"\{0\} \times [-1, 1]"),
    "large box": (
        Box(range(9), [20] * 9),
        r"[0, 20] \times [1, 20] \times [2, 20] \times \cdots\ (\text{9 factors})",
    ),
    "simplex": (
        Simplex(3),
        r"\{\delta \in \mathbb{R}^{3} : \delta \ge 0,\ \sum_{i=1}^{3} \delta_i = 1\}",
    ),
    "ball": (Ball([0, 0], 2), r"\{\delta : \lVert \delta \rVert_{2} \le 2\}"),
    "shifted": (
        Ball([1, 0], "sqrt(2)", norm="inf"),
        r"\{\delta : \lVert \delta - \left(1, 0\right) \rVert_{\infty} \le \sqrt{2}\}",
    ),
    "points": (FiniteSet([[0], ["1/2"]]), r"\{0, \frac{1}{2}\}"),
    "many points": (
        FiniteSet([[i, 0] for i in range(20)]),
        None,
    ),
    "hull": (Hull([[1, 0], [0, 1]]), None),
    "product": (
        Product(Interval(0, 1), FiniteSet([[3]])),
        r"[0, 1] \times \{3\}",
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_sets(name):
    domain, shown = SETS[name]
    latex = set_latex(domain)
    assert shown is None or latex == shown
    assert latex.count("{") == latex.count("}")
    assert to_mathml(latex, display=True) is not None


def test_many_points_are_counted():
    assert r"\ldots\}\ (\text{20 points})" in set_latex(SETS["many points"][0])


def test_names_that_would_look_alike_are_written_out():
    symbols = sympy.symbols("x1 x_1 y2 _z a__b theta")
    found = symbol_names(symbols)
    assert len(set(found.values())) == len(symbols)
    assert found[symbols[1]] == r"\mathtt{x\_1}"
    assert found[symbols[2]] == "y_{2}"
    assert found[symbols[3]] == r"\mathtt{\_z}"
    assert found[symbols[5]] == r"\theta"


def test_display_leaves_out_what_is_empty():
    assert display("a", "", "b") == r"$\displaystyle a,\quad b$"


def test_a_repr_that_fails_is_no_repr():
    class Thing:
        @never_raises
        def _repr_latex_(self) -> str:
            raise RecursionError

    assert Thing()._repr_latex_() is None
