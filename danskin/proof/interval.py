"""Endpoint intervals with outward rounding, many boxes at a time.

An array of N intervals is a float64 array of shape (2, N) with the rows ``(-lo, hi)``: both are
then rounded *up*, by the same code. IEEE 754 rounds +, -, *, / and sqrt correctly, so one step of
``nextafter`` away is rigorous; where the operation is seen to be exact the endpoint is kept, so
that [0, 1] stays [0, 1] and sums such as ``1 - x*x`` do not leak below 0 at a boundary.

Neither row ever holds NaN or -inf: an operation without a finite bound returns +inf, the whole line
being ``(inf, inf)``. In particular ``0 * inf`` is the whole line.
"""

from __future__ import annotations

import numpy as np

from danskin.errors import SolverError

__all__ = [
    "WHOLE",
    "add",
    "contains_zero",
    "hull",
    "intersect",
    "lower",
    "magnitude",
    "make",
    "mul",
    "neg",
    "power",
    "reciprocal",
    "require_ieee",
    "sqrt",
    "square",
    "sub",
    "upper",
]

_INF = np.inf
_MAX = float(np.finfo(float).max)
#: The whole line, of shape (2, 1).
WHOLE = np.full((2, 1), _INF)


def require_ieee() -> None:
    """Raise unless float64 arithmetic rounds to nearest and keeps subnormal numbers.

    A library built with -ffast-math can switch either off for the whole process.
    """
    tiny = np.full(2, 2.2250738585072014e-308)
    one, half_ulp = np.ones(2), np.full(2, 2.0**-53)
    third = np.ones(2) / np.full(2, 3.0)
    # To nearest, 1 + u rounds to even, 1 + 3u up, 1/3 down, and -1/3 symmetrically.
    right = (
        (tiny / 2 > 0).all()
        and (one + half_ulp == 1.0).all()
        and (one + 3 * half_ulp == 1.0 + 2.0**-51).all()
        and (third == 0.3333333333333333).all()
        and (-one / 3.0 == -0.3333333333333333).all()
    )
    if not right:
        raise SolverError(
            "float64 arithmetic in this process does not round to nearest or flushes subnormal "
            "numbers to zero, so no enclosure would be rigorous; look for a library compiled with "
            "-ffast-math, or torch.set_flush_denormal(True)"
        )


def make(lo: np.ndarray | float, hi: np.ndarray | float) -> np.ndarray:
    """Return the intervals with these endpoints (exactly representable ones)."""
    return np.array([np.negative(lo), hi], dtype=float).reshape(2, -1)


def lower(a: np.ndarray) -> np.ndarray:
    """Return the lower endpoints."""
    return -a[0]


def upper(a: np.ndarray) -> np.ndarray:
    """Return the upper endpoints."""
    return a[1]


def neg(a: np.ndarray) -> np.ndarray:
    """Return ``-a``."""
    return a[::-1]


def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return enclosures of the sums."""
    s = a + b
    # Knuth's TwoSum: e is the rounding error of s, exactly; a sum without error stays as it is.
    z = s - a
    e = (a - (s - z)) + (b - z)
    return np.maximum(np.where(e <= 0, s, np.nextafter(s, _INF)), -_MAX)


def sub(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return enclosures of the differences (operands taken as independent)."""
    return add(a, b[::-1])


def _short(a: np.ndarray) -> np.ndarray:
    """Whether both endpoints have 24 bits or fewer, so that products of such are exact."""
    same = a.astype(np.float32) == a
    return same[0] & same[1]


