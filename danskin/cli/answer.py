"""The road of `danskin`, walked once for a problem file, and the answer that it supports.

The answer is a `Verdict` on one statement, "gamma is a descent direction" (or, where the steepest
direction was asked for and there is none, "theta is stationary"), with the sentence to print and
the exit status. Nothing in it is stronger than what was proved: maximizers found by a search make
the derivative an estimate, and only Theorem 3 with the user's constants can then prove descent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from danskin.certificate import Theorem3Certificate, theorem3
from danskin.cli.numbers import number, vector
from danskin.cli.terminal import DONE, FAILED, UNDECIDED
from danskin.derivative import DirectionalDerivative, directional_derivative
from danskin.direction import SingleGradient, SteepestDescent, single_gradient, steepest_descent
from danskin.errors import InvalidInputError, LimitError
from danskin.exact import sign, to_float
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.problem import Problem
from danskin.verdict import Verdict

__all__ = ["Answer", "Asked", "Walk", "walk"]

Objective = MinMaxObjective | BatchObjective
MaximizerSets = MaximizerSet | BatchMaximizerSet
Exact = tuple[sympy.Expr, ...]

_MAX_SINGLES = 12
_SINGLES_SECONDS = 10.0
_THEOREM3_SECONDS = 20.0

_DESCENT = "gamma is a descent direction"
_STATIONARY = "theta is stationary: no direction descends to first order"


@dataclass(frozen=True)
class Asked:
    """The direction asked for, gamma.

    Attributes
    ----------
    text : str
        "steepest", "single:0" or the numbers.
    gamma : exact numbers or ndarray (n,), or None where there is no such direction
    floats : ndarray (n,), or None
    derivative : DirectionalDerivative or None
    refuted : bool
        Proved maximizers alone show that gamma does not descend.
    """

    text: str
    gamma: Exact | np.ndarray | None
    floats: np.ndarray | None
    derivative: DirectionalDerivative | None
    refuted: bool = False


@dataclass(frozen=True)
class Answer:
    """What is known about the statement, in a word, in a sentence, and as an exit status."""

    statement: str
    verdict: Verdict
    sentence: str
    status: int


@dataclass(frozen=True)
class Walk:
    """Everything that was found on the road, in its order."""

    problem: Problem
    objective: Objective
    S: MaximizerSets
    steepest: SteepestDescent
    rho: tuple[float | None, float]
    singles: tuple[SingleGradient, ...]
    asked: Asked
    theorem3: Theorem3Certificate | None
    notes: tuple[str, ...]
    answer: Answer

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        asked, value = self.asked, self.S.exact_value
        exact = asked.gamma if isinstance(asked.gamma, tuple) else None
        return {
            "objective": _problem_dict(self.problem),
            "phi": {
                "value": self.S.value,
                "exact": None if value is None else str(value),
                "bound": "exact" if self.S.complete else "estimate",
            },
            "complete": self.S.complete,
            "method": self.S.method,
            "maximizers": self.S.to_dict(),
            "rho": {"lower": self.rho[0], "upper": self.rho[1]},
            "single_gradients": [_single_dict(s) for s in self.singles],
            "steepest": self.steepest.to_dict(),
            "direction": {
                "asked": asked.text,
                "gamma": asked.floats,
                "exact_gamma": exact,
                "derivative": None if asked.derivative is None else asked.derivative.to_dict(),
            },
            "theorem3": None if self.theorem3 is None else self.theorem3.to_dict(),
            "notes": self.notes,
            "statement": self.answer.statement,
            "verdict": self.answer.verdict,
            "answer": self.answer.sentence,
            "status": self.answer.status,
        }


def walk(problem: Problem, tell: Callable[[str], None] = lambda _: None) -> Walk:
    """Answer the question of a problem file.

    Parameters
    ----------
    problem : Problem
        `at` must be there; the direction defaults to "steepest".
    tell : callable
        Told in a few words what is being done.

    Raises
    ------
    InvalidInputError
        Names the key of the problem file.
    """
    at = problem.at
    if at is None:
        raise InvalidInputError(
            "query.at", "it is missing", 'Add at = ["1/2", 0] under [query], or pass --at.'
        )
    constants = _constants(problem)
    objective = MinMaxObjective.from_problem(problem)
    tell("finding the maximizers")
    with _named({"theta": "query.at"}):
        S = maximizers(objective, at)
    tell("finding the steepest direction")
    steepest = _steepest(S)
    asked = _ask(S, steepest, problem.direction or "steepest")
    tell("following single gradients")
    singles, notes = _singles(S)
    certificate = None
    if constants is not None:
        tell("applying Theorem 3")
        certificate, note = _apply_theorem3(S, asked, *constants)
        notes += note
    answer = _answer(S, steepest, asked, certificate)
    rho = _rho(S, steepest, asked)
    return Walk(problem, objective, S, steepest, rho, singles, asked, certificate, notes, answer)


def _constants(problem: Problem) -> tuple[sympy.Expr, sympy.Expr] | None:
    if problem.lipschitz is None and problem.epsilon is None:
        return None
    for key, value in (("lipschitz", problem.lipschitz), ("epsilon", problem.epsilon)):
        if value is None:
            raise InvalidInputError(
                f"query.{key}", "it is missing", "Theorem 3 needs both lipschitz and epsilon."
            )
        if sign(value) == -1:
            raise InvalidInputError(
                f"query.{key}", f"{number(value)} is negative", "Give a number >= 0."
            )
    assert problem.lipschitz is not None
    assert problem.epsilon is not None
    return problem.lipschitz, problem.epsilon


@contextmanager
def _named(keys: dict[str, str]) -> Iterator[None]:
    """Let errors speak of keys of the problem file where the library speaks of arguments."""
    try:
        yield
    except InvalidInputError as error:
        if error.argument not in keys:
            raise
        raise type(error)(keys[error.argument], error.problem, error.remedy) from None


def _steepest(S: MaximizerSets) -> SteepestDescent:
    """Theorem 2's direction; 0 in the hull of *some* proved gradients settles stationarity."""
    d = steepest_descent(S)
    if d.stationary and d.exact_derivative is None and isinstance(S, MaximizerSet) and S.complete:
        listed = steepest_descent(S.exact_gradients or S.gradients)
        if listed.stationary and listed.exact_derivative is not None:
            return listed
    return d


