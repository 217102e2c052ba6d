"""Section 4: what the direction of (14) improves, over a finite set and over a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
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
from danskin.claims.enclosed import derivative_is_enclosed
from danskin.claims.gram import known_maximizers
from danskin.claims.hull import (
    above_the_combination,
    kkt_at_the_min_norm_point,
    min_norm_point_exists,
    rate_along,
)
from danskin.claims.vectors import (
    at_the_vectors,
    batch_gradients,
    combine,
    in_simplex,
    inner,
    largest_product,
    min_norm,
    numbers,
    point_text,
)
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
from danskin.expression import parse
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

Row = tuple[sympy.Expr, ...]


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


# --- "improves the loss on all elements" ---------------------------------------------------------


def _improves_printed(
    argument: Argument, claimed: dict[str, Any], flat_triple: Any, curve: Any
) -> None:
    gradients = at_the_vectors(flat_triple, claimed["vectors"]).exact_gradients or ()
    weights = numbers(claimed["weights"])
    y = combine(weights, gradients)
    hull = conjunction([in_simplex(weights), *(equal(x, 0) for x in y)])
    none = above_the_combination(argument)
    argument.witness(
        f"0 in the hull: with the weights {point_text(weights)} the gradients add up to "
        f"{point_text(y)}, so every gamma has an element with <gamma, g_i> >= 0: no "
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
    argument.say(
        "x is the min-norm point of the hull of the gradients at the elements of S_m, maximizers "
        "or not, and r = |x|, which is positive."
    )
    min_norm_point_exists(argument)
    kkt_at_the_min_norm_point(argument)
    rate_along(argument, rate)
    argument.written(
        "so each loss g(., delta) has a negative derivative along gamma, and every short enough "
        "step lowers all of them"
    )
    for name, vectors in claimed["instances"].items():
        gradients = at_the_vectors(formulas[name], vectors).exact_gradients or ()
        found = min_norm(gradients)
        rho = found.rho
        wanted = parse(rate, {"r": rho}, "rate")
        argument.part(f"{name}: rho = {rho} > 0", ordered(rho, ">", 0), EXACT)
        for i, g in enumerate(gradients):
            y = -inner(found.point, g) / rho
            argument.part(
                f"{name}: <gamma, g_{i + 1}> = {sympy.simplify(y)} <= {wanted}",
                ordered(y, "<=", wanted),
                EXACT,
            )


IMPROVES_CORRECTED = Claim(
    id="improves-all-elements-corrected",
    title="With 0 outside the hull it improves every element to first order, at rate ρ at least",
    source="Section 4, after Theorem 3, corrected",
    statement=_FIRST_ORDER,
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
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
    uses=("theorem-2",),
)


# --- batches -------------------------------------------------------------------------------------


def _batch_printed(
    argument: Argument, claimed: dict[str, Any], formula: Any, vectors: Callable[[Any], Any]
) -> None:
    for text in claimed["members"]:
        pairs = vectors(parse(text, {}, "s"))
        S, joint = batch_gradients(formula, pairs, claimed["runs"])
        found = min_norm(joint)
        gamma = [-x for x in found.point]
        promised = largest_product(gamma, joint)
        true = directional_derivative(S, gamma).value
        argument.witness(
            f"s = {text}: m = {len(joint)} maximizers of the batch, {claimed['runs']}, all found "
            f"exactly; (14) over their gradients gives gamma = {point_text(gamma)} with "
            f"the promised rate {promised}, but D(0; gamma) = {true} over all maximizers",
            [
                decided(S.complete and not found.stationary),
                found.verdict,
                ordered(promised, "<", 0),
                equal(inner(gamma, gamma), 1),
            ],
            ordered(true, "<", 0),
        )
        batch = BatchObjective([pull_back(formula, pair) for pair in pairs])
        origin = [0] * batch.theta_dim
        again = f"s = {text}: D(0; gamma), the maximizers not given"
        derivative_is_enclosed(argument, again, batch, origin, gamma, claimed["true"])


BATCH_PRINTED = Claim(
    id="algorithm-1-batch-as-printed",
    title="Exact maximizers from m runs on a batch give a descent direction",
    source="Section 4, Algorithm 1 against eq. (13)",
    statement=(
        r"S_m \subseteq S^\star(\theta),\ \gamma \text{ by (14) over } S_m,\ "
        r"0 \notin \mathrm{conv}\, \nabla_\theta g(\theta, S_m) \implies D(\theta; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT, ENCLOSED),
    objects={"formula": OBTUSE_PAIR.formula, "vectors": sample_vectors},
    claimed={"members": ("1", "-3/2"), "runs": RUNS, "true": "1"},
    prove=_batch_printed,
    corrected=(
        r"S^\star(\theta) = S_1^\star \times \dots \times S_B^\star:\quad \gamma"
        r" \text{ by (14) over}"
        r"\ \tfrac1B \textstyle\sum_i \mathrm{conv}\, \nabla_\theta L_i(\theta, S_i^\star)"
    ),
    kind="error as printed",
    uses=("theorem-1", "product-formula"),
)

CLAIMS = (IMPROVES_PRINTED, IMPROVES_CORRECTED, BATCH_PRINTED)
