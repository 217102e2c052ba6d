"""Exact global maximizers for the classes where they can be proved, by taking the set apart.

The domain is flattened into factors (coordinates of boxes, simplices, balls, finite sets) and the
function into blocks of factors that no additive term couples; a maximum of a sum over a product
is attained blockwise. Each block must then belong to a solved class:

- affine on any factor (`linear`);
- a polynomial (`univariate`), or ``k x log x`` plus an affine term (`entropy`), on an interval;
- affine plus entropy terms on a simplex (`entropy`);
- any function on finitely many points;
- a strictly monotone function of something in these classes (`monotone`);
- affine in each polytope factor separately, or convex on polytopes (`faces`): attained at
  vertices, and on the faces that they span as far as that is proved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from danskin.argmax.entropy import entropy_terms, maximize_on_interval, maximize_on_simplex
from danskin.argmax.faces import maximize_convex, maximize_multi_affine
from danskin.argmax.linear import linear_face
from danskin.argmax.monotone import monotone_inner
from danskin.argmax.polynomial import Terms, is_affine, polynomial_terms, written_out
from danskin.argmax.univariate import maximize_polynomial
from danskin.errors import ExpressionError
from danskin.exact import exact_max
from danskin.expression import substitute
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Interval, Product, Simplex, unit_vector

__all__ = ["exact_argmax"]

_MAX_PIECES = 4096


@dataclass(frozen=True)
class _Factor:
    """One irreducible part of the domain, with the symbols of its coordinates."""

    set: CompactSet
    symbols: tuple[sympy.Symbol, ...]


#: Factors by number.
_Factors = dict[int, _Factor]
#: One convex piece of a block's argmax set: a set for each of its factors, by factor number.
_Piece = dict[int, CompactSet]


def exact_argmax(
    expr: sympy.Expr, symbols: Sequence[sympy.Symbol], domain: CompactSet
) -> list[CompactSet] | None:
    """Return the whole argmax set as exact pieces: points (`FiniteSet` of one) and faces.

    Returns
    -------
    list of CompactSet, or None
        None where the function is outside the classes above or a comparison stays undecided.
        `expr` has the same value on every piece.
    """
    factors = dict(enumerate(_flatten(domain, tuple(symbols))))
    pieces = _solve(expr, factors)
    if pieces is None:
        return None
    return [_assemble([p[i] for i in factors], domain) for p in pieces]


def _flatten(domain: CompactSet, symbols: tuple[sympy.Symbol, ...]) -> list[_Factor]:
    if isinstance(domain, Product):
        parts = zip(domain.sets, domain.slices, strict=True)
        return [f for s, w in parts for f in _flatten(s, symbols[w])]
    if isinstance(domain, Ball) and (domain.norm == math.inf or domain.dim == 1):
        domain = domain.as_box()
    if isinstance(domain, Box):
        ranges = zip(domain.exact_lo, domain.exact_hi, symbols, strict=True)
        return [_Factor(Interval(a, b), (s,)) for a, b, s in ranges]
    return [_Factor(domain, symbols)]


def _solve(expr: Any, factors: _Factors) -> list[_Piece] | None:
    """Solve block by block; the argmax set is the product of the blocks'."""
    fixed = {i: f for i, f in factors.items() if f.set.is_point()}
    for f in fixed.values():
        at = dict(zip(f.symbols, f.set.exact_point(), strict=True))
        expr = substitute(expr, at, "delta")
    pieces: list[_Piece] = [{i: FiniteSet([f.set.exact_point()]) for i, f in fixed.items()}]
    free = {i: f for i, f in factors.items() if i not in fixed}
    for members, part in _blocks(expr, free):
        found = _solve_block(part, {i: free[i] for i in members})
        if found is None or len(found) * len(pieces) > _MAX_PIECES:
            return None
        pieces = [{**p, **q} for p in pieces for q in found]
    return pieces


def _blocks(expr: Any, factors: _Factors) -> list[tuple[list[int], sympy.Expr]]:
    """Group the additive terms into blocks of factors; a block holds its own terms only."""
    owner = {s: i for i, f in factors.items() for s in f.symbols}
    terms: Any = sympy.Add.make_args(expr)
    groups = _components(terms, owner, factors)
    if any(len(g) > 1 for g in groups):
        # Written out, more terms may separate; only then is the written-out form worth keeping.
        polynomial = polynomial_terms(expr, list(owner))
        if polynomial is None:
            spread: Any = sympy.Add.make_args(written_out(expr))
        else:
            spread = tuple(
                c * sympy.Mul(*(s**e for s, e in zip(owner, powers, strict=True)))
                for powers, c in polynomial.items()
            )
        finer = _components(spread, owner, factors)
        if len(finer) > len(groups):
            terms, groups = spread, finer
    blocks = []
    for group in groups:
        own = [t for t in terms if {owner[s] for s in t.free_symbols if s in owner} & set(group)]
        blocks.append((group, sympy.Add(*own)))
    return blocks


def _components(
    terms: Sequence[Any], owner: dict[sympy.Symbol, int], factors: _Factors
) -> list[list[int]]:
    parent = {i: i for i in factors}

    def find(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for term in terms:
        used = sorted({owner[s] for s in term.free_symbols if s in owner})
        for other in used[1:]:
            parent[find(other)] = find(used[0])
    groups: dict[int, list[int]] = {}
    for i in factors:
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())


