"""Section 4, Algorithm 1: what its direction improves, batches, and the solver's step size."""

from __future__ import annotations

import itertools
from collections.abc import Callable
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
from danskin.claims.gram import as_sympy, known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.section4_theorem2 import convex_combination
from danskin.counterexamples import (
    OBTUSE_PAIR,
    RUNS,
    pull_back,
    sample_vectors,
    simplex_formula,
    symmetric_triple,
)
from danskin.derivative import directional_derivative
from danskin.errors import InvalidInputError
from danskin.exact import sign
from danskin.expression import parse
from danskin.maximizers import maximizers
from danskin.minnorm import exact_min_norm
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

Row = tuple[sympy.Expr, ...]


def _dot(a: Any, b: Any) -> sympy.Expr:
    return sympy.expand(sympy.Add(*(x * y for x, y in zip(a, b, strict=True))))


def _read(vectors: Any) -> list[list[sympy.Expr]]:
    return [[parse(x, {}, "vectors") for x in v] for v in vectors]


def _only(S: Any) -> tuple[Row, Row]:
    """Return the one maximizer and its gradient.

    Raises
    ------
    InvalidInputError
        There are more.
    """
    if S.faces or len(S.exact_deltas) != 1:
        raise InvalidInputError("objective", "its maximizer is not unique", "")
    return S.exact_deltas[0], S.exact_gradients[0]


def _gradients(formula: Any, vectors: Any) -> tuple[Any, tuple[Row, ...]]:
    rows = _read(vectors)
    S = known_maximizers(pull_back(formula, rows), [0] * len(rows[0]))
    return S, S.exact_gradients or ()


# --- "improves the loss on all elements" ---------------------------------------------------------


def _improves_printed(
    argument: Argument, claimed: dict[str, Any], flat_triple: Any, curve: Any
) -> None:
    _, gradients = _gradients(flat_triple, claimed["vectors"])
    weights = [parse(w, {}, "claimed") for w in claimed["weights"]]
    sums = [_dot(weights, column) for column in zip(*gradients, strict=True)]
    hull = conjunction(
        [*(ordered(w, ">=", 0) for w in weights), equal(sympy.Add(*weights), 1)]
        + [equal(x, 0) for x in sums]
    )
    none = prove_twice(
        argument,
        "max_i <gamma, g_i> >= <gamma, sum w_i g_i> for all weights w in the simplex (induction)",
        convex_combination(),
        lemma=True,
    )
    argument.witness(
        f"0 in the hull: the weights {tuple(map(str, weights))} of the gradients add up to "
        f"({', '.join(map(str, sums))}), so every gamma has an element with <gamma, g_i> >= 0: no "
        "direction improves all elements even to first order, and (14) divides by 0",
        [decided(len(gradients) == len(weights))],
        Verdict.REFUTED if conjunction([hull, none]) is Verdict.PROVED else Verdict.UNDECIDED,
    )
    theta, step = (parse(claimed[k], {}, "claimed") for k in ("theta", "step"))
    S = known_maximizers(curve, [theta])
    delta, gradient = _only(S)
    gamma = -gradient[0] / sympy.sqrt(gradient[0] ** 2)
    before, after = (
        curve.at([x]).xreplace(dict(zip(curve.delta_symbols, delta, strict=True)))
        for x in (theta, theta + step * gamma)
    )
    rate = directional_derivative(S, [gamma]).value
    argument.witness(
        f"A whole step: g = {curve.expression} at theta = {theta}, the one element delta = "
        f"{delta[0]}, gamma = {gamma}, D = {rate} < 0; the step {step} along gamma takes its loss "
        f"from {before} to {after}",
        [ordered(rate, "<", 0), ordered(step, ">", 0)],
        ordered(after, "<", before),
    )


_FIRST_ORDER = (
    r"0 \notin \mathrm{conv}\{\nabla_\theta g(\theta, \delta): \delta \in S_m\} \implies"
    r" \langle\gamma, \nabla_\theta g(\theta, \delta)\rangle \le -\rho < 0"
    r"\ \forall \delta \in S_m"
)

