"""How bad can one adversary be when steepest descent goes down at rate rho? Extremal Gram matrices.

For gradients with norms n_i whose hull stays at distance at least rho from 0,

    max_j <-g_i, g_j>  <=  sqrt((n_i^2 - rho^2)(nmax^2 - rho^2)) - rho^2,

and the Gram matrices of such gradients are a semidefinite set: ``[[rho^2, r'], [r, G]] >= 0`` with
``r_i >= rho^2`` and ``diag G = n^2`` (r_i is the inner product of g_i with a point x, |x| = rho,
that separates the hull from 0). So the worst case for a sign pattern is a semidefinite program. Its
solution is rounded to exact numbers and what is left of it is proved: the rounded matrix is the
Gram matrix of gradients with these norms, at that min norm, with that rate.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy

from danskin.counterexamples.extremal_exact import (
    Edges,
    closed_form,
    formula,
    largest_of,
    mean_bound,
    rounded,
)
from danskin.counterexamples.generate.gram import Gram
from danskin.counterexamples.generate.make import GeneratedCounterexample, make_counterexample
from danskin.errors import InvalidInputError, SolverError
from danskin.exact import exact_number, exact_vector, sign, tidy, to_float

__all__ = ["Extremal", "extremal_gram", "extremal_table", "price_bound"]

Pattern = Literal["one", "cycle", "complete"]

_MOST = 16


@dataclass(frozen=True, repr=False, eq=False)
class Extremal:
    """The worst Gram matrix for a sign pattern at a given min norm.

    The rate is ``t = min over the pattern's pairs of -<g_i, g_j> / max(n_i, n_j)``: along minus
    either gradient of such a pair phi ascends at least at that rate (for "one", along minus the
    first gradient, over its own norm).

    Attributes
    ----------
    rho : exact number
    norms : exact numbers (m,)
    pattern : str
        "one", "cycle", "complete" or "given".
    pairs : tuple of (i, j)
        Where the inner products are to be as negative as can be.
    rate : float
        The program's value: what the solver says, within its tolerance.
    bound : exact number
        The closed-form bound on the rate; proved for every m and n. Where all pairs are opposed,
        the smaller of it and of what the mean gradient's length allows.
    formula : exact number, or None
        The value in closed form, where we have one (unit norms).
    gram : ndarray (m, m)
        The solver's matrix.
    exact_gram : exact rows (m, m), or None
        The rounded matrix, where the rounding could be verified.
    exact_rate, exact_squared_norm : exact numbers, or None
        Of the rounded matrix, proved: ``exact_squared_norm >= rho^2``.
    status : str
        The solver's.
    """

    rho: sympy.Expr
    norms: tuple[sympy.Expr, ...]
    pattern: str
    pairs: Edges
    rate: float
    bound: sympy.Expr
    formula: sympy.Expr | None
    gram: np.ndarray
    exact_gram: Gram | None
    exact_rate: sympy.Expr | None
    exact_squared_norm: sympy.Expr | None
    status: str

    @property
    def m(self) -> int:
        """The number of gradients."""
        return len(self.norms)

    @property
    def attained(self) -> bool:
        """Whether the rounded matrix attains the closed-form bound exactly: then it is extremal."""
        return self.exact_rate is not None and sign(self.bound - self.exact_rate) == 0

    def counterexample(
        self, on: Literal["interval", "simplex"] = "interval"
    ) -> GeneratedCounterexample:
        """Build an objective with the rounded Gram matrix; its `compare` proves what it claims.

        Raises
        ------
        SolverError
            The solver's matrix could not be rounded.
        """
        if self.exact_gram is None:
            raise SolverError("the solver's matrix could not be rounded to a proved one")
        return make_counterexample(gram=self.exact_gram, on=on, require="nothing")

    def explain(self) -> str:
        """Say what is the solver's word and what is proved."""
        bound = to_float(self.bound)
        text = (
            f"At min norm {self.rho} the worst rate of the pattern '{self.pattern}' of {self.m} "
            f"gradients is {self.rate:.6g} by the semidefinite program (numerical, {self.status}); "
            f"no gradients exceed {bound:.6g} (proved)."
        )
        if self.exact_rate is None or self.exact_squared_norm is None:
            return f"{text} The solver's matrix could not be rounded to a proved one."
        exact = to_float(self.exact_rate)
        kept = "exactly rho^2" if sign(self.exact_squared_norm - self.rho**2) == 0 else ">= rho^2"
        tail = (
            ", which is the bound: nothing is worse"
            if self.attained
            else f"; the worst lies in [{exact:.8g}, {bound:.8g}]"
        )
        return (
            f"{text} The rounded matrix is proved to have the rate {exact:.10g} and the squared "
            f"min norm {to_float(self.exact_squared_norm):.10g}, {kept}{tail}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, exact numbers as text."""
        rows = self.exact_gram
        return {
            "m": self.m,
            "rho": str(self.rho),
            "norms": [str(n) for n in self.norms],
            "pattern": self.pattern,
            "pairs": [list(p) for p in self.pairs],
            "rate": self.rate,
            "bound": str(self.bound),
            "formula": None if self.formula is None else str(self.formula),
            "exact_gram": None if rows is None else [[str(x) for x in row] for row in rows],
            "exact_rate": None if self.exact_rate is None else str(self.exact_rate),
            "exact_squared_norm": None
            if self.exact_squared_norm is None
            else str(self.exact_squared_norm),
            "status": self.status,
        }

    def __repr__(self) -> str:
        return (
            f"Extremal(m={self.m}, rho={self.rho}, {self.pattern}, rate={self.rate:.6g}, "
            f"bound={to_float(self.bound):.6g})"
        )


def price_bound(rho: Any, norm: Any = 1, largest: Any = 1) -> sympy.Expr:
    """Return the closed-form bound on ``max_j <-g, g_j>``; divide by |g| for the rate.

    Parameters
    ----------
    rho : exact number
        Min norm of the hull, ``0 <= rho <= norm``.
    norm, largest : exact numbers
        ``|g|``, and the largest norm of all.
    """
    r, n, top = (
        exact_number(x, a) for x, a in ((rho, "rho"), (norm, "norm"), (largest, "largest"))
    )
    if sign(r) == -1 or sign(n - r) == -1 or sign(top - n) == -1:
        raise InvalidInputError(
            "rho", f"not 0 <= {r} <= {n} <= {top}", "The hull's min norm is at most every norm."
        )
    return tidy(sympy.sqrt(sympy.expand((n**2 - r**2) * (top**2 - r**2))) - r**2)


def extremal_gram(
    m: int, rho: Any, *, norms: Any = None, pattern: Pattern | Any = "one"
) -> Extremal:
    """Find the worst Gram matrix of m gradients whose hull has min norm at least rho.

    Parameters
    ----------
    m : int
        2 to 16 gradients.
    rho : exact number
        At least 0 and at most the smallest norm.
    norms : exact numbers (m,), optional
        1 by default.
    pattern : "one", "cycle", "complete", or signs (m, m)
        "one": the first gradient against whichever it can be worst against. "cycle": every
        gradient against the next. "complete": all against all. A symmetric matrix of signs: -1
        for the pairs that are to be opposed, 1 for pairs that must not be, 0 for free ones.

    Returns
    -------
    Extremal

    Raises
    ------
    InvalidInputError
    SolverError
        The solver failed; the message has its status.
    """
    count = _count(m)
    r = exact_number(rho, "rho")
    sizes = exact_vector([1] * count if norms is None else norms, "norms", count)
    for i, n in enumerate(sizes):
        if sign(n) != 1:
            raise InvalidInputError(f"norms[{i}]", f"{n} is not positive", "Pass norms > 0.")
        if sign(r) == -1 or sign(n - r) == -1:
            raise InvalidInputError(
                "rho",
                f"{r} is not between 0 and the norm {n}",
                "The min norm of the hull is at most the norm of every gradient.",
            )
    name, choices, signs = _pattern(pattern, count, sizes)
    best: tuple[float, np.ndarray, str] | None = None
    pairs = choices[0]
    for edges in choices:
        found = _solve(r, sizes, edges, signs, name == "one")
        if best is None or found[0] > best[0] + 1e-9:
            best, pairs = found, edges
    assert best is not None
    scales = _scales(sizes, pairs, name == "one")
    top = largest_of(sizes)
    bounds = [
        price_bound(r, _smaller(sizes[i], sizes[j]) if name != "one" else sizes[i], top) / s
        for (i, j), s in zip(pairs, scales, strict=True)
    ]
    if len(pairs) == count * (count - 1) // 2:
        bounds.append(mean_bound(r, sizes, scales))
    exact = rounded(best[1], r, sizes, pairs, scales, signs)
    if name == "one":
        exact = closed_form(r, sizes, pairs[0]) or exact
    return Extremal(
        rho=r,
        norms=sizes,
        pattern=name,
        pairs=pairs,
        rate=best[0],
        bound=tidy(-largest_of([-b for b in bounds])),
        formula=formula(name, count, r) if all(n == 1 for n in sizes) else None,
        gram=best[1],
        exact_gram=None if exact is None else exact[0],
        exact_rate=None if exact is None else exact[1],
        exact_squared_norm=None if exact is None else exact[2],
        status=best[2],
    )


def extremal_table(
    ms: Iterable[int], rhos: Iterable[Any], *, patterns: Sequence[Pattern] = ("one", "complete")
) -> list[Extremal]:
    """Return the extremal Gram matrices of unit gradients over a grid of m, rho and patterns."""
    cells = itertools.product(patterns, list(ms), list(rhos))
    return [extremal_gram(m, rho, pattern=p) for p, m, rho in cells]


# --- reading -------------------------------------------------------------------------------------


def _count(m: Any) -> int:
    if isinstance(m, bool) or not isinstance(m, (int, np.integer)) or not 2 <= m <= _MOST:
        raise InvalidInputError("m", f"{m!r} is not an integer from 2 to {_MOST}", "Pass one.")
    return int(m)


def _pattern(
    pattern: Any, m: int, norms: Sequence[sympy.Expr]
) -> tuple[str, list[Edges], np.ndarray]:
    """Return the pattern's name, the sets of pairs to try, and the signs asked for."""
    free = np.zeros((m, m), dtype=int)
    if isinstance(pattern, str):
        if pattern == "one":
            # Gradients of one norm can be exchanged: one partner of each is enough.
            partners = list({str(norms[j]): j for j in range(m - 1, 0, -1)}.values())
            return pattern, [((0, j),) for j in partners], free
        if pattern == "cycle":
            edges = {(min(i, (i + 1) % m), max(i, (i + 1) % m)) for i in range(m)}
            return pattern, [tuple(sorted(edges))], free
        if pattern == "complete":
            return pattern, [tuple(itertools.combinations(range(m), 2))], free
        raise InvalidInputError(
            "pattern", f"{pattern!r} is not known", 'Write "one", "cycle", "complete", or signs.'
        )
    try:
        signs = np.array([[int(x) for x in row] for row in pattern])
    except (TypeError, ValueError):
        raise InvalidInputError(
            "pattern", "it is not a matrix of signs", "Pass m rows of -1, 0 and 1."
        ) from None
    if signs.shape != (m, m) or (signs != signs.T).any() or (np.abs(signs) > 1).any():
        raise InvalidInputError(
            "pattern", "it is not a symmetric matrix (m, m) of -1, 0 and 1", "Pass m rows of m."
        )
    edges = tuple((i, j) for i, j in itertools.combinations(range(m), 2) if signs[i, j] == -1)
    if not edges or (np.diag(signs) == -1).any():
        raise InvalidInputError(
            "pattern", "no pair is to be opposed", "Put -1 at one place off the diagonal or more."
        )
    return "given", [edges], signs


def _scales(norms: Sequence[Any], pairs: Edges, one: bool) -> list[sympy.Expr]:
    return [norms[i] if one else largest_of([norms[i], norms[j]]) for i, j in pairs]


def _smaller(a: Any, b: Any) -> sympy.Expr:
    return -largest_of([-a, -b])


# --- the semidefinite program --------------------------------------------------------------------


def _solve(
    rho: sympy.Expr, norms: Sequence[Any], pairs: Edges, signs: np.ndarray, one: bool
) -> tuple[float, np.ndarray, str]:
    import cvxpy as cp

    m, square = len(norms), to_float(rho**2)
    sizes = np.array([to_float(n) for n in norms])
    scales = [to_float(s) for s in _scales(norms, pairs, one)]
    block: Any = cp.Variable((m + 1, m + 1), symmetric=True)
    rate: Any = cp.Variable()
    constraints = [
        block >> 0,
        block[0, 0] == square,
        block[0, 1:] >= square,
        cp.diag(block)[1:] == sizes**2,
    ]
    constraints += [
        -block[i + 1, j + 1] >= rate * s for (i, j), s in zip(pairs, scales, strict=True)
    ]
    positive = [(i, j) for i, j in itertools.combinations(range(m), 2) if signs[i, j] == 1]
    constraints += [block[i + 1, j + 1] >= 0 for i, j in positive]
    problem = cp.Problem(cp.Maximize(rate), constraints)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "inaccurate" is in the status, which is passed on
            problem.solve(solver=cp.CLARABEL)
    except (cp.SolverError, ValueError, ArithmeticError) as error:
        raise SolverError(f"the semidefinite program failed: {error}") from None
    if problem.status not in ("optimal", "optimal_inaccurate") or block.value is None:
        raise SolverError(
            f"the semidefinite program ended with status {problem.status!r}, so nothing is known "
            "about this pattern"
        )
    gram = np.array(block.value)[1:, 1:]
    return float(rate.value), (gram + gram.T) / 2, str(problem.status)
