"""Reviews as JSON Lines, each once, without those whose writers asked to be left out.

    {"site": "allocine", "item": "film-123", "review_id": "456", "rating": 0.8, "text": "Drôle et tendre.",
     "written_on": "2020-12-27", "spoiler": false, "helpful": 3, "unhelpful": 0, "url": "https://...", "fetched_at": "2026-10-01T08:00:00Z"}

There is no author: a reader of a site never takes one off its page.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from nlpchat.errors import CorpusError
from nlpchat.exclude import is_excluded
from nlpchat.files import read_error, written_beside
from nlpchat.records import Review, Warning

KEYS = (
    "site", "item", "review_id", "rating", "text", "written_on", "spoiler", "helpful", "unhelpful", "url", "fetched_at",
)  # fmt: skip
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "..."})


@dataclass(frozen=True, slots=True)
class PageReviews:
    """What one page yields, in its order.

    skipped: what was left out or read in doubt, and how often. last: the page says that none follows.
    ids: of all reviews that the page shows, also of those left out: a page without a new one is past the end.
    """

    reviews: tuple[Review, ...]
    skipped: tuple[Warning, ...] = ()
    last: bool = True
    ids: tuple[str, ...] = ()


class Sieve:
    """Says of each review whether it is kept: not seen yet, neither its id nor its words, not excluded, long enough."""

    def __init__(self, excluded: frozenset[str] = frozenset(), *, min_chars: int = 0) -> None:
        self.excluded = excluded
        self.min_chars = min_chars
        self.dropped: Counter[str] = Counter()
        self._ids: set[tuple[str, str]] = set()
        self._texts: set[bytes] = set()

    def keeps(self, review: Review) -> bool:
        why = self._why_not(review)
        if why is not None:
            self.dropped[why] += 1
            return False
        self._ids.add((review.site, review.review_id))
        self._texts.add(_digest(review.text))
        return True

    def _why_not(self, review: Review) -> str | None:
        if is_excluded(self.excluded, site=review.site, review_id=review.review_id, url=review.url, text=review.text):
            return "excluded as asked"
        if (review.site, review.review_id) in self._ids:
            return "seen before (the same id)"
        if len(review.text) < self.min_chars:
            return f"shorter than {self.min_chars} characters"
        return "seen before (the same words)" if _digest(review.text) in self._texts else None

    def warnings(self) -> tuple[Warning, ...]:
        return counted(self.dropped)


def counted(whys: Mapping[str, int]) -> tuple[Warning, ...]:
    """A Warning for each reason, the most frequent first."""
    return tuple(Warning(f"reviews left out, {why}", count) for why, count in Counter(whys).most_common())


def of_export(reviews: Iterable[Review]) -> PageReviews:
    """What an export or a page's data yields: each id once, what has no text left out."""
    found = [
        review if review.review_id else replace(review, review_id=named_by_text(review.text)) for review in reviews
    ]
    skipped = Counter("without a text" for review in found if not review.text)
    kept: dict[str, Review] = {}
    for review in found:
        if review.text:
            kept.setdefault(review.review_id, review)
    return PageReviews(tuple(kept.values()), counted(skipped), ids=tuple(review.review_id for review in found))


def named_by_text(text: str) -> str:
    """An id for a review that has none of its own: the same for the same words."""
    return _digest(text).hex()[:16]


def write_reviews(reviews: Iterable[Review], path: str | Path) -> int:
    """How many were written to `path`, in their order. Raises OutputError."""
    count = 0
    with written_beside(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as stream:
        for review in reviews:
            stream.write(json.dumps(row(review), ensure_ascii=False) + "\n")
            count += 1
    return count


def read_reviews(path: str | Path) -> Iterator[Review]:
    """The reviews of such a file, in order. Raises CorpusError with the line, InputError: it cannot be read."""
    number = 0
    try:
        with Path(path).open("rb") as stream:
            for raw in stream:
                number += 1
                if raw.strip():
                    yield _review(json.loads(raw.decode("utf-8")))
    except OSError as fault:
        raise read_error(path, fault) from fault
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise CorpusError(
            f"{path}, line {number}: not a review of `nlpchat scrape` ({fault}). Make it again."
        ) from fault


def row(review: Review) -> dict[str, object]:
    """What is written of a review, under KEYS."""
    values: dict[str, Any] = {key: getattr(review, key) for key in KEYS}
    values["written_on"] = review.written_on.isoformat() if review.written_on else None
    values["fetched_at"] = review.fetched_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return values


def _digest(text: str) -> bytes:
    """The same for two texts that differ by capitals, spaces or the kind of quotes alone."""
    words = " ".join(unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold().split())
    return hashlib.blake2b(re.sub(' ?" ?', '"', words).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _review(content: dict[str, Any]) -> Review:
    if missing := [
        key
        for key in ("site", "item", "review_id", "text", "fetched_at", "url")
        if not isinstance(content.get(key), str)
    ]:
        raise ValueError(f"no {' and no '.join(missing)}")
    values: dict[str, Any] = {key: content.get(key) for key in KEYS}
    values["written_on"] = date.fromisoformat(content["written_on"]) if content.get("written_on") else None
    values["fetched_at"] = datetime.fromisoformat(content["fetched_at"])
    values["spoiler"] = bool(content.get("spoiler"))
    return Review(**values)
