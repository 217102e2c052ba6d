"""Contours of phi over a rectangle of the plane, in grey, for others to draw on."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from danskin.errors import InvalidInputError
from danskin.objective import BatchObjective, MinMaxObjective, as_floats
from danskin.plots.results import require_objective
from danskin.plots.sampled import is_exact, sampled_phi
from danskin.plots.style import axis_names

__all__ = ["draw_contours", "phi_title", "read_limits", "require_planar"]

Limits = tuple[float, float]


def require_planar(f: Any) -> None:
    """Refuse an objective that has not two parameters."""
    require_objective(f)
    if f.theta_dim != 2:
        raise InvalidInputError(
            "f",
            f"it has n = {f.theta_dim} parameters",
            "Contours are drawn for n = 2 only; plot_envelope follows a line in any n.",
        )


def read_limits(pair: Any, name: str) -> Limits | None:
    """Read (low, high)."""
    if pair is None:
        return None
    low, high = as_floats(pair, name, 2)
    if not low < high:
        raise InvalidInputError(name, f"{pair} is empty", "Pass (low, high), low < high.")
    return float(low), float(high)


def draw_contours(
    ax: Axes,
    f: MinMaxObjective | BatchObjective,
    xlim: Limits,
    ylim: Limits,
    grid: int,
    levels: int,
    extra: np.ndarray | None = None,
) -> None:
    """Draw them, name the axes and set the frame."""
    x, y = np.linspace(*xlim, grid), np.linspace(*ylim, grid)
    X, Y = np.meshgrid(x, y)
    phi = sampled_phi(f, np.column_stack([X.ravel(), Y.ravel()]), extra).reshape(X.shape)
    if phi.count() and np.ptp(phi.compressed()) > 0:
        ax.contourf(X, Y, phi, levels=levels, cmap="Greys", alpha=0.35)
        lines = ax.contour(X, Y, phi, levels=levels, colors="0.45", linewidths=0.6)
        ax.clabel(lines, np.asarray(lines.levels)[::3], fontsize="small", fmt="%.3g")
    names = axis_names(f)
    ax.set(xlim=xlim, ylim=ylim, xlabel=names[0], ylabel=names[1])


def phi_title(f: MinMaxObjective | BatchObjective) -> str:
    """Return the title: a maximum over a sample of S is only a lower bound of phi."""
    return "Contours of φ" + ("" if is_exact(f) else " (over sampled δ)")
