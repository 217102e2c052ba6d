"""`import danskin` is cheap: nothing heavy is loaded before it is used."""

import json
import subprocess
import sys

HEAVY = {"cvxpy", "flint", "matplotlib", "numba", "scipy", "sympy", "torch", "z3"}
SECONDS = 0.3

PROBE = """
import json, sys, time
start = time.perf_counter()
import danskin
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "modules": sorted({m.split(".")[0] for m in sys.modules})}))
"""


def import_danskin() -> dict:
    """Import danskin in a fresh process, as a user's script would."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], check=True, capture_output=True, text=True, timeout=120
    )
    return json.loads(done.stdout)


def test_no_heavy_module_is_loaded():
    assert HEAVY.isdisjoint(import_danskin()["modules"])


def test_import_is_fast():
    """Everything counts, NumPy too if it is loaded. One run under the limit is enough, since the
    machine can make a run slower but not faster.
    """
    seconds = []
    while len(seconds) < 8 and min(seconds, default=SECONDS) >= SECONDS:
        seconds.append(import_danskin()["seconds"])
    assert min(seconds) < SECONDS


def test_public_functions_win_over_their_modules():
    """`dk.maximizers` is the function even where its module was imported first."""
    code = (
        "import danskin as dk, danskin.direction; dk.steepest_descent; "
        "import danskin.maximizers; from danskin.maximizers import MaximizerSet; "
        "assert callable(dk.maximizers) and dk.maximizers.__name__ == 'maximizers'; "
        "assert all(getattr(dk, n) is not None for n in dk.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
