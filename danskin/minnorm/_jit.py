"""Compilation by numba: cached where a folder can be written, uncached where none can.

Kernels and everything they call stand in one file each: a cached kernel notices when its own file
changes, and not when a callee elsewhere does. No fastmath anywhere, since error-free
transformations and certified bounds rely on the order of operations as written.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ParamSpec, TypeVar, cast

import numba  # pyright: ignore[reportMissingTypeStubs]
from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]
from numba.core import types  # pyright: ignore[reportMissingTypeStubs]
from numba.extending import intrinsic  # pyright: ignore[reportMissingTypeStubs]

__all__ = ["fma", "jit"]

_switched_off = bool(cast("Any", numba).config.DISABLE_JIT)  # from the environment

P = ParamSpec("P")
R = TypeVar("R")


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on first call; keep the machine code for the next process where that is possible.

    Where neither the installation nor the user's cache folder can be written (a read-only
    container, say) every process compiles anew. A division by zero gives infinity or NaN, as in
    NumPy, which the kernels' own tests catch.
    """
    # The tests wrap every function with a check of shapes; numba has to see the bare one.
    bare = inspect.unwrap(function)
    compile_: Any = numba.njit  # pyright: ignore[reportUnknownMemberType]
    try:
        return cast("Callable[P, R]", compile_(cache=True, error_model="numpy")(bare))
    except RuntimeError:  # numba: "no locator available"
        return cast("Callable[P, R]", compile_(error_model="numpy")(bare))


def _exact_fma(a: float, b: float, c: float) -> float:
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def _llvm_fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        double: Any = ir.DoubleType()
        function: Any = builder.module.globals.get("llvm.fma.f64")
        if function is None:
            kind: Any = ir.FunctionType(double, [double, double, double])
            function = ir.Function(builder.module, kind, "llvm.fma.f64")
        return builder.call(function, arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


#: ``fma(a, b, c)`` is ``a * b + c``, rounded once; one machine instruction inside kernels. With
#: compilation switched off (NUMBA_DISABLE_JIT) it is exact rational arithmetic, slow and the same.
fma: Any = _exact_fma if _switched_off else intrinsic(inspect.unwrap(_llvm_fma))
