"""One random start, many of them, on one process or a cluster; stopped and resumed.

A start depends on the objective, the box, the seed and its own index alone, so that a sweep gives
the same answer in any order, on any number of processes, and over several sittings.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import math
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danskin.counterexamples.search.branches import Branch, OutOfTime, Phi
from danskin.counterexamples.search.kinks import Kink, crossings, judge, opposed, walk
from danskin.counterexamples.search.steps import smallest_increase
from danskin.errors import DanskinError, InvalidInputError
from danskin.objective import BatchObjective, ExpressionObjective

__all__ = ["Outcome", "cells_per_axis", "fingerprint", "one_start", "restored", "sweep"]

_FORMAT = 1
_PIECES = 12
_DESCENT = 15
_KINKS_A_START = 2
_MOVES = 10
_KEPT = 3
_MOST_CELLS = 4096


@dataclass(frozen=True)
class Outcome:
    """What one start saw; plain data, so that it can be stored.

    Attributes
    ----------
    kinks : list of {"theta", "branches"}
    step : dict or None
    thetas : int
    cells : list of int
    error : str or None
    cut : bool
        The time was over before the start was done: what it saw counts, and it is not stored.
    """

    kinks: list[dict[str, Any]]
    step: dict[str, Any] | None
    thetas: int
    cells: list[int]
    error: str | None
    cut: bool = False


def one_start(f: Any, box: np.ndarray, seed: int, index: int, seconds: float = math.inf) -> Outcome:
    """Descend from a random point, cross the box on a segment, and walk along the kinks met."""
    lo, hi = box.T
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    span = float(np.linalg.norm(hi - lo))
    passed: list[Kink] = []
    step = error = phi = None
    cut = False
    try:
        phi = Phi(f, rng, lo, hi, time.monotonic() + seconds)
        start = lo + (hi - lo) * _spread(len(lo), seed, index)
        found = smallest_increase(phi, start, lo, hi)
        step = None if found is None else found.to_dict()
        end = rng.uniform(lo, hi)
        pairs = itertools.chain(
            itertools.islice(opposed(phi, start, lo, hi, _DESCENT), _KINKS_A_START),
            itertools.islice(crossings(phi, start, end, span, _PIECES), _KINKS_A_START),
        )
        for pair in pairs:
            # One by one: what was passed is kept if the time is over in between.
            for kink in walk(phi, pair, lo, hi, rng, _MOVES):
                passed.append(kink)
    except OutOfTime:
        cut = True
    except DanskinError as problem:
        error = str(problem)[:500]
    passed.sort(key=lambda k: (-(k.score > 0), -len(k.branches), -k.score))
    return Outcome(
        kinks=[_stored(k) for k in passed[:_KEPT]],
        step=step,
        thetas=0 if phi is None else phi.calls,
        cells=[] if phi is None else _cells(phi.visited, lo, hi),
        error=error,
        cut=cut,
    )


def _spread(n: int, seed: int, index: int) -> np.ndarray:
    """Return the index-th point of a Kronecker sequence, which fills the unit cube evenly.

    In the generalised golden ratio, from an origin that depends on the seed.
    """
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (n + 1))
    origin = np.random.default_rng(seed).uniform(size=n)
    return (origin + index * ratio ** -np.arange(1.0, n + 1)) % 1.0


def cells_per_axis(n: int) -> int:
    """Return into how many cells each side of the box is cut; 1 where n is too large."""
    return max(math.floor(_MOST_CELLS ** (1 / n) + 1e-9), 1) if n > 1 else 64


def _cells(visited: list[np.ndarray], lo: np.ndarray, hi: np.ndarray) -> list[int]:
    count = cells_per_axis(len(lo))
    if count == 1 or not visited:
        return []
    points = (np.array(visited) - lo) / (hi - lo)
    inside = ((points >= 0) & (points <= 1)).all(axis=1)
    places = np.minimum((points[inside] * count).astype(int), count - 1)
    numbers = places @ (count ** np.arange(len(lo)))
    return sorted({int(i) for i in numbers})


def _stored(kink: Kink) -> dict[str, Any]:
    return {
        "theta": kink.theta.tolist(),
        "branches": [
            {
                "theta": b.theta.tolist(),
                "value": b.value,
                "gradient": b.gradient.tolist(),
                "deltas": [d.tolist() for d in b.deltas],
            }
            for b in kink.branches
        ],
    }


def restored(data: dict[str, Any]) -> Kink | None:
    """Rebuild a kink from plain data; its rates and min norm are computed again."""
    branches = [
        Branch(
            np.array(b["theta"], dtype=float),
            float(b["value"]),
            np.array(b["gradient"], dtype=float),
            tuple(np.array(d, dtype=float) for d in b["deltas"]),
        )
        for b in data["branches"]
    ]
    return judge(np.array(data["theta"], dtype=float), branches)


# --- many ----------------------------------------------------------------------------------------


def sweep(
    f: Any,
    box: np.ndarray,
    *,
    seed: int,
    starts: int,
    seconds: float | None,
    jobs: int,
    backend: str | None,
    state: Path | None,
    tell: Callable[[int, int, int], None] | None = None,
) -> dict[int, Outcome]:
    """Run the starts that are not done yet, wave by wave, until all are or the time is over."""
    deadline = math.inf if seconds is None else time.monotonic() + seconds
    key = {
        "format": _FORMAT,
        "objective": fingerprint(f),
        "box": [[float(a).hex(), float(b).hex()] for a, b in box],
        "seed": seed,
    }
    done = {} if state is None else _read_state(state, key, box)
    left = [i for i in range(starts) if i not in done]
    with _runner(jobs, backend) as run:
        size = 1 if jobs == 1 and backend is None else 4 * _workers(jobs)
        for first in range(0, len(left), size):
            if time.monotonic() >= deadline and done:
                break
            wave = left[first : first + size]
            rest = deadline - time.monotonic()
            for i, outcome in zip(wave, run(f, box, seed, wave, rest), strict=True):
                done[i] = outcome
            if state is not None:
                _write_state(state, key, done)
            if tell is not None:
                tell(sum(i in done for i in range(starts)), starts, _hits(done))
    return {i: done[i] for i in sorted(done) if i < starts}


def _hits(done: dict[int, Outcome]) -> int:
    return sum(len(o.kinks) for o in done.values())


@contextlib.contextmanager
def _runner(jobs: int, backend: str | None) -> Iterator[Callable[..., list[Outcome]]]:
    if jobs == 1 and backend is None:
        yield lambda f, box, seed, wave, rest: [one_start(f, box, seed, i, rest) for i in wave]
        return
    import joblib

    if backend == "ray":
        try:
            from ray.util.joblib import register_ray  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise InvalidInputError(
                "backend", "ray is not installed", "Install ray, or leave backend out."
            ) from None
        register_ray()
    named = {} if backend is None else {"backend": backend}
    try:
        context = joblib.parallel_config(n_jobs=jobs, **named)
    except (ValueError, ImportError) as error:
        raise InvalidInputError(
            "backend",
            f"joblib has no backend {backend!r}: {error}",
            'Write "loky", "multiprocessing", "threading", "dask" or "ray".',
        ) from None
    with context, joblib.Parallel() as parallel:

        def run(f: Any, box: np.ndarray, seed: int, wave: list[int], rest: float) -> list[Outcome]:
            found: Any = parallel(joblib.delayed(one_start)(f, box, seed, i, rest) for i in wave)
            return list(found)

        yield run


def _workers(jobs: int) -> int:
    return jobs if jobs > 0 else max((os.cpu_count() or 1) + 1 + jobs, 1)


# --- the state file ------------------------------------------------------------------------------


def fingerprint(f: Any) -> str:
    """Return a digest of the objective's formulas and sets; callables are known by their sets only.

    (What a callable computes cannot be seen: resuming with another one is the caller's affair.)
    """
    parts = []
    for s in f.samples if isinstance(f, BatchObjective) else (f,):
        if isinstance(s, ExpressionObjective):
            names = [[v.name for v in s.theta_symbols], [v.name for v in s.delta_symbols]]
            parts.append([str(s.expression), names, s.domain.to_dict()])
        else:
            parts.append(["callables", s.theta_dim, s.domain.to_dict()])
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _write_state(path: Path, key: dict[str, Any], done: dict[int, Outcome]) -> None:
    data = {**key, "done": {str(i): vars(o) for i, o in done.items() if not o.cut}}
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        temporary.write_text(json.dumps(data, allow_nan=False) + "\n", encoding="utf-8")
        temporary.replace(path)
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            "state", f"{path} cannot be written: {error}", "Name a file in a folder of yours."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _read_state(path: Path, key: dict[str, Any], box: np.ndarray) -> dict[int, Outcome]:
    if not path.exists():
        if not path.parent.is_dir():
            raise InvalidInputError("state", f"there is no folder {path.parent}", "Create it.")
        return {}
    remedy = "Name another file, or delete this one to start anew."
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInputError("state", f"{path} cannot be read: {error}", remedy) from None
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise InvalidInputError("state", f"{path} is not the state of a search", remedy)
    for name, here in key.items():
        if data.get(name) != here:
            raise InvalidInputError(
                "state", f"{path} belongs to a search with another {name}", remedy
            )
    try:
        return {int(i): _outcome(o, box) for i, o in data["done"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError("state", f"{path} is damaged: {error!r}", remedy) from None


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a finite number")


def _outcome(data: dict[str, Any], box: np.ndarray) -> Outcome:
    """Check what a state file says about one start; nothing in it is taken as proved."""
    n = len(box)
    outcome = Outcome(**data)
    count = cells_per_axis(n) ** n
    numbers = [outcome.thetas, *outcome.cells]
    if not all(isinstance(x, int) and not isinstance(x, bool) and x >= 0 for x in numbers):
        raise ValueError("counts are not integers")
    if any(c >= count for c in outcome.cells):
        raise ValueError("a cell outside the box")
    if outcome.error is not None and not isinstance(outcome.error, str):
        raise ValueError("error is not text")
    for k in outcome.kinks:
        kink = restored(k)
        if kink is None or kink.gradients.shape[1] != n or kink.theta.shape != (n,):
            raise ValueError("a kink of the wrong shape")
        arrays = [kink.theta, kink.gradients, *(d for b in kink.branches for d in b.deltas)]
        if not all(np.isfinite(a).all() for a in arrays):
            raise ValueError("a kink that is not finite")
    if outcome.step is not None:
        lengths = {len(outcome.step["theta"]), len(outcome.step["gradient"])}
        scalars = [outcome.step["step"], outcome.step["increase"], *outcome.step["theta"]]
        if lengths != {n} or not all(math.isfinite(float(x)) for x in scalars):
            raise ValueError("a step of the wrong shape")
    return outcome
