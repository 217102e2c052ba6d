"""The checker of proof files: small, without search, and with nothing of the prover's in it.

In the order in which to read it: ``reading`` (a file as data), ``intervals`` and ``program``
(formulas over cells, enclosed by Arb), ``cells`` (how S is cut, and what first-order conditions
exclude), ``sample`` (g at theta and along gamma), ``points`` (exact maximizers, symmetries),
``claims`` (what follows) and ``verify`` (the replay of the file). Of danskin it uses the reading of
formulas, exact numbers, and errors.
"""

from __future__ import annotations

from danskin.proof.checker.verify import CheckedProof, check_proof

__all__ = ["CheckedProof", "check_proof"]
