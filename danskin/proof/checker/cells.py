"""Cells of S: how they are cut, when a part of one can hold no maximizer, where a point lies.

A factor of S is a Euclidean ball, cut into boxes, or a union of *pieces*: simplices

    ``delta_i = c_i + r s_i x_j``,    x in the standard simplex,  s_i in {-1, 0, 1},

where every delta_i has an x_j of its own, and in most of them x_0 is left over. So are intervals
(x_0 and x_1), finite sets (points, all s_i = 0), the orthants of a ball of the 1-norm, and, without
an x_0, the standard simplex. Corners of cells are exact rationals. What may be cut off rests on one
fact: at a maximizer no direction that is feasible *there* has a positive derivative of g.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flint
import sympy

from danskin.exact import sign
from danskin.proof.checker.intervals import ZERO, Range, add, between, mul, negative, sub, thin
from danskin.proof.checker.reading import Rejected, integer, items, keys, number, numbers

__all__ = ["Ball", "Factor", "Pieces", "factors_of"]

#: Encloses dg/d(delta_i) over the cell, for the i-th coordinate of the factor.
Slopes = Callable[[int], Range]

_MAX_DIM = 64
_MAX_PIECES = 20_000
_0, _1 = flint.fmpq(0), flint.fmpq(1)


class Pieces:
    """Simplices with corners x of their own; cells are (number of the piece, corners).

    Parameters
    ----------
    pieces : list of (c, s)
    radius : exact number > 0
    count : how many coordinates x has
    spare : whether x_0 belongs to no delta_i
    """

    def __init__(self, pieces: Sequence[Any], radius: Any, count: int, spare: bool = True) -> None:
        self.pieces, self.radius, self.count, self.spare = pieces, radius, count, int(spare)
        self.size = len(pieces[0][0])
        self._r = thin(radius)
        self._c: dict[int, list[Range]] = {}
        self._pairs = list(itertools.combinations(range(count), 2))

    @property
    def middle(self) -> list[Any] | None:
        """The point about which reflections take the factor to itself, if there is one."""
        (c, _), *others = self.pieces
        if not self.spare or self.count == 1:
            return None
        return list(c) if others else [c[0] + self.radius / 2]

    def start(self) -> list[Any]:
        """Return cells that cover the factor."""
        corners = tuple(
            tuple(_1 if i == j else _0 for j in range(self.count)) for i in range(self.count)
        )
        return [(n, corners) for n in range(len(self.pieces))]

    def _delta(self, number: int, x: Sequence[Range]) -> list[Range]:
        if not self.spare:
            return list(x)
        c, signs = self.pieces[number]
        if number not in self._c:
            self._c[number] = [thin(v) for v in c]
        found = list(self._c[number])
        for i, s in enumerate(signs):
            if s:
                moved = mul(self._r, x[i + 1])
                found[i] = add(found[i], moved if s > 0 else negative(moved))
        return found

    def ranges(self, cell: Any) -> list[Range]:
        """Enclose delta's coordinates over a cell."""
        number, X = cell
        ends = ((min(column), max(column)) for column in zip(*X, strict=True))
        return self._delta(number, [between(a, b) for a, b in ends])

    def center(self, cell: Any) -> list[Range]:
        """Return a point of the cell: the middle of its longest edge."""
        number, X = cell
        widths = [max(abs(p - q) for p, q in zip(X[a], X[b], strict=True)) for a, b in self._pairs]
        a, b = self._pairs[widths.index(max(widths))] if widths else (0, 0)
        middle = [(p + q) / 2 for p, q in zip(X[a], X[b], strict=True)]
        return self._delta(number, [thin(m) for m in middle])

    def _weights(self, number: int, point: Sequence[Any]) -> list[Any] | None:
        """Return the signs of the x of an exact point, None outside of the piece."""
        c, signs = self.pieces[number]
        moved = [p - q for p, q in zip(point, c, strict=True)]
        if any(s == 0 and sign(m) != 0 for m, s in zip(moved, signs, strict=True)):
            return None
        used = [s * m for m, s in zip(moved, signs, strict=True) if s]
        found = [sign(self.radius - sympy.Add(*used)), *map(sign, used)]
        # Without a spare x_0 the others have to add up to 1.
        inside = all(x in (0, 1) for x in found) and (self.spare or found[0] == 0)
        return found[1 - self.spare :] if inside else None

    def contains(self, point: Sequence[Any]) -> bool:
        """Whether an exact point lies in the factor."""
        return any(self._weights(n, point) is not None for n in range(len(self.pieces)))

    def slack(self, own: Sequence[Any], piece: Any) -> Any:
        """Return what is at least 0 on all of the factor: x_0 by r of one of its pieces."""
        c, signs = self.pieces[integer(piece, "piece", len(self.pieces))]
        return self.radius - sympy.Add(
            *(s * (x - a) for s, x, a in zip(signs, own, c, strict=True))
        )

    def split(self, cell: Any, how: Sequence[Any]) -> tuple[Any, Any]:
        """Cut a cell in two at the middle of an edge."""
        n, X = cell
        if len(how) != 2:
            raise Rejected("a simplex is cut along something that is not an edge")
        a, b = (X[integer(v, "corner", self.count)] for v in how)
        if a == b:
            raise Rejected("a simplex is cut along an edge without length")
        middle = tuple((p + q) / 2 for p, q in zip(a, b, strict=True))
        # Corners that have become one move together.
        return (n, tuple(middle if v == b else v for v in X)), (
            n,
            tuple(middle if v == a else v for v in X),
        )

    def _allowed(self, cell: Any, slopes: Slopes) -> list[bool]:
        """Return which corners can carry weight at a maximizer."""
        n, X = cell
        if self.count == 1:
            return [True]
        # dg/dx_j by r > 0.
        _, signs = self.pieces[n]
        d = [ZERO] * self.spare
        d += [slopes(i) if s > 0 else negative(slopes(i)) for i, s in enumerate(signs)]
        # Where moving weight from j to i pays all over the cell, x_j = 0 at every maximizer.
        empty = [
            any(d[i][0] - d[j][1] > 0 for i in range(self.count) if i != j)
            for j in range(self.count)
        ]
        return [not any(e and x > 0 for e, x in zip(empty, v, strict=True)) for v in X]

    def face(self, cell: Any, how: Sequence[Any], slopes: Slopes) -> Any:
        """Return the face that holds all maximizers of the cell, if it is seen to."""
        n, X = cell
        keep = {integer(v, "corner", self.count) for v in how}
        allowed = self._allowed(cell, slopes)
        if not keep or any(ok and i not in keep for i, ok in enumerate(allowed)):
            raise Rejected("a cell shrinks to a face, and a maximizer may be outside of it")
        return n, tuple(v if i in keep else X[min(keep)] for i, v in enumerate(X))

    def excluded(self, cell: Any, slopes: Slopes) -> bool:
        """Whether no maximizer is in the cell, by first-order conditions."""
        return not any(self._allowed(cell, slopes))

    def chart(
        self, cell: Any, own: Sequence[Any], point: Sequence[Any]
    ) -> tuple[list[Any], list[int]]:
        """Return delta on the least face with a cell and a point, and its free coordinates."""
        n, X = cell
        c, signs = self.pieces[n]
        weights = self._weights(n, point)
        if weights is None:
            raise Rejected("a top is not seen to lie in the piece of S that its cells are of")
        support = [j for j in range(self.count) if weights[j] or any(v[j] > 0 for v in X)]
        moves = [j - self.spare for j in support if j >= self.spare]
        delta, whole = list(c), bool(self.spare and support[0] == 0)
        free = moves if whole else moves[:-1]
        for i in free:
            delta[i] = own[i]
        if not whole:
            # The last coordinate is what the others leave.
            p = moves[-1]
            used = (signs[i] * (own[i] - c[i]) for i in free)
            delta[p] = c[p] + signs[p] * (self.radius - sympy.Add(*used))
        return delta, free


