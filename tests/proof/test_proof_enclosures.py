"""Enclosures contain: every operation and random formulas on random boxes, against 50 digits."""

import math
import os
import random

import flint
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.errors import ExpressionError, InvalidInputError
from danskin.exact.enclosure import enclose_at
from danskin.expression import FUNCTIONS, elu_bend, elu_slope, parse
from danskin.proof import interval
from danskin.proof.elementary import DEFINED, EDGE, ELEMENTARY, UNDEFINED
from danskin.proof.evaluate import Tape, number_interval

#: Random checks of containment; a million with DANSKIN_FUZZ=1000000.
CHECKS = int(os.environ.get("DANSKIN_FUZZ", "20000"))

ends = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-4, 4),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, -5e-324, 1e-310, 1e308, -1e308, 2.0**-60]),
)


@st.composite
def intervals(draw):
    a, b = draw(ends), draw(ends)
    return min(a, b), max(a, b)


def points(a):
    """Exact rationals of an interval."""
    lo, hi = (sympy.Rational(*x.as_integer_ratio()) for x in a)
    return [lo, hi, (lo + hi) / 2, lo + (hi - lo) / 7]


def holds(enclosure, value):
    lo, hi = -enclosure[0, 0], enclosure[1, 0]
    above = math.isinf(hi) or value <= sympy.Rational(*float(hi).as_integer_ratio())
    below = math.isinf(lo) or value >= sympy.Rational(*float(lo).as_integer_ratio())
    return bool(above and below) and not (lo == math.inf or hi == -math.inf)


def as_array(a):
    return interval.make(a[0], a[1])


@given(intervals(), intervals())
def test_sums_and_products_contain(a, b):
    with np.errstate(all="ignore"):
        total, product = (
            interval.add(as_array(a), as_array(b)),
            interval.mul(as_array(a), as_array(b)),
        )
        difference = interval.sub(as_array(a), as_array(b))
    for x in points(a):
        for y in points(b):
            assert holds(total, x + y)
            assert holds(product, x * y)
            assert holds(difference, x - y)


@given(intervals(), st.integers(1, 7))
def test_powers_roots_and_reciprocals_contain(a, n):
    with np.errstate(all="ignore"):
        power = interval.power(as_array(a), n)
        inverse = interval.reciprocal(as_array(a))
        root = interval.sqrt(as_array((max(a[0], 0.0), max(a[1], 0.0))))
    for x in points(a):
        assert holds(power, x**n)
        if a[0] <= 0 <= a[1]:
            assert np.isinf(inverse).all()
        else:
            assert holds(inverse, 1 / x)
    lo, hi = -root[0, 0], root[1, 0]
    for end, side in ((max(a[0], 0.0), lo), (max(a[1], 0.0), hi)):
        exact = sympy.Rational(*end.as_integer_ratio())
        square = sympy.Rational(*float(side).as_integer_ratio()) ** 2
        assert square <= exact if side == lo and end == max(a[0], 0.0) else square >= exact


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_small_integers_stay_exact(p, q):
    a, b = as_array((min(p, q), max(p, q))), as_array((q, q))
    for r in (interval.add(a, b), interval.mul(a, b), interval.power(a, 2)):
        assert (r == np.round(r)).all()


def test_known_traps():
    one = as_array((0.0, 1.0))
    assert interval.power(one, 2).tolist() == [[0.0], [1.0]]
    d = sympy.Symbol("d")
    circle = Tape([sympy.sqrt(1 - d**2)], [d])([as_array((-1.0, 1.0))], 1)[0]
    assert circle[1] is None
    assert circle[0].tolist() == [[0.0], [1.0]]
    assert number_interval(sympy.Rational(1, 2)).tolist() == [[-0.5], [0.5]]
    tenth = number_interval(sympy.Rational(1, 10))
    assert -tenth[0, 0] < tenth[1, 0]
    with np.errstate(all="ignore"):
        assert np.isinf(interval.mul(as_array((0.0, 0.0)), interval.WHOLE)).all()
        # An underflow is not a zero.
        assert interval.mul(as_array((1e-200, 1e-200)), as_array((1e-200, 1e-200)))[1, 0] > 0


def test_a_pole_inside_or_at_the_end_is_the_whole_line():
    d = sympy.Symbol("d")
    for text in ("1/d", "1/d**2", "d**(-3)", "tan(d + 3/2)", "log(d)", "sqrt(d-1/2)", "d**(1/3)/d"):
        for lo, hi in ((-1.0, 1.0), (0.0, 1.0)):
            value, level = Tape([parse(text, [d])], [d])([as_array((lo, hi))], 1)[0]
            assert level is not None
            assert level[0] < DEFINED, text
            if level[0] == UNDEFINED:
                assert np.isinf(value).all()


