"""phi around theta and along lines, the Gram matrix, the price: what is drawn is what is true."""

import math

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Polygon, Rectangle, Wedge

from danskin.counterexamples import coupled_batch, obtuse_pair
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.errors import InvalidInputError
from danskin.maximizers import maximizers
from danskin.minnorm import min_norm_point
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import Ball, Box, FiniteSet, Interval, Simplex

mpl.use("Agg")
from danskin import plots
from danskin.plots.gram import obtuse_pairs
from danskin.plots.price import _measure
from danskin.plots.sampled import is_exact, sampled_phi

pytestmark = pytest.mark.filterwarnings("error")
make = MinMaxObjective.from_expression
KINK = make(
    "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)", ["t1", "t2"], ["d"], Interval(0, 1)
)
AT = maximizers(KINK, ["1/2", 0])
SEARCHED = MinMaxObjective(lambda t, d: t @ d, lambda t, d: d, Ball([0, 0], 1), theta_dim=2)


def line(ax, label):
    (found,) = (at for at in ax.lines if str(at.get_label()).startswith(label))
    return found


def labels(ax) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts()]


def assert_inside(ax):
    figure = ax.figure
    figure.canvas.draw()
    box, size = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -1e-6
    assert (np.array([box.x1, box.y1]) <= size + 1e-6).all()


# --- phi around theta ----------------------------------------------------------------------------


def test_gradients_start_at_theta_and_the_cone_is_where_phi_falls():
    ax = plots.plot_phi(KINK, AT, radius=0.25)
    theta = np.array([0.5, 0])
    drawn = line(ax, "gradients").get_xydata() - theta
    (scale,) = np.unique(np.round(drawn / AT.gradients, 12))
    assert scale > 0
    x = line(ax, "min-norm point").get_xydata()[0] - theta
    assert x == pytest.approx(scale * steepest_descent(AT).min_norm.point)
    (hull,) = (p for p in ax.patches if isinstance(p, Polygon))
    assert {tuple(c) for c in np.round((hull.get_xy() - theta) / scale, 9)} == {(1, 2), (1, -2)}
    (cone,) = (p for p in ax.patches if isinstance(p, Wedge))
    assert cone.center == pytest.approx(theta)
    for degrees in np.arange(0, 360, 3.7):
        a = math.radians(degrees)
        gamma = np.array([math.cos(a), math.sin(a)])
        within = 0 < (degrees - cone.theta1) % 360 < cone.theta2 - cone.theta1
        change = KINK.robust_value(theta + 1e-6 * gamma) - KINK.robust_value(theta)
        assert (change < 0) == within
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.25, 0.75), (-0.25, 0.25))
    assert ax.get_title().startswith("Contours of φ, ")
    assert_inside(ax)


def test_a_stationary_point_and_a_batch():
    f = make("d1*x - d2*x/2 + d3*y - d1*y", ["x", "y"], ["d1", "d2", "d3"], Simplex(3))
    ax = plots.plot_phi(f, maximizers(f, [0, 0]))
    cones = [p for p in ax.patches if isinstance(p, Wedge)]
    assert bool(cones) == (not steepest_descent(maximizers(f, [0, 0])).stationary)
    batch = coupled_batch()
    ax = plots.plot_phi(batch.objective, batch.maximizer_set())
    assert len(line(ax, "gradients").get_xdata()) == 4


def test_what_was_found_by_a_search_is_called_that():
    ax = plots.plot_phi(SEARCHED, maximizers(SEARCHED, [1, 0.5]), grid=21)
    assert any(text == "gradients found" for text in labels(ax))
    assert any("of those found" in text for text in labels(ax))
    assert any("ρ ≤" in text for text in labels(ax))
    assert "sampled" in ax.get_title()
    assert "found" in plots.plot_hull(maximizers(SEARCHED, [1, 0.5])).get_title()


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (KINK, True),
        (BatchObjective([KINK, KINK]), True),
        (make("t*d**3", ["t"], ["d"], FiniteSet([[0], [2]])), True),
        (make("t*d**2", ["t"], ["d"], Interval(0, 1)), False),
        (make("t*d", ["t"], ["d"], Ball([0], 1)), True),
        (make("t*(d+e)", ["t"], ["d", "e"], Ball([0, 0], 1)), False),
        (make("t*d*e", ["t"], ["d", "e"], Box([0, 0], [1, 1])), False),
        (SEARCHED, False),
        (BatchObjective([make("t1*d+t2", ["t1", "t2"], ["d"], Interval(0, 1)), SEARCHED]), False),
    ],
)
def test_sampled_phi_is_called_exact_only_where_it_is(f, exact):
    assert is_exact(f) is exact
    if exact:
        thetas = np.random.default_rng(0).normal(size=(8, f.theta_dim))
        phi = [f.robust_value(t) for t in thetas]
        assert np.asarray(sampled_phi(f, thetas)) == pytest.approx(np.array(phi))


