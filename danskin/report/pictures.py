"""The report's pictures, drawn anew from the registered objectives."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np

from danskin import plots
from danskin.counterexamples import ORABONA, Counterexample, obtuse_pair
from danskin.descent import ProjectedAscent, descend

__all__ = ["Picture", "default_pictures"]

#: Of random sets of gradients in the picture of the price.
_SETS = 300


@dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Attributes
    ----------
    svg : bytes
    title, caption : str
        The caption says in words what the picture shows; LaTeX between dollar signs.
    """

    svg: bytes
    title: str
    caption: str

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode()


@cache
def default_pictures() -> tuple[Picture, ...]:
    """Draw counterexample 2 twice, section 5.2's runs, and the price of one adversary."""
    pair = obtuse_pair()
    return (
        Picture(
            _svg(plots.plot_derivative(pair.maximizer_set())),
            "Counterexample 2: no single gradient descends",
            r"The directional derivative $D(0; \gamma)$ in every direction $\gamma$ of the plane. "
            r"Inside the dashed circle a direction descends. Minus the gradient at either "
            r"maximizer (squares) lies outside: both go uphill. The steepest direction of "
            r"Theorem 2 (disc) goes down.",
        ),
        Picture(
            _svg(_envelope(pair)),
            "Counterexample 2: why minus a gradient goes uphill",
            r"Along $-u$, minus the gradient at one maximizer, that maximizer's own "
            r"$g(\cdot, \delta)$ falls; the other's rises, and $\varphi$, the largest of all, with "
            r"it. The slopes at $t = 0$ are those of Danskin's theorem, one for each side.",
        ),
        Picture(
            _svg(_landscape()),
            "Section 5.2 (Figure 1a): two ways down from the same point",
            r"Contours of $\varphi$ and two runs with steps of the same length $1/(2\sqrt{k})$, "
            r"the inner maximization by 10 steps of projected ascent. Following one example "
            r"crosses the kink $\theta_2 = 0$ back and forth; the steepest direction from ten "
            r"examples stays on it.",
        ),
        Picture(
            _svg(_price()),
            "Ours: the price of one adversary",
            rf"{_SETS} random sets of unit gradients: how far uphill the worst single gradient "
            r"points, against the min norm $\rho$ of their hull. None lies above "
            r"$1 - 2\rho^2$ (this is what the proof says; the points only illustrate it), "
            r"and counterexample 2 lies on it.",
        ),
    )


def _panel() -> plots.Axes:
    """Return axes in a figure as large as that of the first picture."""
    return plots.plt.figure(figsize=(5, 5.8)).add_axes((0.15, 0.25, 0.82, 0.66))


def _below(ax: plots.Axes, gap: float) -> plots.Axes:
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -gap), ncols=2, frameon=False)
    return ax


def _envelope(pair: Counterexample) -> plots.Axes:
    along = pair.derivative("-u").direction
    ax = plots.plot_envelope(
        pair.objective, pair.maximizer_set(), along, _panel(), radius=0.5, curves=5
    )
    ax.set_title("φ along −u, and its one-sided slopes")
    return _below(ax, 0.13)


def _landscape() -> plots.Axes:
    f = ORABONA.formula
    options = {"steps": 25, "step_size": "0.5/sqrt(k)"}
    rng = np.random.default_rng
    one, ten = ProjectedAscent(restarts=1), ProjectedAscent(restarts=10)
    runs = {
        "one example": descend(
            f, [1, 0], rule="normalized_single", adversary=one, rng=rng(0), **options
        ),
        "DDi with 10 examples": descend(
            f, [1, 0], rule="ddi", adversary=ten, rng=rng(0), **options
        ),
    }
    ax = plots.plot_landscape(f, runs, _panel(), xlim=(-0.45, 1.15), ylim=(-0.6, 0.6))
    ax.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")
    return _below(ax, 0.13)


def _price() -> plots.Axes:
    stars = [obtuse_pair(cosine=c).maximizer_set().gradients for c in ("-9/10", "-1/2", "-1/10")]
    sets = plots.random_gradients(np.random.default_rng(0), _SETS)
    return _below(plots.plot_price(sets, _panel(), marked={"counterexample 2": stars}), 0.13)


def _svg(ax: plots.Axes) -> bytes:
    """Save a picture's figure and close it: pyplot would keep it otherwise."""
    figure = cast("plots.Figure", ax.figure)
    buffer = io.BytesIO()
    # Names of parts from a fixed seed: the same report is the same file.
    with plots.plt.rc_context({"svg.hashsalt": "danskin"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    plots.plt.close(figure)
    return buffer.getvalue()
