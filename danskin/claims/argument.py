"""An argument: the steps of a proof as they are made, each with its means and its verdict.

The argument's verdict is that of its weakest step. A *part* belongs to the statement itself, so
an exact refutation of a part refutes the statement. A *lemma* is a step of the way there: where it
fails, the argument is undecided, never refuted (the numbers that break an abstract step need not
come from an objective). A statement that is to be *refuted* needs a witness, all of whose
hypotheses are proved and whose conclusion is refuted. What no machine has checked, such as a limit
or a compactness argument, is a *written* step, and the claim's method says that it has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from danskin.claims.notation import typeset
from danskin.errors import DanskinError
from danskin.exact import sign, tidy
from danskin.limits import time_limit
from danskin.verdict import Verdict

__all__ = [
    "DECISION",
    "ENCLOSED",
    "EXACT",
    "NUMERIC",
    "SYMBOLIC",
    "WRITTEN",
    "Argument",
    "conjunction",
    "decided",
    "equal",
    "ordered",
]

SYMBOLIC = "symbolic"
DECISION = "decision procedure"
EXACT = "exact arithmetic"
ENCLOSED = "interval enclosures"
WRITTEN = "written argument"
NUMERIC = "numeric evidence"
_ORDER = (SYMBOLIC, DECISION, EXACT, ENCLOSED, WRITTEN, NUMERIC)

_PROVED, _REFUTED, _UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED


def conjunction(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of "all of these"."""
    if _REFUTED in verdicts:
        return _REFUTED
    return _UNDECIDED if _UNDECIDED in verdicts else _PROVED


def decided(holds: bool | None) -> Verdict:
    """Turn True, False, or None (not decided) into a verdict."""
    return _UNDECIDED if holds is None else _PROVED if holds else _REFUTED


def equal(a: Any, b: Any) -> Verdict:
    """Decide whether two exact numbers are equal."""
    return ordered(a, "==", b)


def ordered(a: Any, relation: str, b: Any) -> Verdict:
    """Decide ``a relation b`` for exact numbers; relation is one of < <= == >= >.

    A float is never decided: it may be rounded.
    """
    if a is None or b is None or isinstance(a, float) or isinstance(b, float):
        return _UNDECIDED
    try:
        with time_limit(10, "comparing two numbers"):
            which = sign(tidy(sympy.S(a) - sympy.S(b)))
    except DanskinError:
        which = None
    if which is None:
        return _UNDECIDED
    allowed = {"<": (-1,), "<=": (-1, 0), "==": (0,), ">=": (0, 1), ">": (1,)}
    return decided(which in allowed[relation])


class Argument:
    """Collects the steps of a proof.

    Attributes
    ----------
    lines : list of str
        The evidence, a step a line.
    methods : tuple of str
        The means used so far, strongest first.
    verdict : Verdict
    note : str
        The steps that keep the verdict from being reached, in words.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._methods: set[str] = set()
        self._parts: list[Verdict] = []
        self._lemmas: list[Verdict] = []
        self._witnesses: list[Verdict] = []
        self._failed: list[str] = []

    @property
    def methods(self) -> tuple[str, ...]:
        """The means used, the strongest first: symbolic, ..., written, numeric."""
        return tuple(m for m in _ORDER if m in self._methods)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the statement; undecided where nothing was shown."""
        if self._witnesses:
            good = all(w is _REFUTED for w in self._witnesses)
            sound = conjunction([*self._parts, *self._lemmas]) is _PROVED
            return _REFUTED if good and sound else _UNDECIDED
        if _REFUTED in self._parts:
            return _REFUTED
        steps = [*self._parts, *self._lemmas]
        return _PROVED if steps and conjunction(steps) is _PROVED else _UNDECIDED

    @property
    def note(self) -> str:
        """Why the statement is not settled as announced, or an empty text; undecided has one."""
        if not (self._parts or self._lemmas or self._witnesses):
            return "nothing was shown"
        return "; ".join(self._failed)

    def say(self, text: str) -> None:
        """Add a line that explains and proves nothing; "    " at its start: of the step before."""
        self.lines.append(typeset(text))

    def written(self, text: str) -> None:
        """Add a step that a reader has to check: it is written out, and no machine decides it.

        It follows from the steps before it and from textbook facts (limits, compactness, the mean
        value theorem); it does not change the verdict, but the method of the claim names it.
        """
        self._methods.add(WRITTEN)
        self.lines.append(typeset(f"Written: {text}"))

    def part(self, text: str, verdict: Verdict, method: str) -> Verdict:
        """Add a part of the statement, with its verdict."""
        return self._step(self._parts, text, verdict, method)

    def lemma(self, text: str, verdict: Verdict, method: str) -> Verdict:
        """Add a step on the way; the argument falls with it, the statement does not."""
        return self._step(self._lemmas, text, verdict, method)

    def evidence(self, text: str, agrees: bool) -> None:
        """Add numeric evidence: it proves nothing, but disagreement leaves things undecided."""
        self._step(self._lemmas, text, decided(True) if agrees else _UNDECIDED, NUMERIC)

    def witness(self, text: str, hypotheses: Sequence[Verdict], conclusion: Verdict) -> Verdict:
        """Add a witness against a universal statement "hypotheses imply conclusion".

        It refutes the statement where every hypothesis is proved and the conclusion refuted.
        Every witness that is offered has to hold.
        """
        holds = conjunction(hypotheses) is _PROVED and conclusion is _REFUTED
        verdict = _REFUTED if holds else _UNDECIDED
        self._methods.add(EXACT)
        self._witnesses.append(verdict)
        self.lines.append(typeset(text if holds else f"{text} [not a witness]"))
        if not holds:
            self._failed.append(typeset(f"not a witness: {text}"))
        return verdict

    def used(self, method: str) -> None:
        """Note a further means behind the last step."""
        self._methods.add(method)

    def _step(self, where: list[Verdict], text: str, verdict: Verdict, method: str) -> Verdict:
        self._methods.add(method)
        where.append(verdict)
        self.lines.append(typeset(text if verdict is _PROVED else f"{text} [{verdict}]"))
        if verdict is not _PROVED:
            self._failed.append(typeset(f"{verdict}: {text}"))
        return verdict
