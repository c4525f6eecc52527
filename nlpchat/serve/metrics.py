"""Numbers for Prometheus: how much is asked, how fast it is answered, how much runs. No content, no names, no addresses."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"  # the route of whatever has none: paths that people make up would be as many series
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The numbers of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("nlpchat_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "nlpchat_request_seconds", "From a request to the end of its answer.", ("route",), buckets=_SECONDS, registry=self.registry
        )  # fmt: skip
        self.texts = Counter("nlpchat_texts_classified", "Texts and messages classified.", registry=self.registry)
        self.jobs = Gauge("nlpchat_jobs_running", "Exports being read or classified.", registry=self.registry)

    def shown(self) -> Response:
        """The answer of /metrics."""
        return Response(generate_latest(self.registry), 200, media_type=CONTENT_TYPE_LATEST)


class Measured:
    """An application whose requests are counted by method, route and status. routes: the path of each endpoint."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Mapping[object, str]):
        self.app, self.metrics, self.routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 499  # as others call a client that left before its answer

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            route = self.routes.get(scope.get("endpoint"), OTHER)
            method = scope["method"] if scope["method"] in _METHODS else OTHER
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - begun)
