"""Certified steps, enclosures, Theorem 3 with proved constants, batches, and proof files."""

import math

import numpy as np
import pytest
import sympy

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.proof.template import groups_of, skeleton

PROVED, REFUTED, UNDECIDED = dk.Verdict.PROVED, dk.Verdict.REFUTED, dk.Verdict.UNDECIDED
I = dk.Interval(0, 1)  # noqa: E741


def formula(g, theta, delta, domain, **parameters):
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain, parameters)


ORABONA = formula("d*(t1**2+(t2+1)**2) + (1-d)*(t1**2+(t2-1)**2)", ["t1", "t2"], ["d"], I)
TRIG = formula("sin(3*d)*t1+cos(5*d)*t2-(d-1/2)**2", ["t1", "t2"], ["d"], I)
EXP = formula("exp(t*d)+exp(-t*d)", ["t"], ["d"], dk.Interval(-1, 1))
TANH = formula(
    "tanh(t1*d1-t2*d2+0.5)*t3 - tanh(d1+t1*d2)*t2",
    ["t1", "t2", "t3"],
    ["d1", "d2"],
    dk.Box([-1, -1], [1, 1]),
)
SIMPLEX = formula(
    "d1*t1+d2*(-t1/2+sqrt(3)/2*t2)+d3*(-t1/10+t2/2)+xlogx(d1)+xlogx(d2)+xlogx(d3)",
    ["t1", "t2"],
    ["d1", "d2", "d3"],
    dk.Simplex(3),
)


def pair(c):
    g = "d*t1 + (1-d)*(c*t1 + sqrt(1-c**2)*t2) + d*(d-1)"
    return formula(g, ["t1", "t2"], ["d"], I, c=c)


def phi(f, theta, points):
    return f.values(theta, points).max()


def grid(f, count=4000):
    points = f.domain.sample(np.random.default_rng(1), count)
    corners = f.domain.vertices()
    extra = [[float(c) for c in p] for p in corners] if corners else points[:1]
    return np.vstack([points, extra])


STEPS = {
    "pair -1/10": (pair("-1/10"), [0, 0], ["-9/10", "-sqrt(99)/10"], 4),
    "pair -1/2": (pair("-1/2"), [0, 0], ["-1/2", "-sqrt(3)/2"], 4),
    "pair -9/10": (pair("-9/10"), [0, 0], ["-1/10", "-sqrt(19)/10"], 4),
    "orabona off the kink": (ORABONA, ["1/2", "1/10"], [-1, "-11/5"], 2),
    "orabona on the kink": (ORABONA, ["1/2", 0], [-1, 0], 3),
    "trigonometric": (TRIG, ["1/3", "1/7"], [-1, "-1/2"], 5),
    "exponential": (EXP, [1], [-1], 5),
    "tanh network": (TANH, [1, "1/2", 1], [-1, 0, -1], 5),
    "simplex": (SIMPLEX, [0, 0], [-1, -1], 2),
}


@pytest.mark.parametrize("name", STEPS)
def test_certified_steps_reach_half_way_to_the_first_failure(name):
    f, theta, direction, longest = STEPS[name]
    s = dk.certified_step(f, theta, direction, longest)
    assert s.verdict is PROVED, s.explain()
    points = grid(f)
    at = np.array([float(sympy.S(x) if not isinstance(x, str) else _number(x)) for x in theta])
    along = np.array(
        [float(sympy.S(x) if not isinstance(x, str) else _number(x)) for x in direction]
    )
    start = s.descent.value[1]
    for t in np.linspace(0, s.step, 101)[1:]:
        # Sampled values only ever miss the maximum: no failure may show up to the step.
        assert phi(f, at + t * along, points) < start + 1e-12
    beyond = np.linspace(0, longest, 4001)[1:]
    rising = [t for t in beyond if phi(f, at + t * along, points) >= start]
    assert s.step >= 0.5 * min([longest, *rising])


def _number(text):
    return formula(text, ["t"], ["d"], I).expression


def test_no_step_along_an_ascent_direction():
    s = dk.certified_step(ORABONA, ["1/2", 0], "single:0", 1)
    assert s.verdict is REFUTED
    assert s.step == 0
    flat = dk.certified_step(ORABONA, [-1, 0], [1, 1], 1)  # D = 0, and phi rises by 8 t^2
    assert flat.verdict is UNDECIDED
    assert flat.step == 0
    with pytest.raises(InvalidInputError, match="max_step"):
        dk.certified_step(ORABONA, ["1/2", 0], [-1, 0], 0)


