"""Arb balls around exact numbers: rigorous enclosures at any precision."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import flint
import sympy

from danskin.errors import ExpressionError
from danskin.expression import elu, elu_slope, softplus, xlogx

__all__ = ["enclose", "enclose_at", "working_precision"]

#: Arb's working precision is one setting for the whole process.
_precision_lock = threading.RLock()


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """Let Arb work with `bits` in the body of a ``with`` statement, one thread at a time."""
    with _precision_lock:
        previous = flint.ctx.prec
        try:
            flint.ctx.prec = bits
            yield
        finally:
            flint.ctx.prec = previous


def enclose(number: Any, bits: int = 64) -> flint.arb:
    """Return an Arb ball that contains `number`, computed with `bits` of working precision.

    Raises
    ------
    ExpressionError
        A part of `number` is not defined or not real.
    """
    with working_precision(bits):
        return _ball(number, bits, {})


def enclose_at(expr: Any, values: Mapping[Any, flint.arb], bits: int) -> flint.arb:
    """Return a ball that contains `expr` with balls put in for its symbols.

    Raises
    ------
    ExpressionError
        A part of `expr` cannot be enclosed.
    """
    with working_precision(bits):
        return _ball(expr, bits, dict(values))


_ARB_FUNCTIONS: dict[Any, Callable[[flint.arb], flint.arb]] = {
    sympy.sin: lambda x: x.sin(),
    sympy.cos: lambda x: x.cos(),
    sympy.tan: lambda x: x.tan(),
    sympy.cot: lambda x: x.cot(),
    sympy.exp: lambda x: x.exp(),
    sympy.log: lambda x: x.log(),
    sympy.tanh: lambda x: x.tanh(),
    sympy.sinh: lambda x: x.sinh(),
    sympy.cosh: lambda x: x.cosh(),
    sympy.atan: lambda x: x.atan(),
    xlogx: lambda x: flint.arb(0) if x.is_zero() else x * x.log(),
    elu: lambda x: _split_at_zero(x, lambda y: y, lambda y: y.expm1()),
    elu_slope: lambda x: _split_at_zero(x, lambda _: flint.arb(1), lambda y: y.exp()),
    softplus: lambda x: (1 + x.exp()).log(),
}


def _split_at_zero(
    x: flint.arb, right: Callable[[flint.arb], flint.arb], left: Callable[[flint.arb], flint.arb]
) -> flint.arb:
    """Enclose a function that is given by one formula for ``x >= 0`` and another for ``x <= 0``."""
    if x >= 0:
        return right(x)
    # A ball around 0: either formula may hold.
    return left(x) if x <= 0 else right(x).union(left(x))


def _ball(expr: Any, bits: int, cache: dict[Any, flint.arb]) -> flint.arb:
    found = cache.get(expr)
    if found is None:
        found = cache[expr] = _ball_uncached(expr, bits, cache)
    return found


def _ball_uncached(expr: Any, bits: int, cache: dict[Any, flint.arb]) -> flint.arb:
    if expr.is_Rational:
        return flint.arb(flint.fmpq(int(expr.p), int(expr.q)))
    if expr is sympy.pi:
        return flint.arb.pi()
    if expr is sympy.E:
        return flint.arb.const_e()
    if isinstance(expr, sympy.Add):
        total = flint.arb(0)
        for term in expr.args:
            total += _ball(term, bits, cache)
        return total
    if isinstance(expr, sympy.Mul):
        product = flint.arb(1)
        for factor in expr.args:
            product *= _ball(factor, bits, cache)
        return product
    if isinstance(expr, sympy.Pow):
        base: Any
        exponent: Any
        base, exponent = expr.args
        if base is sympy.E:
            return _ball(exponent, bits, cache).exp()
        ball = _ball(base, bits, cache)
        if exponent.is_Integer:
            return _integer_power(ball, int(exponent))
        if exponent.is_Rational:
            if ball.contains(0) and _is_zero(base):
                return flint.arb(0 if exponent > 0 else math.nan)
            root = ball.sqrt() if exponent.q == 2 else ball.root(int(exponent.q))
            return _integer_power(root, int(exponent.p))
        return (ball.log() * _ball(exponent, bits, cache)).exp()
    if isinstance(expr, sympy.CRootOf):
        return _root_ball(tuple(int(c) for c in expr.poly.all_coeffs()), int(expr.index), bits)
    function = _ARB_FUNCTIONS.get(expr.func)
    if function is None:
        raise ExpressionError("number", f"{expr.func.__name__} cannot be enclosed", "Simplify it.")
    return function(_ball(expr.args[0], bits, cache))


def _is_zero(number: Any) -> bool:
    # A ball around 0 has no root: only the proof that the number is 0 helps, which in turn
    # encloses numbers, smaller ones.
    from danskin.exact.signs import sign

    return sign(number) == 0


def _integer_power(ball: flint.arb, exponent: int) -> flint.arb:
    # Written out, since Arb's own power of a ball with midpoint 0 is NaN.
    if exponent < 0:
        return 1 / _integer_power(ball, -exponent)
    power = flint.arb(1)
    while exponent:
        if exponent & 1:
            power *= ball
        exponent >>= 1
        if exponent:
            ball *= ball
    return power


@lru_cache(maxsize=512)
def _isolated_roots(coefficients: tuple[int, ...]) -> tuple[flint.arb, ...]:
    """Enclose the real roots of a squarefree polynomial, ascending, each in a ball of its own."""
    polynomial = flint.fmpz_poly(list(reversed(coefficients)))
    # Arb gives real roots an imaginary part that is exactly 0.
    pairs: list[Any] = polynomial.complex_roots()
    reals = [r.real for r, _ in pairs if r.imag == 0]
    # Disjoint balls have an order; midpoints are compared exactly.
    return tuple(sorted(reals, key=lambda r: r.mid()))


@lru_cache(maxsize=512)
def _root_ball(coefficients: tuple[int, ...], index: int, bits: int) -> flint.arb:
    """Enclose the `index`-th real root, ascending; coefficients from the highest power down.

    By the interval Newton method, ``m - p(m)/p'(X)``, from an isolating ball, the precision
    doubled from step to step.
    """
    with _precision_lock:
        previous = flint.ctx.prec
        try:
            flint.ctx.prec = 128
            ball = _isolated_roots(coefficients)[index]
            slope = [c * i for i, c in enumerate(reversed(coefficients)) if i][::-1]
            precision = 128
            while ball.rel_accuracy_bits() < bits:
                before = ball.rel_accuracy_bits()
                precision = min(2 * precision, 2 * bits + 128)
                flint.ctx.prec = precision
                middle = ball.mid()
                newton = middle - _horner(coefficients, middle) / _horner(slope, ball)
                if not newton.is_finite():
                    break
                ball = newton if ball.contains(newton) else ball.intersection(newton)
                if ball.is_exact() or (ball.rel_accuracy_bits() <= before and precision > bits):
                    break
            return ball
        finally:
            flint.ctx.prec = previous


def _horner(coefficients: Sequence[int], x: flint.arb) -> flint.arb:
    value = flint.arb(0)
    for c in coefficients:
        value = value * x + c
    return value
