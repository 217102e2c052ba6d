"""LaTeX of numbers, vectors and sets: exact ones exactly, floats to ten digits.

A lower bound that was rounded up to be shown has another sign. An exact number that would fill the
line is cut off after some decimals, with dots.
"""

from __future__ import annotations

import functools
import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import sympy

from danskin.exact import to_float
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Hull, Product, Simplex

__all__ = [
    "aligned",
    "at_least",
    "display",
    "names",
    "never_raises",
    "number",
    "set_latex",
    "symbol_names",
    "vector",
]

#: Entries of a vector, points of a set, factors of a product that are shown.
MAX_ENTRIES, MAX_POINTS, MAX_FACTORS = 12, 8, 4
_MAX_LENGTH, _MAX_OPERATIONS = 160, 60
_DIGITS = 10
_SPACED, _BELOW, _UNDERSCORE = r",\quad ", r" \\ ", r"\_"

_LOG = logging.getLogger(__name__)
_Self = TypeVar("_Self")


def never_raises(method: Callable[[_Self], str]) -> Callable[[_Self], str | None]:
    """Make a repr method return None where it fails: the notebook then shows the plain repr."""

    @functools.wraps(method)
    def quiet(self: _Self) -> str | None:
        try:
            return method(self)
        except Exception:  # whatever a third party's printer stumbles over
            _LOG.debug("no formula for %s", type(self).__name__, exc_info=True)
            return None

    return quiet


def display(*parts: str) -> str:
    """Return formulas as one, for a notebook, some space between them."""
    return rf"$\displaystyle {_SPACED.join(p for p in parts if p)}$"


def aligned(rows: Sequence[str], columns: str = "l") -> str:
    """Return rows, their cells separated by &, under each other."""
    return rf"\begin{{array}}{{{columns}}} {_BELOW.join(rows)} \end{{array}}"


def number(value: Any) -> str:
    """Return a number as LaTeX: exact (SymPy) or int in full, a float to ten digits."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, sympy.Basic) and not isinstance(value, sympy.Float):
        exact: Any = value
        short = not exact.has(sympy.CRootOf) and exact.count_ops() <= _MAX_OPERATIONS
        text = str(sympy.latex(exact)) if short else ""
        if text and len(text) <= _MAX_LENGTH:
            return text
        return _cut_off(exact)
    return _decimal(float(value))


def at_least(value: Any) -> str:
    r"""Return ``\ge`` and a number; ``\gtrsim`` where the float was rounded up to be shown."""
    rounded = not isinstance(value, sympy.Basic) and float(f"{value:.{_DIGITS}g}") > value
    return (r"\gtrsim " if rounded else r"\ge ") + number(value)


def _decimal(value: float) -> str:
    if not math.isfinite(value):
        return r"\mathrm{nan}" if math.isnan(value) else ("-" if value < 0 else "") + r"\infty"
    mantissa, _, exponent = f"{value:.{_DIGITS}g}".partition("e")
    if mantissa == "-0":
        mantissa = "0"
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


def _cut_off(exact: Any) -> str:
    """Return the first decimals of an exact number, and dots."""
    value = to_float(exact)
    digits = f"{value:.16g}"
    mantissa, _, exponent = digits.partition("e")
    head = mantissa[: _DIGITS + mantissa.startswith("-") + 1]
    times = rf" \cdot 10^{{{int(exponent)}}}" if exponent else ""
    # Zeros behind are not printed: then the float may have been rounded up to what is printed.
    known = "." in mantissa and len(mantissa) > len(head)
    return rf"{head}\ldots{times}" if known else rf"\approx {mantissa}{times}"


def vector(floats: np.ndarray, exact: Sequence[Any] | None = None) -> str:
    """Return a vector as LaTeX, exactly where that is known; a long one ends with dots."""
    entries: Any = floats if exact is None else exact
    shown = [number(x) for x in entries[:MAX_ENTRIES]]
    more = [r"\ldots"] if len(entries) > MAX_ENTRIES else []
    return shown[0] if len(entries) == 1 else rf"\left({', '.join([*shown, *more])}\right)"


def symbol_names(symbols: Sequence[sympy.Symbol]) -> dict[sympy.Symbol, str]:
    """Return each symbol as LaTeX, no two alike: ``x1`` and ``x_1`` would both be x with an index.

    Such names, and those that are all underscores somewhere, are written out letter by letter.
    """
    found = {s: str(sympy.latex(s)) for s in symbols}
    shared = {t for t, count in Counter(found.values()).items() if count > 1}
    for s, text in found.items():
        if text in shared or s.name != s.name.strip("_") or "__" in s.name:
            found[s] = rf"\mathtt{{{s.name.replace('_', _UNDERSCORE)}}}"
    return found


def names(symbols: Sequence[sympy.Symbol], known: Mapping[sympy.Symbol, str]) -> str:
    """Return the names of coordinates: one by itself, several in parentheses."""
    shown = [known[s] for s in symbols[:MAX_ENTRIES]]
    more = [r"\ldots"] if len(symbols) > MAX_ENTRIES else []
    return shown[0] if len(symbols) == 1 else rf"({', '.join([*shown, *more])})"


# --- sets ----------------------------------------------------------------------------------------


def set_latex(domain: CompactSet, variable: str = r"\delta") -> str:
    """Return a set as LaTeX; `variable` stands for its points where it is given by a condition."""
    if isinstance(domain, Box):
        pairs = zip(domain.exact_lo, domain.exact_hi, strict=True)
        return _product([_interval(a, b) for a, b in pairs])
    if isinstance(domain, Simplex):
        n = domain.dim
        total = rf"\sum_{{i=1}}^{{{n}}} {variable}_i = 1"
        return rf"\{{{variable} \in \mathbb{{R}}^{{{n}}} : {variable} \ge 0,\ {total}\}}"
    if isinstance(domain, Ball):
        return _ball(domain, variable)
    if isinstance(domain, FiniteSet):
        return _points(domain)
    if isinstance(domain, Hull):
        return rf"\mathrm{{conv}}{_points(domain)}"
    if isinstance(domain, Product):
        return _product([set_latex(s, variable) for s in domain.sets])
    return r"S"


def _interval(low: Any, high: Any) -> str:
    return rf"\{{{number(low)}\}}" if low == high else f"[{number(low)}, {number(high)}]"


def _product(factors: list[str]) -> str:
    if len(set(factors)) == 1:
        return factors[0] if len(factors) == 1 else rf"{factors[0]}^{{{len(factors)}}}"
    if len(factors) > MAX_FACTORS:
        shown = r" \times ".join(factors[: MAX_FACTORS - 1])
        return rf"{shown} \times \cdots\ (\text{{{len(factors)} factors}})"
    return r" \times ".join(factors)


def _ball(ball: Ball, variable: str) -> str:
    norm = r"\infty" if ball.norm == math.inf else f"{ball.norm:g}"
    centred = all(c == 0 for c in ball.exact_center)
    shifted = variable if centred else f"{variable} - {vector(ball.center, ball.exact_center)}"
    length = rf"\lVert {shifted} \rVert_{{{norm}}}"
    return rf"\{{{variable} : {length} \le {number(ball.exact_radius)}\}}"


def _points(domain: FiniteSet | Hull) -> str:
    rows = domain.exact_points
    shown = [vector(np.empty(0), p) for p in rows[:MAX_POINTS]]
    if len(rows) > MAX_POINTS:
        return rf"\{{{', '.join(shown)}, \ldots\}}\ (\text{{{len(rows)} points}})"
    return rf"\{{{', '.join(shown)}\}}"
