"""Section 2: the two notions of a directional derivative, Lemma 1, and the flawed proof of C.2."""

from __future__ import annotations

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
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import Domain, known_maximizers, number_is
from danskin.claims.implication import prove_twice
from danskin.claims.section2 import delta_text
from danskin.claims.vectors import inner, numbers, point_text
from danskin.counterexamples import ABSOLUTE_VALUE, OBTUSE_PAIR, ORABONA, pull_back
from danskin.derivative import directional_derivative, two_sided_derivative
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


# --- Definition 1 --------------------------------------------------------------------------------


def _definition_1(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    phi = sympy.Function("phi")
    t, k, n = sympy.symbols("t k n", positive=True)

    def quotient(scale: sympy.Expr, step: sympy.Expr, length: sympy.Expr) -> sympy.Expr:
        return (phi(scale * step) - phi(0)) / (step * length)

    difference = sympy.simplify(quotient(k, t, k * n) - quotient(sympy.S(1), k * t, n))
    argument.part(
        "Scale-free: with phi(x) for phi(theta + x gamma), n = |gamma|, the quotient of (6) along "
        f"k gamma at t is the one along gamma at k t, for every k > 0 (difference {difference})",
        Verdict.PROVED if difference == 0 else Verdict.UNDECIDED,
        SYMBOLIC,
    )
    difference = sympy.simplify(quotient(sympy.S(1), -t, n) + quotient(sympy.S(-1), t, n))
    argument.part(
        "The quotient of (7) at -t is minus the one-sided quotient along -gamma at t (difference "
        f"{difference})",
        Verdict.PROVED if difference == 0 else Verdict.UNDECIDED,
        SYMBOLIC,
    )
    argument.written(
        "so the limit of (7) from the left is -D(-gamma) and the one from the right is D(gamma); a "
        "two-sided limit exists iff both exist and agree: iff D(gamma) = -D(-gamma)"
    )
    for name, case in claimed["instances"].items():
        S = known_maximizers(formulas[case["objective"]], case["theta"])
        gamma = [parse(x, {}, "direction") for x in case["direction"]]
        one = directional_derivative(S, gamma).value
        three = directional_derivative(S, [3 * x for x in gamma]).value
        shown = ", ".join(case["direction"])
        number_is(argument, f"{name}: D along ({shown})", one, "==", case["D"])
        number_is(argument, f"{name}: D along three times that", three, "==", case["D"])
        exists = two_sided_derivative(S, gamma).exists
        argument.part(
            f"{name}: the two-sided derivative exists: {exists}",
            decided(exists.value == case["two-sided"]),
            EXACT,
        )


DEFINITION_1 = Claim(
    id="definition-1",
    title="The derivative is scale-free, and two-sided iff the one-sided ones are opposite",
    source="Section 2, Definition 1, eqs. (6) and (7)",
    statement=(
        r"D(\theta; k\gamma) = D(\theta; \gamma)\ (k > 0);\quad \tilde D(\theta; \gamma)"
        r" \text{ exists} \iff D(\theta; \gamma) = -D(\theta; -\gamma)"
        r"\ (D(\theta; \pm\gamma) \text{ exist, as in Theorem 1})"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, EXACT, WRITTEN),
    objects={"absolute value": ABSOLUTE_VALUE.formula, "Orabona": ORABONA.formula},
    claimed={
        "instances": {
            "|theta|": {
                "objective": "absolute value",
                "theta": ("0",),
                "direction": ("2",),
                "D": "1",
                "two-sided": "refuted",
            },
            "across Orabona's kink": {
                "objective": "Orabona",
                "theta": ("1/2", "0"),
                "direction": ("3", "4"),
                "D": "11/5",
                "two-sided": "refuted",
            },
            "along Orabona's kink": {
                "objective": "Orabona",
                "theta": ("1/2", "0"),
                "direction": ("3", "0"),
                "D": "1",
                "two-sided": "proved",
            },
        }
    },
    prove=_definition_1,
    kind="statement",
    uses=("theorem-1",),
)


# --- Lemma 1 -------------------------------------------------------------------------------------


def _lemma_1(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    phi, t, length = sympy.Function("phi"), sympy.Symbol("t"), sympy.Symbol("length")

    def quotient(side: int, step: sympy.Expr) -> sympy.Expr:
        """Return the quotient of (7) along side * gamma, phi(x) for phi(theta + x gamma)."""
        return (phi(side * step) - phi(0)) / (step * length)

    factor = parse(claimed["factor"], {}, "claimed")
    along, against = quotient(1, -t), quotient(-1, t)
    difference = sympy.simplify(against - factor * along)
    argument.part(
        "With phi(x) for phi(theta + x gamma): the difference quotient along -gamma at t is "
        f"{factor} times the one along gamma at -t, for every phi and t != 0 (difference "
        f"{difference})",
        Verdict.PROVED if difference == 0 else Verdict.UNDECIDED,
        SYMBOLIC,
    )
    argument.written(
        f"as t -> 0 from both sides so does -t, hence D~(-gamma) = {factor} D~(gamma) wherever the "
        "two-sided limit exists"
    )
    argument.written(
        "One-sided: t > 0 only, and -t < 0 is not allowed, so nothing relates the two; on |theta| "
        "they differ from each other's negative:"
    )
    S = known_maximizers(absolute_value, ["0"])
    both = two_sided_derivative(S, ["1"])
    number_is(argument, "D(0; +1)", both.forward.value, "==", claimed["D(+1)"])
    number_is(argument, "D(0; -1)", both.backward.value, "==", claimed["D(-1)"])
    same = equal(both.forward.value, -both.backward.value)
    argument.part(
        f"D(0; +1) = {both.forward.value} and -D(0; -1) = {-both.backward.value} differ, so the "
        "two-sided derivative does not exist there and the one-sided one lacks the property",
        decided(same is Verdict.REFUTED and both.exists is Verdict.REFUTED),
        EXACT,
    )
    for value in (both.forward.value, both.backward.value):
        number_is(argument, "both one-sided derivatives are strictly positive", value, ">", "0")


LEMMA_1 = Claim(
    id="lemma-1",
    title="The two-sided derivative is odd in the direction, the one-sided one is not",
    source="Section 2, Lemma 1; Appendix E",
    statement=(
        r"\tilde D(\theta; -\gamma) = -\tilde D(\theta; \gamma) \text{ where it exists;}\quad"
        r" \varphi = |\theta|:\ D(0; 1) = D(0; -1) = 1"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, EXACT, WRITTEN),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={"factor": "-1", "D(+1)": "1", "D(-1)": "1"},
    prove=_lemma_1,
    kind="statement",
    uses=("theorem-1",),
)


# --- (8) -----------------------------------------------------------------------------------------


def _equation_8(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    prove_twice(
        argument,
        "Corrected: along gamma = v, a gradient of length r > 0, Danskin's maximum M is at least "
        f"|v|^2 and D = M/r, so D >= {claimed['corrected bound']} > 0",
        Domain(
            {"R": "r > 0", "MAX": "M >= r**2", "E": "D*r == M"}, {"r": "2", "M": "4", "D": "2"}
        ).implies(f"D >= {claimed['corrected bound']}", certificate="R*NOT + MAX + E"),
        lemma=True,
    )
    S = known_maximizers(orabona, claimed["theta"])
    for delta, gradient in zip(S.exact_deltas or (), S.exact_gradients or (), strict=True):
        square = inner(gradient, gradient)
        value = directional_derivative(S, list(gradient)).value
        argument.witness(
            f"Section 5.2's objective at theta = ({', '.join(claimed['theta'])}), delta = "
            f"{delta_text(delta)}, gradient v = ({', '.join(map(str, gradient))}): D(theta; v) = "
            f"{value}, and |v|^2 = {square}",
            [ordered(square, ">", 0), equal(value, parse(claimed["D"], {}, "D"))],
            ordered(value, ">=", square),
        )


EQUATION_8 = Claim(
    id="eq-8-normalisation",
    title="The derivative along a gradient is at least its squared length",
    source="Section 2, eq. (8), as printed: Definition 1's length is left out",
    statement=(
        r"\gamma = \nabla_\theta g(\theta, \delta):\quad D(\theta; \gamma) \ge"
        r" \|\nabla_\theta g(\theta, \delta)\|^2"
    ),
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, "decision procedure", EXACT),
    objects={"orabona": ORABONA.formula},
    claimed={"corrected bound": "r", "theta": ("1/2", "0"), "D": "sqrt(5)"},
    prove=_equation_8,
    uses=("theorem-1",),
    corrected=(
        r"D(\theta; \gamma) = \max_{\delta' \in S^\star(\theta)} \langle\gamma/\|\gamma\|,"
        r" \nabla_\theta g(\theta, \delta')\rangle \ge \|\nabla_\theta g(\theta, \delta)\| > 0"
    ),
    kind="slip",
)


# --- the flawed step of the corollary's proof ----------------------------------------------------


def _first_step(argument: Argument) -> None:
    prove_twice(
        argument,
        "First step, right for either derivative: along gamma = v, a gradient of length r > 0 at a "
        "maximizer, Danskin's maximum M is at least <v, v> = r^2 and D = M/r, so D(v) >= r > 0",
        Domain(
            {"R": "r > 0", "MAX": "M >= r**2", "E": "D*r == M"}, {"r": "2", "M": "4", "D": "2"}
        ).implies("D >= r", certificate="R*NOT + MAX + E"),
        lemma=True,
    )


def _one_sided(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    _first_step(argument)
    for name, case in claimed["witnesses"].items():
        f = formulas[name]
        if "vectors" in case:
            f = pull_back(f, [numbers(v) for v in case["vectors"]])
        S = known_maximizers(f, [0] * f.theta_dim)
        gradient = numbers(case["gradient"])
        along = directional_derivative(S, gradient).value
        against = directional_derivative(S, [-x for x in gradient]).value
        argument.witness(
            f"{name}, theta = 0: v = {point_text(gradient)} is the gradient at a maximizer, D(v) = "
            f"{along} > 0, but D(-v) = {against}, which is not -D(v), and not < 0",
            [
                decided(tuple(gradient) in (S.exact_gradients or ())),
                ordered(along, ">", 0),
                equal(along, parse(case["D(v)"], {}, "D(v)")),
                equal(against, parse(case["D(-v)"], {}, "D(-v)")),
            ],
            conjunction([equal(against, -along), ordered(against, "<", 0)]),
        )


_STEP = r"D(\theta; v) > 0 \implies D(\theta; -v) = -D(\theta; v) < 0"
_STEP_CORRECTED = (
    r"\tilde D(\theta; v) \text{ exists},\ v = \nabla_\theta g(\theta, \delta^\star) \neq 0"
    r" \implies D(\theta; -v) = -D(\theta; v) \le -\|v\| < 0"
)

ONE_SIDED = Claim(
    id="madry-proof-as-printed",
    title="The proof of C.2: a positive one-sided derivative along v is negative along -v",
    source="Section 2, the flawed proof of Corollary 1 (Madry et al. 2018), after eq. (8)",
    statement=_STEP,
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"absolute value": ABSOLUTE_VALUE.formula, "obtuse pair": OBTUSE_PAIR.formula},
    claimed={
        "witnesses": {
            "absolute value": {"gradient": ("1",), "D(v)": "1", "D(-v)": "1"},
            "obtuse pair": {
                "vectors": (("1", "0"), ("-3/5", "4/5")),
                "gradient": ("1", "0"),
                "D(v)": "1",
                "D(-v)": "3/5",
            },
        }
    },
    prove=_one_sided,
    corrected=_STEP_CORRECTED,
    kind="error as printed",
    uses=("theorem-1",),
)


def _two_sided(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    _first_step(argument)
    argument.written(
        "where the two-sided limit exists it equals the one-sided one along v, and by Lemma 1 "
        "(claim lemma-1) its value along -v is the negative: D(-v) = -D(v)"
    )
    prove_twice(
        argument,
        f"so D(-v) {claimed['relation']} -|v| = -r, which is negative: the proof is right for the "
        "two-sided derivative, where it exists",
        [
            Domain(
                {"R": "r > 0", "D": "D >= r", "ODD": "E == -D"}, {"r": "1", "D": "2", "E": "-2"}
            ).implies(text, certificate=certificate)
            for text, certificate in (
                (f"E {claimed['relation']} -r", "NOT + D - ODD"),
                ("E < 0", "NOT + D + R - ODD"),
            )
        ],
        lemma=True,
    )
    for theta, case in claimed["instances"].items():
        S = known_maximizers(orabona, theta.split())
        gradients: Any = S.exact_gradients
        gradient = gradients[0]
        both = two_sided_derivative(S, list(gradient))
        where = f"Section 5.2's objective at ({theta}), v = {point_text(gradient)}"
        argument.part(
            f"{where}: the two-sided derivative along v exists: {both.exists}",
            decided(both.exists.value == case["exists"]),
            EXACT,
        )
        number_is(argument, f"{where}: D(-v)", both.backward.value, "==", case["D(-v)"])


TWO_SIDED = Claim(
    id="madry-proof-two-sided",
    title="The proof of C.2 is right where the two-sided derivative exists",
    source="Section 2, after eq. (8), corrected",
    statement=_STEP_CORRECTED,
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"orabona": ORABONA.formula},
    claimed={
        "relation": "<=",
        "instances": {
            "1 1": {"exists": "proved", "D(-v)": "-2*sqrt(5)"},
            "1/2 -1": {"exists": "proved", "D(-v)": "-sqrt(17)"},
            "1/2 0": {"exists": "refuted", "D(-v)": "3*sqrt(5)/5"},
        },
    },
    prove=_two_sided,
    kind="correction",
    uses=("theorem-1", "lemma-1"),
)

CLAIMS = (DEFINITION_1, LEMMA_1, EQUATION_8, ONE_SIDED, TWO_SIDED)
