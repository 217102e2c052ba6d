"""Who fails without saying so: every solver against exact rational answers, family by family."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import danskin as dk
from benchmarks.minnorm.families import FAMILIES
from benchmarks.minnorm.peers import PEERS, given
from benchmarks.recording import table
from danskin.minnorm import ExactMinNorm
from danskin.minnorm.rational import sqrt_bounds

SHAPES = ((2, 2), (3, 2), (5, 5), (10, 20), (4, 50), (10, 5), (8, 8), (12, 30))
EPS = 2.0**-52
COLUMNS = (
    "solver",
    "right",
    "silent failure",
    "says that it failed",
    "0 in hull: right",
    "0 in hull: claims a direction",
)


@dataclass(frozen=True)
class Instance:
    """Gradients with their exact answer."""

    family: str
    gradients: np.ndarray
    rows: list[list[Fraction]]
    exact: ExactMinNorm

    @property
    def rho(self) -> float:
        """The min norm, rounded up."""
        return sqrt_bounds(self.exact.squared_norm)[1]

    @property
    def longest(self) -> float:
        """Length of the longest gradient."""
        peak = float(np.abs(self.gradients).max()) or 1.0
        return peak * float(np.linalg.norm(self.gradients / peak, axis=1).max())

    def length_and_gap(self, weights: list[Fraction]) -> tuple[float, float]:
        """Return |x| and the relative gap ``1 - min_i <x, g_i> / |x|^2``, exact up to the end."""
        total = sum(weights)
        columns = range(len(self.rows[0]))
        x = [sum(a * row[k] for a, row in zip(weights, self.rows, strict=True)) for k in columns]
        x = [value / total for value in x]
        square = sum(value * value for value in x)
        if square == 0:
            return 0.0, 0.0
        least = min(sum(a * b for a, b in zip(x, row, strict=True)) for row in self.rows)
        return sqrt_bounds(Fraction(square))[1], float(1 - least / square)

    @property
    def explained(self) -> float:
        """The relative gap that rounding can explain, generously: 1e-6 at least."""
        return max(1e-6, 10 * EPS * (self.longest / self.rho) ** 2)

    @property
    def target(self) -> float:
        """The gap asked of danskin: 1e-12, or ten times what rounding the weights costs."""
        rounded = [Fraction(float(a)) for a in self.exact.weights]
        return max(1e-12, 10 * self.length_and_gap(rounded)[1])


def instances(shapes: tuple[tuple[int, int], ...]) -> list[Instance]:
    """Draw one instance of every family and shape, and solve it exactly."""
    drawn: list[Instance] = []
    for number, (name, family) in enumerate(FAMILIES.items()):
        for seed, (m, n) in enumerate(shapes):
            gradients = family(np.random.default_rng([number, seed]), m, n)
            rows = [[Fraction(value) for value in row] for row in gradients.tolist()]
            drawn.append(Instance(name, gradients, rows, dk.exact_min_norm(rows)))
    return drawn


def run(quick: bool = False) -> tuple[str, dict[str, Any]]:
    """Return the tables and their data."""
    drawn = instances(SHAPES[:3] if quick else SHAPES)
    counts = {peer.name: Counter[str]() for peer in PEERS}
    outside = [case for case in drawn if not case.exact.stationary]
    inside = [case for case in drawn if case.exact.stationary]
    for case in drawn:
        for peer in PEERS:
            counts[peer.name][_judged(case, *_asked(peer, case))] += 1
    ours, worst = _ours(drawn)
    counts = {**ours, **counts}
    rows = [
        [name, *(count[key] for key in ("right", "silent", "said so", "stationary", "uphill"))]
        for name, count in counts.items()
    ]
    text = [
        "### Silent failures against exact rational answers\n",
        f"{len(outside)} instances with 0 outside the hull and {len(inside)} with 0 in it, from "
        f"{len(FAMILIES)} families (`benchmarks/minnorm/families.py`). Peers get the float64 Gram "
        "matrix (nnls and cvxpy the factor R), negative weights are clipped and the rest scaled "
        "to sum one. *silent failure*: the solver says solved and the exact relative gap of its "
        "weights is above max(1e-6, 10 eps (longest/rho)^2), more than rounding explains. "
        "*claims a direction*: 0 is in the hull, the solver says solved, and |x| is above 1e-6 of "
        "the longest gradient.\n",
        table(COLUMNS, rows),
        "danskin's own targets, over the instances with 0 outside the hull: relative gap at most "
        "max(1e-12, 10 times what rounding the exact weights costs): worst "
        f"{worst['gap']:.2g} of that; steepest-descent value within 10 eps longest/rho: worst "
        f"{worst['value']:.2g} of that; bounds that do not hold exactly: {worst['brackets']}.\n",
    ]
    return "\n".join(text), {
        "outside": len(outside),
        "inside": len(inside),
        "counts": {name: dict(count) for name, count in counts.items()},
        "worst": worst,
    }


def _asked(peer: Any, case: Instance) -> tuple[np.ndarray, bool]:
    # Scaled by a power of two, which is kind to the peers: 1e-150 and 1e150 would be lost on most.
    scaled = np.ldexp(case.gradients, -int(np.frexp(np.abs(case.gradients).max())[1]))
    weights, solved = peer.prepare(len(scaled))(given(peer, scaled))
    if not np.isfinite(weights).all():
        return np.full(len(scaled), 1 / len(scaled)), False
    return np.maximum(weights, 0.0), solved


def _judged(case: Instance, weights: np.ndarray, solved: bool) -> str:
    if not solved or not weights.any():
        return "said so"
    length, gap = case.length_and_gap([Fraction(a) for a in weights.tolist()])
    if case.exact.stationary:
        return "stationary" if length <= 1e-6 * case.longest else "uphill"
    return "right" if gap <= case.explained else "silent"


def _ours(drawn: list[Instance]) -> tuple[dict[str, Counter[str]], dict[str, float]]:
    names = ("**danskin** from the gradients", "**danskin** from the Gram matrix")
    counts = {name: Counter[str]() for name in names}
    worst = {"gap": 0.0, "value": 0.0, "brackets": 0}
    for case in drawn:
        point = dk.min_norm_point(case.gradients)
        scaled = np.ldexp(case.gradients, -int(np.frexp(np.abs(case.gradients).max())[1]))
        weights_only = dk.min_norm_weights(scaled @ scaled.T)
        for name, result in zip(names, (point, weights_only), strict=True):
            if case.exact.stationary:
                wrong = "uphill" if result.status == "optimal" else "said so"
                counts[name]["stationary" if result.status == "stationary" else wrong] += 1
                continue
            weights = [Fraction(a) for a in result.weights.tolist()]
            if result.weights_lo is not None:
                low = result.weights_lo.tolist()
                weights = [a + Fraction(b) for a, b in zip(weights, low, strict=True)]
            gap = case.length_and_gap(weights)[1]
            honest = "right" if gap <= case.explained else "silent"
            counts[name][honest if result.status == "optimal" else "said so"] += 1
            if result is point and result.status == "optimal":
                worst["gap"] = max(worst["gap"], gap / case.target)
        square = case.exact.squared_norm
        if not Fraction(point.lower_bound) ** 2 <= square <= Fraction(point.norm) ** 2:
            worst["brackets"] += 1
        if not case.exact.stationary:
            worst["value"] = max(worst["value"], _value_error(case))
    return counts, worst


def _value_error(case: Instance) -> float:
    """Error of the exact rate along the direction found, in units of 10 eps longest (0 if none)."""
    direction = dk.steepest_descent(case.gradients).direction
    if direction is None:
        return 0.0
    u = [Fraction(value) for value in direction.tolist()]
    rate = max(sum(a * b for a, b in zip(u, row, strict=True)) for row in case.rows)
    difference = rate + Fraction(case.rho)
    return abs(float(difference / Fraction(10 * EPS * case.longest)))
