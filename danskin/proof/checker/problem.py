"""One inner problem of a proof file: g at an exact theta, and enclosures of it over cells of S.

Two forms of g are used: as the formula is *given*, with theta put in as enclosures, which also
says where g is defined around theta; and *put in* exactly and written out, where what cancels at
this theta has cancelled. Derivatives are SymPy's. Over a cell each form is enclosed as it stands
and by its mean-value form ``f(c) + sum f_i (x_i - c_i)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import sympy

from danskin.exact import sign
from danskin.expression import elu_bend, elu_slope, substitute
from danskin.expression.whitelist import require_real
from danskin.proof.checker.cells import Factor, Simplices
from danskin.proof.checker.enclosing import UNKNOWN, Program, Range, add, mul, sub, thin
from danskin.proof.checker.reading import Rejected

__all__ = ["NAMES", "Inner", "OnCell", "real", "simplified", "skeleton"]

_MAX_TERMS = 300
_MAX_PARTS = 3_000


class Inner:
    """A sample's ``g(theta, .)`` on S and its rate ``<gamma, grad_theta g(theta, .)>``."""

    def __init__(
        self,
        g: Any,
        theta: Mapping[Any, Any],
        gamma: Sequence[Any],
        delta: Sequence[Any],
        factors: Sequence[Factor],
        put_in: bool,
        programs: dict[Any, Program],
    ) -> None:
        if g.has(elu_slope, elu_bend):
            raise Rejected("g uses elu_slope, whose gradient need not be continuous")
        self.g, self.theta, self.gamma, self.delta = g, theta, gamma, tuple(delta)
        self.factors = list(factors)
        if sum(f.size for f in self.factors) != len(self.delta):
            raise Rejected("S has another number of coordinates than delta has names")
        self.put_in, self.programs = put_in, programs

    @cached_property
    def _gradient(self) -> list[Any]:
        return [sympy.diff(self.g, s) for s in self.theta]

    @cached_property
    def value(self) -> Any:
        """``g(theta, .)``, exactly."""
        return simplified(real(substitute(self.g, self.theta, "theta")), self.delta, self.sums)

    @cached_property
    def rate(self) -> Any:
        """``<gamma, grad_theta g(theta, .)>``, exactly."""
        parts = [real(substitute(g, self.theta, "theta")) for g in self._gradient]
        terms = [c * g for c, g in zip(self.gamma, parts, strict=True)]
        return simplified(sympy.Add(*terms), self.delta, self.sums)

    @cached_property
    def sums(self) -> list[tuple[Any, Any]]:
        """The last coordinate of each simplex, by the others."""
        found, at = [], 0
        for f in self.factors:
            own = self.delta[at : at + f.size]
            if isinstance(f, Simplices) and f.c is None:
                found.append((own[-1], 1 - sympy.Add(*own[:-1])))
            at += f.size
        return found

    # Each form is a program with the outputs g, slopes, rate, slopes of the rate.

    @cached_property
    def given(self) -> tuple[Program, list[Any]]:
        """The formula as given, with theta as enclosures."""
        if self.put_in:
            # Then it only says where g is defined, and helps with its bounds.
            program = Program([self.g], self.delta, tuple(self.theta))
            return program, program.bind({s: thin(x) for s, x in self.theta.items()})
        # Samples that differ in their numbers only share one program.
        shape, numbers = skeleton(self.g)
        program = self.programs.get(shape)
        if program is None:
            outputs = self._with_slopes(shape, self.along(shape))
            program = self.programs[shape] = Program(outputs, self.delta, tuple(self.theta))
        fixed = {s: thin(x) for s, x in self.theta.items()}
        return program, program.bind(fixed | self.numbers(numbers))

    def along(self, expr: Any) -> Any:
        """Return the derivative along gamma, with symbols for its numbers."""
        names = NAMES.first("gamma", len(self.gamma))
        pairs = zip(names, self.theta, strict=True)
        return sympy.Add(*(c * sympy.diff(expr, s) for c, s in pairs))

    def numbers(self, found: Sequence[Any]) -> dict[Any, Range]:
        """Return the ranges of the symbols that stand for gamma and for numbers of the formula."""
        pairs = [*zip(NAMES.first("gamma", len(self.gamma)), self.gamma, strict=True)]
        pairs += zip(NAMES.first("number", len(found)), found, strict=True)
        return {s: thin(x) for s, x in pairs}

    @cached_property
    def exact(self) -> tuple[Program, list[Any]]:
        """The formula with theta put in."""
        program = Program(self._with_slopes(self.value, self.rate), self.delta)
        return program, program.bind({})

    def _with_slopes(self, value: Any, rate: Any) -> list[Any]:
        return [
            value,
            *(sympy.diff(value, s) for s in self.delta),
            rate,
            *(sympy.diff(rate, s) for s in self.delta),
        ]

    @property
    def forms(self) -> list[tuple[Program, list[Any]]]:
        """The forms that the proof uses, the likelier one first."""
        return [self.exact, self.given] if self.put_in else [self.given]

    def at(self, expr: Any, point: Sequence[Any]) -> Any:
        """Return an exact expression in delta at an exact point."""
        at = dict(zip(self.delta, point, strict=True))
        return real(substitute(sympy.S(expr), at, "delta"))

    def contains(self, point: Sequence[Any]) -> bool:
        """Whether an exact point lies in S."""
        at = 0
        for f in self.factors:
            if not f.contains(point[at : at + f.size]):
                return False
            at += f.size
        return at == len(point)


