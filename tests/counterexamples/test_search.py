"""The search finds known kinks from random starts, proves what it says, and promises no more."""

import dataclasses
import importlib.util
import json
import time

import joblib
import numpy as np
import pytest
import sympy

import danskin as dk
from danskin.counterexamples import all_families, make_counterexample, obtuse_pair
from danskin.counterexamples.search import find as find_module
from danskin.counterexamples.search import find_counterexamples
from danskin.counterexamples.search import steps as steps_module
from danskin.counterexamples.search import sweep as sweep_module
from danskin.counterexamples.search.branches import Phi
from danskin.counterexamples.search.exactly import judge_exactly
from danskin.counterexamples.search.inner import Inner
from danskin.counterexamples.search.kinks import around
from danskin.counterexamples.search.sweep import one_start
from danskin.errors import InvalidInputError
from danskin.limits import time_limit
from danskin.verdict import Verdict

E = dk.MinMaxObjective.from_expression
UNIT = dk.Interval(0, 1)
BALL = dk.Ball([0, 0], "3/4", norm=float("inf"))

PAIR = E("d*(t1**2 + t2) + (1-d)*(t2**2 - t1) + d*(d-1)", ["t1", "t2"], ["d"], UNIT)
COSINE = E("cos(2*pi*d)/10 + d*(t1+t2) + (1-d)*(t1**2 - 2*t2)", ["t1", "t2"], ["d"], UNIT)
LINEAR = dk.BatchObjective(
    [
        E("-(t1*(1+d1) + t2*(1/4+d2))", ["t1", "t2"], ["d1", "d2"], BALL),
        E("t1*(-1+d1) + t2*(1+d2)", ["t1", "t2"], ["d1", "d2"], BALL),
    ]
)
LOGISTIC = dk.BatchObjective(
    [
        E("log(1+exp(-(t1*(1/2+d1) + t2*(1/4+d2))))", ["t1", "t2"], ["d1", "d2"], BALL),
        E("log(1+exp(t1*(-1/4+d1) + t2*(1/3+d2)))", ["t1", "t2"], ["d1", "d2"], BALL),
    ]
)
ROSENBROCK = E(
    "d*((1-t1)**2 + 100*(t2-t1**2)**2) + (1-d)*((3/2-t1)**2 + 100*(t2-1/2-(t1-1/2)**2)**2)",
    ["t1", "t2"], ["d"], UNIT,
)  # fmt: skip
QUICK = obtuse_pair().objective
INNER = E("-(d**2-1)**2 + t1*d + t2*d**2/2 + t1**2", ["t1", "t2"], ["d"], dk.Interval(-2, 2))
NETWORK = E(
    "softplus(-(6/5*elu(w1*(1/2+d1) + w2*(d2-3/10) + 1/10)"
    " - 4/5*elu(-7/10*(1/2+d1) + 2/5*(d2-3/10) - 1/5)))",
    ["w1", "w2"], ["d1", "d2"], dk.Box([-1, -1], [1, 1]),
)  # fmt: skip


def member(name):
    return next(f for f in all_families() if f.name == name)()


def exactly(text):
    """The exact number that a result wrote as text."""
    return sympy.sympify(text)  # noqa: TID251 - danskin's own output


# --- the inner maximum ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "final"),
    [
        (dk.Product(dk.Interval(-1, "1/3"), dk.Interval(0, 2)), True),
        (dk.Product(dk.Ball([0], 1), dk.Box([-1], [2])), True),
        (dk.Ball([0, 0], 1, norm=1), True),
        (dk.Ball([0, 0], 1), False),
        (dk.Product(dk.Interval(0, 1), dk.FiniteSet([0, 2])), True),
    ],
    ids=repr,
)
def test_an_inner_maximum_that_is_linear_is_at_a_corner(domain, final):
    """Against the supporting point of the set, and without polishing where it has corners."""
    rng = np.random.default_rng(0)
    f = E("d1*(t1 - t2) + d2*(t1 + t2/2)", ["t1", "t2"], ["d1", "d2"], domain)
    inner = Inner(f, rng, rng.uniform(-1, 1, size=(4, 2)))
    assert inner._final is final
    for theta in rng.uniform(-1, 1, size=(20, 2)):
        found = float(f.values(theta, inner(theta)[None])[0])
        assert found == pytest.approx(f.robust_value(theta), abs=1e-6)


