"""Algorithm 1 on the paper's examples, and what its trace says of itself."""

import dataclasses
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.derivative import directional_derivative
from danskin.descent import RULES, ProjectedAscent, descend
from danskin.direction import steepest_descent
from danskin.errors import ExpressionError, InvalidInputError, MissingExtraError
from danskin.maximizers import maximizers
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import Ball, Box, FiniteSet, Interval, Simplex

make = MinMaxObjective.from_expression


def orabona() -> MinMaxObjective:
    g = "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)"
    return make(g, ["t1", "t2"], ["d"], Interval(0, 1))


def absolute_value() -> MinMaxObjective:
    return make("t*d", ["t"], ["d"], Interval(-1, 1))


def coupled_batch() -> BatchObjective:
    """Counterexample 5 with e = (1, 0), f = (0, 1), s = 1: w = (2, 1), maximizers 0 and 1 each."""
    e, w = np.array([1, 0]), np.array([2, 1])

    def sample(at_one: np.ndarray, at_zero: np.ndarray) -> MinMaxObjective:
        a, b = (f"({v[0]}*x + {v[1]}*y)" for v in (at_one, at_zero))
        return make(f"d*{a} + (1-d)*{b} + d*(d-1)", ["x", "y"], ["d"], Interval(0, 1))

    return BatchObjective([sample(e + w, e - w), sample(e - w, e + w)])


def both_ends(f, theta, rng):
    return [[0.0], [1.0]]


def phi_of_orabona(theta: np.ndarray) -> np.ndarray:
    return theta[..., 0] ** 2 + (np.abs(theta[..., 1]) + 1) ** 2


# --- what the rules do ---------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.floats(0.05, 10), st.floats(1e-6, 1e-2))
def test_on_the_kink_ddi_decreases_phi_at_every_small_step(start, step):
    """From (t, 0) the steepest direction is (-1, 0): phi = t^2 + 1 falls until t < step."""
    steps = min(8, int(start / step))
    trace = descend(orabona(), [start, 0], rule="ddi", steps=steps, step_size=step)
    assert trace.rises.size == 0
    assert (np.diff(trace.values) < 0).all()
    assert (trace.thetas[:, 1] == 0).all()
    assert trace.complete.all()
    assert (trace.derivatives < 0).all()


def test_one_exact_maximizer_goes_uphill_where_the_steepest_direction_goes_down():
    """At (1/2, 0) the gradients are (1, -2) and (1, 2): D(-g/|g|) = 3/sqrt(5) for either."""
    f = orabona()
    for seed in range(4):
        rng = np.random.default_rng(seed)
        single = descend(f, ["1/2", 0], rule="single", steps=1, step_size="1/1000", rng=rng)
        assert single.values[1] > single.values[0] == 1.25
        assert single.derivatives[0] == pytest.approx(3 / math.sqrt(5), rel=1e-14)
        assert single.bounds == ("exact",)
    ddi = descend(f, ["1/2", 0], rule="ddi", steps=1, step_size="1/1000")
    assert ddi.values[1] < ddi.values[0]
    assert ddi.derivatives[0] == -1


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        # Gradients (1, -2) and (1, 2) in this order; theta_1 = (1/2, 0) + v/4.
        ("single", [0.25, 0.5]),
        ("normalized_single", [0.5 - 0.25 / math.sqrt(5), 0.5 / math.sqrt(5)]),
        ("max", [0.25, 0.5]),
        ("mean", [0.25, 0]),
        ("ddi", [0.25, 0]),
        ("step_aware", [0.25, 0]),
        ("trust_region", [0.25, 0]),
    ],
)
@pytest.mark.parametrize("adversary", [None, both_ends])
def test_first_step_by_hand(rule, first, adversary):
    f = orabona()
    trace = descend(f, ["1/2", 0], rule=rule, steps=1, step_size=0.25, adversary=adversary)
    assert trace.thetas[1] == pytest.approx(first, abs=1e-14)
    assert trace.values == pytest.approx(phi_of_orabona(trace.thetas), rel=1e-14)


