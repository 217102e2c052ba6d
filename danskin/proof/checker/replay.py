"""Cutting a set as a proof says: the cells in order, every face and every exclusion checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from danskin.proof.checker.cells import Factor, Slopes
from danskin.proof.checker.reading import Rejected, integer, items

__all__ = ["MAX_CELLS", "replay"]

MAX_CELLS = 400_000
_MAX_PARTS = 128


class _Cell(Protocol):
    @property
    def cell(self) -> tuple[Any, ...]: ...

    def slopes(self, factor: int) -> Slopes: ...


C = TypeVar("C", bound=_Cell)


def replay(
    factors: Sequence[Factor], make: Callable[[Any], C], steps: Any, count: list[int]
) -> Iterator[tuple[str, Any, C]]:
    """Yield each cell that is not cut, shrunk or excluded, with its name and its fate in the file.

    The cells yielded, and what was checked here of the others, cover all maximizers in the set.

    Raises
    ------
    Rejected
        The cells are not those that the set is cut into, or a face or an exclusion has no reason.
    """
    steps = items(steps, "cells", MAX_CELLS)
    pieces: list[tuple[Any, ...]] = [()]
    for f in factors:
        pieces = [(*p, c) for p in pieces for c in f.start()]
        if len(pieces) > MAX_CELLS:
            raise Rejected("S has too many pieces")
    stack = pieces[::-1]
    for i, step in enumerate(steps):
        if not stack:
            raise Rejected("there are more cells than S was cut into")
        cell = make(stack.pop())
        where = f"cell {i}"
        count[0] += 1
        if step == "first-order":
            pairs = enumerate(zip(factors, cell.cell, strict=True))
            if not any(f.excluded(part, cell.slopes(k)) for k, (f, part) in pairs):
                raise Rejected(f"{where}: it may hold a maximizer to first order, and was dropped")
        elif isinstance(step, list) and len(step) > 1 and step[0] == "split":
            stack += _split(factors, cell.cell, step)
        elif isinstance(step, list) and len(step) > 1 and step[0] == "face":
            stack.append(_shrunk(factors, cell, step))
        else:
            yield where, step, cell
    if stack:
        raise Rejected(f"{len(stack)} cells of S are missing")


def _split(
    factors: Sequence[Factor], cell: tuple[Any, ...], step: list[Any]
) -> list[tuple[Any, ...]]:
    k = integer(step[1], "factor", len(factors))
    first, second = factors[k].split(cell[k], step[2:])
    # The first half is on top of the stack.
    return [(*cell[:k], half, *cell[k + 1 :]) for half in (second, first)]


def _shrunk(factors: Sequence[Factor], cell: _Cell, step: list[Any]) -> tuple[Any, ...]:
    parts = list(cell.cell)
    for change in step[1:]:
        how = items(change, "face", _MAX_PARTS)
        k = integer(how[0] if how else None, "factor", len(factors))
        parts[k] = factors[k].face(parts[k], how[1:], cell.slopes(k))
    return tuple(parts)
