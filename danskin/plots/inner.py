"""The inner problem at one theta: g(theta, .) over delta, with the maximizers lit."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from danskin.descent.arguments import integer
from danskin.errors import InvalidInputError
from danskin.maximizers import MaximizerSet
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.plots.charts import Chart, chart_of, face_corners
from danskin.plots.results import require_pair
from danskin.plots.sampled import values_along
from danskin.plots.style import GREY, LIT, legend_below, new_axes, point, short
from danskin.sets import CompactSet

__all__ = ["plot_inner"]


def plot_inner(
    f: MinMaxObjective | BatchObjective,
    S: Any,
    ax: Axes | None = None,
    *,
    sample: int = 0,
    grid: int = 161,
    levels: int = 14,
) -> Axes:
    """Draw g(theta, .) over the set of delta, with its maximizers and infinite faces of them.

    A curve where delta has one free coordinate (or lies in a simplex of two entries), contours
    where it has two, a triangle for a simplex of three.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    S : MaximizerSet or BatchMaximizerSet
        Of f, at theta.
    ax : Axes, optional
    sample : int
        Of a batch, which sample to draw: 0 to B - 1.
    grid : int
        Points a side, >= 2.
    levels : int
        Contours, >= 1.

    Returns
    -------
    Axes
        The legend says whether the maximizers are proved to be all, or were found by a search.

    Raises
    ------
    InvalidInputError
        delta has more than two free coordinates, `sample` is out of range, or S is not of f.
    """
    require_pair(f, S)
    integer("grid", grid, 2)
    integer("levels", levels, 1)
    integer("sample", sample, 0)
    count = len(f.samples) if isinstance(f, BatchObjective) else 1
    if sample >= count:
        raise InvalidInputError("sample", f"{sample} of {count}", f"Pass 0 to {count - 1}.")
    name = "g(θ, ·)"
    if isinstance(f, BatchObjective):
        f, S, name = f.samples[sample], S.samples[sample], f"Sample {sample}: g(θ, ·)"
    chart = chart_of(f)
    if chart.dim == 1:
        ax = new_axes(ax, 6, 4.4)
        _draw_curve(ax, f, S, chart, grid)
    else:
        ax = new_axes(ax, 5.4, 5.4)
        _draw_plane(ax, f, S, chart, grid, levels)
    ax.set_title(f"{name} at θ = {point(S.theta)}")
    legend_below(ax, gap=0.14 if chart.dim == 1 or not chart.corners else 0.02)
    return ax


def _known(S: MaximizerSet) -> str:
    isolated = f"{len(S)} maximizer" + ("" if len(S) == 1 else "s")
    if S.faces:
        isolated = "maximizers"
    return f"{isolated}: all, proved" if S.complete else f"{isolated} found (others may exist)"


def _draw_curve(ax: Axes, f: MinMaxObjective, S: MaximizerSet, chart: Chart, grid: int) -> None:
    relation = "=" if S.complete else "≥"
    ax.axhline(
        S.value, color=GREY, linestyle="--", linewidth=1,
        label=f"φ(θ) {relation} {short(S.value)}",
    )  # fmt: skip
    points = chart.grid(grid)
    values = values_along(f, S.theta[None], chart.to_delta(points))[0]
    if chart.finite:
        ax.plot(points[:, 0], values, "o", color="black", markersize=4, label="g(θ, δ)")
    else:
        ax.plot(points[:, 0], values, color="black", linewidth=1.8, label="g(θ, δ)")
    for i, face in enumerate(S.faces):
        corners = face_corners(face, chart)
        if corners is not None and not chart.finite:
            ends = corners[:, 0].min(), corners[:, 0].max()
            ax.plot(
                ends, [S.value, S.value], color=LIT, linewidth=9, alpha=0.6, zorder=1.5,
                solid_capstyle="butt", label="_" if i else "a face: all of it maximizes",
            )  # fmt: skip
    lit = chart.from_delta(S.deltas)
    ax.plot(
        lit[:, 0], np.full(len(lit), S.value), "o", color=LIT, markeredgecolor="black",
        markersize=9, zorder=4, label=_known(S),
    )  # fmt: skip
    low, high = ax.get_ylim()
    if np.ma.count(values) and np.ptp(values.compressed()) <= 1e-9 * max(1.0, abs(S.value)):
        low, high = S.value - 1, S.value + 1  # constant: rounding must not fill the picture
    ax.set_ylim(low, high + 0.06 * (high - low))
    ax.set(xlabel=chart.names[0], ylabel="g(θ, δ)")
    ax.grid(alpha=0.35)


def _draw_plane(
    ax: Axes, f: MinMaxObjective, S: MaximizerSet, chart: Chart, grid: int, levels: int
) -> None:
    if chart.finite:
        points = chart.grid(grid)
        values = values_along(f, S.theta[None], chart.to_delta(points))[0]
        shown = ax.scatter(*points.T, c=values, cmap="Greys", edgecolor=GREY, s=60)
        ax.figure.colorbar(shown, ax=ax, shrink=0.8, label="g(θ, δ)")
    else:
        _draw_levels(ax, f, S, chart, grid, levels)
    for i, face in enumerate(S.faces):
        _draw_face(ax, face, chart, "_" if i else "a face: all of it maximizes")
    lit = chart.from_delta(S.deltas)
    ax.plot(
        *lit.T, "o", color=LIT, markeredgecolor="black", markersize=10, zorder=5, clip_on=False,
        label=_known(S),
    )  # fmt: skip
    relation = "=" if S.complete else "≥"
    ax.plot([], [], " ", label=f"φ(θ) {relation} {short(S.value)}")
    room = 0.06 * (float((chart.high - chart.low).max()) or 1.0)
    ax.set_xlim(chart.low[0] - room, chart.high[0] + room)
    ax.set_ylim(chart.low[1] - room, chart.high[1] + room)
    if chart.corners:
        # A triangle: its corners are named, its axes mean nothing.
        ax.set_axis_off()
        ax.set_aspect("equal")
        for name, at in zip(chart.names, chart.corners, strict=True):
            side = (0, 12) if at[1] > 0 else (0, -16)
            ax.annotate(
                f"{name} = 1", at, side, textcoords="offset points", ha="center", va="center"
            )
    else:
        ax.set(xlabel=chart.names[0], ylabel=chart.names[1])


def _draw_levels(
    ax: Axes, f: MinMaxObjective, S: MaximizerSet, chart: Chart, grid: int, levels: int
) -> None:
    x, y = (np.linspace(a, b, grid) for a, b in zip(chart.low, chart.high, strict=True))
    X, Y = np.meshgrid(x, y)
    points = np.column_stack([X.ravel(), Y.ravel()])
    inside = chart.inside(points)
    values = np.ma.masked_all(len(points))
    values[inside] = values_along(f, S.theta[None], chart.to_delta(points[inside]))[0]
    Z = values.reshape(X.shape)
    if Z.count() and np.ptp(Z.compressed()) > 1e-12 * max(1.0, abs(S.value)):
        ax.contourf(X, Y, Z, levels=levels, cmap="Greys", alpha=0.45)
        lines = ax.contour(X, Y, Z, levels=levels, colors="0.4", linewidths=0.7)
        ax.clabel(lines, np.asarray(lines.levels)[::3], fontsize="small", fmt="%.3g")
    ax.add_patch(Polygon(chart.outline, closed=True, fill=False, edgecolor="black", linewidth=1.5))


def _draw_face(ax: Axes, face: CompactSet, chart: Chart, label: str) -> None:
    corners = face_corners(face, chart)
    if corners is None:
        ax.plot([], [], " ", label=f"also a face: {face!r:.40}")
    elif len(corners) <= 2 or chart.finite:
        ax.plot(*corners.T, color=LIT, linewidth=7, alpha=0.7, label=label, zorder=4)
    else:
        centre = corners.mean(axis=0)
        order = np.argsort(np.arctan2(*(corners - centre).T[::-1]))
        ax.add_patch(
            Polygon(corners[order], closed=True, facecolor=LIT, alpha=0.35, edgecolor="black",
                    hatch="//", label=label, zorder=3)
        )  # fmt: skip
