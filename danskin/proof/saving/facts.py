"""One sample's facts: bounds over open cells, exact maximizers, and the cells that show them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.errors import DanskinError
from danskin.exact import compare, exact_max, tidy
from danskin.limits import time_limit
from danskin.maximizers import maximizers
from danskin.proof.at_point import exact_at
from danskin.proof.boxes import Cells
from danskin.proof.cover import Cover
from danskin.proof.critical import highest_points
from danskin.proof.excess import Excess, never_above, nowhere_positive
from danskin.proof.saving.tree import Tree
from danskin.proof.saving.words import Words, hexadecimal
from danskin.proof.symmetry import symmetries
from danskin.proof.ties import clusters_of

__all__ = ["MAX_JOINT", "MAX_OPEN", "TIE_SECONDS", "Exact", "Facts"]

TIE_SECONDS = 10.0
MAX_OPEN = 2_000
MAX_JOINT = 256
_BATCH = 2_000


@dataclass
class Exact:
    """Exact maximizers that the checker can follow."""

    points: list[Any]
    tops: list[Any] | None
    #: Open cell -> its group.
    groups: dict[int, int]
    rate: Any
    complete: bool
    #: g less its maximum, in a form that is seen to be nowhere above 0.
    excess: Excess | None = None


class Facts:
    """One sample's cover, with the bounds that its open cells give."""

    def __init__(self, state: Any, owner: int, hull: bool, words: Words) -> None:
        self.state, self.owner, self.words = state, owner, words
        self.cover: Cover = state.cover
        low, high = self.cover.rates
        ceilings = self.cover.ceilings
        self.low, self.high = max(float(low[owner]), state.by_orbits), float(high[owner])
        self.ceiling = float(ceilings[owner])
        self.floor, self.point = float(self.cover.floors[owner]), self.cover.bests[owner]
        wanted = hull or state.exact is not None
        self.exact = self._exact() if wanted and state.shared is None else None

    def _exact(self) -> Exact | None:
        """Look for the exact points again on what the cover has left, in the file's terms."""
        try:
            with time_limit(TIE_SECONDS, "deciding ties"):
                return self._by_tops() or self._at_the_bound()
        except (DanskinError, ArithmeticError, NotImplementedError, ValueError):
            return None

    def _rate(self, points: Sequence[Any]) -> Any:
        problem = self.cover.problem
        best = exact_max([exact_at(problem.rate, problem.symbols, p) for p in points])
        return None if best is None else best[0]

    def _by_tops(self) -> Exact | None:
        cover = self.cover
        if len(cover.cells) > MAX_OPEN:
            return None
        found, groups = [], {}
        for rows in clusters_of(cover):
            top = highest_points(cover.problem, cover.cells.take(rows))
            if top is None:
                return None
            groups |= dict.fromkeys(cover.cells.ids[rows].tolist(), len(found))
            found.append(top)
        best = exact_max([top[0] for top in found])
        if best is None:
            return None
        points = [p for i in best[1] for p in found[i][1]]
        rate = self._rate(points)
        if rate is None:
            return None
        complete = all(found[i][2] for i in best[1])
        return Exact(points, [t[1][0] for t in found], groups, rate, complete)

    def _at_the_bound(self) -> Exact | None:
        problem = self.cover.problem
        if not math.isfinite(self.ceiling):
            return None
        bound = sympy.Rational(*self.ceiling.as_integer_ratio())
        guesses = self.state.points or self._guesses()
        values = [exact_at(problem.value, problem.symbols, p) for p in guesses]
        points = [p for p, v in zip(guesses, values, strict=True) if compare(v, bound) in (0, 1)]
        form, best = None, exact_max(values)
        if not points and best is not None:
            form = never_above(self.cover, best[0], guesses[best[1][0]])
            points = [] if form is None else [guesses[i] for i in best[1]]
        rate = self._rate(points) if points else None
        return None if rate is None else Exact(points, None, {}, rate, False, form)

    def _guesses(self) -> tuple[Any, ...]:
        found = maximizers(self.state.f, list(self.state.theta))
        points = getattr(found, "exact_deltas", None) or ()
        return tuple(points[:MAX_JOINT])

    def gradients(self) -> list[tuple[Any, ...]]:
        """Return the exact gradients at the points."""
        f, points = self.state.f, self.exact.points if self.exact else ()
        rows = f.gradient_at(self.state.theta)
        return [tuple(tidy(exact_at(g, f.delta_symbols, p)) for g in rows) for p in points]

    def data(self) -> dict[str, Any]:
        """Return the sample's part of the file."""
        exact, problem, words = self.exact, self.cover.problem, self.words
        tops = None if exact is None or exact.tops is None else exact.tops
        written = None
        if self.state.shared is None:
            own = problem.symbols
            rate = words.formula(problem.rate, own) if problem.gamma is not None else None
            written = {"g": words.formula(problem.value, own), "rate": rate}
        return {
            "form": "written out" if self.state.shared is None else "shared",
            "written": written,
            "floor": hexadecimal(self.floor),
            "point": None if self.point is None else self._texts(self.point),
            "ceiling": hexadecimal(self.ceiling),
            "rate": [hexadecimal(self.low), hexadecimal(self.high)],
            "cells": self._cells(),
            "points": None if exact is None else [self._texts(p) for p in exact.points],
            "tops": None if tops is None else [self._texts(p) for p in tops],
            "excess": None if exact is None else self._excess(exact.excess),
            "maps": [] if self.state.by_orbits == -math.inf else _maps(problem),
        }

    def _texts(self, point: Sequence[Any]) -> list[str]:
        return [self.words.text(c) for c in point]

    def _excess(self, found: Excess | None) -> list[Any] | None:
        if found is None:
            return None
        form = self.words.formula(found.form, self.cover.problem.symbols, "g")
        return [form, *([n, piece, self.words.text(c)] for n, piece, c in found.multipliers)]

    def _cells(self) -> list[Any]:
        """Return the cells, cut down to what the claim needs."""
        cover, exact = self.cover, self.exact
        tree = Tree(cover.space, cover.history, self.owner)
        parents = list(tree.into)
        grouped = exact is not None and exact.tops is not None
        for at in range(0, len(parents), _BATCH):
            some = parents[at : at + _BATCH]
            found = [tree.where[i] for i in some]
            cells = Cells.join([made.take(np.array([row])) for made, row in found])
            r = cover.problem.enclose(cells)
            below = r.defined & (r.value[1] < self.floor)
            fine = r.defined & (r.value[1] <= self.ceiling)
            fine &= (-r.rate[0] >= self.low) & (r.rate[1] <= self.high)
            if exact is not None and exact.excess is not None:
                fine &= nowhere_positive(exact.excess.form, cover.problem, cells)
            for i, b, ok in zip(some, below.tolist(), fine.tolist(), strict=True):
                if b:
                    tree.fate[i] = "below"
                elif ok and not grouped:
                    tree.fate[i] = "open"
        return tree.steps({} if exact is None else exact.groups)


def _maps(problem: Any) -> list[list[int]]:
    """Return the symmetries that the proof used, as signed permutations counted from 1."""
    own = problem.symbols
    maps = []
    for m in symmetries(problem):
        images = [sympy.S(m.get(s, s)) for s in own]
        maps.append(
            [
                int(sympy.diff(e, s)) * (1 + j)
                for e in images
                for j, s in enumerate(own)
                if s in e.free_symbols
            ]
        )
    return maps
