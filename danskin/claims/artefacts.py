"""What the text's extraction from the PDF has lost: signs, epsilons, a transpose.

These are differences between the *extracted text* and the mathematics. The printed page very
probably has them right; nothing here is held against the authors.
"""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from danskin.certificate import theorem3
from danskin.claims.argument import EXACT, SYMBOLIC, Argument, decided, equal, ordered
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers
from danskin.claims.vectors import at_the_vectors, min_norm, numbers
from danskin.counterexamples import OBTUSE_PAIR, pull_back
from danskin.derivative import directional_derivative, two_sided_derivative
from danskin.errors import InvalidInputError
from danskin.exact import exact_max
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

_PAIR = (("1", "0"), ("-3/5", "4/5"))
_NOTE = "Not held against the authors: the extraction of the text lost "


def _min_norm(formula: Any, vectors: Any) -> tuple[Any, list[sympy.Expr], sympy.Expr]:
    """Return the maximizers, x = M alpha* and its squared length."""
    S = at_the_vectors(formula, vectors)
    if set(S.exact_gradients or ()) != {tuple(numbers(v)) for v in vectors}:
        raise InvalidInputError("objective", "its gradients are not the vectors", "")
    found = min_norm(S.exact_gradients or ())
    if found.stationary:
        raise InvalidInputError("objective", "0 is in the hull of its gradients", "")
    return S, found.point, found.square


