"""Counterexamples to order: the gradients are prescribed, the objective is built around them.

Admissible are gradients (or their Gram matrix) for which the corollary fails while a descent
direction exists: 0 is not in their hull, and every one has a partner at an obtuse angle, so that
``D(theta0; -v_i) >= -<v_i, v_j> / |v_i| > 0`` for every i. Everything else is refused with the
exact reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sympy

from danskin.counterexamples.core import (
    ClaimedDerivative,
    Comparison,
    Counterexample,
    Row,
    dot,
    pull_back,
)
from danskin.counterexamples.generate.admissible import (
    Requirement,
    check_admissible,
    check_count,
    factored,
    read_gradients,
)
from danskin.counterexamples.generate.field import sign_in_field
from danskin.counterexamples.generate.formula import interval_formula, interval_nodes
from danskin.counterexamples.generate.gram import (
    Gram,
    Hull,
    gram_of,
    hull_of,
    read_gram,
)
from danskin.counterexamples.simplex import simplex_formula
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, exact_vector, sign, tidy
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.sets import unit_vector
from danskin.verdict import Verdict

__all__ = ["GeneratedCounterexample", "Requirement", "check_gram", "make_counterexample"]

_SECONDS = 60.0
_LATEX = {
    "interval": (
        r"g(\theta, \delta) = \sum_i l_i(\delta) \langle v_i, \theta - \theta_0\rangle"
        r" - K \delta (1 - \delta) \prod_{1<i<m} (\delta - \delta_i)^2, \quad S = [0, 1]"
    ),
    "simplex": (
        r"g(\theta, \delta) = \sum_i \delta_i \langle v_i, \theta - \theta_0\rangle - H(\delta),"
        r" \quad S = \Delta_m"
    ),
}


@dataclass(frozen=True, repr=False)
class GeneratedCounterexample(Counterexample):
    """A counterexample made to order, with the Gram matrix it was made for.

    Attributes
    ----------
    gram : exact rows (m, m)
        ``<v_i, v_j>``.
    weights : exact numbers (m,)
        Of the min-norm point ``x* = sum w_i v_i`` of the hull.
    squared_norm : sympy.Expr
        ``rho**2 = |x*|**2``.
    """

    gram: Gram = ()
    weights: Row = ()
    squared_norm: sympy.Expr = sympy.S.Zero

    @property
    def verdict(self) -> Verdict:
        """PROVED where everything claimed is recomputed from the objective and agrees exactly."""
        return _weakest([c.verdict for c in self.compare()])

    def compare(self) -> tuple[Comparison, ...]:
        """See `Counterexample.compare`; the Gram matrix of the gradients comes last."""
        found = gram_of(self.gradients)
        signs = [
            sign_in_field(a - b)
            for row, other in zip(found, self.gram, strict=True)
            for a, b in zip(row, other, strict=True)
        ]
        gram = Comparison("Gram matrix", _matrix(found), _matrix(self.gram), _all_zero(signs))
        return (*super().compare(), gram)

    def _compare_steepest(self, S: MaximizerSet | BatchMaximizerSet) -> Comparison:
        """Check the optimality conditions of the claimed weights on the gradients that were found.

        ``w >= 0``, ``sum w = 1``, ``|x|^2 = rho^2`` and ``<x, g> >= rho^2`` for every gradient g
        at a maximizer: then x is the min-norm point of the hull (Theorem 2), with no solver in
        between.
        """
        claimed = "stationary" if self.steepest is None else f"rate {self.steepest.value}"
        rows = S.exact_gradients
        if rows is None or not S.complete:
            return Comparison("steepest", "not all are known", claimed, Verdict.UNDECIDED)
        x = _combination(self.weights, self.gradients)
        square = tidy(dot(x, x))
        zero = [sympy.Add(*self.weights, -1), square - self.squared_norm]
        if self.steepest is None:
            zero.append(square)
        else:
            zero += [a + b for a, b in zip(self.steepest.direction, x, strict=True)]
        nonnegative = [*self.weights, *(dot(x, g) - square for g in rows)]
        signs = [sign_in_field(v) for v in nonnegative]
        verdicts = [
            _all_zero([sign_in_field(v) for v in zero]),
            _all_zero([None if s is None else min(s, 0) for s in signs]),
        ]
        return Comparison(
            "steepest", f"the min-norm point has rho^2 = {square}", claimed, _weakest(verdicts)
        )

    def explain(self) -> str:
        """Say in a sentence what was made."""
        m, n = len(self.gradients), len(self.theta0)
        if self.steepest is None:
            return f"{m} maximizers in R^{n} whose gradients have 0 in their hull: stationary."
        uphill = sum(1 for d in self.derivatives if sign(d.value) == 1)
        return (
            f"{m} maximizers in R^{n}; {uphill} of {m} single gradients point uphill, and the "
            f"steepest direction descends at the rate {self.steepest.value}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, exact numbers as text."""
        return {
            **super().to_dict(),
            "gram": [[str(x) for x in row] for row in self.gram],
            "weights": [str(w) for w in self.weights],
            "squared_norm": str(self.squared_norm),
        }

    def __repr__(self) -> str:
        m, n = len(self.gradients), len(self.theta0)
        return f"GeneratedCounterexample({self.name}: m={m}, n={n}, rho^2={self.squared_norm})"


