"""Numbers beyond float64, names that collide, and cells too fine to halve: nothing false."""

from __future__ import annotations

import math

import numpy as np
import pytest

import danskin as dk
from danskin.errors import InvalidInputError, LimitError
from danskin.proof import (
    enclose_derivative,
    enclose_maximizers,
    enclose_robust_value,
    local,
    prove_descent,
    prove_theorem3,
)
from danskin.proof.boxes import Space
from danskin.proof.cover import total
from danskin.proof.result import bounds_text
from danskin.sets import Interval, Simplex

objective = dk.MinMaxObjective.from_expression


@pytest.mark.parametrize("length", ["1/10**330", "1/10**400"])
@pytest.mark.parametrize("sign", [1, -1])
def test_direction_shorter_than_any_float_gives_no_inverted_enclosure(length: str, sign: int):
    # D is per unit length: phi = 2t, so that D = +-2 whatever the length.
    f = objective("t*d", ["t"], ["d"], Interval(1, 2))
    gamma = [("-" if sign < 0 else "") + length]
    found = enclose_derivative(f, [1], gamma)
    assert found.lower <= 2 * sign <= found.upper
    lo, hi = prove_descent(f, [1], gamma).derivative
    assert lo <= 2 * sign <= hi


def test_names_in_a_formula_do_not_collide_with_those_of_shared_tapes():
    # Samples that differ in their numbers share tapes, with symbols of their own.
    def batch(x: str, y: str) -> dk.BatchObjective:
        formula = f"{x}*sin({{0}}/7*d) + {y}*0 + exp({x}*d*{{0}}/9)"
        parts = [objective(formula.format(k), [x, y], ["d"], Interval(0, 1)) for k in (3, 4, 5, 8)]
        return dk.BatchObjective(parts)

    # At x = -2 every sample has its maximum at d = 0, where the rate is 0.
    for names in (("x", "y"), ("_c1", "_g0"), ("_g0", "_c2")):
        proof = prove_descent(batch(*names), [-2, 1], [-1, "1/3"])
        assert proof.verdict is dk.Verdict.REFUTED
        assert proof.derivative == (0.0, 0.0)


def test_simplex_cells_are_not_cut_where_a_midpoint_would_be_rounded():
    (factor,) = Space(Simplex(3)).factors
    fine = 2.0**-53
    # Long edges; the midpoint of the first and second vertices has the coordinate 3/4 - 2**-54.
    X = np.array([[[fine, 0.0, 1 - fine], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]]])
    width, _ = factor.axes({"X": X}, np.ones((1, 3)))
    assert (width == 0).all()
    # Exactly a point of the simplex is probed: the edge's end.
    assert sum(factor.exact({"X": X}, 0)) == 1
    plain = np.array([[[0.0, 0.0, 1.0], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]])
    assert (factor.axes({"X": plain}, np.ones((1, 3)))[0] > 0).all()


def test_what_is_not_seen_to_be_defined_names_no_maximizers():
    f = objective("t**2*log(d) + d", ["t"], ["d"], Interval(0, 1))
    proof = prove_descent(f, [0], "single:0", budget=1)
    assert proof.verdict is dk.Verdict.UNDECIDED
    assert proof.maximizers == ()
    assert not proof.maximizers_complete


def test_infinitely_many_maximizers_are_not_listed_as_all():
    f = objective("t**2*d", ["t"], ["d"], Interval(0, 1))
    proof = prove_descent(f, [0], "steepest", budget=1)
    assert proof.stationary
    assert not proof.maximizers_complete


def test_bounds_at_the_end_of_float64_print():
    largest = float(np.finfo(float).max)
    for bounds in ((largest, math.inf), (-math.inf, -largest), (-largest, largest)):
        assert float(bounds_text(bounds)[1:-1].split(",")[0]) <= bounds[0]
        assert float(bounds_text(bounds)[1:-1].split(",")[1]) >= bounds[1]


def test_a_derivative_beyond_float64_is_no_trouble():
    f = objective("t*d*10**300*exp(d)", ["t"], ["d"], Interval(0, 1000))
    proof = prove_descent(f, [1], [-1], budget=1)
    assert repr(proof)
    assert proof.verdict is not dk.Verdict.REFUTED


