"""A scripted site, a clock that only moves when somebody sleeps, and a fetcher that uses both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nlpchat.scrape.fetch import Fetcher
from nlpchat.scrape.store import PageStore
from tests.scrape.server import Site

START = datetime(2026, 7, 14, 9, 0, tzinfo=UTC)


class FakeTime:
    """Time that passes only by `sleep` and `advance`; `slept` holds every wait that was asked for, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def store(tmp_path: Path) -> PageStore:
    return PageStore(tmp_path / "pages")


@pytest.fixture
def make_fetcher(site: Site, store: PageStore, time: FakeTime) -> Callable[..., Fetcher]:
    """A new fetcher on the test's store, as a next run would have; what is given replaces what is injected."""

    def make(**given: object) -> Fetcher:
        injected = {"clock": time.clock, "sleep": time.sleep, "now": time.now, "allow": (site.host,)}
        return Fetcher(given.pop("store", store), **(injected | given))  # type: ignore[arg-type]

    return make


@pytest.fixture
def fetcher(make_fetcher: Callable[..., Fetcher]) -> Fetcher:
    return make_fetcher()
