"""Appendix A's family: any vectors as the gradients of the maximizers at theta0.

``g = sum_i delta_i <v_i, theta - theta0> - H(delta)`` on the simplex, H Shannon's entropy. At
theta0 the maximizers are exactly the vertices. If every v_i has a partner at an obtuse angle, no
single -v_i descends; a descent direction exists iff 0 is not in the hull of the v_i.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from danskin.counterexamples.core import (
    ClaimedDerivative,
    Counterexample,
    Family,
    Row,
    dot,
    exact_rows,
    pull_back,
)
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, exact_vector, sign, tidy
from danskin.minnorm import ExactMinNorm, exact_min_norm
from danskin.objective import MinMaxObjective
from danskin.sets import Simplex, unit_vector

__all__ = ["SIMPLEX_FAMILY", "simplex_family", "simplex_formula", "symmetric_triple"]

LATEX = (
    r"g(\theta, \delta) = \sum_i \delta_i \langle v_i, \theta - \theta_0\rangle - H(\delta),"
    r" \quad S = \Delta_N, \quad H(\delta) = -\sum_i \delta_i \log \delta_i"
)
_MOST_VECTORS = 64


def simplex_formula(count: int) -> MinMaxObjective:
    """Return Appendix A's g for `count` vectors, in features ``a_i = <theta - theta0, v_i>``."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_VECTORS:
        raise InvalidInputError(
            "count", f"{count!r} is not an integer from 1 to {_MOST_VECTORS}", "Pass fewer vectors."
        )
    names = range(1, count + 1)
    terms = [f"d{i}*a{i} + xlogx(d{i})" for i in names]
    return MinMaxObjective.from_expression(
        " + ".join(terms), [f"a{i}" for i in names], [f"d{i}" for i in names], Simplex(count)
    )


def symmetric_triple(height: Any = 0) -> tuple[Row, ...]:
    """Return three unit vectors at 120 degrees; with a height, each lifted to (height, v_i).

    At height 0 they add up to 0, so that 0 is in their hull. Lifted by h with ``h^2 < 1/2`` every
    pair is still obtuse, and the min-norm point is (h, 0, 0).
    """
    (h,) = exact_vector(height, "height")
    half, root = sympy.Rational(1, 2), sympy.sqrt(3) / 2
    flat: tuple[Row, ...] = (
        (sympy.Integer(1), sympy.Integer(0)),
        (-half, root),
        (-half, -root),
    )
    return flat if sign(h) == 0 else tuple((h, *v) for v in flat)


def simplex_family(
    vectors: Any = None, theta0: Any = None, *, require_descent: bool = False
) -> Counterexample:
    """Return a member of Appendix A's family, at theta0.

    Parameters
    ----------
    vectors : (N, n) exact numbers, optional
        Each with a partner at an obtuse angle. By default three unit vectors at 120 degrees lifted
        by 1/2, which leave a descent direction.
    theta0 : (n,), optional
        0 by default.
    require_descent : bool
        Refuse vectors whose hull contains 0, where no direction descends.

    Raises
    ------
    InvalidInputError
        Some v_i has no partner with ``<v_i, v_j> < 0``, or the hull contains 0 though a descent
        direction is required (the message holds the weights that show it).
    """
    rows = exact_rows(symmetric_triple("1/2") if vectors is None else vectors, "vectors")
    formula = simplex_formula(len(rows))
    start = exact_vector([0] * len(rows[0]) if theta0 is None else theta0, "theta0", len(rows[0]))
    _check_partners(rows)
    rational = all(x.is_Rational for row in rows for x in row)
    point = exact_min_norm(rows, sign=None if rational else sign)
    if point.stationary and require_descent:
        weights = ", ".join(str(w) for w in point.weights)
        raise InvalidInputError(
            "vectors",
            f"0 is in their hull: the weights ({weights}) give sum w_i v_i = 0, so no direction "
            "descends",
            "Move the vectors to one side of a hyperplane through 0.",
        )
    count = len(rows)
    return Counterexample(
        name="simplex_family",
        title=SIMPLEX_FAMILY.title,
        source=SIMPLEX_FAMILY.source,
        latex=LATEX,
        objective=pull_back(formula, rows, start),
        theta0=start,
        maximizers=tuple(unit_vector(count, i) for i in range(count)),
        faces=(),
        gradients=rows,
        derivatives=tuple(_along(rows, i) for i in range(count)),
        steepest=_steepest(point),
        parameters={"vectors": rows, "theta0": start},
    )


def _check_partners(rows: Sequence[Row]) -> None:
    for i, v in enumerate(rows):
        signs = [sign(dot(v, w)) for w in rows]
        if -1 not in signs:
            raise InvalidInputError(
                f"vectors[{i}]",
                "it has no partner at an obtuse angle: no <v_i, v_j> is negative, so that "
                f"-v_{i} is not shown to be uphill",
                "Give every vector a partner with a negative inner product.",
            )


def _along(rows: Sequence[Row], index: int) -> ClaimedDerivative:
    opposite = tuple(-x for x in rows[index])
    largest = exact_max([dot(opposite, w) for w in rows])
    if largest is None:
        raise InvalidInputError(
            "vectors", "their inner products cannot be compared exactly", "Use simpler numbers."
        )
    length = sympy.sqrt(dot(opposite, opposite))
    return ClaimedDerivative(f"-v{index + 1}", opposite, tidy(largest[0] / length))


def _steepest(point: ExactMinNorm) -> ClaimedDerivative | None:
    if point.stationary:
        return None
    x = [_sympy(v) for v in point.point]
    rate = -sympy.sqrt(_sympy(point.squared_norm))
    return ClaimedDerivative("-x*", tuple(-v for v in x), rate)


def _sympy(number: Any) -> sympy.Expr:
    if isinstance(number, sympy.Expr):
        return number
    return sympy.Rational(number.numerator, number.denominator)


SIMPLEX_FAMILY = Family(
    name="simplex_family",
    title="The simplex family",
    source="Appendix A",
    latex=LATEX,
    formula=simplex_formula(3),
    build=simplex_family,
)
