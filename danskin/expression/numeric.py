"""Float64 evaluation of expressions at many points at once, without generating code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import sympy

from danskin.expression.functions import NUMPY_FUNCTIONS

__all__ = ["NumericFunction"]


class NumericFunction:
    """Several expressions of the same symbols, compiled to one tape of NumPy ufuncs.

    Common subexpressions are computed once. Numbers enter as the float64 nearest to their exact
    value. Values where a formula is not defined come out as NaN or infinity, for the caller to
    judge.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
        Checked by `danskin.expression.check`.
    symbols : sequence of sympy.Symbol
        The arguments, in order.
    to_float : callable
        Exact number -> nearest float64.
    """

    def __init__(
        self,
        expressions: Sequence[sympy.Expr],
        symbols: Sequence[sympy.Symbol],
        to_float: Callable[[sympy.Expr], float],
    ) -> None:
        self._to_float = to_float
        self._slots: dict[sympy.Basic, int] = {s: i for i, s in enumerate(symbols)}
        self._arity = len(symbols)
        self._tape: list[tuple[int, Callable[..., Any], tuple[int, ...]]] = []
        self._constants: dict[int, float] = {}
        self._size = len(symbols)
        self._outputs = [self._compile(e) for e in expressions]

    def __call__(self, *arguments: np.ndarray | float) -> np.ndarray:
        """Evaluate.

        Parameters
        ----------
        *arguments : array-like, one a symbol
            Broadcast against each other to a common shape.

        Returns
        -------
        ndarray of shape (number of expressions, *common shape)
        """
        arrays = [np.asarray(a, dtype=float) for a in arguments]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        values: list[Any] = [*arrays, *([None] * (self._size - self._arity))]
        for slot, constant in self._constants.items():
            values[slot] = constant
        with np.errstate(all="ignore"):
            for slot, operation, operands in self._tape:
                values[slot] = operation(*(values[i] for i in operands))
        out = np.empty((len(self._outputs), *shape))
        for row, index in enumerate(self._outputs):
            out[row] = values[index]
        return out

    def _new_slot(self, key: sympy.Basic) -> int:
        self._slots[key] = self._size
        self._size += 1
        return self._size - 1

    def _emit(self, key: sympy.Basic, operation: Callable[..., Any], *operands: int) -> int:
        slot = self._new_slot(key)
        self._tape.append((slot, operation, operands))
        return slot

    def _compile(self, expr: Any) -> int:
        if expr in self._slots:
            return self._slots[expr]
        if expr.is_number:
            slot = self._new_slot(expr)
            self._constants[slot] = self._to_float(expr)
            return slot
        if isinstance(expr, sympy.Pow):
            return self._compile_power(expr)
        operands = tuple(self._compile(a) for a in expr.args)
        if isinstance(expr, sympy.Add):
            return self._emit(expr, _add, *operands)
        if isinstance(expr, sympy.Mul):
            return self._emit(expr, _multiply, *operands)
        return self._emit(expr, NUMPY_FUNCTIONS[expr.func], *operands)

    def _compile_power(self, expr: Any) -> int:
        base, exponent = expr.args
        if exponent == sympy.Rational(1, 2):
            return self._emit(expr, np.sqrt, self._compile(base))
        if exponent == 2:
            return self._emit(expr, np.square, self._compile(base))
        if exponent.is_Rational and exponent < 0:
            positive = self._compile(sympy.Pow(base, -exponent))
            return self._emit(expr, np.reciprocal, positive)
        return self._emit(expr, np.power, self._compile(base), self._compile(exponent))


def _add(*terms: Any) -> Any:
    return reduce(np.add, terms)


def _multiply(*factors: Any) -> Any:
    return reduce(np.multiply, factors)
