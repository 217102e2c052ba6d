"""Pictures show what was computed, inside their frame, without a warning."""

import math

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Wedge

from danskin.derivative import directional_derivative
from danskin.descent import RULES, ProjectedAscent, descend
from danskin.direction import single_gradient, steepest_descent
from danskin.errors import InvalidInputError
from danskin.maximizers import maximizers
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import Ball, Box, Interval, Simplex

mpl.use("Agg")
from danskin import plots
from danskin.plots.sampled import sampled_phi
from danskin.plots.style import looks

pytestmark = pytest.mark.filterwarnings("error")
make = MinMaxObjective.from_expression


def orabona() -> MinMaxObjective:
    g = "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)"
    return make(g, ["t1", "t2"], ["d"], Interval(0, 1))


def pair(*gradients: tuple[str, str]) -> MinMaxObjective:
    pieces = [f"d{i}*({a}*x + {b}*y)" for i, (a, b) in enumerate(gradients)]
    names = [f"d{i}" for i in range(len(gradients))]
    return make(" + ".join(pieces), ["x", "y"], names, Simplex(len(gradients)))


CASES = {
    "kink": (orabona(), ["1/2", 0]),
    "smooth": (orabona(), [1, 1]),
    "triangle": (pair(("2", "1"), ("1", "-2"), ("3", "0")), [0, 0]),
    "on a line": (pair(("1", "-1"), ("1", "2"), ("1", "0")), [0, 0]),
    "stationary": (pair(("1", "0"), ("-1", "2"), ("-1", "-1")), [0, 0]),
    "zero": (make("d*(x**2 + y**2)", ["x", "y"], ["d"], Interval(0, 1)), [0, 0]),
    "disk": (make("x*a + y*b + 2*x", ["x", "y"], ["a", "b"], Ball([0, 0], 1)), [0, 0]),
    "batch": (
        BatchObjective([pair(("2", "1"), ("1", "-2")), pair(("1", "0"), ("1", "1"))]),
        [0, 0],
    ),
    "large": (pair(("2e6", "1e6"), ("1e6", "-2e6")), [0, 0]),
    "small": (pair(("2e-9", "1e-9"), ("1e-9", "-2e-9")), [0, 0]),
    "numeric": (
        MinMaxObjective(lambda t, d: t @ d, lambda t, d: d, Ball([0, 0], 1), theta_dim=2),
        [1, 0.5],
    ),
}


@pytest.fixture(params=CASES, scope="module")
def case(request):
    f, theta = CASES[request.param]
    return f, maximizers(f, theta)


def line(ax, label):
    """The one line whose label starts so."""
    (found,) = (at for at in ax.lines if str(at.get_label()).startswith(label))
    return found


def labels(ax) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts()]


def assert_inside(figure):
    """No text, legend or axis sticks out of the picture."""
    figure.canvas.draw()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert box.x0 >= -1e-6, box
    assert box.y0 >= -1e-6, box
    assert box.x1 <= width + 1e-6, box
    assert box.y1 <= height + 1e-6, box


# --- the polar plot ------------------------------------------------------------------------------


def test_the_polar_curve_is_the_directional_derivative(case):
    _, S = case
    ax = plots.plot_derivative(S)
    angles, radii = line(ax, "D(θ").get_data()
    for i in range(0, len(angles), 7):
        D = directional_derivative(S, [math.cos(angles[i]), math.sin(angles[i])])
        assert radii[i] == pytest.approx(float(D), rel=1e-9, abs=1e-12 * np.abs(radii).max())
    assert angles[-1] - angles[0] == pytest.approx(2 * math.pi)
    low, high = ax.get_rmin(), ax.get_rmax()
    assert low < radii.min()
    assert radii.max() < high


def test_the_marked_directions_lie_where_they_belong():
    S = maximizers(*CASES["kink"])
    ax = plots.plot_derivative(S, direction=[1, -1])
    best = line(ax, "steepest")
    assert best.get_xdata()[-1] == pytest.approx(math.pi)
    assert best.get_ydata()[-1] == -1
    asked = line(ax, "asked")
    assert asked.get_xdata()[-1] == pytest.approx(-math.pi / 4)
    assert asked.get_ydata()[-1] == pytest.approx(3 / math.sqrt(2))
    marks = [at for at in ax.lines if at.get_color() == plots.OKABE_ITO["vermillion"]]
    found = sorted(tuple(at.get_xydata()[-1]) for at in marks)
    expected = []
    for i in range(2):
        one = single_gradient(S, i)
        expected.append((math.atan2(*one.direction[::-1]), float(one.derivative)))
    assert np.array(found) == pytest.approx(np.array(sorted(expected)))
    assert "minus a gradient: D = 1.342" in labels(ax)
    assert "steepest: D = −1" in labels(ax)


