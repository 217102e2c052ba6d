"""`prove_descent`: known answers, exact ties, and attempts to make it prove something false."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy

import danskin as dk
from danskin.counterexamples import all_families
from danskin.errors import InvalidInputError
from danskin.exact import sign
from danskin.proof import prove_descent

FAMILIES = {f.name: f for f in all_families()}
PROVED, REFUTED, UNDECIDED = dk.Verdict.PROVED, dk.Verdict.REFUTED, dk.Verdict.UNDECIDED
I = dk.Interval(0, 1)  # noqa: E741


def formula(g, theta, delta, domain, **parameters):
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain, parameters)


PAIR = "d*(t1*u1+t2*u2)+(1-d)*(t1*v1+t2*v2)+d*(d-1)"
VECTORS = {"u1": 1, "u2": 0, "v1": "-1/2", "v2": "sqrt(3)/2"}
ABS = formula("t*d", ["t"], ["d"], dk.Interval(-1, 1))
OBTUSE = formula(PAIR, ["t1", "t2"], ["d"], I, **VECTORS)
ORABONA = formula("d*(t1**2+(t2+1)**2) + (1-d)*(t1**2+(t2-1)**2)", ["t1", "t2"], ["d"], I)
TRIG = formula("sin(3*d)*t1+cos(5*d)*t2-(d-1/2)**2", ["t1", "t2"], ["d"], I)
EXP = formula("exp(t*d)+exp(-t*d)", ["t"], ["d"], dk.Interval(-1, 1))
TIE = ["sqrt(2)/20", "sqrt(6)/20"]  # sqrt(2)/10 (u + v)
SIMPLEX = "d1*t1+d2*(-t1/2+sqrt(3)/2*t2)+d3*(a*t1+b*t2)+xlogx(d1)+xlogx(d2)+xlogx(d3)"
THREE = formula(SIMPLEX, ["t1", "t2"], ["d1", "d2", "d3"], dk.Simplex(3), a="-1/10", b="1/2")
BALANCED = formula(
    SIMPLEX, ["t1", "t2"], ["d1", "d2", "d3"], dk.Simplex(3), a="-1/2", b="-sqrt(3)/2"
)

#: objective, theta, direction, verdict, ascent, exact D (or None: not asked)
KNOWN = {
    "absolute value +": (ABS, [0], [1], REFUTED, PROVED, 1),
    "absolute value -": (ABS, [0], [-1], REFUTED, PROVED, 1),
    "pair -(u+v)": (OBTUSE, [0, 0], ["-1/2", "-sqrt(3)/2"], PROVED, REFUTED, "-1/2"),
    "pair -u": (OBTUSE, [0, 0], [-1, 0], REFUTED, PROVED, "1/2"),
    "pair -v": (OBTUSE, [0, 0], ["1/2", "-sqrt(3)/2"], REFUTED, PROVED, "1/2"),
    "irrational tie -(u+v)": (OBTUSE, TIE, ["-1/2", "-sqrt(3)/2"], PROVED, REFUTED, "-1/2"),
    "irrational tie -u": (OBTUSE, TIE, [-1, 0], REFUTED, PROVED, "1/2"),
    "irrational tie -v": (OBTUSE, TIE, ["1/2", "-sqrt(3)/2"], REFUTED, PROVED, "1/2"),
    "orabona": (ORABONA, ["1/2", 0], [-1, 0], PROVED, REFUTED, -1),
    "orabona single": (ORABONA, ["1/2", 0], [-1, -2], REFUTED, PROVED, "3/sqrt(5)"),
    "orabona other single": (ORABONA, ["1/2", 0], [-1, 2], REFUTED, PROVED, "3/sqrt(5)"),
    "orabona D = 0": (ORABONA, [-1, 0], [1, 1], REFUTED, REFUTED, 0),
    "simplex down": (THREE, [0, 0], [-1, -1], PROVED, REFUTED, "(sqrt(2)-sqrt(6))/4"),
    "simplex single": (THREE, [0, 0], [-1, 0], REFUTED, PROVED, "1/2"),
    "simplex balanced": (BALANCED, [0, 0], [-1, 0], REFUTED, PROVED, "1/2"),
    "trigonometric down": (TRIG, ["1/3", "1/7"], [-1, 0], PROVED, REFUTED, None),
    "trigonometric up": (TRIG, ["1/3", "1/7"], [1, 1], REFUTED, PROVED, None),
    "exponential down": (EXP, [1], [-1], PROVED, REFUTED, "E**(-1) - E"),
    "exponential up": (EXP, [1], [1], REFUTED, PROVED, "E - E**(-1)"),
    "cosine, tie at multiples of pi": (
        formula("t1*sin(d)+t2*cos(d)+cos(4*d)", ["t1", "t2"], ["d"], dk.Interval(0, 2)),
        [0, 0],
        [1, -1],
        REFUTED,
        PROVED,
        "1/sqrt(2)",
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    f, theta, direction, verdict, ascent, value = KNOWN[name]
    p = prove_descent(f, theta, direction)
    assert (p.verdict, p.ascent) == (verdict, ascent), p.explain()
    if value is not None:
        exact = dk.MinMaxObjective.from_expression(str(value), ["t"], ["d"], I).expression
        lo, hi = (sympy.Rational(*x.as_integer_ratio()) for x in p.derivative)
        assert sign(exact - lo) in (0, 1)
        assert sign(hi - exact) in (0, 1)
        if p.exact_derivative is not None:
            assert sign(p.exact_derivative - exact) == 0


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_claimed_derivative_of_the_counterexamples(family):
    """The families' claimed values are the reference: signs and enclosures must agree."""
    member = FAMILIES[family]()
    for claimed in member.derivatives:
        p = prove_descent(member.objective, member.theta0, claimed.direction)
        which = sign(claimed.value)
        assert p.verdict is (PROVED if which == -1 else REFUTED), (claimed, p.explain())
        assert p.ascent is (PROVED if which == 1 else REFUTED)
        assert p.derivative[0] <= float(claimed.value) + 1e-12
        assert p.derivative[1] >= float(claimed.value) - 1e-12


