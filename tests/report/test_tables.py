"""Tables hold what was given, letter for letter, in every format; and are written whole or not at all."""

import csv
import json
from datetime import UTC, datetime

import pytest

from nlpchat.errors import OutputError, RecipeError
from nlpchat.report import tables

COLUMNS = ("index", "sent_at", "author", "text", "score")
ROWS = [
    {"index": 0, "sent_at": datetime(2024, 5, 13, 8, 0), "author": None, "text": "=SOMME(A1)", "score": 0.25},
    {
        "index": 1,
        "sent_at": datetime(2024, 5, 13, 8, 1),
        "author": "Zoé",
        "text": 'un\r\n"deux";\rtrois, 😀',
        "score": None,
    },
]


def test_csv_reads_back(tmp_path):
    path = tmp_path / "a.csv"
    assert tables.write_rows(iter(ROWS), path, COLUMNS) == 2
    with path.open(encoding="utf-8", newline="") as stream:
        header, first, second = csv.reader(stream)
    assert header == list(COLUMNS)
    assert first == ["0", "2024-05-13T08:00:00", "", "'=SOMME(A1)", "0.25"]
    assert second == ["1", "2024-05-13T08:01:00", "Zoé", 'un\r\n"deux";\rtrois, 😀', ""]


@pytest.mark.parametrize("text", ["=1+1", "+33 6 12 34 56 78", "-oui", "@tous", "\t=1", "\r=1"])
def test_a_spreadsheet_runs_no_text(tmp_path, text):
    rows = [{"author": text, "text": text, "score": -0.5}, {"author": "a=1", "text": "'=1", "score": -1}]
    for ending in ("csv", "jsonl"):
        tables.write_rows(rows, tmp_path / f"a.{ending}", ("author", "text", "score"))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream))[1:] == [[f"'{text}", f"'{text}", "-0.5"], ["a=1", "'=1", "-1"]]
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()] == rows


def test_json_lines_read_back(tmp_path):
    path = tmp_path / "a.jsonl"
    assert tables.write_rows(ROWS, path, COLUMNS) == 2
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert rows == [{**row, "sent_at": row["sent_at"].isoformat()} for row in ROWS]


def test_parquet_reads_back_over_several_row_groups(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    monkeypatch.setattr(tables, "GROUP", 3)
    rows = [{**ROWS[i % 2], "index": i} for i in range(8)]
    assert tables.write_rows(iter(rows), tmp_path / "a.parquet", COLUMNS) == 8
    file = pq.ParquetFile(tmp_path / "a.parquet")
    assert file.num_row_groups == 3
    assert file.read().to_pylist() == rows


def test_parquet_keeps_the_zone_and_an_empty_table(tmp_path):
    import pyarrow.parquet as pq

    when = datetime(2024, 5, 13, 8, 0, tzinfo=UTC)
    tables.write_rows([{"sent_at": when}], tmp_path / "a.parquet", ("sent_at",))
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == [{"sent_at": when}]
    assert tables.write_rows([], tmp_path / "b.parquet", COLUMNS) == 0
    assert pq.read_table(tmp_path / "b.parquet").column_names == list(COLUMNS)


def test_a_parquet_column_may_begin_with_rows_that_have_no_value(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    monkeypatch.setattr(tables, "GROUP", 2)
    rows = [{"text": "a", "pos": None}] * 5 + [{"text": "b", "pos": 0.5}]
    path = tmp_path / "rows.parquet"
    assert tables.write_rows(rows, path, ["text", "pos"], {"pos": float}) == 6
    assert pq.read_table(path).column("pos").to_pylist() == [None] * 5 + [0.5]


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"a\.xlsx: the ending must say the kind of table: \.csv, \.jsonl, \.parquet"):
        tables.write_rows(ROWS, tmp_path / "a.xlsx", COLUMNS)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_missing_folder_is_said(ending, tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        tables.write_rows(ROWS, tmp_path / "none" / f"a{ending}", COLUMNS)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_nothing_is_left_when_the_disk_is_full(ending, tmp_path):
    def rows():
        yield ROWS[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="the disk is full"):
        tables.write_rows(rows(), tmp_path / f"a{ending}", COLUMNS)
    assert list(tmp_path.iterdir()) == []


def test_two_kinds_in_one_parquet_column_are_refused(tmp_path):
    with pytest.raises(OutputError, match="values of two kinds"):
        tables.write_rows([{"a": 1}, {"a": "un"}], tmp_path / "a.parquet", ("a",))
    assert list(tmp_path.iterdir()) == []
