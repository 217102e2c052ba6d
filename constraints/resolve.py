"""Write the constraints file of the Python that runs this script.

Run from the repository's root, by each supported Python in turn: ``make constraints
PYTHON=python3.12``. pip resolves every extra of the project for that Python without installing
anything, and the versions it chose are pinned. 3.11 and 3.13 resolve differently, hence one file
each.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Held by hand: a build without CUDA exists for this version; the newest one would bring gigabytes.
HELD = {"torch": "2.13.0"}

EXTRAS = "autoattack,bench,dev,explorer,notebooks,torch"

# They depend on the machine (CUDA libraries and their compiler), not on danskin.
PLATFORM = re.compile(r"^(nvidia-|cuda-|triton)")

HEADER = """\
# The versions that the tests run with on Python {version}, all extras included.
# Written by constraints/resolve.py on Linux x86-64; used by the Makefile as `pip install -c`.
"""


def resolve() -> dict[str, str]:
    """Ask pip which versions it would install."""
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder, "held.txt")
        held.write_text("".join(f"{name}=={version}\n" for name, version in HELD.items()))
        report = Path(folder, "report.json")
        options = ["--dry-run", "--ignore-installed", "--quiet", "--report", str(report)]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, "-c", str(held), f".[{EXTRAS}]"],
            check=True,
        )
        installed = json.loads(report.read_text())["install"]
    pins = {}
    for item in installed:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        if name != "danskin" and not PLATFORM.match(name):
            # A local version (2.13.0+cpu) exists on one machine only; the pin must fit everywhere.
            pins[name] = item["metadata"]["version"].split("+")[0]
    return pins


def main() -> None:
    """Resolve and write ``constraints/pyXY.txt``."""
    major, minor = sys.version_info[:2]
    path = Path(__file__).with_name(f"py{major}{minor}.txt")
    pins = resolve()
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    path.write_text(HEADER.format(version=f"{major}.{minor}") + "".join(lines))
    print(f"{path}: {len(pins)} packages")


if __name__ == "__main__":
    main()
