"""Make the pictures of README.md and the docs anew: ``.venv/bin/python docs/make_figures.py``."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from danskin.descent import descend
from danskin.maximizers import maximizers
from danskin.objective import MinMaxObjective
from danskin.plots import plot_derivative, plot_landscape
from danskin.sets import Interval

FOLDER = Path(__file__).parent / "figures"


def readme() -> Figure:
    """Orabona's example: D in every direction at (1/2, 0), and two runs from (1, 0).

    Both runs see all maximizers and take steps of the same length, ``0.5/sqrt(k)``; one follows the
    gradient at a maximizer drawn at random, the other the steepest direction.
    """
    f = MinMaxObjective.from_expression(
        "delta*(theta1**2 + (theta2+1)**2) + (1-delta)*(theta1**2 + (theta2-1)**2)",
        theta=["theta1", "theta2"],
        delta=["delta"],
        domain=Interval(0, 1),
    )
    figure = Figure(figsize=(10.5, 5.4))
    heading = {"ha": "center", "fontsize": "large"}
    left = figure.add_axes((0.04, 0.225, 0.42, 0.62), projection="polar")
    plot_derivative(maximizers(f, ["1/2", 0]), left)
    left.set_title("")
    figure.text(0.25, 0.945, "At θ = (½, 0) both single gradients point uphill", **heading)
    rng = np.random.default_rng(3)
    options = {"steps": 25, "step_size": "0.5/sqrt(k)"}
    runs = {
        "one maximizer's gradient": descend(
            f, [1, 0], rule="normalized_single", rng=rng, **options
        ),
        "steepest direction (DDi)": descend(f, [1, 0], rule="ddi", **options),
    }
    right = figure.add_axes((0.555, 0.225, 0.43, 0.62))
    plot_landscape(f, runs, right, xlim=(-0.3, 1.15), ylim=(-0.5, 0.45))
    right.set_title("")
    figure.text(0.77, 0.945, "Descent from (1, 0), on the contours of φ", **heading)
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False)
    return figure


def main() -> None:
    """Write every picture into docs/figures."""
    FOLDER.mkdir(exist_ok=True)
    with mpl.rc_context({"font.size": 12.5, "savefig.dpi": 150}):
        _save(readme(), FOLDER / "readme.png")


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG of 128 colours (half the bytes), without the version of what made it."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main()
