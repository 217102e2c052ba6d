"""Exact Gram matrices: symmetry, positive semidefiniteness, a factor, the min norm of the hull.

Everything is decided by elimination in an exact field (`field`), so that a matrix at the border
falls on the right side of it; what fails comes with a witness that can be checked by hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import sympy

from danskin.counterexamples.core import Row, dot
from danskin.counterexamples.generate.field import Field, field_of, undecided
from danskin.errors import InvalidInputError, SolverError
from danskin.exact import exact_vector, sign, tidy, to_float, to_fraction
from danskin.minnorm import min_norm_weights
from danskin.minnorm.rational import clear_denominators, exact_active_set

__all__ = [
    "MOST_VECTORS",
    "Gram",
    "Hull",
    "Indefinite",
    "factor",
    "gram_of",
    "hull_of",
    "read_gram",
    "slopes",
]

Gram = tuple[Row, ...]

MOST_VECTORS = 64
#: Supports tried for an irrational Gram matrix; the float solver's is the first.
_MOST_SUPPORTS = 300


@dataclass(frozen=True)
class Indefinite:
    """Why a symmetric matrix is not positive semidefinite: w with ``w' G w < 0``, exactly."""

    witness: Row
    value: sympy.Expr

    def __str__(self) -> str:
        entries = ", ".join(map(str, self.witness))
        return f"w = ({entries}) gives w' G w = {self.value} < 0"


@dataclass(frozen=True)
class Hull:
    """The min norm of the hull of vectors with a given Gram matrix.

    Attributes
    ----------
    weights : exact numbers (m,)
        On the simplex: the min-norm point is ``sum w_i v_i``.
    squared_norm : sympy.Expr
        ``rho**2``; 0 where the hull contains 0.
    """

    weights: Row
    squared_norm: sympy.Expr

    @property
    def stationary(self) -> bool:
        """Whether 0 is in the hull."""
        return sign(self.squared_norm) == 0


def read_gram(matrix: Any) -> Gram:
    """Read a symmetric matrix exactly.

    Raises
    ------
    InvalidInputError
        Not a square list of rows of finite real numbers, or not symmetric (the message names the
        entries).
    """
    remedy = 'Pass m rows of m numbers, such as [[1, "-1/2"], ["-1/2", 1]].'
    if hasattr(matrix, "tolist"):  # a SymPy matrix iterates over entries, not rows
        matrix = matrix.tolist()
    if isinstance(matrix, (str, bytes, dict, set)) or not hasattr(matrix, "__iter__"):
        raise InvalidInputError("gram", "it is not a list of rows", remedy)
    listed = list(matrix)
    if not listed:
        raise InvalidInputError("gram", "it is empty", remedy)
    if len(listed) > MOST_VECTORS:
        raise InvalidInputError(
            "gram", f"it has {len(listed)} rows", f"Pass at most {MOST_VECTORS}."
        )
    for i, row in enumerate(listed):
        if isinstance(row, (str, bytes, dict, set)) or not hasattr(row, "__iter__"):
            raise InvalidInputError("gram", f"row {i} is {row!r:.60}, not a list", remedy)
    rows = tuple(
        tuple(tidy(x) for x in exact_vector(row, f"gram[{i}]", len(listed)))
        for i, row in enumerate(listed)
    )
    for i in range(len(rows)):
        for j in range(i):
            which = sign(rows[i][j] - rows[j][i])
            if which is None:
                raise undecided(f"whether gram[{i}][{j}] equals gram[{j}][{i}]")
            if which != 0:
                raise InvalidInputError(
                    "gram",
                    f"it is not symmetric: gram[{i}][{j}] = {rows[i][j]} and gram[{j}][{i}] = "
                    f"{rows[j][i]}",
                    "A matrix of inner products <v_i, v_j> is symmetric; write text such as "
                    '"1/10", since a float means the very binary number.',
                )
    return rows


def gram_of(vectors: Sequence[Row]) -> Gram:
    """Return the exact Gram matrix of exact rows."""
    rows: list[list[sympy.Expr]] = [[sympy.Integer(0)] * len(vectors) for _ in vectors]
    for i, v in enumerate(vectors):
        for j in range(i + 1):
            rows[i][j] = rows[j][i] = tidy(dot(v, vectors[j]))
    return tuple(tuple(row) for row in rows)


def slopes(gram: Gram, weights: Row) -> Row:
    """Return ``<x, v_i>`` for all i, where ``x = sum w_i v_i``."""
    return tuple(tidy(dot(row, weights)) for row in gram)


# --- positive semidefinite -----------------------------------------------------------------------


def factor(gram: Gram) -> tuple[Row, ...] | Indefinite:
    """Return rows V with ``V V' = G``, as many columns as G has rank, or why there are none.

    Elimination in the given order, ``G = L D L'``; ``V = L sqrt(D)``. The transformation T is kept
    (``A_ij = T_i' G T_j`` for the remaining block A), so that a negative pivot, or a zero pivot in
    a nonzero row, becomes a witness.

    Raises
    ------
    InvalidInputError
        A sign on which the answer hangs cannot be decided.
    """
    m = len(gram)
    field = field_of([x for row in gram for x in row])
    A = [[field.read(x) for x in row] for row in gram]
    one, zero = field.read(sympy.Integer(1)), field.read(sympy.Integer(0))
    T = [[one if i == j else zero for j in range(m)] for i in range(m)]
    columns: list[tuple[list[Any], Any]] = []
    for k in range(m):
        pivot = A[k][k]
        which = field.sign(pivot)
        if which < 0:
            return _indefinite(field, T[k], gram)
        if which == 0:
            j = next((j for j in range(k + 1, m) if field.sign(A[k][j])), None)
            if j is None:
                continue
            # t T_k + T_j has the value 2 t A_kj + A_jj; this t makes it -1.
            t = -(A[j][j] + one) / (A[k][j] + A[k][j])
            return _indefinite(field, [t * a + b for a, b in zip(T[k], T[j], strict=True)], gram)
        lower = [zero] * k + [field.normal(A[i][k] / pivot) for i in range(k, m)]
        columns.append((lower, pivot))
        row = list(A[k])
        for i in range(k + 1, m):
            T[i] = [field.normal(a - lower[i] * b) for a, b in zip(T[i], T[k], strict=True)]
            for j in range(i, m):
                A[i][j] = A[j][i] = field.normal(A[i][j] - lower[i] * row[j])
    roots = [sympy.sqrt(field.write(pivot)) for _, pivot in columns]
    return tuple(
        tuple(
            tidy(field.write(lower[i]) * root)
            for (lower, _), root in zip(columns, roots, strict=True)
        )
        for i in range(m)
    )


