"""Curves of adversarial training: accuracy and loss over the epochs, of one run or of several.

Takes plain records, as `danskin train` writes them, and knows nothing of PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from danskin.plots.style import OKABE_ITO

__all__ = ["plot_run", "plot_training"]

#: Method -> colour, line style, marker.
_LOOKS = {
    "pgd": (OKABE_ITO["vermillion"], "--", "s"),
    "pgd_normalized": (OKABE_ITO["orange"], "--", "D"),
    "ddi": (OKABE_ITO["blue"], "-", "o"),
    "step_aware": (OKABE_ITO["green"], "-.", "^"),
    "coupled": (OKABE_ITO["sky"], "-", "o"),
    "mean": (OKABE_ITO["purple"], ":", "v"),
    "max": (OKABE_ITO["black"], ":", "P"),
    "min": (OKABE_ITO["black"], ":", "X"),
    "comb": (OKABE_ITO["purple"], "-", "*"),
    "product": (OKABE_ITO["sky"], "-.", "h"),
    "gated": (OKABE_ITO["yellow"], "-", "d"),
}


def plot_training(records: Sequence[dict[str, Any]], title: str = "") -> Figure:
    """Draw robust accuracy over epochs and over seconds, and the loss over epochs.

    Parameters
    ----------
    records : sequence of dict
        One an epoch and method, with ``method``, ``epoch``, ``loss``, ``seconds`` and, where
        measured, ``robust_accuracy`` with its ``robust_accuracy_error``.
    title : str

    Returns
    -------
    Figure
        Bands are one standard error over the draw of the held-out images.
    """
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
    methods = list(dict.fromkeys(r["method"] for r in records))
    for method in methods:
        own = [r for r in records if r["method"] == method]
        colour, style, marker = _LOOKS.get(method, (OKABE_ITO["black"], "-", "."))
        look = {"color": colour, "linestyle": style, "marker": marker, "markersize": 4.5}
        seconds = np.cumsum([r["seconds"] for r in own])
        where = [k for k, r in enumerate(own) if r.get("robust_accuracy") is not None]
        epochs = [own[k]["epoch"] for k in where]
        value = np.array([own[k]["robust_accuracy"] for k in where], dtype=float)
        error = np.array([own[k]["robust_accuracy_error"] for k in where], dtype=float)
        for ax, x in ((axes[0], epochs), (axes[1], seconds[where] if where else [])):
            ax.plot(x, value, label=method.replace("_", " "), **look)
            ax.fill_between(x, value - error, value + error, color=colour, alpha=0.12, linewidth=0)
        losses = [np.nan if r["loss"] is None else r["loss"] for r in own]
        axes[2].plot([r["epoch"] for r in own], losses, color=colour, linestyle=style)
    _label(axes[0], "epoch", "robust accuracy, held-out images", "By epoch")
    _label(axes[1], "seconds of training", "robust accuracy, held-out images", "By time")
    _label(axes[2], "epoch", "loss under attack, training images", "Loss at the steps taken")
    for ax in axes[:2]:
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    for ax in (axes[0], axes[2]):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center",
        ncols=min(len(methods), 6), frameon=False,
    )  # fmt: skip
    if title:
        figure.suptitle(title)
    return figure


def plot_run(records: Sequence[dict[str, Any]], title: str = "") -> Figure:
    """Draw one run over its epochs: accuracies, loss, conflict, learning rate and step length.

    Parameters
    ----------
    records : sequence of dict
        Lines of ``metrics.jsonl``.
    title : str

    Returns
    -------
    Figure
        The band is one standard error over the draw of the held-out images.
    """
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    accuracy, loss, conflict, rate = axes.ravel()
    epochs = [r["epoch"] for r in records]
    measured = [r for r in records if r.get("robust_accuracy") is not None]
    where = [r["epoch"] for r in measured]
    robust = np.array([r["robust_accuracy"] for r in measured], dtype=float)
    error = np.array([r["robust_accuracy_error"] for r in measured], dtype=float)
    look = {"marker": "o" if len(records) <= 60 else "", "markersize": 3.5}
    accuracy.plot(where, [r["clean_accuracy"] for r in measured], color=OKABE_ITO["sky"],
                  linestyle="--", label="clean", **look)  # fmt: skip
    accuracy.plot(where, robust, color=OKABE_ITO["blue"], label="robust (PGD)", **look)
    accuracy.fill_between(where, robust - error, robust + error, color=OKABE_ITO["blue"],
                          alpha=0.15, linewidth=0)  # fmt: skip
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0))
    accuracy.legend(frameon=False)
    _label(accuracy, "epoch", "accuracy, held-out images", "Accuracy")
    loss.plot(epochs, _column(records, "loss"), color=OKABE_ITO["vermillion"], **look)
    _label(loss, "epoch", "loss under attack, training images", "Loss at the steps taken")
    conflict.plot(epochs, _column(records, "conflict"), color=OKABE_ITO["purple"], **look)
    conflict.yaxis.set_major_formatter(PercentFormatter(1.0))
    conflict.set_ylim(0, max([0.01, *(1.05 * r["conflict"] for r in records if r["conflict"])]))
    _label(conflict, "epoch", "negative inner products", "Conflict between the gradients of a step")
    if not any(r["conflict"] is not None for r in records):
        conflict.text(0.5, 0.5, "one gradient a step", transform=conflict.transAxes, ha="center")
    rate.plot(epochs, _column(records, "learning_rate"), color=OKABE_ITO["black"],
              linestyle="--", label="learning rate", **look)  # fmt: skip
    rate.plot(epochs, _column(records, "step_length"), color=OKABE_ITO["green"],
              label="mean length of a step", **look)  # fmt: skip
    rate.set_yscale("log")
    rate.legend(frameon=False)
    _label(rate, "epoch", "", "Learning rate and step length")
    for ax in axes.ravel():
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if title:
        figure.suptitle(title)
    return figure


def _column(records: Sequence[dict[str, Any]], key: str) -> list[float]:
    return [np.nan if r[key] is None else r[key] for r in records]


def _label(ax: Axes, x: str, y: str, title: str) -> None:
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.set_title(title, fontsize="medium")
    ax.grid(alpha=0.25)
