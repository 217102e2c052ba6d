"""Global maximizers on an interval, exactly: polynomials, and x log x plus an affine term.

For a polynomial p with algebraic coefficients the critical points are isolated as real roots of
an integer polynomial: p' itself, up to a factor, where its coefficients are rational, else the
norm of p', which has the roots of p' among its own. Every root in the interval is a feasible
point, so a root of the norm that is not one of p' can do no harm: it is compared like any other.
Values are compared in exact arithmetic (`danskin.exact`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import flint
import sympy

from danskin.exact import compare, exact_max, sign, to_fraction
from danskin.sets import Box, CompactSet, FiniteSet

__all__ = ["maximize_entropy_term", "maximize_polynomial"]

_MAX_NORM_DEGREE = 200


def maximize_polynomial(
    coefficients: dict[int, sympy.Expr], interval: Box
) -> list[CompactSet] | None:
    """Return the argmax of ``sum c_i x**i`` on an interval: points, or the whole interval.

    Parameters
    ----------
    coefficients : dict
        Power -> exact nonzero coefficient.
    interval : Box
        With one coordinate.

    Returns
    -------
    list of CompactSet, or None
        None where the coefficients are beyond exact root isolation or a tie stays undecided.
    """
    (lo,), (hi,) = interval.exact_lo, interval.exact_hi
    degree = max(coefficients, default=0)
    if degree == 0 or lo == hi:
        return [interval]
    if degree == 1:
        return [_point(hi if sign(coefficients[1]) == 1 else lo)]
    slope = {i - 1: i * c for i, c in coefficients.items() if i}
    critical = _real_roots(slope)
    if critical is None:
        return None
    inside = []
    for root in critical:
        below, above = compare(root, lo), compare(root, hi)
        if below is None or above is None:
            return None
        if below > 0 and above < 0:
            inside.append(root)
    return _best([lo, *inside, hi], [_value(coefficients, x) for x in [lo, *inside, hi]])


def maximize_entropy_term(
    k: sympy.Expr, slope: sympy.Expr, interval: Box
) -> list[CompactSet] | None:
    """Return the argmax of ``k x log x + slope x`` on an interval of the half-line.

    Convex for k > 0, so only the endpoints can maximise; concave for k < 0, with its stationary
    point at ``exp(-slope/k - 1)``.
    """
    (lo,), (hi,) = interval.exact_lo, interval.exact_hi
    which = sign(k)
    if which is None or sign(lo) not in (0, 1):
        return None
    candidates = [lo, hi]
    if which < 0:
        top = sympy.exp(-slope / k - 1)
        below, above = compare(top, lo), compare(top, hi)
        if below is None or above is None:
            return None
        candidates = [lo if below <= 0 else hi if above >= 0 else top]
    return _best(candidates, [k * _xlogx(x) + slope * x for x in candidates])


def _xlogx(x: sympy.Expr) -> sympy.Expr:
    return sympy.Integer(0) if sign(x) == 0 else x * sympy.log(x)


def _point(x: sympy.Expr) -> FiniteSet:
    return FiniteSet([[x]])


def _best(points: Sequence[sympy.Expr], values: Sequence[sympy.Expr]) -> list[CompactSet] | None:
    best = exact_max(values)
    return None if best is None else [_point(points[i]) for i in best[1]]


def _value(coefficients: dict[int, sympy.Expr], x: sympy.Expr) -> sympy.Expr:
    value = sympy.Add(*(c * x**i for i, c in coefficients.items()))
    return value if value.has(sympy.CRootOf) else sympy.expand(value)


def _real_roots(coefficients: dict[int, sympy.Expr]) -> list[sympy.Expr] | None:
    """Return exact real numbers that include all real roots of a nonzero polynomial."""
    degree = max(coefficients)
    if degree == 0:
        return []
    if degree <= 2:
        return _quadratic_roots(*(coefficients.get(i, sympy.Integer(0)) for i in (2, 1, 0)))
    if all(c.is_Rational for c in coefficients.values()):
        polynomial = _integer_polynomial(coefficients)
    else:
        norm = _norm(coefficients)
        if norm is None:
            return None
        polynomial = norm
    roots: list[sympy.Expr] = []
    for factor, _ in polynomial.factor()[1]:
        found = _irreducible_roots(factor)
        if found is None:
            return None
        roots += found
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


def _integer_polynomial(coefficients: dict[int, sympy.Expr]) -> flint.fmpz_poly:
    fractions = {i: to_fraction(c) for i, c in coefficients.items()}
    scale = math.lcm(*(f.denominator for f in fractions.values()))
    return flint.fmpz_poly([int(fractions.get(i, 0) * scale) for i in range(max(fractions) + 1)])


def _irreducible_roots(factor: flint.fmpz_poly) -> list[sympy.Expr] | None:
    c = [sympy.Integer(int(x)) for x in factor.coeffs()]
    if len(c) <= 3:
        return _quadratic_roots(*(c[i] if i < len(c) else sympy.Integer(0) for i in (2, 1, 0)))
    reals = sum(1 for r, _ in factor.complex_roots() if r.imag == 0)
    x = sympy.Dummy("x")
    polynomial = sympy.Poly(list(reversed(c)), x)
    return [sympy.CRootOf(polynomial, i, radicals=False) for i in range(reals)]


# --- the norm of a polynomial with algebraic coefficients -----------------------------------------


def _norm(coefficients: dict[int, sympy.Expr]) -> flint.fmpz_poly | None:
    """Return a nonzero integer polynomial that vanishes at the roots of the given one.

    Each radical becomes a variable with its defining relation; the variables are eliminated by
    resultants, the last introduced first. None where a coefficient is not algebraic, the degree
    grows too large, or a resultant vanishes (relations that are not independent).
    """
    generators: dict[object, tuple[sympy.Symbol, sympy.Expr]] = {}
    x = sympy.Dummy("x")
    terms = []
    for power, c in coefficients.items():
        rewritten = _in_generators(c, generators)
        if rewritten is None:
            return None
        terms.append(rewritten * x**power)
    eliminated = sympy.Add(*terms)
    degree = max(coefficients)
    for symbol, relation in reversed(list(generators.values())):
        degree *= int(sympy.degree(relation, symbol))
        if degree > _MAX_NORM_DEGREE:
            return None
        eliminated = sympy.resultant(sympy.expand(eliminated), sympy.expand(relation), symbol)
        if eliminated == 0:
            return None
    polynomial = sympy.Poly(eliminated, x)
    return _integer_polynomial({m[0]: c for m, c in polynomial.terms()})


def _in_generators(
    expr: sympy.Expr, generators: dict[object, tuple[sympy.Symbol, sympy.Expr]]
) -> sympy.Expr | None:
    """Rewrite an algebraic number as a polynomial in generators, adding those it needs."""

    def generator(key: object, relation: Callable[[sympy.Symbol], sympy.Expr]) -> sympy.Symbol:
        if key not in generators:
            symbol = sympy.Dummy("y")
            generators[key] = (symbol, relation(symbol))
        return generators[key][0]

    def rewrite_all(parts: Iterable[sympy.Expr]) -> list[sympy.Expr] | None:
        found = [_in_generators(p, generators) for p in parts]
        return None if any(p is None for p in found) else found  # type: ignore[return-value]

    if expr.is_Rational:
        return expr
    if isinstance(expr, (sympy.Add, sympy.Mul)):
        parts = rewrite_all(expr.args)
        return None if parts is None else expr.func(*parts)
    if isinstance(expr, sympy.Pow) and expr.exp.is_Rational:
        base, index, power = expr.base, int(expr.exp.q), int(expr.exp.p)
        if index > 1 and base.is_Integer and 1 < base < 10**12 and not sympy.isprime(base):
            # Roots of composites are products of roots of primes: independent generators.
            primes = sympy.factorint(int(base)).items()
            parts = rewrite_all(sympy.Pow(p, e * expr.exp) for p, e in primes)
            return None if parts is None else sympy.Mul(*parts)
        inner = _in_generators(base, generators)
        if inner is None:
            return None
        root = inner if index == 1 else generator((base, index), lambda y: y**index - inner)
        if power >= 0:
            return root**power
        inverse = generator((base, index, "inverse"), lambda y: y * root - 1)
        return inverse ** (-power)
    if isinstance(expr, sympy.CRootOf):
        return generator(expr, lambda y: expr.poly.as_expr(y))
    if isinstance(expr, (sympy.sin, sympy.cos)) and (expr.args[0] / sympy.pi).is_Rational:
        return generator(expr, lambda y: sympy.minimal_polynomial(expr, y))
    return None