def test_step_aware_steps_do_not_cross_the_kink():
    """From (1/2, 1/100) with both endpoints known; one gradient overshoots, the model sees it.

    Prox-linear, step 1/8: gradients (1, -1.98) and (1, 2.02), values differ by 4/100. The minimizer
    lies where the linear pieces meet, d2 = -1/100, and there d1 = -1/8.
    """
    f, at = orabona(), ["1/2", "1/100"]
    options = {"steps": 1, "step_size": "1/8"}
    aware = descend(f, at, rule="step_aware", adversary=both_ends, **options)
    assert aware.thetas[1] == pytest.approx([0.375, 0], abs=1e-12)
    assert aware.values[1] < aware.values[0]
    single = descend(f, at, rule="single", **options)
    assert single.derivatives[0] < 0
    assert single.values[1] > single.values[0]
    within = descend(f, at, rule="trust_region", adversary=both_ends, **options)
    assert np.linalg.norm(within.thetas[1] - within.thetas[0]) == pytest.approx(0.125, rel=1e-9)
    assert within.values[1] < within.values[0]


@pytest.mark.parametrize("rule", ["single", "normalized_single"])
def test_single_takes_the_first_maximizer_or_draws_one(rule):
    """The gradients at (1/2, 0) are (1, -2) and (1, 2), in this order."""

    def second_coordinate(rng: np.random.Generator | None) -> float:
        trace = descend(orabona(), ["1/2", 0], rule=rule, steps=1, step_size=0.1, rng=rng)
        return float(np.sign(trace.thetas[1, 1]))

    assert {second_coordinate(None) for _ in range(4)} == {1}
    assert {second_coordinate(np.random.default_rng(i)) for i in range(8)} == {-1, 1}


def test_max_follows_the_highest_point_and_mean_the_mean():
    f = make("d*t**2 + (1-d)*t", ["t"], ["d"], Interval(0, 1))
    high = descend(f, [3], rule="max", steps=1, step_size=1, adversary=both_ends)
    mean = descend(f, [3], rule="mean", steps=1, step_size=1, adversary=both_ends)
    assert high.directions.tolist() == [[-6.0]]
    assert mean.directions.tolist() == [[-3.5]]
    assert high.weights[0].tolist() == [0.0, 1.0]
    assert mean.weights[0].tolist() == [0.5, 0.5]


def test_coupled_points_promise_a_descent_that_the_product_denies():
    """Counterexample 5: runs (1, 1) and (0, 0) agree on e, promise -1, and phi rises at rate +1."""
    F = coupled_batch()

    def coupled(f, theta, rng):
        return [[1, 1], [0, 0]]

    options = {"steps": 1, "step_size": 0.01, "adversary": coupled}
    ddi = descend(F, [0, 0], rule="ddi", **options)
    assert ddi.directions[0] == pytest.approx([-1, 0])
    assert ddi.promised[0] == pytest.approx(-1)
    assert ddi.derivatives[0] == pytest.approx(1)
    assert ddi.values[1] > ddi.values[0]
    assert "promised descent" in ddi.explain()
    product = descend(F, [0, 0], rule="product", **options)
    rate = -1 / math.sqrt(5)  # -|s|/sqrt(4 + s^2)
    assert product.derivatives[0] == pytest.approx(rate)
    assert product.promised[0] == pytest.approx(rate)
    assert product.values[1] < product.values[0]
    exact = descend(F, [0, 0], rule="ddi", steps=1, step_size=0.01)
    assert exact.thetas[1] == pytest.approx(product.thetas[1])
    assert exact.points == (4,)


def test_a_batch_too_large_to_list_is_no_trouble():
    F = BatchObjective([absolute_value()] * 40)
    trace = descend(F, [0], steps=3, step_size=1)
    assert trace.stop == "stationary"
    F = BatchObjective([make("d*x + y", ["x", "y"], ["d"], Interval(-1, 1))] * 40)
    for rule in ("ddi", "single", "mean", "max", "step_aware"):
        trace = descend(F, [0, 0], rule=rule, steps=2, step_size=1)
        assert len(trace) == 2
        assert trace.points[0] == 2**40 or rule in ("single", "max")
        assert trace.conflict[0] is None
        assert len(trace.to_frame()) == 3