# --- the envelope --------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [[-1, -2], [1, 0], ["1/3", "sqrt(2)"], np.array([3e9, -1e9])])
def test_the_slopes_are_danskins(direction):
    ax = plots.plot_envelope(KINK, AT, direction, radius=0.5)
    t, phi = line(ax, "φ").get_data()
    gamma = np.array([float(x) for x in steepest_floats(direction)])
    assert np.asarray(phi) == pytest.approx(
        np.array([KINK.robust_value(AT.theta + s * gamma) for s in t])
    )
    for label, side in (("D(θ; γ)", 1), ("D(θ; −γ)", -1)):
        s, height = line(ax, label).get_data()
        slope = (height[1] - height[0]) / abs(s[1] - s[0])
        assert slope == pytest.approx(float(directional_derivative(AT, side * gamma)))
        assert side * s[1] > 0
    middle = len(t) // 2
    assert t[middle] == 0
    for at in ax.lines:  # every curve of g lies under phi
        y = np.asarray(at.get_ydata(), dtype=float)
        if len(y) == len(phi):
            assert (y <= np.asarray(phi) + 1e-9).all()
    assert_inside(ax)


def steepest_floats(direction):
    from danskin.objective import as_floats

    v = as_floats(direction, "direction", 2)
    return v / np.linalg.norm(v)


def test_a_lower_bound_has_another_sign():
    ax = plots.plot_envelope(SEARCHED, maximizers(SEARCHED, [1, 0.5]), [1, 1])
    assert any("D(θ; γ) ≥" in text for text in labels(ax))
    assert "φ (over sampled δ)" in labels(ax)
    assert "g at the maximizers found" in labels(ax)


def test_the_envelope_of_one_parameter_is_over_theta_itself():
    f = make("t*d", ["t"], ["d"], Interval(-1, 2))
    S = maximizers(f, [3])
    for direction in ([2], [-2]):
        ax = plots.plot_envelope(f, S, direction)
        assert line(ax, "D(θ; +1) = 2").get_xdata() == pytest.approx([3, 4.5])
        assert line(ax, "D(θ; −1) = −2").get_xdata() == pytest.approx([3, 1.5])


def test_the_envelope_of_a_large_batch():
    f = BatchObjective([make("d*(x+y+z)", ["x", "y", "z"], ["d"], Interval(-1, 1))] * 9)
    ax = plots.plot_envelope(f, maximizers(f, [0, 0, 0]), [1, 1, 1])
    assert not any("maximizers" in text for text in labels(ax))
    assert line(ax, "φ").get_ydata()[0] == pytest.approx(0.5 * math.sqrt(3))


# --- the Gram matrix -----------------------------------------------------------------------------


def test_obtuse_pairs_are_framed_and_counted():
    S = coupled_batch().maximizer_set()
    ax = plots.plot_gram(S)
    framed = [p for p in ax.patches if isinstance(p, Rectangle)]
    gram = S.gradients @ S.gradients.T
    expected = {(int(j), int(i)) for i, j in np.argwhere(gram < 0)}
    assert {(round(p.get_x() + 0.46), round(p.get_y() + 0.46)) for p in framed} == expected
    assert f"framed: {len(expected) // 2} of 6 pairs obtuse" in ax.get_xlabel()
    written = {tuple(map(int, t.get_position())): t.get_text() for t in ax.texts}
    assert written[(1, 0)] == "−1"
    assert len(written) == 16
    assert_inside(ax)


def test_rounding_makes_no_pair_obtuse():
    rows = np.array([[-0.1, -0.2, 0.3], [1.0, 1.0, 1.0], [-1.0, -1.0, -1 - 1e-3]])
    assert (rows @ rows.T)[0, 1] < 0  # by rounding: -0.1 - 0.2 + 0.3 is -5.6e-17
    assert not obtuse_pairs(rows)[0, 1]
    assert obtuse_pairs(rows)[1, 2]


@pytest.mark.parametrize("size", [1e-200, 1e-3, 1e200])
def test_obtuse_pairs_of_any_length(size):
    ax = plots.plot_gram(size * np.array([[1.0, 0, 1], [-1, 1, 0], [0, 1, 1]]))
    assert "1 of 3 pairs obtuse" in ax.get_xlabel()
    assert ("in units of" in ax.get_title()) == (size != 1e-3)
    assert sum(t.get_text().startswith("−") for t in ax.texts) == 2


def test_many_gradients_are_hatched_and_cut():
    rows = np.random.default_rng(0).normal(size=(70, 5))
    ax = plots.plot_gram(rows)
    assert "the first 64 of 70" in ax.get_title()
    assert not ax.texts
    assert all(p.get_hatch() for p in ax.patches if isinstance(p, Rectangle))
    assert_inside(ax)


def test_the_samples_of_a_large_batch():
    f = BatchObjective([make("d*(x+y)", ["x", "y"], ["d"], Interval(-1, 1))] * 9)
    ax = plots.plot_gram(maximizers(f, [0, 0]))
    assert "samples" in ax.get_title()
    assert ax.images[0].get_array().shape == (18, 18)


