"""Intervals whose two ends are Arb balls, and the functions of formulas over them.

The interval between ``lo`` and ``hi`` reaches from the least number of the ball `lo` to the
largest of the ball `hi`. Only thin balls go through Arb's functions, so that its 30-bit radius
never widens a cell; between the ends there is monotonicity and nothing else. NaN at an end means
that nothing is known of that end: every comparison with it is false, and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import sympy

from danskin.exact import enclose
from danskin.expression import elu, elu_bend, elu_slope, softplus, xlogx

__all__ = [
    "BITS",
    "FUNCTIONS",
    "UNKNOWN",
    "ZERO",
    "Range",
    "add",
    "between",
    "inverse",
    "mul",
    "negative",
    "no_pole",
    "power",
    "root",
    "sub",
    "thin",
]

#: Working precision, in bits; the prover's bounds have 53.
BITS = 128

#: (lo, hi); one object twice where it is a single number.
Range = tuple[Any, Any]
Function = Callable[[Range], Range]

_0, _1, _NAN = flint.arb(0), flint.arb(1), flint.arb("nan")
ZERO: Range = (_0, _0)
UNKNOWN: Range = (_NAN, _NAN)


def thin(number: Any) -> Range:
    """Return the range of one exact number."""
    ball = flint.arb(number) if isinstance(number, flint.fmpq) else enclose(number, BITS)
    return (ball, ball)


def between(lo: Any, hi: Any) -> Range:
    """Return the range from one exact fraction to another."""
    least = flint.arb(lo)
    return (least, least) if lo == hi else (least, flint.arb(hi))


def add(a: Range, b: Range) -> Range:
    """Enclose the sum."""
    lo = a[0] + b[0]
    return (lo, lo) if a[0] is a[1] and b[0] is b[1] else (lo, a[1] + b[1])


def negative(a: Range) -> Range:
    """Enclose ``-x``."""
    lo = -a[1]
    return (lo, lo) if a[0] is a[1] else (lo, -a[0])


def sub(a: Range, b: Range) -> Range:
    """Enclose the difference (operands taken as independent)."""
    return a[0] - b[1], a[1] - b[0]


def mul(a: Range, b: Range) -> Range:
    """Enclose the product (operands taken as independent)."""
    if b[0] is b[1]:
        a, b = b, a
    if a[0] is not a[1]:
        if a[0] >= 0 and b[0] >= 0:
            return a[0] * b[0], a[1] * b[1]
        p, q, u, v = a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]
        return p.min(q).min(u.min(v)), p.max(q).max(u.max(v))
    p = a[0] * b[0]
    if b[0] is b[1]:
        return (p, p)
    q = a[0] * b[1]
    if a[0] >= 0:
        return p, q
    return (q, p) if a[0] <= 0 else (p.min(q), p.max(q))


def inverse(a: Range) -> Range:
    """Enclose ``1/x``."""
    if not (a[0] > 0 or a[1] < 0):
        return UNKNOWN
    lo = 1 / a[1]
    return (lo, lo) if a[0] is a[1] else (lo, 1 / a[0])


def _rising(at: Callable[[Any], Any]) -> Function:
    def enclosed(a: Range) -> Range:
        lo = at(a[0])
        return (lo, lo) if a[0] is a[1] else (lo, at(a[1]))

    return enclosed


def _valley(at: Callable[[Any], Any], bottom: Callable[[], Any], least: Callable[[], Any]) -> Any:
    """Enclose a function that falls to its `least` value at `bottom`, and rises from there."""

    def enclosed(a: Range) -> Range:
        p = at(a[0])
        if a[0] is a[1]:
            return (p, p)
        q, x = at(a[1]), bottom()
        if a[0] >= x:
            return p, q
        if a[1] <= x:
            return q, p
        most = p.max(q)
        return (_NAN if most.is_nan() else least()), most

    return enclosed


def power(n: int) -> Function:
    """Return the n-th power, n > 0; Arb's own power of a ball around 0 is NaN."""

    def at(x: Any) -> Any:
        result, left = None, n
        while left:
            if left & 1:
                result = x if result is None else result * x
            left >>= 1
            x = x * x if left else x
        return result

    return _rising(at) if n % 2 else _valley(at, lambda: _0, lambda: _0)