class Ball:
    """``c + r s`` with ``|s| <= 1``; cells are (low, high, whether only on the sphere)."""

    def __init__(self, center: Sequence[Any], radius: Any) -> None:
        self.size, self.middle, self.radius = len(center), list(center), radius
        self._c, self._r = [thin(x) for x in center], thin(radius)

    def start(self) -> list[Any]:
        """Return a cell that covers the ball."""
        return [((-_1,) * self.size, (_1,) * self.size, False)]

    def _delta(self, s: Sequence[Range]) -> list[Range]:
        return [add(c, mul(self._r, x)) for c, x in zip(self._c, s, strict=True)]

    @staticmethod
    def _box(cell: Any) -> list[Range]:
        return [between(a, b) for a, b in zip(cell[0], cell[1], strict=True)]

    def ranges(self, cell: Any) -> list[Range]:
        """Enclose delta's coordinates over a cell."""
        return self._delta(self._box(cell))

    def center(self, cell: Any) -> list[Range]:
        """Return a point of the box."""
        pairs = zip(cell[0], cell[1], strict=True)
        return self._delta([thin((a + b) / 2) for a, b in pairs])

    def contains(self, point: Sequence[Any]) -> bool:
        """Whether an exact point lies in the ball."""
        return sign(sympy.expand(self.slack(point, 0))) in (0, 1)

    def slack(self, own: Sequence[Any], piece: Any) -> Any:
        """Return what is at least 0 in the ball, which is one piece."""
        integer(piece, "piece", 1)
        squares = ((x - c) ** 2 for x, c in zip(own, self.middle, strict=True))
        return self.radius**2 - sympy.Add(*squares)

    def split(self, cell: Any, how: Sequence[Any]) -> tuple[Any, Any]:
        """Cut a box in two along a coordinate."""
        lo, hi, sphere = cell
        if len(how) != 1:
            raise Rejected("a box of a ball is cut along something that is not a coordinate")
        i = integer(how[0], "coordinate", self.size)
        if lo[i] == hi[i]:
            raise Rejected("a box is cut along a coordinate without width")
        middle = ((lo[i] + hi[i]) / 2,)
        return (lo, hi[:i] + middle + hi[i + 1 :], sphere), (
            lo[:i] + middle + lo[i + 1 :],
            hi,
            sphere,
        )

    def _steep(self, slopes: Slopes) -> bool:
        return any(slopes(i)[0] > 0 or slopes(i)[1] < 0 for i in range(self.size))

    def face(self, cell: Any, how: Sequence[Any], slopes: Slopes) -> Any:
        """Return the part on the sphere, where the gradient is nowhere 0."""
        if list(how) != ["sphere"] or not self._steep(slopes):
            raise Rejected("a cell shrinks to a face, and a maximizer may be outside of it")
        return (cell[0], cell[1], True)

    def excluded(self, cell: Any, slopes: Slopes) -> bool:
        """Whether no maximizer is in the cell, by first-order conditions."""
        # The least and the largest of |s|^2 over the box, exactly.
        pairs = list(zip(cell[0], cell[1], strict=True))
        least = sum((_0 if a <= 0 <= b else min(a * a, b * b) for a, b in pairs), _0)
        most = sum((max(a * a, b * b) for a, b in pairs), _0)
        if least > 1 or (cell[2] and most < 1):
            return True
        steep = self._steep(slopes)
        if steep and most < 1:
            return True
        if not (steep or cell[2]):
            return False
        # On the sphere, moving to the centre is feasible, with derivative -<d, s>; and turning in
        # the plane (i, j) is, both ways, with derivative s_i d_j - s_j d_i.
        s, d = self._box(cell), [slopes(i) for i in range(self.size)]
        outward = ZERO
        for x, slope in zip(s, d, strict=True):
            outward = add(outward, mul(x, slope))
        if outward[1] < 0:
            return True
        turns = (
            sub(mul(s[i], d[j]), mul(s[j], d[i]))
            for i, j in itertools.combinations(range(self.size), 2)
        )
        return any(t[0] > 0 or t[1] < 0 for t in turns)

    def chart(
        self, cell: Any, own: Sequence[Any], point: Sequence[Any]
    ) -> tuple[list[Any], list[int]]:
        """Return delta, all of whose coordinates are free inside the ball."""
        if cell[2]:
            raise Rejected("a cell lies on a sphere, where no top can be checked")
        return list(own), list(range(self.size))


