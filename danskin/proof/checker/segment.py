"""A sample along ``theta + t gamma``: bounds on ``(max h(t, .) - max h(0, .))/t`` over cells.

With ``h(t, delta) = g(theta + t gamma, delta)`` and a lower bound L of the maximum at t = 0, every
delta in S and t > 0 has ``(h(t, delta) - max h(0, .))/t`` at most ``(h(t, delta) - L)/t``, and at
most ``(h(t, delta) - h(0, delta))/t``: the largest of ``dh/dt`` over [0, t], the quotient itself
written out where h is a polynomial in t, or Taylor's ``h'(0) + t/2 max h''``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import flint
import sympy

from danskin.expression import substitute
from danskin.proof.checker.cells import Factor, Slopes, Time
from danskin.proof.checker.enclosing import UNKNOWN, Program, Range, add, mul, sub, thin
from danskin.proof.checker.problem import NAMES, Inner, OnCell, real, simplified, skeleton

__all__ = ["Along", "OnStep"]

_ZERO = flint.arb(0)
#: Outputs of the programs: h, dh/dt, the slopes of h in delta, and the quotient.
_H, _SPEED, _SLOPES = 0, 1, 2


class Along:
    """One sample along the direction; `floor` is a checked lower bound of its maximum, or None."""

    def __init__(self, inner: Inner, floor: Any) -> None:
        self.inner = inner
        self.floor = None if floor is None else thin(floor)[0]
        self.theta = [thin(x) for x in inner.theta.values()]
        self.gamma = [thin(c) for c in inner.gamma]

    def factors(self, start: Any, end: Any) -> list[Factor]:
        """Return the factors of ``[start, end] x S``."""
        return [Time(start, end), *self.inner.factors]

    @cached_property
    def given(self) -> tuple[Program, list[Any]]:
        """The formula as given; its coordinates are theta and delta."""
        inner = self.inner
        names = (*inner.theta, *inner.delta)
        if inner.put_in:
            program = Program([inner.g], names, tuple(inner.theta))
            return program, program.bind({})
        shape, numbers = skeleton(inner.g)
        program = inner.programs.get((shape, "along"))
        if program is None:
            speed = inner.along(shape)
            slopes = [sympy.diff(shape, s) for s in inner.delta]
            program = Program([shape, speed, *slopes], names, tuple(inner.theta))
            inner.programs[(shape, "along")] = program
        return program, program.bind(inner.numbers(numbers))

    @cached_property
    def bend(self) -> tuple[Program, list[Any]]:
        """The second derivative of h in t, which is not always asked for."""
        inner = self.inner
        if inner.put_in:
            (t,) = NAMES.first("t", 1)
            program = Program([sympy.diff(self._written_out, t, 2)], (t, *inner.delta))
            return program, program.bind({})
        shape, numbers = skeleton(inner.g)
        program = inner.programs.get((shape, "bend"))
        if program is None:
            names = (*inner.theta, *inner.delta)
            program = Program([inner.along(inner.along(shape))], names, tuple(inner.theta))
            inner.programs[(shape, "bend")] = program
        return program, program.bind(inner.numbers(numbers))

    @cached_property
    def _written_out(self) -> Any:
        inner = self.inner
        (t,) = NAMES.first("t", 1)
        pairs = zip(inner.theta.items(), inner.gamma, strict=True)
        moved = {s: x + c * t for (s, x), c in pairs}
        return simplified(real(substitute(inner.g, moved, "theta")), (t, *inner.delta))

    @cached_property
    def exact(self) -> tuple[Program, list[Any], bool]:
        """H written out in t and delta; and whether its quotient is."""
        inner = self.inner
        (t,) = NAMES.first("t", 1)
        h = self._written_out
        quotient = _divided(h, t)
        slopes = [sympy.diff(h, s) for s in inner.delta]
        last = [] if quotient is None else [quotient]
        outputs = [h, sympy.diff(h, t), *slopes, *last]
        program = Program(outputs, (t, *inner.delta))
        return program, program.bind({}), quotient is not None

    def inputs(self, put_in: bool, t: Range, delta: Sequence[Range]) -> list[Range]:
        """Return a program's coordinates over a cell."""
        if put_in:
            return [t, *delta]
        pairs = zip(self.theta, self.gamma, strict=True)
        return [*(add(x, mul(c, t)) for x, c in pairs), *delta]


