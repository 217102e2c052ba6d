"""Bounds on rho, the least norm over the hull of the gradients of *all* maximizers, proved.

By Theorem 2 the steepest rate is ``-rho``, and theta is stationary iff rho = 0. Cells that cover S*
carry intervals for the gradient, and

- for any unit u, ``rho >= min over S* of <u, grad>``, hence at least the minimum over the cells;
- ``rho <= |x|`` for any x in the hull: a combination of gradients at points proved to be maximizers
  or, where none is known, the gradient at *some* maximizer, which lies in one of the cells.

For a batch the hull is a mean of hulls: minima and points x are averaged over the samples. Neither
bound needs an exact maximizer; both are tight where S* is one point.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from danskin.direction import steepest_descent
from danskin.errors import DanskinError
from danskin.exact import sign
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.minnorm import min_norm_point, product_min_norm
from danskin.proof import interval
from danskin.proof.arguments import exact_point, expression_samples, read_seconds
from danskin.proof.at_point import float_bounds
from danskin.proof.cover import Cover
from danskin.proof.evaluate import Tape, number_interval
from danskin.proof.interval import require_ieee
from danskin.proof.local import LocalProblem, is_defined, simplified
from danskin.proof.proved import prove_maximizers
from danskin.proof.result import Enclosed

__all__ = ["bound_min_norm", "enclose_min_norm"]

_ROUNDS = 60
_CLIMB_ROUND = 3
_DERIVATIVE_SECONDS = 10.0
#: Gradients of each sample from which a direction is guessed.
_MAX_GUESSES = 60
_MAX_CELLS = 3000


def enclose_min_norm(
    f: Any, theta: Any, *, tol: float = 1e-6, budget: float | None = None
) -> Enclosed:
    """Enclose rho, the distance of 0 from the hull of the gradients of all maximizers.

    ``-rho`` is the rate of steepest descent (Theorem 2): ``lower > 0`` proves that theta is not
    stationary, and no direction descends faster than ``upper``.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective, from formulas
    theta : (n,) numbers or exact text
    tol : float
        The width that is aimed at; the bounds hold whether or not it is reached.
    budget : float, optional
        Seconds; 30 by default.

    Returns
    -------
    Enclosed
        `exact` where all maximizers are proved and rho is an exact number.

    Raises
    ------
    InvalidInputError
        An objective of callables, wrong shapes, a theta where g is undefined.
    """
    begun = time.monotonic()
    samples = expression_samples(f, "an enclosure")
    require_ieee()
    point = exact_point(theta, f.theta_dim)
    end = begun + read_seconds(budget)
    covers = [Cover(LocalProblem(s, point)) for s in samples]
    share = (end - begun) / (2 * len(samples))
    proved = [
        prove_maximizers(s, point, c, share) if time.monotonic() < end else None
        for s, c in zip(samples, covers, strict=True)
    ]
    return bound_min_norm(samples, point, covers, proved, end, tol)


def bound_min_norm(
    samples: Sequence[Any],
    theta: Sequence[Any],
    covers: Sequence[Cover],
    proved: Sequence[MaximizerSet | None],
    end: float,
    tol: float,
) -> Enclosed:
    """Enclose rho from covers, which are refined, and maximizers that are proved, if any."""
    begun = time.monotonic()
    if all(S is not None for S in proved) and all(c.defined for c in covers):
        exact = _exactly([S for S in proved if S is not None])
        if exact is not None:
            low, high = float_bounds(exact)
            boxes = sum(c.evaluated for c in covers)
            return Enclosed(max(low, 0.0), high, exact, boxes, time.monotonic() - begun)
    try:
        hulls = [_Hull(s, theta, c, S) for s, c, S in zip(samples, covers, proved, strict=True)]
    except DanskinError:
        return Enclosed(0.0, math.inf, None, sum(c.evaluated for c in covers), 0.0)
    low, high = 0.0, math.inf
    for number in range(_ROUNDS):
        below, above = _bounds(hulls)
        low, high = max(low, below), min(high, above)
        if high - low <= tol or time.monotonic() > end:
            break
        if number == _CLIMB_ROUND:
            for c in covers:
                c.climb()
        moved = [h.refine() for h in hulls if time.monotonic() < end]
        if not any(moved):
            break
    boxes = sum(c.evaluated for c in covers)
    return Enclosed(low, high, None, boxes, time.monotonic() - begun)


def _exactly(proved: list[MaximizerSet]) -> Any:
    """Return rho exactly, or None."""
    S = proved[0] if len(proved) == 1 else BatchMaximizerSet(tuple(proved))
    try:
        d = steepest_descent(S)
    except DanskinError:
        return None
    if not (S.complete and d.bound == "exact" and d.exact_derivative is not None):
        return None
    return sympy.Integer(0) if d.stationary else -d.exact_derivative


class _Hull:
    """The gradients of one sample over its cover."""

    def __init__(
        self, f: Any, theta: Sequence[Any], cover: Cover, proved: MaximizerSet | None
    ) -> None:
        self.cover = cover
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g"):
            rows = [simplified(g, f.delta_symbols, f.domain) for g in f.gradient_at(theta)]
        self._tape = Tape(rows, f.delta_symbols)
        rows = None if proved is None else proved.exact_gradients
        self.known = [[number_interval(x) for x in row] for row in rows or ()]

    @property
    def defined(self) -> bool:
        """Whether g is seen to be defined, so that its cells cover S*."""
        return self.cover.defined

    def gradients(self) -> np.ndarray:
        """Return the gradient's intervals over the cells, (n, 2, N)."""
        count = len(self.cover.cells)
        out = self._tape(self.cover.space.enclose(self.cover.cells), count)
        return np.array(
            [np.where(is_defined(o, count), np.broadcast_to(o[0], (2, count)), np.inf) for o in out]
        )

    def refine(self) -> bool:
        """Cut the cells whose gradients are the widest."""
        if len(self.cover.cells) > _MAX_CELLS:
            return False
        G = self.gradients()
        width = (G[:, 0] + G[:, 1]).max(axis=0)
        most = width.max()
        wanted = width >= 0.25 * most if np.isfinite(most) else ~np.isfinite(width)
        return self.cover.refine(wanted & (width > 0)) if (wanted & (width > 0)).any() else False


