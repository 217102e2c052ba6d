"""The numbers a Gram matrix is made of, as a field in which elimination is exact and quick.

Rational entries: Fractions. Square roots: their own arithmetic (`quadratic`). Other algebraic
entries: SymPy's field ``Q(a)``; transcendental ones: rational functions of them. All have a normal
form, so that what vanishes identically is seen at once. What is left are SymPy expressions, where
zero has to be proved.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy.polys.polyerrors import BasePolynomialError, CoercionFailed

from danskin.counterexamples.generate.quadratic import QuadraticNumber, quadratic_number
from danskin.errors import InvalidInputError, LimitError
from danskin.exact import sign, tidy, to_fraction
from danskin.limits import time_limit

__all__ = ["Field", "field_of", "sign_in_field", "undecided"]

_PRIMITIVE_SECONDS = 3.0
_MOST_DEGREE = 16


class Field(ABC):
    """Conversions, and signs; sums, products and quotients are the elements' own."""

    @abstractmethod
    def read(self, x: sympy.Expr) -> Any:
        """Return an exact number as an element."""

    @abstractmethod
    def write(self, x: Any) -> sympy.Expr:
        """Return an element as an exact number."""

    def normal(self, x: Any) -> Any:
        """Return the same number in a form that does not grow from step to step."""
        return x

    @abstractmethod
    def sign(self, x: Any) -> int:
        """Return -1, 0 or 1.

        Raises
        ------
        InvalidInputError
            It cannot be decided.
        """


class _Rationals(Field):
    def read(self, x: sympy.Expr) -> Fraction:
        return to_fraction(x)

    def write(self, x: Any) -> sympy.Expr:
        return sympy.Rational(x.numerator, x.denominator)

    def sign(self, x: Any) -> int:
        return (x > 0) - (x < 0)


class _SquareRoots(Field):
    def read(self, x: sympy.Expr) -> QuadraticNumber:
        number = quadratic_number(x)
        if number is None:
            raise undecided(f"{x} among square roots")
        return number

    def write(self, x: Any) -> sympy.Expr:
        return x.to_sympy()

    def sign(self, x: Any) -> int:
        if not x:
            return 0
        which = sign(x.to_sympy())
        if not which:  # not 0, and algebraic: it can always be separated from 0
            raise undecided(f"the sign of {x.to_sympy()}")
        return which


class _NormalForm(Field):
    """Rational functions of transcendental numbers over ``Q(a)``."""

    def __init__(self, domain: Any, names: dict[Any, sympy.Symbol]) -> None:
        self._domain = domain
        self._names = names
        self._values = {name: number for number, name in names.items()}

    def read(self, x: sympy.Expr) -> Any:
        return self._domain.from_sympy(x.xreplace(self._names))

    def write(self, x: Any) -> sympy.Expr:
        number = self._domain.to_sympy(x).xreplace(self._values)
        return number if self._values else sympy.expand(number)

    def sign(self, x: Any) -> int:
        if not x:
            return 0
        which = sign(self.write(x))
        # Not 0 in normal form: 0 could be undecided only where the numbers are related.
        if not which:
            raise undecided(f"the sign of {self.write(x)}")
        return which


class _Reals(Field):
    def read(self, x: sympy.Expr) -> sympy.Expr:
        return x

    def write(self, x: Any) -> sympy.Expr:
        return x

    def normal(self, x: Any) -> Any:
        written = tidy(x)
        return sympy.Integer(0) if sign(written) == 0 else written

    def sign(self, x: Any) -> int:
        which = sign(x)
        if which is None:
            raise undecided(f"the sign of {x}")
        return which


def field_of(numbers: Sequence[sympy.Expr]) -> Field:
    """Return the smallest field at hand that holds some exact numbers."""
    if all(x.is_Rational for x in numbers):
        return _Rationals()
    if all(quadratic_number(x) is not None for x in numbers):
        return _SquareRoots()
    try:
        with time_limit(_PRIMITIVE_SECONDS, "finding a primitive element"):
            field = _normal_form(numbers)
            for x in numbers:
                field.read(x)
            return field
    except (LimitError, NotImplementedError, ValueError, BasePolynomialError, CoercionFailed):
        return _Reals()


def _normal_form(numbers: Sequence[Any]) -> _NormalForm:
    """Adjoin the transcendental parts as symbols to the field of the radicals."""
    parts: set[Any] = set()
    for x in numbers:
        parts |= x.atoms(sympy.NumberSymbol, sympy.Function, sympy.exp)
    names: dict[Any, sympy.Symbol] = {x: sympy.Dummy() for x in parts}
    named = [x.xreplace(names) for x in numbers]
    radicals: set[Any] = set()
    for x in named:
        radicals |= {p for p in x.atoms(sympy.Pow) if p.exp.is_Rational and not p.exp.is_Integer}
        radicals |= x.atoms(sympy.CRootOf)
    if any(r.free_symbols for r in radicals):
        raise NotImplementedError
    domain: Any = sympy.QQ
    if radicals:
        domain = sympy.QQ.algebraic_field(*sorted(radicals, key=str))
        if domain.ext.minpoly.degree() > _MOST_DEGREE:
            raise NotImplementedError
    if names:
        domain = domain.frac_field(*names.values())
    return _NormalForm(domain, names)


def sign_in_field(number: sympy.Expr) -> int | None:
    """Return -1, 0, 1 or None as `danskin.exact.sign`, with the normal form as a second attempt."""
    written = sympy.expand(number)
    which = sign(written)
    if which is None:
        try:
            field = field_of([written])
            return field.sign(field.read(written))
        except InvalidInputError:
            return None
    return which


def undecided(what: str) -> InvalidInputError:
    """Return the error for a sign that cannot be decided."""
    what = what if len(what) <= 200 else f"{what[:160]} ..."
    return InvalidInputError(
        "gram", f"{what} cannot be decided exactly", "Use rational or simpler algebraic numbers."
    )
