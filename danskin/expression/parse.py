"""Text to expression, by a whitelist over the syntax tree. Nothing from the text is executed.

Numbers (decimals are exact: 0.1 is 1/10), declared names, ``+ - * / **``, parentheses, the
functions and constants of `functions`. Everything else is an error that says what to write.
Length, nesting, and the size of numbers and powers are bounded *before* SymPy sees them, since
SymPy evaluates powers of numbers as it builds them.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
import unicodedata
import warnings
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy

from danskin.errors import ExpressionError, LimitError
from danskin.expression.bounded import bounded_exp, bounded_power
from danskin.expression.functions import CONSTANTS, FUNCTIONS
from danskin.expression.whitelist import (
    MAX_NUMBER_BITS,
    check,
    check_size,
    require_real,
)
from danskin.limits import time_limit

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "parse", "symbols_for"]

MAX_LENGTH = 10_000
MAX_DEPTH = 60
MAX_DECIMAL_EXPONENT = 400
_SECONDS = 10.0

_NUMBER = re.compile(r"(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?|\.(\d+)(?:[eE]([+-]?\d+))?")
_RESERVED = {**FUNCTIONS, **CONSTANTS}


def symbols_for(names: Sequence[object], argument: str) -> tuple[sympy.Symbol, ...]:
    """Turn declared names (text or Symbols) into SymPy symbols.

    Raises
    ------
    ExpressionError
        A name is not an identifier, is a Python keyword, is a function or constant of the
        formula language, or appears twice.
    """
    if isinstance(names, (str, sympy.Symbol)) or not isinstance(names, Iterable):
        raise ExpressionError(
            argument, f"{names!r} is not a list of names", 'Write a list such as ["t1", "t2"].'
        )
    found: list[sympy.Symbol] = []
    for name in names:
        text = name.name if isinstance(name, sympy.Symbol) else name
        if not isinstance(text, str):
            raise ExpressionError(
                argument, f"{text!r} is not a name", 'Names are text such as "t1", or Symbols.'
            )
        short = text if len(text) <= 40 else text[:37] + "..."
        if not text.isidentifier() or unicodedata.normalize("NFKC", text) != text:
            raise ExpressionError(
                argument, f"{short!r} is not a name", "Use letters, digits and underscores."
            )
        if keyword.iskeyword(text):
            raise ExpressionError(
                argument, f"{text!r} is a Python keyword", f'Use another name, say "{text}_".'
            )
        if text in _RESERVED:
            raise ExpressionError(
                argument,
                f"{text!r} already means a function or constant",
                f'Use another name, say "{text}1".',
            )
        if len(text) > 100:
            raise ExpressionError(argument, f"the name {short!r} is too long", "Shorten it.")
        found.append(sympy.Symbol(text))
    if len(set(found)) != len(found):
        twice = next(s for s in found if found.count(s) > 1)
        raise ExpressionError(argument, f"{twice.name!r} appears twice", "Names must differ.")
    return tuple(found)


def parse(
    text: str, names: Mapping[str, sympy.Expr] | Iterable[sympy.Symbol] = (), argument: str = "text"
) -> sympy.Expr:
    """Parse a formula.

    Parameters
    ----------
    text : str
        For example ``"d*(t1**2 + 0.1) + xlogx(d)"``.
    names : mapping or iterable of Symbol
        The declared names, each with the symbol or exact number it stands for.
    argument : str
        Used in error messages.

    Returns
    -------
    sympy.Expr
        Exact: decimals have become rationals.

    Raises
    ------
    ExpressionError
        See the module's first lines; the message names `argument` and the remedy.
    """
    if not isinstance(text, str):
        raise ExpressionError(argument, f"{type(text).__name__} is not text", "Pass a string.")
    if not text.strip():
        raise ExpressionError(argument, "the formula is empty", "Write a formula.")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            argument,
            f"the formula has {len(text)} characters, more than {MAX_LENGTH}",
            "Shorten it.",
        )
    if "\n" in text or "\r" in text:
        text = " ".join(text.split())
    given: Any = names
    known: dict[str, sympy.Expr] = (
        dict(given) if isinstance(given, Mapping) else {s.name: s for s in given}
    )
    try:
        with warnings.catch_warnings():
            # Python warns of "1(2)" or "1if"; the error below says it better.
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise ExpressionError(
            argument, f"not a formula: {_reason(error)}", "Write for example t1**2 + 3*d."
        ) from None
    except (RecursionError, MemoryError):
        raise _too_deep(argument) from None
    try:
        with time_limit(_SECONDS, "reading the formula"):
            result = _Builder(text.strip(), known, argument).build(tree.body, 0)
            check_size(result, argument)
            return check(result, _symbols_in(known), argument)
    except (LimitError, RecursionError) as error:
        raise ExpressionError(
            argument, f"the formula is too complicated: {error}", "Simplify it."
        ) from None


def _symbols_in(known: Mapping[str, Any]) -> set[sympy.Symbol]:
    return {s for value in known.values() for s in value.free_symbols}


def _reason(error: Exception) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return str(text).split("(<")[0].strip()[:120]


def _too_deep(argument: str) -> ExpressionError:
    return ExpressionError(
        argument, f"the formula is nested more than {MAX_DEPTH} deep", "Simplify it."
    )


class _Builder:
    """Builds the SymPy tree bottom-up; every step is bounded before it is taken."""

    def __init__(self, text: str, known: Mapping[str, sympy.Expr], argument: str) -> None:
        self.text = text
        self.known = known
        self.argument = argument

    def error(self, problem: str, remedy: str) -> ExpressionError:
        return ExpressionError(self.argument, problem, remedy)

    def build(self, node: ast.expr, depth: int) -> sympy.Expr:
        if depth > MAX_DEPTH:
            raise _too_deep(self.argument)
        if isinstance(node, ast.Constant):
            return self.number(node)
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            value = self.build(node.operand, depth + 1)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, (ast.Add, ast.Sub)):
                return self.sum(node, depth)
            if isinstance(node.op, (ast.Mult, ast.Div)):
                return self.product(node, depth)
            if isinstance(node.op, ast.Pow):
                return self.power(
                    self.build(node.left, depth + 1), self.build(node.right, depth + 1)
                )
            if isinstance(node.op, ast.BitXor):
                raise self.error("'^' is not a power", "Write ** for powers.")
            raise self.error(
                f"the operator {type(node.op).__name__} is not supported", "Use + - * / **."
            )
        if isinstance(node, ast.Call):
            return self.call(node, depth)
        raise self.error(
            f"{_describe(node)} is not allowed in a formula",
            f"Use numbers, declared names, + - * / **, pi, E and {', '.join(FUNCTIONS)}.",
        )

    def number(self, node: ast.Constant) -> sympy.Expr:
        if type(node.value) not in (int, float):
            raise self.error(
                f"{_describe(node)} is not allowed in a formula",
                "Numbers are written 2, 0.5, 1e-3.",
            )
        source = (ast.get_source_segment(self.text, node) or "").replace("_", "")
        match = _NUMBER.fullmatch(source)
        if match is None:
            raise self.error(f"{source[:30]!r} is not a decimal number", "Write it in decimals.")
        exponent = match[3] or match[5]
        if exponent is not None and (
            len(exponent) > 6 or abs(int(exponent)) > MAX_DECIMAL_EXPONENT
        ):
            raise self.error(
                f"the number {source[:30]} is out of range",
                f"Decimal exponents run from -{MAX_DECIMAL_EXPONENT} to {MAX_DECIMAL_EXPONENT}.",
            )
        if len(source) > MAX_NUMBER_BITS // 4:
            raise self.error(
                f"a number has more than {MAX_NUMBER_BITS // 4} digits", "Use fewer digits."
            )
        value = Fraction(source)
        return sympy.Rational(value.numerator, value.denominator)

    def name(self, identifier: str) -> sympy.Expr:
        if identifier in self.known:
            return self.known[identifier]
        if identifier in CONSTANTS:
            return CONSTANTS[identifier]
        if identifier in FUNCTIONS:
            raise self.error(
                f"the function {identifier} stands without an argument", f"Write {identifier}(x)."
            )
        candidates = [*self.known, *_RESERVED]
        close = difflib.get_close_matches(identifier, candidates, 1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        names = ", ".join(self.known) or "none"
        raise self.error(
            f"unknown name {identifier[:40]!r}",
            f"{hint}Declared names: {names}; constants: {', '.join(CONSTANTS)}.",
        )

    def sum(self, node: ast.expr, depth: int) -> sympy.Expr:
        # A long sum is a deep left spine in the tree: walked in a loop, it does not count as depth.
        terms: list[sympy.Expr] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            right = self.build(node.right, depth + 1)
            terms.append(-right if isinstance(node.op, ast.Sub) else right)
            node = node.left
        terms.append(self.build(node, depth + 1))
        return self.finite(sympy.Add(*reversed(terms)))

    def product(self, node: ast.expr, depth: int) -> sympy.Expr:
        factors: list[sympy.Expr] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            right = self.build(node.right, depth + 1)
            if isinstance(node.op, ast.Div):
                if right.is_zero:
                    raise self.error("division by zero", "Check the denominators.")
                right = self.power(right, sympy.Integer(-1))
            factors.append(right)
            node = node.left
        factors.append(self.build(node, depth + 1))
        return self.finite(sympy.Mul(*reversed(factors)))

    def power(self, base: Any, exponent: Any) -> sympy.Expr:
        return self.finite(bounded_power(base, exponent, self.argument))

    def exponential(self, value: Any) -> sympy.Expr:
        return self.finite(bounded_exp(value, self.argument))

    def call(self, node: ast.Call, depth: int) -> sympy.Expr:
        if not isinstance(node.func, ast.Name):
            raise self.error("only named functions can be called", "Write for example sin(x).")
        name = node.func.id
        if name not in FUNCTIONS:
            if name in self.known or name in CONSTANTS:
                raise self.error(
                    f"{name!r} is not a function", f"Write {name}*(...) for a product."
                )
            close = difflib.get_close_matches(name, FUNCTIONS, 1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise self.error(
                f"unknown function {name[:40]!r}", f"{hint}Functions: {', '.join(FUNCTIONS)}."
            )
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            raise self.error(f"{name} takes one argument", f"Write {name}(x).")
        value = self.build(node.args[0], depth + 1)
        if name == "exp":
            return self.exponential(value)
        if name in ("sinh", "cosh") and value.is_number:
            self.exponential(value)
        if name in ("log", "sqrt", "xlogx") and value.is_number and value.is_negative:
            raise self.error(f"{name} of a negative number", "Only real values are allowed.")
        return self.finite(FUNCTIONS[name](value))

    def finite(self, value: sympy.Expr) -> sympy.Expr:
        return require_real(value, self.argument)


def _describe(node: ast.expr) -> str:
    kinds = {
        ast.Attribute: "an attribute (a dot)",
        ast.Subscript: "an index",
        ast.Lambda: "a lambda",
        ast.Compare: "a comparison",
        ast.BoolOp: "and/or",
        ast.IfExp: "if/else",
        ast.JoinedStr: "an f-string",
        ast.Tuple: "a tuple (a comma)",
        ast.List: "a list",
        ast.Dict: "a dictionary",
        ast.Set: "a set",
        ast.NamedExpr: "an assignment",
        ast.Await: "await",
        ast.Starred: "a star",
        ast.UnaryOp: "that unary operator",
    }
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or node.value is None or node.value is Ellipsis:
            return str(node.value)
        return {str: "a string", bytes: "a string", complex: "a complex number"}.get(
            type(node.value), "that constant"
        )
    return kinds.get(type(node), f"{type(node).__name__}")
