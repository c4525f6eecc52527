"""Pages beside what they yield: a case is a file of pages/SITE/ and, beside it, FILE.expected.json.

address   where the page is said to be from; file:NAME if not said
authors   the names on it, which must not come out of it anywhere
reviews   the rows that come out, in their order; left_out: why, and how many; last; ids
or error  a piece of what is said when the page has another shape
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nlpchat.errors import PageChangedError
from nlpchat.scrape.reviews import PageReviews, row
from nlpchat.scrape.sites import site

PAGES = Path(__file__).parent / "pages"
SHARED = Path(__file__).parents[3] / "shared" / "pages"
FETCHED_AT = datetime(2026, 7, 14, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """A page, and what is expected of it."""

    page: Path
    expected: dict[str, Any]

    @property
    def address(self) -> str:
        return str(self.expected.get("address", f"file:{self.page.name}"))


def cases(name: str) -> list[Any]:
    """The cases of a site, as pytest's parameters."""
    beside = sorted((PAGES / name).glob("*.expected.json"))
    assert len(beside) > 2
    pages = [path.with_name(path.name.removesuffix(".expected.json")) for path in beside]
    assert {*pages, *beside} == set((PAGES / name).iterdir())
    return [
        pytest.param(Case(page, json.loads(path.read_text(encoding="utf-8"))), id=page.name)
        for page, path in zip(pages, beside, strict=True)
    ]


def check(reader: ModuleType, case: Case) -> None:
    """The page yields what is expected, and none of its authors."""
    body = case.page.read_bytes()
    if "error" in case.expected:
        with pytest.raises(PageChangedError) as fault:
            reader.read(body, url=case.address, fetched_at=FETCHED_AT)
        assert case.expected["error"] in str(fault.value)
        assert str(fault.value).startswith(case.address)
        return
    found = reader.read(body, url=case.address, fetched_at=FETCHED_AT)
    assert told(found) == {key: case.expected[key] for key in ("reviews", "left_out", "last", "ids")}
    check_no_author(case, found)


def check_no_author(case: Case, found: PageReviews) -> None:
    """None of the names of a page is anywhere in what came out of it; each of them is on the page."""
    page = site(case.page.parent.name)
    written = repr(found) + json.dumps([row(review) for review in found.reviews], ensure_ascii=False) + page.POSITION
    text = _text(case.page.read_bytes())
    for name in case.expected["authors"]:
        assert name in text
        assert name not in written


def told(found: PageReviews) -> dict[str, Any]:
    """What a page yields, as the expected file writes it."""
    return {
        "reviews": [row(review) for review in found.reviews],
        "left_out": {warning.what.removeprefix("reviews left out, "): warning.count for warning in found.skipped},
        "last": found.last,
        "ids": list(found.ids),
    }


def shared_pages(name: str) -> list[Path]:
    """Real pages that somebody saved; none where they are not there."""
    return sorted((SHARED / name).glob("*.html"))


needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the saved pages are not in ../shared")


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252")
