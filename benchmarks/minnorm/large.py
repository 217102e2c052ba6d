"""Many gradients: milliseconds of one call, ours and the peers', interleaved on one core."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import danskin as dk
from benchmarks.minnorm import families
from benchmarks.minnorm.families import Family
from benchmarks.minnorm.peers import PEERS, given
from benchmarks.minnorm.timing import interleaved, milliseconds
from benchmarks.recording import table

OURS = "**danskin** `min_norm_weights`"
NAMES = ("DAQP", "quadprog", "PIQP", "ProxQP", "nnls on R")
#: The one peer that does not take the Gram matrix.
FACTOR = "nnls on R"
#: Rows per dimension: n = m // 2 puts 0 near the boundary of the hull.
CASES: tuple[tuple[Family, float], ...] = (
    (families.iid, 2.0),
    (families.common_mean, 2.0),
    (families.large_common_mean, 2.0),
    (families.lengths_to_1e4, 2.0),
    (families.columns_over_twelve_decades, 2.0),
    (families.nearly_stationary, 2.0),
    (families.planted_support, 2.0),
    (families.duplicates, 2.0),
    (families.rank_deficient, 2.0),
    (families.stationary, 2.0),
    (families.iid, 0.75),
    (families.iid, 0.5),
)
# A relative duality gap above this, and above what rounding the weights explains, is no solution.
WRONG = 1e-6
# Seconds of processor time after which a peer is not waited for.
LIMIT = 2.0
# Seconds that each solver has to itself in a round.
SHARE = 1e-2


def run(quick: bool = False) -> tuple[str, dict[str, Any]]:
    """Return the tables and their data."""
    text = [
        "### Many gradients: milliseconds of one call\n",
        "Gram matrix given, except that nnls gets the triangular factor R of the gradients, whose "
        "cost is not counted. Each cell: median processor time of interleaved runs (each of ten "
        "milliseconds or one call), one thread; "
        f"`!` where the weights' relative duality gap exceeds {WRONG:.0e} and ten times what "
        f"rounding explains; such a peer is never the best; `> {LIMIT:.0f} s` where it was "
        "stopped there. Peers *prepared*; ours with validation and certificate. Clarabel, OSQP, "
        "cvxpy, MGDA and the paper's solver are left out: slower still.\n",
    ]
    data: dict[str, Any] = {}
    shown = [peer for peer in PEERS if peer.name in NAMES]
    for m in (200,) if quick else (200, 1000):
        rows: list[list[str]] = []
        for family, aspect in CASES:
            name = f"{family.__name__}, n = {int(aspect * m)}"
            print(f"  m = {m}, {name}", file=sys.stderr)
            gradients = family(np.random.default_rng(m), m, int(aspect * m))
            gram = gradients @ gradients.T
            calls: dict[str, Any] = {OURS: lambda gram=gram: dk.min_norm_weights(gram)}
            result = dk.min_norm_weights(gram)
            wrong = {OURS: _wrong(gram, result.weights)}
            for peer in shown:
                matrix, solve = given(peer, gradients), peer.prepare(m)
                if _ends(lambda solve=solve, matrix=matrix: solve(matrix)):
                    calls[peer.name] = lambda solve=solve, matrix=matrix: solve(matrix)
                    wrong[peer.name] = _wrong(gram, solve(matrix)[0])
            times = interleaved(
                calls,
                seconds=0.3 if quick else 1.5,
                least=3,
                share=SHARE,
                clock=time.process_time,
            )
            entry = _compared(times, wrong)
            data[f"m={m}, {name}"] = {**entry, "status": result.status}
            cells = [_cell(times.get(k), wrong.get(k)) for k in (OURS, *NAMES)]
            ratios = [_ratio(entry[k]) for k in ("best_on_gram_over_ours", "factor_over_ours")]
            rows.append([name, *cells, *ratios])
        text.append(f"**m = {m}**\n")
        columns = ["family", OURS, *NAMES, "best on G / ours", "nnls / ours"]
        text.append(table(columns, rows))
    text.append(_verdict(data))
    return "\n".join(text), data


def _ends(call: Callable[[], Any]) -> bool:
    """Whether it ends within the limit: tried in a child process, which can be stopped."""
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_PROF, LIMIT)  # its signal ends the process
        try:
            call()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _wrong(gram: np.ndarray, weights: np.ndarray) -> bool:
    """Whether the weights, made feasible, miss the optimum by more than rounding explains."""
    feasible = np.maximum(weights, 0.0)
    feasible /= max(float(feasible.sum()), 1e-300)
    w = gram @ feasible
    square = float(feasible @ w)
    rounding = len(gram) * 2.0**-52 * float(gram.diagonal().max())
    return square - float(w.min()) > max(WRONG * square, 10 * rounding)


def _compared(times: dict[str, float], wrong: dict[str, bool]) -> dict[str, Any]:
    right = {name: seconds for name, seconds in times.items() if not wrong[name]}
    on_gram = [right[name] for name in NAMES if name in right and name != FACTOR]
    return {
        "seconds": times,
        "wrong": wrong,
        "best_on_gram_over_ours": min(on_gram) / times[OURS] if on_gram else None,
        "factor_over_ours": right[FACTOR] / times[OURS] if FACTOR in right else None,
    }


def _cell(seconds: float | None, wrong: bool | None) -> str:
    if seconds is None:
        return f"> {LIMIT:.0f} s"
    return milliseconds(seconds) + (" !" if wrong else "")


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _verdict(data: dict[str, Any]) -> str:
    """Compare with what was asked, reached or not."""
    either = ("best_on_gram_over_ours", "factor_over_ours")
    below = [
        f"{name}: {min(ratios):.2f}"
        for name, entry in data.items()
        if (ratios := [entry[k] for k in either if entry[k] is not None]) and min(ratios) < 1.0
    ]
    lines = [
        "Asked: faster than the best peer in every family; 2 times on iid gradients, 50 times on "
        "gradients with a large common part.\n",
        f"- slower than a peer that is right: {'; '.join(below) or 'nowhere'}",
    ]
    for part, factor in ((": iid, n = ", 2), (": large_common_mean", 50)):
        measured = {name.replace(", ", ": ", 1): entry for name, entry in data.items()}
        found = [
            f"{name}: {entry[either[0]]:.1f} ({_ratio(entry[either[1]])} against nnls)"
            for name, entry in measured.items()
            if part in name and entry[either[0]] is not None
        ]
        lines.append(f"- asked {factor} times: {'; '.join(found)}")
    lines.append(
        "\nA large common part makes the answer sparse: the solve takes some ten microseconds, and "
        "what remains is one look at every entry (is it finite, symmetric, a possible inner "
        "product?), the certificate and the Python call. nnls looks at nothing, and R is free. "
        "With n near m/2 iid gradients have 0 on the boundary of their hull or close to it; block "
        "pivoting then cycles, or its matrices are singular, and Wolfe's method takes over, which "
        "is slower and has a guarantee."
    )
    return "\n".join(lines) + "\n"
