"""Readers' reviews of books on Babelio, from pages that a person saved.

div.post[itemtype$="/Review"]
  [itemprop=author]                                           who wrote it: never read
  meta[itemprop=ratingValue]  .rateit[data-rateit-value]      half stars, twice
  meta[itemprop=datePublished]  or, in 2022, .gris "15 octobre 2015"
  meta[itemprop=url]  .../livres/AUTEUR-TITRE/BOOK/critiques/REVIEW
  .cri_corps_critique#cri_REVIEW, with span.spoiler; #myspanNBREVIEW: how many like it
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime

from bs4 import Tag

from nlpchat.records import Review
from nlpchat.scrape.exports import stem
from nlpchat.scrape.markup import (
    attribute,
    changed,
    check_share,
    decimal,
    french_date,
    iso_date,
    open_spoilers,
    share,
    text_of,
    tree,
)
from nlpchat.scrape.reviews import PageReviews, counted
from nlpchat.scrape.sites import hosted_by

SITE = "babelio"
ON_NETWORK = False
POSITION = (
    "Babelio's robots.txt of 3 September 2026 names and refuses the robots that gather texts for language models; what it "
    "says to others was not established."
)

CARD = 'div.post[itemtype$="/Review"]'
CONTENT = '[id^="cri_"]'
RATING = "meta[itemprop=ratingValue]"
STARS = ".rateit[data-rateit-value]"
WHEN = "meta[itemprop=datePublished]"
WRITTEN_WHEN = ".entete_date, span.gris"
ADDRESS = "meta[itemprop=url]"
BEST = 5.0
_CUT = """[onclick*="voir_plus('cri_"]"""
_ADDRESS = re.compile(r"/livres/[^?#]*?/(\d+)/critiques/(\d+)")
_OWN_SITE = re.compile(r"\bLien\s*:\s*$")
_ELLIPSES = ("...", "…")


def matches(url: str) -> bool:
    return hosted_by(url, "babelio.com")


def read(body: bytes, *, url: str, fetched_at: datetime) -> PageReviews:
    """The reviews on a saved page of a book or a series; each says itself which book it is about.

    Raises PageChangedError: no CARD though there are texts of reviews, or many cards without a CONTENT.
    """
    page = tree(body)
    cards = page.select(CARD)
    if not cards and (
        page.select_one('[id^="cri_"], [itemprop=reviewRating]') or "babelio" not in page.get_text().lower()
    ):
        raise changed(url, "no review on it, and not a page of Babelio as it is known", CARD)
    check_share(url, sum(card.select_one(CONTENT) is None for card in cards), len(cards), CONTENT)
    if cards and not any(card.select_one(f"{RATING}, {STARS}") for card in cards):
        raise changed(url, "not one rating on it", RATING)
    found: dict[str, Review] = {}
    ids: list[str] = []
    skipped: Counter[str] = Counter()
    for card in cards:
        item, review_id, address = _named(card, url)
        ids.append(review_id)
        review = _review(card, Review(SITE, item, review_id, None, "", None, address, fetched_at))
        if isinstance(review, str):
            skipped[review] += 1
        else:
            found.setdefault(review_id, review)
    return PageReviews(tuple(found.values()), counted(skipped), ids=tuple(ids))


def _review(card: Tag, review: Review) -> Review | str:
    """What `review` says, completed from its card; or why it is left out."""
    content = card.select_one(CONTENT)
    if content is None:
        return "without a text"
    if card.select_one(CARD) is not None or content.select_one(".post, .interaction, [itemprop]") is not None:
        return "whose markup is broken"  # what follows would be read as its text, names too
    spoiler = open_spoilers(content)
    _without_own_site(content)
    text = text_of(content)
    # In 2022 a link opened texts that the style sheet folded, whole, and others that the page only began.
    folded = "overflow:hidden" in attribute(content, "style").replace(" ", "")
    if card.select_one(_CUT) is not None and text.endswith(_ELLIPSES) and not folded:
        return "cut"
    if not text:
        return "without a text"
    told = {value for value in (_stated(card, RATING, "content"), _stated(card, STARS, "data-rateit-value")) if value}
    if len(told) > 1:
        return "whose rating is in doubt (two are stated)"
    likes = card.select_one(f'[id="myspanNB{review.review_id}"]')
    return Review(
        review.site,
        review.item,
        review.review_id,
        share(told.pop(), BEST) if told else None,
        text,
        _written_on(card),
        review.url,
        review.fetched_at,
        spoiler,
        helpful=int(words) if likes is not None and (words := likes.get_text().strip()).isdecimal() else None,
    )


def _named(card: Tag, url: str) -> tuple[str, str, str]:
    """The book, the review's id, its address."""
    for tag in card.select(ADDRESS):
        if found := _ADDRESS.search(attribute(tag, "content")):
            return found[1], found[2], f"https://www.babelio.com{found[0]}"
    content = card.select_one(CONTENT)
    review_id = (attribute(card, "id") or attribute(content, "id")).rpartition("_")[2]
    return stem(url), review_id, f"{url}#{review_id}"


def _without_own_site(content: Tag) -> None:
    """Takes out of the tree what tells who wrote it: the link to a site of theirs that the page puts after the text."""
    for link in content.select("a"):
        before = link.find_previous_sibling(string=True)
        if before is not None and _OWN_SITE.search(before):
            before.replace_with(_OWN_SITE.sub("", before))
            link.extract()


def _stated(card: Tag, selector: str, name: str) -> float | None:
    return decimal(attribute(card.select_one(selector), name))


def _written_on(card: Tag) -> date | None:
    stated = iso_date(attribute(card.select_one(WHEN), "content"))
    shown = (french_date(tag.get_text(" ")) for tag in card.select(WRITTEN_WHEN))
    return stated or next((day for day in shown if day is not None), None)
