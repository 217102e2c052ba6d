"""Section 4: the step size of the accelerated method, as printed and as corrected.

As printed it is twice too long for the objective of (14), and the method need not converge. For the
objective with the factor 1/2 the usual proof of its convergence is carried out, for every M.
"""

from __future__ import annotations

import itertools
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
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import at_the_vectors
from danskin.counterexamples import OBTUSE_PAIR
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _pair_of(formula: Any, vectors: Any) -> tuple[Any, Any, Any]:
    """Return the Gram matrix of two gradients, its spectral norm and the curvature h.

    With alpha = (a, 1 - a) the objective a' G a is h (a - a*)^2 + const.
    """
    gradients = at_the_vectors(formula, vectors).exact_gradients or ()
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
        "b = k/(k+3)",
        ordered(factor, "<", 0),
        EXACT,
    )
    prove_twice(
        argument,
        "b = k/(k+3) >= 1/4 for k >= 1",
        Implication.read(
            {"K": "k >= 1", "E": "b*(k + 3) == k"},
            "b >= 1/4",
            sample={"k": 1, "b": "1/4"},
            certificate="(K + 4)*NOT + E + 3/4*K",
        ),
        lemma=True,
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
    _descent_lemma(argument, claimed["half"])
    _three_points(argument)
    _lyapunov(argument, claimed)
    prove_twice(
        argument,
        "and M alpha tends to the min-norm point x: with KKT p = <M alpha, x> >= |x|^2 = r, s = |M "
        "alpha|^2: |M alpha - x|^2 = s - 2 p + r <= s - r = 2 (f - f*)",
        Implication.read(
            {"KKT": "p >= r"},
            "s - 2*p + r <= s - r",
            sample={"s": 1, "p": 1, "r": 1},
            certificate="NOT + 2*KKT",
        ),
        lemma=True,
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


def _descent_lemma(argument: Argument, half: str) -> None:
    p, q, r = sympy.symbols("p q r")
    factor = parse(half, {}, "claimed")
    rest = factor * (p + 2 * q + r) - factor * p - q
    argument.part(
        f"f(a) = {half} a' G a, G = M'M symmetric, for any m: with p = a' G a, q = a' G z, r = "
        "z' G z, f(a + z) - f(a) - <G a, z> = r/2, so G a is the gradient",
        decided(sympy.expand(rest - r / 2) == 0),
        SYMBOLIC,
    )
    argument.written(
        "r = z' G z <= L |z|^2 with L = |G|_2, its largest eigenvalue, with equality along an "
        "eigenvector: the gradient of |M a|^2/2 has the Lipschitz constant |M'M|_2 exactly, and "
        "that of |M a|^2 twice as much"
    )


def _three_points(argument: Argument) -> None:
    prove_twice(
        argument,
        "One projected step from any y, n the new point, with s = n - y, w = z - y for z in the "
        "simplex: f(n) <= f(y) + <grad, s> + L |s|^2/2 (descent lemma), f(z) >= f(y) + <grad, w> "
        "(convexity), <y - grad/L - n, z - n> <= 0 (projection) give f(z) - f(n) >= L |s|^2/2 - L "
        "<s, w>",
        Implication.read(
            {
                "DESCENT": "fn <= fy + gs + L*ss/2",
                "CONVEX": "fz >= fy + gw",
                "PROJECTION": "L*ss - L*sw - gw + gs <= 0",
            },
            "fz - fn >= L*ss/2 - L*sw",
            sample=dict.fromkeys(("fn", "fy", "fz", "gs", "gw", "ss", "sw"), 0) | {"L": 1},
            certificate="NOT + DESCENT + CONVEX + PROJECTION",
        ),
        lemma=True,
    )


def _lyapunov(argument: Argument, claimed: dict[str, Any]) -> None:
    k = sympy.Symbol("k")
    b, t, before = (parse(claimed[name], {"k": k}, name) for name in ("momentum", "t", "t before"))
    x, old = sympy.symbols("x old")
    ahead = x + b * (x - old)
    same = sympy.simplify(t * ahead - (t - 1) * x - (before * x - (before - 1) * old)) == 0
    argument.part(
        f"The accelerated method, y = a_k + b (a_k - a_k-1), b = {b}, with t = {t}, t- = {before}: "
        "t y - (t - 1) a_k = t- a_k - (t- - 1) a_k-1, entry by entry; so u = t y - (t - 1) a_k - "
        "a* is what the step before left as u+ = t- a_k - (t- - 1) a_k-1 - a*",
        decided(bool(same)),
        SYMBOLIC,
    )
    prove_twice(
        argument,
        "t >= 1 and t^2 - t <= t-^2 for every k >= 0",
        [
            Implication.read({"K": "k >= 0"}, text, sample={"k": 0}, let={"t": t, "before": before})
            for text in ("t >= 1", "t**2 - t <= before**2")
        ],
        lemma=True,
    )
    prove_twice(
        argument,
        "(t - 1) times that inequality at z = a_k, plus the one at z = a*, times t; v = f(a_k) - "
        "f*, n = f(a_k+1) - f*, e = |s|^2, c = <s, y - a_k>, d = <s, y - a*>, and u+ = u + t s: "
        "t^2 n + L |u+|^2/2 <= t-^2 v + L |u|^2/2",
        Implication.read(
            {
                "T": "t >= 1",
                "TT": "q**2 >= t**2 - t",
                "V": "v >= 0",
                "AT": "v - n >= L*e/2 + L*c",
                "STAR": "-n >= L*e/2 + L*d",
            },
            "t**2*n + L/2*(uu + 2*t*((t - 1)*c + d) + t**2*e) <= q**2*v + L/2*uu",
            sample={"t": 1, "q": 1, "v": 0, "n": 0, "L": 1, "e": 0, "c": 0, "d": 0, "uu": 0},
            certificate="NOT + T*(T + 1)*AT + (T + 1)*STAR + TT*V",
        ),
        lemma=True,
    )
    argument.written(
        "So t-^2 (f(a_k) - f*) never exceeds its start f(a_0) - f* + L |a_0 - a*|^2/2 =: E, that "
        "is f(a_k) - f* <= 4 E/(k + 2)^2: it converges, for every M."
    )


STEP_CORRECTED = Claim(
    id="step-size-corrected",
    title="The step 1/|M'M| belongs to the objective with the factor 1/2, where it converges",
    source="Section 4, after Theorem 3, corrected",
    statement=(
        r"f(\alpha) = \tfrac12\|M\alpha\|^2,\ L = \|M^\top M\|_2,\ \text{step } 1/L:\quad"
        r" f(\alpha_k) - f^\star \le \frac{4}{(k+2)^2} \left(f(\alpha_0) - f^\star + \tfrac{L}{2}"
        r"\|\alpha_0 - \alpha^\star\|^2\right),\quad \|M\alpha_k - x^\star\|^2 \le 2 (f(\alpha_k)"
        r" - f^\star)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN, NUMERIC),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={
        **_STEPS,
        "half": "1/2",
        "momentum": "k/(k + 3)",
        "t": "(k + 3)/2",
        "t before": "(k + 2)/2",
        "gradient's factor": "1",
        "factor": "1/12",
        "contraction": "1/4",
        "certificate": "NOT + 1/12*(1 + B)*P + 1/12*B*Q + 1/6*B1*M0",
    },
    prove=_step_corrected,
    kind="correction",
    uses=("theorem-2",),
)


CLAIMS = (STEP_PRINTED, STEP_CORRECTED)
