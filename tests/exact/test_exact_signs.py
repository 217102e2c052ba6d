"""Signs: right for numbers that are not zero, proved for zeros, undecided where not known."""

import math
import time

import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from danskin.exact import compare, exact_max, sign
from danskin.exact.separation import measure

s, cbrt, Q = sympy.sqrt, sympy.cbrt, sympy.Rational
cos, sin, pi = sympy.cos, sympy.sin, sympy.pi
X = sympy.Symbol("x")


def root(coefficients, index):
    return sympy.CRootOf(sympy.Poly(coefficients, X), index, radicals=False)


ZEROS = {
    "sqrt2*sqrt3-sqrt6": s(2) * s(3) - s(6),
    "denested": s(5 + 2 * s(6)) - s(2) - s(3),
    "dependent radicals": s(2 + s(2)) * s(2 - s(2)) - s(2),
    "three deep": s(2 + s(2 + s(2))) * s(2 - s(2 + s(2))) - s(2 - s(2)),
    "Ramanujan": cbrt(cbrt(2) - 1) - cbrt(Q(1, 9)) + cbrt(Q(2, 9)) - cbrt(Q(4, 9)),
    "rationalised": 1 / (s(2) + s(3) + s(5)) - (3 * s(2) + 2 * s(3) - s(30)) / 12,
    "cosines": cos(pi / 7) * cos(2 * pi / 7) * cos(3 * pi / 7) - Q(1, 8),
    "cosine sum": cos(pi / 7) - cos(2 * pi / 7) + cos(3 * pi / 7) - Q(1, 2),
    "sine and radical": 4 * sin(pi / 5) ** 2 - (5 - s(5)) / 2,
    "root of its polynomial": root([1, 0, 0, 0, -1, -1], 0) ** 5
    - root([1, 0, 0, 0, -1, -1], 0)
    - 1,
    "sum of roots": root([1, 0, -4, 1], 0) + root([1, 0, -4, 1], 1) + root([1, 0, -4, 1], 2),
    "transcendental identity": (sympy.E + pi) ** 2 - sympy.E**2 - 2 * sympy.E * pi - pi**2,
    "radical times pi": (s(2) * s(3) - s(6)) * pi,
    "hidden zero under a root": s(s(2 + s(2)) * s(2 - s(2)) - s(2), evaluate=False),
    "casus irreducibilis": root([1, -3, 0, 1], 2) ** 3 - 3 * root([1, -3, 0, 1], 2) ** 2 + 1,
}


@pytest.mark.parametrize("number", ZEROS.values(), ids=ZEROS.keys())
def test_planted_zeros_are_recognised_and_their_neighbours_are_not(number):
    assert sign(number) == 0
    for epsilon in (Q(1, 10**40), Q(1, 10**300)):
        assert sign(number + epsilon) == 1
        assert sign(number - epsilon) == -1


algebraic = st.recursive(
    st.sampled_from([s(2), s(3), cbrt(2), Q(1, 3), Q(-5, 7), cos(pi / 5), root([1, 0, -1, -1], 0)]),
    lambda c: st.one_of(
        st.tuples(c, c).map(lambda p: p[0] + p[1]),
        st.tuples(c, c).map(lambda p: p[0] * p[1]),
        c.map(lambda e: s(3 + e**2)),
        c.map(lambda e: 1 / (2 + e**2)),
        c.map(lambda e: -e),
    ),
    max_leaves=5,
)


@given(algebraic, algebraic)
def test_agrees_with_mpmath_and_with_algebra(a, b):
    """The sign of a - b is that of 60 digits; an identity in a and b, not written out, is 0."""
    difference = sympy.N(a - b, 60)
    expected = 0 if abs(difference) < 1e-50 else int(sympy.sign(difference))
    assert compare(a, b) == expected
    assert sign(s((a + b) ** 2 + 1) ** 2 - a**2 - 2 * a * b - b**2 - 1) == 0


@given(algebraic)
def test_the_separation_bound_is_below_the_number(number):
    """Soundness: a nonzero number is never below its own bound."""
    bound = measure(number)
    assume(bound is not None and bound.separation < 4000)
    value = sympy.N(number, 50)
    if abs(value) > 1e-40:
        assert math.log2(abs(float(value))) > -bound.separation


def test_tiny_differences_of_square_roots_are_not_taken_for_zero():
    """Second differences of the square root, and a classical near-miss."""
    near = s(10) + s(11) - s(5) - s(18)
    assert sign(near) == int(math.copysign(1, float(near)))
    for k in (20, 150, 500, 900):
        n = sympy.Integer(10) ** k
        second = s(n + 1) + s(n - 1) - 2 * s(n)  # about -1 / (4 n^(3/2))
        assert sign(second) == -1
        assert measure(second).separation > 1.5 * k * math.log2(10)


def test_transcendental_numbers():
    assert sign(sympy.exp(pi) - pi - 20) == -1
    assert sign(sympy.exp(pi * s(163)) - sympy.Integer(640320) ** 3 - 744) == -1
    assert sign(sympy.log(2) - sympy.log(3)) == -1
    # True, and beyond what is proved here: undecided, never a guess.
    assert sign(sympy.atan(1, evaluate=False) - pi / 4) in (0, None)
    machin = 4 * sympy.atan(Q(1, 5)) - sympy.atan(Q(1, 239)) - pi / 4
    assert sign(machin) is None


@given(st.lists(st.sampled_from([s(2) + s(3), s(5 + 2 * s(6)), Q(3), pi, s(2) * 2, s(8) + 0]),
                min_size=1, max_size=6))  # fmt: skip
def test_exact_max_finds_all_of_the_largest(numbers):
    value, where = exact_max(numbers)
    floats = [float(sympy.N(n, 40)) for n in numbers]
    assert where == [i for i, x in enumerate(floats) if x > max(floats) - 1e-12]
    assert value == numbers[where[0]]


def test_exact_max_is_undecided_only_about_leaders():
    open_question = 4 * sympy.atan(Q(1, 5)) - sympy.atan(Q(1, 239))
    assert exact_max([open_question, pi / 4]) is None
    assert exact_max([open_question, pi / 4, sympy.Integer(1)]) == (1, [2])


def test_a_tie_of_two_roots_of_high_degree_is_decided_quickly():
    polynomial = [1, 0, -3, 0, -11] + [0] * 19 + [7, 0, -5, 0, 3]
    r = [root(polynomial, i) for i in (0, 3)]
    g = [3 * x**30 - 5 * x**28 + 7 * x**2 + 11 * x**6 - 13 * x**4 for x in r]
    start = time.perf_counter()
    assert compare(*g) == 0
    assert compare(g[0] + Q(1, 10**100), g[1]) == 1
    assert time.perf_counter() - start < 10
