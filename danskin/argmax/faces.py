"""Maxima attained at vertices of a product of polytopes: which faces attain them too.

Two classes. *Multi-affine* functions, affine in each factor: where f is largest at a point, it is
so on the whole least face of each factor that holds the point (an affine function largest inside
a face is constant on it). So the argmax set is the union of the products of hulls of vertices all
of which attain the maximum. *Convex* functions, sums of strictly convex functions of affine forms
and an affine function: a maximizer lies in a face all of whose vertices attain the maximum, and f
is constant on it, so every affine form is. The argmax set is then the union of the hulls of
those best vertices on which all forms agree, and each such hull is a face.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import sympy

from danskin.argmax.convex import strictly_convex_forms
from danskin.argmax.polynomial import Terms, degree_in
from danskin.exact import exact_max, sign
from danskin.expression import substitute
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Hull, Simplex

__all__ = ["maximize_convex", "maximize_multi_affine"]

Corner = tuple[sympy.Expr, ...]
#: A product of sets of vertices, by index, one set a factor.
IndexBox = tuple[frozenset[int], ...]

_MAX_VERTICES = 4096
_MAX_TIES = 256


class _Corners:
    """The vertices of a product of polytopes, and which of them maximise an expression."""

    def __init__(
        self, sets: Sequence[CompactSet], symbols: Sequence[Sequence[sympy.Symbol]]
    ) -> None:
        self.sets = sets
        self.symbols = symbols
        self.own: list[list[Corner]] = []
        self.count = 1
        for s in sets:
            corners = s.vertices() if isinstance(s, (Box, Simplex, Ball, Hull)) else None
            self.own.append(corners or [])
            self.count *= len(self.own[-1])

    def at(self, choice: Sequence[int]) -> dict[sympy.Symbol, sympy.Expr]:
        return {
            s: x
            for own, j, symbols in zip(self.own, choice, self.symbols, strict=True)
            for s, x in zip(symbols, own[j], strict=True)
        }

    def best(self, expr: sympy.Expr) -> list[tuple[int, ...]] | None:
        if not 0 < self.count <= _MAX_VERTICES:
            return None
        choices = list(itertools.product(*(range(len(own)) for own in self.own)))
        best = exact_max([substitute(expr, self.at(c), "delta") for c in choices])
        if best is None or len(best[1]) > _MAX_TIES:
            return None
        return [choices[i] for i in best[1]]

    def piece(self, box: IndexBox) -> list[CompactSet]:
        return [
            _span(s, [own[j] for j in sorted(chosen)])
            for s, own, chosen in zip(self.sets, self.own, box, strict=True)
        ]


def _span(whole: CompactSet, corners: list[Corner]) -> CompactSet:
    if len(corners) == 1:
        return FiniteSet(corners)
    own = whole.vertices()
    return whole if own is not None and len(corners) == len(own) else Hull(corners)


def maximize_multi_affine(
    expr: sympy.Expr,
    terms: Terms,
    sets: Sequence[CompactSet],
    symbols: Sequence[Sequence[sympy.Symbol]],
) -> list[list[CompactSet]] | None:
    """Return the argmax of a function affine in each factor, on polytopes.

    Returns
    -------
    list of pieces, one set a factor, or None
        None outside the class, and where a comparison stays undecided.
    """
    start = 0
    for own in symbols:
        if degree_in(terms, range(start, start + len(own))) > 1:
            return None
        start += len(own)
    corners = _Corners(sets, symbols)
    tied = corners.best(expr)
    return None if tied is None else [corners.piece(b) for b in maximal_boxes(set(tied))]


def maximize_convex(
    expr: sympy.Expr, sets: Sequence[CompactSet], symbols: Sequence[Sequence[sympy.Symbol]]
) -> list[list[CompactSet]] | None:
    """Return the argmax of a sum of strictly convex functions of affine forms, on polytopes.

    Returns
    -------
    As `maximize_multi_affine`.
    """
    corners = _Corners(sets, symbols)
    if not 0 < corners.count <= _MAX_VERTICES:
        return None
    flat = [s for own in symbols for s in own]
    choices = itertools.product(*(range(len(own)) for own in corners.own))
    forms = strictly_convex_forms(expr, flat, [corners.at(c) for c in choices])
    if forms is None:
        return None
    tied = corners.best(expr)
    if tied is None:
        return None
    groups: list[list[tuple[int, ...]]] = []
    for choice in tied:
        for group in groups:
            same = _agree(forms, corners.at(choice), corners.at(group[0]))
            if same is None:
                return None
            if same:
                group.append(choice)
                break
        else:
            groups.append([choice])
    return [corners.piece(tuple(map(frozenset, zip(*g, strict=True)))) for g in groups]


def _agree(
    forms: Sequence[Any],
    a: dict[sympy.Symbol, Any],
    b: dict[sympy.Symbol, Any],
) -> bool | None:
    signs = [sign(sympy.expand(f.xreplace(a) - f.xreplace(b))) for f in forms]
    if any(s in (-1, 1) for s in signs):
        return False
    return None if None in signs else True


def maximal_boxes(points: set[tuple[int, ...]]) -> list[IndexBox]:
    """Return the maximal products ``A_1 x ... x A_f`` inside a set of index tuples."""
    around = tuple(frozenset(c) for c in zip(*points, strict=True))
    missing = [p for p in itertools.product(*around) if p not in points]
    if len(missing) <= len(points):
        return _cut_down(around, missing)
    return _grow(points)


def _cut_down(around: IndexBox, missing: Sequence[tuple[int, ...]]) -> list[IndexBox]:
    """Start from the bounding product; each missing point cuts the boxes that hold it."""
    boxes = [around]
    for point in missing:
        cut = []
        for box in boxes:
            if all(j in chosen for j, chosen in zip(point, box, strict=True)):
                cut += [(*box[:i], box[i] - {j}, *box[i + 1 :]) for i, j in enumerate(point)]
            else:
                cut.append(box)
        boxes = _maximal([b for b in dict.fromkeys(cut) if all(b)])
    return boxes


def _grow(points: set[tuple[int, ...]]) -> list[IndexBox]:
    """Join boxes, starting from single points, until nothing new fits inside."""
    boxes: set[IndexBox] = {tuple(frozenset([j]) for j in p) for p in points}
    frontier = set(boxes)
    while frontier:
        grown: set[IndexBox] = set()
        for a in frontier:
            for b in boxes:
                joined = tuple(x | y for x, y in zip(a, b, strict=True))
                if joined not in boxes and set(itertools.product(*joined)) <= points:
                    grown.add(joined)
        boxes |= grown
        frontier = grown
    return _maximal(sorted(boxes, key=lambda b: [sorted(c) for c in b]))


def _maximal(boxes: Sequence[IndexBox]) -> list[IndexBox]:
    return [
        a
        for a in boxes
        if not any(a != b and all(x <= y for x, y in zip(a, b, strict=True)) for b in boxes)
    ]
