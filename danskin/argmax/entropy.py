"""Maximizers of affine functions plus multiples of ``x log x`` (Appendix A), exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from danskin.argmax.polynomial import is_affine, polynomial_terms
from danskin.argmax.univariate import best_points, maximize_polynomial
from danskin.exact import compare, exact_max, sign
from danskin.expression import xlogx
from danskin.sets import Box, CompactSet, FiniteSet, Hull, Simplex, unit_vector

__all__ = ["entropy_terms", "maximize_on_interval", "maximize_on_simplex"]


def entropy_terms(
    expr: sympy.Expr, symbols: Sequence[sympy.Symbol]
) -> tuple[list[sympy.Expr], list[sympy.Expr]] | None:
    """Split ``sum k_i x_i log x_i + <c, x> + constant`` into (k, c), or None."""
    stand_in = {xlogx(s): sympy.Dummy(s.name) for s in symbols}
    replaced: Any = expr.xreplace(stand_in)
    terms = polynomial_terms(replaced, [*symbols, *stand_in.values()])
    if terms is None or not is_affine(terms):
        return None
    n = len(symbols)
    slopes: list[sympy.Expr] = [sympy.Integer(0)] * (2 * n)
    for powers, c in terms.items():
        if any(powers):
            slopes[powers.index(1)] = c
    return slopes[n:], slopes[:n]


def maximize_on_interval(
    k: sympy.Expr, slope: sympy.Expr, interval: Box
) -> list[CompactSet] | None:
    """Return the argmax of ``k x log x + slope x`` on an interval of the half-line.

    Convex for k > 0, so only the endpoints can maximise; concave for k < 0, with its stationary
    point at ``exp(-slope/k - 1)``.
    """
    (lo,), (hi,) = interval.exact_lo, interval.exact_hi
    which, left = sign(k), sign(lo)
    if which is None or left not in (0, 1):
        return None
    if which == 0:
        return maximize_polynomial({} if sign(slope) == 0 else {1: slope}, interval)
    candidates = [lo, hi]
    if which < 0:
        top = sympy.exp(-slope / k - 1)
        below, above = compare(top, lo), compare(top, hi)
        if below is None or above is None:
            return None
        candidates = [lo if below <= 0 else hi if above >= 0 else top]
    return best_points(candidates, [k * _xlogx(x) + slope * x for x in candidates])


def _xlogx(x: sympy.Expr) -> sympy.Expr:
    return sympy.Integer(0) if sign(x) == 0 else x * sympy.log(x)


def maximize_on_simplex(
    k: Sequence[sympy.Expr], c: Sequence[sympy.Expr], simplex: Simplex
) -> list[CompactSet] | None:
    """Return the argmax of ``sum k_i x_i log x_i + <c, x>`` on the simplex.

    All k >= 0: convex, so the maximum is the largest c_i; a face of tied vertices belongs to the
    argmax exactly where its k vanish, since a positive k makes the function strictly convex in
    its coordinate. All k equal and negative: strictly concave, the softmax of ``-c/k``.
    """
    signs = [sign(x) for x in k]
    if any(s is None for s in signs):
        return None
    if all(s != -1 for s in signs):
        best = exact_max(c)
        if best is None:
            return None
        flat = [unit_vector(simplex.dim, i) for i in best[1] if signs[i] == 0]
        curved = [unit_vector(simplex.dim, i) for i in best[1] if signs[i] == 1]
        pieces: list[CompactSet] = [FiniteSet([v]) for v in curved]
        if flat:
            whole = len(flat) == simplex.dim
            pieces.append(FiniteSet(flat) if len(flat) == 1 else simplex if whole else Hull(flat))
        return pieces
    if all(s == -1 for s in signs) and all(sign(x - k[0]) == 0 for x in k):
        powers = [sympy.exp(-x / k[0]) for x in c]
        total = sympy.Add(*powers)
        return [FiniteSet([[p / total for p in powers]])]
    return None
