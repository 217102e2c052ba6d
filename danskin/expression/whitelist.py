"""Which SymPy trees are formulas of ours: the whitelist, and the bounds on size.

The same check runs on what the text parser built and on what a caller passed as SymPy, so the
rest of the library can rely on it: real, finite numbers; declared symbols; known functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from danskin.errors import ExpressionError
from danskin.expression.functions import FUNCTIONS, NUMPY_FUNCTIONS, elu_bend

__all__ = [
    "MAX_EXPONENT",
    "MAX_NODES",
    "MAX_NUMBER_BITS",
    "check",
    "check_size",
    "exact_float",
    "require_real",
]

MAX_NODES = 5_000
#: SymPy's own functions recurse; a tree that the parser built is never this deep.
MAX_TREE_DEPTH = 250
MAX_EXPONENT = 1_000
#: Numerators and denominators stay below 2**MAX_NUMBER_BITS.
MAX_NUMBER_BITS = 10_000

_VOCABULARY = ", ".join(FUNCTIONS)
_FORBIDDEN = (sympy.I, sympy.zoo, sympy.nan, sympy.oo, -sympy.oo)


def exact_float(value: Any) -> Any:
    """Return the binary rational that a SymPy Float is."""
    sign, mantissa, exponent, _ = value._mpf_
    if not mantissa and exponent:
        raise ExpressionError("number", f"{value} is not finite", "Use finite numbers.")
    if abs(exponent) > MAX_NUMBER_BITS:
        raise ExpressionError("number", f"{value} is out of range", "Rescale the problem.")
    magnitude = sympy.Integer(int(mantissa)) * sympy.Integer(2) ** int(exponent)
    return -magnitude if sign else magnitude


def require_real(expr: Any, argument: str) -> Any:
    """Raise `ExpressionError` if `expr` holds an infinite, undefined or imaginary number."""
    for bad in _FORBIDDEN:
        if expr.has(bad):
            what = "a complex number" if bad is sympy.I else "an infinite or undefined number"
            raise ExpressionError(
                argument,
                f"{what} appears when it is evaluated",
                "Only real, finite values are allowed; look for a division by zero, a logarithm "
                "of 0, or an even root or logarithm of a negative number.",
            )
    return expr


def check_size(expr: Any, argument: str) -> None:
    """Raise `ExpressionError` for a tree too large or too deep for SymPy's functions."""
    count = 0
    stack: list[tuple[Any, int]] = [(expr, 0)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > MAX_NODES:
            raise ExpressionError(
                argument, f"the formula has more than {MAX_NODES} parts", "Shorten it."
            )
        if depth > MAX_TREE_DEPTH:
            raise ExpressionError(
                argument, f"the formula is nested more than {MAX_TREE_DEPTH} deep", "Simplify it."
            )
        if not isinstance(node, sympy.CRootOf):
            stack.extend((a, depth + 1) for a in getattr(node, "args", ()))


def check(
    expr: Any, symbols: Iterable[sympy.Symbol], argument: str, bits: int = MAX_NUMBER_BITS
) -> Any:
    """Return `expr` with Floats made exact, or say why it is not a formula.

    Parameters
    ----------
    expr : sympy.Expr
        Any SymPy object; one from outside goes through `check_size` first.
    symbols : iterable of sympy.Symbol
        The symbols that may appear.
    argument : str
        The name used in error messages.
    bits : int
        The largest size of numerators and denominators.

    Raises
    ------
    ExpressionError
        Unknown symbols or functions, complex or infinite numbers, or numbers or powers beyond
        the bounds.
    """
    if not isinstance(expr, sympy.Expr):
        raise ExpressionError(
            argument,
            f"{type(expr).__name__} is not a real-valued expression",
            "Pass text, a number or a SymPy expression.",
        )
    allowed = set(symbols)
    floats: dict[Any, Any] = {}
    seen: set[Any] = set()
    stack: list[Any] = [expr]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, sympy.Float):
            floats[node] = exact_float(node)
        elif isinstance(node, sympy.Rational):
            _check_rational(node, argument, bits)
        elif isinstance(node, sympy.Symbol):
            if node not in allowed:
                names = ", ".join(sorted(s.name for s in allowed)) or "none"
                raise ExpressionError(
                    argument,
                    f"unknown name {node.name!r}",
                    f"Declared names: {names}.",
                )
        elif isinstance(node, sympy.Pow):
            _check_power(node, argument)
            stack.extend(node.args)
        elif isinstance(node, sympy.CRootOf):
            if not node.is_real:
                raise ExpressionError(argument, "a complex number appears", "Use real numbers.")
        elif node in (sympy.pi, sympy.E):
            pass
        elif isinstance(node, (sympy.Add, sympy.Mul)) or (
            node.func in NUMPY_FUNCTIONS and node.func is not elu_bend
        ):
            if isinstance(node, sympy.log) and node.is_number and not node.args[0].is_positive:
                raise ExpressionError(
                    argument, f"{node} is not real", "Take logarithms of positive numbers."
                )
            stack.extend(node.args)
        else:
            require_real(expr, argument)
            raise ExpressionError(
                argument,
                f"{node.func.__name__} is not supported",
                f"A formula may use + - * / **, pi, E and {_VOCABULARY}.",
            )
    return expr.xreplace(floats) if floats else expr


def _check_rational(number: Any, argument: str, bits: int) -> None:
    if max(abs(number.p).bit_length(), number.q.bit_length()) > bits:
        raise ExpressionError(
            argument,
            f"a number has more than {bits} bits",
            "Rescale the problem.",
        )


def _check_power(power: Any, argument: str) -> None:
    base, exponent = power.args
    if exponent.is_Rational:
        if abs(exponent) > MAX_EXPONENT or exponent.q > MAX_EXPONENT:
            raise ExpressionError(
                argument,
                f"the exponent {exponent} is beyond {MAX_EXPONENT}"
                if exponent.p.bit_length() < 64
                else f"an exponent is beyond {MAX_EXPONENT}",
                "Use smaller powers.",
            )
        if not exponent.is_Integer and base.is_number and not base.is_nonnegative:
            raise ExpressionError(
                argument, f"{power} is not real", "Take roots of non-negative numbers."
            )
    elif base.is_number and not base.is_positive:
        raise ExpressionError(
            argument,
            f"{power} raises a base that is not positive to a variable power",
            "Use a positive constant base.",
        )
    elif not base.is_number:
        raise ExpressionError(
            argument,
            f"{power} raises a variable to a variable or irrational power",
            "Write exp(exponent*log(base)), which says that the base is positive.",
        )
