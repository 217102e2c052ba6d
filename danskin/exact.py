"""Exact real numbers: reading them, enclosing them, deciding their sign.

A number is a SymPy expression without symbols. `sign` decides it: an Arb ball of growing
precision settles every number that is not zero; for algebraic numbers a separation bound says
at which precision a ball around 0 proves that the number *is* zero. The bound is the BFMSS bound
(Burnikel, Funke, Mehlhorn, Schirra, Schmitt, Algorithmica 2009): write the number as U/L with
algebraic integers U and L all of whose conjugates are at most u and l in modulus, in a field of
degree at most D; then it is 0 or at least ``1 / (l u**(D-1))`` in modulus.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from numbers import Integral, Rational
from typing import Any, cast

import flint
import numpy as np
import sympy

from danskin.errors import ExpressionError, InvalidInputError, LimitError
from danskin.expression import check, check_size, parse, xlogx
from danskin.expression.whitelist import MAX_NUMBER_BITS
from danskin.limits import time_limit

__all__ = [
    "compare",
    "dot",
    "enclose",
    "exact_max",
    "exact_number",
    "exact_vector",
    "is_exact_input",
    "length",
    "sign",
    "tidy",
    "to_float",
    "to_fraction",
]

#: Balls for numbers not known to be algebraic stop here; an algebraic zero may need more.
_MAX_BITS_TRANSCENDENTAL = 1 << 13
_MAX_BITS_ALGEBRAIC = 1 << 20
_TIDY_SECONDS = 2.0
#: Arb's working precision is one setting for the whole process.
_precision_lock = threading.RLock()


# --- reading -------------------------------------------------------------------------------------


def exact_number(value: Any, argument: str) -> sympy.Expr:
    """Return the exact real number that `value` means.

    Parameters
    ----------
    value : int, float, Fraction, Decimal, SymPy number or text
        A float means that very binary number; text and Decimal are decimal, so ``"0.1"`` is 1/10.
        Text may use the formula language without names, as in ``"sqrt(2)/10"``.
    argument : str
        Used in error messages.

    Raises
    ------
    InvalidInputError
        NaN, infinite, complex, or not a number.
    """
    remedy = 'Pass a finite real number, or text such as "sqrt(2)/10".'
    if isinstance(value, (bool, np.bool_)):
        raise InvalidInputError(argument, f"{value!r} is not a number", remedy)
    if isinstance(value, str):
        return parse(value, {}, argument)
    if isinstance(value, sympy.Basic):
        if not isinstance(value, sympy.Expr):
            raise InvalidInputError(argument, f"{_short(value)} is not a number", remedy)
        check_size(value, argument)
        return check(value, (), argument)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidInputError(argument, f"{value} is not finite", remedy)
        digits = max(abs(value.adjusted()), len(value.as_tuple().digits))
        if digits > MAX_NUMBER_BITS // 4:
            raise InvalidInputError(argument, "the number is out of range", remedy)
        return _rational(Fraction(value))
    if isinstance(value, (Integral, Rational)):
        numerator, denominator = int(value.numerator), int(value.denominator)
        if max(abs(numerator), denominator).bit_length() > MAX_NUMBER_BITS:
            raise InvalidInputError(argument, "the number is out of range", remedy)
        return _rational(Fraction(numerator, denominator))
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise InvalidInputError(argument, f"{value} is not finite", remedy)
        return _rational(Fraction(float(value)))
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return exact_number(value.item(), argument)
    raise InvalidInputError(argument, f"{_short(value)} is not a real number", remedy)


def exact_vector(values: Any, argument: str, dim: int | None = None) -> tuple[sympy.Expr, ...]:
    """Return `values`, a flat sequence of numbers, exactly; a scalar counts as one entry.

    Raises
    ------
    InvalidInputError
        Not one-dimensional, or not `dim` entries long, or an entry is not a real number.
    """
    if isinstance(values, (str, sympy.Expr, int, float, Fraction, Decimal, np.number)):
        values = [values]
    if isinstance(values, np.ndarray):
        if values.ndim == 0:
            values = values.reshape(1)
        if values.ndim != 1:
            raise InvalidInputError(
                argument, f"it has shape {values.shape}", "Pass a flat list of numbers."
            )
    if isinstance(values, sympy.MatrixBase):
        values = values.flat()
    if isinstance(values, (dict, set, bytes)) or not isinstance(values, Iterable):
        raise InvalidInputError(
            argument, f"{_short(values)} is not a list of numbers", "Pass a flat list of numbers."
        )
    entries = list(values)
    if dim is not None and len(entries) != dim:
        raise InvalidInputError(
            argument,
            f"it has {len(entries)} {'entry' if len(entries) == 1 else 'entries'}, not {dim}",
            f"Pass {dim} number{'s' if dim != 1 else ''}.",
        )
    return tuple(exact_number(v, f"{argument}[{i}]") for i, v in enumerate(entries))


def is_exact_input(values: Any) -> bool:
    """Whether every number in a nested sequence is exact: no floats and no float arrays."""
    if isinstance(values, np.ndarray):
        return values.dtype == object and all(is_exact_input(v) for v in values.ravel())
    if isinstance(values, (str, Decimal)):
        return True
    if isinstance(values, sympy.Basic):
        return not values.has(sympy.Float)
    if isinstance(values, sympy.MatrixBase):
        return all(is_exact_input(v) for v in values)
    if isinstance(values, (list, tuple)):
        return all(is_exact_input(v) for v in values)
    return isinstance(values, Rational) and not isinstance(values, bool)


def _rational(value: Fraction) -> sympy.Expr:
    return sympy.Rational(value.numerator, value.denominator)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def to_fraction(number: Any) -> Fraction:
    """Return a SymPy Rational as a Fraction."""
    return Fraction(int(number.p), int(number.q))


def tidy(number: Any) -> Any:
    """Write out products of radicals and free denominators of them, where that is cheap."""
    if number.is_Rational or number.has(sympy.CRootOf) or number.count_ops() > 200:
        return number
    try:
        with time_limit(_TIDY_SECONDS, "writing a number out"):
            return sympy.radsimp(sympy.expand(number), max_terms=3)
    except LimitError:
        return number


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Return the exact inner product."""
    return sympy.Add(*(x * y for x, y in zip(a, b, strict=True)))


