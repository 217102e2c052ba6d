"""The Gram matrix of gradients: which pairs are obtuse, all that Theorem 2's weights depend on."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from danskin.derivative import gradient_rows
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.plots.results import MAX_LISTED, listed_gradients
from danskin.plots.style import new_axes, short

__all__ = ["obtuse_pairs", "plot_gram"]

#: Up to so many gradients, every entry is written; up to so many, every row has its number.
_WRITTEN, _NUMBERED = 8, 16
_MAX_POWER = 480
_EPS = float(np.finfo(float).eps)


def plot_gram(S: Any, ax: Axes | None = None) -> Axes:
    """Draw the inner products of the gradients, obtuse pairs framed and hatched.

    A negative product ``<g_i, g_j>`` of two *maximizers'* gradients means that minus either of
    them goes uphill.

    Parameters
    ----------
    S : MaximizerSet, BatchMaximizerSet, or gradients (m, n)
        Of a batch with more than 64 joint gradients those of the samples, one by one; of more than
        64 gradients the first 64, and the title says so.
    ax : Axes, optional

    Returns
    -------
    Axes
        A pair is marked as obtuse only where rounding leaves no doubt.

    Raises
    ------
    InvalidInputError
        Not gradients.
    """
    rows, title = _rows(S)
    if len(rows) > MAX_LISTED:
        title += f": the first {MAX_LISTED} of {len(rows)}"
        rows = rows[:MAX_LISTED]
    ax = new_axes(ax, 5.6, 5)
    # Scaled by a power of two, which is exact: the squares of 1e200 and 1e-200 are no floats.
    power = int(np.frexp(np.abs(rows).max())[1])
    rows = np.ldexp(rows, -power)
    gram = rows @ rows.T
    if abs(power) <= _MAX_POWER:
        gram = np.ldexp(gram, 2 * power)
    else:
        title += f", in units of $2^{{{2 * power}}}$"
    reach = float(np.abs(gram).max()) or 1.0
    image = ax.imshow(gram, cmap="PuOr", vmin=-reach, vmax=reach)
    m = len(gram)
    obtuse = obtuse_pairs(rows)
    for i, j in np.argwhere(obtuse):
        ax.add_patch(
            Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, fill=False, edgecolor="black",
                      linewidth=1.4 if m <= _NUMBERED else 0.6, hatch="///" if m > _WRITTEN else "")
        )  # fmt: skip
    if m <= _WRITTEN:
        for i in range(m):
            for j in range(m):
                dark = abs(gram[i, j]) > 0.6 * reach
                ax.text(
                    j, i, short(gram[i, j], 3), ha="center", va="center",
                    fontweight="bold" if obtuse[i, j] else "normal",
                    color="white" if dark else "black",
                )  # fmt: skip
    ax.set_xticks(np.arange(m) if m <= _NUMBERED else [])
    ax.set_yticks(np.arange(m) if m <= _NUMBERED else [])
    pairs = m * (m - 1) // 2
    count = int(obtuse.sum()) // 2
    ax.set(xlabel=f"gradient j (framed: {count} of {pairs} pairs obtuse)", ylabel="gradient i")
    ax.set_title(title)
    ax.figure.colorbar(image, ax=ax, shrink=0.8)
    return ax


def obtuse_pairs(rows: np.ndarray) -> np.ndarray:
    """Return (m, m) of bool: ``<g_i, g_j> < 0``, by more than rounding may have done."""
    error = (rows.shape[1] + 2) * _EPS * (np.abs(rows) @ np.abs(rows).T)
    return rows @ rows.T < -error


def _rows(S: Any) -> tuple[np.ndarray, str]:
    if isinstance(S, BatchMaximizerSet) and not len(listed_gradients(S)):
        rows = np.concatenate([s.gradients for s in S.samples])
        return rows, "Gram matrix of the samples’ gradients"
    if isinstance(S, (MaximizerSet, BatchMaximizerSet)):
        known = "" if S.complete else " (those found)"
        return listed_gradients(S), f"Gram matrix of the maximizers’ gradients{known}"
    return gradient_rows(S).floats, "Gram matrix of the gradients"