def test_a_step_is_not_certified_across_a_pole_or_a_rise():
    f = formula("1/(2-t)*d - d**2", ["t"], ["d"], I)
    s = dk.certified_step(f, [1], [-1], 50, budget=10)
    assert s.verdict is PROVED
    assert s.step == 50
    up = dk.certified_step(f, [5], [-1], 10, budget=10)  # the pole is at t = 3
    assert up.step < 3
    # phi = max(-t, 10 (t - 1/2)): falls to t = 5/11, is back at 0 at t = 1/2.
    kinked = formula("(1-d)*(-t) + d*10*(t-1/2)", ["t"], ["d"], I)
    s = dk.certified_step(kinked, [0], [1], 3)
    assert 0.25 <= s.step < 0.5


def test_steps_of_a_batch_are_of_the_mean():
    """One sample rises along the direction and the mean falls."""
    F = dk.BatchObjective(
        [formula("d*t + t**2", ["t"], ["d"], I), formula("-3*t + 0*d", ["t"], ["d"], I)]
    )
    s = dk.certified_step(F, [0], [1], 10)
    # The mean is (t + t^2 - 3 t)/2 < 0 until t = 2.
    assert 1 <= s.step < 2


def test_enclosures_hold_and_tighten():
    points = np.linspace(0, 1, 200_001)[:, None]
    best = phi(TRIG, np.array([1 / 3, 1 / 7]), points)
    for tol in (1e-3, 1e-6, 1e-11):
        value = dk.enclose_robust_value(TRIG, ["1/3", "1/7"], tol=tol)
        assert value.width <= tol
        # The grid misses the maximum by its resolution squared.
        assert value.lower - 1e-9 <= best <= value.upper
        slope = dk.enclose_derivative(TRIG, ["1/3", "1/7"], [-1, 0], tol=tol)
        assert slope.width <= tol
        where = points[np.argmax(TRIG.values(np.array([1 / 3, 1 / 7]), points)), 0]
        assert slope.lower - 1e-4 <= -math.sin(3 * where) <= slope.upper + 1e-4
        S = dk.enclose_maximizers(TRIG, ["1/3", "1/7"], tol=tol)
        assert ((S.lower <= where + 1e-5) & (where - 1e-5 <= S.upper)).any()
    S = dk.enclose_maximizers(pair("-1/2"), [0, 0])
    assert S.complete
    assert set(S.exact) == {(0,), (1,)}


def test_theorem3_with_proved_constants():
    p = dk.prove_theorem3(TRIG, ["1/3", "1/7"], [-1, 0])
    assert p.verdict is PROVED
    assert p.margin > 0
    # The gradient (sin 3d, cos 5d) has a Lipschitz constant of sqrt(9 + 25) at most.
    assert 0 < p.lipschitz <= math.sqrt(34) + 1e-9
    assert dk.prove_theorem3(pair("-1/2"), [0, 0], [-1, 0]).verdict is UNDECIDED
    tie = dk.prove_theorem3(pair("-1/2"), [0, 0], ["-1/2", "-sqrt(3)/2"])
    assert tie.verdict is PROVED
    # L = |u - v| = sqrt(3), exactly.
    assert math.sqrt(3) <= tie.lipschitz <= math.sqrt(3) * (1 + 1e-12)


# --- batches that share a formula --------------------------------------------------------------

NAMES = ["w11", "w12", "w21", "w22", "b1", "b2", "v1", "v2", "c"]


def network(points, labels):
    """A 2-2-1 network with ELU and logistic loss, one sample a point, moved within a square."""
    samples = []
    for (x, y), label in zip(points, labels, strict=True):
        z = [f"(w{i}1*({float(x)!r}+p)+w{i}2*({float(y)!r}+q)+b{i})" for i in (1, 2)]
        g = f"softplus({-label}*(v1*elu({z[0]})+v2*elu({z[1]})+c))"
        samples.append(formula(g, NAMES, ["p", "q"], dk.Box([-1, -1], [1, 1])))
    return dk.BatchObjective(samples)


