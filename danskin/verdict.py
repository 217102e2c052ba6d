"""Three-valued verdicts: proved, refuted, undecided. Nothing else is ever claimed."""

from __future__ import annotations

from enum import Enum

__all__ = ["Verdict"]


class Verdict(Enum):
    """The outcome of a proof attempt.

    A verdict has no truth value: ``if verdict:`` would read *undecided* as an answer.
    Compare instead: ``verdict is Verdict.PROVED``.
    """

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"

    def __bool__(self) -> bool:
        """Refuse: a three-valued verdict is neither true nor false."""
        raise TypeError(
            f"the verdict is {self.value!r}, one of three values, and has no truth value; "
            "write `verdict is Verdict.PROVED` (or REFUTED, UNDECIDED)"
        )

    def __str__(self) -> str:
        return self.value
