"""The work that a request may cause, bounded: worker processes, time limits, jobs to be killed.

What comes with a formula runs in a worker process under a time limit, at whose end the process is
killed and replaced: arithmetic on large numbers or a compiled call cannot be interrupted otherwise.
Proofs have workers of their own, so that the page stays quick beside them. Progress goes through
shared memory: a process that is killed while it writes leaves no lock behind.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from danskin.errors import DanskinError, MissingExtraError
from danskin.explorer.payload import BadRequest, Problem

try:
    from pebble import ProcessExpired, ProcessPool
except ImportError:
    raise MissingExtraError("pebble", "explorer") from None

__all__ = ["Job", "Workers"]

_QUICK, _PROVING = 2, 2
_WAITING, _PROOFS_WAITING = 16, 4
_FORGET_SECONDS = 600.0
#: Beyond its budget a proof may take this long: for imports, its last round, and the drawing.
_GRACE_SECONDS = 20.0
#: Of a slot of shared memory: open cells, the bounds on D, the stage.
_SLOT = 4
_STAGES = ("loading", "proving", "drawing")


class Workers:
    """Pools of worker processes; made when the server starts, stopped when it ends."""

    def __init__(self) -> None:
        self._context = _context()
        self._slots = _PROVING + _PROOFS_WAITING
        self._shared = self._context.RawArray("d", self._slots * _SLOT)
        self._quick = self._pool(_QUICK)
        self._proving: Any = None
        self._waiting = 0
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def _pool(self, count: int) -> Any:
        return ProcessPool(
            count, context=self._context, initializer=_begin, initargs=(self._shared,)
        )

    def warm_up(self) -> None:
        """Start the workers, which import what they need; returns at once."""
        for _ in range(_QUICK):
            self._quick.schedule(_warm)

    def stop(self) -> None:
        """Kill all workers, whatever they do."""
        for pool in (self._quick, self._proving):
            if pool is not None:
                pool.stop()
                pool.join()

    async def run(self, name: str, data: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Run a task of `danskin.explorer.tasks` in a worker.

        Raises
        ------
        BadRequest
            What the task found wrong; 429 where too many wait, 503 where it took too long.
        """
        if self._waiting >= _WAITING:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(4 * seconds):  # waiting for a free worker counts too
                future = self._quick.schedule(_task, args=(name, data), timeout=seconds)
                return _answer(await asyncio.wrap_future(future))
        except TimeoutError:
            raise BadRequest(503, Problem("", "it took too long", "Ask for less.")) from None
        except ProcessExpired:
            raise BadRequest(500, Problem("", "the worker process died", "Try again.")) from None
        finally:
            self._waiting -= 1

    # --- proofs ----------------------------------------------------------------------------

    def start(self, data: dict[str, Any], budget: float) -> Job:
        """Start a proof.

        Raises
        ------
        BadRequest
            429 where too many run.
        """
        with self._lock:
            self._forget()
            taken = {job.slot for job in self._jobs.values() if not job.ended}
            free = [i for i in range(self._slots) if i not in taken]
            if not free:
                raise _busy()
            if self._proving is None:
                self._proving = self._pool(_PROVING)
            slot = free[0]
            self._shared[slot * _SLOT : (slot + 1) * _SLOT] = [0.0, -_INF, _INF, -1.0]
            job = Job(secrets.token_urlsafe(16), budget, slot, self._shared)
            job.future = self._proving.schedule(
                _prove, args=(data, slot), timeout=budget + _GRACE_SECONDS
            )
            job.future.add_done_callback(lambda _: job.end())
            self._jobs[job.name] = job
            return job

    def job(self, name: str) -> Job:
        """Return a job.

        Raises
        ------
        BadRequest
            404 where there is none of that name.
        """
        with self._lock:
            self._forget()
            if name not in self._jobs:
                raise BadRequest(404, Problem("", "there is no such job", "Start it again."))
            return self._jobs[name]

    def _forget(self) -> None:
        late = time.monotonic() - _FORGET_SECONDS
        for name, job in list(self._jobs.items()):
            if job.ended is not None and job.ended < late:
                del self._jobs[name]