# --- adversaries ---------------------------------------------------------------------------------


def test_projected_ascent_takes_the_papers_steps():
    """By hand: g = t*d on [-1, 1] at t = 1/4 moves each start by 10 * 0.1 * 1/4, then clips."""
    f, theta = absolute_value(), np.array([0.25])
    starts = f.domain.sample(np.random.default_rng(7), 5)
    ascent = ProjectedAscent(steps=10, step_size=0.1, restarts=5)
    found = ascent(f, theta, np.random.default_rng(7))
    assert found == pytest.approx(np.minimum(starts + 0.25, 1))


@pytest.mark.parametrize("size", [None, 0.5])
@pytest.mark.parametrize(
    "f",
    [
        make("x*a - y*b + sin(a)", ["x", "y"], ["a", "b"], Box([-1, 0], [1, 2])),
        make("x*a - y*b - a**2", ["x", "y"], ["a", "b"], Ball([0, 1], 2)),
        make("x*a - y*b - xlogx(a) - xlogx(b)", ["x", "y"], ["a", "b"], Simplex(2)),
        MinMaxObjective(lambda t, d: t @ d, lambda t, d: d, Ball([0, 0], 1), theta_dim=2),
        coupled_batch(),
    ],
    ids=["box", "ball", "simplex", "callables", "batch"],
)
def test_projected_ascent_stays_in_the_set_and_climbs(f, size):
    theta = np.array([0.3, -0.2])
    start = ProjectedAscent(0, size, 6)(f, theta, np.random.default_rng(0))
    end = ProjectedAscent(20, size, 6)(f, theta, np.random.default_rng(0))
    assert start.shape == end.shape == (6, f.delta_dim)
    assert all(f.domain.contains(d, 1e-12) for d in end)
    if size is None:  # a fixed step may overshoot
        assert (f.values(theta, end) >= f.values(theta, start)).all()
        assert f.values(theta, end).min() > f.values(theta, start).min()


def test_projected_ascent_returns_its_starts_on_the_kink_of_the_printed_example():
    """Orabona's g: dg/ddelta = 4 theta2 vanishes there."""
    f = orabona()
    starts = f.domain.sample(np.random.default_rng(1), 10)
    for size in (None, 1):
        found = ProjectedAscent(10, size, 10)(f, np.array([1.0, 0.0]), np.random.default_rng(1))
        assert (found == starts).all()


def test_evaluating_on_the_adversary_alone_gives_lower_bounds():
    f = orabona()
    options = {"steps": 5, "step_size": 0.1, "adversary": ProjectedAscent(2, 0.1, 3)}
    true = descend(f, [1, 1], rng=np.random.default_rng(0), **options)
    cheap = descend(f, [1, 1], rng=np.random.default_rng(0), evaluate="adversary", **options)
    assert (cheap.thetas == true.thetas).all()
    assert (cheap.values <= true.values * (1 + 1e-15)).all()
    assert true.complete.all()
    assert not cheap.complete.any()
    assert set(cheap.bounds) == {"empirical"}
    assert (cheap.promised == true.promised).all()
    assert "lower bound" in cheap.explain()


# --- reproducibility -----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [r for r in RULES if r != "product"])
def test_the_same_seed_gives_the_same_run(rule):
    f = orabona()

    def run(seed: int):
        rng = np.random.default_rng(seed)
        adversary = ProjectedAscent(3, 0.1, 4)
        return descend(f, [1, 0.5], rule=rule, steps=4, step_size=0.1, adversary=adversary, rng=rng)

    assert run(5).to_dict() == run(5).to_dict()
    assert (run(5).thetas != run(6).thetas).any()


def test_without_a_generator_runs_repeat():
    def run():
        adversary = ProjectedAscent(1, 0.05, 2)  # so few and short that the starts show
        return descend(orabona(), [1, 0.5], steps=4, step_size=0.1, adversary=adversary)

    assert run().to_dict() == run().to_dict()


# --- nothing descends, or everything blows up ----------------------------------------------------


