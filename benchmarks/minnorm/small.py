"""Few gradients: median time of one call, against every peer, interleaved on one core."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

import danskin as dk
from benchmarks.minnorm import families
from benchmarks.minnorm.peers import PEERS, given
from benchmarks.minnorm.timing import interleaved, microseconds, milliseconds
from benchmarks.recording import table
from danskin.minnorm.gram import gram_double, gram_twofold
from danskin.minnorm.scaling import check_gradients

SIZES = (2, 3, 5, 10, 20, 50)
N = 1000
COLD = """
import time, sys
import numpy as np
start = time.perf_counter()
import danskin
danskin.min_norm_weights
imported = time.perf_counter()
danskin.min_norm_weights(np.eye(3))
first = time.perf_counter()
danskin.min_norm_point([[1.0, 1e-9], [-1.0, 1e-9]])
print(imported - start, first - imported, time.perf_counter() - first)
"""


def run(quick: bool = False) -> tuple[str, dict[str, Any]]:
    """Return the tables and their data."""
    seconds = 0.3 if quick else 4.0
    text, data = ["### Few gradients: microseconds of one call\n"], {}
    text.append(
        "Gram matrix given (the factor R for nnls and cvxpy), n = 1000, medians of interleaved "
        "runs. *prepared*: the peer's constraints, bounds and settings lie ready, and only its "
        "solve is timed. *one shot*: they are built from the Gram matrix too, as in a function "
        "that takes nothing else; ours always is that, with validation and certificate. Peers "
        "run with the tolerances they ship with; DAQP regularises a singular matrix by itself, "
        "quadprog is given 1e-12 of the mean diagonal where it refuses one.\n"
    )
    for family in (families.iid, families.common_mean):
        columns: list[dict[str, float]] = []
        for m in SIZES:
            gradients = family(np.random.default_rng(m), m, N)
            columns.append(interleaved(_calls(gradients), seconds=seconds))
        names = list(columns[0])
        rows = [[name, *(microseconds(column[name]) for column in columns)] for name in names]
        text.append(f"**{family.__name__}**\n")
        text.append(table(["solver", *(f"m = {m}" for m in SIZES)], rows))
        data[family.__name__] = dict(zip(map(str, SIZES), columns, strict=True))
    text.append(_verdict(data))
    gram = gram_times(seconds)
    data["gram"] = gram
    text.append(
        f"**Gram matrix**, m = 10, n = 1e6: BLAS {milliseconds(gram['BLAS'])} ms, double-double "
        f"{milliseconds(gram['double-double'])} ms: {gram['double-double'] / gram['BLAS']:.1f} "
        "times (asked: 6).\n"
    )
    cold = cold_times()
    data["cold"] = cold
    text.append("**First calls in a fresh process**, seconds:\n")
    labels = ["import", "first `min_norm_weights`", "first hard `min_norm_point`"]
    text.append(
        table(
            ["numba's cache", *labels],
            [[name, *(f"{value:.2f}" for value in values)] for name, values in cold.items()],
        )
    )
    return "\n".join(text), data


def _calls(gradients: np.ndarray) -> dict[str, Any]:
    m = len(gradients)
    gram = gradients @ gradients.T
    calls: dict[str, Any] = {
        "**danskin** `min_norm_weights`": lambda: dk.min_norm_weights(gram),
        "**danskin** `min_norm_point` (from the gradients)": lambda: dk.min_norm_point(gradients),
    }
    for peer in PEERS:
        matrix, solve = given(peer, gradients), peer.prepare(m)
        calls[f"{peer.name}, prepared"] = lambda solve=solve, matrix=matrix: solve(matrix)
        if not peer.slow:
            calls[f"{peer.name}, one shot"] = lambda peer=peer, matrix=matrix: peer.prepare(m)(
                matrix
            )
    return calls


def _verdict(data: dict[str, Any]) -> str:
    """Compare with what was asked, reached or not."""
    ours = "**danskin** `min_norm_weights`"
    asked = [
        ("iid", 10, "DAQP", 3),
        ("iid", 2, "DAQP", 2),
        ("iid", 3, "DAQP", 2),
        ("iid", 10, "Clarabel", 50),
        ("iid", 10, "cvxpy + Clarabel", 1000),
    ]
    rows: list[list[object]] = []
    for family, m, name, factor in asked:
        column = data[family][str(m)]
        ratios = [
            f"{column[key] / column[ours]:.1f}" if (key := f"{name}, {way}") in column else "-"
            for way in ("one shot", "prepared")
        ]
        rows.append([f"{name}, m = {m}", f"{factor}", *ratios])
    time = data["iid"]["10"][ours]
    return (
        f"Asked at m = 10: 8 us or less; measured {microseconds(time)} us.\n\n"
        + table(["times faster than", "asked", "one shot", "prepared"], rows)
        + "\nWhere *prepared* falls short: DAQP's whole solve takes little more than the Python "
        "call itself then, and ours validates the matrix, certifies the weights in doubled "
        "precision and makes a result, which takes about 2 us from Python whatever m is.\n"
    )


def gram_times(seconds: float) -> dict[str, float]:
    """Time the Gram matrix of ten gradients of a million entries, both ways."""
    scaled = check_gradients(np.random.default_rng(0).standard_normal((10, 1_000_000)))
    points = scaled.points
    return interleaved(
        {
            "BLAS": lambda: points @ points.T,
            "BLAS, by blocks": lambda: gram_double(scaled),
            "double-double": lambda: gram_twofold(scaled),
        },
        seconds=seconds,
    )


def cold_times() -> dict[str, list[float]]:
    """Time a fresh process with an empty and with a filled cache."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "empty": _fresh(os.path.join(folder, "cache")),
            "filled": _fresh(os.path.join(folder, "cache")),
        }


def _fresh(cache: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", COLD],
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(value) for value in done.stdout.split()]
