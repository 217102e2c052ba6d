"""One objective at one theta, ready to be enclosed: g, its slopes in delta, and <gamma, grad g>.

Two forms of g are enclosed and intersected: the formula as given, with theta put in as intervals,
which also decides where g is defined *near* theta; and the formula with theta put in exactly and
written out as a polynomial where it is one, in which what cancels at this theta has cancelled.
The mean-value form ``f(c) + sum f_i (x_i - c_i)`` tightens both g and the derivative along gamma.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from danskin.argmax import projected_ascent
from danskin.argmax.polynomial import Terms, polynomial_terms, written_out
from danskin.errors import InvalidInputError, LimitError
from danskin.exact import sign, to_float
from danskin.expression import NumericFunction, elu_bend, elu_slope
from danskin.limits import time_limit
from danskin.objective import ExpressionObjective
from danskin.proof import interval
from danskin.proof.boxes import Cells, Space
from danskin.proof.elementary import DEFINED
from danskin.proof.evaluate import Enclosure, Tape, number_interval
from danskin.proof.template import Template
from danskin.sets import CompactSet, Product, Simplex

__all__ = ["LocalProblem", "Ranges", "is_defined", "mean_value", "rate_expression", "simplified"]

_DERIVATIVE_SECONDS = 10.0
#: Written out or not, it is the same function: numbers that grow too long are left as they are.
_WRITING_SECONDS = 3.0
_MAX_TERMS = 300
_MAX_SECOND = 3_000
_CLIMB_STEPS = 80


@dataclass(frozen=True)
class Ranges:
    """Enclosures over N cells.

    Attributes
    ----------
    value : (2, N)
        Of g; the whole line where g is not defined on all of the cell.
    defined : (N,) bool
    slopes : list of (2, N)
        Of the partial derivatives of g in delta.
    rate : (2, N)
        Of ``<gamma, grad_theta g>``, gamma not normalised.
    sizes : list of (N, k)
        Bounds on the derivatives in delta of g, and of the rate.
    """

    value: np.ndarray
    defined: np.ndarray
    slopes: list[np.ndarray]
    rate: np.ndarray
    sizes: list[np.ndarray]


class LocalProblem:
    """``g(theta, .)`` on S at an exact theta, and its rate along gamma.

    Parameters
    ----------
    f : ExpressionObjective
    theta : exact numbers (n,)
    gamma : exact numbers (n,), optional
        Without one the rate is 0.
    shared : (Template, rows), optional
        Tapes for many samples at once, f the first of them, with the numbers of each; then theta
        is not put in exactly.
    """

    def __init__(
        self,
        f: ExpressionObjective,
        theta: Sequence[Any],
        gamma: Sequence[Any] | None = None,
        shared: tuple[Template, Sequence[tuple[Any, ...]]] | None = None,
    ) -> None:
        if f.expression.has(elu_slope, elu_bend):
            raise InvalidInputError(
                "f", "its gradient in theta need not be continuous (elu_slope)", "Use elu."
            )
        self.f, self.theta, self.gamma = f, tuple(theta), gamma
        self.symbols = f.delta_symbols
        self._inputs = [number_interval(t) for t in theta]
        self._shared, rows = None, None
        if shared is not None and gamma is not None:
            self._shared, rows = shared
            self._inputs += [number_interval(c) for c in gamma]
        self.space = Space(f.domain, rows=rows)

    # --- exact expressions in delta --------------------------------------------------------

    @cached_property
    def value(self) -> Any:
        """``g(theta, .)``, exactly."""
        return simplified(self.f.at(self.theta), self.symbols, self.f.domain)

    @cached_property
    def rate(self) -> Any:
        """``<gamma, grad_theta g(theta, .)>``, exactly."""
        if self.gamma is None:
            return sympy.Integer(0)
        return rate_expression(self.f, self.theta, self.gamma)

    @cached_property
    def slopes(self) -> list[Any]:
        """The partial derivatives of `value`."""
        return [self._derivative(self.value, s) for s in self.symbols]

    @cached_property
    def _bends(self) -> list[Any]:
        """The partial derivatives of `rate`; none where they are too long to be of use."""
        found = [self._derivative(self.rate, s) for s in self.symbols]
        size = sum(sum(1 for _ in sympy.preorder_traversal(b)) for b in found)
        return found if size <= _MAX_SECOND else []

    def _derivative(self, expr: Any, symbol: sympy.Symbol) -> Any:
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g"):
            return sympy.diff(expr, symbol)

    # --- enclosures ------------------------------------------------------------------------

    @cached_property
    def _tape(self) -> Tape:
        if self._shared is not None:
            return self._shared.all
        first = [self.f.expression, self.value]
        names = (*self.f.theta_symbols, *self.symbols)
        return Tape([*first, *self.slopes, self.rate, *self._bends], names, self.f.theta_symbols)

    @cached_property
    def _point_tape(self) -> Tape:
        if self._shared is not None:
            return self._shared.points
        names = (*self.f.theta_symbols, *self.symbols)
        return Tape([self.f.expression, self.value, self.rate], names, self.f.theta_symbols)

    def at_points(self, deltas: list[np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return enclosures of g and of the rate at thin points (or over any ranges)."""
        given, *put_in, rate = self._point_tape([*self._inputs, *deltas], count)
        return _best_value(given, put_in), rate[0]

    def climb(self, points: np.ndarray) -> np.ndarray:
        """Improve float points (N, k) by projected gradient ascent: a guess, without rigour."""
        numeric = NumericFunction([self.value, *self.slopes], self.symbols, to_float)

        def value(d: np.ndarray) -> np.ndarray:
            return np.nan_to_num(numeric(*d.T)[0], nan=-np.inf)

        def gradient(d: np.ndarray) -> np.ndarray:
            return numeric(*d.T)[1:].T

        return projected_ascent(value, gradient, points, self.f.domain, _CLIMB_STEPS)

    def enclose(self, cells: Cells) -> Ranges:
        """Enclose everything over the cells."""
        n, k = len(cells), len(self.symbols)
        ahead = self.space.leading
        everything = self.space.enclose(cells)
        given, *out = self._tape([*self._inputs, *everything], n)
        put_in = [] if self._shared is not None else [out.pop(0)]
        defined = is_defined(given, n)
        value = _best_value(given, put_in)
        slopes = [np.where(defined, s[0], np.inf) for s in out[:k]]
        rate = np.where(defined, out[k][0], np.inf)
        bends = [b[0] for b in out[k + 1 :]]
        center = self.space.center(cells)
        middle, middle_rate = self.at_points(center, n)
        with np.errstate(all="ignore"):
            pairs = zip(everything[ahead:], center[ahead:], strict=True)
            offsets = [interval.sub(d, c) for d, c in pairs]
            value = interval.intersect(value, mean_value(middle, slopes, offsets))
            if bends:
                rate = interval.intersect(rate, mean_value(middle_rate, bends, offsets))
        value = np.where(defined, value, np.inf)
        rate = np.where(defined, rate, np.inf)
        sizes = [_sizes(slopes, ahead, n)]
        if bends and self.gamma is not None:
            sizes.append(_sizes(bends, ahead, n))
        nothing = [np.full((2, n), np.inf)] * ahead
        return Ranges(value, defined, [*nothing, *slopes], rate, sizes)


