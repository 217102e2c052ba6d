"""Section 4, Theorem 3: a finite net certifies a descent direction, by a strict inequality."""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from danskin.certificate import theorem3
from danskin.claims.argument import (
    DECISION,
    EXACT,
    SYMBOLIC,
    Argument,
    conjunction,
    decided,
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import known_maximizers, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.counterexamples import (
    ORABONA,
)
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, sign, to_float
from danskin.expression import parse
from danskin.objective import MinMaxObjective
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _theorem_3(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    threshold = claimed["threshold"]
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
    _net(argument, claimed, orabona)


def _net(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    """Check an instance with infinitely many maximizers, which the net does not contain."""
    theta, gamma = claimed["theta"], claimed["direction"]
    S = known_maximizers(orabona, theta)
    L = _lipschitz(orabona, theta)
    number_is(argument, "Section 5.2's objective: L at this theta", L, "==", claimed["lipschitz"])
    eps = parse(claimed["epsilon"], {}, "epsilon")
    net = [parse(d, {}, "net") for d in claimed["net"]]
    argument.part(
        f"S* = {S.faces[0] if S.faces else S.exact_deltas}; every point of it is within {eps} of "
        f"the net {{{', '.join(claimed['net'])}}}",
        _covers(net, eps, S),
        EXACT,
    )
    at = orabona.gradient_at(theta)
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


def _lipschitz(f: Any, theta: Any) -> sympy.Expr:
    """Return the exact Lipschitz constant of a gradient that is affine in one delta."""
    (d,) = f.delta_symbols
    slopes = [sympy.diff(g, d) for g in f.gradient_at(theta)]
    if any(s.has(d) for s in slopes):
        raise InvalidInputError("objective", "its gradient is not affine in delta", "")
    return sympy.sqrt(sympy.expand(sympy.Add(*(s * s for s in slopes))))


def _covers(net: list[sympy.Expr], eps: sympy.Expr, S: Any) -> Verdict:
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
    methods=(SYMBOLIC, DECISION, EXACT),
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
)


def _strict(argument: Argument, claimed: dict[str, Any], half_line: Any) -> None:
    S = known_maximizers(half_line, ["0"])
    L = _lipschitz(half_line, ["0"])
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
            _covers(net, eps, S),
            equal(L, parse(claimed["lipschitz"], {}, "L")),
            ordered(value, claimed["relation"], -L * eps),
        ],
        ordered(derivative, "<", 0),
    )


STRICT = Claim(
    id="theorem-3-strict",
    title="Theorem 3 with <= in place of <",
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
)


# --- what the proof does not need ----------------------------------------------------------------


def _sharper(argument: Argument, claimed: dict[str, Any], orabona: Any, cubic: Any) -> None:
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
            number_is(argument, f"{name}: L at this theta", _lipschitz(f, theta), "==", L)
        argument.part(
            f"{name}: every maximizer (S* = {list(S.faces) or S.exact_deltas}) has a member of the "
            f"net {{{', '.join(case['net'])}}} within {eps}",
            _covers(net, eps, S),
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
        best = steepest_descent(S).exact_direction
        parallel = best is not None and all(
            sign(a - parse(b, {}, "direction")) == 0 for a, b in zip(best, gamma, strict=True)
        )
        argument.part(
            f"{name}: the direction is the one of (14): {parallel}",
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
    title="One-sided cover, any unit direction, L at this theta and near the maximizers only",
    source="Section 4, Theorem 3; Appendix D, sharpened",
    statement=(
        r"\text{Theorem 3 holds for any } \|\gamma\| = 1,\ \text{for } S_m \text{ with members far"
        r" from } S^\star(\theta),\ \text{with } L \text{ on a neighbourhood of } S^\star(\theta)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={
        "orabona": ORABONA.formula,
        "cubic": MinMaxObjective.from_expression(
            "t*(1 + d**3) - d**2", ["t"], ["d"], Interval(-2, 2)
        ),
    },
    claimed={
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
        }
    },
    prove=_sharper,
    kind="sharpening",
)


CLAIMS = (THEOREM_3, STRICT, SHARPER)
