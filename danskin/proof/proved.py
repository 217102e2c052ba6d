"""All maximizers, proved: by the exact classes of `danskin.argmax`, or by branch and bound.

Both need g to be defined around theta on all of S, which the cover shows; the expression at an
exact theta may have lost a singularity (``t*log(d)`` at t = 0).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from danskin.argmax.structure import exact_argmax
from danskin.errors import DanskinError
from danskin.exact import to_float
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.objective import BatchObjective, ExpressionObjective
from danskin.proof.at_point import exact_at, float_bounds
from danskin.proof.cover import Cover
from danskin.proof.local import LocalProblem
from danskin.proof.ties import Maximum, resolve

__all__ = ["as_maximizer_set", "best_known_maximizers", "by_class", "prove_maximizers"]

_ROUNDS = 31


def by_class(f: ExpressionObjective, theta: Sequence[Any], cover: Cover, seconds: float) -> Any:
    """Return the maximizers if g(theta, .) is in a class that `danskin.argmax` can prove.

    Returns
    -------
    MaximizerSet or None
        None also where its value contradicts the cover's bounds, which would be a defect in one
        of the two: then neither is believed.
    """
    if not cover.defined:
        return None
    try:
        with time_limit(max(seconds, 0.05), "the exact search for maximizers"):
            if exact_argmax(f.at(theta), f.delta_symbols, f.domain) is None:
                return None
            S = maximizers(f, list(theta))
            if not (isinstance(S, MaximizerSet) and S.complete and S.exact_value is not None):
                return None
            lo, hi = float_bounds(S.exact_value)
    except (DanskinError, ArithmeticError, RecursionError, NotImplementedError, ValueError):
        return None
    except sympy.PolynomialError:
        return None
    return S if hi >= cover.floor and lo <= cover.ceiling else None


def as_maximizer_set(f: ExpressionObjective, theta: Sequence[Any], found: Maximum) -> MaximizerSet:
    """Return points that are proved to be all maximizers in the form that the library shares."""
    gradient = f.gradient_at(theta)
    rows = tuple(tuple(exact_at(g, f.delta_symbols, p) for g in gradient) for p in found.points)
    value = to_float(found.value)
    return MaximizerSet(
        theta=np.array([to_float(t) for t in theta]),
        deltas=np.array([[to_float(c) for c in p] for p in found.points]),
        values=np.full(len(found.points), value),
        gradients=np.array([[to_float(c) for c in r] for r in rows]),
        exact_deltas=found.points,
        exact_gradients=rows,
        faces=(),
        complete=found.complete and found.all,
        spans=True,
        value=value,
        exact_value=found.value,
        method="branch and bound, exact ties",
        _gradient_at=gradient,
        _symbols=f.delta_symbols,
    )


def prove_maximizers(
    f: ExpressionObjective, theta: Sequence[Any], cover: Cover, seconds: float
) -> MaximizerSet | None:
    """Return all maximizers with a proof that they are all, or None.

    `cover` is refined on the way.
    """
    end = time.monotonic() + seconds
    for number in range(_ROUNDS):
        left = end - time.monotonic()
        if left <= 0:
            return None
        if number in (2, 12):
            found = by_class(f, theta, cover, left if number else min(left, 2.0))
            if found is not None:
                return found
        if number in (6, 16, 30):
            maximum = resolve(cover, min(left, 5.0))
            if maximum is not None and maximum.complete and maximum.all:
                try:
                    return as_maximizer_set(f, theta, maximum)
                except DanskinError:
                    return None
        if not cover.refine(np.ones(len(cover.cells), dtype=bool)):
            break
        if len(cover.cells) > 5000:
            break
    return by_class(f, theta, cover, end - time.monotonic())


def best_known_maximizers(
    f: Any, theta: Sequence[Any], seconds: float, *, numbered: bool = False
) -> MaximizerSet | BatchMaximizerSet:
    """Return the maximizers of an objective of formulas, proved where that is possible in time.

    With `numbered`, proved points come in the order in which `maximizers` finds them.
    """
    samples: Any = f.samples if isinstance(f, BatchObjective) else (f,)
    share = seconds / len(samples)
    found = []
    for s in samples:
        S = prove_maximizers(s, theta, Cover(LocalProblem(s, theta)), share)
        if S is None:
            S = maximizers(s, list(theta))
            # The class was not believed, or g was not seen to be defined: then it is a guess.
            S = replace(S, complete=False) if isinstance(S, MaximizerSet) else S
        elif numbered and not S.faces and S.method != "exact":
            S = _reordered(S, maximizers(s, list(theta)))
        found.append(S)
    return BatchMaximizerSet(tuple(found)) if isinstance(f, BatchObjective) else found[0]


def _reordered(S: MaximizerSet, searched: Any) -> MaximizerSet:
    """Put proved points into the order of a search's."""
    order: list[int] = []
    for d in searched.deltas:
        nearest = int(np.argmin(np.linalg.norm(S.deltas - d, axis=1)))
        if nearest not in order:
            order.append(nearest)
    order += [i for i in range(len(S)) if i not in order]
    return replace(
        S,
        deltas=S.deltas[order],
        gradients=S.gradients[order],
        exact_deltas=tuple(S.exact_deltas[i] for i in order) if S.exact_deltas else None,
        exact_gradients=tuple(S.exact_gradients[i] for i in order) if S.exact_gradients else None,
    )
