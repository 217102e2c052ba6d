"""The parser: what it reads, what it refuses, and that it is quick about both."""

import contextlib
import time
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.errors import ExpressionError
from danskin.expression import FUNCTIONS, check, check_size, parse, symbols_for, xlogx

T, D = symbols_for(["t", "d"], "names")
SECONDS = 4.0


def read(text):
    return parse(text, (T, D), "g")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", sympy.Rational(1, 10)),
        ("1e-3", sympy.Rational(1, 1000)),
        (".5", sympy.Rational(1, 2)),
        ("5.", sympy.Integer(5)),
        ("1_000", sympy.Integer(1000)),
        ("1e400", sympy.Integer(10) ** 400),
        ("2**-3", sympy.Rational(1, 8)),
        ("-2**2", sympy.Integer(-4)),
        ("2**3**2", sympy.Integer(512)),
        ("1-2-3", sympy.Integer(-4)),
        ("12/3/2", sympy.Integer(2)),
        ("sqrt(8)", 2 * sympy.sqrt(2)),
        ("E", sympy.E),
        ("xlogx(0)", sympy.Integer(0)),
        ("t*d - d*t", sympy.Integer(0)),
        ("  t +\n d", T + D),
        ("+-+t", -T),
        ("exp(log(t))", T),
    ],
)
def test_reads_exactly(text, value):
    assert read(text) == value


@given(st.fractions(max_denominator=10**6), st.integers(1, 12))
def test_a_decimal_is_the_rational_it_shows(value, digits):
    shown = f"{float(value):.{digits}f}"
    assert read(f"({shown})") == sympy.Rational(*Fraction(shown).as_integer_ratio())


HOSTILE = [
    "__import__('os').system('true')", "t.__class__", "t.__class__.__mro__", "().__class__",
    "lambda: 1", "lambda t: t", "[1]", "[x for x in (1,)]", "{1}", "{1: 2}", "(1, 2)", "t, d",
    "t if 1 else d", "t == 1", "t < d", "t and d", "not t", "~t", "t := 1", "(t := 1)", "f'{t}'",
    "'text'", "b'bytes'", "1j", "2j*t", "True", "None", "...", "t; d", "import os", "del t",
    "t = 1", "await t", "yield t", "*t", "**t", "t[0]", "t[::2]", "t @ d", "t // 2", "t % 2",
    "t << 2", "t | d", "t & d", "t ^ 2", "t!", "2t", "1.2.3", "1e", "0x10", "0b1", "0777",
    "sin", "sin t", "sin()", "sin(1, 2)", "sin(x=1)", "sin(*t)", "sin(**t)", "t(2)", "(t)(2)",
    "E(2)", "asin(t)", "gamma(t)", "factorial(3)", "eval('1')", "exec('1')", "open('x')",
    "getattr(t, 'x')", "x", "inf", "nan", "oo", "zoo", "I", "S", "N(1)", "Symbol('x')",
    "", "   ", "#", "# t", ")", "((t)", "t +", "* t", "\\", "t \x00", "\ud800", "'''", "t\\\n",
    "9**9**9**9", "t**(10**10)", "(10**300*t)**1000*((10**300*t)**1000)**1000",
    "((10**300*t)**1000)**1000", "((pi*10**300)**1000)**1000", "exp(9999*log(10**2900*t))",
    "2**(10**6)", "(t**1000)**1000", "t**1001", "t**(1/1001)", "t**t", "t**pi", "(-2)**(1/3)",
    "(-1)**t", "0**0", "0**-1", "t**(1e400)", "1e401", "1e999999999", "1" * 5000,
    "0." + "1" * 5000, "10**400" + "*10**400" * 9, "exp(10**5)", "exp(log(2)*10**7)",
    "exp(exp(exp(10)))", "sinh(10**8)", "cosh(-10**8*pi)", "1/0", "t/0", "t/(d-d)", "log(0)",
    "log(-1)", "sqrt(-1)", "xlogx(-1)", "tan(pi/2)", "sqrt(t - t - 1)", "log(sin(pi))",
    "1/(sqrt(2)*sqrt(3) - sqrt(6))", "(" * 300 + "t" + ")" * 300, "-" * 3000 + "t",
    "sin(" * 70 + "t" + ")" * 70, "t**" * 70 + "1", "1-(" * 70 + "t" + ")" * 70,
    "t" * 101, "t" * 20_000, "+".join(f"sin({i}*t)" for i in range(2500)),
]  # fmt: skip