def make_counterexample(
    vectors: Any = None,
    *,
    gram: Any = None,
    angles: Any = None,
    lengths: Any = None,
    on: Literal["interval", "simplex"] = "interval",
    dim: int | None = None,
    theta0: Any = None,
    require: Requirement = "uphill",
) -> GeneratedCounterexample:
    """Make an objective whose maximizers at theta0 have exactly the gradients asked for.

    Give one of `vectors`, `gram`, `angles`. Numbers are ints, Fractions, SymPy numbers or text such
    as ``"sqrt(2)/2"``; a float means that very binary number.

    Parameters
    ----------
    vectors : (m, n), optional
        The gradients themselves.
    gram : (m, m), optional
        Their inner products. Vectors are found by an exact factorisation.
    angles : (m,) or (m, m), optional
        Directions in the plane, or the angles between each two gradients; in radians.
    lengths : (m,), optional
        With `angles`; 1 by default.
    on : "interval" or "simplex"
        S = [0, 1] with Lagrange polynomials, or the simplex with Shannon's entropy (Appendix A).
    dim : int, optional
        n; by default the rank, but at least 2. Vectors are padded with zeros.
    theta0 : (n,), optional
        0 by default.
    require : "uphill", "no descent" or "nothing"
        "uphill": every -v_i ascends, ``D > 0``. "no descent": right angles are enough, ``D >= 0``.
        "nothing": any gradients, such as those of a stationary kink.

    Returns
    -------
    GeneratedCounterexample
        `compare` proves everything claimed from the objective.

    Raises
    ------
    InvalidInputError
        Inadmissible: the matrix is not symmetric, not positive semidefinite (with a witness), has
        0 in the hull (with the weights that show it), or some gradient has no obtuse partner.

    Examples
    --------
    >>> make_counterexample(gram=[[1, "-1/2"], ["-1/2", 1]])
    GeneratedCounterexample(generated on interval: m=2, n=2, rho^2=1/4)
    """
    given = [name for name, x in (("vectors", vectors), ("gram", gram), ("angles", angles))
             if x is not None]  # fmt: skip
    if len(given) != 1:
        raise InvalidInputError(
            "vectors",
            f"{' and '.join(given) if given else 'nothing'} was given",
            "Pass exactly one of vectors, gram, angles.",
        )
    if on not in _LATEX:
        raise InvalidInputError("on", f"{on!r} is not a set", 'Write "interval" or "simplex".')
    if require not in ("uphill", "no descent", "nothing"):
        raise InvalidInputError(
            "require", f"{require!r} is not known", 'Write "uphill", "no descent" or "nothing".'
        )
    if lengths is not None and angles is None:
        raise InvalidInputError("lengths", "they go with angles only", "Put them into the vectors.")
    with time_limit(_SECONDS, "making the counterexample"):
        rows, products = read_gradients(vectors, gram, angles, lengths, dim)
        check_count(len(rows), on, given[0])
        hull = hull_of(products)
        check_admissible(products, hull, require, given[0])
        return _member(rows, products, hull, on, theta0)


