"""Cells of S: how they are cut, when a part of one can hold no maximizer, where a point lies.

Cells have exact dyadic coordinates: s in [0, 1] for ``lo + (hi - lo) s``; s in [-1, 1]^k for a
ball ``c + r s``; vertices in barycentric coordinates for a simplex, and for a ball of the 1-norm
one simplex an orthant, ``c_i + r sign_i x_(i+1)`` with the slack x_0. What may be cut off rests on
one fact: at a maximizer no direction that is feasible *there* has a positive derivative of g.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flint
import sympy

from danskin.exact import sign
from danskin.proof.checker.enclosing import Range, add, mul, sub, thin
from danskin.proof.checker.reading import Rejected, integer, items, number, numbers

__all__ = ["Factor", "factors_of"]

#: Encloses dg/d(delta_i) over the cell, for the i-th coordinate of the factor.
Slopes = Callable[[int], Range]

_MAX_DIM = 64
_MAX_PIECES = 20_000
_zero, _one, _two = flint.fmpq(0), flint.fmpq(1), flint.fmpq(2)


def _dyadic(x: Any) -> Any:
    return flint.arb(x)


class Factor(ABC):
    """One irreducible factor of S; its cells are tuples."""

    size: int

    @abstractmethod
    def start(self) -> list[Any]:
        """Return cells that cover the factor."""

    @abstractmethod
    def ranges(self, cell: Any) -> list[Range]:
        """Enclose delta's coordinates over a cell."""

    @abstractmethod
    def center(self, cell: Any) -> list[Range]:
        """Return a point of the ranges."""

    @abstractmethod
    def contains(self, point: Sequence[Any]) -> bool:
        """Whether an exact point lies in the factor."""

    def split(self, cell: Any, how: Sequence[Any]) -> tuple[Any, Any]:
        """Cut a cell in two at its middle."""
        raise Rejected("a single point is cut in two")

    def face(self, cell: Any, how: Sequence[Any], slopes: Slopes) -> Any:
        """Return the face that holds all maximizers of the cell, if it is seen to."""
        raise Rejected("a cell shrinks to a face that it does not have")

    def excluded(self, cell: Any, slopes: Slopes) -> bool:
        """Whether no maximizer is in the cell, by first-order conditions."""
        return False


class Line(Factor):
    """``lo + (hi - lo) s``; cells are (a, b)."""

    size = 1

    def __init__(self, lo: Any, hi: Any) -> None:
        self.lo, self.hi = lo, hi
        self._lo, self._hi, self._width = thin(lo), thin(hi), thin(hi - lo)

    def start(self) -> list[Any]:
        return [(_zero, _one)]

    def _at(self, s: Any) -> Range:
        if s == 0 or s == 1:
            return self._hi if s else self._lo
        return add(self._lo, mul(self._width, thin_dyadic(s)))

    def ranges(self, cell: Any) -> list[Range]:
        lo, hi = self._at(cell[0]), self._at(cell[1])
        return [lo if cell[0] == cell[1] else (lo[0], hi[1])]

    def center(self, cell: Any) -> list[Range]:
        return [self._at((cell[0] + cell[1]) / 2)]

    def contains(self, point: Sequence[Any]) -> bool:
        return sign(point[0] - self.lo) in (0, 1) and sign(self.hi - point[0]) in (0, 1)

    def split(self, cell: Any, how: Sequence[Any]) -> tuple[Any, Any]:
        a, b = cell
        if a == b:
            raise Rejected("a single point is cut in two")
        middle = (a + b) / 2
        return (a, middle), (middle, b)

    def face(self, cell: Any, how: Sequence[Any], slopes: Slopes) -> Any:
        a, b = cell
        if list(how) == ["up"] and b == 1 and slopes(0)[0] > 0:
            return (b, b)
        if list(how) == ["down"] and a == 0 and slopes(0)[1] < 0:
            return (a, a)
        raise Rejected("g is not seen to be strictly monotone towards the face a cell shrinks to")

    def excluded(self, cell: Any, slopes: Slopes) -> bool:
        a, b = cell
        return bool((b < 1 and slopes(0)[0] > 0) or (a > 0 and slopes(0)[1] < 0))


