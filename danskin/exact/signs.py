"""Deciding signs of exact numbers, and what follows: comparisons, maxima, correct rounding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import flint
import sympy

from danskin.errors import ExpressionError
from danskin.exact.enclosure import enclose
from danskin.exact.reading import to_fraction
from danskin.exact.separation import Measure, measure

__all__ = ["compare", "exact_max", "sign", "to_float"]

#: Balls for numbers not known to be algebraic stop here; an algebraic zero may need more.
_MAX_BITS_TRANSCENDENTAL = 1 << 13
_MAX_BITS_ALGEBRAIC = 1 << 20


def sign(number: Any) -> int | None:
    """Decide the sign of an exact real number.

    Returns
    -------
    -1, 0, 1, or None
        None where it stays undecided: a transcendental number that looks like 0 but is not shown
        to be.
    """
    if number.is_Rational:
        return int(bool(number > 0)) - int(bool(number < 0))
    return _sign(number)


@lru_cache(maxsize=8192)
def _sign(number: Any) -> int | None:
    bits = 64
    while bits <= 1024:
        found = _ball_sign(number, bits)
        if found is not None:
            return found
        bits *= 4
    expanded = sympy.expand(number) if _small(number) else number
    if expanded.is_Rational:
        return sign(expanded)
    found = measure(expanded)
    if found is not None:
        return _algebraic_sign(expanded, found)
    if _vanishes_identically(expanded):
        return 0
    return _ball_sign(expanded, _MAX_BITS_TRANSCENDENTAL)


def _ball_sign(number: Any, bits: int) -> int | None:
    ball = enclose(number, bits)
    if ball.is_zero():
        return 0
    # Comparisons of balls are true only where they hold for every point; NaN compares false.
    if ball > 0:
        return 1
    return -1 if ball < 0 else None


def _small(number: sympy.Expr) -> bool:
    """Whether expanding cannot blow up: the product of the sizes of all sums is moderate."""
    size = 1
    for node in sympy.preorder_traversal(number):
        if isinstance(node, sympy.Pow) and isinstance(node.base, sympy.Add):
            if not node.exp.is_Integer:
                continue
            size *= len(node.base.args) ** min(abs(int(node.exp)), 40)
        elif isinstance(node, sympy.Mul):
            for factor in node.args:
                size *= len(factor.args) if isinstance(factor, sympy.Add) else 1
        if size > 5000:
            return False
    return True


def _algebraic_sign(number: sympy.Expr, bound: Measure) -> int | None:
    # |number| < 2**-needed proves that it is 0.
    needed = bound.separation
    if needed > _MAX_BITS_ALGEBRAIC:
        return _ball_sign(number, _MAX_BITS_TRANSCENDENTAL)
    bits = 4096
    while True:
        ball = enclose(number, bits)
        if ball > 0:
            return 1
        if ball < 0:
            return -1
        if ball.is_finite() and abs(ball) < flint.arb(2) ** -(int(needed) + 1):
            return 0
        if bits > 4 * needed + 65536:
            return None
        bits *= 2


def _vanishes_identically(number: sympy.Expr) -> bool:
    """Whether the number is 0 whatever its transcendental parts are."""
    atoms: dict[sympy.Basic, sympy.Symbol] = {}
    replaced = _opaque(number, atoms)
    try:
        polynomial = sympy.Poly(sympy.expand(replaced), *atoms.values())
    except sympy.PolynomialError:
        return False
    return all(not c.has(*atoms.values()) and sign(c) == 0 for c in polynomial.coeffs())


def _opaque(expr: Any, atoms: dict[sympy.Basic, sympy.Symbol]) -> sympy.Expr:
    if expr.is_Rational or isinstance(expr, sympy.CRootOf):
        return expr
    if isinstance(expr, (sympy.Add, sympy.Mul)) or (
        isinstance(expr, sympy.Pow) and expr.exp.is_Integer and expr.exp > 0
    ):
        return expr.func(*(_opaque(a, atoms) for a in expr.args))
    if measure(expr) is not None:
        return expr
    return atoms.setdefault(expr, sympy.Dummy())


def compare(a: Any, b: Any) -> int | None:
    """Return the sign of ``a - b``, or None where it stays undecided."""
    if a == b:
        return 0
    return sign(a - b)


def exact_max(numbers: Sequence[Any]) -> tuple[Any, list[int]] | None:
    """Return the largest of some exact numbers and the indices that attain it.

    Returns
    -------
    (value, indices) or None
        None where a comparison between leading candidates stays undecided.
    """
    balls = [enclose(n, 128) for n in numbers]
    if not all(b.is_finite() for b in balls):
        return None
    floor = max(balls, key=lambda b: float(b.mid()))
    leaders = [i for i, b in enumerate(balls) if not (b < floor)]
    best = [leaders[0]]
    for i in leaders[1:]:
        order = compare(numbers[i], numbers[best[0]])
        if order is None:
            return None
        if order > 0:
            best = [i]
        elif order == 0:
            best.append(i)
    return numbers[best[0]], best


def to_float(number: Any) -> float:
    """Return the float64 nearest to an exact number (within one unit in the last place).

    Raises
    ------
    ExpressionError
        The number is not real, or its size is beyond float64.
    """
    if number.is_Rational:
        try:
            return float(to_fraction(number))
        except OverflowError:
            raise ExpressionError("number", "it is beyond float64", "Rescale it.") from None
    for bits in (96, 512, 4096):
        ball = enclose(number, bits)
        if ball.is_finite() and (ball.rel_accuracy_bits() > 56 or ball.is_zero()):
            value = float(ball.mid())
            if not math.isfinite(value):
                raise ExpressionError("number", "it is beyond float64", "Rescale it.")
            return value
    if sign(number) == 0:
        return 0.0
    ball = enclose(number, _MAX_BITS_TRANSCENDENTAL)
    if not ball.is_finite():
        raise ExpressionError(
            "number",
            "it is not defined or not real",
            "Look for a division by zero, or a root or logarithm of a negative number.",
        )
    return float(ball.mid())
