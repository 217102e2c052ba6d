"""Section 4, Algorithm 1 line by line, and its slips."""

from __future__ import annotations

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
from danskin.claims.hull import only_along, rate_below
from danskin.claims.vectors import (
    batch_gradients,
    inner,
    min_norm,
    numbers,
    point_text,
    rows_text,
)
from danskin.counterexamples import OBTUSE_PAIR, pull_back, sample_vectors
from danskin.derivative import directional_derivative
from danskin.descent import descend
from danskin.expression import parse
from danskin.maximizers import maximizers
from danskin.objective import BatchObjective
from danskin.sets import unit_vector
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


# --- one iteration -------------------------------------------------------------------------------


def _lines(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Any) -> None:
    pairs = vectors(parse(claimed["s"], {}, "s"))
    samples = [pull_back(formula, pair) for pair in pairs]
    batch = BatchObjective(samples)
    theta, beta = [sympy.Integer(0)] * 2, parse(claimed["beta"], {}, "beta")
    point = [0.3, -0.7, 0.25, 0.5]
    joint = batch.value(point[:2], point[2:])
    single = [f.value(point[:2], [d]) for f, d in zip(samples, point[2:], strict=True)]
    argument.evidence(
        f"Line 4: g is the mean of the samples' losses, each at its own delta_i: {joint:.12g} = "
        f"mean{tuple(round(x, 12) for x in single)}",
        abs(joint - sum(single) / len(single)) < 1e-12,
    )
    S, rows = batch_gradients(formula, pairs, claimed["runs"])
    wanted = [numbers(g) for g in claimed["gradients"]]
    argument.part(
        f"Lines 5 and 6: at the joint maximizers {claimed['runs']} the gradients, columns of "
        f"M, are {rows_text(rows)}",
        decided(rows == wanted),
        EXACT,
    )
    found = min_norm(rows)
    argument.part(
        f"Line 7: alpha = {point_text(found.weights)} minimises |M alpha|^2 (KKT, exactly)",
        conjunction(
            [found.verdict]
            + [equal(w, c) for w, c in zip(found.weights, numbers(claimed["alpha"]), strict=True)]
        ),
        EXACT,
    )
    x, square = found.point, found.square
    number_is(argument, "Line 8 divides by |M alpha|; its square", square, ">", "0")
    sign_8 = parse(claimed["sign of line 8"], {}, "sign")
    gamma = [sign_8 * v / sympy.sqrt(square) for v in x]
    number_is(argument, "Line 8: |gamma|^2", inner(gamma, gamma), "==", "1")
    rate = directional_derivative(S, gamma).value
    number_is(argument, "D(theta; gamma) over all maximizers", rate, "<", "0")
    number_is(argument, "D(theta; gamma)", rate, "==", -sympy.sqrt(square))
    moved = [sympy.simplify(t + beta * c) for t, c in zip(theta, gamma, strict=True)]
    before: Any = S.exact_value
    after: Any = maximizers(batch, moved).exact_value
    argument.part(
        f"Line 9: theta moves by beta = {beta} to {point_text(moved)}, and phi falls from "
        f"{before} to {sympy.simplify(after)}",
        ordered(after, "<", before),
        EXACT,
    )
    trace = descend(batch, [0, 0], rule="ddi", steps=1, step_size=float(beta))
    end = np.asarray(trace.thetas)[-1]
    argument.evidence(
        f"danskin.descend, rule ddi, one step over all maximizers: theta = {end.tolist()}",
        bool(np.allclose(end, [float(v) for v in moved], atol=1e-9)),
    )