Factor = Pieces | Ball


def _points(points: Sequence[Any]) -> Pieces:
    return Pieces([(p, (0,) * len(p)) for p in points], sympy.Integer(1), 1)


def _line(lo: Any, hi: Any) -> Factor:
    which = sign(hi - lo)
    if which not in (0, 1):
        raise Rejected("an interval is empty")
    return Pieces([((lo,), (1,))], hi - lo, 2) if which else _points([(lo,)])


def factors_of(data: Any, names: Mapping[str, Any], depth: int = 0) -> list[Factor]:
    """Return the irreducible factors of a set, from its plain data, in order."""
    if not isinstance(data, Mapping) or len(data) != 1:
        raise Rejected("a set is not one of box, simplex, ball, points, product")
    ((kind, value),) = data.items()
    if kind == "product" and depth < 8:
        parts = items(value, "product", _MAX_DIM)
        return [f for part in parts for f in factors_of(part, names, depth + 1)]
    if kind == "box":
        ends = [numbers(r, "box", names, 2) for r in items(value, "box", _MAX_DIM)]
        if ends and all(sign(hi - lo) == 0 for lo, hi in ends):
            # A box that is a point is one factor.
            return [_points([tuple(lo for lo, _ in ends)])]
        return [_line(lo, hi) for lo, hi in ends]
    if kind == "points":
        rows = [numbers(p, "points", names) for p in items(value, "points", _MAX_PIECES)]
        if not rows or not rows[0] or len({len(r) for r in rows}) > 1:
            raise Rejected("a finite set is empty, or its points have different lengths")
        return [_points(list(dict.fromkeys(rows)))]
    if kind == "simplex":
        count = integer(value, "simplex", _MAX_DIM + 1)
        if count < 1:
            raise Rejected("a simplex has no coordinates")
        one, zero = sympy.Integer(1), sympy.Integer(0)
        if count == 1:
            return [_points([(one,)])]
        return [Pieces([((zero,) * count, (1,) * count)], one, count, spare=False)]
    if kind == "ball":
        center, radius, norm = keys(value, "center radius norm", "a ball")
        return _ball(numbers(center, "center", names), number(radius, "radius", names), norm)
    raise Rejected(f"a set of the kind {str(kind)[:20]!r} is not known here")


def _ball(center: Any, radius: Any, norm: Any) -> list[Factor]:
    which = sign(radius)
    if not center or which not in (0, 1) or norm not in (1, 2, "inf") or isinstance(norm, bool):
        raise Rejected("a ball has no such center, radius or norm")
    if which == 0:
        return [_points([center])]
    if norm == "inf" or len(center) == 1:
        return [_line(c - radius, c + radius) for c in center]
    if norm == 2:
        return [Ball(center, radius)]
    if len(center) > 8:
        raise Rejected("a ball of the 1-norm has too many orthants")
    orthants = itertools.product((1, -1), repeat=len(center))
    return [Pieces([(center, s) for s in orthants], radius, len(center) + 1)]
