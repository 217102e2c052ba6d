"""Section 4, Theorem 2: the min-norm point of the hull is the steepest direction."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    NUMERIC,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    decided,
    equal,
)
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.hull import (
    above_the_combination,
    kkt_at_the_min_norm_point,
    kkt_suffices,
    min_norm_point_exists,
    only_along,
    rate_along,
    rate_below,
)
from danskin.counterexamples import (
    OBTUSE_PAIR,
    ORABONA,
    pull_back,
    simplex_formula,
    symmetric_triple,
)
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.errors import InvalidInputError
from danskin.exact import to_float
from danskin.expression import parse
from danskin.minnorm import exact_min_norm
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


# --- Theorem 2 -----------------------------------------------------------------------------------


def _theorem_2(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    rate = claimed["rate"]
    argument.say(
        "Let x = sum alpha_i g_i be the min-norm point of the hull, r = |x|; D(theta; gamma) = "
        "max_i <gamma, g_i> for a unit gamma. Everything below is in inner products, so it holds "
        "for every number m of gradients in every dimension."
    )
    min_norm_point_exists(argument)
    kkt_at_the_min_norm_point(argument)
    kkt_suffices(argument)
    rate_along(argument, rate)
    above_the_combination(argument)
    rate_below(argument, rate)
    only_along(argument, rate=rate)
    argument.written(
        "rho = 0: then max_i <gamma, g_i> >= <gamma, x> = 0 for every gamma, by the same convex "
        "combination: no direction descends, and there is nothing to divide by."
    )
    for name, case in claimed["instances"].items():
        _instance(argument, name, case, rate, formulas[name])


def _instance(argument: Argument, name: str, case: dict[str, Any], rate: str, formula: Any) -> None:
    """Check the theorem on one registered objective, exactly."""
    if "vectors" in case:
        rows = [[parse(x, {}, "vectors") for x in v] for v in case["vectors"]]
        objective = pull_back(formula, rows)
        theta: Any = [0] * objective.theta_dim
    else:
        rows = [[parse(x, {}, "gradients") for x in v] for v in case["gradients"]]
        objective, theta = formula, case["theta"]
    S = known_maximizers(objective, theta)
    argument.part(
        f"{name}: the gradients at the maximizers (at the ends of a face) are {len(rows)}: "
        + ", ".join(f"({', '.join(map(str, r))})" for r in S.exact_gradients or ()),
        decided(set(S.exact_gradients or ()) == {tuple(r) for r in rows}),
        EXACT,
    )
    best = steepest_descent(S)
    if best.exact_derivative is None:
        raise InvalidInputError("objective", f"{name}: no exact steepest direction", "")
    rho = parse(case["rho"], {}, "rho")
    if best.stationary or best.exact_direction is None:
        number_is(argument, f"{name}: rho, with 0 in the hull", sympy.Integer(0), "==", rho)
        return
    found = directional_derivative(S, list(best.exact_direction)).value
    wanted = parse(rate, {"r": rho}, "rate")
    number_is(argument, f"{name}: D(theta; gamma*), recomputed over S*,", found, "==", wanted)


THEOREM_2 = Claim(
    id="theorem-2",
    title="The min-norm point of the hull gives the steepest direction, uniquely",
    source="Section 4, Theorem 2; Appendix C, as corrected",
    statement=(
        r"x^\star = \arg\min_{x \in \mathrm{conv}\{g_i\}} \|x\|,\ \rho = \|x^\star\|:\quad"
        r" \rho > 0 \implies \min_{\|\gamma\|=1} D(\theta; \gamma) = -\rho"
        r" \text{ at } \gamma = -x^\star/\rho \text{ only};\quad"
        r" \rho = 0 \implies D(\theta; \gamma) \ge 0 \ \forall \gamma"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={
        "obtuse pair": OBTUSE_PAIR.formula,
        "lifted triple": simplex_formula(3),
        "Orabona": ORABONA.formula,
        "flat triple": simplex_formula(3),
    },
    claimed={
        "rate": "-r",
        "instances": {
            "obtuse pair": {"vectors": (("1", "0"), ("-3/5", "4/5")), "rho": "sqrt(5)/5"},
            "lifted triple": {
                "vectors": tuple(tuple(map(str, v)) for v in symmetric_triple("1/2")),
                "rho": "1/2",
            },
            "Orabona": {
                "theta": ("1/2", "0"),
                "gradients": (("1", "-2"), ("1", "2")),
                "rho": "1",
            },
            "flat triple": {
                "vectors": tuple(tuple(map(str, v)) for v in symmetric_triple()),
                "rho": "0",
            },
        },
    },
    prove=_theorem_2,
    kind="correction",
    uses=("theorem-1",),
)


def _random_vectors(rng: np.random.Generator) -> list[list[Fraction]]:
    m, n = int(rng.integers(2, 7)), int(rng.integers(1, 6))
    numerators = rng.integers(-9, 10, size=(m, n))
    # Half of the sets lie mostly on one side of a hyperplane, so that rho > 0 is common.
    numerators[:, 0] += int(rng.integers(0, 2)) * 8
    denominators = rng.integers(1, 5, size=(m, n))
    pairs = zip(numerators, denominators, strict=True)
    return [[Fraction(int(p), int(q)) for p, q in zip(*row, strict=True)] for row in pairs]


def _theorem_2_instances(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    rng = np.random.default_rng(claimed["seed"])
    through, stationary = 0, 0
    verdicts = []
    for _ in range(claimed["objectives"]):
        vectors = _random_vectors(rng)
        rows = [[sympy.Rational(x.numerator, x.denominator) for x in v] for v in vectors]
        S = known_maximizers(pull_back(formula(len(rows)), rows), [0] * len(rows[0]))
        verdict, is_zero = _exactly(S.exact_gradients, S, claimed["rate"])
        drawn = {tuple(row) for row in rows}
        verdicts += [verdict, decided(set(S.exact_gradients or ()) == drawn)]
        through += 1
        stationary += is_zero
    argument.part(
        f"{through} random objectives of Appendix A's form (rational vectors, {stationary} of them "
        "stationary): the gradients at the maximizers are the vectors; exact weights; KKT <x, g_i> "
        ">= |x|^2 recomputed in exact arithmetic; D(-x) = -rho exactly",
        conjunction(verdicts),
        EXACT,
    )
    _against_cvxpy(argument, claimed, rng)


def _exactly(gradients: Any, S: Any, rate: str) -> tuple[Verdict, bool]:
    found = exact_min_norm(gradients)
    steps = [found.verify()]
    square = sympy.Rational(found.squared_norm.numerator, found.squared_norm.denominator)
    if found.stationary:
        return conjunction(steps), True
    x = [-sympy.Rational(v.numerator, v.denominator) for v in found.point]
    derivative = directional_derivative(S, x).value
    steps.append(equal(derivative, parse(rate, {"r": sympy.sqrt(square)}, "rate")))
    return conjunction(steps), False


def _against_cvxpy(argument: Argument, claimed: dict[str, Any], rng: np.random.Generator) -> None:
    from danskin.oracle import steepest_direction

    worst, descents = 0.0, 0
    verdicts = []
    for _ in range(claimed["gradient sets"]):
        rows = _random_vectors(rng)
        found = exact_min_norm(rows)
        verdicts.append(found.verify())
        floats = np.array([[float(x) for x in row] for row in rows])
        primal = steepest_direction(floats).derivative
        scale = float(np.abs(floats).max()) or 1.0
        rho = sympy.Rational(found.squared_norm.numerator, found.squared_norm.denominator)
        dual = to_float(parse(claimed["rate"], {"r": sympy.sqrt(rho)}, "rate"))
        worst = max(worst, abs(primal - dual) / scale)
        descents += not found.stationary
    argument.part(
        f"{claimed['gradient sets']} further random sets of rational gradients: KKT exactly",
        conjunction(verdicts),
        EXACT,
    )
    argument.evidence(
        f"cvxpy's primal, min over |gamma| <= 1 of max_i <gamma, g_i>, on the same sets "
        f"({descents} with rho > 0): largest difference to -rho {worst:.1e} of the gradients' size "
        f"(tolerance {claimed['tolerance']:g})",
        worst <= claimed["tolerance"],
    )


THEOREM_2_INSTANCES = Claim(
    id="theorem-2-instances",
    title="Theorem 2 on random objectives, exactly, and against cvxpy",
    source="Section 4, Theorem 2",
    statement=(
        r"\langle x^\star, g_i\rangle \ge \|x^\star\|^2\ \forall i,\quad"
        r" D(\theta; -x^\star/\rho) = -\rho \quad\text{on seeded rational instances}"
    ),
    expected=Verdict.PROVED,
    methods=(EXACT, NUMERIC),
    objects={"formula": simplex_formula},
    claimed={"rate": "-r", "seed": 2023, "objectives": 24, "gradient sets": 200, "tolerance": 1e-6},
    prove=_theorem_2_instances,
    kind="statement",
    uses=("theorem-1",),
)


CLAIMS = (THEOREM_2, THEOREM_2_INSTANCES)
