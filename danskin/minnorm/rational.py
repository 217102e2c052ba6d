"""The min-norm program over the rationals, on an integer Gram matrix.

Binary floats, integers and fractions become integers after one common scaling, so the whole
computation is integer arithmetic: FLINT's elimination for the KKT system of a face, and Wolfe's
active set around it with exact comparisons. Nothing is rounded, so nothing is undecided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import overload

import flint

from danskin.errors import SolverError

__all__ = [
    "IntegerGram",
    "clear_denominators",
    "exact_active_set",
    "improving_point",
    "integer_gram",
    "is_positive_semidefinite",
    "sqrt_bounds",
    "weighted_sum",
]

IntegerGram = list[list[int]]


def clear_denominators(rows: Sequence[Sequence[Fraction]]) -> tuple[list[list[int]], Fraction]:
    """Return integer rows and the positive rational by which they have to be multiplied."""
    denominator = math.lcm(*(entry.denominator for row in rows for entry in row))
    integers = [[int(entry * denominator) for entry in row] for row in rows]
    common = math.gcd(*(entry for row in integers for entry in row)) or 1
    return [[entry // common for entry in row] for row in integers], Fraction(common, denominator)


def integer_gram(rows: Sequence[Sequence[int]]) -> IntegerGram:
    """Return the Gram matrix of integer rows."""
    matrix = flint.fmpz_mat([list(row) for row in rows])
    return _integers(matrix * matrix.transpose())


def weighted_sum(weights: Sequence[int], rows: Sequence[Sequence[int]]) -> list[int]:
    """Return ``weights @ rows``."""
    used = [(a, row) for a, row in zip(weights, rows, strict=True) if a]
    return [sum(a * row[k] for a, row in used) for k in range(len(rows[0]))]


def is_positive_semidefinite(gram: IntegerGram) -> bool:
    """Decide exactly whether a symmetric matrix has no negative eigenvalue.

    All roots of ``det(t + G)`` are real, and minus the eigenvalues: none is positive iff no
    coefficient is negative (Descartes' rule of signs).
    """
    negative = flint.fmpz_mat([[-entry for entry in row] for row in gram])
    return all(coefficient >= 0 for coefficient in negative.charpoly().coeffs())


def _integers(matrix: flint.fmpz_mat) -> IntegerGram:
    return [[int(entry) for entry in row] for row in matrix.tolist()]


def _starts(sizes: Sequence[int]) -> list[int]:
    return [sum(sizes[:b]) for b in range(len(sizes))]


def _face_minimizer(
    gram: IntegerGram, support: list[int], sizes: Sequence[int]
) -> dict[int, Fraction]:
    """Minimise ``a' G a`` over the affine hull of `support`, block sums one.

    Solves ``G_SS a - E lambda = 0, E' a = 1`` by elimination over the integers. A singular but
    consistent system, as affinely dependent points give, leaves its free unknowns at zero.
    """
    block = [b for b, size in enumerate(sizes) for _ in range(size)]
    used = sorted({block[i] for i in support})
    rows = [
        [gram[i][j] for j in support] + [-int(block[i] == b) for b in used] + [0] for i in support
    ]
    rows += [[int(block[j] == b) for j in support] + [0] * len(used) + [1] for b in used]
    width = len(support) + len(used)
    reduced, denominator, rank = flint.fmpz_mat(rows).rref()
    solution = dict.fromkeys(support, Fraction(0))
    column = 0
    for r in range(rank):
        while reduced[r, column] == 0:
            column += 1
        if column == width:
            raise SolverError(
                "the KKT system of a face has no solution, so the Gram matrix is not positive "
                "semidefinite; pass the gradients, or an exact Gram matrix"
            )
        if column < len(support):
            solution[support[column]] = Fraction(int(reduced[r, width]), int(denominator))
    return solution


def improving_point(
    gram: IntegerGram, weights: Sequence[Fraction], sizes: Sequence[int]
) -> int | None:
    """Return None if `weights` are optimal, else the index of the point that improves most.

    The conditions, for each block: weights nonnegative and adding up to one; no ``<x, g_j>``
    below the block's average ``sum_i a_i <x, g_i>``.
    """
    # Over one common denominator, so that integers are compared and no fraction is reduced.
    denominator = math.lcm(*(a.denominator for a in weights))
    whole = [int(a * denominator) for a in weights]
    column = flint.fmpz_mat([[a] for a in whole])
    slopes = [row[0] for row in _integers(flint.fmpz_mat(gram) * column)]
    worst: tuple[int, int] | None = None
    for first, size in zip(_starts(sizes), sizes, strict=True):
        inside = range(first, first + size)
        average = sum(whole[j] * slopes[j] for j in inside if whole[j])
        for j in inside:
            excess = slopes[j] * denominator - average
            if excess < 0 and (worst is None or excess < worst[0]):
                worst = (excess, j)
    return None if worst is None else worst[1]


@overload
def exact_active_set(
    gram: IntegerGram, sizes: Sequence[int], guess: Sequence[Fraction] | None = None
) -> tuple[list[Fraction], int]: ...


@overload
def exact_active_set(
    gram: IntegerGram, sizes: Sequence[int], guess: Sequence[Fraction] | None, most: float
) -> tuple[list[Fraction], int] | None: ...


def exact_active_set(
    gram: IntegerGram,
    sizes: Sequence[int],
    guess: Sequence[Fraction] | None = None,
    most: float = math.inf,
) -> tuple[list[Fraction], int] | None:
    """Minimise ``a' G a`` over a product of simplices, exactly.

    Parameters
    ----------
    gram : integer Gram matrix
    sizes : block sizes
    guess : feasible weights, optional
        Usually a float solver's; when their support is right, one linear solve ends the matter.
    most : float
        Linear solves after which to give up.

    Returns
    -------
    (weights, linear solves)
        Weights that satisfy the KKT conditions exactly. None if `most` solves did not suffice.

    Raises
    ------
    SolverError
        If the matrix turns out not to be positive semidefinite.
    """
    if guess is None:
        weights = [Fraction(0)] * len(gram)
        for first, size in zip(_starts(sizes), sizes, strict=True):
            weights[min(range(first, first + size), key=lambda j: gram[j][j])] = Fraction(1)
    else:
        weights = list(guess)
    support: list[int] = [j for j, a in enumerate(weights) if a > 0]
    solves = 0
    for _ in range(100 + 20 * len(gram)):
        if solves >= most:
            return None
        target = _face_minimizer(gram, support, sizes)
        solves += 1
        while min(target.values()) < 0:
            if solves >= most:
                return None
            # Walk from the weights towards the target until the first weight is zero.
            step = min(weights[j] / (weights[j] - t) for j, t in target.items() if t < 0)
            weights = [
                a + step * (target[j] - a) if j in target else a for j, a in enumerate(weights)
            ]
            support = [j for j in support if weights[j] > 0]
            target = _face_minimizer(gram, support, sizes)
            solves += 1
        weights = [target.get(j, Fraction(0)) for j in range(len(gram))]
        support = [j for j in support if weights[j] > 0]
        entering = improving_point(gram, weights, sizes)
        if entering is None:
            return weights, solves
        if entering in support:
            break
        support = sorted([*support, entering])
    raise SolverError(
        "exact active set: no optimum was reached, so the Gram matrix is not positive "
        "semidefinite; pass the gradients, or an exact Gram matrix"
    )


def sqrt_bounds(square: Fraction) -> tuple[float, float]:
    """Return the floats just below and just above ``sqrt(square)`` (equal if it is a float)."""
    if square <= 0:
        return 0.0, 0.0
    # floor(sqrt(p/q) * 2**s) with about 120 significant bits
    shift = 120 - (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    scaled = square * Fraction(4) ** shift
    root = math.isqrt(scaled.numerator // scaled.denominator)
    low = Fraction(root) / Fraction(2) ** shift
    high = low if low * low == square else Fraction(root + 1) / Fraction(2) ** shift
    below, above = float(low), float(high)
    if Fraction(below) > low:
        below = math.nextafter(below, 0.0)
    if Fraction(above) < high:
        above = math.nextafter(above, math.inf)
    return below, above
