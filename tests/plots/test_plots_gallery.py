"""The gallery: the page shows the code that made its pictures, and that code runs as shown."""

import importlib.util
import re
import runpy
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

mpl.use("Agg")
from danskin import plots

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "gallery.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"!\[.*?\]\((figures/.*?)\)", PAGE)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What `make docs` writes now."""
    spec = importlib.util.spec_from_file_location("make_figures", DOCS / "make_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FOLDER = tmp_path_factory.mktemp("docs") / "figures"
    module.main()
    assert not plots.plt.get_fignums()
    return module.FOLDER.parent


def test_the_page_is_up_to_date(made):
    assert (made / "gallery.md").read_text(encoding="utf-8") == PAGE, "run: make docs"


def test_every_picture_is_shown_and_every_public_plot_is_there():
    drawn = {p.relative_to(DOCS).as_posix() for p in (DOCS / "figures").glob("gallery-*.png")}
    assert drawn == set(SHOWN)
    assert len(SHOWN) == len(set(SHOWN))
    used = set(re.findall(r"plots\.(plot_\w+)\(", PAGE))
    assert used | {"plot_certificate"} == {n for n in plots.__all__ if n.startswith("plot_")}


@pytest.mark.parametrize("name", [*SHOWN, "figures/readme.png"])
def test_the_pictures_are_up_to_date_and_small(made, name):
    """Other releases of matplotlib may set a letter a pixel aside; another picture differs more."""
    kept, new = (
        np.asarray(Image.open(at / name).convert("RGB"), dtype=float) for at in (DOCS, made)
    )
    assert kept.shape == new.shape, "run: make docs"
    assert np.abs(kept - new).mean() < 2, "run: make docs"
    assert (DOCS / name).stat().st_size < 100_000


def test_the_code_runs_as_it_is_shown(tmp_path):
    setup, *blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    parts = [setup, "pictures = []"]
    for block in blocks:
        *before, last = re.split(r"\n(?=\S)", block.strip())
        parts += [*before, f"pictures.append({last})"]
    script = tmp_path / "gallery.py"
    script.write_text("\n".join(parts), encoding="utf-8")
    found = runpy.run_path(str(script))["pictures"]
    assert len(found) == len(SHOWN)
    assert all(isinstance(ax, plots.Axes) for ax in found)
    plots.plt.close("all")