def test_steepest_single_and_stationary():
    steep = prove_descent(ORABONA, ["1/2", 0], "steepest")
    assert steep.verdict is PROVED
    assert steep.steepest
    assert steep.derivative == pytest.approx((-1, -1))
    for i in (0, 1):
        assert prove_descent(ORABONA, ["1/2", 0], f"single:{i}").ascent is PROVED
    flat = prove_descent(ABS, [0], "steepest")
    assert flat.stationary
    assert flat.verdict is REFUTED
    assert flat.derivative[0] == 0
    assert prove_descent(BALANCED, [0, 0], "steepest").stationary
    # Exactly 0 along minus a gradient at a maximizer that only branch and bound can name.
    f = KNOWN["cosine, tie at multiples of pi"][0]
    zero = prove_descent(f, [0, 0], "single:0")
    assert (zero.verdict, zero.ascent) == (REFUTED, REFUTED)
    assert zero.derivative == (0, 0)


def test_results_say_what_they_are():
    p = prove_descent(OBTUSE, [0, 0], [-1, 0])
    with pytest.raises(TypeError, match="no truth value"):
        bool(p.verdict)
    assert "1/2" in p.explain()
    assert p.to_dict()["verdict"] == "refuted"
    assert p.value[0] <= 0 <= p.value[1]
    assert p.boxes > 0
    assert p.maximizers_complete
    assert set(p.maximizers) == {(sympy.Integer(0),), (sympy.Integer(1),)}


# --- attempts at a false proof -----------------------------------------------------------------


