"""The search as a whole: read the box, sweep, choose among the kinks, prove."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from danskin.counterexamples.search.branches import Phi
from danskin.counterexamples.search.exactly import exact_kink
from danskin.counterexamples.search.kinks import Kink
from danskin.counterexamples.search.result import (
    Coverage,
    FoundKink,
    FoundStep,
    Rate,
    SearchResult,
)
from danskin.counterexamples.search.steps import prove_increase
from danskin.counterexamples.search.sweep import Outcome, cells_per_axis, restored, sweep
from danskin.errors import InvalidInputError
from danskin.exact import exact_vector, sign, to_float
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.verdict import Verdict

__all__ = ["find_counterexamples", "read_box"]

_MOST_STARTS = 1_000_000
_MOST_KINKS = 8
_NUMERIC = "gradients sampled around the point, in floats; maximizers may be missing"


def find_counterexamples(
    f: MinMaxObjective | BatchObjective,
    box: Any,
    *,
    starts: int = 24,
    seed: int = 0,
    seconds: float | None = None,
    proof_seconds: float = 6.0,
    jobs: int = 1,
    backend: str | None = None,
    state: str | Path | None = None,
    tell: Callable[[int, int, int], None] | None = None,
) -> SearchResult:
    """Search a box of thetas for points where the corollary fails.

    Random segments are cut at the kinks of phi that they cross; from there the search walks along
    the kink to where gradients oppose each other. Points found in floats are then made exact, and
    proved, where the formulas allow it.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    box : n rows (lo, hi)
        Numbers or exact text, ``lo < hi``.
    starts : int
        Random starts.
    seed : int
        Every start depends on it and on its own index alone.
    seconds : float, optional
        The sweep stops after this time, if need be in the middle of a start. What is found then
        depends on the machine; without it, on the seed alone.
    proof_seconds : float
        Time for exact points and proofs, in all; 0 leaves everything numeric.
    jobs, backend : int and str, optional
        As joblib's `n_jobs` and backend: "loky", "dask", "ray", ...
    state : path, optional
        A JSON file that is written after every wave of starts, and resumed where it exists.
    tell : callable, optional
        Told (starts done, starts asked, kinks kept) after every wave.

    Returns
    -------
    SearchResult
        Its verdict is PROVED or UNDECIDED: a search that finds nothing shows nothing.

    Raises
    ------
    InvalidInputError
        Bad arguments; a state file of another search; g fails at every start.
    """
    if not isinstance(f, (MinMaxObjective, BatchObjective)):
        raise InvalidInputError("f", f"{f!r:.60} is not an objective", "Pass a MinMaxObjective.")
    sides = read_box(box, f.theta_dim)
    _check(starts, seed, seconds, proof_seconds, jobs)
    begun = time.monotonic()
    done = sweep(
        f, sides, seed=seed, starts=starts, seconds=seconds, jobs=jobs, backend=backend,
        state=None if state is None else Path(state), tell=tell,
    )  # fmt: skip
    failed = [o.error for o in done.values() if o.error is not None]
    if len(failed) == len(done):
        raise InvalidInputError("f", f"it failed at every start: {failed[0]}")
    kinks = _chosen(done, sides)
    deadline = time.monotonic() + proof_seconds
    steps = [FoundStep(**{**o.step, "verdict": Verdict.UNDECIDED}) for o in done.values() if o.step]
    step = min(steps, key=lambda s: s.step, default=None)
    if step is not None and proof_seconds > 0:
        step = prove_increase(f, step, proof_seconds / 4)
    found = _judged(f, kinks, sides, seed, deadline)
    return SearchResult(
        kinks=found,
        step=step,
        steps_seen=len(steps),
        coverage=_coverage(done, starts, len(sides)),
        box=tuple((float(a), float(b)) for a, b in sides),
        seed=seed,
        seconds=time.monotonic() - begun,
        notes=tuple(f"a start failed: {e}" for e in failed[:1]),
    )


def read_box(box: Any, n: int) -> np.ndarray:
    """Read n rows (lo, hi), (n, 2).

    Raises
    ------
    InvalidInputError
        Not n pairs of finite numbers with ``lo < hi``.
    """
    remedy = "Pass one pair [lo, hi] for each theta, such as [[-1, 1], [-1, 1]]."
    if isinstance(box, (str, bytes, dict, set)) or not hasattr(box, "__iter__"):
        raise InvalidInputError("box", f"{box!r:.60} is not a list of pairs", remedy)
    rows = list(box)
    if len(rows) != n:
        raise InvalidInputError("box", f"it has {len(rows)} pairs for {n} thetas", remedy)
    sides = []
    for i, row in enumerate(rows):
        lo, hi = exact_vector(row, f"box[{i}]", 2)
        if sign(hi - lo) != 1:
            raise InvalidInputError(
                f"box[{i}]", f"[{lo}, {hi}] is empty or a point", "Write lo < hi."
            )
        sides.append((to_float(lo), to_float(hi)))
    return np.array(sides)


def _check(starts: Any, seed: Any, seconds: Any, proof_seconds: Any, jobs: Any) -> None:
    for name, value, least in (("starts", starts, 1), ("seed", seed, 0)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < least or (name == "starts" and value > _MOST_STARTS):
            raise InvalidInputError(name, f"{value!r} is not an integer >= {least}", "Pass one.")
    limit = 0 if seconds is None else seconds
    for name, value in (("seconds", limit), ("proof_seconds", proof_seconds)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < float("inf"):
            raise InvalidInputError(name, f"{value!r} is not a time in seconds", "Pass >= 0.")
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0:
        raise InvalidInputError("jobs", f"{jobs!r} is not a number of jobs", "Pass 1, or -1.")


def _coverage(done: dict[int, Outcome], asked: int, n: int) -> Coverage:
    count = cells_per_axis(n)
    visited = {c for o in done.values() for c in o.cells}
    return Coverage(
        starts=len(done),
        asked=asked,
        thetas=sum(o.thetas for o in done.values()),
        cells=count**n if count > 1 else 0,
        visited=len(visited),
        per_axis=count,
        failed=sum(o.error is not None for o in done.values()),
    )


def _chosen(done: dict[int, Outcome], sides: np.ndarray) -> list[Kink]:
    """Keep kinks that differ: the best of each kind, number of branches and neighbourhood."""
    kinks = [k for o in done.values() for data in o.kinks if (k := restored(data)) is not None]
    kinks.sort(key=lambda k: (-(k.score > 0), -len(k.branches), -k.score))
    span = float(np.linalg.norm(sides[:, 1] - sides[:, 0]))
    kept: list[Kink] = []
    for k in kinks:
        near = [
            o for o in kept
            if len(o.branches) == len(k.branches)
            and o.kind == k.kind
            and np.linalg.norm(o.theta - k.theta) < 0.1 * span
        ]  # fmt: skip
        if not near and len(kept) < _MOST_KINKS:
            kept.append(k)
    return kept


def _judged(
    f: Any, kinks: Sequence[Kink], sides: np.ndarray, seed: int, deadline: float
) -> tuple[FoundKink, ...]:
    lo, hi = sides.T
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1 << 32,)))
    phi = Phi(f, rng, lo, hi) if kinks and time.monotonic() < deadline else None
    proofs: dict[int, FoundKink] = {}
    waiting = list(range(len(kinks)))
    while phi is not None and waiting:
        short = []
        for at, k in enumerate(waiting):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            # Half of what is left each time, so that one hard kink does not take it all.
            share = left if at == len(waiting) - 1 else left / 2
            proved = exact_kink(phi, kinks[k], lo, hi, rng, share)
            if proved is not None:
                proofs[k] = proved
            elif left - (deadline - time.monotonic()) > share / 2:
                short.append(k)
        waiting = short  # they may have lacked time only; what the others left is theirs
        if deadline - time.monotonic() <= 0:
            break
    found: list[FoundKink] = []
    for k, kink in enumerate(kinks):
        item = proofs.get(k) or _numeric(kink)
        if item.exact_theta is None or all(o.exact_theta != item.exact_theta for o in found):
            found.append(item)
    order = ["counterexample", "level", "stationary", "harmless"]
    # Of several, the tie of most branches first, then the point that is shortest to write.
    found.sort(
        key=lambda k: (
            order.index(k.kind),
            not k.proved,
            -len(k.gradients),
            sum(map(len, k.exact_theta or ())),
        )
    )
    return tuple(found)


def _numeric(kink: Kink) -> FoundKink:
    return FoundKink(
        theta=tuple(map(float, kink.theta)),
        exact_theta=None,
        kind=kink.kind,
        verdict=Verdict.UNDECIDED,
        deltas=tuple(tuple(float(x) for d in b.deltas for x in d) for b in kink.branches),
        gradients=tuple(tuple(map(float, g)) for g in kink.gradients),
        rates=tuple(Rate(i, float(r)) for i, r in enumerate(kink.rates) if np.isfinite(r)),
        steepest=-kink.rho if kink.kind != "stationary" else 0.0,
        exact_steepest=None,
        method=_NUMERIC,
    )
