"""`normalise`: what each rule gives, and what holds for every text there is."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlpchat.text import normalise as room
from nlpchat.text.normalise import MARKS, normalise

PAIRS = {
    "TROOOP bien ce film!!!! 😂😂😂 https://exemple.fr": "<up> trop <long>3 bien ce film ! <rep>4 😂 <rep>3 <url>",
    # capitals of every script, not of A-Z alone
    "ÉNORME": "<up> énorme",
    "À demain": "<cap> à demain",
    "J'AIME": "<up> j'aime",
    "ПРИВЕТ": "<up> привет",
    "Œuvre de Molière": "<cap> œuvre de <cap> molière",
    # stretched letters, with their counts
    "ouiiii": "oui <long>4",
    "Nooooonnnn": "<cap> non <long>5 <long>4",
    "créée": "créée",
    # smileys stay, and so does how often
    "super :-)))": "super :-) <rep>3",
    "mdr XD :D :'(": "mdr <up> xd :D :'(",
    "je t'aime <3<3<3": "je t'aime <3 <rep>3",
    "-_- ^^ o_O": "-_- ^^ o_O",
    # emoji: skin tones, ZWJ families, flags, hearts with their variation selector
    "👍🏽👍🏽": "👍🏽 <rep>2",
    "👍🏽👍🏿": "👍🏽 👍🏿",
    "👨‍👩‍👧‍👦trop mignons": "👨‍👩‍👧‍👦 trop mignons",
    "❤️❤️❤️": "❤️ <rep>3",
    "❤️‍🔥": "❤️‍🔥",
    "🇫🇷🇫🇷": "🇫🇷 <rep>2",
    # punctuation
    "quoi?!?!": "quoi ?!?!",
    "non...": "non...",
    "non…..": "non... <rep>5",
    # one mark each
    "appelle le 06 12 34 56 78": "appelle le <tel>",
    "+33 6 12 34 56 78 stp": "<tel> stp",
    "écris à jean.dupont@free.fr": "écris à <mail>",
    "@\u2068Jean Dupont\u2069 tu viens ?": "<user> tu viens ?",
    "regarde www.exemple.fr/film?id=3.": "regarde <url> .",
    "à 15h30 le 12/03/2024": "à 15h30 le 12/03/2024",
    # spelling that says nothing
    "L’été\u00a0: 10\u202f€": "<cap> l'été : 10 €",
    "cafe\u0301": "café",
    "\ufeffsalut\u200e": "salut",
    "ligne\nsuivante": "ligne suivante",
    "": "",
    "   ": "",
}


@pytest.mark.parametrize(("raw", "expected"), PAIRS.items(), ids=[repr(raw) for raw in PAIRS])
def test_pairs(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


_FRAGMENTS = st.sampled_from(
    ["a", "A", "É", "oooo", "😂", "👍🏽", "\u200d", "\ufe0f", "🏽", "!", "?", ".", "..", ":)", ":D", "<3", "<up>", "<rep>", "3", " ",
     "\u00a0", "@", "http", "://", "x.fr", "06 12 34 56 78", "'", "-", "_", "🇫", "🇷", "\u0301", "İ", "ß", "Σ", "^", "o_O", "(", ")",
     "<", ">", "👨‍👩‍👧", "\n", "\u2068", "\u2069", "…", "’", "1", "X"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@example(["@\u2068", "ù"])
@example(["İ", "http"])
@example(["<3", "<3", "06 12 34 56 78"])
@given(st.lists(st.one_of(_FRAGMENTS, st.text(max_size=3)), max_size=10))
def test_idempotent_and_nfc(parts: list[str]) -> None:
    once = normalise("".join(parts))
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == " ".join(once.split())


@given(st.lists(st.sampled_from(["😂", "👍🏽", "❤️", "👨‍👩‍👧", "🥰", ":)", ":'(", "<3", "^^"]), min_size=1, max_size=6))
def test_no_feeling_is_lost(signs: list[str]) -> None:
    once = normalise("ok " + " ".join(signs))
    assert all(sign in once for sign in signs)


@given(st.integers(3, 40), st.sampled_from("aeiouymrzé"))
def test_the_count_of_a_stretched_letter_is_kept(count: int, letter: str) -> None:
    assert normalise(f"b{letter * count}") == f"b{letter} <long>{count}"


def test_marks_pass_through() -> None:
    assert normalise(" ".join(MARKS)) == " ".join(MARKS)


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000 + " @", "ab" * 50_000 + " aaa", "a-" * 50_000 + ".", "a.a" * 50_000 + "@", "é-" * 50_000 + "aaa"],
)
def test_no_text_takes_long(text: str) -> None:
    before = time.process_time()
    normalise(text)
    assert time.process_time() - before < 3  # by quadratic rules it was minutes


def test_half_a_character_is_replaced() -> None:
    assert normalise("a\ud83db") == normalise("a\ufffdb")


OLD_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
OLD_STRETCHED = re.compile(r"(?:[\w'-])*?([^\W\d_])\1{2,}[\w'-]*")


@given(st.text(alphabet="ab'-_.+@é0 1\n", max_size=40))
def test_what_is_found_is_what_slower_rules_find(text: str) -> None:
    assert [m.span() for m in room._MAIL.finditer(text)] == [m.span() for m in OLD_MAIL.finditer(text)]
    assert [m.span() for m in room._STRETCHED_WORD.finditer(text)] == [m.span() for m in OLD_STRETCHED.finditer(text)]
