"""What the page asks of the server: to open, to beat, to take an upload, to say how far it is, to show the report."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nlpchat.serve.answers import REPORT_POLICY, RefusalError, as_json, shown
from nlpchat.serve.jobs import Asked, Job
from nlpchat.serve.pages import Pages
from nlpchat.serve.uploads import body_of, received, too_large

ASSETS = ("app.js", "words.js", "app.css", "icon.svg")
UPLOADS = 16  # coming in at the same time
MOST_CHOICE = 1_000  # bytes
SAVED_AS = "nlpchat-report.html"


class PageRoutes:
    """The endpoints of the page. most: bytes of one upload."""

    def __init__(self, pages: Pages, most: int):
        self.pages, self.most = pages, most
        self._uploads = 0

    def routes(self) -> list[Route]:
        job = "/pages/{page}/jobs/{job}"
        return [
            Route("/", self.home),
            Route("/assets/{name}", self.asset),
            Route("/pages", self.open, methods=["POST"]),
            Route("/pages/{page}/beat", self.beat, methods=["POST"]),
            Route("/pages/{page}/close", self.close, methods=["POST"]),
            Route("/pages/{page}/jobs", self.upload, methods=["POST"]),
            Route(job, self.progress),
            Route(f"{job}/choose", self.choose, methods=["POST"]),
            Route(f"{job}/stop", self.stop, methods=["POST"]),
            Route(f"{job}/report", self.report),
        ]

    async def home(self, _request: Request) -> Response:
        return shown("page.html")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            raise RefusalError(404, "not_found", "there is nothing here.")
        return shown(name)

    async def open(self, _request: Request) -> Response:
        page = self.pages.open()
        return as_json({"page": page.id, "most": self.most, "keeps": self.pages.workers.tools.keep is not None}, 201)

    async def beat(self, request: Request) -> Response:
        self.pages.heard(request.path_params["page"])
        return Response(status_code=204)

    async def close(self, request: Request) -> Response:
        self.pages.close(request.path_params["page"])
        return Response(status_code=204)

    async def upload(self, request: Request) -> Response:
        page = self.pages.heard(request.path_params["page"])
        self.pages.workers.check_room()
        if self._uploads >= UPLOADS:
            raise RefusalError(429, "busy", "too many uploads at once. Try again in a few seconds.", wait_s=5)
        self._uploads += 1
        try:
            files = await received(request, self.pages.root, self.most, lambda: _ignore(self.pages.heard(page.id)))
        finally:
            self._uploads -= 1
        try:
            if sum(path.stat().st_size for path in files.paths) > self.most:
                raise too_large(self.most)
            job = Job(files, Asked.of(files.fields))
            self.pages.begin(page, job)
        except BaseException:
            files.delete()
            raise
        return as_json(job.seen(), 202)

    async def progress(self, request: Request) -> Response:
        return as_json(self._job(request).seen())

    async def choose(self, request: Request) -> Response:
        job = self._job(request)
        body = b"".join([piece async for piece in body_of(request, MOST_CHOICE)])
        try:
            given: Any = json.loads(body)
        except ValueError:
            raise RefusalError(400, "bad_json", "the body is not JSON.") from None
        job.choose(given.get("choice") if isinstance(given, dict) else None)
        try:
            self.pages.workers.give(job)
        except RefusalError:
            job.choose_again()
            raise
        return as_json(job.seen(), 202)

    async def stop(self, request: Request) -> Response:
        self._job(request)
        self.pages.leave(self.pages.heard(request.path_params["page"]))
        return Response(status_code=204)

    async def report(self, request: Request) -> Response:
        found = self._job(request).report
        if found is None:
            raise RefusalError(410, "no_report", "this report is not there, or no more. Give the export again.")
        headers = {"Content-Security-Policy": REPORT_POLICY}
        if "save" in request.query_params:
            headers["Content-Disposition"] = f'attachment; filename="{SAVED_AS}"'
        return Response(found, 200, headers, "text/html; charset=utf-8")

    def _job(self, request: Request) -> Job:
        return self.pages.job(request.path_params["page"], request.path_params["job"])


def _ignore(_value: object) -> None:
    return None
