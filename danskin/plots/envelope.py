"""phi along a line as the upper envelope of the g(., delta), with its one-sided slopes at 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from danskin.derivative import directional_derivative
from danskin.descent.arguments import integer
from danskin.errors import InvalidInputError
from danskin.maximizers import BatchMaximizerSet
from danskin.objective import BatchObjective, MinMaxObjective, as_floats
from danskin.plots.results import MAX_LISTED, found_text, positive, require_pair
from danskin.plots.sampled import is_exact, sample_of, sampled_phi, values_along
from danskin.plots.style import (
    LIT,
    SINGLE,
    STEEPEST,
    axis_names,
    legend_below,
    new_axes,
    point,
    short,
)

__all__ = ["plot_envelope"]

_POINTS = 201


def plot_envelope(
    f: MinMaxObjective | BatchObjective,
    S: Any,
    direction: Any,
    ax: Axes | None = None,
    *,
    radius: float | None = None,
    curves: int = 9,
) -> Axes:
    """Draw g(theta + t gamma, delta) for several delta, phi above them, and Danskin's slopes.

    The slopes at t = 0 are ``D(theta; gamma)`` to the right and ``-D(theta; -gamma)`` to the left
    (Theorem 1). Where they differ, phi has a kink along the line, and no two-sided derivative.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    S : MaximizerSet or BatchMaximizerSet
        Of f, at theta.
    direction : (n,), nonzero
        Normalised to gamma.
    ax : Axes, optional
    radius : float > 0, optional
        t runs from -radius to radius; by default ``max(1, |theta|) / 2``.
    curves : int
        How many delta beside the maximizers get a curve, >= 0.

    Returns
    -------
    Axes
        phi is a maximum over a sample of S and the maximizers; where that need not be phi, the
        legend says so.

    Raises
    ------
    InvalidInputError
        A zero direction, or S is not of f.
    """
    require_pair(f, S)
    gamma = as_floats(direction, "direction", f.theta_dim)
    if not gamma.any():
        raise InvalidInputError("direction", "it is zero", "A direction needs a length.")
    integer("curves", curves, 0)
    size = max(1.0, float(np.abs(S.theta).max()))
    radius = 0.5 * size if radius is None else positive(radius, "radius")
    if radius < 1e-9 * size:
        raise InvalidInputError(
            "radius",
            f"{radius:g} is within rounding of theta, whose largest entry is {size:g}",
            "Pass a larger radius, or move the origin of theta.",
        )
    # The derivatives take the direction as given: an exact one has exact slopes.
    slopes = {1: directional_derivative(S, direction), -1: directional_derivative(S, -gamma)}
    alone = f.theta_dim == 1
    gamma = gamma / np.abs(gamma).max()
    gamma = gamma / np.linalg.norm(gamma)
    if alone and gamma[0] < 0:  # with one parameter the axis is theta itself
        gamma, slopes = -gamma, {1: slopes[-1], -1: slopes[1]}
    ax = new_axes(ax, 6.4, 4.8)
    t = np.linspace(-radius, radius, _POINTS)  # an odd number: 0 is among them
    t[_POINTS // 2] = 0.0
    thetas = S.theta + t[:, None] * gamma
    start = float(S.theta[0]) if alone else 0.0
    lit = _maximizing(S)
    if curves:
        every = _joint_sample(f)
        chosen = every[np.unique(np.linspace(0, len(every) - 1, curves).astype(int))]
        ax.plot(start + t, values_along(f, thetas, chosen), color="0.6", linewidth=0.7)
        ax.plot([], [], color="0.6", linewidth=0.7, label="g at some δ")
    below = values_along(f, thetas, lit) if len(lit) else np.ma.masked_all((1, 1))
    if len(lit):
        ax.plot(start + t, below, "-.", color=LIT, linewidth=1.4)
        ax.plot(
            [],
            [],
            "-.",
            color=LIT,
            label=f"g at the {'listed ' if S.faces else ''}maximizers{found_text(S)}",
        )
    phi = sampled_phi(f, thetas, lit if len(lit) else None)
    sampled = "" if is_exact(f) else " (over sampled δ)"
    ax.plot(start + t, phi, color="0.75", linewidth=6, zorder=1.5, label=f"φ{sampled}")
    names = {1: "+1", -1: "−1"} if alone else {1: "γ", -1: "−γ"}
    for side, colour, style in ((1, STEEPEST, "--"), (-1, SINGLE, ":")):
        rate = slopes[side]
        relation = "=" if rate.bound == "exact" else "≥"
        along = np.array([0, radius])
        ax.plot(
            start + side * along, S.value + float(rate) * along, style, color=colour,
            linewidth=2.6, zorder=3, label=f"D(θ; {names[side]}) {relation} {short(float(rate))}",
        )  # fmt: skip
    ax.plot(start, S.value, "o", color="black", label="θ", zorder=4)
    _frame(ax, phi, [S.value + float(slopes[side]) * radius for side in (1, -1)], below)
    ax.set(
        xlabel=axis_names(f)[0] if alone else f"t, along γ = {point(gamma)}",
        ylabel="φ" if alone else "φ(θ + tγ)",
    )
    ax.set_title("φ and its one-sided slopes" + ("" if alone else f" at θ = {point(S.theta)}"))
    ax.grid(alpha=0.35)
    legend_below(ax, ncols=3, gap=0.16)
    return ax


def _maximizing(S: Any) -> np.ndarray:
    """Return the maximizers to give a curve, (m, k): of many joint ones none."""
    count = S.count if isinstance(S, BatchMaximizerSet) else len(S)
    return S.deltas if count <= MAX_LISTED else np.zeros((0, 0))


def _joint_sample(f: MinMaxObjective | BatchObjective) -> np.ndarray:
    if isinstance(f, BatchObjective):
        return f.domain.sample(np.random.default_rng(0), 64)
    return sample_of(f.domain)


def _frame(ax: Axes, phi: np.ma.MaskedArray, ends: list[float], lit: np.ma.MaskedArray) -> None:
    """Frame phi, the slopes, and the maximizers' curves as far as these do not press phi flat."""
    shown = [*phi.compressed(), *ends]
    low, high = min(shown), max(shown)
    height = (high - low) or 1.0
    if lit.count():
        low = min(low, max(float(lit.min()), low - 0.7 * height))
    ax.set_ylim(low - 0.1 * height, high + 0.1 * height)
