"""Branches: phi is the largest value at the vertices, and its right derivative is elementary."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.claims.argument import Argument
from danskin.claims.branches import branches, slope_at_zero
from danskin.claims.vectors import min_norm
from danskin.counterexamples import ABSOLUTE_VALUE, OBTUSE_PAIR, ORABONA, simplex_formula
from danskin.errors import InvalidInputError
from danskin.objective import MinMaxObjective
from danskin.sets import Box, Interval
from danskin.verdict import Verdict

T = sympy.Symbol("t", positive=True)
COEFFICIENTS = st.lists(st.integers(-3, 3), min_size=1, max_size=4)


def interval(g, lo=-1, hi=1):
    return MinMaxObjective.from_expression(g, ["t"], ["d"], Interval(lo, hi))


@pytest.mark.parametrize(
    ("formula", "strict"),
    [
        (ABSOLUTE_VALUE.formula, False),
        (OBTUSE_PAIR.formula, True),
        (ORABONA.formula, False),
        (simplex_formula(3), True),
    ],
)
def test_the_branches_are_phi(formula, strict):
    argument = Argument()
    found = branches(argument, formula)
    assert found.strict is strict
    assert argument.verdict is Verdict.PROVED
    rng = np.random.default_rng(3)
    for theta in rng.normal(size=(5, formula.theta_dim)):
        values = found.at([sympy.Float(x) for x in theta], formula.theta_symbols)
        assert formula.robust_value(theta) == pytest.approx(float(max(values)), rel=1e-9)


@pytest.mark.parametrize(
    "formula",
    [
        interval("t*d - d**2"),
        interval("t*d**2"),
        interval("d**3 + t*d", 0, 1),
        interval("t*d + cos(d)"),
        MinMaxObjective.from_expression("t*d", ["t"], ["d"], Box([0], [1])),
    ],
)
def test_what_is_not_convex_is_refused(formula):
    with pytest.raises(InvalidInputError):
        branches(Argument(), formula)


@given(st.lists(COEFFICIENTS, min_size=1, max_size=4), st.integers(-3, 3))
def test_the_slope_is_the_limit_of_the_quotients(polynomials, level):
    """Lexicographic comparison against the quotient at a small rational step, exactly."""
    values = [
        level + sum((c * T ** (k + 1) for k, c in enumerate(p)), sympy.S(0)) for p in polynomials
    ]
    slope = slope_at_zero([sympy.S(v) for v in values], T)
    step = sympy.Rational(1, 10**6)
    quotient = (max(v.subs(T, step) for v in values) - level) / step
    assert abs(quotient - slope) < sympy.Rational(1, 1000)


def test_a_lower_branch_does_not_count():
    assert slope_at_zero([5 * T, 1 - 2 * T, 1 - 3 * T + T**2], T) == -2


def test_min_norm_is_checked_by_its_own_kkt():
    rows = [[sympy.S(3), sympy.S(1)], [sympy.S(-1), sympy.S(1)], [sympy.S(0), sympy.S(4)]]
    found = min_norm(rows)
    assert found.verdict is Verdict.PROVED
    assert found.point == [0, 1]
    assert found.square == 1
    assert found.steepest == [0, -1]
