"""Time limits on computations that may hang: SymPy's factorisations, resultants, root isolation."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from types import CodeType, TracebackType

from danskin.errors import LimitError

__all__ = ["time_limit"]

_set_async_exc = ctypes.pythonapi.PyThreadState_SetAsyncExc
#: A stop that something swallowed (a callback run by the garbage collector, say) is sent again.
_REPEAT_SECONDS = 0.25
#: How often is looked whether the time counts.
_LOOK_SECONDS = 0.05
#: Where the frames of an import lie, and those of numba's compiler.
_IMPORTING, _COMPILING = "<frozen importlib._bootstrap>", f"{os.sep}numba{os.sep}core{os.sep}"


class time_limit:  # noqa: N801 - it is used like a function, in a ``with`` statement
    """Run the body of a ``with`` statement for at most `seconds`.

    The limit is delivered as an exception between two bytecodes of the calling thread, so it
    works in any thread and on any platform, and stops pure-Python code such as SymPy's. One long
    call into C is not interrupted, which is why the sizes of numbers and powers are bounded
    elsewhere.

    Imports and numba's compilation are never stopped half-way, for they would leave a module or a
    kernel unusable to the whole process, and they do not count: the first call in a process, which
    may compile for seconds, must not get another answer than the second.

    Parameters
    ----------
    seconds : float
        Wall-clock limit, > 0, without what imports and compilation take.
    what : str
        Names the computation in the error.

    Raises
    ------
    LimitError
        The body did not finish in time.
    """

    def __init__(self, seconds: float, what: str) -> None:
        self._seconds = seconds
        self._what = what
        # A class of its own, so that nested limits cannot catch each other's exception, and
        # derived from BaseException, so that an `except Exception` inside SymPy cannot swallow it.
        self._expired: type[BaseException] = type("_Expired", (BaseException,), {})
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._lock = threading.Lock()
        self._finished = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finished.set()
        # The watcher sends under the lock and looks at `_finished` first: once the lock was held
        # here, nothing more is sent.
        with self._lock:
            pass
        if kind is self._expired:
            raise LimitError(
                f"{self._what} took longer than {self._seconds:g} s and was stopped"
            ) from None

    def _watch(self) -> None:
        left = self._seconds
        while left > 0:
            begun = time.monotonic()
            if self._finished.wait(min(left, _LOOK_SECONDS)):
                return
            if not self._loading():
                left -= time.monotonic() - begun
        pause = 0.0
        while not self._finished.wait(pause):
            with self._lock:
                if self._finished.is_set():
                    return
                if self._outside() or self._loading():
                    pause = 1e-3
                else:
                    _set_async_exc(self._thread, ctypes.py_object(self._expired))
                    pause = _REPEAT_SECONDS

    def _loading(self) -> bool:
        """Whether the thread is importing a module, or compiling (kernels run without a frame)."""
        return any(
            code.co_filename == _IMPORTING or _COMPILING in code.co_filename
            for code in _running(self._thread.value)
        )

    def _outside(self) -> bool:
        """Whether the thread is entering or leaving a limit, where a stop would go astray.

        A thread takes up a stop at the bytecode where it waits for the interpreter lock, which
        the caller of this method holds: in the frame that is seen here.
        """
        return any(code in _EDGES for code in _running(self._thread.value, 8))


def _running(thread: int, most: int = sys.maxsize) -> list[CodeType]:
    """Return what a thread runs, innermost first.

    A frame becomes an object when it is looked at. In Python 3.11 that may start the garbage
    collector, whose finalizers let other threads run; the frame may then be gone, and reading on
    reads freed memory. So no garbage is collected meanwhile (`_Looking`).
    """
    with _looking:
        codes: list[CodeType] = []
        frame = sys._current_frames().get(thread)
        while frame is not None and len(codes) < most:
            codes.append(frame.f_code)
            frame = frame.f_back
        return codes


class _Looking:
    """One thread at a time looks at frames; a process forked meanwhile starts afresh."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._collecting = False  # whether garbage is to be collected again afterwards
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def __enter__(self) -> None:
        self._lock.acquire()
        self._collecting = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        self._resume()
        self._lock.release()

    def _resume(self) -> None:
        if self._collecting:
            self._collecting = False
            gc.enable()

    def _forked(self) -> None:
        self._lock = threading.Lock()
        self._resume()


_looking = _Looking()
_EDGES = (time_limit.__enter__.__code__, time_limit.__exit__.__code__)
