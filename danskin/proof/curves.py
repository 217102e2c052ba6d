"""Exact points of curved argmax sets: some coordinates at simple numbers, the others solved for.

Where S* is a circle, or any set without isolated points, no maximizer is the zero of equations in
all coordinates. But with d of them fixed, d its dimension, the others are roots of polynomials in
one unknown, one after another: of g's slopes, or of sums that stand in its formula. These are
guesses: that one is a maximizer is for `excess` to prove.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import flint
import sympy

from danskin.exact import sign, to_float
from danskin.exact.enclosure import enclose_at
from danskin.expression import substitute

__all__ = ["curve_points", "nearest_roots"]

#: Denominators of the coordinates that are fixed: for short numbers, then for a good rate.
_DENOMINATORS = (10, 1_000)
_MAX_DEGREE = 8
_MAX_NODES = 40
_MAX_FREE = 4
_BITS = 64
_PERIODIC = (sympy.sin, sympy.cos)

At = dict[Any, Any]


def curve_points(
    given: Any, slopes: Sequence[Any], free: Sequence[Any], middle: Sequence[float]
) -> Iterator[At]:
    """Yield exact values of the free symbols near floats `middle`, at critical points of g.

    Parameters
    ----------
    given : g at theta, in the free symbols
    slopes : equations beside those that stand in `given`
    free : symbols
    middle : floats, one a symbol
    """
    start = dict(zip(free, middle, strict=True))
    nodes = [*slopes, *_sums(given, start)]
    orders = itertools.permutations(free) if len(free) <= 3 else [free, free[::-1]]
    for order, largest in itertools.product(orders, _DENOMINATORS):
        yield from _solved(nodes, order, start, {}, largest)


def _solved(
    nodes: Sequence[Any], order: Sequence[Any], start: Mapping[Any, float], at: At, largest: int
) -> Iterator[At]:
    left = [s for s in order if s not in at]
    if not left:
        yield at
        return
    for s in reversed(left):
        roots = nearest_roots(nodes, s, at, start[s])
        if roots:
            for r in roots:
                yield from _solved(nodes, order, start, {**at, s: r}, largest)
            return
    if len(left) > 1:
        # Nothing tells any of them: the first is free to choose.
        simple = Fraction(start[left[0]]).limit_denominator(largest)
        fixed = sympy.Rational(simple.numerator, simple.denominator)
        yield from _solved(nodes, order, start, {**at, left[0]: fixed}, largest)


def nearest_roots(nodes: Sequence[Any], symbol: Any, at: At, near: float) -> list[Any]:
    """Return for each kind of equation in one symbol alone the root nearest to a float."""
    found: dict[Any, float] = {}
    for node in nodes:
        known = substitute(node, at, "delta") if node.free_symbols & at.keys() else node
        if known.free_symbols == {symbol} and known.is_polynomial(symbol):
            roots = {r: abs(to_float(r) - near) for r in _roots(known, symbol)}
            if roots:
                best = min(roots, key=roots.__getitem__)
                found[best] = roots[best]
        if len(found) >= 2:
            break
    return sorted(found, key=found.__getitem__)


def _roots(expr: Any, symbol: Any) -> list[Any]:
    """Return the real roots of a polynomial in one symbol, those that are within reach."""
    p = sympy.Poly(expr, symbol)
    if not 0 < p.degree() <= _MAX_DEGREE:
        return []
    if not all(c.is_Rational for c in p.all_coeffs()):
        return _by_radicals(p) if p.degree() <= 2 else []
    factors = [f for f, _ in p.factor_list()[1]]
    return [r for f in factors for r in (_by_radicals(f) if f.degree() <= 2 else f.real_roots())]


def _by_radicals(p: Any) -> list[Any]:
    if p.degree() == 1:
        a, b = p.all_coeffs()
        return [sympy.expand(-b / a)] if sign(a) in (-1, 1) else []
    a, b, c = p.all_coeffs()
    inside = sympy.expand(b**2 - 4 * a * c)
    if sign(a) not in (-1, 1) or sign(inside) not in (0, 1):
        return []
    return [sympy.expand((-b + s * sympy.sqrt(inside)) / (2 * a)) for s in (1, -1)]


def _sums(given: Any, start: Mapping[Any, float]) -> list[Any]:
    """Return the sums in a formula, and how far arguments of waves are from where these turn."""
    found: dict[Any, None] = {}
    for node in sympy.preorder_traversal(given):
        if isinstance(node, sympy.Add) and node.free_symbols & start.keys():
            found[node] = None
        if isinstance(node, _PERIODIC) and node.free_symbols <= start.keys():
            here = {s: flint.arb(start[s]) for s in node.free_symbols}
            turns = 2 * enclose_at(node.args[0], here, _BITS) / flint.arb.pi()
            if turns.is_finite():
                found[node.args[0] - round(float(turns.mid())) * sympy.pi / 2] = None
    # The shortest tell most.
    return sorted(found, key=lambda e: e.count_ops())[:_MAX_NODES]
