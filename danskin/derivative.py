"""Danskin's formula: ``D(theta; gamma) = max over S*(theta) of <gamma/|gamma|, grad_theta g>``.

Theorem 1 (Danskin 1966), with the one-sided derivative of Definition 1, eq. (6); eq. (7)'s
two-sided derivative exists only if the one-sided ones along gamma and -gamma are opposite
(Lemma 1). `taylor_check` compares a user's gradient with his values, one-sidedly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from danskin.errors import InvalidInputError, LimitError
from danskin.exact import (
    dot,
    exact_max,
    exact_vector,
    is_exact_input,
    length,
    sign,
    tidy,
    to_float,
)
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.objective import BatchObjective, MinMaxObjective, as_floats
from danskin.typeset import at_least, display, never_raises, number
from danskin.verdict import Verdict

__all__ = [
    "Bound",
    "DirectionalDerivative",
    "GradientRows",
    "TaylorCheck",
    "TwoSidedDerivative",
    "directional_derivative",
    "gradient_rows",
    "taylor_check",
    "two_sided_derivative",
]

Bound = Literal["exact", "lower"]
MaximizerSets = MaximizerSet | BatchMaximizerSet

_EPS = float(np.finfo(float).eps)
_TINY = 5e-324
_EXACT_SECONDS = 10.0


@dataclass(frozen=True)
class GradientRows:
    """Gradients as rows, in float64 (m, n) and, where known, exactly."""

    floats: np.ndarray
    exact: tuple[tuple[Any, ...], ...] | None


def gradient_rows(gradients: Any) -> GradientRows:
    """Read gradients given by a caller: (m, n), one gradient a row.

    Raises
    ------
    InvalidInputError
        Not two-dimensional, ragged, empty, or with entries that are not finite real numbers.
    """
    listable = hasattr(gradients, "__iter__") or hasattr(gradients, "tolist")
    if isinstance(gradients, (str, bytes, dict)) or not listable:
        raise InvalidInputError("gradients", f"{gradients!r} is not a matrix", "Pass (m, n) rows.")
    kind: str = getattr(getattr(gradients, "dtype", None), "kind", "")
    if kind and kind in "fiu":
        floats = np.asarray(gradients, dtype=float)
        if floats.ndim != 2 or 0 in floats.shape:
            raise InvalidInputError(
                "gradients", f"it has shape {floats.shape}", "Pass (m, n): one gradient a row."
            )
        if not np.isfinite(floats).all():
            raise InvalidInputError("gradients", "it holds NaN or infinity", "Pass finite numbers.")
        return GradientRows(floats, None)
    # A SymPy matrix is a flat sequence unless it is asked for its rows.
    nested: Any = gradients.tolist() if hasattr(gradients, "tolist") else gradients
    listed: list[Any] = list(nested)
    for i, row in enumerate(listed):
        if isinstance(row, (str, bytes, dict)) or not hasattr(row, "__iter__"):
            raise InvalidInputError(
                "gradients",
                f"row {i} is {row!r}, not a list of numbers",
                "Pass (m, n): one gradient a row, as in [[1, 0], [0, 1]].",
            )
    rows = tuple(exact_vector(row, f"gradients[{i}]") for i, row in enumerate(listed))
    if not rows or not rows[0]:
        raise InvalidInputError("gradients", "it is empty", "Pass at least one gradient.")
    if len({len(r) for r in rows}) > 1:
        raise InvalidInputError("gradients", "its rows differ in length", "Pass (m, n) rows.")
    floats = np.array([[to_float(x) for x in r] for r in rows])
    return GradientRows(floats, rows if is_exact_input([list(row) for row in listed]) else None)


@dataclass(frozen=True)
class DirectionalDerivative:
    """The value of Danskin's formula.

    Attributes
    ----------
    value : float or SymPy number
        Exact (SymPy) where gradients and direction are exact, else float64.
    bound : "exact" or "lower"
        "exact": the maximum is over all of ``S*``. "lower": over maximizers that were found by a
        search, so that the true derivative is at least this, if they are maximizers.
    error : float
        Bound on the rounding error of a float `value`; 0 for an exact one.
    maximizer : int or None
        The row of the gradients that attains the maximum.
    """

    value: Any
    bound: Bound
    error: float = 0.0
    maximizer: int | None = None

    def __float__(self) -> float:
        return self.value if isinstance(self.value, float) else to_float(self.value)

    @property
    def sign(self) -> int | None:
        """-1, 0 or 1 where rounding leaves no doubt, else None."""
        if isinstance(self.value, float):
            if abs(self.value) <= self.error:
                return 0 if self.error == 0 else None
            return 1 if self.value > 0 else -1
        return sign(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        exact = None if isinstance(self.value, float) else str(self.value)
        return {"value": float(self), "exact": exact, "bound": self.bound, "error": self.error}

    def explain(self) -> str:
        """Say in a sentence what the number means."""
        relation = "=" if self.bound == "exact" else ">="
        shown = f"{self.value:.10g}" if isinstance(self.value, float) else str(self.value)
        tail = (
            "over all maximizers"
            if self.bound == "exact"
            else "over the maximizers found; others may exist, so it is only a lower bound"
        )
        return f"D(theta; gamma) {relation} {shown}, the maximum {tail}."

    def __repr__(self) -> str:
        return f"DirectionalDerivative({self.value}, {self.bound})"

    def latex(self, direction: str = r"\gamma") -> str:
        """Return the value as LaTeX without dollar signs, a lower bound called one."""
        D = rf"D(\theta; {direction})"
        if self.bound == "lower":
            scope = r"\ \ (\text{over the maximizers found})"
            return f"{D} {at_least(self.value)}{scope}"
        relation = r"\approx" if isinstance(self.value, float) else "="
        return f"{D} {relation} {number(self.value)}"

    @never_raises
    def _repr_latex_(self) -> str:
        return display(self.latex())


def directional_derivative(S_or_gradients: Any, direction: Any) -> DirectionalDerivative:
    """Danskin's one-sided directional derivative along a direction (Theorem 1, eq. (4)).

    Parameters
    ----------
    S_or_gradients : MaximizerSet, BatchMaximizerSet, or gradients (m, n)
        Bare gradients are taken to be those of *all* maximizers.
    direction : (n,)
        Any nonzero vector; the derivative is per unit length (Definition 1).

    Returns
    -------
    DirectionalDerivative
        Exact in, exact out: with exact gradients and a direction of ints, Fractions, SymPy
        numbers or text the value is a SymPy number, square root of ``|direction|**2`` included.

    Raises
    ------
    InvalidInputError
        A zero direction, wrong shapes, NaN or infinities.
    """
    if isinstance(S_or_gradients, BatchMaximizerSet):
        return _batch_derivative(S_or_gradients, direction)
    if isinstance(S_or_gradients, MaximizerSet):
        S = S_or_gradients
        bound: Bound = "exact" if S.complete else "lower"
        if S.faces and not S.spans:
            return _face_derivative(S, direction)
        return _maximum(GradientRows(S.gradients, S.exact_gradients), direction, bound)
    return _maximum(gradient_rows(S_or_gradients), direction, "exact")


def _maximum(rows: GradientRows, direction: Any, bound: Bound) -> DirectionalDerivative:
    n = rows.floats.shape[1]
    if rows.exact is not None and is_exact_input(direction):
        gamma = exact_vector(direction, "direction", n)
        size = _exact_length(gamma)
        products = [dot(gamma, g) for g in rows.exact]
        best = _largest(products)
        if best is not None:
            return DirectionalDerivative(tidy(best[0] / size), bound, 0.0, best[1][0])
    gamma = _unit(as_floats(direction, "direction", n))
    scale = _power_of_two(float(np.abs(rows.floats).max()))
    scaled = rows.floats / scale
    products = scaled @ gamma
    best_row = int(np.argmax(products))
    # n products and sums, the unit vector's own rounding, and gradients rounded from exact ones;
    # and what underflow took from products, or from tiny entries when they became floats.
    size = float((np.abs(scaled) @ np.abs(gamma)).max())
    lost = (n + 1) * _TINY * max(scale, 1.0) if _may_underflow(rows, scaled, gamma) else 0.0
    error = (n + 8) * _EPS * size * scale + lost
    return DirectionalDerivative(float(products[best_row]) * scale, bound, error, best_row)


def _may_underflow(rows: GradientRows, scaled: np.ndarray, gamma: np.ndarray) -> bool:
    if (np.abs(scaled).min() == 0 or np.abs(gamma).min() == 0) and rows.exact is not None:
        # A zero among the floats may be a number too small for them.
        return True
    products = np.abs(scaled) * np.abs(gamma)
    return bool(((products < 1e-300) & (scaled != 0) & (gamma != 0)).any())


def _face_derivative(S: MaximizerSet, direction: Any) -> DirectionalDerivative:
    """Maximise over the faces themselves, where listed gradients do not span their hull."""
    gamma = exact_vector(direction, "direction", len(S.theta))
    size = _exact_length(gamma)
    found = S.support(gamma)
    listed = _maximum(GradientRows(S.gradients, S.exact_gradients), gamma, "lower")
    if found is None:
        return listed
    over_faces, _ = found
    exact = S.complete and over_faces.complete and over_faces.exact_value is not None
    if exact and is_exact_input(direction) and not isinstance(listed.value, float):
        both = _largest([tidy(over_faces.exact_value / size), listed.value])
        if both is not None:
            return DirectionalDerivative(both[0], "exact")
    value = max(over_faces.value / to_float(size), float(listed))
    error = listed.error + 8 * _EPS * abs(value)
    return DirectionalDerivative(value, "exact" if exact else "lower", error)


def _batch_derivative(S: BatchMaximizerSet, direction: Any) -> DirectionalDerivative:
    """``(1/B) sum_i max over S*_i``: the argmax set of a separable batch is a product."""
    parts = [directional_derivative(s, direction) for s in S.samples]
    bound: Bound = "exact" if all(p.bound == "exact" for p in parts) else "lower"
    if not any(isinstance(p.value, float) for p in parts):
        total: Any = sum(p.value for p in parts)
        return DirectionalDerivative(tidy(total / len(parts)), bound)
    mean = math.fsum(float(p) for p in parts) / len(parts)
    error = sum(p.error + _EPS * abs(float(p)) for p in parts) / len(parts)
    return DirectionalDerivative(mean, bound, error + _EPS * abs(mean))


def _largest(numbers: Sequence[Any]) -> tuple[Any, list[int]] | None:
    try:
        with time_limit(_EXACT_SECONDS, "comparing exact inner products"):
            return exact_max(numbers)
    except LimitError:
        return None


def _exact_length(gamma: Sequence[Any]) -> Any:
    if all(sign(x) == 0 for x in gamma):
        raise _zero_direction()
    return length(gamma)


def _unit(gamma: np.ndarray) -> np.ndarray:
    largest = float(np.abs(gamma).max())
    if largest == 0:
        raise _zero_direction()
    scaled = gamma / _power_of_two(largest)
    return scaled / np.linalg.norm(scaled)


def _zero_direction() -> InvalidInputError:
    return InvalidInputError(
        "direction", "it is zero", "A direction needs a length; Definition 1 divides by it."
    )


def _power_of_two(size: float) -> float:
    return 1.0 if size == 0 else math.ldexp(1.0, math.frexp(size)[1] - 1)


@dataclass(frozen=True)
class TwoSidedDerivative:
    """Both one-sided derivatives, and whether the two-sided one of eq. (7) exists.

    Attributes
    ----------
    forward, backward : DirectionalDerivative
        Along gamma and along -gamma.
    exists : Verdict
        PROVED where ``forward == -backward`` exactly, REFUTED where they provably differ.
    value : float, SymPy number, or None
        The two-sided derivative where it exists.
    """

    forward: DirectionalDerivative
    backward: DirectionalDerivative
    exists: Verdict
    value: Any

    def __repr__(self) -> str:
        return f"TwoSidedDerivative(exists={self.exists}, {self.forward}, {self.backward})"

    @never_raises
    def _repr_latex_(self) -> str:
        told = {
            Verdict.PROVED: r"\text{opposite: the two-sided derivative exists (proved)}",
            Verdict.REFUTED: r"\text{not opposite: there is no two-sided derivative (proved)}",
            Verdict.UNDECIDED: r"\text{undecided whether a two-sided derivative exists}",
        }[self.exists]
        return display(self.forward.latex(), self.backward.latex(r"-\gamma"), told)


def two_sided_derivative(S_or_gradients: Any, direction: Any) -> TwoSidedDerivative:
    """Lemma 1's test: the two-sided derivative exists iff ``D(gamma) = -D(-gamma)``.

    Parameters and errors as in `directional_derivative`. From floats, equality is never proved
    (it may hold to rounding only); from a "lower" bound neither is difference refuted.
    """
    gamma: Any
    if isinstance(S_or_gradients, MaximizerSets):
        n = S_or_gradients.theta.size
    else:
        n = gradient_rows(S_or_gradients).floats.shape[1]
    exact_direction = is_exact_input(direction)
    if exact_direction:
        gamma = exact_vector(direction, "direction", n)
    else:
        gamma = as_floats(direction, "direction", n)
    opposite = [-x for x in gamma] if exact_direction else -gamma
    forward = directional_derivative(S_or_gradients, gamma)
    backward = directional_derivative(S_or_gradients, opposite)
    exact = not isinstance(forward.value, float) and not isinstance(backward.value, float)
    total: Any = forward.value + backward.value if exact else float(forward) + float(backward)
    which = sign(total) if exact else None
    if exact and which == 0 and forward.bound == backward.bound == "exact":
        return TwoSidedDerivative(forward, backward, Verdict.PROVED, forward.value)
    # The sum is at least 0 (a maximum against a minimum), and larger over more maximizers.
    differs = which == 1 if exact else total > forward.error + backward.error
    # From a "lower" bound nothing follows: what the search found need not be maximizers.
    differs = differs and forward.bound == backward.bound == "exact"
    verdict = Verdict.REFUTED if differs else Verdict.UNDECIDED
    return TwoSidedDerivative(forward, backward, verdict, None)


@dataclass(frozen=True)
class TaylorCheck:
    """How a Taylor remainder shrinks: order about 2 for a right gradient, 1 for a wrong one.

    Attributes
    ----------
    steps : ndarray
        The t > 0.
    remainders : ndarray
        ``|g(theta + t gamma, delta) - g(theta, delta) - t <gamma, grad>|``, or of phi.
    order : float
        Slope of log remainder against log t, rounding-dominated steps left out; inf where the
        remainder is at rounding level throughout.
    passed : bool
        ``order > 1.5``.
    """

    steps: np.ndarray
    remainders: np.ndarray
    order: float
    passed: bool

    def explain(self) -> str:
        """Say what the slope means."""
        verdict = "consistent with" if self.passed else "not consistent with"
        return (
            f"The one-sided Taylor remainder shrinks like t^{self.order:.2f}: {verdict} the "
            "gradient (order 2 for a smooth function, 1 for a wrong gradient)."
        )

    def __repr__(self) -> str:
        return f"TaylorCheck(order={self.order:.3g}, passed={self.passed})"


def taylor_check(
    f: MinMaxObjective | BatchObjective, theta: Any, direction: Any, delta: Any = None
) -> TaylorCheck:
    """Check a gradient one-sidedly against values.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    theta, direction : (n,)
    delta : (k,), optional
        Given: checks ``grad_theta`` of g(., delta). Omitted: checks Danskin's formula for phi,
        whose remainder is one-sided (t > 0); a maximizer that the search missed shows here too.

    Returns
    -------
    TaylorCheck
        Numeric evidence, not a proof.

    Raises
    ------
    InvalidInputError
    """
    given: Any = f
    if not isinstance(given, (MinMaxObjective, BatchObjective)):
        raise InvalidInputError("f", f"{given!r} is not an objective", "Pass an objective.")
    point = as_floats(theta, "theta", f.theta_dim)
    gamma = _unit(as_floats(direction, "direction", f.theta_dim))
    if delta is not None:
        at = as_floats(delta, "delta", f.delta_dim)
        slope = float(f.grad_theta(point, at) @ gamma)

        def value(t: float) -> float:
            return f.value(point + t * gamma, at)
    else:
        slope = float(directional_derivative(maximizers(f, point), gamma))

        def value(t: float) -> float:
            return f.robust_value(point + t * gamma)

    start = value(0.0)
    steps = np.logspace(-1, -5, 13) * max(1.0, float(np.abs(point).max()))
    after = np.array([value(float(t)) for t in steps])
    remainders = np.abs(after - start - steps * slope)
    floor = 64 * _EPS * max(1.0, abs(start), float(np.abs(after).max()))
    clear = remainders > floor
    order = math.inf
    if clear.sum() >= 3:
        # The smallest clear steps: where the leading term of the remainder rules.
        t, r = steps[clear][-6:], remainders[clear][-6:]
        order = float(np.polyfit(np.log(t), np.log(r), 1)[0])
    return TaylorCheck(steps, remainders, order, order > 1.5)
