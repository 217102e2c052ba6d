"""The claims of a counterexample made to order, each with its proof.

`danskin.counterexamples.generate` builds g around gradients that are asked for. What it promises of
g at theta0 becomes statements here: the maximizers, their gradients and inner products, the rates
along minus each single gradient, the steepest direction. Every proof starts from g and theta0 alone
and recomputes; the values claimed are only compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from danskin.claims.argument import EXACT, Argument, conjunction, decided
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers
from danskin.counterexamples.core import Row
from danskin.counterexamples.generate import GeneratedCounterexample, sign_in_field
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, exact_vector
from danskin.maximizers import MaximizerSet
from danskin.verdict import Verdict

__all__ = ["generated_claims"]

_SOURCE = "Made to order"
_KIND = "ours"


def generated_claims(member: GeneratedCounterexample) -> tuple[Claim, ...]:
    """Return what is claimed of a counterexample made to order; `Claim.run` proves each.

    Parameters
    ----------
    member : GeneratedCounterexample
        From `danskin.counterexamples.generate.make_counterexample`.

    Returns
    -------
    tuple of Claim
        ``generated-maximizers``, ``generated-gradients``, ``generated-rates`` (Theorem 1) and
        ``generated-steepest`` (Theorem 2), or ``generated-stationary``.

    Raises
    ------
    InvalidInputError
        `member` was not made to order.

    Examples
    --------
    >>> from danskin.counterexamples.generate import make_counterexample
    >>> member = make_counterexample(gram=[[1, "-1/2"], ["-1/2", 1]])
    >>> [claim.run().verdict.value for claim in generated_claims(member)]
    ['proved', 'proved', 'proved', 'proved']
    """
    if not isinstance(member, GeneratedCounterexample):
        raise InvalidInputError(
            "member", f"{member!r:.60} was not made to order", "Pass make_counterexample's result."
        )
    here = {"theta0": member.theta0}
    everything = {**here, "S*": member.maximizers, "gradients": member.gradients}
    steepest = {**everything, "weights": member.weights, "rho^2": member.squared_norm}
    rates = {f"D({d.name})": d.value for d in member.derivatives}
    m = len(member.maximizers)
    return (
        _claim(
            member,
            "maximizers",
            f"The maximizers at theta0 are {m} given points, and no others",
            rf"S^*(\theta_0) = {_points(member.maximizers)}",
            {**here, "S*": member.maximizers},
            _prove_maximizers,
        ),
        _claim(
            member,
            "gradients",
            "Their gradients are the prescribed ones, with the prescribed inner products",
            r"\nabla_\theta g(\theta_0, \delta_i) = v_i, \quad \langle v_i, v_j\rangle = G_{ij}",
            {**everything, "gram": member.gram},
            _prove_gradients,
        ),
        _claim(
            member,
            "rates",
            "The rate of phi along minus each single gradient",
            r"D(\theta_0; -v_i) = \max_j \frac{-\langle v_i, v_j\rangle}{|v_i|} = "
            + _values(list(rates.values())),
            {**here, "gradients": member.gradients, "rates": rates},
            _prove_rates,
            "theorem-1",
        ),
        _claim(
            member,
            "stationary",
            "0 is in the hull of the gradients: no direction descends",
            r"0 = \sum_i w_i v_i \in \mathrm{conv}\{v_1, \dots, v_m\}",
            steepest,
            _prove_steepest,
            "theorem-2",
        )
        if member.steepest is None
        else _claim(
            member,
            "steepest",
            "The steepest descent direction and its rate",
            rf"\min_{{|\gamma| = 1}} D(\theta_0; \gamma) = D(\theta_0; -x^*) = "
            rf"{sympy.latex(member.steepest.value)}, \quad x^* = \sum_i w_i v_i",
            steepest,
            _prove_steepest,
            "theorem-2",
        ),
    )


def _claim(
    member: GeneratedCounterexample,
    name: str,
    title: str,
    statement: str,
    claimed: dict[str, Any],
    prove: Any,
    *uses: str,
) -> Claim:
    return Claim(
        id=f"generated-{name}",
        title=title,
        source=_SOURCE,
        statement=statement,
        expected=Verdict.PROVED,
        methods=(EXACT,),
        objects={"objective": member.objective},
        claimed=claimed,
        prove=prove,
        kind=_KIND,
        uses=uses,
    )


# --- the proofs ----------------------------------------------------------------------------------


def _prove_maximizers(argument: Argument, claimed: dict[str, Any], *, objective: Any) -> None:
    S = _introduce(argument, claimed, objective)
    found = {_written(d) for d in S.exact_deltas or ()}
    wanted = {_written(_row(d)) for d in claimed["S*"]}
    shown = "; ".join(map(_text, S.exact_deltas or ()))
    same = decided(not S.faces and found == wanted)
    argument.part(f"S*(theta0), all of it, is {{{shown}}}", same, EXACT)


def _prove_gradients(argument: Argument, claimed: dict[str, Any], *, objective: Any) -> None:
    S = _introduce(argument, claimed, objective)
    points = [_written(d) for d in S.exact_deltas or ()]
    rows: list[Row] = []
    for delta, gradient in zip(claimed["S*"], claimed["gradients"], strict=True):
        where = _written(_row(delta))
        if where not in points:
            argument.part(f"({', '.join(where)}) is a maximizer", Verdict.REFUTED, EXACT)
            return
        row = (S.exact_gradients or ())[points.index(where)]
        rows.append(row)
        same = _zero(_difference(row, _row(gradient)))
        argument.part(f"The gradient at ({', '.join(where)}) is {_text(row)}", same, EXACT)
    gram = claimed["gram"]
    if len(gram) != len(rows) or any(len(row) != len(rows) for row in gram):
        raise InvalidInputError("gram", "it is not m rows of m", "Claim one entry a pair.")
    pairs = [
        _inner(a, b) - exact_number(gram[i][j], "gram")
        for i, a in enumerate(rows)
        for j, b in enumerate(rows)
    ]
    argument.part("Their inner products are the entries of G", _zero(pairs), EXACT)


def _prove_rates(argument: Argument, claimed: dict[str, Any], *, objective: Any) -> None:
    """``D(-v) = max_j -<v, g_j> / |v|``: attained by some j, and no j has more."""
    S = _introduce(argument, claimed, objective)
    found = S.exact_gradients or ()
    for i, gradient in enumerate(claimed["gradients"]):
        name = f"D(-v{i + 1})"
        if name not in claimed["rates"]:
            argument.say(f"v{i + 1} = 0 has no direction.")
            continue
        v = _row(gradient)
        rate = exact_number(claimed["rates"][name], name)
        bound = rate * sympy.sqrt(_inner(v, v))
        slacks = [bound + _inner(v, g) for g in found]
        signs = [sign_in_field(s) for s in slacks]
        argument.part(
            f"{name} = {rate}: -<v{i + 1}, g> <= {rate} |v{i + 1}| for every gradient g of a "
            "maximizer, with equality for one",
            _least_is_zero(signs),
            EXACT,
        )


def _prove_steepest(argument: Argument, claimed: dict[str, Any], *, objective: Any) -> None:
    """Check the optimality conditions of Theorem 2, with no solver in between."""
    S = _introduce(argument, claimed, objective)
    weights = exact_vector(claimed["weights"], "weights", len(claimed["gradients"]))
    rows = [_row(g) for g in claimed["gradients"]]
    found = S.exact_gradients or ()
    members = [_one_of([_zero(_difference(v, g)) for g in found]) for v in rows]
    argument.part("Every v_i is the gradient at a maximizer", conjunction(members), EXACT)
    argument.part(
        f"w = {_text(weights)} is on the simplex",
        conjunction([_nonnegative(weights), _zero([sympy.Add(*weights, -1)])]),
        EXACT,
    )
    x = tuple(_inner(weights, [v[k] for v in rows]) for k in range(len(rows[0])))
    square = exact_number(claimed["rho^2"], "rho^2")
    argument.part(f"x* = sum w_i v_i has |x*|^2 = {square}", _zero([_inner(x, x) - square]), EXACT)
    if sign_in_field(square) == 0:
        argument.say("0 is in the hull of gradients: every direction has D >= 0.")
        return
    argument.part(
        "<x*, g> >= |x*|^2 for the gradient g of every maximizer, so that x* is the min-norm point "
        "of their hull, -x*/|x*| the steepest direction and -|x*| its rate",
        _nonnegative([_inner(x, g) - square for g in found]),
        EXACT,
    )
    argument.part("|x*| > 0", decided(_positive(square)), EXACT)


def _introduce(argument: Argument, claimed: dict[str, Any], objective: Any) -> MaximizerSet:
    theta0 = exact_vector(claimed["theta0"], "theta0", objective.theta_dim)
    text = str(objective.expression)
    argument.say(f"g = {text if len(text) <= 2000 else f'{text[:1990]} ...'}")
    argument.say(f"S = {objective.domain}, theta0 = {_text(theta0)}")
    return known_maximizers(objective, theta0)


# --- exact comparisons ---------------------------------------------------------------------------


def _zero(numbers: Sequence[sympy.Expr]) -> Verdict:
    signs = [sign_in_field(x) for x in numbers]
    if any(signs):
        return Verdict.REFUTED
    return Verdict.UNDECIDED if None in signs else Verdict.PROVED


def _nonnegative(numbers: Sequence[sympy.Expr]) -> Verdict:
    signs = [sign_in_field(x) for x in numbers]
    if -1 in signs:
        return Verdict.REFUTED
    return Verdict.UNDECIDED if None in signs else Verdict.PROVED


def _least_is_zero(signs: Sequence[int | None]) -> Verdict:
    if -1 in signs:
        return Verdict.REFUTED
    if None in signs:
        return Verdict.UNDECIDED
    return decided(0 in signs)


def _one_of(verdicts: Sequence[Verdict]) -> Verdict:
    if Verdict.PROVED in verdicts:
        return Verdict.PROVED
    return Verdict.UNDECIDED if Verdict.UNDECIDED in verdicts else Verdict.REFUTED


def _positive(number: sympy.Expr) -> bool | None:
    which = sign_in_field(number)
    return None if which is None else which == 1


def _inner(a: Sequence[sympy.Expr], b: Sequence[sympy.Expr]) -> sympy.Expr:
    return sympy.expand(sympy.Add(*(x * y for x, y in zip(a, b, strict=True))))


def _difference(a: Sequence[sympy.Expr], b: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    return [x - y for x, y in zip(a, b, strict=True)]


def _row(entries: Any) -> Row:
    return exact_vector(entries, "claimed")


def _written(row: Sequence[sympy.Expr]) -> tuple[str, ...]:
    return tuple(map(str, row))


def _text(row: Sequence[sympy.Expr]) -> str:
    return f"({', '.join(map(str, row))})"


def _points(points: Sequence[Row]) -> str:
    written = [
        sympy.latex(p[0]) if len(p) == 1 else f"({', '.join(map(sympy.latex, p))})" for p in points
    ]
    return rf"\left\{{{', '.join(written)}\right\}}"


def _values(values: Sequence[sympy.Expr]) -> str:
    return ", ".join(map(sympy.latex, values))
