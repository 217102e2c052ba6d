"""Which directions of the plane descend, and which ascend: the sign of D around the circle.

By Danskin's formula ``D(theta; gamma) = max_i <gamma, g_i>`` for unit gamma, so its sign can change
only at directions perpendicular to a gradient. There are at most 2m of them, and between two
neighbours the sign at one direction is that of all: a finite number of exact signs settles it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from danskin.derivative import gradient_rows
from danskin.errors import InvalidInputError, SolverError
from danskin.exact import sign, to_float, to_fraction
from danskin.maximizers import BatchMaximizerSet, MaximizerSet

__all__ = ["DerivativeSector", "derivative_sectors"]

Kind = Literal["descent", "flat", "ascent"]
Vector = tuple[Any, Any]

_KIND: dict[int, Kind] = {-1: "descent", 0: "flat", 1: "ascent"}


@dataclass(frozen=True)
class DerivativeSector:
    """A sector of directions along which D has one sign.

    Attributes
    ----------
    kind : "descent", "flat" or "ascent"
        D < 0, D = 0 or D > 0. Sectors of descent and ascent are open, D = 0 at their ends; flat
        ones are closed, and may be a single direction.
    start, end : pairs of exact numbers
        Directions at the ends, counterclockwise, not normalised; equal for the whole circle and
        for a single direction. Fractions for rational and for float gradients, else SymPy numbers.
    angle : float
        Of `start`, in (-pi, pi].
    width : float
        From `start` to `end`, 0 to 2 pi.
    """

    kind: Kind
    start: Vector
    end: Vector
    angle: float
    width: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, angles in radians."""
        return {
            "kind": self.kind,
            "from": self.angle,
            "to": self.angle + self.width,
            "width": self.width,
            "start": [str(x) for x in self.start],
            "end": [str(x) for x in self.end],
        }

    def __repr__(self) -> str:
        ends = f"{math.degrees(self.angle):.6g}, {math.degrees(self.angle + self.width):.6g}"
        return f"DerivativeSector({self.kind}, [{ends}] degrees)"


def derivative_sectors(S_or_gradients: Any) -> tuple[DerivativeSector, ...]:
    """Divide the directions of the plane by the sign of D (Theorem 1).

    Parameters
    ----------
    S_or_gradients : MaximizerSet, BatchMaximizerSet, or gradients (m, 2)
        Bare gradients are taken to be those of *all* maximizers; floats count as the binary
        numbers they are, so that every sign is exact. Of a set of maximizers those found count.

    Returns
    -------
    tuple of DerivativeSector
        Counterclockwise, covering the circle; at most one of them is of descent. A single flat
        direction is listed between two sectors of ascent only (elsewhere it is a sector's end).

    Raises
    ------
    InvalidInputError
        Not gradients in the plane, or maximizers whose gradients are not the hull of finitely many.
    SolverError
        A sign is not decided: transcendental numbers that may or may not be 0.
    """
    rows, sign_of = _read(S_or_gradients)
    steps = _around([g for g in rows if sign_of(g[0]) or sign_of(g[1])], sign_of)
    if not steps:
        zero, one = rows[0][0] * 0, rows[0][0] * 0 + 1
        return (DerivativeSector("flat", (one, zero), (one, zero), 0.0, 2 * math.pi),)
    elements: list[tuple[int, Vector, Vector]] = []  # a direction, the arc after it, and so on
    for i, here in enumerate(steps):
        after = steps[(i + 1) % len(steps)]
        turn = sign_of(_cross(here, after))
        between = (here[0] + after[0], here[1] + after[1]) if turn else (-here[1], here[0])
        elements.append((_rate_sign(rows, here, sign_of), here, here))
        elements.append((_rate_sign(rows, between, sign_of), here, after))
    return tuple(_sector(run, sign_of) for run in _kept(_runs(elements)))


Run = list[tuple[int, Vector, Vector]]


def _runs(elements: Run) -> list[Run]:
    """Join neighbours of one sign, around the circle."""
    changes = [i for i, e in enumerate(elements) if e[0] != elements[i - 1][0]]
    if not changes:
        return [elements]
    turned = elements[changes[0] :] + elements[: changes[0]]
    runs: list[Run] = []
    for e in turned:
        if runs and runs[-1][-1][0] == e[0]:
            runs[-1].append(e)
        else:
            runs.append([e])
    return runs


