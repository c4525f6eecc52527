"""The application and the server that runs it: routes, door, numbers; a socket, and a clean end."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from nlpchat.classifier import Classifier
from nlpchat.errors import RecipeError
from nlpchat.serve.answers import RefusalError, as_json, told
from nlpchat.serve.api import Api, docs, openapi
from nlpchat.serve.guard import Door, Guard, refusal
from nlpchat.serve.jobs import Tools, Workers
from nlpchat.serve.metrics import Measured, Metrics
from nlpchat.serve.page_routes import PageRoutes
from nlpchat.serve.pages import Pages

MB = 1024 * 1024
MOST_UPLOAD = 256 * MB
SWEEP_S = 5.0  # between two looks for pages that fell silent
CONNECTIONS = 256  # open at once; more are told 503
GRACE_S = 1  # that requests have to end when the server stops


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is to be. most_upload: bytes; keep: a folder that reports are also written to."""

    door: Door = field(default_factory=Door)
    most_upload: int = MOST_UPLOAD
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class App:
    """An application, and what it holds until `shut`. routes: those that it answers."""

    asgi: ASGIApp
    pages: Pages
    metrics: Metrics
    routes: tuple[Route, ...]

    def shut(self) -> None:
        """Jobs stop, files and reports are gone; again is harmless."""
        self.pages.shut()


def make_app(
    classifier: Classifier, settings: Settings | None = None, clock: Callable[[], float] = time.monotonic
) -> App:
    """The application. Whoever makes it calls `shut` in the end; a server that stops does so too."""
    settings = settings or Settings()
    metrics = Metrics()
    workers = Workers(Tools(classifier, settings.most_upload, settings.keep, metrics.texts.inc))
    metrics.jobs.set_function(lambda: workers.running)
    pages = Pages(workers, clock)

    async def show_metrics(_request: Request) -> Response:
        return metrics.shown()

    routes = [
        *PageRoutes(pages, settings.most_upload).routes(),
        Route("/v1/classify", Api(classifier, metrics).classify, methods=["POST"]),
        Route("/openapi.json", openapi),
        Route("/docs", docs),
        Route("/healthz", _healthz),
        Route("/metrics", show_metrics),
    ]
    inner = Starlette(routes=routes, lifespan=lambda _app: _living(pages), exception_handlers=_HANDLERS)
    guarded = Guard(inner, settings.door)
    return App(
        Measured(guarded, metrics, {route.endpoint: route.path for route in routes}), pages, metrics, tuple(routes)
    )


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0: any that is free. Raises RecipeError: taken, not allowed, no such address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise RecipeError(f"--host {host}: no such address. Give one of this machine's, such as 127.0.0.1.") from None
    listening = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # so that it can be started again at once; elsewhere it would let others take the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1_024)
    except OSError as fault:
        listening.close()
        raise RecipeError(f"{host}, port {port}: {_reason(fault)}") from None
    return listening


def is_local(listening: socket.socket) -> bool:
    """Whether only this machine can reach the socket."""
    return ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def address_of(listening: socket.socket, host: str) -> str:
    """Where a browser finds it: http://127.0.0.1:8765; by the machine's name when it listens on all its addresses."""
    bound, port = listening.getsockname()[:2]
    if ipaddress.ip_address(bound.partition("%")[0]).is_unspecified:
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_for(app: App) -> uvicorn.Server:
    """A server that logs no request; `.run(sockets=[bind(...)])` runs it until Ctrl-C."""
    # Its own log of faults has tracebacks, with the words of whatever went wrong; `guard.log_fault` leaves them out.
    config = uvicorn.Config(
        app.asgi, http="h11", ws="none", lifespan="on", log_level="critical", access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=CONNECTIONS, timeout_keep_alive=15, timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    return uvicorn.Server(config)


async def _refused(_request: Request, fault: Exception) -> Response:
    return told(refusal(fault))


async def _left(_request: Request, _fault: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


_HANDLERS = {RefusalError: _refused, HTTPException: _refused, ClientDisconnect: _left, Exception: _refused}


async def _healthz(_request: Request) -> Response:
    return as_json({"status": "ok"})


@asynccontextmanager
async def _living(pages: Pages) -> AsyncIterator[None]:
    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            pages.sweep()

    sweeping = asyncio.create_task(sweep())
    try:
        yield
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        pages.shut()


def _reason(fault: OSError) -> str:
    reasons = {
        errno.EADDRINUSE: "in use already. Is nlpchat serve running? Give another with --port, or 0 for any that is free.",
        errno.EACCES: "no permission to listen there. Give a --port above 1024.",
        errno.EADDRNOTAVAIL: "not an address of this machine. Give one that is with --host.",
    }
    return reasons.get(fault.errno or 0, f"{fault.strerror or fault}.")
