"""The functions a formula may use, and what each is in SymPy and in NumPy.

One table, so that parsing, evaluation and differentiation cannot disagree on the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from scipy.special import xlogy
from sympy.core.function import ArgumentIndexError

__all__ = ["CONSTANTS", "FUNCTIONS", "NUMPY_FUNCTIONS", "xlogx"]


class xlogx(sympy.Function):  # noqa: N801 - named as it is written in formulas
    """``x log x`` on ``[0, inf)``, extended continuously by 0 at 0 (Shannon entropy's term)."""

    nargs = 1

    @classmethod
    def eval(cls, x: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at 0, where the product form is undefined, and at other numbers by it."""
        if x.is_zero:
            return sympy.Integer(0)
        if x.is_number and x.is_positive:
            return x * sympy.log(x)
        return None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """``log x + 1``; minus infinity at 0."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return sympy.log(self.args[0]) + 1

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        inner: Any = self.args[0]
        x = inner.evalf(max(1, int(prec / 3.33)))
        return x * sympy.log(x)

    def _latex(self, printer: Any, **_: Any) -> str:
        x = printer._print(self.args[0])
        return rf"\left({x}\right) \log\left({x}\right)"


#: What a formula may call. Text spells them so.
FUNCTIONS: dict[str, Any] = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "tanh": sympy.tanh,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "atan": sympy.atan,
    "xlogx": xlogx,
}

CONSTANTS: dict[str, sympy.Expr] = {"pi": sympy.pi, "E": sympy.E}


def _xlogx_numpy(x: np.ndarray) -> np.ndarray:
    return xlogy(x, x)


#: SymPy head -> NumPy ufunc. `cot` is not in the vocabulary, but SymPy turns tan(x + pi/2) into it.
NUMPY_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    sympy.sin: np.sin,
    sympy.cos: np.cos,
    sympy.tan: np.tan,
    sympy.cot: lambda x: 1.0 / np.tan(x),
    sympy.exp: np.exp,
    sympy.log: np.log,
    sympy.tanh: np.tanh,
    sympy.sinh: np.sinh,
    sympy.cosh: np.cosh,
    sympy.atan: np.arctan,
    xlogx: _xlogx_numpy,
}