def length(vector: Sequence[Any]) -> Any:
    """Return the exact Euclidean length."""
    return sympy.sqrt(sympy.expand(dot(vector, vector)))


# --- enclosing -----------------------------------------------------------------------------------


def enclose(number: Any, bits: int = 64) -> flint.arb:
    """Return an Arb ball that contains `number`, computed with `bits` of working precision.

    Raises
    ------
    ExpressionError
        A part of `number` is not defined or not real.
    """
    with _precision_lock:
        previous = flint.ctx.prec
        try:
            flint.ctx.prec = bits
            return _ball(number, bits, {})
        finally:
            flint.ctx.prec = previous


_ARB_FUNCTIONS: dict[Any, Callable[[flint.arb], flint.arb]] = {
    sympy.sin: lambda x: x.sin(),
    sympy.cos: lambda x: x.cos(),
    sympy.tan: lambda x: x.tan(),
    sympy.cot: lambda x: x.cot(),
    sympy.exp: lambda x: x.exp(),
    sympy.log: lambda x: x.log(),
    sympy.tanh: lambda x: x.tanh(),
    sympy.sinh: lambda x: x.sinh(),
    sympy.cosh: lambda x: x.cosh(),
    sympy.atan: lambda x: x.atan(),
    xlogx: lambda x: flint.arb(0) if x.is_zero() else x * x.log(),
}


def _ball(expr: Any, bits: int, cache: dict[Any, flint.arb]) -> flint.arb:
    found = cache.get(expr)
    if found is None:
        found = cache[expr] = _ball_uncached(expr, bits, cache)
    return found


