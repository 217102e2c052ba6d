"""phi along a segment: bounds on ``(phi(theta + t gamma) - phi(theta))/t`` over a range of t.

With ``h(t, delta) = g(theta + t gamma, delta)`` and a proved lower bound L of phi(theta), every
point (t, delta) with t > 0 has

    ``(h(t, delta) - phi(theta))/t <= (h(t, delta) - L)/t``, and
    ``(h(t, delta) - phi(theta))/t <= (h(t, delta) - h(0, delta))/t``, a mean of ``dh/dt``.

The first bound is good away from S* and for large t, the second near S* down to t = 0, where it
becomes the rate at theta. A maximum over cells that cover the maximizers for *every* t of the range
bounds the quotient of phi. What is cut off by first-order conditions is so for every t of the
cell's range, since the slopes are enclosed over all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from danskin.errors import LimitError
from danskin.expression import substitute
from danskin.limits import time_limit
from danskin.objective import ExpressionObjective
from danskin.proof import interval
from danskin.proof.boxes import Cells, Space
from danskin.proof.cover import NO_MAXIMIZER, History
from danskin.proof.evaluate import Enclosure, Tape, number_interval
from danskin.proof.local import is_defined, mean_value, rate_expression, simplified
from danskin.proof.template import Template

__all__ = ["Segment", "Sweep", "divided"]

_DERIVATIVE_SECONDS = 10.0
_QUOTIENT_SECONDS = 3.0
_MAX_SECOND = 4_000
_BATCH = 1500
_MAX_CELLS = 20_000


class Segment:
    """One objective along ``theta + t gamma``, ready to be enclosed.

    With `shared` tapes, theta and gamma are their inputs and h is g at the moved theta; else h is
    written out in t and delta, where what cancels has cancelled.
    """

    def __init__(
        self,
        f: ExpressionObjective,
        theta: Sequence[Any],
        gamma: Sequence[Any],
        shared: tuple[Template, Sequence[tuple[Any, ...]]] | None = None,
    ) -> None:
        self.f = f
        self._theta = [number_interval(x) for x in theta]
        self._gamma = [number_interval(c) for c in gamma]
        self.rows: Sequence[tuple[Any, ...]] | None = None
        self._quotient = False
        self._bent = True
        if shared is not None:
            template, self.rows = shared
            self._here, self._before = template.plain, template.second
            self._start, self._at = template.start, template.points
            return
        t = sympy.Dummy("t")
        moved = {s: x + c * t for s, x, c in zip(f.theta_symbols, theta, gamma, strict=True)}
        h: Any = simplified(substitute(f.expression, moved, "theta"), (t, *f.delta_symbols))
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g along the direction"):
            slopes = [sympy.diff(h, s) for s in f.delta_symbols]
            speed = sympy.diff(h, t)
            bend = sympy.diff(speed, t)
        quotient = divided(h, t)
        start = rate_expression(f, theta, gamma)
        names = (*f.theta_symbols, t, *f.delta_symbols)
        self._quotient = quotient is not None
        self._bent = quotient is None and _size(bend) <= _MAX_SECOND
        last = quotient if self._quotient else bend if self._bent else sympy.Integer(0)
        self._here = Tape([f.expression, *slopes, speed, h], names, f.theta_symbols)
        self._before = Tape([f.expression, speed, last], names, f.theta_symbols)
        self._start = Tape([start, *(sympy.diff(start, s) for s in f.delta_symbols)], names)
        self._at = Tape([f.expression, h], names, f.theta_symbols)

    def _inputs(self, t: np.ndarray, deltas: list[np.ndarray]) -> list[np.ndarray]:
        """Return the tapes' inputs; `deltas` has the samples' numbers ahead."""
        moved = [
            interval.add(x, interval.mul(c, t))
            for x, c in zip(self._theta, self._gamma, strict=True)
        ]
        between = [t] if self.rows is None else self._gamma
        return [*moved, *between, *deltas]

    def _value(self, out: list[Enclosure], h: list[Enclosure], n: int) -> np.ndarray:
        """Intersect g at the moved theta with h; the whole line where g is not defined."""
        value = out[0][0]
        for other, _ in h:
            value = interval.intersect(value, other)
        return np.where(is_defined(out[0], n), value, np.inf)

    def enclose(
        self, space: Space, cells: Cells, floor: np.ndarray
    ) -> tuple[np.ndarray, list[np.ndarray], np.ndarray, np.ndarray]:
        """Bound the quotient over cells of (t, delta).

        Returns
        -------
        (upper bounds (N,), slopes in delta, sizes (N, 1 + k), defined (N,))
        """
        n = len(cells)
        k = len(self.f.delta_symbols)
        t, deltas, ahead = _apart(space, space.enclose(cells))
        plain = self.rows is None
        with np.errstate(all="ignore"):
            out = self._here(self._inputs(t, [*ahead, *deltas]), n)
            defined = is_defined(out[0], n)
            slopes = [np.where(defined, s[0], np.inf) for s in out[1 : 1 + k]]
            speed = np.where(defined, out[1 + k][0], np.inf)
            value = self._value(out, out[2 + k :], n)
            now, center, _ = _apart(space, space.center(cells))
            at = self._at(self._inputs(now, [*ahead, *center]), n)
            middle = self._value(at, at[1:] if plain else [], n)
            pairs = zip([t, *deltas], [now, *center], strict=True)
            offsets = [interval.sub(d, c) for d, c in pairs]
            mean = mean_value(middle, [speed, *slopes], offsets)
            value = np.where(defined, interval.intersect(value, mean), np.inf)
            upper = np.minimum(
                _over_time(interval.sub(value, interval.make(floor, floor))[1], t),
                self._from_the_start(t, deltas, center, ahead, n),
            )
        sizes = np.array([interval.magnitude(s) for s in [speed, *slopes]]).T.reshape(n, k + 1)
        return upper, slopes, sizes, defined

    def _from_the_start(
        self,
        t: np.ndarray,
        deltas: list[np.ndarray],
        middle: list[np.ndarray],
        ahead: list[np.ndarray],
        n: int,
    ) -> np.ndarray:
        """Return upper bounds of ``(h(t) - h(0))/t``, from dh/dt over all of [0, t]."""
        zero = np.zeros((2, n))
        until = np.array([zero[0], t[1]])
        given, speed, last = self._before(self._inputs(until, [*ahead, *deltas]), n)
        best = speed[0][1]
        if self._quotient:
            best = np.minimum(best, last[0][1])
        elif self._bent:
            # Taylor: h(t) = h(0) + t h'(0) + t^2 h''/2.
            start, *bends = (
                out[0] for out in self._start(self._inputs(zero, [*ahead, *deltas]), n)
            )
            at = self._start(self._inputs(zero, [*ahead, *middle]), n)[0][0]
            offsets = [interval.sub(d, c) for d, c in zip(deltas, middle, strict=True)]
            start = interval.intersect(start, mean_value(at, bends, offsets))
            half = interval.mul(until, interval.make(0.5, 0.5))
            best = np.minimum(best, interval.add(start, interval.mul(half, last[0]))[1])
        return np.where(is_defined(given, n), best, np.inf)


def _apart(
    space: Space, columns: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Return the step, delta, and the samples' numbers, which come first."""
    m = space.leading
    return columns[m], columns[m + 1 :], columns[:m]