IMPROVES_PRINTED = Claim(
    id="improves-all-elements-as-printed",
    title="The direction of (14) improves the loss on all elements of the finite set",
    source="Section 4, after Theorem 3, as printed",
    statement=(
        r"\forall S_m,\ \beta > 0:\quad g(\theta + \beta\gamma, \delta) < g(\theta, \delta)"
        r"\ \forall \delta \in S_m"
    ),
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={
        "flat_triple": simplex_formula(3),
        "curve": MinMaxObjective.from_expression("t**2 - d**2", ["t"], ["d"], Interval(-1, 1)),
    },
    claimed={
        "vectors": tuple(tuple(map(str, v)) for v in symmetric_triple()),
        "weights": ("1/3", "1/3", "1/3"),
        "theta": "1/4",
        "step": "1",
    },
    prove=_improves_printed,
    corrected=_FIRST_ORDER,
    kind="error as printed",
)


def _improves_corrected(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    rate = claimed["rate"]
    prove_twice(
        argument,
        "KKT at the min-norm point x (theorem-2), r = |x| > 0: y = <gamma, g_i> with r y = "
        f"-<x, g_i> is at most {rate} < 0, so every element's loss falls to first order",
        [
            Implication.read(
                {"R": "r > 0", "KKT": "b >= r**2", "E": "r*y + b == 0"},
                f"y <= {rate}",
                sample={"r": 2, "b": 6, "y": -3},
                certificate="R*NOT + KKT - E",
            ),
            Implication.read({"R": "r > 0"}, f"{rate} < 0", sample={"r": 1}, certificate="NOT + R"),
        ],
        lemma=True,
    )
    for name, vectors in claimed["instances"].items():
        _, gradients = _gradients(formulas[name], vectors)
        found = exact_min_norm(gradients, sign=sign)
        rho = sympy.sqrt(as_sympy(found.squared_norm))
        wanted = parse(rate, {"r": rho}, "rate")
        argument.part(f"{name}: rho = {rho} > 0", ordered(rho, ">", 0), EXACT)
        for i, g in enumerate(gradients):
            y = -_dot(found.point, g) / rho
            argument.part(
                f"{name}: <gamma, g_{i + 1}> = {sympy.simplify(y)} <= {wanted}",
                ordered(y, "<=", wanted),
                EXACT,
            )


IMPROVES_CORRECTED = Claim(
    id="improves-all-elements-corrected",
    title="With 0 outside the hull it improves every element to first order, at rate rho at least",
    source="Section 4, after Theorem 3, corrected",
    statement=_FIRST_ORDER,
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse pair": OBTUSE_PAIR.formula, "three vectors": simplex_formula(3)},
    claimed={
        "rate": "-r",
        "instances": {
            "obtuse pair": (("1", "0"), ("-3/5", "4/5")),
            "three vectors": (("1", "0", "1"), ("-1", "1", "1"), ("0", "-1", "2")),
        },
    },
    prove=_improves_corrected,
    kind="correction",
)


# --- batches -------------------------------------------------------------------------------------


def _batch_printed(
    argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Callable[[Any], Any]
) -> None:
    for text in claimed["members"]:
        s = parse(text, {}, "s")
        batch = BatchObjective([pull_back(formula, pair) for pair in vectors(s)])
        S = maximizers(batch, [0, 0])
        parts = [
            dict(zip(p.exact_deltas or (), p.exact_gradients or (), strict=True))
            for p in S.samples  # type: ignore[union-attr]
        ]
        joint = []
        for run in claimed["runs"]:
            rows = [p.get((sympy.Integer(d),)) for p, d in zip(parts, run, strict=True)]
            if None in rows:
                raise InvalidInputError("runs", f"{run} is not a joint maximizer", "")
            joint.append([sympy.expand(sympy.Add(*c) / len(rows)) for c in zip(*rows, strict=True)])
        found = exact_min_norm(joint, sign=sign)
        gamma = [-x for x in found.point]
        promised = max((_dot(gamma, g) for g in joint), key=float)
        true = directional_derivative(S, gamma).value
        argument.witness(
            f"s = {text}: m = {len(joint)} maximizers of the batch, {claimed['runs']}, all found "
            f"exactly; (14) over their gradients gives gamma = ({', '.join(map(str, gamma))}) with "
            f"the promised rate {promised}, but D(0; gamma) = {true} over all maximizers",
            [
                decided(S.complete and not found.stationary),
                ordered(promised, "<", 0),
                equal(_dot(gamma, gamma), 1),
            ],
            ordered(true, "<", 0),
        )


BATCH_PRINTED = Claim(
    id="algorithm-1-batch-as-printed",
    title="Exact maximizers from m runs on a batch give a descent direction",
    source="Section 4, Algorithm 1 against eq. (13)",
    statement=(
        r"S_m \subseteq S^\star(\theta),\ \gamma \text{ by (14) over } S_m,\ "
        r"0 \notin \mathrm{conv}\, \nabla_\theta g(\theta, S_m) \implies D(\theta; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={"members": ("1", "-3/2"), "runs": RUNS},
    prove=_batch_printed,
    corrected=(
        r"S^\star(\theta) = S_1^\star \times \dots \times S_B^\star:\quad \gamma"
        r" \text{ by (14) over}"
        r"\ \tfrac1B \textstyle\sum_i \mathrm{conv}\, \nabla_\theta L_i(\theta, S_i^\star)"
    ),
    kind="error as printed",
)


# --- the solver's step ---------------------------------------------------------------------------


def _pair_of(formula: Any, vectors: Any) -> tuple[Any, Any, Any]:
    """Return the Gram matrix of two gradients, its spectral norm and the curvature h.

    With alpha = (a, 1 - a) the objective a' G a is h (a - a*)^2 + const.
    """
    _, gradients = _gradients(formula, vectors)
    if len(gradients) != 2:
        raise InvalidInputError("objective", "it does not have two maximizers", "")
    # The order of the vectors: at delta = 1 the first.
    g = sympy.Matrix([gradients[1], gradients[0]])
    gram = (g * g.T).applyfunc(sympy.expand)
    trace, det = gram.trace(), gram.det()
    norm = sympy.expand(trace + sympy.sqrt(sympy.expand(trace**2 - 4 * det))) / 2
    curvature = sympy.expand(gram[0, 0] - 2 * gram[0, 1] + gram[1, 1])
    return gram, sympy.nsimplify(norm), curvature


def _one_step(argument: Argument, gram: Any, step: sympy.Expr, factor: sympy.Expr) -> None:
    """Check that one projected step maps a - a* to factor * (a - a*), before clipping."""
    a = sympy.Symbol("a")
    alpha = sympy.Matrix([a, 1 - a])
    moved = alpha - step * gram * alpha
    projected = sympy.expand((moved[0] - moved[1] + 1) / 2)  # onto the line alpha_1 + alpha_2 = 1
    best = sympy.solve(sympy.diff((alpha.T * gram * alpha)[0], a), a)[0]
    same = sympy.expand(projected - best - factor * (a - best)) == 0
    argument.lemma(
        f"alpha = (a, 1 - a): a' G a is least at a* = {best}; alpha - {step} G alpha, projected to "
        f"the line of the simplex, has a - a* = ({factor}) (a - a*); the simplex clips a to [0, 1]",
        decided(same),
        SYMBOLIC,
    )


def _iterates(gram: Any, step: sympy.Expr, count: int) -> list[Fraction]:
    """Run the accelerated method in exact arithmetic; return a of every iterate."""
    if not (step.is_Rational and all(x.is_Rational for x in gram)):
        raise InvalidInputError("objective", "its step or Gram matrix is irrational", "")
    entries = [[Fraction(int(x.p), int(x.q)) for x in gram.row(i)] for i in range(2)]
    size = Fraction(int(step.p), int(step.q))  # type: ignore[attr-defined]
    values = [Fraction(1, 2)]
    previous = values[0]
    for k in range(count):
        ahead = values[-1] + Fraction(k, k + 3) * (values[-1] - previous)
        slope = [row[0] * ahead + row[1] * (1 - ahead) for row in entries]
        moved = (2 * ahead - size * (slope[0] - slope[1])) / 2
        previous = values[-1]
        values.append(min(max(moved, Fraction(0)), Fraction(1)))
    return values


def _step_printed(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    gram, norm, curvature = _pair_of(formula, claimed["vectors"])
    step = parse(claimed["gradient's factor"], {}, "claimed") / norm
    factor = sympy.expand(1 - step * curvature / 2)
    best = (gram[1, 1] - gram[0, 1]) / curvature
    number_is(argument, f"G = {gram.tolist()}: |G|_2", norm, "==", claimed["norm"])
    argument.say(
        f"Objective as printed, a' G a, with gradient 2 G a; step 1/|G|: a moves by {step} G a."
    )
    _one_step(argument, gram, step, factor)
    argument.lemma(
        f"The accelerated method: z = a - a* obeys z_k+1 = clip({factor} ((1 + b) z_k - b z_k-1)), "
        "b = k/(k+3) >= 1/4 for k >= 1",
        ordered(factor, "<", 0),
        EXACT,
    )
    size = -factor
    prove_twice(
        argument,
        "Where z_k and z_k-1 have opposite signs, p = |z_k|, q = |z_k-1|: z_k+1 has the sign of "
        f"-z_k, and before clipping its size is at least {claimed['growth']} p",
        Implication.read(
            {"P": "p >= 0", "Q": "q >= 0", "B": "b >= 1/4"},
            f"({size})*((1 + b)*p + b*q) >= ({claimed['growth']})*p",
            sample={"p": 1, "q": 1, "b": "1/2"},
            certificate=claimed["certificate"],
        ),
        lemma=True,
    )
    grows = ordered(parse(claimed["growth"], {}, "growth"), ">", 1)
    argument.lemma(f"{claimed['growth']} > 1", grows, EXACT)
    run = _iterates(gram, step, int(claimed["iterations"]))
    exact = Fraction(str(best))
    z = [x - exact for x in run]
    alternates = all(a * b < 0 for a, b in itertools.pairwise(z))
    room = min(exact, 1 - exact)
    argument.lemma(
        f"From the uniform start z_0 = {z[0]}, z_1 = {z[1]}: opposite signs. So the signs "
        "alternate "
        f"for ever and |z_k| grows until it is clipped, to at least {room}: |z_k+1| >= "
        f"min({room}, {claimed['growth']} |z_k|). It cannot tend to 0",
        decided(z[0] * z[1] < 0 and z[0] != 0 and room > 0),
        EXACT,
    )
    last = min(abs(x) for x in z[len(z) // 2 :])
    argument.lemma(
        f"Run in exact arithmetic, {len(z) - 1} iterations: the signs alternate throughout, and in "
        f"the second half |a - a*| >= {last}",
        decided(alternates and last >= room),
        EXACT,
    )
    converges = conjunction([ordered(factor, "<", 0), grows, decided(alternates)])
    argument.witness(
        f"So a_k does not tend to a* = {best}, though the objective is smooth and convex",
        [decided(z[0] != 0)],
        Verdict.REFUTED if converges is Verdict.PROVED else Verdict.UNDECIDED,
    )


_STEPS: dict[str, Any] = {
    "vectors": (("1", "1", "0"), ("0", "-2", "1")),
    "norm": "6",
    "iterations": "100",
}

STEP_PRINTED = Claim(
    id="step-size-as-printed",
    title="Step 1/|M'M| guarantees convergence of the accelerated method on (14)",
    source="Section 4, after Theorem 3, with eq. (14) as printed",
    statement=(
        r"\text{accelerated projected gradient on } \|M\alpha\|^2, \text{ step } 1/\|M^\top M\|_2,"
        r"\text{ converges to } \arg\min_{\alpha \in \Delta_m} \|M\alpha\|^2"
    ),
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={
        **_STEPS,
        "gradient's factor": "2",
        "growth": "25/24",
        "certificate": "NOT + 5/6*B*P + 5/6*(B + 1/4)*Q",
    },
    prove=_step_printed,
    corrected=(
        r"\text{step } 1/\|M^\top M\|_2 \text{ for } \tfrac12\|M\alpha\|^2, \text{ that is }"
        r" 1/(2\|M^\top M\|_2) \text{ for } \|M\alpha\|^2"
    ),
    kind="error as printed",
)


def _step_corrected(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    x, y, z, w, p, q, r = sympy.symbols("x y z w p q r")
    general = sympy.Matrix([[p, q], [q, r]])
    here, there = sympy.Matrix([x, y]), sympy.Matrix([x + z, y + w])
    move = sympy.Matrix([z, w])
    half = parse(claimed["half"], {}, "claimed")

    def value(v: Any) -> sympy.Expr:
        return half * (v.T * general * v)[0]

    slope = general * here
    rest = sympy.expand(value(there) - value(here) - (slope.T * move)[0])
    quadratic = sympy.expand((move.T * general * move)[0] / 2)
    argument.part(
        f"f(a) = {half} a' G a has gradient G a, and f(a + z) - f(a) - <G a, z> = z' G z / 2 <= "
        "|G| |z|^2 / 2: the constant L of the method is |G|, and 1/|G| is its step (two gradients; "
        "the same identity holds entry by entry for m)",
        decided(sympy.expand(rest - quadratic) == 0),
        SYMBOLIC,
    )
    gram, norm, curvature = _pair_of(formula, claimed["vectors"])
    step = parse(claimed["gradient's factor"], {}, "claimed") / norm
    factor = sympy.expand(1 - step * curvature / 2)
    number_is(argument, f"G = {gram.tolist()}: |G|_2", norm, "==", claimed["norm"])
    _one_step(argument, gram, step, factor)
    number_is(argument, "The factor", factor, "==", claimed["factor"])
    prove_twice(
        argument,
        "The same instance: |z_k+1| <= factor ((1 + b) |z_k| + b |z_k-1|) <= (1/4) max, since "
        "clipping does not lengthen (0 <= b <= 1): it converges linearly",
        Implication.read(
            {"P": "p <= M", "Q": "q <= M", "B": "b >= 0", "B1": "b <= 1", "M0": "M >= 0"},
            f"({claimed['factor']})*((1 + b)*p + b*q) <= ({claimed['contraction']})*M",
            sample={"p": 1, "q": 1, "b": "1/2", "M": 1},
            certificate=claimed["certificate"],
        ),
        lemma=True,
    )
    best = Fraction(str((gram[1, 1] - gram[0, 1]) / curvature))
    run = _iterates(gram, step, int(claimed["iterations"]))
    argument.part(
        f"Run in exact arithmetic, {len(run) - 1} iterations end within 10^-12 of a* = {best}",
        decided(abs(run[-1] - best) < Fraction(1, 10**12)),
        EXACT,
    )
    from danskin.minnorm.accelerated import accelerated_weights

    floats = np.array(gram.tolist(), dtype=float)
    good = accelerated_weights(floats, half=True)[0]
    bad = accelerated_weights(floats, half=False)[0]
    argument.evidence(
        f"danskin's accelerated_weights, 100 iterations: a = {good:.12f} with the factor 1/2, "
        f"{bad:.12f} without (a* = {float(best):.12f})",
        bool(abs(good - float(best)) < 1e-9 and abs(bad - float(best)) > 0.1),
    )


STEP_CORRECTED = Claim(
    id="step-size-corrected",
    title="The step 1/|M'M| belongs to the objective with the factor 1/2, where it converges",
    source="Section 4, after Theorem 3, corrected",
    statement=(
        r"f(\alpha) = \tfrac12\|M\alpha\|^2:\ f(\alpha + z) - f(\alpha) - \langle\nabla f(\alpha),"
        r" z\rangle \le \tfrac12 \|M^\top M\|_2 \|z\|^2,\ \text{and the instance converges}"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, NUMERIC),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={
        **_STEPS,
        "half": "1/2",
        "gradient's factor": "1",
        "factor": "1/12",
        "contraction": "1/4",
        "certificate": "NOT + 1/12*(1 + B)*P + 1/12*B*Q + 1/6*B1*M0",
    },
    prove=_step_corrected,
    kind="correction",
)

CLAIMS = (IMPROVES_PRINTED, IMPROVES_CORRECTED, BATCH_PRINTED, STEP_PRINTED, STEP_CORRECTED)
