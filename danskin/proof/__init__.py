"""Machine-checked proofs about phi: enclosures, branch and bound over S, exact ties.

``interval`` and `elementary` enclose operations, `evaluate` whole formulas, `boxes` cuts S into
cells that cover it exactly, `cover` drops cells that provably hold no maximizer, `ties` proves
points to be maximizers in exact arithmetic; `descent` puts them together. Nothing here rests on a
constant or a net of the caller's: Theorem 3's hypotheses are proved (`lipschitz`), not assumed.
"""

from __future__ import annotations

from danskin.proof.descent import prove_descent
from danskin.proof.enclose import (
    EnclosedMaximizers,
    enclose_derivative,
    enclose_maximizers,
    enclose_robust_value,
)
from danskin.proof.hull import enclose_min_norm
from danskin.proof.lipschitz import ProvedTheorem3, prove_theorem3
from danskin.proof.result import DescentProof, Enclosed
from danskin.proof.step import CertifiedStep, certified_step

__all__ = [
    "CertifiedStep",
    "DescentProof",
    "Enclosed",
    "EnclosedMaximizers",
    "ProvedTheorem3",
    "certified_step",
    "enclose_derivative",
    "enclose_maximizers",
    "enclose_min_norm",
    "enclose_robust_value",
    "prove_descent",
    "prove_theorem3",
]
