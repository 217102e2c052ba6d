"""Exact ties: points proved to be maximizers, in exact arithmetic.

Descent is an open condition and needs none of this. To prove that gamma does *not* descend at a
kink takes a point that is exactly a maximizer. Two arguments give one:

- a point of S whose exact value m reaches a proved upper bound of phi, or with ``g - m <= 0`` seen
  on all cells that remain (`curves` guesses some where S* has no isolated points);
- the cells that remain fall into clusters, and each cluster has one known exact point at which g
  is largest: a corner, or an exact zero of the gradient in a region where g is strictly concave
  (in the coordinates that are free there). Then S* consists of those points whose exact values are
  largest, ties included, and is known completely.

Candidates are guessed from many digits; every property used is then proved.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np
import sympy

from danskin.errors import DanskinError
from danskin.exact import compare, exact_max, sign, to_float
from danskin.exact.enclosure import enclose_at, working_precision
from danskin.expression import substitute
from danskin.expression.whitelist import require_real
from danskin.limits import time_limit
from danskin.proof import interval
from danskin.proof.boxes import Cells
from danskin.proof.cover import Cover
from danskin.proof.curves import curve_points, excess
from danskin.proof.elementary import DEFINED
from danskin.proof.evaluate import Tape, number_interval
from danskin.proof.factors import Interval, Points, RoundBall, Simplices
from danskin.proof.local import LocalProblem, is_defined
from danskin.proof.recognise import BITS, recognise

__all__ = [
    "Maximum",
    "exact_at",
    "float_bounds",
    "never_above",
    "nowhere_positive",
    "reach_ceiling",
    "resolve",
    "several_clusters",
]

Point = tuple[Any, ...]

_MAX_CLUSTERS = 64
_MAX_CELLS = 400
_NEWTON_STEPS = 40
_MAX_FLAT = 3
#: Points on curves: from how many cells, how many guesses for each, how many looked at exactly.
_TOP_ROWS, _MAX_TRIED, _MAX_CHECKED = 3, 24, 3
_CLOSE = 1e-6


@dataclass(frozen=True)
class Maximum:
    """Points proved to be maximizers.

    Attributes
    ----------
    points : exact points of S*
    value : exact number
        phi(theta).
    complete : bool
        Whether the largest rate over S* is the largest over these.
    all : bool
        Whether these are all maximizers. (Where g does not depend on a coordinate, S* is infinite,
        and these stand for it if the rate does not depend on it either.)
    how : str
        "ceiling": the points reach a proved upper bound of phi. "clusters": each cluster of what
        a cover has left has one known highest point.
    """

    points: tuple[Point, ...]
    value: Any
    complete: bool
    all: bool
    how: str


@dataclass(frozen=True)
class Excess:
    """A form of ``g - m`` plus multiples of what is at least 0 on S, nowhere seen above 0.

    Attributes
    ----------
    form : sympy.Expr
    multipliers : tuple of (factor of S, orthant, number >= 0)
    """

    form: Any
    multipliers: tuple[tuple[int, int, Any], ...]


def exact_at(expr: Any, symbols: Sequence[sympy.Symbol], point: Point) -> Any:
    """Return an expression at an exact point."""
    at = dict(zip(symbols, point, strict=True))
    return require_real(substitute(expr, at, "delta"), "delta")


def resolve(cover: Cover, seconds: float) -> Maximum | None:
    """Look for all maximizers, or else for some, among what a cover has left.

    Returns
    -------
    Maximum or None
        None where nothing could be proved within the time.
    """
    if not (cover.defined and math.isfinite(cover.ceiling)):
        return None
    # A complete answer is worth more than a single maximizer.
    return _guarded(_by_clusters, cover, seconds) or reach_ceiling(cover, seconds)


def reach_ceiling(cover: Cover, seconds: float) -> Maximum | None:
    """Look for points whose exact value is a proved upper bound of phi: the cheaper question."""
    if not (cover.defined and math.isfinite(cover.ceiling)):
        return None
    return _guarded(_reaching_the_ceiling, cover, seconds)


def _guarded(
    method: Callable[[Cover], Maximum | None], cover: Cover, seconds: float
) -> Maximum | None:
    """Take a failure for no answer: what is found here is proved or not used."""
    try:
        with time_limit(max(seconds, 0.01), "deciding ties"):
            return method(cover)
    except (DanskinError, ArithmeticError, RecursionError, NotImplementedError, ValueError):
        return None


# --- points that reach the upper bound ---------------------------------------------------------


def _reaching_the_ceiling(cover: Cover) -> Maximum | None:
    ceiling = sympy.Rational(*cover.ceiling.as_integer_ratio())
    problem, ranges = cover.problem, cover.ranges
    # The likeliest refutations first: largest rates.
    order = np.argsort(-ranges.rate[1], kind="stable")
    rows = dict.fromkeys([*order[:4], *order[-2:], int(np.argmax(ranges.value[1]))])
    points = [] if cover.best is None else [cover.best]
    points += [cover.space.exact(cover.cells, int(r)) for r in rows]
    points += _at_roots(cover)
    # As given, factors that vanish there are seen to; written out, they would have to be proved to.
    given = problem.f.at(problem.theta)
    good = []
    for p in dict.fromkeys(points):
        value = exact_at(given, problem.symbols, p)
        if compare(value, ceiling) in (0, 1):
            good.append(p)
    if good:
        best = exact_max([exact_at(problem.rate, problem.symbols, p) for p in good])
        if best is not None and sign(best[0]) == 1:
            return Maximum(tuple(good), ceiling, False, False, "ceiling")
    for p in _on_curves(cover, [int(r) for r in order[:_TOP_ROWS]]):
        value = exact_at(given, problem.symbols, p)
        if compare(value, ceiling) in (0, 1):
            good.insert(0, p)
            break
        if never_above(cover, value, p) is not None:
            return Maximum((p,), value, False, False, "ceiling")
    return Maximum(tuple(good), ceiling, False, False, "ceiling") if good else None


def _at_roots(cover: Cover) -> list[Point]:
    """Return points of S in the cells where linear factors of g vanish: guesses that g offers."""
    problem = cover.problem
    if len(cover.cells) > _MAX_CELLS:
        return []
    expr = problem.f.at(problem.theta)
    found: list[Point] = []
    for rows in _clusters(cover)[:_MAX_CLUSTERS]:
        chart = _chart(problem, cover.cells.take(rows))
        if chart is None or not chart.free:
            continue
        at: dict[Any, Any] = {}
        # A factor may give one coordinate once another is known.
        for _ in chart.free:
            for symbol, span in zip(chart.free, chart.ranges, strict=True):
                if symbol not in at:
                    inside = [r for r in _linear_roots(expr, symbol, at) if _within(r, span)]
                    if inside:
                        at[symbol] = inside[0]
        if len(at) < len(chart.free):
            continue
        if chart.holds(at):
            found.append(chart.point(at))
    return found


def _on_curves(cover: Cover, rows: Sequence[int]) -> list[Point]:
    """Return points of S near cells whose value is near the upper bound, largest rates first."""
    problem = cover.problem
    given = problem.f.at(problem.theta)
    tried: dict[Point, float] = {}
    for row in rows:
        chart = _chart(problem, cover.cells.take(np.array([row])), spheres=True)
        if chart is None or not chart.free:
            continue
        put = dict(zip(problem.symbols, chart.delta, strict=True))
        local, written = given.xreplace(put), problem.value.xreplace(put)
        slopes = [sympy.diff(written, s) for s in chart.free]
        middle = [float(r[1, 0] - r[0, 0]) / 2 for r in chart.ranges]
        equations = chart.surface or slopes
        for at in itertools.islice(curve_points(local, equations, chart.free, middle), _MAX_TRIED):
            if not chart.holds(at):
                continue
            for point in chart.points(at):
                value = to_float(exact_at(given, problem.symbols, point))
                if value < cover.floor - _CLOSE * (1 + abs(cover.ceiling)):
                    break
                tried[point] = to_float(exact_at(problem.rate, problem.symbols, point))
    best = sorted(tried, key=tried.__getitem__, reverse=True)
    return best[:_MAX_CHECKED]


def never_above(cover: Cover, value: Any, point: Point) -> Excess | None:
    """Return a form of ``g - value`` that is seen to be at most 0 on all cells, or None.

    Where the point lies on a sphere or a face of a ball, multiples of what is at least 0 in the
    ball are added, as first-order conditions at the point suggest.
    """
    problem = cover.problem
    given = problem.f.at(problem.theta)
    for find in (list, lambda: _multipliers(problem, point)):
        found: list[Any] = find()
        lift = sympy.Add(*(c * slack for *_, c, slack in found))
        for form in excess(given + lift, problem.value + lift, value, problem.symbols):
            if nowhere_positive(form, problem, cover.cells).all():
                return Excess(form, tuple((n, piece, c) for n, piece, c, _ in found))
    return None


def _multipliers(problem: LocalProblem, point: Point) -> list[tuple[int, int, Any, Any]]:
    """Return for each ball the point is on the edge of: its number, orthant, multiplier, slack."""
    found: list[tuple[int, int, Any, Any]] = []
    for n, (f, where) in enumerate(zip(problem.space.factors, problem.space.slices, strict=True)):
        if not isinstance(f, RoundBall | Simplices) or f.exact_center is None:
            continue
        center, radius = f.exact_center, f.exact_radius
        own = problem.symbols[where]
        moved = [x - c for x, c in zip(point[where], center, strict=True)]
        slopes = [exact_at(problem.slopes[i], problem.symbols, point) for i in range(*_ends(where))]
        if isinstance(f, RoundBall):
            piece, size = 0, sympy.Add(*(g * m for g, m in zip(slopes, moved, strict=True)))
            multiplier = sympy.expand(size / (2 * radius**2))
            squares = ((s - c) ** 2 for s, c in zip(own, center, strict=True))
            slack = radius**2 - sympy.Add(*squares)
        else:
            signs = [
                -1 if (sign(m) or sign(g)) == -1 else 1 for m, g in zip(moved, slopes, strict=True)
            ]
            piece = int("".join("0" if s > 0 else "1" for s in signs), 2)
            best = exact_max([s * g for s, g in zip(signs, slopes, strict=True)])
            multiplier = sympy.Integer(0) if best is None else best[0]
            triples = zip(signs, own, center, strict=True)
            slack = radius - sympy.Add(*(s * (x - c) for s, x, c in triples))
        if sign(exact_at(slack, problem.symbols, point)) == 0 and sign(multiplier) == 1:
            found.append((n, piece, multiplier, slack))
    return found


def _ends(where: slice) -> tuple[int, int]:
    return where.start, where.stop


def nowhere_positive(form: Any, problem: LocalProblem, cells: Cells) -> np.ndarray:
    """Return on which cells an expression in delta is seen to be at most 0, (N,)."""
    count = len(cells)
    out = Tape([form], problem.symbols)(problem.space.enclose(cells), count)[0]
    return is_defined(out, count) & (out[0][1] <= 0)


def _linear_roots(expr: Any, symbol: Any, at: dict[Any, Any]) -> list[Any]:
    """Return the zeros in `symbol` of the sums in an expression that are linear in it alone."""
    roots: list[Any] = []
    for node in sympy.preorder_traversal(expr):
        if not isinstance(node, sympy.Add) or symbol not in node.free_symbols:
            continue
        known = substitute(node, at, "delta") if node.free_symbols & at.keys() else node
        if known.free_symbols != {symbol}:
            continue
        slope = sympy.diff(known, symbol)
        if not slope.free_symbols and sign(slope) in (-1, 1):
            root = -substitute(known, {symbol: sympy.Integer(0)}, "delta") / slope
            roots.append(sympy.expand(root))
    return list(dict.fromkeys(roots))


def _within(number: Any, span: np.ndarray) -> bool:
    around = number_interval(number)
    return bool(-span[0, 0] <= -around[0, 0] and around[1, 0] <= span[1, 0])


# --- clusters ----------------------------------------------------------------------------------


def _by_clusters(cover: Cover) -> Maximum | None:
    if len(cover.cells) > _MAX_CELLS:
        return None
    clusters = _clusters(cover)
    if len(clusters) > _MAX_CLUSTERS:
        return None
    tops: list[tuple[Any, list[Point], bool, bool]] = []
    for rows in clusters:
        top = _top_of(cover.problem, cover.cells.take(rows))
        if top is None:
            return None
        tops.append(top)
    best = exact_max([top[0] for top in tops])
    if best is None:
        return None
    points = [p for i in best[1] for p in tops[i][1]]
    complete = all(tops[i][2] for i in best[1])
    isolated = all(tops[i][3] for i in best[1])
    return Maximum(tuple(dict.fromkeys(points)), best[0], complete, isolated, "clusters")


def several_clusters(cover: Cover) -> bool:
    """Whether what a cover has left falls into two clusters or more, and not many cells."""
    return 2 <= len(cover.cells) <= _MAX_CELLS and len(_clusters(cover)) >= 2


def _clusters(cover: Cover) -> list[np.ndarray]:
    """Group cells whose ranges touch, and which share their points of finite sets."""
    n = len(cover.cells)
    ranges = np.array(cover.space.enclose(cover.cells))  # (k, 2, n)
    lo, hi = -ranges[:, 0], ranges[:, 1]
    touch: np.ndarray = np.all(
        (lo[:, :, None] <= hi[:, None, :]) & (lo[:, None, :] <= hi[:, :, None]), axis=0
    )
    for part in cover.cells.parts:
        if "index" in part:
            touch &= part["index"][:, None] == part["index"][None, :]
    label = -np.ones(n, dtype=int)
    count = 0
    for i in range(n):
        if label[i] >= 0:
            continue
        stack = [i]
        while stack:
            j = stack.pop()
            if label[j] < 0:
                label[j] = count
                stack += np.flatnonzero(touch[j] & (label < 0)).tolist()
        count += 1
    return [np.flatnonzero(label == c) for c in range(count)]


@dataclass
class _Chart:
    """Coordinates in which a cluster has an inside: delta as expressions in the free symbols."""

    delta: list[Any]
    free: list[sympy.Symbol]
    ranges: list[np.ndarray]
    #: Exact numbers that must be >= 0 for the point to lie in S, in the free symbols.
    inside: list[Any]
    flat: list[tuple[int, list[Any]]]
    #: What vanishes on the spheres that cells lie on.
    surface: list[Any] = field(default_factory=list)

    def holds(self, at: dict[Any, Any]) -> bool:
        """Whether the point lies in S."""
        return all(sign(_put_in(sympy.S(e), at)) in (0, 1) for e in self.inside)

    def point(self, at: dict[Any, Any]) -> Point:
        """Return delta."""
        return tuple(_put_in(sympy.S(d), at) for d in self.delta)

    def points(self, at: dict[Any, Any]) -> list[Point]:
        """Return delta for several values of the coordinates that g does not depend on."""
        found = [list(self.point(at))]
        for i, choices in self.flat[:_MAX_FLAT]:
            found = [[*p[:i], c, *p[i + 1 :]] for p in found for c in choices]
        return [tuple(p) for p in found]


def _chart(problem: LocalProblem, cells: Cells, spheres: bool = False) -> _Chart | None:
    space = problem.space
    chart = _Chart(list(problem.symbols), [], [], [], [])
    used = problem.value.free_symbols
    everything = space.enclose(cells)
    for f, part, where in zip(space.factors, cells.parts, space.slices, strict=True):
        own = list(problem.symbols[where])
        spans = [_span(everything[i]) for i in range(where.start, where.stop)]
        if isinstance(f, Interval):
            ok = _interval_chart(chart, f, part, own[0], spans[0], where.start, used)
        elif isinstance(f, Points):
            chart.delta[where] = list(f.exact(part, 0))
            ok = True
        elif isinstance(f, Simplices):
            ok = _simplex_chart(chart, f, part, own, spans, where)
        else:
            ok = _ball_chart(chart, f, part, own, spans, spheres)
        if not ok:
            return None
    return chart


def _span(column: np.ndarray) -> np.ndarray:
    return column.max(axis=1, keepdims=True)


def _interval_chart(
    chart: _Chart, f: Any, part: Any, symbol: Any, span: np.ndarray, at: int, used: set[Any]
) -> bool:
    for end in (0.0, 1.0):
        if (part["lo"] == end).all() and (part["hi"] == end).all():
            chart.delta[at] = f.at_exactly(end)
            return True
    high = f.lo + f.width
    if symbol not in used:
        chart.flat.append((at, [f.lo, high, (f.lo + high) / 2]))
        chart.delta[at] = f.lo
        return True
    chart.free.append(symbol)
    chart.ranges.append(span)
    chart.inside += [symbol - f.lo, high - symbol]
    return True


def _simplex_chart(
    chart: _Chart, f: Any, part: Any, own: list[Any], spans: list[np.ndarray], where: slice
) -> bool:
    X = part["X"]
    support = np.flatnonzero((X > 0).any(axis=(0, 1)))
    if len(support) == 1:
        if f.exact_center is not None and support[0] and np.ptp(part["signs"][:, support[0] - 1]):
            # Opposite corners of a ball so small that their ranges touch.
            return False
        one = {k: v[:1] for k, v in part.items()}
        chart.delta[where] = list(f.exact(one, 0))
        return True
    if f.exact_center is not None:
        # Inside the 1-norm ball, away from the coordinate planes, all coordinates are free.
        if 0 not in support or not (part["signs"] == part["signs"][0]).all():
            return False
        signs = [int(s) for s in part["signs"][0]]
        for i, (s, symbol) in enumerate(zip(signs, own, strict=True)):
            if i + 1 in support:
                chart.free.append(symbol)
                chart.ranges.append(spans[i])
                chart.inside.append(s * (symbol - f.exact_center[i]))
            else:
                chart.delta[where.start + i] = f.exact_center[i]
        taken = [
            s * (chart.delta[where.start + i] - f.exact_center[i]) for i, s in enumerate(signs)
        ]
        chart.inside.append(f.exact_radius - sympy.Add(*taken))
        return True
    pivot = int(support[-1])
    for i, symbol in enumerate(own):
        if i not in support:
            chart.delta[where.start + i] = sympy.Integer(0)
        elif i != pivot:
            chart.free.append(symbol)
            chart.ranges.append(spans[i])
            chart.inside.append(symbol)
    rest = 1 - sympy.Add(*(own[i] for i in support if i != pivot))
    chart.delta[where.start + pivot] = rest
    chart.inside.append(rest)
    return True


def _ball_chart(
    chart: _Chart, f: Any, part: Any, own: list[Any], spans: list[np.ndarray], spheres: bool
) -> bool:
    if part["sphere"].any() and not spheres:
        return False
    chart.free += own
    chart.ranges += spans
    moved = [s - c for s, c in zip(own, f.exact_center, strict=True)]
    chart.inside.append(f.exact_radius**2 - sympy.Add(*(m**2 for m in moved)))
    if part["sphere"].any():
        chart.surface.append(chart.inside[-1])
    return True


def _top_of(problem: LocalProblem, cells: Cells) -> tuple[Any, list[Point], bool, bool] | None:
    """Return the largest value over a cluster and points that attain it.

    And whether the rate over all points that attain it is known from these, and whether they are
    all.
    """
    chart = _chart(problem, cells)
    if chart is None:
        return None
    local = problem.value.xreplace(dict(zip(problem.symbols, chart.delta, strict=True)))
    values: list[Any] = []
    if chart.free:
        found = _critical_point(local, chart)
        if found is None:
            return None
        values = found
    at = dict(zip(chart.free, values, strict=True))
    points = chart.points(at)
    complete = True
    if chart.flat:
        # g does not depend on these coordinates: any value of theirs will do.
        complete = not any(problem.symbols[i] in problem.rate.free_symbols for i, _ in chart.flat)
    value = exact_at(problem.value, problem.symbols, points[0])
    return value, points, complete, not chart.flat


def _critical_point(local: Any, chart: _Chart) -> list[Any] | None:
    """Return the exact point where g is largest over the cluster's region, proved."""
    free = chart.free
    slopes = [sympy.diff(local, s) for s in free]
    bends = [[sympy.diff(g, s) for s in free] for g in slopes]
    if not _strictly_concave(local, bends, chart):
        return None
    start = [flint.arb(float(r[1, 0] - r[0, 0]) / 2) for r in chart.ranges]
    digits = _newton(slopes, bends, free, start)
    if digits is None:
        return None
    values = [_named(x, local, s) or recognise(x) for x, s in zip(digits, free, strict=True)]
    if any(v is None for v in values):
        return None
    at = dict(zip(free, values, strict=True))
    # The guess must be a critical point, in the region, and in S: each decided exactly.
    if any(sign(_put_in(g, at)) != 0 for g in slopes):
        return None
    for v, r in zip(values, chart.ranges, strict=True):
        around = number_interval(v)
        lo, hi = -r[0, 0], r[1, 0]
        if not (lo <= -around[0, 0] and around[1, 0] <= hi):
            return None
    return values if chart.holds(at) else None


