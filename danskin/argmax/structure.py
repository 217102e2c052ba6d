"""Exact global maximizers for the classes where they can be proved, by taking the set apart.

The domain is flattened into factors (coordinates of boxes, simplices, balls, finite sets) and the
function into blocks of factors that no additive term couples; a maximum of a sum over a product
is attained blockwise. Each block must then belong to a solved class:

- affine on any factor (`linear`);
- a polynomial, or ``k x log x`` plus an affine term, on an interval (`univariate`);
- affine plus entropy terms on a simplex (below);
- any function on finitely many points;
- affine in each polytope factor separately (multi-affine): attained at vertices, and the argmax
  set is the union of the products of faces all of whose vertices attain it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from danskin.argmax.linear import linear_face
from danskin.argmax.polynomial import Terms, degree_in, is_affine, polynomial_terms
from danskin.argmax.univariate import maximize_entropy_term, maximize_polynomial
from danskin.errors import ExpressionError
from danskin.exact import exact_max, sign
from danskin.expression import xlogx
from danskin.sets import (
    Ball,
    Box,
    CompactSet,
    FiniteSet,
    Hull,
    Interval,
    Product,
    Simplex,
    unit_vector,
)

__all__ = ["exact_argmax"]

_MAX_PIECES = 4096
_MAX_VERTEX_TIES = 64


@dataclass(frozen=True)
class _Factor:
    """One irreducible part of the domain, with the symbols of its coordinates."""

    set: CompactSet
    symbols: tuple[sympy.Symbol, ...]


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
    if isinstance(domain, FiniteSet):
        return _on_points(expr, symbols, domain)
    if isinstance(domain, Ball) and domain.dim == 1:
        domain = domain.as_box()
    factors = _flatten(domain, tuple(symbols))
    owner = {s: i for i, f in enumerate(factors) for s in f.symbols}
    pieces: list[_Piece] = [{}]
    blocks = _blocks(expr, owner, len(factors))
    for members, part in blocks:
        found = _solve_block(part, {i: factors[i] for i in members})
        if found is None or len(found) * len(pieces) > _MAX_PIECES:
            return None
        pieces = [{**p, **q} for p in pieces for q in found]
    return [_assemble([p[i] for i in range(len(factors))], domain) for p in pieces]


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


def _blocks(
    expr: sympy.Expr, owner: dict[sympy.Symbol, int], count: int
) -> list[tuple[list[int], sympy.Expr]]:
    """Group the additive terms into blocks of factors; a block holds its own terms only."""
    terms = sympy.Add.make_args(expr)
    groups = _components(terms, owner, count)
    if any(len(g) > 1 for g in groups):
        # Written out, more terms may separate.
        polynomial = polynomial_terms(expr, list(owner))
        if polynomial is None:
            terms = sympy.Add.make_args(sympy.expand_mul(expr))
        else:
            terms = tuple(
                c * sympy.Mul(*(s**e for s, e in zip(owner, powers, strict=True)))
                for powers, c in polynomial.items()
            )
        groups = _components(terms, owner, count)
    blocks = []
    for group in groups:
        own = [t for t in terms if {owner[s] for s in t.free_symbols if s in owner} & set(group)]
        blocks.append((group, sympy.Add(*own)))
    return blocks


def _components(
    terms: Sequence[sympy.Expr], owner: dict[sympy.Symbol, int], count: int
) -> list[list[int]]:
    parent = list(range(count))

    def find(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for term in terms:
        used = sorted({owner[s] for s in term.free_symbols if s in owner})
        for other in used[1:]:
            parent[find(other)] = find(used[0])
    groups: dict[int, list[int]] = {}
    for i in range(count):
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())


def _solve_block(expr: sympy.Expr, factors: dict[int, _Factor]) -> list[_Piece] | None:
    symbols = [s for f in factors.values() for s in f.symbols]
    if not expr.free_symbols & set(symbols):
        return [{i: f.set for i, f in factors.items()}]
    finite = next((i for i, f in factors.items() if isinstance(f.set, FiniteSet)), None)
    if finite is not None:
        return _split_finite(expr, factors, finite)
    terms = polynomial_terms(expr, symbols)
    if len(factors) == 1:
        ((number, factor),) = factors.items()
        found = _solve_single(expr, terms, factor)
        return None if found is None else [{number: piece} for piece in found]
    if terms is None:
        return None
    if is_affine(terms):
        faces = {i: linear_face(_slopes(terms, symbols, f), f.set) for i, f in factors.items()}
        return None if any(f is None for f in faces.values()) else [faces]  # type: ignore[list-item]
    return _multi_affine(expr, terms, symbols, factors)


def _solve_single(
    expr: sympy.Expr, terms: Terms | None, factor: _Factor
) -> list[CompactSet] | None:
    symbols = factor.symbols
    if terms is not None and is_affine(terms):
        face = linear_face(_slopes(terms, symbols, factor), factor.set)
        return None if face is None else [face]
    if isinstance(factor.set, Simplex) and len(symbols) == 2:
        # (1 - x, x) for x in [0, 1]: an interval.
        x = symbols[1]
        line = _Factor(Interval(0, 1), (x,))
        reduced = expr.xreplace({symbols[0]: 1 - x})
        found = _solve_single(reduced, polynomial_terms(reduced, (x,)), line)
        if found is not None:
            return [_lift(piece, factor.set) for piece in found]
    if isinstance(factor.set, Box):
        if terms is not None:
            return maximize_polynomial({p[0]: c for p, c in terms.items()}, factor.set)
        split = _entropy_terms(expr, symbols)
        if split is None:
            return None
        return maximize_entropy_term(split[0][0], split[1][0], factor.set)
    if isinstance(factor.set, Simplex):
        split = _entropy_terms(expr, symbols)
        return None if split is None else _entropy_on_simplex(*split, factor.set)
    return None


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


def _entropy_terms(
    expr: sympy.Expr, symbols: Sequence[sympy.Symbol]
) -> tuple[list[sympy.Expr], list[sympy.Expr]] | None:
    """Split ``sum k_i x_i log x_i + <c, x> + constant`` into (k, c), or None."""
    stand_in = {xlogx(s): sympy.Dummy(s.name) for s in symbols}
    replaced = expr.xreplace(stand_in)
    terms = polynomial_terms(replaced, [*symbols, *stand_in.values()])
    if terms is None or not is_affine(terms):
        return None
    n = len(symbols)
    slopes = [sympy.Integer(0)] * (2 * n)
    for powers, c in terms.items():
        if any(powers):
            slopes[powers.index(1)] = c
    return slopes[n:], slopes[:n]


def _entropy_on_simplex(
    k: Sequence[sympy.Expr], c: Sequence[sympy.Expr], simplex: Simplex
) -> list[CompactSet] | None:
    """Argmax of ``sum k_i x_i log x_i + <c, x>`` on the simplex.

    All k >= 0: convex, so the maximum is the largest c_i; a face of tied vertices belongs to the
    argmax exactly where its k vanish, since a positive k makes the function strictly convex in
    its coordinate. All k equal and negative: strictly concave, the softmax of ``-c/k``.
    """
    signs = [sign(x) for x in k]
    if None in signs:
        return None
    if all(s >= 0 for s in signs):  # type: ignore[operator]
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


def _on_points(
    expr: sympy.Expr, symbols: Sequence[sympy.Symbol], domain: FiniteSet
) -> list[CompactSet] | None:
    values = [expr.xreplace(dict(zip(symbols, p, strict=True))) for p in domain.exact_points]
    best = exact_max(values)
    return None if best is None else [FiniteSet([domain.exact_points[i]]) for i in best[1]]


def _split_finite(
    expr: sympy.Expr, factors: dict[int, _Factor], number: int
) -> list[_Piece] | None:
    """Solve the block once for each point of a finite factor, and keep the best."""
    factor = factors[number]
    others = {i: f for i, f in factors.items() if i != number}
    candidates: list[tuple[sympy.Expr, list[_Piece]]] = []
    for point in factor.set.exact_points:  # type: ignore[attr-defined]
        fixed = expr.xreplace(dict(zip(factor.symbols, point, strict=True)))
        found = _solve_block(fixed, others) if others else [{}]
        if found is None:
            return None
        here = {number: FiniteSet([point])}
        values = {s: c for i, p in found[0].items() for s, c in _at(others[i], p)}
        candidates.append((fixed.xreplace(values), [{**p, **here} for p in found]))
    best = exact_max([value for value, _ in candidates])
    return None if best is None else [p for i in best[1] for p in candidates[i][1]]


def _at(factor: _Factor, piece: CompactSet) -> zip[tuple[sympy.Symbol, sympy.Expr]]:
    return zip(factor.symbols, piece.exact_point(), strict=True)


def _multi_affine(
    expr: sympy.Expr,
    terms: Terms,
    symbols: Sequence[sympy.Symbol],
    factors: dict[int, _Factor],
) -> list[_Piece] | None:
    """Argmax of a function affine in each factor, on intervals and simplices.

    At a maximizer the function is constant in each factor over the face spanned by the vertices
    with positive weight, and by induction over the factors on the product of these faces.
    """
    corners: dict[int, list[tuple[sympy.Expr, ...]]] = {}
    for i, f in factors.items():
        where = [list(symbols).index(s) for s in f.symbols]
        own = f.set.vertices() if isinstance(f.set, (Box, Simplex)) else None
        if own is None or degree_in(terms, where) > 1:
            return None
        corners[i] = own
    if math.prod(len(c) for c in corners.values()) > _MAX_PIECES:
        return None
    choices = list(itertools.product(*(range(len(c)) for c in corners.values())))
    values = []
    for choice in choices:
        at = {}
        for (i, own), j in zip(corners.items(), choice, strict=True):
            at.update(zip(factors[i].symbols, own[j], strict=True))
        values.append(expr.xreplace(at))
    best = exact_max(values)
    if best is None or len(best[1]) > _MAX_VERTEX_TIES:
        return None
    tied = {choices[i] for i in best[1]}
    return [
        {
            i: _span(factors[i].set, [own[j] for j in sorted(chosen)])
            for (i, own), chosen in zip(corners.items(), box, strict=True)
        }
        for box in _maximal_boxes(tied)
    ]


def _maximal_boxes(tied: set[tuple[int, ...]]) -> list[tuple[frozenset[int], ...]]:
    """Return the maximal products A_1 x ... x A_f inside a set of index tuples."""
    boxes = {tuple(frozenset([j]) for j in t) for t in tied}
    frontier = set(boxes)
    while frontier:
        grown = set()
        for a in frontier:
            for b in boxes:
                joined = tuple(x | y for x, y in zip(a, b, strict=True))
                if joined not in boxes and set(itertools.product(*joined)) <= tied:
                    grown.add(joined)
        boxes |= grown
        frontier = grown
    return [
        a
        for a in boxes
        if not any(a != b and all(x <= y for x, y in zip(a, b, strict=True)) for b in boxes)
    ]


def _span(whole: CompactSet, corners: list[tuple[sympy.Expr, ...]]) -> CompactSet:
    if len(corners) == 1:
        return FiniteSet(corners)
    own = whole.vertices()
    return whole if own is not None and len(corners) == len(own) else Hull(corners)


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