# --- the direction asked for ---------------------------------------------------------------------


def _ask(S: MaximizerSets, steepest: SteepestDescent, direction: str | Exact) -> Asked:
    if direction == "steepest":
        if steepest.direction is None:
            return Asked("steepest", None, None, None)
        if steepest.exact_direction is not None:
            value = DirectionalDerivative(steepest.exact_derivative, steepest.bound)
            return _with_refutation(S, "steepest", steepest.exact_direction, value)
        value = directional_derivative(S, steepest.direction)
        return Asked("steepest", steepest.direction, steepest.direction, value)
    if isinstance(direction, str):
        index = int(direction.partition(":")[2])
        with _named({"index": "query.direction", "samples": "query.direction"}):
            single = single_gradient(S, index)
        if single.derivative is None:
            return Asked(direction, None, None, None)
        gamma = single.exact_direction
        if gamma is None:
            return Asked(direction, single.direction, single.direction, single.derivative)
        return _with_refutation(S, direction, gamma, single.derivative)
    with _named({"direction": "query.direction"}):
        value = directional_derivative(S, list(direction))
    return _with_refutation(S, vector(direction), direction, value)


def _with_refutation(
    S: MaximizerSets, text: str, gamma: Exact, derivative: DirectionalDerivative
) -> Asked:
    floats = np.array([to_float(x) for x in gamma])
    refuted = derivative.bound == "lower" and S.complete and _never_negative(S, gamma)
    return Asked(text, gamma, floats, derivative, refuted)


def _never_negative(S: MaximizerSets, gamma: Exact) -> bool:
    """Whether the listed points of a proved argmax set alone give D >= 0, exactly."""
    parts = []
    for sample in S.samples if isinstance(S, BatchMaximizerSet) else (S,):
        if sample.exact_gradients is None:
            return False
        listed = directional_derivative([list(r) for r in sample.exact_gradients], list(gamma))
        if isinstance(listed.value, float):
            return False
        parts.append(listed.value)
    return sign(sympy.Add(*parts)) in (0, 1)


