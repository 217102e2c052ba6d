"""Who may ask, and how much: every request passes here before anything is read.

The server listens on the loopback interface, which keeps other machines out, but not other pages
in the same browser. Against a name that was rebound to 127.0.0.1 the Host header is checked;
against forged requests Origin and Sec-Fetch-Site, and that a body is declared as JSON, which no
form can do. Browsers are told to load nothing from elsewhere and to show the page in no frame.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from danskin.explorer.payload import MAX_BODY, BadRequest, Problem

__all__ = ["HEADERS", "Guard", "problems_body", "read_body"]

_BODY_SECONDS = 10.0
_NAMES = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """ASGI middleware: refuses what does not come from the page, and adds `HEADERS`."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            # There are no web sockets; closing before accepting answers 403.
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                if scope["path"].startswith("/api"):
                    extra.append((b"cache-control", b"no-store"))
                elif b"cache-control" not in given:
                    extra.append((b"cache-control", b"no-cache"))
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        refused = _refusal(scope)
        if refused is None:
            await self.app(scope, receive, send_with_headers)
            return
        body = problems_body(refused)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        start = {"type": "http.response.start", "status": refused.status, "headers": headers}
        await send_with_headers(start)
        await send({"type": "http.response.body", "body": body})


def problems_body(error: BadRequest) -> bytes:
    """Return the problems as the body of an answer."""
    return json.dumps({"errors": [p.to_dict() for p in error.problems]}).encode()


def _refusal(scope: Any) -> BadRequest | None:
    """Return why a request is refused, or None."""
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    if any(len(headers.get(h, [])) > 1 for h in ("host", "origin", "content-type")):
        return _refused(400, "a header is given twice", "Send it once.")
    host = headers.get("host", [""])[0].lower()
    port = (scope.get("server") or (None, None))[1]
    allowed = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == 80 else set())
    if host not in allowed:
        return _refused(
            403,
            "the Host header names another machine",
            f"Open the page as http://127.0.0.1:{port}/.",
        )
    if not scope["path"].startswith("/api"):
        return None
    origin = headers.get("origin", [None])[0]
    if origin is not None and origin.lower() != f"http://{host}":
        return _refused(403, "the request comes from another origin", "Use the explorer's page.")
    site = headers.get("sec-fetch-site", ["same-origin"])[0]
    if site != "same-origin" and not (site == "none" and scope["method"] == "GET"):
        return _refused(403, "the request comes from another site", "Use the explorer's page.")
    if scope["method"] == "POST":
        return _refused_body(headers)
    return None


def _refused_body(headers: dict[str, list[str]]) -> BadRequest | None:
    kind, _, parameters = headers.get("content-type", [""])[0].lower().partition(";")
    charset = parameters.strip().replace('"', "")
    if kind.strip() != "application/json" or charset not in ("", "charset=utf-8"):
        return _refused(415, "the body is not declared as JSON", "Content-Type: application/json")
    if "content-encoding" in headers:
        return _refused(415, "the body is compressed", "Send it as it is.")
    length = headers.get("content-length", ["0"])[0]
    if not length.isdecimal() or len(length) > 9 or int(length) > MAX_BODY:
        return too_large()
    return None


def _refused(status: int, problem: str, remedy: str) -> BadRequest:
    return BadRequest(status, Problem("", problem, remedy))


def too_large() -> BadRequest:
    """Return the answer to a body that is too large."""
    return _refused(413, f"the body is larger than {MAX_BODY} bytes", "Send less.")


async def read_body(request: Any) -> bytes:
    """Read a body, of bounded size in a bounded time.

    Raises
    ------
    BadRequest
        413 too large, 408 too slow.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MAX_BODY:
                    raise too_large()
                parts.append(part)
    except TimeoutError:
        raise _refused(408, "the body did not arrive in time", "Send it at once.") from None
    return b"".join(parts)
