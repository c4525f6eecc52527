"""Token shards: what was written is read back, from one shard or several; splits stay put."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.corpus import store as store_module
from nlpchat.corpus.splits import is_held_out, place
from nlpchat.corpus.store import cut, open_store, write_store
from nlpchat.errors import CorpusError

PIECES = [[1, 5, 9], [1], [1, *range(4, 40)], [1, 700, 65_000]]


@pytest.mark.parametrize(("vocab", "dtype"), [(66, "uint16"), (65_536, "uint16"), (65_537, "uint32")])
@pytest.mark.parametrize("shard_tokens", [7, 1000])
def test_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vocab: int, dtype: str, shard_tokens: int
) -> None:
    monkeypatch.setattr(store_module, "SHARD_TOKENS", shard_tokens)
    made = write_store(PIECES, tmp_path / "store", vocab_size=vocab, tokenizer="abc")
    flat = [i for piece in PIECES for i in piece]
    assert made.tokens == len(flat)
    assert made.read(0, made.tokens).tolist() == flat
    assert [
        made.read(a, b).tolist() for a, b in zip(made.starts[:-1].tolist(), made.starts[1:].tolist(), strict=True)
    ] == PIECES
    assert made.read(5, 20).tolist() == flat[5:20]
    assert made.shards[0].dtype == np.dtype(dtype)
    assert isinstance(made.shards[0], np.memmap)


def test_empty_pieces_are_left_out_and_nothing_at_all_is_refused(tmp_path: Path) -> None:
    assert write_store([[], [4], []], tmp_path / "a", vocab_size=10, tokenizer="").pieces == 1
    with pytest.raises(CorpusError, match="no text to make tokens of"):
        write_store([[], []], tmp_path / "b", vocab_size=10, tokenizer="")
    assert not (tmp_path / "b").exists()


def test_damage_is_noticed(tmp_path: Path) -> None:
    write_store(PIECES, tmp_path / "store", vocab_size=66, tokenizer="")
    shard = tmp_path / "store" / "tokens-00000.bin"
    shard.write_bytes(shard.read_bytes()[:-2])
    with pytest.raises(CorpusError, match="cut short"):
        open_store(tmp_path / "store")
    with pytest.raises(CorpusError, match="not a folder of token shards"):
        open_store(tmp_path)


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 12))
def test_cut_loses_nothing(ids: list[int], size: int) -> None:
    parts = list(cut(ids, size))
    assert [i for part in parts for i in part] == ids
    assert all(0 < len(part) <= size for part in parts)


def test_places_are_even_and_the_same_everywhere() -> None:
    assert place("Inception") == pytest.approx(0.6143, abs=1e-4)
    held = sum(is_held_out(f"film {i}", 0.2) for i in range(5000))
    assert held == pytest.approx(1000, abs=120)
    assert place("film 1", "a") != place("film 1", "b")
