"""Theorem 3: a finite net certifies a descent direction, if its constants are right.

If ``grad_theta g(theta, .)`` is L-Lipschitz near S*, and every maximizer has a member of the net
within epsilon, then ``max over the net of <gamma, grad> < -L epsilon`` (strictly) for a unit gamma
implies ``D(theta; gamma) < 0``. The constants are the caller's: the result lists them as
assumptions. It holds for any unit gamma, not only for eq. (14)'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import flint
from markupsafe import Markup

from danskin.derivative import directional_derivative, gradient_rows
from danskin.errors import InvalidInputError
from danskin.exact import dot, enclose, exact_max, exact_number, exact_vector, length, sign
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.typeset import at_least, never_raises
from danskin.typeset.html import formula_html
from danskin.verdict import Verdict

__all__ = ["Theorem3Certificate", "theorem3"]


@dataclass(frozen=True)
class Theorem3Certificate:
    """The outcome of Theorem 3.

    Attributes
    ----------
    verdict : Verdict
        PROVED: gamma is a descent direction, given `assumptions`. REFUTED: it is not, since a
        proved maximizer has ``<gamma, grad> >= 0``. UNDECIDED: the inequality does not hold,
        which says nothing about gamma.
    margin : float
        ``-max <gamma, grad> - L epsilon`` for unit gamma, rounded down; proved only if > 0.
    assumptions : tuple of str
        What the verdict rests on.
    """

    verdict: Verdict
    margin: float
    assumptions: tuple[str, ...]

    def explain(self) -> str:
        """Say in a sentence or two what was found and what to try."""
        if self.verdict is Verdict.PROVED:
            given = "; ".join(self.assumptions)
            return f"A descent direction (margin {self.margin:.6g}), provided that: {given}."
        if self.verdict is Verdict.REFUTED:
            return "Not a descent direction: a maximizer has a non-negative inner product with it."
        return (
            f"Undecided: the inequality of Theorem 3 misses by {-self.margin:.6g}. "
            "Try a finer net (smaller epsilon), a sharper L, or the steepest direction."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "verdict": self.verdict.value,
            "margin": self.margin,
            "assumptions": list(self.assumptions),
        }

    def __repr__(self) -> str:
        return f"Theorem3Certificate({self.verdict}, margin={self.margin:.6g})"

    @never_raises
    def _repr_html_(self) -> str:
        margin = (
            r"-\max_i \langle \gamma, \nabla_\theta g(\theta, \delta_i) \rangle - L \varepsilon"
            rf" {at_least(self.margin)}"
        )
        told = {
            Verdict.PROVED: Markup(", so that {}").format(formula_html(r"D(\theta; \gamma) < 0")),
            Verdict.REFUTED: Markup("; {} at a proved maximizer").format(
                formula_html(r"\langle \gamma, \nabla_\theta g \rangle \ge 0")
            ),
            Verdict.UNDECIDED: "; it takes a margin above 0, and this says nothing about γ",
        }[self.verdict]
        items = Markup("").join(Markup("<li>{}</li>").format(a) for a in self.assumptions)
        given = Markup("<div>Given:<ul>{}</ul></div>").format(items) if self.assumptions else ""
        return str(
            Markup("<div><b>{}</b> (Theorem 3): {}{}{}</div>").format(
                self.verdict, formula_html(margin), told, given
            )
        )


def theorem3(
    S_or_gradients: Any, direction: Any, *, lipschitz: Any, epsilon: Any
) -> Theorem3Certificate:
    """Apply Theorem 3 to a net and a direction.

    Parameters
    ----------
    S_or_gradients : MaximizerSet, BatchMaximizerSet, or gradients (m, n)
        The gradients at the net's points; the points need not be maximizers.
    direction : (n,), nonzero
        Normalised here.
    lipschitz : number >= 0
        L, for ``delta -> grad_theta g(theta, delta)`` at this theta near the maximizers.
    epsilon : number >= 0
        Every maximizer has a point of the net within this distance.

    Returns
    -------
    Theorem3Certificate
        The inequality is decided in exact arithmetic on the numbers given (floats count as the
        binary rationals they are), so rounding cannot turn a miss into a proof.

    Raises
    ------
    InvalidInputError
        Negative or non-finite constants, a zero direction, wrong shapes.
    """
    constant = _non_negative(lipschitz, "lipschitz")
    distance = _non_negative(epsilon, "epsilon")
    S = S_or_gradients
    known = isinstance(S, (MaximizerSet, BatchMaximizerSet))
    # A set of maximizers knows its gradients exactly, or else as floats taken at face value.
    given: Any = S.gradients if known else gradient_rows(S).exact or gradient_rows(S).floats
    exact: Any = S.exact_gradients if known else None
    rows = exact if exact is not None else [exact_vector(r, "gradients") for r in given]
    gamma = exact_vector(direction, "direction", len(rows[0]))
    if all(sign(x) == 0 for x in gamma):
        raise InvalidInputError("direction", "it is zero", "Pass a nonzero direction.")
    size = length(gamma)
    best = exact_max([dot(gamma, r) for r in rows])
    assumptions = _assumptions(S, constant, distance, known and exact is not None)
    if best is None:
        return Theorem3Certificate(Verdict.UNDECIDED, -math.inf, assumptions)
    slack = -best[0] / size - constant * distance
    margin = _rounded_down(slack)
    if sign(-best[0] - constant * distance * size) == 1:
        return Theorem3Certificate(Verdict.PROVED, margin, assumptions)
    if known and S.complete:
        derivative = directional_derivative(S, list(gamma))
        if derivative.sign in (0, 1) and not isinstance(derivative.value, float):
            return Theorem3Certificate(Verdict.REFUTED, margin, ("the maximizers are proved",))
    return Theorem3Certificate(Verdict.UNDECIDED, margin, assumptions)


def _non_negative(value: Any, argument: str) -> Any:
    number = exact_number(value, argument)
    if sign(number) not in (0, 1):
        raise InvalidInputError(argument, f"{value} is negative", "Pass a number >= 0.")
    return number


def _assumptions(S: Any, constant: Any, distance: Any, exact: bool) -> tuple[str, ...]:
    covered = isinstance(S, (MaximizerSet, BatchMaximizerSet)) and S.complete and not S.faces
    cover = (
        "the net holds every maximizer (proved)"
        if covered
        else f"every maximizer has a point of the net within epsilon = {distance} "
        "(given, not checked)"
    )
    lipschitz = (
        f"the gradient is Lipschitz in delta near the maximizers with L = {constant} "
        "(given, not checked)"
    )
    accuracy = "the gradients are exact" if exact else "the gradients are exactly the numbers given"
    return (lipschitz, cover, accuracy)


def _rounded_down(number: Any) -> float:
    if sign(number) == 0:
        return 0.0
    for bits in (128, 2048):
        ball = enclose(number, bits)
        if ball.is_finite() and (ball.rel_accuracy_bits() > 60 or bits > 128):
            lower = ball.lower()
            value = float(lower)
            while not flint.arb(value) <= lower:
                value = math.nextafter(value, -math.inf)
            return value
    return -math.inf