def rate_expression(f: ExpressionObjective, theta: Sequence[Any], gamma: Sequence[Any]) -> Any:
    """Return ``<gamma, grad_theta g(theta, .)>`` as a simplified expression in delta."""
    terms = [c * g for c, g in zip(gamma, f.gradient_at(theta), strict=True)]
    return simplified(sympy.Add(*terms), f.delta_symbols, f.domain)


def _sizes(slopes: Sequence[np.ndarray], ahead: int, count: int) -> np.ndarray:
    """Return bounds on the slopes, behind zeros for the coordinates that are not delta's."""
    sizes = [np.zeros(count)] * ahead + [interval.magnitude(s) for s in slopes]
    return np.array(sizes).T.reshape(count, len(sizes))


def is_defined(given: Enclosure, count: int) -> np.ndarray:
    """Return on which boxes an output is defined everywhere, (N,)."""
    levels = given[1]
    return np.ones(count, dtype=bool) if levels is None else np.asarray(levels == DEFINED)


def _best_value(given: Enclosure, put_in: Sequence[Enclosure]) -> np.ndarray:
    """Intersect the forms of g; the whole line where the formula as given is not defined."""
    both = given[0]
    for other, _ in put_in:
        both = interval.intersect(both, other)
    return np.where(is_defined(given, both.shape[1]), both, np.inf)


def mean_value(
    middle: np.ndarray, slopes: Sequence[np.ndarray], offsets: Sequence[np.ndarray]
) -> np.ndarray:
    """Return the mean-value form: the value at a point of each box, plus slopes times offsets."""
    total = middle
    for s, x in zip(slopes, offsets, strict=True):
        total = interval.add(total, interval.mul(s, x))
    return total


def simplified(expr: Any, symbols: Sequence[sympy.Symbol], domain: CompactSet | None = None) -> Any:
    """Return an expression, equal on the set, in which what cancels has cancelled.

    On a simplex the coordinates add up to 1; where that shortens a polynomial, it is used. The
    result then equals `expr` on the simplex's plane, and so do its derivatives along the plane,
    the only ones that first-order conditions and mean values there ask for.
    """
    try:
        with time_limit(_WRITING_SECONDS, "writing g out"):
            return _written(expr, symbols, domain)
    except LimitError:
        return expr


def _written(expr: Any, symbols: Sequence[sympy.Symbol], domain: CompactSet | None) -> Any:
    terms = polynomial_terms(expr, symbols)
    if terms is None:
        spread = written_out(expr)
        if not spread.free_symbols and sign(spread) == 0:
            return sympy.Integer(0)
        return spread if spread.count_ops() < expr.count_ops() else expr
    for last, rest in _simplex_sums(domain, symbols):
        shorter = polynomial_terms(_polynomial(terms, symbols).xreplace({last: rest}), symbols)
        if shorter is not None and len(shorter) < len(terms):
            terms = shorter
    return _polynomial(terms, symbols) if len(terms) <= _MAX_TERMS else expr


def _polynomial(terms: Terms, symbols: Sequence[sympy.Symbol]) -> Any:
    return sympy.Add(
        *(
            c * sympy.Mul(*(s**e for s, e in zip(symbols, powers, strict=True)))
            for powers, c in terms.items()
        )
    )


def _simplex_sums(
    domain: CompactSet | None, symbols: Sequence[sympy.Symbol]
) -> Iterator[tuple[sympy.Symbol, Any]]:
    """Yield each simplex's last coordinate with what the others make it."""
    if isinstance(domain, Simplex):
        yield symbols[-1], 1 - sympy.Add(*symbols[:-1])
    elif isinstance(domain, Product):
        for factor, where in zip(domain.sets, domain.slices, strict=True):
            yield from _simplex_sums(factor, symbols[where])
