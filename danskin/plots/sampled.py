"""phi at many points for a picture: a maximum over finitely many delta, and when that is exact."""

from __future__ import annotations

import numpy as np
import sympy

from danskin.errors import InvalidInputError
from danskin.objective import BatchObjective, ExpressionObjective, MinMaxObjective
from danskin.sets import Box, CompactSet, FiniteSet

__all__ = ["is_exact", "sample_of", "sampled_phi", "values_along"]

_ON_A_LINE, _MAX_CORNERS = 129, 1024
#: Points inside and on the boundary; of a Python function fewer, since each costs a call.
_COMPILED, _CALLED = 256, 64


def sampled_phi(
    f: MinMaxObjective | BatchObjective, thetas: np.ndarray, extra: np.ndarray | None = None
) -> np.ma.MaskedArray:
    """Return phi at rows of thetas (N, n), over a sample of S; masked where g is not defined.

    Parameters
    ----------
    extra : (m, k), optional
        More points of S; for a batch, joint ones.
    """
    if isinstance(f, BatchObjective):
        parts = [
            sampled_phi(s, thetas, None if extra is None else extra[:, w])
            for s, w in zip(f.samples, f.domain.slices, strict=True)
        ]
        return np.ma.mean(parts, axis=0)
    deltas = sample_of(f.domain, _COMPILED if isinstance(f, ExpressionObjective) else _CALLED)
    if extra is not None:
        deltas = np.vstack([deltas, extra])
    return values_along(f, thetas, deltas, largest=True)[:, 0]


def values_along(
    f: MinMaxObjective | BatchObjective,
    thetas: np.ndarray,
    deltas: np.ndarray,
    largest: bool = False,
) -> np.ma.MaskedArray:
    """Return g at thetas (N, n) and deltas (m, k) as (N, m), or its largest value as (N, 1)."""
    out = np.ma.masked_all((len(thetas), 1 if largest else len(deltas)))
    for i, theta in enumerate(thetas):
        try:
            row = f.values(theta, deltas)
        except InvalidInputError:
            continue
        out[i] = row.max() if largest else row
    return out


def sample_of(domain: CompactSet, size: int = _COMPILED) -> np.ndarray:
    """Return points of a set, its vertices among them, (m, k)."""
    if domain.dim == 1 and isinstance(domain, Box):
        return np.linspace(domain.lo[0], domain.hi[0], _ON_A_LINE)[:, None]
    if isinstance(domain, FiniteSet):
        return np.asarray(domain.points)
    inside = domain.sample(np.random.default_rng(0), size)
    centre = inside.mean(axis=0)
    # Maximizers tend to lie on the boundary: points of it, from far outside.
    deltas = np.vstack([inside[: size // 2], domain.project(centre + 100 * (inside - centre))])
    corners = domain.vertices() or []
    if 0 < len(corners) <= _MAX_CORNERS:
        deltas = np.vstack([np.array([[float(c) for c in v] for v in corners]), deltas])
    return deltas


def is_exact(f: MinMaxObjective | BatchObjective) -> bool:
    """Whether `sampled_phi` is phi up to rounding: finite sets, and g affine over a polytope."""
    if isinstance(f, BatchObjective):
        return all(is_exact(s) for s in f.samples)
    if isinstance(f.domain, FiniteSet):
        return True
    corners = f.domain.vertices()
    if not isinstance(f, ExpressionObjective) or not corners or len(corners) > _MAX_CORNERS:
        return False
    if f.expression.count_ops() > 500:
        return False
    slopes = [sympy.diff(f.expression, d) for d in f.delta_symbols]
    return not any(s.free_symbols & set(f.delta_symbols) for s in slopes)
