"""The min-norm point of gradients with real algebraic entries, by signs of determinants.

For a support S of affinely independent points and ``H = G_SS + 1 1'``, the minimizer over their
affine hull has weights proportional to ``N = adj(H) 1`` (Cramer's rule; N is polynomial in the
entries, so no radical is ever divided by). With ``D = sum N > 0``:

    S is the answer iff  N_i >= 0 on S  and  <sum N_j g_j, g_i> >= N' G_SS N / D  off S

where the right side equals ``<sum N_j g_j, g_s>`` for any s in S. By Caratheodory's theorem some
support of at most n + 1 affinely independent points is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from danskin.errors import SolverError
from danskin.verdict import Verdict

__all__ = ["algebraic_min_norm", "algebraic_verdict"]

Sign = Callable[[Any], int | None]
# Determinants of sums of radicals grow fast; beyond this many supports the search is hopeless.
MOST_SUPPORTS = 2000


class _UndecidedSign(Exception):
    """A sign the answer hangs on could not be decided."""


def _sympy() -> Any:
    """Import SymPy only where algebraic numbers are at hand."""
    import sympy  # pyright: ignore[reportMissingTypeStubs]

    return sympy


def _decided(sign: Sign, expression: Any) -> int:
    if expression.is_Rational:
        return (expression.p > 0) - (expression.p < 0)
    result = sign(expression)
    if result is None:
        raise _UndecidedSign(str(expression))
    return result


def _quotient_sign(sign: Sign, expression: Any) -> int:
    """Decide the sign of an expression with divisions by clearing them first."""
    sympy = _sympy()

    top, bottom = sympy.fraction(sympy.together(expression))
    top = _decided(sign, sympy.expand(top))
    return top if top == 0 or bottom == 1 else top * _decided(sign, sympy.expand(bottom))


def _quotient(top: Any, bottom: Any) -> Any:
    """Divide, with a rational denominator where the radicals are plain square roots."""
    sympy = _sympy()

    radicals = [power for e in (top, bottom) for power in e.atoms(sympy.Pow)]
    plain = all(power.base.is_Rational for power in radicals)
    return sympy.radsimp(top / bottom) if plain else top / bottom


def _symbolic(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return the entries, Fractions or SymPy numbers, as SymPy numbers."""
    rational = _sympy().Rational
    return [
        [rational(e.numerator, e.denominator) if isinstance(e, Fraction) else e for e in row]
        for row in rows
    ]


def _inner(a: Sequence[Any], b: Sequence[Any]) -> Any:
    sympy = _sympy()

    return sympy.expand(sum((x * y for x, y in zip(a, b, strict=True)), sympy.Integer(0)))


def algebraic_min_norm(
    rows: Sequence[Sequence[Any]], guess: tuple[int, ...] | None, sign: Sign
) -> tuple[Any, ...]:
    """Return (weights, point, squared_norm, stationary, support, gradients), all exact.

    Raises
    ------
    SolverError
        If no support could be confirmed because `sign` returned None.
    """
    sympy = _sympy()

    gradients = _symbolic(rows)
    m = len(gradients)
    gram = [[_inner(a, b) for b in gradients] for a in gradients]
    undecided: list[str] = []
    for count, support in enumerate(_supports(m, len(gradients[0]) + 1, guess)):
        if count >= MOST_SUPPORTS:
            undecided.append(f"more than {MOST_SUPPORTS} supports")
            break
        try:
            numerators = _candidate(gram, support, sign)
        except _UndecidedSign as error:
            undecided.append(str(error))
            continue
        if numerators is None:
            continue
        total = sympy.expand(sum(numerators.values()))
        weights = tuple(
            _quotient(numerators[i], total) if i in numerators else sympy.Integer(0)
            for i in range(m)
        )
        point = tuple(
            _quotient(sympy.expand(sum(numerators[i] * gradients[i][k] for i in numerators)), total)
            for k in range(len(gradients[0]))
        )
        first = next(iter(numerators))
        # |x|^2 = <x, g_s> for s in the support: one division by D instead of two.
        top = sympy.expand(sum(a * gram[first][i] for i, a in numerators.items()))
        stationary = _decided(sign, top) == 0
        square = sympy.Integer(0) if stationary else _quotient(top, total)
        if stationary:
            point = tuple(sympy.Integer(0) for _ in point)
        return (
            weights,
            point,
            square,
            stationary,
            tuple(numerators),
            tuple(tuple(row) for row in gradients),
        )
    raise SolverError(
        "the exact min-norm point hangs on signs that could not be decided: "
        f"{'; '.join(undecided[:3])}. Pass a stronger sign=, rational gradients, or floats to "
        "min_norm_point"
    )


def _supports(m: int, most: int, guess: tuple[int, ...] | None) -> Iterator[tuple[int, ...]]:
    """Yield the guess, then its subsets, then all supports by size."""
    seen: set[tuple[int, ...]] = set()
    pools = [guess, tuple(range(m))] if guess else [tuple(range(m))]
    if guess is not None and len(guess) <= most:
        seen.add(guess)
        yield guess
    for pool in pools:
        for size in range(1, min(len(pool), most) + 1):
            for support in combinations(pool, size):
                if support not in seen:
                    seen.add(support)
                    yield support


def _candidate(
    gram: list[list[Any]], support: tuple[int, ...], sign: Sign
) -> dict[int, Any] | None:
    """Return the positive numerators N of the optimal weights if `support` is the answer."""
    sympy = _sympy()

    matrix = sympy.Matrix([[gram[i][j] + 1 for j in support] for i in support])
    adjugate = [sympy.Integer(1)]
    if len(support) > 1:
        adjugate = [sympy.expand(entry) for entry in matrix.adjugate()]
    k = len(support)
    tops = {i: sympy.expand(sum(adjugate[a * k : a * k + k])) for a, i in enumerate(support)}
    if _decided(sign, sympy.expand(sum(tops.values()))) <= 0:  # affinely dependent
        return None
    signs = {i: _decided(sign, top) for i, top in tops.items()}
    if min(signs.values()) < 0:
        return None
    first = next(iter(tops))
    level = sympy.expand(sum(top * gram[first][j] for j, top in tops.items()))
    for i in range(len(gram)):
        if i not in tops:
            slack = sympy.expand(sum(top * gram[i][j] for j, top in tops.items()) - level)
            if _decided(sign, slack) < 0:
                return None
    return {i: top for i, top in tops.items() if signs[i] > 0}


def algebraic_verdict(
    gradients: Sequence[Sequence[Any]],
    weights: Sequence[Any],
    point: Sequence[Any],
    squared_norm: Any,
    stationary: bool,
    sign: Sign,
) -> Verdict:
    """Check the optimality conditions from scratch; see `ExactMinNorm.verify`."""
    n = len(gradients[0])
    x = [sum(a * g[k] for a, g in zip(weights, gradients, strict=True)) for k in range(n)]
    square = sum(entry * entry for entry in x)
    zero = [sum(weights) - 1, square - squared_norm]
    zero += [a - b for a, b in zip(x, point, strict=True)]
    slack = [sum(a * b for a, b in zip(x, g, strict=True)) - square for g in gradients]
    try:
        holds = (
            all(_quotient_sign(sign, a) >= 0 for a in weights)
            and all(_quotient_sign(sign, residual) == 0 for residual in zero)
            and stationary == (_quotient_sign(sign, square) == 0)
            and all(_quotient_sign(sign, entry) >= 0 for entry in slack)
        )
    except _UndecidedSign:
        return Verdict.UNDECIDED
    return Verdict.PROVED if holds else Verdict.REFUTED
