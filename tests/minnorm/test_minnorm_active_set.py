"""The active set on the points themselves: least squares on a face, and any start."""

from __future__ import annotations

import numpy as np
import pytest

from danskin.minnorm.active_set import _least_squares, active_set


def test_least_squares_with_a_repeated_and_a_weak_column():
    """A repeated column is singular; a column 1e-4 away from it is not, and must count."""
    rng = np.random.default_rng(0)
    first, other, x = rng.standard_normal((3, 8))
    columns = np.column_stack([first, first, first + 1e-4 * other])
    z, bounded = _least_squares(columns, x, np.zeros(3))
    assert bounded
    assert columns.T @ (x + columns @ z) == pytest.approx(0.0, abs=1e-10)


def test_a_gain_along_a_flat_direction_is_unbounded():
    column = np.array([1.0, 2.0])
    direction, bounded = _least_squares(
        np.column_stack([column, column]), column, np.array([1.0, 0.0])
    )
    assert not bounded
    assert direction == pytest.approx([0.5, -0.5])


def test_the_same_answer_from_any_start():
    rng = np.random.default_rng(2)
    points = rng.standard_normal((12, 9)) + 0.4
    plain = active_set(points, (5, 7)).weights @ points
    for start in (np.repeat([1 / 5, 1 / 7], (5, 7)), np.eye(12)[4] + np.eye(12)[11]):
        other = active_set(points, (5, 7), start=start).weights @ points
        assert other == pytest.approx(plain, abs=1e-12)
