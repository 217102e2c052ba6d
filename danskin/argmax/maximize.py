"""Exact where possible, numeric elsewhere: the one entry to global maximisation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import sympy

from danskin.argmax.ascent import Values
from danskin.argmax.numeric import numeric_argmax
from danskin.argmax.result import ArgMax
from danskin.argmax.structure import exact_argmax
from danskin.errors import ExpressionError, InvalidInputError, LimitError
from danskin.exact import to_float
from danskin.expression import NumericFunction, substitute
from danskin.expression.whitelist import require_real
from danskin.limits import time_limit
from danskin.sets import Box, CompactSet, FiniteSet, Product

__all__ = ["maximize"]

_EXACT_SECONDS = 10.0
_DERIVATIVE_SECONDS = 2.0
#: Vectorised, a formula is cheap to ask at many points.
_SAMPLES = 20_000


def maximize(
    expr: sympy.Expr,
    symbols: Sequence[sympy.Symbol],
    domain: CompactSet,
    rng: np.random.Generator | None = None,
) -> ArgMax:
    """Find the global maximizers of an expression on a compact set.

    Parameters
    ----------
    expr : sympy.Expr
        A checked expression in `symbols` only.
    symbols : sequence of k Symbols
        The coordinates of delta.
    domain : CompactSet
    rng : numpy.random.Generator, optional
        For the numeric search; a fixed seed by default, so that results repeat.

    Raises
    ------
    InvalidInputError
        The expression is not finite on the whole set, as far as that is seen.
    """
    require_real(expr, "value")
    rng = np.random.default_rng(0) if rng is None else rng
    pieces = None
    why = "outside the classes with a proof"
    try:
        with time_limit(_EXACT_SECONDS, "the exact search for maximizers"):
            pieces = exact_argmax(expr, symbols, domain)
            if pieces is not None:
                return _exact_result(expr, symbols, pieces)
    except (LimitError, RecursionError, sympy.PolynomialError, NotImplementedError) as error:
        why = str(error) or type(error).__name__
    except ExpressionError as error:
        # A value that is not defined or not real: the search below says where.
        why = str(error)
    found = numeric_argmax(*_functions(expr, symbols, domain, rng), domain, rng, _SAMPLES)
    return ArgMax(**{**found.__dict__, "method": f"{found.method} ({why})"})


def _functions(
    expr: sympy.Expr,
    symbols: Sequence[sympy.Symbol],
    domain: CompactSet,
    rng: np.random.Generator,
) -> tuple[Values, Values | None, Values | None]:
    """Value, gradient and Hessian as functions of points (N, k); None where too long to write."""
    value = NumericFunction([expr], symbols, to_float)
    _no_poles(expr, symbols, domain, rng)
    k = len(symbols)
    gradient: NumericFunction | None = None
    hessian: NumericFunction | None = None
    try:
        with time_limit(_DERIVATIVE_SECONDS, "differentiating"):
            slopes = [sympy.diff(expr, s) for s in symbols]
            gradient = NumericFunction(slopes, symbols, to_float)
            bends = [sympy.diff(g, s) for g in slopes for s in symbols]
            hessian = NumericFunction(bends, symbols, to_float)
    except (LimitError, RecursionError):
        pass
    return (
        lambda d: value(*d.T)[0],
        _if_given(gradient, lambda f, d: f(*d.T).T),
        _if_given(hessian, lambda f, d: f(*d.T).T.reshape(-1, k, k)),
    )


def _if_given(
    function: NumericFunction | None, call: Callable[[NumericFunction, np.ndarray], np.ndarray]
) -> Values | None:
    return None if function is None else lambda d: call(function, d)


def _no_poles(
    expr: sympy.Expr,
    symbols: Sequence[sympy.Symbol],
    domain: CompactSet,
    rng: np.random.Generator,
) -> None:
    """Raise where a denominator changes sign on a connected set: it vanishes somewhere on it."""
    below = list(dict.fromkeys(_denominators(expr)))
    if not below or isinstance(domain, FiniteSet):
        return
    points = domain.sample(rng, 2000)
    if isinstance(domain, Box):
        points = np.vstack([points, domain.lo, domain.hi])
    if isinstance(domain, Product):
        # Connected once the factors that are not have been fixed.
        for factor, where in zip(domain.sets, domain.slices, strict=True):
            if isinstance(factor, FiniteSet):
                points[:, where] = factor.points[0]
    for denominator in below:
        values = NumericFunction([denominator], symbols, to_float)(*points.T)[0]
        if np.isfinite(values).all() and values.min() < 0 < values.max():
            raise InvalidInputError(
                "value",
                f"g(theta, delta) is not finite where {denominator} = 0, inside the set",
                f"g must be continuous on all of {domain!r}; check theta, the set, and poles.",
            )


def _denominators(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    node: Any
    for node in sympy.preorder_traversal(expr):
        if not node.free_symbols:
            continue
        if isinstance(node, sympy.Pow) and node.exp.is_Rational and node.exp < 0:
            yield node.base
        elif isinstance(node, sympy.tan):
            yield sympy.cos(node.args[0])
        elif isinstance(node, sympy.cot):
            yield sympy.sin(node.args[0])


def _exact_result(
    expr: sympy.Expr, symbols: Sequence[sympy.Symbol], pieces: list[CompactSet]
) -> ArgMax:
    points = [p.exact_point() for p in pieces if p.is_point()]
    faces = tuple(p for p in pieces if not p.is_point())
    at = dict(zip(symbols, pieces[0].exact_point(), strict=True))
    exact_value = require_real(substitute(expr, at, "value"), "value")
    try:
        floats = np.array([[to_float(c) for c in p] for p in points]).reshape(-1, len(symbols))
        value = to_float(exact_value)
    except InvalidInputError as error:
        raise InvalidInputError("value", error.problem, error.remedy) from None
    return ArgMax(
        value=value,
        exact_value=exact_value,
        points=floats,
        exact_points=tuple(points),
        faces=faces,
        complete=True,
        method="exact",
    )
