"""What shows best whether and where phi descends at theta, by the number n of parameters."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from danskin.derivative import directional_derivative
from danskin.direction import SteepestDescent, steepest_descent
from danskin.objective import BatchObjective, MinMaxObjective, as_floats
from danskin.plots.envelope import plot_envelope
from danskin.plots.gram import plot_gram
from danskin.plots.hull import plot_hull
from danskin.plots.polar import plot_derivative
from danskin.plots.results import dimension, listed_gradients
from danskin.plots.style import ASKED, PANEL, SINGLE, STEEPEST, short

__all__ = ["plot_certificate"]


def plot_certificate(f: MinMaxObjective | BatchObjective, S: Any, direction: Any = None) -> Figure:
    """Draw what shows best whether and where phi descends at theta.

    n = 1: phi around theta, an upper envelope, with its one-sided slopes. n = 2: D over all
    directions, and the hull of the gradients. n > 2: the Gram matrix of the gradients, and D in
    the directions of interest.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    S : MaximizerSet or BatchMaximizerSet
        Of f, at theta.
    direction : (n,), optional
        One more direction to judge.

    Returns
    -------
    Figure
        Save it with ``figure.savefig(path)``.
    """
    n = dimension(S)
    if direction is not None:
        direction = as_floats(direction, "direction", n)
    if n == 1:
        figure = plt.figure(figsize=(6.4, 4.8), layout="constrained")
        plot_envelope(f, S, [1], figure.add_subplot())
        return figure
    if n == 2:
        figure = plt.figure(figsize=(11.5, 5.8))
        x, y, width, height = PANEL
        halves = [(x / 2 + side, y, width / 2, height) for side in (0, 0.5)]
        plot_derivative(S, figure.add_axes(halves[0], projection="polar"), direction=direction)
        if len(listed_gradients(S)):
            plot_hull(S, figure.add_axes(halves[1]), direction=direction)
        return figure
    figure = plt.figure(figsize=(10, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_gram(S, left)
    _plot_rates(S, right, direction)
    return figure


def _plot_rates(S: Any, ax: Axes, direction: np.ndarray | None) -> None:
    rows = listed_gradients(S)[:12]
    bars = [(f"minus gradient {i}", -g, SINGLE) for i, g in enumerate(rows) if g.any()]
    if direction is not None:
        bars.append(("asked direction", direction, ASKED))
    best: SteepestDescent = steepest_descent(S)
    if best.direction is not None:
        bars.append(("steepest", best.direction, STEEPEST))
    rates = [float(directional_derivative(S, v)) for _, v, _ in bars]
    ax.barh(range(len(bars)), rates, color=[c for *_, c in bars])
    ax.set_yticks(range(len(bars)), [name for name, *_ in bars])
    ax.invert_yaxis()
    ax.axvline(0, color="black", linewidth=1)
    for i, rate in enumerate(rates):
        ax.annotate(
            short(rate), (rate, i), (4 if rate >= 0 else -4, 0), textcoords="offset points",
            ha="left" if rate >= 0 else "right", va="center",
        )  # fmt: skip
    low, high = min([0.0, *rates]), max([0.0, *rates])
    room = 0.3 * ((high - low) or 1.0)  # for the numbers beside the bars
    ax.set_xlim(low - room, high + room)
    known = "" if S.complete else " (lower bound)"
    ax.set_xlabel(f"D(θ; γ){known}: descent is left of 0")
    ax.set_title("Stationary point" if best.stationary else "Directional derivative")