class OnCell:
    """What is known of one cell: taken step by step, no further than is asked."""

    def __init__(self, inner: Inner, cell: Sequence[Any]) -> None:
        self.inner, self.cell = inner, tuple(cell)
        self._k = len(inner.delta)

    @cached_property
    def ranges(self) -> list[Range]:
        """Enclosures of delta's coordinates."""
        pairs = zip(self.inner.factors, self.cell, strict=True)
        return [r for f, c in pairs for r in f.ranges(c)]

    @cached_property
    def center(self) -> list[Range]:
        """A point of the ranges."""
        pairs = zip(self.inner.factors, self.cell, strict=True)
        return [r for f, c in pairs for r in f.center(c)]

    @cached_property
    def offsets(self) -> list[Range]:
        """The ranges less the point."""
        return [sub(r, c) for r, c in zip(self.ranges, self.center, strict=True)]

    @cached_property
    def _values(self) -> list[list[Any]]:
        return [p.on(base, self.ranges) for p, base in self.inner.forms]

    @cached_property
    def defined(self) -> bool:
        """Whether g is defined on the whole cell and around theta."""
        return self.inner.given[0].defined(0, self._values[-1])

    def slope(self, i: int) -> Range:
        """Enclose ``dg/d(delta_i)``; nothing is known of it where g is not seen to be defined."""
        if not self.defined:
            return UNKNOWN
        return self.inner.forms[0][0].value(1 + i, self._values[0])

    @property
    def factors(self) -> list[Factor]:
        """The factors that the cell has parts of."""
        return self.inner.factors

    def slopes(self, factor: int) -> Callable[[int], Range]:
        """Return the slopes along the coordinates of a factor."""
        before = sum(f.size for f in self.inner.factors[:factor])
        return lambda i: self.slope(before + i)

    def _forms(self, first: int) -> Iterator[Range]:
        """Enclose an output by its forms in turn: each alone is right."""
        forms = self.inner.forms
        yield forms[0][0].value(first, self._values[0])
        yield self._mean_value(first)
        if first == 0 and len(forms) > 1:
            yield forms[1][0].value(first, self._values[1])

    def _mean_value(self, first: int) -> Range:
        program, base = self.inner.forms[0]
        total = program.value(first, program.on(base, self.center))
        for i, offset in enumerate(self.offsets):
            total = add(total, mul(program.value(first + 1 + i, self._values[0]), offset))
        return total

    def value_is(self, holds: Callable[[Range], bool]) -> bool:
        """Whether an enclosure of g shows something; never where g is not defined."""
        return self.defined and any(holds(r) for r in self._forms(0))

    def rates(self) -> Iterator[Range]:
        """Enclose the rate by its forms in turn."""
        return self._forms(1 + self._k)

    def rate_is(self, holds: Callable[[Range], bool]) -> bool:
        """Whether an enclosure of the rate shows something."""
        return self.defined and any(holds(r) for r in self.rates())