def _indefinite(field: Field, witness: Sequence[Any], gram: Gram) -> Indefinite:
    short = _short_witness(gram)
    if short is not None:
        return short
    entries: list[Any] = [field.write(x) for x in witness]
    if all(x.is_Rational for x in entries):
        common = math.lcm(*(int(x.q) for x in entries))
        shared = math.gcd(*(int(x * common) for x in entries)) or 1
        entries = [x * common / shared for x in entries]
    exact = tuple(tidy(x) for x in entries)
    return Indefinite(exact, tidy(dot(exact, slopes(gram, exact))))


def _short_witness(gram: Gram) -> Indefinite | None:
    """Round the float eigenvector of the least eigenvalue to small integers, if that will do."""
    try:
        floats = np.array([[to_float(x) for x in row] for row in gram])
        ray = np.linalg.eigh(floats)[1][:, 0]
    except (InvalidInputError, np.linalg.LinAlgError):
        return None
    ray = ray / ray[np.argmax(np.abs(ray))]
    for scale in (1, 2, 3, 4, 6, 10, 30, 100):
        entries = tuple(sympy.Integer(int(x)) for x in np.round(scale * ray))
        value = tidy(dot(entries, slopes(gram, entries)))
        if sign(value) == -1:
            return Indefinite(entries, value)
    return None


# --- the hull ------------------------------------------------------------------------------------


def hull_of(gram: Gram) -> Hull:
    """Return the exact min norm of the hull of vectors with a positive semidefinite Gram matrix.

    Rational entries: the exact active set. Others: the float solver's support first, then others;
    accepted where the optimality conditions hold exactly.

    Raises
    ------
    InvalidInputError
        Irrational entries whose signs cannot be decided, or too many supports.
    """
    if all(x.is_Rational for row in gram for x in row):
        integers, _ = clear_denominators([[to_fraction(x) for x in row] for row in gram])
        try:
            weights, _ = exact_active_set(integers, (len(gram),))
        except SolverError as error:
            raise undecided(f"the min norm of the hull ({error})") from None
        exact = tuple(sympy.Rational(w.numerator, w.denominator) for w in weights)
        return Hull(exact, dot(exact, slopes(gram, exact)))
    field = field_of([x for row in gram for x in row])
    A = [[field.read(x) for x in row] for row in gram]
    for count, support in enumerate(_supports(gram)):
        if count >= _MOST_SUPPORTS:
            break
        found = _minimizer(field, A, support)
        if found is not None:
            weights = tuple(tidy(field.write(w)) for w in found[0])
            return Hull(weights, tidy(field.write(found[1])))
    raise undecided("the min norm of the hull")


def _supports(gram: Gram) -> Iterator[tuple[int, ...]]:
    m = len(gram)
    floats = np.array([[to_float(x) for x in row] for row in gram])
    guess: tuple[int, ...] | None = None
    try:
        weights = min_norm_weights(floats).weights
        guess = tuple(int(i) for i in np.flatnonzero(weights > 1e-9))
        yield guess
    except (InvalidInputError, SolverError):
        pass  # rounding made it indefinite: the search below needs no float
    for size in range(1, m + 1):
        for support in combinations(range(m), size):
            if support != guess:
                yield support


def _minimizer(
    field: Field, gram: list[list[Any]], support: Sequence[int]
) -> tuple[list[Any], Any] | None:
    """Return the weights and rho**2 if the minimizer over the support's affine hull is optimal.

    Its weights are proportional to ``(G_SS + 1 1')^-1 1``; the matrix is regular where the points
    are affinely independent.
    """
    one, zero = field.read(sympy.Integer(1)), field.read(sympy.Integer(0))
    rows = [[gram[i][j] + one for j in support] + [one] for i in support]
    size = len(support)
    for k in range(size):
        p = next((r for r in range(k, size) if field.sign(rows[r][k])), None)
        if p is None:
            return None
        rows[k], rows[p] = rows[p], rows[k]
        head = rows[k][k]
        rows[k] = [field.normal(a / head) for a in rows[k]]
        for r in range(size):
            if r != k:
                f = rows[r][k]
                rows[r] = [field.normal(a - f * b) for a, b in zip(rows[r], rows[k], strict=True)]
    total = zero
    for row in rows:
        total = total + row[size]
    if field.sign(total) <= 0:
        return None
    weights = [zero] * len(gram)
    for i, row in zip(support, rows, strict=True):
        weights[i] = field.normal(row[size] / total)
    if any(field.sign(w) < 0 for w in weights):
        return None
    slope = []
    for row in gram:
        value = zero
        for a, w in zip(row, weights, strict=True):
            value = value + a * w
        slope.append(field.normal(value))
    square = slope[support[0]]
    if any(field.sign(s - square) < 0 for s in slope):
        return None
    return weights, square
