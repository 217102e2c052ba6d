"""Kinks of phi in floats: crossing them, the gradients around them, walking along them.

On a segment that crosses a kink the gradient jumps, and halving the segment does not make the jump
smaller. Around a kink the gradients of phi at nearby points are, in the limit, gradients at its
maximizers (gradient sampling, Burke, Lewis and Overton 2005); their hull is what Danskin's formula
and Theorem 2 need.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from danskin.counterexamples.search.branches import Branch, Phi
from danskin.errors import DanskinError
from danskin.minnorm import min_norm_point

__all__ = ["Kink", "around", "climb", "cross", "crossings", "judge", "opposed", "settle", "walk"]

#: A bracket this short, relative to the box, is a kink.
_BRACKET = 1e-12
#: Gradients that differ by less than this, relative to the longest, belong to one maximizer.
_MERGE = 1e-3
#: Below this, relative to the longest gradient, a rate or a min norm counts as 0.
_ZERO = 1e-6
_RADIUS = 1e-8


@dataclass(frozen=True, eq=False)
class Kink:
    """A point where gradients of phi meet, in floats.

    Attributes
    ----------
    theta : ndarray (n,)
    branches : tuple of r >= 2 `Branch`
        One for each gradient found around theta.
    rates : ndarray (r,)
        ``max_j <-g_i, g_j> / |g_i|``: the derivative of phi along minus each gradient.
    rho : float
        The min norm of their hull.
    """

    theta: np.ndarray
    branches: tuple[Branch, ...]
    rates: np.ndarray
    rho: float

    @property
    def gradients(self) -> np.ndarray:
        """The gradients, (r, n)."""
        return np.array([b.gradient for b in self.branches])

    @property
    def size(self) -> float:
        """The length of the longest gradient."""
        return float(np.linalg.norm(self.gradients, axis=1).max())

    @property
    def score(self) -> float:
        """Positive where a single gradient ascends although a direction descends; at most 1."""
        return min(float(self.rates.max()), self.rho) / self.size - _ZERO

    @property
    def kind(self) -> str:
        """What the gradients say, within rounding: see `search.result.KINDS`."""
        if self.rho <= _ZERO * self.size:
            return "stationary"
        if self.rates.max() > _ZERO * self.size:
            return "counterexample"
        return "harmless"


def around(phi: Phi, theta: np.ndarray, span: float, rng: np.random.Generator) -> Kink | None:
    """Sample gradients around theta; None where they agree."""
    n = len(theta)
    directions = rng.normal(size=(2 * n + 6, n))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found: list[Branch] = []
    for u in directions:
        for sign in (1, -1) if n > 1 else (1,):
            found.append(phi(theta + sign * _RADIUS * span * u))
    return judge(theta, found)


def judge(theta: np.ndarray, found: list[Branch]) -> Kink | None:
    """Return the kink that some branches make, or None where their gradients agree."""
    kept = distinct(found)
    if len(kept) < 2:
        return None
    rows = np.array([b.gradient for b in kept])
    lengths = np.linalg.norm(rows, axis=1)
    products = rows @ rows.T
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.where(lengths > 0, (-products).max(axis=1) / lengths, -np.inf)
    return Kink(theta, tuple(kept), rates, min_norm_point(rows).norm)


def distinct(found: list[Branch]) -> list[Branch]:
    """Keep one branch for each gradient."""
    size = max(float(np.linalg.norm(b.gradient)) for b in found)
    kept: list[Branch] = []
    for b in found:
        if all(np.linalg.norm(b.gradient - k.gradient) > _MERGE * size for k in kept):
            kept.append(b)
    return kept


# --- crossing ------------------------------------------------------------------------------------


def crossings(
    phi: Phi, start: np.ndarray, end: np.ndarray, span: float, pieces: int
) -> Iterator[tuple[Branch, Branch]]:
    """Yield the kinks on a segment, the largest jumps first, as the branches on both sides."""
    nodes = [phi(start + t * (end - start)) for t in np.linspace(0, 1, pieces + 1)]
    jumps = [float(np.linalg.norm(b.gradient - a.gradient)) for a, b in itertools.pairwise(nodes)]
    for i in np.argsort(jumps)[::-1]:
        if jumps[i] > _MERGE * max(float(np.linalg.norm(b.gradient)) for b in nodes[i : i + 2]):
            found = cross(phi, nodes[i], nodes[i + 1], span)
            if found is not None:
                yield found


def opposed(
    phi: Phi, start: np.ndarray, lo: np.ndarray, hi: np.ndarray, steps: int
) -> Iterator[tuple[Branch, Branch]]:
    """Descend by single gradients, and yield the kinks across which they turn against each other.

    Steps of decreasing length, inside the box. Where one gradient leads over a kink to a gradient
    that makes an obtuse angle with it, phi is low and the corollary is likely to fail.
    """
    span = float(np.linalg.norm(hi - lo))
    here = phi(start)
    for k in range(steps):
        size = float(np.linalg.norm(here.gradient))
        if size == 0:
            return
        length = 0.15 * span / (1 + k) ** 0.7
        there = phi(np.clip(here.theta - length * here.gradient / size, lo, hi))
        if float(here.gradient @ there.gradient) < 0:
            found = cross(phi, here, there, span)
            if found is not None:
                yield found
        here = there


def cross(phi: Phi, left: Branch, right: Branch, span: float) -> tuple[Branch, Branch] | None:
    """Shrink a bracket onto the largest jump of the gradient; None where there is no jump.

    Every other point asked is where the two branches' tangents meet, which is where they tie if
    they are straight; the others halve the bracket, so that curved branches end too.
    """
    size = max(float(np.linalg.norm(left.gradient)), float(np.linalg.norm(right.gradient)))
    first = jump = float(np.linalg.norm(right.gradient - left.gradient))
    for step in range(120):
        width = float(np.linalg.norm(right.theta - left.theta))
        if width <= _BRACKET * span:
            return left, right
        middle = phi(_between(left, right, step))
        to_left = float(np.linalg.norm(middle.gradient - left.gradient))
        to_right = float(np.linalg.norm(right.gradient - middle.gradient))
        if to_left > to_right:
            right, jump = middle, to_left
        else:
            left, jump = middle, to_right
        # Smooth branches: the jump shrinks with the bracket.
        if jump <= _MERGE * size or (step >= 8 and jump < 1e-2 * first and width < 1e-3 * span):
            return None
    return left, right


def _between(left: Branch, right: Branch, step: int) -> np.ndarray:
    along = right.theta - left.theta
    t = 0.5
    if step % 3:
        slope = float((left.gradient - right.gradient) @ along)
        gap = right.value - left.value - float(right.gradient @ along)
        if slope != 0 and np.isfinite(gap / slope):
            t = gap / slope
            # Past the meeting point, now on one side and now on the other, so that both ends move.
            t += (1 if step % 3 == 1 else -1) * 1e-3
        if not 1e-4 < t < 1 - 1e-4:
            t = 0.5
    return left.theta + t * along


# --- walking -------------------------------------------------------------------------------------


def walk(
    phi: Phi,
    pair: tuple[Branch, Branch],
    lo: np.ndarray,
    hi: np.ndarray,
    rng: np.random.Generator,
    moves: int,
) -> Iterator[Kink]:
    """Walk along a kink towards a counterexample; yield the kinks passed.

    A move goes down phi along the kink (minus the min-norm point: lower down the gradients are more
    opposed) or along a random tangent, and back onto the kink across it; it is kept if the score
    rises. Where more branches come near, the point where they all tie is looked at as well.
    """
    span = float(np.linalg.norm(hi - lo))
    here = judge((pair[0].theta + pair[1].theta) / 2, [*pair])
    if here is None:
        return
    yield here
    length = 0.1 * span
    for move in range(moves):
        for kink in climb(phi, here, span, 10.0 ** -rng.uniform(1, 4), rng):
            if _inside(kink.theta, lo, hi):
                yield kink
                if kink.score > here.score:
                    here = kink
        if here.kind == "counterexample" and move >= moves // 2:
            return
        there = _moved(phi, here, lo, hi, span, length, move, rng)
        if there is not None and there.score > here.score:
            here, length = there, min(1.6 * length, 0.3 * span)
            yield there
        else:
            length *= 0.6


def _moved(
    phi: Phi,
    here: Kink,
    lo: np.ndarray,
    hi: np.ndarray,
    span: float,
    length: float,
    move: int,
    rng: np.random.Generator,
) -> Kink | None:
    rows = here.gradients
    normals = np.linalg.svd(rows[1:] - rows[0], full_matrices=False)[2][: len(rows) - 1]
    if move % 2 == 0:
        step = -min_norm_point(rows).point
    else:
        step = rng.normal(size=len(here.theta))
        step -= normals.T @ (normals @ step)
    size = float(np.linalg.norm(step))
    if size <= 1e-12 * here.size or len(here.theta) == 1:
        return None
    target = np.clip(here.theta + length * step / size, lo, hi)
    normal = normals[0]
    for reach in (0.3 * length, 2 * length):
        ends = [np.clip(target + s * reach * normal, lo, hi) for s in (-1, 1)]
        left, right = phi(ends[0]), phi(ends[1])
        found = cross(phi, left, right, span)
        if found is not None:
            return judge((found[0].theta + found[1].theta) / 2, [*found])
    return None


def climb(
    phi: Phi, kink: Kink, span: float, radius: float, rng: np.random.Generator
) -> Iterator[Kink]:
    """Look for a tie of more branches nearby."""
    n = len(kink.theta)
    near = [
        phi(kink.theta + radius * span * u / np.linalg.norm(u)) for u in rng.normal(size=(4, n))
    ]
    branches = distinct([*kink.branches, *near])[: n + 1]
    if len(branches) <= len(kink.branches):
        return
    theta = settle(phi, kink.theta, branches, np.ones(n, dtype=bool), span)
    if theta is not None:
        found = around(phi, theta, span, rng)
        if found is not None and len(found.branches) > len(kink.branches):
            yield found


def settle(
    phi: Phi, theta: np.ndarray, branches: list[Branch], free: np.ndarray, span: float
) -> np.ndarray | None:
    """Move the free coordinates of theta so that all branches tie, by Newton's method.

    The derivative of the difference of two branches is that of their gradients (the envelope
    theorem); after each step the branches are looked for anew, each where it should be the maximum.
    """
    try:
        for _ in range(15):
            rows = np.array([b.gradient for b in branches])
            values = np.array([phi.value(theta, b.deltas) for b in branches])
            slopes = (rows[1:] - rows[0])[:, free]
            step = np.zeros(len(theta))
            step[free] = -np.linalg.lstsq(slopes, values[1:] - values[0], rcond=None)[0]
            theta = theta + step
            size = float(np.linalg.norm(step))
            if not size < span:
                return None
            # Towards its own gradient, away from the others', a branch is the maximum.
            reach = min(max(10 * size, _RADIUS * span), 1e-3 * span)
            away = rows - rows.mean(axis=0)
            away /= np.linalg.norm(away, axis=1, keepdims=True)
            again = distinct([phi(theta + reach * u) for u in away])
            if len(again) < len(branches):
                return None
            branches = again
            if size <= 1e-13 * span:
                break
    except (DanskinError, np.linalg.LinAlgError):
        return None
    return theta


def _inside(theta: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> bool:
    return bool((theta >= lo).all() and (theta <= hi).all())