def divided(h: Any, t: sympy.Symbol) -> Any:
    """Return ``(h(t) - h(0))/t`` for h polynomial in t, else None."""
    try:
        with time_limit(_QUOTIENT_SECONDS, "dividing g by the step"):
            polynomial = sympy.Poly(h, t)
    except (sympy.PolynomialError, LimitError):
        return None
    if any(c.has(t) for c in polynomial.coeffs()):
        return None
    return sympy.Add(*(c * t ** (m - 1) for (m,), c in polynomial.terms() if m > 0))


def _size(expr: Any) -> int:
    return sum(1 for _ in sympy.preorder_traversal(expr))


def _over_time(excess: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return upper bounds of ``excess/t``: over the largest t where negative, else the least."""
    least, most = -t[0], t[1]
    over = np.where(excess < 0, excess / np.maximum(most, 1e-300), excess / least)
    over = np.nextafter(over, np.inf)
    return np.where((excess >= 0) & (least <= 0), np.inf, over)


class Sweep:
    """Cells of ``[t1, t2] x S`` that cover the maximizers for every t, and bounds over them.

    `floors` holds a proved lower bound of each sample's maximum at theta.
    """

    def __init__(self, segment: Segment, floors: np.ndarray, start: Any, end: Any) -> None:
        self.segment, self.floors = segment, floors
        self.space = Space(segment.f.domain, (start, end), segment.rows)
        self.evaluated = 0
        self.stuck = False
        self.history = History()
        self.cells, self.upper, self.sizes = self._judge(self._made(self.space.start()))

    def _made(self, cells: Cells) -> Cells:
        """Record new cells, with numbers of their own."""
        first = sum(len(c) for c in self.history.made)
        cells = Cells(cells.parts, np.arange(first, first + len(cells)))
        self.history.made.append(cells)
        return cells

    @property
    def bounds(self) -> np.ndarray:
        """Upper bounds of ``(phi_i(theta + t gamma) - phi_i(theta))/t`` over the range, t > 0."""
        highest = np.full(self.space.owners, -np.inf)
        np.maximum.at(highest, self.space.owner(self.cells), self.upper)
        # A sample without cells cannot be: then nothing is claimed.
        return np.where(highest == -np.inf, np.inf, highest)

    def refine(self, single: bool) -> bool:
        """Cut the cells that set the bounds, highest first; return whether any could be cut."""
        if single:
            wanted = self.upper >= 0
        else:
            owner = self.space.owner(self.cells)
            top = self.bounds
            low = np.full(self.space.owners, np.inf)
            np.minimum.at(low, owner, self.upper)
            with np.errstate(invalid="ignore"):
                level = top - 0.25 * (top - low)
            level = np.where(np.isfinite(level), level, top)
            wanted = self.upper >= level[owner]
        rows = np.flatnonzero(wanted)
        if len(rows) > _BATCH:
            order = np.argsort(-self.upper[rows], kind="stable")
            rows = np.sort(rows[order[:_BATCH]])
        if not len(rows) or len(self.cells) > _MAX_CELLS:
            self.stuck = True
            return False
        left, right, possible = self.space.split(self.cells.take(rows), [_finite(self.sizes[rows])])
        if not possible.any():
            self.stuck = True
            return False
        rows = rows[possible]
        left, right = left.take(possible), right.take(possible)
        both = self._made(Cells.join([left, right]))
        self.history.steps.append(("split", left.ids, *np.split(both.ids, 2)))
        cells, upper, sizes = self._judge(both)
        kept = np.ones(len(self.cells), dtype=bool)
        kept[rows] = False
        self.cells = Cells.join([self.cells.take(kept), cells])
        self.upper = np.concatenate([self.upper[kept], upper])
        self.sizes = np.concatenate([self.sizes[kept], sizes])
        return True

    def _judge(self, cells: Cells) -> tuple[Cells, np.ndarray, np.ndarray]:
        done: list[tuple[Cells, np.ndarray, np.ndarray]] = []
        ahead = self.space.leading
        while True:
            n = len(cells)
            self.evaluated += n
            floor = self.floors[self.space.owner(cells)]
            upper, slopes, sizes, defined = self.segment.enclose(self.space, cells, floor)
            sizes = np.concatenate([np.zeros((n, ahead)), sizes], axis=1)
            # Neither numbers nor steps are maximized over: no slope of theirs matters.
            others = [np.full((2, n), np.inf)] * (ahead + 1)
            cut, keep, changed = self.space.moves(cells, [*others, *slopes])
            keep |= ~defined
            changed &= defined
            self.history.drop(cells.ids[~keep], NO_MAXIMIZER)
            still = keep & ~changed
            done.append((cells.take(still), upper[still], sizes[still]))
            if not changed.any():
                break
            old = cells.ids[changed]
            cells = self._made(cut.take(changed))
            self.history.steps.append(("shrink", old, cells.ids))
        return (
            Cells.join([c for c, _, _ in done]),
            np.concatenate([u for _, u, _ in done]),
            np.concatenate([s for _, _, s in done]),
        )


def _finite(sizes: np.ndarray) -> np.ndarray:
    return np.nan_to_num(sizes, nan=1e100, posinf=1e100)
