"""An attack's radius as people write it: ``8/255`` or ``0.031``."""

from __future__ import annotations

from fractions import Fraction

import typer

__all__ = ["radius"]


def radius(text: str | float) -> float:
    """Read a decimal number or a fraction of two.

    Raises
    ------
    typer.BadParameter
        It is neither; the command line names the option.
    """
    try:
        return float(Fraction(str(text)))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a number such as 8/255 or 0.031.") from None
