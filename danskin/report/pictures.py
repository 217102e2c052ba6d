"""The report's two pictures, drawn anew from the registered objectives."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np

from danskin import plots
from danskin.counterexamples import ORABONA, obtuse_pair
from danskin.descent import Trace, descend
from danskin.maximizers import maximizers
from danskin.objective import MinMaxObjective

__all__ = ["Picture", "default_pictures"]


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
    """Draw counterexample 2 from every direction, and Orabona's landscape with two runs."""
    pair = obtuse_pair()
    S = maximizers(pair.objective, list(pair.theta0))
    f = ORABONA.formula
    options = {"steps": 25, "step_size": "0.5/sqrt(k)"}
    rng = np.random.default_rng(3)
    runs = {
        "one maximizer's gradient": descend(
            f, [1, 0], rule="normalized_single", rng=rng, **options
        ),
        "steepest direction (DDi)": descend(f, [1, 0], rule="ddi", **options),
    }
    return (
        Picture(
            _svg(plots.plot_derivative(S)),
            "Counterexample 2: no single gradient descends",
            r"The directional derivative $D(0; \gamma)$ in every direction $\gamma$ of the plane. "
            r"Inside the dashed circle a direction descends. Minus the gradient at either "
            r"maximizer (squares) lies outside: both go uphill. The steepest direction of "
            r"Theorem 2 (disc) goes down.",
        ),
        Picture(
            _svg(_landscape(f, runs)),
            "Section 5.2: two ways down from the same point",
            r"Contours of $\varphi$ and two runs with steps of the same length $1/(2\sqrt{k})$. "
            r"Following one maximizer's gradient crosses the kink $\theta_2 = 0$ back and forth; "
            r"the steepest direction stays on it.",
        ),
    )


def _landscape(f: MinMaxObjective, runs: Mapping[str, Trace]) -> plots.Axes:
    """Draw the landscape in a figure as large as the other one."""
    ax = plots.plt.figure(figsize=(5, 5.8)).add_axes((0.13, 0.22, 0.84, 0.65))
    plots.plot_landscape(f, runs, ax, xlim=(-0.3, 1.15), ylim=(-0.55, 0.55))
    ax.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)
    return ax


def _svg(ax: plots.Axes) -> bytes:
    """Save a picture's figure and close it: pyplot would keep it otherwise."""
    figure = cast("plots.Figure", ax.figure)
    buffer = io.BytesIO()
    # Names of parts from a fixed seed: the same report is the same file.
    with plots.plt.rc_context({"svg.hashsalt": "danskin"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    plots.plt.close(figure)
    return buffer.getvalue()
