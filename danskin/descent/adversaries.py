"""Adversaries: where the points delta come from, and what a rule sees of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from danskin.argmax import differences, projected_ascent
from danskin.derivative import directional_derivative
from danskin.descent.arguments import constant, integer
from danskin.errors import InvalidInputError
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import FiniteSet

__all__ = ["Adversary", "Objective", "ProjectedAscent", "Sight", "ask", "sight_of"]

Objective = MinMaxObjective | BatchObjective
Adversary = Callable[[Objective, np.ndarray, np.random.Generator], Any]
"""``adversary(f, theta (n,), rng) -> deltas (m, k)``, every row a point of S."""

_MAX_PAIRS = 1024
_OUTSIDE = 1e-9


@dataclass(frozen=True)
class ProjectedAscent:
    """Projected gradient ascent in delta from random starts: the paper's heuristic maximizer.

    Parameters
    ----------
    steps : int
        Ascent steps, at least 0; the paper takes 10.
    step_size : number, optional
        Every step is ``delta <- project(delta + step_size * grad_delta g)``. By default the length
        is adapted to the set and to what increases g.
    restarts : int
        m, the number of random starts, uniform on S, and of points returned.

    Notes
    -----
    The points need not be maximizers: on a kink where ``grad_delta g`` vanishes they are their
    random starts. For a batch every sample is attacked on its own, and run j of all samples makes
    the joint perturbation j: m joint points out of up to ``m**B`` (the paper's coupling).
    """

    steps: int = 10
    step_size: float | None = None
    restarts: int = 10

    def __post_init__(self) -> None:
        integer("steps", self.steps, 0)
        integer("restarts", self.restarts, 1)
        if self.step_size is not None:
            object.__setattr__(self, "step_size", constant(self.step_size))

    def __call__(self, f: Objective, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return m points of S, (m, k), for theta (n,)."""
        if isinstance(f, BatchObjective):
            return np.concatenate([self(s, theta, rng) for s in f.samples], axis=1)
        domain = f.domain
        if any(isinstance(s, FiniteSet) for s in getattr(domain, "sets", (domain,))):
            raise InvalidInputError(
                "adversary",
                "projected ascent cannot move between the points of a finite set",
                "Use adversary=None, which compares all of them.",
            )

        def value(deltas: np.ndarray) -> np.ndarray:
            return f.values(theta, deltas)

        slopes = differences(value, domain)

        def slope(deltas: np.ndarray) -> np.ndarray:
            found = f.delta_gradients(theta, deltas)
            found = slopes(deltas) if found is None else found
            # Infinite at the simplex's boundary for entropies: a long step, then projected.
            return np.nan_to_num(found, posinf=1e9, neginf=-1e9)

        points = domain.sample(rng, self.restarts)
        if self.step_size is None:
            return projected_ascent(value, slope, points, domain, self.steps)
        for _ in range(self.steps):
            points = domain.project(points + self.step_size * slope(points))
        return points


@dataclass(frozen=True)
class Sight:
    """What a rule sees: one block of gradients (m_b, n) and values (m_b,), or one a sample.

    A joint gradient is the mean over the blocks of one row of each.
    """

    gradients: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]
    exact: MaximizerSet | BatchMaximizerSet | None = None

    @property
    def points(self) -> int:
        """The number of joint points."""
        return math.prod(len(g) for g in self.gradients)

    @property
    def value(self) -> float:
        """The highest joint value."""
        return math.fsum(float(v.max()) for v in self.values) / len(self.values)

    def along(self, v: np.ndarray) -> float:
        """Largest ``<v/|v|, gradient>`` over the joint gradients."""
        each = [float(directional_derivative(g, v)) for g in self.gradients]
        return math.fsum(each) / len(each)

    def conflict(self) -> float | None:
        """Share of pairs of joint gradients with a negative inner product."""
        if self.points < 2:
            return 0.0
        if self.points > _MAX_PAIRS:
            return None
        rows = self.gradients[0]
        for block in self.gradients[1:]:
            rows = (rows[:, None] + block[None]).reshape(-1, rows.shape[1])
        # Signs do not change when a row is scaled, and nothing overflows.
        size = np.abs(rows).max(axis=1, keepdims=True)
        rows = rows / np.where(size > 0, size, 1.0)
        above = np.triu_indices(len(rows), 1)
        return float(np.mean((rows @ rows.T)[above] < 0))


def sight_of(S: MaximizerSet | BatchMaximizerSet) -> Sight:
    """Return what a rule sees of the maximizers: of a batch, one block a sample."""
    parts = S.samples if isinstance(S, BatchMaximizerSet) else (S,)
    return Sight(tuple(s.gradients for s in parts), tuple(s.values for s in parts), S)


def ask(
    adversary: Adversary,
    f: Objective,
    theta: np.ndarray,
    rng: np.random.Generator,
    *,
    separate: bool = False,
) -> Sight:
    """Call an adversary, refuse what is no list of points of S, and evaluate f at the points.

    With `separate` the samples' parts of the points of a batch are kept apart (rule "product").
    """
    deltas = adversary(f, theta.copy(), rng)
    try:
        points = np.array(deltas, dtype=float)
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 2 or not len(points) or points.shape[-1] != f.delta_dim:
        got = f"shape {points.shape}" if points.size else type(deltas).__name__
        raise InvalidInputError(
            "adversary", f"it returned {got}", f"It must return (m, {f.delta_dim}) points of S."
        )
    if not np.isfinite(points).all():
        raise InvalidInputError("adversary", "it returned NaN or infinity", "Return points of S.")
    off = np.abs(f.domain.project(points) - points).max(axis=1)
    worst = int(np.argmax(off))
    if off[worst] > _OUTSIDE * max(1.0, float(np.abs(points[worst]).max())):
        raise InvalidInputError(
            "adversary",
            f"it returned a point outside S: {points[worst]}",
            "Return f.domain.project(deltas).",
        )
    if separate and isinstance(f, BatchObjective):
        pairs = list(zip(f.samples, f.domain.slices, strict=True))
        return Sight(
            tuple(s.gradients(theta, points[:, w]) for s, w in pairs),
            tuple(s.values(theta, points[:, w]) for s, w in pairs),
        )
    return Sight((f.gradients(theta, points),), (f.values(theta, points),))
