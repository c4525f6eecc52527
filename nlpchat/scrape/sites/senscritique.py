"""Members' reviews on SensCritique, from an export as CSV, or from the JSON-LD of pages that a person saved.

The export has the fields of the site's own technical test: id, URL, rating (1 to 10), review_date_creation,
review_content (HTML), gen_review_like_count; its username and user_id are never read.
"""

from __future__ import annotations

import re
from datetime import datetime

from nlpchat.records import Review
from nlpchat.scrape.exports import count_in, day_in, is_page, rows_of, stem, text_in
from nlpchat.scrape.jsonld import plain, stated_reviews
from nlpchat.scrape.markup import changed, decimal, share, tree
from nlpchat.scrape.reviews import PageReviews, named_by_text, of_export
from nlpchat.scrape.sites import hosted_by

SITE = "senscritique"
ON_NETWORK = False
POSITION = "What SensCritique's robots.txt and terms say of robots was not established (October 2026)."

NEEDED = ("id", "rating", "review_content")
STATED = 'script[type="application/ld+json"] of @type Review'
BEST = 10.0
# .../film/TITLE/WORK/critique/REVIEW, or, before November 2023, .../film/TITLE/critique/REVIEW
_ADDRESS = re.compile(r"senscritique\.com/([a-z]+)/([^/?#]+)(?:/(\d+))?/critique/(\d+)")


def matches(url: str) -> bool:
    return hosted_by(url, "senscritique.com")


def read(body: bytes, *, url: str, fetched_at: datetime) -> PageReviews:
    """The reviews of an export, or of a saved page. Raises PageChangedError: neither NEEDED nor STATED is there."""
    return of_export(_of_page(body, url, fetched_at) if is_page(body) else _of_table(body, url, fetched_at))


def _of_table(body: bytes, url: str, fetched_at: datetime) -> list[Review]:
    return [
        Review(
            SITE,
            _item(text_in(row, "URL"), url),
            text_in(row, "id"),
            share(decimal(text_in(row, "rating")), BEST),
            plain(text_in(row, "review_content")),
            day_in(row, "review_date_creation"),
            _address(text_in(row, "URL")) or f"{url}#{text_in(row, 'id')}",
            fetched_at,
            helpful=count_in(row, "gen_review_like_count"),
        )
        for row in rows_of(body, url=url, needed=NEEDED)
    ]


def _of_page(body: bytes, url: str, fetched_at: datetime) -> list[Review]:
    stated = stated_reviews(tree(body), best=BEST)
    if not stated:
        raise changed(url, "no review on it", STATED)
    found = []
    for one in stated:
        address = _ADDRESS.search(one.address)
        review_id = address[4] if address else named_by_text(one.text)
        item = _item(one.address, "") or _item(f"{one.of}/critique/0", url)
        link = _address(one.address) or f"{url}#{review_id}"
        found.append(Review(SITE, item, review_id, one.rating, one.text, one.written_on, link, fetched_at))
    return found


def _item(address: str, url: str) -> str:
    """The work that a review's address names, by its number or, before it had one, by its title; else the file's name."""
    found = _ADDRESS.search(address)
    return f"{found[1]}-{found[3] or found[2]}" if found else stem(url) if url else ""


def _address(address: str) -> str:
    """A review's address made anew out of what was understood of it, so that nothing else travels with it; "": none."""
    found = _ADDRESS.search(address)
    return f"https://www.{found[0]}" if found else ""
