"""Reviews on disk and once each: what was written is read again; whoever asked is left out, however the line was written."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.errors import CorpusError, InputError, OutputError
from nlpchat.exclude import digest_of, excluded_ids, is_excluded
from nlpchat.records import Review
from nlpchat.scrape.reviews import (
    KEYS,
    Sieve,
    of_export,
    read_reviews,
    row,
    write_reviews,
)

ONE = Review(
    "allocine", "film-1", "456", 0.8, "Drôle, et « tendre ».", date(2020, 12, 27),
    "https://www.allocine.fr/film/fichefilm-1/critiques/spectateurs/?page=4#review_456",
    datetime(2026, 7, 14, 9, 0, 1, 500, tzinfo=UTC), False, 3, 0,
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


def but(**changes: object) -> Review:
    return dataclasses.replace(ONE, **changes)  # type: ignore[arg-type]


def test_there_is_no_author_anywhere() -> None:
    """What a reader of a site may keep is this, and no more."""
    assert {field.name for field in dataclasses.fields(Review)} == set(KEYS) == set(row(ONE))
    assert not {"author", "user", "username", "name", "pseudo"} & set(KEYS)


@given(
    text=TEXTS,
    rating=st.none() | st.floats(0, 1),
    when=st.none() | st.dates(),
    at=st.datetimes(timezones=st.just(UTC)),
    votes=st.none() | st.integers(0),
    spoiler=st.booleans(),
)
def test_what_was_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, text: str, rating: float | None, when: date | None, at: datetime,
    votes: int | None, spoiler: bool,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "reviews.jsonl"
    reviews = [but(text=text, rating=rating, written_on=when, fetched_at=at, helpful=votes, spoiler=spoiler), ONE]
    assert write_reviews(reviews, path) == 2
    assert list(read_reviews(path)) == reviews
    assert len(path.read_bytes().split(b"\n")) == 3


def test_a_row_as_it_is_written(tmp_path: Path) -> None:
    write_reviews([ONE], tmp_path / "r.jsonl")
    assert json.loads((tmp_path / "r.jsonl").read_text(encoding="utf-8")) == {
        "site": "allocine",
        "item": "film-1",
        "review_id": "456",
        "rating": 0.8,
        "text": "Drôle, et « tendre ».",
        "written_on": "2020-12-27",
        "spoiler": False,
        "helpful": 3,
        "unhelpful": 0,
        "url": ONE.url,
        "fetched_at": "2026-07-14T09:00:01.000500Z",
    }


@pytest.mark.parametrize("line", ["{", "[]", '{"site": "allocine"}', '{"text": 1}', "\x00"])
def test_a_damaged_file_is_said_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text(json.dumps(row(ONE)) + "\n\n" + line + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"reviews\.jsonl, line 3: not a review"):
        list(read_reviews(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(read_reviews(tmp_path / "x.jsonl"))
    with pytest.raises(InputError, match="no such file"):
        excluded_ids(tmp_path / "x.txt")
    with pytest.raises(OutputError):
        write_reviews([ONE], tmp_path / "no" / "x.jsonl")


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("456", True),
        ("allocine:456", True),
        ("review_456", True),
        ("allocine:review_456", True),
        ("  456   # asked on 1 October", True),
        (ONE.url, True),
        # A review stays where it is while its page's number, scheme and host change.
        ("http://allocine.fr/film/fichefilm-1/critiques/spectateurs/#review_456", True),
        ("www.allocine.fr/film/fichefilm-1/critiques/spectateurs/star-4/?page=1#review_456", True),
        (f"sha256:{hashlib.sha256('Drôle, et « tendre ».'.encode()).hexdigest()}", True),
        (digest_of("Autre chose."), False),
        ("45", False),
        ("4567", False),
        ("babelio:456", False),
        ("https://www.babelio.com/x#review_456", False),
        ("https://www.allocine.fr/film/fichefilm-1/critiques/spectateurs/?page=4", False),
        ("# 456", False),
        ("", False),
    ],
)
def test_who_asked_is_left_out(tmp_path: Path, line: str, out: bool) -> None:
    (tmp_path / "ids.txt").write_text(f"\ufeff# who asked\n\n{line}\n", encoding="utf-8")
    excluded = excluded_ids(tmp_path / "ids.txt")
    assert is_excluded(excluded, site=ONE.site, review_id=ONE.review_id, url=ONE.url, text=ONE.text) is out
    assert Sieve(excluded).keeps(ONE) is not out


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://www.babelio.com/livres/X/81000/critiques/31", "http://babelio.com/livres/X/81000/critiques/31/"),
        (
            "https://play.google.com/store/apps/details?id=a.b&reviewId=gp%3AX",
            "https://play.google.com/store/apps/details?id=a.b&reviewId=gp%3AX",
        ),
        ("file:page.html#review_9", "file:page.html#review_9"),
    ],
)
def test_addresses_of_other_sites(tmp_path: Path, url: str, asked: str) -> None:
    (tmp_path / "ids.txt").write_text(asked, encoding="utf-8")
    assert is_excluded(excluded_ids(tmp_path / "ids.txt"), site="s", review_id="1", url=url)


def test_an_id_with_a_colon_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("gp:AOqp\n", encoding="utf-8")
    assert is_excluded(excluded_ids(tmp_path / "ids.txt"), site="googleplay", review_id="gp:AOqp")


def test_a_row_that_says_nothing_of_itself_is_kept() -> None:
    """Rows of corpora that are not reviews have none of the three."""
    assert not is_excluded(frozenset({"456", "None", "None:None"}))


def test_what_is_no_id_is_refused_with_its_lines(tmp_path: Path) -> None:
    """Read past, a name would leave in whom it should leave out."""
    path = tmp_path / "ids.txt"
    path.write_text("456\nJean Inventé\n# fine\nfilm 3\nsha256:12\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"ids\.txt, line 2, line 4, line 5: a review's id"):
        excluded_ids(path)
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        excluded_ids(path)


def test_each_review_once() -> None:
    sieve = Sieve()
    kept = [
        sieve.keeps(review)
        for review in (
            ONE,
            but(text="Une autre version du même."),  # the same id
            but(review_id="457", text='drôle,  et "tendre".'),  # the same words
            but(review_id="458", text="Drôle, et « tendre » !"),
            but(site="babelio", text="Un autre site, le même numéro."),
        )
    ]
    assert kept == [True, False, False, True, True]
    assert {warning.what: warning.count for warning in sieve.warnings()} == {
        "reviews left out, seen before (the same id)": 1,
        "reviews left out, seen before (the same words)": 1,
    }


def test_signs_alone_are_words_too() -> None:
    sieve = Sieve()
    assert [sieve.keeps(but(review_id=str(i), text=text)) for i, text in enumerate(("👍", "👎", "!!!", "👍"))] == [
        True,
        True,
        True,
        False,
    ]


def test_short_texts_are_left_out_if_asked() -> None:
    sieve = Sieve(min_chars=5)
    assert [sieve.keeps(but(review_id=text, text=text)) for text in ("Bien", "Bien.")] == [False, True]
    assert sieve.dropped == {"shorter than 5 characters": 1}


@given(st.lists(st.tuples(st.sampled_from("abc"), TEXTS)))
def test_the_sieve_keeps_no_id_and_no_text_twice(pairs: list[tuple[str, str]]) -> None:
    sieve = Sieve()
    kept = [review for review_id, text in pairs if sieve.keeps(review := but(review_id=review_id, text=text))]
    assert len({review.review_id for review in kept}) == len({review.text for review in kept}) == len(kept)
    assert len(kept) + sum(sieve.dropped.values()) == len(pairs)


def test_a_review_without_an_id_gets_one_of_its_words() -> None:
    found = of_export([but(review_id="", text="Un."), but(review_id="", text="Deux."), but(review_id="", text="")])
    assert len(set(found.ids)) == 3
    assert [review.text for review in found.reviews] == ["Un.", "Deux."]
    assert of_export([but(review_id="", text="Un.")]).ids == found.ids[:1]
