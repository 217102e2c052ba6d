"""Phi at one theta, quickly: its value, one gradient, one maximizer, in floats.

A search over thetas asks for phi thousands of times, so that each time has to cost a millisecond
or less (`inner`). What it returns is evidence for where to look, never an answer; kinks found with
it are judged again by `maximizers`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from danskin.counterexamples.search.inner import Inner
from danskin.objective import BatchObjective, MinMaxObjective

__all__ = ["Branch", "OutOfTime", "Phi"]

_PROBES = 12


class OutOfTime(Exception):
    """The time limit of a sweep was reached in the middle of a start."""


@dataclass(frozen=True, eq=False)
class Branch:
    """Phi where one maximizer was found: ``g(., delta)`` is one branch of the maximum.

    Attributes
    ----------
    theta : ndarray (n,)
    value : float
    gradient : ndarray (n,)
    deltas : tuple of ndarrays
        One maximizer a sample (one in all, unless the objective is a batch).
    """

    theta: np.ndarray
    value: float
    gradient: np.ndarray
    deltas: tuple[np.ndarray, ...]


class Phi:
    """Phi and one of its gradients, as a function of theta.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    rng : numpy.random.Generator
        Draws the pool of points of S.
    lo, hi : ndarray (n,)
        The box of thetas.
    deadline : float
        By `time.monotonic`; asked after it, phi raises `OutOfTime`.
    """

    def __init__(
        self,
        f: MinMaxObjective | BatchObjective,
        rng: np.random.Generator,
        lo: np.ndarray,
        hi: np.ndarray,
        deadline: float = math.inf,
    ) -> None:
        self.f = f
        self.samples = f.samples if isinstance(f, BatchObjective) else (f,)
        self.calls = 0
        self.visited: list[np.ndarray] = []
        self._deadline = deadline
        thetas = rng.uniform(lo, hi, size=(_PROBES, len(lo)))
        self._inner = [Inner(s, rng, thetas) for s in self.samples]

    def __call__(self, theta: np.ndarray) -> Branch:
        """Return the branch on which phi was found at theta (n,)."""
        if time.monotonic() > self._deadline:
            raise OutOfTime
        self.calls += 1
        self.visited.append(theta)
        deltas = tuple(inner(theta) for inner in self._inner)
        rows = [f.gradients(theta, d[None])[0] for f, d in zip(self.samples, deltas, strict=True)]
        return Branch(theta, self.value(theta, deltas), np.mean(rows, axis=0), deltas)

    def value(self, theta: np.ndarray, deltas: tuple[np.ndarray, ...]) -> float:
        """Return g at theta and given deltas, one a sample."""
        parts = zip(self.samples, deltas, strict=True)
        return float(np.mean([f.values(theta, d[None])[0] for f, d in parts]))