@pytest.fixture(scope="module")
def small_network():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((8, 2))
    labels = np.where(points[:, 0] > 0, 1, -1)
    return network(points, labels)


THETA = [0.73, 0.3, -0.46, 0.33, 0.02, -0.18, 0.58, -0.54, -0.05]


def refined(f, theta, deltas):
    """A maximizer to eight digits, by grids around the best point of a grid."""
    at, width = deltas[np.argmax(f.values(theta, deltas))], 0.05
    for _ in range(12):
        near = np.clip(at + width * deltas, -1, 1)
        at, width = near[np.argmax(f.values(theta, near))], width / 8
    return at


def test_network_batch(small_network):
    F = small_network
    theta = np.array(THETA)
    deltas = np.array([[a, b] for a in np.linspace(-1, 1, 41) for b in np.linspace(-1, 1, 41)])
    best = [refined(s, theta, deltas) for s in F.samples]
    gradient = np.mean(
        [s.gradients(theta, d[None])[0] for s, d in zip(F.samples, best, strict=True)], axis=0
    )
    down = dk.prove_descent(F, THETA, (-gradient).tolist())
    assert down.verdict is PROVED
    assert down.derivative[0] - 1e-6 <= -np.linalg.norm(gradient) <= down.derivative[1] + 1e-6
    assert dk.prove_descent(F, THETA, gradient.tolist()).ascent is PROVED
    s = dk.certified_step(F, THETA, (-gradient).tolist(), 0.5)
    assert s.verdict is PROVED
    start = down.value[1]
    for t in np.linspace(0, s.step, 21)[1:]:
        at = theta - t * gradient
        assert np.mean([x.values(at, deltas).max() for x in F.samples]) < start


def test_shared_tapes_agree_with_separate_ones(small_network):
    groups = groups_of(small_network.samples)
    assert sum(shared is not None for _, shared in groups) >= 1
    assert sorted(i for indices, _ in groups for i in indices) == list(range(8))
    for s in small_network.samples:
        expr, numbers = skeleton(s.expression)
        back = expr.subs({sympy.Symbol(f"c {i + 1}"): c for i, c in enumerate(numbers)})
        at = dict(zip((*s.theta_symbols, *s.delta_symbols), [*THETA, 0.3, -0.2], strict=True))
        assert float(back.evalf(subs=at)) == pytest.approx(float(s.expression.evalf(subs=at)))
    direction = [-1, 0, 1, 0, 0, 0, -1, 1, 0]
    together = dk.prove_descent(small_network, THETA, direction)
    alone = [dk.prove_descent(s, THETA, direction) for s in small_network.samples]
    lo, hi = (np.mean([p.derivative[i] for p in alone]) for i in (0, 1))
    assert together.derivative[0] <= hi + 1e-12
    assert lo - 1e-12 <= together.derivative[1]


@pytest.mark.slow
def test_figure_3_network_on_a_hundred_points():
    """100 Gaussian points, labels by the sign of the first coordinate, the true robust loss.

    Along minus the mean of the gradients at the maximizers the loss falls, and keeps falling for
    a step; along that gradient it rises.
    """
    rng = np.random.default_rng(0)
    points = rng.standard_normal((100, 2))
    F = network(points, np.where(points[:, 0] > 0, 1, -1))
    theta = np.array(THETA)
    deltas = np.array([[a, b] for a in np.linspace(-1, 1, 21) for b in np.linspace(-1, 1, 21)])
    best = [deltas[np.argmax(s.values(theta, deltas))] for s in F.samples]
    gradient = np.mean(
        [s.gradients(theta, d[None])[0] for s, d in zip(F.samples, best, strict=True)], axis=0
    )
    assert dk.prove_descent(F, THETA, (-gradient).tolist(), budget=120).verdict is PROVED
    assert dk.prove_descent(F, THETA, gradient.tolist(), budget=120).ascent is PROVED
    step = dk.certified_step(F, THETA, (-gradient).tolist(), 1, budget=240)
    assert step.verdict is PROVED
    assert step.step == 1


def test_an_undecided_proof_cannot_be_saved(tmp_path):
    undecided = dk.prove_descent(formula("t*log(d)", ["t"], ["d"], I), [1], [1], budget=1)
    with pytest.raises(InvalidInputError, match="undecided"):
        undecided.save(tmp_path / "u.json")
