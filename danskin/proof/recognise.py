"""From many digits to an exact number: rationals, multiples of pi, roots of small polynomials.

A guess and nothing more: whoever uses one proves what he needs of it in exact arithmetic.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import sympy

from danskin.exact import enclose
from danskin.exact.enclosure import working_precision

__all__ = ["BITS", "recognise"]

#: Bits of the number to be recognised.
BITS = 420
_TRUSTED = 330
_MAX_DENOMINATOR = 10**12
_MAX_DEGREE = 6
_MAX_COEFFICIENT = 10**9

_x = sympy.Symbol("x")


def recognise(number: Any) -> sympy.Expr | None:
    """Guess the exact number behind a ball of `BITS` bits, or None."""
    with working_precision(BITS):
        found = _rational(number)
        if found is None:
            turn = _rational(number / flint.arb.pi(), 10**5)
            found = None if turn is None else turn * sympy.pi
        return _algebraic(number) if found is None else found


def _fraction(number: Any) -> Fraction:
    mantissa, exponent = number.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _rational(number: Any, largest: int = _MAX_DENOMINATOR) -> Any:
    value = _fraction(number)
    near = value.limit_denominator(largest)
    if abs(near - value) > Fraction(1, 2**_TRUSTED):
        return None
    return sympy.Rational(near.numerator, near.denominator)


def _algebraic(number: Any) -> Any:
    """Find a small integer relation between the powers of the number, by lattice reduction."""
    value = _fraction(number)
    scale = 1 << _TRUSTED
    for degree in range(2, _MAX_DEGREE + 1):
        rows = [
            [int(i == j) for j in range(degree + 1)] + [round(value**i * scale)]
            for i in range(degree + 1)
        ]
        shortest = flint.fmpz_mat(rows).lll().tolist()[0]
        coefficients = [int(c) for c in shortest[:-1]]
        small = max(map(abs, coefficients)) <= _MAX_COEFFICIENT
        if small and abs(int(shortest[-1])) < _MAX_COEFFICIENT * 100 and any(coefficients[1:]):
            return _root_near(coefficients, number)
    return None


def _root_near(coefficients: list[int], number: Any) -> Any:
    polynomial = sympy.Poly(coefficients[::-1], _x)
    target = number.mid()
    best, least = None, flint.arb(2) ** -200
    for root in polynomial.real_roots(radicals=polynomial.degree() == 2):
        distance = abs(enclose(root, BITS) - target)
        if distance < least:
            best, least = root, distance
    return best
