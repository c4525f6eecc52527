"""Which name a labelled file goes by, and which side of the split its rows fall on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlpchat.errors import CorpusError
from nlpchat.training.examples import examples_of, source_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/chat.jsonl.xz", "chat"), ("chat.v2.jsonl", "chat"), ("data/films/train.jsonl", "films"), ("films/valid.jsonl.xz", "films"),
        ("films/test.jsonl", "films"), ("films/training.jsonl", "training"),
    ],
)  # fmt: skip
def test_a_file_goes_by_its_name_and_a_split_by_its_corpus(path: str, name: str) -> None:
    assert source_of(path) == name


def test_a_split_here_goes_by_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "films").mkdir()
    monkeypatch.chdir(tmp_path / "films")
    assert source_of("train.jsonl") == "films"


def test_two_corpora_keep_their_names(tmp_path: Path) -> None:
    for corpus, texts in (("films", ["Superbe.", "Raté."]), ("chats", ["mdr", "ok"])):
        (tmp_path / corpus).mkdir()
        rows = (json.dumps({"text": text, "label": "neu"}) for text in texts)
        (tmp_path / corpus / "train.jsonl").write_text("\n".join(rows), encoding="utf-8")
    found = examples_of([tmp_path / "films" / "train.jsonl", tmp_path / "chats" / "train.jsonl"], 0.0).train
    assert [e.source for e in found] == ["films", "films", "chats", "chats"]


def test_a_sets_own_split_is_kept(tmp_path: Path) -> None:
    rows = [{"text": f"texte {i}", "label": "pos", "split": ("train", "val", "test")[i % 3]} for i in range(30)]
    rows.append({"text": "sans", "label": "neg"})
    path = tmp_path / "tweets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = examples_of([path], 0.5, own_split=["tweets"])
    assert [e.text for e in found.train] == [f"texte {i}" for i in range(0, 30, 3)]
    assert len(found.held_out) == 21  # a row without a split is not their train
    path.write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="Leave --own-split tweets out"):
        examples_of([path], 0.5, own_split=["tweets"])
