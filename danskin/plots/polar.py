"""D(theta; gamma) over all directions of the plane, in polar coordinates (Theorem 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.projections.polar import PolarAxes

from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.errors import InvalidInputError
from danskin.objective import as_floats
from danskin.plots.results import is_complete, listed_gradients, rates, require_plane, spans
from danskin.plots.style import (
    ASKED,
    DESCENT,
    GREY,
    OKABE_ITO,
    SINGLE,
    STEEPEST,
    legend_below,
    short,
    square_axes,
)

__all__ = ["plot_derivative"]


def plot_derivative(S: Any, ax: Axes | None = None, *, direction: Any = None) -> Axes:
    """Draw ``D(theta; gamma)`` over all unit directions gamma of the plane.

    The radius is D, with 0 on the dashed circle: inside it (shaded) a direction descends. Marked
    are minus the gradient of each maximizer, and the steepest direction of Theorem 2.

    Parameters
    ----------
    S : MaximizerSet, BatchMaximizerSet, or gradients (m, 2)
    ax : polar Axes, optional
    direction : (2,), optional
        One more direction to mark.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        n is not 2, or `ax` is not polar.
    """
    require_plane(S)
    rows = listed_gradients(S)
    ax = square_axes(ax, projection="polar")
    if not isinstance(ax, PolarAxes):
        raise InvalidInputError(
            "ax", "it is not polar", 'Make it with subplot_kw={"projection": "polar"}.'
        )
    angles = np.linspace(-math.pi, math.pi, 721 if spans(S) else 121)
    curve = rates(S, angles)
    reach = float(np.abs(curve).max()) or 1.0
    ax.set_rlim(-1.15 * reach, 1.15 * reach)
    ax.plot(angles, np.zeros_like(angles), "--", color=GREY, linewidth=1, label="D = 0")
    if (curve < 0).any():
        ax.fill_between(
            angles, curve, 0, where=list(curve < 0), color=DESCENT, alpha=0.45, linewidth=0,
            label="descent: D < 0",
        )  # fmt: skip
    known = "" if is_complete(S) else " (lower bound)"
    ax.plot(angles, curve, color=OKABE_ITO["black"], linewidth=2, label=f"D(θ; γ){known}")
    marks = [-g for g in rows if g.any()]
    if marks:
        _rays(ax, S, marks, SINGLE, "s", "minus a gradient")
    if direction is not None:
        _rays(ax, S, [as_floats(direction, "direction", 2)], ASKED, "D", "asked")
    best = steepest_descent(S)
    if best.direction is not None:
        _rays(ax, S, [best.direction], STEEPEST, "o", "steepest")
    elif best.stationary:
        ax.plot([], [], " ", label="stationary: no descent")
    ticks = _radial_ticks(reach)
    ax.set_rticks(ticks, [short(t) for t in ticks])
    ax.set_rlabel_position(_free_angle([*marks, best.direction]))
    ax.tick_params(axis="y", labelsize="small", labelcolor=GREY)
    for text in ax.get_yticklabels():
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})
    ax.set_xticks(np.arange(8) * math.pi / 4)
    ax.grid(alpha=0.35)
    ax.set_axisbelow(True)
    ax.set_title("Directional derivative in every direction")
    legend_below(ax)
    return ax


def _rays(
    ax: PolarAxes, S: Any, vectors: Sequence[np.ndarray], colour: str, marker: str, label: str
) -> None:
    """Mark directions, from the centre to their D, with one entry in the legend."""
    rates = [float(directional_derivative(S, v)) for v in vectors]
    low, high = short(min(rates)), short(max(rates))
    label += f": D = {low}" if low == high else f": D = {low} to {high}"
    for v, rate in zip(vectors, rates, strict=True):
        angle = math.atan2(v[1], v[0])
        ax.plot(
            [angle, angle], [ax.get_rmin(), rate], color=colour, linewidth=2, marker=marker,
            markevery=[1], markersize=8, markeredgecolor="white", label=label, zorder=4,
        )  # fmt: skip
        label = "_"  # not in the legend again


def _radial_ticks(reach: float) -> list[float]:
    step = 10 ** math.floor(math.log10(reach))
    step *= next(s for s in (0.5, 1, 2, 5) if 2.2 * s * step >= reach or s == 5)
    count = int(reach / step)
    return [i * step for i in range(-count, count + 1)]


def _free_angle(taken: Sequence[np.ndarray | None]) -> float:
    """Return the angle, in degrees, farthest from the given directions."""
    used = np.array([math.atan2(v[1], v[0]) for v in taken if v is not None])
    tried = np.radians(np.arange(22.5, 360, 45))  # between the labels around the circle
    if not used.size:
        return 22.5
    gap = np.abs((tried[:, None] - used + math.pi) % (2 * math.pi) - math.pi).min(axis=1)
    return float(np.degrees(tried[np.argmax(gap)]))
