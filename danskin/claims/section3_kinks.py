"""Section 3, "at any stage": in every registered family the kinks are a null set.

Off it all maximizers share one gradient, the corollary is true, and a small enough step along that
gradient descends. In general the null set is that of Rademacher's theorem for the locally Lipschitz
phi; in the registered families it is written down.
"""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    decided,
    ordered,
)
from danskin.claims.branches import Branches, branches
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import inner, numbers, point_text
from danskin.counterexamples import (
    ABSOLUTE_VALUE,
    OBTUSE_PAIR,
    ORABONA,
    pull_back,
    sample_vectors,
    simplex_formula,
)
from danskin.derivative import directional_derivative
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _in_general(argument: Argument, claimed: dict[str, Any]) -> None:
    """Any S and g as in Theorem 1: differentiable almost everywhere, and then one gradient."""
    argument.say("S compact, g and grad g continuous on R^n x S, as in Theorem 1.")
    argument.written(
        "on a ball B the gradients grad g(., delta) are bounded by some K, since B x S is compact "
        "and grad g continuous; so g(., delta) has the Lipschitz constant K on B for every delta, "
        "and phi, their maximum, has it too"
    )
    argument.written(
        "a locally Lipschitz function is differentiable off a null set (Rademacher's theorem). "
        "Where phi is differentiable D(theta; .) is linear, so D(theta; -gamma) = -D(theta; gamma)"
    )
    prove_twice(
        argument,
        "There all maximizers share one gradient: for two of them with gradients p, q and gamma = "
        "(p - q)/|p - q|, let x = <gamma, p>, y = <gamma, q>; Danskin's maximum gives D = D(gamma) "
        ">= x and E = D(-gamma) >= -y, and x - y = |p - q| = n > 0 would contradict D + E = 0",
        Implication.read(
            {"X": "D >= x", "Y": "E >= -y", "ODD": claimed["linear"]},
            "x - y <= 0",
            sample={"x": 1, "y": 2, "D": 1, "E": -1},
            certificate="NOT + X + Y - ODD",
        ),
        lemma=True,
    )
    argument.say("In the families of counterexamples, with the null set written down:")


