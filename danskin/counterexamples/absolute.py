"""Counterexample 1: ``phi = |theta|`` at its minimizer, where no direction descends."""

from __future__ import annotations

import sympy

from danskin.counterexamples.core import ClaimedDerivative, Counterexample, Family
from danskin.objective import MinMaxObjective
from danskin.sets import Interval

__all__ = ["ABSOLUTE_VALUE", "absolute_value"]

LATEX = r"g(\theta, \delta) = \theta \delta, \quad S = [-1, 1]"


def absolute_value() -> Counterexample:
    """Return counterexample 1: ``g = theta delta`` on [-1, 1] at theta = 0.

    phi is ``|theta|``; every point of S is a maximizer, and phi rises at rate 1 both ways.
    """
    one = sympy.Integer(1)
    return Counterexample(
        name="absolute_value",
        title=ABSOLUTE_VALUE.title,
        source=ABSOLUTE_VALUE.source,
        latex=LATEX,
        objective=ABSOLUTE_VALUE.formula,
        theta0=(sympy.Integer(0),),
        maximizers=((-one,), (one,)),
        faces=(Interval(-1, 1),),
        gradients=((-one,), (one,)),
        derivatives=(ClaimedDerivative("+1", (one,), one), ClaimedDerivative("-1", (-one,), one)),
        steepest=None,
    )


ABSOLUTE_VALUE = Family(
    name="absolute_value",
    title="The absolute value",
    source="Counterexample 1",
    latex=LATEX,
    formula=MinMaxObjective.from_expression("t*d", ["t"], ["d"], Interval(-1, 1)),
    build=absolute_value,
)
