"""Sectors of the plane by the sign of D: exact signs and ends, degenerate cases, invariance."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.direction import derivative_sectors
from danskin.errors import InvalidInputError, SolverError
from danskin.exact import sign

entries = st.integers(-5, 5)
vectors = st.tuples(entries, entries)
families = st.lists(vectors, min_size=1, max_size=6)


def rate(rows, gamma):
    """Danskin's formula without the length of gamma: the sign is the same."""
    return max(g[0] * gamma[0] + g[1] * gamma[1] for g in rows)


def holding(sectors, gamma):
    """The kinds of the sectors that hold a direction, ends included."""
    angle = math.atan2(gamma[1], gamma[0])
    kinds = set()
    for s in sectors:
        offset = (angle - s.angle) % math.tau
        if offset < s.width + 1e-9 or offset > math.tau - 1e-9:
            kinds.add(s.kind)
    return kinds


KIND = {-1: "descent", 0: "flat", 1: "ascent"}


@given(families, vectors.filter(any))
def test_the_sign_of_d_is_that_of_the_sector(rows, gamma):
    """Directions with small integer entries are apart by more than the tolerance, or equal."""
    sectors = derivative_sectors(rows)
    which = rate(rows, gamma)
    kind = KIND[(which > 0) - (which < 0)]
    kinds = holding(sectors, gamma)
    if kind == "flat":
        # Inside a flat sector, or the common end of two others.
        assert "flat" in kinds or {"descent", "ascent"} <= kinds
    else:
        assert kind in kinds
        inside = [s for s in sectors if s.kind == kind]
        assert any(1e-9 < (math.atan2(gamma[1], gamma[0]) - s.angle) % math.tau < s.width - 1e-9
                   or s.width > math.tau - 1e-9 for s in inside)  # fmt: skip


@given(families)
def test_the_ends_are_exact_and_the_circle_is_covered(rows):
    """
    1. D = 0 at every end, exactly, but for a sector that is the whole circle of one sign;
    2. the widths add up to 2 pi, and each sector ends where the next begins;
    3. there is a sector of descent iff the point is not stationary, and only one.
    """
    sectors = derivative_sectors(rows)
    for s in sectors:
        if len(sectors) > 1:
            assert rate(rows, s.start) == 0
            assert rate(rows, s.end) == 0
    assert sum(s.width for s in sectors) == pytest.approx(math.tau, abs=1e-9)
    for s, t in zip(sectors, sectors[1:] + sectors[:1], strict=True):
        assert math.cos(s.angle + s.width - t.angle) == pytest.approx(1, abs=1e-9)
    descents = [s for s in sectors if s.kind == "descent"]
    assert len(descents) == (0 if dk.steepest_descent(rows).stationary else 1)
    for s in descents:
        d = dk.steepest_descent(rows).direction
        assert (math.atan2(d[1], d[0]) - s.angle) % math.tau < s.width


@given(families, st.permutations(range(6)), st.integers(-600, 600))
def test_order_duplicates_and_lengths_do_not_matter(rows, order, exponent):
    sectors = derivative_sectors(rows)
    shuffled = [rows[i] for i in order if i < len(rows)]
    scaled = np.ldexp(np.array([*shuffled, rows[0]], dtype=float), exponent)
    for s, t in zip(sectors, derivative_sectors(scaled), strict=True):
        assert (s.kind, s.width) == (t.kind, pytest.approx(t.width, abs=1e-12))


@given(families, st.sampled_from([(3, 4, 5), (5, 12, 13), (0, 1, 1)]))
def test_it_turns_with_the_gradients(rows, triple):
    """Rational rotations, in exact arithmetic."""
    c, s = Fraction(triple[0], triple[2]), Fraction(triple[1], triple[2])
    turned = [(c * x - s * y, s * x + c * y) for x, y in rows]
    was = sorted((s.kind, round(s.width, 9)) for s in derivative_sectors(rows))
    assert was == sorted((s.kind, round(s.width, 9)) for s in derivative_sectors(turned))


@given(st.integers(-200, 200))
@settings(deadline=None)
def test_floats_count_as_the_numbers_they_are(shift):
    """One unit in the last place from a right angle: no tolerance decides it."""
    y = math.nextafter(0.3, 1) if shift > 0 else 0.3
    rows = np.ldexp(np.array([[0.1, 0.3], [0.3, -0.1]]), shift)
    assert [s.kind for s in derivative_sectors(rows)] == ["descent", "ascent"]
    tilted = np.ldexp(np.array([[0.1, y], [-0.1, -0.3]]), shift)
    kinds = [s.kind for s in derivative_sectors(tilted)]
    # Exactly opposite gradients leave two flat directions; a bit off, a sliver of descent.
    assert kinds == (["descent", "ascent"] if shift > 0 else ["flat", "ascent", "flat", "ascent"])
    if shift > 0:
        assert 0 < min(s.width for s in derivative_sectors(tilted)) < 1e-14


def test_the_obtuse_pair():
    """Counterexample 2 with cosine -1/2: descent between the perpendiculars of u and v."""
    down, up = derivative_sectors([[1, 0], ["-1/2", "sqrt(3)/2"]])
    assert (down.kind, up.kind) == ("descent", "ascent")
    assert down.width == pytest.approx(math.pi / 3)
    assert (down.angle, down.angle + down.width) == pytest.approx((-5 * math.pi / 6, -math.pi / 2))
    assert all(sign(a * y - b * x) == 0 for (a, b), (x, y) in
               [(down.start, (-sympy.sqrt(3), -1)), (down.end, (0, -1))])  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ([[0, 0]], ["flat"]),
        ([[0, 0], [1, 0]], ["flat", "ascent"]),
        ([[1, 0], [-1, 0]], ["flat", "ascent", "flat", "ascent"]),
        ([[1, 0], [-1, 0], [0, 1]], ["flat", "ascent"]),
        ([[1, 0], ["-1/2", "sqrt(3)/2"], ["-1/2", "-sqrt(3)/2"]], ["ascent"]),
        ([[2, 1]], ["descent", "ascent"]),
    ],
)
def test_degenerate_gradients(rows, kinds):
    assert [s.kind for s in derivative_sectors(rows)] == kinds


def test_maximizers_and_batches():
    from danskin.counterexamples import coupled_batch, orabona

    for member in (orabona(), coupled_batch()):
        S = member.maximizer_set()
        assert derivative_sectors(S) == derivative_sectors(S.exact_gradients)


def test_what_is_refused():
    with pytest.raises(InvalidInputError, match="plane"):
        derivative_sectors([[1, 0, 0]])
    undecided = sympy.log(2) + sympy.log(3) - sympy.log(6)
    assert sign(undecided) is None
    with pytest.raises(SolverError, match="sign"):
        derivative_sectors([[undecided, 1]])
    disk = dk.MinMaxObjective.from_expression(
        "t1*d1 + t2*d2", ["t1", "t2"], ["d1", "d2"], dk.Ball([0, 0], 1)
    )
    with pytest.raises(InvalidInputError, match="finitely many"):
        derivative_sectors(dk.maximizers(disk, [0, 0]))
