"""The server on the loopback interface: a port, a browser, Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from typing import Any

from danskin.errors import InvalidInputError, MissingExtraError

try:
    import uvicorn
except ImportError:
    raise MissingExtraError("uvicorn", "explorer") from None

from danskin.explorer.app import make_app

__all__ = ["HOST", "listen", "running", "serve"]

HOST = "127.0.0.1"
_START_SECONDS = 180.0


def serve(
    port: int = 0,
    *,
    host: str = HOST,
    browser: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the explorer until Ctrl-C.

    Parameters
    ----------
    port : int
        0 to 65535; 0 takes any free one.
    host : str
        A loopback address.
    browser : bool
        Open the page in the user's browser.
    tell : callable
        Told the page's address once the server answers.

    Raises
    ------
    InvalidInputError
        The host is not a loopback address; the port is in use or not allowed.
    """
    with listen(port, host) as listening:
        url = _url(listening)

        def started() -> None:
            tell(url)
            if browser:
                # It may block, or write to the terminal: not the server's business.
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        server = _Server(started)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def listen(port: int, host: str = HOST) -> socket.socket:
    """Return a socket that listens on a loopback address.

    Raises
    ------
    InvalidInputError
    """
    address = _loopback(host)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise InvalidInputError("port", f"{port!r} is not a port", "Pass 0 to 65535; 0 is any.")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_REUSEADDR"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        remedy = "Pass another one, or --port 0 for any free one."
        if error.errno == errno.EADDRINUSE:
            raise InvalidInputError("port", f"{port} is in use", remedy) from None
        if error.errno == errno.EACCES:
            raise InvalidInputError("port", f"{port} is not yours to use", remedy) from None
        why = error.strerror or str(error)
        raise InvalidInputError("port", f"{port} on {host}: {why}", remedy) from None
    return listening


def _loopback(host: str) -> str:
    address = HOST if host == "localhost" else host.strip("[]")
    try:
        if str(ipaddress.ip_address(address)) in ("127.0.0.1", "::1"):
            return address
    except ValueError:
        pass
    raise InvalidInputError(
        "host",
        f"{host!r} is not this machine's loopback address: whoever can reach the port could make "
        "this machine compute",
        "Use 127.0.0.1 and, from elsewhere, a tunnel such as ssh -L.",
    )


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Server(uvicorn.Server):
    """A server that says when it has started."""

    def __init__(self, started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                make_app(),
                log_level="warning",
                access_log=False,
                server_header=False,
                ws="none",
                lifespan="on",
                limit_concurrency=64,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=2,
            )
        )
        self._tell = started

    async def startup(self, sockets: Any = None) -> None:
        """Start, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._tell()


@contextlib.contextmanager
def running(port: int = 0) -> Iterator[str]:
    """Serve in a thread, and yield the page's address: for tests and notebooks."""
    listening = listen(port)
    ready = threading.Event()
    server = _Server(ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_SECONDS):
            raise RuntimeError("the explorer did not start")
        yield _url(listening)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
