"""Recognising convex functions: sums of strictly convex functions of affine forms.

A function ``sum_j phi_j(l_j(x)) + affine`` with affine forms l_j and strictly convex phi_j is
convex and, on a segment, affine exactly where every l_j is constant. The phi_j known here: even
powers, other powers on the half-line, exp, cosh, softplus, x log x, -log, and the squares of a
positive semidefinite quadratic form, which its exact Cholesky factorisation lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from danskin.argmax.polynomial import (
    Terms,
    degree_in,
    is_affine,
    polynomial_terms,
    written_out,
)
from danskin.exact import sign
from danskin.expression import softplus, xlogx

__all__ = ["strictly_convex_forms"]


def strictly_convex_forms(
    expr: sympy.Expr,
    symbols: Sequence[sympy.Symbol],
    corners: Sequence[Mapping[sympy.Symbol, sympy.Expr]],
) -> list[sympy.Expr] | None:
    """Return the affine forms l_j of the sum above, or None where `expr` is not seen to be one.

    Parameters
    ----------
    corners : substitutions
        The vertices of the polytope: a form that must be positive on it is checked there.
    """
    forms: list[sympy.Expr] = []
    quadratic: Terms = {}
    everything = range(len(symbols))
    for term in sympy.Add.make_args(written_out(expr)):
        factor, rest = term.as_independent(*symbols, as_Add=False)
        if rest == 1:
            continue
        terms = polynomial_terms(rest, symbols)
        if terms is not None and degree_in(terms, everything) <= 2:
            for powers, c in terms.items():
                if sum(powers) == 2:
                    quadratic[powers] = quadratic.get(powers, sympy.Integer(0)) + factor * c
            continue
        which = sign(factor)
        if which == 0:
            continue
        form = _form(rest, symbols, corners, which)
        if form is None:
            return None
        forms.append(form)
    squares = _squares(quadratic, symbols)
    if squares is None or not (forms or squares):
        return None
    return forms + squares


def _form(
    term: Any,
    symbols: Sequence[sympy.Symbol],
    corners: Sequence[Mapping[sympy.Symbol, sympy.Expr]],
    factor: int | None,
) -> sympy.Expr | None:
    """Return the affine l of a term ``factor * phi(l)`` with ``factor * phi`` strictly convex."""
    if factor is None:
        return None
    head = term.func
    exponent: Any = sympy.Integer(1)
    if isinstance(term, sympy.Pow):
        inner, exponent = term.args
        if not exponent.is_Rational:
            # A positive constant to an affine power is an exponential.
            if inner.free_symbols or factor < 0:
                return None
            inner, head = exponent, sympy.exp
    elif len(term.args) == 1:
        inner = term.args[0]
    else:
        return None
    affine = polynomial_terms(inner, symbols)
    if affine is None or not is_affine(affine):
        return None
    if head in (sympy.exp, sympy.cosh, softplus):
        return inner if factor > 0 else None
    if head is sympy.Pow:
        if exponent.is_Integer and exponent % 2 == 0 and exponent > 0:
            return inner if factor > 0 else None
        convex = exponent > 1 or exponent < 0
        need = 0 if exponent > 0 else 1
        fits = (factor > 0) == convex
        return inner if fits and _at_least(inner, corners, need) else None
    if head is xlogx:
        return inner if factor > 0 and _at_least(inner, corners, 0) else None
    if head is sympy.log:
        return inner if factor < 0 and _at_least(inner, corners, 1) else None
    return None


def _at_least(
    form: sympy.Expr, corners: Sequence[Mapping[sympy.Symbol, sympy.Expr]], lowest: int
) -> bool:
    """Whether an affine form has sign `lowest` (0 or 1) or more on the whole polytope."""
    return all(sign(form.xreplace(dict(c))) in range(lowest, 2) for c in corners)


def _squares(quadratic: Terms, symbols: Sequence[sympy.Symbol]) -> list[sympy.Expr] | None:
    """Return linear forms with ``q = sum positive * form**2``, or None if q is indefinite."""
    n = len(symbols)
    matrix: list[list[sympy.Expr]] = [[sympy.Integer(0)] * n for _ in range(n)]
    for powers, c in quadratic.items():
        where = [i for i, e in enumerate(powers) for _ in range(e)]
        i, j = where
        matrix[i][j] += c / 2
        matrix[j][i] += c / 2
    forms = []
    for k in range(n):
        signs = [sign(matrix[k][j]) for j in range(k, n)]
        if None in signs or signs[0] == -1:
            return None
        if signs[0] == 0:
            if any(signs):
                return None
            continue
        row = matrix[k]
        forms.append(sympy.Add(*(row[j] * symbols[j] for j in range(k, n))))
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                matrix[i][j] = sympy.expand(matrix[i][j] - row[i] * row[j] / row[k])
    return forms
