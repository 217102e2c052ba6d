"""Section 4, Theorem 3: a finite net certifies a descent direction, by a strict inequality."""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from danskin.certificate import theorem3
from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    Argument,
    conjunction,
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.enclosed import theorem3_with_proved_constants
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.counterexamples import (
    ORABONA,
)
from danskin.derivative import directional_derivative
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, to_float
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS", "chain", "covers", "lipschitz"]


def chain(argument: Argument, threshold: str) -> None:
    """Prove Theorem 3 step by step (Appendix D, eqs. (20) and (21))."""
    argument.say(
        "Let |gamma| = 1, delta a maximizer, delta_i its member of the net: e = |delta - delta_i| "
        "<= eps. k = grad(delta) - grad(delta_i), h = |k| <= L e, tau = <gamma, k>, p = <gamma, "
        "grad(delta)> = q + tau with q = <gamma, grad(delta_i)> <= M, the maximum over the net."
    )
    prove_twice(
        argument,
        "Cauchy-Schwarz: |h gamma - k|^2 = 2 h^2 - 2 h tau >= 0 gives tau <= h (h = 0: k = 0)",
        Implication.read(
            {"H": "h > 0", "SQUARE": "h**2 - 2*h*tau + h**2 >= 0"},
            "tau <= h",
            sample={"h": 2, "tau": 1},
            certificate="2*H*NOT + SQUARE",
        ),
        lemma=True,
    )
    sample = {"p": -3, "q": -3, "tau": 0, "h": 1, "L": 1, "e": 1, "eps": 1, "M": -3}
    prove_twice(
        argument,
        "Triangle inequality: p <= M + L eps, for every maximizer delta",
        Implication.read(
            {
                "P": "p - q - tau == 0",
                "C": "tau <= h",
                "LIP": "h <= L*e",
                "COV": "e <= eps",
                "L0": "L >= 0",
                "Q": "q <= M",
            },
            "p <= M + L*eps",
            sample=sample,
            certificate="NOT + C + LIP + L0*COV + Q - P",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        f"M < {threshold} implies p < 0 for every maximizer; S* is compact, so D(theta; gamma) = "
        "max p < 0",
        Implication.read(
            {"S": f"M < {threshold}", "B": "p <= M + L*eps"},
            "p < 0",
            sample={k: sample[k] for k in ("p", "M", "L", "eps")},
            certificate="NOT + S + B",
        ),
        lemma=True,
    )


def _theorem_3(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    chain(argument, claimed["threshold"])
    _net(argument, claimed, orabona)


def _net(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    """Check an instance with infinitely many maximizers, which the net does not contain."""
    theta, gamma = claimed["theta"], claimed["direction"]
    S = known_maximizers(orabona, theta)
    L = lipschitz(orabona, theta)
    number_is(argument, "Section 5.2's objective: L at this theta", L, "==", claimed["lipschitz"])
    eps = parse(claimed["epsilon"], {}, "epsilon")
    net = [parse(d, {}, "net") for d in claimed["net"]]
    argument.part(
        f"S* = {S.faces[0] if S.faces else S.exact_deltas}; every point of it is within {eps} of "
        f"the net {{{', '.join(claimed['net'])}}}",
        covers(net, eps, S),
        EXACT,
    )
    at = orabona.gradient_at(theta)
    lo, hi = orabona.domain.exact_lo[0], orabona.domain.exact_hi[0]
    argument.part(
        f"The net lies in S = {orabona.domain}",
        conjunction([ordered(net[0], ">=", lo), ordered(net[-1], "<=", hi)]),
        EXACT,
    )
    rows = [[g.xreplace({orabona.delta_symbols[0]: d}) for g in at] for d in net]
    certificate = theorem3(rows, list(gamma), lipschitz=L, epsilon=eps)
    argument.part(
        f"Theorem 3 applies along ({', '.join(gamma)}): margin {certificate.margin:g}",
        certificate.verdict,
        EXACT,
    )
    number_is(
        argument, "and D over all of S*", directional_derivative(S, list(gamma)).value, "<", 0
    )
    again = f"Theorem 3 along ({', '.join(gamma)}) again, with constants that are proved"
    theorem3_with_proved_constants(argument, again, orabona, list(theta), list(gamma))


def lipschitz(f: Any, theta: Any) -> sympy.Expr:
    """Return the exact Lipschitz constant of a gradient that is affine in one delta."""
    (d,) = f.delta_symbols
    slopes = [sympy.diff(g, d) for g in f.gradient_at(theta)]
    if any(s.has(d) for s in slopes):
        raise InvalidInputError("objective", "its gradient is not affine in delta", "")
    return sympy.sqrt(sympy.expand(sympy.Add(*(s * s for s in slopes))))


def covers(net: list[sympy.Expr], eps: sympy.Expr, S: Any) -> Verdict:
    """Decide whether every maximizer has a member of the net (sorted) within eps."""
    if S.faces:
        face = S.faces[0]
        if len(S.faces) > 1 or not isinstance(face, Interval):
            return Verdict.UNDECIDED
        lo, hi = face.exact_lo[0], face.exact_hi[0]
        gaps = [ordered(net[0] - lo, "<=", eps), ordered(hi - net[-1], "<=", eps)]
        pairs = itertools.pairwise(net)
        return conjunction([*gaps, *(ordered(b - a, "<=", 2 * eps) for a, b in pairs)])
    near = []
    for (delta,) in S.exact_deltas:
        distances = [sympy.Max(delta - d, d - delta) for d in net]
        near.append(ordered(min(distances, key=to_float), "<=", eps))
    return conjunction(near)


THEOREM_3 = Claim(
    id="theorem-3",
    title="A finite net certifies a descent direction",
    source="Section 4, Theorem 3; Appendix D",
    statement=(
        r"\|\gamma\| = 1,\ \nabla_\theta g(\theta, \cdot)\ L\text{-Lipschitz},\ S_m\ "
        r"\varepsilon\text{-covers } S^\star(\theta):\quad \max_{S_m} \langle\gamma,"
        r" \nabla_\theta g\rangle < -L\varepsilon \implies D(\theta; \gamma) < 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"orabona": ORABONA.formula},
    claimed={
        "threshold": "-L*eps",
        "theta": ("1/2", "0"),
        "direction": ("-1", "0"),
        "lipschitz": "4",
        "net": ("1/8", "3/8", "5/8", "7/8"),
        "epsilon": "1/8",
    },
    prove=_theorem_3,
    kind="statement",
    uses=("theorem-1",),
)


def _strict(argument: Argument, claimed: dict[str, Any], half_line: Any) -> None:
    S = known_maximizers(half_line, ["0"])
    L = lipschitz(half_line, ["0"])
    eps = parse(claimed["epsilon"], {}, "epsilon")
    net = [parse(d, {}, "net") for d in claimed["net"]]
    (gradient,) = half_line.gradient_at(["0"])
    products = [gradient.xreplace({half_line.delta_symbols[0]: d}) for d in net]
    largest = exact_max(products)
    value = None if largest is None else largest[0]
    derivative = directional_derivative(S, ["1"]).value
    argument.witness(
        f"g = {half_line.expression} at theta = 0: S* = {list(S.faces) or S.exact_deltas}, "
        f"L = {L}, net {{{', '.join(claimed['net'])}}}, eps = {eps}: the maximum "
        f"over the net along +1 is {value} {claimed['relation']} -L eps = {-L * eps}, but "
        f"D(0; +1) = {derivative}",
        [
            covers(net, eps, S),
            equal(L, parse(claimed["lipschitz"], {}, "L")),
            ordered(value, claimed["relation"], -L * eps),
        ],
        ordered(derivative, "<", 0),
    )


STRICT = Claim(
    id="theorem-3-strict",
    title="Theorem 3 with ≤ in place of <",
    source="Section 4, Theorem 3: the strict inequality is needed",
    statement=(
        r"\max_{S_m} \langle\gamma, \nabla_\theta g\rangle \le -L\varepsilon \implies"
        r" D(\theta; \gamma) < 0"
    ),
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"half_line": MinMaxObjective.from_expression("t*d", ["t"], ["d"], Interval(-1, 0))},
    claimed={"net": ("-1/2",), "epsilon": "1/2", "lipschitz": "1", "relation": "<="},
    prove=_strict,
    kind="sharpening",
    uses=("theorem-1",),
)


CLAIMS = (THEOREM_3, STRICT)
