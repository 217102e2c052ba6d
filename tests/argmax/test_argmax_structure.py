"""Taking sets apart: each class with its whole argmax set, and nothing claimed outside of them."""

import itertools

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.argmax import maximize
from danskin.argmax.convex import strictly_convex_forms
from danskin.argmax.faces import maximal_boxes
from danskin.argmax.linear import linear_face
from danskin.argmax.polynomial import polynomial_terms
from danskin.argmax.structure import exact_argmax
from danskin.exact import sign, to_float
from danskin.expression import NumericFunction, xlogx
from danskin.sets import Ball, Box, FiniteSet, Hull, Interval, Product, Simplex

D = sympy.symbols("d0:6")
d0, d1, d2, d3, d4, d5 = D
s, Q, exp, cosh = sympy.sqrt, sympy.Rational, sympy.exp, sympy.cosh
ENTROPY = sum(xlogx(d) for d in D[:3])
zero = s(2 + s(2)) * s(2 - s(2)) - s(2)  # 0, which SymPy does not see


def solve(expr, domain):
    return exact_argmax(expr, D[: domain.dim], domain)


def members(pieces, rng):
    """Points of every piece: its vertices and samples."""
    rows = []
    for p in pieces:
        rows += [[to_float(c) for c in v] for v in (p.vertices() or [])]
        rows += p.sample(rng, 20).tolist()
    return np.array(rows)


def assert_is_argmax(expr, domain, pieces):
    """Every member attains the maximum over a dense sample and all vertices; every sampled point
    that attains it (to 1e-9) is in a piece.
    """
    rng = np.random.default_rng(0)
    f = NumericFunction([expr], D[: domain.dim], to_float)
    corners = [[to_float(c) for c in v] for v in domain.vertices() or []]
    samples = np.vstack([domain.sample(rng, 4000), np.array(corners).reshape(-1, domain.dim)])
    values = f(*samples.T)[0]
    at = f(*members(pieces, rng).T)[0]
    scale = 1 + np.abs(values).max()
    assert np.ptp(at) <= 1e-12 * scale
    assert at.max() >= values.max() - 1e-12 * scale
    for x in samples[values >= at.max() - 1e-13 * scale]:
        assert any(p.contains(x, 1e-5) for p in pieces)


