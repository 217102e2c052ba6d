"""Statements and lines of evidence as HTML: text escaped, formulas as MathML."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from danskin.typeset.mathml import to_mathml
from danskin.typeset.prose import Piece, evidence, statement

__all__ = ["evidence_html", "formula_html", "statement_html"]


def statement_html(latex: str) -> Markup:
    """Return a statement: prose with formulas between dollar signs, or one formula."""
    return _markup(statement(latex))


def evidence_html(line: str) -> Markup:
    """Return a line of plain text, with formulas between dollar signs and code in backticks."""
    return _markup(evidence(line))


def formula_html(latex: str, *, display: bool = False) -> Markup:
    """Return a formula as MathML; one that cannot be shown whole as its LaTeX."""
    mathml = to_mathml(latex, display=display)
    if mathml is None:
        return Markup('<code class="tex">{}</code>').format(latex)
    return Markup(mathml)  # built from known elements by to_mathml, its text escaped


def _markup(pieces: Iterable[Piece]) -> Markup:
    return Markup("").join(_piece(piece) for piece in pieces)


def _piece(piece: Piece) -> Markup:
    if piece.kind == "text":
        return escape(piece.body)
    if piece.kind == "code":
        return Markup("<code>{}</code>").format(piece.body)
    if piece.kind == "display":
        shown = formula_html(piece.body, display=True)
        return Markup('<span class="display">{}</span>').format(shown)
    return formula_html(piece.body)
