"""How many adversaries a step looks at, as a function of the step (the paper's Appendix B.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from danskin.errors import InvalidInputError

__all__ = ["Schedule", "check_count", "linear_decay"]

#: Number of calls so far -> number of adversaries.
Schedule = Callable[[int], int]


def check_count(value: object, argument: str) -> int:
    """Return a positive int or say what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInputError(argument, f"is {value!r}", "Take a whole number, 1 or more.")
    return value


@dataclass(frozen=True)
class linear_decay:  # noqa: N801  (called like a function, as torch's schedules are)
    """Fewer and fewer adversaries: `start` at the first step, `stop` from step `steps` - 1 on.

    Parameters
    ----------
    start, stop : int
        The paper's decay goes from 10 to 1.
    steps : int
        Number of calls of ``ddi.backward`` over which to go from `start` to `stop`: epochs times
        batches an epoch.

    Examples
    --------
    >>> decay = linear_decay(10, 1, steps=10)
    >>> [decay(t) for t in range(11)]
    [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]
    """

    start: int = 10
    stop: int = 1
    steps: int = 1

    def __post_init__(self) -> None:
        for name in ("start", "stop", "steps"):
            check_count(getattr(self, name), name)

    def __call__(self, step: int) -> int:
        """Return the number of adversaries of step number `step`, counted from 0."""
        done = min(step / max(self.steps - 1, 1), 1.0) if step else 0.0
        return round(self.start + (self.stop - self.start) * done)
