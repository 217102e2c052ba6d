"""The proof engine as a second road: claimed derivatives of real objectives, enclosed.

`danskin.proof` covers S by cells and bounds D by interval arithmetic; it knows no class of
objectives and none of the maximizers that a claim names. Where it agrees, a value that exact
algebra gave is confirmed by means that share nothing with it; a certified step says that phi itself
falls, along the whole way and not to first order only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from danskin.claims.argument import (
    ENCLOSED,
    Argument,
    conjunction,
    decided,
    equal,
    ordered,
)
from danskin.exact import exact_number, sign
from danskin.expression import parse
from danskin.proof import (
    certified_step,
    enclose_min_norm,
    enclose_robust_value,
    prove_descent,
    prove_theorem3,
)
from danskin.proof.result import bounds_text
from danskin.verdict import Verdict

__all__ = [
    "derivative_is_enclosed",
    "min_norm_is_enclosed",
    "phi_falls",
    "quotient_is_near",
    "theorem3_with_proved_constants",
]

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


def min_norm_is_enclosed(
    argument: Argument, text: str, f: Any, theta: Sequence[Any], claimed: Any
) -> Verdict:
    """Add the part "the distance of 0 from the hull of the gradients is near the claimed one".

    A distance of 0 is claimed as an exact one: it says that no direction descends.
    """
    wanted = parse(str(claimed), {}, "claimed")
    found = enclose_min_norm(f, list(theta))
    low, high = (exact_number(x, "rho") for x in (found.lower, found.upper))
    inside = [ordered(low, "<=", wanted), ordered(wanted, "<=", high)]
    near = ordered(high - low, "<=", parse(_WIDTH, {}, "width"))
    if near is not Verdict.PROVED or (sign(wanted) == 0 and equal(high, 0) is not Verdict.PROVED):
        near = Verdict.UNDECIDED
    return argument.part(
        f"{text}: {wanted} lies in {bounds_text((found.lower, found.upper))}, by cells of S",
        conjunction([near, *inside]),
        ENCLOSED,
    )


def theorem3_with_proved_constants(
    argument: Argument, text: str, f: Any, theta: Sequence[Any], gamma: Sequence[Any]
) -> Verdict:
    """Add the part "Theorem 3 applies, with a net, eps and L that are proved and not given"."""
    found = prove_theorem3(f, list(theta), list(gamma))
    return argument.part(
        f"{text}: a net of {len(found.net)} points that covers S* within eps = {found.epsilon:.6g},"
        f" and L = {found.lipschitz:.6g} near S*, all from cells of S: the inequality holds with "
        f"the margin {found.margin:.6g}",
        found.verdict,
        ENCLOSED,
    )


def quotient_is_near(f: Any, theta: Any, gamma: Any, step: Any, value: Any, within: Any) -> Verdict:
    """Decide whether phi's one-sided difference quotient is near a value, by enclosures of phi."""
    t, wanted, tolerance = (exact_number(x, "quotient") for x in (step, value, within))
    start = enclose_robust_value(f, [theta])
    end = enclose_robust_value(f, [exact_number(theta, "theta") + t * exact_number(gamma, "gamma")])
    low = (exact_number(end.lower, "phi") - exact_number(start.upper, "phi")) / t
    high = (exact_number(end.upper, "phi") - exact_number(start.lower, "phi")) / t
    if ordered(low, ">", wanted + tolerance) is Verdict.PROVED:
        return Verdict.REFUTED
    if ordered(high, "<", wanted - tolerance) is Verdict.PROVED:
        return Verdict.REFUTED
    inside = [ordered(low, ">=", wanted - tolerance), ordered(high, "<=", wanted + tolerance)]
    return decided(True) if conjunction(inside) is Verdict.PROVED else Verdict.UNDECIDED