def test_a_float_that_only_prints_like_the_kink_is_not_the_kink():
    """At the float nearest to the kink one maximizer is left: the answer is about that float."""
    floats = [float(sympy.sqrt(2) / 20), float(sympy.sqrt(6) / 20)]
    exact = [sympy.Rational(*x.as_integer_ratio()) for x in floats]
    u, v = (sympy.Integer(1), sympy.Integer(0)), (-sympy.Rational(1, 2), sympy.sqrt(3) / 2)
    a, b = (sum(x * y for x, y in zip(exact, w, strict=True)) for w in (u, v))
    winner = u if sign(a - b) == 1 else v
    for w, direction in ((u, [-1, 0]), (v, ["1/2", "-sqrt(3)/2"])):
        p = prove_descent(OBTUSE, floats, direction)
        assert p.verdict is (PROVED if w is winner else REFUTED)


@pytest.mark.parametrize("gap", ["1e-15", "-1e-15", "1e-25", "-1e-25", "1e-60", "-1e-60", "0"])
def test_ties_broken_by_next_to_nothing(gap):
    """g is largest at d = 1 for gap > 0 and at d = 0 for gap < 0; the rates there are +1 and -1."""
    f = formula("d*(1+t+gap)+(1-d)*(1-t)+d*(d-1)", ["t"], ["d"], I, gap=gap)
    p = prove_descent(f, [0], [1])
    if Fraction(gap) < 0:
        assert p.verdict is PROVED
    else:
        assert (p.verdict, p.ascent) == (REFUTED, PROVED)


@pytest.mark.parametrize("gap", ["1e-12", "-1e-12", "1e-30", "-1e-30", "0"])
def test_ties_of_smooth_maxima_at_irrational_points(gap):
    """Double well: -(2 d^2 - 1)^2 has maxima at +-sqrt(1/2); the tilt gap*d breaks the tie."""
    f = formula("-(2*d**2-1)**2 + gap*d + t*d", ["t"], ["d"], dk.Interval(-1, 1), gap=gap)
    p = prove_descent(f, [0], [1])
    if Fraction(gap) < 0:
        assert p.verdict is PROVED
        assert p.derivative == pytest.approx((-math.sqrt(0.5), -math.sqrt(0.5)), abs=1e-5)
    else:
        assert (p.verdict, p.ascent) == (REFUTED, PROVED)


def test_cancellation():
    """1e16 + t d - 1e16, and a difference of large equal terms that hides the slope."""
    f = formula("(10**16 + t*d) - 10**16 + sin(d)*0", ["t"], ["d"], dk.Interval(-1, 1))
    assert prove_descent(f, [0], [1]).ascent is PROVED
    g = "(10**8*(1+d))**2 - 10**16*(1 + 2*d + d**2) - (d-1/3)**2 + t*(d-1/2)"
    p = prove_descent(formula(g, ["t"], ["d"], I), [0], [1])
    assert p.verdict is PROVED  # the maximizer is 1/3
    assert p.derivative == pytest.approx((-1 / 6, -1 / 6), abs=1e-6)


@pytest.mark.parametrize(
    "g",
    [
        "t*d - 1/d**2",  # pole inside S
        "t*d + 1/(d**2+d-1/7)",
        "t*d - 1/d",
        "t*log(d+1)",  # at the edge of the domain
        "t*d + log((d+1)/2)",
        "sqrt(d)*t",  # undefined on half of S
        "tan(2*d)*t - d**2",
    ],
)
def test_poles_and_edges_prove_nothing(g):
    f = formula(g, ["t"], ["d"], dk.Interval(-1, 1))
    for theta, gamma in itertools.product(([0], ["1/3"]), ([1], [-1])):
        try:
            p = prove_descent(f, theta, gamma, budget=2)
        except InvalidInputError:
            continue
        assert p.verdict is UNDECIDED
        assert "defined" in p.reason


