"""Exact where possible, numeric elsewhere: the one entry to global maximisation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from danskin.argmax.numeric import numeric_argmax
from danskin.argmax.result import ArgMax
from danskin.argmax.structure import exact_argmax
from danskin.errors import InvalidInputError, LimitError
from danskin.exact import to_float
from danskin.expression import NumericFunction
from danskin.expression.whitelist import require_real
from danskin.limits import time_limit
from danskin.sets import CompactSet

__all__ = ["maximize"]

_EXACT_SECONDS = 10.0


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
        The expression is not finite on the whole set.
    """
    require_real(expr, "value")
    pieces = None
    why = "outside the classes with a proof"
    try:
        with time_limit(_EXACT_SECONDS, "the exact search for maximizers"):
            pieces = exact_argmax(expr, symbols, domain)
    except LimitError as error:
        why = str(error)
    if pieces is not None:
        return _exact_result(expr, symbols, pieces)
    gradient_exprs = [sympy.diff(expr, s) for s in symbols]
    hessian_exprs = [sympy.diff(g, s) for g in gradient_exprs for s in symbols]
    value = NumericFunction([expr], symbols, to_float)
    gradient = NumericFunction(gradient_exprs, symbols, to_float)
    hessian = NumericFunction(hessian_exprs, symbols, to_float)
    k = len(symbols)
    found = numeric_argmax(
        lambda d: value(*d.T)[0],
        lambda d: gradient(*d.T).T,
        lambda d: hessian(*d.T).T.reshape(-1, k, k),
        domain,
        np.random.default_rng(0) if rng is None else rng,
    )
    return ArgMax(**{**found.__dict__, "method": f"{found.method} ({why})"})


def _exact_result(
    expr: sympy.Expr, symbols: Sequence[sympy.Symbol], pieces: list[CompactSet]
) -> ArgMax:
    points = [p.exact_point() for p in pieces if p.is_point()]
    faces = tuple(p for p in pieces if not p.is_point())
    at = dict(zip(symbols, pieces[0].exact_point(), strict=True))
    exact_value = require_real(expr.xreplace(at), "value")
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
