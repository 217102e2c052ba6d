"""Validation of gradients and Gram matrices, and their exact scaling by powers of two.

A min-norm problem is homogeneous: scaling every gradient by ``2**k`` scales the answer and
leaves the weights alone. Scaling by a power of two is exact in binary floating point, so the
solvers always see numbers near 1 and neither ``1e-150`` nor ``1e150`` under- or overflows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from danskin.errors import InvalidInputError
from danskin.minnorm.boundary import ArrayLike, Number, Sizes

__all__ = [
    "ScaledGram",
    "ScaledPoints",
    "check_choice",
    "check_gradients",
    "check_gram",
    "check_sizes",
    "check_tolerance",
    "check_vector",
    "compress",
    "factor",
    "row_norms",
]

EPS = float(np.finfo(np.float64).eps)
LARGEST = 2.0**1000
# Entries of one block of columns: 8 MiB in float64.
BLOCK = 2**20
# A Gram matrix whose normalised smallest eigenvalue lies below this is no rounded Gram matrix.
NOT_PSD = -1e-6
NOT_SYMMETRIC = 1e-6


@dataclass(frozen=True, eq=False)
class ScaledPoints:
    """Gradients divided by ``2**exponent``, largest entry in [1/2, 1) (or all zero).

    ``lost`` bounds the length that a scaled gradient lost to underflow: 0 unless entries lie more
    than 2**1000 apart.
    """

    raw: Float[np.ndarray, "m n"]
    exponent: int
    lost: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """Return (m, n)."""
        return int(self.raw.shape[0]), int(self.raw.shape[1])

    @cached_property
    def points(self) -> Float[np.ndarray, "m n"]:
        """All of them in float64, one a row, contiguous and writable."""
        return _scaled_down(self.raw, self.exponent)

    def columns(self) -> Iterator[Float[np.ndarray, "m k"]]:
        """Yield them by blocks of columns, so that no second copy of large gradients is made.

        Entries become float64 before anything is added up, whatever they were given in.
        """
        m, n = self.raw.shape
        if m * n <= BLOCK:
            yield self.points
            return
        width = max(1, BLOCK // m)
        for k in range(0, n, width):
            yield _scaled_down(self.raw[:, k : k + width], self.exponent)


def _scaled_down(raw: Float[np.ndarray, "m k"], exponent: int) -> Float[np.ndarray, "m k"]:
    if abs(exponent) < 1000:  # one multiplication by a power of two, which is faster than ldexp
        return np.multiply(raw, 2.0**-exponent, dtype=np.float64, order="C")
    return np.ldexp(raw.astype(np.float64), -exponent, order="C")


@dataclass(frozen=True, eq=False)
class ScaledGram:
    """A Gram matrix divided by ``4**exponent``, symmetrised, and made positive semidefinite.

    ``shift`` is the multiple of its own diagonal that was added to make it so (0 for a matrix
    that is positive semidefinite up to float64 rounding).
    """

    gram: Float[np.ndarray, "m m"]
    exponent: int
    shift: float


def _as_real(
    value: ArrayLike, argument: str, remedy: str
) -> tuple[Float[np.ndarray, "..."], float]:
    """Convert to float64 (float32 stays as it is) without losing a digit, or say why not.

    The second value is the largest magnitude.
    """
    try:
        array: np.ndarray[Any, np.dtype[Any]] = np.asarray(value)
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:  # a tensor with a graph
        raise InvalidInputError(
            argument, f"is not a rectangular array of numbers ({error})", remedy
        ) from error
    if np.ma.is_masked(value):
        raise InvalidInputError(
            argument, "holds masked entries", "Leave these rows out, or fill them: .filled(0)."
        )
    if array.size == 0:
        raise InvalidInputError(argument, f"is empty (shape {array.shape})", remedy)
    if array.dtype.kind == "b":
        raise InvalidInputError(argument, "holds booleans, not numbers", remedy)
    if array.dtype.kind == "c":
        raise InvalidInputError(
            argument, "holds complex numbers", "Pass real numbers (take .real if that is meant)."
        )
    if array.dtype.kind not in "iuf":
        raise InvalidInputError(
            argument,
            f"holds entries of type {array.dtype} that are not floating-point numbers",
            "Pass floats, or call exact_min_norm for integers, Fractions and SymPy numbers.",
        )
    result = array if array.dtype.char in "fd" else array.astype(np.float64)
    # NaN and infinity survive in the extremes; no mask as large as the array is needed.
    peak = max(float(result.max()), -float(result.min()))
    if not math.isfinite(peak):
        raise InvalidInputError(
            argument, "holds NaN or infinity", "Every entry must be a finite number."
        )
    if array.dtype.kind in "iu" and any(
        int(a) != int(b)
        for a, b in zip(array.ravel().tolist(), result.ravel().tolist(), strict=True)
    ):
        raise InvalidInputError(
            argument,
            "holds integers that float64 cannot represent",
            "Call exact_min_norm, which takes integers exactly.",
        )
    if peak > LARGEST:
        raise InvalidInputError(
            argument,
            "holds entries above 2**1000, whose norms overflow float64",
            "Divide everything by a power of two; the weights do not change.",
        )
    return result, peak


def check_gradients(gradients: ArrayLike, argument: str = "gradients") -> ScaledPoints:
    """Validate gradients, one a row, and scale them exactly.

    Raises
    ------
    InvalidInputError
        If they are not a non-empty two-dimensional array of finite real numbers, or a gradient
        is so much shorter than the longest that it vanishes beside it.
    """
    remedy = "Pass a non-empty (m, n) array, one gradient a row."
    array, peak = _as_real(gradients, argument, remedy)
    if array.ndim == 1:
        raise InvalidInputError(
            argument,
            f"is one-dimensional (shape {array.shape})",
            "For a single gradient write [[...]]; for m gradients in R^1 write [[a], [b], ...].",
        )
    if array.ndim != 2:
        raise InvalidInputError(argument, f"has {array.ndim} dimensions", remedy)
    exponent = math.frexp(peak)[1]
    scaled = ScaledPoints(array, exponent)
    if array.dtype == np.float32 or exponent <= 0:
        return scaled
    # Division by a power of two may underflow; look only where an entry is that small.
    limit = math.ldexp(1.0, exponent - 1022)
    lost = 0.0
    rows = [array] if array.size <= BLOCK else [array[i : i + 1] for i in range(len(array))]
    for part in rows:
        size = np.abs(part)
        if float(size.min()) < limit and ((size < limit) & (size > 0)).any():
            peaks = size.max(axis=1)
            if ((peaks > 0) & (peaks < math.ldexp(1.0, exponent - 1074))).any():
                raise InvalidInputError(
                    argument,
                    "holds gradients whose lengths are more than 2**1000 apart",
                    "Call exact_min_norm, or rescale the short ones.",
                )
            if not np.array_equal(np.ldexp(np.ldexp(part, -exponent), exponent), part):
                lost = array.shape[1] * 2.0**-1074
    return ScaledPoints(array, exponent, lost)


def check_gram(gram: ArrayLike, argument: str = "gram") -> ScaledGram:
    """Validate a Gram matrix and scale it exactly by a power of four.

    Raises
    ------
    InvalidInputError
        If it is not square, symmetric and positive semidefinite up to rounding, or not finite.
    """
    remedy = "Pass the (m, m) matrix gradients @ gradients.T."
    array, peak = _as_real(gram, argument, remedy)
    array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise InvalidInputError(argument, f"is not square (shape {array.shape})", remedy)
    diagonal = array.diagonal()
    if float(diagonal.min()) < 0:
        raise InvalidInputError(
            argument,
            f"has the negative diagonal entry {float(diagonal.min()):.3g}, "
            "so it is not positive semidefinite",
            remedy,
        )
    exponent = (math.frexp(peak)[1] + 1) // 2
    scaled = np.ldexp(array, -2 * exponent)
    # A row whose diagonal entry is 0 belongs to a zero gradient; its other entries must be 0.
    lengths = np.sqrt(scaled.diagonal())
    bound = np.outer(lengths, lengths)
    tiny = float(np.finfo(np.float64).tiny)
    if not (np.abs(scaled - scaled.T) <= NOT_SYMMETRIC * bound + tiny).all():
        raise InvalidInputError(argument, "is not symmetric", remedy)
    safe = np.where(lengths > 0, lengths, 1.0)
    symmetric = (scaled + scaled.T) / 2
    normalised = symmetric / safe[:, None] / safe[None, :]
    m = array.shape[0]
    lowest = (
        -1.0
        if not (np.abs(symmetric) <= (1 - NOT_PSD) * bound + tiny).all()
        else _lowest_eigenvalue(normalised)
    )
    if lowest < NOT_PSD:
        raise InvalidInputError(
            argument,
            "is not positive semidefinite "
            "(normalised to unit diagonal, its smallest eigenvalue is negative beyond rounding)",
            remedy,
        )
    shift = -2.0 * lowest if lowest < -8 * m * EPS else 0.0
    if shift > 0:
        symmetric = symmetric + shift * np.diag(symmetric.diagonal())
    return ScaledGram(symmetric, exponent, shift)


def _lowest_eigenvalue(gram: Float[np.ndarray, "m m"]) -> float:
    """Return it, or 0 where Cholesky shows that it is not below rounding, which is much faster."""
    m = int(gram.shape[0])
    try:
        np.linalg.cholesky(gram + 4 * m * EPS * np.eye(m))
    except np.linalg.LinAlgError:
        return float(np.linalg.eigvalsh(gram)[0])
    return 0.0


def check_sizes(sizes: Sizes, total: int) -> tuple[int, ...]:
    """Validate the numbers of gradients per sample: positive integers adding up to `total`."""
    remedy = "Pass one positive integer per sample; they add up to the number of gradients."
    try:
        raw: list[Any] = list(sizes)
    except TypeError as error:
        raise InvalidInputError("sizes", "is not a list of integers", remedy) from error
    if not raw:
        raise InvalidInputError("sizes", "is empty", remedy)
    for size in raw:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise InvalidInputError("sizes", f"holds {size!r}", remedy)
    checked = [int(size) for size in raw]
    if sum(checked) != total:
        raise InvalidInputError(
            "sizes", f"adds up to {sum(checked)}, and there are {total} gradients", remedy
        )
    return tuple(checked)


def check_vector(values: ArrayLike, length: int, argument: str) -> Float[np.ndarray, "m"]:
    """Validate a vector of `length` finite real numbers."""
    remedy = f"Pass {length} numbers, one per gradient."
    array = _as_real(values, argument, remedy)[0].astype(np.float64)
    if array.shape != (length,):
        raise InvalidInputError(argument, f"has shape {array.shape}", remedy)
    return array


def check_tolerance(tol: Number, argument: str = "tol") -> float:
    """Validate a positive finite number."""
    try:
        value = float(tol)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(argument, f"is {tol!r}", "Pass a positive number.") from error
    if isinstance(tol, bool) or not (math.isfinite(value) and value > 0):
        raise InvalidInputError(argument, f"is {tol!r}", "Pass a positive finite number.")
    return value


def check_choice(value: str, choices: Sequence[str], argument: str) -> str:
    """Validate a choice among names."""
    if value not in choices:
        raise InvalidInputError(
            argument, f"is {value!r}", f"Choose one of {', '.join(map(repr, choices))}."
        )
    return value


def row_norms(points: Float[np.ndarray, "m n"]) -> Float[np.ndarray, "m"]:
    """Return the Euclidean length of each row, with neither overflow nor underflow."""
    peak = np.abs(points).max(axis=1)
    safe = np.where(peak > 0, peak, 1.0)
    return peak * np.sqrt(np.square(points / safe[:, None]).sum(axis=1))


def factor(gram: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m m"]:
    """Return points whose Gram matrix is `gram` up to rounding relative to their lengths."""
    lengths = np.sqrt(gram.diagonal())
    safe = np.where(lengths > 0, lengths, 1.0)
    eigenvalues, vectors = np.linalg.eigh(gram / safe[:, None] / safe[None, :])
    return (lengths[:, None] * vectors) * np.sqrt(np.maximum(eigenvalues, 0.0))


def compress(points: Float[np.ndarray, "m n"]) -> Float[np.ndarray, "m r"]:
    """Rotate into the span of the points, r = min(m, n) coordinates, by QR.

    Householder QR errs by eps relative to each point's own length, so short points beside long
    ones keep their digits.
    """
    m, n = points.shape
    if n <= m:
        return points
    upper: Float[np.ndarray, "m m"] = np.linalg.qr(points.T)[1]
    return np.ascontiguousarray(upper.T)
