"""Spectators' reviews of films and series on AlloCiné, and the films and series on its lists.

A card is read inside itself, since the head of a page has ratings of the same classes:

    div.review-card#review_123
      .review-card-aside                                          who wrote it: never read
      .stareval-stars.n45   .stareval-note "4,5"                  the rating, twice
      .review-card-meta-date "Publiée le 27 décembre 2020"
      .review-card-content   with .spoiler-container, .link-more "Lire plus" where the text is cut
      .js-useful-reviews[data-statistics='{"helpfulCount":21,"unhelpfulCount":0}']
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from bs4 import BeautifulSoup, Tag

from nlpchat.records import Review
from nlpchat.scrape.exports import stem
from nlpchat.scrape.jsonld import blocks
from nlpchat.scrape.markup import (
    attribute,
    changed,
    check_share,
    decimal,
    french_date,
    open_spoilers,
    share,
    text_of,
    tree,
)
from nlpchat.scrape.reviews import PageReviews, counted
from nlpchat.scrape.works import Work, is_here, is_reviews, links, star_of, work_of

SITE = "allocine"
ON_NETWORK = True
POSITION = (
    "AlloCiné's robots.txt, as quoted in July 2026 and not in full, leaves films, series, lists and reviews open to robots and "
    "closes the search and the site's JSON; it is read again before any page. Its terms were not obtained."
)

MAIN = "main#content-layout"
CARD = 'div.review-card[id^="review_"]'
NOTE = ".stareval-note"
STARS = ".stareval-stars"
CONTENT = ".review-card-content"
WHEN = ".review-card-meta-date"
USEFUL = ".js-useful-reviews[data-statistics]"
NEXT = ".pagination .button-right"
LISTED = ".entity-card .meta-title-link"
BEST = 5.0
# What is left of a page of reviews whose cards have got another name.
_REMAINS = '[class*="review-card"], [id^="review_"], .js-useful-reviews'
_OTHER_PARTS = '[class*="review-card"], .reviews-users-comment-useful, .meta-title'


@dataclass(frozen=True, slots=True)
class ListPage:
    """The films and series on a page of a list, in its order; last: the page says that none follows."""

    works: tuple[Work, ...]
    last: bool


def matches(url: str) -> bool:
    return is_here(url)


def read(body: bytes, *, url: str, fetched_at: datetime) -> PageReviews:
    """The reviews on a page of them, or on a film's own page, where long ones are cut and left out.

    Raises PageChangedError: no MAIN (a captcha, perhaps), no CARD where there should be, or many cards without a NOTE.
    """
    page = tree(body)
    main = _main(page, url)
    cards = main.select(CARD)
    if not cards and (main.select_one(_REMAINS) or _promises(page, url)):
        raise changed(url, "no review on a page that should have some", CARD)
    for selector in (NOTE, CONTENT):
        check_share(url, sum(card.select_one(selector) is None for card in cards), len(cards), selector)
    item = _item(page, url)
    found: dict[str, Review] = {}
    ids: list[str] = []
    skipped: Counter[str] = Counter()
    for card in cards:
        ids.append(attribute(card, "id").removeprefix("review_"))
        review = _review(
            card, Review(SITE, item, ids[-1], None, "", None, f"{_plain(url)}#review_{ids[-1]}", fetched_at)
        )
        if isinstance(review, str):
            skipped[review] += 1
        else:
            found.setdefault(review.review_id, review)
    return PageReviews(tuple(found.values()), counted(skipped), last=_last(main), ids=tuple(ids))


def pages_of(work: Work, *, star: int | None = None, root: str | None = None) -> Iterator[str]:
    """The addresses of the pages of a work's reviews, without an end: the site says where that is."""
    return (work.page(number, star=star, root=root) for number in count(1))


def works_of(body: bytes, *, url: str) -> ListPage:
    """The films and series on a page of a list. Raises PageChangedError: no MAIN, or no work."""
    page = tree(body)
    main = _main(page, url)
    addresses = [address for title in main.select(LISTED) for address in links(title, url)]
    if not addresses:
        addresses = [str(entry.get("url", "")) for block in blocks(page) for entry in _entries(block)]
    works = dict.fromkeys(work for address in addresses if (work := work_of(address)) is not None)
    if not works:
        raise changed(url, "no film and no series on a page that should list some", LISTED)
    return ListPage(tuple(works), last=_last(main))


