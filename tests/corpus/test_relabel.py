"""Labels put to their texts by digest: what is there is found, what is not is counted, a faulty table is refused."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from nlpchat.cli import main
from nlpchat.corpus.relabel import digest_of, relabel, texts_of
from nlpchat.errors import CorpusError

LINES = ["Je suis là. Tu viens ? Non !", "Une seule phrase", "  des blancs autour  "]
ROW = "Très bon film. On s'ennuie un peu à la fin…\nÀ revoir"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "text").mkdir(parents=True)
    with lzma.open(tmp_path / "data" / "text" / "lines.txt.xz", "wt", encoding="utf-8") as stream:
        stream.write("\n".join(LINES))
    (tmp_path / "data" / "films.jsonl").write_text(json.dumps({"text": ROW, "label": "pos"}), encoding="utf-8")
    return tmp_path / "data"


def table(path: Path, *rows: tuple[str, str, str]) -> Path:
    path.write_text("".join(f"{file}\t{digest_of(text)}\t{label}\n" for file, text, label in rows), encoding="utf-8")
    return path


def test_lines_rows_and_sentences_are_found(data: Path, tmp_path: Path) -> None:
    wanted = [
        ("lines.txt.xz", "Tu viens ?", "neu"), ("films.jsonl", "On s'ennuie un peu à la fin…", "neg"), ("films.jsonl", ROW, "pos"),
        ("lines.txt.xz", "des blancs autour", "neu"), ("lines.txt.xz", LINES[0], "pos"), ("films.jsonl", "À revoir", "pos"),
        ("lines.txt.xz", "celle-ci n'y est pas", "neg"),
    ]  # fmt: skip
    told = relabel(table(tmp_path / "labels.tsv", *wanted), data, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["file"], row["text"], row["label"]) for row in rows] == [
        (file.split(".")[0], text, label) for file, text, label in wanted[:-1]
    ]
    assert told.labels == {"neu": 2, "neg": 1, "pos": 3}
    assert told.missing == {"lines.txt.xz": 1}


@given(st.text())
def test_a_texts_sentences_are_parts_of_it(text: str) -> None:
    whole, *parts = texts_of(text)
    assert whole == text.strip()
    assert all(part and part in text and part == part.strip() for part in parts)


def test_what_is_said_in_a_novel_is_found_without_its_dash() -> None:
    assert list(texts_of("— Viens. Non ?")) == ["— Viens. Non ?", "Viens. Non ?", "— Viens.", "Non ?", "Viens."]


def test_what_cannot_be_done_is_said_and_nothing_is_written(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(CorpusError, match="none of the texts"):
        relabel(table(tmp_path / "a", ("lines.txt.xz", "absent", "neg")), data, out)
    with pytest.raises(CorpusError, match=r"no other\.txt in it"):
        relabel(table(tmp_path / "b", ("other.txt", "absent", "neg")), data, out)
    (tmp_path / "c").write_text("../../etc/passwd\t0123456789abcdef\tneg\n")
    with pytest.raises(CorpusError, match="line 1: not FILE"):
        relabel(tmp_path / "c", data, out)
    (tmp_path / "d").write_text("")
    with pytest.raises(CorpusError, match="empty"):
        relabel(tmp_path / "d", data, out)
    assert not out.exists()


def test_the_command(data: Path, tmp_path: Path) -> None:
    some = table(tmp_path / "labels.tsv", ("lines.txt.xz", LINES[1], "neu"), ("lines.txt.xz", "absent", "neg"))
    done = CliRunner().invoke(
        main, ["corpus", "relabel", str(some), "--data", str(data), "-o", str(tmp_path / "o.jsonl.xz")]
    )
    assert done.exit_code == 0, done.output
    assert "1 labelled texts (neu 1)" in done.stdout
    assert "lines.txt.xz: 1 labelled texts are not in it" in done.stderr
