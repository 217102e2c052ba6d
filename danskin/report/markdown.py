"""A report as Markdown, for GitHub and whatever else reads its dialect.

Formulas stand between dollar signs. Where Markdown would take a formula's backslashes for escapes
of its own, they stand between ``$` `` and `` `$``, GitHub's other form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from danskin.report.content import MARKS, PAPER, VERDICTS, Content, Entry
from danskin.typeset.prose import Piece, evidence, statement, visible

__all__ = ["render"]

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_AT_START = re.compile(r"^(\s*)(?=[-+#>=])|^(\s*\d+)(?=[.)])")
_NAME = re.compile(r"\\operatorname(\*?)\s*(\{[^{}]*\})")
_LINE = re.compile(r"\s*\n\s*")


def render(content: Content) -> str:
    """Return the report as Markdown."""
    blocks = [f"# {_text(content.title)}", _text(PAPER), f"**{_text(content.headline)}**"]
    if content.unexpected:
        blocks.append("\n".join(_unexpected(e) for e in content.unexpected))
    blocks.append(_facts(content))
    if content.groups:
        blocks += [_counts(content), "## Contents", *(_listing(content))]
    blocks += ["## How to read the verdicts", _legend(content)]
    for group in content.groups:
        blocks += [_anchor(group.anchor), f"## {_text(group.title)}"]
        for entry in group.entries:
            blocks += _entry(entry)
    return "\n\n".join(blocks) + "\n"


# --- the summary ---------------------------------------------------------------------------------


def _unexpected(entry: Entry) -> str:
    return f"- [{_inline(evidence(entry.result.title))}](#{entry.anchor}): {_state(entry)}"


def _facts(content: Content) -> str:
    return _table(("", ""), [(_text(name), _text(value)) for name, value in content.facts])


def _counts(content: Content) -> str:
    words = [v.value for v in VERDICTS]
    rows = [
        (
            f"[{_text(g.title)}](#{g.anchor})",
            *(str(g.count(w)) for w in words),
            str(len(g.unexpected)),
            f"{g.seconds:.1f}",
        )
        for g in content.groups
    ]
    totals = [f"**{content.count(w)}**" for w in words]
    seconds = sum(g.seconds for g in content.groups)
    rows.append(("**all**", *totals, f"**{len(content.unexpected)}**", f"**{seconds:.1f}**"))
    heads = ("place in the paper", *words, "not as expected", "seconds")
    return _table(heads, rows, right=range(1, len(heads)))


def _listing(content: Content) -> Iterable[str]:
    for group in content.groups:
        yield f"**[{_text(group.title)}](#{group.anchor})**"
        rows = [
            (
                f"{MARKS[e.result.verdict]} {e.verdict}"
                + ("" if e.result.ok else " (**not** as expected)"),
                f"[{_inline(evidence(e.result.title))}](#{e.anchor})",
                _inline(evidence(e.result.source)),
            )
            for e in group.entries
        ]
        yield _table(("verdict", "claim", "source"), rows)


def _legend(content: Content) -> str:
    named = [(f"{MARKS[v]} {v.value}", meaning) for v, meaning in VERDICTS.items()]
    rows = [*named, *content.methods, *content.kinds]
    return _table(("word", "meaning"), [(_text(a), _text(b)) for a, b in rows])


# --- a claim -------------------------------------------------------------------------------------


def _entry(entry: Entry) -> Iterable[str]:
    result = entry.result
    yield _anchor(entry.anchor)
    yield f"### {_inline(evidence(result.title))}"
    yield f"{_inline(evidence(result.source))} · `{_plain_code(result.id)}`"
    yield f"**{'As printed' if entry.corrected else 'Statement'}**"
    yield from _blocks(statement(result.statement))
    if entry.corrected:
        yield "**Corrected**"
        yield from _blocks(statement(entry.corrected))
    kind = f" · {_text(entry.kind)}" if entry.kind else ""
    method = _text(visible(result.method))
    yield f"{_state(entry)}{kind} · method: {method} · {result.seconds:.2f} s"
    if result.note:
        yield f"> **Note.** {_inline(evidence(result.note))}"
    if result.evidence:
        count = len(result.evidence)
        yield f"<details><summary>Evidence: {count} step{'' if count == 1 else 's'}</summary>"
        lines = enumerate(result.evidence, start=1)
        yield "\n".join(f"{i}. {_inline(evidence(line))}" for i, line in lines)
        yield "</details>"


def _state(entry: Entry) -> str:
    state = entry.state if entry.result.ok else f"**{entry.state}**"
    return f"**{entry.mark} {entry.verdict}**, {state}"


def _anchor(name: str) -> str:
    return f'<a id="{name}"></a>'


# --- pieces --------------------------------------------------------------------------------------


def _blocks(pieces: Sequence[Piece]) -> Iterable[str]:
    """Yield a statement: formulas that stand by themselves as blocks, the rest as paragraphs."""
    inline: list[Piece] = []
    for piece in pieces:
        if piece.kind != "display":
            inline.append(piece)
            continue
        if inline:
            yield _inline(inline)
            inline = []
        body = _formula(piece.body)
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
        yield f"{fence}math\n{body}\n{fence}"
    if inline:
        yield _inline(inline)


def _inline(pieces: Iterable[Piece]) -> str:
    return "".join(_piece(p) for p in pieces)


def _piece(piece: Piece) -> str:
    if piece.kind == "text":
        return _text(piece.body)
    if piece.kind == "code":
        return f"`{_plain_code(piece.body)}`"
    # A bar would end a table's cell.
    body = _formula(piece.body).replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("`", "'")
    if re.search(r"\\[^A-Za-z]|[*<>&]|_\\?[^\w\\{]", body):
        return f"$`{body}`$"
    return f"${body}$"


def _text(text: str) -> str:
    """Escape everything that Markdown or HTML would read as its own."""
    text = _one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    return _AT_START.sub(r"\1\2\\", _SPECIAL.sub(r"\\\1", text))


def _formula(latex: str) -> str:
    r"""Write a formula without ``\operatorname``, which GitHub refuses."""
    return _NAME.sub(
        lambda m: rf"\mathop{{\mathrm{m[2]}}}" + ("" if m[1] else r"\nolimits"), _one_line(latex)
    )


def _plain_code(text: str) -> str:
    return _one_line(visible(text)).replace("`", "'").replace("|", "¦")


def _one_line(text: str) -> str:
    return _LINE.sub(" ", text.strip("\n"))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    numeric = set(right)
    rule = ["---:" if i in numeric else "---" for i in range(len(heads))]
    lines = [heads, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