def mul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return enclosures of the products (operands taken as independent)."""
    a0, a1, b0, b1 = -a[0], a[1], -b[0], b[1]
    p, q, u, v = a0 * b0, a0 * b1, a1 * b0, a1 * b1
    r = np.array(
        [
            -np.minimum(np.minimum(p, q), np.minimum(u, v)),
            np.maximum(np.maximum(p, q), np.maximum(u, v)),
        ]
    )
    exact = _short(a) & _short(b)
    if not exact.all():
        # A product is exactly 0 where a factor is; elsewhere 0 is an underflow.
        if (r == 0).any():
            nil0, nil1 = (a0 == 0, a1 == 0), (b0 == 0, b1 == 0)
            lost = ((p == 0) & ~(nil0[0] | nil1[0])) | ((q == 0) & ~(nil0[0] | nil1[1]))
            lost |= ((u == 0) & ~(nil0[1] | nil1[0])) | ((v == 0) & ~(nil0[1] | nil1[1]))
            exact = exact | ((r == 0) & ~lost)
        r = np.where(exact, r, np.nextafter(r, _INF))
    return _repair(r)


def _repair(r: np.ndarray) -> np.ndarray:
    """Turn intervals with a NaN into the whole line, and an overflow to -inf into a bound."""
    r = np.maximum(r, -_MAX)
    bad = np.isnan(r)
    if bad.any():
        r = np.where(bad[0] | bad[1], _INF, r)
    return r


def _magnitudes(a: np.ndarray) -> np.ndarray:
    """Return the intervals of ``|a|``."""
    lo, hi = -a[0], a[1]
    small = np.maximum(np.maximum(lo, -hi), 0.0)
    return np.array([-small, np.maximum(-lo, hi)])


def square(a: np.ndarray) -> np.ndarray:
    """Return enclosures of the squares."""
    return power(a, 2)


def power(a: np.ndarray, n: int) -> np.ndarray:
    """Return enclosures of ``a**n`` for an integer n >= 1."""
    if n == 1:
        return a
    if n % 2 == 0:
        return _power_of_nonnegative(_magnitudes(a), n)
    # Monotone: the two endpoints by themselves, as thin intervals of magnitudes.
    ends = np.concatenate([-a[:1], a[1:]])
    size = np.abs(ends)
    count = ends.shape[1]
    both = size.reshape(1, -1)
    p = _power_of_nonnegative(np.concatenate([-both, both]), n)
    low, high = (-p[0]).reshape(2, count), p[1].reshape(2, count)
    lo = np.where(ends[0] >= 0, low[0], -high[0])
    hi = np.where(ends[1] >= 0, high[1], -low[1])
    return np.array([-lo, hi])


def _power_of_nonnegative(a: np.ndarray, n: int) -> np.ndarray:
    result = None
    while n:
        if n & 1:
            result = a if result is None else _mul_nonnegative(result, a)
        n >>= 1
        if n:
            a = _mul_nonnegative(a, a)
    assert result is not None
    return result


def _mul_nonnegative(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    lo, hi = (-a[0]) * (-b[0]), a[1] * b[1]
    exact = _short(a) & _short(b)
    low = np.where(exact, lo, np.maximum(np.nextafter(lo, -_INF), 0.0))
    nothing = (a[1] == 0) | (b[1] == 0)
    high = np.where(exact | nothing, hi, np.nextafter(hi, _INF))
    # 0 * inf: the magnitudes of an unbounded interval times [0, 0].
    return _repair(np.array([-low, high]))


def contains_zero(a: np.ndarray) -> np.ndarray:
    """Whether 0 lies in the closed interval."""
    return (a[0] >= 0) & (a[1] >= 0)


def reciprocal(a: np.ndarray) -> np.ndarray:
    """Return enclosures of ``1/a``: the whole line where 0 is in `a`, endpoints included."""
    zero = contains_zero(a)
    b = np.where(zero, np.array([[-1.0], [1.0]]), a)
    # 1/x is decreasing on either side of 0: the upper end comes from the lower one.
    ends = np.array([-1.0 / b[1], 1.0 / -b[0]])
    exact = (ends * np.array([-b[1], -b[0]]) == 1.0) & _short(b) & _short(ends)
    r = np.where(exact, ends, np.nextafter(ends, _INF))
    # The sign is known: rounding must not carry an endpoint across 0.
    positive, negative = b[0] < 0, b[1] < 0
    r[0] = np.where(positive, np.minimum(r[0], 0.0), r[0])
    r[1] = np.where(negative, np.minimum(r[1], 0.0), r[1])
    return np.where(zero, _INF, np.maximum(r, -_MAX))


def sqrt(a: np.ndarray) -> np.ndarray:
    """Return enclosures of the square roots of the part of `a` that is >= 0."""
    lo, hi = np.maximum(-a[0], 0.0), np.maximum(a[1], 0.0)
    ends = np.sqrt(np.array([lo, hi]))
    exact = (ends * ends == np.array([lo, hi])) & (ends.astype(np.float32) == ends)
    low = np.where(exact[0], ends[0], np.maximum(np.nextafter(ends[0], -_INF), 0.0))
    high = np.where(exact[1], ends[1], np.nextafter(ends[1], _INF))
    return np.array([-low, high])


def hull(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the least intervals that contain both."""
    return np.maximum(a, b)


def intersect(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the common part of two enclosures of the same numbers."""
    return np.minimum(a, b)


def magnitude(a: np.ndarray) -> np.ndarray:
    """Return an upper bound on ``|x|`` for x in the intervals."""
    return np.maximum(a[0], a[1])