def root(q: int) -> Function:
    """Return the q-th root of what is at least 0."""

    def at(x: Any) -> Any:
        if x > 0:
            return x.sqrt() if q == 2 else x.root(q)
        return _0 if x == 0 else _NAN

    return _rising(at)


def _log(a: Range) -> Range:
    # Minus infinity at 0; the upper end stands.
    return _log_ends(a) if a[1] > 0 else UNKNOWN


_log_ends = _rising(lambda x: x.log() if x > 0 else -flint.arb("inf") if x == 0 else _NAN)


def _entropy_at(x: Any) -> Any:
    return x * x.log() if x > 0 else _0 if x == 0 else _NAN


def _elu_at(x: Any) -> Any:
    if x >= 0:
        return x
    # Of a ball around 0: between x and 0 below, x above; both lie in it or are 0.
    return x.expm1() if x <= 0 else x.union(x.expm1())


def _elu_slope_at(x: Any) -> Any:
    return _1 if x >= 0 else x.exp() if x <= 0 else x.exp().union(_1)


def _elu_bend(a: Range) -> Range:
    # exp(x) below 0 and 0 above; at 0 both one-sided values count.
    if a[0] > 0:
        return ZERO
    if a[1] < 0:
        return a[0].exp(), a[1].exp()
    return (_0, _1) if a[0] <= 0 or a[1] >= 0 else UNKNOWN


def _passes(a: Range, point: Any, period: Any) -> bool:
    """Whether the range may hold ``point + n period`` for an integer n."""
    first, last = (a[0] - point) / period, (a[1] - point) / period
    if not (first.is_finite() and last.is_finite()):
        return True
    # Unless it is seen not to.
    return not first.lower().ceil() > last.upper().floor()


def _wave(at: Callable[[Any], Any], half_turns: int) -> Function:
    """Enclose a sine whose maximum is at ``half_turns pi/2``."""

    def enclosed(a: Range) -> Range:
        if not (a[0].is_finite() and a[1].is_finite()):
            return UNKNOWN
        lo = at(a[0])
        if a[0] is a[1]:
            return (lo, lo)
        hi, pi = at(a[1]), flint.arb.pi()
        peak = half_turns * pi / 2
        low = -_1 if _passes(a, peak + pi, 2 * pi) else lo.min(hi)
        return low, _1 if _passes(a, peak, 2 * pi) else lo.max(hi)

    return enclosed


def no_pole(half_turns: int) -> Callable[[Range], bool]:
    """Return whether a range is free of ``half_turns pi/2 + n pi``: 1 for tan, 0 for cot."""
    return lambda a: not _passes(a, half_turns * flint.arb.pi() / 2, flint.arb.pi())


FUNCTIONS: dict[Any, Function] = {
    sympy.exp: _rising(lambda x: x.exp()),
    sympy.log: _log,
    sympy.tanh: _rising(lambda x: x.tanh()),
    sympy.sinh: _rising(lambda x: x.sinh()),
    sympy.atan: _rising(lambda x: x.atan()),
    sympy.cosh: _valley(lambda x: x.cosh(), lambda: _0, lambda: _1),
    sympy.sin: _wave(lambda x: x.sin(), 1),
    sympy.cos: _wave(lambda x: x.cos(), 0),
    sympy.tan: lambda a: (a[0].tan(), a[1].tan()) if no_pole(1)(a) else UNKNOWN,
    sympy.cot: lambda a: (a[1].cot(), a[0].cot()) if no_pole(0)(a) else UNKNOWN,
    xlogx: _valley(_entropy_at, lambda: (-_1).exp(), lambda: -(-_1).exp()),
    elu: _rising(_elu_at),
    elu_slope: _rising(_elu_slope_at),
    elu_bend: _elu_bend,
    softplus: _rising(lambda x: x.exp().log1p()),
}
