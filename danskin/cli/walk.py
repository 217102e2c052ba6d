"""The road of `danskin`, walked once for a problem file: what `certify` prints and writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import sympy

from danskin.certificate import Theorem3Certificate, theorem3
from danskin.cli.answer import Answer, Asked, answer, says, with_proof
from danskin.cli.numbers import number, vector
from danskin.cli.progress import Course
from danskin.derivative import DirectionalDerivative, directional_derivative
from danskin.direction import SingleGradient, SteepestDescent, single_gradient, steepest_descent
from danskin.errors import InvalidInputError, LimitError
from danskin.exact import sign, to_float
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.problem import Problem
from danskin.proof import CertifiedStep, DescentProof, certified_step, prove_descent
from danskin.proof.arguments import DEFAULT_BUDGET

__all__ = ["Walk", "walk"]

Objective = MinMaxObjective | BatchObjective
MaximizerSets = MaximizerSet | BatchMaximizerSet
Exact = tuple[sympy.Expr, ...]

_MAX_SINGLES = 12
_SINGLES_SECONDS = 10.0
_THEOREM3_SECONDS = 20.0
_NOT_AROUND = (
    "g and its gradient are not seen to be defined and continuous around theta on all of S, which "
    "Danskin's theorem asks for; what is known of g at theta alone proves nothing of phi."
)


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
    proof: DescentProof
    step: CertifiedStep | None
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
            "proof": self.proof.to_dict(),
            "step": None if self.step is None else self.step.to_dict(),
            "notes": self.notes,
            "statement": self.answer.statement,
            "verdict": self.answer.verdict,
            "answer": self.answer.sentence,
            "status": self.answer.status,
        }


def walk(
    problem: Problem,
    course: Course | None = None,
    budget: float | None = None,
    max_step: sympy.Expr | None = None,
) -> Walk:
    """Answer the question of a problem file.

    Parameters
    ----------
    problem : Problem
        `at` must be there; the direction defaults to "steepest".
    course : Course, optional
        Told what is being done, and how far it is.
    budget : float, optional
        Seconds for the proof, and as many for the step.
    max_step : exact number > 0, optional
        Certify a step, this long at most.

    Raises
    ------
    InvalidInputError
        Names the key of the problem file.
    """
    course = course or Course(shown=False)
    at = problem.at
    if at is None:
        raise InvalidInputError(
            "query.at", "it is missing", 'Add at = ["1/2", 0] under [query], or pass --at.'
        )
    constants = _constants(problem)
    objective = MinMaxObjective.from_problem(problem)
    course.phase("finding the maximizers")
    where = dict.fromkeys(("value", "number", "theta, delta"), "g at query.at")
    with _named({"theta": "query.at", **where}):
        S = maximizers(objective, at)
    course.phase("finding the steepest direction")
    direction = problem.direction or "steepest"
    steepest = _steepest(S)
    asked = _ask(S, steepest, direction)
    proof = _prove(objective, at, asked, direction, course, budget)
    notes: tuple[str, ...] = ()
    if S.complete and not proof.defined:
        # What is proved of g at theta alone says nothing of phi beside it.
        S, notes = _doubted(S), (_NOT_AROUND,)
        steepest = _steepest(S)
        asked = _ask(S, steepest, direction)
    course.phase("following single gradients")
    singles, note = _singles(S)
    notes += note
    certificate = None
    if constants is not None:
        course.phase("applying Theorem 3")
        certificate, note = _apply_theorem3(S, asked, *constants)
        notes += note
    step = None
    if max_step is not None:
        step, note = _certify_step(objective, at, proof, max_step, course, budget)
        notes += note
    return Walk(
        problem=problem,
        objective=objective,
        S=S,
        steepest=steepest,
        rho=_rho(S, steepest),
        singles=singles,
        asked=asked,
        theorem3=certificate,
        proof=proof,
        step=step,
        notes=notes,
        answer=with_proof(answer(S, steepest, asked, certificate), proof),
    )


def _doubted(S: MaximizerSets) -> MaximizerSets:
    """Return maximizers as a search's: Danskin's theorem is not known to apply to them."""
    if isinstance(S, BatchMaximizerSet):
        return BatchMaximizerSet(tuple(replace(s, complete=False) for s in S.samples))
    return replace(S, complete=False)


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
    return cast("sympy.Expr", problem.lipschitz), cast("sympy.Expr", problem.epsilon)


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
            rows = S.exact_gradients
            zero = rows is not None and all(sign(x) == 0 for x in rows[index])
            return Asked(direction, None, None, None, S.complete and zero)
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


# --- proofs -------------------------------------------------------------------------------------


def _prove(
    objective: Objective,
    at: Exact,
    asked: Asked,
    direction: str | Exact,
    course: Course,
    budget: float | None,
) -> DescentProof:
    """Prove or refute descent along the direction asked for."""
    course.phase("proving", budget or DEFAULT_BUDGET)
    # What is known exactly, or was searched for, need not be found again.
    known = asked.gamma is not None and asked.derivative is not None
    exact = known and asked.derivative is not None and asked.derivative.bound == "exact"
    gamma = list(asked.gamma) if exact and asked.gamma is not None else direction
    where = {"direction": "query.direction", "theta": "query.at", "g": "g at query.at"}
    with _named(where):
        return prove_descent(objective, list(at), gamma, budget=budget, tell=course.proof)


def _certify_step(
    objective: Objective,
    at: Exact,
    proof: DescentProof,
    max_step: sympy.Expr,
    course: Course,
    budget: float | None,
) -> tuple[CertifiedStep | None, tuple[str, ...]]:
    if proof.direction is None:
        return None, ("No step was certified: there is no direction to follow.",)
    # Descent is proved once more, with as many seconds.
    course.phase("certifying a step", 2 * (budget or DEFAULT_BUDGET))
    gamma = list(proof.direction)
    with _named({"max_step": "--step"}):
        step = certified_step(objective, list(at), gamma, max_step, budget=budget, tell=course.step)
    return step, ()


# --- single gradients, Theorem 3, rho ------------------------------------------------------------


def _singles(S: MaximizerSets) -> tuple[tuple[SingleGradient, ...], tuple[str, ...]]:
    found: list[SingleGradient] = []
    count = S.count if isinstance(S, BatchMaximizerSet) else len(S)
    many = isinstance(S, BatchMaximizerSet) and count > 4096
    start = time.monotonic()
    if not many:
        for i in range(min(count, _MAX_SINGLES)):
            left = _SINGLES_SECONDS - (time.monotonic() - start)
            if left <= 0:
                break
            try:
                with time_limit(left, "single gradients"):
                    found.append(single_gradient(S, i))
            except LimitError:
                break
    if len(found) == count:
        return tuple(found), ()
    return tuple(found), (f"Single gradients: the first {len(found)} of {count} were followed.",)


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


def _rho(S: MaximizerSets, steepest: SteepestDescent) -> tuple[float | None, float]:
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
