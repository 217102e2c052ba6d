"""Sets: projections are nearest points, samples lie inside, vertices span, bad ones are refused."""

import math
import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from danskin.errors import InvalidInputError
from danskin.sets import Ball, Box, FiniteSet, Hull, Interval, Product, Simplex

SETS = {
    "interval": Interval("-sqrt(2)", "1/3"),
    "box": Box([0, -1, 2], [1, "sqrt(3)", 2]),
    "simplex": Simplex(4),
    "ball": Ball([1, 0], "1/2"),
    "l1 ball": Ball([0, 1, 0], 2, 1),
    "max ball": Ball([0, "pi"], "1/3", "inf"),
    "point ball": Ball([1, 2], 0),
    "points": FiniteSet([[0, 0], [1, "1/2"], [-1, 3]]),
    "hull": Hull([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]),
    "segment": Hull([[0, 0], [1, 1]]),
    "product": Product(Interval(0, 1), Simplex(3), FiniteSet([[1, 1], [2, 2]]), Ball([0, 0], 1)),
}
each_set = pytest.mark.parametrize("domain", SETS.values(), ids=SETS.keys())
seeds = st.integers(0, 2**32 - 1)


@each_set
@given(seed=seeds, scale=st.sampled_from([1e-3, 1.0, 1e3, 1e8]))
def test_projection_is_the_nearest_point(domain, seed, scale):
    """P(x) lies in S, P(P(x)) = P(x), and no sample of S is nearer to x (S closed)."""
    rng = np.random.default_rng(seed)
    x = scale * rng.normal(size=(4, domain.dim))
    p = domain.project(x)
    tol = 1e-12 * (1 + scale)
    assert all(domain.contains(row, 1e-9) for row in p)
    np.testing.assert_allclose(domain.project(p), p, atol=1e-9)
    samples = domain.sample(rng, 60)
    distance = np.linalg.norm(x - p, axis=1)
    others = np.linalg.norm(x[:, None] - samples[None], axis=2)
    assert (distance[:, None] <= others + tol + 1e-9).all()


@each_set
@given(seed=seeds)
def test_projection_onto_a_convex_set_satisfies_the_variational_inequality(domain, seed):
    """<x - P(x), y - P(x)> <= 0 for all y in S, S convex."""
    if any(isinstance(s, FiniteSet) for s in getattr(domain, "sets", (domain,))):
        return
    rng = np.random.default_rng(seed)
    x = 3 * rng.normal(size=domain.dim)
    p = domain.project(x)
    assert ((domain.sample(rng, 100) - p) @ (x - p)).max() <= 1e-8


@each_set
def test_samples_lie_inside_and_repeat_with_the_seed(domain):
    points = domain.sample(np.random.default_rng(3), 200)
    assert points.shape == (200, domain.dim)
    assert all(domain.contains(p, 1e-12) for p in points)
    np.testing.assert_array_equal(points, domain.sample(np.random.default_rng(3), 200))


@each_set
def test_the_exact_point_and_the_vertices_lie_inside(domain):
    for point in [domain.exact_point(), *(domain.vertices() or [])]:
        assert domain.contains([float(c) for c in point], 1e-12)


@each_set
def test_equality_hash_and_pickle(domain):
    again = pickle.loads(pickle.dumps(domain))
    assert again == domain
    assert hash(again) == hash(domain)
    assert repr(again) == repr(domain)
    assert again.to_dict() == domain.to_dict()
    assert domain != Interval(5, 6)


def test_finite_sets_that_print_alike_differ():
    """The repr shows six points and a count."""
    many = [[i] for i in range(8)]
    assert FiniteSet(many) != FiniteSet([*many[:7], [99]])


