"""Reading an expression as a polynomial in delta, with exact real numbers as coefficients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import sympy

from danskin.exact import sign

__all__ = ["Terms", "degree_in", "is_affine", "polynomial_terms", "written_out"]

#: Exponents of the symbols, in order -> exact nonzero coefficient.
Terms = dict[tuple[int, ...], sympy.Expr]

_MAX_TERMS = 2_000
_MAX_DEGREE = 100
_MAX_WRITTEN_OUT = 1_000


class _NotPolynomial(Exception):
    pass


def polynomial_terms(expr: Any, symbols: Sequence[sympy.Symbol]) -> Terms | None:
    """Return the terms of `expr` as a polynomial in `symbols`, zeros removed exactly.

    A coefficient that holds other symbols is kept.

    Returns
    -------
    dict or None
        None where `expr` is not a polynomial, is too large, or has a coefficient that cannot be
        told from 0.
    """
    position = {s: i for i, s in enumerate(symbols)}
    try:
        terms = _terms(expr, position, len(symbols))
    except _NotPolynomial:
        return None
    kept: Terms = {}
    for powers, coefficient in terms.items():
        which = 1 if coefficient.free_symbols else sign(coefficient)
        if which is None:
            return None
        if which:
            kept[powers] = coefficient
    return kept


def _terms(expr: Any, position: dict[sympy.Symbol, int], k: int) -> Terms:
    if expr in position:
        powers = [0] * k
        powers[position[expr]] = 1
        return {tuple(powers): sympy.Integer(1)}
    if not expr.free_symbols & position.keys():
        return {(0,) * k: expr}
    if isinstance(expr, sympy.Add):
        total: Terms = {}
        for term in expr.args:
            for powers, c in _terms(term, position, k).items():
                total[powers] = total[powers] + c if powers in total else c
        return _bounded(total)
    if isinstance(expr, sympy.Mul):
        product: Terms = {(0,) * k: sympy.Integer(1)}
        for factor in expr.args:
            product = _multiply(product, _terms(factor, position, k))
        return product
    if isinstance(expr, sympy.Pow) and expr.exp.is_Integer and 0 < expr.exp <= _MAX_DEGREE:
        base = _terms(expr.base, position, k)
        power: Terms = {(0,) * k: sympy.Integer(1)}
        for _ in range(int(expr.exp)):
            power = _multiply(power, base)
        return power
    raise _NotPolynomial


def _multiply(a: Terms, b: Terms) -> Terms:
    product: Terms = {}
    for p, c in a.items():
        for q, d in b.items():
            powers = tuple(x + y for x, y in zip(p, q, strict=True))
            value = c * d
            if not value.is_Rational:
                # Sums of radicals stay short when products are written out.
                value = sympy.expand(value)
            product[powers] = product[powers] + value if powers in product else value
    return _bounded(product)


def _bounded(terms: Terms) -> Terms:
    if len(terms) > _MAX_TERMS or any(sum(p) > _MAX_DEGREE for p in terms):
        raise _NotPolynomial
    return terms


def written_out(expr: Any) -> Any:
    """Return `expr` with products of sums multiplied out, where that is not long."""
    return sympy.expand_mul(expr) if _count(expr) <= _MAX_WRITTEN_OUT else expr


def _count(expr: Any) -> int:
    """How many terms `expr` has when its products of sums are multiplied out."""
    if isinstance(expr, sympy.Add):
        return sum(_count(a) for a in expr.args)
    if isinstance(expr, sympy.Mul):
        return math.prod(_count(a) for a in expr.args)
    return 1


def is_affine(terms: Terms) -> bool:
    """Whether the total degree is at most 1."""
    return all(sum(p) <= 1 for p in terms)


def degree_in(terms: Terms, indices: Sequence[int]) -> int:
    """Return the total degree in the symbols at `indices`."""
    return max((sum(p[i] for i in indices) for p in terms), default=0)