def test_roots_and_entropies_that_move_with_theta_must_be_strictly_inside():
    t, d = sympy.symbols("t d")
    for text in ("sqrt(t+d)", "xlogx(t*d)", "(t+d)**(3/2)", "log(t+d)"):
        tape = Tape([parse(text, [t, d])], [t, d], [t])
        level = tape([as_array((0.0, 0.0)), as_array((0.0, 1.0))], 1)[0][1]
        assert level[0] == UNDEFINED
        assert tape([as_array((1.0, 1.0)), as_array((0.5, 1.0))], 1)[0][1] is None
    # The same, with an argument that theta does not move.
    assert (
        Tape([t * sympy.sqrt(d)], [t, d], [t])([as_array((0, 0)), as_array((0, 1))], 1)[0][1]
        is None
    )


def test_xlogx_at_its_edge():
    d = sympy.Symbol("d")
    g = parse("xlogx(d)", [d])
    value, slope = Tape([g, sympy.diff(g, d)], [d])([as_array((0.0, 1.0))], 1)
    assert value[1] is None
    assert slope[1][0] == EDGE
    assert -slope[0][0, 0] == -math.inf
    assert math.isclose(-value[0][0, 0], -math.exp(-1))
    assert value[0][1, 0] == 0


HEADS = [f for f in ELEMENTARY if f not in (elu_slope, elu_bend)]


def random_expression(rng, symbols, depth):
    if depth == 0 or rng.random() < 0.1:
        if rng.random() < 0.6:
            return rng.choice(symbols)
        numbers = ["1/10", "2", "-3/7", "pi", "sqrt(2)", "-1", "1/3", "E", "0.5", "7"]
        return parse(rng.choice(numbers), ())
    kind = rng.random()
    a = random_expression(rng, symbols, depth - 1)
    if kind < 0.5:
        b = random_expression(rng, symbols, depth - 1)
        return rng.choice([a + b, a - b, a * b, a * b])
    if kind < 0.62:
        return a ** rng.choice([2, 3, 4, 5])
    if kind < 0.66:
        return 1 / (a + 3)
    if kind < 0.7:
        return sympy.sqrt(a**2 + sympy.Rational(1, 5)) if rng.random() < 0.5 else sympy.sqrt(a + 2)
    return rng.choice(HEADS)(a)


def test_random_formulas_contain_their_values():
    """Formulas and their derivatives on random boxes: the 50-digit value at points is inside."""
    rng = random.Random(12345)
    symbols = list(sympy.symbols("x y"))
    done = violations = 0
    while done < CHECKS:
        expr = sympy.S(random_expression(rng, symbols, rng.choice([2, 3, 4])))
        if not expr.free_symbols or expr.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I):
            continue
        outputs = [expr, *(sympy.diff(expr, s) for s in symbols)]
        if any(e.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I) for e in outputs):
            continue
        n = 40
        lo = np.array(
            [[rng.choice([rng.uniform(-2, 2), 0.0, 1.0]) for _ in range(n)] for _ in symbols]
        )
        hi = lo + np.array(
            [
                [rng.choice([0.0, 1.0, 10 ** rng.uniform(-12, 0.5)]) for _ in range(n)]
                for _ in symbols
            ]
        )
        try:
            tape = Tape(outputs, symbols)
        except InvalidInputError:
            continue
        found = tape([np.array([-a, b]) for a, b in zip(lo, hi, strict=True)], n)
        for row in range(n):
            for _ in range(3):
                at = [
                    rng.choice([a, b, a + (b - a) * rng.random()])
                    for a, b in zip(lo[:, row], hi[:, row], strict=True)
                ]
                at = [min(max(x, a), b) for x, a, b in zip(at, lo[:, row], hi[:, row], strict=True)]
                balls = {s: flint.arb(x) for s, x in zip(symbols, at, strict=True)}
                for e, (value, level) in zip(outputs, found, strict=True):
                    done += 1
                    if level is not None and level[row] == UNDEFINED:
                        continue
                    try:
                        exact = enclose_at(e, balls, 200)
                    except ExpressionError:
                        continue
                    below, above = float(-value[0, row]), float(value[1, row])
                    if not exact.is_finite():
                        # Infinite, or lost to a ball around the edge of a domain.
                        defined = level is None or level[row] == DEFINED
                        assert not (defined and math.isfinite(above - below)) or exact.is_nan()
                        continue
                    # A violation is provable disjointness at 60 digits.
                    violations += bool(exact > above) or bool(exact < below)
    assert violations == 0


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"sqrt"}))
def test_each_function_is_tight_at_points_and_monotone_in_the_interval(name):
    x = sympy.Symbol("x")
    tape = Tape([FUNCTIONS[name](x)], [x])
    rng = np.random.default_rng(3)
    at = rng.uniform(0.05, 1.4, 200)
    value, level = tape([np.array([-at, at])], 200)[0]
    assert level is None
    lo, hi = -value[0], value[1]
    assert (hi - lo <= 4 * np.spacing(np.maximum(np.abs(lo), np.abs(hi)))).all()
    wide, _ = tape([np.array([-(at - 0.04), at + 0.04])], 200)[0]
    assert (wide >= value).all()


def test_arithmetic_of_the_process_is_checked():
    interval.require_ieee()
