"""Vectors with exact entries, and the gradients that an objective has at its maximizers.

Most claims put vectors into a formula in features, ask for all maximizers at the point where the
features vanish, and go on with the gradients there. These are the steps they share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from danskin.claims.argument import EXACT, Argument, conjunction, decided, equal, ordered
from danskin.claims.gram import as_sympy, known_maximizers
from danskin.counterexamples import pull_back
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, sign
from danskin.expression import parse
from danskin.maximizers import MaximizerSet, maximizers
from danskin.minnorm import exact_min_norm
from danskin.objective import BatchObjective
from danskin.verdict import Verdict

__all__ = [
    "MinNorm",
    "at_the_vectors",
    "batch_gradients",
    "combine",
    "in_simplex",
    "inner",
    "largest_product",
    "min_norm",
    "numbers",
    "point_text",
    "rows_text",
    "vectors_are",
]

Vector = Sequence[Any]


def numbers(texts: Iterable[Any]) -> list[sympy.Expr]:
    """Read exact numbers."""
    return [parse(str(x), {}, "claimed") for x in texts]


def inner(a: Vector, b: Vector) -> sympy.Expr:
    """Exact inner product."""
    return sympy.expand(sympy.Add(*(x * y for x, y in zip(a, b, strict=True))))


def combine(weights: Vector, rows: Sequence[Vector]) -> list[sympy.Expr]:
    """Return ``sum weights[i] rows[i]``."""
    return [inner(weights, column) for column in zip(*rows, strict=True)]


def in_simplex(weights: Vector) -> Verdict:
    """Decide whether the weights are non-negative and add up to 1."""
    return conjunction(
        [*(ordered(w, ">=", 0) for w in weights), equal(sympy.Add(*weights), 1)],
    )


def largest_product(direction: Vector, rows: Sequence[Vector]) -> Any:
    """Return ``max_i <direction, rows[i]>`` exactly, or None where that is not decided."""
    found = exact_max([inner(direction, g) for g in rows])
    return None if found is None else found[0]


def point_text(point: Vector) -> str:
    """Show a vector."""
    return f"({', '.join(map(str, point))})"


def rows_text(rows: Iterable[Vector]) -> str:
    """Show vectors, one after the other."""
    return ", ".join(map(point_text, rows))


def at_the_vectors(formula: Any, vectors: Any) -> MaximizerSet:
    """Return all maximizers of a formula in features, with these vectors, where they vanish."""
    rows = [numbers(v) for v in vectors]
    return known_maximizers(pull_back(formula, rows), [0] * len(rows[0]))


def vectors_are(argument: Argument, name: str, formula: Any, vectors: Any) -> MaximizerSet:
    """Add the part "the gradients at the maximizers, all of them, are these vectors"."""
    S = at_the_vectors(formula, vectors)
    wanted = {tuple(numbers(v)) for v in vectors}
    argument.part(
        f"{name}: g = {formula.expression} at features 0: the gradients at the maximizers, all of "
        f"them, are {rows_text(S.exact_gradients or ())}",
        decided(set(S.exact_gradients or ()) == wanted and not S.faces),
        EXACT,
    )
    return S


@dataclass(frozen=True)
class MinNorm:
    """The exact min-norm point of a hull, in SymPy's numbers.

    Attributes
    ----------
    weights : tuple (m,)
    point : list (n,)
        ``x = sum weights_i gradients_i``, recomputed from the weights.
    square : sympy.Expr
        ``|x|^2``.
    verdict : Verdict
        Weights in the simplex and KKT, recomputed in exact arithmetic.
    """

    weights: tuple[sympy.Expr, ...]
    point: list[sympy.Expr]
    square: sympy.Expr
    verdict: Verdict

    @property
    def rho(self) -> sympy.Expr:
        """The length of the point."""
        return sympy.sqrt(self.square)

    @property
    def stationary(self) -> bool:
        """Whether 0 is in the hull."""
        return sign(self.square) == 0

    @property
    def steepest(self) -> list[sympy.Expr]:
        """Minus the normalised point.

        Raises
        ------
        InvalidInputError
            0 is in the hull.
        """
        if self.stationary:
            raise InvalidInputError("objective", "0 is in the hull of its gradients", "")
        return [-v / self.rho for v in self.point]


def min_norm(rows: Any) -> MinNorm:
    """Return the exact min-norm point of the hull of these rows, checked by its KKT conditions."""
    found = exact_min_norm(rows, sign=sign)
    weights = tuple(as_sympy(w) for w in found.weights)
    point = combine(weights, rows)
    square = inner(point, point)
    kkt = [ordered(inner(point, g), ">=", square) for g in rows]
    return MinNorm(weights, point, square, conjunction([in_simplex(weights), *kkt]))


def batch_gradients(
    formula: Any, pairs: Any, runs: Iterable[Sequence[Any]]
) -> tuple[Any, list[list[sympy.Expr]]]:
    """Return a batch's maximizers at 0, and its gradients at joint perturbations.

    Parameters
    ----------
    formula : MinMaxObjective in features
        Every sample's.
    pairs : for each sample, its vectors
    runs : joint perturbations, one number a sample

    Raises
    ------
    InvalidInputError
        A run that is not a joint maximizer.
    """
    samples = [pull_back(formula, pair) for pair in pairs]
    S = maximizers(BatchObjective(samples), [0] * samples[0].theta_dim)
    parts = [
        dict(zip(p.exact_deltas or (), p.exact_gradients or (), strict=True))
        for p in S.samples  # type: ignore[union-attr]
    ]
    joint = []
    for run in runs:
        rows = [p.get((d,)) for p, d in zip(parts, numbers(run), strict=True)]
        if None in rows:
            raise InvalidInputError("runs", f"{tuple(run)} is not a joint maximizer", "")
        joint.append(combine([sympy.Rational(1, len(rows))] * len(rows), rows))  # type: ignore[arg-type]
    return S, joint