def test_only_directions_of_descent_are_shaded():
    ax = plots.plot_derivative(maximizers(*CASES["kink"]))
    (shade,) = ax.collections
    corners = np.vstack([p.vertices for p in shade.get_paths()])
    assert corners[:, 1].max() <= 0
    assert corners[:, 1].min() == pytest.approx(-1, abs=1e-4)
    ax = plots.plot_derivative(maximizers(*CASES["stationary"]))
    assert not ax.collections
    assert "stationary: no descent" in labels(ax)
    assert not any("steepest" in text for text in labels(ax))


def test_a_lower_bound_is_called_one():
    ax = plots.plot_derivative(maximizers(*CASES["numeric"]))
    assert "D(θ; γ) (lower bound)" in labels(ax)


def test_bare_gradients_and_a_given_axes():
    figure = Figure()
    ax = figure.add_subplot(projection="polar")
    assert plots.plot_derivative([[1, 2], [1, -2]], ax) is ax
    assert line(ax, "steepest").get_ydata()[-1] == -1


# --- the hull ------------------------------------------------------------------------------------


def test_the_hull_its_nearest_point_and_the_cone():
    """Gradients (2, 1), (1, -2), (3, 0): x* = (1.5, -0.5) halves the edge of the first two."""
    S = maximizers(*CASES["triangle"])
    ax = plots.plot_hull(S)
    (hull,) = (p for p in ax.patches if isinstance(p, Polygon))
    corners = {tuple(c) for c in np.round(hull.get_xy(), 12).tolist()}
    assert corners == {(2, 1), (1, -2), (3, 0)}
    x = line(ax, "min-norm point").get_xydata()[0]
    assert x == pytest.approx([1.5, -0.5])
    (cone,) = (p for p in ax.patches if isinstance(p, Wedge))

    def D(degrees: float) -> float:
        a = math.radians(degrees)
        return float(directional_derivative(S, [math.cos(a), math.sin(a)]))

    assert D(cone.theta1 + 0.01) < 0 < D(cone.theta1 - 0.01)
    assert D(cone.theta2 - 0.01) < 0 < D(cone.theta2 + 0.01)


def test_an_infinite_set_has_a_round_hull():
    """Gradients (2, 0) + disk: D(gamma) = 1 + 2 gamma_1, so the cone is 60 degrees around -x."""
    S = maximizers(*CASES["disk"])
    ax = plots.plot_hull(S)
    (hull,) = (p for p in ax.patches if isinstance(p, Polygon))
    assert len(hull.get_xy()) > 60
    assert np.linalg.norm(hull.get_xy() - [2, 0], axis=1) == pytest.approx(1)
    (cone,) = (p for p in ax.patches if isinstance(p, Wedge))
    assert [cone.theta1 % 360, cone.theta2 % 360] == pytest.approx([120, 240], abs=0.2)


def test_a_stationary_point_has_no_cone():
    ax = plots.plot_hull(maximizers(*CASES["stationary"]))
    assert not [p for p in ax.patches if isinstance(p, Wedge)]
    assert "0 in the hull: stationary" in labels(ax)


# --- runs ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs():
    f, options = orabona(), {"steps": 6, "step_size": "0.5/sqrt(k)"}
    cheap = {"adversary": ProjectedAscent(3, 0.1, 2), "evaluate": "adversary"}
    return f, {
        "one gradient": descend(f, [1, 0], rule="single", **options),
        "steepest": descend(f, [1, 0], rule="ddi", **options),
        "cheap": descend(f, [1, 0], rule="ddi", **options, **cheap),
    }


