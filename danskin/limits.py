"""Time limits on computations that may hang: SymPy's factorisations, resultants, root isolation."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from types import TracebackType

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
        frame = sys._current_frames().get(self._thread.value)
        while frame is not None:
            name = frame.f_code.co_filename
            if name == _IMPORTING or _COMPILING in name:
                return True
            frame = frame.f_back
        return False

    def _outside(self) -> bool:
        """Whether the thread is entering or leaving a limit, where a stop would go astray.

        A thread takes up a stop at the bytecode where it waits for the interpreter lock, which
        the caller of this method holds: in the frame that is seen here.
        """
        frame = sys._current_frames().get(self._thread.value)
        for _ in range(8):
            if frame is None:
                return False
            if frame.f_code in _EDGES:
                return True
            frame = frame.f_back
        return False


_EDGES = (time_limit.__enter__.__code__, time_limit.__exit__.__code__)