def test_g_that_is_not_differentiable_in_theta_is_not_decided():
    """|t| d has no gradient at t = 0, and t d sqrt(...)-like roots end at the edge."""
    for g in ("sqrt(t**2)*d", "sqrt(t+d)", "(t*d)**(3/2)", "xlogx(t*d)", "sqrt(t**2+d**2)"):
        f = formula(g, ["t"], ["d"], I)
        for gamma in ([1], [-1]):
            try:
                p = prove_descent(f, [0], gamma, budget=2)
            except InvalidInputError:
                continue
            assert p.verdict is UNDECIDED, (g, p.explain())


def test_non_strict_monotonicity_drops_nothing():
    """-|d - 1/2| as -sqrt((d-1/2)^2): both halves are monotone, the maximizer sits between."""
    f = formula("-sqrt((d-1/2)**2) + t*(d-1/4)", ["t"], ["d"], I)
    p = prove_descent(f, [0], [1])
    assert p.verdict is not PROVED
    assert p.verdict is REFUTED
    f = formula("-((d-1/2)**2)**(3/4) + t*(d-3/4)", ["t"], ["d"], I)
    assert prove_descent(f, [0], [1]).verdict is PROVED


def test_flat_g():
    f = formula("t*d + 0*d", ["t"], ["d"], I)
    assert prove_descent(f, [0], [1]).ascent is PROVED
    # S* = [0, 1], D along -1 is max(-d) = 0, attained at d = 0 only.
    p = prove_descent(f, [0], [-1])
    assert (p.verdict, p.ascent) == (REFUTED, REFUTED)
    constant = formula("t + d - d", ["t"], ["d"], I)
    assert prove_descent(constant, [5], [-1]).verdict is PROVED
    zero = formula("0*t + d", ["t"], ["d"], I)
    p = prove_descent(zero, [5], [-1])
    assert (p.verdict, p.derivative) == (REFUTED, (0.0, 0.0))


def test_maximum_in_the_middle_of_a_face():
    g = "-(x-1/3)**2 + 2*y + t*(x-1/3+s)"
    box = dk.Box([0, 0], [1, 1])
    for s, verdict in (("1e-9", REFUTED), ("-1e-9", PROVED), ("0", REFUTED)):
        p = prove_descent(formula(g, ["t"], ["x", "y"], box, s=s), [0], [1])
        assert p.verdict is verdict, p.explain()


def test_duplicated_maximizers_and_points():
    f = formula("t*d*(1-d) - (d*(d-1))**2", ["t"], ["d"], dk.FiniteSet([0, 1, "1/2", 1, 0]))
    p = prove_descent(f, [0], [1])
    assert (p.verdict, p.derivative) == (REFUTED, (0.0, 0.0))
    f = formula("t*d - d**2*(d-1)**2", ["t"], ["d"], I)
    assert prove_descent(f, [0], [1]).ascent is PROVED
    assert prove_descent(f, [0], [-1]).derivative == (0.0, 0.0)


def test_entropy_at_the_boundary():
    """The entropy's slope is infinite at 0; -x log x has its maximum 1/e inside."""
    f = formula("-xlogx(d) + t*(d - 1/4)", ["t"], ["d"], I)
    p = prove_descent(f, [0], [-1])
    assert p.verdict is PROVED
    assert p.derivative == pytest.approx((0.25 - math.exp(-1),) * 2, abs=1e-6)
    f = formula("xlogx(d) + t*(d - 1/2)", ["t"], ["d"], I)
    for gamma in ([1], [-1]):
        assert prove_descent(f, [0], gamma).ascent is PROVED


BALL = dk.Ball([0, 0], 1)


def test_ball_surface_and_inside():
    f = formula("x*t1 + y*t2", ["t1", "t2"], ["x", "y"], BALL)
    p = prove_descent(f, [1, 1], [-1, -1])
    assert p.verdict is PROVED
    assert p.derivative == pytest.approx((-1, -1), abs=1e-6)
    # Tie of two irrational points on the circle: S* = {(+-1/sqrt 2, 1/sqrt 2)} for x^2 y.
    g = "x**2*y + t1*x + t2*y"
    p = prove_descent(formula(g, ["t1", "t2"], ["x", "y"], BALL), [0, 0], [0, -1])
    assert p.verdict is PROVED
    assert p.derivative == pytest.approx((-1 / math.sqrt(3),) * 2, abs=1e-5)
    inside = formula("-(x-1/5)**2-(y+1/7)**2 + t*x", ["t"], ["x", "y"], BALL)
    assert prove_descent(inside, [0], [-1]).verdict is PROVED
    assert prove_descent(inside, [0], [1]).ascent is PROVED