def _kept(runs: list[Run]) -> list[Run]:
    """Drop single directions that are the end of a sector on one side and of another beyond."""

    def end_of_two(i: int) -> bool:
        before, after = runs[i - 1], runs[(i + 1) % len(runs)]
        return len(runs) > 2 and len(runs[i]) == 1 and before[0][0] != after[0][0]

    # Between two runs only (one sector, one direction) the neighbours are the same run.
    return [run for i, run in enumerate(runs) if not end_of_two(i)]


def _sector(run: Run, sign_of: Callable[[Any], int]) -> DerivativeSector:
    which, start, _ = run[0]
    end = run[-1][2]
    single = len(run) == 1 and start is end
    same = _order(start, end, sign_of) == 0
    width = 0.0
    if not single:
        width = 2 * math.pi if same else _angle(_dot(start, end), _cross(start, end)) % math.tau
    return DerivativeSector(_KIND[which], start, end, _angle(*start), width)


# --- exact arithmetic in the plane ---------------------------------------------------------------


def _read(S: Any) -> tuple[Sequence[Vector], Callable[[Any], int]]:
    """Return the gradients in exact numbers, and what decides their signs."""
    if isinstance(S, (MaximizerSet, BatchMaximizerSet)):
        if not S.spans:
            raise InvalidInputError(
                "S_or_gradients",
                "the gradients over its faces are not the hull of finitely many",
                "Ask directional_derivative, direction by direction.",
            )
        floats, exact = S.gradients, S.exact_gradients
    else:
        given = gradient_rows(S)
        floats, exact = given.floats, given.exact
    if floats.shape[1] != 2:
        raise InvalidInputError(
            "S_or_gradients", f"it has n = {floats.shape[1]}", "Sectors are of the plane, n = 2."
        )
    if exact is None:
        return [(Fraction(float(a)), Fraction(float(b))) for a, b in floats], _fraction_sign
    if all(x.is_Rational for row in exact for x in row):
        return [(to_fraction(row[0]), to_fraction(row[1])) for row in exact], _fraction_sign
    return [(row[0], row[1]) for row in exact], _decided_sign


def _fraction_sign(x: Fraction) -> int:
    return (x > 0) - (x < 0)


def _decided_sign(x: Any) -> int:
    which = sign(x)
    if which is None:
        raise SolverError(f"the sign of {x} is not decided. Write the gradients with roots only.")
    return which


def _cross(a: Vector, b: Vector) -> Any:
    return a[0] * b[1] - a[1] * b[0]


def _dot(a: Vector, b: Vector) -> Any:
    return a[0] * b[0] + a[1] * b[1]


def _rate_sign(rows: Sequence[Vector], gamma: Vector, sign_of: Callable[[Any], int]) -> int:
    """Return the sign of ``max_i <gamma, g_i>``."""
    highest = -1
    for g in rows:
        highest = max(highest, sign_of(_dot(gamma, g)))
        if highest == 1:
            break
    return highest


def _around(rows: Sequence[Vector], sign_of: Callable[[Any], int]) -> list[Vector]:
    """Return the directions perpendicular to nonzero gradients, in order, each once."""
    both = [v for x, y in rows for v in ((-y, x), (y, -x))]

    def compare(a: Vector, b: Vector) -> int:
        return _order(a, b, sign_of)

    ordered = sorted(both, key=functools.cmp_to_key(compare))
    return [v for i, v in enumerate(ordered) if i == 0 or _order(ordered[i - 1], v, sign_of) != 0]


def _order(a: Vector, b: Vector, sign_of: Callable[[Any], int]) -> int:
    """Compare the angles of two directions in [0, 2 pi), exactly."""

    def lower(v: Vector) -> bool:
        y = sign_of(v[1])
        return y < 0 or (y == 0 and sign_of(v[0]) < 0)

    if lower(a) != lower(b):
        return 1 if lower(a) else -1
    return -sign_of(_cross(a, b))


def _angle(x: Any, y: Any) -> float:
    """Return the angle of a direction, whatever its length: scaled first, as far as floats need."""
    if isinstance(x, Fraction):
        size = max(abs(x), abs(y))
        return math.atan2(float(y / size), float(x / size)) + 0.0
    return math.atan2(to_float(y), to_float(x)) + 0.0
