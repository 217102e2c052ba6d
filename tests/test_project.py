"""What the project says of itself is true: versions, pins, the map of the house."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import danskin

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {c["id"]: c for c in PYPROJECT["tool"]["importlinter"]["contracts"]}
LAYERS = CONTRACTS["layers"]["layers"][::-1]  # low to high, as people read it
PYTHONS = sorted(
    match[1]
    for classifier in PYPROJECT["project"]["classifiers"]
    if (match := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier))
)


def table(path: str) -> list[str]:
    """The first column of the layer table of a page, low to high."""
    return re.findall(r"^\| `(\(?\w+\)?)` \|", (ROOT / path).read_text(), flags=re.MULTILINE)


def pins(python: str) -> dict[str, str]:
    text = (ROOT / "constraints" / f"py{python.replace('.', '')}.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[a-z0-9.]+", line) for line in lines)
    return dict(line.split("==") for line in lines)


def test_one_version():
    assert danskin.__version__ == PYPROJECT["project"]["version"]
    assert f"\nversion: {danskin.__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_pinned_within_its_range(python):
    pinned = pins(python)
    project = PYPROJECT["project"]
    texts = sum(project["optional-dependencies"].values(), project["dependencies"])
    for requirement in map(Requirement, texts):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_the_pages_and_the_contract_give_the_same_layers():
    assert table("docs/architecture.md") == LAYERS
    on_the_map = table("CONTRIBUTING.md")
    assert on_the_map == [bare for layer in LAYERS if (bare := layer.strip("()")) in on_the_map]
    assert {layer for layer in LAYERS if not layer.startswith("(")} <= set(on_the_map)


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if not layer.startswith("(")])
def test_layer_exists_and_says_its_idea(layer):
    assert importlib.import_module(f"danskin.{layer}").__doc__


def test_import_contracts_hold():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bridge_stands_aside():
    """danskin.torch sees minnorm and errors only, and only the front ends see danskin.torch."""
    graph = grimp.build_graph("danskin", cache_dir=None)
    bridge = {m for m in graph.modules if m.split(".")[1:2] == ["torch"]}
    seen = {m for b in bridge for m in graph.find_modules_directly_imported_by(b)} - bridge
    seeing = {m for b in bridge for m in graph.find_modules_that_directly_import(b)} - bridge
    assert {m.split(".")[1] for m in seen} <= {"minnorm", "errors"}
    assert {m.split(".")[1] for m in seeing} <= {"cli", "experiments", "explorer"}
