"""The words of markup: lines where a reader sees them, nothing where he sees nothing; days and numbers of French pages."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.errors import PageChangedError
from nlpchat.scrape.jsonld import blocks, plain, stated_reviews
from nlpchat.scrape.markup import check_share, decimal, french_date, iso_date, open_spoilers, share, text_of, tree


def words(markup: str) -> str:
    return text_of(tree(f"<div>{markup}</div>".encode()).div)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Un <b>film</b><i>s</i>", "Un films"),
        ("un<br>deux<br/>trois</br>quatre", "un\ndeux\ntrois\nquatre"),
        ("un <br>\n deux", "un\ndeux"),
        ("un<br><br>deux", "un\n\ndeux"),
        ("un\n  deux\tet\r\ntrois", "un deux et trois"),
        ("<p>un</p><p>deux</p>", "un\ndeux"),
        ("<p>un</p>\n\n<p>deux <b>trois</b></p>fin", "un\ndeux trois\nfin"),
        ("<ul><li>un<li>deux</ul>", "un\ndeux"),
        ("« oui »\u00a0! l’été\u202f?", "« oui »\u00a0! l’été\u202f?"),
        ("&laquo;&nbsp;oui&nbsp;&raquo; &amp; &lt;3", "«\u00a0oui\u00a0» & <3"),
        ("\ue0a3icône\uf8ff", "icône"),
        ("a<!-- b --><script>c()</script><style>d{}</style>e", "ae"),
        ("j'aime <3 et 2 < 3", "j'aime <3 et 2 < 3"),
        ("  ", ""),
        ("😀<br>👍🏽", "😀\n👍🏽"),
    ],
)
def test_the_words_of_an_element(markup: str, text: str) -> None:
    assert words(markup) == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Co", "Cs")), max_size=60))
def test_plain_words_come_out_as_they_went_in(text: str) -> None:
    from html import escape

    kept = " ".join(part for part in text.split(" ") if part)
    assert words(escape(text)).strip(" ") == kept.strip(" \n")


@given(st.text(alphabet="<>/abrp &;!-='\"\n", max_size=80))
def test_any_markup_is_read(markup: str) -> None:
    assert isinstance(words(markup), str)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>l’été… œil</p>".encode(), "l’été… œil"),
        ('<meta charset="utf-8"><p>été</p>'.encode(), "été"),
        ('<meta charset="iso-8859-1"><p>l’été… œil €</p>'.encode("cp1252"), "l’été… œil €"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"><p>été</p>'.encode("latin-1"), "été"),
        ("<p>été</p>".encode("latin-1"), "été"),  # nothing said
        ('<meta charset="iso-8859-1"><p>l’été</p>'.encode(), "l’été"),  # what a browser saved anew says the old thing
    ],
)
def test_a_page_in_its_own_encoding(body: bytes, text: str) -> None:
    assert text_of(tree(body)) == text


@pytest.mark.parametrize(
    ("markup", "hidden", "text"),
    [
        (
            'a <span class="spoiler-container"><span class="l">spoiler: </span><span class="spoiler-content">b</span></span> c',
            True,
            "a b c",
        ),
        ('<span class="spoiler-container">[Spoiler] <span class="spoiler-content">b</span></span>', True, "b"),
        (
            '<span class="spoiler-container"><b>SPOILER</b>:<span class="spoiler-content">b</span> reste</span>',
            True,
            ":b reste",
        ),
        ('<span class="spoiler-content">spoiler: b</span>', True, "spoiler: b"),  # the reviewer's own words
        ('<span class="spoiler-container"><span class="spoiler-content">spoiler</span></span>', True, "spoiler"),
        ("attention, spoiler: il meurt", False, "attention, spoiler: il meurt"),
    ],
)
def test_a_spoiler_s_label_goes_and_its_words_stay(markup: str, hidden: bool, text: str) -> None:
    element = tree(f"<div>{markup}</div>".encode()).div
    assert element is not None
    assert (open_spoilers(element), text_of(element)) == (hidden, text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Publiée le 27 décembre 2020", date(2020, 12, 27)),
        ("1er août 2024", date(2024, 8, 1)),
        ("le 8 FÉVRIER 2016 à 10h", date(2016, 2, 8)),
        ("3 fevrier 2016", date(2016, 2, 3)),
        ("il y a 3 jours", None),
        ("30 février 2021", None),
        ("12 brumaire 2001, puis 12 mai 2001", date(2001, 5, 12)),
        ("", None),
    ],
)
def test_french_days(text: str, day: date | None) -> None:
    assert french_date(text) == day


def test_every_month() -> None:
    names = (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    )
    assert [french_date(f"15 {name} 2023") for name in names] == [date(2023, month, 15) for month in range(1, 13)]


def test_numbers_and_shares() -> None:
    assert [decimal(text) for text in ("4,5", " 4.5 ", "10", "--", "", "4,5/5", "-1", "1e3")] == [
        4.5,
        4.5,
        10.0,
        *[None] * 5,
    ]
    assert [share(value, 5) for value in (5, 0.5, 0, 6, None)] == [1.0, 0.1, None, None, None]
    assert (iso_date("2020-07-23T10:00"), iso_date("hier"), iso_date(None)) == (date(2020, 7, 23), None, None)


def test_a_fifth_may_be_missing() -> None:
    check_share("page", 1, 5, ".x")
    check_share("page", 0, 0, ".x")
    with pytest.raises(PageChangedError, match=r"page: 2 of 9 reviews.*`\.x`"):
        check_share("page", 2, 9, ".x")


def test_json_ld_wherever_it_lies() -> None:
    page = tree(
        b"""<script type="application/ld+json">[{"@graph": [{"@type": ["Thing", "Review"], "reviewBody": "un\\n\\ndeux"}]}]</script>
        <script type="application/ld+json">{"@type": "Review", "description": "a
b", "reviewRating": {"ratingValue": "7,5", "bestRating": "10"}, "author": {"name": "x"}}</script>
        <script type="application/ld+json">{cut</script>"""
    )
    assert len(blocks(page)) == 5
    assert [(one.text, one.rating) for one in stated_reviews(page)] == [("un\n\ndeux", None), ("a\nb", 0.75)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("un\ndeux", "un\ndeux"),
        ("<p>un\nsuite</p>\n<p>deux</p>", "un suite\ndeux"),
        ("R&amp;B\net <i>jazz</i>", "R&B\net jazz"),
        ("2 < 3\n& plus", "2 < 3\n& plus"),
    ],
)
def test_texts_that_may_hold_markup(text: str, words: str) -> None:
    assert plain(text) == words
