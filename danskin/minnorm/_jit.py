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

__all__ = ["fma", "jit", "unlike_mirror"]

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


def _compared(gram: Any, i: int, j: int) -> bool:
    return bool((gram[i : i + 4, j : j + 4] != gram[j : j + 4, i : i + 4].T).any())


def _llvm_unlike_mirror(typing_context: Any, gram: Any, i: Any, j: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array: Any = context.make_array(signature.args[0])(context, builder, arguments[0])
        columns: Any = builder.extract_value(array.shape, 1)
        four: Any = ir.VectorType(ir.DoubleType(), 4)

        def load(first: Any, column: Any) -> list[Any]:
            rows = [builder.add(first, ir.Constant(first.type, s)) for s in range(4)]
            places = [builder.add(builder.mul(row, columns), column) for row in rows]
            pointers = [builder.gep(array.data, [place]) for place in places]
            return [
                builder.load(builder.bitcast(pointer, four.as_pointer()), align=8)
                for pointer in pointers
            ]

        def mix(a: Any, b: Any, *chosen: int) -> Any:
            mask: Any = ir.Constant(ir.VectorType(ir.IntType(32), 4), chosen)
            return builder.shuffle_vector(a, b, mask)

        rows, (a, b, c, d) = load(arguments[1], arguments[2]), load(arguments[2], arguments[1])
        even, even_below = mix(a, b, 0, 4, 2, 6), mix(c, d, 0, 4, 2, 6)
        odd, odd_below = mix(a, b, 1, 5, 3, 7), mix(c, d, 1, 5, 3, 7)
        mirrored = [
            mix(even, even_below, 0, 1, 4, 5),
            mix(odd, odd_below, 0, 1, 4, 5),
            mix(even, even_below, 2, 3, 6, 7),
            mix(odd, odd_below, 2, 3, 6, 7),
        ]
        # Unordered: NaN differs from everything.
        unlike = [builder.fcmp_unordered("!=", p, q) for p, q in zip(rows, mirrored, strict=True)]
        either: Any = builder.or_(builder.or_(*unlike[:2]), builder.or_(*unlike[2:]))
        bits: Any = ir.IntType(4)
        return builder.icmp_unsigned("!=", builder.bitcast(either, bits), ir.Constant(bits, 0))

    return types.boolean(gram, i, j), generate


#: ``unlike_mirror(gram, i, j)``: whether the 4 by 4 block of a C-contiguous float64 matrix at row i
#: and column j differs from the transpose of the one at row j and column i. Transposed in
#: registers, which numba's loops do not become by themselves.
unlike_mirror: Any = _compared if _switched_off else intrinsic(inspect.unwrap(_llvm_unlike_mirror))