def _kinks(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    _in_general(argument, claimed)
    for name, case in claimed["families"].items():
        f = formulas[name]
        if "vectors" in case:
            _all_vectors(argument, name, f)
            f = pull_back(f, [numbers(v) for v in case["vectors"]])
        pieces = branches(argument, f, name)
        argument.part(
            f"{name}: off the ties one vertex alone maximizes", _alone(f, pieces), SYMBOLIC
        )
        _null(argument, name, f, pieces, case)
        _one_step(argument, name, f, pieces, case)
    argument.written(
        "the zero set of a polynomial that is not 0 is null (it is finite on almost every line "
        "parallel to an axis, by induction on the number of variables; Fubini), and so is a finite "
        "union of such sets: that is where two branches tie. A batch's kinks lie in the union of "
        "its samples'"
    )
    argument.written(
        "off it D(theta; -v) = -|v| < 0 for the one gradient v != 0 (claim "
        "corollary-c2-corrected), so the quotient of (6) is negative for all small t: some T > 0 "
        "has phi(theta - t v) < phi(theta) for 0 < t < T"
    )
    _linear(argument, claimed)


def _all_vectors(argument: Argument, name: str, formula: Any) -> None:
    """Say it for all vectors at once: the branches of the formula are its features."""
    values = branches(Argument(), formula).values
    argument.part(
        f"{name}, for all vectors v_i: the branches are the features <theta - theta0, v_i> "
        f"themselves, {', '.join(map(str, values))}",
        decided(set(values) == set(formula.theta_symbols)),
        SYMBOLIC,
    )
    argument.written(
        "two of them differ by <theta - theta0, v_i - v_j>, which is 0 identically only if v_i = "
        "v_j, and then the gradients agree: a tie of these two is no kink. One member in numbers:"
    )


def _alone(f: Any, pieces: Branches) -> Verdict:
    """Decide whether, where all branches differ, the highest vertex is the only maximizer."""
    if pieces.strict:  # all maximizers are vertices
        return Verdict.PROVED
    # Affine in one delta: its slope is the difference of the ends over the length of S.
    (d,), (lo, hi) = f.delta_symbols, pieces.vertices
    slope = sympy.diff(f.expression, d) * (hi[0] - lo[0])
    return decided(sympy.expand(slope - pieces.values[1] + pieces.values[0]) == 0)


def _null(argument: Argument, name: str, f: Any, pieces: Branches, case: dict[str, Any]) -> None:
    ties = [sympy.expand(a - b) for a, b in itertools.combinations(pieces.values, 2)]
    shown = ", ".join(map(str, ties))
    names = {s.name: s for s in f.theta_symbols}
    wanted = [sympy.expand(parse(x, names, "ties")) for x in case["ties"]]
    same = {_up_to_sign(x) for x in ties} == {_up_to_sign(x) for x in wanted}
    argument.part(
        f"{name}: two branches tie only where one of the polynomials {shown} vanishes; none of "
        "them is 0 identically",
        decided(same and all(x != 0 for x in ties)),
        SYMBOLIC,
    )


def _up_to_sign(expr: sympy.Expr) -> frozenset[sympy.Expr]:
    return frozenset((expr, sympy.expand(-expr)))


def _one_step(
    argument: Argument, name: str, f: Any, pieces: Branches, case: dict[str, Any]
) -> None:
    """Check one point off the kinks, and one step from there, exactly."""
    theta, step = numbers(case["theta"]), numbers([case["step"]])[0]
    S = known_maximizers(f, theta)
    gradients: Any = S.exact_gradients
    v = gradients[0]
    moved = [x - step * g for x, g in zip(theta, v, strict=True)]
    values = pieces.at(moved, f.theta_symbols)
    fall = [ordered(x, "<", S.exact_value) for x in values]
    argument.part(
        f"{name}: at theta = {point_text(theta)} the maximizer is unique, with gradient v = "
        f"{point_text(v)}; the step {step} along -v lowers every branch below phi = "
        f"{S.exact_value}",
        conjunction([decided(len(S) == 1 and not S.faces), ordered(step, ">", 0), *fall]),
        EXACT,
    )
    derivative = directional_derivative(S, [-x for x in v]).value
    number_is(argument, f"{name}: D(theta; -v)", derivative, "==", -sympy.sqrt(inner(v, v)))


def _linear(argument: Argument, claimed: dict[str, Any]) -> None:
    prove_twice(
        argument,
        "How small, where the branches are linear: with h = g_k the highest, v its gradient, the "
        f"step t > 0 lowers branch i from l to l - t p, p = <v, g_i>, below h if {claimed['small']}"
        "; and it lowers branch k itself, p = |v|^2",
        [
            Implication.read(
                {"GAP": "h > l", "T": "t > 0", "SMALL": claimed["small"]},
                "l - t*p < h",
                sample={"h": 1, "l": 0, "t": "1/4", "p": -1},
                certificate="NOT + SMALL",
            ),
            Implication.read(
                {"T": "t > 0", "V": "p > 0"},
                "h - t*p < h",
                sample={"h": 1, "t": 1, "p": 1},
                certificate="NOT + T*V",
            ),
        ],
        lemma=True,
    )


_UNIT = (("1", "0"), ("-3/5", "4/5"))
#: The two samples of the coupled batch, s = 1.
_SAMPLES = tuple(
    tuple(tuple(map(str, v)) for v in pair) for pair in sample_vectors(sympy.Integer(1))
)

KINKS = Claim(
    id="learning-rate-off-the-kinks",
    title="The kinks are a null set, and off it small steps along the gradient descend",
    source="Abstract and Section 3, corrected, for every g; and on each family of counterexamples",
    statement=(
        r"S \text{ compact},\ g, \nabla_\theta g \text{ continuous};\quad"
        r"\text{off a null set: } \nabla_\theta g(\theta, \delta) = v\ \forall \delta \in"
        r" S^\star(\theta);\quad v \neq 0 \implies \exists T > 0:\ \varphi(\theta - t v) <"
        r" \varphi(\theta)\ \forall t \in (0, T)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={
        "absolute value": ABSOLUTE_VALUE.formula,
        "obtuse pair": OBTUSE_PAIR.formula,
        "simplex family": simplex_formula(3),
        "Orabona": ORABONA.formula,
        "batch, sample 1": OBTUSE_PAIR.formula,
        "batch, sample 2": OBTUSE_PAIR.formula,
    },
    claimed={
        "linear": "D + E == 0",
        "small": "-t*p < h - l",
        "families": {
            "absolute value": {"ties": ("2*t",), "theta": ("1/3",), "step": "1/4"},
            "obtuse pair": {
                "vectors": _UNIT,
                "ties": ("8/5*t1 - 4/5*t2",),
                "theta": ("1", "0"),
                "step": "1/2",
            },
            "simplex family": {
                "vectors": (("1", "0"), ("-3/5", "4/5"), ("-1", "-1")),
                "ties": ("8/5*t1 - 4/5*t2", "2*t1 + t2", "2/5*t1 + 9/5*t2"),
                "theta": ("1", "0"),
                "step": "1/4",
            },
            "Orabona": {"ties": ("4*t2",), "theta": ("1/2", "1/8"), "step": "1/40"},
            "batch, sample 1": {
                "vectors": _SAMPLES[0],
                "ties": ("4*t1 + 2*t2",),
                "theta": ("1", "0"),
                "step": "1/20",
            },
            "batch, sample 2": {
                "vectors": _SAMPLES[1],
                "ties": ("4*t1 + 2*t2",),
                "theta": ("1", "0"),
                "step": "1/20",
            },
        },
    },
    prove=_kinks,
    kind="correction",
    uses=("theorem-1", "corollary-c2-corrected"),
)

CLAIMS = (KINKS,)