def test_an_inner_maximum_inside_is_not_taken_for_a_corner():
    rng = np.random.default_rng(0)
    for domain in (dk.Product(UNIT, UNIT), dk.Ball([0, 0], 1, norm=1)):
        f = E("t*d1 - d1**2 - (d2 - t/4)**2", ["t"], ["d1", "d2"], domain)
        inner = Inner(f, rng, np.array([[0.5], [0.7]]))
        assert not inner._final
        assert float(f.values([0.5], inner(np.array([0.5]))[None])[0]) == pytest.approx(1 / 16)


# --- what has to be found ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "box"),
    [
        pytest.param(member("obtuse_pair").objective, [[-1, 2]] * 2, id="obtuse pair"),
        pytest.param(member("simplex_family").objective, [[-1, 2]] * 3, id="simplex"),
        pytest.param(member("orabona").objective, [[-1, 2]] * 2, id="orabona"),
        pytest.param(member("coupled_batch").objective, [[-1, 2]] * 2, id="coupled batch"),
        pytest.param(PAIR, [[-1, 1]] * 2, id="pair"),
        pytest.param(LINEAR, [[-1, 2]] * 2, id="robust linear classifier"),
        pytest.param(ROSENBROCK, [[-2, 2]] * 2, id="Rosenbrock"),
        pytest.param(INNER, [[-1, 1]] * 2, id="moving maximizers"),
    ],
)
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_counterexample_found_and_proved(f, box, seed):
    """Recomputed at the exact point: two gradients, D(-g) > 0 for one, D < 0 for the steepest."""
    result = find_counterexamples(f, box, starts=3, seed=seed, proof_seconds=20)
    assert result.verdict is Verdict.PROVED
    found = result.counterexamples[0]
    theta = [exactly(t) for t in found.exact_theta]
    assert all(lo <= float(t) <= hi for t, (lo, hi) in zip(theta, box, strict=True))
    S = dk.maximizers(f, theta)
    assert S.complete
    rows = np.array([[float(x) for x in row] for row in S.exact_gradients])
    lengths = np.linalg.norm(rows, axis=1)
    uphill = (-rows @ rows.T).max(axis=1) / lengths
    assert uphill.max() > 1e-9
    assert max(r.value for r in found.rates) == pytest.approx(uphill.max(), rel=1e-9)
    down = dk.steepest_descent(S)
    assert down.derivative == pytest.approx(found.steepest, rel=1e-9)
    assert down.derivative < 0


def test_the_triple_tie_of_the_simplex_family_is_found():
    """Three branches tie on a line through theta0; generic kinks tie two."""
    result = find_counterexamples(member("simplex_family").objective, [[-1, 2]] * 3, starts=4)
    best = result.counterexamples[0]
    assert len(best.gradients) == 3
    assert best.exact_theta[1:] == ("0", "0")


def test_stationary_kink_of_the_absolute_value():
    result = find_counterexamples(member("absolute_value").objective, [[-1, 2]], starts=3)
    assert result.verdict is Verdict.UNDECIDED
    kink = result.kinks[0]
    assert (kink.kind, kink.exact_theta, kink.proved) == ("stationary", ("0",), True)


@pytest.mark.parametrize(
    ("f", "normal"),
    [
        # On the kink of COSINE t1 + 3 t2 = t1^2; the classifier's lie on the axes.
        pytest.param(COSINE, lambda t: t[0] + 3 * t[1] - t[0] ** 2, id="cosine"),
        pytest.param(LOGISTIC, lambda t: min(abs(t)), id="logistic"),
    ],
)
def test_counterexample_found_in_floats(f, normal):
    result = find_counterexamples(f, [[-1, 2]] * 2, starts=4, proof_seconds=0)
    found = result.counterexamples[0]
    assert found.verdict is Verdict.UNDECIDED
    assert "no proof" in found.explain()
    assert abs(normal(np.array(found.theta))) < 1e-8


@pytest.mark.slow
def test_a_kink_of_the_robust_logistic_classifier_is_proved():
    """Two points, an l_inf ball: the losses increase with affine margins, so all maximizers are
    known; ascent and descent are proved by enclosures, since exact numbers hold exponentials.
    """
    theta = (sympy.Rational(1, 64), sympy.Integer(0))
    found = judge_exactly(LOGISTIC, theta, 240)
    assert (found.kind, found.verdict) == ("counterexample", Verdict.PROVED)
    S = dk.maximizers(LOGISTIC, theta)
    assert S.complete
    assert S.faces
    rows = S.gradients
    uphill = (-rows @ rows.T).max(axis=1) / np.linalg.norm(rows, axis=1)
    assert found.rates[0].value == pytest.approx(uphill.max(), rel=1e-6)
    assert found.steepest == pytest.approx(-dk.min_norm_point(rows).norm, rel=1e-6)


