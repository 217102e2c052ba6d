"""A strictly increasing function of something: its maximizers are that something's.

``argmax phi(h) = argmax h`` for strictly increasing phi, and ``argmin h`` for strictly decreasing
phi, whatever S is. So the logistic loss of an affine form is maximized where the form is, on every
set over which affine forms are. No convexity is asked for, and no vertices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from danskin.exact import sign
from danskin.expression import elu, softplus, xlogx

__all__ = ["monotone_inner"]

#: Strictly increasing on the whole line.
_INCREASING = (sympy.exp, sympy.tanh, sympy.sinh, sympy.atan, softplus, elu)

Lowest = Callable[[sympy.Expr], sympy.Expr | None]


def monotone_inner(expr: Any, symbols: Sequence[sympy.Symbol], lowest: Lowest) -> sympy.Expr | None:
    """Return h with ``argmax expr = argmax h``, simpler than `expr`, or None.

    Parameters
    ----------
    expr : sympy.Expr
        One term in `symbols`, up to constants.
    lowest : callable
        Returns the least value of a function over S exactly, or None. Logarithms, roots and
        powers are increasing on a part of the line only, and have to be seen to stay on it.
    """
    rest, _ = _without_constants(expr, symbols)
    if rest is None:
        return None
    factor, term = rest.as_independent(*symbols, as_Add=False)
    side = sign(factor)
    if side is None or side == 0:
        return None
    found = _increasing(term, symbols, lowest)
    if found is None:
        return None
    inner, direction = found
    return inner if side * direction > 0 else -inner


def _without_constants(expr: Any, symbols: Sequence[sympy.Symbol]) -> tuple[Any, Any]:
    """Return the only term that is not constant, and the constant; None where there are more."""
    constant, rest = expr.as_independent(*symbols, as_Add=True)
    return (None if isinstance(rest, sympy.Add) else rest), constant


def _increasing(
    term: Any, symbols: Sequence[sympy.Symbol], lowest: Lowest
) -> tuple[sympy.Expr, int] | None:
    """Return h, and 1 or -1 where the term is strictly increasing or decreasing in h."""
    if isinstance(term, sympy.Pow):
        return _power(term, symbols, lowest)
    if len(term.args) != 1:
        return None
    inner: Any = term.args[0]
    if isinstance(term, _INCREASING):
        return inner, 1
    if isinstance(term, sympy.log):
        return (inner, 1) if _at_least(inner, 1, lowest) else None
    if isinstance(term, xlogx):
        # It turns at 1/e; above that it increases.
        return (inner, 1) if _at_least(inner - sympy.exp(-1), 0, lowest) else None
    return None


def _power(
    term: Any, symbols: Sequence[sympy.Symbol], lowest: Lowest
) -> tuple[sympy.Expr, int] | None:
    base, exponent = term.args
    if not base.free_symbols & set(symbols):
        # c**h with c > 0 is exp(h log c).
        above = sign(base - 1) if sign(base) == 1 else None
        return (exponent, above) if above else None
    if not exponent.is_Rational:
        return None
    if exponent.is_Integer and exponent > 0 and exponent % 2 == 1:
        return base, 1
    if exponent > 0:
        return (base, 1) if _at_least(base, 0, lowest) else None
    return (base, -1) if _at_least(base, 1, lowest) else None


def _at_least(inner: sympy.Expr, side: int, lowest: Lowest) -> bool:
    """Whether an expression is proved to be >= 0 (`side` 0) or > 0 (1) on all of S."""
    least = lowest(inner)
    return least is not None and sign(least) in range(side, 2)
