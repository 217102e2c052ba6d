"""Interleaved timing: every solver gets the same share of every disturbance of the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["interleaved", "microseconds", "milliseconds"]

# Seconds above which a call is measured once: a quarter more or less changes nothing then.
VERY_SLOW = 0.5


def interleaved(
    calls: Mapping[str, Callable[[], Any]],
    *,
    seconds: float = 4.0,
    least: int = 7,
    share: float = 1e-3,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return the median seconds of one call of each.

    Rounds go through all calls in turn, each repeated for about `share` seconds (once if it takes
    longer), until the time is up; there are at least `least` rounds, of which very slow calls take
    part in the first. A share of several calls lets each find the caches as its own calls leave
    them, not as a slower one has left them. With `time.process_time` for a
    clock it is the time that the processor spent on it, whatever else the machine was doing.
    """
    repeats: dict[str, int] = {}
    slow: set[str] = set()
    for name, call in calls.items():
        call()  # compiles, fills caches
        start = clock()
        call()
        once = clock() - start
        repeats[name] = max(1, int(share / max(once, 1e-7)))
        if once > VERY_SLOW:
            slow.add(name)
    measured: dict[str, list[float]] = {name: [] for name in calls}
    begin = time.perf_counter()
    rounds = 0
    while rounds < least or time.perf_counter() - begin < seconds:
        rounds += 1
        for name, call in calls.items():
            if name in slow and rounds > 1:
                continue
            start = clock()
            for _ in range(repeats[name]):
                call()
            measured[name].append((clock() - start) / repeats[name])
    return {name: statistics.median(values) for name, values in measured.items()}


def microseconds(seconds: float) -> str:
    """Format three digits."""
    return f"{1e6 * seconds:.3g}" if seconds < 1e-3 else f"{1e6 * seconds:.0f}"


def milliseconds(seconds: float) -> str:
    """Format three digits."""
    return f"{1e3 * seconds:.3g}"
