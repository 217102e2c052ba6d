"""One sample of phi's mean: its formula g, the forms in which g is enclosed, and g over cells.

At theta two forms are used: the formula *as it stands*, with theta put in as enclosures, which also
says where g is defined around theta; and *written out*, theta put in exactly, where what cancels
has cancelled. The file says how it reads then, and both are expanded and compared term by term.
(Samples of one formula *share* the form as it stands, in which their parameters are symbols.)
Derivatives in delta and t are the checker's own, exact ones in theta SymPy's. Over a cell a
function is enclosed by a form as such, and by its mean-value form ``f(c) + sum f_i (x_i - c_i)``.
Along a direction all is the same with the step t ahead of delta and g(theta + t gamma, delta).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy

from danskin.exact import sign
from danskin.expression import parse, substitute, symbols_for
from danskin.expression.whitelist import require_real
from danskin.proof.checker.cells import Factor, Pieces, factors_of
from danskin.proof.checker.intervals import UNKNOWN, ZERO, Range, add, mul, sub, thin
from danskin.proof.checker.program import Program
from danskin.proof.checker.reading import Rejected, items, keys, number, text

__all__ = ["Cell", "Form", "Problem", "Sample", "View"]

_MAX_DIM = 4_096
Step = Callable[[Sequence[Range]], Sequence[Range]]


@dataclass
class Problem:
    """What all samples share: theta, gamma, and names of numbers."""

    theta: tuple[Any, ...]
    at: tuple[Any, ...]
    gamma: tuple[Any, ...]
    names: dict[str, Any]

    def __post_init__(self) -> None:
        self.ranges = [thin(x) for x in self.at]
        self.directions = [thin(c) for c in self.gamma]
        self.along = dict(zip(self.theta, self.gamma, strict=True))
        #: Programs that samples share.
        self.programs: dict[Any, Program] = {}
        self.parsed: dict[Any, Any] = {}


@dataclass(frozen=True)
class Form:
    """A program with its numbers bound, and how it takes a cell's ranges."""

    program: Program
    base: list[Any]
    inputs: Step = list

    def on(self, ranges: Sequence[Range]) -> list[Any]:
        """Return the values over a cell, to be asked for one by one."""
        return self.program.on(self.base, self.inputs(ranges))


@dataclass
class View:
    """Factors, and the forms of a function over their cells.

    The main form has the outputs: the function, its slopes in all coordinates, and whatever is
    asked for beyond these. With `timed`, the first factor is a range of steps.
    """

    factors: list[Factor]
    main: Form
    raw: Form
    timed: bool = False


