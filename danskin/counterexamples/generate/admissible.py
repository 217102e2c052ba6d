"""What counterexamples are made from: vectors, a Gram matrix or angles, read and judged exactly.

Refused, with the reason: a matrix that no vectors have, gradients with 0 in their hull (nothing
descends), a gradient without an obtuse partner (minus it descends).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sympy

from danskin.counterexamples.core import Row, exact_rows
from danskin.counterexamples.generate.gram import (
    MOST_VECTORS,
    Gram,
    Hull,
    Indefinite,
    factor,
    gram_of,
    read_gram,
)
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, exact_vector, sign, tidy

__all__ = ["Requirement", "check_admissible", "check_count", "factored", "read_gradients"]

Requirement = Literal["uphill", "no descent", "nothing"]
"""What every single gradient must do: point uphill; not descend; whatever it likes."""

_MOST_ON_INTERVAL = 24


# --- reading -------------------------------------------------------------------------------------


def read_gradients(
    vectors: Any, gram: Any, angles: Any, lengths: Any, dim: int | None
) -> tuple[tuple[Row, ...], Gram]:
    """Return exact gradients (m, n) and their Gram matrix, from the one thing that was given."""
    if vectors is not None:
        rows = exact_rows(vectors, "vectors")
        return _padded(rows, dim, "vectors"), gram_of(rows)
    if gram is not None:
        products = read_gram(gram)
        return _padded(factored(products), dim, "gram"), products
    return _from_angles(angles, lengths, dim)


def factored(products: Gram, argument: str = "gram") -> tuple[Row, ...]:
    """Return vectors with these inner products, or refuse them with a witness."""
    rows = factor(products)
    if isinstance(rows, Indefinite):
        raise InvalidInputError(
            argument,
            f"it is not positive semidefinite: {rows}, and a squared length cannot be negative",
            "No vectors have these inner products; make the negative ones smaller.",
        )
    return rows


def _padded(rows: Sequence[Row], dim: int | None, argument: str) -> tuple[Row, ...]:
    size = len(rows[0])
    if dim is None:
        dim = max(size, 2) if argument != "vectors" else size
    if isinstance(dim, bool) or not isinstance(dim, int) or dim < 1:
        raise InvalidInputError("dim", f"{dim!r} is not a positive integer", "Pass n.")
    if dim < size:
        what = (
            f"the rank is {size}" if argument != "vectors" else f"the vectors have {size} entries"
        )
        raise InvalidInputError("dim", f"{dim} is too small: {what}", f"Pass dim >= {size}.")
    return tuple((*row, *(sympy.Integer(0),) * (dim - size)) for row in rows)


def _from_angles(angles: Any, lengths: Any, dim: int | None) -> tuple[tuple[Row, ...], Gram]:
    if hasattr(angles, "tolist"):
        angles = angles.tolist()
    if isinstance(angles, (str, bytes, dict, set)) or not hasattr(angles, "__iter__"):
        raise InvalidInputError(
            "angles", f"{angles!r:.60} is not a list", 'Pass radians, such as [0, "2*pi/3"].'
        )
    listed = list(angles)
    count = len(listed)
    sizes = exact_vector([1] * count if lengths is None else lengths, "lengths", count)
    for i, size in enumerate(sizes):
        if sign(size) != 1:
            raise InvalidInputError(f"lengths[{i}]", f"{size} is not positive", "Pass lengths > 0.")
    nested = [not isinstance(a, (str, bytes)) and hasattr(a, "__iter__") for a in listed]
    if any(nested):
        if not all(nested):
            raise InvalidInputError(
                "angles", "it mixes numbers and rows", "Pass m angles, or m rows of m."
            )
        between = [exact_vector(row, f"angles[{i}]", count) for i, row in enumerate(listed)]
        for i, row in enumerate(between):
            if sign(row[i]) != 0:
                raise InvalidInputError(
                    f"angles[{i}][{i}]",
                    f"it is {row[i]}",
                    "A vector makes the angle 0 with itself.",
                )
        products = read_gram(
            [
                [tidy(sizes[i] * sizes[j] * sympy.cos(a)) for j, a in enumerate(row)]
                for i, row in enumerate(between)
            ]
        )
        return _padded(factored(products, "angles"), dim, "angles"), products
    turns = [exact_number(a, f"angles[{i}]") for i, a in enumerate(listed)]
    rows = tuple(
        (tidy(r * sympy.cos(a)), tidy(r * sympy.sin(a))) for r, a in zip(sizes, turns, strict=True)
    )
    # cos(a_i - a_j), not sums of products: exact also where an angle is no fraction of pi.
    products = tuple(
        tuple(tidy(sizes[i] * sizes[j] * sympy.cos(a - b)) for j, b in enumerate(turns))
        for i, a in enumerate(turns)
    )
    return _padded(rows, dim, "angles"), products


# --- admissible ----------------------------------------------------------------------------------


def check_count(count: int, on: str, argument: str) -> None:
    """Refuse fewer gradients than two, or more than the set carries."""
    most = _MOST_ON_INTERVAL if on == "interval" else MOST_VECTORS
    if count < 2:
        raise InvalidInputError(
            argument,
            "there is one gradient, and minus the gradient of a single maximizer descends",
            "Pass two or more.",
        )
    if count > most:
        raise InvalidInputError(
            argument, f"there are {count} gradients", f"Pass at most {most} on a {on}."
        )


def check_admissible(products: Gram, hull: Hull, require: Requirement, argument: str) -> None:
    """Refuse gradients with 0 in their hull, or one without an obtuse partner."""
    if require == "nothing":
        return
    if hull.stationary:
        weights = ", ".join(map(str, hull.weights))
        raise InvalidInputError(
            argument,
            f"0 is in the hull: the weights ({weights}) give sum w_i v_i = 0, so no direction "
            "descends",
            "Move the gradients to one side of a hyperplane through 0, or pass require='nothing'.",
        )
    for i, row in enumerate(products):
        signs = [sign(x) for x in row]
        if None in signs:
            raise InvalidInputError(
                argument, f"the sign of {row[signs.index(None)]} is undecided", "Simplify it."
            )
        if -1 in signs:
            continue
        if 0 in signs and require == "no descent":
            continue
        j = signs.index(0) if 0 in signs else None
        right = (
            f" (the right angle with gradient {j} makes D = 0: neither descent nor uphill; "
            "require='no descent' takes it)"
            if j is not None
            else ""
        )
        raise InvalidInputError(
            f"{argument}[{i}]",
            "it has no obtuse partner: no inner product with another gradient is negative, so "
            f"minus it does not point uphill{right}",
            "Give every gradient a partner with a negative inner product.",
        )
