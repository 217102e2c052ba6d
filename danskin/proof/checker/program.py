"""Formulas as lists of steps over intervals: where they are defined, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy

from danskin.errors import ExpressionError
from danskin.expression import elu, elu_bend, elu_slope, softplus, xlogx
from danskin.proof.checker.intervals import (
    FUNCTIONS,
    Range,
    add,
    inverse,
    mul,
    no_pole,
    power,
    root,
    thin,
)

__all__ = ["Program"]

_ONE = sympy.Integer(1)


class Program:
    """Several formulas of the same symbols, each computed once it is asked for.

    Parameters
    ----------
    expr : sympy.Expr
        The first output, number 0.
    cell : sequence of sympy.Symbol
        The coordinates of cells; every other symbol gets its number from `bind`.
    moving : sequence of sympy.Symbol
        theta: a root, logarithm or entropy of something that depends on it counts as defined only
        where its argument is strictly positive, so that it is defined and smooth *around* theta.
    """

    def __init__(self, expr: Any, cell: Sequence[Any], moving: Sequence[Any] = ()) -> None:
        self._slots: dict[Any, int] = {s: i for i, s in enumerate(cell)}
        self._cell = tuple(cell)
        #: What a step does, and to what; None for a leaf.
        self._steps: list[tuple[Any, ...] | None] = [None] * len(cell)
        #: The same, ready to be taken: an operation and one or two operands.
        self._todo: list[Any] = [None] * len(cell)
        #: What is the same for all cells: numbers and other symbols, and steps of these alone.
        self._leaves: dict[int, Any] = {}
        self._same: set[int] = set()
        self._theta = frozenset(moving)
        self._moving = {self._slots[s] for s in cell if s in self._theta}
        self._conditions: dict[int, tuple[Callable[[Range], bool], int]] = {}
        self._outputs: list[int] = []
        self._needs: list[list[int]] = []
        self.append(expr)

    # --- values --------------------------------------------------------------------------------

    def bind(self, numbers: Mapping[Any, Range]) -> list[Any]:
        """Return the values of everything that is the same for all cells."""
        values: list[Any] = [None] * len(self._steps)
        for slot, leaf in self._leaves.items():
            values[slot] = numbers[leaf] if leaf in numbers else thin(leaf)
        self._take(sorted(self._same - self._leaves.keys()), values)
        return values

    @staticmethod
    def on(base: list[Any], cell: Sequence[Range]) -> list[Any]:
        """Return the values with a cell put in, none of its steps taken yet."""
        return [*cell, *base[len(cell) :]]

    def value(self, number: int, values: list[Any]) -> Range:
        """Enclose an output, taking the steps that it needs."""
        self._take(self._needs[number], values)
        return values[self._outputs[number]]

    def defined(self, number: int, values: list[Any]) -> bool:
        """Whether an output is defined on the whole cell (and around theta)."""
        self._take(self._needs[number], values)
        found = (self._conditions[i] for i in self._needs[number] if i in self._conditions)
        return all(holds(values[operand]) for holds, operand in found)

    def _take(self, slots: Sequence[int], values: list[Any]) -> None:
        todo = self._todo
        for slot in slots:
            if values[slot] is None:
                operation, a, b = todo[slot]
                values[slot] = (
                    operation(values[a]) if b is None else operation(values[a], values[b])
                )

    # --- outputs -------------------------------------------------------------------------------

    def append(self, expr: Any) -> int:
        """Add an output; return its number."""
        return self._output(self._compile(sympy.S(expr)))

    def differentiate(self, number: int, along: Mapping[Any, Any]) -> int:
        """Add the derivative of an output, when symbols move at constant speeds, as an output."""
        moved: dict[int, int] = {}
        for symbol, speed in along.items():
            if symbol in self._slots and speed != 0:
                moved[self._slots[symbol]] = self._number(speed)
        for slot in self._needs[number]:
            what, *operands = self._steps[slot]  # type: ignore[misc]
            if what == "mul":
                a, b = operands
                terms = [(moved[i], j) for i, j in ((a, b), (b, a)) if i in moved]
                parts = [self._mul(i, j) for i, j in terms]
            elif what == "add":
                parts = [moved[i] for i in operands if i in moved]
            elif operands[0] in moved:
                parts = [self._mul(self._slope(what, operands[0], slot), moved[operands[0]])]
            else:
                parts = []
            if parts:
                moved[slot] = parts[0] if len(parts) == 1 else self._emit("add", *parts)
        out = self._outputs[number]
        return self._output(moved[out] if out in moved else self._number(0))

    def _output(self, slot: int) -> int:
        found: set[int] = set()
        stack = [slot]
        while stack:
            i = stack.pop()
            step = self._steps[i]
            if i not in found and step is not None:
                found.add(i)
                stack += step[1:]
        self._outputs.append(slot)
        self._needs.append(sorted(found))
        return len(self._outputs) - 1

    def _slope(self, what: Any, x: int, y: int) -> int:
        """Return the derivative of ``y = f(x)`` for a function of one argument."""
        mul, number, call = self._mul, self._number, self._emit
        if isinstance(what, tuple):
            kind, n = what
            if kind == "power":
                return mul(number(n), x if n == 2 else call(("power", n - 1), x))
            # The n-th root: 1/(n y^(n-1)).
            return call("inverse", mul(number(n), y if n == 2 else call(("power", n - 1), y)))
        if what in (sympy.exp, elu_slope, elu):
            return y if what is sympy.exp else call(elu_bend if what is elu_slope else elu_slope, x)
        if what in (sympy.sin, sympy.sinh):
            return call(sympy.cos if what is sympy.sin else sympy.cosh, x)
        if what is sympy.cos:
            return mul(number(-1), call(sympy.sin, x))
        if what is sympy.cosh:
            return call(sympy.sinh, x)
        if what is sympy.log:
            return call("inverse", x)
        if what is xlogx:
            return call("add", call(sympy.log, x), number(1))
        if what is softplus:
            half = number(_ONE / 2)
            return mul(half, call("add", number(1), call(sympy.tanh, mul(half, x))))
        square = call(("power", 2), x if what is sympy.atan else y)
        if what is sympy.tanh:
            return call("add", number(1), mul(number(-1), square))
        if what in (sympy.atan, sympy.tan, sympy.cot, "inverse"):
            more = square if what == "inverse" else call("add", number(1), square)
            if what is sympy.atan:
                return call("inverse", more)
            return more if what is sympy.tan else mul(number(-1), more)
        raise ExpressionError("g", f"{what} has no derivative known here", "")

    # --- steps ---------------------------------------------------------------------------------

    def _number(self, number: Any) -> int:
        return self._compile(sympy.S(number))

    def _mul(self, i: int, j: int) -> int:
        one = self._slots.get(_ONE)
        return j if i == one else i if j == one else self._emit("mul", i, j)

    def _emit(self, what: Any, *operands: int) -> int:
        key = (what, operands)
        if key in self._slots:
            return self._slots[key]
        slot = self._slots[key] = len(self._steps)
        self._steps.append((what, *operands))
        self._todo.append((_operation(what), *operands, None)[:3])
        if all(i in self._same for i in operands):
            self._same.add(slot)
        if any(i in self._moving for i in operands):
            self._moving.add(slot)
        condition = _condition(what, slot in self._moving)
        if condition is not None:
            self._conditions[slot] = condition, operands[0]
        return slot

    def _compile(self, expr: Any) -> int:
        if expr not in self._slots:
            self._slots[expr] = self._compiled(expr)
        return self._slots[expr]

    def _compiled(self, expr: Any) -> int:
        exponent: Any
        if not expr.args or not expr.free_symbols:
            slot = len(self._steps)
            self._steps.append(None)
            self._todo.append(None)
            self._leaves[slot] = expr
            self._same.add(slot)
            self._moving |= {slot} if expr in self._theta else set()
            return slot
        if isinstance(expr, (sympy.Add, sympy.Mul)):
            # What is the same for all cells is taken together first.
            slots = sorted(map(self._compile, expr.args), key=lambda i: i not in self._same)
            slot = slots[0]
            for other in slots[1:]:
                slot = self._emit("add" if isinstance(expr, sympy.Add) else "mul", slot, other)
            return slot
        if not isinstance(expr, sympy.Pow):
            if expr.func not in FUNCTIONS:
                raise ExpressionError("g", f"{expr.func.__name__} is not a function known here", "")
            return self._emit(expr.func, self._compile(expr.args[0]))
        base, exponent = expr.args
        if not exponent.is_Rational:
            # A positive number to a variable power.
            return self._compile(sympy.exp(sympy.log(base) * exponent, evaluate=False))
        slot, p, q = self._compile(base), int(exponent.p), int(exponent.q)
        slot = self._emit(("root", q), slot) if q > 1 else slot
        slot = self._emit(("power", abs(p)), slot) if abs(p) > 1 else slot
        return self._emit("inverse", slot) if p < 0 else slot


def _operation(what: Any) -> Callable[..., Range]:
    if isinstance(what, tuple):
        return power(what[1]) if what[0] == "power" else root(what[1])
    return {"add": add, "mul": mul, "inverse": inverse}.get(what) or FUNCTIONS[what]


def _condition(what: Any, moving: bool) -> Callable[[Range], bool] | None:
    """Return what an operand has to satisfy for a step to be defined (around theta)."""
    if what == "inverse":
        return lambda a: bool(a[0] > 0 or a[1] < 0)
    if what in (sympy.tan, sympy.cot):
        return no_pole(1 if what is sympy.tan else 0)
    if what is sympy.log:
        return _positive
    if what is xlogx or (isinstance(what, tuple) and what[0] == "root"):
        return _positive if moving else _nonnegative
    return None


def _positive(a: Range) -> bool:
    return bool(a[0] > 0)


def _nonnegative(a: Range) -> bool:
    return bool(a[0] >= 0)
