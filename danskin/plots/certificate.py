"""What shows best whether and where phi descends at theta, by the number n of parameters."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from danskin.derivative import directional_derivative
from danskin.direction import SteepestDescent, steepest_descent
from danskin.errors import InvalidInputError
from danskin.objective import BatchObjective, MinMaxObjective, as_floats
from danskin.plots.envelope import plot_envelope
from danskin.plots.gram import plot_gram
from danskin.plots.hull import plot_hull
from danskin.plots.polar import plot_derivative
from danskin.plots.proof import plot_bounds, plot_cells
from danskin.plots.results import dimension, listed_gradients
from danskin.plots.style import ASKED, PANEL, SINGLE, STEEPEST, short
from danskin.proof import DescentProof

__all__ = ["plot_certificate"]


#: Inches: what a proof adds below.
_PROOF_HEIGHT = 5.6


def plot_certificate(
    f: MinMaxObjective | BatchObjective,
    S: Any,
    direction: Any = None,
    *,
    proof: DescentProof | None = None,
) -> Figure:
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

    proof : DescentProof, optional
        Drawn below: the cells of S, where delta has one or two free coordinates, and the bounds on
        D against the boxes used.

    Returns
    -------
    Figure
        Save it with ``figure.savefig(path)``.
    """
    n = dimension(S)
    if direction is not None:
        direction = as_floats(direction, "direction", n)
    width, height = {1: (6.4, 4.8), 2: (11.5, 5.8)}.get(n, (10.0, 5.0))
    drawn = proof is not None and bool(proof.trace)
    layout = None if n == 2 else "constrained"
    if not drawn or proof is None:
        figure = plt.figure(figsize=(width, height), layout=layout)
        _draw(figure, n, f, S, direction)
        return figure
    width = max(width, 10.0)
    figure = plt.figure(figsize=(width, height + _PROOF_HEIGHT), layout=layout)
    halves: Any = figure.subfigures(2, 1, height_ratios=[height, _PROOF_HEIGHT])
    top, bottom = halves
    _draw(top, n, f, S, direction)
    _draw_proof(bottom, proof)
    return figure


def _draw(figure: Any, n: int, f: Any, S: Any, direction: Any) -> None:
    if n == 1:
        plot_envelope(f, S, [1], figure.add_subplot())
    elif n == 2:
        x, y, width, height = PANEL
        halves = [(x / 2 + side, y, width / 2, height) for side in (0, 0.5)]
        plot_derivative(S, figure.add_axes(halves[0], projection="polar"), direction=direction)
        if len(listed_gradients(S)):
            plot_hull(S, figure.add_axes(halves[1]), direction=direction)
    else:
        left, right = figure.subplots(1, 2)
        plot_gram(S, left)
        _plot_rates(S, right, direction)


def _draw_proof(figure: Any, proof: DescentProof) -> None:
    axes = figure.subplots(1, 2)
    if figure.get_layout_engine() is None:
        figure.subplots_adjust(left=0.075, right=0.98, top=0.9, bottom=0.27, wspace=0.22)
    try:
        plot_cells(proof, axes[0])
    except InvalidInputError:
        # More coordinates than a page has: the bounds alone.
        axes[0].remove()
    plot_bounds(proof, axes[1])


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
