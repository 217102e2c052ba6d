"""The proof engine as a second road: claimed derivatives of real objectives, enclosed.

`danskin.proof` covers S by cells and bounds D by interval arithmetic; it knows no class of
objectives and none of the maximizers that a claim names. Where it agrees, a value that exact
algebra gave is confirmed by means that share nothing with it; a certified step says that phi itself
falls, along the whole way and not to first order only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from danskin.claims.argument import ENCLOSED, Argument, conjunction, decided, ordered
from danskin.exact import exact_number, sign
from danskin.expression import parse
from danskin.proof import certified_step, prove_descent
from danskin.proof.result import bounds_text
from danskin.verdict import Verdict

__all__ = ["derivative_is_enclosed", "phi_falls"]

#: Bounds looser than this confirm little.
_WIDTH = "1/1000"


def derivative_is_enclosed(
    argument: Argument, text: str, f: Any, theta: Sequence[Any], gamma: Sequence[Any], claimed: Any
) -> Verdict:
    """Add the part "cells that cover S* enclose D, near the claimed value and of its sign"."""
    wanted = parse(str(claimed), {}, "claimed")
    proof = prove_descent(f, list(theta), list(gamma))
    low, high = (exact_number(x, "D") for x in proof.derivative)
    which = sign(wanted)
    descends = {-1: Verdict.PROVED, 0: Verdict.REFUTED, 1: Verdict.REFUTED}
    agrees = decided(proof.verdict is descends[which]) if which is not None else Verdict.UNDECIDED
    inside = [ordered(low, "<=", wanted), ordered(wanted, "<=", high)]
    near = ordered(high - low, "<=", parse(_WIDTH, {}, "width"))
    if proof.verdict is Verdict.UNDECIDED or near is not Verdict.PROVED:
        # Loose bounds are no reason to believe the opposite.
        agrees = near = Verdict.UNDECIDED
    return argument.part(
        f"{text}: {wanted} lies in {bounds_text(proof.derivative)}, by {proof.boxes} cells of S",
        conjunction([agrees, near, *inside]),
        ENCLOSED,
    )


def phi_falls(
    argument: Argument, text: str, f: Any, theta: Sequence[Any], gamma: Sequence[Any], step: Any
) -> Verdict:
    """Add the part "phi is below phi(theta) for all t in (0, step]", by enclosures all the way."""
    wanted = parse(str(step), {}, "step")
    found = certified_step(f, list(theta), list(gamma), wanted)
    whole = ordered(exact_number(found.step, "step"), ">=", wanted)
    verdict = found.verdict
    if verdict is Verdict.PROVED and whole is not Verdict.PROVED:
        verdict = Verdict.UNDECIDED
    return argument.part(
        f"{text}: phi(theta + t gamma) < phi(theta) for all t in (0, {wanted}], by {found.boxes} "
        "cells of steps and S",
        verdict,
        ENCLOSED,
    )
