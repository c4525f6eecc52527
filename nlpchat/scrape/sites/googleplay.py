"""Users' reviews of applications on Google Play, from an export that google-play-scraper made: JSON, JSON Lines or CSV.

Its fields are reviewId, content, score (1 to 5), at, thumbsUpCount; its userName and userImage are never read. It does not
say which application: where no field appId does, the file's name stands for it.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from nlpchat.records import Review
from nlpchat.scrape.exports import Row, count_in, day_in, is_page, rows_of, stem, text_in
from nlpchat.scrape.markup import changed, decimal, share
from nlpchat.scrape.reviews import PageReviews, of_export
from nlpchat.scrape.sites import hosted_by

SITE = "googleplay"
ON_NETWORK = False
POSITION = (
    "Google Play's robots.txt, as quoted in October 2026, closes the calls that give reviews (/_, /store/getreviews, "
    "/store/xhr) to every robot."
)

NEEDED = ("reviewId", "content", "score")
APPLICATION = ("appId", "app_id", "app", "package")
BEST = 5.0


def matches(url: str) -> bool:
    return hosted_by(url, "play.google.com")


def read(body: bytes, *, url: str, fetched_at: datetime) -> PageReviews:
    """The reviews of an export. Raises PageChangedError: no NEEDED in it, or a page of the shop, which holds hardly any."""
    if is_page(body):
        raise changed(url, "a page, where an export of google-play-scraper is needed", ", ".join(NEEDED))
    return of_export(_review(row, url, fetched_at) for row in rows_of(body, url=url, needed=NEEDED))


def _review(row: Row, url: str, fetched_at: datetime) -> Review:
    application = next((name for field in APPLICATION if (name := text_in(row, field))), "")
    review_id = text_in(row, "reviewId")
    address = f"https://play.google.com/store/apps/details?id={quote(application)}&reviewId={quote(review_id)}"
    return Review(
        SITE,
        application or stem(url),
        review_id,
        share(decimal(text_in(row, "score")), BEST),
        text_in(row, "content").strip(),
        day_in(row, "at"),
        address if application else f"{url}#{review_id}",
        fetched_at,
        helpful=count_in(row, "thumbsUpCount"),
    )
