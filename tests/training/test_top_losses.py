"""The worst rows go out as a table; what a person writes into it comes back as labels."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from nlpchat.bundle import WEIGHTS, Bundle
from nlpchat.classifier import Classifier
from nlpchat.errors import CorpusError, InputError
from nlpchat.files import for_spreadsheet
from nlpchat.records import LABELS
from nlpchat.report.tables import write_rows
from nlpchat.training.classifier import train_classifier
from nlpchat.training.corrections import (
    corrected,
    corrected_examples,
    matched,
    read_corrections,
    row_id,
)  # fmt: skip
from nlpchat.training.examples import examples_of
from nlpchat.training.recipe import ClassifierRecipe
from nlpchat.training.top_losses import COLUMNS, learnt_from, table_rows, top_losses

RECIPE = ClassifierRecipe(
    epochs=2, gradual=0.0, batch_tokens=800, lr=0.02, dropout=0.1, hidden=12, window=48, ngrams=2048, held_out=0.15,
)  # fmt: skip
WRONG = [
    ('=CMD("génial") ; "trop bien"', "neg"),  # a formula, semicolons and quotes
    ("j'adore,\nmerci ! 😍", "neg"),
    ("trop nul, affreux 😡", "pos"),
    ("horrible\u2028déteste", "pos"),
]


@pytest.fixture(scope="module")
def data(chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented chats and four rows whose labels are plainly wrong; one of them twice."""
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    rows = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in [*WRONG, WRONG[1]]]
    path.write_text(chats.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def classifier(lm: Bundle, chats: Path, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return Classifier(train_classifier(lm, [chats], tmp_path_factory.mktemp("c") / "classifier", RECIPE))


def table(classifier: Classifier, data: Path, path: Path, wanted: dict[str, str], between: str = ",") -> Path:
    """The whole table, `corrected` filled in for the texts of `wanted`."""
    write_rows(table_rows(top_losses(classifier, [data], None)), path, COLUMNS)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with path.open("w", encoding="utf-8-sig" if between == ";" else "utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter=between)
        writer.writeheader()
        writer.writerows({**row, "corrected": wanted.get(row["text"], "")} for row in rows)
    return path


def test_losses_are_those_of_the_scores_the_worst_first(classifier: Classifier, data: Path) -> None:
    missed = top_losses(classifier, [data], None)
    losses = [one.loss for one in missed]
    assert losses == sorted(losses, reverse=True)
    for one in missed[::50]:
        (said,) = classifier.predict([one.text])
        assert one.loss == pytest.approx(-np.log(said.scores[LABELS.index(one.label)]), abs=0.05)  # int8, by batch
        assert one.predicted == said.label or one.loss < 1.2
        assert json.loads(data.read_text(encoding="utf-8").split("\n")[one.line - 1])["text"] == one.text
    assert len({one.id for one in missed}) == len(missed)
    assert [one.text for one in missed].count(WRONG[1][0]) == 1
    assert top_losses(classifier, [data], 7) == missed[:7]
    wrong = {text for text, _ in WRONG}
    assert len([one for one in missed[: len(missed) // 3] if one.text in wrong]) >= 3


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_the_table_comes_back_through_a_spreadsheet(
    classifier: Classifier, data: Path, tmp_path: Path, between: str
) -> None:
    wanted = {for_spreadsheet(WRONG[0][0]): "pos", WRONG[1][0]: " POS ", WRONG[2][0]: "drop", WRONG[3][0]: "pos"}
    read = read_corrections(table(classifier, data, tmp_path / "worst.csv", wanted, between))
    assert sorted(read.wanted.values()) == ["drop", "pos", "pos", "pos"]
    assert str(matched(read, [data])) == "corrections: 2 labels changed, 1 rows dropped, 1 left as they were."
    before, after = examples_of([data], 0.15), corrected_examples(examples_of([data], 0.15), read)
    assert len(after.train) + len(after.held_out) == len(before.train) + len(before.held_out) - 1
    labels = {e.text: LABELS[e.label] for e in (*after.train, *after.held_out)}
    assert (labels[WRONG[0][0]], labels[WRONG[1][0]], labels[WRONG[3][0]]) == ("pos", "pos", "pos")
    assert WRONG[2][0] not in labels
    others = [e for e in before.train if e.text not in {text for text, _ in WRONG}]
    assert [e for e in after.train if e.text not in {text for text, _ in WRONG}] == others


def test_cells_that_a_spreadsheet_would_run_are_not_run(classifier: Classifier, data: Path, tmp_path: Path) -> None:
    path = table(classifier, data, tmp_path / "worst.csv", {})
    with path.open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert f"'{WRONG[0][0]}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@")) or (cell.startswith("-") and len(cell) > 1)]
    assert all(cell[0] == "r" for cell in cells if len(cell) == 17 and cell[1:].isalnum())


def test_a_row_is_known_wherever_it_stands(classifier: Classifier, data: Path, tmp_path: Path) -> None:
    """Files may be split, sorted and renamed between the table and the training."""
    read = read_corrections(table(classifier, data, tmp_path / "w.csv", {WRONG[2][0]: "neg"}))
    lines = data.read_text(encoding="utf-8").rstrip("\n").split("\n")
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("\n".join(reversed(lines[::2])), encoding="utf-8")
    other.write_text("\n".join(lines[1::2]), encoding="utf-8")
    assert matched(read, [other, one]).relabelled == 1
    assert row_id("Trop  nul", "neg") == row_id("Trop nul ", "neg") != row_id("Trop nul", "pos")


def test_training_takes_the_corrections(classifier: Classifier, lm: Bundle, data: Path, tmp_path: Path) -> None:
    worst = table(classifier, data, tmp_path / "worst.csv", {WRONG[1][0]: "pos", WRONG[2][0]: "drop"})
    quick = ClassifierRecipe(epochs=1, gradual=0.0, batch_tokens=2000, lr=0.02, hidden=8, window=32, ngrams=0)
    plain = train_classifier(lm, [data], tmp_path / "plain", quick)
    made = train_classifier(lm, [data], tmp_path / "made", quick, corrections=worst)
    assert [entry["name"] for entry in made.training][-1] == "worst.csv"
    assert "worst.csv" not in [entry["name"] for entry in plain.training]
    same = train_classifier(lm, [data], tmp_path / "same", quick)
    weights = [bundle.path(WEIGHTS).read_bytes() for bundle in (plain, same, made)]
    assert weights[0] == weights[1] != weights[2]
    assert learnt_from(Classifier(made), [data]) == [str(data)]
    assert learnt_from(classifier, [data]) == []


def test_corrections_without_a_row_are_counted(classifier: Classifier, data: Path, chats: Path, tmp_path: Path) -> None:
    kept = next(e for e in examples_of([chats], 0.0).train if LABELS[e.label] == "pos")
    wanted = {WRONG[2][0]: "neg", WRONG[1][0]: "pos", for_spreadsheet(kept.text): "neu"}
    path = table(classifier, data, tmp_path / "worst.csv", wanted)
    found = matched(read_corrections(path), [chats])
    assert (found.relabelled, len(found.unmatched)) == (1, 2)
    assert f"; 2 match no row of the data (first: line {min(found.unmatched)})." in str(found)
    only = table(classifier, data, tmp_path / "only.csv", {WRONG[2][0]: "neg"})
    with pytest.raises(CorpusError, match="none of its 1 corrections matches a row"):
        matched(read_corrections(only), [chats])
    assert corrected([kept], read_corrections(only)) == [kept]


GOOD = row_id("nul", "pos")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: no column corrected and no id"),
        ("corrected,text\nneg,a\n", "line 1: no column id"),
        (f"corrected,id\n,{GOOD}\n", "no row has its `corrected` filled in"),
        (f"corrected,id\nnegative,{GOOD}\n", "line 2: 'negative' is none of neg, neu, pos, drop"),
        (f"corrected,label,text,id\nneg,neg,nul,{GOOD}\n", "line 2: its text or its label was changed"),
        (f"corrected,label,text,id\nneg,pos,nul !,{GOOD}\n", "line 2: its text or its label was changed"),
        ("corrected,id\nneg,\n", "line 2: it has no id"),
        (f"corrected,id\nneg,{GOOD}\npos,{GOOD}\n", "line 3: 'pos', and line 2 says 'neg' of the same text"),
        ("corrected,id\n" + "non,x\n" * 8, r"line 6: 'non' is none of neg, neu, pos, drop; and 3 more"),
    ],
)
def test_what_is_wrong_in_a_table_is_said(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "worst.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=f"worst.csv.*{said}"):
        read_corrections(path)


def test_good_tables_of_few_columns(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text(f'corrected;text;label;id\nneg;"nul";pos;{GOOD}\n', encoding="utf-8-sig")
    assert dict(read_corrections(path).wanted) == {GOOD: "neg"}
    path.write_text(f"id\tcorrected\n{GOOD}\tdrop\n", encoding="utf-8")
    assert dict(read_corrections(path).wanted) == {GOOD: "drop"}
    with pytest.raises(InputError, match="no such file"):
        read_corrections(tmp_path / "none.csv")
    path.write_bytes("corrected,id\nné,x\n".encode("cp1252"))
    with pytest.raises(CorpusError, match="not in UTF-8"):
        read_corrections(path)
