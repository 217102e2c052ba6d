"""Ours: the price of one adversary is sharp, for every rho, every m and every n."""

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
from danskin.claims.gram import Domain, known_maximizers, maximum_is, number_is
from danskin.claims.implication import Fact, prove_twice
from danskin.claims.pair import PAIR, introduce, pair_gram
from danskin.claims.vectors import (
    at_the_vectors,
    inner,
    largest_product,
    min_norm,
    point_text,
)
from danskin.counterexamples import OBTUSE_PAIR, pull_back, simplex_formula
from danskin.derivative import directional_derivative
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _attained(argument: Argument, claimed: dict[str, Any], obtuse_pair: Any) -> None:
    point, domain = pair_gram(obtuse_pair, claimed)
    introduce(argument, obtuse_pair, point, domain, claimed)
    x = sympy.ones(1, point.rows.rows) * point.rows / point.rows.rows
    square = point.square(x)
    kkt = [
        domain.always(p - square, ">=", f"<x, g_{j}> >= |x|^2")
        for j, p in enumerate(point.products(x))
    ]
    rho2: Any = domain.formula(claimed["rho^2"])
    kkt.append(domain.always(square - rho2, "==", f"|x|^2 == {rho2}"))
    prove_twice(argument, f"{domain}: rho^2 = {square}, by KKT at the mean of the gradients", kkt)
    bound = sympy.expand(parse(claimed["bound"], {"r2": rho2}, "bound"))
    for j in range(point.rows.rows):
        away = -point.rows[j, :]
        unit = point.square(away)
        argument.part(f"gradient {j + 1} has length 1", decided(unit == 1), SYMBOLIC)
        maximum_is(
            argument, f"D(0; -g_{j + 1}) equals the bound", point.products(away), bound, domain
        )
    # Every rho in (0, 1/sqrt 2) occurs: c = 2 rho^2 - 1.
    radius = Domain({"LO": "r2 > 0", "HI": claimed["range"]}, {"r2": "1/4"})
    radius.covers(
        argument, "Every rho in (0, 1/sqrt(2)) is covered", {"LO": "r2 > 0", "HI": "r2 < 1/2"}
    )
    c: Any = sympy.Symbol("c")
    cosine: Any = radius.formula(claimed["cosine"])
    r2 = radius.names["r2"]
    limits = [
        radius.always(
            sympy.expand(f.expr.xreplace({c: cosine})),
            f.relation,
            f"{f.text} at c = {cosine}",
        )
        for f in _facts(domain)
    ]
    uphill = radius.always(parse(claimed["bound"], {"r2": r2}, "bound"), ">", "the bound is > 0")
    back = radius.always(rho2.xreplace({c: cosine}) - r2, "==", "rho^2 == r2 at that c")
    prove_twice(
        argument,
        f"For every rho^2 = r2 with {radius} the pair with c = {cosine} is admissible, has that "
        "rho, and both single gradients ascend",
        [*limits, back, uphill],
    )
    corner = known_maximizers(pull_back(obtuse_pair, claimed["corner"]), [0, 0])
    for v in corner.exact_gradients or ():
        edge = directional_derivative(corner, [-x for x in v]).value
        number_is(
            argument,
            f"At rho = 1/sqrt(2), c = 0, it fails already: along minus {point_text(v)} D",
            edge,
            "==",
            0,
        )
    beyond = Domain({"LO": claimed["safe"]}, {"r2": "3/4"})
    beyond.covers(argument, "Every rho > 1/sqrt(2) is covered", {"LO": "r2 > 1/2"})
    safe = beyond.always(-parse(claimed["bound"], {"r2": r2}, "bound"), ">", "the bound is < 0")
    prove_twice(
        argument, f"Conversely, for {beyond} the bound makes every single gradient descend", safe
    )


def _facts(domain: Domain) -> list[Fact]:
    return list(domain.implies("0 >= 0").hypotheses.values())