def _bounds(hulls: Sequence[_Hull]) -> tuple[float, float]:
    """Return bounds on rho from the gradients as they are enclosed now."""
    if not all(h.defined for h in hulls):
        return 0.0, math.inf
    found = [h.gradients() for h in hulls]
    if not all(np.isfinite(G).all() for G in found):
        return 0.0, math.inf
    guesses = [_spread((G[:, 1] - G[:, 0]).T / 2) for G in found]
    try:
        result = min_norm_point(guesses[0]) if len(hulls) == 1 else product_min_norm(guesses)
    except DanskinError:
        return 0.0, math.inf
    x = result.point
    weights = np.split(result.weights, np.cumsum([len(g) for g in guesses])[:-1])
    high = min(_norm_of_some_point(hulls, found), _norm_of_known(hulls, weights, guesses))
    low = _lowest(x, found)
    if high < math.inf and low > high:
        return 0.0, math.inf
    return low, high


def _spread(rows: np.ndarray) -> np.ndarray:
    """Return at most some of the rows, spread evenly."""
    if len(rows) <= _MAX_GUESSES:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _MAX_GUESSES).astype(int)]


def _lowest(x: np.ndarray, found: Sequence[np.ndarray]) -> float:
    """Return a lower bound of rho: the mean of the samples' ``min <x, grad>``, over |x|."""
    if not x.any():
        return 0.0
    u = x / np.abs(x).max()
    thin = [interval.make(c, c) for c in u]
    total = interval.make(0.0, 0.0)
    for G in found:
        along = interval.make(0.0, 0.0)
        for c, g in zip(thin, G, strict=True):
            along = interval.add(along, interval.mul(c, g))
        low = float((-along[0]).min())
        total = interval.add(total, interval.make(low, low))
    size = _length(thin)
    mean = interval.mul(total, interval.reciprocal(interval.mul(size, _thin(len(found)))))
    return max(0.0, float(-mean[0, 0]))


def _norm_of_some_point(hulls: Sequence[_Hull], found: Sequence[np.ndarray]) -> float:
    """Return an upper bound of the norm of a mean of gradients at maximizers, one a sample."""
    if len(hulls) == 1:
        (G,) = found
        return float(_length(list(G))[1].max())
    total = [interval.make(0.0, 0.0)] * len(found[0])
    for G in found:
        total = [
            interval.add(t, g.max(axis=1, keepdims=True)) for t, g in zip(total, G, strict=True)
        ]
    return _mean_length(total, len(found))


def _norm_of_known(
    hulls: Sequence[_Hull], weights: Sequence[np.ndarray], guesses: Sequence[np.ndarray]
) -> float:
    """Return an upper bound of the norm of a combination of gradients at proved maximizers.

    The weights follow the guess: each of its gradients gives its weight to the nearest known one.
    """
    if not all(h.known for h in hulls):
        return math.inf
    total = [interval.make(0.0, 0.0)] * guesses[0].shape[1]
    for h, w, rows in zip(hulls, weights, guesses, strict=True):
        middle = np.array([[float(x[1, 0] - x[0, 0]) / 2 for x in k] for k in h.known])
        nearest = np.argmin(((rows[:, None] - middle[None]) ** 2).sum(axis=2), axis=1)
        shares = np.bincount(nearest, np.maximum(w, 0.0), len(middle))
        exact = [sympy.Rational(*float(s).as_integer_ratio()) for s in shares]
        whole = sympy.Add(*exact)
        if sign(whole) != 1:
            return math.inf
        for share, row in zip(exact, h.known, strict=True):
            part = number_interval(share / whole)
            total = [
                interval.add(t, interval.mul(part, x)) for t, x in zip(total, row, strict=True)
            ]
    return _mean_length(total, len(hulls))


def _mean_length(total: Sequence[np.ndarray], count: int) -> float:
    size = interval.mul(_length(total), interval.reciprocal(_thin(count)))
    return float(size[1, 0])


def _length(parts: Sequence[np.ndarray]) -> np.ndarray:
    squares = interval.make(0.0, 0.0)
    for p in parts:
        squares = interval.add(squares, interval.square(p))
    return interval.sqrt(squares)


def _thin(number: float) -> np.ndarray:
    return interval.make(number, number)
