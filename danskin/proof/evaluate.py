"""Expression to enclosure: a tape of interval operations, many boxes at a time.

Numbers in a formula (rational, algebraic, multiples of pi) enter as the tightest floats around
their exact value. Common subexpressions are computed once. Every output comes with a level: a box
on which the formula is not defined everywhere (a pole, a root or logarithm of negative numbers)
has the whole line for an enclosure and the level `UNDEFINED`, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import sympy

from danskin.errors import ExpressionError, InvalidInputError
from danskin.exact import enclose
from danskin.proof import interval
from danskin.proof.elementary import (
    DEFINED,
    EDGE,
    ELEMENTARY,
    UNDEFINED,
    Levels,
    ball_bounds,
    root,
)

__all__ = ["Enclosure", "Tape", "number_interval"]

#: Intervals (2, N) or (2, 1), and the levels of the boxes.
Enclosure = tuple[np.ndarray, Levels]

_NUMBER_BITS = 128


def number_interval(number: Any) -> np.ndarray:
    """Return the tightest float interval (2, 1) around an exact number; thin where it is a float.

    Raises
    ------
    InvalidInputError
        The number is not defined, not real, or beyond float64.
    """
    if number.is_Rational:
        p, q = int(number.p), int(number.q)
        if q & (q - 1) == 0 and abs(p).bit_length() <= 53 and q.bit_length() < 1000:
            return interval.make(p / q, p / q)
    try:
        lo, hi = ball_bounds(enclose(number, _NUMBER_BITS))
    except ExpressionError as error:
        raise InvalidInputError("g", error.problem, error.remedy) from None
    if not (np.isfinite(lo) and np.isfinite(hi)):
        raise InvalidInputError(
            "g", f"the number {str(number)[:60]} has no finite enclosure", "Rescale the problem."
        )
    return interval.make(lo, hi)


class Tape:
    """Several expressions of the same symbols, compiled to one tape.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
        Checked formulas.
    symbols : sequence of sympy.Symbol
        The inputs, in order.
    moving : symbols, optional
        The symbols around which a neighbourhood matters (theta, for Danskin's formula needs g
        near theta and not only at it): roots, powers and entropies whose argument depends on them
        count as defined only where the argument is strictly positive.
    """

    def __init__(
        self,
        expressions: Sequence[Any],
        symbols: Sequence[sympy.Symbol],
        moving: Iterable[sympy.Symbol] = (),
    ) -> None:
        self._slots: dict[Any, int] = {s: i for i, s in enumerate(symbols)}
        self._moving = frozenset(moving)
        self._arity = len(symbols)
        self._size = self._arity
        self._constants: dict[int, np.ndarray] = {}
        self._steps: list[tuple[int, Callable[..., Enclosure], tuple[int, ...]]] = []
        self._outputs = [self._compile(sympy.S(e)) for e in expressions]

    def __len__(self) -> int:
        return len(self._steps)

    def __call__(self, inputs: Sequence[np.ndarray], count: int) -> list[Enclosure]:
        """Enclose the outputs on `count` boxes.

        Parameters
        ----------
        inputs : list of (2, count) or (2, 1) arrays, one a symbol
        count : int

        Returns
        -------
        list of (intervals (2, count), levels (count,) or None)
        """
        values: list[Any] = [*inputs, *([None] * (self._size - self._arity))]
        levels: list[Levels] = [None] * self._size
        for slot, constant in self._constants.items():
            values[slot] = constant
        with np.errstate(all="ignore"):
            for slot, operation, operands in self._steps:
                value, level = operation(*(values[i] for i in operands))
                for i in operands:
                    level = _least(level, levels[i])
                values[slot], levels[slot] = value, level
        return [self._output(values[i], levels[i], count) for i in self._outputs]

    def _output(self, value: np.ndarray, level: Levels, count: int) -> Enclosure:
        full = np.broadcast_to(value, (2, count))
        if level is None:
            return full, None
        level = np.broadcast_to(level, count)
        return np.where(level == UNDEFINED, np.inf, full), level

    # --- compiling ---------------------------------------------------------------------------

    def _new_slot(self, key: Any) -> int:
        self._slots[key] = self._size
        self._size += 1
        return self._size - 1

    def _emit(self, key: Any, operation: Callable[..., Enclosure], *operands: int) -> int:
        slot = self._new_slot(key)
        self._steps.append((slot, operation, operands))
        return slot

    def _compile(self, expr: Any) -> int:
        if expr in self._slots:
            return self._slots[expr]
        if not expr.free_symbols:
            slot = self._new_slot(expr)
            self._constants[slot] = number_interval(expr)
            return slot
        if isinstance(expr, sympy.Add):
            return self._chain(expr, _add, self._addends(expr.args))
        if isinstance(expr, sympy.Mul):
            return self._product(expr)
        if isinstance(expr, sympy.Pow):
            return self._power(expr)
        function = ELEMENTARY.get(expr.func)
        if function is None:
            raise ExpressionError(
                "g", f"{expr.func.__name__} cannot be enclosed", "Use the formula language."
            )
        if self._moves(expr.args[0]) and expr.func.__name__ in ("log", "xlogx"):
            function = _positive_only(function)
        return self._emit(expr, function, self._compile(expr.args[0]))

    def _moves(self, expr: Any) -> bool:
        return bool(expr.free_symbols & self._moving)

    def _addends(self, terms: Sequence[Any]) -> list[int]:
        return [self._compile(t) for t in terms]

    def _chain(self, key: Any, operation: Callable[..., Enclosure], operands: list[int]) -> int:
        slot = operands[0]
        for i, other in enumerate(operands[1:], start=2):
            # Only the last partial result is the expression itself.
            name = key if i == len(operands) else (key, operation.__name__, i)
            slot = self._emit(name, operation, slot, other)
        return slot

    def _product(self, expr: Any) -> int:
        number, rest = expr.as_coeff_Mul()
        if number == -1:
            return self._emit(expr, _negate, self._compile(rest))
        return self._chain(expr, _multiply, [self._compile(a) for a in expr.args])

    def _power(self, expr: Any) -> int:
        base, exponent = expr.args
        if exponent.is_Integer:
            n = int(exponent)
            if n < 0:
                positive = self._compile(sympy.Pow(base, -exponent))
                return self._emit(expr, _reciprocal, positive)
            return self._emit(expr, _integer_power(n), self._compile(base))
        if exponent.is_Rational:
            p, q = int(exponent.p), int(exponent.q)
            taken: Callable[..., Enclosure] = _square_root if q == 2 else root(q)
            if self._moves(base):
                taken = _positive_only(taken)
            slot = self._emit((expr, "root"), taken, self._compile(base))
            if abs(p) > 1:
                slot = self._emit((expr, "power"), _integer_power(abs(p)), slot)
            if p < 0:
                slot = self._emit((expr, "inverse"), _reciprocal, slot)
            self._slots[expr] = slot
            return slot
        # A positive number to a variable power.
        return self._compile(sympy.exp(sympy.log(base) * exponent, evaluate=False))


def _least(a: Levels, b: Levels) -> Levels:
    if a is None:
        return b
    return a if b is None else np.minimum(a, b)


def _add(a: np.ndarray, b: np.ndarray) -> Enclosure:
    return interval.add(a, b), None


def _multiply(a: np.ndarray, b: np.ndarray) -> Enclosure:
    return interval.mul(a, b), None


def _negate(a: np.ndarray) -> Enclosure:
    return a[::-1], None


def _integer_power(n: int) -> Callable[[np.ndarray], Enclosure]:
    return lambda a: (interval.power(a, n), None)


def _reciprocal(a: np.ndarray) -> Enclosure:
    zero = interval.contains_zero(a)
    level = np.where(zero, UNDEFINED, DEFINED).astype(np.int8) if zero.any() else None
    return interval.reciprocal(a), level


def _square_root(a: np.ndarray) -> Enclosure:
    negative = a[0] > 0
    if not negative.any():
        return interval.sqrt(a), None
    level = np.where(negative, UNDEFINED, DEFINED).astype(np.int8)
    return np.where(negative, np.inf, interval.sqrt(a)), level


def _positive_only(function: Callable[..., Enclosure]) -> Callable[..., Enclosure]:
    """Count a function as defined only where its argument is strictly positive."""

    def strict(a: np.ndarray) -> Enclosure:
        value, level = function(a)
        outside = a[0] >= 0
        if outside.any():
            level = _least(level, np.where(outside, UNDEFINED, DEFINED).astype(np.int8))
            value = np.where(outside, np.inf, value)
        return value, level

    return strict


assert UNDEFINED < EDGE < DEFINED
