"""The maximizers of an objective at theta, with their gradients: what Danskin's formula needs.

An infinite argmax set is kept as faces (exact sets), never as a sample passed off as the set. If
the gradient is affine in delta on a polytope face, its vertices carry the whole convex hull of
gradients; elsewhere `MaximizerSet.support` maximises ``<gamma, grad g>`` over the faces.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from danskin.argmax import ArgMax, maximize
from danskin.argmax.polynomial import is_affine, polynomial_terms
from danskin.errors import InvalidInputError
from danskin.exact import exact_max, exact_number, tidy, to_float
from danskin.expression import substitute
from danskin.expression.whitelist import require_real
from danskin.objective import BatchObjective, ExpressionObjective, MinMaxObjective
from danskin.sets import Ball, CompactSet, FiniteSet
from danskin.typeset import aligned, at_least, display, never_raises, number, set_latex, vector

__all__ = ["BatchMaximizerSet", "MaximizerSet", "maximizers"]

ExactPoint = tuple[sympy.Expr, ...]

_MAX_FACE_VERTICES = 256
_MAX_COMBINATIONS = 4096
#: Rows, samples of a batch and faces that a notebook shows.
_MAX_SHOWN, _MAX_SHOWN_SAMPLES, _MAX_SHOWN_FACES = 12, 4, 3


@dataclass(frozen=True)
class MaximizerSet:
    """Maximizers of ``g(theta, .)`` over S, and the theta-gradients there.

    Attributes
    ----------
    theta : ndarray (n,)
    deltas : ndarray (m, k)
        Isolated maximizers and, for each face, points of it (its vertices where it has some).
    values : ndarray (m,)
    gradients : ndarray (m, n)
        One gradient a row.
    exact_deltas, exact_gradients : tuples of exact rows, or None
    faces : tuple of CompactSet
        Infinite pieces of the argmax set.
    complete : bool
        True only where deltas and faces are proved to be all of ``S*(theta)``.
    spans : bool
        The rows of `gradients` span the hull of the gradients over all of `deltas` and `faces`;
        False only for faces that are not polytopes or whose gradients are not affine in delta.
    value : float
        phi(theta); a lower bound where not complete.
    exact_value : sympy.Expr or None
    method : str
        How the maximizers were found.
    """

    theta: np.ndarray
    deltas: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    exact_deltas: tuple[ExactPoint, ...] | None
    exact_gradients: tuple[ExactPoint, ...] | None
    faces: tuple[CompactSet, ...]
    complete: bool
    spans: bool
    value: float
    exact_value: sympy.Expr | None
    method: str
    _gradient_at: tuple[sympy.Expr, ...] | None = field(default=None, repr=False)
    _symbols: tuple[sympy.Symbol, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.deltas)

    def support(self, direction: Sequence[sympy.Expr]) -> tuple[ArgMax, np.ndarray] | None:
        """Maximise ``<direction, grad_theta g(theta, .)>`` over the faces.

        Parameters
        ----------
        direction : exact numbers (n,)

        Returns
        -------
        (ArgMax, gradient (n,) at a maximizing delta), or None where there are no faces
        """
        if not self.faces or self._gradient_at is None:
            return None
        slope = sympy.Add(*(x * g for x, g in zip(direction, self._gradient_at, strict=True)))
        found = [maximize(slope, self._symbols, face) for face in self.faces]
        best = _largest(found)
        if best.exact_points is None:
            point = tuple(exact_number(float(x), "delta") for x in best.points[0])
        else:
            point = best.exact_points[0] if best.exact_points else best.faces[0].exact_point()
        at = dict(zip(self._symbols, point, strict=True))
        gradient = np.array([to_float(substitute(g, at, "delta")) for g in self._gradient_at])
        return best, gradient

    def to_dict(self) -> dict[str, Any]:
        """Return the set as plain data."""
        return {
            "theta": self.theta.tolist(),
            "deltas": self.deltas.tolist(),
            "values": self.values.tolist(),
            "gradients": self.gradients.tolist(),
            "exact_deltas": _texts(self.exact_deltas),
            "exact_gradients": _texts(self.exact_gradients),
            "faces": [f.to_dict() for f in self.faces],
            "value": self.value,
            "exact_value": None if self.exact_value is None else str(self.exact_value),
            "complete": self.complete,
            "method": self.method,
        }

    def __repr__(self) -> str:
        faces = f", faces={list(self.faces)}" if self.faces else ""
        return (
            f"MaximizerSet({len(self)} points{faces}, phi={self.value:.6g}, "
            f"complete={self.complete})"
        )

    def _latex_table(self, rows: int = _MAX_SHOWN, index: str = "") -> str:
        """Return maximizers and gradients side by side, as LaTeX."""
        shown = [
            " & ".join(
                (
                    _latex_row(self.deltas, self.exact_deltas, i),
                    _latex_row(self.gradients, self.exact_gradients, i),
                )
            )
            for i in range(min(len(self), rows))
        ]
        if len(self) > rows:
            shown.append(r"\vdots & \vdots")
        at = rf"\delta_{{{index}}}^\star" if index else r"\delta^\star"
        g = f"g_{{{index}}}" if index else "g"
        return aligned([rf"{at} & \nabla_\theta {g}(\theta, {at})", *shown], "ll")

    def _latex_faces(self) -> str:
        if not self.faces:
            return ""
        faces = [set_latex(f) for f in self.faces[:_MAX_SHOWN_FACES]]
        more = (
            rf",\ \text{{{len(self.faces)} faces in all}}" if len(self.faces) > len(faces) else ""
        )
        return rf"\text{{ with all of }} {', '.join(faces)}{more}"

    @never_raises
    def _repr_latex_(self) -> str:
        known = rf"(\text{{{_known(self.complete)}}}){self._latex_faces()}:"
        return display(
            _latex_value(self.value, self.exact_value, self.complete),
            rf"S^\star(\theta)\ {known}\quad {self._latex_table()}",
        )


@dataclass(frozen=True)
class BatchMaximizerSet:
    """Maximizers of a batch: the product of the samples' argmax sets.

    Attributes
    ----------
    samples : tuple of B `MaximizerSet`
    complete : bool
        True where every sample's is.
    """

    samples: tuple[MaximizerSet, ...]

    @property
    def theta(self) -> np.ndarray:
        """The point (n,)."""
        return self.samples[0].theta

    @property
    def complete(self) -> bool:
        """Whether the product is proved to be all of ``S*(theta)``."""
        return all(s.complete for s in self.samples)

    @property
    def spans(self) -> bool:
        """See `MaximizerSet.spans`."""
        return all(s.spans for s in self.samples)

    @property
    def value(self) -> float:
        """phi(theta), the mean of the samples' maxima."""
        return math.fsum(s.value for s in self.samples) / len(self.samples)

    @property
    def exact_value(self) -> sympy.Expr | None:
        """phi(theta) exactly, or None."""
        values = [s.exact_value for s in self.samples]
        return None if None in values else sympy.Add(*values) / len(values)  # type: ignore[arg-type]

    @property
    def faces(self) -> tuple[CompactSet, ...]:
        """The samples' faces; the batch's are products with these among the factors."""
        return tuple(f for s in self.samples for f in s.faces)

    @property
    def method(self) -> str:
        """How the samples' maximizers were found."""
        return "; ".join(dict.fromkeys(s.method for s in self.samples))

    @property
    def count(self) -> int:
        """The number of joint points, m; `len` where that fits a machine word."""
        return math.prod(len(s) for s in self.samples)

    def __len__(self) -> int:
        return self.count

    @cached_property
    def _choices(self) -> list[tuple[int, ...]]:
        if self.count > _MAX_COMBINATIONS:
            raise InvalidInputError(
                "samples",
                f"the batch has {self.count:.6g} joint maximizers",
                "Use .samples, one set a sample; the product is handled without listing it.",
            )
        return list(itertools.product(*(range(len(s)) for s in self.samples)))

    @property
    def deltas(self) -> np.ndarray:
        """All joint maximizers, (m, k)."""
        return np.array(
            [np.concatenate([s.deltas[j] for s, j in self._pairs(c)]) for c in self._choices]
        )

    @property
    def values(self) -> np.ndarray:
        """Mean values, (m,)."""
        return np.array([np.mean([s.values[j] for s, j in self._pairs(c)]) for c in self._choices])

    @property
    def gradients(self) -> np.ndarray:
        """Mean gradients, (m, n)."""
        rows = [np.mean([s.gradients[j] for s, j in self._pairs(c)], axis=0) for c in self._choices]
        return np.array(rows)

    @property
    def exact_gradients(self) -> tuple[ExactPoint, ...] | None:
        """Exact mean gradients, or None."""
        if any(s.exact_gradients is None for s in self.samples):
            return None
        rows = []
        for choice in self._choices:
            parts = [s.exact_gradients[j] for s, j in self._pairs(choice)]  # type: ignore[index]
            rows.append(tuple(sympy.Add(*c) / len(parts) for c in zip(*parts, strict=True)))
        return tuple(rows)

    def _pairs(self, choice: Sequence[int]) -> list[tuple[MaximizerSet, int]]:
        return list(zip(self.samples, choice, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return the samples' sets as plain data."""
        return {
            "samples": [s.to_dict() for s in self.samples],
            "complete": self.complete,
            "value": self.value,
        }

    def __repr__(self) -> str:
        sizes = " x ".join(str(len(s)) for s in self.samples[:6])
        if len(self.samples) > 6:
            sizes = f"{len(self.samples)} samples, {sizes} x ..."
        return f"BatchMaximizerSet({sizes} points, phi={self.value:.6g}, complete={self.complete})"

    @never_raises
    def _repr_latex_(self) -> str:
        count = len(self.samples)
        factors = [rf"S_{{{i + 1}}}^\star" for i in range(min(count, _MAX_SHOWN_SAMPLES))]
        more = [rf"\cdots \times S_{{{count}}}^\star"] if count > len(factors) else []
        product = r" \times ".join([*factors, *more])
        rows = []
        for i, s in enumerate(self.samples[:_MAX_SHOWN_SAMPLES], 1):
            known = rf"(\text{{{_known(s.complete)}}}){s._latex_faces()}:"
            table = s._latex_table(_MAX_SHOWN_SAMPLES, str(i))
            rows.append(rf"S_{{{i}}}^\star\ {known} & {table}")
        if more:
            rows.append(r"\vdots & \vdots")
        return display(
            _latex_value(self.value, self.exact_value, self.complete),
            rf"S^\star(\theta) = {product}\ (\text{{{_known(self.complete)}}})",
            aligned(rows, "ll"),
        )


def maximizers(
    f: MinMaxObjective | BatchObjective,
    theta: Any,
    *,
    rng: np.random.Generator | None = None,
) -> MaximizerSet | BatchMaximizerSet:
    """Find the maximizers of ``g(theta, .)`` over S, with values and gradients.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    theta : (n,) numbers or exact text
        A float means that very binary number.
    rng : numpy.random.Generator, optional
        For the numeric search. By default a fixed seed, so that results repeat.

    Returns
    -------
    MaximizerSet, or BatchMaximizerSet for a batch
        `complete` is True only where all maximizers were found and that is proved: for g affine
        in delta, univariate polynomials with algebraic coefficients, affine plus entropy terms on
        a simplex, multi-affine g, sums of these over separate coordinates, and finite sets.

    Raises
    ------
    InvalidInputError
        Bad theta, or g is not finite on S.
    """
    if isinstance(f, BatchObjective):
        return BatchMaximizerSet(tuple(_of_one(s, theta, rng) for s in f.samples))
    if not isinstance(f, MinMaxObjective):
        raise InvalidInputError(
            "f", f"{f!r} is not an objective", "Pass a MinMaxObjective or a BatchObjective."
        )
    return _of_one(f, theta, rng)


def _of_one(f: MinMaxObjective, theta: Any, rng: np.random.Generator | None) -> MaximizerSet:
    found = f.argmax(theta, rng)
    point = f._floats(theta)
    if not (isinstance(f, ExpressionObjective) and found.exact_points is not None):
        return MaximizerSet(
            theta=point,
            deltas=found.points,
            values=f.values(point, found.points),
            gradients=f.gradients(point, found.points),
            exact_deltas=None,
            exact_gradients=None,
            faces=found.faces,
            complete=found.complete,
            spans=not found.faces,
            value=found.value,
            exact_value=None,
            method=found.method,
        )
    gradient = f.gradient_at(theta)
    symbols = f.delta_symbols
    points = list(found.exact_points)
    spans = True
    for face in found.faces:
        extra, carried = _carriers(face, gradient, symbols)
        points += extra
        spans = spans and carried
    points = list(dict.fromkeys(points))
    rows = []
    for p in points:
        at = dict(zip(symbols, p, strict=True))
        rows.append(tuple(_at(g, at) for g in gradient))
    floats = np.array([[to_float(c) for c in p] for p in points]).reshape(len(points), -1)
    return MaximizerSet(
        theta=point,
        deltas=floats,
        values=np.full(len(points), found.value),
        gradients=np.array([[to_float(c) for c in r] for r in rows]).reshape(len(points), -1),
        exact_deltas=tuple(points),
        exact_gradients=tuple(rows),
        faces=found.faces,
        complete=found.complete,
        spans=spans,
        value=found.value,
        exact_value=found.exact_value,
        method=found.method,
        _gradient_at=gradient,
        _symbols=symbols,
    )


def _at(gradient: Any, at: dict[sympy.Symbol, sympy.Expr]) -> Any:
    return require_real(tidy(substitute(gradient, at, "delta")), "theta, delta")


def _carriers(
    face: CompactSet, gradient: Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol]
) -> tuple[list[ExactPoint], bool]:
    """Return points of a face, and whether their gradients span all of the face's gradients."""
    if not any(g.free_symbols & set(symbols) for g in gradient):
        return [face.exact_point()], True
    corners = face.vertices()
    if isinstance(face, FiniteSet) and corners is not None:
        return corners, True
    if corners is not None and len(corners) <= _MAX_FACE_VERTICES:
        # What is constant over the face may stand in the gradient as it likes.
        columns = zip(symbols, zip(*corners, strict=True), strict=True)
        fixed = {s: values[0] for s, values in columns if len(set(values)) == 1}
        terms = [polynomial_terms(substitute(g, fixed, "delta"), symbols) for g in gradient]
        if all(t is not None and is_affine(t) for t in terms):
            return corners, True
    if len(gradient) == 1:
        # One parameter: the hull of the gradients is the interval between their extremes.
        ends = [maximize(s * gradient[0], symbols, face) for s in (1, -1)]
        if all(e.complete for e in ends):
            return [p for e in ends for p in _some_points(e)], True
    if corners is not None:
        return corners[:_MAX_FACE_VERTICES], False
    if isinstance(face, Ball):
        return [_shifted(face, i, s) for i in range(face.dim) for s in (1, -1)], False
    return [face.exact_point()], False


def _largest(found: Sequence[ArgMax]) -> ArgMax:
    """Return the largest of some maxima; complete if all are and the order is decided."""
    values = [r.exact_value for r in found if r.exact_value is not None]
    exact = exact_max(values) if len(values) == len(found) else None
    if exact is not None and all(r.complete for r in found):
        return found[exact[1][0]]
    best = max(found, key=lambda r: r.value)
    return replace(best, complete=False, exact_value=None)


def _some_points(found: ArgMax) -> list[ExactPoint]:
    if found.exact_points:
        return [found.exact_points[0]]
    return [found.faces[0].exact_point()]


def _shifted(ball: Ball, index: int, side: int) -> ExactPoint:
    point = list(ball.exact_center)
    point[index] += side * ball.exact_radius
    return tuple(point)


def _latex_row(floats: np.ndarray, exact: tuple[ExactPoint, ...] | None, index: int) -> str:
    return vector(floats[index], None if exact is None else exact[index])


def _latex_value(value: float, exact: sympy.Expr | None, complete: bool) -> str:
    if exact is not None:
        return rf"\varphi(\theta) {f'= {number(exact)}' if complete else at_least(exact)}"
    if complete:
        return rf"\varphi(\theta) \approx {number(value)}"
    return rf"\varphi(\theta) {at_least(value)}"


def _known(complete: bool) -> str:
    return "all, proved" if complete else "found by a search; there may be others"


def _texts(rows: tuple[ExactPoint, ...] | None) -> list[list[str]] | None:
    return None if rows is None else [[str(c) for c in r] for r in rows]
