"""Global maximizers by search: many starts, projected ascent, polishing, clustering.

Nothing found here is proved to be all there is; results carry ``complete=False``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize
from scipy.spatial.distance import cdist

from danskin.argmax.result import ArgMax
from danskin.errors import InvalidInputError
from danskin.sets import Ball, Box, CompactSet, Product, Simplex

__all__ = ["numeric_argmax", "projected_ascent"]

Values = Callable[[np.ndarray], np.ndarray]
"""(N, k) -> (N,)"""

_GRID = 4001
_STARTS = 96
_SAMPLES = 4096
_ASCENT_STEPS = 200
_MAX_POINTS = 64
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
) -> ArgMax:
    """Search for all global maximizers of a function on a compact set.

    Parameters
    ----------
    value : (N, k) -> (N,)
    gradient : (N, k) -> (N, k), or None for finite differences
    hessian : (N, k) -> (N, k, k), or None
        Used to polish with Newton steps where given.
    domain : CompactSet
    rng : numpy.random.Generator

    Raises
    ------
    InvalidInputError
        The function is not finite at some sampled point of the set.
    """
    slope = _differences(value, domain) if gradient is None else gradient
    starts = _starting_points(value, domain, rng)
    if domain.dim == 1 and isinstance(domain, Box):
        points = _refine_on_line(value, slope, starts, domain)
    else:
        points = projected_ascent(value, slope, starts, domain, _ASCENT_STEPS)
        points = _polish(value, slope, hessian, points, domain)
    values = _finite(value, points)
    spread = _spread(value, starts, values)
    points, values = _cluster(value, points, values, domain, spread)
    continuum = len(points) > _MAX_POINTS // 2
    note = "; so many tied points suggest an infinite set of maximizers" if continuum else ""
    return ArgMax(
        value=float(values.max()),
        exact_value=None,
        points=points,
        exact_points=None,
        faces=(),
        complete=False,
        method=f"numeric search from {len(starts)} points{note}",
    )


def projected_ascent(
    value: Values, gradient: Values, starts: np.ndarray, domain: CompactSet, steps: int
) -> np.ndarray:
    """Climb from every start at once by projected gradient steps with step-size control.

    A step is kept where it increases the value; its length then grows by half, otherwise halves.
    """
    points = domain.project(starts)
    values = value(points)
    slopes = np.nan_to_num(gradient(points), posinf=1e9, neginf=-1e9)
    size = np.linalg.norm(slopes, axis=1)
    step = _diameter(domain) / np.maximum(size, 1e-12) / 4
    for _ in range(steps):
        trial = domain.project(points + step[:, None] * slopes)
        new = value(trial)
        better = new > values
        points[better], values[better] = trial[better], new[better]
        if better.any():
            slopes[better] = np.nan_to_num(gradient(trial[better]), posinf=1e9, neginf=-1e9)
        step = np.where(better, 1.5 * step, 0.5 * step)
        if (step * size < 1e-15 * _diameter(domain)).all():
            break
    return points


def _finite(value: Values, points: np.ndarray) -> np.ndarray:
    values = value(points)
    bad = ~np.isfinite(values)
    if bad.any():
        where = np.array2string(points[np.argmax(bad)], precision=6)
        raise InvalidInputError(
            "value",
            f"g(theta, delta) is not finite at delta = {where}",
            "g must be continuous on the whole set; check theta, the set, and poles.",
        )
    return values


def _diameter(domain: CompactSet) -> float:
    if isinstance(domain, Product):
        return float(np.linalg.norm([_diameter(s) for s in domain.sets])) or 1.0
    if isinstance(domain, Box):
        return float(np.linalg.norm(domain.hi - domain.lo)) or 1.0
    if isinstance(domain, Ball):
        return 2 * domain.radius * (domain.dim**0.5 if domain.norm == np.inf else 1.0) or 1.0
    return 2**0.5


def _starting_points(value: Values, domain: CompactSet, rng: np.random.Generator) -> np.ndarray:
    if domain.dim == 1 and isinstance(domain, Box):
        grid = np.linspace(domain.lo[0], domain.hi[0], _GRID)[:, None]
        _finite(value, grid)
        return grid
    samples = domain.sample(rng, _SAMPLES)
    corners = domain.vertices() or []
    if corners and len(corners) <= 1024:
        exact = np.array([[float(c) for c in v] for v in corners])
        samples = np.vstack([samples, exact])
    values = _finite(value, samples)
    order = np.argsort(-values)
    # The best few by value, and as many at random: a basin may be high but narrow.
    keep = np.concatenate(
        [order[: _STARTS // 2], order[rng.permutation(len(order))[: _STARTS // 2]]]
    )
    if corners and len(corners) <= 64:
        keep = np.concatenate([keep, np.arange(_SAMPLES, len(samples))])
    return samples[np.unique(keep)]


def _refine_on_line(value: Values, slope: Values, grid: np.ndarray, domain: Box) -> np.ndarray:
    """Polish each local maximum of a fine grid: a root of the derivative, or an endpoint."""
    values = value(grid)
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    peaks = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:]))
    gap = values.max() - values[peaks]
    # A peak of the grid is below its true height by at most about this much.
    jump = np.abs(np.diff(values)).max(initial=0.0)
    peaks = peaks[gap <= 2 * jump + 1e-12 * max(1.0, abs(values.max()))]
    if len(peaks) > 4 * _MAX_POINTS:
        peaks = peaks[np.linspace(0, len(peaks) - 1, 4 * _MAX_POINTS).astype(int)]
    found = []

    def derivative(x: float) -> float:
        return float(np.nan_to_num(slope(np.array([[x]])), posinf=1e300, neginf=-1e300)[0, 0])

    for i in peaks:
        a, b = grid[max(i - 1, 0), 0], grid[min(i + 1, len(grid) - 1), 0]
        left, right = derivative(a), derivative(b)
        if left > 0 > right:
            root = optimize.brentq(derivative, a, b, xtol=4e-16 * max(1.0, abs(a), abs(b)))
            found.append(np.array([[root]]))
    return domain.project(np.vstack([*found, grid[peaks]]))


def _polish(
    value: Values,
    slope: Values,
    hessian: Values | None,
    points: np.ndarray,
    domain: CompactSet,
) -> np.ndarray:
    """Refine the leading points: SLSQP on the set's own constraints, then Newton on the face."""
    values = value(points)
    spread = max(float(np.ptp(values)), 1e-3 * abs(float(values.max())), 1e-12)
    leading = np.argsort(-values)[:_MAX_POINTS]
    leading = leading[values[leading] >= values.max() - 1e-2 * spread]
    out = []
    for x in _distinct(points[leading], 1e-4 * _diameter(domain)):
        y = _slsqp(value, slope, x, domain)
        if hessian is not None:
            y = _newton(value, slope, hessian, y, domain)
        out.append(y[None])
    # Polished points first: among equal values the clustering keeps the earlier one.
    return np.vstack([*out, points])


