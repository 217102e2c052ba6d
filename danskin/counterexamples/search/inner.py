"""The inner maximum at one theta, quickly: a lattice or a pool over S, Newton from its best points.

Maximizers of the thetas asked before are asked first: from one theta to the next they mostly move
a little, and at a corner of S that the gradient holds there is nothing to polish.
"""

from __future__ import annotations

import contextlib

import numpy as np

from danskin.argmax.ascent import diameter, differences, projected_ascent
from danskin.errors import DanskinError
from danskin.objective import MinMaxObjective
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Product, Simplex

__all__ = ["Inner"]

#: Points a side of the lattice on boxes of 1, 2 and 3 dimensions; elsewhere random points.
_LATTICE = {1: 65, 2: 13, 3: 7}
_LATTICE_OF_CALLABLES = {1: 33, 2: 9, 3: 5}
_POOL = 192
_MOST_CORNERS = 256
_REMEMBERED = 4
_CLIMBERS = 3
_ASCENT_STEPS = 30
_NEWTON_STEPS = 25


class Inner:
    """One sample's maximizer as a function of theta.

    Parameters
    ----------
    f : MinMaxObjective
    rng : numpy.random.Generator
    thetas : ndarray (p, n)
        Where to look whether the maximum can only be at corners of S.
    """

    def __init__(self, f: MinMaxObjective, rng: np.random.Generator, thetas: np.ndarray) -> None:
        self._f = f
        domain = _as_box(f.domain) or f.domain
        self._domain = domain
        self._memory: list[np.ndarray] = []
        self._size = diameter(domain)
        # No point but these can be a maximizer: nothing to polish.
        self._final = False
        if isinstance(domain, FiniteSet):
            self._points, self._final = np.array(domain.points), True
            return
        listed = domain.vertices()
        corners = np.zeros((0, domain.dim))
        if listed is not None and len(listed) <= _MOST_CORNERS:
            corners = np.array([[float(c) for c in v] for v in listed])
            with contextlib.suppress(DanskinError):  # not defined at some theta: nothing is known
                self._final = _bends_upwards(f, domain, thetas, rng)
            if self._final:
                self._points = corners
                return
        self._points = np.vstack([corners, self._lattice(rng)])

    def _lattice(self, rng: np.random.Generator) -> np.ndarray:
        domain, quick = self._domain, hasattr(self._f, "expression")
        sides = _LATTICE if quick else _LATTICE_OF_CALLABLES
        if not (isinstance(domain, Box) and domain.dim in sides):
            return domain.sample(rng, _POOL if quick else _POOL // 3)
        axes = [
            np.linspace(a, b, sides[domain.dim]) for a, b in zip(domain.lo, domain.hi, strict=True)
        ]
        return np.stack([x.ravel() for x in np.meshgrid(*axes, indexing="ij")], axis=1)

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """Return the best point of S that is found, (k,)."""
        points = np.vstack([*self._memory, self._points]) if self._memory else self._points
        values = self._f.values(theta, points)
        if self._final:
            return points[np.argmax(values)]
        best, height = None, -np.inf
        for x in self._climbers(points, values):
            top, value = self._polish(theta, x)
            if value > height:
                best, height = top, value
        assert best is not None
        self._remember(best)
        return best

    def _climbers(self, points: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
        """Return the best point, and others well apart that may climb above it."""
        order = np.argsort(-values, kind="stable")
        if order[0] < len(self._memory):
            return [points[order[0]]]
        spread = float(np.ptp(values))
        kept: list[np.ndarray] = []
        for i in order[: 8 * _CLIMBERS]:
            if len(kept) == _CLIMBERS or values[i] < values[order[0]] - 0.2 * spread:
                break
            if all(np.abs(points[i] - x).max() > 0.1 * self._size for x in kept):
                kept.append(points[i])
        return kept

    def _remember(self, x: np.ndarray) -> None:
        near = 1e-2 * self._size
        rest = [y for y in self._memory if np.abs(x - y[0]).max() > near]
        self._memory = [x[None], *rest][:_REMEMBERED]

    def _slopes(self, theta: np.ndarray, points: np.ndarray) -> np.ndarray:
        rows = self._f.delta_gradients(theta, points)
        if rows is None:
            rows = differences(lambda d: self._f.values(theta, d), self._domain)(points)
        return np.nan_to_num(rows, posinf=1e9, neginf=-1e9)

    def _value(self, theta: np.ndarray, x: np.ndarray) -> float:
        return float(self._f.values(theta, x[None])[0])

    def _polish(self, theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, float]:
        if isinstance(self._domain, Box):
            return self._newton(theta, x, self._domain)
        top = projected_ascent(
            lambda d: self._f.values(theta, d),
            lambda d: self._slopes(theta, d),
            x[None],
            self._domain,
            _ASCENT_STEPS,
        )[0]
        return top, self._value(theta, top)

    def _newton(self, theta: np.ndarray, x: np.ndarray, box: Box) -> tuple[np.ndarray, float]:
        """Newton's method in the coordinates that the bounds do not hold, in a trust region."""
        k = box.dim
        width = np.where(box.hi > box.lo, box.hi - box.lo, 1.0)
        small = 1e-5 * width
        value = self._value(theta, x)
        radius = 0.15
        for _ in range(_NEWTON_STEPS):
            inward = np.where(x + small > box.hi, -small, small)
            rows = self._slopes(theta, np.vstack([x[None], x + np.diag(inward)]))
            slope = rows[0]
            held = ((x <= box.lo) & (slope <= 0)) | ((x >= box.hi) & (slope >= 0))
            held |= box.hi == box.lo
            if held.all():
                break
            free = ~held
            bend = ((rows[1:] - slope) / inward[:, None])[np.ix_(free, free)]
            step = np.zeros(k)
            step[free] = _ascent_step((bend + bend.T) / 2, slope[free], width[free])
            reach = float(np.abs(step / width).max())
            if reach > radius:
                step *= radius / reach
            trial = np.clip(x + step, box.lo, box.hi)
            new = self._value(theta, trial)
            if new > value:
                x, value = trial, new
                radius = min(2 * radius, 0.5)
            else:
                radius = 0.25 * min(radius, reach)
            if min(reach, radius) < 1e-11:
                break
        return x, value


def _ascent_step(bend: np.ndarray, slope: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return Newton's step where the function is concave, else one straight up, across the box."""
    scaled = bend * np.outer(width, width)
    top = float(np.linalg.eigvalsh(scaled).max())
    size = float(np.abs(scaled).max())
    if top < -1e-10 * size:
        return width * np.linalg.solve(-scaled, width * slope)
    up = width * slope
    return width * up / max(float(np.abs(up).max()), 1e-300)


def _as_box(domain: CompactSet) -> Box | None:
    """Return a set that is a box by another name as one: an l_inf ball, a product of intervals."""
    if isinstance(domain, Box):
        return domain
    if isinstance(domain, Ball) and (domain.norm == np.inf or domain.dim == 1):
        return domain.as_box()
    if isinstance(domain, Product):
        sides = [_as_box(s) for s in domain.sets]
        boxes = [s for s in sides if s is not None]
        if len(boxes) == len(sides):
            lo = np.concatenate([s.lo for s in boxes])
            return Box(lo, np.concatenate([s.hi for s in boxes]))
    return None


def _bends_upwards(
    f: MinMaxObjective, domain: CompactSet, thetas: np.ndarray, rng: np.random.Generator
) -> bool:
    """Whether g is convex along the edges of a box or simplex, at random points of both sets.

    Of another polytope: along chords between random points of it.
    """
    if isinstance(domain, Simplex):
        k = domain.dim
        edges = [np.eye(k)[i] - np.eye(k)[j] for i in range(k) for j in range(i)]
    elif isinstance(domain, Box):
        edges = [(domain.hi - domain.lo) * row for row in np.eye(domain.dim)]
    else:
        return all(_convex_on_chords(f, domain, theta, rng) for theta in thetas)
    for theta in thetas:
        middle = domain.sample(rng, 8)
        for edge in edges:
            # The widest chord through the middle that stays in the set.
            reach = rng.uniform(0, 1, size=(len(middle), 1)) * _room(domain, middle, edge)[:, None]
            if not _convex(*(f.values(theta, middle + s * reach * edge) for s in (-1, 0, 1))):
                return False
    return True


def _convex_on_chords(
    f: MinMaxObjective, domain: CompactSet, theta: np.ndarray, rng: np.random.Generator
) -> bool:
    a, b = domain.sample(rng, 24), domain.sample(rng, 24)
    return _convex(*(f.values(theta, x) for x in (a, (a + b) / 2, b)))


def _convex(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> bool:
    """Whether values at both ends and the middle of chords are a convex function's, to rounding."""
    scale = 1e-9 * max(float(np.abs(v).max()) for v in (first, middle, last))
    return not (first + last - 2 * middle < -scale).any()


def _room(domain: CompactSet, points: np.ndarray, edge: np.ndarray) -> np.ndarray:
    lo = domain.lo if isinstance(domain, Box) else np.zeros(domain.dim)
    hi = domain.hi if isinstance(domain, Box) else np.ones(domain.dim)
    with np.errstate(divide="ignore", invalid="ignore"):
        rooms = np.minimum(points - lo, hi - points) / np.abs(edge)
    return np.where(edge == 0, np.inf, rooms).min(axis=1)