CASES = {
    "affine box": (2 * d0 - d1 + zero * d2, Box([0] * 3, [1] * 3), [Box([1, 0, 0], [1, 0, 1])]),
    "affine simplex": (d0 + d1 - d2, Simplex(3), [Hull([[1, 0, 0], [0, 1, 0]])]),
    "affine ball": (3 * d0 + 4 * d1, Ball([1, 1], 5), [FiniteSet([[4, 5]])]),
    "constant ball": (zero * d0 + 1, Ball([0, 0], 1), [Ball([0, 0], 1)]),
    "affine l1": (d0 - d1, Ball([0, 0], 2, 1), [Hull([[2, 0], [0, -2]])]),
    "affine max norm": (d0, Ball([0] * 2, 1, "inf"), [Box([1, -1], [1, 1])]),
    "max norm, 13 coordinates": (
        sum(sympy.symbols("d0:6")),
        Ball([0] * 6, 1, "inf"),
        [FiniteSet([[1] * 6])],
    ),
    "separable": (
        d0**3 - d0 + d1 * (1 - d1),
        Box([-1, 0], [1, 1]),
        [FiniteSet([[-s(3) / 3, Q(1, 2)]])],
    ),
    "separable after expanding": (
        (d0 + 1) * (d0 - 1) + (d1 + d0) * (d1 - d0),
        Box([-1, -1], [1, 2]),
        [Box([-1, 2], [1, 2])],
    ),
    "hidden constant": (zero * d0**3, Interval(0, 1), [Interval(0, 1)]),
    "hidden entropy": (zero * xlogx(d0), Interval(0, 1), [Interval(0, 1)]),
    "hidden entropy and slope": (zero * xlogx(d0) + d0, Interval(0, 1), [FiniteSet([[1]])]),
    "bilinear": (-d0 * d1, Box([0, 0], [1, 1]), [Box([0, 0], [0, 1]), Box([0, 0], [1, 0])]),
    "bilinear simplices": (
        -d0 * d3,
        Product(Simplex(3), Simplex(2)),
        [
            Product(Simplex(3), FiniteSet([[0, 1]])),
            Product(Hull([[0, 1, 0], [0, 0, 1]]), Simplex(2)),
        ],
    ),
    "bilinear on an l1 ball": (
        d0 * d2 + zero * d1,
        Product(Ball([0, 0], 1, 1), Interval(-1, 1)),
        [FiniteSet([[1, 0, 1]]), FiniteSet([[-1, 0, -1]])],
    ),
    "bilinear on an l1 ball, with faces": (
        (d0 + d1) * d2,
        Product(Ball([0, 0], 1, 1), Interval(0, 1)),
        [Product(Hull([[1, 0], [0, 1]]), FiniteSet([[1]]))],
    ),
    "trilinear": (
        d0 * d1 * d2,
        Box([-1] * 3, [1] * 3),
        [FiniteSet([v]) for v in ([1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1])],
    ),
    "entropy": (ENTROPY, Simplex(3), [FiniteSet([e]) for e in np.eye(3, dtype=int).tolist()]),
    "entropy on two of three": (
        xlogx(d0),
        Simplex(3),
        [FiniteSet([[1, 0, 0]]), Hull([[0, 1, 0], [0, 0, 1]])],
    ),
    "minus entropy": (-ENTROPY, Simplex(3), [FiniteSet([[Q(1, 3)] * 3])]),
    "softmax": (
        -ENTROPY + sympy.log(2) * d0,
        Simplex(3),
        [FiniteSet([[Q(1, 2), Q(1, 4), Q(1, 4)]])],
    ),
    "entropy on a line": (-xlogx(d0), Interval(0, 2), [FiniteSet([[exp(-1)]])]),
    "convex entropy on a line": (xlogx(d0), Interval(0, 1), [FiniteSet([[0]]), FiniteSet([[1]])]),
    "simplex of two": (d0 * d1, Simplex(2), [FiniteSet([[Q(1, 2), Q(1, 2)]])]),
    "simplex of one": (d0**3, Simplex(1), [FiniteSet([[1]])]),
    "finite": (
        sympy.sin(d0) * d1,
        FiniteSet([[0, 5], [1, 0], [2, -3], [0, 1]]),
        [FiniteSet([v]) for v in ([0, 5], [1, 0], [0, 1])],
    ),
    "finite times interval": (
        d0 * d1**3 - d1,
        Product(FiniteSet([[-1], [1], [2]]), Interval(-1, 1)),
        [FiniteSet([[-1, -1]])],
    ),
    "finite, then separate": (
        d0 * (d1**2 + d2**3),
        Product(FiniteSet([[-1], [1]]), Box([-1, -1], [1, 1])),
        [FiniteSet([[1, 1, 1]]), FiniteSet([[1, -1, 1]])],
    ),
    "fixed coordinate": (
        d0 * d1**2,
        Box([2, -1], [2, 1]),
        [FiniteSet([[2, -1]]), FiniteSet([[2, 1]])],
    ),
    "exponentials": (exp(d0) + exp(-d0), Interval(-1, 1), [FiniteSet([[-1]]), FiniteSet([[1]])]),
    "power of a constant": (2**d0, Interval(-1, 1), [FiniteSet([[1]])]),
    "cosh of a difference": (
        cosh(d0 - d1),
        Simplex(3),
        [FiniteSet([[1, 0, 0]]), FiniteSet([[0, 1, 0]])],
    ),
    "square of a sum, flat faces": (
        (d0 + d1 - d2) ** 2,
        Simplex(3),
        [Hull([[1, 0, 0], [0, 1, 0]]), FiniteSet([[0, 0, 1]])],
    ),
    "convex with a face": (
        (d0 - d1) ** 2,
        Box([-1] * 3, [1] * 3),
        [Box([1, -1, -1], [1, -1, 1]), Box([-1, 1, -1], [-1, 1, 1])],
    ),
    "psd quadratic": (
        d0**2 + 2 * d0 * d1 + 2 * d1**2,
        Box([-1, -1], [1, 1]),
        [FiniteSet([[1, 1]]), FiniteSet([[-1, -1]])],
    ),
    "convex on l1": (
        d0**2 + d1**4 + exp(d0) - exp(d0),
        Ball([0, 0], 1, 1),
        [FiniteSet([v]) for v in ([1, 0], [-1, 0], [0, 1], [0, -1])],
    ),
    "minus log": (-sympy.log(1 + d0 + d1), Box([0, 0], [1, 1]), [FiniteSet([[0, 0]])]),
    "minus square root": (-s(d0 + d1), Simplex(3), [FiniteSet([[0, 0, 1]])]),
    "reciprocal": (1 / (1 + d0), Interval(0, 1), [FiniteSet([[0]])]),
    "cube on the half-line": ((d0 + 2 * d1) ** 3, Box([0, 0], [1, 1]), [FiniteSet([[1, 1]])]),
}


