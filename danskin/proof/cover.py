"""Branch and bound over S: cells that cover S*(theta), and bounds on phi and on D.

Each round encloses g and its derivatives on all open cells. A cell is dropped

- if its upper bound of g is strictly below a proved lower bound of phi, attained at a point of S;
- if first-order conditions exclude a maximizer from all of it (`boxes.Factor.moves`); where they
  leave a face, the cell shrinks to that face.

Every step is recorded, so that the cells with their fates form a tree that can be re-checked.
What remains covers S*, so that ``D |gamma|`` lies between the least lower bound and the largest
upper bound of the rate ``<gamma, grad_theta g>`` over what remains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from danskin.errors import DanskinError
from danskin.proof.boxes import Cells
from danskin.proof.local import LocalProblem, Ranges

__all__ = ["BELOW", "NO_MAXIMIZER", "Cover", "History", "total"]

#: Why a cell was dropped.
BELOW, NO_MAXIMIZER = "value", "first-order"

_BATCH = 1500
_MAX_CELLS = 60_000
#: Starting points of the local search.
_STARTS = 12


@dataclass
class History:
    """What happened to the cells, in order: data from which the tree can be rebuilt.

    Attributes
    ----------
    steps : list of tuples of plain data and arrays
        ``("split", ids, left, right)``, ``("shrink", ids, new)``, ``("drop", ids, why)``.
    made : list of Cells
        Every cell, as it was made.
    dropped : dict
        How many were dropped, and why.
    """

    steps: list[tuple[Any, ...]] = field(default_factory=list)
    made: list[Cells] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=lambda: {BELOW: 0, NO_MAXIMIZER: 0})

    def drop(self, ids: np.ndarray, why: str) -> None:
        """Record that cells were dropped."""
        if len(ids):
            self.dropped[why] += len(ids)
            self.steps.append(("drop", ids, why))


class Cover:
    """Cells that cover S*(theta), refined round by round.

    Attributes
    ----------
    cells : Cells
        What remains.
    ranges : Ranges
        Enclosures over `cells`.
    floors : ndarray (owners,)
        A proved lower bound of each problem's maximum; a single objective is one problem.
    bests : list of exact points, or None
        For each problem a point of S where g is at least its floor.
    evaluated : int
        Number of cells enclosed so far.
    """

    def __init__(self, problem: LocalProblem) -> None:
        self.problem = problem
        self.space = problem.space
        self.history = History()
        self.floors = np.full(self.space.owners, -math.inf)
        self.bests: list[Any] = [None] * self.space.owners
        self.evaluated = 0
        self.exhausted = False
        start = self.space.start()
        self._next = len(start)
        self.history.made.append(start)
        self._close(start)
        self.cells, self.ranges = self._judge(start)

    # --- bounds ----------------------------------------------------------------------------

    @property
    def owner(self) -> np.ndarray:
        """The problem that each cell belongs to, (N,)."""
        return self.space.owner(self.cells)

    @property
    def floor(self) -> float:
        """A proved lower bound of phi(theta), summed over the problems."""
        return total(self.floors, -math.inf)

    @property
    def best(self) -> tuple[Any, ...] | None:
        """A point of S where g is at least `floor`, for a single problem."""
        return self.bests[0]

    @property
    def ceiling(self) -> float:
        """A proved upper bound of phi(theta), summed; inf where g is not seen to be defined."""
        return total(self.ceilings, math.inf)

    @property
    def ceilings(self) -> np.ndarray:
        """Proved upper bounds of each problem's maximum, (owners,)."""
        return self._highest(self.ranges.value[1])

    @property
    def rate_bounds(self) -> tuple[float, float]:
        """Bounds on the maximum of the rate over S*, summed over the problems."""
        low, high = self.rates
        return total(low, -math.inf), total(high, math.inf)

    @property
    def rates(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds on each problem's maximum of the rate over its S*, (owners,) each."""
        rate = self.ranges.rate
        return -self._highest(rate[0]), self._highest(rate[1])

    def _highest(self, values: np.ndarray) -> np.ndarray:
        """Return the largest of the cells' values for each problem; inf for one without cells.

        There is none without cells, since a maximizer is never dropped; were there one, nothing
        could be said of it.
        """
        highest = np.full(self.space.owners, -math.inf)
        np.maximum.at(highest, self.owner, values)
        return np.where(highest == -math.inf, math.inf, highest)

    @property
    def defined(self) -> bool:
        """Whether g was seen to be defined on everything that remains (hence on all of S)."""
        return bool(self.ranges.defined.all())

    # --- refinement ------------------------------------------------------------------------

    def refine(self, wanted: np.ndarray) -> bool:
        """Cut the wanted cells (mask over `cells`) in two; at most a batch of them, highest first.

        Returns
        -------
        bool
            Whether anything could be cut.
        """
        rows = np.flatnonzero(wanted)
        if len(rows) > _BATCH:
            order = np.argsort(-self.ranges.value[1][rows], kind="stable")
            rows = np.sort(rows[order[:_BATCH]])
        if not len(rows) or len(self.cells) > _MAX_CELLS:
            self.exhausted = True
            return False
        chosen = self.cells.take(rows)
        left, right, possible = self.space.split(chosen, self._weights(rows))
        if not possible.any():
            self.exhausted = True
            return False
        rows = rows[possible]
        left, right = left.take(possible), right.take(possible)
        count = len(rows)
        parents = left.ids.copy()
        left = Cells(left.parts, np.arange(self._next, self._next + count))
        right = Cells(right.parts, np.arange(self._next + count, self._next + 2 * count))
        self._next += 2 * count
        self.history.steps.append(("split", parents, left.ids, right.ids))
        both = Cells.join([left, right])
        self.history.made.append(both)
        new_cells, new_ranges = self._judge(both)
        kept = np.ones(len(self.cells), dtype=bool)
        kept[rows] = False
        self._keep(kept, new_cells, new_ranges)
        return True

    def _weights(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return the slopes of g and of the rate, in units of what a cut is to achieve.

        For g that is what must go for a cell to be dropped, for the rate its spread over all that
        remains.
        """
        ranges = self.ranges
        owner = self.owner
        low, high = self.rates
        gap = np.maximum(ranges.value[1][rows] - self.floors[owner[rows]], 1e-300)
        spread = np.maximum((high - low)[owner[rows]], 1e-300)
        scales = [gap[:, None], spread[:, None]]
        with np.errstate(over="ignore", invalid="ignore"):
            found = [s[rows] / c for s, c in zip(ranges.sizes, scales, strict=False)]
        return [np.nan_to_num(w, nan=1e100, posinf=1e100) for w in found]

    def _keep(self, kept: np.ndarray, cells: Cells, ranges: Ranges) -> None:
        """Join the cells that were not touched with new ones; drop what lies below the floor."""
        old = self.ranges.value[1] >= self.floors[self.owner]
        self.history.drop(self.cells.ids[kept & ~old], BELOW)
        rows = np.flatnonzero(kept & old)
        self.cells = Cells.join([self.cells.take(rows), cells])
        self.ranges = _join(_take(self.ranges, rows), ranges)

    def raise_floor(self, value: float, point: tuple[Any, ...]) -> None:
        """Use a point of S at which g is proved to be at least `value` (a single problem)."""
        if value > self.floors[0]:
            self.floors[0], self.bests[0] = value, point
        self._drop_below()

    def _drop_below(self) -> None:
        rows = self.ranges.value[1] >= self.floors[self.owner]
        self.history.drop(self.cells.ids[~rows], BELOW)
        self.cells = self.cells.take(rows)
        self.ranges = _take(self.ranges, np.flatnonzero(rows))

    def _judge(self, cells: Cells) -> tuple[Cells, Ranges]:
        """Enclose cells, drop and shrink them until nothing changes; return what is left."""
        done: list[tuple[Cells, Ranges]] = []
        while True:
            self.evaluated += len(cells)
            ranges = self.problem.enclose(cells)
            self._probe(cells)
            above = ranges.value[1] >= self.floors[self.space.owner(cells)]
            self.history.drop(cells.ids[~above], BELOW)
            cells, ranges = cells.take(above), _take(ranges, np.flatnonzero(above))
            cut, keep, changed = self.space.moves(cells, ranges.slopes)
            # First-order conditions say something only where g is defined all over the cell;
            # elsewhere the slopes are the whole line, and this is a second lock on that door.
            keep |= ~ranges.defined
            changed &= ranges.defined
            self.history.drop(cells.ids[~keep], NO_MAXIMIZER)
            still = keep & ~changed
            done.append((cells.take(still), _take(ranges, np.flatnonzero(still))))
            if not changed.any():
                break
            cells = cut.take(changed)
            fresh = np.arange(self._next, self._next + len(cells))
            self._next += len(cells)
            self.history.steps.append(("shrink", cells.ids, fresh))
            cells = Cells(cells.parts, fresh)
            self.history.made.append(cells)
        joined = Cells.join([c for c, _ in done])
        ranges = done[0][1]
        for _, more in done[1:]:
            ranges = _join(ranges, more)
        rows = np.flatnonzero(ranges.value[1] >= self.floors[self.space.owner(joined)])
        if len(rows) < len(joined):
            self.history.drop(np.delete(joined.ids, rows), BELOW)
            joined, ranges = joined.take(rows), _take(ranges, rows)
        return joined, ranges

    def _probe(self, cells: Cells) -> None:
        value, _ = self.problem.at_points(self.space.probe(cells), len(cells))
        lower = -value[0]
        owner = self.space.owner(cells)
        order = np.argsort(lower, kind="stable")
        # The last of each owner in ascending order is its best.
        last = np.full(self.space.owners, -1)
        last[owner[order]] = order
        for i in np.flatnonzero(last >= 0).tolist():
            row = int(last[i])
            if lower[row] > self.floors[i]:
                self.floors[i] = lower[row]
                self.bests[i] = self.space.exact(cells, row)[self.space.leading :]

    def climb(self) -> None:
        """Raise the floor by a local search from the best cells: a guess, proved at its end."""
        rows = np.argsort(-self.ranges.value[1], kind="stable")[:_STARTS]
        if not len(rows) or self.space.leading:
            return
        middle = np.array(self.space.center(self.cells.take(rows)))[:, 1].T
        try:
            with np.errstate(all="ignore"):
                points = self.problem.climb(middle)
        except DanskinError:
            return
        if np.isfinite(points).all():
            self._probe(self.space.near(points))
            self._drop_below()

    def _close(self, start: Cells) -> None:
        """Probe points spread over S before anything is judged, for a good floor."""
        cells = start
        for _ in range(6):
            if len(cells) > 200 * self.space.owners:
                break
            k = sum(f.size for f in self.space.factors)
            left, right, possible = self.space.split(cells, [np.ones((len(cells), k))])
            if not possible.any():
                break
            cells = Cells.join([left, right])
        self._probe(cells)


def total(numbers: np.ndarray, side: float) -> float:
    """Return the sum of float bounds, rounded towards `side`; `side` where one is infinite."""
    if not np.isfinite(numbers).all():
        return side
    if len(numbers) == 1:
        return float(numbers[0])
    try:
        # fsum rounds once, to nearest.
        return math.nextafter(math.fsum(numbers.tolist()), side)
    except OverflowError:
        return side


def _take(ranges: Ranges, rows: np.ndarray) -> Ranges:
    return Ranges(
        ranges.value[:, rows],
        ranges.defined[rows],
        [s[:, rows] for s in ranges.slopes],
        ranges.rate[:, rows],
        [s[rows] for s in ranges.sizes],
    )


def _join(a: Ranges, b: Ranges) -> Ranges:
    return Ranges(
        np.concatenate([a.value, b.value], axis=1),
        np.concatenate([a.defined, b.defined]),
        [np.concatenate([s, t], axis=1) for s, t in zip(a.slopes, b.slopes, strict=True)],
        np.concatenate([a.rate, b.rate], axis=1),
        [np.concatenate([s, t]) for s, t in zip(a.sizes, b.sizes, strict=True)],
    )