@each_set
def test_arrays_cannot_be_written_to(domain):
    for name in ("lo", "hi", "center", "points"):
        array = getattr(domain, name, None)
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_vertices():
    assert len(Box([0] * 3, [1, 1, 0]).vertices()) == 4
    assert len(Ball([0] * 3, 1, 1).vertices()) == 6
    assert len(Ball([0] * 3, 1, "inf").vertices()) == 8
    assert Ball([0, 0], 1).vertices() is None
    assert len(Product(Interval(0, 1), Simplex(3)).vertices()) == 6
    assert Box([0] * 13, [1] * 13).vertices() is None


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=6))
def test_simplex_projection_survives_any_scale(x):
    p = Simplex(len(x)).project(np.array(x))
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert p[np.argmax(x)] == p.max()


@pytest.mark.parametrize("norm", [1, 2, math.inf])
@pytest.mark.parametrize("radius", ["1e-150", "1", "1e150"])
def test_ball_projection_at_extreme_scales(norm, radius):
    ball = Ball([0, 0, 0], radius, norm)
    for size in (1e-160, 1e-10, 1.0, 1e10, 1e160):
        p = ball.project(size * np.array([3.0, -4.0, 1.0]))
        assert np.isfinite(p).all()
        assert np.linalg.norm(p / ball.radius, norm) <= 1 + 1e-12


def test_a_box_as_wide_as_float64_can_be_sampled():
    box = Box([-1.7e308], [1.7e308])
    assert np.isfinite(box.sample(np.random.default_rng(0), 50)).all()


NAN, INF = math.nan, math.inf
BAD = {
    "nan": lambda: Interval(NAN, 1),
    "inf": lambda: Interval(0, INF),
    "reversed": lambda: Interval(1, 0),
    "reversed by 1e-30": lambda: Interval("1e-30", 0),
    "name": lambda: Interval("a", 1),
    "none": lambda: Interval(None, 1),
    "complex": lambda: Interval(1j, 2),
    "bool": lambda: Interval(False, True),
    "beyond float64": lambda: Interval(0, "1e350"),
    "symbol": lambda: Interval(sympy.Symbol("x"), 1),
    "no coordinates": lambda: Box([], []),
    "lengths": lambda: Box([0], [1, 2]),
    "nested": lambda: Box([[0]], [[1]]),
    "mapping": lambda: Box({0: 1}, [1]),
    "hidden reversed": lambda: Box(["sqrt(6) + 1e-20"], ["sqrt(2)*sqrt(3)"]),
    "zero": lambda: Simplex(0),
    "fraction": lambda: Simplex(2.5),
    "text": lambda: Simplex("3"),
    "true": lambda: Simplex(True),
    "negative": lambda: Ball([0], -1),
    "norm": lambda: Ball([0], 1, 3),
    "norm array": lambda: Ball([0], 1, np.array([1, 2])),
    "norm none": lambda: Ball([0], 1, None),
    "center nan": lambda: Ball([NAN], 1),
    "no center": lambda: Ball([], 1),
    "no points": lambda: FiniteSet([]),
    "ragged": lambda: FiniteSet([[1], [1, 2]]),
    "cube": lambda: FiniteSet(np.zeros((2, 2, 2))),
    "points none": lambda: FiniteSet(None),
    "no factors": lambda: Product(),
    "factor": lambda: Product(Interval(0, 1), 3),
    "contains shape": lambda: Interval(0, 1).contains([1, 2]),
    "contains text": lambda: Interval(0, 1).contains("x"),
    "contains nan": lambda: Ball([0], 1).contains([NAN]),
    "project nan": lambda: Simplex(2).project([NAN, 1]),
    "project text": lambda: Simplex(2).project("ab"),
    "project shape": lambda: Simplex(2).project(np.zeros((2, 2, 2))),
    "size 0": lambda: Interval(0, 1).sample(size=0),
    "size text": lambda: Interval(0, 1).sample(size="3"),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_bad_sets_are_refused(make):
    with pytest.raises(InvalidInputError) as caught:
        make()
    assert caught.value.argument
    assert caught.value.remedy
    assert str(caught.value).startswith(caught.value.argument + ": ")
