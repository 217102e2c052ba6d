"""From a kink in floats to an exact point with a proof.

A kink is usually a curve or a surface, so that one of its points can be chosen: coordinates that
are free to vary are rounded to simple numbers, the others solved for, and the exact equation of the
tie, or a guess of what rational or quadratic number a float stands for, gives a candidate. Every
candidate is then judged from the objective alone: the maximizers are recomputed there, and only
where they are proved, or the proof engine proves the directions, does the verdict say "proved".
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.linalg
import sympy

from danskin.argmax.roots import real_roots
from danskin.counterexamples.search.branches import Branch, Phi
from danskin.counterexamples.search.kinks import Kink, around, settle
from danskin.counterexamples.search.result import FoundKink, Rate
from danskin.direction import single_gradient, steepest_descent
from danskin.errors import DanskinError
from danskin.exact import sign, to_float
from danskin.expression import substitute
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.minnorm import min_norm_point
from danskin.objective import BatchObjective, ExpressionObjective
from danskin.proof import prove_descent
from danskin.sets import CompactSet
from danskin.verdict import Verdict

__all__ = ["exact_kink", "judge_exactly"]

Exact = tuple[sympy.Expr, ...]

_GRIDS = (1, 2, 4, 8, 16, 64, 512)
_NEAR = 1e-8
_MOST_GRADIENTS = 16
_CANDIDATE_SECONDS = 10.0
_LONGEST_TEXT = 200


def exact_kink(
    phi: Phi, kink: Kink, lo: np.ndarray, hi: np.ndarray, rng: np.random.Generator, seconds: float
) -> FoundKink | None:
    """Return a proved kink of the same kind near a kink in floats, or None within the time.

    "Near" is as near as simple numbers allow: on the same kink, in the box.
    """
    if not _formulas(phi.f):
        return None
    deadline = time.monotonic() + seconds
    seen: set[Exact] = set()
    best: FoundKink | None = None
    for theta in _candidates(phi, kink, lo, hi, rng):
        if time.monotonic() > deadline:
            break
        if theta in seen:
            continue
        seen.add(theta)
        left = min(_CANDIDATE_SECONDS, max(deadline - time.monotonic(), 0.1))
        found = judge_exactly(phi.f, theta, left)
        if found is not None and found.verdict is Verdict.PROVED:
            if found.kind == kink.kind:
                return found
            best = best or found
    return best


def judge_exactly(f: Any, theta: Exact, seconds: float) -> FoundKink | None:
    """Judge a kink at an exact point; None where there is none, or nothing is proved about it."""
    deadline = time.monotonic() + seconds
    try:
        with time_limit(seconds, "the maximizers at an exact point"):
            S = maximizers(f, theta)
            if S.complete and S.exact_gradients is not None and not _transcendental(S):
                return _from_set(theta, S)
    except (DanskinError, RecursionError):
        return None
    left = deadline - time.monotonic()
    return _from_engine(f, theta, S, left) if left > 0 else None


def _transcendental(S: MaximizerSet | BatchMaximizerSet) -> bool:
    """Whether gradients hold exponentials and the like: exact algebra is slow, enclosures not."""
    return any(x.atoms(sympy.Function) for row in S.exact_gradients or () for x in row)


def _from_set(theta: Exact, S: MaximizerSet | BatchMaximizerSet) -> FoundKink | None:
    """All maximizers are proved: Danskin's formula and Theorem 2 decide everything."""
    chosen = _distinct_rows(S.exact_gradients or ())
    if not 2 <= len(chosen) <= _MOST_GRADIENTS:
        return None
    rates = []
    for i in chosen:
        along = single_gradient(S, i).derivative
        if along is None:  # the gradient is 0, hence in the hull
            continue
        if along.bound != "exact" or isinstance(along.value, float):
            return None
        rates.append(Rate(i, float(along), str(along.value), along.sign))
    down = steepest_descent(S)
    if down.bound != "exact" or down.exact_derivative is None:
        return None
    signs = [r.sign for r in rates]
    if None in signs:
        return None
    kind = (
        "stationary" if down.stationary
        else "counterexample" if 1 in signs
        else "level" if 0 in signs
        else "harmless"
    )  # fmt: skip
    return FoundKink(
        theta=tuple(to_float(x) for x in theta),
        exact_theta=tuple(map(str, theta)),
        kind=kind,
        verdict=Verdict.PROVED,
        deltas=tuple(tuple(map(float, S.deltas[i])) for i in chosen),
        gradients=tuple(tuple(map(float, S.gradients[i])) for i in chosen),
        rates=tuple(rates),
        steepest=0.0 if down.stationary else -to_float(-down.exact_derivative),
        exact_steepest=str(down.exact_derivative),
        method="all maximizers are proved, in exact arithmetic",
    )


