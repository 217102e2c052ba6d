"""``x log x`` as one function: a product of x and log x is undefined at 0, where entropy is 0.

``d*log(d)`` is a limit at d = 0, and g has to be continuous there: the product is read as its
continuous extension, `xlogx`, which all evaluations and enclosures know at 0. Elsewhere nothing
changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from danskin.expression.functions import xlogx

__all__ = ["with_entropy"]


def with_entropy(expr: Any, symbols: Iterable[sympy.Symbol]) -> Any:
    """Return an expression with ``u**p log(c u)`` written by `xlogx`, for rational c, p > 0.

    Only for u in `symbols` alone: as a function of theta, ``x log x`` has no derivative at 0.
    """
    if not expr.has(sympy.log):
        return expr
    return _walk(expr, set(symbols), {})


def _walk(expr: Any, own: set[sympy.Symbol], seen: dict[Any, Any]) -> Any:
    if expr in seen:
        return seen[expr]
    found = expr
    if expr.args and expr.has(sympy.log) and not isinstance(expr, sympy.Pow):
        product = _product(expr, own) if isinstance(expr, sympy.Mul) else None
        if product is not None:
            found = _walk(product, own, seen)
        else:
            found = expr.func(*(_walk(a, own, seen) for a in expr.args))
    seen[expr] = found
    return found


def _product(expr: sympy.Mul, own: set[sympy.Symbol]) -> Any:
    """Return a product with one logarithm less, or None."""
    factors = list(expr.args)
    for i, factor in enumerate(factors):
        others = factors[:i] + factors[i + 1 :]
        if isinstance(factor, sympy.log):
            for j, other in enumerate(others):
                met = _met(other, factor.args[0], own)
                if met is not None:
                    return sympy.Mul(met, *others[:j], *others[j + 1 :])
        elif isinstance(factor, sympy.Add):
            # d*(log(d) - t): the logarithm meets its factor once it is written out.
            logs = [a for term in factor.args for a in sympy.Mul.make_args(term)]
            logs = [a for a in logs if isinstance(a, sympy.log)]
            if any(_met(o, a.args[0], own) is not None for a in logs for o in others):
                return sympy.Add(*(sympy.Mul(*others, term) for term in factor.args))
    return None


def _met(other: Any, inner: Any, own: set[sympy.Symbol]) -> Any:
    """Return ``other * log(inner)`` where the former is a power of the latter; None elsewhere."""
    if not (inner.free_symbols and inner.free_symbols <= own):
        return None
    c, u = inner.as_coeff_Mul()
    if not (c.is_Rational and c):
        return None
    if c < 0:
        c, u = -c, -u
    base, power = other.as_base_exp()
    if not (power.is_Rational and power > 0):
        return None
    if sympy.expand(base - u) == 0:
        factor: Any = sympy.Integer(1)
    elif sympy.expand(base + u) == 0 and power.is_Integer:
        factor = sympy.Integer(-1) ** power
    else:
        return None
    if power >= 1:
        return factor * xlogx(c * u) / c * u ** (power - 1)
    # log(c u) = log((c u)^p)/p.
    return xlogx((c * u) ** power) / (power * c**power)
