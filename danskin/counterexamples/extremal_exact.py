"""Extremal Gram matrices made exact: rounded and verified, or in closed form.

What a semidefinite program returns is a float matrix near the border of the semidefinite set. A
rounding of it counts only where exact elimination shows it semidefinite, its hull at least rho away
from 0, and its rate follows from its entries. Beside it stand the bounds and values known in closed
form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from danskin.counterexamples.generate.gram import Gram, Indefinite, factor, hull_of, read_gram
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, sign, tidy, to_float

__all__ = ["Edges", "Exact", "closed_form", "formula", "largest_of", "mean_bound", "rounded"]

Edges = tuple[tuple[int, int], ...]
Exact = tuple[Gram, sympy.Expr, sympy.Expr]
"""A Gram matrix, its rate, and its squared min norm."""

_DENOMINATORS = (12, 60, 400, 5000)
_SHRINKS = (0, 24, 20, 17, 14, 11, 8)
_SNAP = 2e-5


def largest_of(numbers: Sequence[Any]) -> sympy.Expr:
    """Return the largest of exact numbers."""
    found = exact_max(numbers)
    if found is None:
        raise InvalidInputError("norms", "they cannot be compared exactly", "Use simpler numbers.")
    return found[0]


def rounded(
    gram: np.ndarray, rho: Any, norms: Sequence[Any], pairs: Edges, scales: Any, signs: np.ndarray
) -> Exact | None:
    """Round the solver's matrix and verify it exactly: norms, semidefinite, min norm, signs."""
    squares = [sympy.expand(n**2) for n in norms]
    for candidate in _candidates(gram, rho, norms, squares):
        if any(
            signs[i, j] == 1 and sign(candidate[i][j]) == -1 for i, j in np.ndindex(*signs.shape)
        ):
            continue
        found = _verified(candidate, rho, pairs, scales)
        if found is not None:
            return found
    return None


def _candidates(
    gram: np.ndarray, rho: Any, norms: Sequence[Any], squares: Sequence[Any]
) -> Iterator[Gram]:
    m = len(norms)

    def whole(entry: Any) -> Gram:
        return tuple(
            tuple(squares[i] if i == j else entry(min(i, j), max(i, j)) for j in range(m))
            for i in range(m)
        )

    for largest in _DENOMINATORS:
        near = [[Fraction(float(x)).limit_denominator(largest) for x in row] for row in gram]
        if all(abs(float(near[i][j]) - gram[i, j]) < _SNAP for i, j in np.ndindex(m, m)):
            yield whole(lambda i, j, near=near: sympy.Rational(near[i][j]))
    # Towards a matrix in the interior: all gradients at one angle inside the allowed cone.
    sizes = [to_float(n) for n in norms]
    cosine = (1 + to_float(rho) ** 2 / min(sizes) ** 2) / 2
    for power in _SHRINKS[1:]:
        share = Fraction(1, 2**power)

        def mixed(i: int, j: int, share: Fraction = share) -> sympy.Expr:
            inner = Fraction(cosine * sizes[i] * sizes[j]).limit_denominator(10**6)
            outer = Fraction(round(float(gram[i, j]) * 2**30), 2**30)
            return sympy.Rational((1 - share) * outer + share * inner)

        yield whole(mixed)


def _verified(gram: Gram, rho: Any, pairs: Edges, scales: Sequence[Any]) -> Exact | None:
    try:
        if isinstance(factor(gram), Indefinite):
            return None
        square = hull_of(gram).squared_norm
        if sign(square - rho**2) not in (0, 1):
            return None
        rates = [tidy(-gram[i][j] / s) for (i, j), s in zip(pairs, scales, strict=True)]
        return gram, tidy(-largest_of([-r for r in rates])), square
    except InvalidInputError:
        return None


def closed_form(rho: Any, norms: Sequence[Any], pair: tuple[int, int]) -> Exact | None:
    """Return the Gram matrix that attains the bound for one adversary, in the plane.

    With x of length rho: the pair on both sides of x, each with ``<x, g> = rho^2``, and the other
    gradients along x.
    """
    if sign(rho) == 0:
        return None
    i, j = pair
    opposed = tidy(
        rho**2 - sympy.sqrt(sympy.expand((norms[i] ** 2 - rho**2) * (norms[j] ** 2 - rho**2)))
    )

    def entry(a: int, b: int) -> sympy.Expr:
        if a == b:
            return sympy.expand(norms[a] ** 2)
        if {a, b} == {i, j}:
            return opposed
        # An opposed gradient has the component rho along x, the others all their length.
        along = [rho if c in (i, j) else norms[c] for c in (a, b)]
        return tidy(sympy.expand(along[0] * along[1]))

    m = len(norms)
    gram = read_gram([[entry(a, b) for b in range(m)] for a in range(m)])
    return _verified(gram, rho, (pair,), [norms[i]])


def mean_bound(rho: Any, norms: Sequence[Any], scales: Sequence[Any]) -> sympy.Expr:
    """Bound the rate where all pairs are opposed: the mean gradient is no shorter than rho.

    ``m^2 rho^2 <= |sum g_i|^2 = sum n_i^2 + 2 sum <g_i, g_j> <= sum n_i^2 - 2 t sum s_ij``.
    """
    squares = sympy.Add(*(n**2 for n in norms))
    return tidy((squares - len(norms) ** 2 * rho**2) / (2 * sympy.Add(*scales)))


def formula(name: str, m: int, rho: Any) -> sympy.Expr | None:
    """Return the value in closed form for unit gradients.

    "one": the bound. "complete": equal inner products c, whose min norm is ``(1 + (m-1) c)/m``.
    "cycle": a closed walk of m steps cannot have all turns sharper than ``pi - pi/m`` if m is odd.
    """
    if name == "one" or (name == "cycle" and m % 2 == 0):
        return tidy(1 - 2 * rho**2)
    if name == "complete":
        return tidy((1 - m * rho**2) / (m - 1))
    if name == "cycle":
        return tidy((1 - rho**2) * sympy.cos(sympy.pi / m) - rho**2)
    return None
