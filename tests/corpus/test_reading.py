"""Rows out of files: what is read, what is left where it is, what decides a side, what is refused."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from pathlib import Path

import pytest

from nlpchat.corpus.reading import Row, read_rows, row_of, unpacked_digest
from nlpchat.errors import CorpusError, InputError

REVIEW = (
    '{"site": "allocine", "item": "film-1", "review_id": "7", "rating": 0.9, "text": "Drôle.\\nTendre.", '
    '"url": "https://a.example/7", "author": "personne", "spoiler": true}'
)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (REVIEW, Row("Drôle.\nTendre.", "allocine:film-1", None, 0.9, "allocine", "7", "https://a.example/7")),
        ('{"text": "bof", "label": "neu", "title": "Inception"}', Row("bof", "Inception", "neu")),
        ('{"text": "a", "title": "t", "group": "g"}', Row("a", "g")),
        ('{"text": "Un lac.", "page_id": 12, "title": "Lac"}', Row("Un lac.", "12")),
        ('{"text": "seul", "rating": null, "group": ""}', Row("seul")),
        (r'{"text": "mort \ud83d de rire \ud83d\ude02"}', Row("mort \ufffd de rire 😂")),
    ],
)
def test_a_row_has_what_a_corpus_needs_and_nothing_else(tmp_path: Path, line: str, row: Row) -> None:
    (tmp_path / "a.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
    assert list(read_rows(tmp_path / "a.jsonl")) == [row]


def test_documents_are_parted_by_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeff Un\n deux \n\n\n trois\n", encoding="utf-8")
    assert [row.text for row in read_rows(tmp_path / "a.txt")] == ["Un\ndeux", "trois"]


def test_a_text_without_blank_lines_is_not_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"ligne {n}\n" for n in range(2500)), encoding="utf-8")
    rows = list(read_rows(tmp_path / "a.txt"))
    assert [row.text.count("\n") + 1 for row in rows] == [1000, 1000, 500]
    assert [row.placed_by for row in rows] == ["ligne 0", "ligne 1000", "ligne 2000"]


def test_packed_or_not_is_the_same(tmp_path: Path) -> None:
    raw = f"{REVIEW}\n".encode()
    for name, content in (("a.jsonl", raw), ("a.jsonl.xz", lzma.compress(raw)), ("a.jsonl.gz", gzip.compress(raw))):
        (tmp_path / name).write_bytes(content)
        assert next(read_rows(tmp_path / name)).review_id == "7"
        assert unpacked_digest(tmp_path / name) == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', 'a.jsonl, line 2: no object with a "text"'),
        ("a.jsonl", b'{"text": "a", "rating": 4.5}\n', "line 1: rating 4.5 is not from 0 to 1"),
        ("a.jsonl", b'{"text": "a", "label": 1}\n', "label 1 is no word"),
        ("a.jsonl", b"{\n", "line 1: "),
        ("a.jsonl.xz", lzma.compress(b'{"text": "a"}\n' * 999)[:-20], "cannot be read to its end"),
        ("a.txt", b"\xe9t\xe9\n", "cannot be read to its end"),
        ("a.parquet", b"PAR1", "built from .txt or .jsonl"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError) as caught:
        list(read_rows(tmp_path / name))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(read_rows(tmp_path / "a.jsonl"))


def test_true_is_no_rating() -> None:
    with pytest.raises(ValueError, match="rating True"):
        row_of({"text": "a", "rating": True})
