"""Gradients drawn by mathematical class, and exact references for them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

Sampler = Callable[[np.random.Generator], np.ndarray]


def _shape(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(1, 9)), int(rng.integers(1, 9))


def well_conditioned(rng):
    m, n = _shape(rng)
    return rng.standard_normal((m, n)) + 3.0


def gaussian(rng):
    return rng.standard_normal(_shape(rng))


def nearly_stationary(rng):
    """Centred in all coordinates but the first, which is tiny: rho is exactly that small."""
    m, n = int(rng.integers(2, 8)), int(rng.integers(2, 8))
    points = rng.standard_normal((m, n))
    points -= points.mean(axis=0)
    points[:, 0] = 10.0 ** rng.uniform(-12, -3)
    return points


def stationary(rng):
    """Integer points and minus their sum: 0 is in the hull, exactly."""
    m, n = int(rng.integers(1, 7)), int(rng.integers(1, 7))
    points = rng.integers(-50, 51, (m, n)).astype(float)
    return np.vstack([points, -points.sum(axis=0)])


def rank_deficient(rng):
    m, n = int(rng.integers(3, 9)), int(rng.integers(4, 9))
    rank = int(rng.integers(1, 3))
    return rng.integers(-9, 10, (m, rank)) @ rng.integers(-9, 10, (rank, n)) + 1.0


def duplicated(rng):
    points = rng.standard_normal(_shape(rng)) + 0.5
    return points[rng.integers(0, len(points), 2 * len(points))]


def obtuse(rng):
    """Unit vectors whose angle falls short of pi by down to 1e-8."""
    angle = np.pi - 10.0 ** rng.uniform(-8, -1)
    points = np.zeros((2, int(rng.integers(2, 6))))
    points[0, 0] = 1.0
    points[1, :2] = np.cos(angle), np.sin(angle)
    rotation = np.linalg.qr(rng.standard_normal((points.shape[1],) * 2))[0]
    return points @ rotation


def any_scale(rng):
    return gaussian(rng) * 10.0 ** rng.uniform(-150, 150)


def lengths_apart(rng):
    """Gradients whose lengths spread over twelve decades."""
    m, n = _shape(rng)
    return rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-6, 6, (m, 1))


def columns_apart(rng):
    m, n = _shape(rng)
    return rng.standard_normal((m, n)) * 10.0 ** rng.uniform(-6, 6, (1, n))


def common_part(rng):
    """A large common mean, where the paper's solver is far off."""
    m, n = int(rng.integers(2, 9)), int(rng.integers(3, 9))
    return rng.standard_normal((m, n)) + 1e4 * rng.standard_normal(n)


def integers(rng):
    return rng.integers(-3, 4, _shape(rng)).astype(float)


FAMILIES: dict[str, Sampler] = {
    f.__name__: f
    for f in (
        well_conditioned,
        gaussian,
        nearly_stationary,
        stationary,
        rank_deficient,
        duplicated,
        obtuse,
        any_scale,
        lengths_apart,
        columns_apart,
        common_part,
        integers,
    )
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "family" in metafunc.fixturenames:
        metafunc.parametrize("family", list(FAMILIES.values()), ids=list(FAMILIES))


@pytest.fixture
def brackets() -> Callable[[float, float, Fraction], bool]:
    """Whether ``lower <= sqrt(square) <= upper``, decided in rational arithmetic."""

    def decide(lower: float, upper: float, square: Fraction) -> bool:
        return Fraction(lower) ** 2 <= square <= Fraction(upper) ** 2

    return decide
