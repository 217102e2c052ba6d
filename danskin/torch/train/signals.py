"""Ctrl-C and SIGTERM as a wish: the loop looks at it after each step, saves and stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "Wish", "catching"]


class Interrupted(Exception):
    """The run was asked to stop, and has saved where it stands.

    Parameters
    ----------
    number : int
        Of the signal; the process should exit with 128 more.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"stopped by {signal.Signals(number).name}")


class Wish:
    """The signal that came, or 0."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> int:
        """Return the number of the signal that asks to stop; 0 if none did."""
        return self.number

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:  # a second Ctrl-C does not wait for the step
            raise KeyboardInterrupt
        self.number = number


@contextmanager
def catching() -> Iterator[Wish]:
    """Turn SIGINT and SIGTERM into a wish while the work inside goes on."""
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish  # signals are the main thread's
        return
    before = {n: signal.signal(n, wish._note) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
