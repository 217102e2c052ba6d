"""The problem as text: each sample's formula, its parameters and its set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from danskin.errors import DanskinError, InvalidInputError
from danskin.expression import parse
from danskin.proof.saving.words import Words
from danskin.sets import Ball, Box, FiniteSet, Product

__all__ = ["problems_data"]


def problems_data(state: Any, samples: Sequence[Any], words: Words) -> list[dict[str, Any]]:
    """Return the samples' formulas, parameters and sets."""
    s = state.f
    variables = (*s.theta_symbols, *s.delta_symbols)
    if state.shared is not None:
        template, rows = state.shared
        symbols = [words.new(f"c{i + 1}") for i in range(len(rows[0]))]
        put = {sympy.Symbol(f"c {i + 1}"): c for i, c in enumerate(symbols)}
        shape = template.expr.xreplace(put)
        g = words.formula(shape, (*variables, *symbols), "g")
        parameters = [
            {c.name: words.text(x) for c, x in zip(symbols, row, strict=True)} for row in rows
        ]
    else:
        g, values = (s.text, s.parameters) if s._from_text else (None, {})
        parameters = [{n: words.text(v) for n, v in values.items()}]
        try:
            known = {n: parse(v, words.names(), n) for n, v in parameters[0].items()}
            known |= {v.name: v for v in variables}
            same = g is not None and parse(g, known, "g") == s.expression
        except DanskinError:
            same = False
        if not same:
            g, parameters = words.formula(s.expression, variables, "g"), [{}]
    if g is None:
        raise InvalidInputError(
            "proof", "the formula of g does not survive as text", "Give g as text."
        )
    names = [d.name for d in s.delta_symbols]
    return [
        {"g": g, "parameters": p, "delta": names, "set": _set_data(samples[i].domain, words)}
        for i, p in zip(state.indices, parameters, strict=True)
    ]


def _set_data(domain: Any, words: Words) -> Any:
    """Return a set's plain data, its numbers in words that can be read back."""
    if isinstance(domain, Product):
        return {"product": [_set_data(s, words) for s in domain.sets]}
    if isinstance(domain, Box):
        ends = zip(domain.exact_lo, domain.exact_hi, strict=True)
        return {"box": [[words.text(a), words.text(b)] for a, b in ends]}
    if isinstance(domain, FiniteSet):
        return {"points": [[words.text(c) for c in p] for p in domain.exact_points]}
    if isinstance(domain, Ball):
        ball = domain.to_dict()["ball"]
        center = [words.text(c) for c in domain.exact_center]
        return {"ball": {**ball, "center": center, "radius": words.text(domain.exact_radius)}}
    return domain.to_dict()
