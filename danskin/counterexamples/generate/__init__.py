"""Counterexamples to order, from gradients, their Gram matrix, or the angles between them.

`gram` decides in exact arithmetic what is admissible, `formula` interpolates, `make` puts both
together into an objective with claims and proofs.
"""

from __future__ import annotations

from danskin.counterexamples.generate.field import sign_in_field
from danskin.counterexamples.generate.formula import interval_formula
from danskin.counterexamples.generate.gram import factor, hull_of, read_gram
from danskin.counterexamples.generate.make import (
    GeneratedCounterexample,
    check_gram,
    make_counterexample,
)

__all__ = [
    "GeneratedCounterexample",
    "check_gram",
    "factor",
    "hull_of",
    "interval_formula",
    "make_counterexample",
    "read_gram",
    "sign_in_field",
]
