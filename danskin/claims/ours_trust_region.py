"""Ours: the trust region, when a step size belongs to its radius, and when none does."""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    NUMERIC,
    SYMBOLIC,
    WRITTEN,
    Argument,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import Domain
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.prox_model import PLATEAU, lines, model, no_longer_than
from danskin.claims.prox_solver import solver_steps, trust_region_evidence
from danskin.claims.vectors import numbers
from danskin.counterexamples import ABSOLUTE_VALUE
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


# --- the steps are the solutions of trust-region problems ----------------------------------------


def _monotone(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    argument.say(
        "d = d(e) and d' = d(e') for step sizes e < e'; a, a' the values of the model M there, D, "
        "D' the squared lengths. Each minimises its own M + |.|^2/(2 eta):"
    )
    own = {
        "E": "e > 0",
        "F": "f > e",
        "OWN": "2*e*a + D <= 2*e*b + G",
        "OTHER": "2*f*b + G <= 2*f*a + D",
    }
    sample = {"e": 1, "f": 2, "a": 1, "b": 1, "D": 1, "G": 1}
    prove_twice(
        argument,
        "the longer step size gives the longer step (f = e', b = a', G = D'): "
        f"{claimed['longer']}, and the lower model",
        [
            Implication.read(
                own, claimed["longer"], sample=sample, certificate="(F + E)*OWN + E*OTHER + F*NOT"
            ),
            Implication.read(own, "b <= a", sample=sample, certificate="OWN + OTHER + 2*F*NOT"),
        ],
        lemma=True,
    )
    prove_twice(
        argument,
        "d(e) solves the trust-region problem of radius r = |d(e)|: q = |d'|^2 <= r^2 and 2 e "
        "M(d') + q >= 2 e M(d) + r^2 give M(d') >= M(d)",
        Implication.read(
            {"E": "e > 0", "OPT": "2*e*b + q >= 2*e*a + R", "BALL": "q <= R"},
            "b >= a",
            sample={"e": 1, "a": 0, "b": 0, "q": 1, "R": 1},
            certificate="2*E*NOT + OPT + BALL",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "and it is the only solution: another one d' in the ball with the same M would be as good "
        "for the proximal model, whose surplus is z = |d' - d|^2 (step-aware-optimal); so z <= 0",
        Implication.read(
            {"OPT": "2*e*b + q >= 2*e*a + R + z", "BALL": "q <= R", "SAME": "b == a"},
            "z <= 0",
            sample={"e": 1, "a": 0, "b": 0, "q": 1, "R": 1, "z": 0},
            certificate="NOT + OPT + BALL - 2*e*SAME",
        ),
        lemma=True,
    )
    values, slopes = model(argument, plateau, "0", claimed["points"], claimed["model"])
    lengths = [abs(d) for d, _ in solver_steps(values, slopes, claimed["steps"])]
    argument.evidence(
        f"danskin.minnorm at eta = {claimed['steps']}: |d| = {[round(x, 12) for x in lengths]}",
        all(x <= y + 1e-9 for x, y in itertools.pairwise(lengths)),
    )


MONOTONE = Claim(
    id="trust-region-steps",
    title="A longer step size gives a longer step, each the one solution of its trust region",
    source="Ours; trust region",
    statement=(
        r"\eta < \eta' \implies \|d(\eta)\| \le \|d(\eta')\|,\quad \arg\min_{\|d\| \le"
        r" \|d(\eta)\|} \max_j (v_j + \langle g_j, d\rangle) = \{d(\eta)\}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"plateau": PLATEAU},
    claimed={
        "longer": "D <= G",
        "points": ("1", "0"),
        "model": (("1", "-2"), ("0", "-1")),
        "steps": (0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 10.0),
    },
    prove=_monotone,
    kind="ours",
    uses=("step-aware-optimal",),
)


# --- instances and the cases --------------------------------------------------------------------


def _many(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    values, slopes = model(argument, plateau, "0", claimed["points"], claimed["model"])
    let = lines(values, slopes)
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
    Domain(claimed["interval"], {"e": "3/4"}).covers(
        argument, "Every eta in [1/2, 1] is covered", {"LO": "2*e >= 1", "HI": "e <= 1"}
    )
    lengths = [abs(x) for x, _ in solver_steps(values, slopes, claimed["steps"])]
    argument.evidence(
        f"danskin.minnorm at eta = {claimed['steps']}: |d| = {[round(x, 12) for x in lengths]}",
        all(abs(x - abs(float(d))) < 1e-9 for x in lengths),
    )
    trust_region_evidence(argument, values, slopes, abs(d), d, "boundary")


MANY = Claim(
    id="trust-region-many-steps",
    title="One trust-region step can belong to a whole interval of step sizes",
    source="Ours; trust region",
    statement=(
        r"v = (1, 0),\ g = (-2, -1):\quad \arg\min_d \max_j (v_j + g_j d) + \tfrac{d^2}{2\eta} = 1"
        r"\quad \forall \eta \in [\tfrac12, 1]"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"plateau": PLATEAU},
    claimed={
        "points": ("1", "0"),
        "model": (("1", "-2"), ("0", "-1")),
        "d": "1",
        "interval": {"LO": "2*e >= 1", "HI": "e <= 1"},
        # the weights (1 - e)/e and (2 e - 1)/e, times 2 e
        "certificate": "NOT + 2*HI*M1 + 2*LO*M2",
        "steps": (0.5, 0.6, 0.75, 0.9, 1.0),
    },
    prove=_many,
    kind="ours",
)


def _none(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    no_longer_than(argument)
    argument.written(
        "With 0 in the hull of all gradients M has a minimizer, and p is the one of least norm "
        "(step-aware-from-some-step-on). So no step has a length r > |p|; p lies in the ball |d| "
        "<= r and is the least-norm solution there."
    )
    values, slopes = model(
        argument, absolute_value, claimed["theta"], claimed["points"], claimed["model"]
    )
    least, radius = numbers((claimed["d"], claimed["radius"]))
    let = lines(values, slopes)
    at: list[Any] = [line.xreplace({sympy.Symbol("d"): least}) for line in let.values()]
    let |= {"best": least, "level": max(at, key=float)}
    given = {"M1": "M >= l1", "M2": "M >= l2"}
    argument.say(f"The absolute value: at d = {least} the lines are {at}.")
    prove_twice(
        argument,
        f"The model's minimum is {let['level']}, at d = {least} and at no other d: there the model "
        f"is above by |d - ({least})|",
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
    argument.part(
        f"So |d(eta)| <= {abs(least)} < {radius} = r for every eta: none has length r, and the "
        f"trust-region problem is solved by d = {least}, inside the ball",
        ordered(abs(least), "<", radius),
        EXACT,
    )
    trust_region_evidence(argument, values, slopes, radius, least, "least_norm_minimizer")


NONE = Claim(
    id="trust-region-no-step",
    title="With 0 in the hull of all gradients no step size reaches a large radius",
    source="Ours; trust region",
    statement=(
        r"p = \text{least-norm minimizer of } \max_j (v_j + \langle g_j, d\rangle) \implies"
        r" \|d(\eta)\| \le \|p\|\ \forall \eta > 0;\quad g = \theta\delta,\ \theta = \tfrac12:\ p ="
        r" -\tfrac12 = \arg\min_{|d| \le 1} \max_j (v_j + g_j d)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN, NUMERIC),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={
        "theta": "1/2",
        "points": ("-1", "1"),
        "model": (("-1/2", "-1"), ("1/2", "1")),
        "d": "-1/2",
        "radius": "1",
    },
    prove=_none,
    kind="ours",
    uses=("step-aware-from-some-step-on",),
)


def _continuous(argument: Argument) -> None:
    prove_twice(
        argument,
        "The dual's solution, with its point x and w = sum alpha_j v_j, beats any other weights "
        "beta, with y and b = sum beta_j v_j, by (e/2) |x - y|^2: KKT v_j - w <= e <x, g_j - x> "
        "(step-aware-optimal) gives b <= w + e (t - s), with t = <x, y>, s = |x|^2, u = |y|^2",
        Implication.read(
            {"KKT": "b <= w + e*(t - s)"},
            "b - e*u/2 <= w - e*s/2 - e/2*(s - 2*t + u)",
            sample={"b": 0, "w": 0, "e": 1, "t": 1, "s": 1, "u": 1},
            certificate="NOT + KKT",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "x(eta) is continuous: f and e > 0 two step sizes, x and y their points; the dual's values "
        "A = sum alpha_j v_j: A - f |x|^2/2 and B - e |y|^2/2 are each the largest, with a surplus "
        "of |x - y|^2 times f/2, e/2 (KKT). So (f + e)/2 |x - y|^2 <= (e - f)/2 (|x|^2 - |y|^2), "
        "which is at most |e - f| R^2/2 for gradients of length R at most",
        Implication.read(
            {
                "X": "a - f*s/2 >= b - f*r/2 + f*z/2",
                "Y": "b - e*r/2 >= a - e*s/2 + e*z/2",
            },
            "(f + e)*z <= (e - f)*(s - r)",
            sample={"a": 0, "b": 0, "e": 1, "f": 1, "s": 1, "r": 1, "z": 0},
            certificate="NOT + 2*X + 2*Y",
        ),
        lemma=True,
    )


def _exists(argument: Argument, claimed: dict[str, Any], plateau: Any) -> None:
    prove_twice(
        argument,
        "rho > 0: |x(eta)| >= rho for every eta (x is in the hull), so |d(eta)| = eta |x| is at "
        "least r from eta = r/rho on; and |x(eta)| <= |x_0| =: n (step-aware-limits), so it is at "
        "most r up to eta = r/n",
        [
            Implication.read(
                {"RHO": claimed["rho"]}, "p > 0", sample={"p": 1}, certificate="NOT + RHO"
            ),
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
    _continuous(argument)
    argument.written(
        "so |d(eta)| is continuous, at most r at r/n and at least r at r/rho: it is r somewhere in "
        "between (intermediate value theorem)"
    )
    values, slopes = model(argument, plateau, "0", claimed["points"], claimed["model"])
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
        trust_region_evidence(argument, values, slopes, radius, move, "boundary")


EXISTS = Claim(
    id="trust-region-step-exists",
    title="With 0 outside the hull of all gradients every radius is reached",
    source="Ours; trust region",
    statement=r"\rho > 0 \implies \forall r > 0\ \exists \eta > 0:\ \eta \|x(\eta)\| = r",
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN, NUMERIC),
    objects={"plateau": PLATEAU},
    claimed={
        "rho": "p > 0",
        "points": ("1", "0"),
        "model": (("1", "-2"), ("0", "-1")),
        "steps": {"1/2": "1/4", "3": "3", "3/2": "3/2"},
    },
    prove=_exists,
    kind="ours",
    uses=("theorem-2", "step-aware-limits", "step-aware-optimal"),
)

CLAIMS = (MONOTONE, MANY, EXISTS, NONE)
