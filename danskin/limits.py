"""Time limits on computations that may hang: SymPy's factorisations, resultants, root isolation."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from danskin.errors import LimitError

__all__ = ["time_limit"]

_set_async_exc = ctypes.pythonapi.PyThreadState_SetAsyncExc


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Run the body of a ``with`` statement for at most `seconds`.

    The limit is delivered as an exception between two bytecodes of the calling thread, so it
    works in any thread and on any platform, and stops pure-Python code such as SymPy's. One long
    call into C is not interrupted, which is why the sizes of numbers and powers are bounded
    elsewhere.

    Parameters
    ----------
    seconds : float
        Wall-clock limit, > 0.
    what : str
        Names the computation in the error.

    Raises
    ------
    LimitError
        The body did not finish in time.
    """
    # A class of its own, so that nested limits cannot catch each other's exception, and derived
    # from BaseException, so that an `except Exception` inside SymPy cannot swallow it.
    expired = type("_Expired", (BaseException,), {})
    thread = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    state = {"finished": False, "fired": False}

    def expire() -> None:
        with lock:
            if not state["finished"]:
                state["fired"] = True
                _set_async_exc(thread, ctypes.py_object(expired))

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        try:
            yield
        finally:
            with lock:
                state["finished"] = True
            timer.cancel()
            if state["fired"]:
                # The body may have ended between the delivery and now; nothing may leak out later.
                _set_async_exc(thread, None)
    except expired:
        raise LimitError(f"{what} took longer than {seconds:g} s and was stopped") from None
