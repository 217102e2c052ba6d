"""Formulas: from text or SymPy to a checked exact expression, and on to vectorised functions.

Text from outside is read by a whitelist over Python's syntax tree (`parse`); it is never handed
to ``eval`` or to a function that calls it. SymPy expressions pass the same whitelist (`check`).
Numbers are exact throughout: ``0.1`` in text is 1/10. `NumericFunction` evaluates a checked
expression in float64 for many points at once by walking a tape of NumPy ufuncs, so no source code
is ever generated from a formula.
"""

from __future__ import annotations

from danskin.expression.bounded import substitute
from danskin.expression.entropy import with_entropy
from danskin.expression.functions import FUNCTIONS, elu, elu_bend, elu_slope, softplus, xlogx
from danskin.expression.numeric import NumericFunction
from danskin.expression.parse import parse, symbols_for
from danskin.expression.whitelist import check, check_size

__all__ = [
    "FUNCTIONS",
    "NumericFunction",
    "check",
    "check_size",
    "elu",
    "elu_bend",
    "elu_slope",
    "parse",
    "softplus",
    "substitute",
    "symbols_for",
    "with_entropy",
    "xlogx",
]