class Time(Line):
    """The step t: cut like an interval, but nothing is maximized over it."""

    def face(self, cell: Any, how: Sequence[Any], slopes: Slopes) -> Any:
        raise Rejected("the range of steps has no face")

    def excluded(self, cell: Any, slopes: Slopes) -> bool:
        return False


class Points(Factor):
    """Finitely many points; cells are (index,)."""

    def __init__(self, points: Sequence[tuple[Any, ...]]) -> None:
        self.points = list(points)
        self.size = len(self.points[0])
        self._ranges = [[thin(c) for c in p] for p in self.points]

    def start(self) -> list[Any]:
        return [(i,) for i in range(len(self.points))]

    def ranges(self, cell: Any) -> list[Range]:
        return self._ranges[cell[0]]

    def center(self, cell: Any) -> list[Range]:
        return self._ranges[cell[0]]

    def contains(self, point: Sequence[Any]) -> bool:
        return any(
            all(sign(a - b) == 0 for a, b in zip(point, p, strict=True)) for p in self.points
        )


class Simplices(Factor):
    """The simplex, or a ball of the 1-norm; cells are (vertices, signs or None)."""

    def __init__(self, count: int, center: Sequence[Any] | None = None, radius: Any = 1) -> None:
        self.count, self.c, self.radius = count, center, radius
        self.size = count if center is None else count - 1
        self._pairs = list(itertools.combinations(range(count), 2))
        if center is not None:
            self._c, self._r = [thin(x) for x in center], thin(radius)

    def start(self) -> list[Any]:
        corners = tuple(
            tuple(flint.fmpq(int(i == j)) for j in range(self.count)) for i in range(self.count)
        )
        if self.c is None:
            return [(corners, None)]
        return [(corners, s) for s in itertools.product((1, -1), repeat=self.size)]

    def _delta(self, x: Sequence[Range], signs: Any) -> list[Range]:
        if self.c is None:
            return list(x)
        flipped = [r if s > 0 else (-r[1], -r[0]) for r, s in zip(x[1:], signs, strict=True)]
        return [add(c, mul(self._r, r)) for c, r in zip(self._c, flipped, strict=True)]

    def ranges(self, cell: Any) -> list[Range]:
        X, signs = cell
        columns = list(zip(*X, strict=True))
        return self._delta([(_dyadic(min(v)), _dyadic(max(v))) for v in columns], signs)

    def center(self, cell: Any) -> list[Range]:
        X, signs = cell
        widths = [max(abs(p - q) for p, q in zip(X[a], X[b], strict=True)) for a, b in self._pairs]
        if not widths:
            return self.ranges(cell)
        a, b = self._pairs[widths.index(max(widths))]
        middle = [(p + q) / 2 for p, q in zip(X[a], X[b], strict=True)]
        return self._delta([thin_dyadic(m) for m in middle], signs)

    def contains(self, point: Sequence[Any]) -> bool:
        if self.c is None:
            return sign(sympy.Add(*point) - 1) == 0 and all(sign(x) in (0, 1) for x in point)
        moved = [x - c for x, c in zip(point, self.c, strict=True)]
        signs = [sign(m) for m in moved]
        if None in signs:
            return False
        used = sympy.Add(*(s * m for s, m in zip(signs, moved, strict=True)))
        return sign(self.radius - used) in (0, 1)

    def split(self, cell: Any, how: Sequence[Any]) -> tuple[Any, Any]:
        X, signs = cell
        if len(how) != 2:
            raise Rejected("a simplex is cut along something that is not an edge")
        a, b = (X[integer(v, "vertex", self.count)] for v in how)
        if a == b:
            raise Rejected("a simplex is cut along an edge without length")
        middle = tuple((p + q) / 2 for p, q in zip(a, b, strict=True))
        # Repeated vertices move together.
        left = tuple(middle if v == b else v for v in X)
        return (left, signs), (tuple(middle if v == a else v for v in X), signs)

    def _allowed(self, cell: Any, slopes: Slopes) -> list[bool]:
        """Return which vertices can carry weight at a maximizer."""
        X, signs = cell
        d = [slopes(i) for i in range(self.size)]
        if signs is not None:
            # By r > 0 and the signs; g does not depend on the slack.
            d = [r if s > 0 else (-r[1], -r[0]) for r, s in zip(d, signs, strict=True)]
            d.insert(0, thin_dyadic(_zero))
        # Where moving weight from j to i pays all over the cell, x_j = 0 at every maximizer.
        empty = [
            any(d[i][0] - d[j][1] > 0 for i in range(self.count) if i != j)
            for j in range(self.count)
        ]
        return [not any(e and x > 0 for e, x in zip(empty, v, strict=True)) for v in X]

    def face(self, cell: Any, how: Sequence[Any], slopes: Slopes) -> Any:
        X, signs = cell
        keep = {integer(v, "vertex", self.count) for v in how}
        if not keep:
            raise Rejected("a simplex shrinks to nothing")
        allowed = self._allowed(cell, slopes)
        if any(allowed[i] and i not in keep for i in range(self.count)):
            raise Rejected("a vertex that may carry weight is cut off a simplex")
        first = X[min(keep)]
        return tuple(v if i in keep else first for i, v in enumerate(X)), signs

    def excluded(self, cell: Any, slopes: Slopes) -> bool:
        return not any(self._allowed(cell, slopes))


