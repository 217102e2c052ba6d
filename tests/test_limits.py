"""Time limits: delivered in any thread, never swallowed, never leaking out of their block."""

import contextlib
import gc
import importlib
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from danskin import limits
from danskin.errors import DanskinError, LimitError
from danskin.limits import time_limit


def spin(seconds: float = 30.0) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_stops_a_loop_in_time_and_names_it():
    start = time.perf_counter()
    with (
        pytest.raises(LimitError, match=r"factoring took longer than 0\.1 s"),
        time_limit(0.1, "factoring"),
    ):
        spin()
    assert time.perf_counter() - start < 5
    assert issubclass(LimitError, DanskinError)


def test_a_body_that_swallows_exceptions_is_stopped_all_the_same():
    """A callback of the garbage collector swallows exceptions, BaseException included."""

    def swallow_and_go_on():
        for _ in range(3):
            with contextlib.suppress(BaseException):
                spin()
        spin()

    with pytest.raises(LimitError), time_limit(0.05, "x"):
        swallow_and_go_on()


def test_the_body_passes_values_and_errors_through():
    with time_limit(10, "x"):
        value = 7
    assert value == 7
    with pytest.raises(ZeroDivisionError), time_limit(10, "x"):
        raise ZeroDivisionError


def test_the_inner_of_two_limits_is_reported_by_its_own_name():
    with time_limit(30, "outer"), pytest.raises(LimitError, match="inner"):  # noqa: SIM117
        with time_limit(0.05, "inner"):
            spin()
    with pytest.raises(LimitError, match="outer"):  # noqa: SIM117
        with time_limit(0.05, "outer"), time_limit(30, "inner"):
            spin()


def test_nothing_leaks_out_of_many_short_limits_in_threads():
    """Each block ends near its limit, so that stops arrive at its very edges."""
    outcomes: list[str] = []

    def work():
        for i in range(60):
            try:
                with time_limit(0.01 + 0.001 * (i % 5), "x"):
                    spin(0.004 * (i % 8))
                outcomes.append("done")
            except LimitError:
                outcomes.append("stopped")
            except BaseException as error:
                outcomes.append(repr(error))
            spin(0.001)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len(outcomes) == 180
    assert set(outcomes) == {"done", "stopped"}


def test_no_watcher_stays_behind():
    before = threading.active_count()
    for _ in range(20):
        with time_limit(60, "x"):
            pass
    time.sleep(0.3)
    assert threading.active_count() <= before + 1


def test_imports_are_not_stopped_half_way_and_do_not_count(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import_1.py").write_text("import time\ntime.sleep(0.6)\nready = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with time_limit(0.3, "x"):
        module = importlib.import_module("slow_to_import_1")
    assert module.ready
    with pytest.raises(LimitError), time_limit(0.3, "x"):
        spin()


def test_compilation_is_not_stopped_half_way_and_does_not_count():
    """A kernel whose compilation was stopped could not be used again in the process."""
    numba = pytest.importorskip("numba")

    @numba.njit
    def kernel(x):
        total = 0.0
        for i in range(10):
            total += np.sin(x + i) * np.cos(x) + np.sqrt(abs(x))
        return total

    with time_limit(0.02, "x"):
        assert np.isfinite(kernel(1.0))
    with time_limit(5, "x"):
        assert kernel(2.0) == kernel(2.0)


LOOKED_AT = """
import gc, random, sys, time
from danskin import limits
from danskin.limits import time_limit

limits._LOOK_SECONDS = 1e-9
sys.setswitchinterval(1e-6)
gc.set_threshold(50, 5, 5)

class Slow:
    def __init__(self):
        self.me = self
    def __del__(self):
        for _ in range(50):
            pass

def deep(n):
    slow = Slow()
    return deep(n - 1) if n else [Slow() for _ in range(3)]

end = time.monotonic() + 12
with time_limit(1000, "outer"), time_limit(1000, "inner"):
    while time.monotonic() < end:
        deep(random.randrange(60))
assert gc.isenabled()
"""


@pytest.mark.slow
def test_a_thread_may_be_looked_at_while_its_frames_come_and_go():
    """Frames freed while another thread reads them crashed the interpreter (CPython 3.11)."""
    ran = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", LOOKED_AT],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_collection_goes_on_in_a_process_forked_during_a_look():
    read, write = os.pipe()
    with limits._looking:
        assert not gc.isenabled()
        child = os.fork()
        if child == 0:
            with limits._looking:  # its lock is free
                pass
            os.write(write, b"y" if gc.isenabled() else b"n")
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 1) == b"y"
    os.close(read)
    os.close(write)
    assert gc.isenabled()
