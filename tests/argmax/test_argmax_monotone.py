"""Strictly monotone functions are maximized where what is inside them is, and only if proved."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.argmax import maximize
from danskin.argmax.monotone import monotone_inner
from danskin.expression import parse

x, y = sympy.symbols("x y")
RATIONAL = st.fractions(-3, 3, max_denominator=4)
#: phi as text in h, strictly increasing wherever it is used here.
INCREASING = [
    "softplus({})", "exp({})", "tanh({})", "sinh({})", "atan({})", "elu({})", "({})**3 + 2",
    "3*softplus({}) - 1/2", "log(20 + {})", "sqrt(20 + {})", "(20 + {})**(3/2)", "2**({})",
    "-exp(-({}))", "-1/(20 + {})", "-(1/3)**({})", "log(1 + exp({}))", "atan(softplus({}))**5",
    "xlogx(20 + {})",
]  # fmt: skip
SETS = [
    dk.Box([-1, -1], [1, 1]),
    dk.Ball([0, 0], 1),
    dk.Ball([0, "1/2"], 1, norm=1),
    dk.Simplex(2),
    dk.FiniteSet([[0, 0], [1, "1/3"], ["-1/2", 1]]),
]


def expression(text):
    return parse(text, {"x": x, "y": y}, "g")


@pytest.mark.parametrize("domain", SETS, ids=repr)
@pytest.mark.parametrize("phi", INCREASING)
@given(a=RATIONAL, b=RATIONAL, c=RATIONAL)
@settings(max_examples=4)
def test_the_argmax_is_that_of_the_form_inside(phi, domain, a, b, c):
    h = f"{a}*x + {b}*y + {c}"
    outer = maximize(expression(phi.format(h)), (x, y), domain)
    inner = maximize(expression(h), (x, y), domain)
    assert outer.complete
    assert inner.complete
    assert set(outer.exact_points) | set(outer.faces) == set(inner.exact_points) | set(inner.faces)


@pytest.mark.parametrize("phi", INCREASING)
def test_decreasing_ones_take_the_least(phi):
    """minus an increasing function of x y + 1/3, which is not convex."""
    domain = dk.Box([-1, -2], [1, 1])
    found = maximize(-expression(phi.format("x*y + 1/3")), (x, y), domain)
    assert found.complete
    assert found.exact_points == ((sympy.Integer(1), sympy.Integer(-2)),)


@pytest.mark.parametrize("phi", INCREASING)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=3)
def test_no_sampled_point_is_higher(phi, seed):
    rng = np.random.default_rng(seed)
    a, b, c = (int(v) for v in rng.integers(-2, 3, 3))
    g = expression(phi.format(f"{a}*x**2 + {b}*x + {c}"))
    domain = dk.Interval(-1, "3/2")
    found = maximize(g, (x,), domain)
    f = dk.MinMaxObjective.from_expression(g, ["t"], ["x"], domain)
    values = f.values(np.zeros(1), np.linspace(-1, 1.5, 401)[:, None])
    assert found.complete
    assert values.max() <= found.value + 1e-12 * max(1, abs(found.value))


def lowest(h):
    """The least value on [-1, 1], of a function that is monotone there."""
    return min(h.subs(x, -1), h.subs(x, 1), key=float)


@pytest.mark.parametrize(
    "text",
    [
        "cos(x)", "sin(x)", "cosh(x)", "tan(x)",
        "x**2", "x**4",  # they turn
        "log(x)", "sqrt(x)", "x**(-1)", "x**(-3)", "log(x + 1)", "1/(x + 1)", "x**(1/3)",
        "xlogx(x + 1)", "xlogx(x + 5/4)",  # it turns at 1/e
        "exp(x) - x", "exp(x) + tanh(x)", "x*exp(x)",
        "2", "exp(y)",
    ],
)  # fmt: skip
def test_what_is_not_monotone_is_left_alone(text):
    assert monotone_inner(expression(text), (x,), lowest) is None


def test_the_edge_of_the_half_line():
    """A root may touch 0, a logarithm and a negative power may not."""
    assert monotone_inner(expression("sqrt(x + 1)"), (x,), lowest) == x + 1
    assert monotone_inner(expression("log(x + 2)"), (x,), lowest) == x + 2
    assert monotone_inner(expression("-1/(x + 2)**2"), (x,), lowest) == x + 2
    assert monotone_inner(expression("sqrt(x + 1)"), (x,), lambda h: None) is None


def test_a_logistic_loss_in_a_ball_is_exact():
    """Over every ball, for one point; over polytopes for sums of losses, which are convex."""
    losses = "softplus(-(t1*(2 + x) + t2*(1 + y)))", "softplus(t1*(x - 1/4) + t2*(1/3 + y))"
    for norm, point in ((2, (-0.3, -0.4)), (float("inf"), (-0.5, -0.5))):
        f = dk.MinMaxObjective.from_expression(
            losses[0], ["t1", "t2"], ["x", "y"], dk.Ball([0, 0], "1/2", norm=norm)
        )
        S = dk.maximizers(f, [3, 4])
        assert S.complete
        np.testing.assert_allclose(S.deltas, [point], rtol=1e-15)
        assert S.exact_value == sympy.log(1 + sympy.exp(f_margin(norm)))
    both = dk.MinMaxObjective.from_expression(
        " + ".join(losses), ["t1", "t2"], ["x", "y"], dk.Ball([0, 0], "1/2", norm=float("inf"))
    )
    S = dk.maximizers(both, ["1/3", 0])
    assert S.complete
    assert S.faces


def f_margin(norm):
    """-(3 (2 + x) + 4 (1 + y)) at its largest: -10 + 1/2 times the dual norm of (3, 4)."""
    return sympy.Rational(-10) + sympy.Rational(1, 2) * (5 if norm == 2 else 7)
