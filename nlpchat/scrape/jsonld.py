"""What a page says of itself in schema.org's JSON-LD: its objects, and the reviews among them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bs4 import BeautifulSoup

from nlpchat.scrape.markup import decimal, iso_date, share, sound, text_of, tree

BEST = 5.0  # what a rating is out of where it does not say: schema.org's own default
_LINES = re.compile(r"<(?:br|p|div|li)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatedReview:
    """A Review object, but for who wrote it. address: its @id or url; of: the same of what it is about; "" if not said."""

    address: str
    of: str
    rating: float | None
    text: str
    written_on: date | None


def blocks(page: BeautifulSoup) -> list[dict[str, object]]:
    """Every object of every JSON-LD block, also those in lists, in @graph and inside others; a broken block is none."""
    found: list[dict[str, object]] = []
    for script in page.select('script[type="application/ld+json"]'):
        try:
            found += _objects(json.loads(script.string or "", strict=False))
        except (ValueError, RecursionError):
            continue
    return found


def stated_reviews(page: BeautifulSoup, *, best: float = BEST) -> list[StatedReview]:
    """The Review objects of a page, in order; best: what ratings are out of where a review does not say."""
    return [_review(block, best) for block in blocks(page) if _is(block, "Review")]


def _objects(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


def _is(block: dict[str, object], name: str) -> bool:
    types = block.get("@type")
    return name in types if isinstance(types, list) else types == name


def _review(block: dict[str, object], best: float) -> StatedReview:
    rating = block.get("reviewRating")
    rating = rating if isinstance(rating, dict) else {}
    words = next((block[key] for key in ("reviewBody", "description") if isinstance(block.get(key), str)), "")
    return StatedReview(
        address=_address(block),
        of=_address(block.get("itemReviewed")),
        rating=share(decimal(str(rating.get("ratingValue", ""))), decimal(str(rating.get("bestRating", ""))) or best),
        text=plain(sound(str(words))),
        written_on=iso_date(block.get("datePublished", "")),
    )


def _address(value: object) -> str:
    if isinstance(value, dict):
        return next((sound(str(value[key])) for key in ("url", "@id", "sameAs") if isinstance(value.get(key), str)), "")
    return sound(value) if isinstance(value, str) else ""


def plain(text: str) -> str:
    """The words of a text that may hold HTML: line ends are its own where it has no tag that makes any."""
    if "<" not in text and "&" not in text:
        return text.strip()
    if not _LINES.search(text):
        text = text.replace("\r\n", "\n").replace("\n", "<br>")
    return text_of(tree(text.encode()))