def _solve_block(expr: Any, factors: _Factors) -> list[_Piece] | None:
    symbols = [s for f in factors.values() for s in f.symbols]
    finite = next((i for i, f in factors.items() if isinstance(f.set, FiniteSet)), None)
    if finite is not None:
        return _split_finite(expr, factors, finite)
    terms = polynomial_terms(expr, symbols)
    if not expr.free_symbols & set(symbols) or (terms is not None and not any(map(any, terms))):
        return [{i: f.set for i, f in factors.items()}]
    if terms is not None and is_affine(terms):
        faces = {i: linear_face(_slopes(terms, symbols, f), f.set) for i, f in factors.items()}
        return None if any(f is None for f in faces.values()) else [faces]  # type: ignore[list-item]
    if len(factors) == 1:
        ((number, factor),) = factors.items()
        single = _solve_single(expr, terms, factor)
        if single is not None:
            return [{number: piece} for piece in single]
    sets, names = [f.set for f in factors.values()], [f.symbols for f in factors.values()]
    found = None
    if len(factors) > 1 and terms is not None:
        found = maximize_multi_affine(expr, terms, sets, names)
    if found is None:
        found = maximize_convex(expr, sets, names)
    if found is None:
        inner = monotone_inner(expr, symbols, lambda h: _least(h, factors))
        return None if inner is None else _solve(inner, factors)
    return [dict(zip(factors, piece, strict=True)) for piece in found]


def _least(expr: Any, factors: _Factors) -> sympy.Expr | None:
    """Return the least value over the factors, exactly, or None."""
    pieces = _solve(-expr, factors)
    if not pieces:
        return None
    at = {
        s: x
        for i, piece in pieces[0].items()
        for s, x in zip(factors[i].symbols, piece.exact_point(), strict=True)
    }
    return substitute(expr, at, "delta")


def _solve_single(
    expr: sympy.Expr, terms: Terms | None, factor: _Factor
) -> list[CompactSet] | None:
    """Solve on one interval or simplex."""
    if isinstance(factor.set, Box):
        if terms is not None:
            return maximize_polynomial({p[0]: c for p, c in terms.items()}, factor.set)
        split = entropy_terms(expr, factor.symbols)
        return None if split is None else maximize_on_interval(split[0][0], split[1][0], factor.set)
    if not isinstance(factor.set, Simplex):
        return None
    if factor.set.dim == 2:
        # (1 - x, x) for x in [0, 1]: an interval.
        x = factor.symbols[1]
        line = _Factor(Interval(0, 1), (x,))
        found = _solve_block(expr.xreplace({factor.symbols[0]: 1 - x}), {0: line})
        if found is not None:
            return [_lift(piece[0], factor.set) for piece in found]
    split = entropy_terms(expr, factor.symbols)
    return None if split is None else maximize_on_simplex(*split, factor.set)


def _lift(piece: CompactSet, simplex: Simplex) -> CompactSet:
    if isinstance(piece, FiniteSet):
        return FiniteSet([[1 - p[0], p[0]] for p in piece.exact_points])
    return simplex


def _slopes(terms: Terms, symbols: Sequence[sympy.Symbol], factor: _Factor) -> list[sympy.Expr]:
    slopes = []
    for s in factor.symbols:
        powers = unit_vector(len(symbols), list(symbols).index(s))
        slopes.append(terms.get(tuple(int(p) for p in powers), sympy.Integer(0)))
    return slopes


def _split_finite(expr: Any, factors: _Factors, number: int) -> list[_Piece] | None:
    """Solve the block once for each point of a finite factor, and keep the best."""
    factor = factors[number]
    others = {i: f for i, f in factors.items() if i != number}
    candidates: list[tuple[sympy.Expr, list[_Piece]]] = []
    for point in factor.set.exact_points:  # type: ignore[attr-defined]
        fixed = substitute(expr, dict(zip(factor.symbols, point, strict=True)), "delta")
        found = _solve(fixed, others)
        if found is None:
            return None
        here = {number: FiniteSet([point])}
        values = {
            s: x
            for i, piece in found[0].items()
            for s, x in zip(others[i].symbols, piece.exact_point(), strict=True)
        }
        candidates.append((substitute(fixed, values, "delta"), [{**p, **here} for p in found]))
    best = exact_max([value for value, _ in candidates])
    return None if best is None else [p for i in best[1] for p in candidates[i][1]]


def _assemble(pieces: list[CompactSet], domain: CompactSet) -> CompactSet:
    """Join one set per factor into one set in the domain's coordinates."""
    if all(p.is_point() for p in pieces):
        return FiniteSet([tuple(c for p in pieces for c in p.exact_point())])
    if isinstance(domain, Product):
        taken, joined = 0, []
        for part in domain.sets:
            size = 0
            start = taken
            while size < part.dim:
                size += pieces[taken].dim
                taken += 1
            joined.append(_assemble(pieces[start:taken], part))
        return Product(*joined)
    if len(pieces) == 1:
        return pieces[0]
    lo, hi = [], []
    for p in pieces:
        if isinstance(p, Box):
            lo.append(p.exact_lo[0])
            hi.append(p.exact_hi[0])
        elif p.is_point():
            lo.append(p.exact_point()[0])
            hi.append(p.exact_point()[0])
        else:
            raise ExpressionError("domain", f"cannot join {p!r}", "Report this set.")
    return Box(lo, hi)