def _from_engine(
    f: Any, theta: Exact, S: MaximizerSet | BatchMaximizerSet, seconds: float
) -> FoundKink | None:
    """Ask the proof engine about the worst single gradient and the steepest direction."""
    if (S.count if isinstance(S, BatchMaximizerSet) else len(S)) > _MOST_GRADIENTS:
        return None
    rows = S.gradients
    lengths = np.linalg.norm(rows, axis=1)
    if lengths.min() == 0 or np.ptp(rows, axis=0).max() <= 1e-6 * lengths.max():
        return None  # one gradient only, or a stationary point
    uphill = (-rows @ rows.T).max(axis=1) / lengths
    worst = int(np.argmax(uphill))
    if uphill[worst] <= 0:
        return None
    deadline = time.monotonic() + seconds
    try:
        # Exact ties take most of the time: without them there is nothing to go on with.
        up = prove_descent(f, theta, f"single:{worst}", budget=0.7 * seconds)
        if up.ascent is not Verdict.PROVED:
            return None
        # Of transcendental gradients the exact steepest direction is out of reach; near it will do.
        gamma = -min_norm_point(rows).point if S.complete else "steepest"
        left = max(deadline - time.monotonic(), 0.1)
        down = prove_descent(f, theta, gamma, budget=left)
    except DanskinError:
        return None
    if down.verdict is not Verdict.PROVED:
        return None
    return FoundKink(
        theta=tuple(to_float(x) for x in theta),
        exact_theta=tuple(map(str, theta)),
        kind="counterexample",
        verdict=Verdict.PROVED,
        deltas=tuple(tuple(map(float, d)) for d in S.deltas),
        gradients=tuple(tuple(map(float, g)) for g in rows),
        rates=(Rate(worst, _middle(up.derivative), _text(up.exact_derivative), 1),),
        steepest=_middle(down.derivative),
        exact_steepest=_text(down.exact_derivative),
        method="ascent and descent proved by branch and bound over S, with exact ties",
    )


def _middle(bounds: tuple[float, float]) -> float:
    return (bounds[0] + bounds[1]) / 2


def _text(number: Any) -> str | None:
    """Return an exact number as text, or None where it is too long to say more than its digits."""
    if number is None:
        return None
    nodes = itertools.islice(sympy.preorder_traversal(number), 2 * _LONGEST_TEXT)
    if sum(1 for _ in nodes) == 2 * _LONGEST_TEXT:  # SymPy would sort them all before it writes
        return None
    text = str(number)
    return text if len(text) <= _LONGEST_TEXT else None


def _distinct_rows(rows: Sequence[Exact]) -> list[int]:
    """Return the indices of rows that differ, exactly."""
    kept: list[int] = []
    for i, row in enumerate(rows):
        if len(kept) > _MOST_GRADIENTS:
            break
        if not any(
            all(a == b or sign(a - b) == 0 for a, b in zip(row, rows[k], strict=True)) for k in kept
        ):
            kept.append(i)
    return kept


# --- candidates ----------------------------------------------------------------------------------


def _candidates(
    phi: Phi, kink: Kink, lo: np.ndarray, hi: np.ndarray, rng: np.random.Generator
) -> Iterator[Exact]:
    span = float(np.linalg.norm(hi - lo))
    simple = [_rational(x, 48, _NEAR * span) for x in kink.theta]
    if all(x is not None for x in simple):
        yield tuple(simple)  # type: ignore[arg-type]
    rows = kink.gradients
    normals = rows[1:] - rows[0]
    rank = int(np.linalg.matrix_rank(normals, tol=1e-6 * kink.size))
    # The coordinates in which the ties are steepest are solved for.
    pivots: Any = scipy.linalg.qr(normals, pivoting=True)
    solved = sorted(int(i) for i in pivots[2][:rank])
    others = [i for i in range(len(kink.theta)) if i not in solved]
    free = np.zeros(len(kink.theta), dtype=bool)
    free[solved] = True
    for q in _GRIDS:
        theta = kink.theta.copy()
        theta[others] = np.round(theta[others] * q) / q
        if (theta < lo).any() or (theta > hi).any():
            continue
        branches = _near_branches(phi, theta, kink, span)
        settled = settle(phi, theta, branches, free, span) if branches else None
        if settled is None or (settled < lo).any() or (settled > hi).any():
            continue
        found = around(phi, settled, span, rng)
        if found is None or found.kind != kink.kind:
            continue
        fixed: dict[int, Any] = {i: sympy.Rational(round(float(theta[i]) * q), q) for i in others}
        yield from _solutions(phi, found, fixed, solved, span)
        if not others:
            return


def _near_branches(phi: Phi, theta: np.ndarray, kink: Kink, span: float) -> list[Branch]:
    """Carry the kink's branches over to another theta, by their maximizers."""
    out = []
    for b in kink.branches:
        gradient = np.mean(
            [f.gradients(theta, d[None])[0] for f, d in zip(phi.samples, b.deltas, strict=True)],
            axis=0,
        )
        out.append(Branch(theta, phi.value(theta, b.deltas), gradient, b.deltas))
    return out


