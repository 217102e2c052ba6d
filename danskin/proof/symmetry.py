"""Maximizers come in orbits: a lower bound of D from symmetries of g(theta, .) and S.

If a map sigma takes S to itself and ``g(theta, sigma delta) = g(theta, delta)`` identically, it
takes S* to itself. Whichever point x is a maximizer, all its images are, so that the largest rate
over S* is at least ``max over sigma of rate(sigma x)``; its least value over cells that cover S* is
a lower bound, although no tie was resolved and no maximizer was named. Reflections and exchanges of
coordinates are tried, and g's invariance is decided by writing the difference out.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from danskin.argmax.polynomial import written_out
from danskin.errors import DanskinError
from danskin.exact import sign
from danskin.limits import time_limit
from danskin.proof.cover import Cover
from danskin.proof.evaluate import Tape
from danskin.proof.factors import Interval, RoundBall, Simplices
from danskin.proof.local import LocalProblem, simplified

__all__ = ["Orbits", "symmetries"]

_MAX_MAPS = 24
_SECONDS = 2.0

#: Where each symbol goes.
Map = dict[Any, Any]


class Orbits:
    """The symmetries of one problem, and the bound that they give over a cover."""

    def __init__(self, problem: LocalProblem) -> None:
        self._tape: Tape | None = None
        try:
            with time_limit(_SECONDS, "looking for symmetries"):
                found = symmetries(problem)
        except DanskinError:
            return
        if found:
            images = [problem.rate.xreplace(m) for m in found]
            self._tape = Tape([problem.rate, *images], problem.symbols)

    def lower_bound(self, cover: Cover) -> float:
        """Return a proved lower bound of the largest rate over S*; -inf without symmetries."""
        if self._tape is None or not cover.defined:
            return -math.inf
        count = len(cover.cells)
        lows = [-value[0] for value, _ in self._tape(cover.space.enclose(cover.cells), count)]
        return float(np.max(lows, axis=0).min())


def symmetries(problem: LocalProblem) -> list[Map]:
    """Return maps of S to itself that g(theta, .) does not change, and their products."""
    return _closed([m for m in _candidates(problem) if _keeps(problem, m)], problem)


def _candidates(problem: LocalProblem) -> list[Map]:
    """Return reflections and exchanges of coordinates that take S to itself."""
    maps: list[Map] = []
    lines: list[tuple[Any, Any, Any]] = []
    for f, where in zip(problem.space.factors, problem.space.slices, strict=True):
        own = problem.symbols[where]
        if isinstance(f, Interval):
            high = f.lo + f.width
            maps.append({own[0]: f.lo + high - own[0]})
            lines.append((own[0], f.lo, high))
        elif isinstance(f, RoundBall) or (isinstance(f, Simplices) and f.exact_center):
            centers = f.exact_center or ()
            maps += [{s: 2 * c - s} for s, c in zip(own, centers, strict=True)]
            pairs = itertools.combinations(zip(own, centers, strict=True), 2)
            maps += [{s: c + u - d, u: d + s - c} for (s, c), (u, d) in pairs]
        elif isinstance(f, Simplices):
            maps += [{s: u, u: s} for s, u in itertools.combinations(own, 2)]
    for (s, a, b), (u, c, d) in itertools.combinations(lines, 2):
        if a == c and b == d:
            maps.append({s: u, u: s})
    # All reflections at once: an even function need not be even in each coordinate.
    mirrored = {s: e for m in maps if len(m) == 1 for s, e in m.items()}
    return [*maps, mirrored] if len(mirrored) > 1 else maps


def _keeps(problem: LocalProblem, m: Map) -> bool:
    """Whether g(theta, .) is the same after the map, decided by writing the difference out."""
    difference = problem.value - problem.value.xreplace(m)
    rest = written_out(simplified(difference, problem.symbols, problem.f.domain))
    return not rest.free_symbols and sign(rest) == 0


def _closed(generators: list[Map], problem: LocalProblem) -> list[Map]:
    """Return the maps and their products, up to a number."""
    found = list(generators)
    for a, b in itertools.product(generators, repeat=2):
        both = {s: b.get(s, s).xreplace(a) for s in problem.symbols}
        both = {s: e for s, e in both.items() if s != e}
        if both and both not in found and len(found) < _MAX_MAPS:
            found.append(both)
    return found
