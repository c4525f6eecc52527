"""Pages of the web, asked for politely, kept as they came, and never asked for twice.

    >>> fetcher = Fetcher(PageStore("data/pages"), contact="me@example.org")
    >>> fetcher.get("https://www.example.org/film/1/").body[:15]
    b'<!doctype html>'

robots.txt is read first and obeyed, with no switch; one request goes out at a time, three seconds and more apart; a site that
refuses is left alone (see asking.py for what counts). A run that is stopped at any moment goes on from its store.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from nlpchat import __version__
from nlpchat.errors import RecipeError, ScrapeError
from nlpchat.scrape.answers import Opened
from nlpchat.scrape.asking import Asker, Job, refuse_challenge
from nlpchat.scrape.hosts import Hosts
from nlpchat.scrape.pace import Clocks, Turn, Turns
from nlpchat.scrape.pace import Pace as Pace
from nlpchat.scrape.robots import PRODUCT as PRODUCT
from nlpchat.scrape.robots import Robots
from nlpchat.scrape.store import Page as Page
from nlpchat.scrape.store import PageStore
from nlpchat.scrape.urls import canonical, host_of, joined

HOPS = 5  # redirects that are followed
PAGES = frozenset({"text/html", "application/xhtml+xml"})
GONE = frozenset({404, 410})
DEFAULT_PACE = Pace()


def utc_now() -> datetime:
    return datetime.now(UTC)


class Fetcher:
    """Gets pages through a store.

    contact: a mail or web address where the site's people can reach whoever runs this, sent with each request.
    offline: only what the store holds; no connection is made. allow: see Hosts; for tests alone.
    Raises RecipeError for a contact that cannot be sent.
    """

    def __init__(
        self,
        store: PageStore,
        *,
        contact: str | None = None,
        pace: Pace = DEFAULT_PACE,
        offline: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], datetime] = utc_now,
        chance: Callable[[float, float], float] = random.uniform,
        allow: Collection[str] = (),
    ):
        clocks = Clocks(clock, sleep, now, chance)
        self.store, self.pace, self.offline, self.clocks = store, pace, offline, clocks
        self.hosts = Hosts(allow)
        self.asker = Asker(user_agent(contact), self.hosts, pace, clocks)
        self.turns = Turns(store, pace, clocks)
        self.robots = Robots(store, self.asker, clocks)

    def get(self, url: str) -> Page:
        """The page, from the store if it is there. Its status is 200, or 404 or 410 for "no such page", which is kept too.

        Redirects are followed on the same host (`page.moved`). A page is HTML of at most `pace.max_body` bytes; a longer one is an
        error, never a page cut short. Raises ScrapeError; RefusedError when the site does not want to be asked.
        """
        url = canonical(url)
        kept = self.store.get(url)
        if kept is not None:
            return kept
        if self.offline:
            raise ScrapeError(f"{url}: not in {self.store.folder}. Run it once without --offline.")
        self.hosts.check(url)
        host = host_of(url)
        self.asker.check_stopped(host)
        with self.turns.taken(host) as turn:
            return self._fetched(url, turn)

    def _fetched(self, url: str, turn: Turn) -> Page:
        here = url
        for _ in range(1 + HOPS):
            # Another process may have got it meanwhile; or `url` lies past the end of a list, and `here` is its last page.
            known = self.store.get(here)
            if known is not None:
                return known if here == url else self._kept(url, known.final_url, _of_store(known), known.fetched_at)
            self.robots.check(here, turn)
            answer = self.asker.ask(here, turn, _PageJob(self.pace.max_body))
            if answer.leads_to is None:
                at = self.clocks.now()
                page = self._kept(here, here, answer, at)
                return page if here == url else self._kept(url, here, answer, at)
            here = self._next(url, here, answer.leads_to)
        raise ScrapeError(f"{url}: it leads on and on, more than {HOPS} times. The last address was {here}")

    def _next(self, url: str, here: str, link: str) -> str:
        there = joined(here, link)
        if host_of(there) != host_of(url):
            raise ScrapeError(
                f"{url}: it leads to another site, {there}, which is not followed. If you want that page, ask for it."
            )
        return there

    def _kept(self, url: str, final_url: str, answer: _Answer, at: datetime) -> Page:
        status, body, headers = answer.status, answer.body, answer.headers
        return self.store.put(url, final_url=final_url, status=status, body=body, headers=headers, fetched_at=at)


def user_agent(contact: str | None) -> str:
    """ "nlpchat/0.1.0 (+contact)", the same for every request."""
    if contact is None:
        return f"{PRODUCT}/{__version__}"
    if not re.fullmatch(r"[!-'*-~]{3,200}", contact):
        raise RecipeError(f"contact {contact!r:.80}: give a mail or web address, in ASCII, without spaces or brackets.")
    return f"{PRODUCT}/{__version__} (+{contact})"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    leads_to: str | None = None


def _of_store(page: Page) -> _Answer:
    return _Answer(page.status, {"content-type": page.content_type}, page.body)


class _PageJob(Job[_Answer]):
    def __init__(self, max_body: int):
        self._max_body = max_body

    def headers(self) -> Mapping[str, str]:
        return {"Accept": "text/html,application/xhtml+xml", "Accept-Encoding": "gzip"}

    def takes(self, status: int) -> bool:
        return status in GONE

    def take(self, answer: Opened) -> _Answer:
        if answer.location is not None:
            return _Answer(answer.status, {}, b"", answer.location)
        kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        if answer.status not in GONE and answer.status != 200:
            refuse_challenge(answer.url, answer.headers, answer.glimpse())
            raise ScrapeError(f"{answer.url}: the site answered {answer.status}, which is no page. Check the address.")
        if answer.status == 200 and kind not in PAGES:
            raise ScrapeError(f"{answer.url}: a page is needed (text/html); the site sends {kind or 'no type'!r:.60}.")
        body = answer.whole(self._max_body)
        refuse_challenge(answer.url, answer.headers, body)
        return _Answer(answer.status, answer.headers, body)