LINES = Claim(
    id="algorithm-1-lines",
    title="One iteration of Algorithm 1, line by line, where the runs find enough maximizers",
    source="Section 4, Algorithm 1, lines 3 to 9",
    statement=(
        r"M = [\nabla_\theta g(\theta_t, \delta^{(i)})]_i,\ \alpha^\star \in \arg\min_{\Delta_m}"
        r" \|M\alpha\|^2,\ \gamma = -M\alpha^\star/\|M\alpha^\star\|,\ \theta_{t+1} = \theta_t +"
        r" \beta\gamma:\quad \varphi(\theta_{t+1}) < \varphi(\theta_t)"
        r"\quad\text{on the coupled batch, runs } (0, 1), (1, 1)"
    ),
    expected=Verdict.PROVED,
    methods=(EXACT, NUMERIC),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={
        "s": "1",
        "runs": ((0, 1), (1, 1)),
        "gradients": (("-1", "-1"), ("1", "0")),
        "alpha": ("2/5", "3/5"),
        "sign of line 8": "-1",
        "beta": "1/8",
    },
    prove=_lines,
    kind="statement",
    uses=("theorem-1", "product-formula"),
)


# --- slips ---------------------------------------------------------------------------------------


def _loop(T: int) -> range:
    """Return the values of t in line 2."""
    return range(T)


def _indices(argument: Argument, claimed: dict[str, Any], loop: Any) -> None:
    for T in claimed["T"]:
        given = set(range(int(claimed["first"]), T + int(claimed["first"])))
        used = set(loop(T))
        argument.witness(
            f"T = {T}: line 9 uses beta_t for t in {sorted(used)}, the input has t in "
            f"{sorted(given)}: missing {sorted(used - given)}, never used {sorted(given - used)}",
            [decided(len(used) == T)],
            decided(used <= given),
        )


INDICES = Claim(
    id="algorithm-1-step-indices",
    title="The step sizes of the input are those that line 9 uses",
    source="Section 4, Algorithm 1, line 1 against lines 2 and 9",
    statement=r"\{\beta_t\}_{t=1}^{T} \ni \beta_t \ \text{for } t = 0, \dots, T - 1",
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"loop": _loop},
    claimed={"first": "1", "T": (1, 2, 5)},
    prove=_indices,
    corrected=r"\{\beta_t\}_{t=0}^{T-1}",
    kind="slip",
)


def _line_4(argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Any) -> None:
    s = parse(claimed["s"], {}, "s")
    samples = [pull_back(formula, pair) for pair in vectors(s)]
    theta = [parse(x, {}, "theta") for x in claimed["theta"]]
    deltas = [parse(x, {}, "delta") for x in claimed["deltas"]]

    def mean(losses: Any) -> sympy.Expr:
        values = [
            f.at(theta).xreplace({f.delta_symbols[0]: d})
            for f, d in zip(losses, deltas, strict=True)
        ]
        return sympy.expand(sympy.Add(*values) / len(values))

    right = mean(samples)
    for i, one in enumerate(samples):
        wrong = mean([one] * len(samples))
        argument.witness(
            f"Two samples, theta = {tuple(map(str, theta))}, delta = "
            f"{tuple(map(str, deltas))}: with "
            f"each sample's own data g = {right}; with (x, y) = (x_{i + 1}, y_{i + 1}) in "
            "every term "
            f"it is {wrong}",
            [equal(right, parse(claimed["g"], {}, "g"))],
            equal(wrong, right),
        )


