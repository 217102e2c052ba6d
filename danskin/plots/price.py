"""The price of one adversary: how far uphill a single gradient can point, at a given min norm.

For gradients ``g_i`` of *all* maximizers, with ``n_i = |g_i|``, ``nmax`` the largest of these and
rho the min norm of their hull,
``max_j <-g_i, g_j> <= sqrt((n_i^2 - rho^2)(nmax^2 - rho^2)) - rho^2 <= nmax^2 - 2 rho^2``.
In units of nmax all sets of gradients lie below one curve, ``1 - 2 rho^2``; the obtuse pair of two
unit gradients lies on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from danskin.derivative import gradient_rows
from danskin.descent.arguments import integer
from danskin.errors import InvalidInputError
from danskin.minnorm import min_norm_point
from danskin.plots.style import GREY, OKABE_ITO, SINGLE, new_axes

__all__ = ["plot_price", "random_gradients"]

#: By the number m of gradients: label, least and largest m, colour, marker.
_GROUPS = (
    ("m ≤ 2", 1, 2, OKABE_ITO["blue"], "o"),
    ("m = 3", 3, 3, OKABE_ITO["green"], "^"),
    ("m = 4 to 8", 4, 8, OKABE_ITO["orange"], "s"),
    ("m > 8", 9, math.inf, OKABE_ITO["purple"], "x"),
)


def random_gradients(rng: np.random.Generator, count: int = 600) -> list[np.ndarray]:
    """Draw sets of unit gradients (m, n) with min norms all over (0, 1).

    m from 2 to 24, n from 2 to 48; Gaussian directions around a common mean of random weight, half
    of the sets with a pair made obtuse on purpose.

    Parameters
    ----------
    rng : numpy.random.Generator
    count : int
        How many sets, >= 1.
    """
    if not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            "rng", f"{rng!r:.60} is not a Generator", "Pass numpy.random.default_rng(0)."
        )
    sets = []
    for i in range(integer("count", count, 1)):
        m, n = int(rng.choice([2, 2, 3, 3, 5, 8, 16, 24])), int(rng.integers(2, 49))
        rows = rng.normal(size=(m, n)) / math.sqrt(n)
        mean = rng.normal(size=n)
        mean /= np.linalg.norm(mean)
        if i % 2:  # the second gradient mirrors the first in the mean: the extremal shape
            rows[1] = -rows[0]
        rows = rows + rng.uniform(0, 2) * mean
        sets.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return sets


def plot_price(sets: Any, ax: Axes | None = None, *, marked: Any = None) -> Axes:
    """Draw, for many sets of gradients, how far uphill the worst single gradient points.

    Across: rho. Up: ``max over i, j of <-g_i, g_j>``, the derivative (times ``|g_i|``) of phi
    against the worst gradient. Both in units of the longest gradient. Above 0 some single gradient
    points uphill.

    Parameters
    ----------
    sets : list of gradients (m, n)
        Each those of all maximizers of some objective; see `random_gradients`.
    ax : Axes, optional
    marked : mapping from a label to gradients (m, n) or a list of such, optional
        Sets to mark, such as counterexamples.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        Empty, or a set whose gradients are all zero.
    """
    matrices = _matrices(sets, "sets")
    extra = {
        str(k): _matrices(v, "marked", one=True)
        for k, v in (marked.items() if hasattr(marked, "items") else ())
    }
    if marked is not None and not hasattr(marked, "items"):
        raise InvalidInputError("marked", "it is not a mapping", 'Pass {"label": gradients}.')
    ax = new_axes(ax, 6.4, 4.8)
    rho = np.linspace(0, 1, 201)
    bound = 1 - 2 * rho**2
    ax.fill_between(rho, bound, 0, where=list(bound > 0), color=SINGLE, alpha=0.12, linewidth=0)
    ax.axhline(0, color="black", linewidth=1)
    ax.axvline(1 / math.sqrt(2), color=GREY, linestyle=":", linewidth=1.4)
    ax.plot(rho, bound, color="black", linewidth=2, label="bound 1 − 2ρ²", zorder=3)
    for name, least, most, colour, marker in _GROUPS:
        group = [_measure(rows) for rows in matrices if least <= len(rows) <= most]
        if group:
            ax.scatter(
                *np.array(group).T, s=16, marker=marker, color=colour, alpha=0.75,
                linewidths=1 if marker == "x" else 0, label=name,
            )  # fmt: skip
    for label, rows in extra.items():
        ax.scatter(
            *np.array([_measure(r) for r in rows]).T, s=110, marker="*", facecolor="white",
            edgecolor="black", linewidths=1.2, zorder=4, label=label,
        )  # fmt: skip
    note: dict[str, Any] = {
        "fontsize": "small", "color": "0.25", "va": "center",
        "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    }  # fmt: skip
    ax.text(0.03, 0.07, "above 0: some single gradient goes uphill", **note)
    ax.text(0.03, -0.08, "below 0: all descend", **note)
    ax.text(0.72, 0.55, "ρ = 1/√2", **note)
    ax.set(
        xlim=(0, 1), ylim=(-1.05, 1.05), xlabel="ρ, the min norm of the hull",
        ylabel="max over i, j of ⟨−gᵢ, gⱼ⟩",
    )  # fmt: skip
    ax.set_title("The price of one adversary")
    ax.legend(loc="lower left", framealpha=0.9)
    return ax


def _measure(rows: np.ndarray) -> tuple[float, float]:
    scaled = rows / np.linalg.norm(rows / np.abs(rows).max(), axis=1).max() / np.abs(rows).max()
    return min_norm_point(scaled).norm, float(-(scaled @ scaled.T).min())


def _matrices(sets: Any, argument: str, one: bool = False) -> list[np.ndarray]:
    """Read a list of matrices; with `one`, a single matrix counts as a list of one."""
    if isinstance(sets, (str, bytes)) or not isinstance(sets, Iterable):
        raise InvalidInputError(
            argument, f"{sets!r:.60} is not a list of matrices", "Pass [(m, n) gradients, ...]."
        )
    listed: Sequence[Any] = list(sets)
    if one and listed and np.ndim(listed[0]) == 1:
        listed = [listed]
    if not listed:
        raise InvalidInputError(argument, "it is empty", "Pass at least one set of gradients.")
    out = [gradient_rows(rows).floats for rows in listed]
    for i, rows in enumerate(out):
        if not rows.any():
            raise InvalidInputError(
                f"{argument}[{i}]", "all its gradients are zero", "Leave it out: rho is 0."
            )
    return out