@pytest.mark.parametrize("rule", ["ddi", "step_aware", "trust_region", "mean"])
def test_at_a_stationary_point_nothing_moves_and_it_is_said(rule):
    trace = descend(orabona(), [0, 0], rule=rule, steps=5, step_size=0.1)
    assert len(trace) == 0
    assert trace.thetas.tolist() == [[0.0, 0.0]]
    assert trace.values.tolist() == [1.0]
    assert trace.stop == "stationary"
    assert "after 0 steps" in trace.reason
    assert "stationary" in repr(trace)
    assert trace.reason in trace.explain()


@pytest.mark.parametrize("rule", ["ddi", "step_aware", "trust_region"])
def test_with_an_adversary_a_stationary_step_is_skipped(rule):
    """Another draw may see another direction: the run goes on, and every skip is recorded."""
    trace = descend(orabona(), [0, 0], rule=rule, steps=3, step_size=0.1, adversary=both_ends)
    assert trace.stop == "steps"
    assert (trace.thetas == 0).all()
    assert (trace.directions == 0).all()
    assert [k for k, _ in trace.skipped] == [0, 1, 2]
    assert all(why for _, why in trace.skipped)
    assert trace.bounds == ("none",) * 3
    assert "Skipped 3 steps" in trace.explain()


def test_a_single_zero_gradient_is_no_reason_to_divide_by_it():
    f = make("t**3", ["t"], ["d"], Interval(0, 1))
    for rule in ("single", "normalized_single", "max", "ddi"):
        trace = descend(f, [0], rule=rule, steps=4, step_size=1)
        assert trace.stop == "stationary"
        assert trace.thetas.tolist() == [[0.0]]


def test_a_run_that_diverges_keeps_what_it_has():
    f = make("d*t**4", ["t"], ["d"], Interval(0, 1))
    trace = descend(f, [10], rule="single", steps=50, step_size=1)
    assert trace.stop == "diverged"
    assert 2 < len(trace) < 50
    for name in ("thetas", "values", "directions", "derivatives", "promised"):
        assert np.isfinite(getattr(trace, name)).all(), name
    assert len(trace.thetas) == len(trace.values) == len(trace) + 1
    assert f"step {len(trace) + 1}" in trace.reason
    assert f"{len(trace)} of 50 steps" in repr(trace)


def test_an_iterate_beyond_float64_is_not_taken():
    f = make("t*d", ["t"], ["d"], FiniteSet([-1]))
    trace = descend(f, [1e308], rule="single", steps=3, step_size=1e308)
    assert trace.stop == "diverged"
    assert "leaves the range of float64" in trace.reason
    assert trace.thetas.tolist() == [[1e308]]


def test_a_run_that_leaves_the_domain_of_g_keeps_what_it_has():
    f = make("d*log(t)", ["t"], ["d"], Interval(1, 2))
    trace = descend(f, [1], rule="single", steps=9, step_size=0.75)
    assert trace.stop == "diverged"
    assert len(trace) == 0 or trace.thetas.min() > 0
    assert "not" in trace.reason


# --- the trace -----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    st.lists(st.floats(-2, 2), min_size=2, max_size=2),
    st.sampled_from([r for r in RULES if r != "product"]),
    st.sampled_from([None, both_ends, ProjectedAscent(3, 0.2, 4)]),
)
def test_the_trace_agrees_with_itself_and_with_the_library(theta0, rule, adversary):
    """Shapes; theta's recursion; phi and D as the library gives them; weights on the simplex."""
    f = orabona()
    trace = descend(f, theta0, rule=rule, steps=3, step_size=0.3, adversary=adversary)
    T = len(trace)
    assert trace.thetas.shape == (T + 1, 2)
    assert trace.directions.shape == (T, 2)
    lengths = {len(getattr(trace, n)) for n in ("derivatives", "bounds", "promised", "points")}
    assert lengths | {len(trace.weights), len(trace.conflict), len(trace.step_sizes)} == {T}
    moved = trace.thetas[:-1] + trace.step_sizes[:, None] * trace.directions
    assert trace.thetas[1:] == pytest.approx(moved, abs=1e-15)
    assert trace.values == pytest.approx(phi_of_orabona(trace.thetas), rel=1e-12)
    for k in range(T):
        S = maximizers(f, trace.thetas[k])
        if trace.bounds[k] != "none":
            D = directional_derivative(S, trace.directions[k])
            assert trace.derivatives[k] == pytest.approx(float(D))
            # Theorem 2: no direction does better than the steepest one.
            assert trace.derivatives[k] >= steepest_descent(S).derivative - 1e-12
        assert trace.weights[k].min() >= 0
        assert trace.weights[k].sum() == pytest.approx(1)
        assert 0 <= trace.conflict[k] <= 1
    if rule in ("ddi", "normalized_single"):
        taken = [k for k in range(T) if trace.bounds[k] != "none"]
        assert np.linalg.norm(trace.directions[taken], axis=1) == pytest.approx(np.ones(len(taken)))
    json.dumps(trace.to_dict(), allow_nan=False)


