"""phi around a point of the plane, with what its maximizers' gradients say there (Theorem 2)."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from danskin.descent.arguments import integer
from danskin.errors import InvalidInputError
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.plots.contours import draw_contours, phi_title, require_planar
from danskin.plots.hull import draw_gradients, listed_or_refuse
from danskin.plots.results import positive, require_pair
from danskin.plots.style import legend_below

__all__ = ["plot_phi"]

#: A square panel with room for a legend of 3 rows below (constrained layout fails at that).
_PANEL = (0.16, 0.25, 0.8, 0.69)


def plot_phi(
    f: MinMaxObjective | BatchObjective,
    S: Any,
    ax: Axes | None = None,
    *,
    radius: float | None = None,
    grid: int = 81,
    levels: int = 14,
) -> Axes:
    """Draw contours of phi around theta, with the maximizers' gradients and where phi descends.

    The gradients start at theta and are scaled to fit; their hull, its min-norm point, the
    steepest direction and the cone of descent directions (cut off at the frame) come with them.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
        With n = 2. The contours are a maximum over a sample of S and its vertices; where that is
        not phi itself, the title says so.
    S : MaximizerSet or BatchMaximizerSet
        Of f, at theta.
    ax : Axes, optional
    radius : float > 0, optional
        Half the width of the frame; by default ``max(1, |theta|) / 2``.
    grid : int
        Points a side, >= 2.
    levels : int
        Contours, >= 1.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        n is not 2, or S is not of f.
    """
    require_planar(f)
    require_pair(f, S)
    integer("grid", grid, 2)
    integer("levels", levels, 1)
    size = max(1.0, float(np.abs(S.theta).max()))
    radius = 0.5 * size if radius is None else positive(radius, "radius")
    listed_or_refuse(S)
    if ax is None:
        ax = plt.figure(figsize=(5.2, 6)).add_axes(_PANEL)
    x, y = (float(c) for c in S.theta)
    sides = (x - radius, x + radius), (y - radius, y + radius)
    if radius < 1e-9 * size:
        raise InvalidInputError(
            "radius",
            f"{radius:g} is within rounding of theta = ({x:g}, {y:g})",
            "Pass a larger radius, or move the origin of theta.",
        )
    draw_contours(ax, f, *sides, grid, levels, S.deltas)  # listed_or_refuse: they are few
    draw_gradients(ax, S, S.theta, 0.8 * radius)
    ax.plot(x, y, "*", color="black", markersize=13, markeredgecolor="white", zorder=6, label="θ")
    ax.set_aspect("equal")
    ax.set_title(f"{phi_title(f)}, gradients scaled")
    legend_below(ax, gap=0.14)
    return ax
