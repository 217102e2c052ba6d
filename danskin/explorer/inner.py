"""The inner problem at one theta, ready to draw: g(theta, .) over S, maximizers lit."""

from __future__ import annotations

from typing import Any

import numpy as np

from danskin.errors import InvalidInputError
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.plots.charts import Chart, chart_of, face_corners
from danskin.plots.sampled import values_along

__all__ = ["curve_of", "inner_problems", "runner_up"]

_ON_A_LINE, _A_SIDE = 241, 41


def inner_problems(f: Any, S: MaximizerSet | BatchMaximizerSet) -> list[dict[str, Any]]:
    """Return g(theta, .) for each sample: a curve, a map, or why there is none."""
    parts = f.samples if isinstance(f, BatchObjective) else (f,)
    sets = S.samples if isinstance(S, BatchMaximizerSet) else (S,)
    return [{"sample": i, **_inner(g, s)} for i, (g, s) in enumerate(zip(parts, sets, strict=True))]


def _inner(f: MinMaxObjective, S: MaximizerSet) -> dict[str, Any]:
    try:
        chart = chart_of(f)
    except InvalidInputError:
        why = f"δ has {f.delta_dim} coordinates; a curve or a map needs one or two that are free."
        return {"kind": "none", "why": why, "value": S.value}
    lit = chart.from_delta(S.deltas)
    if chart.dim == 1:
        points = chart.grid(_ON_A_LINE)
        return {
            "kind": "curve",
            "name": _names(f)[0],
            "delta": points[:, 0],
            "g": _values(f, S.theta, chart.to_delta(points)),
            "lit": [[float(x), float(v)] for (x,), v in zip(lit, S.values, strict=True)],
            "faces": [
                [float(c[:, 0].min()), float(c[:, 0].max())]
                for face in S.faces
                if (c := face_corners(face, chart)) is not None
            ],
            "finite": chart.finite,
            "value": S.value,
        }
    return {**_map(f, S, chart), "lit": lit, "value": S.value}


def curve_of(f: MinMaxObjective, theta: np.ndarray) -> dict[str, Any] | None:
    """Return g(theta, .) where delta has one coordinate, else None."""
    try:
        chart = chart_of(f)
    except InvalidInputError:
        return None
    if chart.dim != 1 or f.delta_dim != 1:
        return None
    points = chart.grid(_ON_A_LINE)
    return {"delta": points[:, 0], "g": _values(f, theta, points)}


def runner_up(inner: list[dict[str, Any]], S: Any) -> dict[str, Any]:
    """Say how far the next top of g(theta, .) is below phi: 0 on a kink.

    Read off the points that are drawn; null where there is no other top, or no curve.
    """
    if len(S) > 1 or S.faces:
        return {"gap": 0.0, "text": "Several maximizers tie: θ is on a kink."}
    (curve,) = inner
    if curve["kind"] != "curve":
        return {"gap": None, "text": ""}
    padded = np.concatenate([[-np.inf], np.nan_to_num(curve["g"], nan=-np.inf), [-np.inf]])
    middle = padded[1:-1]
    top = np.ones(len(middle), dtype=bool)
    if not curve["finite"]:
        top = (middle >= padded[:-2]) & (middle >= padded[2:])
    apart = np.abs(curve["delta"] - curve["lit"][0][0])
    top &= apart > 1.5 * np.ptp(curve["delta"]) / max(len(middle) - 1, 1)
    if not top.any():
        return {"gap": None, "text": "g(θ, ·) has one top: φ is smooth nearby."}
    best = int(np.flatnonzero(top)[np.argmax(middle[top])])
    gap = float(curve["value"] - middle[best])
    at = f"{curve['name']} = {curve['delta'][best]:.3g}"
    return {"gap": gap, "text": f"The next top of g(θ, ·), at {at}, is lower by {gap:.3g}."}


def _map(f: MinMaxObjective, S: MaximizerSet, chart: Chart) -> dict[str, Any]:
    names = _names(f)
    faces = [_ordered(c) for face in S.faces if (c := face_corners(face, chart)) is not None]
    if chart.finite:
        points = chart.grid(_A_SIDE)
        g = _values(f, S.theta, chart.to_delta(points))
        return {
            "kind": "points", "names": names, "points": points, "g": g, "faces": faces,
            "range": _range(g),
        }  # fmt: skip
    x, y = (np.linspace(a, b, _A_SIDE) for a, b in zip(chart.low, chart.high, strict=True))
    X, Y = np.meshgrid(x, y)
    points = np.column_stack([X.ravel(), Y.ravel()])
    inside = chart.inside(points)
    g = np.full(len(points), np.nan)
    g[inside] = _values(f, S.theta, chart.to_delta(points[inside]))
    return {
        "kind": "map",
        "names": names,
        "x": x,
        "y": y,
        "g": g.reshape(X.shape),
        "outline": chart.outline,
        "faces": faces,
        "corners": [
            {"name": f"{n} = 1", "at": at} for n, at in zip(names, chart.corners, strict=False)
        ],
        "range": _range(g),
    }


def _values(f: MinMaxObjective, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    return values_along(f, theta[None], deltas)[0].filled(np.nan)


def _range(g: np.ndarray) -> list[float] | None:
    finite = g[np.isfinite(g)]
    return [float(finite.min()), float(finite.max())] if finite.size else None


def _names(f: Any) -> list[str]:
    symbols = getattr(f, "delta_symbols", None)
    return (
        [f"δ{i + 1}" for i in range(f.delta_dim)] if symbols is None else [str(s) for s in symbols]
    )


def _ordered(corners: np.ndarray) -> np.ndarray:
    centre = corners.mean(axis=0)
    return corners[np.argsort(np.arctan2(*(corners - centre).T[::-1]), kind="stable")]