def test_conflict_counts_pairs_with_negative_product():
    f = make("a*x + b*y", ["x", "y"], ["a", "b"], Box([-1, -1], [1, 1]))

    def three(f, theta, rng):  # products 0, -1, 0: one pair of three
        return [[1, 0], [0, 1], [-1, 0]]

    trace = descend(f, [1, 1], rule="mean", steps=1, step_size=1, adversary=three)
    assert trace.conflict == (pytest.approx(1 / 3),)
    assert trace.points == (3,)


def test_a_trace_is_frozen_pickles_and_prints_in_one_line():
    trace = descend(orabona(), [1, 0], steps=3, step_size=0.1)
    assert repr(trace) == "Trace(ddi, 3 steps, phi 2 -> 1.49)"
    with pytest.raises(AttributeError):
        trace.rule = "single"
    with pytest.raises(ValueError, match="read-only"):
        trace.thetas[0, 0] = 7
    assert pickle.loads(pickle.dumps(trace)).to_dict() == trace.to_dict()


def test_to_frame():
    pd = pytest.importorskip("pandas")
    trace = descend(orabona(), [1, 0], steps=2, step_size=0.25)
    frame = trace.to_frame()
    assert frame.index.tolist() == [0, 1, 2]
    assert frame["phi"].tolist() == trace.values.tolist()
    assert frame["theta_0"].tolist() == [1, 0.75, 0.5]
    assert frame["derivative"].tolist()[:2] == trace.derivatives.tolist()
    assert frame["bound"].tolist()[:2] == ["exact", "exact"]
    assert frame.loc[2, "step_size"] is pd.NA
    assert not any(isinstance(v, float) and math.isnan(v) for v in frame.to_numpy().ravel())
    many = dataclasses.replace(trace, points=(2**100, 1))
    assert many.to_frame()["points"].tolist()[:2] == [2**100, 1]


def test_to_frame_without_pandas_names_the_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    trace = descend(orabona(), [1, 0], steps=1, step_size=0.25)
    with pytest.raises(MissingExtraError, match=r"pandas.*pip install 'danskin\[notebooks\]'"):
        trace.to_frame()


# --- step sizes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step_size", "sizes"),
    [
        (0.5, [0.5, 0.5, 0.5]),
        ("1/2", [0.5, 0.5, 0.5]),
        (np.float32(0.5), [0.5, 0.5, 0.5]),
        ("0.5/sqrt(k)", [0.5, 0.5 / math.sqrt(2), 0.5 / math.sqrt(3)]),
        ("1/k", [1, 1 / 2, 1 / 3]),
        (lambda k: 2.0**-k, [0.5, 0.25, 0.125]),
    ],
)
def test_schedules(step_size, sizes):
    trace = descend(orabona(), [9, 0], steps=3, step_size=step_size)
    assert trace.step_sizes == pytest.approx(sizes, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "open('x')",
        "lambda k: 1",
        "k if k else 1",
        "[1 for k in (1,)]",
        "t",
        "9**9**9**9",
        "0.5/",
        "",
        "(" * 500 + "k" + ")" * 500,
        "1/(k-k)",
    ],
)
def test_hostile_schedule_text_is_refused(text):
    with pytest.raises(ExpressionError) as caught:
        descend(orabona(), [1, 0], steps=3, step_size=text)
    assert caught.value.argument == "step_size"


