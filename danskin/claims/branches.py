"""Where g is convex in delta over a polytope, phi is the largest of finitely many branches.

A convex function on a polytope is largest at a vertex (and only at vertices, if it is strictly
convex), so ``phi(theta) = max_j g(theta, vertex_j)`` for every theta, not only to first order. For
finitely many differentiable branches the one-sided derivative is elementary (claim theorem-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from danskin.claims.argument import SYMBOLIC, Argument, decided
from danskin.errors import InvalidInputError
from danskin.exact import sign
from danskin.sets import Interval, Simplex, unit_vector

__all__ = ["Branches", "branches", "slope_at_zero"]


@dataclass(frozen=True)
class Branches:
    """The values of g at the vertices of S.

    Attributes
    ----------
    vertices : tuple of points
    values : tuple of sympy.Expr
        Polynomials in the objective's theta.
    strict : bool
        g is strictly convex in delta: every maximizer is a vertex, for every theta.
    """

    vertices: tuple[tuple[sympy.Expr, ...], ...]
    values: tuple[sympy.Expr, ...]
    strict: bool

    def at(self, theta: Sequence[Any], symbols: Sequence[sympy.Symbol]) -> list[sympy.Expr]:
        """Return the values at theta, which may hold symbols."""
        point: Any = dict(zip(symbols, theta, strict=True))
        return [sympy.expand(v.subs(point, simultaneous=True)) for v in self.values]


def branches(argument: Argument, f: Any, name: str = "") -> Branches:
    """Add the lemma "phi is the largest of these branches", and return them.

    Raises
    ------
    InvalidInputError
        g is not convex in delta, or S is not an interval or a simplex.
    """
    vertices = _vertices(f.domain)
    convexity = _convexity(f)
    told = f"{name}: " if name else ""
    if convexity is None:
        raise InvalidInputError(
            "objective", f"{told}g = {f.expression} is not shown to be convex in delta", ""
        )
    values = tuple(
        sympy.expand(f.expression.subs(dict(zip(f.delta_symbols, v, strict=True))))
        for v in vertices
    )
    how = "strictly convex" if convexity else "affine"
    only = ", and all maximizers are vertices" if convexity else ""
    argument.lemma(
        f"{told}g is {how} in delta over {f.domain}, so phi is the largest of its values at the "
        f"vertices, {', '.join(map(str, values))}, for every theta{only}",
        decided(True),
        SYMBOLIC,
    )
    return Branches(vertices, values, convexity)


def _vertices(domain: Any) -> tuple[tuple[sympy.Expr, ...], ...]:
    if isinstance(domain, Interval):
        return ((domain.exact_lo[0],), (domain.exact_hi[0],))
    if isinstance(domain, Simplex):
        return tuple(unit_vector(domain.dim, i) for i in range(domain.dim))
    raise InvalidInputError("domain", f"{domain!r} is neither an interval nor a simplex", "")


def _convexity(f: Any) -> bool | None:
    """Return True for strictly convex in delta, False for affine, None for anything else."""
    entropy = {
        a: sympy.Integer(0)
        for a in f.expression.atoms(sympy.Function)
        if a.func.__name__ == "xlogx" and a.args[0] in f.delta_symbols
    }
    rest = sympy.expand(f.expression.xreplace(entropy))
    if not rest.is_polynomial(*f.theta_symbols, *f.delta_symbols):
        return None
    hessian = sympy.hessian(rest, f.delta_symbols).applyfunc(sympy.expand)
    if not entropy and hessian.shape == (1, 1):
        curvature: Any = hessian[0, 0]
        which = sign(curvature) if curvature.is_number else None
        return {1: True, 0: False}.get(which)  # type: ignore[arg-type]
    if not hessian.is_zero_matrix or len(entropy) not in (0, len(f.delta_symbols)):
        return None
    # x log x is strictly convex on [0, 1]; the rest is affine.
    weights = [sympy.expand(f.expression).coeff(a) for a in entropy]
    return bool(entropy) if all(w.is_number and sign(w) == 1 for w in weights) else None


def slope_at_zero(values: Sequence[sympy.Expr], t: sympy.Symbol) -> sympy.Expr:
    """Return the right derivative at t = 0 of a maximum of polynomials in t.

    Near 0+ the largest polynomial is the one with the lexicographically largest coefficients,
    lowest power first, since t, t^2, ... are each small beside the one before.
    """
    rows = [list(reversed(sympy.Poly(v, t).all_coeffs())) for v in values]
    width = max(2, *(len(r) for r in rows))
    padded = [r + [sympy.Integer(0)] * (width - len(r)) for r in rows]
    best = padded[0]
    for row in padded[1:]:
        for a, b in zip(row, best, strict=True):
            which = sign(a - b)
            if which is None:
                raise InvalidInputError("objective", "its branches cannot be compared", "")
            if which:
                best = row if which > 0 else best
                break
    return best[1]
