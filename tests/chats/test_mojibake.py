"""Mis-decoded text: repaired where it is wrong, left alone where it is right."""

from unicodedata import normalize

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nlpchat.chats.meta.mojibake import _TYPED, repair


def broken(text: str) -> str:
    """The text as Meta writes it: UTF-8 bytes taken for latin-1."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "déjà là",
        "à",
        "voilà !",
        "😀",
        "👩🏽‍🚒",
        "naïve “mot”",
        "10 € l’été",
        "Ã la carte",
        "plain",
        "",
        "SÃO PAULO",
    ],
)
def test_repair_restores_and_leaves_good_text_alone(text):
    assert repair(text) == text
    assert repair(broken(text)) == text
    assert repair(broken(broken(text))) == text


@pytest.mark.parametrize(
    "text", ["LIBERTÉ\xa0!", "la liberté\xa0»", "«\xa0été\xa0»", "abonné·e", "»MENÜ«", "20\xa0°C", "ÇA ?", "É\xa0!"]
)
def test_french_that_looks_like_utf8_is_left_alone(text):
    assert repair(text) == text


@pytest.mark.parametrize(
    ("mixed", "expected"),
    [
        (f"“{broken('déjà')}” vu", "“déjà” vu"),
        (f"été, {broken('été')} 😀", "été, été 😀"),
        (f"{broken('Théo')} 😀", "Théo 😀"),
        (f"voilà {broken('😀')}", "voilà 😀"),
        (f"« LIBERTÉ\xa0! » {broken('crié')}", "« LIBERTÉ\xa0! » crié"),
        (f"{broken('coupé ')}{broken('é')[:1]}", "coupé Ã"),
    ],
)
def test_a_text_that_is_partly_right_is_repaired_by_parts(mixed, expected):
    assert repair(mixed) == expected


def test_a_lone_surrogate_cannot_be_written_and_is_replaced():
    assert repair(f"{broken('é')}\ud83d") == "é\ufffd"


@settings(max_examples=500, deadline=None)
@given(st.text(st.characters(exclude_categories=[])) | st.text("Ã©Â\xa0\x80\x9féÉà»!?“\ud83d😀 "))
def test_repairing_twice_changes_nothing_and_can_always_be_written(text):
    once = repair(text)
    assert repair(once) == once
    once.encode("utf-8")


@settings(max_examples=500, deadline=None)
@given(st.text() | st.text("aéàÉçœ’«» \xa0€😀👍🏽éÀ!"))
def test_what_meta_broke_is_whole_again(text):
    """But for text that is itself like mis-decoded text, or that breaks into rightly written French ("ɠ!")."""
    text = normalize("NFC", text)
    assume(repair(text) == text)
    assume(not _TYPED.search(broken(text)))
    assert repair(broken(text)) == text
