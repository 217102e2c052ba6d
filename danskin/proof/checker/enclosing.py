"""Formulas over cells, enclosed: intervals whose two ends are Arb balls.

The interval between ``lo`` and ``hi`` reaches from the least number of the ball `lo` to the
largest of the ball `hi`. Only thin balls go through Arb's functions, so that its 30-bit radius
never widens a cell; between the ends there is monotonicity and nothing else. NaN at an end means
that nothing is known of that end: every comparison with it is false, and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flint
import sympy

from danskin.errors import ExpressionError
from danskin.exact import enclose
from danskin.expression import elu, elu_bend, elu_slope, softplus, xlogx

__all__ = ["BITS", "UNKNOWN", "Program", "Range", "add", "mul", "sub", "thin"]

#: Working precision, in bits; the prover's bounds have 53.
BITS = 128

#: (lo, hi); one object twice where it is a single number.
Range = tuple[Any, Any]

_ZERO, _ONE = flint.arb(0), flint.arb(1)
_NAN = flint.arb("nan")
UNKNOWN: Range = (_NAN, _NAN)


def thin(number: Any) -> Range:
    """Return the range of one exact number."""
    ball = enclose(number, BITS)
    return (ball, ball)


def add(a: Range, b: Range) -> Range:
    """Enclose the sum."""
    lo = a[0] + b[0]
    return (lo, lo) if a[0] is a[1] and b[0] is b[1] else (lo, a[1] + b[1])


def sub(a: Range, b: Range) -> Range:
    """Enclose the difference (operands taken as independent)."""
    return a[0] - b[1], a[1] - b[0]


def mul(a: Range, b: Range) -> Range:
    """Enclose the product (operands taken as independent)."""
    if a[0] is a[1]:
        return _scaled(a[0], b)
    if b[0] is b[1]:
        return _scaled(b[0], a)
    if a[0] >= 0 and b[0] >= 0:
        return a[0] * b[0], a[1] * b[1]
    p, q, u, v = a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]
    return p.min(q).min(u.min(v)), p.max(q).max(u.max(v))


def _scaled(x: Any, b: Range) -> Range:
    if b[0] is b[1]:
        p = x * b[0]
        return (p, p)
    p, q = x * b[0], x * b[1]
    if x >= 0:
        return p, q
    return (q, p) if x <= 0 else (p.min(q), p.max(q))


def _times(n: int) -> Callable[[Range], Range]:
    def enclosed(a: Range) -> Range:
        p = _power(a[0], n)
        if a[0] is a[1]:
            return (p, p)
        q = _power(a[1], n)
        if n % 2 or a[0] >= 0:
            return p, q
        if a[1] <= 0:
            return q, p
        most = p.max(q)
        return (_NAN if most.is_nan() else _ZERO, most)

    return enclosed


def _power(x: Any, n: int) -> Any:
    # Arb's own power of a ball around 0 is NaN.
    result = None
    while n:
        if n & 1:
            result = x if result is None else result * x
        n >>= 1
        x = x * x if n else x
    return result


def _inverse(a: Range) -> Range:
    if not _nonzero(a):
        return UNKNOWN
    lo = 1 / a[1]
    return (lo, lo) if a[0] is a[1] else (lo, 1 / a[0])


def _increasing(at: Callable[[Any], Any]) -> Callable[[Range], Range]:
    def enclosed(a: Range) -> Range:
        lo = at(a[0])
        return (lo, lo) if a[0] is a[1] else (lo, at(a[1]))

    return enclosed


_increasing_log = _increasing(lambda x: x.log())


def _log(a: Range) -> Range:
    if a[0] > 0:
        return _increasing_log(a)
    # Minus infinity at 0; the upper end stands.
    return (-flint.arb("inf"), a[1].log()) if a[0] == 0 and a[1] > 0 else UNKNOWN


def _root(q: int) -> Callable[[Range], Range]:
    def at(x: Any) -> Any:
        if x > 0:
            return x.sqrt() if q == 2 else x.root(q)
        return _ZERO if x == 0 else _NAN

    taken = _increasing(at)
    return lambda a: taken(a) if a[0] >= 0 else UNKNOWN


def _entropy(a: Range) -> Range:
    if not a[0] >= 0:
        return UNKNOWN
    p, q = _entropy_at(a[0]), _entropy_at(a[1])
    least = (-_ONE).exp()
    if a[0] >= least:
        return p, q
    return (q, p) if a[1] <= least else (-least, p.max(q))


def _entropy_at(x: Any) -> Any:
    return x * x.log() if x > 0 else _ZERO if x == 0 else _NAN


def _elu_at(x: Any) -> Any:
    if x >= 0:
        return x
    # Of a ball around 0: between x and 0 below, x above; both lie in it or are 0.
    return x.expm1() if x <= 0 else x.union(x.expm1())


def _elu_slope_at(x: Any) -> Any:
    return _ONE if x >= 0 else x.exp() if x <= 0 else x.exp().union(_ONE)


def _elu_bend(a: Range) -> Range:
    # exp(x) below 0 and 0 above; at 0 both one-sided values count.
    if a[0] > 0:
        return _ZERO, _ZERO
    if a[1] < 0:
        return a[0].exp(), a[1].exp()
    return (_ZERO, _ONE) if a[0] <= 0 or a[1] >= 0 else UNKNOWN


def _cosh(a: Range) -> Range:
    p, q = a[0].cosh(), a[1].cosh()
    if a[0] >= 0:
        return p, q
    most = p.max(q)
    return (q, p) if a[1] <= 0 else (_NAN if most.is_nan() else _ONE, most)


def _passes(a: Range, point: Any, period: Any) -> bool:
    """Whether the range may hold ``point + n period`` for an integer n."""
    first, last = (a[0] - point) / period, (a[1] - point) / period
    if not (first.is_finite() and last.is_finite()):
        return True
    # Unless it is seen not to.
    return not first.lower().ceil() > last.upper().floor()


def _wave(at: Callable[[Any], Any], half_turns: int) -> Callable[[Range], Range]:
    """Enclose a sine whose maximum is at ``half_turns pi/2``."""

    def enclosed(a: Range) -> Range:
        if not (a[0].is_finite() and a[1].is_finite()):
            return UNKNOWN
        lo = at(a[0])
        if a[0] is a[1]:
            return (lo, lo)
        hi, pi = at(a[1]), flint.arb.pi()
        peak = half_turns * pi / 2
        low = -_ONE if _passes(a, peak + pi, 2 * pi) else lo.min(hi)
        return low, _ONE if _passes(a, peak, 2 * pi) else lo.max(hi)

    return enclosed


def _no_pole(half_turns: int) -> Callable[[Range], bool]:
    return lambda a: not _passes(a, half_turns * flint.arb.pi() / 2, flint.arb.pi())


def _tan(a: Range) -> Range:
    return (a[0].tan(), a[1].tan()) if _no_pole(1)(a) else UNKNOWN


def _cot(a: Range) -> Range:
    return (a[1].cot(), a[0].cot()) if _no_pole(0)(a) else UNKNOWN


_FUNCTIONS: dict[Any, Callable[[Range], Range]] = {
    sympy.exp: _increasing(lambda x: x.exp()),
    sympy.log: _log,
    sympy.tanh: _increasing(lambda x: x.tanh()),
    sympy.sinh: _increasing(lambda x: x.sinh()),
    sympy.atan: _increasing(lambda x: x.atan()),
    sympy.cosh: _cosh,
    sympy.sin: _wave(lambda x: x.sin(), 1),
    sympy.cos: _wave(lambda x: x.cos(), 0),
    sympy.tan: _tan,
    sympy.cot: _cot,
    xlogx: _entropy,
    elu: _increasing(_elu_at),
    elu_slope: _increasing(_elu_slope_at),
    elu_bend: _elu_bend,
    softplus: _increasing(lambda x: x.exp().log1p()),
}


def _positive(a: Range) -> bool:
    return bool(a[0] > 0)


def _nonnegative(a: Range) -> bool:
    return bool(a[0] >= 0)


def _nonzero(a: Range) -> bool:
    return bool(a[0] > 0 or a[1] < 0)


class Program:
    """Several formulas of the same symbols, and where they are defined, as lists of steps.

    Parameters
    ----------
    outputs : sequence of sympy.Expr
    cell : sequence of sympy.Symbol
        The coordinates of cells; every other symbol gets its number from `bind`.
    moving : sequence of sympy.Symbol
        theta: a root, logarithm or entropy of something that depends on it counts as defined only
        where its argument is strictly positive, so that it is defined and smooth *around* theta.
    """

    def __init__(
        self, outputs: Sequence[Any], cell: Sequence[Any], moving: Sequence[Any] = ()
    ) -> None:
        self._cell, self._moving = tuple(cell), frozenset(moving)
        self._slots: dict[Any, int] = {s: i for i, s in enumerate(cell)}
        self._steps: list[tuple[Callable[..., Any], tuple[int, ...]] | None] = [None] * len(cell)
        self._leaves: dict[int, Any] = {}
        self._fixed: list[int] = []
        self._same: set[int] = set()
        self._checks: dict[int, list[tuple[Callable[[Range], bool], int]]] = {}
        self._outputs = [self._compile(sympy.S(e)) for e in outputs]
        self._needs = [self._needed(i) for i in self._outputs]
        self._conditions = [
            [
                (holds, i, self._needed(i))
                for slot in steps
                for holds, i in self._checks.get(slot, ())
            ]
            for steps in self._needs
        ]

    def bind(self, numbers: Mapping[Any, Range]) -> list[Any]:
        """Return the values of everything that is the same for all cells."""
        values: list[Any] = [None] * len(self._steps)
        for slot, leaf in self._leaves.items():
            values[slot] = numbers[leaf] if leaf in numbers else thin(leaf)
        for slot in self._fixed:
            self._step(slot, values)
        return values

    def on(self, base: list[Any], cell: Sequence[Range]) -> list[Any]:
        """Return the values with a cell put in, none of its steps taken yet."""
        values = base.copy()
        values[: len(cell)] = cell
        return values

    def value(self, number: int, values: list[Any]) -> Range:
        """Enclose an output, taking the steps that it needs."""
        for slot in self._needs[number]:
            if values[slot] is None:
                self._step(slot, values)
        return values[self._outputs[number]]

    def defined(self, number: int, values: list[Any]) -> bool:
        """Whether an output is defined on the whole cell (and around theta)."""
        for holds, operand, needed in self._conditions[number]:
            for slot in needed:
                if values[slot] is None:
                    self._step(slot, values)
            if not holds(values[operand]):
                return False
        return True

    def _step(self, slot: int, values: list[Any]) -> None:
        operation, operands = self._steps[slot]  # type: ignore[misc]
        values[slot] = operation(*[values[i] for i in operands])

    def _needed(self, slot: int) -> list[int]:
        """Return the steps behind a slot, in order."""
        found: set[int] = set()
        stack = [slot]
        while stack:
            i = stack.pop()
            step = self._steps[i]
            if i not in found and step is not None:
                found.add(i)
                stack += step[1]
        return sorted(found)

    # --- compiling ---------------------------------------------------------------------------

    def _leaf(self, expr: Any) -> int:
        slot = self._slots[expr] = len(self._steps)
        self._steps.append(None)
        self._leaves[slot] = expr
        self._same.add(slot)
        return slot

    def _emit(self, key: Any, operation: Callable[..., Any], *operands: int) -> int:
        slot = self._slots[key] = len(self._steps)
        self._steps.append((operation, operands))
        if all(i in self._same for i in operands):
            self._fixed.append(slot)
            self._same.add(slot)
        return slot

    def _check(self, slot: int, holds: Callable[[Range], bool], operand: int) -> None:
        self._checks.setdefault(slot, []).append((holds, operand))

    def _compile(self, expr: Any) -> int:
        if expr in self._slots:
            return self._slots[expr]
        if not expr.args or not expr.free_symbols:
            return self._leaf(expr)
        if isinstance(expr, (sympy.Add, sympy.Mul)):
            operation = add if isinstance(expr, sympy.Add) else mul
            slots = [self._compile(a) for a in expr.args]
            # What is the same for all cells is taken together first.
            slots.sort(key=lambda i: i not in self._same)
            slot = slots[0]
            for i, other in enumerate(slots[1:], start=2):
                slot = self._emit(expr if i == len(slots) else (expr, i), operation, slot, other)
            return slot
        if isinstance(expr, sympy.Pow):
            return self._power(expr)
        function = _FUNCTIONS.get(expr.func)
        if function is None:
            raise ExpressionError("g", f"{expr.func.__name__} is not a function known here", "")
        inner = self._compile(expr.args[0])
        slot = self._emit(expr, function, inner)
        if expr.func is sympy.log or (expr.func is xlogx and self._moves(expr)):
            self._check(slot, _positive, inner)
        elif expr.func is xlogx:
            self._check(slot, _nonnegative, inner)
        elif expr.func in (sympy.tan, sympy.cot):
            self._check(slot, _no_pole(1 if expr.func is sympy.tan else 0), inner)
        return slot

    def _moves(self, expr: Any) -> bool:
        return bool(expr.free_symbols & self._moving)

    def _power(self, expr: Any) -> int:
        base, exponent = expr.args
        if not exponent.is_Rational:
            # A positive number to a variable power.
            slot = self._compile(sympy.exp(sympy.log(base) * exponent, evaluate=False))
            self._slots[expr] = slot
            return slot
        p, q = int(exponent.p), int(exponent.q)
        slot = self._compile(base)
        if q > 1:
            inner, slot = slot, self._emit((base, "root", q), _root(q), slot)
            self._check(slot, _positive if self._moves(base) else _nonnegative, inner)
        if abs(p) > 1:
            slot = self._emit((base, abs(p), q), _times(abs(p)), slot)
        if p < 0:
            inner, slot = slot, self._emit((expr, "inverse"), _inverse, slot)
            self._check(slot, _nonzero, inner)
        self._slots[expr] = slot
        return slot
