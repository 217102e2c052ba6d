"""Exact points of S: which are maximizers, what they say of the derivative, and symmetries.

A cell that is open may have a *top*, an exact point of S at which g is at least as large as
anywhere on the cell: both lie in one face of S, in coordinates in which g is constant, or strictly
concave over a box around the cell and the top, where its gradient vanishes exactly. If all open
cells have tops, the maximum is the largest of the tops' exact values. Else a point is a maximizer
if its exact value m reaches a bound of g over all cells, or if g - m, written in a form that may
show it better (the *excess*, with multiples added of what is at least 0 on S), is nowhere above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from danskin.exact import exact_max, sign
from danskin.proof.checker.cells import Pieces
from danskin.proof.checker.intervals import inverse, mul, sub, thin
from danskin.proof.checker.program import Program
from danskin.proof.checker.reading import Rejected, integer, items, number, numbers, text
from danskin.proof.checker.sample import Cell, Sample

__all__ = ["Known", "known_points", "sum_of_gradients", "symmetries"]

_MAX_POINTS = 512


@dataclass(frozen=True)
class Known:
    """Points proved to be maximizers.

    Attributes
    ----------
    points : exact points
    rate : exact number
        The largest rate at these and at the tops that are maximizers.
    complete : bool
        Whether that is the largest rate over all maximizers.
    """

    points: list[tuple[Any, ...]]
    rate: Any
    complete: bool


def _largest(values: Sequence[Any]) -> tuple[Any, list[int]]:
    best = exact_max(values)
    if best is None:
        raise Rejected("which of some exact numbers is largest could not be decided")
    return best


def _read(sample: Sample, data: Any, what: str) -> list[tuple[Any, ...]]:
    names, dim = sample.problem.names, len(sample.delta)
    points = [numbers(p, what, names, dim) for p in items(data, what, _MAX_POINTS)]
    if not points or not all(sample.contains(p) for p in points):
        raise Rejected("a point said to be a maximizer is not seen to be in S")
    return points


def known_points(
    sample: Sample,
    data: Any,
    tops: Any,
    open_cells: Sequence[tuple[Any, Cell]],
    ceiling: Any,
    excess: Any,
) -> Known:
    """Check that points are maximizers; `open_cells` come with the numbers of their tops."""
    points = _read(sample, data, "points")
    if tops is None:
        if excess is not None:
            ceiling = sample.at(sample.value, points[0])
            told, *more = items(excess, "excess")
            lifted = sympy.Add(sample.value - ceiling, *(_multiple(sample, m) for m in more))
            program = Program(
                sample.written(text(told, "excess"), lifted, "the excess"), sample.delta
            )
            base = program.bind({})
            for _, cell in open_cells:
                values = program.on(base, cell.ranges)
                if not (program.defined(0, values) and program.value(0, values)[1] <= 0):
                    raise Rejected("g is not seen to be nowhere above its value at the points")
        elif ceiling is None:
            raise Rejected("there is no upper bound that a maximizer could reach")
        for p in points:
            if sign(sample.at(sample.value, p) - ceiling) not in (0, 1):
                raise Rejected(f"({_shown(p)}) is said to be a maximizer, and g is below its bound")
        rates = [sample.at(sample.rate, p) for p in points]
        return Known(points, _largest(rates)[0], False)
    tops = _read(sample, tops, "tops")
    lone = [True] * len(tops)
    for number_of, cell in open_cells:
        n = integer(number_of, "the top of a cell", len(tops))
        lone[n] &= _is_top(sample, cell, tops[n])
    value, best = _largest([sample.at(sample.value, p) for p in tops])
    for p in points:
        if sign(sample.at(sample.value, p) - value) != 0:
            raise Rejected(f"({_shown(p)}) is said to be a maximizer and is not")
    rates = [sample.at(sample.rate, p) for p in [*points, *(tops[i] for i in best)]]
    return Known(points, _largest(rates)[0], all(lone[i] for i in best))


def _multiple(sample: Sample, told: Any) -> Any:
    """Return a multiple of what is at least 0 in a factor of S; it may be added to g - m."""
    entries = items(told, "multiplier", 3)
    if len(entries) != 3:
        raise Rejected("a multiplier is not a factor, a piece and a number")
    n = integer(entries[0], "factor", len(sample.factors))
    own, f = list(sample.blocks(sample.factors))[n]
    times = number(entries[2], "multiplier", sample.problem.names)
    if sign(times) not in (0, 1):
        raise Rejected("a multiplier is not seen to be at least 0")
    return times * f.slack(own, entries[1])


@dataclass
class _Face:
    """A face of S: the free coordinates that g depends on, and the Hessian of -g."""

    free: list[Any]
    slopes: list[Any]
    program: Program
    #: Its outputs: the Hessian of -g.
    second: list[list[int]]
    #: Whether the rate depends on no other free coordinate.
    lone: bool

    @classmethod
    def of(cls, sample: Sample, delta: list[Any], free: list[Any]) -> _Face:
        put = dict(zip(sample.delta, delta, strict=True))
        local, rate = sample.value.xreplace(put), sample.rate.xreplace(put)
        used = [s for s in free if s in local.free_symbols]
        slopes = [sympy.diff(local, s) for s in used]
        program = Program(-local, used)
        first = [program.differentiate(0, {s: 1}) for s in used]
        second = [[program.differentiate(i, {s: 1}) for s in used] for i in first]
        lone = not any(s in rate.free_symbols for s in free if s not in used)
        return cls(used, slopes, program, second, lone)


def _is_top(sample: Sample, cell: Cell, top: tuple[Any, ...]) -> bool:
    """Check that g is nowhere on a cell above its value at `top`.

    Returns
    -------
    bool
        Whether at every point of the cell where g is as large, the rate is the same as at the top.
    """
    delta: list[Any] = []
    free: list[Any] = []
    at = dict(zip(sample.delta, top, strict=True))
    for (own, f), part in zip(sample.blocks(sample.factors), cell.parts, strict=True):
        on_face, moves = f.chart(part, own, [at[s] for s in own])
        delta += on_face
        free += [own[i] for i in moves]
    key = (tuple(delta), tuple(free))
    if key not in sample.faces:
        sample.faces[key] = _Face.of(sample, delta, free)
    face = sample.faces[key]
    if (key, top) not in sample.faces:
        if any(sign(sample.at(slope, top)) != 0 for slope in face.slopes):
            raise Rejected(f"the gradient at ({_shown(top)}) is not 0")
        sample.faces[key, top] = True
    box = []
    for s, (lo, hi) in zip(sample.delta, cell.ranges, strict=True):
        if s in face.free:
            x = thin(at[s])[0]
            box.append((lo.min(x), hi.max(x)))
    _require_concave(face, box)
    return face.lone


def _require_concave(face: _Face, box: list[Any]) -> None:
    """Check that the Hessian of -g is positive definite over a box: its pivots are positive."""
    k, program = len(face.free), face.program
    values = program.on(program.bind({}), box)
    if not all(program.defined(i, values) for row in face.second for i in (0, *row)):
        raise Rejected("g is not smooth all around a cell with a top")
    M = [[program.value(i, values) for i in row] for row in face.second]
    for p in range(k):
        if not M[p][p][0] > 0:
            raise Rejected("g is not seen to be strictly concave around a cell with a top")
        for i in range(p + 1, k):
            factor = mul(M[i][p], inverse(M[p][p]))
            for j in range(p + 1, k):
                M[i][j] = sub(M[i][j], mul(factor, M[p][j]))


# --- the hull of the gradients -------------------------------------------------------------------


def sum_of_gradients(sample: Sample, known: Known | None, weights: Any) -> list[Any]:
    """Return a point of the hull of the gradients at known maximizers, exactly."""
    if known is None:
        raise Rejected("gradients are combined at points that are not known to be maximizers")
    found = numbers(weights, "weights", sample.problem.names, len(known.points))
    if not all(sign(w) in (0, 1) for w in found) or sign(sympy.Add(*found) - 1) != 0:
        raise Rejected("the weights of the gradients are not in a simplex")
    return [
        sympy.Add(*(w * sample.at(g, p) for w, p in zip(found, known.points, strict=True)))
        for g in sample.gradient
    ]


# --- symmetries ----------------------------------------------------------------------------------


def symmetries(sample: Sample, data: Any) -> list[Any]:
    """Return the rate after each of some maps that take S, and with it S*, to itself.

    A map is a signed permutation of the coordinates about the middle of S, told as one integer
    ``+-(1 + j)`` for each coordinate.
    """
    return [
        _image(sample, items(m, "symmetry", len(sample.delta))) for m in items(data, "maps", 64)
    ]


def _image(sample: Sample, told: list[Any]) -> Any:
    home: list[tuple[Any, Any, Any]] = []
    for number_of, f in enumerate(sample.factors):
        line = isinstance(f, Pieces) and f.count == 2 and f.size == 1
        for i in range(f.size):
            middle = None if f.middle is None else f.middle[i]
            # Intervals of one length may change places, other coordinates within their factor.
            home.append((("line", f.radius) if line else (number_of, None), middle, f))
    if len(told) != len(home) or any(isinstance(m, bool) or not isinstance(m, int) for m in told):
        raise Rejected("a symmetry is not one integer a coordinate")
    sources = [abs(m) - 1 for m in told]
    if sorted(sources) != list(range(len(home))):
        raise Rejected("a symmetry is no permutation")
    put = {}
    for i, (m, j) in enumerate(zip(told, sources, strict=True)):
        (kind, middle, f), (other, its, _) = home[i], home[j]
        if kind[0] != other[0] or (kind[1] is not None and sign(kind[1] - other[1]) != 0):
            raise Rejected("a symmetry takes a coordinate to a place of another kind")
        fixed = isinstance(f, Pieces) and f.count == 1
        if (fixed and m != i + 1) or (m < 0 and middle is None):
            raise Rejected("a symmetry moves or reflects what it may not")
        moved = sample.delta[j] if middle is None else sample.delta[j] - its
        put[sample.delta[i]] = moved if middle is None else middle + (moved if m > 0 else -moved)
    if not sample.equal(sample.value, sympy.S(sample.value).xreplace(put)):
        raise Rejected("g is not seen to stay the same under a symmetry")
    return sympy.S(sample.rate).xreplace(put)


def _shown(point: tuple[Any, ...]) -> str:
    return ", ".join(str(c)[:40] for c in point)
