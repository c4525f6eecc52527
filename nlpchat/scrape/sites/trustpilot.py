"""Customers' reviews of companies on Trustpilot, from pages that a person saved.

They are in the page as data, `script#__NEXT_DATA__`, at props.pageProps.reviews: id, title, text, rating 1 to 5,
dates.publishedDate, likes; `consumer` is never read. Pages without it are read by their JSON-LD.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from bs4 import BeautifulSoup

from nlpchat.records import Review
from nlpchat.scrape.exports import Row, count_in, is_page, stem, text_in
from nlpchat.scrape.jsonld import stated_reviews
from nlpchat.scrape.markup import changed, decimal, iso_date, share, tree
from nlpchat.scrape.reviews import PageReviews, named_by_text, of_export
from nlpchat.scrape.sites import hosted_by

SITE = "trustpilot"
ON_NETWORK = False
POSITION = (
    "Trustpilot's robots.txt of 3 September 2026 says Disallow: / to every robot that it does not name, and its terms forbid "
    "text and data mining."
)

DATA = "script#__NEXT_DATA__"
PATH = "props.pageProps.reviews"
BEST = 5.0


def matches(url: str) -> bool:
    return hosted_by(url, "trustpilot.com")


def read(body: bytes, *, url: str, fetched_at: datetime) -> PageReviews:
    """The reviews of a saved page, or of the JSON behind it. Raises PageChangedError: neither DATA nor JSON-LD has any."""
    page = tree(body) if is_page(body) else None
    data = _data(page, body)
    return of_export(_of_data(data, url, fetched_at) if data is not None else _of_blocks(page, url, fetched_at))


def _data(page: BeautifulSoup | None, body: bytes) -> Row | None:
    """The page's own data, where it holds a list of reviews."""
    script = page.select_one(DATA) if page is not None else None
    try:
        data = json.loads((script.string or "") if script is not None else body if page is None else "")
    except (ValueError, RecursionError):
        return None
    for step in ("props", "pageProps"):  # the JSON behind a page begins at pageProps
        data = data.get(step, data) if isinstance(data, dict) else None
    return data if isinstance(data, dict) and isinstance(data.get("reviews"), list) else None


def _of_data(data: Row, url: str, fetched_at: datetime) -> list[Review]:
    company = data.get("businessUnit")
    item = text_in(company, "identifyingName") if isinstance(company, dict) else ""
    entries = list(_entries(data))
    if entries and not any("id" in entry and "text" in entry for entry in entries):
        raise changed(url, "reviews without an id and a text", f"{DATA} {PATH}")
    return [
        Review(
            SITE,
            item or stem(url),
            text_in(entry, "id"),
            share(decimal(text_in(entry, "rating")), BEST),
            (text_in(entry, "text") or text_in(entry, "title")).strip(),
            iso_date(dates.get("publishedDate")) if isinstance(dates := entry.get("dates"), dict) else None,
            f"https://www.trustpilot.com/reviews/{text_in(entry, 'id')}",
            fetched_at,
            helpful=count_in(entry, "likes"),
        )
        for entry in entries
    ]


def _of_blocks(page: BeautifulSoup | None, url: str, fetched_at: datetime) -> list[Review]:
    stated = stated_reviews(page, best=BEST) if page is not None else []
    if not stated:
        raise changed(url, "no review in its data", f"{DATA} {PATH}")
    found = []
    for one in stated:
        review_id = one.address.rstrip("/").rpartition("/")[2] or named_by_text(one.text)
        item = one.of.rstrip("/").rpartition("/")[2] or stem(url)
        address = f"https://www.trustpilot.com/reviews/{review_id}"
        found.append(Review(SITE, item, review_id, one.rating, one.text, one.written_on, address, fetched_at))
    return found


def _entries(data: Row) -> Iterator[Row]:
    reviews = data["reviews"]
    yield from (entry for entry in (reviews if isinstance(reviews, list) else []) if isinstance(entry, dict))
