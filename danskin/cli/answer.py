"""What may be answered: a verdict on one statement, the sentence to print, the exit status.

The statement is "gamma is a descent direction" or, where the steepest direction was asked for and
there is none, "theta is stationary". Nothing here is stronger than what was proved: maximizers
found by a search make the derivative an estimate, and only Theorem 3 with the user's constants can
then prove descent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from danskin.certificate import Theorem3Certificate
from danskin.cli.numbers import decimal, number
from danskin.cli.terminal import DONE, FAILED, UNDECIDED
from danskin.derivative import DirectionalDerivative
from danskin.direction import SteepestDescent
from danskin.errors import SolverError
from danskin.exact import sign
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.proof.result import DescentProof, bounds_text
from danskin.verdict import Verdict

__all__ = ["Answer", "Asked", "answer", "says", "with_proof"]

MaximizerSets = MaximizerSet | BatchMaximizerSet
Exact = tuple[sympy.Expr, ...]

_NOT_AROUND = (
    "g and its gradient are not seen to be defined and continuous around theta on all of S, which "
    "Danskin's theorem asks for"
)
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
        Proved maximizers alone show that gamma does not descend, or that it is 0.
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
    #: Decided without assumptions of the user's.
    sure: bool = False


def answer(
    S: MaximizerSets,
    steepest: SteepestDescent,
    asked: Asked,
    certificate: Theorem3Certificate | None,
) -> Answer:
    """Return what is proved about the direction asked for."""
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
            f"D(theta; gamma) >= {decimal(float(d))} >= 0: not a descent direction (proved "
            "maximizers alone show it)."
        )
    if certificate is not None and certificate.verdict is Verdict.PROVED:
        return _assumed(
            "a descent direction by Theorem 3, provided that its assumptions hold: the lipschitz "
            "and epsilon that you gave were not checked."
        )
    return _undecided(f"undecided: {_why_open(S)}; {_estimate(d)}.{_hint(certificate)}")


def _is_steepest(asked: Asked) -> bool:
    return asked.text == "steepest" and isinstance(asked.gamma, tuple)


def _without_direction(S: MaximizerSets, steepest: SteepestDescent, asked: Asked) -> Answer:
    exact = steepest.exact_derivative
    zero = steepest.stationary and exact is not None and sign(exact) == 0
    if asked.text == "steepest":
        if zero and S.complete:
            return Answer(
                _STATIONARY,
                Verdict.PROVED,
                "stationary: 0 is in the hull of the gradients, so no direction descends to first "
                "order (the maximizers are proved).",
                DONE,
                sure=True,
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
    if asked.refuted:
        return _refuted(
            f"{asked.text}: the gradient at that maximizer is 0, so minus it is no descent "
            "direction; theta is stationary (the maximizers are proved)."
        )
    return _undecided(
        f"undecided: {asked.text} has the gradient 0 within rounding, which has no direction."
    )


def with_proof(found: Answer, proof: DescentProof) -> Answer:
    """Let a proof decide what the road left open, or what rests on constants that were given.

    Raises
    ------
    SolverError
        Both are decided and contradict each other: a defect, and no answer.
    """
    if not proof.defined:
        return Answer(found.statement, Verdict.UNDECIDED, f"undecided: {_NOT_AROUND}.", UNDECIDED)
    if proof.verdict is Verdict.UNDECIDED:
        return found
    if proof.stationary:
        mine = Answer(
            _STATIONARY,
            Verdict.PROVED,
            f"stationary: 0 is in the hull of the gradients, so no direction descends to first "
            f"order (proved: {proof.boxes} cells).",
            DONE,
        )
    else:
        mine = _by_proof(proof)
    if found.statement == mine.statement and found.sure:
        if found.verdict is not mine.verdict:
            raise SolverError(
                f"the road says {found.verdict} and the proof says {mine.verdict}; this is a "
                "defect of danskin, please report it"
            )
        return found
    return found if found.sure else mine


def _by_proof(proof: DescentProof) -> Answer:
    shown = f"D(theta; gamma) is in {bounds_text(proof.derivative)}"
    if proof.exact_derivative is not None:
        shown = f"D(theta; gamma) = {number(proof.exact_derivative)} exactly"
    if proof.verdict is Verdict.PROVED:
        which = "the steepest" if proof.steepest else "a"
        return _proved(f"{shown}: {which} descent direction (proved: {proof.boxes} cells).")
    tail = {
        Verdict.PROVED: "it ascends",
        Verdict.REFUTED: "to first order, it neither descends nor ascends",
        Verdict.UNDECIDED: "whether it ascends is not settled",
    }[proof.ascent]
    return _refuted(f"{shown}: not a descent direction (proved: {proof.boxes} cells); {tail}.")


def _derivative_text(d: DirectionalDerivative) -> str:
    if isinstance(d.value, float):
        return f"D(theta; gamma) = {d.value:.10g} +- {d.error:.1g}"
    return f"D(theta; gamma) = {number(d.value)} exactly"


def _why_open(S: MaximizerSets) -> str:
    if S.complete:
        return (
            "the maximizers are proved but infinitely many, and the gradient's maximum over them "
            "was found by a search"
        )
    return "the maximizers were found by a search, so others may exist"


def _estimate(d: DirectionalDerivative) -> str:
    shown = f"D(theta; gamma) is about {decimal(float(d))} over those found"
    if d.sign is None:
        return shown
    if d.sign == -1:
        return f"{shown}, at best a lower bound, so descent is not proved"
    return f"{shown}, which speaks against descent but proves nothing"


def _hint(certificate: Theorem3Certificate | None) -> str:
    if certificate is None:
        return " Theorem 3 can prove descent from lipschitz and epsilon under [query]."
    return f" Theorem 3: {certificate.explain()}"


def _proved(sentence: str) -> Answer:
    return Answer(_DESCENT, Verdict.PROVED, sentence, DONE, sure=True)


def _assumed(sentence: str) -> Answer:
    return Answer(_DESCENT, Verdict.PROVED, sentence, DONE)


def _refuted(sentence: str) -> Answer:
    return Answer(_DESCENT, Verdict.REFUTED, sentence, FAILED, sure=True)


def _undecided(sentence: str) -> Answer:
    return Answer(_DESCENT, Verdict.UNDECIDED, sentence, UNDECIDED)


def says(d: DirectionalDerivative | None) -> str:
    """Say whether a direction descends, no stronger than its derivative's bound."""
    if d is None:
        return "no direction: the gradient is 0"
    if d.bound == "exact":
        words = {-1: "descends", 0: "does not descend (D = 0)", 1: "ascends"}
        return words.get(d.sign, "undecided")  # type: ignore[arg-type]
    guesses = {-1: "undecided; seems to descend", 1: "undecided; seems to ascend"}
    return guesses.get(d.sign, "undecided")  # type: ignore[arg-type]
