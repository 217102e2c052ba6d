"""Building numbers with bounds on their size, checked before SymPy computes them.

SymPy evaluates powers of numbers as it builds them: ``9**9**9`` would never come back. The parser
bounds what a formula says; putting numbers into a formula (`substitute`) can say as much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy

from danskin.errors import ExpressionError
from danskin.expression.whitelist import MAX_EXPONENT, MAX_NUMBER_BITS

__all__ = ["SUBSTITUTED_BITS", "bounded_exp", "bounded_power", "substitute"]

#: What powers may grow to once numbers are put in: degree 1000 in a float's few thousand bits.
SUBSTITUTED_BITS = 1 << 22


def bounded_power(base: Any, exponent: Any, argument: str, bits: int = MAX_NUMBER_BITS) -> Any:
    """Return ``base**exponent``, or raise `ExpressionError` if its numbers would be too large."""
    if base == sympy.E:
        return bounded_exp(exponent, argument, bits)
    if exponent.is_number:
        size = _magnitude(exponent)
        if bits == MAX_NUMBER_BITS and size > MAX_EXPONENT:
            raise ExpressionError(
                argument, f"an exponent is beyond {MAX_EXPONENT}", "Use smaller powers."
            )
        if base.is_zero and exponent.is_nonpositive:
            raise ExpressionError(
                argument, "0 is raised to a power that is not positive", "Check the powers."
            )
        # SymPy takes the power of a number, and of a product's rational factor, at once.
        _check(base if base.is_number else base.as_coeff_Mul()[0], size, argument, bits)
    return sympy.Pow(base, exponent)


def bounded_exp(value: Any, argument: str, bits: int = MAX_NUMBER_BITS) -> Any:
    """Return ``exp(value)``, or raise `ExpressionError` if its numbers would be too large."""
    if value.is_number and _magnitude(value) > MAX_NUMBER_BITS:
        raise ExpressionError(
            argument,
            "the exponential of a number is out of range",
            f"Stay below exp({MAX_NUMBER_BITS}).",
        )
    for term in sympy.Add.make_args(value):
        # exp(n*log(x)) becomes x**n at once.
        rest: Any
        factor, rest = term.as_coeff_Mul()
        if isinstance(rest, sympy.log):
            _check(rest.args[0].as_coeff_Mul()[0], _magnitude(factor), argument, bits)
    return sympy.exp(value)


def substitute(expr: Any, values: Mapping[Any, Any], argument: str) -> Any:
    """Put exact numbers (or expressions) for symbols, bounding every power on the way.

    Raises
    ------
    ExpressionError
        A number would have more than `SUBSTITUTED_BITS` bits; the message names `argument`.
    """
    if expr in values:
        return values[expr]
    if not expr.args or not expr.free_symbols & values.keys():
        return expr
    parts = [substitute(a, values, argument) for a in expr.args]
    if isinstance(expr, sympy.Pow):
        return bounded_power(parts[0], parts[1], argument, SUBSTITUTED_BITS)
    if isinstance(expr, sympy.exp):
        return bounded_exp(parts[0], argument, SUBSTITUTED_BITS)
    return expr.func(*parts)


def _check(base: Any, exponent: float, argument: str, bits: int) -> None:
    rationals = [r for r in base.atoms(sympy.Rational) if r not in (0, 1, -1)]
    size = max((max(abs(r.p).bit_length(), r.q.bit_length()) for r in rationals), default=0)
    if size * exponent > bits:
        raise ExpressionError(
            argument, f"a power has more than {bits} bits", "Use smaller numbers."
        )


def _magnitude(number: Any) -> float:
    if number.is_Rational:
        return abs(number.p) / number.q if abs(number.p).bit_length() < 1000 else math.inf
    value = abs(number.evalf(15))
    return float(value) if value.is_comparable else math.inf
