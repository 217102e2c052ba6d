"""Exact points of S that hold the maximum: checked against the cells that a proof leaves open.

Each group of open cells has one point, its *top*, at which g is largest over the group: all cells
of the group lie in one face of S, in coordinates in which g is constant, or strictly concave over
a box around the group and the top, where its gradient vanishes exactly. The maximum is then the
largest of the tops' exact values. Or a point's exact value reaches a bound of g over all cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from danskin.exact import exact_max, sign
from danskin.proof.checker.cells import Ball, Line, Points, Simplices
from danskin.proof.checker.enclosing import Program, Range, mul, sub, thin
from danskin.proof.checker.problem import Inner, OnCell
from danskin.proof.checker.reading import Rejected

__all__ = ["Known", "points_at_the_bound", "points_on_top"]

Point = tuple[Any, ...]


@dataclass(frozen=True)
class Known:
    """Points proved to be maximizers.

    Attributes
    ----------
    value : exact number
        The maximum.
    rate : exact number
        The largest rate at the points.
    complete : bool
        Whether that is the largest rate over all maximizers.
    """

    value: Any
    rate: Any
    complete: bool


def _largest_rate(inner: Inner, points: Sequence[Point]) -> Any:
    best = exact_max([inner.at(inner.rate, p) for p in points])
    if best is None:
        raise Rejected("which of the exact rates is largest could not be decided")
    return best[0]


def points_at_the_bound(inner: Inner, points: Sequence[Point], bound: Any) -> Known:
    """Check that g reaches `bound`, which it nowhere exceeds, at each of the points."""
    for p in points:
        if sign(inner.at(inner.value, p) - bound) not in (0, 1):
            raise Rejected(f"g is below its bound at ({_shown(p)}), said to be a maximizer")
    return Known(bound, _largest_rate(inner, points), False)


def points_on_top(
    inner: Inner, points: Sequence[Point], tops: Sequence[Point], groups: Sequence[list[OnCell]]
) -> Known:
    """Check that all maximizers are among the tops, and the points among the maximizers."""
    values, single = [], []
    for top, group in zip(tops, groups, strict=True):
        if not group:
            raise Rejected("a top has no open cells")
        single.append(_is_top(inner, top, group))
        values.append(inner.at(inner.value, top))
    best = exact_max(values)
    if best is None:
        raise Rejected("which of the exact values is largest could not be decided")
    for p in points:
        if sign(inner.at(inner.value, p) - best[0]) != 0:
            raise Rejected(f"({_shown(p)}) is said to be a maximizer and is not")
    rate = _largest_rate(inner, [*points, *(tops[i] for i in best[1])])
    return Known(best[0], rate, all(single[i] for i in best[1]))


@dataclass
class _Face:
    """The face that a group lies in: delta in terms of the coordinates that are free on it."""

    delta: list[Any]
    free: list[Any] = field(default_factory=list)
    box: list[Range] = field(default_factory=list)
    flat: list[Any] = field(default_factory=list)


def _is_top(inner: Inner, top: Point, group: list[OnCell]) -> bool:
    """Check that g is largest at `top` over a group; return whether its rate is the only one."""
    face = _face(inner, group)
    at = dict(zip(inner.delta, top, strict=True))
    for s, expr in zip(inner.delta, face.delta, strict=True):
        if sign(at[s] - sympy.S(expr).xreplace(at)) != 0:
            raise Rejected(f"({_shown(top)}) does not lie in the face of its cells")
    if face.free:
        local = inner.value.xreplace(dict(zip(inner.delta, face.delta, strict=True)))
        slopes = [sympy.diff(local, s) for s in face.free]
        for slope in slopes:
            if sign(inner.at(slope, top)) != 0:
                raise Rejected(f"the gradient at ({_shown(top)}) is not 0")
        box = []
        for s, (lo, hi) in zip(face.free, face.box, strict=True):
            x = thin(at[s])[0]
            box.append((lo.min(x), hi.max(x)))
        _strictly_concave(local, slopes, face.free, box)
    return not any(s in inner.rate.free_symbols for s in face.flat)


def _face(inner: Inner, group: list[OnCell]) -> _Face:
    face = _Face(list(inner.delta))
    used = inner.value.free_symbols
    ranges = [c.ranges for c in group]
    at = 0
    for number, f in enumerate(inner.factors):
        cells = [c.cell[number] for c in group]
        own = inner.delta[at : at + f.size]
        box = [_hull([r[i] for r in ranges]) for i in range(at, at + f.size)]
        if isinstance(f, Points):
            if len({c[0] for c in cells}) > 1:
                raise Rejected("a group of cells has several points of a finite set")
            face.delta[at : at + f.size] = f.points[cells[0][0]]
        elif isinstance(f, Line):
            ends = {end for c in cells for end in c}
            if ends in ({0}, {1}):
                face.delta[at] = f.hi if 1 in ends else f.lo
            else:
                _free(face, own[0], box[0], used)
        elif isinstance(f, Simplices):
            _simplex(face, f, cells, own, box, at)
        else:
            assert isinstance(f, Ball)
            if any(c[2] for c in cells):
                raise Rejected("a group of cells lies on a sphere, where no top can be checked")
            for s, r in zip(own, box, strict=True):
                _free(face, s, r, used)
        at += f.size
    return face


def _free(face: _Face, symbol: Any, box: Range, used: set[Any]) -> None:
    if symbol in used:
        face.free.append(symbol)
        face.box.append(box)
    else:
        face.flat.append(symbol)


def _simplex(
    face: _Face, f: Simplices, cells: list[Any], own: Sequence[Any], box: list[Range], at: int
) -> None:
    support = [j for j in range(f.count) if any(v[j] > 0 for c in cells for v in c[0])]
    if f.c is None:
        # The last entry in use is what the others leave.
        *free, last = support
        for j in range(f.count):
            face.delta[at + j] = own[j] if j in free else sympy.Integer(0)
        face.delta[at + last] = 1 - sympy.Add(*(own[j] for j in free))
        face.free += [own[j] for j in free]
        face.box += [box[j] for j in free]
        return
    if support == [0]:
        face.delta[at : at + f.size] = f.c
        return
    moves = [j for j in support if j]
    # Only the signs of what is not 0 matter.
    signs = {tuple(c[1][j - 1] for j in moves) for c in cells}
    if len(signs) > 1:
        raise Rejected("a group of cells lies in several orthants")
    sign_of = dict(zip(moves, signs.pop(), strict=True))
    free = moves if 0 in support else moves[:-1]
    for j in range(1, f.count):
        face.delta[at + j - 1] = own[j - 1] if j in free else f.c[j - 1]
    if 0 not in support:
        last = moves[-1]
        rest = f.radius - sympy.Add(*(sign_of[j] * (own[j - 1] - f.c[j - 1]) for j in free))
        face.delta[at + last - 1] = f.c[last - 1] + sign_of[last] * rest
    face.free += [own[j - 1] for j in free]
    face.box += [box[j - 1] for j in free]


def _hull(ranges: Sequence[Range]) -> Range:
    lo, hi = ranges[0]
    for a, b in ranges[1:]:
        lo, hi = lo.min(a), hi.max(b)
    return lo, hi


def _strictly_concave(local: Any, slopes: list[Any], free: list[Any], box: list[Range]) -> None:
    """Check that the Hessian is negative definite over a box: the pivots of -H are positive."""
    k = len(free)
    program = Program([local, *(-sympy.diff(g, s) for g in slopes for s in free)], free)
    values = program.on(program.bind({}), box)
    if not all(program.defined(i, values) for i in range(1 + k * k)):
        raise Rejected("g is not smooth on all of a group of cells")
    M = [[program.value(1 + i * k + j, values) for j in range(k)] for i in range(k)]
    for p in range(k):
        if not M[p][p][0] > 0:
            raise Rejected("g is not seen to be strictly concave on a group of cells")
        inverse = (1 / M[p][p][1], 1 / M[p][p][0])
        for i in range(p + 1, k):
            factor = mul(M[i][p], inverse)
            for j in range(p + 1, k):
                M[i][j] = sub(M[i][j], mul(factor, M[p][j]))


def _shown(point: Point) -> str:
    return ", ".join(str(c)[:40] for c in point)
