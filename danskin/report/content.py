"""What a report says, in the order in which it says it; the page and the Markdown share it."""

from __future__ import annotations

import datetime
import platform
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from typing import Any

import danskin
from danskin.claims import ClaimResult, VerifyReport
from danskin.errors import InvalidInputError
from danskin.typeset.prose import visible
from danskin.verdict import Verdict

__all__ = [
    "KINDS",
    "MARKS",
    "METHODS",
    "PAPER",
    "TITLE",
    "VERDICTS",
    "Content",
    "Entry",
    "Group",
    "content",
]

TITLE = "Finding descent directions for adversarial training: the statements, checked"
PAPER = "Finding Actual Descent Directions for Adversarial Training (ICLR 2023)"

#: What each verdict means.
VERDICTS = {
    Verdict.PROVED: "an exact argument establishes the statement as it stands",
    Verdict.REFUTED: "an exact example meets every hypothesis and not the conclusion; for a false "
    "statement this is the expected verdict",
    Verdict.UNDECIDED: "neither; the note says why",
}
#: What each means of proof is.
METHODS = {
    "symbolic": "SymPy, for all values of the variables: identities, Sturm’s theorem, and "
    "certificates: with (H) h > 0 and (K) k ≥ 0 standing for h and k, and NOT for the negated "
    "conclusion, a formula such as NOT + H*K that is 0 identically and, by its form, positive; so "
    "they cannot hold together",
    "decision procedure": "the same statement put to z3, which finds no exception",
    "exact arithmetic": "rational and algebraic numbers, never rounded",
    "interval enclosures": "intervals around g and its derivatives on cells that cover S, rounded "
    "outward",
    "written argument": "a step written out for the reader (a limit, compactness, putting steps "
    "together), which no machine has checked",
    "numeric evidence": "floating point; it supports and proves nothing",
}
#: What kind of difference from the paper a claim is about.
KINDS = {
    "statement": "a statement of the paper",
    "error": "false as printed; the corrected statement stands beside it",
    "error as printed": "false as printed; the corrected statement stands beside it",
    "correction": "what holds in place of an error",
    "slip": "a small mistake that nothing rests on",
    "sharpening": "true as printed, and more is true",
    "extraction artefact": "the text at hand lost a sign or a letter; the authors did not",
    "ours": "not in the paper",
}
MARKS = {Verdict.PROVED: "✓", Verdict.REFUTED: "✗", Verdict.UNDECIDED: "?"}
_SECTIONS = {
    "1": "Introduction",
    "2": "The false corollary and the two derivatives",
    "3": "A counterexample at a point that is not locally optimal",
    "4": "Danskin’s descent direction",
    "5": "Experiments",
    "6": "Related work",
    "7": "Conclusion",
    "A": "More on counterexamples",
    "B": "More on the experiments",
    "C": "Proof of Theorem 2",
    "D": "Proof of Theorem 3",
    "E": "Proof of Lemma 1",
}
_PLACE = re.compile(r"\b(?:Section\s+(?P<number>\d)|Appendix\s+(?P<letter>[A-Z])\b)")
#: Where a statement stands that is cited by its name alone.
_NAMED = {
    "Theorem 1": "2", "Definition 1": "2", "Corollary 1": "2", "Lemma 1": "2",
    "Counterexample 1": "2", "Counterexample 2": "3", "Theorem 2": "4", "Theorem 3": "4",
    "Algorithm 1": "4",
}  # fmt: skip
_PACKAGES = ("sympy", "z3-solver", "python-flint", "numpy", "scipy")


@dataclass(frozen=True)
class Entry:
    """A claim's result, as it is shown.

    Attributes
    ----------
    result : ClaimResult
    anchor : str
        Unique on the page.
    mark : str
        A sign beside the verdict's word.
    state : str
        "as expected", or what was expected instead.
    kind, corrected : str
        Empty where the claim has none.
    """

    result: ClaimResult
    anchor: str
    mark: str
    state: str
    kind: str
    corrected: str

    @property
    def verdict(self) -> str:
        """The verdict's word."""
        return self.result.verdict.value


@dataclass(frozen=True)
class Group:
    """The claims of one section."""

    title: str
    anchor: str
    entries: tuple[Entry, ...]

    def count(self, verdict: str) -> int:
        """Return how many claims have the verdict."""
        return sum(e.verdict == verdict for e in self.entries)

    @property
    def unexpected(self) -> tuple[Entry, ...]:
        """The claims whose verdict is not the expected one."""
        return tuple(e for e in self.entries if not e.result.ok)

    @property
    def seconds(self) -> float:
        """Total time."""
        return sum(e.result.seconds for e in self.entries)