def _sign_18(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    argument.say(_NOTE + "the minus sign before the last minimum of (18).")
    S, x, square = _min_norm(formula, claimed["vectors"])
    left = directional_derivative(S, [-v for v in x]).value
    right = sympy.sqrt(square)
    argument.lemma(
        f"With the sign: the left side of (18) is {left} = -min |M alpha| = {-right} < 0",
        equal(left, -right),
        EXACT,
    )
    argument.witness(
        f"The obtuse pair: min |M alpha| = {right}, a length, is not negative, and is not {left}",
        [ordered(left, "<", 0), equal(square, parse(claimed["rho^2"], {}, "rho^2"))],
        equal(left, right),
    )


SIGN_18 = Claim(
    id="artefact-18-sign",
    title="(18) as extracted: the value is the least length, and negative",
    source="Appendix C, eq. (18), as extracted from the PDF",
    statement=(
        r"\max_{\alpha \in \Delta_m} -\|M\alpha\|_2 = \min_{\alpha \in \Delta_m} \|M\alpha\|_2 < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={"vectors": _PAIR, "rho^2": "1/5"},
    prove=_sign_18,
    corrected=(
        r"\max_{\alpha \in \Delta_m} -\|M\alpha\|_2 = -\min_{\alpha \in \Delta_m} \|M\alpha\|_2 < 0"
    ),
    kind="extraction artefact",
    uses=("theorem-1", "theorem-2"),
)


def _sign_22(argument: Argument, claimed: dict[str, Any], smooth: Any) -> None:
    argument.say(_NOTE + "the minus sign before the last two terms of (22).")
    phi, s, t, n = sympy.Function("phi"), *sympy.symbols("s t n", nonzero=True)
    chain = [
        (phi(t * -1) - phi(0)) / (t * n),
        (phi(-t) - phi(0)) / (t * n),
        ((phi(s) - phi(0)) / (-s * n)).subs(s, -t),
        (-(phi(s) - phi(0)) / (s * n)).subs(s, -t),
    ]
    steps = [sympy.simplify(a - b) == 0 for a, b in itertools.pairwise(chain)]
    argument.lemma(
        "With the signs, the quotients of (22) are equal one after the other (phi(x) for phi(theta "
        "+ x gamma), n = |gamma|, s = -t): the last limit is minus D~(gamma)",
        decided(all(steps)),
        SYMBOLIC,
    )
    S = known_maximizers(smooth, ["0"])
    both = two_sided_derivative(S, ["1"])
    backward = directional_derivative(S, ["-1"]).value
    argument.witness(
        f"phi = {smooth.expression} maximised over delta, at 0: D~(+1) = {both.forward.value} "
        f"(it exists: {both.exists}), D~(-1) = {backward}",
        [both.exists, equal(both.forward.value, parse(claimed["D~(+1)"], {}, "D"))],
        equal(backward, both.forward.value),
    )


SIGN_22 = Claim(
    id="artefact-22-sign",
    title="(22) as extracted: the two-sided derivative is even in the direction",
    source="Appendix E, eq. (22), as extracted from the PDF; with the chain of (22)",
    statement=r"\tilde D(\theta; -\gamma) = \tilde D(\theta; \gamma)",
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, EXACT),
    objects={"smooth": MinMaxObjective.from_expression("t - d**2", ["t"], ["d"], Interval(-1, 1))},
    claimed={"D~(+1)": "1"},
    prove=_sign_22,
    corrected=r"\tilde D(\theta; -\gamma) = -\tilde D(\theta; \gamma)",
    kind="extraction artefact",
    uses=("theorem-1",),
)


def _line_8(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    argument.say(_NOTE + "the minus sign of line 8.")
    S, x, square = _min_norm(formula, claimed["vectors"])
    down = directional_derivative(S, [-v for v in x]).value
    argument.lemma(
        f"With the sign: D along -x/|x| is {down} = -{sympy.sqrt(square)} < 0",
        equal(down, -sympy.sqrt(square)),
        EXACT,
    )
    up = directional_derivative(S, x).value
    argument.witness(
        f"The obtuse pair, x = M alpha* = ({', '.join(map(str, x))}), |x|^2 = {square}: D along "
        f"+x/|x| is {up}",
        [ordered(square, ">", 0), equal(up, parse(claimed["D"], {}, "D"))],
        ordered(up, "<", 0),
    )


LINE_8 = Claim(
    id="artefact-line-8-sign",
    title="Algorithm 1's line 8 as extracted: step along plus the min-norm point",
    source="Section 4, Algorithm 1, line 8, as extracted from the PDF",
    statement=r"\gamma = M\alpha^\star / \|M\alpha^\star\|_2 \implies D(\theta; \gamma) < 0",
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={"vectors": _PAIR, "D": "sqrt(5)/5"},
    prove=_line_8,
    corrected=(
        r"\gamma = -M\alpha^\star / \|M\alpha^\star\|_2 \implies D(\theta; \gamma) ="
        r" -\rho < 0"
    ),
    kind="extraction artefact",
    uses=("theorem-1", "theorem-2"),
)


def _epsilon(argument: Argument, claimed: dict[str, Any], half_line: Any) -> None:
    argument.say(_NOTE + "the epsilon of the threshold -L epsilon.")
    S = known_maximizers(half_line, ["0"])
    L, eps, point = (parse(claimed[k], {}, k) for k in ("L", "epsilon", "net"))
    (gradient,) = half_line.gradient_at(["0"])
    (d,) = half_line.delta_symbols
    slope = sympy.diff(gradient, d)
    ends = [half_line.domain.exact_lo[0], half_line.domain.exact_hi[0]]
    distance = exact_max([abs(point - e) for e in ends])
    value = gradient.xreplace({d: point})
    true = directional_derivative(S, ["1"]).value
    verdict = theorem3([[value]], ["1"], lipschitz=L, epsilon=eps).verdict
    argument.lemma(
        f"With the epsilon nothing is certified: {value} < -L eps = {-L * eps} does not hold",
        decided(verdict is not Verdict.PROVED),
        EXACT,
    )
    argument.witness(
        f"g = {half_line.expression} at 0: S* = {list(S.faces) or S.exact_deltas}, L = {L}, net "
        f"{{{point}}}, epsilon = {eps}: the maximum over the net along +1 is {value} < -L = {-L}, "
        f"but D(0; +1) = {true}",
        [
            equal(abs(slope), L),
            ordered(None if distance is None else distance[0], "<=", eps),
            ordered(value, "<", -L),
        ],
        ordered(true, "<", 0),
    )


EPSILON = Claim(
    id="artefact-theorem-3-epsilon",
    title="Theorem 3 as extracted: the threshold is -L, without ε",
    source="Section 4, Theorem 3, as extracted from the PDF",
    statement=(
        r"\max_{\delta \in S_m} \langle\gamma, \nabla_\theta g(\theta, \delta)\rangle < -L"
        r" \implies D(\theta; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={
        "half_line": MinMaxObjective.from_expression("t*d", ["t"], ["d"], Interval(-2, "1/2"))
    },
    claimed={"L": "1", "epsilon": "2", "net": "-3/2"},
    prove=_epsilon,
    corrected=(
        r"\max_{\delta \in S_m} \langle\gamma, \nabla_\theta g(\theta, \delta)\rangle"
        r" < -L\varepsilon \implies D(\theta; \gamma) < 0"
    ),
    kind="extraction artefact",
    uses=("theorem-1",),
)


def _transpose(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    argument.say(_NOTE + "the transpose of v_i.")
    rows = [numbers(v) for v in claimed["vectors"]]
    n = len(rows[0])
    theta = sympy.Matrix(sympy.symbols([f"t{k + 1}" for k in range(n)]))
    concrete: Any = pull_back(formula, rows)
    products = [(sympy.Matrix(v).T * theta)[0] for v in rows]
    features = dict(zip(formula.theta_symbols, products, strict=True))
    built = formula.expression.subs(features, simultaneous=True)
    argument.lemma(
        f"With it, v_i' (theta - theta0) are the numbers {products}, the features of g "
        "(theta0 = 0)",
        decided(sympy.expand(built - concrete.expression) == 0 and len(products) == len(rows)),
        SYMBOLIC,
    )
    for v in rows:
        column = sympy.Matrix(v)
        argument.witness(
            f"v of shape {column.shape} and theta - theta0 of shape {theta.shape}: the product of "
            "these columns is not defined",
            [decided(n >= 2)],
            decided(column.cols == theta.rows),
        )


TRANSPOSE = Claim(
    id="artefact-appendix-a-transpose",
    title="Appendix A as extracted: the column v_i times the column θ - θ0",
    source="Appendix A, as extracted from the PDF",
    statement=r"g(\theta, \delta) = \sum_i \delta_i v_i (\theta - \theta_0) - H(\delta)",
    expected=Verdict.REFUTED,
    methods=(SYMBOLIC, EXACT),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={"vectors": _PAIR},
    prove=_transpose,
    corrected=r"g(\theta, \delta) = \sum_i \delta_i v_i^\top (\theta - \theta_0) - H(\delta)",
    kind="extraction artefact",
)

CLAIMS = (SIGN_18, SIGN_22, LINE_8, EPSILON, TRANSPOSE)
