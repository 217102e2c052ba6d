"""Reading numbers exactly, from Python, NumPy, SymPy or text, and arithmetic on vectors of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any

import numpy as np
import sympy

from danskin.errors import InvalidInputError, LimitError
from danskin.expression import check, check_size, parse
from danskin.expression.whitelist import MAX_NUMBER_BITS
from danskin.limits import time_limit

__all__ = [
    "dot",
    "exact_number",
    "exact_vector",
    "is_exact_input",
    "length",
    "tidy",
    "to_fraction",
]

_TIDY_SECONDS = 2.0
_PRIME = 2**61 - 1


def exact_number(value: Any, argument: str) -> sympy.Expr:
    """Return the exact real number that `value` means.

    Parameters
    ----------
    value : int, float, Fraction, Decimal, SymPy number or text
        A float means that very binary number; text and Decimal are decimal, so ``"0.1"`` is 1/10.
        Text may use the formula language without names, as in ``"sqrt(2)/10"``.
    argument : str
        Used in error messages.

    Raises
    ------
    InvalidInputError
        NaN, infinite, complex, or not a number.
    """
    remedy = 'Pass a finite real number, or text such as "sqrt(2)/10".'
    if isinstance(value, (bool, np.bool_)):
        raise InvalidInputError(argument, f"{value!r} is not a number", remedy)
    if isinstance(value, str):
        return parse(value, {}, argument)
    if isinstance(value, sympy.Basic):
        if not isinstance(value, sympy.Expr):
            raise InvalidInputError(argument, f"{_short(value)} is not a number", remedy)
        check_size(value, argument)
        return check(value, (), argument)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidInputError(argument, f"{value} is not finite", remedy)
        digits = max(abs(value.adjusted()), len(value.as_tuple().digits))
        if digits > MAX_NUMBER_BITS // 4:
            raise InvalidInputError(argument, "the number is out of range", remedy)
        return _rational(Fraction(value))
    if isinstance(value, (Integral, Rational)):
        numerator, denominator = int(value.numerator), int(value.denominator)
        if max(abs(numerator), denominator).bit_length() > MAX_NUMBER_BITS:
            raise InvalidInputError(argument, "the number is out of range", remedy)
        return _rational(Fraction(numerator, denominator))
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise InvalidInputError(argument, f"{value} is not finite", remedy)
        return _rational(Fraction(float(value)))
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return exact_number(value.item(), argument)
    raise InvalidInputError(argument, f"{_short(value)} is not a real number", remedy)


def exact_vector(values: Any, argument: str, dim: int | None = None) -> tuple[sympy.Expr, ...]:
    """Return `values`, a flat sequence of numbers, exactly; a scalar counts as one entry.

    Raises
    ------
    InvalidInputError
        Not one-dimensional, or not `dim` entries long, or an entry is not a real number.
    """
    if isinstance(values, (str, sympy.Expr, int, float, Fraction, Decimal, np.number)):
        values = [values]
    if isinstance(values, np.ndarray):
        if values.ndim == 0:
            values = values.reshape(1)
        if values.ndim != 1:
            raise InvalidInputError(
                argument, f"it has shape {values.shape}", "Pass a flat list of numbers."
            )
    if isinstance(values, sympy.MatrixBase):
        values = values.flat()
    if isinstance(values, (dict, set, bytes)) or not isinstance(values, Iterable):
        raise InvalidInputError(
            argument, f"{_short(values)} is not a list of numbers", "Pass a flat list of numbers."
        )
    entries = list(values)
    if dim is not None and len(entries) != dim:
        raise InvalidInputError(
            argument,
            f"it has {len(entries)} {'entry' if len(entries) == 1 else 'entries'}, not {dim}",
            f"Pass {dim} number{'s' if dim != 1 else ''}.",
        )
    return tuple(exact_number(v, f"{argument}[{i}]") for i, v in enumerate(entries))


def is_exact_input(values: Any) -> bool:
    """Whether every number in a nested sequence is exact: no floats and no float arrays."""
    if isinstance(values, np.ndarray):
        return values.dtype == object and all(is_exact_input(v) for v in values.ravel())
    if isinstance(values, (str, Decimal)):
        return True
    if isinstance(values, sympy.Basic):
        return not values.has(sympy.Float)
    if isinstance(values, sympy.MatrixBase):
        return all(is_exact_input(v) for v in values)
    if isinstance(values, (list, tuple)):
        return all(is_exact_input(v) for v in values)
    return isinstance(values, Rational) and not isinstance(values, bool)


def _rational(value: Fraction) -> sympy.Expr:
    return sympy.Rational(value.numerator, value.denominator)


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of more than 4300 digits
        text = f"a {type(value).__name__} too long to print"
    return text if len(text) <= 60 else text[:57] + "..."


def to_fraction(number: Any) -> Fraction:
    """Return a SymPy Rational as a Fraction."""
    return Fraction(int(number.p), int(number.q))


def tidy(number: Any) -> Any:
    """Write out products of radicals and free denominators of them, where that is cheap."""
    if number.is_Rational or number.has(sympy.CRootOf) or number.count_ops() > 200:
        return number
    try:
        with time_limit(_TIDY_SECONDS, "writing a number out"):
            written = sympy.expand(number)
            # With exponentials and the like among the radicals it takes seconds, and gains nothing.
            return written if written.atoms(sympy.Function) else sympy.radsimp(written, max_terms=3)
    except LimitError:
        return number


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Return the exact inner product."""
    return sympy.Add(*(x * y for x, y in zip(a, b, strict=True)))


def length(vector: Sequence[Any]) -> Any:
    """Return the exact Euclidean length."""
    squared: Any = sympy.expand(dot(vector, vector))
    try:
        return sympy.sqrt(squared)
    except ValueError:
        # SymPy trips over integers such as 4 x**4 + 1, with two composite factors next to each
        # other. A large prime moves them apart.
        return sympy.sqrt(squared * _PRIME**2) / _PRIME
