"""The synthetic example of section 5.2, after Orabona (2019), chapter 6.

``phi = theta1^2 + (|theta2| + 1)^2``. On the kink ``theta2 = 0`` every delta maximises; the
gradient is affine in delta, so the two endpoints carry the hull of all gradients.
"""

from __future__ import annotations

from typing import Any

import sympy

from danskin.counterexamples.core import ClaimedDerivative, Counterexample, Family
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, sign, tidy
from danskin.objective import MinMaxObjective
from danskin.sets import Interval

__all__ = ["ORABONA", "orabona"]

LATEX = (
    r"g(\theta, \delta) = \delta \left(\theta_1^2 + (\theta_2 + 1)^2\right)"
    r" + (1 - \delta) \left(\theta_1^2 + (\theta_2 - 1)^2\right), \quad S = [0, 1]"
)


def orabona(theta1: Any = "1/2") -> Counterexample:
    """Return the example at ``(theta1, 0)``, a point of the kink.

    Parameters
    ----------
    theta1 : exact number
        Minus the gradient at an endpoint of S ascends to first order iff ``|theta1| < 1``.

    Raises
    ------
    InvalidInputError
        Not a finite real number.
    """
    t = exact_number(theta1, "theta1")
    side = sign(t)
    if side is None:
        raise InvalidInputError("theta1", f"the sign of {t} is not decided", "Simplify it.")
    zero, one, two = (sympy.Integer(i) for i in (0, 1, 2))
    length = sympy.sqrt(sympy.expand(4 * t**2 + 4))
    rate = tidy((4 - 4 * t**2) / length)
    steepest = None
    if side != 0:
        size = t * side
        steepest = ClaimedDerivative("-e1 sign(theta1)", (-t / size, zero), -2 * size)
    return Counterexample(
        name="orabona",
        title=ORABONA.title,
        source=ORABONA.source,
        latex=LATEX,
        objective=ORABONA.formula,
        theta0=(t, zero),
        maximizers=((zero,), (one,)),
        faces=(Interval(0, 1),),
        gradients=((2 * t, -two), (2 * t, two)),
        derivatives=(
            ClaimedDerivative("-grad at delta=0", (-2 * t, two), rate),
            ClaimedDerivative("-grad at delta=1", (-2 * t, -two), rate),
        ),
        steepest=steepest,
        parameters={"theta1": t},
    )


ORABONA = Family(
    name="orabona",
    title="Orabona's synthetic example",
    source="Section 5.2",
    latex=LATEX,
    formula=MinMaxObjective.from_expression(
        "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)", ["t1", "t2"], ["d"], Interval(0, 1)
    ),
    build=orabona,
)
