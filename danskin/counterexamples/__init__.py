"""Counterexamples: each a family with parameters, its claimed values, and its one formula.

`all_families` lists them. A member knows its objective, the point, all maximizers there with their
gradients, and claimed derivatives; `Counterexample.compare` recomputes every one of these from the
objective and sets it beside the claim. `make_counterexample` builds one to order, from gradients,
their Gram matrix, or the angles between them; `find_counterexamples` looks for them in an
objective of your own, over a box of thetas.
"""

from __future__ import annotations

from danskin.counterexamples.absolute import ABSOLUTE_VALUE, absolute_value
from danskin.counterexamples.batch import COUPLED_BATCH, RUNS, coupled_batch, sample_vectors
from danskin.counterexamples.core import (
    ClaimedDerivative,
    Comparison,
    Counterexample,
    Family,
    pull_back,
)
from danskin.counterexamples.generate import GeneratedCounterexample, make_counterexample
from danskin.counterexamples.pair import OBTUSE_PAIR, obtuse_pair
from danskin.counterexamples.search import SearchResult, find_counterexamples
from danskin.counterexamples.simplex import (
    SIMPLEX_FAMILY,
    simplex_family,
    simplex_formula,
    symmetric_triple,
)
from danskin.counterexamples.synthetic import ORABONA, orabona

__all__ = [
    "ABSOLUTE_VALUE",
    "COUPLED_BATCH",
    "OBTUSE_PAIR",
    "ORABONA",
    "RUNS",
    "SIMPLEX_FAMILY",
    "ClaimedDerivative",
    "Comparison",
    "Counterexample",
    "Family",
    "GeneratedCounterexample",
    "SearchResult",
    "absolute_value",
    "all_families",
    "coupled_batch",
    "find_counterexamples",
    "make_counterexample",
    "obtuse_pair",
    "orabona",
    "pull_back",
    "sample_vectors",
    "simplex_family",
    "simplex_formula",
    "symmetric_triple",
]


def all_families() -> tuple[Family, ...]:
    """Return the registered families, in the order of the paper, ours last."""
    return (ABSOLUTE_VALUE, OBTUSE_PAIR, SIMPLEX_FAMILY, ORABONA, COUPLED_BATCH)
