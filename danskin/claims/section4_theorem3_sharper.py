"""Section 4, Theorem 3: what its proof does not need."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.certificate import theorem3
from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    WRITTEN,
    Argument,
    conjunction,
    decided,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.enclosed import theorem3_with_proved_constants
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.section4_theorem3 import chain, covers, lipschitz
from danskin.counterexamples import ORABONA
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.exact import exact_max, sign
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _sharper(argument: Argument, claimed: dict[str, Any], orabona: Any, cubic: Any) -> None:
    chain(argument, claimed["threshold"])
    argument.written(
        "These steps ask of gamma only its length; of L only that it bounds |grad(delta) - "
        "grad(delta_i)|/|delta - delta_i| at this theta, between a maximizer and its member of the "
        "net; and of the net only that every maximizer has a member, not that every member has a "
        "maximizer. Each of the three, where Theorem 3's own hypothesis fails:"
    )
    for name, case in claimed["cases"].items():
        f = {"orabona": orabona, "cubic": cubic}[case["objective"]]
        theta, gamma = case["theta"], case["direction"]
        S = known_maximizers(f, theta)
        eps, L = (parse(case[k], {}, k) for k in ("epsilon", "lipschitz"))
        net = [parse(d, {}, "net") for d in case["net"]]
        (d,) = f.delta_symbols
        at = f.gradient_at(theta)
        if case["near"] is not None:
            near = [parse(x, {}, "near") for x in case["near"]]
            argument.part(
                f"{name}: on the interval {tuple(map(str, near))} around the net and S* the "
                "gradient "
                f"has a derivative of size at most {L}",
                _slope_bound(at, d, near, L),
                SYMBOLIC,
            )
            argument.used(DECISION)
        else:
            number_is(argument, f"{name}: L at this theta", lipschitz(f, theta), "==", L)
        argument.part(
            f"{name}: every maximizer (S* = {list(S.faces) or S.exact_deltas}) has a member of the "
            f"net {{{', '.join(case['net'])}}} within {eps}",
            covers(net, eps, S),
            EXACT,
        )
        if case["far member"]:
            far: Any = parse(case["far member"], {}, "net")
            argument.part(
                f"{name}: the member {far} is further than {eps} from every maximizer: the "
                "cover is "
                "one-sided",
                conjunction(
                    [
                        decided(far in net and not S.faces),
                        *(ordered(sympy.Abs(far - x), ">", eps) for (x,) in S.exact_deltas or ()),
                    ]
                ),
                EXACT,
            )
        rows = [[g.xreplace({d: x}) for g in at] for x in net]
        certificate = theorem3(rows, list(gamma), lipschitz=L, epsilon=eps)
        argument.part(
            f"{name}: Theorem 3's inequality holds along ({', '.join(gamma)}), margin "
            f"{certificate.margin:g}",
            certificate.verdict,
            EXACT,
        )
        value = directional_derivative(S, list(gamma)).value
        number_is(argument, f"{name}: D over all of S*", value, "==", case["D"])
        number_is(argument, f"{name}: it descends: D", value, "<", "0")
        theorem3_with_proved_constants(
            argument, f"{name}, with constants that are proved", f, list(theta), list(gamma)
        )
        best = steepest_descent(S).exact_direction
        parallel = best is not None and all(
            sign(a - parse(b, {}, "direction")) == 0 for a, b in zip(best, gamma, strict=True)
        )
        argument.part(
            f"{name}: the direction is {'' if parallel else 'not '}the one of (14)",
            decided(parallel is case["is (14)"]),
            EXACT,
        )
        if case["global lipschitz"]:
            wide = parse(case["global lipschitz"], {}, "L")
            ends = [*f.domain.exact_lo, *f.domain.exact_hi]
            slopes: list[Any] = [sympy.diff(g, d).xreplace({d: e}) for g in at for e in ends]
            argument.part(
                f"{name}: over all of S the constant is at least {wide}, with which the inequality "
                "fails",
                conjunction(
                    [
                        decided(any(sign(abs(s) - wide) == 0 for s in slopes)),
                        ordered(exact_max([_along(r, gamma) for r in rows])[0], ">=", -wide * eps),  # type: ignore[index]
                    ]
                ),
                EXACT,
            )


def _along(row: Any, gamma: Any) -> sympy.Expr:
    return sympy.Add(*(x * parse(y, {}, "direction") for x, y in zip(row, gamma, strict=True)))


def _slope_bound(at: Any, d: sympy.Symbol, near: list[Any], L: sympy.Expr) -> Verdict:
    """Decide |dgrad/ddelta| <= L on an interval, for a gradient of one component (Sturm)."""
    if len(at) != 1:
        return Verdict.UNDECIDED
    slope = sympy.expand(sympy.diff(at[0], d))
    lo, hi = near
    argument = Argument()
    domain = {"LO": f"x >= {lo}", "HI": f"x <= {hi}"}
    let: dict[str, Any] = {"slope": slope.xreplace({d: sympy.Symbol("x")})}
    sample = {"x": str((lo + hi) / 2)}
    return prove_twice(
        argument,
        "",
        [
            Implication.read(domain, f"slope <= {L}", sample=sample, let=let),
            Implication.read(domain, f"slope >= -({L})", sample=sample, let=let),
        ],
    )


SHARPER = Claim(
    id="theorem-3-sharper",
    title="One-sided cover, any unit direction, L at this θ and near the maximizers only",
    source="Section 4, Theorem 3; Appendix D, sharpened",
    statement=(
        r"\text{Theorem 3 holds for any } \|\gamma\| = 1,\ \text{for } S_m \text{ with members far"
        r" from } S^\star(\theta),\ \text{with } L \text{ on a neighbourhood of } S^\star(\theta)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED, WRITTEN),
    objects={
        "orabona": ORABONA.formula,
        "cubic": MinMaxObjective.from_expression(
            "t*(1 + d**3) - d**2", ["t"], ["d"], Interval(-2, 2)
        ),
    },
    claimed={
        "threshold": "-L*eps",
        "cases": {
            "any direction": {
                "objective": "orabona",
                "theta": ("3", "0"),
                "direction": ("-4/5", "3/5"),
                "net": ("1/8", "3/8", "5/8", "7/8"),
                "epsilon": "1/8",
                "lipschitz": "4",
                "near": None,
                "far member": "",
                "global lipschitz": "",
                "is (14)": False,
                "D": "-18/5",
            },
            "one-sided cover": {
                "objective": "orabona",
                "theta": ("3", "1"),
                "direction": ("-1", "0"),
                "net": ("1/4", "7/8"),
                "epsilon": "1/8",
                "lipschitz": "4",
                "near": None,
                "far member": "1/4",
                "global lipschitz": "",
                "is (14)": False,
                "D": "-6",
            },
            "L near the maximizers": {
                "objective": "cubic",
                "theta": ("0",),
                "direction": ("-1",),
                "net": ("1/4",),
                "epsilon": "1/4",
                "lipschitz": "3/16",
                "near": ("-1/4", "1/4"),
                "far member": "",
                "global lipschitz": "12",
                "is (14)": True,
                "D": "-1",
            },
        },
    },
    prove=_sharper,
    kind="sharpening",
    uses=("theorem-1", "theorem-3"),
)


CLAIMS = (SHARPER,)
