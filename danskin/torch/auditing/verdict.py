"""The audit in words, never stronger than its intervals: gain, no gain, or cannot tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from danskin.torch.auditing.statistics import Gain, Mean

__all__ = ["NEGLIGIBLE", "Verdict", "judge"]

#: A gain of less than this share of a single gradient's decrease is not worth several attacks.
NEGLIGIBLE = 0.01
MIN_BATCHES = 3
#: The min-norm directions; what they gain over one gradient is DDi's gain.
_DDI = ("coupled", "product", "step_aware")
_CHEAPER = ("mean", "max", "min")
_NAMES = {
    "coupled": "DDi (coupled)", "product": "the product's min norm", "step_aware": "step-aware",
    "mean": "the plain mean", "max": "each image's worst adversary",
    "min": "each image's shortest gradient",
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """An answer with its reasons.

    Attributes
    ----------
    kind : "gain", "no gain" or "cannot tell"
        Of a step along any min-norm direction against a step along one gradient, of equal length.
    text : str
    """

    kind: str
    text: str


def judge(gains: Sequence[Gain], summary: Mapping[str, Mean], batches: int, m: int) -> Verdict:
    """Answer whether DDi has anything to gain, from intervals that hold simultaneously.

    "gain": some interval lies above 0. "no gain": every interval lies below `NEGLIGIBLE`. All
    else, and fewer than three batches, is "cannot tell".
    """
    found = [g for g in gains if g.method in _DDI]
    known = [g for g in found if math.isfinite(g.low)]
    kind = "cannot tell"
    if any(g.low > 0 for g in known):
        kind = "gain"
    elif found and len(known) == len(found) and all(g.high < NEGLIGIBLE for g in known):
        kind = "no gain"
    parts = [_answer(kind, found, known, batches)]
    if kind == "gain":
        parts += _coupled(known)
        parts.append(f"It takes {m} attacks in place of one.")
    parts += _others(gains, kind)
    parts.append(_why(summary))
    parts.append(
        "This is about single steps from these weights on these images under this attack, not "
        "about a whole training."
    )
    return Verdict(kind, " ".join(p for p in parts if p))


def _answer(kind: str, found: Sequence[Gain], known: Sequence[Gain], batches: int) -> str:
    if not found:
        return "Cannot tell: no min-norm direction was measured."
    if batches < MIN_BATCHES:
        noun = "batch is" if batches == 1 else "batches are"
        return f"Cannot tell: {batches} {noun} too few for an interval; measure at least ten."
    if not known:
        return (
            "Cannot tell: a step along one gradient does not reliably lower the loss at these "
            "lengths, so there is nothing to compare with. Try other step lengths."
        )
    if kind == "gain":
        best = max((g for g in known if g.low > 0), key=lambda g: g.low)
        worse = [g for g in known if g.high < 0]
        lost = ""
        if worse:
            least = min(worse, key=lambda g: g.high)
            lost = f", while {_named(least)} does worse ({_interval(least)})"
        return (
            f"There is something to gain in a step: {_named(best)} lowers the robust loss "
            f"{_more(best.mean)} than a single gradient's step of that length "
            f"({_interval(best)}, {batches} batches){lost}."
        )
    if kind == "no gain":
        most = max(known, key=lambda g: g.high)
        worse = min(known, key=lambda g: g.high)
        lost = f", and {_named(worse)} does worse ({_interval(worse)})" if worse.high < 0 else ""
        return (
            "Nothing to gain that would pay for itself: no min-norm direction measured lowers the "
            f"robust loss by {NEGLIGIBLE:.0%} more than a single gradient's step of that length "
            f"(at most {_percent(most.high)}, {_named(most)}; {batches} batches){lost}."
        )
    widest = max(known, key=lambda g: g.high)
    unknown = " At some step lengths there is no interval." if len(known) < len(found) else ""
    return (
        f"Cannot tell: over {batches} batches {_named(widest)} lowered the robust loss "
        f"{_more(widest.mean)} than a single gradient's step of that length, but the interval goes "
        f"from {_percent(widest.low)} to {_percent(widest.high)}. More batches narrow it.{unknown}"
    )


def _coupled(known: Sequence[Gain]) -> list[str]:
    """Say so where the gain is not the paper's own direction's."""
    own = [g for g in known if g.method == "coupled"]
    if not own or any(g.low > 0 for g in own):
        return []
    best = max(own, key=lambda g: g.low)
    return [f"That {_named(best)}, the paper's own, gains too is not shown ({_interval(best)})."]


def _others(gains: Sequence[Gain], kind: str) -> list[str]:
    """Name what the same attacks bring without a min-norm point."""
    better = [g for g in gains if g.method in _CHEAPER and math.isfinite(g.low) and g.low > 0]
    if not better:
        return []
    best = max(better, key=lambda g: g.low)
    also = " already" if kind == "gain" else ""
    return [f"With the same attacks {_named(best)}{also} gains {_interval(best)}."]


def _why(summary: Mapping[str, Mean]) -> str:
    negative, cosine = summary["negative_within_image"].value, summary["cosine_within_image"].value
    near, short = summary["near_share"].value, summary["shortfall_share"].value
    parts = []
    if math.isfinite(cosine):
        parts.append(
            f"An image's adversaries have gradients at a mean cosine of {cosine:.3f}, "
            f"{negative:.1%} of the pairs with a negative inner product"
        )
    if math.isfinite(short):
        parts.append(
            f"{near:.0%} of the adversaries come within 1 % of the rise to the highest loss known, "
            f"on average they miss {short:.0%} of it"
        )
    return "; ".join(parts) + "." if parts else ""


def _named(gain: Gain) -> str:
    return f"{_NAMES.get(gain.method, gain.method)} at step {gain.step:g}"


def _interval(gain: Gain) -> str:
    return f"between {_percent(gain.low)} and {_percent(gain.high)}"


def _more(value: float) -> str:
    return f"by {abs(100 * value):.1f} % {'more' if value >= 0 else 'less'}"


def _percent(value: float) -> str:
    return f"{100 * value:+.1f} %"
