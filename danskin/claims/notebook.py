"""Claims and their results as HTML for a notebook: formulas as MathML, all text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from danskin.typeset.html import evidence_html, statement_html
from danskin.typeset.prose import visible
from danskin.verdict import Verdict

if TYPE_CHECKING:
    from danskin.claims.core import Claim, ClaimResult

__all__ = ["claims_html", "results_html"]

_MARKS = {Verdict.PROVED: "✓", Verdict.REFUTED: "✗", Verdict.UNDECIDED: "?"}
#: Jupyter aligns cells to the right; prose is read from the left.
_CELL = Markup('<td style="text-align:left;vertical-align:top">{}</td>')
_HEAD = Markup('<th style="text-align:left">{}</th>')


def claims_html(claims: Sequence[Claim]) -> str:
    """Return a table of claims before they are run: what is stated, and what is expected."""
    rows = [
        (
            evidence_html(c.source),
            Markup("<b>{}</b>{}").format(
                evidence_html(c.title), _versions(c.statement, c.corrected)
            ),
            f"{c.expected} (expected; not run)",
            " + ".join(c.methods),
            visible(c.id),
        )
        for c in claims
    ]
    return _table(("source", "claim", "verdict", "method", "id"), rows)


def results_html(results: Sequence[ClaimResult]) -> str:
    """Return a table of results, the evidence folded."""
    rows = []
    for r in results:
        steps = Markup("").join(Markup("<li>{}</li>").format(evidence_html(s)) for s in r.evidence)
        note = Markup("<p>{}</p>").format(evidence_html(r.note)) if r.note else ""
        claim = Markup(
            "<b>{}</b>{}{}<details><summary>evidence: {}</summary><ol>{}</ol></details>"
        ).format(
            evidence_html(r.title),
            _versions(r.statement, r.corrected),
            note,
            len(r.evidence),
            steps,
        )
        odd = "" if r.ok else Markup("<br><b>not as expected</b> ({})").format(r.expected)
        verdict = Markup("{} {}{}").format(_MARKS[r.verdict], r.verdict, odd)
        rows.append(
            (evidence_html(r.source), claim, verdict, visible(r.method), f"{r.seconds:.2f} s")
        )
    return _table(("source", "claim", "verdict", "method", "time"), rows)


def _versions(statement: str, corrected: str) -> Markup:
    if not corrected:
        return Markup("<div>{}</div>").format(statement_html(statement))
    return Markup("<div><i>As printed:</i> {}</div><div><i>Corrected:</i> {}</div>").format(
        statement_html(statement), statement_html(corrected)
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = Markup("").join(_HEAD.format(h) for h in heads)
    lines = [
        Markup("<tr>{}</tr>").format(Markup("").join(_CELL.format(c) for c in row)) for row in rows
    ]
    body = Markup("").join(lines)
    return str(
        Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)
    )
