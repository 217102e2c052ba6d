"""Formulas as lists of steps over intervals, and where they are defined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy

from danskin.errors import ExpressionError
from danskin.expression import xlogx
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

Condition = Callable[[Range], bool]

_positive: Condition = lambda a: bool(a[0] > 0)  # noqa: E731
_nonnegative: Condition = lambda a: bool(a[0] >= 0)  # noqa: E731
_nonzero: Condition = lambda a: bool(a[0] > 0 or a[1] < 0)  # noqa: E731


class Program:
    """Several formulas of the same symbols; each is computed once it is asked for.

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
        self._moving = frozenset(moving)
        self._slots: dict[Any, int] = {s: i for i, s in enumerate(cell)}
        self._steps: list[tuple[Callable[..., Any], tuple[int, ...]] | None] = [None] * len(cell)
        #: What is the same for all cells: numbers and other symbols, and steps of these alone.
        self._leaves: dict[int, Any] = {}
        self._fixed: list[int] = []
        self._same: set[int] = set()
        self._checks: dict[int, list[tuple[Condition, int]]] = {}
        self._outputs = [self._compile(sympy.S(e)) for e in outputs]
        self._needs = [self._needed(i) for i in self._outputs]

    def bind(self, numbers: Mapping[Any, Range]) -> list[Any]:
        """Return the values of everything that is the same for all cells."""
        values: list[Any] = [None] * len(self._steps)
        for slot, leaf in self._leaves.items():
            values[slot] = numbers[leaf] if leaf in numbers else thin(leaf)
        self._take(self._fixed, values)
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
        return all(
            holds(values[operand])
            for slot in self._needs[number]
            for holds, operand in self._checks.get(slot, ())
        )

    def _take(self, slots: Sequence[int], values: list[Any]) -> None:
        for slot in slots:
            if values[slot] is None:
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

    def _emit(self, key: Any, operation: Callable[..., Any], *operands: int) -> int:
        slot = self._slots[key] = len(self._steps)
        self._steps.append((operation, operands))
        if all(i in self._same for i in operands):
            self._fixed.append(slot)
            self._same.add(slot)
        return slot

    def _check(self, slot: int, holds: Condition, operand: int) -> None:
        self._checks.setdefault(slot, []).append((holds, operand))

    def _compile(self, expr: Any) -> int:
        if expr in self._slots:
            return self._slots[expr]
        if not expr.args or not expr.free_symbols:
            slot = self._slots[expr] = len(self._steps)
            self._steps.append(None)
            self._leaves[slot] = expr
            self._same.add(slot)
            return slot
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
            slot = self._slots[expr] = self._power(*expr.args, key=expr)
            return slot
        function = FUNCTIONS.get(expr.func)
        if function is None:
            raise ExpressionError("g", f"{expr.func.__name__} is not a function known here", "")
        inner = self._compile(expr.args[0])
        slot = self._emit(expr, function, inner)
        if expr.func in (sympy.tan, sympy.cot):
            self._check(slot, no_pole(1 if expr.func is sympy.tan else 0), inner)
        elif expr.func in (sympy.log, xlogx):
            fine = expr.func is xlogx and not self._moves(expr)
            self._check(slot, _nonnegative if fine else _positive, inner)
        return slot

    def _moves(self, expr: Any) -> bool:
        return bool(expr.free_symbols & self._moving)

    def _power(self, base: Any, exponent: Any, key: Any) -> int:
        if not exponent.is_Rational:
            # A positive number to a variable power.
            return self._compile(sympy.exp(sympy.log(base) * exponent, evaluate=False))
        p, q = int(exponent.p), int(exponent.q)
        slot = self._compile(base)
        if q > 1:
            inner, slot = slot, self._emit((base, "root", q), root(q), slot)
            self._check(slot, _positive if self._moves(base) else _nonnegative, inner)
        if abs(p) > 1:
            slot = self._emit((base, abs(p), q), power(abs(p)), slot)
        if p < 0:
            inner, slot = slot, self._emit((key, "inverse"), inverse, slot)
            self._check(slot, _nonzero, inner)
        return slot