# --- the price of one adversary ------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), unequal=st.booleans())
def test_no_set_of_gradients_lies_above_the_curve(seed, unequal):
    rng = np.random.default_rng(seed)
    (rows,) = plots.random_gradients(rng, 1)
    if unequal:
        rows = rows * 10.0 ** rng.uniform(-3, 3, (len(rows), 1))
    rho, worst = _measure(rows)
    assert worst <= 1 - 2 * rho**2 + 1e-12
    # The sharper bound, for each gradient, in the gradients' own units.
    lengths = np.linalg.norm(rows, axis=1)
    low = min_norm_point(rows).norm
    for i, n in enumerate(lengths):
        largest = float(-(rows @ rows[i]).min())
        bound = math.sqrt(max(n**2 - low**2, 0) * (lengths.max() ** 2 - low**2)) - low**2
        assert largest <= bound + 1e-12 * lengths.max() ** 2


def test_the_points_are_the_sets_and_the_star_is_on_the_curve():
    sets = plots.random_gradients(np.random.default_rng(1), 60)
    pair = obtuse_pair(cosine="-1/2").maximizer_set().gradients
    ax = plots.plot_price(sets, marked={"pair": pair})
    drawn = np.vstack([np.asarray(c.get_offsets()) for c in ax.collections[1:]])
    star = drawn[-1]
    assert star == pytest.approx([0.5, 0.5])  # rho^2 = (1 + c)/2 and -c = 1 - 2 rho^2
    expected = sorted(_measure(s) for s in sets)
    assert np.array(sorted(map(tuple, drawn[:-1]))) == pytest.approx(np.array(expected))
    groups = [t for t in labels(ax) if t.startswith("m")]
    assert len(groups) == 4
    curve = line(ax, "bound").get_xydata()
    assert curve[:, 1] == pytest.approx(1 - 2 * curve[:, 0] ** 2)
    assert_inside(ax)


def test_the_random_sets_are_many_sided_and_repeat():
    sets = plots.random_gradients(np.random.default_rng(2), 200)
    again = plots.random_gradients(np.random.default_rng(2), 200)
    assert all((a == b).all() for a, b in zip(sets, again, strict=True))
    assert {len(s) for s in sets} >= {2, 3, 5, 8, 16, 24}
    assert len({s.shape[1] for s in sets}) > 30
    assert np.linalg.norm(np.vstack([s[:1, :2] for s in sets])) > 0
    rhos = np.array([_measure(s)[0] for s in sets])
    assert rhos.min() < 0.2
    assert rhos.max() > 0.9


# --- bad input -----------------------------------------------------------------------------------

LINE = make("t*d", ["t"], ["d"], Interval(-1, 1))


@pytest.mark.parametrize(
    ("argument", "draw"),
    [
        ("f", lambda: plots.plot_phi(LINE, maximizers(LINE, [0]))),
        ("f", lambda: plots.plot_phi(3, AT)),
        ("S", lambda: plots.plot_phi(KINK, [[1, 2]])),
        ("S", lambda: plots.plot_phi(KINK, maximizers(LINE, [0]))),
        ("radius", lambda: plots.plot_phi(KINK, AT, radius=0)),
        ("radius", lambda: plots.plot_phi(KINK, AT, radius=math.nan)),
        ("grid", lambda: plots.plot_phi(KINK, AT, grid=1)),
        ("direction", lambda: plots.plot_envelope(KINK, AT, [0, 0])),
        ("direction", lambda: plots.plot_envelope(KINK, AT, [1])),
        ("radius", lambda: plots.plot_envelope(KINK, AT, [1, 0], radius=-1)),
        ("curves", lambda: plots.plot_envelope(KINK, AT, [1, 0], curves=-1)),
        ("gradients", lambda: plots.plot_gram("text")),
        ("radius", lambda: plots.plot_phi(KINK, maximizers(KINK, [1e6, 0]), radius=1e-6)),
        ("radius", lambda: plots.plot_envelope(KINK, AT, [1, 0], radius=1e-12)),
        ("sets", lambda: plots.plot_price([])),
        ("sets", lambda: plots.plot_price(7)),
        ("sets[1]", lambda: plots.plot_price([[[1, 0]], [[0, 0]]])),
        ("marked", lambda: plots.plot_price([[[1, 0]]], marked=[1])),
        ("rng", lambda: plots.random_gradients(7)),
        ("count", lambda: plots.random_gradients(np.random.default_rng(0), 0)),
    ],
)
def test_bad_input_names_the_argument(argument, draw):
    with pytest.raises(InvalidInputError) as caught:
        draw()
    assert caught.value.argument == argument
    assert caught.value.remedy


def test_no_global_state_is_set():
    before = dict(mpl.rcParams)
    plots.plot_phi(KINK, AT)
    plots.plot_price([[[1, 0], [0, 1]]])
    plots.plot_envelope(KINK, AT, [1, 0])
    assert dict(mpl.rcParams) == before
