"""Global maximizers by search: many starts, projected ascent, polishing, clustering.

Nothing found here is proved to be all there is; results carry ``complete=False``. The search runs
in coordinates in which boxes and balls have unit size and the function unit range.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from danskin.argmax.ascent import Values, diameter, differences, projected_ascent
from danskin.argmax.polish import hessian_by_differences, polish
from danskin.argmax.result import ArgMax
from danskin.errors import InvalidInputError
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Product

__all__ = ["numeric_argmax"]

_GRID = 4001
_STARTS = 128
_ASCENT_STEPS = 100
_MAX_POINTS = 64
#: Ascended points this close to the best, relative to the range of g, are polished.
_LEADING = 0.02
#: Values within this of the best, relative to the range of g over S, count as tied.
TIE_TOLERANCE = 1e-9
#: Tied points nearer than this, relative to the set's diameter, are one maximizer unless g dips
#: between them: a tie within 1e-9 of a smooth maximum leaves its position open to about 3e-5.
_MERGE = 1e-3


def numeric_argmax(
    value: Values,
    gradient: Values | None,
    hessian: Values | None,
    domain: CompactSet,
    rng: np.random.Generator,
    samples: int = 4096,
) -> ArgMax:
    """Search for all global maximizers of a function on a compact set.

    Parameters
    ----------
    value : (N, k) -> (N,)
    gradient : (N, k) -> (N, k), or None for finite differences
    hessian : (N, k) -> (N, k, k), or None for differences of the gradient, on boxes
    domain : CompactSet
    rng : numpy.random.Generator
    samples : int
        Points asked before the ascent starts.

    Raises
    ------
    InvalidInputError
        The function is not finite at some sampled point of the set.
    """
    if isinstance(domain, FiniteSet):
        found = np.array(domain.points)
        count = len(found)
    else:
        unit, origin, scale = _unit_form(domain)
        local = _Scaled(value, gradient, hessian, origin, scale)
        starts = _samples(unit, rng, samples)
        heights = _finite(value, domain, local.real(starts))
        local.normalise(heights)
        count = len(starts)
        if unit.dim == 1 and isinstance(unit, Box):
            ascended = _refine_on_line(local, starts, unit, gradient is None)
        else:
            ascended = _climb(local, starts, heights, unit, rng)
        found = domain.project(local.real(ascended))
    values = _finite(value, domain, found)
    spread = float(values.max() - values.min())
    if not isinstance(domain, FiniteSet):
        spread = max(spread, float(np.ptp(heights)))
    spread = max(spread, 1e-6 * abs(float(values.max())), 1e-300)
    points, values = _cluster(value, found, values, domain, spread)
    continuum = len(points) > _MAX_POINTS // 2 and not isinstance(domain, FiniteSet)
    note = "; so many tied points suggest an infinite set of maximizers" if continuum else ""
    return ArgMax(
        value=float(values.max()),
        exact_value=None,
        points=points,
        exact_points=None,
        faces=(),
        complete=False,
        method=f"numeric search from {count} points{note}",
    )


class _Scaled:
    """A function in coordinates u, ``x = origin + scale * u``, scaled to unit range."""

    def __init__(
        self,
        value: Values,
        gradient: Values | None,
        hessian: Values | None,
        origin: np.ndarray,
        scale: np.ndarray,
    ) -> None:
        self._value, self._gradient, self._hessian = value, gradient, hessian
        self._origin, self._scale = origin, scale
        self._top, self._range = 0.0, 1.0

    def normalise(self, heights: np.ndarray) -> None:
        self._top = float(heights.max())
        self._range = float(self._top / 2 - heights.min() / 2) * 2 or 1.0
        if not math.isfinite(self._range):
            self._range = 1.0

    def real(self, u: np.ndarray) -> np.ndarray:
        return self._origin + self._scale * u

    def value(self, u: np.ndarray) -> np.ndarray:
        return (self._value(self.real(u)) - self._top) / self._range

    def slope(self, unit: CompactSet) -> Values:
        gradient = self._gradient
        if gradient is None:
            return differences(self.value, unit)
        return lambda u: gradient(self.real(u)) * (self._scale / self._range)

    def hessian(self, unit: CompactSet) -> Values | None:
        hessian = self._hessian
        if hessian is None:
            slope = self.slope(unit)
            return hessian_by_differences(slope, unit) if isinstance(unit, Box) else None
        outer = np.outer(self._scale, self._scale) / self._range
        return lambda u: hessian(self.real(u)) * outer


def _unit_form(domain: CompactSet) -> tuple[CompactSet, np.ndarray, np.ndarray]:
    """Return (unit set, origin, scale) with ``domain = origin + scale * unit``."""
    k = domain.dim
    if isinstance(domain, Ball) and (domain.norm == math.inf or k == 1):
        domain = domain.as_box()
    if isinstance(domain, Box):
        return Box([0] * k, [1] * k), domain.lo, domain.hi - domain.lo
    if isinstance(domain, Ball) and domain.radius > 0:
        return Ball([0] * k, 1, domain.norm), domain.center, np.full(k, domain.radius)
    if isinstance(domain, Product):
        parts = [_unit_form(s) for s in domain.sets]
        units = [p[0] for p in parts]
        box = all(isinstance(u, Box) for u in units)
        unit = Box([0] * k, [1] * k) if box else Product(*units)
        return unit, np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])
    return domain, np.zeros(k), np.ones(k)


def _finite(value: Values, domain: CompactSet, points: np.ndarray) -> np.ndarray:
    values = value(points)
    bad = ~np.isfinite(values)
    if bad.any():
        where = np.array2string(points[np.argmax(bad)], precision=6)
        raise InvalidInputError(
            "value",
            f"g(theta, delta) is not finite at delta = {where}",
            f"g must be continuous on all of {domain!r}; check theta, the set, and poles.",
        )
    return values


def _samples(unit: CompactSet, rng: np.random.Generator, count: int) -> np.ndarray:
    k = unit.dim
    if isinstance(unit, Box) and k == 1:
        return np.linspace(0.0, 1.0, _GRID)[:, None]
    if isinstance(unit, Box):
        # A Kronecker sequence in the generalised golden ratio fills a box more evenly than chance.
        ratio = 2.0
        for _ in range(64):
            ratio = (1 + ratio) ** (1 / (k + 1))
        steps = ratio ** -np.arange(1, k + 1)
        drawn = (rng.uniform(size=k) + np.outer(np.arange(count), steps)) % 1.0
    else:
        drawn = unit.sample(rng, count)
    corners = unit.vertices() or []
    if len(corners) > 1024:
        corners = []
    exact = np.array([[float(c) for c in v] for v in corners]).reshape(len(corners), k)
    return np.vstack([exact, drawn])


def _climb(
    local: _Scaled,
    starts: np.ndarray,
    heights: np.ndarray,
    unit: CompactSet,
    rng: np.random.Generator,
) -> np.ndarray:
    """Climb from the tops among the samples, and polish the highest points reached."""
    slope, hessian = local.slope(unit), local.hessian(unit)
    chosen = starts[_tops(starts, heights, rng)]
    points = projected_ascent(local.value, slope, chosen, unit, _ASCENT_STEPS)
    values = local.value(points)
    order = np.argsort(-values)
    leading = order[values[order] >= values.max() - _LEADING]
    basins = _distinct(points[leading], 1e-3 * diameter(unit))[:_MAX_POINTS]
    polished = [polish(local.value, slope, hessian, x, unit) for x in basins]
    return np.vstack([*polished, points])


def _tops(starts: np.ndarray, heights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the indices of the samples above all their neighbours, and of some others."""
    k = starts.shape[1]
    neighbours = min(len(starts), 2 * k + 3)
    _, near = KDTree(starts).query(starts, neighbours)
    summits = np.flatnonzero(heights >= heights[near].max(axis=1))
    summits = summits[np.argsort(-heights[summits])][:_STARTS]
    # A basin may be high but narrow: some of the best samples, and some at random.
    best = np.argsort(-heights)[: _STARTS // 4]
    others = rng.permutation(len(starts))[: _STARTS // 4]
    return np.unique(np.concatenate([summits, best, others]))


def _refine_on_line(local: _Scaled, grid: np.ndarray, unit: Box, by_value: bool) -> np.ndarray:
    """Polish each local maximum of a fine grid: a root of the derivative, or an endpoint."""
    values, slope = local.value(grid), local.slope(unit)
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    peaks = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:]))
    gap = values.max() - values[peaks]
    # A peak of the grid is below its true height by at most about this much.
    jump = np.abs(np.diff(values)).max(initial=0.0)
    peaks = peaks[gap <= 2 * jump + 1e-12]
    if len(peaks) > 4 * _MAX_POINTS:
        peaks = peaks[np.linspace(0, len(peaks) - 1, 4 * _MAX_POINTS).astype(int)]
    found = []

    def derivative(x: float) -> float:
        return float(np.nan_to_num(slope(np.array([[x]])), posinf=1e300, neginf=-1e300)[0, 0])

    for i in peaks:
        a, b = float(grid[max(i - 1, 0), 0]), float(grid[min(i + 1, len(grid) - 1), 0])
        left, right = derivative(a), derivative(b)
        if left > 0 > right:
            found.append(optimize.brentq(derivative, a, b, xtol=1e-16))
        if by_value:
            # Differences blur a kink: there comparing values is sharper.
            result = optimize.minimize_scalar(
                lambda x: -float(local.value(np.array([[x]]))[0]),
                bounds=(a, b),
                method="bounded",
                options={"xatol": 1e-14},
            )
            found.append(float(result.x))
    return np.vstack([np.array(found).reshape(-1, 1), grid[peaks]])


def _distinct(points: np.ndarray, distance: float) -> list[np.ndarray]:
    kept: list[np.ndarray] = []
    for x in points:
        if all(np.linalg.norm(x - y) > distance for y in kept):
            kept.append(x)
    return kept


def _cluster(
    value: Values, points: np.ndarray, values: np.ndarray, domain: CompactSet, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Keep one representative, the highest, of each group of tied points."""
    tied = values >= values.max() - TIE_TOLERANCE * spread
    points, values = points[tied], values[tied]
    # Where values agree to rounding, the earlier point is the better one: it was polished.
    noise = 1e-13 * spread + 1e-15 * float(np.abs(values).max())
    order = np.argsort(np.floor((values.max() - values) / noise), kind="stable")
    points, values = points[order], values[order]
    if isinstance(domain, FiniteSet):
        return points, values
    near = cdist(points, points) <= _MERGE * diameter(domain)
    kept: list[int] = []
    for i in range(len(points)):
        rivals = [j for j in kept if near[i, j]]
        between = value((points[i] + points[rivals]) / 2) if rivals else np.zeros(0)
        if len(kept) < _MAX_POINTS and (between < values[i] - TIE_TOLERANCE * spread).all():
            kept.append(i)
    return points[kept], values[kept]
