"""Section 5.2: Orabona's synthetic example, on its kink."""

from __future__ import annotations

from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    ENCLOSED,
    EXACT,
    SYMBOLIC,
    Argument,
    decided,
    equal,
    ordered,
)
from danskin.claims.branches import branches
from danskin.claims.core import Claim
from danskin.claims.enclosed import phi_falls
from danskin.claims.gram import Domain, cases_are, known_maximizers, maximum_is, number_is
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import in_simplex, inner, point_text
from danskin.counterexamples import ORABONA
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.sets import Interval
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]

Expr = sympy.Expr

#: At (t, 0), for delta at the lower and the upper end of S.
_GRADIENTS = (("2*t", "-2"), ("2*t", "2"))


def _ends(f: Any) -> tuple[Expr, Expr]:
    if not isinstance(f.domain, Interval):
        raise InvalidInputError("domain", f"{f.domain!r} is not an interval", "")
    return f.domain.exact_lo[0], f.domain.exact_hi[0]


# --- phi and its maximizers ----------------------------------------------------------------------


def _maximizers(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    (d,) = orabona.delta_symbols
    t1, t2 = (sympy.Symbol(s) for s in ("t1", "t2"))
    at = dict(zip(orabona.theta_symbols, (t1, t2), strict=True))
    slope = sympy.expand(sympy.diff(orabona.expression.xreplace(at), d))
    wanted = parse(claimed["dg/ddelta"], {"t1": t1, "t2": t2}, "claimed")
    same = sympy.expand(slope - wanted) == 0
    argument.part(
        f"dg/ddelta = {slope}, for all theta and delta",
        decided(True if same else (False if (slope - wanted).is_polynomial(t1, t2, d) else None)),
        SYMBOLIC,
    )
    on_kink = slope.xreplace({t2: parse(claimed["kink"], {}, "claimed")})
    face = Interval(*claimed["S*"])
    argument.part(
        f"On the kink theta2 = {claimed['kink']} it is {on_kink}: g does not depend on delta, and "
        f"every delta of S = {orabona.domain} maximises",
        decided(on_kink == 0 and orabona.domain == face),
        SYMBOLIC,
    )
    for theta1 in claimed["points"]:
        S = known_maximizers(orabona, [theta1, claimed["kink"]])
        argument.part(
            f"The exact maximizers at ({theta1}, {claimed['kink']}): {list(S.faces)}",
            decided(S.faces == (face,)),
            EXACT,
        )
    values = branches(argument, orabona).at([t1, t2], orabona.theta_symbols)
    cases_are(argument, claimed["phi"], ("t2 >= 0", "t2 <= 0"))
    for side, phi in claimed["phi"].items():
        sample = {"t1": "1/3", "t2": "2" if ">" in side else "-2"}
        domain = Domain({"SIDE": side}, sample)
        maximum_is(argument, "phi", values, sympy.expand(domain.formula(phi)), domain)


MAXIMIZERS = Claim(
    id="orabona-maximizers",
    title="On the kink every δ is a maximizer, infinitely many",
    source="Section 5.2; against eq. (13)",
    statement=(
        r"\varphi(\theta) = \theta_1^2 + (|\theta_2| + 1)^2,\quad"
        r" \theta_2 = 0 \implies S^\star(\theta) = [0, 1]"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"orabona": ORABONA.formula},
    claimed={
        "dg/ddelta": "4*t2",
        "kink": "0",
        "S*": ("0", "1"),
        "points": ("1/2", "-2", "sqrt(2)"),
        "phi": {"t2 >= 0": "t1**2 + (t2 + 1)**2", "t2 <= 0": "t1**2 + (-t2 + 1)**2"},
    },
    prove=_maximizers,
    kind="statement",
)


# --- one gradient --------------------------------------------------------------------------------


def _gradients_on_kink(
    argument: Argument, f: Any, t: Expr, claimed: dict[str, Any]
) -> list[tuple[Expr, ...]]:
    """Return the gradients at the ends of S at (t, 0); they span the gradients over S*."""
    (d,) = f.delta_symbols
    at = dict(zip(f.theta_symbols, (t, sympy.Integer(0)), strict=True))
    rows = [sympy.expand(g.xreplace(at)) for g in f.gradient_expressions]
    flat = sympy.expand(sympy.diff(f.expression.xreplace(at), d)) == 0
    affine = all(sympy.diff(g, d, 2) == 0 for g in rows)
    argument.lemma(
        f"On (t, 0) every delta maximises, and the gradient ({rows[0]}, {rows[1]}) is affine in "
        "delta, so the ends of S carry the hull of all gradients",
        decided(bool(flat and affine)),
        SYMBOLIC,
    )
    found = [tuple(sympy.expand(g.xreplace({d: e})) for g in rows) for e in _ends(f)]
    wanted = [tuple(parse(x, {"t": t}, "claimed") for x in g) for g in claimed["gradients"]]
    shown = ", ".join(f"({g[0]}, {g[1]})" for g in found)
    argument.part(f"They are {shown}", decided(found == wanted), SYMBOLIC)
    return found


def _ascent(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    everywhere = Domain({}, {"t": "1/2"})
    gradients = _gradients_on_kink(argument, orabona, everywhere.names["t"], claimed)
    value = sympy.expand(everywhere.formula(claimed["D"]))
    for end, gradient in zip(_ends(orabona), gradients, strict=True):
        away = tuple(-x for x in gradient)
        maximum_is(
            argument,
            f"Along minus the gradient at delta = {end}, not normalised: D",
            [inner(away, g) for g in gradients],
            value,
            everywhere,
        )
    let = {"D": value}
    prove_twice(
        argument,
        f"It is positive iff {claimed['positive iff']}, that is |theta1| < 1",
        [
            Implication.read(
                {"D": "D > 0"},
                claimed["positive iff"],
                sample={"t": 0},
                let=let,
                certificate="4*NOT + D",
            ),
            Implication.read(
                {"T": claimed["positive iff"]},
                "D > 0",
                sample={"t": 0},
                let=let,
                certificate="NOT + 4*T",
            ),
        ],
    )


ASCENT = Claim(
    id="orabona-ascent",
    title="A single gradient ascends to first order exactly for |θ1| < 1",
    source="Section 5.2",
    statement=(
        r"\theta_2 = 0,\ \delta \in \{0, 1\}:\quad \max_{S^\star} \langle -\nabla_\theta"
        r" g(\theta, \delta), \nabla_\theta g\rangle = 4 - 4\theta_1^2 > 0 \iff |\theta_1| < 1"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION),
    objects={"orabona": ORABONA.formula},
    claimed={
        "gradients": _GRADIENTS,
        "D": "4 - 4*t**2",
        "positive iff": "t**2 < 1",
    },
    prove=_ascent,
    kind="statement",
    uses=("theorem-1",),
)


def _boundary(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    step = Domain({"STEP": "tau >= 0"}, {"tau": "1"})
    tau = step.names["tau"]
    rise = sympy.expand(step.formula(claimed["rise"]))
    pieces = branches(argument, orabona)
    for text in claimed["theta1"]:
        theta1 = parse(text, {}, "claimed")
        gradients = _gradients_on_kink(argument, orabona, theta1, claimed)
        S = known_maximizers(orabona, [theta1, 0])
        for end, gradient in zip(_ends(orabona), gradients, strict=True):
            where = f"theta = ({text}, 0), minus the gradient at delta = {end}"
            derivative = directional_derivative(S, [-x for x in gradient]).value
            number_is(argument, f"{where}: D", derivative, "==", claimed["D"])
            moved = [theta1 - tau * gradient[0], -tau * gradient[1]]
            values = pieces.at(moved, orabona.theta_symbols)
            maximum_is(
                argument,
                f"{where}: phi(theta - tau grad) - phi(theta)",
                [sympy.expand(v - S.exact_value) for v in values],  # type: ignore[operator]
                rise,
                step,
            )


BOUNDARY = Claim(
    id="orabona-boundary",
    title="At |θ1| = 1 the derivative vanishes and φ still rises",
    source="Section 5.2",
    statement=(
        r"\theta = (\pm 1, 0):\ D(\theta; -\nabla_\theta g) = 0,\quad"
        r" \varphi(\theta - \tau \nabla_\theta g) - \varphi(\theta) = 8 \tau^2\ (\tau \ge 0)"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"orabona": ORABONA.formula},
    claimed={"gradients": _GRADIENTS, "theta1": ("1", "-1"), "D": "0", "rise": "8*tau**2"},
    prove=_boundary,
    kind="sharpening",
    uses=("theorem-1",),
)


# --- the endpoints suffice -----------------------------------------------------------------------


def _steepest(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    """KKT on the kink with the two endpoint gradients, for every theta1 != 0."""
    for side, sample in (("t > 0", "1/2"), ("t < 0", "-1/2")):
        domain = Domain({"SIDE": side}, {"t": sample})
        gradients = _gradients_on_kink(argument, orabona, domain.names["t"], claimed)
        weights = [parse(w, {}, "claimed") for w in claimed["weights"]]
        shown = point_text(weights)
        argument.part(f"{side}: the weights {shown} are in the simplex", in_simplex(weights), EXACT)
        x = tuple(
            sympy.expand(sympy.Add(*(w * g[k] for w, g in zip(weights, gradients, strict=True))))
            for k in range(2)
        )
        square = inner(x, x)
        wanted = domain.formula(claimed["rho^2"])
        kkt = [
            domain.always(inner(x, g) - square, ">=", f"<x, ({g[0]}, {g[1]})> >= |x|^2")
            for g in gradients
        ]
        kkt.append(domain.always(square - wanted, "==", f"|x|^2 == {wanted}"))
        kkt.append(domain.always(square, ">", "|x|^2 > 0"))
        prove_twice(
            argument,
            f"{side}: with these weights x = ({x[0]}, {x[1]}); KKT holds, and x is not 0",
            kkt,
        )
    for start, step in claimed["falls for"].items():
        where = f"From ({start}, 0) along gamma = -x*"
        down = ["-2*(" + start + ")", "0"]
        phi_falls(argument, where, orabona, [start, "0"], down, step)
    origin = steepest_descent(known_maximizers(orabona, ["0", "0"]))
    argument.part("At (0, 0), the minimizer, 0 is in the hull", decided(origin.stationary), EXACT)


STEEPEST = Claim(
    id="orabona-steepest",
    title="With both endpoints Theorem 2 is exact, although S* is infinite",
    source="Section 5.2 and Theorem 2; against eq. (13)",
    statement=(
        r"\theta = (\theta_1, 0),\ \theta_1 \neq 0:\quad x^\star = (2\theta_1, 0),\quad"
        r" \min_{\|\gamma\|=1} D(\theta; \gamma) = -2|\theta_1|"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, ENCLOSED),
    objects={"orabona": ORABONA.formula},
    claimed={
        "gradients": _GRADIENTS,
        "weights": ("1/2", "1/2"),
        "rho^2": "4*t**2",
        "falls for": {"1/2": "7/8", "-2": "7/8"},
    },
    prove=_steepest,
    kind="correction",
    uses=("theorem-1", "theorem-2"),
)


# --- infinitely many maximizers, against (13) ----------------------------------------------------


def _finite(argument: Argument, claimed: dict[str, Any], orabona: Any) -> None:
    S = known_maximizers(orabona, claimed["theta"])
    points = [parse(d, {}, "delta") for d in claimed["maximizers"]]
    values = [orabona.at(claimed["theta"]).xreplace({orabona.delta_symbols[0]: p}) for p in points]
    argument.witness(
        f"theta = ({', '.join(claimed['theta'])}): S* = {list(S.faces) or S.exact_deltas}, an "
        f"interval; for example g = {values[0]} = phi at each of "
        f"{', '.join(claimed['maximizers'])}",
        [
            decided(S.complete),
            *(equal(v, S.exact_value) for v in values),
            *(ordered(p, ">=", _ends(orabona)[0]) for p in points),
            *(ordered(p, "<=", _ends(orabona)[1]) for p in points),
        ],
        decided(not S.faces),
    )


FINITE = Claim(
    id="finite-maximizers-as-printed",
    title="Section 5.2's example has finitely many maximizers, as eq. (13) assumes",
    source="Section 4, eq. (13), against Section 5.2",
    statement=r"S^\star(\theta) = \{\delta^{(1)}, \dots, \delta^{(m)}\},\ m < \infty",
    expected=Verdict.REFUTED,
    methods=(EXACT,),
    objects={"orabona": ORABONA.formula},
    claimed={"theta": ("1/2", "0"), "maximizers": ("0", "1/3", "1/2", "sqrt(2)/2", "1")},
    prove=_finite,
    corrected=(
        r"\theta_2 = 0 \implies S^\star(\theta) = [0, 1],\ \mathrm{conv}\, \nabla_\theta"
        r" g(\theta, S^\star) = \mathrm{conv}\, \nabla_\theta g(\theta, \{0, 1\})"
    ),
    kind="error as printed",
)


CLAIMS = (MAXIMIZERS, ASCENT, BOUNDARY, STEEPEST, FINITE)
