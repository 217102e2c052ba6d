"""Phase diagrams: how often random gradients form a counterexample, and what directions lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from danskin.errors import InvalidInputError
from danskin.plots.style import legend_below, looks, new_axes

if TYPE_CHECKING:
    from danskin.counterexamples.ensembles import PhaseDiagram

__all__ = ["plot_losses", "plot_phase_diagram"]

_AXES = {"m": "m, gradients", "n": "n, dimensions", "cosine": "expected cosine"}
_TITLES = {
    "counterexample": "Share of draws that are counterexamples",
    "single": "Loss of rate along minus one gradient",
    "mean": "Loss of rate along minus the mean",
    "ddi": "Loss of rate of DDi",
}
_RULES = {"single": "one gradient", "mean": "mean", "ddi": "DDi"}


def plot_phase_diagram(
    diagram: PhaseDiagram, what: str = "counterexample", ax: Axes | None = None
) -> Axes:
    """Draw one quantity over the grid, with the number in every cell.

    Parameters
    ----------
    diagram : PhaseDiagram
    what : "counterexample", "single", "mean" or "ddi"
        The share of counterexamples, or a direction's mean loss of rate, ``D(gamma) + rho`` (0 is
        steepest); below each number, half the width of its interval.
    ax : Axes, optional

    Raises
    ------
    InvalidInputError
    """
    if what not in _TITLES:
        raise InvalidInputError("what", f"{what!r} is not known", f"Write one of {list(_TITLES)}.")
    shares = what == "counterexample"
    values = diagram.shares() if shares else diagram.losses(what)
    rows, columns = values.shape
    ax = new_axes(ax, 1.8 + 0.75 * columns, 1.6 + 0.55 * rows)
    top = 1.0 if shares else max(float(np.nanmax(values, initial=0.0)), 1e-3)
    image = ax.imshow(values, origin="lower", aspect="auto", cmap="cividis", vmin=0, vmax=top)
    for i in range(rows):
        for j in range(columns):
            cell = diagram.cells[i][j]
            interval = cell.counterexample if shares else cell.loss[what]
            spread = (interval.high - interval.low) / 2
            if np.isnan(values[i, j]):
                text = "none"
            else:
                text = f"{values[i, j]:.2f}\n±{spread:.2f}".replace("-", "−")
            red, green, blue, _ = image.cmap(image.norm(values[i, j]))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            ax.text(
                j, i, text, ha="center", va="center", fontsize="x-small",
                color="white" if dark else "black",
            )  # fmt: skip
    ax.set_xticks(range(columns), [f"{x:g}" for x in diagram.values("across")])
    ax.set_yticks(range(rows), [f"{y:g}" for y in diagram.values("down")])
    ax.set(xlabel=_AXES[diagram.across], ylabel=_AXES[diagram.down])
    ax.set_title(_TITLES[what], fontsize="medium")
    plt.colorbar(image, ax=ax)
    return ax


def plot_losses(diagram: PhaseDiagram, row: int = 0, ax: Axes | None = None) -> Axes:
    """Draw the mean losses of rate of the three directions along one row, and rho beside them.

    With their intervals. A loss above rho means uphill on average.

    Parameters
    ----------
    diagram : PhaseDiagram
    row : int
        Index into the values of `diagram.down`.
    ax : Axes, optional

    Raises
    ------
    InvalidInputError
        There is no such row.
    """
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < len(diagram.cells):
        raise InvalidInputError(
            "row", f"{row!r} is not a row", f"Pass 0 to {len(diagram.cells) - 1}."
        )
    ax = new_axes(ax, 5.6, 4.4)
    across = diagram.values("across")
    for rule, (colour, line, marker) in zip(_RULES, looks(list(_RULES)), strict=True):
        means = [c.loss[rule] for c in diagram.cells[row]]
        middle = np.array([mean.value for mean in means])
        reach = np.array([[mean.value - mean.low, mean.high - mean.value] for mean in means]).T
        ax.errorbar(
            across, middle, yerr=reach, color=colour, linestyle=line, marker=marker, capsize=3,
            label=_RULES[rule],
        )  # fmt: skip
    rho = [c.rho.value for c in diagram.cells[row]]
    ax.plot(across, rho, color="black", linewidth=1, label="ρ (a loss above it: uphill)")
    ax.set_ylim(bottom=0)
    if diagram.across == "n" and min(across) > 0:
        ax.set_xscale("log", base=2)
        ax.set_xticks(across, [f"{x:g}" for x in across])
    ax.set(
        xlabel=_AXES[diagram.across], ylabel="loss of rate, D(γ) + ρ",
        title=f"{_AXES[diagram.down]}: {diagram.values('down')[row]:g}",
    )  # fmt: skip
    legend_below(ax, gap=0.16)
    return ax
