"""How often random gradients form a counterexample, and what each direction loses by it.

m Gaussian gradients in R^n whose expected cosine is c, at unit length. For every draw: does a
single gradient point uphill although a descent direction exists, and how much of the steepest rate
rho do a single gradient, the mean, and DDi (the min-norm point of k of the m) lose? The loss along
gamma is ``D(gamma) + rho``, from 0 to 2. Shares of draws come with Clopper-Pearson intervals, mean
losses with Student's. These are measurements of an ensemble, in floats; nothing here is a statement
about one objective.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from danskin.counterexamples.intervals import Mean, Share
from danskin.errors import InvalidInputError
from danskin.minnorm import min_norm_point

__all__ = [
    "Cell",
    "Mean",
    "PhaseDiagram",
    "Share",
    "phase_diagram",
    "random_cell",
    "unit_gradients",
]

_MOST = 4096
_ENTRIES = 50_000_000
#: Min norms and rates within this of 0 are not called positive.
_ZERO = 1e-9
RULES = ("single", "mean", "ddi")


@dataclass(frozen=True)
class Cell:
    """One ensemble: m gradients in R^n with expected cosine c.

    Attributes
    ----------
    m, n : int
    cosine : float
    counterexample : Share
        Some single gradient points uphill, and a descent direction exists (rho > 0).
    uphill : Share
        How likely a given single gradient points uphill where rho > 0: the first one of every
        draw. (The m gradients of one draw are as likely, but not independent of each other; an
        interval that counted them all would be too narrow.)
    stationary : Share
        0 is in the hull, within rounding.
    loss : dict of `Mean`
        For "single", "mean" and "ddi": ``D(gamma) + rho`` over the draws with rho > 0. 0 is
        steepest; more than rho is uphill.
    rho : Mean
        The steepest rate, over the same draws.
    """

    m: int
    n: int
    cosine: float
    counterexample: Share
    uphill: Share
    stationary: Share
    loss: dict[str, Mean] = field(hash=False)
    rho: Mean

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        shares = {k: getattr(self, k) for k in ("counterexample", "uphill", "stationary")}
        return {
            "m": self.m,
            "n": self.n,
            "cosine": self.cosine,
            **{
                k: {"hits": s.hits, "draws": s.draws, "low": s.low, "high": s.high}
                for k, s in shares.items()
            },
            "loss": {k: mean.to_dict() for k, mean in self.loss.items()},
            "rho": self.rho.to_dict(),
        }


@dataclass(frozen=True, repr=False)
class PhaseDiagram:
    """Cells over a grid of two of m, n and the cosine, reproducible from the seed.

    Attributes
    ----------
    cells : tuple of rows of `Cell`
        Rows: over `down`; columns: over `across`.
    across, down : str
        "m", "n" or "cosine".
    draws : int
        A cell.
    ddi : int or None
        How many gradients DDi is given; None: all.
    seed : int
    level : float
        Of the intervals.
    """

    cells: tuple[tuple[Cell, ...], ...]
    across: str
    down: str
    draws: int
    ddi: int | None
    seed: int
    level: float

    def values(self, axis: str) -> list[float]:
        """Return the grid along "across" or "down"."""
        if axis == "across":
            return [float(getattr(c, self.across)) for c in self.cells[0]]
        return [float(getattr(row[0], self.down)) for row in self.cells]

    def shares(self) -> np.ndarray:
        """Return the shares of counterexamples, (rows, columns)."""
        return np.array([[c.counterexample.value for c in row] for row in self.cells])

    def losses(self, rule: str) -> np.ndarray:
        """Return the mean losses of rate of "single", "mean" or "ddi", (rows, columns)."""
        if rule not in RULES:
            raise InvalidInputError(
                "rule", f"{rule!r} is not known", f"Write one of {', '.join(RULES)}."
            )
        return np.array([[c.loss[rule].value for c in row] for row in self.cells])

    def explain(self) -> str:
        """Say in a sentence what was measured."""
        flat = [c for row in self.cells for c in row]
        widest = max(c.counterexample.high - c.counterexample.low for c in flat)
        top = max(flat, key=lambda c: c.counterexample.value)
        return (
            f"{len(flat)} ensembles of {self.draws} draws (seed {self.seed}); the largest share of "
            f"counterexamples is {top.counterexample} at m = {top.m}, n = {top.n}, cosine "
            f"{top.cosine:g}; {100 * self.level:g} % intervals are at most {widest:.3f} wide."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "across": self.across,
            "down": self.down,
            "draws": self.draws,
            "ddi": self.ddi,
            "seed": self.seed,
            "level": self.level,
            "cells": [[c.to_dict() for c in row] for row in self.cells],
        }

    def __repr__(self) -> str:
        rows, columns = len(self.cells), len(self.cells[0])
        return f"PhaseDiagram({self.down} x {self.across}, {rows} x {columns}, seed={self.seed})"


def unit_gradients(
    rng: np.random.Generator, draws: int, m: int, n: int, cosine: float
) -> np.ndarray:
    """Draw sets of m unit gradients in R^n, (draws, m, n).

    ``g_i`` is ``sqrt(c) e + sqrt((1 - c)/n) z_i`` normalised, with e a unit vector common to the
    set and z_i standard Gaussian: for large n the cosines are c; for small n they scatter about it.

    Parameters
    ----------
    cosine : float
        c in [0, 1).
    """
    common = rng.normal(size=(draws, 1, n))
    common /= np.linalg.norm(common, axis=2, keepdims=True)
    rows = math.sqrt(cosine) * common
    rows = rows + math.sqrt((1 - cosine) / n) * rng.normal(size=(draws, m, n))
    return rows / np.linalg.norm(rows, axis=2, keepdims=True)


def random_cell(
    m: int,
    n: int,
    cosine: float,
    *,
    draws: int = 400,
    ddi: int | None = None,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
) -> Cell:
    """Measure one ensemble.

    Parameters
    ----------
    m, n : int
        m >= 2 gradients in R^n, n >= 1.
    cosine : float
        Expected cosine in [0, 1).
    draws : int
    ddi : int, optional
        DDi sees only the first so many of the m gradients; by default all of them, which makes it
        the steepest direction.
    rng : numpy.random.Generator, optional
        Seed 0 by default.
    level : float
        Of the intervals, in (0, 1).

    Raises
    ------
    InvalidInputError
    """
    _check(m, n, cosine, draws, ddi, level)
    generator = np.random.default_rng(0) if rng is None else rng
    if not isinstance(generator, np.random.Generator):
        raise InvalidInputError(
            "rng", f"{rng!r:.60} is not a Generator", "Pass numpy.random.default_rng(0)."
        )
    sets = unit_gradients(generator, draws, m, n, float(cosine))
    products = sets @ sets.transpose(0, 2, 1)
    # max_j <-g_i, g_j>, for unit gradients the derivative along minus each.
    single = (-products).max(axis=2)
    least = [min_norm_point(g) for g in sets]
    rho = np.array([r.lower_bound for r in least])
    descends = rho > _ZERO
    uphill = (single > _ZERO) & descends[:, None]
    mean = sets.mean(axis=1)
    seen = least if ddi is None else [min_norm_point(g[:ddi]) for g in sets]
    points = {"mean": mean, "ddi": np.array([r.point for r in seen])}
    loss = {"single": Mean.of((single[:, 0] + rho)[descends], level)}
    for rule, x in points.items():
        lengths = np.linalg.norm(x, axis=1)
        usable = descends & (lengths > _ZERO)
        along = -np.einsum("dmn,dn->dm", sets, x).min(axis=1) / np.where(usable, lengths, 1.0)
        loss[rule] = Mean.of((along + rho)[usable], level)
    return Cell(
        m=int(m),
        n=int(n),
        cosine=float(cosine),
        counterexample=Share.of(int(uphill.any(axis=1).sum()), draws, level),
        uphill=Share.of(int(uphill[:, 0].sum()), draws, level),
        stationary=Share.of(int((~descends).sum()), draws, level),
        loss=loss,
        rho=Mean.of(rho[descends], level),
    )


def phase_diagram(
    across: tuple[str, Iterable[float]],
    down: tuple[str, Iterable[float]],
    *,
    m: int = 2,
    n: int = 10,
    cosine: float = 0.2,
    draws: int = 400,
    ddi: int | None = None,
    seed: int = 0,
    level: float = 0.95,
    jobs: int = 1,
) -> PhaseDiagram:
    """Measure ensembles over a grid of two of m, n and the cosine.

    Parameters
    ----------
    across, down : (name, values)
        Two different names of "m", "n", "cosine".
    m, n, cosine
        The one that is not on the grid; the others are ignored.
    draws, ddi, level
        As in `random_cell`.
    seed : int
        Every cell has a generator of its own, from the seed and its place.
    jobs : int
        As joblib's `n_jobs`.

    Raises
    ------
    InvalidInputError
    """
    axes = []
    for argument, axis in (("across", across), ("down", down)):
        if not (isinstance(axis, tuple) and len(axis) == 2 and axis[0] in ("m", "n", "cosine")):
            raise InvalidInputError(
                argument, f"{axis!r:.60} is not an axis", 'Write ("n", [2, 4, 8]); m, n or cosine.'
            )
        values = list(axis[1])
        if not values:
            raise InvalidInputError(argument, "it has no values", "Pass one or more.")
        axes.append((axis[0], values))
    if axes[0][0] == axes[1][0]:
        raise InvalidInputError("down", f"it is {down[0]!r}, as across is", "Name another.")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InvalidInputError("seed", f"{seed!r} is not an integer >= 0", "Pass one.")
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0:
        raise InvalidInputError("jobs", f"{jobs!r} is not a number of jobs", "Pass 1, or -1.")
    fixed: dict[str, Any] = {"m": m, "n": n, "cosine": cosine}
    tasks = []
    for i, y in enumerate(axes[1][1]):
        for j, x in enumerate(axes[0][1]):
            here = {**fixed, axes[0][0]: x, axes[1][0]: y}
            _check(here["m"], here["n"], here["cosine"], draws, ddi, level)
            tasks.append((here, np.random.SeedSequence(int(seed), spawn_key=(i, j))))
    if jobs == 1:
        flat = [_task(here, key, draws, ddi, level) for here, key in tasks]
    else:
        import joblib

        found: Any = joblib.Parallel(n_jobs=jobs)(
            joblib.delayed(_task)(here, key, draws, ddi, level) for here, key in tasks
        )
        flat = list(found)
    width = len(axes[0][1])
    return PhaseDiagram(
        cells=tuple(tuple(flat[k : k + width]) for k in range(0, len(flat), width)),
        across=axes[0][0],
        down=axes[1][0],
        draws=draws,
        ddi=ddi,
        seed=int(seed),
        level=level,
    )


def _task(
    here: dict[str, Any], key: np.random.SeedSequence, draws: int, ddi: int | None, level: float
) -> Cell:
    rng = np.random.default_rng(key)
    return random_cell(**here, draws=draws, ddi=ddi, rng=rng, level=level)


def _check(m: Any, n: Any, cosine: Any, draws: Any, ddi: Any, level: Any) -> None:
    for name, value, least, most in (
        ("m", m, 2, _MOST),
        ("n", n, 1, 10**6),
        ("draws", draws, 1, 10**7),
        ("ddi", 1 if ddi is None else ddi, 1, m if isinstance(m, (int, np.integer)) else 1),
    ):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise InvalidInputError(
                name, f"{value!r} is not an integer from {least} to {most}", "Pass one."
            )
    if int(draws) * int(m) * max(int(n), int(m)) > _ENTRIES:
        raise InvalidInputError(
            "draws",
            f"{draws} draws of {m} x {n} numbers are more than {_ENTRIES:.0e}",
            "Ask for fewer draws.",
        )
    real = isinstance(cosine, (int, float, np.floating)) and not isinstance(cosine, bool)
    if not real or not 0 <= cosine < 1:
        raise InvalidInputError("cosine", f"{cosine!r} is not in [0, 1)", "Pass a mean cosine.")
    if not isinstance(level, float) or not 0 < level < 1:
        raise InvalidInputError("level", f"{level!r} is not in (0, 1)", "Pass 0.95.")
