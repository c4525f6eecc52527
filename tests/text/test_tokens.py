"""The tokenizer: no text is unknown, and what is encoded decodes to itself."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.errors import BundleError, CorpusError, RecipeError
from nlpchat.text.normalise import MARKS, normalise
from nlpchat.text.tokens import BOS_ID, UNK_ID, Tokenizer, train_tokenizer, windowed

INVENTED = Path(__file__).parents[2] / "corpora" / "chat-invented" / "chat_invented.jsonl.xz"
with lzma.open(INVENTED, "rt", encoding="utf-8") as stream:
    LINES = ["je suis trop content de te voir", *(json.loads(line)["text"] for line in list(stream)[:400])]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(LINES, vocab_size=800)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30))
def test_nothing_is_unknown_and_all_comes_back(tokenizer: Tokenizer, raw: str) -> None:
    text = normalise(raw).replace("\u2581", "")  # SentencePiece's own sign for a space
    text = " ".join(text.split())
    ids = tokenizer.encode([text])[0]
    assert UNK_ID not in ids
    assert tokenizer.decode(ids) == text


def test_marks_smileys_and_emoji_are_one_piece(tokenizer: Tokenizer) -> None:
    for sign in (*MARKS, ":)", "<3", "😂", "👍", "❤️", "!"):
        assert tokenizer.pieces(tokenizer.encode([sign])[0]) == [f"\u2581{sign}"]


def test_saved_and_loaded(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.model)
    again = Tokenizer.load(tmp_path)
    assert again.encode(LINES[:4]) == tokenizer.encode(LINES[:4])


def test_same_texts_same_tokenizer(tokenizer: Tokenizer) -> None:
    assert train_tokenizer(LINES, vocab_size=800).encode(LINES[:4]) == tokenizer.encode(LINES[:4])


def test_pieces_cut_in_two_still_say_the_same_text(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode([LINES[0]])[0]
    drawn = {tuple(tokenizer.split(ids, 0.3, Random(seed))) for seed in range(30)}
    assert len(drawn) > 10
    assert {tokenizer.decode(some) for some in drawn} == {LINES[0]}
    assert tokenizer.split(ids, 0.3, Random(5)) == tokenizer.split(ids, 0.3, Random(5))
    assert tokenizer.split(ids, 0.0, Random(5)) == ids


@given(st.lists(st.sampled_from(LINES), max_size=4), st.floats(0, 1), st.integers())
def test_no_text_is_changed_by_cutting_its_pieces(
    tokenizer: Tokenizer, lines: list[str], share: float, seed: int
) -> None:
    for ids, line in zip(tokenizer.encode([normalise(line) for line in lines]), lines, strict=True):
        assert tokenizer.decode(tokenizer.split(ids, share, Random(seed))) == normalise(line)


def test_faults_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no text to learn a tokenizer from"):
        train_tokenizer(["", "  "], vocab_size=300)
    with pytest.raises(RecipeError, match="vocab_size=90000 does not suit these texts"):
        train_tokenizer(LINES, vocab_size=90_000)
    (tmp_path / "tokenizer.model").write_bytes(b"nothing of the kind")
    with pytest.raises(BundleError, match="no SentencePiece model can be read there"):
        Tokenizer.load(tmp_path)


@given(st.lists(st.integers(4, 99), max_size=50), st.integers(2, 20))
def test_windowed_keeps_the_beginning_and_the_end(ids: list[int], window: int) -> None:
    kept = windowed(ids, window)
    assert kept[0] == BOS_ID
    assert len(kept) == min(window, len(ids) + 1)
    room = window - 1
    if len(ids) <= room:
        assert kept[1:] == ids
    else:
        head = room // 4
        assert kept[1 : 1 + head] == ids[:head]
        assert kept[1 + head :] == ids[len(ids) - (room - head) :]
