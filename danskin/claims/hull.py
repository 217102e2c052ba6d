"""Lemmas about the hull of the gradients, in inner products: for every m, in every dimension.

Throughout, ``x = sum alpha_i g_i`` is the min-norm point of the hull, ``r = |x|``, and gamma a
direction. The proofs of Theorem 2, of Appendix C and of what follows from them are put together
from these steps, each proved by SymPy and by z3.
"""

from __future__ import annotations

from danskin.claims.argument import Argument, conjunction
from danskin.claims.implication import Implication, prove_twice
from danskin.verdict import Verdict

__all__ = [
    "above_the_combination",
    "kkt_at_the_min_norm_point",
    "kkt_suffices",
    "min_norm_point_exists",
    "negative_along",
    "only_along",
    "rate_along",
    "rate_below",
]


def above_the_combination(argument: Argument) -> Verdict:
    """Prove that the maximum of the products is at least the product with any combination."""
    return prove_twice(
        argument,
        "A convex combination of numbers is at most their maximum M: if the combination A of the "
        "first ones is at most M and the next number p is, so is (1 - k) A + k p (induction on the "
        "number m of gradients). So max_i <gamma, g_i> >= <gamma, y> for every y in the hull",
        Implication.read(
            {"HA": "A <= M", "HP": "p <= M", "K0": "k >= 0", "K1": "k <= 1"},
            "(1 - k)*A + k*p <= M",
            sample={"A": 0, "p": 1, "M": 2, "k": "1/3"},
            certificate="NOT + K1*HA + K0*HP",
        ),
        lemma=True,
    )


def min_norm_point_exists(argument: Argument) -> None:
    """Say why there is one min-norm point, and only one."""
    argument.written(
        "the hull of the gradients is compact and convex, so a point x of least length exists. "
        "(Also where S*, a compact set, is infinite: the gradients over it are compact, and by "
        "Caratheodory's theorem so is their hull, whose points are finite combinations.)"
    )
    prove_twice(
        argument,
        "It is unique: two points x, y of the hull of the same least length r have a midpoint in "
        "the hull, of length at least r, so |x - y|^2 = 2 |x|^2 + 2 |y|^2 - 4 |(x + y)/2|^2 <= 0",
        Implication.read(
            {"MID": "mid >= r2", "PAR": "gap == 4*r2 - 4*mid"},
            "gap <= 0",
            sample={"mid": 1, "r2": 1, "gap": 0},
            certificate="NOT + 4*MID - PAR",
        ),
        lemma=True,
    )


def kkt_at_the_min_norm_point(argument: Argument) -> Verdict:
    """Prove KKT at the min-norm point: otherwise a short step towards g_i shortens it."""
    given = {"E": "T*(q - b) + b == 0", "B": "b < 0", "Q": "q >= 0"}
    sample = {"T": "1/2", "b": -1, "q": 1}
    return prove_twice(
        argument,
        "KKT holds at x: let b = <x, g_i - x>, q = |g_i - x|^2. If b < 0, the step T = -b/(q - b) "
        "lies in (0, 1] and |x + T (g_i - x)|^2 - |x|^2 = 2 T b + T^2 q < 0, against minimality; "
        "so <x, g_i> >= |x|^2 for all i",
        [
            Implication.read(given, "T > 0", sample=sample, certificate="NOT*(Q + B) + B + E"),
            Implication.read(given, "T <= 1", sample=sample, certificate="NOT*(Q + B) + Q - E"),
            Implication.read(
                {**given, "P": "T > 0"},
                "2*T*b + T**2*q < 0",
                sample=sample,
                certificate="NOT + B*P*(1 + P) - T*E",
            ),
        ],
        lemma=True,
    )


