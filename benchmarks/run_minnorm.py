"""Measure the min-norm engine beside its peers: ``make bench``, or name the parts to measure.

One core, one thread, nothing tuned by the environment: the process starts itself again with that
environment, and every part writes its own section of ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from pathlib import Path

PARTS = ("small", "accuracy", "large", "product", "torch_batch")
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def main() -> None:
    """Run the parts asked for and record them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--quick", action="store_true", help="a trial run: prints, records nothing")
    asked = parser.parse_args()
    from benchmarks.minnorm.peers import PACKAGES
    from benchmarks.recording import record

    for part in asked.parts or PARTS:
        name = f"benchmarks.minnorm.{part}"
        if importlib.util.find_spec(name) is None:
            continue
        print(f"measuring {part}", file=sys.stderr)
        markdown, data = importlib.import_module(name).run(quick=asked.quick)
        print(markdown)
        if not asked.quick:
            record(f"minnorm-{part}", markdown, data, PACKAGES)


def _alone() -> None:
    """Start again with one thread and on one core."""
    wanted = {**os.environ, **ENVIRONMENT, "DANSKIN_BENCH": "1"}
    for name in UNSET:
        wanted.pop(name, None)
    root = str(Path(__file__).parent.parent)
    wanted["PYTHONPATH"] = root + os.pathsep + wanted.get("PYTHONPATH", "")
    os.execve(sys.executable, [sys.executable, __file__, *sys.argv[1:]], wanted)


if __name__ == "__main__":
    if os.environ.get("DANSKIN_BENCH") != "1":
        _alone()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    main()