@dataclass(frozen=True)
class Content:
    """Everything that a report says.

    Attributes
    ----------
    title, date, headline : str
    groups : tuple of Group
    facts : tuple of (str, str)
        Name and value: the version, the date, the time taken.
    kinds, methods : tuple of (str, str)
        Those that occur, with their meaning.
    """

    title: str
    headline: str
    groups: tuple[Group, ...]
    facts: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    methods: tuple[tuple[str, str], ...]
    ok: bool

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All claims."""
        return tuple(e for g in self.groups for e in g.entries)

    @property
    def unexpected(self) -> tuple[Entry, ...]:
        """The claims whose verdict is not the expected one."""
        return tuple(e for e in self.entries if not e.result.ok)

    def count(self, verdict: str) -> int:
        """Return how many claims have the verdict."""
        return sum(g.count(verdict) for g in self.groups)


def content(report: VerifyReport, title: str, date: datetime.date | str | None) -> Content:
    """Sort a report's results into sections and put its summary into words."""
    if not isinstance(report, VerifyReport):
        raise InvalidInputError(
            "report", f"{type(report).__name__} is not a VerifyReport", "Pass danskin.verify()."
        )
    taken: set[str] = set()
    groups: dict[str, list[Entry]] = {}
    for result in report:
        groups.setdefault(_section(result), []).append(_entry(result, taken))
    numbered = tuple(
        Group(_heading(section), f"section-{section.lower() or 'ours'}", tuple(groups[section]))
        for section in sorted(groups, key=_order)
    )
    seconds = sum(r.seconds for r in report)
    facts = [("danskin", danskin.__version__)]
    if date:
        facts.append(("date", visible(str(date))))
    facts += [("time for all claims", _duration(seconds)), ("checked with", _environment())]
    entries = [e for g in numbered for e in g.entries]
    kinds = Counter(e.kind for e in entries if e.kind)
    means = Counter(m for r in report for m in r.method.split(" + "))
    return Content(
        title=visible(title),
        headline=_headline(report),
        groups=numbered,
        facts=tuple(facts),
        kinds=tuple((k, KINDS.get(k, "")) for k in kinds),
        methods=tuple((m, text) for m, text in METHODS.items() if m in means),
        ok=report.ok,
    )


def _entry(result: ClaimResult, taken: set[str]) -> Entry:
    anchor = base = re.sub(r"[^a-z0-9]+", "-", result.id.lower()).strip("-") or "claim"
    # No claim may take an anchor of the page's own.
    if re.fullmatch(r"section-\w+|summary|pictures|contents|claims", base):
        anchor = base = f"claim-{base}"
    number = 2
    while anchor in taken:
        anchor, number = f"{base}-{number}", number + 1
    taken.add(anchor)
    state = "as expected" if result.ok else f"not as expected: {result.expected.value} was expected"
    return Entry(
        result=result,
        anchor=anchor,
        mark=MARKS[result.verdict],
        state=state,
        kind=_word(getattr(result, "kind", "")),
        corrected=str(getattr(result, "corrected", "") or ""),
    )


def _word(kind: Any) -> str:
    text = str(kind.value if isinstance(kind, Enum) else kind or "")
    return visible(text).replace("_", " ").strip().lower()


def _section(result: ClaimResult) -> str:
    """Return the section or appendix in which a claim stands, by its source; empty for ours."""
    if result.source.lower().startswith("ours"):
        return ""
    if place := _PLACE.search(result.source):
        return place["number"] or place["letter"]
    return next((s for name, s in _NAMED.items() if name in result.source), "")


def _order(section: str) -> tuple[bool, bool, str]:
    """Sections, then appendices, then what is not in the paper."""
    return not section, section.isalpha(), section


def _heading(section: str) -> str:
    if not section:
        return "Beyond the paper"
    name = f"{'Appendix' if section.isalpha() else 'Section'} {section}"
    return f"{name}: {_SECTIONS[section]}" if section in _SECTIONS else name


def _headline(report: Sequence[ClaimResult]) -> str:
    total = len(report)
    noun = "claim" if total == 1 else "claims"
    wrong = sum(not r.ok for r in report)
    if total == 0:
        return "No claim was checked."
    if wrong == 0:
        every = "The one claim" if total == 1 else f"All {total} claims"
        return f"{every} came out as expected."
    return f"{wrong} of {total} {noun} did not come out as expected."


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _environment() -> str:
    """Return what the proofs rest on, with versions."""
    found = [f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)