def test_network_of_figure_3_restricted_to_two_weights():
    """At the kink two adversaries tie, with opposed gradients: checked by an independent search."""
    result = find_counterexamples(NETWORK, [[-1, 1]] * 2, starts=2, proof_seconds=0)
    found = result.counterexamples[0]
    theta = np.array(found.theta)
    values = [NETWORK.value(theta, d) for d in found.deltas]
    assert max(values) - min(values) < 1e-6
    grid = np.linspace(-1, 1, 201)
    lattice = np.array(np.meshgrid(grid, grid)).reshape(2, -1).T
    assert NETWORK.values(theta, lattice).max() <= max(values) + 1e-9
    rows = np.array([NETWORK.grad_theta(theta, d) for d in found.deltas])
    assert (rows @ rows.T).min() < 0
    assert dk.min_norm_point(rows).lower_bound > 0


def test_callables():
    v, w = np.array([1.0, 0.2]), np.array([-0.8, 1.0])
    f = dk.MinMaxObjective(
        lambda t, d: float(d[0] * (t @ v) + (1 - d[0]) * (t @ w) - 4 * d[0] * (1 - d[0])),
        lambda t, d: d[0] * v + (1 - d[0]) * w,
        UNIT,
        theta_dim=2,
    )
    found = find_counterexamples(f, [[-1, 1]] * 2, starts=3).counterexamples[0]
    assert not found.proved
    assert abs(np.array(found.theta) @ (v - w)) < 1e-9
    assert max(r.value for r in found.rates) == pytest.approx(0.6 / np.linalg.norm(v), rel=1e-6)


def test_generated_counterexamples_are_found_again():
    """Four branches tie at theta0 alone; on the kinks around it, two or three of them do."""
    made = make_counterexample(
        gram=[[1 if i == j else "-1/4" for j in range(4)] for i in range(4)], on="simplex"
    )
    result = find_counterexamples(made.objective, [[-1, 2]] * 4, starts=4)
    assert result.verdict is Verdict.PROVED
    rates = {r.exact for r in result.counterexamples[0].rates}
    assert rates == {"1/4"}


# --- what must not be said -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(E("t1**2 + t2 - d**2", ["t1", "t2"], ["d"], UNIT), id="smooth"),
        pytest.param(
            E("d*(t1+t2) + (1-d)*(t1-t2/2) + d*(d-1)", ["t1", "t2"], ["d"], UNIT), id="acute pair"
        ),
    ],
)
def test_nothing_found_is_not_a_proof(f):
    result = find_counterexamples(f, [[-1, 1]] * 2, starts=3)
    assert result.counterexamples == ()
    assert result.verdict is Verdict.UNDECIDED
    assert "does not show that there is none" in result.explain()
    assert all(k.kind == "harmless" for k in result.kinks)


def test_right_angle_is_level_and_nothing_more():
    """c = 0: D(-g) = 0 exactly. In floats this is no counterexample; exactly it is "level"."""
    made = make_counterexample(gram=[[1, 0], [0, 1]], require="no descent")
    found = judge_exactly(made.objective, (sympy.S.Zero, sympy.S.Zero), 10)
    assert (found.kind, found.verdict) == ("level", Verdict.PROVED)
    assert [r.exact for r in found.rates] == ["0", "0"]


def test_a_point_off_the_kink_is_not_one():
    assert judge_exactly(PAIR, (sympy.Rational(1, 4), sympy.Rational(-1, 3)), 10) is None


def test_coverage_counts_what_was_asked():
    result = find_counterexamples(PAIR, [[-1, 1]] * 2, starts=3, proof_seconds=0)
    c = result.coverage
    assert (c.starts, c.asked, c.failed, c.cells) == (3, 3, 0, 4096)
    outcomes = [one_start(PAIR, np.array([[-1.0, 1.0]] * 2), 0, i) for i in range(3)]
    assert c.thetas == sum(o.thetas for o in outcomes)
    assert c.visited == len({x for o in outcomes for x in o.cells})