class Names:
    """Symbols that no formula can hold, the same ones every time."""

    def __init__(self) -> None:
        self._known: dict[str, list[Any]] = {}

    def first(self, what: str, count: int) -> list[Any]:
        """Return the first `count` symbols of a kind."""
        known = self._known.setdefault(what, [])
        known += [sympy.Dummy(f"{what}{i}") for i in range(len(known), count)]
        return known[:count]


NAMES = Names()
#: Numbers that mean structure and not data.
_KEPT: tuple[Any, ...] = (-1, 0, 1, 2)


def skeleton(expr: Any) -> tuple[Any, list[Any]]:
    """Return the formula with symbols for its numbers, and the numbers in order."""
    numbers: list[Any] = []

    def walk(e: Any) -> Any:
        if e.is_Rational and e not in _KEPT:
            numbers.append(e)
            return NAMES.first("number", len(numbers))[-1]
        if not e.free_symbols:
            return e
        if isinstance(e, sympy.Pow) and e.exp.is_Rational:
            return sympy.Pow(walk(e.base), e.exp)
        return e.func(*(walk(a) for a in e.args)) if e.args else e

    return walk(expr), numbers


def real(expr: Any) -> Any:
    """Return `expr`, which must hold no infinite, undefined or imaginary number."""
    return require_real(expr, "file")


def simplified(expr: Any, symbols: Sequence[Any], sums: Sequence[tuple[Any, Any]] = ()) -> Any:
    """Return an expression, equal on S, in which what cancels has cancelled, where that is cheap.

    `sums` says what the last coordinate of each simplex is by the others; it is used in polynomials
    that it shortens. On the simplex's plane, values and derivatives along the plane stay the same,
    and no others are used there.
    """
    if _parts(expr) > _MAX_PARTS:
        return expr
    spread = sympy.expand_mul(expr)
    terms = _collected(sympy.expand(spread), symbols)
    if terms is None:
        return spread if spread.count_ops() < expr.count_ops() else expr
    for last, rest in sums:
        put = _sum(terms).xreplace({last: rest})
        shorter = _collected(sympy.expand(put), symbols) if _parts(put) <= _MAX_PARTS else None
        if shorter is not None and len(shorter) < len(terms):
            terms = shorter
    return _sum(terms)


def _sum(terms: Mapping[Any, Any]) -> Any:
    return sympy.Add(*(c * rest for rest, c in terms.items()))


def _parts(expr: Any) -> int:
    """Bound the number of terms that multiplying out gives."""
    if isinstance(expr, sympy.Add):
        return sum(_parts(a) for a in expr.args)
    if isinstance(expr, sympy.Mul):
        count = 1
        for a in expr.args:
            count *= _parts(a)
        return count
    inner = max((_parts(a) for a in expr.args), default=1)
    if isinstance(expr, sympy.Pow) and expr.exp.is_Integer:
        return inner ** min(abs(int(expr.exp)), 40)
    # Multiplying out reaches into functions, too.
    return inner if inner > _MAX_PARTS else 1


def _collected(expr: Any, symbols: Sequence[Any]) -> dict[Any, Any] | None:
    """Collect a polynomial's terms, zeros removed exactly; None where it is not one."""
    terms: dict[Any, Any] = {}
    for term in sympy.Add.make_args(expr):
        number, rest = term.as_independent(*symbols, as_Add=False)
        powers: dict[Any, Any] = rest.as_powers_dict()
        exponent: Any
        for base, exponent in powers.items():
            fine = base in symbols and exponent.is_Integer and exponent > 0
            if not (fine or base == 1):
                return None
        terms[rest] = terms.get(rest, 0) + number
        if len(terms) > _MAX_TERMS:
            return None
    return {rest: c for rest, c in terms.items() if sign(c) != 0}