def _slsqp(value: Values, slope: Values, x: np.ndarray, domain: CompactSet) -> np.ndarray:
    bounds, constraints = _constraints(domain, 0, domain.dim)
    result = optimize.minimize(
        lambda d: -float(np.nan_to_num(value(d[None])[0], nan=-1e300)),
        x,
        jac=lambda d: -np.nan_to_num(slope(d[None])[0], posinf=1e9, neginf=-1e9),
        method="SLSQP",
        bounds=bounds,
        constraints=constraints,
        options={"maxiter": 100, "ftol": 1e-16},
    )
    y = domain.project(result.x) if np.isfinite(result.x).all() else x
    return y if value(y[None])[0] >= value(x[None])[0] else x


def _constraints(
    domain: CompactSet, start: int, total: int
) -> tuple[list[tuple[float | None, float | None]], list[dict]]:
    """Bounds and constraints in SciPy's form; sets without one are kept by projection alone."""
    if isinstance(domain, Product):
        bounds: list[tuple[float | None, float | None]] = []
        constraints: list[dict] = []
        for s, w in zip(domain.sets, domain.slices, strict=True):
            b, c = _constraints(s, start + w.start, total)
            bounds += b
            constraints += c
        return bounds, constraints
    where = slice(start, start + domain.dim)
    if isinstance(domain, Ball) and domain.norm == np.inf:
        domain = domain.as_box()
    if isinstance(domain, Box):
        return list(zip(domain.lo, domain.hi, strict=True)), []
    if isinstance(domain, Simplex):
        row = np.zeros(total)
        row[where] = 1.0
        equality = {"type": "eq", "fun": lambda d: d @ row - 1, "jac": lambda d: row}
        return [(0.0, 1.0)] * domain.dim, [equality]
    free: list[tuple[float | None, float | None]] = [(None, None)] * domain.dim
    if isinstance(domain, Ball) and domain.norm == 2:
        center, radius = domain.center, domain.radius

        def inside(d: np.ndarray) -> float:
            return radius**2 - float(np.sum((d[where] - center) ** 2))

        def inside_slope(d: np.ndarray) -> np.ndarray:
            row = np.zeros(total)
            row[where] = -2 * (d[where] - center)
            return row

        return free, [{"type": "ineq", "fun": inside, "jac": inside_slope}]
    return free, []


