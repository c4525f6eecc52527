"""The reviews of many films and series of AlloCiné: lists lead to works, works to pages, pages to reviews.

The state of a run is its store of pages: the same run again finds them there, asks for the next one, and yields the same
reviews in the same order, byte for byte, wherever it was stopped. Each list, each work, is read page after page until the
site leads elsewhere (it does so past the last page), says that no page follows, or shows nothing new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeVar
from urllib.parse import urljoin

from nlpchat.errors import PageChangedError, RefusedError, ScrapeError
from nlpchat.records import Review, Warning
from nlpchat.scrape.fetch import Fetcher, Page
from nlpchat.scrape.reviews import PageReviews, Sieve
from nlpchat.scrape.sites import allocine
from nlpchat.scrape.works import FILMS, ROOT, SERIES, Work, is_reviews, numbered, star_of, work_of

T = TypeVar("T")

NO_PAGE = "films or series without a page of reviews"
FAILED = "films or series with a page that could not be fetched, which the next run will ask for"
OK = 200
MOST_FAILED = 3  # of them in a row; one page that always fails holds nothing up, a site that is down does
NOT_KEPT = "pages that are not in the store, and were not asked for (--offline)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is to gather.

    films, series: so many of them, from lists; lists: the addresses of their first pages, the site's own if none is given.
    works: these, before any list's. stars: only reviews of these ratings of films (None: of all), one after the other.
    max_reviews, max_pages: of each work, and of each of its ratings. root: the site; another one only in tests.
    """

    films: int = 0
    series: int = 0
    lists: tuple[str, ...] = ()
    works: tuple[Work, ...] = ()
    stars: tuple[int | None, ...] = (None,)
    max_reviews: int = 300
    max_pages: int = 20
    root: str = ROOT

    def starts(self) -> tuple[str, ...]:
        """The lists to look through."""
        own = ((self.films, FILMS), (self.series, SERIES))
        return self.lists or tuple(urljoin(self.root, path) for number, path in own if number)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a run yields: the reviews in the order of the pages; how many works and pages were read; what was left out."""

    reviews: tuple[Review, ...]
    works: int
    pages: int
    warnings: tuple[Warning, ...]


def gather(
    fetcher: Fetcher, wanted: Wanted, sieve: Sieve | None = None, *, say: Callable[[str], object] = lambda line: None
) -> Gathered:
    """The reviews that are wanted, each once. say: told how far it is, after each work.

    Raises RefusedError; ScrapeError when a list, several works in a row or all there are cannot be fetched; PageChangedError with
    where the page is kept. What was fetched stays in the store.
    """
    return _Run(fetcher, wanted, sieve or Sieve(), say).gathered()


class _Run:
    def __init__(self, fetcher: Fetcher, wanted: Wanted, sieve: Sieve, say: Callable[[str], object]) -> None:
        self.fetcher, self.wanted, self.sieve, self.say = fetcher, wanted, sieve, say
        self.told: Counter[str] = Counter()
        self.pages = 0
        self.failed = 0  # works in a row
        self.fault: ScrapeError | None = None  # the last one that did not end the run

    def gathered(self) -> Gathered:
        reviews: list[Review] = []
        works = 0
        for work in self._works():
            works += 1
            for star in self.wanted.stars:
                reviews += self._reviews(work, star)
            self.say(f"{works:,} films and series, {self.pages:,} pages, {len(reviews):,} reviews")
        if self.fault is not None and not reviews:  # a run that failed at all it tried
            raise self.fault
        told = tuple(Warning(what, number) for what, number in self.told.items())
        return Gathered(tuple(reviews), works, self.pages, told + self.sieve.warnings())

    def _works(self) -> Iterator[Work]:
        """The works to read, each once, as they are needed: a list's next page is fetched when its last one is used up."""
        left = {"film": self.wanted.films, "series": self.wanted.series}
        seen = dict.fromkeys(self.wanted.works)
        yield from self.wanted.works
        for start in self.wanted.starts():
            for work in self._listed(start):
                if work not in seen and left[work.kind]:
                    seen[work] = None
                    left[work.kind] -= 1
                    yield work
                if not any(left.values()):  # now, before the list's next page is asked for
                    return

    def _listed(self, start: str) -> Iterator[Work]:
        seen: set[Work] = set()
        for number in count(1):
            page = self._page(numbered(start, number))
            if page is None:
                return
            if page.status != OK and number == 1:
                raise ScrapeError(f"{page.url}: the site has no such list ({page.status}). Check the address.")
            if page.status != OK or (page.moved and number > 1):  # it leads to the last page, which was read before
                return
            listed = _read(page, _works_on)
            yield from (work for work in listed.works if work not in seen)
            if listed.last or seen.issuperset(listed.works):
                return
            seen.update(listed.works)

    def _reviews(self, work: Work, star: int | None) -> list[Review]:
        """Up to `max_reviews` of a work's reviews that the sieve keeps; those before a page that fails."""
        reviews: list[Review] = []
        try:
            kept = (review for page in self._pages(work, star) for review in page.reviews if self.sieve.keeps(review))
            reviews.extend(islice(kept, self.wanted.max_reviews))
            self.failed = 0
        except (RefusedError, PageChangedError):
            raise
        except ScrapeError as fault:
            self.failed, self.fault = self.failed + 1, fault
            if self.failed == MOST_FAILED:
                raise
            self.told[FAILED] += 1
        return reviews

    def _pages(self, work: Work, star: int | None) -> Iterator[PageReviews]:
        seen: set[str] = set()
        addresses = allocine.pages_of(work, star=star, root=self.wanted.root)
        for number, address in enumerate(islice(addresses, self.wanted.max_pages), 1):
            page = self._page(address)
            if page is None:
                return
            if page.status != OK or (page.moved and not (number == 1 and _is_of(page.final_url, work, star))):
                if number == 1:
                    self.told[NO_PAGE] += 1
                return
            found = _read(page, _reviews_on)
            if seen.issuperset(found.ids):
                return
            for warning in found.skipped:
                self.told[warning.what] += warning.count
            yield found
            if found.last:
                return
            seen.update(found.ids)

    def _page(self, address: str) -> Page | None:
        """A page; None: it is not in the store, and nothing is to be asked for."""
        if self.fetcher.offline and self.fetcher.store.get(address) is None:
            self.told[NOT_KEPT] += 1
            return None
        self.pages += 1
        return self.fetcher.get(address)


def _read(page: Page, parse: Callable[[Page], T]) -> T:
    try:
        return parse(page)
    except PageChangedError as fault:
        raise PageChangedError(f"{fault} The page is kept: {page.path}") from fault


def _reviews_on(page: Page) -> PageReviews:
    return allocine.read(page.body, url=page.final_url, fetched_at=page.fetched_at)


def _works_on(page: Page) -> allocine.ListPage:
    return allocine.works_of(page.body, url=page.final_url)


def _is_of(address: str, work: Work, star: int | None) -> bool:
    """Whether the site led to the same reviews by another address, and not to the film's page, which has but excerpts."""
    return is_reviews(address) and work_of(address) == work and star_of(address) == star
