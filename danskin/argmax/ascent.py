"""Projected gradient ascent from many starts at once, and gradients by differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from danskin.sets import Ball, Box, CompactSet, Product, Simplex

__all__ = ["Values", "diameter", "differences", "projected_ascent"]

Values = Callable[[np.ndarray], np.ndarray]
"""(N, k) -> (N,), or (N, k) for gradients."""

_HUGE = 1e9


def projected_ascent(
    value: Values, gradient: Values, starts: np.ndarray, domain: CompactSet, steps: int
) -> np.ndarray:
    """Climb from every start at once by projected gradient steps with step-size control.

    A step is kept where it increases the value; its length then grows by half, otherwise halves.
    """
    points = domain.project(starts)
    values = np.array(value(points), dtype=float)
    slopes = np.nan_to_num(gradient(points), posinf=_HUGE, neginf=-_HUGE)
    size = np.linalg.norm(slopes, axis=1)
    step = diameter(domain) / np.maximum(size, 1e-12) / 4
    for _ in range(steps):
        trial = domain.project(points + step[:, None] * slopes)
        new = value(trial)
        better = new > values
        points[better], values[better] = trial[better], new[better]
        if better.any():
            slopes[better] = np.nan_to_num(gradient(trial[better]), posinf=_HUGE, neginf=-_HUGE)
        step = np.where(better, 1.5 * step, 0.5 * step)
        if (step * size < 1e-15 * diameter(domain)).all():
            break
    return points


def diameter(domain: CompactSet) -> float:
    """Return the diameter, or a bound of its order; 1 for a point."""
    if isinstance(domain, Product):
        return float(np.linalg.norm([diameter(s) for s in domain.sets])) or 1.0
    if isinstance(domain, Box):
        return float(np.linalg.norm(domain.hi - domain.lo)) or 1.0
    if isinstance(domain, Ball):
        return 2 * domain.radius * (domain.dim**0.5 if domain.norm == np.inf else 1.0) or 1.0
    return 2**0.5


def differences(value: Values, domain: CompactSet, step: float = 6e-6) -> Values:
    """Return central differences in delta, one-sided where a neighbour would leave the set.

    On boxes and simplices the function is only asked at points of the set; of a simplex, whose
    gradient matters only along it, the part orthogonal to it is left out.
    """
    if isinstance(domain, Simplex):
        return _differences_on_simplex(value, step)
    h = step * diameter(domain)

    def gradient(points: np.ndarray) -> np.ndarray:
        out = np.empty_like(points)
        for i in range(points.shape[1]):
            middle, ahead, behind = points.copy(), points.copy(), points.copy()
            if isinstance(domain, Box):
                # A three-point rule, moved inside: exact for quadratics at the boundary too.
                near = np.minimum(h, (domain.hi[i] - domain.lo[i]) / 4)
                middle[:, i] = np.clip(points[:, i], domain.lo[i] + near, domain.hi[i] - near)
            else:
                near = h
            ahead[:, i] = middle[:, i] + near
            behind[:, i] = middle[:, i] - near
            if not near:
                out[:, i] = 0.0
                continue
            up, down = value(ahead), value(behind)
            out[:, i] = (up - down) / (ahead[:, i] - behind[:, i])
            moved = points[:, i] - middle[:, i]
            if moved.any():
                bend = (up + down - 2 * value(middle)) / near**2
                out[:, i] += bend * moved
        return out

    return gradient


def _differences_on_simplex(value: Values, step: float) -> Values:
    def gradient(points: np.ndarray) -> np.ndarray:
        here = value(points)
        out = np.empty_like(points)
        for i in range(points.shape[1]):
            towards = -points.copy()
            towards[:, i] += 1.0
            near, far = value(points + step * towards), value(points + 2 * step * towards)
            out[:, i] = (4 * near - far - 3 * here) / (2 * step)
        return out

    return gradient
