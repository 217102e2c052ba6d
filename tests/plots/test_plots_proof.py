"""Proofs as pictures: the cells drawn are all of S, and each is drawn as what it is."""

import itertools

import numpy as np
import pytest

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.plots import plot_bounds, plot_cells, plot_certificate
from danskin.plots.proof import _LOOKS, _cover, _leaves

TWO = ["t1", "t2"]
AT = ["1/3", "1/7"]


def formula(g, theta, delta, domain):
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain)


LINE = formula("sin(3*d)*t1+cos(5*d)*t2-(d-1/2)**2", TWO, ["d"], dk.Interval(0, 1))
SQUARE = formula(
    "t1*sin(3*d1+d2)+t2*cos(2*d2-d1)-d1**2/4", TWO, ["d1", "d2"], dk.Box([-1, -1], [1, 1])
)
TRIANGLE = formula(
    "d1*t1+d2*t2+d3*(t1+t2)/3-d1*d2", TWO, ["d1", "d2", "d3"], dk.Simplex(3)
)  # fmt: skip


def area(polygon):
    x, y = polygon.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def drawn(ax):
    # Closed polygons repeat their first point.
    return [p.vertices[:-1] for c in ax.collections for p in c.get_paths()]


@pytest.mark.parametrize(("f", "whole"), [(SQUARE, 4.0), (TRIANGLE, np.sqrt(3) / 4)])
def test_the_cells_in_the_plane_tile_the_set(f, whole):
    """Their areas add up: nothing of S is left out. (A face that a cell shrank to has none.)"""
    proof = dk.prove_descent(f, AT, [-1, -1])
    assert sum(area(p) for p in drawn(plot_cells(proof))) == pytest.approx(whole, rel=1e-12)


def test_boxes_over_a_line_contain_the_graph_and_the_dropped_lie_below_the_bound():
    proof = dk.prove_descent(LINE, AT, [-1, 0])
    ax = plot_cells(proof)
    floor = proof.value[0]
    theta = np.array([1 / 3, 1 / 7])
    ends = []
    for collection in ax.collections:
        below = collection.get_facecolor()[0][0] == float(_LOOKS["value"][0])
        for path in collection.get_paths():
            (a, c), (b, d) = path.vertices.min(axis=0), path.vertices.max(axis=0)
            ends.append((a, b))
            values = LINE.values(theta, np.linspace(a, b, 30)[:, None])
            assert (c - 1e-12 <= values).all()
            assert (values <= d + 1e-12).all()
            assert not below or d <= floor
    ends.sort()
    assert ends[0][0] == 0
    assert ends[-1][1] == 1
    assert all(b == c for (_, b), (c, _) in itertools.pairwise(ends))


def test_what_is_left_is_drawn_by_the_sign_of_the_rate():
    down, up = (dk.prove_descent(SQUARE, AT, d) for d in ([-1, -1], [1, 1]))
    for proof, fate, other in ((down, "down", "up"), (up, "up", "down")):
        _, cover, owner = _cover(proof, 0)
        fates = _leaves(cover, owner)[1]
        assert fates.count(fate) == len(cover.cells)
        assert other not in fates
    words = [t.get_text() for t in plot_cells(up).get_legend().get_texts()]
    assert "left, rate > 0" in words


def test_bounds_only_tighten_and_end_at_the_proof():
    proof = dk.prove_descent(LINE, AT, [-1, 0])
    boxes, low, high = zip(*proof.trace, strict=True)
    assert list(boxes) == sorted(boxes)
    assert list(low) == sorted(low)
    assert list(high) == sorted(high, reverse=True)
    assert proof.derivative == (low[-1], high[-1])
    assert "Proved" in plot_bounds(proof).get_title()


def test_batches_are_drawn_sample_by_sample():
    other = formula("t1*exp(d)-t2*d**2", TWO, ["d"], dk.Interval(-1, 1))
    proof = dk.prove_descent(dk.BatchObjective([LINE, other]), AT, [-1, 0])
    assert plot_cells(proof, sample=1).get_xlim()[0] < -0.9
    with pytest.raises(InvalidInputError, match="sample: 2 of 2"):
        plot_cells(proof, sample=2)


def test_what_cannot_be_drawn_is_refused():
    cube = formula("t*d1*d2*d3", ["t"], ["d1", "d2", "d3"], dk.Box([-1] * 3, [1] * 3))
    with pytest.raises(InvalidInputError, match="not drawn"):
        plot_cells(dk.prove_descent(cube, [1], [1]))
    flat = dk.prove_descent(formula("t*d", ["t"], ["d"], dk.Interval(-1, 1)), [0], "steepest")
    for draw in (plot_cells, plot_bounds):
        with pytest.raises(InvalidInputError, match="no direction"):
            draw(flat)


def test_the_certificate_has_the_proof_below():
    for f in (LINE, SQUARE):
        proof = dk.prove_descent(f, AT, [-1, 0])
        S = dk.maximizers(f, AT)
        plain, both = (plot_certificate(f, S, proof=p) for p in (None, proof))
        assert len(both.axes) == len(plain.axes) + 2
