"""Compilation: no writable cache, no compilation at all, and what an import loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from danskin.minnorm import min_norm_point, min_norm_weights
from danskin.minnorm.gram import gram_twofold
from danskin.minnorm.scaling import check_gradients

GRADIENTS = [[1.0, 2.0, 0.5], [0.3, -1.1, 1.0], [1e-9, 1.7, 3.0]]
HARD = [[1.0, 1e-9], [-1.0, 1e-9]]
ASK = f"""
import numpy as np
from danskin.minnorm import min_norm_point, min_norm_weights
from danskin.minnorm.gram import gram_twofold
from danskin.minnorm.scaling import check_gradients
g = np.array({GRADIENTS})
print(min_norm_weights(g @ g.T).weights.tolist())
print(min_norm_point(g).weights.tolist())
hard = min_norm_point({HARD})
print(hard.method, hard.norm, hard.lower_bound)
print(gram_twofold(check_gradients(g))[1].tolist())
"""
# What a read-only installation looks like to numba: no folder for the cache can be made.
READ_ONLY = """
from numba.core import caching
def refuse(self):
    raise OSError("read-only file system")
caching._CacheLocator.ensure_cache_path = refuse
"""


def fresh(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def expected() -> str:
    g = np.array(GRADIENTS)
    hard = min_norm_point(HARD)
    return (
        f"{min_norm_weights(g @ g.T).weights.tolist()}\n{min_norm_point(g).weights.tolist()}\n"
        f"{hard.method} {hard.norm} {hard.lower_bound}\n"
        f"{gram_twofold(check_gradients(g))[1].tolist()}\n"
    )


def test_without_compilation_the_very_same_numbers():
    """Machine fused multiply-add against exact rational arithmetic, bit for bit."""
    assert fresh(ASK, NUMBA_DISABLE_JIT="1") == expected()


@pytest.mark.slow
def test_a_read_only_installation_compiles_anew(tmp_path):
    caches = "\nfrom danskin.minnorm.wolfe import small_gram\nprint(small_gram._cache.cache_path)"
    assert fresh(READ_ONLY + ASK + caches) == expected() + "None\n"


@pytest.mark.slow
def test_the_cache_is_used(tmp_path):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert fresh(ASK, **cache) == expected()
    written = {path: path.stat().st_mtime_ns for path in Path(tmp_path).rglob("*.nb?")}
    assert written
    assert fresh(ASK, **cache) == expected()
    assert written == {path: path.stat().st_mtime_ns for path in Path(tmp_path).rglob("*.nb?")}


def test_importing_danskin_loads_no_compiler():
    code = "import sys, danskin; print([m for m in ('numba', 'llvmlite') if m in sys.modules])"
    assert fresh(code) == "[]\n"
