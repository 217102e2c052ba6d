"""The view *Gradients*: gradients in the plane, and what each direction does (Theorems 1 and 2).

What is read off here is the library's: the min-norm point of the hull, D along minus each gradient
and around the circle, the sectors of descent and ascent. `describe` serves the gradients that a
student drags and those of the maximizers of an objective alike.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from danskin.derivative import DirectionalDerivative, directional_derivative, gradient_rows
from danskin.direction import (
    DerivativeSector,
    SteepestDescent,
    derivative_sectors,
    single_gradient,
    steepest_descent,
)
from danskin.errors import LimitError
from danskin.exact import exact_number, to_float
from danskin.explorer import scripts
from danskin.explorer.payload import Fields, is_exact, row, rows
from danskin.explorer.summary import price, summary
from danskin.limits import time_limit
from danskin.objective import as_floats
from danskin.plots.results import rates

__all__ = [
    "MAX_GRADIENTS",
    "along",
    "angle",
    "angles_around",
    "describe",
    "floats_of",
    "gradients_view",
    "hull",
    "hull_corners",
    "min_norm",
    "sector",
    "single",
    "steepest",
]

MIN_GRADIENTS, MAX_GRADIENTS = 2, 8
_ANGLES = 361
_EXACT_SECONDS = 3.0
_LONGEST_EXACT = 60


def gradients_view(data: dict[str, Any]) -> dict[str, Any]:
    """Answer for gradients (m, 2), 2 to 8 of them, and optionally one direction.

    Exact numbers (integers and text) are answered exactly, floats in float64. Where exact
    arithmetic takes too long the answer is float64's and says so (`exact`).
    """
    fields = Fields(data, ["gradients", "direction"])
    given = fields.read("gradients", functools.partial(rows, low=MIN_GRADIENTS, high=MAX_GRADIENTS))
    asked = fields.read("direction", row, None)
    fields.done()
    answer = None
    if is_exact(given) and (asked is None or is_exact(asked)):
        try:
            with time_limit(_EXACT_SECONDS, "exact arithmetic"):
                answer = describe(given, asked)
        except LimitError:
            answer = None
    if answer is None:
        direction = None if asked is None else floats_of([asked])[0]
        answer = describe(floats_of(given), direction)
    return {**answer, "python": scripts.gradients(given, asked)}


def floats_of(given: list[list[Any]]) -> np.ndarray:
    """Return vectors of the plane in float64, (m, 2)."""
    return np.array([as_floats(g, "gradients", 2) for g in given])


def describe(S: Any, asked: Any = None, known: bool | None = None) -> dict[str, Any]:
    """Say what the gradients of S do in the plane.

    Parameters
    ----------
    S : MaximizerSet, BatchMaximizerSet, or gradients (m, 2)
        Of a set of maximizers the gradients span the hull.
    asked : (2,), optional
        One more direction.
    known : bool, optional
        Whether these are all maximizers; by default what S says, and True for gradients.
    """
    complete = bool(getattr(S, "complete", True) if known is None else known)
    best = steepest_descent(S)
    singles = [single(S, i, complete) for i in range(len(S))]
    floats = S.gradients if hasattr(S, "gradients") else None
    exact_rows = getattr(S, "exact_gradients", None)
    if floats is None:
        given = gradient_rows(S)
        floats, exact_rows = given.floats, given.exact
    sectors = derivative_sectors(S)
    angles = angles_around(floats, sectors)
    curve = rates(S, angles)
    gram = floats @ floats.T
    return {
        "gradients": floats,
        "exact": exact_rows is not None,
        "exact_gradients": None if exact_rows is None else [_texts(g) for g in exact_rows],
        "complete": complete,
        "hull": hull(floats),
        "min_norm": min_norm(best),
        "steepest": steepest(best),
        "curve": {"angles": angles, "D": curve},
        "reach": float(np.abs(curve).max()),
        "sectors": [sector(s) for s in sectors],
        "singles": singles,
        "gram": gram,
        "cosines": _cosines(gram),
        "asked": None if asked is None else _asked(S, asked, complete),
        "price": price(floats, best),
        "summary": summary(singles, best, complete),
    }


# --- the hull and Theorem 2 ----------------------------------------------------------------------


def hull_corners(points: np.ndarray) -> list[int]:
    """Return the indices of a hull's corners in the plane, counterclockwise, in exact arithmetic.

    Andrew's monotone chain; one index for a point, two for a segment.
    """
    exact = [(Fraction(float(x)), Fraction(float(y))) for x, y in points]
    order = sorted({p: i for i, p in reversed(list(enumerate(exact)))}.items())
    if len(order) < 3:
        return [i for _, i in order]

    def half(listed: list[Any]) -> list[int]:
        kept: list[Any] = []
        for p, i in listed:
            while len(kept) > 1 and _turn(kept[-2][0], kept[-1][0], p) <= 0:
                kept.pop()
            kept.append((p, i))
        return [i for _, i in kept[:-1]]

    return half(order) + half(order[::-1])


def _turn(a: Any, b: Any, c: Any) -> Fraction:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def hull(points: np.ndarray) -> dict[str, Any]:
    """Return the corners of a hull, counterclockwise."""
    corners = hull_corners(points)
    return {"indices": corners, "points": points[corners]}


def min_norm(best: SteepestDescent) -> dict[str, Any]:
    """Return the min-norm point with its bounds."""
    r = best.min_norm
    return {
        "point": r.point,
        "norm": r.norm,
        "lower_bound": r.lower_bound,
        "gap": r.gap,
        "weights": r.weights,
        "support": list(r.support),
        "status": r.status,
        "explain": r.explain(),
    }


def steepest(best: SteepestDescent) -> dict[str, Any]:
    """Return the steepest direction."""
    d, exact = best.direction, best.exact_direction
    return {
        "direction": d,
        "angle": None if d is None else angle(d),
        "derivative": best.derivative,
        "stationary": best.stationary,
        "exact_direction": _texts(exact),
        "exact_derivative": _text(best.exact_derivative),
        "explain": best.explain(),
    }


def angle(v: Any) -> float:
    """Return the angle of a vector of floats, in (-pi, pi]."""
    return math.atan2(float(v[1]), float(v[0]) + 0.0)


def _texts(numbers: Any) -> list[str] | None:
    """Return exact numbers as texts, or None where one of them is too long to read."""
    found = None if numbers is None else [_text(x) for x in numbers]
    return None if found is None or None in found else [str(t) for t in found]


def _text(number: Any) -> str | None:
    """Return an exact number as text, or None where that says less than its digits."""
    if number is None or isinstance(number, float):
        return None
    text = str(number)
    return text if len(text) <= _LONGEST_EXACT else None


# --- directions ----------------------------------------------------------------------------------


def _verdict(which: int | None, known: bool) -> str:
    """Say what D along a direction means: over some maximizers only ascent is sure."""
    if which == 1:
        return "ascent"
    if which is None or not known:
        return "undecided"
    return "descent" if which == -1 else "flat"


_SAYS = {
    "ascent": "points uphill",
    "descent": "descends",
    "flat": "does not descend (to first order phi does not change)",
    "undecided": "is undecided",
}


def single(S: Any, index: int, known: bool = True, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return what minus one gradient does: the false corollary, tested."""
    found = single_gradient(S, index)
    rows = S.gradients if hasattr(S, "gradients") else S
    gradient = np.array([to_float(exact_number(x, "gradients")) for x in rows[index]])
    name = names[index] if names else f"g{index + 1}"
    plain: dict[str, Any] = {
        "index": index,
        "gradient": gradient,
        "norm": float(np.hypot(*gradient)),
        "direction": found.direction,
    }
    if found.direction is None or found.derivative is None:
        return {
            **plain, "angle": None, "derivative": None, "exact_derivative": None, "sign": None,
            "verdict": "zero", "culprit": None,
            "text": f"{name} is 0: it gives no direction. 0 is in the hull, so nothing descends.",
        }  # fmt: skip
    told = along(S, found.direction, found.derivative, f"−{name}", -gradient, known, names)
    return {**plain, **told}


