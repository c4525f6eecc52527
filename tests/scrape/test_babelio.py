"""Babelio: each saved page yields what lies beside it, and nobody's name; real pages are read as well."""

from __future__ import annotations

from functools import cache

import pytest

from nlpchat.scrape.markup import tree
from nlpchat.scrape.reviews import PageReviews
from nlpchat.scrape.sites import babelio
from tests.scrape.cases import FETCHED_AT, Case, cases, check, needs_shared, shared_pages


@pytest.mark.parametrize("case", cases("babelio"))
def test_a_page_yields_what_lies_beside_it(case: Case) -> None:
    check(babelio, case)


@cache
def real() -> dict[str, PageReviews]:
    return {
        path.name: babelio.read(path.read_bytes(), url=f"file:{path.name}", fetched_at=FETCHED_AT)
        for path in shared_pages("babelio")
    }


@needs_shared
def test_real_pages() -> None:
    assert {name: len(page.reviews) for name, page in real().items()} == {
        "get_audio_py_0.html": 5,
        "get_info_in_identify_py_0.html": 0,
        "get_info_py_0.html": 5,  # of 2022
        "get_series_seq_py_0.html": 8,
        "test_parse_search_result_0.html": 0,
        "test_parse_search_result_1.html": 5,
    }
    reviews = [review for page in real().values() for review in page.reviews]
    assert all(review.rating is not None and 0.1 <= review.rating <= 1 for review in reviews)
    assert all(review.written_on is not None and review.written_on.year >= 2011 for review in reviews)
    assert len({review.review_id for review in reviews}) == len(reviews)
    assert sum(review.spoiler for review in reviews) == 1


@needs_shared
def test_no_real_author_comes_out() -> None:
    seen = 0
    for path in shared_pages("babelio"):
        authors = {
            tag.get_text().strip() for tag in tree(path.read_bytes()).select('[itemprop="author"] [itemprop="name"]')
        }
        written = repr(real()[path.name]).lower()
        seen += len(authors)
        assert [name for name in authors if f" {name.lower()} " in written or f"{name.lower()}." in written] == []
    assert seen > 20