ATTAINED = Claim(
    id="price-attained",
    title="The bound is attained for every ρ below 1/√(2), and no corollary holds there",
    source="Ours; quantifies Section 3",
    statement=(
        r"\forall \rho \in (0, 1/\sqrt2)\ \exists \text{ unit } g_1, g_2 \text{ with min norm }"
        r" \rho:\ D(\theta; -g_i) = 1 - 2\rho^2 > 0;\quad \rho = 1/\sqrt2:\ D = 0 "
        r"\text{ occurs};\quad \rho > 1/\sqrt2 \implies D(\theta; -g_i) < 0 \ \forall i"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={"obtuse_pair": OBTUSE_PAIR.formula},
    claimed={
        **PAIR,
        "rho^2": "(1 + c)/2",
        "bound": "1 - 2*r2",
        "range": "r2 < 1/2",
        "cosine": "2*r2 - 1",
        "safe": "r2 > 1/2",
        "corner": (("1", "0"), ("0", "1")),
    },
    prove=_attained,
    kind="ours",
    uses=("theorem-1", "theorem-2", "price-of-one-adversary"),
)


# --- for every number of gradients ---------------------------------------------------------------


def _sharp(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    argument.say(
        "u = (rho, s), v = (rho, -s) with s^2 = 1 - rho^2, and any number m - 2 of further unit "
        "vectors g = (p, q) with rho <= p < s, q > 0."
    )
    argument.written(
        "every p in [rho, s), an interval since rho < s, gives one, q = sqrt(1 - p^2) > 0: there "
        "are infinitely many. Appendix A's objective has all m as gradients (appendix-a-maximizers)"
        "; further coordinates 0 give any n >= 2"
    )
    hypotheses = {
        "R": "r > 0",
        "S": "s > 0",
        "UNIT": "r**2 + s**2 == 1",
        "RHO": claimed["range"],
        "G": "p**2 + q**2 == 1",
        "LO": claimed["lowest p"],
        "HI": "p < s",
        "Q": "q > 0",
    }
    domain = Domain(hypotheses, {"r": "3/5", "s": "4/5", "p": "3/5", "q": "4/5"})
    r, s, p, q = (sympy.Symbol(x) for x in ("r", "s", "p", "q"))
    u, v, g, x = (sympy.Matrix([w]) for w in ([r, s], [r, -s], [p, q], [r, 0]))

    def dot(a: Any, b: Any) -> sympy.Expr:
        return sympy.expand((a * b.T)[0])

    let = {
        "kkt": sympy.expand(dot(x, g) - r**2),
        "obtuse": dot(g, v),
        "price": sympy.expand(parse(claimed["bound"], {"r2": r**2}, "bound")),
        "uu": dot(u, u),
        "uv": dot(u, v),
        "ug": dot(u, g),
    }
    argument.lemma(
        "x = (rho, 0) = (u + v)/2 has <x, u> = <x, v> = rho^2 = |x|^2",
        decided(all(sympy.expand(dot(x, w) - r**2) == 0 for w in (u, v)) and (u + v) / 2 == x),
        SYMBOLIC,
    )
    prove_twice(
        argument,
        "KKT with the further vectors: <x, g> >= rho^2, so rho is the min norm of all of them",
        domain.implies("kkt >= 0", let, "NOT + R*LO"),
        lemma=True,
    )
    # <g, v> = r p - s q < 0: s^2 q^2 - r^2 p^2 = s^2 - p^2 > 0 by the two unit lengths.
    prove_twice(
        argument,
        "<g, v> < 0: every -g ascends, like -u and -v",
        domain.implies(
            "obtuse < 0",
            let,
            "NOT*(NOT + 2*S*Q) + (HI*(HI + 2*(LO + R)) - (p**2)*UNIT + (s**2)*G)",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        f"Along -u: <-u, v> = {claimed['bound']} with r2 = rho^2, positive, and <-u, u>, <-u, "
        "g> are "
        "no larger: D(0; -u) is the bound",
        [
            domain.implies("-uv >= price", let, "NOT + UNIT"),
            domain.implies("-uv <= price", let, "NOT - UNIT"),
            domain.implies("price > 0", let, "NOT + RHO*(RHO + 2*R) - UNIT"),
            domain.implies("price > -ug", let, "NOT + RHO*(RHO + 2*R) - UNIT + R*(LO + R) + S*Q"),
            domain.implies("price > -uu", let, "NOT + RHO*(RHO + 2*R) + 1"),
        ],
        lemma=True,
    )
    for m, n in claimed["sizes"]:
        rows = [[*w, *["0"] * (n - 2)] for w in claimed["vectors"][:m]]
        gradients = at_the_vectors(formula(m), rows).exact_gradients or ()
        found = min_norm(gradients)
        wanted = parse(claimed["rho^2"], {}, "rho^2")
        argument.part(
            f"m = {m}, n = {n}, from the objective: rho^2 = {found.square}",
            conjunction([found.verdict, equal(found.square, wanted)]),
            EXACT,
        )
        values = [largest_product([-c for c in g], gradients) for g in gradients]
        top = parse(claimed["bound"], {"r2": parse(claimed["rho^2"], {}, "rho^2")}, "bound")
        argument.part(
            f"and the {m} derivatives along -g_i are {values}, all positive, the largest the bound "
            f"{top}",
            conjunction(
                [
                    decided(len(gradients) == m and all(inner(g, g) == 1 for g in gradients)),
                    *(ordered(x, ">", 0) for x in values),
                    *(ordered(x, "<=", top) for x in values),
                    decided(any(equal(x, top) is Verdict.PROVED for x in values)),
                ]
            ),
            EXACT,
        )


SHARP = Claim(
    id="price-sharp-for-all-sizes",
    title="For every number of gradients and every dimension the bound is attained",
    source="Ours; quantifies Section 3",
    statement=(
        r"\forall m, n \ge 2,\ \rho \in (0, 1/\sqrt2)\ \exists \text{ unit } g_1, \dots, g_m \in"
        r" \mathbb{R}^n \text{ with min norm } \rho:\ D(0; -g_i) > 0\ \forall i,\ D(0; -g_1)"
        r" = 1 - 2\rho^2"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"formula": simplex_formula},
    claimed={
        "range": "r < s",
        "lowest p": "p >= r",
        "bound": "1 - 2*r2",
        "rho^2": "9/25",
        "vectors": (
            ("3/5", "4/5"),
            ("3/5", "-4/5"),
            ("65/97", "72/97"),
            ("20/29", "21/29"),
            ("119/169", "120/169"),
        ),
        "sizes": ((2, 2), (3, 2), (4, 3), (5, 4), (5, 2)),
    },
    prove=_sharp,
    kind="ours",
    uses=("theorem-1", "theorem-2", "appendix-a-maximizers"),
)


CLAIMS = (ATTAINED, SHARP)
