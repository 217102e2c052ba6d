"""A report as one HTML page that needs nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from danskin.report.content import MARKS, PAPER, VERDICTS, Content
from danskin.typeset.html import evidence_html, statement_html
from danskin.typeset.prose import visible

if TYPE_CHECKING:
    from danskin.report.pictures import Picture

__all__ = ["render"]


def render(content: Content, pictures: Sequence[Picture]) -> str:
    """Return the page."""
    css, js = _read("page.css"), _read("page.js")
    # Should text from outside ever slip through as markup, it still cannot run or load anything.
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{_digest(js)}'; base-uri 'none'; form-action 'none'"
    )
    return _template().render(
        c=content,
        css=Markup(css),
        js=Markup(js),
        marks=MARKS,
        paper=PAPER,
        pictures=pictures,
        policy=policy,
        verdicts=VERDICTS,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {
        "evidence": evidence_html,
        "statement": statement_html,
        "visible": visible,
    }
    return environment.from_string(_read("page.html.jinja"))


@cache
def _read(name: str) -> str:
    return resources.files("danskin.report").joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
