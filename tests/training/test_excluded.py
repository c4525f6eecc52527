"""Who asked to be left out of a training is: by id, by address, by the digest of the text; in every form of input."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nlpchat.cli import main
from nlpchat.exclude import excluded_ids
from nlpchat.training.chosen import Chosen, CorpusOptions
from nlpchat.training.examples import examples_of
from nlpchat.training.texts import documents

ROWS = [
    {"site": "allocine", "item": "film-1", "review_id": "11", "url": "https://allocine.fr/a#review_11", "text": "Superbe.", "label": "pos"},
    {"site": "allocine", "item": "film-1", "review_id": "12", "url": "https://allocine.fr/a#review_12", "text": "Raté.", "label": "neg"},
    {"site": "babelio", "item": "8", "review_id": "11", "url": "https://www.babelio.com/b#11", "text": "Bof.", "label": "neu"},
]  # fmt: skip


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("Un titre\nUne phrase de quelqu'un.\n\nLa seule de ce document.\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("11", ["Raté."]), ("allocine:11", ["Raté.", "Bof."]), ("http://allocine.fr/a?page=4#review_12", ["Superbe.", "Bof."]),
        (digest("Bof."), ["Superbe.", "Raté."]), ("99", ["Superbe.", "Raté.", "Bof."]),
    ],
)  # fmt: skip
def test_rows_are_left_out_of_labelled_sets_and_of_texts(
    reviews: Path, tmp_path: Path, line: str, left: list[str]
) -> None:
    (tmp_path / "ids.txt").write_text(f"{line}\n", encoding="utf-8")
    excluded = excluded_ids(tmp_path / "ids.txt")
    assert sorted(e.text for e in examples_of([reviews], 0.0, excluded).train) == sorted(left)
    assert [line for document in documents(reviews, excluded) for line in document.lines] == left


def test_reviews_of_a_work_are_a_group(reviews: Path) -> None:
    assert [e.group for e in examples_of([reviews], 0.0).train] == ["film-1", "film-1", "8"]


def test_a_line_of_a_text_is_left_out_by_its_digest(texts: Path) -> None:
    excluded = frozenset({digest("Une phrase de quelqu'un."), digest("La seule de ce document.")})
    assert [d.lines for d in documents(texts, excluded)] == [("Un titre",)]
    whole = [d.lines for d in documents(texts)]
    assert [d.lines for d in documents(texts, frozenset({"11"}))] == whole


def test_what_is_left_out_is_neither_learnt_from_nor_measured_on(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("\n\n".join(f"Phrase numéro {n}." for n in range(40)), encoding="utf-8")
    options = CorpusOptions(0.3, excluded=frozenset({digest("Phrase numéro 7.")}))
    chosen = Chosen([path], options)
    seen = {line for side in (True, False) for d in chosen.documents(held_out=side) for line in d.lines}
    assert seen == {f"Phrase numéro {n}." for n in range(40)} - {"Phrase numéro 7."}


@pytest.mark.parametrize(
    "command",
    [["train-tokenizer"], ["pretrain-lm", "--tokenizer", "t"], ["finetune-lm"], ["train-classifier", "--lm", "m"]],
)
def test_a_faulty_list_stops_every_training_before_it_begins(command: list[str], reviews: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("11\nJeanne Dupont, de Lyon\n", encoding="utf-8")
    line = [*command, str(reviews), "-o", str(tmp_path / "out"), "--exclude", str(tmp_path / "ids.txt")]
    answer = CliRunner().invoke(main, line)
    assert answer.exit_code == 1
    assert "ids.txt, line 2: a review's id" in answer.output
    assert not (tmp_path / "out").exists()