def test_ball_of_the_one_norm_and_infinity_norm():
    for norm, value in ((1, 2.0), (math.inf, 3.0)):
        f = formula("x*t1 + y*t2", ["t1", "t2"], ["x", "y"], dk.Ball([0, 0], 1, norm))
        p = prove_descent(f, [2, 1], [-1, 0])
        assert p.verdict is PROVED
        assert p.value[0] <= value <= p.value[1]
        # At 0 every point is a maximizer; some gradient (a vertex) has a positive rate.
        assert prove_descent(f, [0, 0], [1, 2]).ascent is PROVED


def test_simplex_edges():
    f = formula("x*y + t*(x-y) - z", ["t"], ["x", "y", "z"], dk.Simplex(3))
    for gamma in ([1], [-1]):
        p = prove_descent(f, [0], gamma)
        assert (p.verdict, p.derivative) == (REFUTED, (0.0, 0.0)), p.explain()


def test_products_and_finite_sets():
    S = dk.Product(dk.Interval(0, 1), dk.FiniteSet([-1, 1]), dk.Simplex(2))
    f = formula("d*s*t + x*y - d**2/4", ["t"], ["d", "s", "x", "y"], S)
    assert prove_descent(f, [1], [-1]).verdict is PROVED
    p = prove_descent(f, [0], [1])
    assert (p.verdict, p.derivative) == (REFUTED, (0.0, 0.0))


def test_irrational_and_degenerate_sets():
    f = formula("t*sin(d)", ["t"], ["d"], dk.Interval("pi/2", "pi"))
    assert prove_descent(f, [1], [-1]).derivative == pytest.approx((-1, -1), abs=1e-6)
    one = formula("t*d*e", ["t"], ["d", "e"], dk.Box([1, 0], [1, 1]))
    assert prove_descent(one, [1], [-1]).verdict is PROVED


def test_callables_are_refused_with_the_remedy():
    f = dk.MinMaxObjective(lambda t, d: t @ d, lambda t, d: d, I, theta_dim=1)
    with pytest.raises(InvalidInputError, match="from_expression"):
        prove_descent(f, [0], [1])
    with pytest.raises(InvalidInputError, match="direction"):
        prove_descent(ABS, [0], [0])
    with pytest.raises(InvalidInputError, match="direction"):
        prove_descent(ABS, [0], "downhill")
    with pytest.raises(InvalidInputError, match="budget"):
        prove_descent(ABS, [0], [1], budget=-1)


def test_coupled_batch_end_to_end():
    member = FAMILIES["coupled_batch"]()
    F = member.objective
    up = prove_descent(F, member.theta0, [-1, 0])
    assert up.ascent is PROVED
    assert up.derivative == (1.0, 1.0)
    down = prove_descent(F, member.theta0, "steepest")
    assert down.verdict is PROVED
    assert down.steepest
    assert down.derivative == pytest.approx((-1 / math.sqrt(5),) * 2)


