"""Ours: bounds on the min norm from both sides, from any weights and any unit direction."""

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
    equal,
    ordered,
)
from danskin.claims.core import Claim
from danskin.claims.gram import number_is
from danskin.claims.hull import above_the_combination
from danskin.claims.implication import Implication, prove_twice
from danskin.claims.vectors import (
    combine,
    in_simplex,
    inner,
    min_norm,
    numbers,
    point_text,
    vectors_are,
)
from danskin.counterexamples import OBTUSE_PAIR, simplex_formula
from danskin.derivative import directional_derivative
from danskin.exact import exact_max, length
from danskin.verdict import Verdict

__all__ = ["CLAIMS"]


def _certificate(argument: Argument, claimed: dict[str, Any], **formulas: Any) -> None:
    argument.written(
        "x* is the min-norm point, rho = |x*|; x = sum alpha_i g_i with any alpha in the simplex "
        "is in the hull, so rho <= |x|, by the definition of rho."
    )
    above_the_combination(argument)
    prove_twice(
        argument,
        "For a unit u let l = min_i <u, g_i>; then t = <u, x*> >= l (a convex combination), and "
        "|rho "
        f"u - x*|^2 = 2 rho^2 - 2 rho t >= 0 gives t <= rho if rho > 0: l {claimed['lower']} rho",
        Implication.read(
            {"R": "r > 0", "T": "t >= l", "SQUARE": "2*r**2 - 2*r*t >= 0"},
            f"l {claimed['lower']} r",
            sample={"r": 2, "t": 1, "l": 0},
            certificate="2*R*NOT + SQUARE + 2*R*T",
        ),
        lemma=True,
    )
    argument.written("If rho = 0, x* = 0 and t = 0, so l <= 0 = rho.")
    prove_twice(
        argument,
        "-u descends iff l > 0: D(theta; -u) = max_i <-u, g_i> = -l",
        [
            Implication.read(
                {"E": "D + l == 0", "L": "l > 0"},
                "D < 0",
                sample={"D": -1, "l": 1},
                certificate="NOT + L - E",
            ),
            Implication.read(
                {"E": "D + l == 0", "D": "D < 0"},
                "l > 0",
                sample={"D": -1, "l": 1},
                certificate="NOT + D + E",
            ),
        ],
        lemma=True,
    )
    for name, case in claimed["instances"].items():
        S = vectors_are(argument, name, formulas[name], case["vectors"])
        gradients = S.exact_gradients or ()
        alpha = numbers(case["alpha"])
        x = combine(alpha, gradients)
        u = [v / length(x) for v in x]
        largest = exact_max([-inner(u, g) for g in gradients])
        low: Any = None if largest is None else -largest[0]
        found = min_norm(gradients)
        argument.part(
            f"{name}: alpha = {point_text(alpha)}, u = x/|x|: {low} <= rho = {found.rho} <= |x| = "
            f"{length(x)}",
            conjunction(
                [
                    in_simplex(alpha),
                    found.verdict,
                    equal(inner(u, u), 1),
                    ordered(low, "<=", found.rho),
                    ordered(found.rho, "<=", length(x)),
                ]
            ),
            EXACT,
        )
        number_is(argument, f"{name}: min_i <u, g_i>", low, "==", case["lower bound"])
        value = directional_derivative(S, [-v for v in u]).value
        number_is(argument, f"{name}: D(theta; -u)", value, "==", sympy.expand(-low))


CERTIFICATE = Claim(
    id="min-norm-certificate",
    title="Any weights and any unit direction enclose the min norm",
    source="Ours; a certificate for Theorem 2",
    statement=(
        r"\alpha \in \Delta_m,\ \|u\| = 1:\quad \min_i \langle u, g_i\rangle \le \rho \le"
        r" \Big\|\sum_i \alpha_i g_i\Big\|,\quad D(\theta; -u) < 0 \iff \min_i \langle u,"
        r" g_i\rangle > 0"
    ),
    expected=Verdict.PROVED,
    methods=(SYMBOLIC, DECISION, EXACT, WRITTEN),
    objects={"obtuse pair": OBTUSE_PAIR.formula, "three vectors": simplex_formula(3)},
    claimed={
        "lower": "<=",
        "instances": {
            "obtuse pair": {
                "vectors": (("1", "0"), ("-3/5", "4/5")),
                "alpha": ("3/5", "2/5"),
                "lower bound": "sqrt(145)/145",
            },
            "three vectors": {
                "vectors": (("1", "0", "1"), ("-1", "1", "1"), ("0", "-1", "2")),
                "alpha": ("1/3", "1/3", "1/3"),
                "lower bound": "1",
            },
        },
    },
    prove=_certificate,
    kind="ours",
    uses=("theorem-1", "theorem-2"),
)

CLAIMS = (CERTIFICATE,)
