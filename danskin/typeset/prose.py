"""Text with formulas in it, cut into pieces.

A statement is LaTeX: either prose with formulas between dollar signs, or one formula and nothing
else. A line of evidence is plain text, in which formulas between dollar signs and code between
backticks may stand. A dollar sign that opens nothing is a dollar sign.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Piece", "evidence", "statement", "visible"]


@dataclass(frozen=True)
class Piece:
    """A run of text, of code, or a formula in LaTeX; "display" formulas stand by themselves."""

    kind: Literal["text", "code", "math", "display"]
    body: str


_MATH = re.compile(
    r"""
    \$\$ (?P<display> .+? ) \$\$
  | \\\[ (?P<bracket> .+? ) \\\]
  | \\\( (?P<paren> .+? ) \\\)
  | (?<!\\) \$ (?! [\s$] ) (?P<dollar> (?: [^$\\] | \\. )+? ) (?<! \s ) \$ (?! \d )
    """,
    re.VERBOSE | re.DOTALL,
)
_CODE = re.compile(r"`([^`\n]+)`")
_GROUP = re.compile(r"\\(?:text(?:rm|bf|it|tt|normal)?|mbox|emph)\s*\{[^{}]*\}")
_PROSE = (
    (re.compile(r"\\(?:emph|text(?:rm|bf|it|tt|normal)?|mbox)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\(?:q?quad|[,;: ])|(?<!\\)~"), "\N{NO-BREAK SPACE}"),
    (re.compile(r"\\\\"), " "),
    (re.compile(r"\\S(?![A-Za-z])\s?"), "\N{SECTION SIGN}"),
    (re.compile(r"\\([&%#_$])"), r"\1"),
    (re.compile(r"``(.*?)''"), "“\\1”"),
    (re.compile(r"(?<!-)--(?!-)"), "\N{EN DASH}"),
)


def statement(latex: str) -> list[Piece]:
    """Cut a statement into pieces."""
    pieces = _cut(visible(latex).strip())
    if len(pieces) == 1 and pieces[0].kind == "text":
        body = pieces[0].body
        return [Piece("display", body) if _is_formula(body) else Piece("text", _prose(body))]
    return [Piece("text", _prose(p.body)) if p.kind == "text" else p for p in pieces]


def evidence(line: str) -> list[Piece]:
    """Cut a line of evidence into pieces."""
    pieces: list[Piece] = []
    for piece in _cut(visible(line)):
        if piece.kind != "text":
            pieces.append(piece)
            continue
        for i, part in enumerate(_CODE.split(piece.body)):
            if part:
                pieces.append(Piece("code" if i % 2 else "text", part))
    return pieces


def visible(text: str) -> str:
    """Write control characters out: what is shown is what is there."""
    return "".join(c if c.isprintable() or c in "\n\t\xa0" else ascii(c)[1:-1] for c in text)


def _cut(text: str) -> list[Piece]:
    # A formula within \text{...} belongs to the formula around it.
    masked = _GROUP.sub(lambda m: m[0].replace("$", "\ue003"), text)
    pieces: list[Piece] = []
    end = 0
    for match in _MATH.finditer(masked):
        if match.start() > end:
            pieces.append(Piece("text", text[end : match.start()]))
        kind = next(k for k, v in match.groupdict().items() if v is not None)
        start, stop = match.span(kind)
        shown = kind in ("display", "bracket")
        pieces.append(Piece("display" if shown else "math", text[start:stop]))
        end = match.end()
    if end < len(text):
        pieces.append(Piece("text", text[end:]))
    return pieces


def _is_formula(text: str) -> bool:
    """Tell a formula from prose: by a command or a script, or by having no two words in a row."""
    text = re.sub(r"\\(?:S(?![A-Za-z])|emph\s*\{[^{}]*\})", "word", text)
    if re.search(r"\\[A-Za-z|{]|[\^_]", text):
        return True
    return bool(text) and not re.search(r"[^\W\d_]{2,}[,;:]?\s+[^\W\d_]{2,}", text)


def _prose(text: str) -> str:
    for pattern, replacement in _PROSE:
        text = pattern.sub(replacement, text)
    return text