def _solutions(
    phi: Phi, kink: Kink, fixed: dict[int, sympy.Expr], solved: list[int], span: float
) -> Iterator[Exact]:
    """Yield exact points: the fixed coordinates as they are, the solved ones recognised."""
    n = len(kink.theta)

    def whole(values: Sequence[Any]) -> Exact:
        chosen = dict(zip(solved, values, strict=True))
        return tuple(fixed[i] if i in fixed else chosen[i] for i in range(n))

    guesses = [_rational(kink.theta[i], 1000, _NEAR * span) for i in solved]
    if all(x is not None for x in guesses):
        yield whole(guesses)
    try:
        with time_limit(3.0, "solving for a tie"):
            roots = _from_equations(phi, kink, fixed, solved, span)
    except (DanskinError, sympy.PolynomialError, NotImplementedError, ValueError):
        roots = None
    if roots is not None:
        yield whole(roots)
    if len(solved) == 1:
        root = _quadratic(float(kink.theta[solved[0]]), span)
        if root is not None:
            yield whole([root])


def _from_equations(
    phi: Phi, kink: Kink, fixed: dict[int, sympy.Expr], solved: list[int], span: float
) -> list[sympy.Expr] | None:
    """Solve ``g(theta, delta_i) = g(theta, delta_0)`` where the maximizers do not move with theta.

    Linear equations in any number of coordinates, polynomial ones in a single coordinate.
    """
    samples: list[Any] = list(phi.samples)
    names = samples[0].theta_symbols
    put = {names[i]: x for i, x in fixed.items()}
    sides = []
    for branch in kink.branches:
        terms = []
        f: Any
        for f, delta in zip(samples, branch.deltas, strict=True):
            exact = _exact_delta(f.domain, delta)
            if exact is None:
                return None
            at = {**dict(zip(f.delta_symbols, exact, strict=True))}
            at |= {s: put[t] for s, t in zip(f.theta_symbols, names, strict=True) if t in put}
            rest = dict(zip(f.theta_symbols, names, strict=True))
            terms.append(substitute(f.expression, at, "delta").xreplace(rest))
        sides.append(sympy.Add(*terms))
    unknowns = [names[i] for i in solved]
    equations = [sympy.expand(s - sides[0]) for s in sides[1:]]
    if len(unknowns) == 1:
        for e in equations:
            if not e.has(unknowns[0]):
                continue
            p = sympy.Poly(e, unknowns[0])
            if p.total_degree() < 1 or any(c.free_symbols for c in p.coeffs()):
                return None
            roots = real_roots({d[0]: c for d, c in p.terms()})
            near = [
                r for r in roots or () if abs(to_float(r) - kink.theta[solved[0]]) < 1e-6 * span
            ]
            return [near[0]] if near else None
        return None
    polynomials = [sympy.Poly(e, *unknowns) for e in equations]
    if any(p.total_degree() > 1 for p in polynomials):
        return None
    found: Any = sympy.linsolve([p.as_expr() for p in polynomials], unknowns)
    for point in found:
        if not any(x.free_symbols for x in point):
            return list(point)
    return None


def _exact_delta(domain: CompactSet, delta: np.ndarray) -> Exact | None:
    """Return the corner or simple rational point that a float maximizer is close to, if there is.

    Whether it *is* a maximizer is decided later, from the objective.
    """
    for v in itertools.islice(domain.vertices() or (), 4096):
        if np.abs(np.array([float(c) for c in v]) - delta).max() < 1e-6:
            return v
    simple = [_rational(x, 24, 1e-6) for x in delta]
    return None if any(x is None for x in simple) else tuple(simple)  # type: ignore[arg-type]


def _rational(x: float, largest: int, tolerance: float) -> sympy.Expr | None:
    guess = Fraction(float(x)).limit_denominator(largest)
    if abs(float(guess) - x) > tolerance:
        return None
    return sympy.Rational(guess.numerator, guess.denominator)


def _quadratic(x: float, span: float) -> sympy.Expr | None:
    """Return a root of a quadratic with small integer coefficients that x is close to."""
    for a in range(1, 9):
        for b in range(-24, 25):
            c = -round(a * x * x + b * x)
            disc = b * b - 4 * a * c
            if abs(c) > 64 or disc <= 0 or math.isqrt(disc) ** 2 == disc:
                continue
            for s in (1, -1):
                if abs((-b + s * math.sqrt(disc)) / (2 * a) - x) < 1e-11 * span:
                    return (-b + s * sympy.sqrt(disc)) / (2 * a)
    return None


def _formulas(f: Any) -> bool:
    samples = f.samples if isinstance(f, BatchObjective) else (f,)
    return all(isinstance(s, ExpressionObjective) for s in samples)