def _ball_uncached(expr: Any, bits: int, cache: dict[Any, flint.arb]) -> flint.arb:
    if expr.is_Rational:
        return flint.arb(flint.fmpq(int(expr.p), int(expr.q)))
    if expr is sympy.pi:
        return flint.arb.pi()
    if expr is sympy.E:
        return flint.arb.const_e()
    if isinstance(expr, sympy.Add):
        total = flint.arb(0)
        for term in expr.args:
            total += _ball(term, bits, cache)
        return total
    if isinstance(expr, sympy.Mul):
        product = flint.arb(1)
        for factor in expr.args:
            product *= _ball(factor, bits, cache)
        return product
    if isinstance(expr, sympy.Pow):
        base: Any
        exponent: Any
        base, exponent = expr.args
        if base is sympy.E:
            return _ball(exponent, bits, cache).exp()
        ball = _ball(base, bits, cache)
        if exponent.is_Integer:
            return _integer_power(ball, int(exponent))
        if exponent.is_Rational:
            if ball.contains(0) and sign(base) == 0:
                # A ball around 0 has no root: only the proof that it is 0 helps.
                return flint.arb(0 if exponent > 0 else math.nan)
            root = ball.sqrt() if exponent.q == 2 else ball.root(int(exponent.q))
            return _integer_power(root, int(exponent.p))
        return (ball.log() * _ball(exponent, bits, cache)).exp()
    if isinstance(expr, sympy.CRootOf):
        return _root_ball(tuple(int(c) for c in expr.poly.all_coeffs()), int(expr.index), bits)
    function = _ARB_FUNCTIONS.get(expr.func)
    if function is None:
        raise ExpressionError("number", f"{expr.func.__name__} cannot be enclosed", "Simplify it.")
    return function(_ball(expr.args[0], bits, cache))


def _integer_power(ball: flint.arb, exponent: int) -> flint.arb:
    # Written out, since Arb's own power of a ball with midpoint 0 is NaN.
    if exponent < 0:
        return 1 / _integer_power(ball, -exponent)
    power = flint.arb(1)
    while exponent:
        if exponent & 1:
            power *= ball
        exponent >>= 1
        if exponent:
            ball *= ball
    return power


@lru_cache(maxsize=512)
def _isolated_roots(coefficients: tuple[int, ...]) -> tuple[flint.arb, ...]:
    """Enclose the real roots of a squarefree polynomial, ascending, each in a ball of its own."""
    polynomial = flint.fmpz_poly(list(reversed(coefficients)))
    # Arb gives real roots an imaginary part that is exactly 0.
    pairs: list[Any] = polynomial.complex_roots()
    reals = [r.real for r, _ in pairs if r.imag == 0]
    # Disjoint balls have an order; midpoints are compared exactly.
    return tuple(sorted(reals, key=lambda r: r.mid()))


@lru_cache(maxsize=512)
def _root_ball(coefficients: tuple[int, ...], index: int, bits: int) -> flint.arb:
    """Enclose the `index`-th real root, ascending; coefficients from the highest power down.

    By the interval Newton method, ``m - p(m)/p'(X)``, from an isolating ball, the precision
    doubled from step to step.
    """
    with _precision_lock:
        previous = flint.ctx.prec
        try:
            flint.ctx.prec = 128
            ball = _isolated_roots(coefficients)[index]
            slope = [c * i for i, c in enumerate(reversed(coefficients)) if i][::-1]
            precision = 128
            while ball.rel_accuracy_bits() < bits:
                before = ball.rel_accuracy_bits()
                precision = min(2 * precision, 2 * bits + 128)
                flint.ctx.prec = precision
                middle = ball.mid()
                newton = middle - _horner(coefficients, middle) / _horner(slope, ball)
                if not newton.is_finite():
                    break
                ball = newton if ball.contains(newton) else ball.intersection(newton)
                if ball.is_exact() or (ball.rel_accuracy_bits() <= before and precision > bits):
                    break
            return ball
        finally:
            flint.ctx.prec = previous


def _horner(coefficients: Sequence[int], x: flint.arb) -> flint.arb:
    value = flint.arb(0)
    for c in coefficients:
        value = value * x + c
    return value


def to_float(number: Any) -> float:
    """Return the float64 nearest to an exact number (within one unit in the last place).

    Raises
    ------
    ExpressionError
        The number is not real, or its size is beyond float64.
    """
    if number.is_Rational:
        try:
            return float(to_fraction(number))
        except OverflowError:
            raise ExpressionError("number", "it is beyond float64", "Rescale it.") from None
    for bits in (96, 512, 4096):
        ball = enclose(number, bits)
        if ball.is_finite() and (ball.rel_accuracy_bits() > 56 or ball.is_zero()):
            value = float(ball.mid())
            if not math.isfinite(value):
                raise ExpressionError("number", "it is beyond float64", "Rescale it.")
            return value
    if sign(number) == 0:
        return 0.0
    ball = enclose(number, _MAX_BITS_TRANSCENDENTAL)
    if not ball.is_finite():
        raise ExpressionError(
            "number",
            "it is not defined or not real",
            "Look for a division by zero, or a root or logarithm of a negative number.",
        )
    return float(ball.mid())