class Ball(Factor):
    """``c + r s`` with ``|s| <= 1``; cells are (low, high, whether only on the sphere)."""

    def __init__(self, center: Sequence[Any], radius: Any) -> None:
        self.size = len(center)
        self.c, self.radius = center, radius
        self._c, self._r = [thin(x) for x in center], thin(radius)

    def start(self) -> list[Any]:
        return [((-_one,) * self.size, (_one,) * self.size, False)]

    def _delta(self, s: Sequence[Range]) -> list[Range]:
        return [add(c, mul(self._r, x)) for c, x in zip(self._c, s, strict=True)]

    @staticmethod
    def _ranges(cell: Any) -> list[Range]:
        return [(_dyadic(a), _dyadic(b)) for a, b in zip(cell[0], cell[1], strict=True)]

    def ranges(self, cell: Any) -> list[Range]:
        return self._delta(self._ranges(cell))

    def center(self, cell: Any) -> list[Range]:
        pairs = zip(cell[0], cell[1], strict=True)
        return self._delta([thin_dyadic((a + b) / 2) for a, b in pairs])

    def contains(self, point: Sequence[Any]) -> bool:
        squares = ((x - c) ** 2 for x, c in zip(point, self.c, strict=True))
        return sign(self.radius**2 - sympy.expand(sympy.Add(*squares))) in (0, 1)

    def split(self, cell: Any, how: Sequence[Any]) -> tuple[Any, Any]:
        if len(how) != 1:
            raise Rejected("a box of a ball is cut along something that is not a coordinate")
        i = integer(how[0], "axis", self.size)
        lo, hi, sphere = cell
        middle = (lo[i] + hi[i]) / 2
        if lo[i] == hi[i]:
            raise Rejected("a box is cut along a coordinate without width")
        return (lo, (*hi[:i], middle, *hi[i + 1 :]), sphere), (
            (*lo[:i], middle, *lo[i + 1 :]),
            hi,
            sphere,
        )

    def _norm(self, cell: Any) -> tuple[Any, Any]:
        """Return the least and the largest of ``|s|**2`` over the box, exactly."""
        least, most = _zero, _zero
        for a, b in zip(cell[0], cell[1], strict=True):
            least += _zero if a <= 0 <= b else min(a * a, b * b)
            most += max(a * a, b * b)
        return least, most

    def _steep(self, slopes: Slopes) -> bool:
        return any(slopes(i)[0] > 0 or slopes(i)[1] < 0 for i in range(self.size))

    def face(self, cell: Any, how: Sequence[Any], slopes: Slopes) -> Any:
        if list(how) != ["sphere"] or not self._steep(slopes):
            raise Rejected("the inside of a ball is cut off where the gradient may be 0")
        return (cell[0], cell[1], True)

    def excluded(self, cell: Any, slopes: Slopes) -> bool:
        least, most = self._norm(cell)
        if least > 1 or (cell[2] and most < 1):
            return True
        steep = self._steep(slopes)
        if steep and most < 1:
            return True
        if not (steep or cell[2]):
            return False
        # On the sphere, moving to the centre is feasible, with derivative -<d, s>; and turning in
        # the plane (i, j) is, both ways, with derivative s_i d_j - s_j d_i.
        s = self._ranges(cell)
        d = [slopes(i) for i in range(self.size)]
        outward = mul(s[0], d[0])
        for i in range(1, self.size):
            outward = add(outward, mul(s[i], d[i]))
        if outward[1] < 0:
            return True
        for i, j in itertools.combinations(range(self.size), 2):
            turn = sub(mul(s[i], d[j]), mul(s[j], d[i]))
            if turn[0] > 0 or turn[1] < 0:
                return True
        return False


