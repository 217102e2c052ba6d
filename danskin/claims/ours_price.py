"""Ours: the price of one adversary, how far uphill a single gradient can point."""

from __future__ import annotations

from typing import Any

import sympy

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
from danskin.claims.gram import (
    Domain,
    known_maximizers,
    maximum_is,
)
from danskin.claims.implication import Fact, Implication, prove_twice
from danskin.claims.section3 import PAIR, introduce, pair_gram
from danskin.counterexamples import (
    OBTUSE_PAIR,
    pull_back,
    simplex_formula,
    symmetric_triple,
)
from danskin.direction import steepest_descent
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, tidy
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _price(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    a, b, z = (sympy.Symbol(s) for s in "abz")
    n2, m2 = sympy.Symbol("n2"), sympy.Symbol("m2")
    gram = sympy.Matrix([[1, a, b], [a, n2, z], [b, z, m2]])  # of x*/rho, g_i, g_j
    first, second = sympy.Matrix([[-a, 1, 0]]), sympy.Matrix([[-b, 0, 1]])
    inner = sympy.expand((first * gram * second.T)[0])
    length = sympy.expand((first * gram * first.T)[0])
    argument.lemma(
        "Let xi = x*/rho, a = <xi, g_i>, b = <xi, g_j>, w_i = g_i - a xi, w_j = g_j - b xi, "
        f"z = <g_i, g_j>. From the Gram matrix of (xi, g_i, g_j): <w_i, w_j> = {inner}, "
        f"|w_i|^2 = {length}; by KKT (theorem-2) a, b >= rho",
        decided(inner == z - a * b and length == n2 - a**2),
        SYMBOLIC,
    )
    prove_twice(
        argument,
        "Cauchy-Schwarz: with p = |w_i|, q = |w_j|, W = <w_i, w_j>, |q w_i + p w_j|^2 = 2 p^2 q^2 "
        "+ 2 p q W >= 0 gives W >= -p q (if p q = 0, then W = 0)",
        Implication.read(
            {"P": "p > 0", "Q": "q > 0", "SQUARE": "2*p**2*q**2 + 2*p*q*W >= 0"},
            "W >= -p*q",
            sample={"p": 1, "q": 1, "W": 0},
            certificate="2*P*Q*NOT + SQUARE",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "p = sqrt(n^2 - a^2) is at most P = sqrt(N^2 - rho^2) where n <= N and a >= rho",
        Implication.read(
            {
                "A": "a >= r",
                "R": "r >= 0",
                "P0": "P >= 0",
                "p0": "p >= 0",
                "EP": "p**2 == n2 - a**2",
                "EQ": "P**2 == N2 - r**2",
                "NM": "n2 <= N2",
            },
            "p <= P",
            sample={"a": 1, "r": 1, "p": 1, "P": 1, "n2": 2, "N2": 2},
            certificate="NOT**2 + 2*P0*NOT + A**2 + 2*R*A + NM - EP + EQ",
        ),
        lemma=True,
    )
    prove_twice(
        argument,
        "Together, with P = sqrt(n_i^2 - rho^2), Q = sqrt(nmax^2 - rho^2): <-g_i, g_j> = -(a b + "
        "W) <= P Q - rho^2",
        Implication.read(
            {
                "A": "a >= r",
                "B": "b >= r",
                "R": "r >= 0",
                "PI": "p >= 0",
                "QJ": "q >= 0",
                "PP": "P >= p",
                "QQ": "Q >= q",
                "CS": "W >= -p*q",
            },
            "-(a*b + W) <= P*Q - r**2",
            sample={"a": 1, "b": 1, "r": 1, "p": 1, "q": 1, "P": 1, "Q": 1, "W": 0},
            # P Q - p q = (P-p)(Q-q) + p (Q-q) + q (P-p); a b - r^2 likewise.
            certificate="NOT + CS + A*B + R*A + R*B + PP*QQ + PI*QQ + QJ*PP",
        ),
        lemma=True,
    )
    _unit_bound(argument, claimed["unit"])
    for name, case in claimed["instances"].items():
        _price_instance(argument, name, case, claimed["bound"], formulas[name])


def _unit_bound(argument: Argument, unit: str) -> None:
    """For unit gradients P = Q = sqrt(1 - rho^2)."""
    given = {"E": "P**2 + r**2 == 1"}
    sample = {"P": "3/5", "r": "4/5"}
    prove_twice(
        argument,
        f"Unit gradients: P = Q with P^2 = 1 - rho^2, and the bound is {unit}",
        [
            Implication.read(given, f"P*P - r**2 <= {unit}", sample=sample, certificate="NOT - E"),
            Implication.read(given, f"P*P - r**2 >= {unit}", sample=sample, certificate="NOT + E"),
        ],
    )


def _price_instance(
    argument: Argument, name: str, case: dict[str, Any], bound: str, formula: Any
) -> None:
    rows = [[parse(x, {}, "vectors") for x in v] for v in case["vectors"]]
    S = known_maximizers(pull_back(formula, rows), [0] * len(rows[0]))
    gradients = S.exact_gradients or ()
    argument.part(
        f"{name}: the gradients at the maximizers are the {len(rows)} vectors",
        decided(set(gradients) == {tuple(r) for r in rows}),
        EXACT,
    )
    best = steepest_descent(S)
    if best.exact_derivative is None:
        raise InvalidInputError("objective", f"{name}: rho is not known exactly", "")
    rho2 = tidy(best.exact_derivative**2)
    squares = [_inner(g, g) for g in gradients]
    largest = exact_max(squares)
    if largest is None:
        raise InvalidInputError("objective", f"{name}: the lengths cannot be compared", "")
    for i, g in enumerate(gradients):
        worst = exact_max([_inner([-x for x in g], h) for h in gradients])
        limit = parse(bound, {"n2": squares[i], "N2": largest[0], "r2": rho2}, "bound")
        value = None if worst is None else worst[0]
        relation = "==" if case["attained"] else "<="
        argument.part(
            f"{name}, gradient {i + 1}: max_j <-g_i, g_j> = {value} {relation} {limit}, "
            f"rho^2 = {rho2}",
            ordered(value, relation, limit),
            EXACT,
        )


def _inner(a: Any, b: Any) -> sympy.Expr:
    return sympy.expand(sympy.Add(*(x * y for x, y in zip(a, b, strict=True))))


PRICE = Claim(
    id="price-of-one-adversary",
    title="How far uphill a single gradient can point, by the min norm of the hull",
    source="Ours; quantifies Section 3",
    statement=(
        r"\max_j \langle -g_i, g_j\rangle \le \sqrt{(n_i^2 - \rho^2)(n_{\max}^2 - \rho^2)} - \rho^2"
        r",\quad \|g_i\| = 1 \ \forall i \implies \max_j \langle -g_i, g_j\rangle \le 1 - 2\rho^2"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT),
    objects={
        "obtuse pair": OBTUSE_PAIR.formula,
        "lifted triple": simplex_formula(3),
        "lengths 1, 2, 3": simplex_formula(3),
    },
    claimed={
        "bound": "sqrt((n2 - r2)*(N2 - r2)) - r2",
        "unit": "1 - 2*r**2",
        "instances": {
            "obtuse pair": {"vectors": (("1", "0"), ("-3/5", "4/5")), "attained": True},
            "lifted triple": {
                "vectors": tuple(tuple(map(str, v)) for v in symmetric_triple("1/2")),
                "attained": False,
            },
            "lengths 1, 2, 3": {
                "vectors": (("1", "0", "0"), ("-6/5", "8/5", "0"), ("1", "2", "-2")),
                "attained": False,
            },
        },
    },
    prove=_price,
    kind="ours",
)


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
    beyond = Domain({"LO": claimed["safe"]}, {"r2": "3/4"})
    safe = beyond.always(-parse(claimed["bound"], {"r2": r2}, "bound"), ">", "the bound is < 0")
    prove_twice(
        argument, f"Conversely, for {beyond} the bound makes every single gradient descend", safe
    )


def _facts(domain: Domain) -> list[Fact]:
    return list(domain.implies("0 >= 0").hypotheses.values())


ATTAINED = Claim(
    id="price-attained",
    title="The bound is attained for every rho below 1/sqrt(2), and no corollary holds there",
    source="Ours; quantifies Section 3",
    statement=(
        r"\forall \rho \in (0, 1/\sqrt2)\ \exists \text{ unit } g_1, g_2 \text{ with min norm }"
        r" \rho:\ D(\theta; -g_i) = 1 - 2\rho^2 > 0;\quad \rho > 1/\sqrt2 \implies"
        r" D(\theta; -g_i) < 0 \ \forall i"
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
    },
    prove=_attained,
    kind="ours",
)


# --- for every number of gradients ---------------------------------------------------------------


def _sharp(argument: Argument, claimed: dict[str, Any], formula: Any) -> None:
    argument.say(
        "u = (rho, s), v = (rho, -s) with s^2 = 1 - rho^2, and any number of further unit vectors "
        "g = (p, q) with rho <= p < s, q > 0 (there are infinitely many, since rho < s). Appendix "
        "A's objective has them all as gradients; further coordinates 0 give any n >= 2."
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
        rows = [[parse(c, {}, "vectors") for c in w] for w in claimed["vectors"][:m]]
        rows = [[*w, *[sympy.Integer(0)] * (n - 2)] for w in rows]
        S = known_maximizers(pull_back(formula(m), rows), [0] * n)
        best = steepest_descent(S)
        rho2 = None if best.exact_derivative is None else tidy(best.exact_derivative**2)
        argument.part(
            f"m = {m}, n = {n}, from the objective: rho^2 = {rho2}",
            equal(rho2, parse(claimed["rho^2"], {}, "rho^2")),
            EXACT,
        )
        gradients = S.exact_gradients or ()
        rates = [exact_max([_inner([-c for c in g], h) for h in gradients]) for g in gradients]
        values = [None if x is None else x[0] for x in rates]
        top = parse(claimed["bound"], {"r2": parse(claimed["rho^2"], {}, "rho^2")}, "bound")
        argument.part(
            f"and the {m} derivatives along -g_i are {values}, all positive, the largest the bound "
            f"{top}",
            conjunction(
                [
                    decided(len(gradients) == m and all(_inner(g, g) == 1 for g in gradients)),
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
    methods=(SYMBOLIC, DECISION, EXACT),
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
)


CLAIMS = (PRICE, ATTAINED, SHARP)