@pytest.mark.parametrize(
    "step_size",
    [
        0, -1, math.nan, math.inf, "0", "-1/2", "1/(k-2)", "2-k", "10**400", None, True, [0.1],
        1j, lambda k: 0.0, lambda k: math.nan, lambda k: "1", lambda k: None, lambda k: 2 - k,
    ],
)  # fmt: skip
def test_step_sizes_that_are_not_positive_numbers_are_refused_before_the_first_step(step_size):
    asked = []

    def adversary(f, theta, rng):
        asked.append(theta)
        return [[0.0]]

    with pytest.raises(InvalidInputError, match="step_size") as caught:
        descend(orabona(), [1, 0], steps=3, step_size=step_size, adversary=adversary)
    assert caught.value.argument == "step_size"
    assert not asked


# --- other bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("f", {"f": "theta*delta"}),
        ("theta0", {"theta0": [1]}),
        ("theta0", {"theta0": [1, 2, 3]}),
        ("theta0", {"theta0": np.array([1.0, math.nan])}),
        ("theta0[1]", {"theta0": [1, math.inf]}),
        ("theta0[0]", {"theta0": [1j, 0]}),
        ("steps", {"steps": -1}),
        ("steps", {"steps": 2.0}),
        ("steps", {"steps": True}),
        ("rule", {"rule": "ddii"}),
        ("rule", {"rule": None}),
        ("rule", {"rule": "product"}),
        ("evaluate", {"evaluate": "exact"}),
        ("adversary", {"adversary": "pgd"}),
        ("adversary", {"adversary": lambda f, t, r: [[2.0]]}),
        ("adversary", {"adversary": lambda f, t, r: [0.5]}),
        ("adversary", {"adversary": lambda f, t, r: []}),
        ("adversary", {"adversary": lambda f, t, r: [[math.nan]]}),
        ("adversary", {"adversary": lambda f, t, r: None}),
        ("adversary", {"adversary": lambda f, t, r: [[0.5, 0.5]]}),
        ("rng", {"rng": 0}),
    ],
)
def test_bad_input_names_the_argument(argument, change):
    given_ = {"f": orabona(), "theta0": [1, 0], "steps": 2, "step_size": 0.1, **change}
    f, theta0 = given_.pop("f"), given_.pop("theta0")
    with pytest.raises(InvalidInputError) as caught:
        descend(f, theta0, **given_)
    assert caught.value.argument == argument
    assert caught.value.remedy


def test_an_unknown_rule_gets_the_closest_name():
    with pytest.raises(InvalidInputError, match="Did you mean 'step_aware'"):
        descend(orabona(), [1, 0], rule="stepaware", steps=1, step_size=1)


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("steps", {"steps": -1}),
        ("steps", {"steps": 1.5}),
        ("restarts", {"restarts": 0}),
        ("step_size", {"step_size": 0}),
        ("step_size", {"step_size": math.inf}),
    ],
)
def test_projected_ascent_refuses_bad_input(argument, options):
    with pytest.raises(InvalidInputError) as caught:
        ProjectedAscent(**options)
    assert caught.value.argument == argument


def test_projected_ascent_refuses_a_finite_set():
    f = make("t*d", ["t"], ["d"], FiniteSet([-1, 1]))
    with pytest.raises(InvalidInputError, match="finite set"):
        descend(f, [1], steps=1, step_size=1, adversary=ProjectedAscent())
    assert descend(f, [1], steps=1, step_size=1).thetas[1] == 0


def test_zero_steps_are_a_trace_of_the_start():
    trace = descend(orabona(), ["1/2", 0], steps=0, step_size=1)
    assert trace.values.tolist() == [1.25]
    assert trace.directions.shape == (0, 2)
    assert trace.stop == "steps"


def test_an_exact_start_is_taken_exactly():
    """At sqrt(2)/10 the two pieces tie; at the nearest float they do not."""
    f = make("d*(t - sqrt(2)/10)", ["t"], ["d"], Interval(-1, 1))
    exact = descend(f, ["sqrt(2)/10"], steps=1, step_size=0.1)
    assert exact.stop == "stationary"
    assert len(descend(f, [math.sqrt(2) / 10], steps=1, step_size=0.1)) == 1