def _divided(h: Any, t: Any) -> Any:
    """Return ``(h(t) - h(0))/t`` for h polynomial in t, else None."""
    total = sympy.Integer(0)
    for term in sympy.Add.make_args(sympy.expand(h)):
        rest, power = term.as_independent(t, as_Add=False)
        if power == 1:
            continue
        base, exponent = power.as_base_exp()
        if base != t or not (exponent.is_Integer and exponent > 0):
            return None
        total += rest * t ** (exponent - 1)
    return total


class OnStep:
    """What is known of one cell of steps and delta."""

    def __init__(self, along: Along, factors: Sequence[Factor], cell: Sequence[Any]) -> None:
        self.along, self.cell = along, tuple(cell)
        self._put_in = along.inner.put_in
        self._time, *self._factors = factors
        self._at_start = OnCell(along.inner, self.cell[1:])

    @cached_property
    def _t(self) -> Range:
        return self._time.ranges(self.cell[0])[0]

    @cached_property
    def _now(self) -> Range:
        return self._time.center(self.cell[0])[0]

    @property
    def _program(self) -> tuple[Program, list[Any]]:
        return self.along.exact[:2] if self._put_in else self.along.given

    def _on(self, form: tuple[Program, list[Any]], put_in: bool, t: Range) -> list[Any]:
        program, base = form
        return program.on(base, self.along.inputs(put_in, t, self._at_start.ranges))

    @cached_property
    def _values(self) -> list[Any]:
        return self._on(self._program, self._put_in, self._t)

    @cached_property
    def _given(self) -> list[Any]:
        return self._on(self.along.given, False, self._t) if self._put_in else self._values

    @cached_property
    def _until(self) -> Range:
        """The steps from 0 on."""
        return _ZERO, self._t[1]

    @cached_property
    def _before(self) -> list[Any]:
        return self._on(self._program, self._put_in, self._until)

    @cached_property
    def defined(self) -> bool:
        """Whether g is defined on the cell, around all its thetas."""
        return self.along.given[0].defined(0, self._given)

    @cached_property
    def _defined_before(self) -> bool:
        return self.along.given[0].defined(0, self._on(self.along.given, False, self._until))

    def slopes(self, factor: int) -> Slopes:
        """Enclose the slopes of h along a factor's coordinates, for all steps of the cell."""
        before = sum(f.size for f in self._factors[: factor - 1])

        def slope(i: int) -> Range:
            if factor == 0 or not self.defined:
                return UNKNOWN
            return self._program[0].value(_SLOPES + before + i, self._values)

        return slope

    def is_below(self, bound: Any) -> bool:
        """Whether the quotient is seen to be at most `bound` on the cell."""
        if self._defined_before and any(r[1] <= bound for r in self._means()):
            return True
        if self.along.floor is None or not self.defined:
            return False
        return any(self._excess_is_below(r[1], bound) for r in self._heights())

    def _means(self) -> Iterator[Range]:
        """Enclose means of dh/dt over [0, t]."""
        program, _ = self._program
        yield program.value(_SPEED, self._before)
        if self._put_in and self.along.exact[2]:
            yield program.value(_SLOPES + len(self.along.inner.delta), self._before)
            return
        half = mul(self._until, thin(sympy.Rational(1, 2)))
        bend, base = self.along.bend
        inputs = self.along.inputs(self._put_in, self._until, self._at_start.ranges)
        rise = mul(half, bend.value(0, bend.on(base, inputs)))
        for rate in self._at_start.rates():
            yield add(rate, rise)

    def _heights(self) -> Iterator[Range]:
        """Enclose h."""
        program, base = self._program
        yield program.value(_H, self._values)
        middle = self.along.inputs(self._put_in, self._now, self._at_start.center)
        total = program.value(_H, program.on(base, middle))
        offsets = [sub(self._t, self._now), *self._at_start.offsets]
        slopes = [_SPEED, *(_SLOPES + i for i in range(len(offsets) - 1))]
        for i, offset in zip(slopes, offsets, strict=True):
            total = add(total, mul(program.value(i, self._values), offset))
        yield total
        if self._put_in:
            yield self.along.given[0].value(0, self._given)

    def _excess_is_below(self, top: Any, bound: Any) -> bool:
        excess = top - self.along.floor
        least, most = self._t
        if excess < 0:
            return bool(excess / most <= bound)
        return bool(least > 0 and excess / least <= bound)
