"""Section 2: the false corollary, the two derivatives, counterexample 1, Lemma 1."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import EXACT, SYMBOLIC, Argument, decided, equal, ordered
from danskin.claims.core import Claim
from danskin.claims.gram import Domain, at_origin, known_maximizers, maximum_is, number_is
from danskin.claims.implication import prove_twice
from danskin.claims.roots import quotient_is
from danskin.counterexamples import ABSOLUTE_VALUE, OBTUSE_PAIR, ORABONA, pull_back
from danskin.derivative import directional_derivative, two_sided_derivative
from danskin.exact import sign
from danskin.expression import parse
from danskin.maximizers import MaximizerSet
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS", "corollary_witness"]

#: Two unit vectors at an obtuse angle with rational entries.
_RATIONAL_PAIR = (("1", "0"), ("-3/5", "4/5"))


# --- Corollary 1 ---------------------------------------------------------------------------------


def corollary_witness(
    argument: Argument,
    name: str,
    S: MaximizerSet,
    bound: str,
    value: str,
    extra: tuple[Verdict, ...] = (),
) -> None:
    """Offer every maximizer of S as a witness against "-grad has a derivative below the bound".

    Each has the claimed value as its derivative.
    """
    offered = False
    for delta, gradient in zip(S.exact_deltas or (), S.exact_gradients or (), strict=True):
        square = sympy.Add(*(x * x for x in gradient))
        if sign(square) == 0:
            continue
        offered = True
        derivative = directional_derivative(S, [-x for x in gradient]).value
        shown = ", ".join(map(str, gradient))
        argument.witness(
            f"{name}: delta = {_point(delta)} is a maximizer (all are known: {S.complete}), its "
            f"gradient ({shown}) is not 0, and D(theta; -gradient) = {derivative}, not < {bound}",
            [
                decided(S.complete),
                ordered(square, ">", 0),
                equal(derivative, parse(value, {}, "value")),
                *extra,
            ],
            ordered(derivative, "<", parse(bound, {}, "bound")),
        )
    if not offered:
        none = f"{name}: no maximizer has a gradient other than 0"
        argument.witness(none, [Verdict.UNDECIDED], Verdict.UNDECIDED)


def _point(delta: Any) -> str:
    return str(delta[0]) if len(delta) == 1 else f"({', '.join(map(str, delta))})"


def _corollary(
    argument: Argument, claimed: dict[str, Any], absolute_value: Any, obtuse_pair: Any
) -> None:
    first = known_maximizers(absolute_value, ["0"])
    bound, values = claimed["D(-gradient) <"], claimed["D(-gradient)"]
    corollary_witness(argument, "Counterexample 1, theta = 0", first, bound, values[0])
    pair = pull_back(obtuse_pair, claimed["vectors"])
    second = known_maximizers(pair, [0] * pair.theta_dim)
    corollary_witness(argument, "Counterexample 2, theta = 0", second, bound, values[1])


COROLLARY = Claim(
    id="corollary-c2",
    title="The gradient at one maximizer gives a descent direction (Madry et al. 2018, C.2)",
    source="Section 2, Corollary 1",
    statement=(
        r"\delta^\star \in S^\star(\theta),\ \nabla_\theta g(\theta, \delta^\star) \neq 0"
        r" \implies D(\theta; -\nabla_\theta g(\theta, \delta^\star)) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"absolute_value": ABSOLUTE_VALUE.formula, "obtuse_pair": OBTUSE_PAIR.formula},
    claimed={"D(-gradient) <": "0", "D(-gradient)": ("1", "3/5"), "vectors": _RATIONAL_PAIR},
    prove=_corollary,
    corrected=(
        r"\nabla_\theta g(\theta, \delta) = v \neq 0 \ \forall \delta \in S^\star(\theta)"
        r" \implies D(\theta; -v) = -\|v\| < 0"
    ),
    kind="statement",
)


def _corollary_corrected(
    argument: Argument, claimed: dict[str, Any], single: Any, infinite: Any
) -> None:
    """Everything is in the Gram entry ``s = |v|^2`` of the one gradient."""
    domain = Domain(claimed["hypotheses"], claimed["sample"])
    gram = sympy.Matrix([[domain.names["s"]]])
    argument.say(
        "If all maximizers share the gradient v, Danskin's maximum is over one number: "
        "D(theta; -v) = <-v, v>/|v|. Let s = |v|^2 > 0, in any dimension."
    )
    for name, formula in (("one maximizer", single), ("infinitely many", infinite)):
        point = at_origin(formula, gram)
        v = sympy.Matrix([[parse(claimed["gradient"], {}, "claimed")]])
        S = known_maximizers(formula, [0] * formula.theta_dim)
        kind = bool(S.faces) if name == "infinitely many" else not S.faces and len(S) == 1
        shared = kind and all(point.rows[j, :] == v for j in range(point.rows.rows))
        argument.lemma(
            f"{name}: g = {formula.expression}, all of S* = {_argmax_text(formula)} have the "
            f"gradient ({point.rows[0, 0]}) v",
            decided(shared),
            EXACT,
        )
        away = -v
        value = domain.formula(claimed["unnormalised"])
        largest = f"{name}: max over S* of <-v, grad>"
        maximum_is(argument, largest, point.products(away), value, domain)
        rate = domain.formula(claimed["derivative"])
        quotient_is(argument, f"{name}: D(-v)", value, point.square(away), rate, domain)
    prove_twice(
        argument,
        "It descends",
        domain.implies("value < 0", {"value": domain.formula(claimed["unnormalised"])}),
    )


def _argmax_text(formula: Any) -> str:
    S = known_maximizers(formula, [0] * formula.theta_dim)
    if S.faces:
        return " u ".join(map(repr, S.faces))
    return "{" + ", ".join(_point(d) for d in S.exact_deltas or ()) + "}"


COROLLARY_CORRECTED = Claim(
    id="corollary-c2-corrected",
    title="Where all maximizers share one gradient, its negative descends",
    source="Section 2, Corollary 1, corrected",
    statement=(
        r"\nabla_\theta g(\theta, \delta) = v \neq 0 \ \forall \delta \in S^\star(\theta)"
        r" \implies D(\theta; -v) = -\|v\| < 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, "decision procedure", EXACT),
    objects={
        "single": MinMaxObjective.from_expression("a - d**2", ["a"], ["d"], Interval(-1, 1)),
        "infinite": MinMaxObjective.from_expression("a", ["a"], ["d"], Interval(0, 1)),
    },
    claimed={
        "hypotheses": {"S": "s > 0"},
        "sample": {"s": "2"},
        "gradient": "1",
        "unnormalised": "-s",
        "derivative": "-sqrt(s)",
    },
    prove=_corollary_corrected,
    kind="correction",
)


# --- counterexample 1 ----------------------------------------------------------------------------


def _counterexample_1(argument: Argument, claimed: dict[str, Any], absolute_value: Any) -> None:
    f = absolute_value
    S = known_maximizers(f, ["0"])
    face = Interval(*claimed["S*"])
    argument.part(
        f"At theta = 0, g(0, delta) = {f.at(['0'])}, so that S*(0) = {_argmax_text(f)}",
        decided(S.faces == (face,) and face == f.domain),
        EXACT,
    )
    rows = {
        _point(d): _point(g)
        for d, g in zip(S.exact_deltas or (), S.exact_gradients or (), strict=True)
    }
    shown = ", ".join(f"{g} at delta = {d}" for d, g in rows.items())
    argument.part(
        f"The gradient is affine in delta; at the ends of S* it is {shown}",
        decided(rows == claimed["gradients"]),
        EXACT,
    )
    for direction, value in claimed["D"].items():
        found = directional_derivative(S, [direction])
        number_is(argument, f"D(0; {direction})", found.value, "==", value)
    # phi(t) = |t|: affine in delta, hence the larger of the two endpoint values.
    (t,), (d,) = f.theta_symbols, f.delta_symbols
    argument.lemma(
        "g is affine in delta, so phi is the largest of its values at the ends of S",
        decided(sympy.diff(f.expression, d, 2) == 0),
        SYMBOLIC,
    )
    ends = [
        f.expression.xreplace({d: x}).xreplace({t: sympy.Symbol("t")})
        for x in f.domain.exact_lo + f.domain.exact_hi
    ]
    for name, branch in claimed["phi"].items():
        domain = Domain({"T": name}, {"t": "1" if ">" in name else "-1"})
        maximum_is(argument, "phi(t)", ends, domain.formula(branch), domain)
        prove_twice(
            argument,
            "so phi(t) >= phi(0): theta = 0 is the global minimizer",
            domain.implies("phi >= 0", {"phi": domain.formula(branch)}),
        )


COUNTEREXAMPLE_1 = Claim(
    id="counterexample-1",
    title="The absolute value rises both ways from its minimizer",
    source="Section 2, Counterexample 1",
    statement=(
        r"g = \theta\delta,\ S = [-1, 1]:\ \varphi(\theta) = |\theta|,\ S^\star(0) = [-1, 1],"
        r"\ D(0; +1) = D(0; -1) = 1"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, "decision procedure", EXACT),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={
        "S*": ("-1", "1"),
        "gradients": {"-1": "-1", "1": "1"},
        "D": {"1": "1", "-1": "1"},
        "phi": {"t >= 0": "t", "t <= 0": "-t"},
    },
    prove=_counterexample_1,
    kind="statement",
)


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
        f"{difference}); so the limit from the left is -D(-gamma), and the two-sided limit exists "
        "iff D(gamma) = -D(-gamma)",
        Verdict.PROVED if difference == 0 else Verdict.UNDECIDED,
        SYMBOLIC,
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
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, EXACT),
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
        f"{difference}); as t -> 0 from both sides so does -t, hence D~(-gamma) = {factor} "
        "D~(gamma) wherever the two-sided limit exists",
        Verdict.PROVED if difference == 0 else Verdict.UNDECIDED,
        SYMBOLIC,
    )
    argument.say(
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
    methods=(SYMBOLIC, EXACT),
    objects={"absolute_value": ABSOLUTE_VALUE.formula},
    claimed={"factor": "-1", "D(+1)": "1", "D(-1)": "1"},
    prove=_lemma_1,
    kind="statement",
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
        square = sympy.Add(*(x * x for x in gradient))
        value = directional_derivative(S, list(gradient)).value
        argument.witness(
            f"Section 5.2's objective at theta = ({', '.join(claimed['theta'])}), delta = "
            f"{_point(delta)}, gradient v = ({', '.join(map(str, gradient))}): D(theta; v) = "
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
    corrected=(
        r"D(\theta; \gamma) = \max_{\delta' \in S^\star(\theta)} \langle\gamma/\|\gamma\|,"
        r" \nabla_\theta g(\theta, \delta')\rangle \ge \|\nabla_\theta g(\theta, \delta)\| > 0"
    ),
    kind="slip",
)


CLAIMS = (COROLLARY, COROLLARY_CORRECTED, COUNTEREXAMPLE_1, DEFINITION_1, LEMMA_1, EQUATION_8)
