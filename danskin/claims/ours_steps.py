"""Ours: step-aware directions, their limits in the step size, and the trust region."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    NUMERIC,
    SYMBOLIC,
    Argument,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import Domain
from danskin.claims.implication import Implication, prove_twice
from danskin.counterexamples import ABSOLUTE_VALUE
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.minnorm import step_aware_point, trust_region_point
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

#: Values 1, 0 and gradients -2, -1 at theta = 0, for delta = 1, 0.
_PLATEAU = MinMaxObjective.from_expression("d*(1 - 2*t) - (1-d)*t", ["t"], ["d"], Interval(0, 1))


def _model(
    argument: Argument, f: Any, theta: str, points: Any, claimed: Any
) -> tuple[list[Any], list[Any]]:
    """Return values and slopes of a one-dimensional objective's points, checked."""
    if f.theta_dim != 1:
        raise InvalidInputError("objective", "it has more than one parameter", "")
    (d,) = f.delta_symbols
    ends = [parse(p, {}, "point") for p in points]
    values = [f.at([theta]).xreplace({d: e}) for e in ends]
    slopes = [f.gradient_at([theta])[0].xreplace({d: e}) for e in ends]
    pairs = list(zip(values, slopes, strict=True))
    wanted = [tuple(parse(x, {}, "claimed") for x in pair) for pair in claimed]
    shown = ", ".join(f"({v}, {g})" for v, g in pairs)
    argument.part(
        f"g = {f.expression} at theta = {theta}: values and gradients at delta = "
        f"{', '.join(points)} are {shown}",
        decided(pairs == wanted),
        EXACT,
    )
    return values, slopes


def _lines(values: list[Any], slopes: list[Any]) -> dict[str, sympy.Expr]:
    d = sympy.Symbol("d")
    return {f"l{i + 1}": v + g * d for i, (v, g) in enumerate(zip(values, slopes, strict=True))}


# --- the limits ----------------------------------------------------------------------------------