def test_step_that_increases_phi_is_an_increase():
    f = member("orabona").objective
    result = find_counterexamples(f, [[-1, 1]] * 2, starts=4)
    step = result.step
    assert step.verdict is Verdict.PROVED
    before = np.array(step.theta)
    after = before - step.step * np.array(step.gradient)
    # phi = t1^2 + (|t2| + 1)^2, by hand.
    phi = [t[0] ** 2 + (abs(t[1]) + 1) ** 2 for t in (before, after)]
    assert phi[1] > phi[0]
    assert step.increase == pytest.approx(phi[1] - phi[0], rel=1e-3, abs=1e-12)
    shorter = before - 0.9 * step.step * np.array(step.gradient)
    assert shorter[0] ** 2 + (abs(shorter[1]) + 1) ** 2 < phi[0]


# --- stop, resume, parallel ----------------------------------------------------------------------


def kinks_of(result):
    return [k.to_dict() for k in result.kinks]


def test_resumed_equals_uninterrupted(tmp_path):
    state = tmp_path / "state.json"
    find_counterexamples(QUICK, [[-1, 2]] * 2, starts=2, state=state, proof_seconds=0)
    again = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=5, state=state, proof_seconds=0)
    whole = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=5, proof_seconds=0)
    assert kinks_of(again) == kinks_of(whole)
    assert again.coverage == whole.coverage
    assert len(json.loads(state.read_text())["done"]) == 5


def test_interrupted_start_is_not_stored(tmp_path):
    state = tmp_path / "state.json"
    cut = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=2, seconds=1e-9, state=state)
    assert cut.coverage.thetas == 0
    assert json.loads(state.read_text())["done"] == {}


@pytest.mark.parametrize("jobs", [{"jobs": 2, "backend": "threading"}, {"backend": "sequential"}])
def test_parallel_equals_sequential(jobs):
    one = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=4, proof_seconds=0)
    many = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=4, proof_seconds=0, **jobs)
    assert kinks_of(one) == kinks_of(many)


def test_a_backend_is_named_as_joblib_knows_it():
    """Any backend that joblib knows takes the starts: a cluster's registers itself by name."""
    taken = []

    class Cluster(joblib._parallel_backends.SequentialBackend):
        def effective_n_jobs(self, n_jobs):
            taken.append(n_jobs)
            return super().effective_n_jobs(n_jobs)

    joblib.register_parallel_backend("my cluster", Cluster)
    try:
        here = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=3, proof_seconds=0)
        there = find_counterexamples(
            QUICK, [[-1, 2]] * 2, starts=3, proof_seconds=0, jobs=7, backend="my cluster"
        )
    finally:
        del joblib.parallel.BACKENDS["my cluster"]
    assert taken
    assert set(taken) == {7}
    assert kinks_of(here) == kinks_of(there)


def test_a_backend_of_the_callers_is_used_where_none_is_named(monkeypatch):
    seen = []
    monkeypatch.setattr(
        sweep_module, "one_start", lambda *given: seen.append(None) or one_start(*given)
    )
    with joblib.parallel_config(backend="threading", n_jobs=2):
        find_counterexamples(QUICK, [[-1, 2]] * 2, starts=2, proof_seconds=0, jobs=2)
    assert len(seen) == 2  # in this process: threads, not joblib's default of processes


def test_a_backend_that_is_not_installed_is_named_with_the_remedy():
    for name in ("dask", "ray"):
        if importlib.util.find_spec(name) is None:
            with pytest.raises(InvalidInputError, match=name):
                find_counterexamples(QUICK, [[-1, 2]] * 2, starts=1, jobs=2, backend=name)


def test_the_proof_of_a_step_counts_as_proof_time(monkeypatch):
    limits = []

    def noted(seconds, what):
        limits.append(seconds)
        return time_limit(seconds, what)

    monkeypatch.setattr(steps_module, "time_limit", noted)
    result = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=4, proof_seconds=0.5)
    assert result.step is not None
    assert limits
    assert max(limits) < 0.5


