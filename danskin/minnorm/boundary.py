"""Types of what comes from outside: exact for type checkers, anything at run time.

The tests check the shapes of internal arguments while they run. Arguments from outside are the
business of the validators in `scaling`, whose errors name the argument and the remedy; a run-time
type check must not get there first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["ArrayLike", "Number", "Samples", "Sizes"]

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    Number = float
    Sizes = Sequence[int]
    Samples = Sequence[ArrayLike]
else:
    ArrayLike = Number = Samples = Sizes = object