def kkt_suffices(argument: Argument) -> Verdict:
    """Prove that a point of the hull with KKT is the min-norm point."""
    return prove_twice(
        argument,
        "Conversely KKT makes x the min-norm point: for any y of the hull, t = <x, y> >= |x|^2 = s "
        "(a convex combination of the <x, g_i>), and |y - x|^2 = u - 2 t + s >= 0, u = |y|^2, "
        "give u >= s",
        Implication.read(
            {"KKT": "t >= s", "SQUARE": "u - 2*t + s >= 0"},
            "u >= s",
            sample={"t": 1, "s": 1, "u": 2},
            certificate="NOT + SQUARE + 2*KKT",
        ),
        lemma=True,
    )


def rate_along(argument: Argument, rate: str) -> Verdict:
    """Prove that along -x/r every product is at most the rate, and that this is negative."""
    along = prove_twice(
        argument,
        "Along gamma* = -x/r, r > 0, every y = <gamma*, g_i> satisfies r y = -<x, g_i>, so KKT "
        f"gives y <= {rate}",
        Implication.read(
            {"R": "r > 0", "KKT": "b >= r**2", "E": "r*y + b == 0"},
            f"y <= {rate}",
            sample={"r": 2, "b": 6, "y": -3},
            certificate="R*NOT + KKT - E",
        ),
        lemma=True,
    )
    negative = prove_twice(
        argument,
        f"and {rate} < 0",
        Implication.read({"R": "r > 0"}, f"{rate} < 0", sample={"r": 1}, certificate="NOT + R"),
        lemma=True,
    )
    return conjunction([along, negative])


def rate_below(argument: Argument, rate: str) -> Verdict:
    """Prove that no gamma of the unit ball has a product with x below the rate."""
    return prove_twice(
        argument,
        f"For q = |gamma|^2 <= 1 and t = <gamma, x>: |r gamma + x|^2 = r^2 q + 2 r t + r^2 >= 0 "
        f"gives t >= {rate}; so no direction has a smaller maximum",
        Implication.read(
            {"R": "r > 0", "Q": "q <= 1", "SQUARE": "r**2*q + 2*r*t + r**2 >= 0"},
            f"t >= {rate}",
            sample={"r": 1, "q": 1, "t": 0},
            certificate="2*R*NOT + SQUARE + R**2*Q",
        ),
        lemma=True,
    )


def only_along(argument: Argument, positive: str = "r > 0", rate: str = "-r") -> Verdict:
    """Prove that -x/r is the only point of the unit ball whose product with x is the rate."""
    zero = prove_twice(
        argument,
        f"Only there: if {positive}, q = |gamma|^2 <= 1 and t = <gamma, x> <= {rate}, then |r "
        "gamma + x|^2 = r^2 q + 2 r t + r^2 <= 0, so r gamma + x = 0",
        Implication.read(
            {"R": positive, "Q": "q <= 1", "T": f"t <= {rate}"},
            "r**2*q + 2*r*t + r**2 <= 0",
            sample={"r": 1, "q": 1, "t": -2},
            certificate="NOT + R**2*Q + 2*R*T",
        ),
        lemma=True,
    )
    given = {"R": positive, "E1": "r*c + x == 0", "E2": "r*d + x == 0"}
    sample = {"r": 1, "c": -2, "d": -2, "x": 2}
    one = prove_twice(
        argument,
        "and that has one solution gamma = -x/r (entries c, d of two solutions)",
        [
            Implication.read(given, "c >= d", sample=sample, certificate="R*NOT + E1 - E2"),
            Implication.read(given, "c <= d", sample=sample, certificate="R*NOT - E1 + E2"),
        ],
        lemma=True,
    )
    return conjunction([zero, one])


def negative_along(argument: Argument, positive: str = "s > 0") -> Verdict:
    """Prove that minus a min-norm point that is not 0 has a negative product with every g_i."""
    return prove_twice(
        argument,
        f"Let s = |x|^2; 0 is not in the hull means {positive}, and KKT b = <x, g_i> >= s gives "
        "<-x, g_i> = -b < 0 for every i: -x descends",
        Implication.read(
            {"KKT": "b >= s", "POS": positive},
            "-b < 0",
            sample={"b": 2, "s": 1},
            certificate="NOT + KKT + POS",
        ),
        lemma=True,
    )