SYMMETRIC = {
    "even": ("-(exp(d)+exp(-d)-5/2)**2 + t*d", ["d"], dk.Interval(-1, 1), math.log(2)),
    "fixed point": ("-(d**2-cos(d))**2 + t*d", ["d"], dk.Interval(-1, 1), 0.8241323123025225),
    "circle": ("x**2*y + t*x", ["x", "y"], BALL, math.sqrt(2 / 3)),
    "whole circle": ("x**2 + y**2 + t*x", ["x", "y"], BALL, 1.0),
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_ties_of_orbits_need_no_exact_maximizer(name):
    g, delta, domain, value = SYMMETRIC[name]
    f = formula(g, ["t"], delta, domain)
    for gamma in ([1], [-1]):
        p = prove_descent(f, [0], gamma, budget=10)
        assert (p.verdict, p.ascent) == (REFUTED, PROVED), p.explain()
        assert p.derivative[0] <= value <= p.derivative[1]


def test_a_broken_symmetry_is_not_used():
    """The same wells with a tilt: one maximizer is left, whatever the untilted g has."""
    for tilt, gamma in (("1e-9", [-1]), ("-1e-9", [1])):
        g = "-(exp(d)+exp(-d)-5/2)**2 + tilt*d + t*d"
        f = formula(g, ["t"], ["d"], dk.Interval(-1, 1), tilt=tilt)
        assert prove_descent(f, [0], gamma).verdict is PROVED
    # A set that is not symmetric about 0 holds one well only.
    f = formula("-(exp(d)+exp(-d)-5/2)**2 + t*d", ["t"], ["d"], dk.Interval("-1/2", 1))
    assert prove_descent(f, [0], [-1]).verdict is PROVED


# --- random objectives, against what is known of them ------------------------------------------


def planted(rng, irrational):
    """A polynomial with two tied maximizers a < b on [-2, 2], and linear rates ra, rb there."""
    scale = sympy.sqrt(int(rng.integers(2, 8))) if irrational else sympy.Integer(1)
    a, b = sorted(rng.choice(np.arange(-7, 8), 2, replace=False))
    a, b = scale * sympy.Rational(int(a), 14), scale * sympy.Rational(int(b), 14)
    d, t = sympy.symbols("d t")
    rest = 1 + sympy.Rational(int(rng.integers(0, 5)), 3) * d**2
    ra, rb = (sympy.Rational(int(x), 5) for x in rng.integers(-6, 7, 2))
    line = ra + (rb - ra) * (d - a) / (b - a)
    g = -((d - a) ** 2) * (d - b) ** 2 * rest + t * line + t**2 * d
    return dk.MinMaxObjective.from_expression(g, [t], [d], dk.Interval(-2, 2)), max(ra, rb)


@pytest.mark.parametrize(
    ("g", "rate"),
    [
        ("-((d-cbrt/2)*(d-sqrt(2)/10))**2*exp(d/3)", 1),
        ("-((d+cbrt/2)*(d-sqrt(3)/5+2/5))**2*(2+cos(3*d))", 1),
        ("-((d-pi/7)*(d+sqrt(7)/3))**2*(1+d**2)", 1),
    ],
)
def test_ties_that_no_single_field_holds(g, rate):
    """Cube roots, square roots and pi in one tie: the factors of g name the points."""
    f = formula(f"{g} + t*(d+3)", ["t"], ["d"], dk.Interval(-2, 2), cbrt="2**(1/3)")
    p = prove_descent(f, [0], [rate], budget=10)
    assert (p.verdict, p.ascent) == (REFUTED, PROVED), p.explain()


@pytest.mark.parametrize(
    ("irrational", "count"),
    [
        (False, 12),
        (True, 12),
        pytest.param(False, 500, marks=pytest.mark.slow),
        pytest.param(True, 500, marks=pytest.mark.slow),
    ],
)
def test_planted_ties(irrational, count):
    rng = np.random.default_rng(7 + irrational)
    undecided = 0
    for _ in range(count):
        f, rate = planted(rng, irrational)
        p = prove_descent(f, [0], [1], budget=5)
        undecided += p.verdict is UNDECIDED
        if p.verdict is PROVED:
            assert rate < 0
        elif p.verdict is REFUTED:
            assert rate >= 0
            assert (p.ascent is PROVED) == (rate > 0)
        assert p.derivative[0] <= rate <= p.derivative[1]
    assert undecided <= (0.05 if irrational else 0.02) * count, undecided
