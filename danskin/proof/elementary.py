"""Enclosures of exp, log, sin, ... over intervals: Arb at the endpoints, monotonicity between.

Endpoints go to Arb as exact points, so that its 30-bit radius never inflates an interval: [0, 1]
does not reach below 0, and ``log`` and ``sqrt`` keep their domains. NumPy's and the C library's own
functions are not used: their errors have no guaranteed bound.

Each function takes intervals (2, N) and returns them with a level for each: `DEFINED`, `EDGE`
(infinite at a boundary point of the interval, as ``log`` at 0), or `UNDEFINED` somewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import flint
import numpy as np
import sympy

from danskin.exact.enclosure import working_precision
from danskin.expression import elu, elu_bend, elu_slope, softplus, xlogx

__all__ = ["DEFINED", "EDGE", "ELEMENTARY", "UNDEFINED", "Levels", "ball_bounds", "root"]

UNDEFINED, EDGE, DEFINED = 0, 1, 2

#: None where all are DEFINED.
Levels = np.ndarray | None
Enclosed = tuple[np.ndarray, Levels]

_INF = math.inf
_BITS = 80
#: Beyond this, sin and cos are enclosed by [-1, 1]: locating an extremum takes the reduction of
#: the argument by multiples of pi/2, done in float64 with a margin of 1e-9.
_MAX_TURN = 1e5
_MARGIN = 1e-9
_CACHE_SIZE = 200_000


def ball_bounds(ball: Any) -> tuple[float, float]:
    """Return floats around an Arb ball: the nearest outward ones, exact for an exact float."""
    if not ball.is_finite():
        return -_INF, _INF
    middle = float(ball)
    if math.isfinite(middle) and ball.is_exact() and ball == middle:
        return middle, middle
    lo, hi = math.nextafter(middle, -_INF), math.nextafter(middle, _INF)
    if not lo <= ball <= hi:
        lo, hi = float(ball.lower()), float(ball.upper())
        while not lo <= ball:
            lo = math.nextafter(lo, -_INF)
        while not ball <= hi:
            hi = math.nextafter(hi, _INF)
    return lo, hi


class _AtPoints:
    """One function at exact points: from float to bounds, remembered."""

    def __init__(
        self, function: Callable[[Any], Any], limits: dict[float, tuple[float, float]]
    ) -> None:
        self._function = function
        self._limits = limits
        self._known: dict[float, tuple[float, float]] = dict(limits)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return bounds (2, N) in the form (-lo, hi)."""
        known, function = self._known, self._function
        if len(known) > _CACHE_SIZE:
            known.clear()
            known.update(self._limits)
        out = np.empty((2, len(points)))
        with working_precision(_BITS):
            for i, x in enumerate(points.tolist()):
                found = known.get(x)
                if found is None:
                    found = known[x] = ball_bounds(function(flint.arb(x)))
                out[0, i], out[1, i] = -found[0], found[1]
        return out


