"""Exact numbers, vectors and sets as text: the exact form where it is short, decimals beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sympy

from danskin.errors import LimitError
from danskin.exact import sign, to_float
from danskin.limits import time_limit
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Hull, Product, Simplex

__all__ = ["clip", "decimal", "describe_set", "number", "vector"]

_LONGEST = 40
_MOST = 8


def clip(text: str, limit: int = _LONGEST) -> str:
    """Return text cut to `limit` characters, the cut marked."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def decimal(value: float) -> str:
    """Return ten significant digits."""
    return f"{value + 0.0:.10g}"


def number(exact: Any, value: float | None = None) -> str:
    """Return an exact number with its decimals in brackets, or the decimals alone.

    An exact form too long to read, such as an expression in CRootOf, is left out: its decimals
    end in "...".

    Parameters
    ----------
    exact : SymPy number, or None
    value : float, optional
        Its float64, where already known.
    """
    if exact is None:
        return decimal(cast("float", value))
    text = _text(exact)
    if len(text) <= 12 and exact.is_Integer:
        return text
    known = to_float(exact) if value is None else value
    if len(text) > _LONGEST:
        rational = _as_rational(exact, known)
        if rational is None:
            return f"{decimal(known)}..."
        return number(rational)
    return f"{text} ({decimal(known)})"


def _text(exact: Any) -> str:
    text = str(exact)
    return text.replace("_x", "x") if "CRootOf" in text else text


def _as_rational(exact: Any, value: float) -> Any:
    """Return a small rational that a long expression is proved to equal, or None."""
    guess = sympy.Rational(round(60 * value), 60) if abs(value) < 1e6 else None
    if exact.is_Rational or guess is None or abs(float(guess) - value) > 1e-12:
        return None
    try:
        with time_limit(1.0, "recognising a rational number"):
            return guess if sign(exact - guess) == 0 else None
    except LimitError:
        return None


def vector(exact: Sequence[Any] | None, values: Sequence[float] | None = None) -> str:
    """Return a vector on one line: exact entries where all are short, else decimals."""
    if exact is not None:
        texts = [_text(x) for x in exact]
        if max(map(len, texts)) <= _LONGEST:
            return f"({', '.join(texts)})"
        values = [to_float(x) for x in exact]
    known = cast("Sequence[float]", values)
    return f"({', '.join(decimal(float(v)) for v in known)})"


def describe_set(domain: CompactSet, names: Sequence[str]) -> str:
    """Say a set in the names of its coordinates."""
    if len(names) > _MOST:
        return clip(repr(domain), 400)
    if isinstance(domain, Product):
        parts = zip(domain.sets, domain.slices, strict=True)
        return "; ".join(describe_set(s, names[where]) for s, where in parts)
    point = names[0] if len(names) == 1 else f"({', '.join(names)})"
    if isinstance(domain, Box):
        ranges = zip(names, domain.exact_lo, domain.exact_hi, strict=True)
        return ", ".join(_range(*r) for r in ranges)
    if isinstance(domain, Simplex):
        return f"{point} in the simplex (entries >= 0 that add up to 1)"
    if isinstance(domain, Ball):
        norm = f"{int(domain.norm)}-norm" if domain.norm < 3 else "max norm"
        center, radius = vector(domain.exact_center), number(domain.exact_radius)
        return f"{point} in the ball of radius {radius} about {center} ({norm})"
    if isinstance(domain, (FiniteSet, Hull)):
        points = domain.exact_points
        shown = ", ".join(vector(p) for p in points[:_MOST])
        more = f", ... {len(points)} points" if len(points) > _MOST else ""
        hull = "the hull of " if isinstance(domain, Hull) else ""
        return f"{point} in {hull}{{{shown}{more}}}"
    return f"{point} in {clip(repr(domain), 400)}"


def _range(name: str, lo: Any, hi: Any) -> str:
    if lo == hi:
        return f"{name} = {number(lo)}"
    ends = [clip(str(x)) if len(str(x)) <= _LONGEST else number(x) for x in (lo, hi)]
    return f"{name} in [{ends[0]}, {ends[1]}]"