def test_the_landscape_shows_the_traces_over_phi(runs):
    f, traces = runs
    ax = plots.plot_landscape(f, traces)
    for label, trace in traces.items():
        assert (line(ax, label).get_xydata() == trace.thetas).all()
    assert labels(ax) == [*traces, "start"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$t_{1}$", "$t_{2}$")
    everything = np.vstack([t.thetas for t in traces.values()])
    for axis, (low, high) in enumerate((ax.get_xlim(), ax.get_ylim())):
        assert low < everything[:, axis].min()
        assert everything[:, axis].max() < high


def test_the_landscapes_phi_is_phi():
    for name in ("kink", "triangle", "batch", "numeric"):
        f, _ = CASES[name]
        thetas = np.random.default_rng(0).uniform(-2, 2, (10, 2))
        sampled = np.asarray(sampled_phi(f, thetas))
        phi = [f.robust_value(t) for t in thetas]
        assert sampled == pytest.approx(np.array(phi), rel=0.02 if name == "numeric" else 1e-12)


def test_where_g_is_not_defined_the_landscape_is_empty():
    f = make("d*log(x) + y", ["x", "y"], ["d"], Interval(0, 1))
    ax = plots.plot_landscape(f, xlim=(-1, 1), ylim=(0, 1), grid=11)
    assert_inside(ax.figure)


def test_values_against_the_iteration(runs):
    _, traces = runs
    ax = plots.plot_values(traces)
    for label, trace in traces.items():
        drawn = line(ax, label)
        assert drawn.get_xdata().tolist() == list(range(7))
        assert (drawn.get_ydata() == trace.values).all()
        hollow = drawn.get_markerfacecolor() == "white"
        assert hollow == (label == "cheap")
    assert "lower bound" in ax.get_ylabel()
    alone = plots.plot_values(traces["steepest"])
    assert labels(alone) == ["ddi"]
    assert "lower bound" not in alone.get_ylabel()


def test_every_trace_has_its_own_look(runs):
    """Colour alone does not separate them: line style or marker differs too."""
    _, traces = runs
    rules = [r for r in RULES if r not in ("normalized_single", "trust_region")]
    given = looks(rules)
    assert len({colour for colour, *_ in given}) == len(rules)
    assert len({tuple(rest) for _, *rest in given}) == len(rules)
    ax = plots.plot_values([traces["steepest"]] * 5)
    assert len({at.get_color() for at in ax.lines}) == 5
    allowed = {to_hex(c) for c in plots.OKABE_ITO.values()}
    assert {to_hex(at.get_color()) for at in ax.lines} <= allowed


# --- the picture of `danskin certify` ------------------------------------------------------------


def test_certificate_in_the_plane(case, tmp_path):
    f, S = case
    figure = plots.plot_certificate(f, S, [1, -1])
    assert [ax.name for ax in figure.axes] == ["polar", "rectilinear"]
    assert_inside(figure)
    figure.savefig(tmp_path / "picture.png")


def test_certificate_on_the_line():
    """phi = |t|: slopes 1 and 1 at 0."""
    f = make("t*d", ["t"], ["d"], Interval(-1, 1))
    figure = plots.plot_certificate(f, maximizers(f, [0]))
    (ax,) = figure.axes
    thetas, phi = line(ax, "φ").get_data()
    assert np.asarray(phi) == pytest.approx(np.abs(thetas))
    for side in ("+", "−"):
        slope = line(ax, f"D(θ; {side}1) = 1")
        t, height = slope.get_data()
        assert height[1] - height[0] == pytest.approx(abs(t[1] - t[0]))
    assert_inside(figure)


@pytest.mark.parametrize("many", [False, True])
def test_certificate_in_space(many):
    g = "a*(x + y - z) + b*(x - 2*y + z/2) + y/3 - x/2 + z"
    one = make(g, ["x", "y", "z"], ["a", "b"], Box([0, 0], [1, 1]))
    f = BatchObjective([one] * 5) if many else one
    S = maximizers(f, [0, 0, 0])
    figure = plots.plot_certificate(f, S, [-1, 0, 0])
    gram = np.asarray(figure.axes[0].images[0].get_array())
    rows = np.concatenate([s.gradients for s in S.samples]) if many else S.gradients
    assert gram == pytest.approx(rows @ rows.T)
    bars = figure.axes[1].patches
    assert bars[-1].get_width() == pytest.approx(steepest_descent(S).derivative)
    asked = float(directional_derivative(S, [-1, 0, 0]))
    assert bars[-2].get_width() == pytest.approx(asked)
    assert_inside(figure)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "draw"),
    [
        ("S", lambda f, S: plots.plot_derivative([[1, 0, 0]])),
        ("S", lambda f, S: plots.plot_hull([[1]])),
        ("S", lambda f, S: plots.plot_hull(maximizers(BatchObjective([f] * 7), ["1/2", 0]))),
        ("ax", lambda f, S: plots.plot_derivative(S, Figure().add_subplot())),
        ("direction", lambda f, S: plots.plot_certificate(f, S, [1, 2, 3])),
        ("direction", lambda f, S: plots.plot_hull(S, direction=[0, 0])),
        ("f", lambda f, S: plots.plot_landscape(make("t*d", ["t"], ["d"], Interval(0, 1)))),
        ("traces", lambda f, S: plots.plot_landscape(f, ["ddi"])),
        ("traces", lambda f, S: plots.plot_values([])),
        ("traces", lambda f, S: plots.plot_values({"a": 1})),
        ("traces", lambda f, S: plots.plot_values(7)),
        ("grid", lambda f, S: plots.plot_landscape(f, grid=1)),
        ("xlim", lambda f, S: plots.plot_landscape(f, xlim=(1, 1))),
    ],
)
def test_bad_input_names_the_argument(argument, draw):
    f = orabona()
    with pytest.raises(InvalidInputError) as caught:
        draw(f, maximizers(f, ["1/2", 0]))
    assert caught.value.argument == argument
    assert caught.value.remedy


def test_a_trace_of_another_dimension_is_refused():
    line_run = descend(make("t*d", ["t"], ["d"], Interval(-1, 1)), [1], steps=1, step_size=1)
    with pytest.raises(InvalidInputError, match="traces"):
        plots.plot_landscape(orabona(), line_run)