def _context() -> Any:
    """Return how processes are started: forked from one that has imported everything, if possible.

    A worker that was killed is replaced in milliseconds then. The server itself has threads, and
    must not be forked.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["danskin.explorer.preloaded"])
    return context


_INF = float("inf")


def _busy() -> BadRequest:
    return BadRequest(429, Problem("", "too much is being computed", "Try again in a moment."))


@dataclass
class Job:
    """A proof on its way, or what became of it."""

    name: str
    budget: float
    slot: int
    shared: Any = field(repr=False)
    future: Any = field(default=None, repr=False)
    begun: float = field(default_factory=time.monotonic)
    ended: float | None = None
    last: tuple[float, ...] = ()

    def end(self) -> None:
        """Note that it is over, and what it had told."""
        self.last = self._told()
        self.ended = time.monotonic()

    def _told(self) -> tuple[float, ...]:
        return tuple(self.shared[self.slot * _SLOT : (self.slot + 1) * _SLOT])

    def cancel(self) -> None:
        """Kill the process, where it still runs."""
        self.future.cancel()

    def to_dict(self) -> dict[str, Any]:
        """Return how far it is, or the result."""
        cells, low, high, stage = self.last if self.ended is not None else self._told()
        state, result, problems = self._state(stage)
        return {
            "job": self.name,
            "state": state,
            "boxes": int(cells),
            "seconds": (self.ended or time.monotonic()) - self.begun,
            "budget": self.budget,
            "bounds": [low, high] if low > -_INF or high < _INF else None,
            "stage": _STAGES[int(stage)] if state == "running" else "",
            "errors": [p.to_dict() for p in problems],
            "result": result,
        }

    def _state(self, stage: float) -> tuple[str, Any, tuple[Problem, ...]]:
        future = self.future
        if future.cancelled():
            return "cancelled", None, ()
        if not future.done():
            return ("queued" if stage < 0 else "running"), None, ()
        try:
            return "done", _answer(future.result()), ()
        except BadRequest as error:
            return "failed", None, error.problems
        except TimeoutError:
            told = Problem("budget", "the proof did not end in time and was stopped", "Simplify g.")
            return "failed", None, (told,)
        except Exception as error:
            told = Problem("", f"the worker process failed: {type(error).__name__}", "Try again.")
            return "failed", None, (told,)


# --- in the worker -------------------------------------------------------------------------------

_progress: Any = None


def _begin(shared: Any) -> None:
    """Start a worker: Ctrl-C is for the server, which stops its workers itself."""
    import signal

    global _progress
    _progress = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _warm() -> None:
    from danskin.explorer.tasks import warm_up

    warm_up()


def _task(name: str, data: dict[str, Any]) -> tuple[int, Any]:
    from danskin.explorer.tasks import TASKS

    return _guarded(lambda: TASKS[name](data))


def _prove(data: dict[str, Any], slot: int) -> tuple[int, Any]:
    def tell(cells: int, low: float, high: float) -> None:
        _progress[slot * _SLOT : slot * _SLOT + 3] = [float(cells), low, high]

    def stage(name: str) -> None:
        _progress[slot * _SLOT + 3] = float(_STAGES.index(name))

    stage("loading")
    from danskin.explorer.proofs import prove

    return _guarded(lambda: prove(data, tell, stage))


def _guarded(work: Callable[[], Any]) -> tuple[int, Any]:
    """Return a status and plain data: errors cross the border between processes as data."""
    from danskin.explorer.payload import plain, problems_of

    try:
        return 200, plain(work())
    except BadRequest as error:
        return error.status, [p.to_dict() for p in error.problems]
    except DanskinError as error:
        return 422, [problems_of(error).to_dict()]
    except (MemoryError, RecursionError) as error:
        return 422, [Problem("", f"too large: {type(error).__name__}", "Simplify.").to_dict()]


def _answer(outcome: tuple[int, Any]) -> dict[str, Any]:
    status, data = outcome
    if status == 200:
        return data
    raise BadRequest(status, *(Problem(**p) for p in data))
