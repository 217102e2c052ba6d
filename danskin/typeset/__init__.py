"""Mathematics for readers: numbers, vectors and sets as LaTeX; statements as MathML and HTML.

`formulas` writes LaTeX from exact numbers and sets, so that a notebook reads like a blackboard.
`prose` cuts text at its formulas, `mathml` turns a formula into what a browser typesets by itself,
and `html` puts both together with everything from outside escaped.
"""

from __future__ import annotations

from danskin.typeset.formulas import (
    aligned,
    at_least,
    display,
    names,
    never_raises,
    number,
    set_latex,
    symbol_names,
    vector,
)

__all__ = [
    "aligned",
    "at_least",
    "display",
    "names",
    "never_raises",
    "number",
    "set_latex",
    "symbol_names",
    "vector",
]
