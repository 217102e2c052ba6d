"""Numbers as people write them: a radius, ``8/255`` or ``0.031``; a list, ``0.02,0.1``."""

from __future__ import annotations

import math

import typer

from danskin.errors import InvalidInputError

__all__ = ["number_list", "radius"]


def radius(text: str | float) -> float:
    """Read a decimal number or a fraction of two.

    Raises
    ------
    typer.BadParameter
        It is neither; the command line names the option.
    """
    above, slash, below = str(text).partition("/")
    try:
        # Not by exact fractions, where 1e999999999 would be written out.
        value = float(above) / (float(below) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not math.isfinite(value):
        raise typer.BadParameter(f"{str(text)[:40]!r} is not a number such as 8/255 or 0.031.")
    return value


def number_list(text: str | None, option: str) -> list[float] | None:
    """Read decimal numbers with commas between them.

    Raises
    ------
    InvalidInputError
        Names the option.
    """
    if text is None:
        return None
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(math.isfinite(v) for v in found):
        raise InvalidInputError(
            option, f"{text[:80]!r} is not a list of numbers", f"Write it so: {option} 0.02,0.1"
        )
    return found