@pytest.mark.parametrize(("expr", "domain", "expected"), CASES.values(), ids=CASES.keys())
def test_each_class(expr, domain, expected):
    pieces = solve(expr, domain)
    assert pieces is not None
    assert set(pieces) == set(expected)
    assert_is_argmax(expr, domain, pieces)


OUTSIDE = {
    "trigonometric": (sympy.sin(d0), Interval(0, 3)),
    "concave in two": (-(d0**2) - d0 * d1 - d1**2, Box([-1, -1], [1, 1])),
    "indefinite": (d0**2 - d1**2 + d0 * d1, Box([-1, -1], [1, 1])),
    "square with a sign change": (-((d0 + d1) ** 2), Box([-1, -1], [1, 1])),
    "odd power of exp": (exp(d0) - exp(2 * d0), Interval(-1, 1)),
    "log that may be negative": (-sympy.log(d0 + d1 + 1), Box([-1, -1], [1, 1])),
    "reciprocal with a pole": (1 / (d0 + d1), Box([-1, -1], [1, 1])),
    "quadratic on a ball": (d0**2 + d1**2, Ball([0, 0], 1)),
    "bilinear on balls": (d0 * d2, Product(Ball([0, 0], 1), Ball([0, 0], 1))),
    "bilinear within one l1 factor": (d0 * d1 - d1**2, Ball([0, 0], 1, 1)),
    "unequal entropies": (-xlogx(d0) - 2 * xlogx(d1) - xlogx(d2), Simplex(3)),
    "indefinite with a zero pivot": (d0 * d1 + d1**2, Box([-1, -1], [1, 1])),
    "mixed entropy": (xlogx(d0) - xlogx(d1), Simplex(3)),
    "entropy of a difference": (xlogx(d0 - d1), Box([0, 0], [1, 1])),
    "convex minus convex": (d0**4 - exp(d0 + d1) + d1, Box([-1, -1], [1, 1])),
}


@pytest.mark.parametrize(("expr", "domain"), OUTSIDE.values(), ids=OUTSIDE.keys())
def test_outside_the_classes_nothing_is_claimed(expr, domain):
    assert solve(expr, domain) is None


@given(st.data())
def test_multi_affine_functions_against_brute_force(data):
    """Integer coefficients on a cube: many ties, and the argmax set is a union of faces."""
    k = data.draw(st.integers(2, 4))
    subsets = [c for r in range(1, k + 1) for c in itertools.combinations(range(k), r)]
    chosen = data.draw(st.lists(st.sampled_from(subsets), min_size=1, max_size=5))
    expr = sum(data.draw(st.integers(-2, 2)) * sympy.Mul(*(D[i] for i in c)) for c in chosen)
    domain = Box([0] * k, [1] * k)
    pieces = solve(sympy.S(expr), domain)
    assert pieces is not None
    best = max(
        expr.subs(dict(zip(D, v, strict=False))) if expr != 0 else 0
        for v in itertools.product((0, 1), repeat=k)
    )
    grid = list(itertools.product((0, Q(1, 3), 1), repeat=k))
    for x in grid:
        attained = (expr.subs(dict(zip(D, x, strict=False))) if expr != 0 else 0) == best
        inside = any(p.contains([float(c) for c in x], 1e-12) for p in pieces)
        assert attained == inside


@settings(max_examples=40)
@given(st.data())
def test_convex_functions_against_brute_force(data):
    """Integer forms on a cube: which points of a grid attain the maximum, all of them on pieces."""
    k = data.draw(st.integers(2, 3))
    expr = sympy.Integer(0)
    for _ in range(data.draw(st.integers(1, 2))):
        form = sum(data.draw(st.integers(-1, 1)) * d for d in D[:k])
        expr += data.draw(st.sampled_from([form**2, form**4, cosh(form), 3 * form**2]))
    expr += sum(data.draw(st.integers(-1, 1)) * d for d in D[:k])
    domain = Box([-1] * k, [1] * k)
    pieces = solve(sympy.S(expr), domain)
    if pieces is None:
        return
    value = {
        x: expr.subs(dict(zip(D, x, strict=False))) for x in itertools.product((-1, 0, 1), repeat=k)
    }
    best = max(float(v) for v in value.values())
    for x, v in value.items():
        attained = float(v) > best - 1e-9
        assert attained == any(p.contains([float(c) for c in x], 1e-12) for p in pieces)


