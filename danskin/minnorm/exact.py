"""The exact min-norm point of rational or algebraic gradients (Theorem 2, eq. (14)).

Rational gradients: Wolfe's method in integer arithmetic, started at the float solver's support.
Real algebraic numbers of SymPy: supports tried one by one (the float solver's first), each solved
by determinants, so that only signs of polynomials in the entries have to be decided.

The answer is accepted only if it satisfies the optimality conditions exactly: weights in the
simplex and ``<x, g_i> >= |x|^2`` for every i.
"""

from __future__ import annotations

import numbers
import operator
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

import numpy as np

from danskin.errors import InvalidInputError
from danskin.minnorm.algebraic import algebraic_min_norm, algebraic_verdict
from danskin.minnorm.binary import feasible_fractions
from danskin.minnorm.rational import (
    clear_denominators,
    exact_active_set,
    integer_gram,
    sqrt_bounds,
    weighted_sum,
)
from danskin.minnorm.road import float_guess
from danskin.minnorm.scaling import check_gradients
from danskin.verdict import Verdict

__all__ = ["ExactMinNorm", "Sign", "exact_min_norm"]

Sign = Callable[[Any], int | None]
"""Decides the sign of an exact real SymPy number: -1, 0, 1, or None if it cannot."""


@dataclass(frozen=True, repr=False)
class ExactMinNorm:
    """The exact min-norm point.

    Attributes
    ----------
    weights : tuple of m Fractions (SymPy numbers for algebraic gradients)
        In the simplex, exactly.
    point : tuple of n such numbers
        ``sum a_i g_i``.
    squared_norm : Fraction or SymPy number
        ``rho**2``.
    stationary : bool
        Whether rho is 0: 0 lies in the hull and no descent direction exists.
    support : tuple of int
        Indices of the positive weights.
    gradients : tuple of m tuples of n such numbers
        The gradients as they were understood.
    """

    weights: tuple[Any, ...]
    point: tuple[Any, ...]
    squared_norm: Any
    stationary: bool
    support: tuple[int, ...]
    gradients: tuple[tuple[Any, ...], ...]
    sign: Sign | None = field(default=None, compare=False)

    def verify(self) -> Verdict:
        """Recompute the optimality conditions from the gradients and the weights alone.

        Conditions: (1) every weight is >= 0; (2) the weights add up to 1; (3) the point is the
        weighted sum of the gradients; (4) `squared_norm` is its squared length and `stationary`
        says whether that is 0; (5) ``<x, g_i> >= |x|^2`` for every i.

        Returns
        -------
        Verdict
            REFUTED if a condition fails; UNDECIDED only for algebraic numbers whose sign could
            not be decided.
        """
        if self.sign is not None:
            return algebraic_verdict(
                self.gradients,
                self.weights,
                self.point,
                self.squared_norm,
                self.stationary,
                self.sign,
            )
        # Integers over common denominators: the same as with fractions, without reducing each.
        rows, unit = clear_denominators(self.gradients)
        whole, share = clear_denominators([self.weights])
        unit *= share
        columns = range(len(rows[0]))
        x = [sum(a * g[k] for a, g in zip(whole[0], rows, strict=True) if a) for k in columns]
        square = sum(entry * entry for entry in x)
        inner = [sum(map(operator.mul, x, g)) for g in rows]
        holds = (
            min(self.weights) >= 0
            and sum(whole[0]) * share == 1
            and tuple(entry * unit for entry in x) == self.point
            and square * unit * unit == self.squared_norm
            and self.stationary == (square == 0)
            and self.support == tuple(i for i, a in enumerate(self.weights) if a > 0)
            # <x, g_i> and |x|^2 in units that differ by the weights' denominator
            and share * min(inner) >= share * share * square
        )
        return Verdict.PROVED if holds else Verdict.REFUTED

    @property
    def norm(self) -> float:
        """Rho as a float (rounded up for rational gradients)."""
        if isinstance(self.squared_norm, Fraction):
            return sqrt_bounds(self.squared_norm)[1]
        return float(self.squared_norm) ** 0.5

    def explain(self) -> str:
        """Say in a sentence what was found."""
        if self.stationary:
            return (
                f"Stationary: the gradients {list(self.support)} cancel exactly with positive "
                "weights, so 0 lies in the hull and no direction descends to first order."
            )
        return (
            f"The min-norm point has squared norm exactly {self.squared_norm} (norm about "
            f"{self.norm:.6g}) and is a combination of the gradients {list(self.support)}; minus "
            "the normalised point is the steepest descent direction."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values, ready for JSON; exact numbers as text."""
        return {
            "weights": [str(a) for a in self.weights],
            "point": [str(x) for x in self.point],
            "squared_norm": str(self.squared_norm),
            "stationary": self.stationary,
            "support": list(self.support),
        }

    def __repr__(self) -> str:
        kind = "stationary" if self.stationary else f"squared_norm={self.squared_norm}"
        return f"ExactMinNorm({kind}, support {len(self.support)} of {len(self.weights)})"


def exact_min_norm(gradients: Any, *, sign: Sign | None = None) -> ExactMinNorm:
    """Return the exact point of least norm in the hull of exact gradients (Theorem 2, eq. (14)).

    Parameters
    ----------
    gradients : m rows of n numbers
        Integers, Fractions, Decimals, SymPy rationals; a float is the binary rational it is.
        With `sign` also real SymPy numbers such as ``sqrt(2)``.
    sign : callable, optional
        Takes an exact real SymPy number and returns -1, 0, 1, or None where it cannot decide.

    Returns
    -------
    ExactMinNorm

    Raises
    ------
    InvalidInputError
        If an entry is not an exact real number, or is irrational and `sign` is not given, or the
        rows are empty or of different lengths.
    SolverError
        If `sign` returned None where the answer hangs on it.

    Examples
    --------
    >>> exact_min_norm([[1, 0], [0, 2]]).weights
    (Fraction(4, 5), Fraction(1, 5))
    """
    rows = _rows(gradients)
    if all(isinstance(entry, Fraction) for row in rows for entry in row):
        return _rational(cast("list[list[Fraction]]", rows))
    if sign is None:
        odd = next(entry for row in rows for entry in row if not isinstance(entry, Fraction))
        raise InvalidInputError(
            "gradients",
            f"holds the irrational number {odd}",
            "Pass sign=, a function that decides the sign of an exact real SymPy number, or "
            "pass floats to min_norm_point.",
        )
    solved = algebraic_min_norm(rows, _float_support(rows), sign)
    return ExactMinNorm(*solved, sign=sign)


def _rational(rows: list[list[Fraction]]) -> ExactMinNorm:
    integers, unit = clear_denominators(rows)
    sizes = (len(rows),)
    guess = _float_guess(rows)
    weights, _ = exact_active_set(
        integer_gram(integers), sizes, None if guess is None else feasible_fractions(guess, sizes)
    )
    whole, share = clear_denominators([weights])
    x = weighted_sum(whole[0], integers)
    unit *= share
    point = tuple(entry * unit for entry in x)
    square = sum(entry * entry for entry in x) * unit * unit
    return ExactMinNorm(
        tuple(weights),
        point,
        square,
        square == 0,
        tuple(i for i, a in enumerate(weights) if a > 0),
        tuple(tuple(row) for row in rows),
    )


def _float_guess(rows: Sequence[Sequence[Any]]) -> Any:
    """Return the float solver's weights, or None where the entries do not fit into float64."""
    try:
        scaled = check_gradients([[float(entry) for entry in row] for row in rows])
    except (OverflowError, InvalidInputError):
        return None
    return float_guess(scaled)


def _float_support(rows: Sequence[Sequence[Any]]) -> tuple[int, ...] | None:
    guess = _float_guess(rows)
    return None if guess is None else tuple(int(i) for i in np.flatnonzero(guess > 0))


def _rows(gradients: Any) -> list[list[Any]]:
    """Convert the entries: rational ones to Fractions, other real SymPy numbers kept."""
    remedy = "Pass rows of integers, Fractions, floats or exact SymPy numbers."
    outer = _listed(gradients)
    if outer is None:
        raise InvalidInputError("gradients", "is not a list of rows", remedy)
    if not outer:
        raise InvalidInputError("gradients", "is empty", remedy)
    inner = [_listed(row) for row in outer]
    rows: list[list[Any]] = []
    for i, row in enumerate(inner):
        if row is None:
            raise InvalidInputError(
                "gradients",
                f"has {outer[i]!r} where a row should be",
                "For a single gradient write [[...]]; for m gradients in R^1 [[a], [b], ...].",
            )
        rows.append([_number(entry) for entry in row])
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or 0 in lengths:
        raise InvalidInputError("gradients", f"has rows of lengths {sorted(lengths)}", remedy)
    return rows


def _listed(value: Any) -> list[Any] | None:
    """Return the items of an array-like, None for a scalar or text."""
    if isinstance(value, (str, bytes)):
        return None
    if type(value).__module__.startswith("sympy") and hasattr(value, "tolist"):
        value = value.tolist()  # a SymPy matrix iterates over its entries, not its rows
    try:
        return list(value)
    except TypeError:
        return None


def _number(entry: Any) -> Any:
    """Return a Fraction, or the SymPy number if it is irrational."""
    remedy = "Every entry must be an exact real number."
    if isinstance(entry, (bool, np.bool_)):
        raise InvalidInputError("gradients", f"holds the boolean {entry!r}", remedy)
    if isinstance(entry, (numbers.Rational, float, Decimal, np.integer, np.floating)):
        try:
            if isinstance(entry, np.floating):
                return Fraction(*entry.as_integer_ratio())
            if isinstance(entry, np.integer):
                return Fraction(int(cast("Any", entry)))
            return Fraction(entry)
        except (ValueError, OverflowError) as error:
            raise InvalidInputError("gradients", f"holds {entry!r}", remedy) from error
    sympy: Any = sys.modules.get("sympy")  # nothing is a SymPy number unless SymPy is loaded
    if sympy is not None and isinstance(entry, sympy.Expr):
        if isinstance(entry, sympy.Float):
            entry = sympy.Rational(entry)
        symbolic: Any = entry
        if isinstance(entry, sympy.Rational) and symbolic.is_finite:
            return Fraction(int(symbolic.p), int(symbolic.q))
        if symbolic.is_number and symbolic.is_extended_real is not False and symbolic.is_finite:
            if symbolic.is_extended_real is None:
                raise InvalidInputError(
                    "gradients", f"holds {symbolic}, which is not known to be real", remedy
                )
            if not symbolic.has(sympy.Float):
                return symbolic
    raise InvalidInputError("gradients", f"holds {entry!r} of type {type(entry).__name__}", remedy)
