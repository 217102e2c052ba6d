"""Expressions at one exact point of S, and floats around exact numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from danskin.expression import substitute
from danskin.expression.whitelist import require_real
from danskin.proof.evaluate import number_interval

__all__ = ["Point", "exact_at", "float_bounds", "put_in", "within"]

Point = tuple[Any, ...]


def exact_at(expr: Any, symbols: Sequence[sympy.Symbol], point: Point) -> Any:
    """Return an expression at an exact point."""
    return put_in(expr, dict(zip(symbols, point, strict=True)))


def put_in(expr: Any, at: Mapping[Any, Any]) -> Any:
    """Return an expression with exact numbers for symbols; it must be real there."""
    return require_real(substitute(sympy.S(expr), at, "delta"), "delta")


def within(number: Any, span: np.ndarray) -> bool:
    """Whether an exact number is seen to lie in a range (2, 1)."""
    around = number_interval(number)
    return bool(-span[0, 0] <= -around[0, 0] and around[1, 0] <= span[1, 0])


def float_bounds(number: Any) -> tuple[float, float]:
    """Return floats around an exact number."""
    around = number_interval(number)
    return float(-around[0, 0]), float(around[1, 0])