def _newton(
    value: Values, slope: Values, hessian: Values, x: np.ndarray, domain: CompactSet
) -> np.ndarray:
    """Newton's method on the KKT system of the constraints active at x; kept if it helps."""
    best, residual = x, np.inf
    y = x.copy()
    for _ in range(12):
        g = slope(y[None])[0]
        h = hessian(y[None])[0]
        if not (np.isfinite(g).all() and np.isfinite(h).all()):
            break
        rows, curved = _active(domain, y, g, 0, domain.dim)
        multipliers = np.linalg.lstsq(rows.T, g, rcond=None)[0] if len(rows) else np.zeros(0)
        rest = g - rows.T @ multipliers if len(rows) else g
        error = float(np.linalg.norm(rest))
        if error < residual:
            best, residual = y.copy(), error
        elif error > 2 * residual:
            break
        for row, (index, where) in zip(rows, curved, strict=True):
            if where is not None:
                # The multiplier of |d - c| = r bends the Lagrangian: subtract its curvature.
                unit = row[where]
                bend = (np.eye(len(unit)) - np.outer(unit, unit)) * multipliers[index]
                h[where, where] -= bend / _radius(domain, where)
        k, r = len(y), len(rows)
        kkt = np.zeros((k + r, k + r))
        kkt[:k, :k] = h
        if r:
            kkt[:k, k:], kkt[k:, :k] = rows.T, rows
        step = np.linalg.lstsq(kkt, np.concatenate([-rest, np.zeros(r)]), rcond=1e-12)[0][:k]
        y = domain.project(y + step)
        if np.linalg.norm(step) < 1e-17 * max(1.0, np.linalg.norm(y)):
            break
    small = 1e-13 * max(1.0, abs(float(value(x[None])[0])))
    return best if value(best[None])[0] >= value(x[None])[0] - small else x


def _radius(domain: CompactSet, where: slice) -> float:
    """Return the radius of the ball whose coordinates start at ``where.start``."""
    if isinstance(domain, Product):
        for s, w in zip(domain.sets, domain.slices, strict=True):
            if w.start <= where.start < w.stop:
                return _radius(s, slice(where.start - w.start, where.stop - w.start))
    return domain.radius if isinstance(domain, Ball) else 1.0