def thin_dyadic(x: Any) -> Range:
    """Return the range of one dyadic rational."""
    ball = flint.arb(x)
    return (ball, ball)


# --- from the file -------------------------------------------------------------------------------


def factors_of(data: Any, depth: int = 0) -> list[Factor]:
    """Return the irreducible factors of a set, from its plain data, in order."""
    if not isinstance(data, Mapping) or len(data) != 1:
        raise Rejected("a set is not one of box, simplex, ball, points, product")
    ((kind, value),) = data.items()
    if kind == "product":
        if depth > 8:
            raise Rejected("products are nested too deep")
        return [
            f for part in items(value, "product", _MAX_DIM) for f in factors_of(part, depth + 1)
        ]
    if kind == "box":
        lines = [_line(*numbers(r, "box", 2)) for r in items(value, "box", _MAX_DIM)]
        if all(isinstance(f, Points) for f in lines):
            # A box that is a point is one factor.
            return [Points([tuple(f.points[0][0] for f in lines if isinstance(f, Points))])]
        return lines
    if kind == "points":
        return [_points(value)]
    if kind == "simplex":
        count = integer(value, "simplex", _MAX_DIM + 1)
        if count < 1:
            raise Rejected("a simplex has no coordinates")
        return [Points([(sympy.Integer(1),)])] if count == 1 else [Simplices(count)]
    if kind == "ball":
        return _ball(value)
    raise Rejected(f"a set of the kind {kind[:20]!r} is not known here")


def _line(lo: Any, hi: Any) -> Factor:
    which = sign(hi - lo)
    if which not in (0, 1):
        raise Rejected("an interval is empty")
    return Line(lo, hi) if which else Points([(lo,)])


def _points(value: Any) -> Factor:
    rows = [numbers(p, "points") for p in items(value, "points", _MAX_PIECES)]
    if not rows or not rows[0] or len({len(r) for r in rows}) > 1:
        raise Rejected("a finite set is empty, or its points have different lengths")
    return Points(list(dict.fromkeys(rows)))


def _ball(value: Any) -> list[Factor]:
    if not isinstance(value, Mapping) or set(value) != {"center", "radius", "norm"}:
        raise Rejected("a ball needs center, radius and norm, and nothing else")
    center = numbers(value["center"], "center")
    radius = number(value["radius"], "radius")
    norm = value["norm"]
    if not center:
        raise Rejected("a ball has no coordinates")
    which = sign(radius)
    if which not in (0, 1) or norm not in (1, 2, "inf") or isinstance(norm, bool):
        raise Rejected("a ball has no such radius or norm")
    if which == 0:
        return [Points([center])]
    if norm == "inf" or len(center) == 1:
        return [Line(c - radius, c + radius) for c in center]
    if norm == 2:
        return [Ball(center, radius)]
    if len(center) > 8:
        raise Rejected("a ball of the 1-norm has too many orthants")
    return [Simplices(len(center) + 1, center, radius)]