def _asked(S: Any, direction: Any, known: bool) -> dict[str, Any]:
    d = directional_derivative(S, direction)
    floats = np.array([to_float(exact_number(x, "direction")) for x in direction])
    scaled = floats / np.abs(floats).max()
    unit = scaled / np.hypot(*scaled)
    return {"direction": unit, **along(S, unit, d, "The direction asked for", direction, known)}


def along(
    S: Any,
    unit: np.ndarray,
    d: DirectionalDerivative,
    name: str,
    exactly: Any,
    known: bool = True,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """Return D along a direction, its sign, and what that means.

    `exactly` is the direction before it was normalised: where rounding leaves the sign of D open,
    it is decided for the binary numbers given.
    """
    which = d.sign
    if which is None:
        which = _exact_sign(S, exactly)
    verdict = _verdict(which, known)
    value = 0.0 if which == 0 else float(d)
    exact = _text(d.value)
    shown = exact if exact is not None and len(exact) < 20 else f"{value:.4g}"
    relation = "=" if known else "≥"
    text = f"{name} {_SAYS[verdict]}: D {relation} {shown}"
    if verdict in ("ascent", "flat") and d.maximizer is not None:
        culprit = names[d.maximizer] if names else f"g{d.maximizer + 1}"
        text += f", because of {culprit}"
    if verdict == "undecided":
        text += " over the maximizers found; others may exist" if not known else ", within rounding"
    return {
        "angle": angle(unit),
        "derivative": value,
        "exact_derivative": exact,
        "sign": which if known or which == 1 else None,
        "verdict": verdict,
        "culprit": d.maximizer,
        "text": f"{text}.",
    }


def _exact_sign(S: Any, direction: Any) -> int | None:
    """Decide the sign of D where rounding leaves it open: floats are binary numbers."""
    if hasattr(S, "samples"):
        return None
    rows = S.gradients if hasattr(S, "gradients") else S
    if not isinstance(rows, np.ndarray):
        return None
    gamma = [Fraction(float(x)) for x in direction]
    best = max(sum(Fraction(float(x)) * c for x, c in zip(g, gamma, strict=True)) for g in rows)
    return (best > 0) - (best < 0)


# --- the circle ----------------------------------------------------------------------------------


def angles_around(rows: np.ndarray, sectors: tuple[DerivativeSector, ...]) -> np.ndarray:
    """Return angles at which to draw D: a grid, the sectors' ends, and where D has kinks."""
    found = [np.linspace(-math.pi, math.pi, _ANGLES)]
    found.append(np.array([a for s in sectors for a in (s.angle, s.angle + s.width)]))
    first, second = np.triu_indices(len(rows), 1)
    apart = rows[first] - rows[second]
    apart = apart[apart.any(axis=1)]
    across = np.arctan2(apart[:, 0], -apart[:, 1])
    found += [across, across + math.pi]
    turned = np.concatenate(found)
    turned = np.where(turned > math.pi, turned - 2 * math.pi, turned)
    return np.unique(turned)


def sector(s: DerivativeSector) -> dict[str, Any]:
    """Return a sector of directions."""
    ends = [[math.cos(a), math.sin(a)] for a in (s.angle, s.angle + s.width)]
    exact = [_texts(end) for end in (s.start, s.end)]
    return {
        "kind": s.kind,
        "from": s.angle,
        "to": s.angle + s.width,
        "width": s.width,
        "ends": ends,
        "exact_ends": None if None in exact else exact,
    }


def _cosines(gram: np.ndarray) -> list[list[float | None]]:
    sizes = np.sqrt(np.diag(gram))
    return [
        [float(gram[i, j] / (a * b)) if a * b > 0 else None for j, b in enumerate(sizes)]
        for i, a in enumerate(sizes)
    ]
