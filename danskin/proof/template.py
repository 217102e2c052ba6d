"""One formula for many samples: tapes that take the samples' numbers as inputs.

The samples of a batch often differ in their numbers only (a network on many data points). Their
common skeleton, with a symbol for every number, is differentiated and compiled once; theta, gamma
and the numbers are inputs. Nothing is put in exactly, so that nothing cancels at a special theta:
ties need the samples one by one (`local`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import sympy

from danskin.limits import time_limit
from danskin.objective import ExpressionObjective
from danskin.proof.evaluate import Tape

__all__ = ["Template", "groups_of", "skeleton"]

_DERIVATIVE_SECONDS = 20.0
#: Numbers that mean structure and not data.
_KEPT = (-1, 0, 1, 2)
_LEAST = 3


def _symbol(kind: str, index: int) -> sympy.Symbol:
    # With a space in it: no name in a formula can be the same.
    return sympy.Symbol(f"{kind} {index}")


def skeleton(expr: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the expression with symbols for its numbers, and the numbers in order."""
    numbers: list[Any] = []

    def walk(e: Any) -> Any:
        if e.is_Rational:
            if e in _KEPT:
                return e
            numbers.append(e)
            return _symbol("c", len(numbers))
        if not e.args or isinstance(e, sympy.CRootOf):
            return e
        if isinstance(e, sympy.Pow) and e.exp.is_Rational:
            return sympy.Pow(walk(e.base), e.exp)
        return e.func(*(walk(a) for a in e.args))

    found = walk(expr)
    return found, tuple(numbers)


class Template:
    """A skeleton with its derivatives, compiled on demand.

    Inputs of every tape, in order: theta, gamma, the numbers, delta.
    """

    def __init__(
        self,
        expr: Any,
        theta: Sequence[sympy.Symbol],
        delta: Sequence[sympy.Symbol],
        count: int,
    ) -> None:
        self.expr, self._theta, self._delta = expr, tuple(theta), tuple(delta)
        self._gamma = tuple(_symbol("g", i) for i in range(len(theta)))
        numbers = tuple(_symbol("c", i + 1) for i in range(count))
        self._names = (*self._theta, *self._gamma, *numbers, *self._delta)

    def _along(self, expr: Any) -> Any:
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g"):
            return sympy.Add(
                *(c * sympy.diff(expr, s) for c, s in zip(self._gamma, self._theta, strict=True))
            )

    def _each(self, expr: Any) -> list[Any]:
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g"):
            return [sympy.diff(expr, s) for s in self._delta]

    def _tape(self, outputs: Sequence[Any]) -> Tape:
        return Tape(outputs, self._names, self._theta)

    @cached_property
    def _rate(self) -> Any:
        return self._along(self.expr)

    @cached_property
    def _slopes(self) -> list[Any]:
        return self._each(self.expr)

    @cached_property
    def all(self) -> Tape:
        """g, its slopes in delta, the rate, and the rate's slopes."""
        return self._tape([self.expr, *self._slopes, self._rate, *self._each(self._rate)])

    @cached_property
    def plain(self) -> Tape:
        """g, its slopes in delta, and the rate."""
        return self._tape([self.expr, *self._slopes, self._rate])

    @cached_property
    def points(self) -> Tape:
        """The function g and the rate."""
        return self._tape([self.expr, self._rate])

    @cached_property
    def start(self) -> Tape:
        """The rate and its slopes in delta."""
        return self._tape([self._rate, *self._each(self._rate)])

    @cached_property
    def second(self) -> Tape:
        """g, the rate, and the rate's own rate along gamma."""
        return self._tape([self.expr, self._rate, self._along(self._rate)])


def groups_of(
    samples: Sequence[ExpressionObjective],
) -> list[tuple[list[int], tuple[Template, list[tuple[Any, ...]]] | None]]:
    """Group samples that share a skeleton and a set.

    Returns
    -------
    list of (indices of the samples, (template, their numbers) or None)
        None for groups too small to be worth it, which have one sample each.
    """
    found: dict[Any, tuple[list[int], list[tuple[Any, ...]]]] = {}
    for i, s in enumerate(samples):
        expr, numbers = skeleton(s.expression)
        key = (expr, s.theta_symbols, s.delta_symbols, len(numbers), s.domain)
        indices, rows = found.setdefault(key, ([], []))
        indices.append(i)
        rows.append(numbers)
    groups: list[Any] = []
    for (expr, theta, delta, count, _), (indices, rows) in found.items():
        if len(indices) >= _LEAST and count:
            groups.append((indices, (Template(expr, theta, delta, count), rows)))
        else:
            groups += [([i], None) for i in indices]
    return groups
