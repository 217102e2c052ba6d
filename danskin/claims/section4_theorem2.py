"""Section 4, Theorem 2: the min-norm point of the hull is the steepest direction; its scope."""

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
    Argument,
    conjunction,
    decided,
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
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
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS", "convex_combination"]


def convex_combination() -> Implication:
    """Return the induction step of "a convex combination of numbers is at most their maximum".

    The combination of the first k numbers is at most M, the next number is at most M; hence the
    combination with the next one is. So it holds for every number m of gradients.
    """
    return Implication.read(
        {"HA": "A <= M", "HP": "p <= M", "K0": "k >= 0", "K1": "k <= 1"},
        "(1 - k)*A + k*p <= M",
        sample={"A": 0, "p": 1, "M": 2, "k": "1/3"},
        certificate="NOT + K1*HA + K0*HP",
    )


# --- Theorem 2 -----------------------------------------------------------------------------------


def _theorem_2(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    rate = claimed["rate"]
    argument.say(
        "Let x = sum alpha_i g_i be the min-norm point of the hull, r = |x|. Everything below is "
        "in inner products, so it holds for every number m of gradients in every dimension."
    )
    _first_order(argument)
    prove_twice(
        argument,
        "Upper bound: along gamma* = -x/r every y = <gamma*, g_i> satisfies r y = -<x, g_i>, so "
        f"KKT gives y <= {rate}",
        Implication.read(
            {"R": "r > 0", "KKT": "b >= r**2", "E": "r*y + b == 0"},
            f"y <= {rate}",
            sample={"r": 2, "b": 6, "y": -3},
            certificate="R*NOT + KKT - E",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "A convex combination is at most the maximum (induction step), so max_i <gamma, g_i> >= "
        "sum alpha_i <gamma, g_i> = <gamma, x> for every gamma",
        convex_combination(),
        lemma=True,
    )
    prove_twice(
        argument,
        f"Lower bound: |r gamma + x|^2 >= 0 for a unit gamma gives t = <gamma, x> >= {rate}; so no "
        "unit direction has a smaller derivative",
        Implication.read(
            {"R": "r > 0", "SQUARE": "r**2 + 2*r*t + r**2 >= 0"},
            f"t >= {rate}",
            sample={"r": 2, "t": 1},
            certificate="2*R*NOT + SQUARE",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "Uniqueness: if a unit gamma does as well, t <= -r, then |r gamma + x|^2 = 2 r^2 + 2 r t "
        "<= 0, so gamma = -x/r",
        Implication.read(
            {"R": "r > 0", "T": "t <= -r"},
            "2*r**2 + 2*r*t <= 0",
            sample={"r": 2, "t": -3},
            certificate="NOT + 2*R*T",
        ),
        lemma=True,
    )
    argument.say(
        "rho = 0: then max_i <gamma, g_i> >= <gamma, x> = 0 for every gamma, by the same convex "
        "combination: no direction descends, and there is nothing to divide by."
    )
    for name, case in claimed["instances"].items():
        _instance(argument, name, case, rate, formulas[name])


def _first_order(argument: Argument) -> None:
    """Prove KKT at the min-norm point: otherwise a short step towards g_i shortens it."""
    given = {"E": "T*(q - b) + b == 0", "B": "b < 0", "Q": "q >= 0"}
    sample = {"T": "1/2", "b": -1, "q": 1}
    prove_twice(
        argument,
        "KKT holds at x: let b = <x, g_i - x>, q = |g_i - x|^2. If b < 0, the step T = -b/(q - b) "
        "lies in (0, 1] and |x + T (g_i - x)|^2 - |x|^2 = 2 T b + T^2 q < 0, against minimality; "
        "so <x, g_i> >= |x|^2 for all i",
        [
            Implication.read(given, "T > 0", sample=sample, certificate="NOT*(Q + B) + B + E"),
            Implication.read(given, "T <= 1", sample=sample, certificate="NOT*(Q + B) + Q - E"),
            Implication.read(
                {**given, "P": "T > 0"},
                "2*T*b + T**2*q < 0",
                sample=sample,
                certificate="NOT + B*P*(1 + P) - T*E",
            ),
        ],
        lemma=True,
    )


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
    methods=(SYMBOLIC, DECISION, EXACT),
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
)


# --- the scope of Theorem 2 ----------------------------------------------------------------------


def _scope(argument: Argument, claimed: dict[str, Any], cubic: Any) -> None:
    S = known_maximizers(cubic, ["0"])
    t, d = sympy.Symbol("t"), sympy.Symbol("d")
    value = cubic.expression.xreplace({cubic.theta_symbols[0]: t, cubic.delta_symbols[0]: d})
    level: Any = S.exact_value
    lower, upper = cubic.domain.exact_lo[0], cubic.domain.exact_hi[0]
    statement = Implication.read(
        {"NEG": "t < 0", "LO": f"d >= {lower}", "HI": f"d <= {upper}"},
        "value < level",
        sample={"t": "-1/2", "d": str(lower)},
        certificate=claimed["certificate"],
        let={"value": value, "level": level},
    )
    lower_values = prove_twice(
        argument,
        f"theta = 0 is not a local minimizer: g(t, delta) = {value} < phi(0) = {level} for all "
        "delta in S and all t < 0, so phi(t) < phi(0)",
        statement,
        lemma=True,
    )
    best = steepest_descent(S)
    derivatives = [directional_derivative(S, [s]).value for s in ("1", "-1")]
    least = min(derivatives, key=to_float)
    bound = parse(claimed["min D <"], {}, "claimed")
    argument.witness(
        f"S*(0) = {_points(S)} with gradient {S.exact_gradients[0][0]}: rho = 0, and "  # type: ignore[index]
        f"D(0; +1) = {derivatives[0]}, D(0; -1) = {derivatives[1]}: no direction has D < {bound}",
        [lower_values, decided(best.stationary)],
        ordered(least, "<", bound),
    )


def _points(S: Any) -> str:
    return "{" + ", ".join(str(d[0]) for d in S.exact_deltas) + "}"


SCOPE = Claim(
    id="theorem-2-scope",
    title="Theorem 2 as printed: a descent direction exists unless theta is a local minimizer",
    source="Section 4, Theorem 2 and Appendix C, as printed",
    statement=(
        r"\theta \text{ not a local minimizer of } \varphi \implies"
        r" \min_{\|\gamma\|=1} D(\theta; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={
        "cubic": MinMaxObjective.from_expression("t**3 - d**2", ["t"], ["d"], Interval(-1, 1))
    },
    claimed={"min D <": "0", "certificate": "NOT + d**2 + NEG**3"},
    prove=_scope,
    corrected=(
        r"0 \notin \mathrm{conv}\{\nabla_\theta g(\theta, \delta):"
        r" \delta \in S^\star(\theta)\} \iff \min_{\|\gamma\|=1} D(\theta; \gamma) < 0"
    ),
    kind="error as printed",
)


CLAIMS = (THEOREM_2, THEOREM_2_INSTANCES, SCOPE)
