"""Refining a local maximizer on a set: SLSQP on its constraints, then Newton on the active ones."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from danskin.argmax.ascent import Values
from danskin.sets import Ball, Box, CompactSet, Product, Simplex

__all__ = ["hessian_by_differences", "polish"]

_ACTIVE = 1e-9


def polish(
    value: Values, slope: Values, hessian: Values | None, x: np.ndarray, domain: CompactSet
) -> np.ndarray:
    """Return a local maximizer near x (k,), or x itself where nothing better is found."""
    y = _slsqp(value, slope, x, domain)
    return y if hessian is None else _newton(value, slope, hessian, y, domain)


def hessian_by_differences(slope: Values, domain: CompactSet, step: float = 1e-4) -> Values:
    """Return central differences of a gradient, symmetrised, as (N, k, k)."""

    def hessian(points: np.ndarray) -> np.ndarray:
        columns = []
        for i in range(points.shape[1]):
            ahead, behind = points.copy(), points.copy()
            ahead[:, i] += step
            behind[:, i] -= step
            if isinstance(domain, Box):
                ahead, behind = domain.project(ahead), domain.project(behind)
            gap = ahead[:, i] - behind[:, i]
            columns.append((slope(ahead) - slope(behind)) / np.where(gap > 0, gap, 1.0)[:, None])
        out = np.stack(columns, axis=2)
        return (out + out.transpose(0, 2, 1)) / 2

    return hessian


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
) -> tuple[list[tuple[float | None, float | None]], list[dict[str, object]]]:
    """Bounds and constraints in SciPy's form; sets without one are kept by projection alone."""
    if isinstance(domain, Product):
        bounds: list[tuple[float | None, float | None]] = []
        constraints: list[dict[str, object]] = []
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
    """Return normals of the active constraints, unit rows (r, total); a slice marks a sphere's."""
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
                free = local > _ACTIVE
                centred = slope - slope[free].mean()
            close = _ACTIVE * np.maximum(hi - lo, 1e-300)
            for i in range(s.dim):
                if (local[i] <= lo[i] + close[i] and centred[i] < 0) or (
                    isinstance(box, Box) and local[i] >= hi[i] - close[i] and centred[i] > 0
                ):
                    add(at + i, 1.0)
        elif isinstance(s, Ball):
            offset = local - s.center
            length = float(np.linalg.norm(offset))
            if length >= s.radius * (1 - _ACTIVE) > 0 and offset @ slope > 0:
                add(where, offset / length, where)

    visit(domain, start)
    return np.array(rows).reshape(len(rows), total), list(enumerate(marks))
