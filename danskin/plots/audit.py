"""The audit's picture: adversaries' distances, losses and conflicts, and what a step gains.

The upper row is the paper's Figure 2 (section 5.1): distances between the adversaries of an image,
and their losses beside the image's own. Takes the plain data of an audit, and knows nothing of
PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from danskin.plots.style import GREY, OKABE_ITO

__all__ = ["plot_audit"]

_LOOKS = {
    "mean": (OKABE_ITO["orange"], "v"),
    "max": (OKABE_ITO["purple"], "P"),
    "min": (OKABE_ITO["black"], "X"),
    "coupled": (OKABE_ITO["blue"], "o"),
    "product": (OKABE_ITO["sky"], "D"),
    "step_aware": (OKABE_ITO["green"], "^"),
}


def plot_audit(data: Mapping[str, Any], title: str = "") -> Figure:
    """Draw an audit.

    Parameters
    ----------
    data : mapping
        ``AuditReport.to_dict()``, or what ``danskin audit --json`` wrote.
    title : str

    Returns
    -------
    Figure
        Four panels: pairwise l2 distances, losses, cosines, and each direction's decrease beside
        a single gradient's.
    """
    figure, axes = plt.subplots(2, 2, figsize=(11.5, 8.4), layout="constrained")
    shown = data["figure"]
    _distances(axes[0, 0], shown)
    _losses(axes[0, 1], shown)
    _cosines(axes[1, 0], shown)
    _gains(axes[1, 1], data)
    if title:
        figure.suptitle(title)
    return figure


def _distances(ax: Axes, shown: Mapping[str, Any]) -> None:
    rows = [np.asarray(row, dtype=float) for row in shown["distances"]]
    top = max((float(r.max()) for r in rows if r.size), default=1.0) or 1.0
    colours = plt.get_cmap("viridis")(np.linspace(0.05, 0.9, len(rows)))
    ax.hist(rows, bins=np.linspace(0, 1.02 * top, 40).tolist(), stacked=True, color=list(colours))
    ax.set_xlabel("l2 distance between two adversaries of an image")
    ax.set_ylabel("pairs")
    noun = "image" if len(rows) == 1 else "images"
    ax.set_title(f"Different perturbations: {len(rows)} {noun}, one colour each", fontsize="medium")


def _losses(ax: Axes, shown: Mapping[str, Any]) -> None:
    losses, clean, highest = shown["losses"], shown["clean"], shown["highest"]
    every = [*clean, *highest, *(v for own in losses for v in own)]
    edges = np.linspace(min(every), max(max(every), min(every) + 1e-9), 120)
    for i, (own, bare, top) in enumerate(zip(losses, clean, highest, strict=True)):
        counts = np.histogram(own, edges)[0]
        ax.stairs(
            i + 0.75 * counts / max(counts.max(), 1), edges, baseline=i, fill=True,
            color=OKABE_ITO["vermillion"], label=None if i else "its adversaries",
        )  # fmt: skip
        ax.plot(bare, i, "o", color=OKABE_ITO["blue"], label=None if i else "the image itself")
        ax.plot(
            top, i, "^", color=OKABE_ITO["black"], fillstyle="none",
            label=None if i else "highest loss known",
        )  # fmt: skip
    ax.set_yticks(range(len(losses)), [str(i + 1) for i in range(len(losses))])
    ax.set_xlabel("loss")
    ax.set_ylabel("image, histograms of its adversaries' losses")
    ax.set_ylim(-0.6, len(losses) + 0.9)
    ax.legend(loc="upper center", ncols=3, fontsize="small", frameon=False, columnspacing=0.8,
              handletextpad=0.3)  # fmt: skip
    ax.set_title("Equally strong? Losses beside the image's own", fontsize="medium")


def _cosines(ax: Axes, shown: Mapping[str, Any]) -> None:
    edges = np.asarray(shown["cosine_edges"])
    for key, label, colour, hatch in (
        ("cosines_within_image", "two adversaries of one image", OKABE_ITO["sky"], None),
        ("cosines_joint", "two joint adversaries of a batch", OKABE_ITO["blue"], "////"),
    ):
        counts = np.asarray(shown[key], dtype=float)
        if counts.sum():
            ax.stairs(
                counts / counts.sum(), edges, label=label, edgecolor=colour, facecolor=colour,
                fill=hatch is None, hatch=hatch, alpha=0.6 if hatch is None else 1.0,
            )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1, linestyle="--")
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    ax.set_xlim(-1.02, 1.02)
    ax.set_xlabel("cosine between the gradients (left of 0: conflict)")
    ax.set_ylabel("share of the pairs, log scale")
    ax.legend(loc="upper left", fontsize="small", frameon=False)
    ax.set_title("In conflict? Cosines between parameter gradients", fontsize="medium")


def _gains(ax: Axes, data: Mapping[str, Any]) -> None:
    steps = data["settings"]["step_lengths"]
    methods = [m for m in data["settings"]["methods"] if m != "single"]
    by = {(g["method"], g["step"]): g for g in data["gains"]}
    width = 0.7 / max(len(methods), 1)
    for k, method in enumerate(methods):
        colour, marker = _LOOKS.get(method, (OKABE_ITO["black"], "."))
        found = [(j, by[method, s]) for j, s in enumerate(steps)]
        found = [(j, g) for j, g in found if _known(g["mean"])]
        x = np.array([j + (k - (len(methods) - 1) / 2) * width for j, _ in found])
        mean = np.array([g["mean"] for _, g in found], dtype=float)
        error = np.array([g["standard_error"] if _known(g["standard_error"]) else 0.0
                          for _, g in found])  # fmt: skip
        low = np.array([g["low"] if _known(g["low"]) else g["mean"] for _, g in found])
        high = np.array([g["high"] if _known(g["high"]) else g["mean"] for _, g in found])
        ax.vlines(x, low, high, color=colour, linewidth=1)
        ax.errorbar(
            x, mean, yerr=error, fmt=marker, color=colour, linewidth=0, elinewidth=3,
            label=method.replace("_", " "),
        )  # fmt: skip
    ax.axhline(0, color=GREY, linewidth=1, linestyle="--")
    ax.set_xticks(range(len(steps)), [f"{s:g}" for s in steps])
    ax.set_xlim(-0.6, len(steps) - 0.4)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_xlabel("length of the step")
    ax.set_ylabel("decrease beyond a single gradient's")
    batches = data["settings"]["batches"]
    ax.set_title(
        f"Does it pay? {batches} batches, paired; thick: standard error,\n"
        "thin: 95 % interval for all together", fontsize="medium",
    )  # fmt: skip
    ax.legend(fontsize="small", frameon=False, ncols=len(methods), loc="lower center",
              columnspacing=0.8, handletextpad=0.1)  # fmt: skip
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.12 * (high - low), high)  # room for the legend
    ax.grid(axis="y", alpha=0.25)


def _known(value: Any) -> bool:
    return value is not None and bool(np.isfinite(value))