def _limits(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    argument.say(
        "The dual: alpha maximises sum alpha_j v_j - (eta/2) |x|^2 over the simplex, x = sum "
        "alpha_j "
        "g_j, d = -eta x. All values v_j are taken relative to the highest, so v_j <= 0; w = "
        "-sum alpha_j v_j >= 0. s = |x|^2, e = eta > 0."
    )
    small = {"E": "e > 0", "W": "w >= 0", "OPT": "-w - e*s/2 >= -e*s0/2", "S": "s >= 0"}
    sample = {"e": 1, "w": 0, "s": 1, "s0": 1}
    prove_twice(
        argument,
        "eta -> 0: alpha does at least as well as the weights of x_0, the min-norm point of the "
        "gradients tied at the highest value (s0 = |x_0|^2): so s <= s0, and w <= eta s0/2 -> 0",
        [
            Implication.read(small, "s <= s0", sample=sample, certificate="2*OPT + 2*W + E*NOT"),
            Implication.read(
                small, claimed["small step"], sample=sample, certificate="NOT + OPT + E*S/2"
            ),
        ],
        lemma=True,
    )
    prove_twice(
        argument,
        "With a gap D > 0 below the highest value, the weight b off the top has D b <= w <= eta "
        "s0/2: it vanishes. Limit points of x lie in the hull of the tied gradients with |x| <= "
        "|x_0|: only x_0 does (its uniqueness), so x -> x_0",
        Implication.read(
            {"GAP": "g > 0", "B": "g*b <= w", "W": "w <= e*s0/2"},
            "g*b <= e*s0/2",
            sample={"g": 1, "b": 0, "w": 0, "e": 1, "s0": 1},
            certificate="NOT + B + W",
        ),
        lemma=True,
    )
    large = {"E": "e > 0", "OPT": "-w - e*s/2 >= -h - e*r/2", "W": "w >= 0"}
    prove_twice(
        argument,
        "eta -> oo: alpha does at least as well as the weights of x_oo, the min-norm point of all "
        "gradients (r = |x_oo|^2, value -h): eta (s - r) <= 2 h, so s -> r",
        Implication.read(
            large,
            claimed["large step"],
            sample={"e": 1, "w": 0, "s": 1, "h": 1, "r": 1},
            certificate="NOT + 2*OPT + 2*W",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "and with KKT <x, x_oo> = p >= r: |x - x_oo|^2 = s - 2 p + r <= s - r, so x -> x_oo",
        Implication.read(
            {"KKT": "p >= r"},
            "s - 2*p + r <= s - r",
            sample={"s": 1, "p": 1, "r": 1},
            certificate="NOT + 2*KKT",
        ),
        lemma=True,
    )
    values, slopes = _model(argument, plateau, "0", claimed["points"], claimed["model"])
    rows = np.array([[float(g)] for g in slopes])
    floats = np.array([float(v) for v in values])
    for eta, wanted in claimed["x"].items():
        found = step_aware_point(rows, floats, float(parse(eta, {}, "eta")))
        x = float(found.weights @ rows[:, 0])
        argument.evidence(
            f"danskin.minnorm at eta = {eta}: x = {x:.12g}, claimed {wanted} (gap {found.gap:.1e})",
            abs(x - float(parse(wanted, {}, "x"))) < 1e-9,
        )


LIMITS = Claim(
    id="step-aware-limits",
    title="The step-aware point goes from PGD-max's gradient to the min-norm point of all",
    source="Ours; step-aware directions",
    statement=(
        r"x(\eta) \to \arg\min \{\|x\|: x \in \mathrm{conv}\{g_j: v_j = \max v\}\}\ (\eta \to 0),"
        r"\quad x(\eta) \to \arg\min \{\|x\|: x \in \mathrm{conv}\{g_j\}\}\ (\eta \to \infty)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"plateau": _PLATEAU},
    claimed={
        "small step": "w <= e*s0/2",
        "large step": "e*(s - r) <= 2*h",
        "points": ("1", "0"),
        "model": (("1", "-2"), ("0", "-1")),
        "x": {"1/1000": "-2", "1/2": "-2", "3/4": "-4/3", "1": "-1", "1000": "-1"},
    },
    prove=_limits,
    kind="ours",
)


# --- zero steps ----------------------------------------------------------------------------------


def _stuck(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    values, slopes = _model(
        argument, absolute_value, claimed["theta"], claimed["points"], claimed["model"]
    )
    let = {**_lines(values, slopes), "top": values[0]}
    prove_twice(
        argument,
        "Tied values whose gradients have 0 in their hull (weights 1/2, 1/2): for every eta and "
        "every d the model M + d^2/(2 eta), M >= both lines, is at least its value at d = 0, and "
        "larger where d != 0. So d = 0 for every eta",
        [
            Implication.read(
                {"E": "e > 0", "M1": "M >= l1", "M2": "M >= l2"},
                "2*e*M + d**2 >= 2*e*top",
                sample={"e": 1, "M": 3, "d": 1},
                certificate="NOT + E*M1 + E*M2 + d**2",
                let=let,
            ),
            Implication.read(
                {"E": "e > 0", "M1": "M >= l1", "M2": "M >= l2", "D": "d**2 > 0"},
                "2*e*M + d**2 > 2*e*top",
                sample={"e": 1, "M": 3, "d": 1},
                certificate="NOT + E*M1 + E*M2 + D",
                let=let,
            ),
        ],
    )
    for eta in claimed["steps"]:
        found = step_aware_point(
            np.array([[float(g)] for g in slopes]), np.array([float(v) for v in values]), eta
        )
        size = abs(float(found.step * found.norm))
        argument.evidence(f"danskin.minnorm at eta = {eta:g}: |d| = {size:.1e}", size < 1e-12)


STUCK = Claim(
    id="step-aware-stationary",
    title="Where the tied gradients have 0 in their hull no step size moves",
    source="Ours; step-aware directions",
    statement=(
        r"0 \in \mathrm{conv}\{g_j: v_j = \max v\} \implies d(\eta) = 0\ \forall \eta > 0"
        r"\quad\text{(the absolute value at its kink)}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={
        "theta": "0",
        "points": ("-1", "1"),
        "model": (("0", "-1"), ("0", "1")),
        "steps": (0.01, 1.0, 100.0),
    },
    prove=_stuck,
    kind="ours",
)


# --- the trust region ----------------------------------------------------------------------------


def _plateau(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    values, slopes = _model(argument, plateau, "0", claimed["points"], claimed["model"])
    let = _lines(values, slopes)
    d = parse(claimed["d"], {}, "claimed")
    at: list[Any] = [line.xreplace({sympy.Symbol("d"): d}) for line in let.values()]
    level = max(at, key=float)
    let |= {"best": d, "level": level}
    argument.say(f"At d = {d} the lines are {at}, so the model has the value {level} there.")
    prove_twice(
        argument,
        f"For every eta in the interval the proximal model is least at d = {d}, and only there: "
        "2 eta M + d^2 exceeds its value there by (d - d*)^2 at least, where M >= both lines",
        Implication.read(
            {**claimed["interval"], "M1": "M >= l1", "M2": "M >= l2"},
            "2*e*M + d**2 >= 2*e*level + best**2 + (d - best)**2",
            sample={"e": "3/4", "M": 3, "d": 1},
            certificate=claimed["certificate"],
            let=let,
        ),
    )
    rows, floats = np.array([[float(g)] for g in slopes]), np.array([float(v) for v in values])
    steps = [step_aware_point(rows, floats, eta) for eta in claimed["steps"]]
    lengths = [float(s.step * s.norm) for s in steps]
    argument.evidence(
        f"danskin.minnorm at eta = {claimed['steps']}: |d| = {[round(x, 12) for x in lengths]}",
        all(abs(x - abs(float(d))) < 1e-9 for x in lengths),
    )
    found = trust_region_point(rows, floats, abs(float(d)))
    moved = float(found.displacement[0]) if found.displacement is not None else 0.0
    argument.evidence(
        f"the trust region of that radius: d = {moved:.12g}, {found.case}",
        abs(moved - float(d)) < 1e-9 and found.case == "boundary",
    )


PLATEAU = Claim(
    id="trust-region-many-steps",
    title="One trust-region step can belong to a whole interval of step sizes",
    source="Ours; trust region",
    statement=(
        r"v = (1, 0),\ g = (-2, -1):\quad \arg\min_d \max_j (v_j + g_j d) + \tfrac{d^2}{2\eta} = 1"
        r"\quad \forall \eta \in [\tfrac12, 1]"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"plateau": _PLATEAU},
    claimed={
        "points": ("1", "0"),
        "model": (("1", "-2"), ("0", "-1")),
        "d": "1",
        "interval": {"LO": "2*e >= 1", "HI": "e <= 1"},
        # the weights (1 - e)/e and (2 e - 1)/e, times 2 e
        "certificate": "NOT + 2*HI*M1 + 2*LO*M2",
        "steps": (0.5, 0.6, 0.75, 0.9, 1.0),
    },
    prove=_plateau,
    kind="ours",
)


def _none(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    values, slopes = _model(
        argument, absolute_value, claimed["theta"], claimed["points"], claimed["model"]
    )
    lines = _lines(values, slopes)
    least = parse(claimed["d"], {}, "claimed")
    radius = parse(claimed["radius"], {}, "claimed")
    at: list[Any] = [line.xreplace({sympy.Symbol("d"): least}) for line in lines.values()]
    level = max(at, key=float)
    let = {**lines, "best": least, "level": level}
    given = {"M1": "M >= l1", "M2": "M >= l2"}
    argument.say(f"0 is in the hull of the gradients; at d = {least} the lines are {at}.")
    prove_twice(
        argument,
        f"The model's minimum is {level}, at d = {least}",
        Implication.read(
            given, "M >= level", sample={"M": 3, "d": 1}, certificate="NOT + M1/2 + M2/2", let=let
        ),
    )
    prove_twice(
        argument,
        f"and at no other d: there the model is above by |d - ({least})|",
        [
            Implication.read(
                given,
                f"M - level >= {side}*(d - best)",
                sample={"M": 3, "d": 1},
                certificate=f"NOT + {name}",
                let=let,
            )
            for side, name in ((1, "M2"), (-1, "M1"))
        ],
    )
    step = Domain({"E": "e > 0", "LO": claimed["late"]}, {"e": "1"})
    prove_twice(
        argument,
        f"For every eta with {claimed['late']} the step is d = {least}: 2 eta M + d^2 exceeds its "
        "value there by (d - d*)^2 at least",
        Implication.read(
            {**step.hypotheses, **given},
            "2*e*M + d**2 >= 2*e*level + best**2 + (d - best)**2",
            sample={"e": 1, "M": 3, "d": 1},
            certificate="NOT + LO/2*M1 + (E + 1/2)*M2",
            let=let,
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "For smaller eta only the highest line counts, and d = -eta (times its gradient 1): |d| < "
        f"|{least}|",
        Implication.read(
            {"E": "e > 0", "HI": "e < 1/2", **given},
            "2*e*M + d**2 >= 2*e*top - e**2 + (d + e)**2",
            sample={"e": "1/4", "M": 3, "d": 1},
            certificate="NOT + 2*E*M2",
            let={**let, "top": max(values, key=float)},
        ),
        lemma=True,
    )
    argument.part(
        f"So |d(eta)| <= {abs(least)} < {radius} = r for every eta: none has length r, and the "
        f"trust-region problem is solved by d = {least} inside the ball",
        ordered(abs(least), "<", radius),
        EXACT,
    )
    rows, floats = np.array([[float(g)] for g in slopes]), np.array([float(v) for v in values])
    found = trust_region_point(rows, floats, float(radius))
    moved = float(found.displacement[0]) if found.displacement is not None else 0.0
    argument.evidence(
        f"danskin.minnorm's trust region of radius {radius}: d = {moved:.12g}, {found.case}",
        abs(moved - float(least)) < 1e-9 and found.case == "least_norm_minimizer",
    )


NONE = Claim(
    id="trust-region-no-step",
    title="With 0 in the hull of all gradients no step size reaches a large radius",
    source="Ours; trust region",
    statement=(
        r"g = \theta\delta,\ \theta = \tfrac12:\ |d(\eta)| \le \tfrac12\ \forall \eta > 0,\quad"
        r" \arg\min_{|d| \le 1} \max_j (v_j + g_j d) = -\tfrac12"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={
        "theta": "1/2",
        "points": ("-1", "1"),
        "model": (("-1/2", "-1"), ("1/2", "1")),
        "d": "-1/2",
        "radius": "1",
        "late": "2*e >= 1",
    },
    prove=_none,
    kind="ours",
)


def _exists(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    prove_twice(
        argument,
        "rho > 0: |x(eta)| >= rho for every eta (x is in the hull), so |d(eta)| = eta |x| is at "
        "least r from eta = r/rho on; and |x(eta)| <= |x_0| =: n (step-aware-limits), so it is at "
        "most r up to eta = r/n. x(eta) is continuous (the unique minimizer of a strictly convex "
        "program), so |d| = r somewhere in between",
        [
            Implication.read(
                {"RHO": claimed["rho"], "R": "r > 0", "E": "e*p == r"},
                "e > 0",
                sample={"p": 1, "e": 1, "r": 1},
                certificate="NOT*RHO + R + E",
            ),
            Implication.read(
                {"RHO": claimed["rho"], "X": "x >= p", "E": "e*p >= r", "E0": "e > 0"},
                "e*x >= r",
                sample={"p": 1, "x": 1, "e": 1, "r": 1},
                certificate="NOT + E0*X + E",
            ),
            Implication.read(
                {"N": "n > 0", "X": "x <= n", "E": "e*n <= r", "E0": "e > 0"},
                "e*x <= r",
                sample={"n": 1, "x": 1, "e": 1, "r": 1},
                certificate="NOT + E0*X + E",
            ),
        ],
        lemma=True,
    )
    values, slopes = _model(argument, plateau, "0", claimed["points"], claimed["model"])
    rows, floats = np.array([[float(g)] for g in slopes]), np.array([float(v) for v in values])
    for text, wanted in claimed["steps"].items():
        radius = parse(text, {}, "radius")
        eta = parse(wanted, {}, "eta")
        # one line active: d = -eta g, with its own line the higher one there
        g = slopes[0] if ordered(eta, "<", parse("1/2", {}, "")) is Verdict.PROVED else slopes[1]
        move = -eta * g
        own = values[slopes.index(g)] + g * move
        others = [v + h * move for v, h in zip(values, slopes, strict=True)]
        highest = all(ordered(own, ">=", x) is Verdict.PROVED for x in others)
        argument.part(
            f"r = {radius}: eta = {eta} gives d = {move} with its own line the highest there "
            f"({own} of {others}), so it is optimal, and |d| = r",
            decided(highest and ordered(abs(move), "==", radius) is Verdict.PROVED),
            EXACT,
        )
        found = trust_region_point(rows, floats, float(radius))
        moved = float(found.displacement[0]) if found.displacement is not None else 0.0
        argument.evidence(
            f"danskin.minnorm: d = {moved:.12g}, {found.case}",
            abs(moved - float(move)) < 1e-9 and found.case == "boundary",
        )


EXISTS = Claim(
    id="trust-region-step-exists",
    title="With 0 outside the hull of all gradients every radius is reached",
    source="Ours; trust region",
    statement=r"\rho > 0 \implies \forall r > 0\ \exists \eta:\ \eta \|x(\eta)\| = r",
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"plateau": _PLATEAU},
    claimed={
        "rho": "p > 0",
        "points": ("1", "0"),
        "model": (("1", "-2"), ("0", "-1")),
        "steps": {"1/2": "1/4", "3": "3", "3/2": "3/2"},
    },
    prove=_exists,
    kind="ours",
)

CLAIMS = (LIMITS, STUCK, PLATEAU, NONE, EXISTS)