# --- deciding ------------------------------------------------------------------------------------


def sign(number: Any) -> int | None:
    """Decide the sign of an exact real number.

    Returns
    -------
    -1, 0, 1, or None
        None where it stays undecided: a transcendental number that looks like 0 but is not shown
        to be.
    """
    if number.is_Rational:
        return int(bool(number > 0)) - int(bool(number < 0))
    return _sign(number)


@lru_cache(maxsize=8192)
def _sign(number: Any) -> int | None:
    bits = 64
    while bits <= 1024:
        found = _ball_sign(number, bits)
        if found is not None:
            return found
        bits *= 4
    expanded = sympy.expand(number) if _small(number) else number
    if expanded.is_Rational:
        return sign(expanded)
    measure = _measure(expanded)
    if measure is not None:
        return _algebraic_sign(expanded, measure)
    if _vanishes_identically(expanded):
        return 0
    return _ball_sign(expanded, _MAX_BITS_TRANSCENDENTAL)


def _ball_sign(number: Any, bits: int) -> int | None:
    ball = enclose(number, bits)
    if ball.is_zero():
        return 0
    # Comparisons of balls are true only where they hold for every point; NaN compares false.
    if ball > 0:
        return 1
    return -1 if ball < 0 else None


def _small(number: sympy.Expr) -> bool:
    """Whether expanding cannot blow up: the product of the sizes of all sums is moderate."""
    size = 1
    for node in sympy.preorder_traversal(number):
        if isinstance(node, sympy.Pow) and isinstance(node.base, sympy.Add):
            if not node.exp.is_Integer:
                continue
            size *= len(node.base.args) ** min(abs(int(node.exp)), 40)
        elif isinstance(node, sympy.Mul):
            for factor in node.args:
                size *= len(factor.args) if isinstance(factor, sympy.Add) else 1
        if size > 5000:
            return False
    return True


@dataclass(frozen=True)
class _Measure:
    """U/L with log2 bounds on all conjugates of U and L, and the degrees of the leaves used.

    The integer part of the denominator is kept exactly in `integer`, so that a sum of fractions
    costs their least common multiple and not their product.
    """

    upper: float
    lower: float
    integer: int
    leaves: frozenset[tuple[Any, int]]

    @property
    def denominator(self) -> float:
        return self.lower + _log2(self.integer)

    @property
    def degree(self) -> int:
        return math.prod(degree for _, degree in self.leaves)


def _log2(value: int) -> float:
    # bit_length bounds log2 from above, also for integers beyond float64.
    return 0.0 if value <= 1 else float(value.bit_length())


def _measure(expr: Any) -> _Measure | None:
    """BFMSS measure of an algebraic expression, or None for anything else."""
    if expr.is_Rational:
        return _Measure(_log2(abs(int(expr.p))), 0.0, int(expr.q), frozenset())
    if isinstance(expr, sympy.Add):
        return _measure_sum([_measure(a) for a in expr.args])
    if isinstance(expr, sympy.Mul):
        return _measure_product([_measure(a) for a in expr.args])
    if isinstance(expr, sympy.Pow) and expr.exp.is_Rational:
        return _measure_power(expr)
    if isinstance(expr, sympy.CRootOf):
        coefficients = [abs(int(c)) for c in expr.poly.all_coeffs()]
        # lc * root is an algebraic integer, and by Cauchy's bound lc * (1 + max|c|/lc).
        leading = coefficients[0]
        upper = _log2(leading + max(coefficients[1:])) + 1
        return _Measure(upper, 0.0, leading, frozenset({(expr, len(coefficients) - 1)}))
    if isinstance(expr, (sympy.sin, sympy.cos)):
        turn = expr.args[0] / sympy.pi
        if turn.is_Rational:
            # 2 cos and 2 sin of a rational multiple of pi are sums of two roots of unity.
            order = 4 * int(turn.q)
            return _Measure(1.0, 0.0, 2, frozenset({(("unity", order), order)}))
    return None


