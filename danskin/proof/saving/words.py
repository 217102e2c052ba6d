"""Exact numbers and formulas as text that reads as the same, and floats in full."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import sympy

from danskin.errors import DanskinError, InvalidInputError
from danskin.exact import compare, enclose
from danskin.expression import parse
from danskin.proof.elementary import ball_bounds

__all__ = ["Words", "hexadecimal"]

#: Of a fraction.
_MAX_DIGITS = 3_000
#: Of an expression written out.
_MAX_TEXT = 4_000


class Words:
    """Exact numbers and formulas as text; roots of polynomials get names, told in `roots`."""

    def __init__(self, samples: Sequence[Any], numbers: Iterable[Any]) -> None:
        self._taken = {s.name for f in samples for s in (*f.theta_symbols, *f.delta_symbols)}
        self._taken |= {n for f in samples for n in getattr(f, "parameters", {})}
        self._roots: dict[Any, Any] = {}
        self.roots: dict[str, Any] = {}

    def new(self, name: str) -> Any:
        """Return a symbol whose name stands for nothing else."""
        names = itertools.chain([name], (f"{name}_{i}" for i in itertools.count()))
        found = next(n for n in names if n not in self._taken)
        self._taken.add(found)
        return sympy.Symbol(found)

    def _named(self, expr: Any) -> Any:
        for root in expr.atoms(sympy.CRootOf):
            if root not in self._roots:
                ball = ball_bounds(enclose(root, 64))
                symbol = self._roots[root] = self.new("root")
                self.roots[symbol.name] = {
                    "polynomial": [str(c) for c in root.poly.all_coeffs()],
                    "in": [str(sympy.Rational(*x.as_integer_ratio())) for x in ball],
                }
        return expr.xreplace(self._roots)

    def names(self) -> dict[str, Any]:
        """Return the roots that have a name."""
        return {symbol.name: root for root, symbol in self._roots.items()}

    def text(self, number: Any) -> str:
        """Return an exact number as a formula that reads as the same number."""
        text = str(number)
        if number.is_Rational and len(text) <= _MAX_DIGITS:
            return text
        text = str(self._named(number))
        try:
            same = compare(parse(text, self.names(), "number"), number) == 0
        except DanskinError:
            same = False
        if not same:
            raise InvalidInputError(
                "proof", f"{text[:60]} cannot be written as a formula", "Simplify the problem."
            )
        return text

    def formula(self, expr: Any, symbols: Sequence[Any], known: Any = None) -> str | None:
        """Return an expression as text that reads as the same; None where there is none."""
        if expr is None:
            return None
        text = str(self._named(sympy.S(expr)))
        if len(text) > _MAX_TEXT and known is None:
            return None
        try:
            found = parse(text, {**self.names(), **{s.name: s for s in symbols}}, "g")
        except DanskinError:
            return None
        return text if found == expr or sympy.expand(found - expr) == 0 else None


def hexadecimal(x: float) -> str | None:
    """Return a float exactly; None where it is not finite."""
    return float(x).hex() if math.isfinite(x) else None
