"""Results to matplotlib Axes: D over all directions, the hull of gradients, phi with its traces.

Every function takes results and returns the Axes it drew on; with ``ax=None`` it makes its own
figure. Colours are Okabe and Ito's, which colour-blind readers can tell apart, and every colour is
doubled by a marker or a line style.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import sympy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Wedge
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator
from scipy.spatial import ConvexHull, QhullError

from danskin.derivative import directional_derivative, gradient_rows
from danskin.descent import Trace
from danskin.descent.arguments import integer
from danskin.direction import SteepestDescent, steepest_descent
from danskin.errors import InvalidInputError
from danskin.exact import exact_vector
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.objective import BatchObjective, ExpressionObjective, MinMaxObjective, as_floats
from danskin.sets import Box

__all__ = [
    "OKABE_ITO",
    "plot_certificate",
    "plot_derivative",
    "plot_hull",
    "plot_landscape",
    "plot_values",
]

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

_SINGLE, _STEEPEST, _ASKED = OKABE_ITO["vermillion"], OKABE_ITO["blue"], OKABE_ITO["purple"]
_DESCENT = OKABE_ITO["sky"]
_GREY = "0.35"
#: One look a rule: colour, line style, marker. Unknown rules and repetitions take what is left.
_LOOKS = {
    "single": (_SINGLE, "--", "s"),
    "normalized_single": (_SINGLE, "--", "s"),
    "ddi": (_STEEPEST, "-", "o"),
    "step_aware": (OKABE_ITO["green"], "-.", "^"),
    "trust_region": (OKABE_ITO["green"], "-.", "^"),
    "product": (OKABE_ITO["sky"], "-", "D"),
    "mean": (OKABE_ITO["orange"], ":", "v"),
    "max": (OKABE_ITO["purple"], ":", "P"),
}
_MAX_LISTED = 64
#: Where a square panel lies in its figure: room for a title above and a legend of 3 rows below.
#: (Constrained layout clips polar axes with a legend outside.)
_PANEL = (0.11, 0.22, 0.78, 0.65)


# --- one point theta -----------------------------------------------------------------------------


def plot_derivative(S: Any, ax: Axes | None = None, *, direction: Any = None) -> Axes:
    """Draw ``D(theta; gamma)`` over all unit directions gamma of the plane.

    The radius is D, with 0 on the dashed circle: inside it (shaded) a direction descends. Marked
    are minus the gradient of each maximizer, and the steepest direction of Theorem 2.

    Parameters
    ----------
    S : MaximizerSet, BatchMaximizerSet, or gradients (m, 2)
    ax : polar Axes, optional
    direction : (2,), optional
        One more direction to mark.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        n is not 2, or `ax` is not polar.
    """
    _require_plane(S)
    rows = _listed_gradients(S)
    if ax is None:
        ax = plt.figure(figsize=(5, 5.8)).add_axes(_PANEL, projection="polar")
    if not isinstance(ax, PolarAxes):
        raise InvalidInputError(
            "ax", "it is not polar", 'Make it with subplot_kw={"projection": "polar"}.'
        )
    angles = np.linspace(-math.pi, math.pi, 721 if _spans(S) else 121)
    curve = _rates(S, angles)
    reach = float(np.abs(curve).max()) or 1.0
    ax.set_rlim(-1.15 * reach, 1.15 * reach)
    ax.plot(angles, np.zeros_like(angles), "--", color=_GREY, linewidth=1, label="D = 0")
    if (curve < 0).any():
        ax.fill_between(
            angles, curve, 0, where=list(curve < 0), color=_DESCENT, alpha=0.45, linewidth=0,
            label="descent: D < 0",
        )  # fmt: skip
    known = "" if getattr(S, "complete", True) else " (lower bound)"
    ax.plot(angles, curve, color=OKABE_ITO["black"], linewidth=2, label=f"D(θ; γ){known}")
    marks = [-g for g in rows if g.any()]
    if marks:
        _rays(ax, S, marks, _SINGLE, "s", "minus a gradient")
    if direction is not None:
        _rays(ax, S, [as_floats(direction, "direction", 2)], _ASKED, "D", "asked")
    best = steepest_descent(S)
    if best.direction is not None:
        _rays(ax, S, [best.direction], _STEEPEST, "o", "steepest")
    elif best.stationary:
        ax.plot([], [], " ", label="stationary: no descent")
    ticks = _radial_ticks(reach)
    ax.set_rticks(ticks, [_short(t) for t in ticks])
    ax.set_rlabel_position(_free_angle([*marks, best.direction]))
    ax.tick_params(axis="y", labelsize="small", labelcolor=_GREY)
    for text in ax.get_yticklabels():
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})
    ax.set_xticks(np.arange(8) * math.pi / 4)
    ax.grid(alpha=0.35)
    ax.set_axisbelow(True)
    ax.set_title("Directional derivative in every direction")
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2, columnspacing=1.2, frameon=False
    )
    return ax


def plot_hull(S: Any, ax: Axes | None = None, *, direction: Any = None) -> Axes:
    """Draw the gradients in the plane, their hull, its min-norm point and the descent cone.

    Where the gradients are infinitely many, the hull is drawn through 72 of its extreme points.

    Parameters
    ----------
    S : MaximizerSet, BatchMaximizerSet, or gradients (m, 2)
    ax : Axes, optional
    direction : (2,), optional
        One more direction to draw.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        n is not 2.
    """
    _require_plane(S)
    rows = marks = _listed_gradients(S)
    if isinstance(S, MaximizerSet) and not _spans(S):
        # Infinitely many gradients: the hull's extreme points in 72 directions.
        units = [
            (math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 72, endpoint=False)
        ]
        found = [S.support(exact_vector(u, "direction")) for u in units]
        rows = np.vstack([rows, *(pair[1] for pair in found if pair is not None)])
    if not len(rows):
        raise InvalidInputError(
            "S", f"it has more than {_MAX_LISTED} joint gradients", "Draw S.samples one by one."
        )
    if ax is None:
        ax = plt.figure(figsize=(5, 5.8)).add_axes(_PANEL)
    best = steepest_descent(S)
    reach = float(np.abs(rows).max()) or 1.0
    if best.direction is not None:
        x = np.asarray(best.min_norm.point)
        start, stop = _cone(rows, x)
        ax.add_patch(
            Wedge((0, 0), 0.9 * reach, start, stop, color=_DESCENT, alpha=0.45, linewidth=0,
                  label="descent cone")
        )  # fmt: skip
    corners = _hull(rows)
    ax.add_patch(
        Polygon(corners, closed=True, facecolor="0.85", edgecolor=_GREY, label="hull of gradients")
    )
    ax.plot(*marks.T, "s", color=_SINGLE, label="gradients", zorder=3)
    ax.plot(0, 0, "+", color="black", markersize=12, zorder=3)
    if direction is not None:
        v = as_floats(direction, "direction", 2)
        if not v.any():
            raise InvalidInputError("direction", "it is zero", "A direction needs a length.")
        _arrow(ax, 0.9 * reach * v / np.linalg.norm(v), _ASKED, "asked direction")
    if best.direction is not None:
        rho = _short(-best.derivative)
        ax.plot(*x, "o", color=_STEEPEST, label=f"min-norm point, ρ = {rho}", zorder=4)
        ax.plot([0, x[0]], [0, x[1]], ":", color=_STEEPEST)
        _arrow(ax, 0.9 * reach * best.direction, _STEEPEST, "steepest direction")
    elif best.stationary:
        ax.plot(0, 0, "o", color=_STEEPEST, label="0 in the hull: stationary", zorder=4)
    ax.set_xlim(-1.2 * reach, 1.2 * reach)
    ax.set_ylim(-1.2 * reach, 1.2 * reach)
    ax.set_aspect("equal")
    ax.grid(alpha=0.35)
    ax.set_axisbelow(True)
    ax.set_title("Gradients of the maximizers")
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2, columnspacing=1.2, frameon=False
    )
    return ax


def plot_certificate(f: MinMaxObjective | BatchObjective, S: Any, direction: Any = None) -> Figure:
    """Draw what shows best whether and where phi descends at theta.

    n = 1: phi around theta with its one-sided slopes. n = 2: D over all directions, and the hull of
    the gradients. n > 2: the Gram matrix of the gradients, and D in the directions of interest.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    S : MaximizerSet or BatchMaximizerSet
        Of f, at theta.
    direction : (n,), optional
        One more direction to judge.

    Returns
    -------
    Figure
        Save it with ``figure.savefig(path)``.
    """
    n = _dim(S)
    if direction is not None:
        direction = as_floats(direction, "direction", n)
    if n == 1:
        figure = plt.figure(figsize=(6.4, 4.6), layout="constrained")
        _plot_line(f, S, figure.add_subplot())
        return figure
    if n == 2:
        figure = plt.figure(figsize=(11.5, 5.8))
        x, y, width, height = _PANEL
        halves = [(x / 2 + side, y, width / 2, height) for side in (0, 0.5)]
        plot_derivative(S, figure.add_axes(halves[0], projection="polar"), direction=direction)
        if len(_listed_gradients(S)):
            plot_hull(S, figure.add_axes(halves[1]), direction=direction)
        return figure
    figure = plt.figure(figsize=(10, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = _listed_gradients(S)
    if not len(rows):  # too many joint gradients of a batch: its samples' gradients, one by one
        rows = np.concatenate([s.gradients for s in S.samples])
    _plot_gram(rows[:_MAX_LISTED], left)
    _plot_rates(S, right, direction)
    return figure


# --- runs of descend -----------------------------------------------------------------------------


def plot_landscape(
    f: MinMaxObjective | BatchObjective,
    traces: Any = (),
    ax: Axes | None = None,
    *,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    grid: int = 81,
    levels: int = 16,
) -> Axes:
    """Draw contours of phi over the plane, with runs of `descend` on top (Figure 1a of the paper).

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
        With n = 2. For the contours (and only there) phi is the maximum over a sample of S and its
        vertices.
    traces : Trace, sequence of them, or mapping label -> Trace
    ax : Axes, optional
    xlim, ylim : pairs of numbers, optional
        By default around the traces.
    grid : int
        Points a side, >= 2.
    levels : int
        Contours.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidInputError
        n is not 2, or a trace has another n.
    """
    if f.theta_dim != 2:
        raise InvalidInputError(
            "f", f"it has n = {f.theta_dim} parameters", "The landscape is drawn for n = 2 only."
        )
    named = _named(traces)
    for label, trace in named:
        if trace.thetas.shape[1] != 2:
            n = trace.thetas.shape[1]
            raise InvalidInputError("traces", f"{label!r} has n = {n}", "Pass runs on this f.")
    integer("grid", grid, 2)
    for name, pair in (("xlim", xlim), ("ylim", ylim)):
        if pair is not None and not as_floats(pair, name, 2)[0] < as_floats(pair, name, 2)[1]:
            raise InvalidInputError(name, f"{pair} is empty", "Pass (low, high), low < high.")
    if ax is None:
        ax = plt.figure(figsize=(6, 5), layout="constrained").add_subplot()
    every = np.concatenate([t.thetas for _, t in named]) if named else np.zeros((1, 2))
    xlim, ylim = _frame(every, xlim, ylim)
    x, y = np.linspace(*xlim, grid), np.linspace(*ylim, grid)
    X, Y = np.meshgrid(x, y)
    phi = _sampled_phi(f, np.column_stack([X.ravel(), Y.ravel()])).reshape(X.shape)
    ax.contourf(X, Y, phi, levels=levels, cmap="Greys", alpha=0.35)
    lines = ax.contour(X, Y, phi, levels=levels, colors="0.45", linewidths=0.6)
    ax.clabel(lines, np.asarray(lines.levels)[::3], fontsize="small", fmt="%.3g")
    looks = _looks([t.rule for _, t in named])
    for (label, trace), (colour, style, marker) in zip(named, looks, strict=True):
        ax.plot(
            *trace.thetas.T, style, color=colour, marker=marker, markersize=4.5, linewidth=1.6,
            markeredgecolor="white", markeredgewidth=0.4, label=label,
        )  # fmt: skip
    starts = {tuple(t.thetas[0]) for _, t in named}
    for i, start in enumerate(sorted(starts)):
        ax.plot(
            *start, "*", color="black", markersize=13, markeredgecolor="white", zorder=4,
            label=None if i else "start",
        )  # fmt: skip
    names = _axis_names(f)
    ax.set(xlim=xlim, ylim=ylim, xlabel=names[0], ylabel=names[1])
    ax.set_title("Contours of φ")
    if named:
        ax.legend(framealpha=0.9)
    return ax


def plot_values(traces: Any, ax: Axes | None = None) -> Axes:
    """Draw phi against the iteration (Figure 1b of the paper).

    Parameters
    ----------
    traces : Trace, sequence of them, or mapping label -> Trace
    ax : Axes, optional

    Returns
    -------
    Axes
        Values that are only lower bounds have hollow markers.
    """
    named = _named(traces)
    if not named:
        raise InvalidInputError("traces", "it is empty", "Pass the result of dk.descend.")
    if ax is None:
        ax = plt.figure(figsize=(6, 4), layout="constrained").add_subplot()
    looks = _looks([t.rule for _, t in named])
    for (label, trace), (colour, style, marker) in zip(named, looks, strict=True):
        face = colour if trace.complete.all() else "white"
        ax.plot(
            np.arange(len(trace.values)), trace.values, style, color=colour, marker=marker,
            markersize=4.5, markerfacecolor=face, linewidth=1.6, label=label,
        )  # fmt: skip
    bounds = "" if all(t.complete.all() for _, t in named) else " (hollow: lower bound)"
    ax.set(xlabel="iteration k", ylabel=f"φ(θₖ){bounds}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.35)
    ax.legend(frameon=False)
    return ax


# --- parts ---------------------------------------------------------------------------------------


def _dim(S: Any) -> int:
    if isinstance(S, (MaximizerSet, BatchMaximizerSet)):
        return S.theta.size
    return gradient_rows(S).floats.shape[1]


def _require_plane(S: Any) -> None:
    if (n := _dim(S)) != 2:
        raise InvalidInputError(
            "S", f"it has n = {n} parameters", "This picture needs n = 2; see plot_certificate."
        )


def _listed_gradients(S: Any) -> np.ndarray:
    """Return the gradients to mark one by one, (m, n): of a large batch none."""
    if isinstance(S, BatchMaximizerSet) and math.prod(map(len, S.samples)) > _MAX_LISTED:
        return np.zeros((0, S.theta.size))
    if isinstance(S, (MaximizerSet, BatchMaximizerSet)):
        return np.asarray(S.gradients)
    return gradient_rows(S).floats


def _rates(S: Any, angles: np.ndarray) -> np.ndarray:
    """D in the direction of each angle."""
    if isinstance(S, BatchMaximizerSet):
        return np.mean([_rates(s, angles) for s in S.samples], axis=0)
    units = np.stack([np.cos(angles), np.sin(angles)])
    if not _spans(S):
        return np.array([float(directional_derivative(S, u)) for u in units.T])
    return (_listed_gradients(S) @ units).max(axis=0)


def _spans(S: Any) -> bool:
    """Whether listed gradients give D; otherwise each direction is a maximization of its own."""
    return all(s.spans or not s.faces for s in getattr(S, "samples", (S,)) if hasattr(s, "spans"))


def _rays(
    ax: PolarAxes, S: Any, vectors: Sequence[np.ndarray], colour: str, marker: str, label: str
) -> None:
    """Mark directions, from the centre to their D, with one entry in the legend."""
    rates = [float(directional_derivative(S, v)) for v in vectors]
    low, high = _short(min(rates)), _short(max(rates))
    label += f": D = {low}" if low == high else f": D = {low} to {high}"
    for v, rate in zip(vectors, rates, strict=True):
        angle = math.atan2(v[1], v[0])
        ax.plot(
            [angle, angle], [ax.get_rmin(), rate], color=colour, linewidth=2, marker=marker,
            markevery=[1], markersize=8, markeredgecolor="white", label=label, zorder=4,
        )  # fmt: skip
        label = "_"  # not in the legend again


def _short(number: float, digits: int = 4) -> str:
    text = f"{number:.{digits}g}"
    # 0 with a sign is rounding's, not the reader's.
    return "0" if float(text) == 0 else text.replace("-", "−")


def _radial_ticks(reach: float) -> list[float]:
    step = 10 ** math.floor(math.log10(reach))
    step *= next(s for s in (0.5, 1, 2, 5) if 2.2 * s * step >= reach or s == 5)
    count = int(reach / step)
    return [i * step for i in range(-count, count + 1)]


def _free_angle(taken: Sequence[np.ndarray | None]) -> float:
    """Return the angle, in degrees, farthest from the given directions."""
    used = np.array([math.atan2(v[1], v[0]) for v in taken if v is not None])
    tried = np.radians(np.arange(22.5, 360, 45))  # between the labels around the circle
    if not used.size:
        return 22.5
    gap = np.abs((tried[:, None] - used + math.pi) % (2 * math.pi) - math.pi).min(axis=1)
    return float(np.degrees(tried[np.argmax(gap)]))


def _cone(rows: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    """Return the angles, in degrees, between which ``<gamma, g> < 0`` for every gradient g.

    All gradients lie within a right angle of the min-norm point x (Theorem 2's KKT conditions).
    """
    centre = math.atan2(x[1], x[0])
    apart = (np.arctan2(rows[:, 1], rows[:, 0]) - centre + math.pi) % (2 * math.pi) - math.pi
    start, stop = apart.max() + math.pi / 2, apart.min() + 3 * math.pi / 2
    return math.degrees(centre + start), math.degrees(centre + stop)


def _hull(rows: np.ndarray) -> np.ndarray:
    """Return the corners of the hull in order, (c, 2); all rows where they lie on a line."""
    try:
        return rows[ConvexHull(rows).vertices] if len(rows) > 2 else rows
    except QhullError:
        along = rows - rows.mean(axis=0)
        main = np.linalg.svd(along)[2][0]
        ends = [int(np.argmin(along @ main)), int(np.argmax(along @ main))]
        return rows[ends]


def _arrow(ax: Axes, tip: np.ndarray, colour: str, label: str) -> None:
    ax.annotate(
        "",
        (tip[0], tip[1]),
        (0, 0),
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2},
    )
    ax.plot([], [], color=colour, linewidth=2, label=label)


def _plot_line(f: MinMaxObjective | BatchObjective, S: Any, ax: Axes) -> None:
    centre = float(S.theta[0])
    width = 0.5 * max(1.0, abs(centre))
    thetas = np.unique(np.append(np.linspace(centre - width, centre + width, 201), centre))
    ax.plot(thetas, _sampled_phi(f, thetas[:, None]), color="0.75", linewidth=6, label="φ")
    at = S.value
    for side, colour, style in ((1, _STEEPEST, "--"), (-1, _SINGLE, ":")):
        rate = float(directional_derivative(S, [side]))
        t = np.array([0, width])
        sign = "+" if side > 0 else "−"
        ax.plot(
            centre + side * t, at + rate * t, style, color=colour, linewidth=2.5,
            label=f"D(θ; {sign}1) = {_short(rate)}",
        )  # fmt: skip
    ax.plot(centre, at, "o", color="black", label="θ", zorder=4)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.05 * (high - low))
    ax.set(xlabel=_axis_names(f)[0], ylabel="φ")
    ax.set_title("φ and its one-sided slopes")
    ax.grid(alpha=0.35)
    ax.legend(frameon=False)


def _plot_gram(rows: np.ndarray, ax: Axes) -> None:
    gram = rows @ rows.T
    reach = float(np.abs(gram).max()) or 1.0
    image = ax.imshow(gram, cmap="PuOr_r", vmin=-reach, vmax=reach)
    m = len(gram)
    if m <= 8:
        for i in range(m):
            for j in range(m):
                dark = abs(gram[i, j]) > 0.6 * reach
                ax.text(
                    j, i, _short(gram[i, j], 3), ha="center", va="center",
                    color="white" if dark else "black",
                )  # fmt: skip
    ax.set_xticks(np.arange(m) if m <= 16 else [])
    ax.set_yticks(np.arange(m) if m <= 16 else [])
    ax.set(xlabel="maximizer j", ylabel="maximizer i")
    ax.set_title("Gram matrix: inner products of gradients")
    ax.figure.colorbar(image, ax=ax, shrink=0.8)


def _plot_rates(S: Any, ax: Axes, direction: np.ndarray | None) -> None:
    rows = _listed_gradients(S)[:12]
    bars = [(f"minus gradient {i}", -g, _SINGLE) for i, g in enumerate(rows) if g.any()]
    if direction is not None:
        bars.append(("asked direction", direction, _ASKED))
    best: SteepestDescent = steepest_descent(S)
    if best.direction is not None:
        bars.append(("steepest", best.direction, _STEEPEST))
    rates = [float(directional_derivative(S, v)) for _, v, _ in bars]
    ax.barh(range(len(bars)), rates, color=[c for *_, c in bars])
    ax.set_yticks(range(len(bars)), [name for name, *_ in bars])
    ax.invert_yaxis()
    ax.axvline(0, color="black", linewidth=1)
    for i, rate in enumerate(rates):
        ax.annotate(
            _short(rate), (rate, i), (4 if rate >= 0 else -4, 0), textcoords="offset points",
            ha="left" if rate >= 0 else "right", va="center",
        )  # fmt: skip
    low, high = min([0.0, *rates]), max([0.0, *rates])
    room = 0.3 * ((high - low) or 1.0)  # for the numbers beside the bars
    ax.set_xlim(low - room, high + room)
    known = "" if S.complete else " (lower bound)"
    ax.set_xlabel(f"D(θ; γ){known}: descent is left of 0")
    ax.set_title("Stationary point" if best.stationary else "Directional derivative")


def _sampled_phi(f: MinMaxObjective | BatchObjective, thetas: np.ndarray) -> np.ma.MaskedArray:
    """Return phi at rows of thetas, a maximum over a sample of S; masked where g is not defined."""
    if isinstance(f, BatchObjective):
        return np.ma.mean([_sampled_phi(s, thetas) for s in f.samples], axis=0)
    domain = f.domain
    if domain.dim == 1 and isinstance(domain, Box):
        deltas = np.linspace(domain.lo[0], domain.hi[0], 129)[:, None]
    else:
        inside = domain.sample(np.random.default_rng(0), 256)
        centre = inside.mean(axis=0)
        # Maximizers tend to lie on the boundary: points of it, from far outside.
        deltas = np.vstack([inside, domain.project(centre + 100 * (inside - centre))])
        corners = domain.vertices() or []
        if 0 < len(corners) <= 1024:
            deltas = np.vstack([np.array([[float(c) for c in v] for v in corners]), deltas])
    out = np.ma.masked_all(len(thetas))
    for i, theta in enumerate(thetas):
        try:
            out[i] = f.values(theta, deltas).max()
        except InvalidInputError:
            continue
    return out


def _axis_names(f: MinMaxObjective | BatchObjective) -> list[str]:
    first = f.samples[0] if isinstance(f, BatchObjective) else f
    if isinstance(first, ExpressionObjective):
        return [f"${sympy.latex(s)}$" for s in first.theta_symbols]
    return [rf"$\theta_{{{i + 1}}}$" for i in range(f.theta_dim)]


def _named(traces: Any) -> list[tuple[str, Trace]]:
    if isinstance(traces, Trace):
        traces = [traces]
    if not isinstance(traces, Iterable):
        raise InvalidInputError(
            "traces", f"{traces!r} is not a list of traces", "Pass results of dk.descend."
        )
    pairs = (
        list(traces.items())
        if isinstance(traces, Mapping)
        else [(getattr(t, "rule", ""), t) for t in traces]
    )
    for label, trace in pairs:
        if not isinstance(trace, Trace):
            raise InvalidInputError(
                "traces", f"{label or trace!r} is not a Trace", "Pass results of dk.descend."
            )
    return pairs


def _looks(rules: Sequence[str]) -> list[tuple[str, str, str]]:
    spare = [look for look in _LOOKS.values() if look not in [_LOOKS.get(r) for r in rules]]
    found: list[tuple[str, str, str]] = []
    for rule in rules:
        look = _LOOKS.get(rule, spare[0] if spare else ("black", "-", "."))
        if look in found and spare:
            look = spare.pop(0)
            while look in found and spare:
                look = spare.pop(0)
        found.append(look)
    return found


def _frame(
    points: np.ndarray, xlim: tuple[float, float] | None, ylim: tuple[float, float] | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.15 * max(float((high - low).max()), 1e-3 * float(np.abs(points).max()), 1e-6)
    if float((high - low).max()) == 0:
        pad = max(1.0, float(np.abs(points).max()))
    # A run along an axis would give a flat picture: the shorter side is at least half the longer.
    half = (high - low) / 2 + pad
    half = np.maximum(half, half.max() / 2)
    centre = (low + high) / 2
    sides = [(float(c - h), float(c + h)) for c, h in zip(centre, half, strict=True)]
    return xlim or sides[0], ylim or sides[1]
