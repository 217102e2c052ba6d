"""What follows from the samples' facts: verdicts, an enclosure of D, and weights of gradients."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import sympy

from danskin.errors import DanskinError, InvalidInputError
from danskin.exact import enclose, length, sign
from danskin.limits import time_limit
from danskin.minnorm import exact_min_norm
from danskin.proof.elementary import ball_bounds
from danskin.proof.saving.facts import MAX_JOINT, TIE_SECONDS, Facts
from danskin.proof.saving.words import Words, hexadecimal
from danskin.verdict import Verdict

__all__ = ["claim_of", "weights_of"]


def claim_of(proof: Any, parts: Sequence[Facts], words: Words) -> tuple[dict[str, Any], float]:
    """Return what follows from what the file holds, and how wide its enclosure of D is."""
    lows, highs = [], []
    for p in parts:
        low, high = _rational(p.low), _rational(p.high)
        if p.exact is not None:
            rate = p.exact.rate
            if p.exact.complete:
                low = high = rate
            elif low is None or sign(rate - low) == 1:
                low = rate
        lows.append(low)
        highs.append(high)
    low, high = _sum(lows), _sum(highs)
    below = None if high is None else sign(high)
    above = None if low is None else sign(low)
    if below == -1:
        verdict, ascent = Verdict.PROVED, Verdict.REFUTED
    elif above in (0, 1):
        verdict = Verdict.REFUTED
        ascent = Verdict.PROVED if above == 1 else Verdict.UNDECIDED
        ascent = Verdict.REFUTED if below == 0 else ascent
    else:
        verdict, ascent = Verdict.UNDECIDED, Verdict.UNDECIDED
    value = _ends(
        _sum([_rational(p.floor) for p in parts]),
        _sum([_rational(p.ceiling) for p in parts]),
        sympy.Integer(len(parts)),
    )
    if proof.direction is None:
        claim: dict[str, Any] = {"verdict": "refuted", "ascent": "undecided"}
        return {**claim, "derivative": [None, None], "exact_derivative": None, "value": value}, 0.0
    scale = len(parts) * length(proof.direction)
    derivative = _ends(low, high, scale)
    exact = None
    if low is not None and low == high:
        exact = proof.exact_derivative
        if exact is None or sign(exact * scale - low) != 0:
            # As a number it is the same; as written it may be out of reach of a decision.
            exact = low / scale
        exact = exact if sign(exact * scale - low) == 0 else None
    width = math.inf
    if None not in derivative:
        width = float.fromhex(derivative[1]) - float.fromhex(derivative[0])  # type: ignore[arg-type]
    claim = {
        "verdict": verdict.value,
        "ascent": ascent.value,
        "derivative": derivative,
        "exact_derivative": None if exact is None else _text_or_none(exact, words),
        "value": value,
    }
    return claim, width


def _text_or_none(number: Any, words: Words) -> str | None:
    try:
        return words.text(number)
    except InvalidInputError:
        return None


def weights_of(parts: Sequence[Facts], words: Words) -> list[list[str]] | None:
    """Return weights of each sample's points whose gradients combine to the min-norm point."""
    rows = [p.gradients() for p in parts]
    if not all(rows) or math.prod(len(r) for r in rows) > MAX_JOINT:
        return None
    choices = list(itertools.product(*(range(len(r)) for r in rows)))
    picked = [[r[i] for r, i in zip(rows, c, strict=True)] for c in choices]
    joint = [tuple(sympy.Add(*column) for column in zip(*p, strict=True)) for p in picked]
    try:
        with time_limit(TIE_SECONDS, "combining the gradients"):
            found = exact_min_norm(joint, sign=sign).weights
    except DanskinError:
        return None
    sums: list[list[Any]] = [[sympy.Integer(0)] * len(r) for r in rows]
    for c, w in zip(choices, found, strict=True):
        w = w if isinstance(w, sympy.Basic) else sympy.Rational(w.numerator, w.denominator)
        for k, i in enumerate(c):
            sums[k][i] += w
    return [[words.text(w) for w in each] for each in sums]


def _rational(x: float) -> Any:
    return sympy.Rational(*x.as_integer_ratio()) if math.isfinite(x) else None


def _sum(numbers: Sequence[Any]) -> Any:
    return None if any(x is None for x in numbers) else sympy.Add(*numbers)


def _ends(low: Any, high: Any, scale: Any) -> list[str | None]:
    """Return ``[low, high]/scale`` rounded outward."""
    lo = None if low is None else ball_bounds(enclose(low / scale, 128))[0]
    hi = None if high is None else ball_bounds(enclose(high / scale, 128))[1]
    return [None if x is None else hexadecimal(x) for x in (lo, hi)]
