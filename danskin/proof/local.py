"""One objective at one theta, ready to be enclosed: g, its slopes in delta, and <gamma, grad g>.

Two forms of g are enclosed and intersected: the formula as given, with theta put in as intervals,
which also decides where g is defined *near* theta; and the formula with theta put in exactly and
written out as a polynomial where it is one, in which what cancels at this theta has cancelled.
The mean-value form ``f(c) + sum f_i (x_i - c_i)`` tightens both g and the derivative along gamma.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.argmax import projected_ascent
from danskin.argmax.polynomial import polynomial_terms, written_out
from danskin.errors import InvalidInputError
from danskin.exact import sign, to_float
from danskin.expression import NumericFunction, elu_bend, elu_slope
from danskin.limits import time_limit
from danskin.objective import ExpressionObjective
from danskin.proof import interval
from danskin.proof.boxes import Cells, Space
from danskin.proof.elementary import DEFINED, UNDEFINED
from danskin.proof.evaluate import Enclosure, Tape, number_interval

__all__ = ["LocalProblem", "Ranges"]

_DERIVATIVE_SECONDS = 10.0
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
    """

    def __init__(
        self, f: ExpressionObjective, theta: Sequence[Any], gamma: Sequence[Any] | None = None
    ) -> None:
        if f.expression.has(elu_slope, elu_bend):
            raise InvalidInputError(
                "f", "its gradient in theta need not be continuous (elu_slope)", "Use elu."
            )
        self.f, self.theta, self.gamma = f, tuple(theta), gamma
        self.space = Space(f.domain)
        self.symbols = f.delta_symbols
        self.value = simplified(f.at(theta), self.symbols)
        self.slopes = [self._derivative(self.value, s) for s in self.symbols]
        self.rate: Any = sympy.Integer(0)
        if gamma is not None:
            self.rate = rate_expression(f, theta, gamma)
        self.bends: list[Any] | None = [self._derivative(self.rate, s) for s in self.symbols]
        if sum(len(list(sympy.preorder_traversal(b))) for b in self.bends) > _MAX_SECOND:
            self.bends = None
        self._inputs = [number_interval(t) for t in theta]
        names = (*f.theta_symbols, *self.symbols)
        first = [f.expression, self.value]
        bends = self.bends or []
        self._tape = Tape([*first, *self.slopes, self.rate, *bends], names, f.theta_symbols)
        self._at_points = Tape([*first, self.rate], names, f.theta_symbols)

    def _derivative(self, expr: Any, symbol: sympy.Symbol) -> Any:
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g"):
            return sympy.diff(expr, symbol)

    def at_points(self, deltas: list[np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return enclosures of g and of the rate at thin points (or over any ranges)."""
        given, put_in, rate = self._at_points([*self._inputs, *deltas], count)
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
        deltas = self.space.enclose(cells)
        out = self._tape([*self._inputs, *deltas], n)
        value, defined = _best_value(out[0], out[1]), _defined(out[0])
        slopes = [np.where(defined, s[0], np.inf) for s in out[2 : 2 + k]]
        rate = np.where(defined, out[2 + k][0], np.inf)
        bends = [b[0] for b in out[3 + k :]]
        center = self.space.center(cells)
        middle, middle_rate = self.at_points(center, n)
        with np.errstate(all="ignore"):
            offsets = [interval.sub(d, c) for d, c in zip(deltas, center, strict=True)]
            value = interval.intersect(value, _mean_value(middle, slopes, offsets))
            if self.bends is not None:
                rate = interval.intersect(rate, _mean_value(middle_rate, bends, offsets))
        value = np.where(defined, value, np.inf)
        rate = np.where(defined, rate, np.inf)
        sizes = [np.array([interval.magnitude(s) for s in slopes]).T.reshape(n, k)]
        if self.bends is not None and self.gamma is not None:
            sizes.append(np.array([interval.magnitude(b) for b in bends]).T.reshape(n, k))
        return Ranges(value, defined, slopes, rate, sizes)


def rate_expression(f: ExpressionObjective, theta: Sequence[Any], gamma: Sequence[Any]) -> Any:
    """Return ``<gamma, grad_theta g(theta, .)>`` as a simplified expression in delta."""
    terms = [c * g for c, g in zip(gamma, f.gradient_at(theta), strict=True)]
    return simplified(sympy.Add(*terms), f.delta_symbols)


def _defined(given: Enclosure) -> np.ndarray:
    levels = given[1]
    if levels is None:
        return np.ones(given[0].shape[1], dtype=bool)
    return levels == DEFINED


def _best_value(given: Enclosure, put_in: Enclosure) -> np.ndarray:
    """Intersect both forms of g; the whole line where the formula as given is not defined."""
    both = interval.intersect(given[0], put_in[0])
    return np.where(_defined(given), both, np.inf)


def _mean_value(
    middle: np.ndarray, slopes: Sequence[np.ndarray], offsets: Sequence[np.ndarray]
) -> np.ndarray:
    total = middle
    for s, x in zip(slopes, offsets, strict=True):
        total = interval.add(total, interval.mul(s, x))
    return total


def simplified(expr: Any, symbols: Sequence[sympy.Symbol]) -> Any:
    """Return an equal expression in which what cancels has cancelled, where that is cheap."""
    with time_limit(_DERIVATIVE_SECONDS, "writing g out"):
        terms = polynomial_terms(expr, symbols)
        if terms is not None and len(terms) <= _MAX_TERMS:
            return sympy.Add(
                *(
                    c * sympy.Mul(*(s**e for s, e in zip(symbols, powers, strict=True)))
                    for powers, c in terms.items()
                )
            )
        if terms is None:
            spread = written_out(expr)
            if spread.count_ops() < expr.count_ops():
                return spread
            if not spread.free_symbols and sign(spread) == 0:
                return sympy.Integer(0)
    return expr


assert UNDEFINED < DEFINED
