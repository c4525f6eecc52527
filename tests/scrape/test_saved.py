"""Files that a person saved: where they say they are from, when they were saved, and what they must not tell."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nlpchat.errors import InputError, PageChangedError, RefusedError
from nlpchat.scrape.notice import notice
from nlpchat.scrape.reviews import row
from nlpchat.scrape.saved import read_saved
from nlpchat.scrape.site_names import SITES
from nlpchat.scrape.sites import check_fetchable, site, site_of
from tests.scrape.made_site import card, page

SAVED_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def saved(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (SAVED_AT.timestamp(), SAVED_AT.timestamp()))
    return path


def test_a_saved_page_says_when_it_was_saved_and_not_by_whom(tmp_path: Path) -> None:
    folder = tmp_path / "Julie Inventée"
    folder.mkdir()
    review = read_saved(site("allocine"), saved(folder / "page #1.html", page(card(1)))).reviews[0]
    assert review.fetched_at == SAVED_AT
    assert (review.item, review.url) == ("page #1", "file:page%20%231.html#review_1")
    assert "Julie" not in json.dumps(row(review), ensure_ascii=False)


def test_a_saved_page_says_where_it_is_from(tmp_path: Path) -> None:
    said = "<!-- saved from url=(0064)https://www.allocine.fr/film/fichefilm-42/critiques/spectateurs/ -->"
    review = read_saved(
        site("allocine"), saved(tmp_path / "p.html", f"<!DOCTYPE html>\n{said}\n{page(card(1))}")
    ).reviews[0]
    assert review.item == "film-42"
    assert review.url == "https://www.allocine.fr/film/fichefilm-42/critiques/spectateurs/#review_1"
    elsewhere = said.replace("www.allocine.fr", "example.org")
    review = read_saved(site("allocine"), saved(tmp_path / "p.html", f"{elsewhere}{page(card(1))}")).reviews[0]
    assert review.url == "file:p.html#review_1"


def test_a_page_of_another_shape_is_named_by_its_path(tmp_path: Path) -> None:
    path = saved(tmp_path / "p.html", "<html></html>")
    with pytest.raises(PageChangedError) as fault:
        read_saved(site("allocine"), path)
    assert str(fault.value).startswith(f"{path}: not a page of AlloCiné")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_saved(site("babelio"), tmp_path / "x.html")
    with pytest.raises(InputError, match="this is a folder"):
        read_saved(site("babelio"), tmp_path)


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"\x00" * 50, b"{", b"[[[", b"<", "é".encode("latin-1"), b"a,b\n\x00\n"]
)
def test_a_file_of_nothing_known_is_one_error_or_no_review(tmp_path: Path, name: str, body: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(body)
    said, found = "", None
    try:
        found = read_saved(site(name), path)
    except PageChangedError as fault:
        said = str(fault)
    assert said.startswith(f"{path}: ") if found is None else found.reviews == ()


def test_half_characters_do_not_travel(tmp_path: Path) -> None:
    path = saved(tmp_path / "r.json", json.dumps([{"reviewId": "1", "content": "aïe \ud83d", "score": 2}]))
    review = read_saved(site("googleplay"), path).reviews[0]
    assert review.text == "aïe ?"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.allocine.fr/film/fichefilm_gen_cfilm=1.html", "allocine"),
        ("https://www.babelio.com/livres/x/1", "babelio"),
        ("https://www.senscritique.com/film/x/1", "senscritique"),
        ("https://fr.trustpilot.com/review/example.org", "trustpilot"),
        ("https://play.google.com/store/apps/details?id=x", "googleplay"),
    ],
)
def test_the_site_of_an_address(url: str, name: str) -> None:
    found = site_of(url)
    assert name == found.SITE
    assert found.ON_NETWORK is (name == "allocine")
    if not found.ON_NETWORK:
        with pytest.raises(RefusedError, match=f"--from-html {name} FILE") as fault:
            check_fetchable(url)
        assert found.POSITION in str(fault.value)


@pytest.mark.parametrize(
    "url", ["https://www.example.org/", "https://allocine.fr.example.org/film/", "https://notbabelio.com/", "x"]
)
def test_other_sites_are_not_asked(url: str) -> None:
    with pytest.raises(InputError, match="no site that nlpchat reads"):
        site_of(url)


@pytest.mark.parametrize("name", SITES)
def test_sites_are_twins(name: str) -> None:
    found = site(name)
    assert name == found.SITE
    assert "2026" in found.POSITION
    lines = Path(str(found.__file__)).read_text(encoding="utf-8").splitlines()  # type: ignore[attr-defined]
    order = [
        line.split()[0 if "=" in line else 1].partition("(")[0]
        for line in lines
        if line.startswith(("SITE ", "ON_NETWORK ", "POSITION ", "def matches", "def read"))
    ]
    assert order == ["SITE", "ON_NETWORK", "POSITION", "matches", "read"]


@pytest.mark.parametrize("fetched", [True, False])
@pytest.mark.parametrize("name", SITES)
def test_the_notice_says_what_has_to_be_said(name: str, fetched: bool) -> None:
    text = notice(site(name), fetched=fetched)
    for word in ("Purpose", "Kept", "Not kept", "Pace", "Rights", "not to be passed on", "--exclude", name):
        assert word in text
    assert " ".join(site(name).POSITION.split()) in " ".join(text.split())
    assert ("robots.txt is read first" in " ".join(text.split())) is fetched
    assert max(len(line) for line in text.splitlines()) <= 125
