"""How all pictures look: the palette, one look a rule, numbers as text, legends and arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from danskin.objective import BatchObjective, ExpressionObjective, MinMaxObjective
from danskin.typeset import symbol_names

__all__ = [
    "ASKED",
    "DESCENT",
    "GREY",
    "LIT",
    "OKABE_ITO",
    "PANEL",
    "SINGLE",
    "STEEPEST",
    "arrow",
    "axis_names",
    "legend_below",
    "looks",
    "new_axes",
    "point",
    "short",
    "square_axes",
]

#: Okabe and Ito's palette (Color Universal Design, 2008).
OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}

#: One colour a meaning, in all pictures: a single maximizer's gradient, the steepest direction, the
#: direction that was asked for, directions of descent, maximizers.
SINGLE, STEEPEST, ASKED = OKABE_ITO["vermillion"], OKABE_ITO["blue"], OKABE_ITO["purple"]
DESCENT, LIT = OKABE_ITO["sky"], OKABE_ITO["orange"]
GREY = "0.35"
#: One look a rule: colour, line style, marker. Unknown rules and repetitions take what is left.
_LOOKS = {
    "single": (SINGLE, "--", "s"),
    "normalized_single": (SINGLE, "--", "s"),
    "ddi": (STEEPEST, "-", "o"),
    "step_aware": (OKABE_ITO["green"], "-.", "^"),
    "trust_region": (OKABE_ITO["green"], "-.", "^"),
    "product": (OKABE_ITO["sky"], "-", "D"),
    "mean": (OKABE_ITO["orange"], ":", "v"),
    "max": (OKABE_ITO["purple"], ":", "P"),
}
#: Where a square panel lies in its figure: room for a title above and a legend of 3 rows below.
#: (Constrained layout clips polar axes with a legend outside.)
PANEL = (0.11, 0.22, 0.78, 0.65)


def looks(rules: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return a colour, a line style and a marker for each rule, different while some are left."""
    spare = [look for look in _LOOKS.values() if look not in [_LOOKS.get(r) for r in rules]]
    found: list[tuple[str, str, str]] = []
    for rule in rules:
        look = _LOOKS.get(rule, spare[0] if spare else ("black", "-", "."))
        while look in found and spare:
            look = spare.pop(0)
        found.append(look)
    return found


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return `ax`, or the axes of a new figure of that size in inches."""
    if ax is not None:
        return ax
    return plt.figure(figsize=(width, height), layout="constrained").add_subplot()


def square_axes(ax: Axes | None, **options: Any) -> Axes:
    """Return `ax`, or a square panel in a new figure with room for a legend below."""
    if ax is not None:
        return ax
    return plt.figure(figsize=(5, 5.8)).add_axes(PANEL, **options)


def legend_below(ax: Axes, ncols: int = 2, gap: float = 0.08) -> None:
    """Put the legend under the axes, where it hides nothing."""
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -gap), ncols=ncols, columnspacing=1.2,
        frameon=False,
    )  # fmt: skip


def arrow(
    ax: Axes, start: np.ndarray, tip: np.ndarray, colour: str, label: str, style: str = "-"
) -> None:
    """Draw an arrow, with an entry in the legend."""
    ax.annotate(
        "",
        (tip[0], tip[1]),
        (start[0], start[1]),
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "linewidth": 2,
            "linestyle": style,
            "shrinkA": 0,
        },
        zorder=5,
    )
    ax.plot([], [], style, color=colour, linewidth=2, marker=">", label=label)


def short(number: float, digits: int = 4) -> str:
    """Return a number as text; 0 with a sign is rounding's, not the reader's."""
    text = f"{number:.{digits}g}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def point(theta: np.ndarray) -> str:
    """Return a point as text, the first few coordinates."""
    shown = [short(float(x), 3) for x in theta[:4]]
    more = ["…"] if len(theta) > 4 else []
    return f"({', '.join([*shown, *more])})" if len(theta) > 1 else shown[0]


def axis_names(f: MinMaxObjective | BatchObjective) -> list[str]:
    """Return theta's names: the formula's own, where there is one."""
    first = f.samples[0] if isinstance(f, BatchObjective) else f
    if isinstance(first, ExpressionObjective):
        known = symbol_names((*first.theta_symbols, *first.delta_symbols))
        return [f"${known[s]}$" for s in first.theta_symbols]
    return [rf"$\theta_{{{i + 1}}}$" for i in range(f.theta_dim)]
