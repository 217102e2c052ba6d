"""g over delta: the curve is g, the lit points are the maximizers, and what is known is said."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon

from danskin.errors import InvalidInputError
from danskin.maximizers import maximizers
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import Ball, Box, FiniteSet, Interval, Product, Simplex

mpl.use("Agg")
from danskin import plots
from danskin.plots.charts import chart_of

pytestmark = pytest.mark.filterwarnings("error")
make = MinMaxObjective.from_expression


def line(ax, label):
    (found,) = (at for at in ax.lines if label in str(at.get_label()))
    return found


def labels(ax) -> list[str]:
    return [t.get_text() for t in ax.get_legend().get_texts()]


PARABOLA = make("t*d*(d - 1)", ["t"], ["d"], Interval(0, 1))
DOMAINS = {
    "interval": (make("t*d**2", ["t"], ["d"], Interval(-1, 2)), 1),
    "ball on the line": (make("t*d**2", ["t"], ["d"], Ball([1], 2)), 1),
    "simplex of two": (make("t*d - e", ["t"], ["d", "e"], Simplex(2)), 1),
    "fixed coordinate": (make("t*d + e", ["t"], ["d", "e"], Box([0, 3], [1, 3])), 1),
    "points": (make("t*d**2", ["t"], ["d"], FiniteSet([[0], [1], [-1]])), 1),
    "one point": (make("t*d", ["t"], ["d"], Box([2], [2])), 1),
    "box": (make("t*d*e", ["t"], ["d", "e"], Box([-1, 0], [1, 2])), 2),
    "product": (make("t*d*e", ["t"], ["d", "e"], Product(Interval(0, 1), Interval(0, 1))), 2),
    "disk": (make("t*d + e", ["t"], ["d", "e"], Ball([1, 0], 2)), 2),
    "disk of radius 0": (make("t*d + e", ["t"], ["d", "e"], Ball([1, 0], 0)), 2),
    "diamond": (make("t*d + e", ["t"], ["d", "e"], Ball([1, 0], 2, norm=1)), 2),
    "square ball": (make("t*d + e", ["t"], ["d", "e"], Ball([1, 0], 2, norm="inf")), 2),
    "triangle": (make("t*d + e*x", ["t"], ["d", "e", "x"], Simplex(3)), 2),
    "points in the plane": (
        make("t*d + e", ["t"], ["d", "e"], FiniteSet([[0, 0], [1, 2], [2, 1]])),
        2,
    ),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_every_set_is_drawn_with_its_maximizers(name, tmp_path):
    f, dim = DOMAINS[name]
    S = maximizers(f, [1])
    ax = plots.plot_inner(f, S, grid=41)
    chart = chart_of(f)
    assert chart.dim == dim
    lit = line(ax, "all, proved" if S.complete else "found").get_xydata()
    assert lit[:, :dim] == pytest.approx(chart.from_delta(S.deltas))
    if dim == 1:
        assert lit[:, 1] == pytest.approx(S.value)
        x, height = line(ax, "g(θ, δ)").get_data()
        g = f.values(S.theta, chart.to_delta(np.asarray(x)[:, None]))
        assert np.asarray(height) == pytest.approx(g)
        assert height.max() <= S.value + 1e-12
    (low, high), (left, right) = ax.get_ylim(), ax.get_xlim()
    assert ((lit[:, 0] >= left) & (lit[:, 0] <= right)).all()
    assert ((lit[:, 1] >= low) & (lit[:, 1] <= high)).all()
    figure = ax.figure
    figure.canvas.draw()
    box, size = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -1e-6
    assert (np.array([box.x1, box.y1]) <= size + 1e-6).all()


@pytest.mark.parametrize("name", [n for n, (_, dim) in DOMAINS.items() if dim == 2])
def test_the_chart_goes_there_and_back(name):
    f, _ = DOMAINS[name]
    chart = chart_of(f)
    deltas = f.domain.sample(np.random.default_rng(1), 40)
    points = chart.from_delta(deltas)
    assert chart.inside(points).all()
    assert chart.to_delta(points) == pytest.approx(deltas)
    outside = chart.low - (chart.high - chart.low)
    if (
        not chart.finite
        and "radius 0" not in name
        and "box" not in name
        and "product" not in name
        and "square" not in name
    ):
        assert not chart.inside(outside[None]).any()


def test_two_maximizers_are_proved_and_a_search_is_called_one():
    S = maximizers(PARABOLA, [1])
    ax = plots.plot_inner(PARABOLA, S)
    assert "2 maximizers: all, proved" in labels(ax)
    assert "φ(θ) = 0" in labels(ax)
    f = MinMaxObjective(
        lambda t, d: t[0] * d[0] * (d[0] - 1), lambda t, d: d * (d - 1), Interval(0, 1), theta_dim=1
    )
    ax = plots.plot_inner(f, maximizers(f, [1]))
    assert any("found (others may exist)" in text for text in labels(ax))
    assert not any("proved" in text for text in labels(ax))
    assert "φ(θ) ≥ 0" in labels(ax)


def test_a_face_on_the_line_is_a_segment():
    f = make("t*d", ["t"], ["d"], Interval(-1, 2))
    ax = plots.plot_inner(f, maximizers(f, [0]))
    assert line(ax, "a face").get_xdata() == pytest.approx([-1, 2])
    assert "maximizers: all, proved" in labels(ax)
    low, high = ax.get_ylim()
    assert high - low > 1  # a constant g is not blown up to rounding


def test_faces_in_the_plane():
    f = make("t*d1 + (d1 - 1)*d2/2", ["t"], ["d1", "d2"], Box([0, 0], [1, 1]))
    ax = plots.plot_inner(f, maximizers(f, [1]))
    assert line(ax, "a face").get_xydata() == pytest.approx(np.array([[1, 0], [1, 1]]))
    whole = maximizers(make("t*d*e", ["t"], ["d", "e"], Box([-1, 0], [1, 2])), [0])
    ax = plots.plot_inner(DOMAINS["box"][0], whole)
    (face,) = (p for p in ax.patches if "a face" in str(p.get_label()))
    corners = {tuple(c) for c in face.get_xy().tolist()}
    assert corners == {(-1, 0), (1, 0), (1, 2), (-1, 2)}
    assert face.get_hatch()
    disk = make("t*(d + e)", ["t"], ["d", "e"], Ball([1, 0], 2))
    ax = plots.plot_inner(disk, maximizers(disk, [0]))
    (face,) = (p for p in ax.patches if isinstance(p, Polygon) and "a face" in str(p.get_label()))
    assert np.linalg.norm(face.get_xy() - [1, 0], axis=1) == pytest.approx(2)


def test_a_triangle_names_its_corners():
    f, _ = DOMAINS["triangle"]
    ax = plots.plot_inner(f, maximizers(f, [1]))
    assert {t.get_text() for t in ax.texts if "= 1" in t.get_text()} == {
        "$d$ = 1",
        "$e$ = 1",
        "$x$ = 1",
    }


def test_a_sample_of_a_batch():
    other = make("t*d", ["t"], ["d"], Interval(0, 3))
    f = BatchObjective([PARABOLA, other])
    S = maximizers(f, [1])
    ax = plots.plot_inner(f, S, sample=1)
    assert ax.get_title() == "Sample 1: g(θ, ·) at θ = 1"
    assert line(ax, "all, proved").get_xdata().tolist() == [3]
    assert line(plots.plot_inner(f, S), "all, proved").get_xdata().tolist() == [0, 1]


def test_where_g_is_not_defined_the_curve_has_a_gap():
    f = MinMaxObjective(
        lambda t, d: np.sqrt(d[0]) if d[0] < 0.9 else 0.0,
        lambda t, d: d,
        Interval(0, 1),
        theta_dim=1,
    )
    ax = plots.plot_inner(f, maximizers(f, [1]))
    assert to_hex(line(ax, "maximizer").get_color()) == to_hex(plots.OKABE_ITO["orange"])


BATCH = BatchObjective([PARABOLA, PARABOLA])


@pytest.mark.parametrize(
    ("argument", "draw"),
    [
        ("sample", lambda: plots.plot_inner(BATCH, maximizers(BATCH, [1]), sample=2)),
        ("sample", lambda: plots.plot_inner(BATCH, maximizers(BATCH, [1]), sample=-1)),
        ("sample", lambda: plots.plot_inner(PARABOLA, maximizers(PARABOLA, [1]), sample=1)),
        ("S", lambda: plots.plot_inner(BATCH, maximizers(PARABOLA, [1]))),
        ("S", lambda: plots.plot_inner(PARABOLA, maximizers(BATCH, [1]))),
        ("S", lambda: plots.plot_inner(PARABOLA, [[1, 2]])),
        ("S", lambda: plots.plot_inner(PARABOLA, maximizers(DOMAINS["box"][0], [1]))),
        ("f", lambda: plots.plot_inner(7, maximizers(PARABOLA, [1]))),
        ("grid", lambda: plots.plot_inner(PARABOLA, maximizers(PARABOLA, [1]), grid=1)),
        ("levels", lambda: plots.plot_inner(PARABOLA, maximizers(PARABOLA, [1]), levels=0)),
    ],
)
def test_bad_input_names_the_argument(argument, draw):
    with pytest.raises(InvalidInputError) as caught:
        draw()
    assert caught.value.argument == argument
    assert caught.value.remedy


@pytest.mark.parametrize(
    "domain", [Box([0] * 3, [1] * 3), Simplex(4), Ball([0] * 3, 1), FiniteSet([[0, 0, 0]])]
)
def test_more_than_two_dimensions_are_refused(domain):
    names = [f"d{i}" for i in range(domain.dim)]
    f = make(f"t*({'+'.join(names)})", ["t"], names, domain)
    with pytest.raises(InvalidInputError, match="f: its delta lies in"):
        plots.plot_inner(f, maximizers(f, [1]))
