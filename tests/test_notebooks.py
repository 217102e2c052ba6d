"""Every notebook runs from top to bottom, and is the same as its text.

The ``.py`` in percent format is the one to edit; ``jupytext --update --to ipynb`` makes the other.
"""

import asyncio
import os
import re
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 120  # a cell


def named(notebooks):
    return pytest.mark.parametrize("path", notebooks, ids=lambda p: p.stem)


def test_there_are_notebooks():
    assert (ROOT / "notebooks" / "01_quickstart.ipynb") in NOTEBOOKS


def execute(path: Path):
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(ROOT)}},  # where the kernel starts
    )
    # The kernel draws inline, as for a reader, whatever the tests' own backend is.
    env = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    asyncio.run(client.async_execute(env=env))
    return notebook


@pytest.fixture(scope="module")
def executed():
    """Notebooks after a run, each run once."""
    done: dict = {}

    def run(path: Path):
        if path not in done:
            done[path] = execute(path)
        return done[path]

    return run


@named(NOTEBOOKS)
def test_every_cell_runs(path, executed):
    """A failing cell raises CellExecutionError with its traceback; a warning is a defect too."""
    for cell in executed(path).cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text


@named(NOTEBOOKS)
def test_is_kept_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@named(NOTEBOOKS)
def test_agrees_with_its_text(path):
    def cells(notebook):
        return [(c.cell_type, c.source) for c in notebook.cells]

    text = jupytext.read(path.with_suffix(".py"))
    assert cells(nbformat.read(path, as_version=4)) == cells(text)


def test_no_text_without_its_notebook():
    texts = sorted((ROOT / "notebooks").glob("*.py"))
    assert [t.with_suffix(".ipynb") for t in texts] == NOTEBOOKS


def test_the_quickstart_shows_what_it_says(executed):
    """Ten cells of code; single gradients up, the steepest direction down, three pictures."""
    notebook = executed(ROOT / "notebooks" / "01_quickstart.ipynb")
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert len(code) == 10
    outputs = [o for c in code for o in c.outputs]
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    assert printed.count("D = 3*sqrt(5)/5") == 2
    assert "Steepest descent at rate -1 (exactly -1), over all maximizers." in printed
    assert "a two-sided derivative exists: refuted" in printed
    assert re.search(r"one gradient +step .* changes by \+", printed)
    assert re.search(r"step-aware +step .* changes by -", printed)
    assert sum("image/png" in o.get("data", {}) for o in outputs) == 3


def test_the_batch_notebook_shows_what_it_says(executed):
    """The coupled promise refuted, the product's direction proved, the audit's sentence."""
    notebook = executed(ROOT / "notebooks" / "08_batches_to_cifar.ipynb")
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    assert "Steepest descent at rate -1, over all maximizers." in printed
    assert "D(theta; gamma) = 1, the maximum over all maximizers." in printed
    assert printed.count("DescentProof(proved") == printed.count("DescentProof(refuted") == 1
    counted = re.findall(r"uphill or nothing in ([\d.]+), exactly ([\d.]+)", printed)
    assert len(counted) == 4
    for share, exactly in counted:
        assert float(share) == pytest.approx(float(exactly), abs=0.1)  # four standard errors
    norms = dict(re.findall(r"^(single|coupled|product) +norm ([\d.]+)", printed, re.MULTILINE))
    assert float(norms["product"]) <= float(norms["coupled"])
    assert "not about a whole training" in printed
    assert sum("image/png" in o.get("data", {}) for o in outputs) == 2


def test_the_counterexamples_are_made_found_and_pictured(executed):
    """Everything that was ordered is proved; the kink of a formula is found and proved."""
    code = [
        c
        for c in executed(ROOT / "notebooks" / "02_counterexamples.ipynb").cells
        if c.cell_type == "code"
    ]
    outputs = [o for c in code for o in c.outputs]
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    assert printed.count("proved   D(-v") == 3
    assert len(re.findall(r"single:\d +a descent direction: refuted", printed)) == 3
    assert re.search(r"steepest +a descent direction: proved", printed)
    assert "not positive semidefinite" in printed
    assert "0 is in the hull" in printed
    assert "no obtuse partner" in printed
    assert "Proved: at theta = (0, 0)" in printed
    assert printed.count("Refuted: gamma is not a descent direction (phi rises along it)") == 2
    assert sum("image/png" in o.get("data", {}) for o in outputs) == 4
