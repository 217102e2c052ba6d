"""Many gradients: pivoting, its proximal form, its fall-back, and the short road of large matrices.

Optimality, with w = G a: a on the simplex, and w_j >= a'w for all j. The gap a'w - min w is judged
against what rounding in G a alone makes of it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.errors import InvalidInputError
from danskin.minnorm import exact_min_norm, large, min_norm_point, min_norm_weights, quick, refine
from danskin.minnorm.large import large_weights
from danskin.minnorm.quick import quick_weights
from danskin.minnorm.refine import EXACT, gram_product, refined_weights

EPS = 2.0**-52


def iid(rng, m, n):
    return rng.standard_normal((m, n))


def common(rng, m, n):
    return rng.standard_normal((m, n)) + 10 * rng.standard_normal(n)


def lengths(rng, m, n):
    return rng.standard_normal((m, n)) * np.geomspace(1, 1e4, m)[:, None]


def nearly_stationary(rng, m, n):
    points = rng.standard_normal((m, n))
    points -= points.mean(axis=0)
    points[:, 0] = 1e-4
    return points


def stationary(rng, m, n):
    points = rng.standard_normal((m - 1, n))
    return np.vstack([points, -points.sum(axis=0)])


def stationary_face(rng, m, n):
    """0 is in the hull of half of the gradients; the others are longer and on one side."""
    inner, outer = stationary(rng, m // 2, n), rng.standard_normal((m - m // 2, n))
    outer[:, 0] = np.abs(outer[:, 0]) + 100
    return np.vstack([inner, outer])


def deficient(rng, m, n):
    return rng.standard_normal((m, 8)) @ rng.standard_normal((8, n)) + 1.0


def duplicates(rng, m, n):
    return rng.standard_normal((m, n))[rng.integers(0, m // 2, m)]


def planted(rng, m, n):
    """The first tenth spans a face at distance 1; all others lie behind it."""
    k = max(2, m // 10)
    points = rng.standard_normal((m, n))
    points[:k] -= points[:k].mean(axis=0)
    points[:, 0] = np.r_[np.ones(k), 1 + rng.exponential(size=m - k)]
    return points


FAMILIES = [
    iid,
    common,
    lengths,
    nearly_stationary,
    stationary,
    deficient,
    duplicates,
    planted,
]


def gram_of(family, seed, m, n):
    points = family(np.random.default_rng(seed), m, n)
    gram = points @ points.T
    return np.ldexp(gram, -2 * (int(np.frexp(gram.max())[1]) // 2))


def check(gram, weights, factor=64.0):
    """Feasible, and the gap within `factor` roundings of one w_j, as long as the gradient is."""
    assert (weights >= 0).all()
    assert abs(weights.sum() - 1) <= 1e-14
    w = gram @ weights
    square = weights @ w
    root = np.sqrt(gram.diagonal())
    size = weights @ root
    assert (square - w <= factor * EPS * size * (root + size) + 1e-13 * square).all()


@pytest.mark.parametrize("draw", FAMILIES)
@pytest.mark.parametrize(("m", "n"), [(65, 200), (100, 150), (150, 40), (200, 199)])
def test_optimality(draw, m, n):
    for seed in range(3):
        gram = gram_of(draw, seed, m, n)
        check(gram, large_weights(gram).weights)


@pytest.mark.parametrize("draw", [iid, lengths])
@pytest.mark.parametrize(("m", "n"), [(80, 45), (100, 60), (200, 100)])
def test_zero_near_the_boundary_of_the_hull(draw, m, n):
    """Half as many dimensions as gradients: block pivoting cycles, and must not say it is done."""
    for seed in range(4):
        gram = gram_of(draw, seed, m, n)
        check(gram, large_weights(gram).weights, factor=1000.0)


def test_the_fall_back_is_reached_and_needed(monkeypatch):
    calls = []
    original = large.wolfe
    monkeypatch.setattr(large, "wolfe", lambda *a: calls.append(1) or original(*a))
    gram = gram_of(iid, 0, 100, 60)
    found = large_weights(gram)
    assert calls
    assert not found.regular
    check(gram, found.weights)


@pytest.mark.parametrize("seed", range(6))
def test_exact_integers(seed, brackets):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-5, 12, (70 + 10 * seed, 4))
    exact = exact_min_norm(rows.tolist())
    by_gram = min_norm_weights((rows @ rows.T).astype(float))
    by_points = min_norm_point(rows.astype(float))
    for result in (by_gram, by_points):
        assert brackets(result.lower_bound, result.norm, exact.squared_norm)
        assert (result.status == "stationary") == exact.stationary


def test_a_known_support_is_found():
    for seed in range(5):
        gram = gram_of(planted, seed, 300, 400)
        weights = large_weights(gram).weights
        assert set(np.flatnonzero(weights > 0)) == set(range(30))
        assert weights[:30] == pytest.approx(np.full(30, 1 / 30), abs=1e-9)


def test_permutation_and_duplication():
    gram = gram_of(iid, 1, 120, 150)
    order = np.random.default_rng(0).permutation(120)
    plain = large_weights(gram).weights
    moved = large_weights(np.ascontiguousarray(gram[np.ix_(order, order)])).weights
    assert moved == pytest.approx(plain[order], abs=1e-10)
    twice = np.tile(gram, (2, 2))
    doubled = large_weights(twice).weights
    check(twice, doubled)
    assert doubled[:120] + doubled[120:] == pytest.approx(plain, abs=1e-9)


def test_one_gradient_at_zero():
    gram = gram_of(iid, 2, 80, 100)
    gram[7] = gram[:, 7] = 0.0
    assert large_weights(gram).weights.tolist() == np.eye(80)[7].tolist()


class TestRefinement:
    @pytest.mark.parametrize("draw", [iid, lengths, nearly_stationary])
    def test_twice_the_digits(self, draw):
        """Residuals in rational arithmetic: equal slopes on the support to 1e-20 of the terms."""
        gram = gram_of(draw, 3, 70, 200)
        start = large_weights(gram).weights
        hi, lo, _ = refined_weights(gram, gram_product(gram, EXACT), start)
        support = np.flatnonzero(hi)
        a = {int(j): Fraction(hi[j]) + Fraction(lo[j]) for j in support}
        assert abs(sum(a.values()) - 1) <= Fraction(1, 10**28)
        w = [sum(Fraction(gram[i, j]) * x for j, x in a.items()) for i in range(70)]
        level = sum(x * w[j] for j, x in a.items())
        size = float(hi @ np.sqrt(gram.diagonal()))
        for j, slope in enumerate(w):
            allowed = 1e-20 * size * np.sqrt(gram[j, j])
            assert slope - level >= -allowed
            assert j not in a or slope - level <= allowed

    def test_a_wrong_support_is_mended(self):
        gram = gram_of(iid, 4, 80, 300)
        right = large_weights(gram).weights
        start = right.copy()
        start[np.flatnonzero(right)[:2]] = 0.0
        start[np.flatnonzero(right == 0)[:2]] = 0.1
        hi, _, rounds = refined_weights(gram, gram_product(gram, EXACT), start)
        assert rounds > 1
        assert hi == pytest.approx(right, abs=1e-10)

    def test_gives_up_where_corrections_do_not_shrink(self, monkeypatch):
        gram = gram_of(iid, 5, 70, 200)
        start = large_weights(gram).weights
        monkeypatch.setattr(refine, "STEPS", 0)
        assert refined_weights(gram, gram_product(gram, EXACT), start) is None

    def test_near_stationary_bounds_close(self):
        gram = gram_of(nearly_stationary, 0, 100, 300)
        result = min_norm_weights(gram)
        assert result.method == "double-double"
        assert result.gap <= 1e-12 * result.norm
        coarse = quick_weights(gram, None, 1e-9, 1.0)
        assert coarse.gap > 1e3 * result.gap


class TestShortRoad:
    def test_agrees_with_the_long_one(self):
        for family in (iid, common, lengths, planted):
            gram = gram_of(family, 0, 90, 120)
            short = quick_weights(gram, None, 1e-9, 1e-12)
            long = min_norm_weights(gram.tolist())
            assert short.norm == pytest.approx(long.norm, rel=1e-12)
            assert short.status == long.status == "optimal"
            assert min_norm_weights(gram).to_dict() == short.to_dict()

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_one_bad_entry_anywhere(self, value):
        """Also in a row that no solver would have looked at."""
        for place in [(0, 0), (89, 0), (0, 89), (89, 89), (40, 41)]:
            gram = gram_of(common, 0, 90, 120)
            gram[place] = value
            with pytest.raises(InvalidInputError, match="NaN or infinity"):
                min_norm_weights(gram)

    def test_asymmetry(self):
        gram = gram_of(common, 0, 90, 120)
        gram[80, 3] *= 1 + 1e-12
        assert quick_weights(gram, None, 1e-9, 1e-12) is None
        assert min_norm_weights(gram).status == "optimal"
        gram[80, 3] *= 2
        with pytest.raises(InvalidInputError, match="not symmetric"):
            min_norm_weights(gram)

    def test_a_pair_that_no_gradients_have(self):
        gram = np.eye(90)
        gram[70, 80] = gram[80, 70] = 1.1
        with pytest.raises(InvalidInputError, match="positive semidefinite"):
            min_norm_weights(gram)

    def test_a_face_that_no_gradients_have(self):
        """Every pair is possible, the matrix is not: the answer's face is indefinite."""
        gram = 1.6 * np.eye(90) - 0.6
        gram /= gram[0, 0]
        with pytest.raises(InvalidInputError, match="positive semidefinite"):
            min_norm_weights(gram)

    @pytest.mark.parametrize("draw", [deficient, stationary_face])
    def test_in_doubt_the_whole_matrix_is_looked_at(self, draw, monkeypatch):
        """Singular faces, and answers near 0."""
        looked = []
        original = quick._semidefinite
        monkeypatch.setattr(quick, "_semidefinite", lambda g: looked.append(1) or original(g))
        result = min_norm_weights(gram_of(draw, 0, 90, 120))
        assert looked
        assert result.status == ("stationary" if draw is stationary_face else "optimal")
        looked.clear()
        assert min_norm_weights(gram_of(iid, 0, 90, 120)).status == "optimal"
        assert min_norm_weights(gram_of(stationary, 0, 90, 120)).status == "stationary"
        assert not looked  # the face holds all points, and has been factorised

    @pytest.mark.parametrize("square", [-1e-3, -1e-9, -1e-13, 0.0, 1e-9])
    def test_a_whole_face_shows_what_the_whole_matrix_does(self, square):
        """A matrix that is definite on the vectors of sum 0, with `square` for a'G a."""
        m = 90
        gram = np.eye(m) - (1 - square * m) / m
        gram /= gram[0, 0]
        found = large_weights(gram)
        assert found.face is not None
        assert found.face.support.size == m
        assert quick._is_whole(gram, found) == (square > -4 * EPS)

    @pytest.mark.parametrize("lowest", [-1e-3, -1e-9, -1e-12, 0.0, 1e-3])
    def test_the_whole_matrix_is_judged_as_on_the_long_road(self, lowest):
        """A direction of given curvature; short gradients, over three decades."""
        rng = np.random.default_rng(3)
        basis = np.linalg.qr(rng.standard_normal((90, 90)))[0]
        gram = (basis * np.concatenate(([lowest], rng.uniform(0.5, 2.0, 89)))) @ basis.T
        lengths = np.geomspace(1e-6, 1e-3, 90)
        gram = lengths[:, None] * (gram + gram.T) * lengths
        gram = (gram + gram.T) / 2
        if lowest < -1e-6:
            with pytest.raises(InvalidInputError, match="positive semidefinite"):
                quick._semidefinite(gram)
        else:
            assert quick._semidefinite(gram) == (lowest >= 0.0)

    def test_noise_above_rounding_is_told(self):
        """Dependent gradients, their Gram matrix off by 1e-10: positive semidefinite no more."""
        rng = np.random.default_rng(0)
        gram = gram_of(deficient, 0, 90, 120)
        noise = 1e-10 * rng.standard_normal((90, 90))
        noisy = gram + noise + noise.T
        assert quick_weights(noisy, None, 1e-9, 1e-12) is None
        exact = min_norm_weights(gram)
        result = min_norm_weights(noisy)
        assert result.rounding > 10 * exact.rounding

    def test_what_is_not_plain_takes_the_long_road(self):
        gram = gram_of(iid, 0, 90, 120)
        assert quick_weights(gram, None, 1e-9, 1e-12) is not None
        frozen = gram.copy()
        frozen.setflags(write=False)
        for odd in (gram.astype(np.float32), gram.tolist(), np.asfortranarray(gram), frozen):
            assert quick_weights(odd, None, 1e-9, 1e-12) is None
        assert quick_weights(gram[:64, :64].copy(), None, 1e-9, 1e-12) is None
        assert quick_weights(gram * 1e-150, None, 1e-9, 1e-12) is None
        for tol in (0.0, -1.0, np.nan, 1, "1e-9"):
            assert quick_weights(gram, None, tol, 1e-12) is None
        for sizes in ([90.0], [45, 44], [0, 90], 90, [True] * 90):
            assert quick_weights(gram, sizes, 1e-9, 1e-12) is None

    @given(
        m=st.integers(65, 140),
        place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
        fault=st.sampled_from(["asymmetric", "long", "nan", "infinite"]),
    )
    @settings(max_examples=150, deadline=None)
    def test_one_bad_entry_is_seen_wherever_it_stands(self, m, place, fault):
        gram = gram_of(iid, m, m, 150)
        assert quick._plain(gram)
        i, j = (min(int(share * m), m - 1) for share in place)
        j = j if i != j else (j + 1) % m
        if fault == "asymmetric":
            gram[i, j] = np.nextafter(gram[i, j], np.inf)
        else:
            length = float(np.sqrt(gram[i, i] * gram[j, j]))
            bad = {"long": -1.00001 * length, "nan": np.nan, "infinite": np.inf}[fault]
            gram[i, j] = gram[j, i] = bad
        assert not quick._plain(gram)

    @pytest.mark.parametrize("power", [-400, -3, 400])
    def test_scales(self, power):
        gram = gram_of(iid, 1, 90, 120)
        plain = min_norm_weights(gram)
        scaled = min_norm_weights(np.ldexp(gram, 2 * power))
        assert scaled.norm == pytest.approx(np.ldexp(plain.norm, power), rel=1e-14)
        assert scaled.weights == pytest.approx(plain.weights, abs=1e-12)