# --- single gradients, Theorem 3, rho ------------------------------------------------------------


def _singles(S: MaximizerSets) -> tuple[tuple[SingleGradient, ...], tuple[str, ...]]:
    found: list[SingleGradient] = []
    many = isinstance(S, BatchMaximizerSet) and len(S) > 4096
    start = time.monotonic()
    if not many:
        for i in range(min(len(S), _MAX_SINGLES)):
            left = _SINGLES_SECONDS - (time.monotonic() - start)
            if left <= 0:
                break
            try:
                with time_limit(left, "single gradients"):
                    found.append(single_gradient(S, i))
            except LimitError:
                break
    if len(found) == len(S):
        return tuple(found), ()
    return tuple(found), (f"Single gradients: the first {len(found)} of {len(S)} were followed.",)


def _apply_theorem3(
    S: MaximizerSets, asked: Asked, lipschitz: sympy.Expr, epsilon: sympy.Expr
) -> tuple[Theorem3Certificate | None, tuple[str, ...]]:
    if asked.gamma is None:
        return None, ("Theorem 3 was not applied: there is no direction to apply it to.",)
    gamma = list(asked.gamma)
    try:
        with time_limit(_THEOREM3_SECONDS, "Theorem 3"):
            return theorem3(S, gamma, lipschitz=lipschitz, epsilon=epsilon), ()
    except (InvalidInputError, LimitError) as error:
        return None, (f"Theorem 3 was not applied: {error}",)


def _rho(S: MaximizerSets, steepest: SteepestDescent, asked: Asked) -> tuple[float | None, float]:
    """Return lower and upper bounds on rho, the min norm over the hull of *all* gradients known.

    The solver's lower bound is over the gradients listed. Where these do not span the hull,
    ``rho >= -D(theta; u)`` for any unit u takes its place.
    """
    result = steepest.min_norm
    if steepest.exact_derivative is not None:
        exact = -to_float(steepest.exact_derivative)
        return exact, exact
    if S.spans or not S.complete:
        return result.lower_bound, result.norm
    lower = 0.0
    if steepest.bound == "exact" and steepest.direction is not None:
        along = directional_derivative(S, steepest.direction)
        lower = max(0.0, -float(along) - along.error)
    return lower, result.norm


# --- the answer ----------------------------------------------------------------------------------


def _answer(S: MaximizerSets, steepest: SteepestDescent, asked: Asked, certificate: Any) -> Answer:
    if asked.derivative is None:
        return _without_direction(S, steepest, asked)
    d = asked.derivative
    if d.bound == "exact":
        which, shown = d.sign, _derivative_text(d)
        proved = "all maximizers are proved"
        if which == -1:
            which_one = "the steepest" if _is_steepest(asked) else "a"
            return _proved(f"{shown}: {which_one} descent direction ({proved}).")
        if which is not None:
            tail = "it ascends" if which == 1 else "to first order, it neither descends nor ascends"
            return _refuted(f"{shown}: not a descent direction ({proved}); {tail}.")
        return _undecided(
            f"undecided: {shown}, and whether this is below 0 is not settled (all maximizers are "
            "proved, the sign of this number is not)."
        )
    if asked.refuted:
        return _refuted(
            f"D(theta; gamma) >= {decimal_of(d)} >= 0: not a descent direction (proved maximizers "
            "alone show it)."
        )
    if certificate is not None and certificate.verdict is Verdict.PROVED:
        return _proved(
            "a descent direction by Theorem 3, if the lipschitz and epsilon that you gave hold "
            "(they were not checked)."
        )
    return _undecided(f"undecided: {_why_open(S)}; {_estimate(d)}.{_hint(certificate)}")


def _is_steepest(asked: Asked) -> bool:
    return asked.text == "steepest" and isinstance(asked.gamma, tuple)