def _named(digits: Any, local: Any, symbol: Any) -> Any:
    """Return the zero of a linear factor that agrees with the digits, if there is one."""
    for root in _linear_roots(local, symbol, {}):
        with working_precision(BITS):
            if abs(enclose_at(root, {}, BITS) - digits) < flint.arb(2) ** -(BITS - 100):
                return root
    return None


def _put_in(expr: Any, at: dict[Any, Any]) -> Any:
    return require_real(substitute(sympy.S(expr), at, "delta"), "delta")


def _newton(
    slopes: list[Any], bends: list[list[Any]], free: list[Any], x: list[Any]
) -> list[Any] | None:
    """Newton's method on the gradient at `BITS` bits, in midpoints (a guess needs no rigour)."""
    with working_precision(BITS):
        return _newton_steps(slopes, bends, free, x)


def _newton_steps(
    slopes: list[Any], bends: list[list[Any]], free: list[Any], x: list[Any]
) -> list[Any] | None:
    small = flint.arb(2) ** -(BITS - 40)
    for _ in range(_NEWTON_STEPS):
        at = dict(zip(free, x, strict=True))
        g = flint.arb_mat([[enclose_at(e, at, BITS)] for e in slopes])
        H = flint.arb_mat([[enclose_at(e, at, BITS) for e in row] for row in bends])
        step = H.solve(g)
        moved = [step[i, 0].mid() for i in range(len(x))]
        if not all(m.is_finite() for m in moved):
            return None
        x = [(a - m).mid() for a, m in zip(x, moved, strict=True)]
        if all(abs(m) < small for m in moved):
            return x
    return None


def _strictly_concave(local: Any, bends: list[list[Any]], chart: _Chart) -> bool:
    """Whether the Hessian is negative definite on the whole region: pivots of -H all positive."""
    k = len(chart.free)
    flat = [-bends[i][j] for i in range(k) for j in range(k)]
    out = Tape([local, *flat], chart.free)(chart.ranges, 1)
    if any(level is not None and (level < DEFINED).any() for _, level in out):
        return False
    M = [[out[1 + i * k + j][0] for j in range(k)] for i in range(k)]
    with np.errstate(all="ignore"):
        for p in range(k):
            if not (M[p][p][0] < 0).all():
                return False
            inverse = interval.reciprocal(M[p][p])
            for i in range(p + 1, k):
                factor = interval.mul(M[i][p], inverse)
                for j in range(p + 1, k):
                    M[i][j] = interval.sub(M[i][j], interval.mul(factor, M[p][j]))
    return True


def float_bounds(number: Any) -> tuple[float, float]:
    """Return floats around an exact number."""
    around = number_interval(number)
    return float(-around[0, 0]), float(around[1, 0])