def _main(page: BeautifulSoup, url: str) -> Tag:
    main = page.select_one(f"{MAIN}, #content-layout, main.content-layout")
    if main is None:
        raise changed(url, "not a page of AlloCiné as it is known, or a captcha", MAIN)
    return main


def _review(card: Tag, review: Review) -> Review | str:
    """What `review` says, completed from its card; or why it is left out."""
    content = card.select_one(CONTENT)
    if content is None:
        return "without a text"
    if card.select_one(CARD) is not None or content.select_one(_OTHER_PARTS) is not None:
        return "whose markup is broken"  # what follows would be read as its text, names too
    if content.select_one(".link-more") is not None:
        return 'cut ("Lire plus")'
    spoiler = open_spoilers(content)
    text = text_of(content)
    if not text:
        return "without a text"
    try:
        rating = _rating(card)
    except ValueError:
        return "whose rating is in doubt (the note and the stars disagree)"
    helpful, unhelpful = _useful(card)
    when = card.select_one(WHEN)
    return Review(
        review.site,
        review.item,
        review.review_id,
        rating,
        text,
        french_date(when.get_text(" ")) if when is not None else None,
        review.url,
        review.fetched_at,
        spoiler,
        helpful,
        unhelpful,
    )


def _rating(card: Tag) -> float | None:
    """The rating that the note and the stars' class agree on, or the one that is there. Raises ValueError: they disagree."""
    note, stars = card.select_one(NOTE), card.select_one(STARS)
    told: set[float | None] = set()
    if note is not None:
        words = note.get_text().strip()
        bare = "no-rating" in attribute(note, "class").split() or words in ("", "--")
        told.add(None if bare else _half(decimal(words)))
    if stars is not None and (classes := re.findall(r"\bn(\d\d)\b", attribute(stars, "class"))):
        told.add(None if classes[0] == "00" else _half(int(classes[0]) / 10))
    if len(told) > 1:
        raise ValueError("two ratings")
    return share(told.pop(), BEST) if told else None


def _half(stars: float | None) -> float:
    """Stars, 0.5 to 5 by halves. Raises ValueError for any other number."""
    if stars is None or not 0.5 <= stars <= BEST or stars * 2 != int(stars * 2):
        raise ValueError("no such rating")
    return stars


def _useful(card: Tag) -> tuple[int | None, int | None]:
    """How many found it helpful, and how many not; None: the page does not say."""
    try:
        votes = json.loads(attribute(card.select_one(USEFUL), "data-statistics"))
        return int(votes["helpfulCount"]), int(votes["unhelpfulCount"])
    except (ValueError, KeyError, TypeError):
        return None, None


def _item(page: BeautifulSoup, url: str) -> str:
    """The work that a page is about, by its address, else by what it says of itself, else by its file's name."""
    stated = [url, *(attribute(tag, "href") for tag in page.select('link[rel="canonical"]'))]
    stated += [attribute(tag, "content") for tag in page.select('meta[property="og:url"]')]
    stated += [
        address
        for tag in page.select("[class*=ACr].titlebar-link, [class*=ACr].rating-title")
        for address in links(tag, url)
    ]
    for address in stated:
        if (work := work_of(address)) is not None:
            return work.item
    return stem(url)


def _promises(page: BeautifulSoup, url: str) -> bool:
    """Whether the page itself says that there are reviews on it, all of them and not those of one rating."""
    if not is_reviews(url) or star_of(url) is not None:
        return False
    ratings = [block.get("aggregateRating") for block in blocks(page)]
    stated = [str(rating.get("reviewCount", "")) for rating in ratings if isinstance(rating, dict)]
    return page.select_one(NEXT) is not None or any(number.isdecimal() and int(number) > 0 for number in stated)


def _last(main: Tag) -> bool:
    following = main.select_one(NEXT)
    return following is None or "button-disabled" in attribute(following, "class").split()


def _plain(url: str) -> str:
    return url.partition("#")[0]


def _entries(block: dict[str, object]) -> list[dict[str, object]]:
    entries = block.get("itemListElement")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
