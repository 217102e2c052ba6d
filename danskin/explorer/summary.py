"""The headline over a kink: does the corollary fail here, and what bounds the damage."""

from __future__ import annotations

from typing import Any

import numpy as np

from danskin.counterexamples.extremal import price_bound
from danskin.direction import SteepestDescent
from danskin.exact import exact_number, to_float

__all__ = ["price", "summary"]

#: How near 1 lengths are that are meant to be 1.
_UNIT = 1e-9


def price(rows: np.ndarray, best: SteepestDescent) -> dict[str, Any] | None:
    """Return the price of one adversary, ``D <= 1 - 2 rho^2``, where all gradients are units."""
    if np.abs(np.linalg.norm(rows, axis=1) - 1).max() > _UNIT:
        return None
    # The bound falls with rho: a proved lower bound of rho is on the safe side.
    rho = best.min_norm.lower_bound if best.exact_derivative is None else -best.exact_derivative
    if to_float(exact_number(rho, "rho")) >= 1:
        rho = 1  # lengths are 1 up to rounding
    bound = to_float(price_bound(max(rho, 0)))
    size = f"{best.min_norm.norm:.4g}"
    told = f"Unit gradients with ρ = {size}: along minus any of them D ≤ 1 − 2ρ² = {bound:.4g}"
    end = ", so that every single gradient descends." if bound < -1e3 * _UNIT else "."
    return {"rho": best.min_norm.norm, "bound": bound, "text": told + end}


def summary(singles: list[dict[str, Any]], best: SteepestDescent, known: bool) -> dict[str, Any]:
    """Return the verdict on all single gradients, with a headline and a sentence."""
    m = len(singles)
    uphill = [s["index"] for s in singles if s["verdict"] == "ascent"]
    failing = [s["index"] for s in singles if s["verdict"] in ("ascent", "flat")]
    named = ", ".join(f"−g{i + 1}" for i in failing)
    found = "" if known else " found"
    rate = f"{best.derivative:.4g}"
    if best.stationary:
        return {
            "verdict": "stationary" if known else "undecided",
            "uphill": uphill,
            "headline": "Stationary: no direction descends",
            "text": (
                f"0 lies in the hull of the gradients{found}: whichever way you go, some maximizer "
                "does not let φ decrease to first order. There is no steepest direction."
            ),
        }
    if best.direction is None or (not known and not uphill):
        return {
            "verdict": "undecided",
            "uphill": uphill,
            "headline": "Undecided",
            "text": best.explain(),
        }
    if failing:
        how = "point" if len(failing) > 1 else "points"
        what = f"{how} uphill" if len(uphill) == len(failing) else "do not descend"
        if len(uphill) != len(failing) and len(failing) == 1:
            what = "does not descend"
        tail = (
            f"Yet φ descends along the steepest direction, at rate {rate}: minus the point of the "
            "hull nearest to 0."
            if known
            else "Other maximizers may exist: they can only make it worse."
        )
        return {
            "verdict": "counterexample",
            "uphill": uphill,
            "headline": f"{len(failing)} of {m} single gradients {what}",
            "text": f"The corollary promises descent along {named}, and it fails. {tail}",
        }
    undecided = [s for s in singles if s["verdict"] == "undecided"]
    if undecided:
        return {
            "verdict": "undecided",
            "uphill": uphill,
            "headline": "Undecided within rounding",
            "text": "Along some single gradient D is 0 within rounding.",
        }
    return {
        "verdict": "holds",
        "uphill": [],
        "headline": "Every single gradient descends here" if m > 1 else "One gradient: it descends",
        "text": (
            "All pairs of gradients are at acute angles, so the corollary's conclusion happens to "
            f"hold. The steepest direction descends at rate {rate}."
            if m > 1
            else "With one gradient φ is differentiable here, and the corollary is true. "
            f"φ descends at rate {rate}."
        ),
    }
