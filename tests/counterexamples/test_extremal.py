"""Extremal Gram matrices: the program against closed forms, the rounding against exact checks."""

import json
import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.counterexamples.extremal import extremal_gram, extremal_table, price_bound
from danskin.counterexamples.generate.gram import Indefinite, factor, hull_of
from danskin.errors import InvalidInputError, SolverError
from danskin.exact import sign, to_float
from danskin.plots import plot_extremal
from danskin.verdict import Verdict

SIGNS = [[0, -1, 1, 0], [-1, 0, -1, 0], [1, -1, 0, 1], [0, 0, 1, 0]]


@pytest.mark.parametrize("rho", ["0", "1/3", "1/2", "3/5", "sqrt(2)/2", "9/10", "1"])
@pytest.mark.parametrize(
    ("pattern", "m", "value"),
    [
        ("one", 2, lambda r: 1 - 2 * r**2),
        ("one", 4, lambda r: 1 - 2 * r**2),
        ("cycle", 4, lambda r: 1 - 2 * r**2),
        ("cycle", 5, lambda r: (1 - r**2) * math.cos(math.pi / 5) - r**2),
        ("complete", 3, lambda r: (1 - 3 * r**2) / 2),
        ("complete", 6, lambda r: (1 - 6 * r**2) / 5),
    ],
)
def test_unit_gradients_against_closed_forms(pattern, m, value, rho):
    found = extremal_gram(m, rho, pattern=pattern)
    r = float(found.rho)
    assert found.rate == pytest.approx(value(r), abs=2e-6)
    assert to_float(found.formula) == pytest.approx(value(r), abs=1e-12)
    assert to_float(found.bound) >= value(r) - 1e-12


@pytest.mark.parametrize(
    "arguments",
    [
        {"m": 2, "rho": "1/2"},
        {"m": 3, "rho": "1/4", "pattern": "cycle"},
        {"m": 5, "rho": "1/3", "pattern": "cycle"},
        {"m": 8, "rho": "1/4", "pattern": "complete"},
        {"m": 3, "rho": "1/2", "norms": [1, 2, 3], "pattern": "complete"},
        {"m": 4, "rho": "1/2", "norms": [1, 2, 1, "sqrt(3)"]},
        {"m": 4, "rho": "1/3", "pattern": SIGNS},
    ],
)  # fmt: skip
def test_rounded_matrix_is_what_it_is_said_to_be(arguments):
    """Recomputed: norms, semidefinite, min norm, signs, the rate; near the program's value."""
    found = extremal_gram(**arguments)
    G = found.exact_gram
    m = found.m
    assert all(sympy.expand(G[i][i] - found.norms[i] ** 2) == 0 for i in range(m))
    assert not isinstance(factor(G), Indefinite)
    assert sign(hull_of(G).squared_norm - found.exact_squared_norm) == 0
    assert sign(found.exact_squared_norm - found.rho**2) in (0, 1)
    floats = np.array([[float(x) for x in row] for row in G])
    assert np.linalg.eigvalsh(floats).min() > -1e-9
    scale = [
        float(found.norms[i] if found.pattern == "one" else max(found.norms[i], found.norms[j]))
        for i, j in found.pairs
    ]
    rates = [-floats[i, j] / s for (i, j), s in zip(found.pairs, scale, strict=True)]
    assert min(rates) == pytest.approx(float(found.exact_rate), abs=1e-12)
    assert float(found.exact_rate) == pytest.approx(found.rate, abs=1e-4)
    assert float(found.exact_rate) <= float(found.bound) + 1e-12


def test_signs_that_are_asked_for_are_kept():
    signs = [[0, -1, 1], [-1, 0, -1], [1, -1, 0]]
    found = extremal_gram(3, "1/4", pattern=signs)
    assert found.pairs == ((0, 1), (1, 2))
    assert sign(found.exact_gram[0][2]) in (0, 1)


@pytest.mark.parametrize("pattern", ["one", "cycle", "complete"])
def test_extremal_objective_is_proved(pattern):
    made = extremal_gram(3, "2/5", pattern=pattern).counterexample()
    assert made.verdict is Verdict.PROVED
    assert dk.maximizers(made.objective, made.theta0).complete


def test_bound_is_attained_exactly_and_nothing_is_between():
    found = extremal_gram(3, "3/5")
    assert found.attained
    assert found.exact_rate == sympy.Rational(7, 25)
    assert "nothing is worse" in found.explain()
    odd = extremal_gram(5, "3/5", pattern="cycle")
    assert not odd.attained
    assert "lies in" in odd.explain()


@given(rows=st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_price_bound_holds_for_integer_gradients(rows):
    """max_j <-g_i, g_j> <= bound, exactly; rho from the exact solver."""
    rho = sympy.sqrt(sympy.Rational(dk.exact_min_norm(rows).squared_norm))
    squares = [sum(x * x for x in r) for r in rows]
    top = sympy.sqrt(max(squares))
    for g, s in zip(rows, squares, strict=True):
        worst = max(-sum(a * b for a, b in zip(g, h, strict=True)) for h in rows)
        assert sign(price_bound(rho, sympy.sqrt(s), top) - worst) in (0, 1)


def test_a_failed_program_is_reported(monkeypatch):
    import cvxpy

    monkeypatch.setattr(cvxpy.Problem, "solve", lambda self, **_: None)
    with pytest.raises(SolverError, match="status None"):
        extremal_gram(2, "1/2")


@pytest.mark.parametrize(
    "arguments",
    [
        {"m": 1, "rho": "1/2"},
        {"m": 17, "rho": "1/2"},
        {"m": True, "rho": "1/2"},
        {"m": 2, "rho": "-1/2"},
        {"m": 2, "rho": "11/10"},
        {"m": 2, "rho": "nan"},
        {"m": 2, "rho": "1/2", "norms": [1]},
        {"m": 2, "rho": "1/2", "norms": [1, 0]},
        {"m": 2, "rho": "1/2", "norms": [1, "1/4"]},
        {"m": 2, "rho": "1/2", "pattern": "star"},
        {"m": 2, "rho": "1/2", "pattern": [[0, 1], [1, 0]]},
        {"m": 2, "rho": "1/2", "pattern": [[0, -1], [1, 0]]},
        {"m": 2, "rho": "1/2", "pattern": [[-1, -1], [-1, 0]]},
        {"m": 2, "rho": "1/2", "pattern": [[0, -2], [-2, 0]]},
        {"m": 2, "rho": "1/2", "pattern": 7},
    ],
)
def test_bad_input_is_named(arguments):
    with pytest.raises(InvalidInputError):
        extremal_gram(**arguments)


def test_table_and_picture():
    table = extremal_table([2, 3], ["1/5", "4/5"], patterns=("one", "complete"))
    assert [(r.pattern, r.m, str(r.rho)) for r in table[:3]] == [
        ("one", 2, "1/5"), ("one", 2, "4/5"), ("one", 3, "1/5")
    ]  # fmt: skip
    json.dumps([r.to_dict() for r in table], allow_nan=False)
    ax = plot_extremal(table)
    up = np.concatenate([c.get_offsets()[:, 1] for c in ax.collections[1:] if len(c.get_offsets())])
    assert {round(float(y), 6) for y in up} >= {round(r.rate, 6) for r in table}
    with pytest.raises(InvalidInputError, match="empty"):
        plot_extremal([])
