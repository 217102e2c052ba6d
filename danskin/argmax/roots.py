"""Exact real roots of a polynomial with exact real coefficients.

Rational coefficients: factors over the rationals, their roots in radicals up to degree 2 and as
`CRootOf` beyond. Other coefficients are written in generators (radicals, cosines, pi, ...): factors
found with these as indeterminates are factors of the polynomial; a factor of higher degree whose
generators are algebraic is replaced by its norm, an integer polynomial that has the roots of the
given one among its own. So more numbers may come back than there are roots, never fewer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import flint
import sympy

from danskin.exact import enclose, sign, to_fraction

__all__ = ["Coefficients", "real_roots"]

#: Power -> exact nonzero coefficient.
Coefficients = dict[int, sympy.Expr]

_MAX_NORM_DEGREE = 200


def real_roots(coefficients: Coefficients) -> list[sympy.Expr] | None:
    """Return exact real numbers that include all real roots of a nonzero polynomial.

    Returns
    -------
    list or None
        None where the coefficients are beyond exact root isolation.
    """
    low = min(coefficients)
    if low:
        rest = real_roots({i - low: c for i, c in coefficients.items()})
        return None if rest is None else [sympy.Integer(0), *rest]
    degree = max(coefficients)
    if degree == 0:
        return []
    if degree <= 2:
        return _quadratic_roots(*(coefficients.get(i, sympy.Integer(0)) for i in (2, 1, 0)))
    if all(i % 2 == 0 for i in coefficients):
        return _roots_of_squares(coefficients)
    if not all(c.is_Rational for c in coefficients.values()):
        return _roots_by_generators(coefficients)
    return _roots_of_factors(_integer_polynomial(coefficients))


def _roots_of_squares(coefficients: Coefficients) -> list[sympy.Expr] | None:
    """Roots of q(x**2): plus and minus the square roots of the roots of q."""
    squares = real_roots({i // 2: c for i, c in coefficients.items()})
    if squares is None:
        return None
    roots = []
    for y in squares:
        which = sign(y)
        if which is None:
            return None
        if which >= 0:
            r = sympy.sqrt(y)
            roots += [-r, r]
    return roots


def _quadratic_roots(a: sympy.Expr, b: sympy.Expr, c: sympy.Expr) -> list[sympy.Expr] | None:
    if a == 0:
        return [-c / b]
    discriminant = sympy.expand(b * b - 4 * a * c)
    which = sign(discriminant)
    if which is None:
        return None
    if which < 0:
        return []
    if which == 0:
        return [sympy.expand(-b / (2 * a))]
    root = sympy.sqrt(discriminant)
    return [sympy.expand((-b - root) / (2 * a)), sympy.expand((-b + root) / (2 * a))]


def _integer_polynomial(coefficients: Coefficients) -> flint.fmpz_poly:
    fractions = {i: to_fraction(c) for i, c in coefficients.items()}
    scale = math.lcm(*(f.denominator for f in fractions.values()))
    return flint.fmpz_poly([int(fractions.get(i, 0) * scale) for i in range(max(fractions) + 1)])


def _roots_of_factors(polynomial: flint.fmpz_poly) -> list[sympy.Expr] | None:
    roots: list[sympy.Expr] = []
    for factor, _ in polynomial.factor()[1]:
        found = _irreducible_roots(factor)
        if found is None:
            return None
        roots += found
    return roots


def _irreducible_roots(factor: flint.fmpz_poly) -> list[sympy.Expr] | None:
    c = [sympy.Integer(int(x)) for x in factor.coeffs()]
    if len(c) <= 3:
        return _quadratic_roots(*(c[i] if i < len(c) else sympy.Integer(0) for i in (2, 1, 0)))
    if not any(c[1::2]):
        return _roots_of_squares({i: x for i, x in enumerate(c) if x})
    # Arb gives real roots, and no others, an imaginary part that is exactly 0.
    pairs: list[Any] = factor.complex_roots()
    reals = sum(1 for r, _ in pairs if r.imag == 0)
    x = sympy.Dummy("x")
    polynomial = sympy.Poly(list(reversed(c)), x)
    return [sympy.CRootOf(polynomial, i, radicals=False) for i in range(reals)]


# --- coefficients that are not rational ----------------------------------------------------------


class _Generators:
    """Names for the irrational parts of some numbers, each with the relation that defines it."""

    def __init__(self) -> None:
        self.symbols: dict[Any, sympy.Symbol] = {}
        self.values: dict[sympy.Symbol, sympy.Expr] = {}
        #: None for a transcendental number: it is as good as an indeterminate.
        self.relations: dict[sympy.Symbol, Any] = {}

    def named(
        self,
        key: Any,
        value: sympy.Expr,
        relation: Callable[[sympy.Symbol], Any] | None,
    ) -> sympy.Symbol:
        if key not in self.symbols:
            symbol = sympy.Dummy("y")
            self.symbols[key] = symbol
            self.values[symbol] = value
            self.relations[symbol] = None if relation is None else relation(symbol)
        return self.symbols[key]

    def rewrite(self, expr: Any) -> sympy.Expr:
        """Write a number as a polynomial in generators, adding those it needs."""
        if expr.is_Rational:
            return expr
        if isinstance(expr, (sympy.Add, sympy.Mul)):
            return expr.func(*self._all(expr.args))
        if isinstance(expr, sympy.Pow) and expr.exp.is_Rational:
            return self._power(expr)
        if isinstance(expr, sympy.CRootOf):
            return self.named(expr, expr, lambda y: expr.poly.as_expr(y))
        if isinstance(expr, (sympy.sin, sympy.cos)) and (expr.args[0] / sympy.pi).is_Rational:
            return self.named(expr, expr, lambda y: sympy.minimal_polynomial(expr, y))
        if isinstance(expr, sympy.exp) and expr.args[0].is_Integer:
            return self.named(sympy.E, sympy.E, None) ** expr.args[0]
        return self.named(expr, expr, None)

    def _all(self, parts: Iterable[sympy.Expr]) -> list[sympy.Expr]:
        return [self.rewrite(p) for p in parts]

    def _power(self, expr: Any) -> sympy.Expr:
        base, index, power = expr.base, int(expr.exp.q), int(expr.exp.p)
        if index > 1 and base.is_Integer and 1 < base < 10**12 and not sympy.isprime(base):
            # Roots of composites are products of roots of primes: independent generators.
            primes = sympy.factorint(int(base)).items()
            return sympy.Mul(*self._all(sympy.Pow(p, e * expr.exp) for p, e in primes))
        inner = self.rewrite(base)
        if index == 1:
            root = inner
        else:
            value = sympy.Pow(base, sympy.Rational(1, index))
            root = self.named((base, index), value, lambda y: y**index - inner)
        if power >= 0:
            return root**power
        value = sympy.Pow(base, sympy.Rational(-1, index))
        inverse = self.named((base, index, "inverse"), value, lambda y: y * root - 1)
        return inverse ** (-power)


def _roots_by_generators(coefficients: Coefficients) -> list[sympy.Expr] | None:
    generators = _Generators()
    x = sympy.Dummy("x")
    whole = sympy.Add(*(generators.rewrite(c) * x**i for i, c in coefficients.items()))
    roots = _roots_of_parts(sympy.expand(whole), x, generators, norm=True)
    return None if roots is None else [r for r in roots if _may_vanish(coefficients, r)]


def _roots_of_parts(
    whole: sympy.Expr, x: sympy.Symbol, generators: _Generators, *, norm: bool
) -> list[sympy.Expr] | None:
    """Roots of the factors over the rationals, generators as indeterminates."""
    roots: list[sympy.Expr] = []
    # An identity of polynomials in the generators holds for their values too.
    factored: Any = sympy.factor_list(whole, x, *generators.values)
    for factor, _ in factored[1]:
        found = _roots_of_part(factor, x, generators)
        if found is None and norm:
            rational = _norm(factor, x, generators)
            if rational is not None:
                found = _roots_of_parts(rational, x, generators, norm=False)
        if found is None:
            return None
        roots += found
    return roots


def _roots_of_part(
    factor: sympy.Expr, x: sympy.Symbol, generators: _Generators
) -> list[sympy.Expr] | None:
    exact: Coefficients = {}
    for (power,), c in sympy.Poly(factor, x).terms():
        value = sympy.expand(c.xreplace(generators.values))
        which = sign(value)
        if which is None:
            return None
        if which:
            exact[power] = value
    if exact and (max(exact) <= 2 or all(c.is_Rational for c in exact.values())):
        return real_roots(exact)
    return None


def _norm(polynomial: sympy.Expr, x: sympy.Symbol, generators: _Generators) -> sympy.Expr | None:
    """Return a nonzero multiple of the polynomial that is free of the algebraic generators.

    They are eliminated by resultants, the last introduced first. None where the degree grows too
    large, or a resultant vanishes (relations that are not independent).
    """
    eliminated: Any = polynomial
    degree = _degree(polynomial, x)
    for symbol, relation in reversed(generators.relations.items()):
        if relation is None or not eliminated.has(symbol):
            continue
        degree *= _degree(relation, symbol)
        if degree > _MAX_NORM_DEGREE:
            return None
        eliminated = sympy.resultant(sympy.expand(eliminated), sympy.expand(relation), symbol)
        if eliminated == 0:
            return None
    return eliminated


def _degree(expr: Any, symbol: Any) -> int:
    return int(sympy.Poly(expr, symbol).degree())


def _may_vanish(coefficients: Coefficients, x: sympy.Expr) -> bool:
    """Whether x may be a root: False for most of the roots that a norm adds."""
    value = enclose(sympy.Add(*(c * x**i for i, c in coefficients.items())), 192)
    return not value.is_finite() or value.contains(0)
