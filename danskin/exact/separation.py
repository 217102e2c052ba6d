"""How near to 0 an algebraic number can be without being 0: the BFMSS bound.

Burnikel, Funke, Mehlhorn, Schirra, Schmitt (Algorithmica 2009): write the number as U/L with
algebraic integers U and L all of whose conjugates are at most u and l in modulus, in a field of
degree at most D; then it is 0 or at least ``1 / (l u**(D-1))`` in modulus.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import sympy

__all__ = ["Measure", "measure"]


@dataclass(frozen=True)
class Measure:
    """U/L with log2 bounds on all conjugates of U and L, and the degrees of the leaves used.

    The integer part of the denominator is kept exactly in `integer`, so that a sum of fractions
    costs their least common multiple and not their product.
    """

    upper: float
    lower: float
    integer: int
    leaves: frozenset[tuple[Any, int]]

    @property
    def denominator(self) -> float:
        """Return log2 of a bound on the conjugates of the whole denominator."""
        return self.lower + _log2(self.integer)

    @property
    def degree(self) -> int:
        """Return a bound on the degree of the field: the product of the degrees of the leaves."""
        return math.prod(degree for _, degree in self.leaves)

    @property
    def separation(self) -> float:
        """Return the s for which a number below ``2**-s`` in modulus is 0."""
        return self.denominator + max(self.degree - 1, 0) * max(self.upper, 0.0) + 2


def _log2(value: int) -> float:
    # bit_length bounds log2 from above, also for integers beyond float64.
    return 0.0 if value <= 1 else float(value.bit_length())


def measure(expr: Any) -> Measure | None:
    """BFMSS measure of an algebraic expression, or None for anything else."""
    if expr.is_Rational:
        return Measure(_log2(abs(int(expr.p))), 0.0, int(expr.q), frozenset())
    if isinstance(expr, sympy.Add):
        return _measure_sum([measure(a) for a in expr.args])
    if isinstance(expr, sympy.Mul):
        return _measure_product([measure(a) for a in expr.args])
    if isinstance(expr, sympy.Pow) and expr.exp.is_Rational:
        return _measure_power(expr)
    if isinstance(expr, sympy.CRootOf):
        coefficients = [abs(int(c)) for c in expr.poly.all_coeffs()]
        # lc * root is an algebraic integer, and by Cauchy's bound lc * (1 + max|c|/lc).
        leading = coefficients[0]
        upper = _log2(leading + max(coefficients[1:])) + 1
        return Measure(upper, 0.0, leading, frozenset({(expr, len(coefficients) - 1)}))
    if isinstance(expr, (sympy.sin, sympy.cos)):
        turn = expr.args[0] / sympy.pi
        if turn.is_Rational:
            # 2 cos and 2 sin of a rational multiple of pi are sums of two roots of unity.
            order = 4 * int(turn.q)
            return Measure(1.0, 0.0, 2, frozenset({(("unity", order), order)}))
    return None


def _measure_sum(parts: Sequence[Measure | None]) -> Measure | None:
    if any(p is None for p in parts):
        return None
    known = cast("Sequence[Measure]", parts)
    integer = math.lcm(*(p.integer for p in known))
    lower = sum(p.lower for p in known)
    terms = [p.upper + _log2(integer // p.integer) + lower - p.lower for p in known]
    upper = max(terms) + math.log2(len(terms)) + 1e-6
    return Measure(upper, lower, integer, _union(known))


def _measure_product(parts: Sequence[Measure | None]) -> Measure | None:
    if any(p is None for p in parts):
        return None
    known = cast("Sequence[Measure]", parts)
    return Measure(
        sum(p.upper for p in known),
        sum(p.lower for p in known),
        math.prod(p.integer for p in known),
        _union(known),
    )


def _measure_power(expr: Any) -> Measure | None:
    base = measure(expr.base)
    if base is None:
        return None
    power, index = int(expr.exp.p), int(expr.exp.q)
    if index > 1:
        # U/L = (U L^(k-1))^(1/k) / L, or U / (U^(k-1) L)^(1/k): take the smaller measure.
        leaves = base.leaves | {((expr.base, index), index)}
        # The second form divides by U, so it is only for a base that is seen not to be 0.
        if base.upper >= base.denominator or not expr.base.is_Rational:
            upper = (base.upper + (index - 1) * base.denominator) / index
            base = Measure(upper, base.lower, base.integer, leaves)
        else:
            lower = ((index - 1) * base.upper + base.denominator) / index
            base = Measure(base.upper, lower, 1, leaves)
    if power >= 0:
        return Measure(power * base.upper, power * base.lower, base.integer**power, base.leaves)
    return Measure(-power * base.denominator, -power * base.upper, 1, base.leaves)


def _union(parts: Sequence[Measure]) -> frozenset[tuple[Any, int]]:
    return frozenset().union(*(p.leaves for p in parts))