@given(st.lists(st.permutations(range(3)), min_size=1, max_size=1), st.integers(0, 5))
def test_permuting_the_coordinates_permutes_the_argmax(permutation, seed):
    (order,) = permutation
    rng = np.random.default_rng(seed)
    a = [int(x) for x in rng.integers(-2, 3, size=4)]
    expr = sympy.S(a[0] * d0 * d1 + a[1] * d1 * d2 + a[2] * d0 - a[3] * d2)
    domain = Box([0] * 3, [1] * 3)
    moved = expr.xreplace({D[i]: D[order[i]] for i in range(3)})
    straight = {tuple(map(tuple, (p.vertices()))) for p in solve(expr, domain)}
    turned = solve(moved, domain)
    back = {frozenset(tuple(v[order[i]] for i in range(3)) for v in p.vertices()) for p in turned}
    assert back == {frozenset(v) for v in straight}


@given(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), min_size=1))
def test_maximal_boxes_are_those_of_brute_force(points):
    def boxes():
        sides = [
            [frozenset(c) for r in (1, 2, 3) for c in itertools.combinations(range(n), r)]
            for n in (3, 3, 2)
        ]
        for box in itertools.product(*sides):
            if set(itertools.product(*box)) <= points:
                yield box

    everything = list(boxes())
    maximal = {
        b
        for b in everything
        if not any(a != b and all(x <= y for x, y in zip(b, a, strict=True)) for a in everything)
    }
    assert set(maximal_boxes(points)) == maximal


def test_many_ties_of_two_simplices_are_quick():
    points = {(i, j) for i in range(8) for j in range(8) if (i, j) != (0, 0)}
    assert len(maximal_boxes(points)) == 2


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=3))
def test_linear_faces_are_faces(c):
    """The face is where <c, .> is largest: all its members, and no vertex outside of it."""
    for domain in (
        Box([0, 0, 1], [1, 2, 1]),
        Simplex(3),
        Ball([0, 1, 0], 2, 1),
        Ball([1, 0, 0], 2),
    ):
        face = linear_face([sympy.Integer(x) for x in c], domain)
        rng = np.random.default_rng(1)
        values = face.sample(rng, 20) @ np.array(c)
        assert (domain.sample(rng, 300) @ np.array(c)).max() <= values.min() + 1e-9
        for v in domain.vertices() or []:
            x = np.array([float(a) for a in v])
            assert (x @ np.array(c) > values.max() - 1e-9) == face.contains(x, 1e-9)


def test_linear_on_a_large_l1_ball_is_not_read_as_a_round_one():
    c = [sympy.Integer(1)] * 2100
    assert linear_face(c, Ball([0] * 2100, 1, 1)) is None


def test_psd_factorisation_is_exact():
    corners = [dict(zip(D[:2], v, strict=True)) for v in itertools.product((0, 1), repeat=2)]
    forms = strictly_convex_forms(d0**2 + 2 * s(2) * d0 * d1 + 2 * d1**2, D[:2], corners)
    assert len(forms) == 1  # (d0 + sqrt 2 d1)^2
    assert strictly_convex_forms(d0**2 + 3 * d0 * d1 + 2 * d1**2, D[:2], corners) is None


def test_polynomial_terms_drop_hidden_zeros():
    terms = polynomial_terms(zero * d0**2 + (d0 + 1) ** 2 - d0**2, (d0,))
    assert {p: sign(c) for p, c in terms.items()} == {(1,): 1, (0,): 1}
    assert polynomial_terms(sympy.sin(d0), (d0,)) is None
    assert polynomial_terms((d0 + d1 + d2 + d3 + d4 + d5) ** 90, D) is None


def test_maximize_says_what_it_proved():
    exact = maximize(d0**2, (d0,), Interval(-1, 1))
    assert exact.complete
    assert exact.exact_value == 1
    assert exact.method == "exact"
    search = maximize(sympy.sin(d0), (d0,), Interval(-1, 1))
    assert not search.complete
    assert search.exact_points is None
    assert "outside" in search.method
