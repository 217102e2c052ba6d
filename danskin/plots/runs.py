"""Runs of `descend`: iterates on the contours of phi, and phi against the iteration.

Figures 1a and 1b of the paper (section 5.2), for any objective and any rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from danskin.descent import Trace
from danskin.descent.arguments import integer
from danskin.errors import InvalidInputError
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.plots.contours import draw_contours, phi_title, read_limits, require_planar
from danskin.plots.style import looks, new_axes

__all__ = ["plot_landscape", "plot_values"]

Limits = tuple[float, float]


def plot_landscape(
    f: MinMaxObjective | BatchObjective,
    traces: Any = (),
    ax: Axes | None = None,
    *,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    grid: int = 81,
    levels: int = 16,
) -> Axes:
    """Draw contours of phi over the plane, with runs of `descend` on top (Figure 1a of the paper).

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
        With n = 2. For the contours (and only there) phi is the maximum over a sample of S and its
        vertices; where that need not be phi, the title says so.
    traces : Trace, sequence of them, or mapping label -> Trace
    ax : Axes, optional
    xlim, ylim : pairs of numbers, optional
        By default around the traces.
    grid : int
        Points a side, >= 2.
    levels : int
        Contours.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        n is not 2, or a trace has another n.
    """
    require_planar(f)
    named = _named(traces)
    for label, trace in named:
        if trace.thetas.shape[1] != 2:
            n = trace.thetas.shape[1]
            raise InvalidInputError("traces", f"{label!r} has n = {n}", "Pass runs on this f.")
    integer("grid", grid, 2)
    integer("levels", levels, 1)
    limits = read_limits(xlim, "xlim"), read_limits(ylim, "ylim")
    ax = new_axes(ax, 6, 5)
    every = np.concatenate([t.thetas for _, t in named]) if named else np.zeros((1, 2))
    draw_contours(ax, f, *_frame(every, *limits), grid, levels)
    styles = looks([t.rule for _, t in named])
    for (label, trace), (colour, style, marker) in zip(named, styles, strict=True):
        ax.plot(
            *trace.thetas.T, style, color=colour, marker=marker, markersize=4.5, linewidth=1.6,
            markeredgecolor="white", markeredgewidth=0.4, label=label,
        )  # fmt: skip
    starts = {tuple(t.thetas[0]) for _, t in named}
    for i, start in enumerate(sorted(starts)):
        ax.plot(
            *start, "*", color="black", markersize=13, markeredgecolor="white", zorder=4,
            label=None if i else "start",
        )  # fmt: skip
    ax.set_title(phi_title(f))
    if named:
        ax.legend(framealpha=0.9)
    return ax


def plot_values(traces: Any, ax: Axes | None = None) -> Axes:
    """Draw phi against the iteration (Figure 1b of the paper).

    Parameters
    ----------
    traces : Trace, sequence of them, or mapping label -> Trace
    ax : Axes, optional

    Returns
    -------
    Axes
        Values that are only lower bounds have hollow markers.
    """
    named = _named(traces)
    if not named:
        raise InvalidInputError("traces", "it is empty", "Pass the result of dk.descend.")
    ax = new_axes(ax, 6, 4)
    styles = looks([t.rule for _, t in named])
    for (label, trace), (colour, style, marker) in zip(named, styles, strict=True):
        face = colour if trace.complete.all() else "white"
        ax.plot(
            np.arange(len(trace.values)), trace.values, style, color=colour, marker=marker,
            markersize=4.5, markerfacecolor=face, linewidth=1.6, label=label,
        )  # fmt: skip
    bounds = "" if all(t.complete.all() for _, t in named) else " (hollow: lower bound)"
    ax.set(xlabel="iteration k", ylabel=f"φ(θₖ){bounds}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.35)
    ax.legend(frameon=False)
    return ax


def _named(traces: Any) -> list[tuple[str, Trace]]:
    if isinstance(traces, Trace):
        traces = [traces]
    if not isinstance(traces, Iterable):
        raise InvalidInputError(
            "traces", f"{traces!r} is not a list of traces", "Pass results of dk.descend."
        )
    pairs = (
        list(traces.items())
        if isinstance(traces, Mapping)
        else [(getattr(t, "rule", ""), t) for t in traces]
    )
    for label, trace in pairs:
        if not isinstance(trace, Trace):
            raise InvalidInputError(
                "traces", f"{label or trace!r} is not a Trace", "Pass results of dk.descend."
            )
    return pairs


def _frame(points: np.ndarray, xlim: Limits | None, ylim: Limits | None) -> tuple[Limits, Limits]:
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.15 * max(float((high - low).max()), 1e-3 * float(np.abs(points).max()), 1e-6)
    if float((high - low).max()) == 0:
        pad = max(1.0, float(np.abs(points).max()))
    # A run along an axis would give a flat picture: the shorter side is at least half the longer.
    half = (high - low) / 2 + pad
    half = np.maximum(half, half.max() / 2)
    centre = (low + high) / 2
    sides = [(float(c - h), float(c + h)) for c, h in zip(centre, half, strict=True)]
    return xlim or sides[0], ylim or sides[1]
