"""A proof as pictures: the cells of S with why each was dropped, and the bounds on D closing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon

from danskin.descent.arguments import integer
from danskin.errors import InvalidInputError
from danskin.exact import to_float
from danskin.plots.charts import Chart, chart_of
from danskin.plots.sampled import values_along
from danskin.plots.style import ASKED, DESCENT, GREY, LIT, SINGLE, legend_below, new_axes, short
from danskin.proof import DescentProof
from danskin.proof.boxes import Cells
from danskin.proof.cover import BELOW, NO_MAXIMIZER, Cover

__all__ = ["plot_bounds", "plot_cells"]

_MAX_CELLS = 20_000
_OPEN = "open"
#: How the sign of the rate is marked, on cells that may be too small to be seen.
_MARKERS = {"down": "v", "up": "^", "either": "s"}
#: Fate: colour, hatch, opacity, words.
_LOOKS = {
    BELOW: ("0.88", "", 0.9, "dropped: g is below φ(θ)"),
    NO_MAXIMIZER: ("0.72", "///", 0.9, "dropped: g increases out of it"),
    "down": (DESCENT, "", 0.9, "left, rate < 0"),
    "up": (SINGLE, "\\\\\\", 0.9, "left, rate > 0"),
    "either": (LIT, "xxx", 0.9, "left, rate of either sign"),
}


def plot_cells(proof: DescentProof, ax: Axes | None = None, *, sample: int = 0) -> Axes:
    """Draw the cells into which a proof cut S: which were dropped and why, which are left.

    Where delta has one free coordinate, boxes around the graph of g: those below the proved lower
    bound of phi(theta) hold no maximizer. Where it has two, the cells in the plane. What is left
    covers S*, and its colour says the sign of the rate ``<gamma, grad_theta g>`` on it.

    Parameters
    ----------
    proof : DescentProof
        As `prove_descent` returned it, with a direction.
    ax : Axes, optional
    sample : int
        Of a batch, which sample to draw: 0 to B - 1.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        delta has more than two free coordinates, or the proof has no direction or no cells.
    """
    f, cover, owner = _cover(proof, sample)
    chart = chart_of(f)
    if chart.finite:
        raise InvalidInputError("proof", "S is finite", "There are no cells to draw.")
    cells, fates = _leaves(cover, owner)
    if chart.dim == 1:
        ax = new_axes(ax, 6.4, 4.6)
        _draw_boxes(ax, proof, f, cover, chart, cells, fates, owner)
    else:
        ax = new_axes(ax, 5.6, 5.8)
        _draw_plane(ax, cover, chart, cells, fates)
    handles = [_key(fate) for fate in _LOOKS if fate in fates]
    handles += ax.get_legend_handles_labels()[0]
    points = _maximizers(proof, sample)
    if len(points):
        handles.append(_mark(ax, chart, points, cover, owner))
    below = -0.02 if chart.corners else -0.14
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, below), ncols=2,
        columnspacing=1.2, frameon=False,
    )  # fmt: skip
    which = f"Sample {sample}: " if hasattr(proof.evidence[0], "samples") else ""
    left = sum(fate in ("down", "up", "either") for fate in fates)
    ax.set_title(
        f"{which}{len(fates)} cells, {left} left: {proof.verdict}",
        pad=22 if chart.corners else None,
    )
    return ax


def plot_bounds(proof: DescentProof, ax: Axes | None = None) -> Axes:
    """Draw the bounds on ``D(theta; gamma)`` against the boxes used, round by round.

    Parameters
    ----------
    proof : DescentProof
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        The proof has no direction, hence no bounds.
    """
    if proof.direction is None or not proof.trace:
        raise InvalidInputError("proof", "it has no direction", "There are no bounds to draw.")
    ax = new_axes(ax, 6.4, 4.4)
    boxes, low, high = (np.array(c, dtype=float) for c in zip(*proof.trace, strict=True))
    final = proof.derivative
    boxes = np.maximum(np.append(boxes, max(boxes[-1], proof.boxes) * 1.15), 1)
    low, high = np.append(low, final[0]), np.append(high, final[1])
    known = np.isfinite(low) & np.isfinite(high)
    ax.axhline(0, color="black", linewidth=1)
    if known.any():
        ax.fill_between(
            boxes[known], low[known], high[known], step="post", color=DESCENT, alpha=0.35,
            label="D lies here, proved",
        )  # fmt: skip
        for side, line, name in ((high, "-", "upper bound"), (low, "--", "lower bound")):
            ax.step(
                boxes[known],
                side[known],
                line,
                where="post",
                color=ASKED,
                linewidth=1.8,
                label=name,
            )
        span = max(high[known].max(), 0) - min(low[known].min(), 0) or 1.0
        ax.set_ylim(min(low[known].min(), 0) - 0.08 * span, max(high[known].max(), 0) + 0.08 * span)
    if len(boxes) > 1 and boxes[-1] > 20 * boxes[0]:
        ax.set_xscale("log")
    ax.set(xlabel="boxes used", ylabel="D(θ; γ): descent is below 0")
    shown = "" if not np.isfinite(final).all() else f", D in [{short(final[0])}, {short(final[1])}]"
    ax.set_title(f"{str(proof.verdict).capitalize()}{shown}")
    ax.grid(alpha=0.35)
    if known.any():
        legend_below(ax, ncols=3, gap=0.14)
    return ax


# --- what is drawn -------------------------------------------------------------------------------


def _cover(proof: DescentProof, sample: int) -> tuple[Any, Cover, int]:
    """Return a sample's objective, its cover, and which of the cover's problems it is."""
    if proof.evidence is None or proof.direction is None:
        raise InvalidInputError(
            "proof",
            "it has no direction, or came without its cells",
            "Pass prove_descent's result.",
        )
    f, states = proof.evidence
    samples = getattr(f, "samples", (f,))
    integer("sample", sample, 0)
    for state in states:
        if sample in state.indices:
            return samples[sample], state.cover, state.indices.index(sample)
    raise InvalidInputError(
        "sample", f"{sample} of {len(samples)}", f"Pass 0 to {len(samples) - 1}."
    )


def _leaves(cover: Cover, owner: int) -> tuple[Cells, list[str]]:
    """Return the cells that were not cut further, in the order they were made, and their fates."""
    fate: dict[int, str] = {}
    for step in cover.history.steps:
        if step[0] == "drop":
            fate.update(dict.fromkeys(step[1].tolist(), step[2]))
        elif step[0] == "split":
            fate.update(dict.fromkeys(step[1].tolist(), "split"))
        else:
            # What a shrink leaves is drawn on top of what it cut off.
            fate.update(dict.fromkeys(step[1].tolist(), NO_MAXIMIZER))
    cells = Cells.join(cover.history.made)
    mine = cover.space.owner(cells) == owner
    kept = [
        row
        for row, (i, own) in enumerate(zip(cells.ids.tolist(), mine, strict=True))
        if own and fate.get(i, _OPEN) != "split"
    ]
    cells = cells.take(np.array(kept[:_MAX_CELLS], dtype=int))
    open_cells = {
        int(i): r for r, i in enumerate(cover.cells.ids)
    }  # the enclosures that the proof ended with
    rate = cover.ranges.rate
    fates = []
    for i in cells.ids.tolist():
        what = fate.get(i, _OPEN)
        if what == _OPEN:
            row = open_cells[i]
            what = "down" if rate[1, row] < 0 else "up" if -rate[0, row] > 0 else "either"
        fates.append(what)
    return cells, fates


def _maximizers(proof: DescentProof, sample: int) -> np.ndarray:
    _, states = proof.evidence
    points = [s.points for s in states if s.indices == (sample,)]
    return np.array([[to_float(x) for x in p] for found in points for p in found])


def _mark(ax: Axes, chart: Chart, points: np.ndarray, cover: Cover, owner: int) -> Any:
    at = chart.from_delta(points)
    heights = np.full(len(at), cover.floors[owner])
    place = (at[:, 0], heights) if chart.dim == 1 else tuple(at.T)
    (drawn,) = ax.plot(
        *place, "*", color="white", markeredgecolor="black", markersize=7, zorder=6,
        clip_on=False, label="maximizers, proved",
    )  # fmt: skip
    return drawn


def _key(fate: str) -> Patch | Line2D:
    colour, hatch, alpha, words = _LOOKS[fate]
    if fate in _MARKERS:
        return Line2D([], [], label=words, **_marks(fate))
    return Patch(facecolor=colour, hatch=hatch, alpha=alpha, edgecolor=GREY, label=words)


def _marks(fate: str) -> dict[str, Any]:
    return {
        "linestyle": "", "marker": _MARKERS[fate], "markersize": 11, "color": _LOOKS[fate][0],
        "markeredgecolor": "black",
    }  # fmt: skip


def _add(ax: Axes, polygons: list[np.ndarray], fates: list[str]) -> None:
    # What is left goes on top.
    for z, fate in enumerate((BELOW, NO_MAXIMIZER, "either", "down", "up")):
        chosen = [p for p, what in zip(polygons, fates, strict=True) if what == fate]
        if not chosen:
            continue
        colour, hatch, alpha, _ = _LOOKS[fate]
        ax.add_collection(
            PolyCollection(
                chosen, facecolor=colour, hatch=hatch, alpha=alpha, zorder=1 + z / 10,
                edgecolor=GREY, linewidth=0.5,
            )
        )  # fmt: skip
        if fate in _MARKERS:
            middle = np.array([(p.min(axis=0) + p.max(axis=0)) / 2 for p in chosen])
            ax.plot(*middle.T, zorder=5, clip_on=False, **_marks(fate))


def _draw_boxes(
    ax: Axes,
    proof: DescentProof,
    f: Any,
    cover: Cover,
    chart: Chart,
    cells: Cells,
    fates: list[str],
    owner: int,
) -> None:
    ahead = cover.space.leading
    ranges = np.array(cover.space.enclose(cells))[ahead:]
    values = cover.problem.enclose(cells).value
    ends = [chart.from_delta(np.array(side).T)[:, 0] for side in (-ranges[:, 0], ranges[:, 1])]
    low, high = np.minimum(*ends), np.maximum(*ends)
    floor = float(cover.floors[owner])
    theta = np.array([to_float(t) for t in proof.theta])
    grid = chart.grid(400)
    curve = values_along(f, theta[None], chart.to_delta(grid))[0]
    finite = np.isfinite(values).all(axis=0)
    bottom = min(float((-values[0][finite]).min(initial=floor)), float(curve.min()))
    top = max(float(values[1][finite].max(initial=floor)), float(curve.max()))
    span = (top - bottom) or 1.0
    at = np.where(np.isfinite(values), values, 10 * span)
    polygons = [
        np.array([[a, c], [b, c], [b, d], [a, d]])
        for a, b, c, d in zip(low, high, -at[0], at[1], strict=True)
    ]
    _add(ax, polygons, fates)
    ax.axhline(
        floor, color="black", linestyle="--", linewidth=1, label=f"proved: φ(θ) ≥ {short(floor)}"
    )
    ax.plot(grid[:, 0], curve, color="black", linewidth=1.4, label="g(θ, δ)", zorder=3)
    room = 0.02 * float(chart.high[0] - chart.low[0])
    ax.set_xlim(chart.low[0] - room, chart.high[0] + room)
    ax.set_ylim(bottom - 0.06 * span, top + 0.1 * span)
    ax.set(xlabel=chart.names[0], ylabel="enclosures of g(θ, ·)")


def _draw_plane(ax: Axes, cover: Cover, chart: Chart, cells: Cells, fates: list[str]) -> None:
    outline = Polygon(chart.outline, closed=True, fill=False, edgecolor="black", linewidth=1.5)
    _add(ax, _Corners(cover, chart, cells).polygons(), fates)
    ax.add_patch(outline)
    for drawn in ax.collections:
        drawn.set_clip_path(outline)
    room = 0.03 * (float((chart.high - chart.low).max()) or 1.0)
    ax.set_xlim(chart.low[0] - room, chart.high[0] + room)
    ax.set_ylim(chart.low[1] - room, chart.high[1] + room)
    if chart.corners:
        ax.set_axis_off()
        ax.set_aspect("equal")
        for name, at in zip(chart.names, chart.corners, strict=True):
            side = (0, 12) if at[1] > 0 else (0, -14)
            ax.annotate(f"{name} = 1", at, side, textcoords="offset points", ha="center")
    else:
        ax.set(xlabel=chart.names[0], ylabel=chart.names[1])


@dataclass
class _Corners:
    """The cells of a set in the plane as polygons."""

    cover: Cover
    chart: Chart
    cells: Cells

    def polygons(self) -> list[np.ndarray]:
        parts = self.cells.parts[1:] if self.cover.space.leading else self.cells.parts
        if len(parts) == 1 and "X" in parts[0]:
            return [self.chart.from_delta(x) for x in self._vertices(parts[0])]
        ranges = np.array(self.cover.space.enclose(self.cells))[self.cover.space.leading :]
        low, high = (self.chart.from_delta(s.T) for s in (-ranges[:, 0], ranges[:, 1]))
        return [
            np.array([[a, c], [b, c], [b, d], [a, d]])
            for (a, c), (b, d) in zip(low, high, strict=True)
        ]

    def _vertices(self, part: Any) -> np.ndarray:
        """Return the vertices of small simplices in delta, (N, vertices, k)."""
        if "signs" not in part:
            return part["X"]
        domain: Any = self.cover.problem.f.domain
        return domain.center + domain.radius * part["signs"][:, None] * part["X"][:, :, 1:]