class Sample:
    """``g(theta, .)`` on S and its rate ``<gamma, grad_theta g(theta, .)>``."""

    def __init__(self, told: Any, form: Any, written: Any, problem: Problem) -> None:
        g, parameters, delta, where = keys(told, "g parameters delta set", "a sample's problem")
        if form not in ("written out", "shared"):
            raise Rejected("the form of g is neither written out nor shared")
        self.problem, self.shared = problem, form == "shared"
        if not isinstance(parameters, Mapping) or len(parameters) > _MAX_DIM:
            raise Rejected("the parameters are not an object")
        own = (*items(delta, "delta", _MAX_DIM), *parameters)
        if not delta:
            raise Rejected("delta has no coordinates")
        # No name may stand for two things.
        every = symbols_for((*problem.theta, *problem.names, *own), "names")[-len(own) :]
        self.delta, symbols = every[: len(delta)], every[len(delta) :]
        values = [number(v, "parameter", problem.names) for v in parameters.values()]
        self.parameters = dict(zip(symbols, values, strict=True))
        variables = {s.name: s for s in (*problem.theta, *self.delta)}
        known = {**problem.names, **variables}
        put = {s.name: x for s, x in self.parameters.items()}
        self.g = parse(text(g, "g"), {**known, **put}, "g")
        if self.shared:
            # Read with numbers all the same: c/c is 1 as a symbol, and an error where c = 0.
            key = (g, every)
            if key not in problem.parsed:
                problem.parsed[key] = parse(g, {**known, **{s.name: s for s in symbols}}, "g")
            self.g = problem.parsed[key]
        self.factors = factors_of(where, problem.names)
        if sum(f.size for f in self.factors) != len(self.delta):
            raise Rejected("S has another number of coordinates than delta has names")
        self._value, self._rate = (
            (None, None) if self.shared else keys(written, "g rate", "written")
        )
        self.faces: dict[Any, Any] = {}

    # --- exact expressions ---------------------------------------------------------------------

    def _at_theta(self, expr: Any) -> Any:
        at = {**self.parameters, **dict(zip(self.problem.theta, self.problem.at, strict=True))}
        return require_real(substitute(expr, at, "theta"), "file")

    @cached_property
    def value(self) -> Any:
        """``g(theta, .)``, exactly."""
        return self.written(self._value, self._at_theta(self.g), "g")

    @cached_property
    def gradient(self) -> list[Any]:
        """``grad_theta g(theta, .)``, exactly."""
        return [self._at_theta(sympy.diff(self.g, s)) for s in self.problem.theta]

    @cached_property
    def rate(self) -> Any:
        """``<gamma, grad_theta g(theta, .)>``, exactly."""
        pairs = zip(self.problem.gamma, self.gradient, strict=True)
        return self.written(self._rate, sympy.Add(*(c * g for c, g in pairs)), "the rate")

    def written(self, told: Any, expr: Any, what: str, more: Sequence[Any] = ()) -> Any:
        """Return an expression as it is told to be written, once the two are seen to be equal."""
        if told is None:
            return expr
        found = self._parsed(told, what, more)
        if not self.equal(found, expr, more):
            raise Rejected(f"{what} is not seen to be what it is written out as")
        return found

    def _parsed(self, told: Any, what: str, more: Sequence[Any]) -> Any:
        own = {s.name: s for s in (*more, *self.delta)}
        return parse(text(told, what), {**self.problem.names, **own}, what)

    def equal(self, a: Any, b: Any, more: Sequence[Any] = ()) -> bool:
        """Whether two expressions in delta (and `more`) are equal on S, by writing them out.

        On a simplex the last coordinate is what the others leave. So are derivatives along its
        plane equal, and no others are used there.
        """
        if a == b:
            return True
        difference = sympy.expand(a - b)
        for own, f in self.blocks(self.factors):
            if isinstance(f, Pieces) and not f.spare:
                difference = difference.xreplace({own[-1]: 1 - sympy.Add(*own[:-1])})
        terms: dict[Any, Any] = {}
        for term in sympy.Add.make_args(sympy.expand(difference)):
            factor, rest = term.as_independent(*self.delta, *more, as_Add=False)
            terms[rest] = terms.get(rest, 0) + factor
        return all(sign(sympy.S(c)) == 0 for c in terms.values())

    def at(self, expr: Any, point: Sequence[Any]) -> Any:
        """Return an exact expression in delta at an exact point."""
        at = dict(zip(self.delta, point, strict=True))
        return require_real(substitute(sympy.S(expr), at, "delta"), "file")

    def blocks(self, parts: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield the coordinates of each factor, with an entry of `parts` for it."""
        at = 0
        for f, part in zip(self.factors, parts, strict=True):
            yield self.delta[at : at + f.size], part
            at += f.size

    def contains(self, point: Sequence[Any]) -> bool:
        """Whether an exact point lies in S."""
        at = dict(zip(self.delta, point, strict=True))
        return all(f.contains([at[s] for s in own]) for own, f in self.blocks(self.factors))

    # --- forms ---------------------------------------------------------------------------------

    def _form(self, kind: str, make: Callable[[], Program], inputs: Step = list) -> Form:
        """Return a program with its numbers bound, made once for samples that share it."""
        problem, key = self.problem, (kind, self.g, self.delta)
        program = problem.programs.get(key) if self.shared else None
        if program is None:
            program = make()
            problem.programs |= {key: program} if self.shared else {}
        bound = dict(zip(problem.theta, problem.ranges, strict=True))
        bound |= {s: thin(x) for s, x in self.parameters.items()}
        return Form(program, program.bind(bound), inputs)

    @cached_property
    def view(self) -> View:
        """At theta: g, its slopes in delta, the rate, and its slopes."""

        def main() -> Program:
            theta = self.problem.theta
            program = Program(self.g if self.shared else self.value, self.delta, theta)
            for s in self.delta:
                program.differentiate(0, {s: 1})
            if self.shared:
                rate = program.differentiate(0, self.problem.along)
            else:
                rate = program.append(self.rate)
            for s in self.delta:
                program.differentiate(rate, {s: 1})
            return program

        form = self._form("view", main)
        if self.shared:
            return View(self.factors, form, form)
        raw = self._form("raw", lambda: Program(self.g, self.delta, self.problem.theta))
        return View(self.factors, form, raw)

    def moved(self, ranges: Sequence[Range]) -> list[Range]:
        """Return the ranges of theta + t gamma and delta over those of t and delta."""
        t, *delta = ranges
        pairs = zip(self.problem.ranges, self.problem.directions, strict=True)
        return [*(add(x, mul(c, t)) for x, c in pairs), *delta]

    def along(self, t: Any, told: Any) -> tuple[Form, Form, bool]:
        """Return forms along the direction; `told` says how they read, written out.

        The first has h = g(theta + t gamma, .), its slopes in t and delta, and either
        ``(h(t) - h(0))/t``, where `told` says how that reads, or the second derivative of h in t;
        the last entry says which. The second form is g as it stands.
        """
        problem, symbols = self.problem, (*self.problem.theta, *self.delta)
        if self.shared:

            def shared() -> Program:
                program = Program(self.g, symbols, problem.theta)
                speed = program.differentiate(0, problem.along)
                for s in self.delta:
                    program.differentiate(0, {s: 1})
                program.differentiate(speed, problem.along)
                return program

            form = self._form("along", shared, self.moved)
            return form, form, False
        written, quotient = keys(told, "g quotient", "a path")
        triples = zip(problem.theta, problem.at, problem.gamma, strict=True)
        expr = require_real(substitute(self.g, {s: x + c * t for s, x, c in triples}, "g"), "file")
        h = self.written(written, expr, "the path", (t,))
        program = Program(h, (t, *self.delta))
        for s in (t, *self.delta):
            program.differentiate(0, {s: 1})
        if quotient is None:
            program.differentiate(1, {t: 1})
        else:
            start = substitute(h, {t: sympy.Integer(0)}, "t")
            q = self._parsed(quotient, "the quotient", (t,))
            if not self.equal(q * t, h - start, (t,)):
                raise Rejected("the quotient is not seen to be (h(t) - h(0))/t")
            program.append(q)
        raw = self._form("moved", lambda: Program(self.g, symbols, problem.theta), self.moved)
        return Form(program, program.bind({})), raw, quotient is not None


class once:  # noqa: N801
    """`cached_property` without its lock, which costs more than many a step does."""

    def __init__(self, method: Callable[[Any], Any]) -> None:
        self._method, self.__doc__ = method, method.__doc__

    def __get__(self, owner: Any, _: Any = None) -> Any:
        found = owner.__dict__[self._method.__name__] = self._method(owner)
        return found


class Cell:
    """What is known over one cell: taken step by step, no further than is asked."""

    def __init__(self, view: View, parts: Sequence[Any]) -> None:
        self.view, self.parts = view, tuple(parts)

    def _each(self, method: str) -> list[Range]:
        pairs = zip(self.view.factors, self.parts, strict=True)
        return [r for f, part in pairs for r in getattr(f, method)(part)]

    @once
    def ranges(self) -> list[Range]:
        """Enclosures of the coordinates."""
        return self._each("ranges")

    @once
    def center(self) -> list[Range]:
        """Return a point of the ranges."""
        return self._each("center")

    @once
    def _offsets(self) -> list[Range]:
        return [sub(r, c) for r, c in zip(self.ranges, self.center, strict=True)]

    @once
    def _main(self) -> list[Any]:
        return self.view.main.on(self.ranges)

    @once
    def _raw(self) -> list[Any]:
        view = self.view
        return self._main if view.raw is view.main else view.raw.on(self.ranges)

    @once
    def defined(self) -> bool:
        """Whether g is defined on the whole cell and around theta."""
        return self.view.raw.program.defined(0, self._raw)

    def slopes(self, factor: int) -> Callable[[int], Range]:
        """Return the slopes along a factor's coordinates; nothing is maximized over steps."""
        before = 1 + sum(f.size for f in self.view.factors[:factor])

        def slope(i: int) -> Range:
            if not self.defined or (self.view.timed and factor == 0):
                return UNKNOWN
            return self.view.main.program.value(before + i, self._main)

        return slope

    def forms(self, first: int) -> Iterator[Range]:
        """Enclose the output `first`, behind which its slopes follow: each range alone is right."""
        if not self.defined:
            return
        program = self.view.main.program
        if first == 0 and self.view.raw is not self.view.main:
            yield self.view.raw.program.value(0, self._raw)
        yield program.value(first, self._main)
        total = program.value(first, self.view.main.on(self.center))
        for i, offset in enumerate(self._offsets):
            total = add(total, mul(program.value(first + 1 + i, self._main), offset))
        yield total

    def value(self) -> Iterator[Range]:
        """Enclose g."""
        return self.forms(0)

    def rate(self) -> Iterator[Range]:
        """Enclose the rate, of a view at theta."""
        return self.forms(1 + len(self.ranges))


class Slice:
    """A sample on ``[start, end] x S``: bounds of ``(max h(t, .) - max h(0, .))/t`` over cells.

    With a lower bound L of the maximum at t = 0, every delta in S and t > 0 has
    ``(h(t, delta) - max h(0, .))/t`` at most ``(h(t, delta) - L)/t``, and at most
    ``(h(t, delta) - h(0, delta))/t``: the largest of ``dh/dt`` over [0, t], the quotient itself
    written out where h is a polynomial in t, or Taylor's ``h'(0) + t/2 max h''``.
    """

    def __init__(self, sample: Sample, path: Any, floor: Any, start: Any, end: Any) -> None:
        main, raw, self._divided = path
        self._sample, self._floor = sample, floor
        time = Pieces([((start,), (1,))], end - start, 2)
        self.view = View([time, *sample.factors], main, raw, timed=True)

    def is_below(self, cell: Cell, bound: Any) -> bool:
        """Whether the quotient is seen to be at most `bound` on the cell."""
        least, most = cell.ranges[0]
        before = [(ZERO[0], most), *cell.ranges[1:]]
        main, raw = self.view.main, self.view.raw
        values = main.on(before)
        fine = raw.program.defined(0, values if raw is main else raw.on(before))
        if fine and any(r[1] <= bound for r in self._means(cell, values, before)):
            return True
        if self._floor is None:
            return False
        for _, top in cell.value():
            excess = top - self._floor
            if excess < 0:
                if excess / most <= bound:
                    return True
            elif least > 0 and excess / least <= bound:
                return True
        return False

    def _means(self, cell: Cell, values: list[Any], before: list[Range]) -> Iterator[Range]:
        """Enclose means of dh/dt over [0, t]."""
        program = self.view.main.program
        yield program.value(1, values)
        last = program.value(1 + len(before), values)
        if self._divided:
            yield last
            return
        rise = mul(mul(before[0], thin(sympy.Rational(1, 2))), last)
        for rate in Cell(self._sample.view, cell.parts[1:]).rate():
            yield add(rate, rise)
