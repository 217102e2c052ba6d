"""A sweep's curves: robust accuracy over the epochs and over the attacks, mean and spread.

Takes the summary of a sweep as plain data, and knows nothing of PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from danskin.plots.style import OKABE_ITO

__all__ = ["plot_sweep"]

_COLOURS = ("vermillion", "orange", "blue", "green", "sky", "purple", "black")
_LINES = ("-", "--", "-.", ":")
_MARKERS = "osD^vPX"


def plot_sweep(summary: Sequence[Mapping[str, Any]], title: str = "") -> Figure:
    """Draw a sweep.

    Parameters
    ----------
    summary : sequence of mappings
        One a preset, as `danskin.torch.train.summarize` returns them and ``sweep.json`` holds them.
    title : str

    Returns
    -------
    Figure
        Robust accuracy over the epochs; over the training's attacks, which is what methods cost;
        clean accuracy over the epochs. Bands are one standard deviation between seeds; without a
        band there is one seed.
    """
    figure, (by_epoch, by_cost, clean) = plt.subplots(1, 3, figsize=(13.5, 5), layout="constrained")
    looks = zip(cycle(_COLOURS), cycle(_LINES), cycle(_MARKERS), strict=False)
    for number, (entry, (colour, style, marker)) in enumerate(zip(summary, looks, strict=False)):
        # Later curves are thinner, and markers are open: curves that coincide are all seen.
        look = {"color": OKABE_ITO[colour], "linestyle": style, "marker": marker, "mfc": "none",
                "markersize": max(10 - number, 4), "lw": max(3 - 0.35 * number, 1)}  # fmt: skip
        epochs = np.asarray(entry["epochs"], dtype=float)
        label = f"{entry['name']} ({len(entry['seeds'])} seeds)"
        _band(by_epoch, epochs, entry["robust"], look, label)
        _band(by_cost, epochs * entry["attacks_a_step"], entry["robust"], look)
        _band(clean, epochs, entry["clean"], look)
    _label(by_epoch, "epoch", "robust accuracy, held-out images", "Robust accuracy")
    _label(by_cost, "attacks run in training, in passes over the images", "robust accuracy",
           "The same by what it costs")  # fmt: skip
    _label(clean, "epoch", "clean accuracy, held-out images", "Clean accuracy")
    by_cost.set_xscale("log")
    for ax in (by_epoch, clean):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(
        *by_epoch.get_legend_handles_labels(), loc="outside lower center",
        ncols=min(len(summary), 4), frameon=False,
    )  # fmt: skip
    if title:
        figure.suptitle(title)
    return figure


def _band(
    ax: Axes, x: np.ndarray, values: Mapping[str, Any], look: dict[str, Any], label: str = ""
) -> None:
    mean = np.asarray(values["mean"], dtype=float)
    ax.plot(x, mean, label=label or None, **look)
    if values["spread"] is not None:
        spread = np.asarray(values["spread"], dtype=float)
        ax.fill_between(x, mean - spread, mean + spread, color=look["color"], alpha=0.13, lw=0)


def _label(ax: Axes, x: str, y: str, title: str) -> None:
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.set_title(title, fontsize="medium")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(alpha=0.25)