def check_gram(gram: Any, *, require: Requirement = "uphill") -> None:
    """Refuse a Gram matrix that is not admissible; see `make_counterexample`.

    Raises
    ------
    InvalidInputError
    """
    products = read_gram(gram)
    factored(products)
    check_admissible(products, hull_of(products), require, "gram")


def _weakest(verdicts: Sequence[Verdict]) -> Verdict:
    if Verdict.REFUTED in verdicts:
        return Verdict.REFUTED
    return Verdict.UNDECIDED if Verdict.UNDECIDED in verdicts else Verdict.PROVED


def _all_zero(signs: Sequence[int | None]) -> Verdict:
    if any(signs):
        return Verdict.REFUTED
    return Verdict.UNDECIDED if None in signs else Verdict.PROVED


def _combination(weights: Row, rows: Sequence[Row]) -> Row:
    pairs = list(zip(weights, rows, strict=True))
    return tuple(
        tidy(sympy.expand(sympy.Add(*(w * v[k] for w, v in pairs)))) for k in range(len(rows[0]))
    )


def _matrix(rows: Gram) -> str:
    return "[" + "; ".join(", ".join(map(str, row)) for row in rows) + "]"


# --- the member ----------------------------------------------------------------------------------


def _member(
    rows: tuple[Row, ...], products: Gram, hull: Hull, on: str, theta0: Any
) -> GeneratedCounterexample:
    m, n = len(rows), len(rows[0])
    start = exact_vector([0] * n if theta0 is None else theta0, "theta0", n)
    if on == "interval":
        formula = interval_formula(m)
        maximizers: tuple[Row, ...] = tuple((x,) for x in interval_nodes(m))
    else:
        formula = simplex_formula(m)
        maximizers = tuple(unit_vector(m, i) for i in range(m))
    x = _combination(hull.weights, rows)
    steepest = None
    if not hull.stationary:
        steepest = ClaimedDerivative(
            "-x*", tuple(-c for c in x), -sympy.sqrt(tidy(hull.squared_norm))
        )
    return GeneratedCounterexample(
        name=f"generated on {on}",
        title=f"{m} maximizers with prescribed gradients",
        source="Made to order",
        latex=_LATEX[on],
        objective=pull_back(formula, rows, start),
        theta0=start,
        maximizers=maximizers,
        faces=(),
        gradients=rows,
        derivatives=tuple(d for i in range(m) if (d := _along(rows, products, i)) is not None),
        steepest=steepest,
        parameters={"m": m, "n": n, "on": on},
        gram=products,
        weights=hull.weights,
        squared_norm=tidy(hull.squared_norm),
    )


def _along(rows: Sequence[Row], products: Gram, index: int) -> ClaimedDerivative | None:
    """Return ``D(-v_i) = max_j -<v_i, v_j> / |v_i|``; None for the zero vector."""
    square = products[index][index]
    if sign(square) == 0:
        return None
    largest = exact_max([-p for p in products[index]])
    if largest is None:
        raise InvalidInputError(
            "vectors", "their inner products cannot be compared exactly", "Use simpler numbers."
        )
    opposite = tuple(-c for c in rows[index])
    return ClaimedDerivative(f"-v{index + 1}", opposite, tidy(largest[0] / sympy.sqrt(square)))
