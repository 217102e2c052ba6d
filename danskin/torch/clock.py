"""Where the time of a call goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Clock"]


class Clock:
    """Wall clock by name: ``with clock("solve"): ...`` adds to ``clock.seconds["solve"]``.

    On a GPU this is the host's time, which the device's work may outlast.
    """

    def __init__(self) -> None:
        self.seconds = {"attack": 0.0, "gradients": 0.0, "solve": 0.0}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Add the time that the work inside takes."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start
