"""Minus the gradient at one maximizer, and its true derivative: the false corollary, tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.derivative import (
    DirectionalDerivative,
    GradientRows,
    directional_derivative,
    gradient_rows,
)
from danskin.direction.steepest import normalised
from danskin.errors import InvalidInputError
from danskin.exact import length, sign, tidy, to_float
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.typeset import display, never_raises, vector

__all__ = ["SingleGradient", "single_gradient"]


@dataclass(frozen=True)
class SingleGradient:
    """Minus the gradient at one maximizer: what the false corollary calls a descent direction.

    Attributes
    ----------
    direction : ndarray (n,), unit, or None where the gradient is 0
    derivative : DirectionalDerivative or None
    index : int
        Which maximizer.
    """

    direction: np.ndarray | None
    derivative: DirectionalDerivative | None
    index: int
    exact_direction: tuple[sympy.Expr, ...] | None = None

    def __repr__(self) -> str:
        return f"SingleGradient(index={self.index}, derivative={self.derivative})"

    @never_raises
    def _repr_latex_(self) -> str:
        gradient = rf"\nabla_\theta g(\theta, \delta^\star_{{{self.index}}})"
        if self.direction is None or self.derivative is None:
            return display(rf"{gradient} = 0:\ \ \text{{no direction}}")
        told = {1: "uphill", 0: "no descent to first order", -1: "descends", None: ""}
        sign = self.derivative.sign
        if self.derivative.bound == "lower" and sign != 1:
            sign = None  # over more maximizers D may be larger
        return display(
            rf"\gamma = -\frac{{{gradient}}}{{\lVert {gradient} \rVert}} = "
            + vector(self.direction, self.exact_direction),
            self.derivative.latex() + (rf":\ \ \text{{{told[sign]}}}" if told[sign] else ""),
        )


def single_gradient(S_or_gradients: Any, index: int = 0) -> SingleGradient:
    """Return minus the normalised gradient of one maximizer, and its true derivative.

    Parameters
    ----------
    S_or_gradients : as in `steepest_descent`
    index : int
        Row of the gradients, ``0 <= index < m``.

    Raises
    ------
    InvalidInputError
        `index` out of range.
    """
    S = S_or_gradients
    if isinstance(S, (MaximizerSet, BatchMaximizerSet)):
        rows = GradientRows(S.gradients, S.exact_gradients)
    else:
        rows = gradient_rows(S)
    m = len(rows.floats)
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)) or not 0 <= index < m:
        raise InvalidInputError(
            "index", f"{index!r} does not name one of {m} gradients", f"Pass 0 to {m - 1}."
        )
    gradient = rows.floats[index]
    if rows.exact is None:
        if not gradient.any():
            return SingleGradient(None, None, int(index))
        derivative = directional_derivative(S, -gradient)
        return SingleGradient(-normalised(gradient), derivative, int(index))
    opposite = [-x for x in rows.exact[index]]
    if all(sign(x) == 0 for x in opposite):
        return SingleGradient(None, None, int(index))
    size = length(opposite)
    unit = tuple(tidy(x / size) for x in opposite)
    floats = np.array([to_float(x) for x in unit])
    return SingleGradient(floats, directional_derivative(S, opposite), int(index), unit)
