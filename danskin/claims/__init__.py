"""The statements of the paper, checked by machine: each a `Claim`, one file a section.

`verify` runs them. A proof starts from registered objectives (`danskin.counterexamples`), derives
their maximizers and gradients, and decides what is claimed of them: symbolically, by a decision
procedure, or in exact arithmetic. Polynomial statements quantified over all vectors are proved
twice, by SymPy (`certificate`: certificates and Sturm's theorem) and by z3 (`decision`),
independently. Every step enters an `Argument`, whose verdict is that of its weakest step.
"""

from __future__ import annotations

from danskin.claims.core import Claim, ClaimResult, VerifyReport
from danskin.claims.registry import all_claims, verify

__all__ = ["Claim", "ClaimResult", "VerifyReport", "all_claims", "verify"]
