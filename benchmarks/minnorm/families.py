"""Gradients by mathematical class, one a row: what is easy for one solver is hard for another.

Every family takes a generator and a size and returns (m, n) or nearly so. The exact answer is that
of the float64 numbers returned, taken as binary rationals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Family = Callable[[np.random.Generator, int, int], np.ndarray]


def iid(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Independent standard normal gradients."""
    return rng.standard_normal((m, n))


def common_mean(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients that nearly agree, as adversaries' gradients do: a tenfold common part."""
    return rng.standard_normal((m, n)) + 10 * rng.standard_normal(n)


def large_common_mean(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients with a common part ten thousand times their differences."""
    return rng.standard_normal((m, n)) + 1e4 * rng.standard_normal(n)


def lengths_to_1e4(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Lengths from 1 to 1e4."""
    return rng.standard_normal((m, n)) * np.geomspace(1, 1e4, m)[:, None]


def lengths_over_twelve_decades(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Lengths from 1e-6 to 1e6."""
    return rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-6, 6, (m, 1))


def columns_over_twelve_decades(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Coordinates scaled from 1e-6 to 1e6."""
    return rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-6, 6, (1, n))


def nearly_stationary(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Centred but for one coordinate, rotated: rho is 1e-3 to 1e-12 of the gradients' size."""
    points = rng.standard_normal((m, n))
    points -= points.mean(axis=0)
    points[:, 0] = 10.0 ** rng.uniform(-12, -3)
    return points @ np.linalg.qr(rng.standard_normal((n, n)))[0]


def nearly_stationary_skewed(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """As above, with weights that are not equal, some of them tiny."""
    points = rng.standard_normal((m, n))
    weights = rng.dirichlet(np.full(m, 0.3))
    points -= weights @ points
    points[:, 0] = 10.0 ** rng.uniform(-9, -3) * np.linalg.norm(points, axis=1).max()
    return points @ np.linalg.qr(rng.standard_normal((n, n)))[0]


def rank_deficient(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients in a space of half as many dimensions, off the origin."""
    rank = max(1, min(m, n) // 2)
    return rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n)) + rng.standard_normal(n)


def duplicates(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Half of the gradients repeat the other half."""
    points = rng.standard_normal((max(1, m // 2), n)) + 0.3
    return points[rng.integers(0, len(points), m)]


def near_duplicates(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Repetitions that differ by 1e-9."""
    return duplicates(rng, m, n) + 1e-9 * rng.standard_normal((m, n))


def obtuse_pairs(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Pairs of unit vectors at an angle up to pi - 1e-8, all in one plane's neighbourhood."""
    angle = np.pi - 10.0 ** rng.uniform(-8, -1)
    frame = np.linalg.qr(rng.standard_normal((max(2, n),) * 2))[0]
    points = np.tile(frame[0], (m, 1))
    points[1::2] = np.cos(angle) * frame[0] + np.sin(angle) * frame[1]
    return points * rng.uniform(0.5, 2.0, (m, 1))


def planted_support(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients with a known face that carries the answer; the others nearly touch its plane."""
    normal = rng.standard_normal(n)
    normal /= np.linalg.norm(normal)
    k = max(1, m // 2)
    points = rng.standard_normal((m, n))
    points[:k] -= points[:k].mean(axis=0)
    points -= (points @ normal)[:, None] * normal
    heights = np.ones(m)
    heights[k:] += 10.0 ** rng.uniform(-9, 0, m - k)
    return points + heights[:, None] * normal


def lattice(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Small integers: ties, degenerate faces, 0 in the hull now and then."""
    return rng.integers(-3, 6, (m, n)).astype(float)


def vertex(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """One gradient that is the answer; all the others lie behind its hyperplane."""
    points = rng.standard_normal((m, n))
    points[0] *= 0.1
    behind = points @ points[0] - points[0] @ points[0]
    points[1:] += (np.abs(behind[1:]) - behind[1:])[:, None] * points[0] / (points[0] @ points[0])
    return points


def tiny(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients of size 1e-150."""
    return 1e-150 * rng.standard_normal((m, n))


def huge(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients of size 1e150."""
    return 1e150 * rng.standard_normal((m, n))


def stationary(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Integers that add up to zero: 0 is in the hull, exactly."""
    points = rng.integers(-50, 51, (m - 1, n)).astype(float)
    return np.vstack([points, -points.sum(axis=0)])


def stationary_face(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """0 is in the hull of half of the gradients; the others are longer and on one side."""
    inner = stationary(rng, (m + 1) // 2, n)
    outer = rng.integers(-50, 51, (m - len(inner), n)).astype(float)
    outer[:, 0] = np.abs(outer[:, 0]) + 100
    return np.vstack([inner, outer])


def one_dimension(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Single entries: the answer is the one nearest to zero, or zero."""
    return rng.standard_normal((m, 1)) + rng.choice([-3.0, 0.0, 3.0])


FAMILIES: dict[str, Family] = {
    family.__name__: family
    for family in (
        iid,
        common_mean,
        large_common_mean,
        lengths_to_1e4,
        lengths_over_twelve_decades,
        columns_over_twelve_decades,
        nearly_stationary,
        nearly_stationary_skewed,
        rank_deficient,
        duplicates,
        near_duplicates,
        obtuse_pairs,
        planted_support,
        lattice,
        vertex,
        tiny,
        huge,
        stationary,
        stationary_face,
        one_dimension,
    )
}