LINE_4 = Claim(
    id="algorithm-1-line-4",
    title="Line 4 without the index i on x and y is the loss of the batch",
    source="Section 4, Algorithm 1, line 4, as printed",
    statement=(
        r"\tfrac1k \textstyle\sum_i L(\theta, x + \delta_i, y)"
        r" = \tfrac1k \sum_i L(\theta, x_i + \delta_i, y_i)"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={"s": "1", "theta": ("1", "2"), "deltas": ("1", "1/4"), "g": "125/32"},
    prove=_line_4,
    corrected=r"g(\theta, \delta) = \tfrac1k \textstyle\sum_{i=1}^k L(\theta, x_i + \delta_i, y_i)",
    kind="slip",
)


def _vertices(m: int) -> list[tuple[sympy.Expr, ...]]:
    return [unit_vector(m, i) for i in range(m)]


def _dimension(argument: Argument, claimed: dict[str, Any], vertices: Any) -> None:
    for m in claimed["m"]:
        corners = vertices(m)
        edges = [[a - b for a, b in zip(c, corners[0], strict=True)] for c in corners[1:]]
        rank = sympy.Matrix(edges).rank() if edges else 0
        sums = [equal(sympy.Add(*c), 1) for c in corners]
        argument.lemma(
            f"m = {m}: the {len(corners)} vertices lie on sum alpha_i = 1 and their "
            "differences have "
            f"rank {rank} = m - 1",
            conjunction([decided(rank == m - 1), *sums]),
            EXACT,
        )
        argument.witness(
            f"m = {m}: the dimension is {rank}, not {m}",
            [decided(len(corners) == m)],
            decided(rank == m),
        )


DIMENSION = Claim(
    id="simplex-dimension",
    title="The simplex of m weights is m-dimensional",
    source="Section 4, Theorem 2, as printed",
    statement=(
        r"\dim \Delta_m = m,\quad \Delta_m = \{\alpha \ge 0, \textstyle\sum_{i=1}^m"
        r" \alpha_i = 1\}"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"vertices": _vertices},
    claimed={"m": (1, 2, 3, 4, 7)},
    prove=_dimension,
    corrected=r"\dim \Delta_m = m - 1",
    kind="slip",
)


# --- a single maximizer --------------------------------------------------------------------------


def _trivial(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    argument.say(
        "One maximizer: the simplex has one point, alpha = 1, and x = v, r = |v| > 0; D(theta; "
        "gamma) = <gamma, v> for a unit gamma."
    )
    rate_below(argument, claimed["rate"])
    only_along(argument, rate=claimed["rate"])
    v, n = sympy.symbols("v n")
    along = sympy.cancel((-v / n) * v - parse(claimed["rate"], {"r": n}, "rate")) * n
    argument.part(
        f"and -v/r attains it: <-v/r, v> = -|v|^2/r = {claimed['rate']} where |v|^2 = r^2",
        decided(sympy.expand(along.subs(v**2, n**2)) == 0),
        SYMBOLIC,
    )
    objective = pull_back(formula, claimed["vectors"])
    S = known_maximizers(objective, claimed["theta"])
    rows: Any = S.exact_gradients
    argument.part(
        f"An instance, theta = {point_text(claimed['theta'])}: the maximizer is unique, delta = "
        f"{rows_text(S.exact_deltas or ())}, with the gradient {rows_text(rows)}",
        decided(len(S) == 1 and not S.faces),
        EXACT,
    )
    found = min_norm(rows)
    argument.part(
        f"alpha = {point_text(found.weights)} and x is that gradient",
        conjunction(
            [found.verdict, *(equal(a, b) for a, b in zip(found.point, rows[0], strict=True))]
        ),
        EXACT,
    )
    value = directional_derivative(S, [-g for g in rows[0]]).value
    number_is(argument, "D along minus it", value, "==", claimed["D"])
    number_is(argument, "D along minus it", value, "<", "0")


TRIVIAL = Claim(
    id="single-maximizer-trivial",
    title="With a single maximizer the solution of (12) is minus its normalised gradient",
    source="Section 4, after eq. (12)",
    statement=(
        r"S^\star(\theta) = \{\delta\},\ v = \nabla_\theta g(\theta, \delta) \neq 0 \implies"
        r" \gamma^\star = -v/\|v\|,\ D(\theta; \gamma^\star) = -\|v\|"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"formula": OBTUSE_PAIR.formula},
    claimed={
        "rate": "-r",
        "vectors": (("1", "0"), ("-3/5", "4/5")),
        "theta": ("1", "0"),
        "D": "-1",
    },
    prove=_trivial,
    kind="statement",
    uses=("theorem-1",),
)

CLAIMS = (TRIVIAL, LINES, INDICES, LINE_4, DIMENSION)
