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

__all__ = [
    "CONSTANTS",
    "FUNCTIONS",
    "NUMPY_FUNCTIONS",
    "elu",
    "elu_bend",
    "elu_slope",
    "softplus",
    "xlogx",
]


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


class elu(sympy.Function):  # noqa: N801 - named as it is written in formulas
    """``x`` for x >= 0 and ``exp(x) - 1`` below: the exponential linear unit, which is C^1."""

    nargs = 1

    @classmethod
    def eval(cls, x: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at numbers whose sign is seen."""
        if x.is_number and x.is_nonnegative:
            return x
        if x.is_number and x.is_negative:
            return sympy.exp(x) - 1
        return None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """``exp(min(x, 0))``."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        slope: Any = elu_slope(self.args[0])
        return slope

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        inner: Any = self.args[0]
        x = inner.evalf(max(1, int(prec / 3.33)))
        return x if x >= 0 else sympy.exp(x) - 1


class elu_slope(sympy.Function):  # noqa: N801
    """``exp(min(x, 0))``, the derivative of `elu`: continuous, but not differentiable at 0."""

    nargs = 1

    @classmethod
    def eval(cls, x: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at numbers whose sign is seen."""
        if x.is_number and x.is_nonnegative:
            return sympy.Integer(1)
        if x.is_number and x.is_negative:
            return sympy.exp(x)
        return None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """``exp(x)`` below 0, and 0 above."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        bend: Any = elu_bend(self.args[0])
        return bend

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        inner: Any = self.args[0]
        x = inner.evalf(max(1, int(prec / 3.33)))
        return sympy.Integer(1) if x >= 0 else sympy.exp(x)


class elu_bend(sympy.Function):  # noqa: N801
    """``exp(x)`` for x < 0, 0 for x > 0: the second derivative of `elu`, which jumps at 0.

    It arises by differentiation only; no formula may use it.
    """

    nargs = 1

    @classmethod
    def eval(cls, x: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at numbers whose sign is seen, but not at 0, where there is no value."""
        if x.is_number and x.is_positive:
            return sympy.Integer(0)
        if x.is_number and x.is_negative:
            return sympy.exp(x)
        return None


class softplus(sympy.Function):  # noqa: N801
    """``log(1 + exp(x))``: the logistic loss, without overflow and with one occurrence of x."""

    nargs = 1

    @classmethod
    def eval(cls, x: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at numbers by the formula."""
        return sympy.log(1 + sympy.exp(x)) if x.is_number else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """``(1 + tanh(x/2))/2``, the logistic function."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        x: Any = self.args[0]
        return (1 + sympy.tanh(x / 2)) / 2


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
    "elu": elu,
    "softplus": softplus,
}

CONSTANTS: dict[str, sympy.Expr] = {"pi": sympy.pi, "E": sympy.E}


def _xlogx_numpy(x: np.ndarray) -> np.ndarray:
    return xlogy(x, x)


def _elu_numpy(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _elu_slope_numpy(x: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(x, 0))


def _elu_bend_numpy(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, np.exp(np.minimum(x, 0)), 0.0)


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
    elu: _elu_numpy,
    elu_slope: _elu_slope_numpy,
    elu_bend: _elu_bend_numpy,
    softplus: lambda x: np.logaddexp(0.0, x),
}