def _without_direction(S: MaximizerSets, steepest: SteepestDescent, asked: Asked) -> Answer:
    zero = steepest.stationary and sign_of(steepest.exact_derivative) == 0
    if asked.text == "steepest":
        if zero and S.complete:
            return Answer(
                _STATIONARY,
                Verdict.PROVED,
                "stationary: 0 is in the hull of the gradients, so no direction descends to first "
                "order (the maximizers are proved).",
                DONE,
            )
        if not S.complete:
            over = "over the points found, 0 is in the hull of the gradients (within rounding)"
            if not steepest.stationary:
                over = "over the points found, rounding hides whether 0 is in the hull"
            sentence = f"undecided: {_why_open(S)}; {over}."
        elif steepest.stationary:
            sentence = (
                "undecided: stationary within rounding; whether 0 is in the hull of the gradients "
                "exactly is not settled."
            )
        else:
            sentence = f"undecided: {steepest.min_norm.explain()}"
        return Answer(_STATIONARY, Verdict.UNDECIDED, sentence, UNDECIDED)
    if S.complete and S.exact_gradients is not None:
        return _refuted(
            f"{asked.text}: the gradient at that maximizer is 0, so minus it is no descent "
            "direction; theta is stationary (the maximizers are proved)."
        )
    return _undecided(
        f"undecided: {asked.text} has the gradient 0 within rounding, which has no direction."
    )


def _derivative_text(d: DirectionalDerivative) -> str:
    if isinstance(d.value, float):
        return f"D(theta; gamma) = {d.value:.10g} +- {d.error:.1g}"
    return f"D(theta; gamma) = {number(d.value)} exactly"


def decimal_of(d: DirectionalDerivative) -> str:
    """Return the decimals of a derivative, rounded."""
    return number(None, float(d))


def sign_of(value: sympy.Expr | None) -> int | None:
    """Return the sign of an exact number, or None."""
    return None if value is None else sign(value)


def _why_open(S: MaximizerSets) -> str:
    if S.complete:
        return (
            "the maximizers are proved but infinitely many, and the gradient's maximum over them "
            "was found by a search"
        )
    return "the maximizers were found by a search, so others may exist"


def _estimate(d: DirectionalDerivative) -> str:
    shown = f"D(theta; gamma) is about {decimal_of(d)} over those found"
    if d.sign is None:
        return shown
    if d.sign == -1:
        return f"{shown}, at best a lower bound, so descent is not proved"
    return f"{shown}, which speaks against descent but proves nothing"


def _hint(certificate: Any) -> str:
    if certificate is None:
        return " Theorem 3 can prove descent from lipschitz and epsilon under [query]."
    return f" Theorem 3: {certificate.explain()}"


def _proved(sentence: str) -> Answer:
    return Answer(_DESCENT, Verdict.PROVED, sentence, DONE)


def _refuted(sentence: str) -> Answer:
    return Answer(_DESCENT, Verdict.REFUTED, sentence, FAILED)


def _undecided(sentence: str) -> Answer:
    return Answer(_DESCENT, Verdict.UNDECIDED, sentence, UNDECIDED)


# --- plain data ----------------------------------------------------------------------------------


def _problem_dict(problem: Problem) -> dict[str, Any]:
    return {
        "theta": problem.theta,
        "parameters": problem.parameters,
        "samples": [
            {"g": s.g, "delta": {"names": s.delta, **s.domain.to_dict()}} for s in problem.samples
        ],
        "at": problem.at,
        "lipschitz": problem.lipschitz,
        "epsilon": problem.epsilon,
    }


def _single_dict(single: SingleGradient) -> dict[str, Any]:
    return {
        "index": single.index,
        "direction": single.direction,
        "exact_direction": single.exact_direction,
        "derivative": None if single.derivative is None else single.derivative.to_dict(),
        "says": says(single.derivative),
    }


def says(d: DirectionalDerivative | None) -> str:
    """Say whether a direction descends, no stronger than its derivative's bound."""
    if d is None:
        return "no direction: the gradient is 0"
    if d.bound == "exact":
        words = {-1: "descends", 0: "does not descend (D = 0)", 1: "ascends"}
        return words.get(d.sign, "undecided")  # type: ignore[arg-type]
    guesses = {-1: "undecided; seems to descend", 1: "undecided; seems to ascend"}
    return guesses.get(d.sign, "undecided")  # type: ignore[arg-type]
