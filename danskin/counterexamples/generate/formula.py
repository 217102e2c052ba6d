"""Formulas with prescribed gradients at prescribed maximizers, in features ``a_i``.

On [0, 1], with nodes ``d_1 < ... < d_m`` from 0 to 1 and their Lagrange polynomials l_i,

    g = sum_i l_i(d) a_i - K w(d),    w(d) = d (1 - d) prod over inner nodes of (d - d_i)^2.

w is nonnegative on [0, 1] and 0 at the nodes only: simple roots at the ends, which are maximizers
because the set ends there, double ones inside. At ``a = 0`` the maximizers are therefore exactly
the nodes, and ``dg/da_i`` at the j-th is ``l_i(d_j)``, the identity. For m = 2 and K = 1 this is
counterexample 2.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import sympy

from danskin.objective import MinMaxObjective
from danskin.sets import Interval

__all__ = ["interval_formula", "interval_nodes", "penalty"]


def interval_nodes(count: int) -> tuple[sympy.Expr, ...]:
    """Return m equally spaced exact nodes from 0 to 1."""
    return tuple(sympy.Rational(i, count - 1) for i in range(count))


def interval_formula(count: int) -> MinMaxObjective:
    """Return g for m = `count` >= 2 maximizers on [0, 1], in features ``a_1, ..., a_m``."""
    d = sympy.Symbol("d")
    features = sympy.symbols([f"a{i + 1}" for i in range(count)])
    nodes = interval_nodes(count)
    terms = [a * _lagrange(nodes, i, d) for i, a in enumerate(features)]
    g = sympy.Add(*terms) - _scale(nodes) * penalty(nodes, d)
    return MinMaxObjective.from_expression(g, features, [d], Interval(0, 1))


def penalty(nodes: Sequence[sympy.Expr], d: sympy.Expr) -> sympy.Expr:
    """Return w(d), in factors: nonnegative on [0, 1] as they stand, and 0 at the nodes only."""
    inner = [(d - x) ** 2 for x in nodes[1:-1]]
    return sympy.Mul(d, 1 - d, *inner)


def _lagrange(nodes: Sequence[sympy.Expr], index: int, d: sympy.Expr) -> sympy.Expr:
    others = [x for j, x in enumerate(nodes) if j != index]
    scale = sympy.Mul(*(nodes[index] - x for x in others))
    return sympy.Mul(*(d - x for x in others)) / scale


def _scale(nodes: Sequence[sympy.Expr]) -> sympy.Expr:
    """Return the power of 2 that lifts K w to at least 1/4 in the middle of every gap.

    Between many nodes w is tiny, and a search would see ties all along the interval.
    """
    middles = [(a + b) / 2 for a, b in itertools.pairwise(nodes)]
    lowest = min(penalty(nodes, x) for x in middles)
    scale = sympy.Integer(1)
    while lowest * scale < sympy.Rational(1, 4):
        scale *= 2
    return scale
