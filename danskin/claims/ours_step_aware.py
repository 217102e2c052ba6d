"""Ours: step-aware directions, that there is one for every step size, and their limits."""

from __future__ import annotations

from typing import Any

from danskin.claims.argument import (
    DECISION,
    EXACT,
    NUMERIC,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.hull import above_the_combination
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.prox_model import (
    PLATEAU,
    dual_gives_the_step,
    model,
    no_longer_than,
)
from danskin.claims.prox_solver import STEP_TOLERANCE, solver_steps
from danskin.claims.vectors import in_simplex, numbers
from danskin.counterexamples import ABSOLUTE_VALUE
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


# --- one step for every step size ----------------------------------------------------------------


def _optimal(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    above_the_combination(argument)
    dual_gives_the_step(argument, claimed["excess"])
    values, slopes = model(argument, plateau, "0", claimed["points"], claimed["model"])
    for eta, wanted in claimed["x"].items():
        e, x = parse(eta, {}, "eta"), parse(wanted, {}, "x")
        weight = (x - slopes[1]) / (slopes[0] - slopes[1])
        alpha = [weight, 1 - weight]
        top = sum(a * v for a, v in zip(alpha, values, strict=True)) - e * x**2
        kkt = [ordered(v - e * g * x, "<=", top) for v, g in zip(values, slopes, strict=True)]
        argument.part(
            f"The instance at eta = {eta}: weights ({alpha[0]}, {alpha[1]}), x = {x}, d = "
            f"{-e * x}; no line is higher there than the combination (KKT)",
            conjunction([in_simplex(alpha), *kkt]),
            EXACT,
        )


_POINTS: dict[str, Any] = {
    "points": ("1", "0"),
    "model": (("1", "-2"), ("0", "-1")),
    "x": {"1/1000": "-2", "1/2": "-2", "3/4": "-4/3", "1": "-1", "1000": "-1"},
}

OPTIMAL = Claim(
    id="step-aware-optimal",
    title="For every step size there is one step, and the dual gives it",
    source="Ours; step-aware directions",
    statement=(
        r"\alpha \in \arg\max_{\Delta_m} \sum_j \alpha_j v_j - \tfrac\eta2 \|x\|^2,\ x = \sum_j"
        r" \alpha_j g_j:\quad \arg\min_d \max_j (v_j + \langle g_j, d\rangle) +"
        r" \tfrac{1}{2\eta}\|d\|^2 = \{-\eta x\}\quad \forall \eta > 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"plateau": PLATEAU},
    claimed={"excess": "z", **_POINTS},
    prove=_optimal,
    kind="ours",
)


# --- the limits ----------------------------------------------------------------------------------


def _limits(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    argument.say(
        "All values v_j are taken relative to the highest, so v_j <= 0; w = -sum alpha_j v_j >= 0 "
        "at the dual's solution alpha, s = |x|^2, e = eta > 0."
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
        "With a gap g > 0 below the highest value, the weight b off the top has g b <= w <= eta "
        "s0/2: it vanishes",
        Implication.read(
            {"GAP": "g > 0", "B": "g*b <= w", "W": "w <= e*s0/2"},
            "g*b <= e*s0/2",
            sample={"g": 1, "b": 0, "w": 0, "e": 1, "s0": 1},
            certificate="NOT + B + W",
        ),
        lemma=True,
    )
    argument.written(
        "so limit points of x lie in the hull of the tied gradients, with |x| <= |x_0|; only x_0 "
        "does (claim theorem-2: the min-norm point is unique), and x stays bounded: x -> x_0"
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
        "and with KKT <x, x_oo> = p >= r: |x - x_oo|^2 = s - 2 p + r <= s - r <= 2 h/eta, so x -> "
        "x_oo",
        Implication.read(
            {"KKT": "p >= r"},
            "s - 2*p + r <= s - r",
            sample={"s": 1, "p": 1, "r": 1},
            certificate="NOT + 2*KKT",
        ),
        lemma=True,
    )
    values, slopes = model(argument, plateau, "0", claimed["points"], claimed["model"])
    etas = [float(e) for e in numbers(claimed["x"])]
    found = solver_steps(values, slopes, etas)
    for eta, (d, result), wanted in zip(etas, found, claimed["x"].values(), strict=True):
        argument.evidence(
            f"danskin.minnorm at eta = {eta:g}: x = {-d / eta:.12g}, claimed {wanted} (gap "
            f"{result.gap:.1e})",
            abs(-d / eta - float(parse(wanted, {}, "x"))) < STEP_TOLERANCE,
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
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN, NUMERIC),
    objects={"plateau": PLATEAU},
    claimed={"small step": "w <= e*s0/2", "large step": "e*(s - r) <= 2*h", **_POINTS},
    prove=_limits,
    kind="ours",
    uses=("theorem-2", "step-aware-optimal"),
)


# --- zero steps ----------------------------------------------------------------------------------


def _stuck(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    above_the_combination(argument)
    prove_twice(
        argument,
        "Weights on the tied gradients with sum alpha_j g_j = 0: the combination of the tied lines "
        "is their value v at every d, so M(d) >= v = M(0), and 2 e M + |d|^2 "
        f"{claimed['relation']} 2 e v where d is not 0 (q = |d|^2): d(eta) = 0 for every eta",
        [
            Implication.read(
                {"E": "e > 0", "MM": "M >= v", "D": "q > 0"},
                f"2*e*M + q {claimed['relation']} 2*e*v",
                sample={"e": 1, "M": 0, "v": 0, "q": 1},
                certificate="NOT + 2*E*MM + D",
            ),
            # So d is not another minimizer: a value that is only not lower would not say so.
            Implication.read(
                {"V": f"value {claimed['relation']} least"},
                "value > least",
                sample={"value": 1, "least": 0},
                certificate="NOT + V",
            ),
        ],
        lemma=True,
    )
    values, slopes = model(
        argument, absolute_value, claimed["theta"], claimed["points"], claimed["model"]
    )
    top = max(values, key=float)
    tied = [g for v, g in zip(values, slopes, strict=True) if v == top]
    alpha = numbers(claimed["weights"])
    argument.part(
        f"The absolute value at its kink: {len(tied)} tied gradients {tied}, whose combination "
        f"with the weights {alpha} is 0",
        conjunction(
            [
                decided(len(tied) == len(alpha)),
                in_simplex(alpha),
                ordered(sum(a * g for a, g in zip(alpha, tied, strict=True)), "==", 0),
            ]
        ),
        EXACT,
    )
    for eta, (d, _) in zip(
        claimed["steps"], solver_steps(values, slopes, claimed["steps"]), strict=True
    ):
        argument.evidence(f"danskin.minnorm at eta = {eta:g}: |d| = {abs(d):.1e}", abs(d) < 1e-12)


STUCK = Claim(
    id="step-aware-stationary",
    title="Where the tied gradients have 0 in their hull no step size moves",
    source="Ours; step-aware directions",
    statement=(r"0 \in \mathrm{conv}\{g_j: v_j = \max v\} \implies d(\eta) = 0\ \forall \eta > 0"),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={
        "relation": ">",
        "theta": "0",
        "points": ("-1", "1"),
        "model": (("0", "-1"), ("0", "1")),
        "weights": ("1/2", "1/2"),
        "steps": (0.01, 1.0, 100.0),
    },
    prove=_stuck,
    kind="ours",
)


# --- from some step size on ----------------------------------------------------------------------


def _late(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    argument.say("rho = 0: some beta in the simplex has sum beta_j g_j = 0.")
    argument.written(
        "then M >= sum beta_j v_j is bounded below, and a maximum of finitely many affine "
        "functions "
        "that is bounded below attains its minimum m (linear programming); the minimizers are a "
        "closed convex polyhedron with one point p of least norm. beta can be taken on the lines "
        "active at p (0 is a subgradient of M at p). KKT for the least norm under the constraints "
        "v_j + <g_j, d> <= m, which are affine: p + sum l_j g_j = 0 with l_j >= 0 on active lines"
    )
    prove_twice(
        argument,
        "Let K = sum l_j. For e >= K the weights a_j = l_j/e + (1 - K/e) beta_j are non-negative "
        "(e a_j = l_j + (e - K) beta_j)",
        Implication.read(
            {
                "E": "e > 0",
                "LATE": claimed["late"],
                "L": "l >= 0",
                "B": "b >= 0",
                "A": "e*a == l + (e - K)*b",
            },
            "a >= 0",
            sample={"e": 2, "K": 1, "l": 0, "b": 1, "a": "1/2"},
            certificate="E*NOT + A + L + LATE*B",
        ),
        lemma=True,
    )
    given = {"E": "e > 0", "SUM": "e*a == K + (e - K)*b", "ONE": "b == 1"}
    sample = {"e": 2, "K": 1, "b": 1, "a": 1}
    prove_twice(
        argument,
        "they add up to 1 (a, b the sums of all a_j, beta_j)",
        [
            Implication.read(
                given, "a <= 1", sample=sample, certificate="E*NOT - SUM - (e - K)*ONE"
            ),
            Implication.read(
                given, "a >= 1", sample=sample, certificate="E*NOT + SUM + (e - K)*ONE"
            ),
        ],
        lemma=True,
    )
    argument.written(
        "and sum a_j g_j = -p/e + 0. They are on active lines, so w = sum a_j v_j = m - <sum a_j "
        "g_j, p> = m + |p|^2/e: with x = -p/e the last step of step-aware-optimal applies, and "
        "d(e) = p for every e >= K."
    )
    prove_twice(
        argument,
        "In numbers: w - e |x|^2 = m, the value of M at p (P = |p|^2)",
        [
            Implication.read(
                {"E": "e > 0", "W": "e*w == e*m + P", "S": "e**2*s == P"},
                f"e*(w - e*s) {relation} e*m",
                sample={"e": 1, "w": 1, "m": 0, "P": 1, "s": 1},
                certificate=certificate,
            )
            for relation, certificate in (("<=", "NOT - W + S"), (">=", "NOT + W - S"))
        ],
        lemma=True,
    )
    no_longer_than(argument)
    values, slopes = model(
        argument, absolute_value, claimed["theta"], claimed["points"], claimed["model"]
    )
    p, K = numbers((claimed["p"], claimed["K"]))
    level = [v + g * p for v, g in zip(values, slopes, strict=True)]
    beta, multipliers = numbers(claimed["beta"]), numbers(claimed["l"])
    argument.part(
        f"The absolute value at theta = {claimed['theta']}: p = {p}, both lines are at {level[0]} "
        f"there, beta = {beta}, l = {multipliers}, K = {K}",
        conjunction(
            [
                *(ordered(x, "==", level[0]) for x in level),
                in_simplex(beta),
                *(ordered(x, ">=", 0) for x in multipliers),
                ordered(sum(multipliers), "==", K),
                ordered(sum(b * g for b, g in zip(beta, slopes, strict=True)), "==", 0),
                ordered(p + sum(x * g for x, g in zip(multipliers, slopes, strict=True)), "==", 0),
            ]
        ),
        EXACT,
    )
    etas = [factor * float(K) for factor in claimed["factors"]]
    found = solver_steps(values, slopes, etas)
    for factor, (d, _) in zip(claimed["factors"], found, strict=True):
        argument.evidence(
            f"danskin.minnorm at eta = {factor:g} K: d = {d:.12g}",
            (abs(d - float(p)) < STEP_TOLERANCE) == (factor >= 1),
        )


LATE = Claim(
    id="step-aware-from-some-step-on",
    title="With 0 in the hull of all gradients the step is the nearest minimizer from some step on",
    source="Ours; step-aware directions",
    statement=(
        r"0 \in \mathrm{conv}\{g_j\},\ p = \text{least-norm minimizer of } \max_j (v_j + \langle"
        r" g_j, d\rangle) \implies \exists K\ \forall \eta \ge K, \eta > 0:\ d(\eta) = p;\quad"
        r" \|d(\eta)\| \le \|p\|\ \forall \eta > 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN, NUMERIC),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={
        "late": "e >= K",
        "theta": "1/2",
        "points": ("-1", "1"),
        "model": (("-1/2", "-1"), ("1/2", "1")),
        "p": "-1/2",
        "beta": ("1/2", "1/2"),
        "l": ("0", "1/2"),
        "K": "1/2",
        "factors": (0.5, 1.0, 2.0, 100.0),
    },
    prove=_late,
    kind="ours",
    uses=("step-aware-optimal",),
)

CLAIMS = (OPTIMAL, LIMITS, STUCK, LATE)