@pytest.mark.parametrize("bad", ["x", math.nan, -1, True])
def test_budgets_that_are_not_seconds_are_named(bad: object):
    f = objective("t*d", ["t"], ["d"], Interval(0, 1))
    for call in (
        lambda: prove_theorem3(f, [1], [-1], budget=bad),
        lambda: enclose_robust_value(f, [1], budget=bad),
        lambda: enclose_maximizers(f, [1], budget=bad),
        lambda: prove_descent(f, [1], [-1], budget=bad),
    ):
        with pytest.raises(InvalidInputError, match="budget"):
            call()
    if bad is not True:
        with pytest.raises(InvalidInputError, match="tol"):
            prove_descent(f, [1], [-1], tol=bad)


def test_batches_of_polynomials_are_decided():
    # phi = mean of max over [0, 1] of k t d - (d - 1/2)**2, all with S* = {1/2} at t = 0.
    parts = [objective(f"{k}*t*d - (d - 1/2)**2", ["t"], ["d"], Interval(0, 1)) for k in (3, 4, 7)]
    batch = dk.BatchObjective(parts)
    down, up = prove_descent(batch, [0], [-1]), prove_descent(batch, [0], [1])
    assert down.verdict is dk.Verdict.PROVED
    assert up.ascent is dk.Verdict.PROVED
    assert down.derivative[0] <= -7 / 3 <= down.derivative[1]
    step = dk.certified_step(batch, [0], [-1], "1/100")
    assert step.verdict is dk.Verdict.PROVED


@pytest.mark.parametrize("high", ["1e200", "1e307"])
def test_sets_that_reach_far_raise_no_warning(high: str):
    f = objective("sin(t)*d", ["t"], ["d"], Interval("-1e-200", high))
    proof = prove_descent(f, [0], [-1], budget=2)
    assert proof.ascent is dk.Verdict.PROVED
    assert proof.derivative[0] <= 1e-200 <= proof.derivative[1]


def test_sums_beyond_float64_bound_nothing():
    assert total(np.array([1.7e308, 1.7e308]), math.inf) == math.inf
    assert total(np.array([-1.7e308, -1.7e308]), -math.inf) == -math.inf


def test_formulas_left_as_they_are_prove_the_same(monkeypatch: pytest.MonkeyPatch):
    def late(*_: object) -> None:
        raise LimitError("too long")

    monkeypatch.setattr(local, "polynomial_terms", late)
    f = objective("t*(d-1)**3*d**2 - (d-1/2)**2*(t+1)", ["t"], ["d"], Interval(0, 2))
    # At d = 1/2 the rate is -1/32.
    proof = prove_descent(f, [0], [1])
    assert proof.verdict is dk.Verdict.PROVED
    assert proof.derivative[0] <= -1 / 32 <= proof.derivative[1]
    assert dk.certified_step(f, [0], [1], "1/1000").verdict is dk.Verdict.PROVED


@pytest.mark.parametrize("size", ["10**308", "17*10**307"])
@pytest.mark.parametrize("sign", [1, -1])
def test_lengths_near_the_end_of_float64_divide_a_batch_rightly(size: str, sign: int):
    # The length times the number of samples is beyond float64. S* = {2} x {1}, with the rates
    # 2**2/100 and sin(1)/50.
    batch = dk.BatchObjective(
        [
            objective("exp(t*d)*d/100", ["t"], ["d"], Interval(1, 2)),
            objective("exp(t*d)*sin(d)*d/50", ["t"], ["d"], Interval("1/2", 1)),
        ]
    )
    lo, hi = prove_descent(batch, [0], [("-" if sign < 0 else "") + size]).derivative
    assert lo <= sign * (0.02 + math.sin(1) / 100) <= hi
    assert hi - lo < 1e-12


def test_values_beyond_float64_are_summed():
    part = objective("10**308*cos(d) + t", ["t"], ["d"], Interval(0, 1))
    found = enclose_robust_value(dk.BatchObjective([part] * 4), [0], budget=1)
    assert found.lower <= 1e308 <= found.upper
    assert prove_descent(dk.BatchObjective([part] * 4), [0], [-1], budget=1).derivative[1] < 0


def test_a_direction_too_long_to_follow_is_undecided(monkeypatch: pytest.MonkeyPatch):
    def late(*_: object) -> None:
        raise LimitError("differentiating took too long")

    monkeypatch.setattr(dk.proof.step, "Segment", late)
    step = dk.certified_step(objective("t*d", ["t"], ["d"], Interval(1, 2)), [1], [-1], 1)
    assert step.verdict is dk.Verdict.UNDECIDED
    assert "too long" in step.reason
