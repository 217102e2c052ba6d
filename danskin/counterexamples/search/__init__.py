"""Points where the corollary fails in an objective of the user's own, over a box of thetas.

`branches` knows phi in floats, `kinks` crosses its kinks and walks along them towards gradients
that oppose each other, `steps` looks off the kinks, `sweep` does so from many starts; `exactly`
turns what was found into exact points with proofs. A search that finds nothing shows nothing.
"""

from __future__ import annotations

from danskin.counterexamples.search.find import find_counterexamples
from danskin.counterexamples.search.result import (
    KINDS,
    Coverage,
    FoundKink,
    FoundStep,
    SearchResult,
)

__all__ = [
    "KINDS",
    "Coverage",
    "FoundKink",
    "FoundStep",
    "SearchResult",
    "find_counterexamples",
]
