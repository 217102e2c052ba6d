"""Addresses and what answers them; the contract with the page is written in docs/explorer.md."""

from __future__ import annotations

import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from danskin.errors import DanskinError, MissingExtraError
from danskin.explorer.guard import Guard, problems_body, read_body
from danskin.explorer.payload import BadRequest, Fields, Problem, plain, problems_of, read_json

try:
    import anyio
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import FileResponse, JSONResponse, Response
    from starlette.routing import Route
except ImportError:
    raise MissingExtraError("starlette", "explorer") from None

__all__ = ["STATIC", "make_app"]

STATIC = Path(__file__).with_name("static")
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
#: Address -> the task, and its seconds in a worker.
_TASKS = {
    "/api/gradients": ("gradients", 8.0),
    "/api/batch": ("batch", 10.0),
    "/api/landscape/contours": ("contours", 15.0),
    "/api/landscape/point": ("point", 15.0),
    "/api/landscape/trajectories": ("trajectories", 40.0),
    "/api/objective/check": ("check", 15.0),
}
#: Answered in a thread of the server where nothing but floats came: they take milliseconds.
_IN_THREAD = ("gradients", "batch")
_THREADS, _THREADS_WAITING = 2, 16

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app() -> Starlette:
    """Return the explorer as an ASGI application."""
    routes = [
        Route("/", _page),
        Route("/favicon.ico", _favicon),
        Route("/static/{path:path}", _static),
        Route("/api/meta", _answering(_meta)),
        Route("/api/objective/proof", _answering(_start), methods=["POST"]),
        Route("/api/jobs/{job}", _answering(_poll)),
        Route("/api/jobs/{job}/cancel", _answering(_cancel), methods=["POST"]),
    ]
    for address, (name, seconds) in _TASKS.items():
        work = functools.partial(_run, name=name, seconds=seconds)
        routes.append(Route(address, _answering(work), methods=["POST"]))
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard)],
        lifespan=_lifespan,
        exception_handlers={HTTPException: _http_problem, Exception: _defect},  # type: ignore[dict-item]
    )


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Warm up before the first request; stop the workers after the last."""
    from danskin.explorer.tasks import warm_up
    from danskin.explorer.work import Workers

    workers = Workers()
    try:
        workers.warm_up()
        await anyio.to_thread.run_sync(warm_up)
        app.state.workers = workers
        app.state.threads = anyio.CapacityLimiter(_THREADS)
        yield
    finally:
        await anyio.to_thread.run_sync(workers.stop)


# --- answers -------------------------------------------------------------------------------------


def _answering(work: Callable[[Request], Awaitable[tuple[int, Any]]]) -> Endpoint:
    """Turn what `work` returns or raises into an answer."""

    async def endpoint(request: Request) -> Response:
        begun = time.perf_counter()
        try:
            status, data = await work(request)
        except BadRequest as error:
            return Response(problems_body(error), error.status, media_type="application/json")
        except DanskinError as error:
            bad = BadRequest(422, problems_of(error))
            return Response(problems_body(bad), 422, media_type="application/json")
        data["milliseconds"] = 1e3 * (time.perf_counter() - begun)
        return JSONResponse(data, status)

    return endpoint


async def _body(request: Request) -> dict[str, Any]:
    return read_json(await read_body(request))


async def _meta(request: Request) -> tuple[int, Any]:
    from danskin.explorer.families import meta

    return 200, plain(await anyio.to_thread.run_sync(meta, limiter=request.app.state.threads))


async def _run(request: Request, name: str, seconds: float) -> tuple[int, Any]:
    data = await _body(request)
    if name in _IN_THREAD and not _holds_text(data):
        threads = request.app.state.threads
        if threads.statistics().tasks_waiting >= _THREADS_WAITING:
            raise BadRequest(429, Problem("", "too many requests at once", "Try again."))
        from danskin.explorer.tasks import TASKS

        answer = await anyio.to_thread.run_sync(lambda: plain(TASKS[name](data)), limiter=threads)
        return 200, answer
    return 200, await request.app.state.workers.run(name, data, seconds)


def _holds_text(data: Any) -> bool:
    """Whether there is text anywhere: exact numbers, whose arithmetic may take long."""
    if isinstance(data, dict):
        return any(map(_holds_text, data.values()))
    return isinstance(data, str) or (isinstance(data, list) and any(map(_holds_text, data)))


# --- proofs --------------------------------------------------------------------------------------


async def _start(request: Request) -> tuple[int, Any]:
    """Check the question in a worker, then start the proof."""
    data = await _body(request)
    workers = request.app.state.workers
    question = await workers.run("question", data, 15.0)
    job = workers.start(data, question["budget"])
    return 202, plain(job.to_dict())


async def _poll(request: Request) -> tuple[int, Any]:
    return 200, plain(request.app.state.workers.job(request.path_params["job"]).to_dict())


async def _cancel(request: Request) -> tuple[int, Any]:
    Fields(await _body(request), ()).done()
    job = request.app.state.workers.job(request.path_params["job"])
    await anyio.to_thread.run_sync(job.cancel, limiter=request.app.state.threads)
    return 200, plain(job.to_dict())


# --- files ---------------------------------------------------------------------------------------


async def _page(request: Request) -> Response:
    return _file("index.html")


async def _favicon(request: Request) -> Response:
    return _file("favicon.svg") if (STATIC / "favicon.svg").is_file() else Response(status_code=204)


async def _static(request: Request) -> Response:
    return _file(request.path_params["path"])


@functools.lru_cache(maxsize=1)
def _files() -> frozenset[str]:
    """Return the names of all files of the page, listed once: no other file can be asked for."""
    return frozenset(
        p.relative_to(STATIC).as_posix()
        for p in STATIC.rglob("*")
        if p.is_file() and p.suffix in _TYPES
    )


def _file(name: str) -> Response:
    if name not in _files():
        raise HTTPException(404)
    path = STATIC / name
    return FileResponse(path, media_type=_TYPES[path.suffix])


# --- errors --------------------------------------------------------------------------------------

_SAYS = {
    404: ("there is nothing at this address", "Open the page at /."),
    405: ("this address does not answer that method", "Use POST for questions."),
}


async def _http_problem(request: Request, error: HTTPException) -> Response:
    problem = Problem("", *_SAYS.get(error.status_code, (error.detail, "")))
    bad = BadRequest(error.status_code, problem)
    headers = dict(error.headers or {})
    return Response(problems_body(bad), bad.status, headers, media_type="application/json")


async def _defect(request: Request, error: Exception) -> Response:
    """Answer that the defect is ours: the traceback goes to the log, not to the page."""
    bad = BadRequest(500, Problem("", "this is a defect of danskin", "See the server's log."))
    return Response(problems_body(bad), 500, media_type="application/json")