def _both_ends(at: _AtPoints, lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds (2, N) at the lower and at the upper endpoints."""
    values = at(np.concatenate([lo, hi]))
    return values[:, : len(lo)], values[:, len(lo) :]


def _levels(undefined: np.ndarray, edge: np.ndarray | None = None) -> Levels:
    if not undefined.any() and (edge is None or not edge.any()):
        return None
    levels = np.full(len(undefined), DEFINED, dtype=np.int8)
    if edge is not None:
        levels[edge] = EDGE
    levels[undefined] = UNDEFINED
    return levels


def _increasing(
    function: Callable[[Any], Any],
    at_minus_inf: float,
    at_inf: float,
    floor: float = -_INF,
    ceiling: float = _INF,
) -> Callable[[np.ndarray], Enclosed]:
    """Return the enclosure of an increasing function on the line, with its range's bounds."""
    at = _AtPoints(function, {-_INF: (at_minus_inf, at_minus_inf), _INF: (at_inf, at_inf)})

    def enclose(a: np.ndarray) -> Enclosed:
        low, high = _both_ends(at, -a[0], a[1])
        return np.array([np.minimum(low[0], -floor), np.minimum(high[1], ceiling)]), None

    return enclose


def _logarithm(a: np.ndarray) -> Enclosed:
    lo, hi = -a[0], a[1]
    undefined = (lo < 0) | (hi <= 0)
    edge = lo == 0
    low, high = _both_ends(_LOG, np.where(undefined, 1.0, lo), np.where(undefined, 1.0, hi))
    r = np.where(undefined, _INF, np.array([low[0], high[1]]))
    return r, _levels(undefined, edge)


def _entropy(a: np.ndarray) -> Enclosed:
    """``x log x``: decreasing to ``-1/e`` at ``1/e``, then increasing; 0 at 0."""
    lo, hi = -a[0], a[1]
    undefined = lo < 0
    low, high = _both_ends(_XLOGX, np.where(undefined, 0.0, lo), np.where(undefined, 0.0, hi))
    r = np.maximum(low, high)
    # 1/e = 0.36787944117...; the two floats below lie on either side of it.
    inside = (lo <= 0.3678794411714424) & (hi >= 0.36787944117144228)
    r[0] = np.where(inside, 0.3678794411714424, r[0])
    return np.where(undefined, _INF, r), _levels(undefined)


def _hyperbolic_cosine(a: np.ndarray) -> Enclosed:
    low, high = _both_ends(_COSH, -a[0], a[1])
    r = np.maximum(low, high)
    # Its least value is 1, attained where 0 is inside.
    inside = (a[0] >= 0) & (a[1] >= 0)
    r[0] = np.where(inside, -1.0, np.minimum(r[0], -1.0))
    return r, None


def _wave(at: _AtPoints, peak: float) -> Callable[[np.ndarray], Enclosed]:
    """Return the enclosure of a sine with a maximum at `peak` and period 2 pi."""

    def enclose(a: np.ndarray) -> Enclosed:
        lo, hi = -a[0], a[1]
        far = ~((np.abs(lo) < _MAX_TURN) & (np.abs(hi) < _MAX_TURN))
        lo, hi = np.where(far, 0.0, lo), np.where(far, 0.0, hi)
        low, high = _both_ends(at, lo, hi)
        r = np.minimum(np.maximum(low, high), 1.0)
        r[1] = np.where(far | _passes(lo, hi, peak), 1.0, r[1])
        r[0] = np.where(far | _passes(lo, hi, peak + math.pi), 1.0, r[0])
        return r, None

    return enclose


def _passes(
    lo: np.ndarray, hi: np.ndarray, point: float, period: float = 2 * math.pi
) -> np.ndarray:
    """Whether [lo, hi] may contain ``point + n * period``; wrong only on the safe side."""
    a, b = (lo - point) / period, (hi - point) / period
    return np.floor(b + _MARGIN) >= np.ceil(a - _MARGIN)


def _with_poles(at: _AtPoints, pole: float, increasing: bool) -> Callable[[np.ndarray], Enclosed]:
    """Return the enclosure of tan or cot: monotone between poles, which are pi apart."""

    def enclose(a: np.ndarray) -> Enclosed:
        lo, hi = -a[0], a[1]
        far = ~((np.abs(lo) < _MAX_TURN) & (np.abs(hi) < _MAX_TURN))
        lo, hi = np.where(far, 1.0, lo), np.where(far, 1.0, hi)
        undefined = far | _passes(lo, hi, pole, math.pi)
        low, high = _both_ends(at, np.where(undefined, 1.0, lo), np.where(undefined, 1.0, hi))
        r = np.array([low[0], high[1]]) if increasing else np.array([high[0], low[1]])
        return np.where(undefined, _INF, r), _levels(undefined)

    return enclose


def _elu_bend(a: np.ndarray) -> Enclosed:
    """``exp(x)`` for x < 0 and 0 for x > 0: at 0 both one-sided values count."""
    lo, hi = -a[0], a[1]
    low, high = _both_ends(_EXP, np.minimum(lo, 0.0), np.minimum(hi, 0.0))
    r = np.array([low[0], np.minimum(high[1], 1.0)])
    r[0] = np.where(hi >= 0, 0.0, np.minimum(r[0], 0.0))
    r[1] = np.where(lo > 0, 0.0, r[1])
    return r, None


def root(q: int) -> Callable[[np.ndarray], Enclosed]:
    """Return the enclosure of the q-th root, q >= 3, of numbers >= 0."""
    at = _AtPoints(lambda x: x.root(q), {_INF: (_INF, _INF), 0.0: (0.0, 0.0)})

    def enclose(a: np.ndarray) -> Enclosed:
        lo, hi = -a[0], a[1]
        undefined = lo < 0
        low, high = _both_ends(at, np.maximum(lo, 0.0), np.maximum(hi, 0.0))
        r = np.array([np.minimum(low[0], 0.0), high[1]])
        return np.where(undefined, _INF, r), _levels(undefined)

    return enclose


def _elu_at(x: Any) -> Any:
    return x if x >= 0 else x.expm1()


def _elu_slope_at(x: Any) -> Any:
    return flint.arb(1) if x >= 0 else x.exp()


def _xlogx_at(x: Any) -> Any:
    return x * x.log()


_HALF_PI = math.nextafter(math.pi / 2, 2.0)
_EXP = _AtPoints(lambda x: x.exp(), {-_INF: (0.0, 0.0), _INF: (_INF, _INF)})
_LOG = _AtPoints(lambda x: x.log(), {0.0: (-_INF, -_INF), _INF: (_INF, _INF)})
_XLOGX = _AtPoints(_xlogx_at, {0.0: (0.0, 0.0), _INF: (_INF, _INF)})
_COSH = _AtPoints(lambda x: x.cosh(), {-_INF: (_INF, _INF), _INF: (_INF, _INF)})
_SIN = _AtPoints(lambda x: x.sin(), {})
_COS = _AtPoints(lambda x: x.cos(), {})
_TAN = _AtPoints(lambda x: x.tan(), {})
_COT = _AtPoints(lambda x: x.cot(), {})

#: SymPy head -> enclosure.
ELEMENTARY: dict[Any, Callable[[np.ndarray], Enclosed]] = {
    sympy.exp: _increasing(lambda x: x.exp(), 0.0, _INF, floor=0.0),
    sympy.log: _logarithm,
    sympy.tanh: _increasing(lambda x: x.tanh(), -1.0, 1.0, floor=-1.0, ceiling=1.0),
    sympy.sinh: _increasing(lambda x: x.sinh(), -_INF, _INF),
    sympy.atan: _increasing(
        lambda x: x.atan(), -_HALF_PI, _HALF_PI, floor=-_HALF_PI, ceiling=_HALF_PI
    ),
    sympy.cosh: _hyperbolic_cosine,
    sympy.sin: _wave(_SIN, math.pi / 2),
    sympy.cos: _wave(_COS, 0.0),
    sympy.tan: _with_poles(_TAN, math.pi / 2, increasing=True),
    sympy.cot: _with_poles(_COT, 0.0, increasing=False),
    xlogx: _entropy,
    elu: _increasing(_elu_at, -1.0, _INF, floor=-1.0),
    elu_slope: _increasing(_elu_slope_at, 0.0, 1.0, floor=0.0, ceiling=1.0),
    elu_bend: _elu_bend,
    softplus: _increasing(lambda x: (1 + x.exp()).log(), 0.0, _INF, floor=0.0),
}