def _active(
    domain: CompactSet, x: np.ndarray, g: np.ndarray, start: int, total: int
) -> tuple[np.ndarray, list[tuple[int, slice | None]]]:
    """Normals of the active constraints, unit rows (r, total); a slice marks a sphere's."""
    rows: list[np.ndarray] = []
    marks: list[slice | None] = []

    def add(indices: slice | int, entries: np.ndarray | float, mark: slice | None = None) -> None:
        row = np.zeros(total)
        row[indices] = entries
        rows.append(row)
        marks.append(mark)

    def visit(s: CompactSet, at: int) -> None:
        where = slice(at, at + s.dim)
        local, slope = x[where], g[where]
        if isinstance(s, Product):
            for part, w in zip(s.sets, s.slices, strict=True):
                visit(part, at + w.start)
        elif isinstance(s, (Box, Simplex)) or (isinstance(s, Ball) and s.norm == np.inf):
            box = s.as_box() if isinstance(s, Ball) else s
            lo = box.lo if isinstance(box, Box) else np.zeros(s.dim)
            hi = box.hi if isinstance(box, Box) else np.ones(s.dim)
            centred = slope
            if isinstance(s, Simplex):
                add(where, 1 / np.sqrt(s.dim))
                free = local > 1e-9
                centred = slope - slope[free].mean()
            close = 1e-9 * np.maximum(hi - lo, 1e-300)
            for i in range(s.dim):
                if (local[i] <= lo[i] + close[i] and centred[i] < 0) or (
                    isinstance(box, Box) and local[i] >= hi[i] - close[i] and centred[i] > 0
                ):
                    add(at + i, 1.0)
        elif isinstance(s, Ball):
            offset = local - s.center
            length = float(np.linalg.norm(offset))
            if length >= s.radius * (1 - 1e-9) > 0 and offset @ slope > 0:
                add(where, offset / length, where)

    visit(domain, start)
    return np.array(rows).reshape(len(rows), total), list(enumerate(marks))


def _distinct(points: np.ndarray, distance: float) -> list[np.ndarray]:
    kept: list[np.ndarray] = []
    for x in points:
        if all(np.linalg.norm(x - y) > distance for y in kept):
            kept.append(x)
    return kept


def _spread(value: Values, starts: np.ndarray, values: np.ndarray) -> float:
    low = float(np.min(value(starts)))
    return max(float(values.max()) - low, 1e-6 * abs(float(values.max())), 1e-300)


def _cluster(
    value: Values, points: np.ndarray, values: np.ndarray, domain: CompactSet, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Keep one representative, the highest, of each group of tied points."""
    tied = values >= values.max() - TIE_TOLERANCE * spread
    points, values = points[tied], values[tied]
    order = np.argsort(-values, kind="stable")
    points, values = points[order], values[order]
    near = cdist(points, points) <= _MERGE * _diameter(domain)
    kept: list[int] = []
    for i in range(len(points)):
        rivals = [j for j in kept if near[i, j]]
        between = value((points[i] + points[rivals]) / 2) if rivals else np.zeros(0)
        if len(kept) < _MAX_POINTS and (between < values[i] - TIE_TOLERANCE * spread).all():
            kept.append(i)
    return points[kept], values[kept]


def _differences(value: Values, domain: CompactSet) -> Values:
    """Central differences, shifted inwards at the boundary so that g is only asked on S."""
    h = 1e-6 * _diameter(domain)

    def gradient(points: np.ndarray) -> np.ndarray:
        out = np.empty_like(points)
        for i in range(points.shape[1]):
            ahead, behind = points.copy(), points.copy()
            ahead[:, i] += h
            behind[:, i] -= h
            if isinstance(domain, Box):
                ahead, behind = domain.project(ahead), domain.project(behind)
            gap = ahead[:, i] - behind[:, i]
            out[:, i] = (value(ahead) - value(behind)) / np.where(gap > 0, gap, 1.0)
        return out

    return gradient