@pytest.mark.slow
def test_processes_equal_one():
    one = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=4, proof_seconds=0)
    many = find_counterexamples(QUICK, [[-1, 2]] * 2, starts=4, proof_seconds=0, jobs=2)
    assert kinks_of(one) == kinks_of(many)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda s: "not json", "cannot be read"),
        (lambda s: "[]", "not the state"),
        (lambda s: s.replace('"seed": 0', '"seed": 1'), "another seed"),
        (lambda s: s.replace('"objective": "', '"objective": "0'), "another objective"),
        (lambda s: s.replace("-0x1.0000000000000p+0", "-0x1.8p+0"), "another box"),
        (lambda s: s.replace('"thetas": ', '"thetas": -'), "damaged"),
        (lambda s: s.replace('"gradient": [', '"gradient": [1.0, '), "damaged"),
        (lambda s: s.replace('"value": ', '"value": NaN, "old": '), "cannot be read"),
        (lambda s: s.replace('"error": null', '"error": 7'), "damaged"),
        (lambda s: s.replace('"cells": [', '"cells": [99999, '), "damaged"),
        (lambda s: "[" * 100_000, "cannot be read"),
    ],
)
def test_state_files_are_checked(tmp_path, change, what):
    state = tmp_path / "state.json"
    find_counterexamples(QUICK, [[-1, 2]] * 2, starts=1, state=state, proof_seconds=0)
    text = state.read_text()
    assert change(text) != text
    state.write_text(change(text))
    with pytest.raises(InvalidInputError, match=what):
        find_counterexamples(QUICK, [[-1, 2]] * 2, starts=2, state=state)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"box": [[-1, 1]]},
        {"box": [[1, -1], [0, 1]]},
        {"box": [[0, 0], [0, 1]]},
        {"box": [[0, float("inf")], [0, 1]]},
        {"box": [[0, "__import__('os')"], [0, 1]]},
        {"box": "abc"},
        {"box": 3},
        {"starts": 0},
        {"starts": 1.5},
        {"starts": True},
        {"seed": -1},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"proof_seconds": None},
        {"jobs": 0},
        {"backend": "abacus"},
        {"state": "/nowhere/at/all.json"},
    ],
)
def test_bad_input_is_named(arguments):
    with pytest.raises(InvalidInputError) as caught:
        find_counterexamples(PAIR, **{"box": [[-1, 1]] * 2, "starts": 1, **arguments})
    assert next(iter(arguments)) in caught.value.argument


def test_not_an_objective():
    with pytest.raises(InvalidInputError, match="not an objective"):
        find_counterexamples("t*d", [[0, 1]])


def test_g_that_is_not_defined_is_said():
    f = E("log(t)*d", ["t"], ["d"], UNIT)
    with pytest.raises(InvalidInputError, match="failed at every start"):
        find_counterexamples(f, [[-2, -1]], starts=2)
    partly = find_counterexamples(f, [[-1, 3]], starts=6)
    assert partly.coverage.failed > 0
    assert "failed" in partly.explain()
    assert partly.notes


def test_gradients_around_a_kink_are_all_of_them():
    made = make_counterexample([[1, 0, 0], [-1, 1, 0], ["-1/2", -1, 2]], on="simplex")
    rng = np.random.default_rng(0)
    phi = Phi(made.objective, rng, np.full(3, -1.0), np.full(3, 1.0))
    kink = around(phi, np.zeros(3), 1.0, rng)
    found = sorted(map(tuple, np.round(kink.gradients, 6)))
    assert found == sorted(tuple(map(float, g)) for g in made.gradients)
    assert kink.rho**2 == pytest.approx(float(made.squared_norm), rel=1e-9)


def test_a_stationary_kink_scores_nothing():
    """Both gradients of |theta| point uphill at rate 1, but nothing descends."""
    f = member("absolute_value").objective
    rng = np.random.default_rng(0)
    kink = around(Phi(f, rng, -np.ones(1), np.ones(1)), np.zeros(1), 1.0, rng)
    assert kink.kind == "stationary"
    assert kink.rates.tolist() == [1, 1]
    assert kink.score <= 0


def test_results_are_plain_data():
    result = find_counterexamples(PAIR, [[-1, 1]] * 2, starts=1)
    json.dumps(result.to_dict(), allow_nan=False)
    assert "counterexample" in repr(result)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.seed = 3


def test_a_proof_that_lacked_time_is_tried_again_with_what_the_others_left(monkeypatch):
    f = dk.MinMaxObjective.from_expression(
        "d*(t1**2 + t2) + (1-d)*(t2**2 - t1) + d*(d-1)", ["t1", "t2"], ["d"], dk.Interval(0, 1)
    )
    real, tried = find_module.exact_kink, []

    def slow_at_first(phi, kink, lo, hi, rng, seconds):
        tried.append(seconds)
        if len(tried) == 1:
            time.sleep(0.9 * seconds)
            return None
        return real(phi, kink, lo, hi, rng, seconds)

    monkeypatch.setattr(find_module, "exact_kink", slow_at_first)
    r = find_counterexamples(f, [[-1, 1]] * 2, starts=2, seed=0, proof_seconds=8)
    assert len(tried) > len(r.kinks)
    assert all(k.proved for k in r.kinks)
