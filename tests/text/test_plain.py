"""Normalised text made readable: what can be undone is undone, and normalising again gives the same."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.text.normalise import normalise
from nlpchat.text.plain import plain

INVENTED = Path(__file__).parents[2] / "corpora" / "chat-invented" / "chat_invented.jsonl.xz"
LOST = ("<url>", "<mail>", "<user>", "<tel>")


@pytest.mark.parametrize(
    ("normalised", "read"),
    [
        ("<cap> quel <up> beau film ! <rep>3 😂 <rep>2", "Quel BEAU film !!! 😂😂"),
        ("oui <long>4, non", "ouiiii, non"),
        ("<up> l'été <cap> éric", "L'ÉTÉ Éric"),
        ("bon ... <rep>5 <3 <rep>2", "bon ..... <3<3"),
        ("👍🏽 <rep>2 🇫🇷 <rep>2", "👍🏽👍🏽 🇫🇷🇫🇷"),
        ("va sur <url> ou écris à <mail>, <user> <tel>", "va sur [lien] ou écris à [e-mail], @[nom] [téléphone]"),
        ("c' est bien , non ? j' y vais .", "c'est bien, non ? j'y vais."),
        ("a -t -il fini ... ( oui )", "a-t-il fini ... ( oui)"),
        ("<cap> <up>", ""),
        ("! <rep>999999999999", "!" * 40),
        ("<long>3 bon", "bon"),
        ("", ""),
    ],
)  # fmt: skip
def test_marks_are_undone(normalised: str, read: str) -> None:
    assert plain(normalised) == read


def test_normalising_again_gives_the_same_text() -> None:
    """But for two lines of 17,919: of a word with two stretched letters the counts say nothing of where."""
    with lzma.open(INVENTED, "rt", encoding="utf-8") as stream:
        lines = [normalise(json.loads(line)["text"]) for line in stream]
    kept = [line for line in lines if not any(mark in line for mark in LOST)]
    assert len(kept) > 15_000
    assert sum("<rep>" in line or "<long>" in line for line in kept) > 1000
    assert len([line for line in kept if normalise(plain(line)) != line]) <= 2


@given(st.text(max_size=80))
def test_no_mark_is_left_and_nothing_fails(text: str) -> None:
    read = plain(normalise(text))
    assert not any(f"{mark} " in f"{read} " for mark in ("<up>", "<cap>", *LOST))
