"""How bad one adversary can be: the extremal rates of sign patterns over the min norm rho."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from danskin.errors import InvalidInputError
from danskin.exact import to_float
from danskin.plots.style import GREY, OKABE_ITO, SINGLE, legend_below, new_axes

if TYPE_CHECKING:
    from danskin.counterexamples.extremal import Extremal

__all__ = ["plot_extremal"]

_LOOKS = (
    (OKABE_ITO["vermillion"], "o"),
    (OKABE_ITO["blue"], "s"),
    (OKABE_ITO["green"], "^"),
    (OKABE_ITO["purple"], "D"),
    (OKABE_ITO["orange"], "v"),
    (OKABE_ITO["sky"], "P"),
)
_NAMES = {
    "one": "one of {m} against one other",
    "cycle": "a cycle of {m}",
    "complete": "all of {m}, each pair",
    "given": "given signs, {m}",
}


def plot_extremal(results: Sequence[Extremal], ax: Axes | None = None) -> Axes:
    """Draw the worst rate of each pattern over rho, with the closed-form bound.

    Across: rho over the largest norm. Up: the worst rate, in units of the largest norm. Markers are
    the semidefinite program's; a filled one is proved by its rounded matrix (to 1e-4), an open one
    is the solver's word. Lines join them; the bound is black.

    Parameters
    ----------
    results : list of `Extremal`
    ax : Axes, optional

    Raises
    ------
    InvalidInputError
        Empty.
    """
    listed = list(results)
    if not listed:
        raise InvalidInputError("results", "it is empty", "Pass extremal_table(...).")
    ax = new_axes(ax, 6.4, 5.2)
    rho = np.linspace(0, 1, 201)
    bound = 1 - 2 * rho**2
    ax.fill_between(rho, bound, 0, where=list(bound > 0), color=SINGLE, alpha=0.1, linewidth=0)
    ax.axhline(0, color="black", linewidth=1)
    ax.axvline(1 / math.sqrt(2), color=GREY, linestyle=":", linewidth=1.4)
    ax.plot(rho, bound, color="black", linewidth=2, label="bound 1 − 2ρ²", zorder=2)
    groups: dict[tuple[str, int], list[Extremal]] = {}
    for r in listed:
        groups.setdefault((r.pattern, r.m), []).append(r)
    for i, ((pattern, m), members) in enumerate(groups.items()):
        colour, marker = _LOOKS[i % len(_LOOKS)]
        rows = sorted((_point(r) for r in members), key=lambda row: row[0])
        across, up, proved = (np.array(c) for c in zip(*rows, strict=True))
        ax.plot(across, up, color=colour, linewidth=1, linestyle="--", zorder=3)
        face = [colour if p else "white" for p in proved]
        ax.scatter(across, up, s=34, marker=marker, c=face, edgecolors=colour, zorder=4)
        label = _NAMES[pattern].format(m=m)
        ax.scatter([], [], s=34, marker=marker, color=colour, label=label)
    ax.text(
        0.715, 0.75, "ρ = 1/√2", fontsize="small", color="0.25",
        transform=ax.get_xaxis_transform(),
    )  # fmt: skip
    ax.text(0.02, -0.11, "above 0: single gradients go uphill", fontsize="small", color="0.25")
    ax.set(
        xlim=(0, 1), ylim=(-1.05, 1.05), xlabel="ρ, the min norm of the hull",
        ylabel="worst rate along minus one gradient",
    )  # fmt: skip
    ax.set_title("How bad one adversary can be")
    legend_below(ax, gap=0.14)
    return ax


def _point(r: Extremal) -> tuple[float, float, bool]:
    top = max(to_float(n) for n in r.norms)
    exact = r.exact_rate
    proved = exact is not None and abs(to_float(exact) - r.rate) <= 1e-4 * top
    return to_float(r.rho) / top, r.rate / top, proved
