"""Make gallery.md and all pictures of the docs and of README.md anew: ``make docs``.

The gallery's text is copied from `gallery.py`, whose functions are run here: the code that is shown
is the code that made the picture. The same packages write the same bytes.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from danskin.descent import descend
from danskin.maximizers import maximizers
from danskin.objective import MinMaxObjective
from danskin.plots import Axes, plot_derivative, plot_landscape, plt
from danskin.sets import Interval

HERE = Path(__file__).parent
FOLDER = HERE / "figures"

_HEAD = """\
# Gallery

What `danskin.plots` draws. Each function takes results, draws on the `ax` it is given or on a new
figure, and returns it. One meaning has one colour throughout, doubled by a marker, a line style or
a hatch. Where maximizers were found by a search, or phi was sampled, the picture says so.

This page and its pictures are made by `make docs` from [gallery.py](gallery.py). All code starts
with

```python
{setup}
```
"""
_ENTRY = """
## {title}

![{title}](figures/gallery-{name}.png)

{text}

```python
{code}
```
"""


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


# --- the gallery ---------------------------------------------------------------------------------


def load_gallery() -> ModuleType:
    """Import gallery.py, which lies beside this file and in no package."""
    spec = importlib.util.spec_from_file_location("danskin_gallery", HERE / "gallery.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(HERE / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # inspect looks there for the source
    spec.loader.exec_module(module)
    return module


def pictures(gallery: ModuleType) -> dict[str, Callable[[], Axes]]:
    """Return the gallery's functions by name, in the order of the file."""
    return {
        name: function
        for name, function in vars(gallery).items()
        if inspect.isfunction(function) and function.__module__ == gallery.__name__
    }


def page(gallery: ModuleType) -> str:
    """Return gallery.md: headings and texts from the docstrings, code from the bodies."""
    source = inspect.getsource(gallery)
    after = source.index('"""\n', source.index('"""') + 3) + 4
    setup = source[after : source.index("# --- the pictures")]
    dropped = r"^(# .*|from __future__.*|from danskin\.plots import Axes)\n"
    setup = re.sub(r"\n{3,}", "\n\n", re.sub(dropped, "", setup, flags=re.MULTILINE)).strip()
    text = _HEAD.format(setup=setup)
    for name, function in pictures(gallery).items():
        title, _, rest = inspect.cleandoc(function.__doc__ or "").partition("\n")
        text += _ENTRY.format(
            title=title.rstrip("."), name=_slug(name), text=rest.strip(), code=_body(function)
        )
    return text


def _body(function: Callable[[], Axes]) -> str:
    """Return what a function does, as lines of a script: its last line loses the `return`."""
    _, _, body = inspect.getsource(function).split('"""', 2)
    lines = re.sub(r"  # fmt: skip$", "", textwrap.dedent(body).strip(), flags=re.MULTILINE)
    return re.sub(r"^return ", "", lines, flags=re.MULTILINE)


def _slug(name: str) -> str:
    return name.replace("_", "-")


def main() -> None:
    """Write every picture into docs/figures, and docs/gallery.md."""
    FOLDER.mkdir(exist_ok=True)
    with mpl.rc_context({"font.size": 12.5, "savefig.dpi": 150}):
        _save(readme(), FOLDER / "readme.png")
    gallery = load_gallery()
    with mpl.rc_context({"savefig.dpi": 110}):
        for name, draw in pictures(gallery).items():
            figure = draw().figure
            _save(figure, FOLDER / f"gallery-{_slug(name)}.png")
            plt.close(figure)
    (FOLDER.parent / "gallery.md").write_text(page(gallery), encoding="utf-8")


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG of 128 colours (half the bytes), without the version of what made it."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main()
