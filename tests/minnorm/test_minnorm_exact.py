"""Exact min-norm points: rational and algebraic gradients, each answer verified from scratch."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.errors import InvalidInputError, SolverError
from danskin.minnorm import ExactMinNorm, exact_min_norm
from danskin.minnorm.rational import (
    exact_active_set,
    integer_gram,
    is_positive_semidefinite,
    sqrt_bounds,
)
from danskin.verdict import Verdict

rows_of_integers = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(-4, 4), min_size=n, max_size=n), min_size=1, max_size=7)
)


def sign(number):
    """A sign by 60 digits, good enough for the small numbers here; 0 by minimal polynomial."""
    value = sympy.N(number, 60)
    if abs(value) > sympy.Float("1e-40", 60):
        return 1 if value > 0 else -1
    return 0 if sympy.minimal_polynomial(number, polys=True).degree() == 1 else None


def assert_kkt(result: ExactMinNorm) -> None:
    """Exactly: a >= 0, sum a = 1, x = sum a_i g_i, <x, g_i> >= |x|^2 for every i."""
    a, g = result.weights, result.gradients
    x = [sum(w * row[k] for w, row in zip(a, g, strict=True)) for k in range(len(g[0]))]
    assert min(a) >= 0
    assert sum(a) == 1
    assert tuple(x) == result.point
    assert result.squared_norm == sum(v * v for v in x)
    assert all(sum(v * w for v, w in zip(x, row, strict=True)) >= result.squared_norm for row in g)


class TestRational:
    @given(rows_of_integers)
    @settings(max_examples=150, deadline=None)
    def test_kkt(self, rows):
        result = exact_min_norm(rows)
        assert_kkt(result)
        assert result.verify() is Verdict.PROVED

    @given(rows_of_integers)
    @settings(max_examples=100, deadline=None)
    def test_without_a_guess_the_norm_is_the_same(self, rows):
        gram = integer_gram(rows)
        weights, _ = exact_active_set(gram, (len(rows),))
        square = sum(
            a * b * gram[i][j] for i, a in enumerate(weights) for j, b in enumerate(weights)
        )
        assert square == exact_min_norm(rows).squared_norm

    @given(rows_of_integers)
    @settings(max_examples=60, deadline=None)
    def test_from_the_worst_start_the_norm_is_the_same(self, rows):
        """Start at the longest point and the barycentre: drops and additions both happen."""
        gram = integer_gram(rows)
        m = len(rows)
        longest = max(range(m), key=lambda i: gram[i][i])
        for start in (
            [Fraction(int(i == longest)) for i in range(m)],
            [Fraction(1, m)] * m,
        ):
            weights, _ = exact_active_set(gram, (m,), start)
            square = sum(
                a * b * gram[i][j] for i, a in enumerate(weights) for j, b in enumerate(weights)
            )
            assert square == exact_min_norm(rows).squared_norm

    def test_golden(self):
        result = exact_min_norm([[1, 0], [0, 2]])
        assert result.weights == (Fraction(4, 5), Fraction(1, 5))
        assert result.point == (Fraction(4, 5), Fraction(2, 5))
        assert result.squared_norm == Fraction(4, 5)
        assert not result.stationary
        assert result.support == (0, 1)

    def test_every_rational_type_means_the_same_number(self):
        half = [
            Fraction(1, 2),
            0.5,
            Decimal("0.5"),
            np.float32(0.5),
            np.float64(0.5),
            sympy.Rational(1, 2),
            sympy.Float(0.5),
        ]
        for entry in half:
            assert exact_min_norm([[entry, np.int64(1)]]).gradients == ((Fraction(1, 2), 1),)

    def test_a_float_is_its_binary_rational(self):
        assert exact_min_norm([[0.1]]).point == (Fraction(0.1),)
        assert exact_min_norm([[0.1]]).point != (Fraction(1, 10),)

    def test_array_and_matrix_input(self):
        expected = exact_min_norm([[1, 2], [3, -1]])
        assert exact_min_norm(np.array([[1, 2], [3, -1]])) == expected
        assert exact_min_norm(sympy.Matrix([[1, 2], [3, -1]])) == expected

    def test_stationary_only_just(self):
        assert exact_min_norm([[1, 0], [-1, 0]]).stationary
        almost = exact_min_norm([[1, 0], [-1, Fraction(1, 10**40)]])
        assert not almost.stationary
        assert almost.verify() is Verdict.PROVED

    def test_numbers_beyond_float64(self):
        result = exact_min_norm([[10**400, 0], [0, 10**400]])
        assert result.weights == (Fraction(1, 2), Fraction(1, 2))
        tiny = exact_min_norm([[Fraction(1, 10**400)], [Fraction(-1, 10**401)]])
        assert tiny.stationary

    def test_to_dict_repr_explain(self):
        result = exact_min_norm([[1, 0], [0, 2]])
        assert json.loads(json.dumps(result.to_dict()))["squared_norm"] == "4/5"
        assert repr(result) == "ExactMinNorm(squared_norm=4/5, support 2 of 2)"
        assert "4/5" in result.explain()
        assert "Stationary" in exact_min_norm([[0]]).explain()


class TestVerify:
    @pytest.mark.parametrize(
        "change",
        [
            {"weights": (Fraction(3, 5), Fraction(2, 5))},
            {"weights": (Fraction(6, 5), Fraction(-1, 5))},
            {"point": (Fraction(4, 5), Fraction(1, 5))},
            {"squared_norm": Fraction(3, 5)},
            {"stationary": True},
            {"support": (0,)},
            {"gradients": ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(-2)))},
        ],
    )
    def test_a_tampered_result_is_refuted(self, change):
        result = exact_min_norm([[1, 0], [0, 2]])
        assert dataclasses.replace(result, **change).verify() is Verdict.REFUTED

    def test_a_consistent_but_suboptimal_result_is_refuted(self):
        half = Fraction(1, 2)
        result = exact_min_norm([[1, 0], [0, 2]])
        other = dataclasses.replace(
            result, weights=(half, half), point=(half, Fraction(1)), squared_norm=Fraction(5, 4)
        )
        assert other.verify() is Verdict.REFUTED

    def test_negative_weights_that_cancel_are_refuted(self):
        """Weights 2, -1 on a repeated gradient give the right point all the same."""
        result = exact_min_norm([[1, 0], [1, 0]])
        other = dataclasses.replace(result, weights=(Fraction(2), Fraction(-1)), support=(0,))
        assert other.verify() is Verdict.REFUTED

    def test_a_suboptimal_algebraic_result_is_refuted(self):
        result = exact_min_norm([[sympy.sqrt(2), 0], [0, 1]], sign=sign)
        other = dataclasses.replace(
            result,
            weights=(sympy.Integer(1), sympy.Integer(0)),
            point=(sympy.sqrt(2), sympy.Integer(0)),
            squared_norm=sympy.Integer(2),
        )
        assert other.verify() is Verdict.REFUTED

    def test_an_algebraic_result_too(self):
        result = exact_min_norm([[sympy.sqrt(2), 0], [0, 1]], sign=sign)
        assert result.verify() is Verdict.PROVED
        wrong = dataclasses.replace(result, squared_norm=result.squared_norm + 1)
        assert wrong.verify() is Verdict.REFUTED
        unsure = exact_min_norm([[sympy.sqrt(2), 1], [-1, 1]], sign=sign)
        assert unsure.verify() is Verdict.PROVED
        unsure = dataclasses.replace(unsure, sign=lambda _: None)
        assert unsure.verify() is Verdict.UNDECIDED


class TestAlgebraic:
    root = sympy.sqrt(3)

    def test_120_degrees_cancel_exactly(self):
        half = sympy.Rational(1, 2)
        rows = [[1, 0], [-half, self.root / 2], [-half, -self.root / 2]]
        result = exact_min_norm(rows, sign=sign)
        assert result.stationary
        assert result.squared_norm == 0
        assert result.weights == (sympy.Rational(1, 3),) * 3
        assert result.verify() is Verdict.PROVED

    def test_golden(self):
        """|sqrt(2) e1| and |e2|: weights 1/3, 2/3, squared norm 2/3."""
        result = exact_min_norm([[sympy.sqrt(2), 0], [0, 1]], sign=sign)
        assert result.weights == (sympy.Rational(1, 3), sympy.Rational(2, 3))
        assert result.squared_norm == sympy.Rational(2, 3)
        assert result.norm == pytest.approx((2 / 3) ** 0.5)

    @pytest.mark.parametrize("seed", range(12))
    def test_random_quadratic_numbers(self, seed):
        rng = np.random.default_rng(seed)
        m, n = int(rng.integers(2, 5)), int(rng.integers(1, 4))
        a, b = rng.integers(-3, 4, (2, m, n)).tolist()
        rows = [
            [p + q * self.root for p, q in zip(x, y, strict=True)]
            for x, y in zip(a, b, strict=True)
        ]
        result = exact_min_norm(rows, sign=sign)
        assert result.verify() is Verdict.PROVED
        floats = np.array(rows, dtype=float)
        reference = exact_min_norm(floats.tolist()).norm
        assert result.norm == pytest.approx(reference, abs=1e-12)

    @pytest.mark.parametrize(
        ("rows", "support"),
        [
            ([[1, 0], [2, sympy.sqrt(2)]], (0,)),  # the line's minimizer has a negative weight
            ([[1, 3], [1, -1], [2, sympy.sqrt(2)]], (0, 1)),  # so has the plane's
            ([[sympy.sqrt(2), 1], [sympy.sqrt(2), 1]], (0,)),  # affinely dependent
        ],
    )
    def test_a_guess_of_too_many_points_is_repaired(self, monkeypatch, rows, support):
        monkeypatch.setattr(
            "danskin.minnorm.exact._float_support", lambda rows: tuple(range(len(rows)))
        )
        result = exact_min_norm(rows, sign=sign)
        assert result.support == support
        assert result.verify() is Verdict.PROVED

    def test_a_wrong_float_guess_is_repaired(self, monkeypatch):
        monkeypatch.setattr("danskin.minnorm.exact._float_support", lambda rows: (0,))
        result = exact_min_norm([[sympy.sqrt(2), 0], [0, 1]], sign=sign)
        assert result.support == (0, 1)

    def test_an_undecided_sign_is_an_error_not_a_guess(self):
        with pytest.raises(SolverError, match="could not be decided"):
            exact_min_norm([[sympy.sqrt(2), 1], [-1, 1]], sign=lambda _: None)

    def test_irrational_without_sign(self):
        with pytest.raises(InvalidInputError, match="sign="):
            exact_min_norm([[sympy.sqrt(2)]])


class TestBadInput:
    @pytest.mark.parametrize(
        "gradients",
        [
            [],
            [[]],
            [1, 2],
            5,
            None,
            "12",
            ["12"],
            [[1, 2], [3]],
            [[True]],
            [[float("nan")]],
            [[float("inf")]],
            [[Decimal("NaN")]],
            [[1j]],
            [["1"]],
            [[None]],
            [[sympy.Symbol("t")]],
            [[sympy.I]],
            [[sympy.oo]],
            [[sympy.nan]],
            [[sympy.zoo]],
            [[sympy.sqrt(2) * sympy.Float(0.1)]],
            sympy.Symbol("t"),
        ],
    )
    def test_is_an_error_that_names_gradients(self, gradients):
        with pytest.raises(InvalidInputError) as caught:
            exact_min_norm(gradients, sign=sign)
        assert caught.value.argument == "gradients"


class TestIntegerTools:
    @given(st.fractions(min_value=0, max_value=10**12))
    @settings(deadline=None)
    def test_sqrt_bounds(self, square):
        below, above = sqrt_bounds(square)
        assert Fraction(below) ** 2 <= square <= Fraction(above) ** 2
        assert above <= np.nextafter(np.nextafter(below, np.inf), np.inf)
        assert sqrt_bounds(Fraction(9, 4)) == (1.5, 1.5)

    @pytest.mark.parametrize("power", [-1000, -300, 300, 1000])
    def test_sqrt_bounds_at_all_scales(self, power):
        square = 2 * Fraction(2) ** power
        below, above = sqrt_bounds(square)
        assert Fraction(below) ** 2 < square < Fraction(above) ** 2
        assert above == np.nextafter(below, np.inf)

    @pytest.mark.parametrize(
        ("gram", "expected"),
        [
            ([[0]], True),
            ([[-1]], False),
            ([[0, 1], [1, 5]], False),
            ([[0, 0], [0, 5]], True),
            ([[0, 1], [1, 0]], False),
            ([[1, -1], [-1, 1]], True),
            ([[4, 5], [5, 6]], False),
            ([[1, 1, 1], [1, 2, 3], [1, 3, 5]], True),
            ([[1, 1, 1], [1, 2, 3], [1, 3, 4]], False),
        ],
    )
    def test_positive_semidefinite(self, gram, expected):
        assert is_positive_semidefinite(gram) is expected

    def test_an_indefinite_matrix_is_an_error_not_a_loop(self):
        with pytest.raises(SolverError, match="not positive semidefinite"):
            exact_active_set([[0, 1], [1, 2]], (2,), [Fraction(1, 2)] * 2)