def _measure_sum(parts: Sequence[_Measure | None]) -> _Measure | None:
    if any(p is None for p in parts):
        return None
    known = cast("Sequence[_Measure]", parts)
    integer = math.lcm(*(p.integer for p in known))
    lower = sum(p.lower for p in known)
    terms = [p.upper + _log2(integer // p.integer) + lower - p.lower for p in known]
    upper = max(terms) + math.log2(len(terms)) + 1e-6
    return _Measure(upper, lower, integer, _union(known))


def _measure_product(parts: Sequence[_Measure | None]) -> _Measure | None:
    if any(p is None for p in parts):
        return None
    known = cast("Sequence[_Measure]", parts)
    return _Measure(
        sum(p.upper for p in known),
        sum(p.lower for p in known),
        math.prod(p.integer for p in known),
        _union(known),
    )


def _measure_power(expr: Any) -> _Measure | None:
    base = _measure(expr.base)
    if base is None:
        return None
    power, index = int(expr.exp.p), int(expr.exp.q)
    if index > 1:
        # U/L = (U L^(k-1))^(1/k) / L, or U / (U^(k-1) L)^(1/k): take the smaller measure.
        leaves = base.leaves | {((expr.base, index), index)}
        # The second form divides by U, so it is only for a base that is seen not to be 0.
        if base.upper >= base.denominator or not expr.base.is_Rational:
            upper = (base.upper + (index - 1) * base.denominator) / index
            base = _Measure(upper, base.lower, base.integer, leaves)
        else:
            lower = ((index - 1) * base.upper + base.denominator) / index
            base = _Measure(base.upper, lower, 1, leaves)
    if power >= 0:
        return _Measure(power * base.upper, power * base.lower, base.integer**power, base.leaves)
    return _Measure(-power * base.denominator, -power * base.upper, 1, base.leaves)


def _union(parts: Sequence[_Measure]) -> frozenset[tuple[Any, int]]:
    return frozenset().union(*(p.leaves for p in parts))


def _algebraic_sign(number: sympy.Expr, measure: _Measure) -> int | None:
    # |number| < 2**-needed proves that it is 0.
    needed = measure.denominator + max(measure.degree - 1, 0) * max(measure.upper, 0.0) + 2
    if needed > _MAX_BITS_ALGEBRAIC:
        return _ball_sign(number, _MAX_BITS_TRANSCENDENTAL)
    bits = 4096
    while True:
        ball = enclose(number, bits)
        if ball > 0:
            return 1
        if ball < 0:
            return -1
        if ball.is_finite() and abs(ball) < flint.arb(2) ** -(int(needed) + 1):
            return 0
        if bits > 4 * needed + 65536:
            return None
        bits *= 2


def _vanishes_identically(number: sympy.Expr) -> bool:
    """Whether the number is 0 whatever its transcendental parts are."""
    atoms: dict[sympy.Basic, sympy.Symbol] = {}
    replaced = _opaque(number, atoms)
    try:
        polynomial = sympy.Poly(sympy.expand(replaced), *atoms.values())
    except sympy.PolynomialError:
        return False
    return all(not c.has(*atoms.values()) and sign(c) == 0 for c in polynomial.coeffs())


def _opaque(expr: Any, atoms: dict[sympy.Basic, sympy.Symbol]) -> sympy.Expr:
    if expr.is_Rational or isinstance(expr, sympy.CRootOf):
        return expr
    if isinstance(expr, (sympy.Add, sympy.Mul)) or (
        isinstance(expr, sympy.Pow) and expr.exp.is_Integer and expr.exp > 0
    ):
        return expr.func(*(_opaque(a, atoms) for a in expr.args))
    if _measure(expr) is not None:
        return expr
    return atoms.setdefault(expr, sympy.Dummy())


def compare(a: Any, b: Any) -> int | None:
    """Return the sign of ``a - b``, or None where it stays undecided."""
    if a == b:
        return 0
    return sign(a - b)


def exact_max(numbers: Sequence[Any]) -> tuple[Any, list[int]] | None:
    """Return the largest of some exact numbers and the indices that attain it.

    Returns
    -------
    (value, indices) or None
        None where a comparison between leading candidates stays undecided.
    """
    balls = [enclose(n, 128) for n in numbers]
    if not all(b.is_finite() for b in balls):
        return None
    floor = max(balls, key=lambda b: float(b.mid()))
    leaders = [i for i, b in enumerate(balls) if not (b < floor)]
    best = [leaders[0]]
    for i in leaders[1:]:
        order = compare(numbers[i], numbers[best[0]])
        if order is None:
            return None
        if order > 0:
            best = [i]
        elif order == 0:
            best.append(i)
    return numbers[best[0]], best
