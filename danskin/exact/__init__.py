"""Exact real numbers: reading them, enclosing them, deciding their sign.

A number is a SymPy expression without symbols. An Arb ball of growing precision (`enclosure`)
settles the sign of every number that is not zero; for algebraic numbers a separation bound
(`separation`) says at which precision a ball around 0 proves that the number *is* zero (`signs`).
"""

from __future__ import annotations

from danskin.exact.enclosure import enclose
from danskin.exact.reading import (
    dot,
    exact_number,
    exact_vector,
    is_exact_input,
    length,
    tidy,
    to_fraction,
)
from danskin.exact.signs import compare, exact_max, sign, to_float

__all__ = [
    "compare",
    "dot",
    "enclose",
    "exact_max",
    "exact_number",
    "exact_vector",
    "is_exact_input",
    "length",
    "sign",
    "tidy",
    "to_float",
    "to_fraction",
]