def test_there_are_enough_hostile_formulas():
    assert len(set(HOSTILE)) >= 120


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t)[:40])
def test_hostile_text_is_refused_at_once_by_name(text):
    start = time.perf_counter()
    with pytest.raises(ExpressionError) as caught:
        read(text)
    assert time.perf_counter() - start < SECONDS
    error = caught.value
    assert error.argument == "g"
    assert str(error).startswith("g: ")
    assert error.remedy
    assert len(str(error)) < 600


def test_nothing_is_executed(tmp_path):
    target = tmp_path / "witness"
    for text in (
        f"__import__('pathlib').Path({str(target)!r}).touch()",
        f"open({str(target)!r}, 'w')",
        f"(lambda: open({str(target)!r}, 'w'))()",
    ):
        with pytest.raises(ExpressionError):
            read(text)
    assert not target.exists()


def test_the_error_suggests_what_was_meant():
    with pytest.raises(ExpressionError, match="Did you mean sin"):
        read("sine(t)")
    with pytest.raises(ExpressionError, match="Did you mean 'delta1'"):
        parse("delta", symbols_for(["delta1"], "n"), "g")
    with pytest.raises(ExpressionError, match=r"Write \*\* for powers"):
        read("t^2")


tokens = st.sampled_from(
    [*"tdx()+-*/.,^%=<>![]{}'\"#\\ \n\t0129", "**", "//", "1e9", "1e-9", "pi", "E", "lambda ",
     "if ", "sin(", "exp(", "log(", "sqrt(", "xlogx(", "tan(", "cosh(", "1/3", "__", "10**"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(tokens, max_size=25).map("".join)))
def test_any_text_is_read_or_refused(text):
    """Fuzz: nothing but a real expression or an ExpressionError, quickly."""
    start = time.perf_counter()
    found = None
    with contextlib.suppress(ExpressionError):
        found = read(text)
    if found is not None:
        assert found.free_symbols <= {T, D}
        assert not found.has(sympy.I, sympy.nan, sympy.zoo, sympy.oo)
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize(
    "names",
    [["t", "t"], ["1t"], ["t-1"], ["lambda"], ["sin"], ["pi"], ["xlogx"], [""], [1], "t", 3, None,
     ["t" * 200], [sympy.Symbol("a b")], ["\u017f"]],
)  # fmt: skip
def test_bad_names(names):
    with pytest.raises(ExpressionError, match=r"^theta: "):
        symbols_for(names, "theta")


def nested(depth):
    node = T
    for _ in range(depth):
        node = sympy.sin(node, evaluate=False)
    return node


@pytest.mark.parametrize(
    "expr",
    [sympy.I * T, sympy.oo, sympy.nan, sympy.zoo, sympy.Abs(T), sympy.Symbol("u"),
     sympy.Integral(T, T), sympy.Function("f")(T), sympy.Piecewise((1, T > 0), (0, True)),
     T ** (10**10), T**T, sympy.log(-2, evaluate=False), (-2) ** T, sympy.Max(T, D),
     sympy.Integer(7) ** 20_000, sympy.gamma(T), sympy.Eq(T, D), "t", None, sympy.floor(T),
     sympy.CRootOf(sympy.Symbol("x") ** 5 + sympy.Symbol("x") + 3, 2)],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_sympy_from_outside_passes_the_same_whitelist(expr):
    with pytest.raises(ExpressionError, match=r"^g: "):
        check(expr, (T, D), "g")


def test_sympy_trees_too_deep_for_sympy_are_refused():
    with pytest.raises(ExpressionError, match="nested"):
        check_size(nested(300), "g")
    with pytest.raises(ExpressionError, match="parts"):
        check_size(sympy.Add(*(sympy.sin(i * T) for i in range(1, 1500))), "g")


def test_floats_in_sympy_are_the_binary_numbers_they_are():
    assert check(sympy.Float(0.1) * T, (T,), "g") == sympy.Rational(*(0.1).as_integer_ratio()) * T


def test_xlogx():
    assert xlogx(sympy.Integer(0)) == 0
    assert xlogx(sympy.Integer(2)) == 2 * sympy.log(2)
    assert sympy.diff(xlogx(T), T) == sympy.log(T) + 1
    assert xlogx(T).subs(T, sympy.Rational(1, 2)).evalf() == pytest.approx(-0.34657359027997)
    assert set(FUNCTIONS) >= {"sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "sinh", "cosh",
                              "atan", "xlogx"}  # fmt: skip
