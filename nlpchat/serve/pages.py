"""Open pages: each is a browser tab that beats now and then, and what was made for it ends with it."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nlpchat.serve.answers import RefusalError
from nlpchat.serve.jobs import Job, Workers

MOST_PAGES = 16  # open at once, and so the most reports in memory
SILENT_S = 150.0  # since a page was last heard of; a browser lets a hidden tab speak once a minute
KEPT_S = 15 * 60.0  # that a report, or a choice that nobody makes, stays


@dataclass(slots=True, eq=False)
class Page:
    """A tab: its secret name, when it was last heard of, and the job it waits for or shows; ended: when that ended."""

    id: str
    heard: float
    job: Job | None = None
    ended: float | None = None


class Pages:
    """The open pages and the folder of their uploads. Used by the server's own thread alone."""

    def __init__(self, workers: Workers, clock: Callable[[], float] = time.monotonic):
        self.workers, self._clock = workers, clock
        self.root = Path(tempfile.mkdtemp(prefix="nlpchat-serve-"))  # of mode 0700
        self._pages: dict[str, Page] = {}

    def open(self) -> Page:
        """A new page. Raises RefusalError: too many are open."""
        self.sweep()
        if len(self._pages) >= MOST_PAGES:
            raise RefusalError(429, "busy", "too many pages are open. Close some and try again.", wait_s=30)
        page = Page(secrets.token_urlsafe(16), self._clock())
        self._pages[page.id] = page
        return page

    def heard(self, name: str) -> Page:
        """The page of that name, which has just been heard of. Raises RefusalError: it is closed, or never was."""
        page = self._pages.get(name)
        if page is None:
            raise RefusalError(404, "no_page", "this page is closed. Open it again.")
        page.heard = self._clock()
        return page

    def job(self, name: str, job: str) -> Job:
        """The page's job of that name. Raises RefusalError."""
        page = self.heard(name)
        if page.job is None or page.job.id != job:
            raise RefusalError(404, "no_job", "this is over. Give the export again.")
        return page.job

    def begin(self, page: Page, job: Job) -> None:
        """The page waits for this job now; the one before is let go. Raises RefusalError: the page is closed, too many jobs."""
        self.heard(page.id)
        self.workers.give(job)
        self._let_go(page)
        page.job = job

    def leave(self, page: Page) -> None:
        """The page wants nothing of its job any more."""
        self._let_go(page)

    def close(self, name: str) -> None:
        """The page and what was made for it are gone; again is harmless."""
        page = self._pages.pop(name, None)
        if page is not None:
            self._let_go(page)

    def sweep(self) -> None:
        """Closes the pages that fell silent, and lets go of what was kept long enough."""
        now = self._clock()
        for page in list(self._pages.values()):
            if now - page.heard > SILENT_S:
                self.close(page.id)
                continue
            if page.job is None or not (page.job.ended or page.job.state == "choosing"):
                page.ended = None
            elif page.ended is None:
                page.ended = now
            elif now - page.ended > KEPT_S:
                page.job.drop()

    def shut(self) -> None:
        """Everything ends: jobs, workers, reports, files."""
        jobs = [page.job for page in self._pages.values() if page.job is not None]
        self._pages.clear()
        self.workers.close(jobs)
        shutil.rmtree(self.root, ignore_errors=True)

    def _let_go(self, page: Page) -> None:
        if page.job is not None:
            page.job.stop()
        page.job = page.ended = None
