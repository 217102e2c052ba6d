"""Enclosures contain the number, at every precision, alone or in threads."""

import itertools
import sys
import threading

import flint
import mpmath
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.errors import ExpressionError
from danskin.exact import enclose, to_float
from danskin.exact.enclosure import _integer_power

s = sympy.sqrt
X = sympy.Symbol("x")
NUMBERS = [
    s(2), sympy.pi, sympy.E, sympy.cos(sympy.pi / 7), sympy.log(3), sympy.tanh(2), s(2 + s(3)),
    sympy.cbrt(5), sympy.CRootOf(X**5 - X - 1, 0), (s(2) - 1) ** 20, sympy.exp(-50), 1 / s(3) ** 7,
    sympy.atan(s(7)), sympy.Rational(1, 3), 2 ** sympy.sqrt(3), (sympy.pi - 3) ** -5,
    sympy.CRootOf(X**6 - 5 * X**2 + X + 1, 1),
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=str)
@pytest.mark.parametrize("bits", [53, 200, 3000])
def test_contains_the_number_and_is_narrow(number, bits):
    ball = enclose(number, bits)
    digits = int(bits / 3.33) + 40
    text = str(sympy.N(number, digits))
    previous = flint.ctx.prec
    try:
        flint.ctx.prec = bits + 200
        other = flint.arb(text) * (1 + flint.arb(0, f"1e-{digits - 5}"))
        assert ball.overlaps(other)
        assert ball.rel_accuracy_bits() > bits - 60
    finally:
        flint.ctx.prec = previous


def test_powers_and_roots_of_a_ball_around_zero():
    """Arb's own power of a ball with midpoint 0 is NaN, and so is its root."""
    zero = s(2 + s(2)) * s(2 - s(2)) - s(2)
    around = flint.arb(0, 1)
    assert _integer_power(around, 2).contains(flint.arb("0.9"))
    assert _integer_power(around + 3, -2).overlaps(flint.arb("0.25"))
    assert enclose(zero**2, 64).is_finite()
    assert enclose(zero**2, 64).contains(0)
    assert enclose(s(zero, evaluate=False), 64) == 0
    assert enclose(s(zero, evaluate=False) + 3, 64).is_finite()
    assert not enclose(1 / zero, 64).is_finite()


@given(st.lists(st.integers(-9, 9), min_size=4, max_size=9).filter(lambda c: c[0] and c[-1]))
def test_roots_of_polynomials_in_order(coefficients):
    """Against mpmath's roots of the same factor, at 50 digits."""
    mpmath.mp.dps = 50
    for factor, _ in sympy.factor_list(sympy.Poly(coefficients, X))[1]:
        if factor.degree() < 3:
            continue
        c = [int(a) for a in factor.all_coeffs()]
        found = mpmath.polyroots(c, maxsteps=500, extraprec=500)
        expected = sorted(mpmath.re(r) for r in found if abs(mpmath.im(r)) < 1e-30)
        for i, x in enumerate(expected):
            ball = enclose(sympy.CRootOf(factor, i, radicals=False), 300)
            assert ball.rel_accuracy_bits() > 290
            assert abs(mpmath.mpf(ball.str(60, radius=False)) - x) < 1e-40


def test_roots_nearer_than_a_float_can_tell_keep_their_order():
    """(x^2 - 2)^2 (x - ...) perturbed: two real roots that agree to 30 digits."""
    near = 10**60
    polynomial = sympy.Poly(near * (X**2 - 2) ** 2 * (X**2 + 1) - 1, X)
    assert polynomial.is_irreducible
    roots = [sympy.CRootOf(polynomial, i, radicals=False) for i in range(polynomial.count_roots())]
    balls = [enclose(r, 400) for r in roots]
    assert len(balls) == 4
    assert all(a < b for a, b in itertools.pairwise(balls))
    assert float(balls[2].mid()) == float(balls[3].mid())


def test_threads_do_not_disturb_each_others_precision():
    """Arb has one precision for the whole process."""
    failures = []

    def work(bits):
        for i in range(40):
            ball = enclose(s(sympy.Integer(i + 2)) + sympy.pi, bits)
            if ball.rel_accuracy_bits() < bits - 8:
                failures.append(bits)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=work, args=(b,)) for b in (64, 256, 4000, 64, 9000)]
    before = flint.ctx.prec
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    sys.setswitchinterval(interval)
    assert not failures
    assert flint.ctx.prec == before


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_to_float_rounds_to_nearest(x):
    assert to_float(sympy.Rational(x.numerator, x.denominator)) == float(x)


def test_to_float_of_irrationals_and_of_hidden_zeros():
    assert to_float(s(2)) == 2**0.5
    assert to_float(sympy.exp(-800)) == pytest.approx(0, abs=1e-320)
    zero = s(2 + s(2)) * s(2 - s(2)) - s(2)
    assert to_float(zero) == 0.0
    assert to_float(s(zero, evaluate=False)) == 0.0


@pytest.mark.parametrize(
    "number",
    [sympy.Integer(10) ** 400, sympy.exp(1000), -sympy.exp(1000),
     sympy.Pow(s(2 + s(2)) * s(2 - s(2)) - s(2), -1)],
    ids=str,
)  # fmt: skip
def test_to_float_refuses_what_it_cannot_give(number):
    with pytest.raises(ExpressionError, match="number"):
        to_float(number)
