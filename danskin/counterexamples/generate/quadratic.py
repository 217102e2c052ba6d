"""Sums of rational multiples of square roots of integers, ``Q(sqrt 2, sqrt 3, sqrt 5, ...)``.

The square roots of different squarefree integers are linearly independent over the rationals, so a
number of this field is 0 only where all its coefficients are. A general algebraic field would need
a primitive element, whose degree doubles with every prime.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy

from danskin.exact import to_fraction

__all__ = ["QuadraticNumber", "quadratic_number"]

#: Square roots of larger integers would have to be factored.
_LARGEST_ROOT = 10**12


class QuadraticNumber:
    """``sum_d c_d sqrt(d)`` over squarefree d >= 1, as the nonzero coefficients by d."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[int, Fraction]) -> None:
        self.terms = {d: c for d, c in terms.items() if c}

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __neg__(self) -> QuadraticNumber:
        return QuadraticNumber({d: -c for d, c in self.terms.items()})

    def __add__(self, other: QuadraticNumber) -> QuadraticNumber:
        out = dict(self.terms)
        for d, c in other.terms.items():
            out[d] = out.get(d, Fraction(0)) + c
        return QuadraticNumber(out)

    def __sub__(self, other: QuadraticNumber) -> QuadraticNumber:
        return self + -other

    def __mul__(self, other: QuadraticNumber) -> QuadraticNumber:
        out: dict[int, Fraction] = {}
        for d, a in self.terms.items():
            for e, b in other.terms.items():
                shared = math.gcd(d, e)
                key = (d // shared) * (e // shared)
                out[key] = out.get(key, Fraction(0)) + shared * a * b
        return QuadraticNumber(out)

    def __truediv__(self, other: QuadraticNumber) -> QuadraticNumber:
        """Multiply both by conjugates of the denominator until that is rational."""
        above, below = self, other
        while (top := max(below.terms)) > 1:
            p = _least_prime(top)
            conjugate = QuadraticNumber(
                {d: -c if d % p == 0 else c for d, c in below.terms.items()}
            )
            above, below = above * conjugate, below * conjugate
        scale = 1 / below.terms[1]
        return QuadraticNumber({d: c * scale for d, c in above.terms.items()})

    def to_sympy(self) -> sympy.Expr:
        """Return the number as a sum."""
        return sympy.Add(
            *(
                sympy.Rational(c.numerator, c.denominator) * sympy.sqrt(d)
                for d, c in sorted(self.terms.items())
            )
        )


def quadratic_number(x: sympy.Expr) -> QuadraticNumber | None:
    """Read an exact number, written out or not; None where it is not of this kind."""
    if x.is_Rational:
        return QuadraticNumber({1: to_fraction(x)})
    if isinstance(x, (sympy.Add, sympy.Mul)):
        parts = [quadratic_number(part) for part in x.args]
        if None in parts:
            return None
        total: Any = parts[0]
        for part in parts[1:]:
            total = total + part if isinstance(x, sympy.Add) else total * part
        return total
    if isinstance(x, sympy.Pow):
        return _power(x.base, x.exp)
    return None


def _power(base: Any, exponent: Any) -> QuadraticNumber | None:
    one = QuadraticNumber({1: Fraction(1)})
    if exponent.is_Integer and abs(exponent) <= 16:
        root = quadratic_number(base)
    elif exponent.is_Rational and exponent.q == 2 and abs(exponent.p) <= 16 and base.is_Rational:
        # sqrt(p / q) = sqrt(p q) / q
        inside = int(base.p) * int(base.q)
        if not 0 < inside <= _LARGEST_ROOT:
            return None
        d, factor = 1, 1
        for prime, power in sympy.factorint(inside).items():
            factor *= prime ** (power // 2)
            d *= prime ** (power % 2)
        root = QuadraticNumber({d: Fraction(factor, int(base.q))})
        exponent = sympy.Integer(exponent.p)
    else:
        return None
    if root is None or (exponent < 0 and not root):
        return None
    out = one
    for _ in range(abs(int(exponent))):
        out = out * root
    return one / out if exponent < 0 else out


def _least_prime(d: int) -> int:
    return min(sympy.factorint(d))
