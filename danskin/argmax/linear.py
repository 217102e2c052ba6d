"""Maximizers of a linear function ``<c, delta>`` over each kind of set: a face, exactly."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from danskin.exact import dot, exact_max, length, sign
from danskin.sets import Ball, Box, CompactSet, FiniteSet, Hull, Product, Simplex

__all__ = ["linear_face"]


def linear_face(c: Sequence[sympy.Expr], domain: CompactSet) -> CompactSet | None:
    """Return the exact face of `domain` on which ``<c, .>`` is largest, or None if undecided.

    A single point comes back as a `FiniteSet` of one; the whole set where c = 0 on it.
    """
    if isinstance(domain, Product):
        faces = [linear_face(c[w], s) for s, w in zip(domain.sets, domain.slices, strict=True)]
        return None if any(f is None for f in faces) else Product(*faces)  # type: ignore[arg-type]
    if isinstance(domain, Box):
        return _box_face(c, domain)
    if isinstance(domain, Ball) and domain.norm == 2 and domain.dim > 1 and not domain.is_point():
        return _sphere_face(c, domain)
    corners = domain.vertices()
    if corners is None:
        return None
    if isinstance(domain, Ball) and all(sign(x) == 0 for x in c):
        return domain
    best = exact_max([dot(c, v) for v in corners])
    if best is None:
        return None
    tied = [corners[i] for i in best[1]]
    if isinstance(domain, FiniteSet) or len(tied) == 1:
        return FiniteSet(tied)
    if len(tied) == len(corners) and isinstance(domain, Simplex):
        return domain
    return Hull(tied)


def _box_face(c: Sequence[sympy.Expr], domain: Box) -> CompactSet | None:
    lo, hi = list(domain.exact_lo), list(domain.exact_hi)
    for i, slope in enumerate(c):
        which = sign(slope)
        if which is None:
            return None
        if which > 0:
            lo[i] = hi[i]
        elif which < 0:
            hi[i] = lo[i]
    face = Box(lo, hi)
    return FiniteSet([face.exact_lo]) if face.is_point() else face


def _sphere_face(c: Sequence[sympy.Expr], domain: Ball) -> CompactSet | None:
    signs = [sign(x) for x in c]
    if None in signs:
        return None
    if not any(signs):
        return domain
    pairs = zip(domain.exact_center, c, strict=True)
    return FiniteSet([[m + domain.exact_radius * x / length(c) for m, x in pairs]])
