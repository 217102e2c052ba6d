"""A claim: a statement of the paper, the objects it is about, and a proof that can be run.

A claim carries its objectives (`objects`) and its claimed values (`claimed`) as data, and its
proof receives both: nothing is retyped inside, so that `Claim.run` with another objective or
another claimed value is the same proof of a different statement, and fails where that is false.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from danskin.claims.argument import Argument
from danskin.claims.notebook import claims_html, results_html
from danskin.errors import DanskinError, InvalidInputError
from danskin.typeset import never_raises
from danskin.verdict import Verdict

__all__ = ["Claim", "ClaimResult", "VerifyReport"]


@dataclass(frozen=True)
class ClaimResult:
    """The outcome of running one claim.

    Attributes
    ----------
    id, title, source, statement : str
        The claim's; `statement` is LaTeX.
    verdict, expected : Verdict
    method : str
        "symbolic", "decision procedure", "exact arithmetic", "interval enclosures", "numeric
        evidence", or several of these joined by " + ".
    evidence : tuple of str
        The argument, a step a line.
    seconds : float
    note : str
        Why, where the verdict is not the expected one or is undecided; else empty.
    corrected : str
        The corrected statement (LaTeX) beside the printed one; empty where there is none.
    kind : str
        What the claim is, see `Claim`.
    """

    id: str
    title: str
    source: str
    statement: str
    verdict: Verdict
    expected: Verdict
    method: str
    evidence: tuple[str, ...]
    seconds: float
    note: str = ""
    corrected: str = ""
    kind: str = ""

    @property
    def ok(self) -> bool:
        """Whether the verdict is the expected one."""
        return self.verdict is self.expected

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "source": self.source,
            "statement": self.statement,
            "verdict": self.verdict.value,
            "expected": self.expected.value,
            "ok": self.ok,
            "method": self.method,
            "evidence": list(self.evidence),
            "seconds": self.seconds,
            "note": self.note,
            "corrected": self.corrected,
            "kind": self.kind,
        }

    def explain(self) -> str:
        """Return the statement's title, its verdict and the whole argument as text."""
        lines = [f"{self.title} ({self.source}): {self.verdict}, by {self.method}."]
        lines += [f"  {line}" for line in self.evidence]
        return "\n".join([*lines, self.note] if self.note else lines)

    def __repr__(self) -> str:
        mark = "" if self.ok else f", expected {self.expected}"
        return f"ClaimResult({self.id}: {self.verdict}{mark}, {self.method}, {self.seconds:.2f} s)"

    @never_raises
    def _repr_html_(self) -> str:
        return results_html([self])


@dataclass(frozen=True)
class Claim:
    """A statement with its proof.

    Attributes
    ----------
    id : str
        In kebab-case.
    title, source : str
        `source` is the place in the paper.
    statement : str
        LaTeX.
    expected : Verdict
        What the proof is meant to establish.
    methods : tuple of str
        By which means it does.
    objects : mapping
        The objectives (and other objects) that the statement is about, by name.
    claimed : mapping
        The claimed values by name: exact numbers or formulas as text, sets, points.
    prove : callable
        ``prove(argument, claimed, **objects)``; writes its steps into an `Argument`.
    corrected : str
        Where the statement is refuted as printed: the corrected one, LaTeX; else empty.
    kind : str
        One of "statement", "error as printed", "correction", "slip", "sharpening", "extraction
        artefact" (a difference that comes from the text's extraction, not from the authors),
        "ours"; or empty.
    uses : tuple of str
        The ids of the claims that the proof rests on; "theorem-1" wherever D is Danskin's maximum.
    """

    id: str
    title: str
    source: str
    statement: str
    expected: Verdict
    methods: tuple[str, ...]
    objects: Mapping[str, Any] = field(repr=False)
    claimed: Mapping[str, Any] = field(repr=False)
    prove: Callable[..., None] = field(repr=False)
    corrected: str = ""
    kind: str = ""
    uses: tuple[str, ...] = ()

    def run(self, *, claimed: Mapping[str, Any] | None = None, **objects: Any) -> ClaimResult:
        """Run the proof.

        Parameters
        ----------
        claimed : mapping, optional
            Other values for some of the claimed ones.
        **objects
            Other objectives in place of some of `objects`.

        Raises
        ------
        InvalidInputError
            A name that the claim does not have.

        Notes
        -----
        A proof that cannot be carried out (an objective outside the exact classes, say) is
        undecided, with the reason in `note`.
        """
        values = _override(self.claimed, claimed or {}, "claimed")
        things = _override(self.objects, objects, "objects")
        argument = Argument()
        if self.uses:
            argument.say(f"Rests on the claims {', '.join(self.uses)}.")
        start = time.perf_counter()
        try:
            self.prove(argument, values, **things)
            verdict, note = argument.verdict, argument.note
        except DanskinError as error:
            verdict, note = Verdict.UNDECIDED, f"The proof stopped: {error}"
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # Another objective may have other numbers of maximizers, or another kind of set, than
            # the proof fits.
            why = f"{type(error).__name__}: {error}"
            verdict, note = Verdict.UNDECIDED, f"The proof does not fit this objective ({why})"
        seconds = time.perf_counter() - start
        return ClaimResult(
            id=self.id,
            title=self.title,
            source=self.source,
            statement=self.statement,
            verdict=verdict,
            expected=self.expected,
            method=" + ".join(argument.methods or self.methods),
            evidence=tuple(argument.lines),
            seconds=seconds,
            note=note,
            corrected=self.corrected,
            kind=self.kind,
        )

    def __repr__(self) -> str:
        return f"Claim({self.id}: {self.title}, expected {self.expected})"

    @never_raises
    def _repr_html_(self) -> str:
        return claims_html([self])


def _override(default: Mapping[str, Any], given: Mapping[str, Any], what: str) -> dict[str, Any]:
    for name in given:
        if name not in default:
            known = ", ".join(default) or "none"
            raise InvalidInputError(
                name, f"the claim has no such name in its {what}", f"It has: {known}."
            )
    return {**default, **given}


class VerifyReport(Sequence[ClaimResult]):
    """The results of `verify`, in the order of the claims."""

    def __init__(self, results: Sequence[ClaimResult]) -> None:
        self.results = tuple(results)

    @property
    def ok(self) -> bool:
        """Whether every claim came out as expected."""
        return all(r.ok for r in self.results)

    @property
    def seconds(self) -> float:
        """Total time."""
        return sum(r.seconds for r in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {"claims": [r.to_dict() for r in self.results]}

    @overload
    def __getitem__(self, index: int) -> ClaimResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ClaimResult, ...]: ...
    def __getitem__(self, index: int | slice) -> ClaimResult | tuple[ClaimResult, ...]:
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[ClaimResult]:
        return iter(self.results)

    def __repr__(self) -> str:
        counts = {v: sum(r.verdict is v for r in self.results) for v in Verdict}
        told = ", ".join(f"{n} {v}" for v, n in counts.items() if n)
        state = "all as expected" if self.ok else "NOT all as expected"
        return f"VerifyReport({len(self)} claims: {told}; {state}; {self.seconds:.1f} s)"

    @never_raises
    def _repr_html_(self) -> str:
        return results_html(self.results)
