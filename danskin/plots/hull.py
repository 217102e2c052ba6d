"""The gradients of the maximizers in the plane: hull, min-norm point, descent cone (Theorem 2)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Wedge
from scipy.spatial import ConvexHull, QhullError

from danskin.direction import SteepestDescent, steepest_descent
from danskin.errors import InvalidInputError
from danskin.exact import exact_vector
from danskin.maximizers import MaximizerSet
from danskin.objective import as_floats
from danskin.plots.results import (
    MAX_LISTED,
    found_text,
    is_complete,
    listed_gradients,
    require_plane,
    spans,
)
from danskin.plots.style import (
    ASKED,
    DESCENT,
    GREY,
    SINGLE,
    STEEPEST,
    arrow,
    legend_below,
    short,
    square_axes,
)

__all__ = ["draw_gradients", "plot_hull"]

#: Directions in which a hull of infinitely many gradients is asked for its extreme point.
_AROUND = 72


def plot_hull(S: Any, ax: Axes | None = None, *, direction: Any = None) -> Axes:
    """Draw the gradients in the plane, their hull, its min-norm point and the descent cone.

    Where the gradients are infinitely many, the hull is drawn through 72 of its extreme points.

    Parameters
    ----------
    S : MaximizerSet, BatchMaximizerSet, or gradients (m, 2)
    ax : Axes, optional
    direction : (2,), optional
        One more direction to draw.

    Returns
    -------
    Axes
        Of an incomplete S the title and the legend say "found": there may be more gradients, and
        then the hull is larger and the cone smaller.

    Raises
    ------
    InvalidInputError
        n is not 2.
    """
    require_plane(S)
    if direction is not None and not (direction := as_floats(direction, "direction", 2)).any():
        raise InvalidInputError("direction", "it is zero", "A direction needs a length.")
    listed_or_refuse(S)
    ax = square_axes(ax)
    reach = draw_gradients(ax, S)
    ax.plot(0, 0, "+", color="black", markersize=12, zorder=3)
    if direction is not None:
        tip = 0.9 * reach * direction / np.linalg.norm(direction)
        arrow(ax, np.zeros(2), tip, ASKED, "asked direction", "--")
    ax.set_xlim(-1.2 * reach, 1.2 * reach)
    ax.set_ylim(-1.2 * reach, 1.2 * reach)
    ax.set_aspect("equal")
    ax.grid(alpha=0.35)
    ax.set_axisbelow(True)
    ax.set_title(f"Gradients of the maximizers{found_text(S)}")
    legend_below(ax)
    return ax


def listed_or_refuse(S: Any) -> np.ndarray:
    """Return the gradients to draw; of a batch with too many joint ones, refuse."""
    rows = listed_gradients(S)
    if not len(rows):
        raise InvalidInputError(
            "S", f"it has more than {MAX_LISTED} joint gradients", "Draw S.samples one by one."
        )
    return rows


def draw_gradients(
    ax: Axes, S: Any, origin: np.ndarray | None = None, reach: float | None = None
) -> float:
    """Draw gradients, hull, min-norm point, cone and steepest direction, as vectors from `origin`.

    Parameters
    ----------
    reach : float, optional
        The largest entry of a gradient is drawn that long; by default as long as it is.

    Returns
    -------
    float
        The length at which it was drawn.
    """
    origin = np.zeros(2) if origin is None else origin
    marks = listed_or_refuse(S)
    rows = _with_extremes(S, marks)
    largest = float(np.abs(rows).max()) or 1.0
    reach = largest if reach is None else reach
    scale = reach / largest
    known = found_text(S)
    best = steepest_descent(S)
    if best.direction is not None:
        start, stop = _cone(rows, np.asarray(best.min_norm.point))
        ax.add_patch(
            Wedge((origin[0], origin[1]), 0.9 * reach, start, stop, facecolor=DESCENT,
                  edgecolor="none", alpha=0.45,
                  label="descent cone" + (" of those found" if known else ""))
        )  # fmt: skip
    ax.add_patch(
        Polygon(origin + scale * _hull(rows), closed=True, facecolor="0.85", edgecolor=GREY,
                linewidth=1.2, label="hull of gradients")
    )  # fmt: skip
    ax.plot(
        *(origin + scale * marks).T, "s", color=SINGLE, markeredgecolor="white",
        label=f"gradients{known}", zorder=4,
    )  # fmt: skip
    _draw_steepest(ax, best, origin, reach, scale, is_complete(S))
    return reach


def _draw_steepest(
    ax: Axes, best: SteepestDescent, origin: np.ndarray, reach: float, scale: float, complete: bool
) -> None:
    if best.direction is not None:
        x = origin + scale * np.asarray(best.min_norm.point)
        relation = "=" if complete else "≤"  # more gradients, a larger hull, a smaller norm
        rho = short(-best.derivative)
        ax.plot([origin[0], x[0]], [origin[1], x[1]], ":", color=STEEPEST, linewidth=1.8, zorder=3)
        ax.plot(
            *x, "o", color=STEEPEST, markeredgecolor="white", markersize=8, zorder=5,
            label=f"min-norm point, ρ {relation} {rho}",
        )  # fmt: skip
        arrow(ax, origin, origin + 0.9 * reach * best.direction, STEEPEST, "steepest direction")
    elif best.stationary:
        ax.plot(
            *origin, "o", color=STEEPEST, markeredgecolor="white", markersize=8, zorder=5,
            label="0 in the hull: stationary",
        )  # fmt: skip


def _with_extremes(S: Any, rows: np.ndarray) -> np.ndarray:
    """Add extreme points of the hull where the gradients are infinitely many."""
    if not isinstance(S, MaximizerSet) or spans(S):
        return rows
    angles = np.linspace(0, 2 * math.pi, _AROUND, endpoint=False)
    found = [S.support(exact_vector((math.cos(a), math.sin(a)), "direction")) for a in angles]
    return np.vstack([rows, *(pair[1] for pair in found if pair is not None)])


def _cone(rows: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """Return the angles, in degrees, between which ``<gamma, g> < 0`` for every gradient g.

    All gradients lie within a right angle of the min-norm point x (Theorem 2's KKT conditions).
    """
    centre = math.atan2(x[1], x[0])
    apart = (np.arctan2(rows[:, 1], rows[:, 0]) - centre + math.pi) % (2 * math.pi) - math.pi
    start, stop = apart.max() + math.pi / 2, apart.min() + 3 * math.pi / 2
    return math.degrees(centre + start), math.degrees(centre + stop)


def _hull(rows: np.ndarray) -> np.ndarray:
    """Return the corners of the hull in order, (c, 2); all rows where they lie on a line."""
    try:
        return rows[ConvexHull(rows).vertices] if len(rows) > 2 else rows
    except QhullError:
        along = rows - rows.mean(axis=0)
        main = np.linalg.svd(along)[2][0]
        ends = [int(np.argmin(along @ main)), int(np.argmax(along @ main))]
        return rows[ends]
