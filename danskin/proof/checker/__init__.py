"""The checker of proof files: small, without search, and with nothing of the prover's in it.

``reading`` reads a file as data, ``enclosing`` encloses formulas over cells by Arb, ``cells`` knows
how S is cut and what first-order conditions exclude, ``problem`` puts theta into g, ``maximizers``
checks exact points, ``verify`` replays the proof. Of danskin it uses the reading of formulas, exact
numbers, and errors.
"""

from __future__ import annotations

from danskin.proof.checker.verify import CheckedProof, check_proof

__all__ = ["CheckedProof", "check_proof"]
