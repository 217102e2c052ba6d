"""Where measured tables go: one named section of ``benchmarks/README.md``, and one JSON file.

Every benchmark writes its own section and leaves the others alone, so that a table always says on
which machine and with which versions it was measured, whatever was measured again since.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE / "README.md"
RESULTS = HERE / "results"


def machine(packages: Iterable[str] = ()) -> dict[str, Any]:
    """Say what the figures were measured on: processor, cores, Python, package versions."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in ("numpy", "numba", *packages)},
    }


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def record(name: str, markdown: str, data: dict[str, Any], packages: Iterable[str] = ()) -> None:
    """Replace the section `name` of the README by `markdown`, and write ``results/name.json``.

    The section lies between two comments, ``<!-- name: begin -->`` and ``<!-- name: end -->``; a
    missing one is added at the end.
    """
    about = machine(packages)
    versions = ", ".join(f"{k} {v}" for k, v in about["packages"].items())
    footer = (
        f"Measured on {about['cores']} core(s) of a shared machine ({about['processor']}), "
        f"Python {about['python']}, {versions}.\n"
    )
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n{markdown.strip()}\n\n{footer}{end}"
    text = README.read_text() if README.exists() else "# Benchmarks\n"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), flags=re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section, text)
    else:
        text = text.rstrip() + "\n\n" + section + "\n"
    README.write_text(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": about, **data}, indent=1) + "\n")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.machine()
