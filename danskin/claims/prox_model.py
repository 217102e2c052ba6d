"""The step-aware model at a point, and lemmas about it, for any gradients in any dimension.

``M(d) = max_j (v_j + <g_j, d>)`` with values v_j and gradients g_j, e the step size eta: d(e)
minimises ``M(d) + |d|^2/(2 e)``. The dual maximises ``sum alpha_j v_j - (e/2) |x|^2``, ``x = sum
alpha_j g_j``, over the simplex, and ``d = -e x``.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import EXACT, Argument, conjunction, decided, ordered
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import numbers
from danskin.errors import InvalidInputError
from danskin.objective import MinMaxObjective
from danskin.sets import Interval

__all__ = ["PLATEAU", "dual_gives_the_step", "lines", "model", "no_longer_than"]

#: Values 1, 0 and gradients -2, -1 at theta = 0, for delta = 1, 0.
PLATEAU = MinMaxObjective.from_expression("d*(1 - 2*t) - (1-d)*t", ["t"], ["d"], Interval(0, 1))


def model(
    argument: Argument, f: Any, theta: str, points: Any, claimed: Any
) -> tuple[list[Any], list[Any]]:
    """Return values and slopes of a one-dimensional objective's points, checked."""
    if f.theta_dim != 1:
        raise InvalidInputError("objective", "it has more than one parameter", "")
    (d,) = f.delta_symbols
    ends = numbers(points)
    values = [f.at([theta]).xreplace({d: e}) for e in ends]
    slopes = [f.gradient_at([theta])[0].xreplace({d: e}) for e in ends]
    pairs = list(zip(values, slopes, strict=True))
    shown = ", ".join(f"({v}, {g})" for v, g in pairs)
    lo, hi = f.domain.exact_lo[0], f.domain.exact_hi[0]
    inside = [ordered(e, r, end) for e in ends for r, end in ((">=", lo), ("<=", hi))]
    same = decided(pairs == [tuple(numbers(pair)) for pair in claimed])
    argument.part(
        f"g = {f.expression} at theta = {theta}, S = {f.domain}: values and gradients at delta = "
        f"{', '.join(points)} are {shown}",
        conjunction([same, *inside]),
        EXACT,
    )
    return values, slopes


def lines(values: list[Any], slopes: list[Any]) -> dict[str, sympy.Expr]:
    """Return the lines ``l1, l2, ...`` of a one-dimensional model, in d."""
    d = sympy.Symbol("d")
    return {f"l{i + 1}": v + g * d for i, (v, g) in enumerate(zip(values, slopes, strict=True))}


def dual_gives_the_step(argument: Argument, excess: str = "z") -> None:
    """Prove that d = -e x, x from the dual's solution, is the only minimizer."""
    given = {"E": "T*(c + e*q) == c", "C": "c > 0", "H": "e > 0", "Q": "q >= 0"}
    sample = {"T": "1/2", "c": 1, "e": 1, "q": 1}
    argument.written(
        "the dual maximises a continuous function over a simplex, so a solution alpha exists; let "
        "x = sum alpha_j g_j, w = sum alpha_j v_j, s = |x|^2"
    )
    prove_twice(
        argument,
        "KKT of the dual: let b = <x, g_j - x>, q = |g_j - x|^2, c = v_j - w - e b. If c > 0, "
        "moving alpha towards j by T = c/(c + e q), in (0, 1], changes the dual by T c - e T^2 q/2 "
        "> 0, against its maximality; so c <= 0 for all j",
        [
            Implication.read(given, "T > 0", sample=sample, certificate="NOT*(C + H*Q) + E + C"),
            Implication.read(given, "T <= 1", sample=sample, certificate="NOT*(C + H*Q) - E + H*Q"),
            Implication.read(
                {**given, "P": "T > 0"},
                "2*T*c - e*T**2*q > 0",
                sample=sample,
                certificate="NOT - T*E + C*P*(1 + P)",
            ),
        ],
        lemma=True,
    )
    prove_twice(
        argument,
        "So at d = -e x every line v_j + <g_j, d> = v_j - e (b + s) is at most w - e s, and so is "
        "M",
        Implication.read(
            {"C": "v - w - e*b <= 0"},
            "v - e*(b + s) <= w - e*s",
            sample={"v": 0, "w": 0, "e": 1, "b": 0, "s": 1},
            certificate="NOT + C",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "At any other d', M >= w + t, t = <x, d'>, a convex combination of the lines. With q = "
        f"|d'|^2 and z = |d' + e x|^2, 2 e M + |d'|^2 exceeds its value at d by {excess} at least: "
        "d is the minimizer, and the only one",
        Implication.read(
            {"E": "e > 0", "MM": "M >= w + t", "Z": "z == q + 2*e*t + e**2*s"},
            f"2*e*M + q >= 2*e*(w - e*s) + e**2*s + {excess}",
            sample={"e": 1, "M": 0, "w": 0, "t": 0, "z": 1, "q": 0, "s": 1},
            certificate="NOT + 2*E*MM - Z",
        ),
        lemma=True,
    )


def no_longer_than(argument: Argument) -> None:
    """Prove that no d(e) is longer than a minimizer p of M."""
    prove_twice(
        argument,
        "If M has a minimizer p, no step is longer: M(d) + |d|^2/(2 e) <= M(p) + |p|^2/(2 e) and "
        "M(p) <= M(d) give |d(e)| <= |p| for every e > 0 (D = |d|^2, P = |p|^2)",
        Implication.read(
            {"E": "e > 0", "OPT": "2*e*Md + D <= 2*e*Mp + P", "MIN": "Mp <= Md"},
            "D <= P",
            sample={"e": 1, "Md": 1, "Mp": 0, "D": 0, "P": 2},
            certificate="NOT + OPT + 2*E*MIN",
        ),
        lemma=True,
    )
