"""Rows in a table file: CSV, JSON Lines or Parquet, by the file's ending; streamed, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from nlpchat.errors import OutputError, RecipeError
from nlpchat.files import for_spreadsheet, written_beside

Row = Mapping[str, object]
# Rows per Parquet row group, and so rows in memory.
GROUP = 50_000


def write_rows(rows: Iterable[Row], path: Path, columns: Sequence[str], kinds: Mapping[str, type] | None = None) -> int:
    """How many rows were written to `path`, with these columns in this order; texts letter for letter.

    .csv (UTF-8 with a header), .jsonl or .parquet. In CSV only, a text that a spreadsheet would run (it begins with
    one of = + - @, a tab or a carriage return) has an apostrophe before it. A missing value is an empty field, null, or a Parquet
    null; a time is ISO 8601, in Parquet a timestamp. Raises RecipeError for another ending; OutputError when
    it cannot be written, and then nothing is left behind. kinds: the type of a column's values, for Parquet, where
    the first rows may have none; of other columns the first value says it.
    """
    check_suffix(path)
    writer = _WRITERS[path.suffix.lower()]
    with written_beside(path) as beside:
        return writer(rows, beside, columns, kinds or {})


def check_suffix(path: Path) -> None:
    """Nothing; raises RecipeError when `path` ends in none of the kinds that `write_rows` knows."""
    if path.suffix.lower() not in _WRITERS:
        raise RecipeError(f"{path}: the ending must say the kind of table: {', '.join(_WRITERS)}.")


def _write_csv(rows: Iterable[Row], path: Path, columns: Sequence[str], _kinds: Mapping[str, type]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row.get(name)) for name in columns])
            count += 1
    return count


def _write_jsonl(rows: Iterable[Row], path: Path, columns: Sequence[str], _kinds: Mapping[str, type]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(json.dumps({name: _plain(row.get(name)) for name in columns}, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_parquet(rows: Iterable[Row], path: Path, columns: Sequence[str], kinds: Mapping[str, type]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    groups = _groups(iter(rows))
    first = next(groups, [])
    schema = pa.schema([(name, _arrow_type(pa, first, name, kinds.get(name))) for name in columns])
    try:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for group in _again(first, groups):
                table = {name: [row.get(name) for row in group] for name in columns}
                writer.write_table(pa.table(table, schema=schema))
                count += len(group)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as fault:
        raise OutputError(
            f"{path.name}: one column has values of two kinds ({fault}). Write .csv or .jsonl."
        ) from fault
    return count


def _again(first: list[Row], groups: Iterator[list[Row]]) -> Iterator[list[Row]]:
    yield first
    yield from groups


def _groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while group := list(islice(rows, GROUP)):
        yield group


def _arrow_type(pa: Any, rows: list[Row], name: str, kind: type | None) -> Any:
    value = kind() if kind is not None else next((row[name] for row in rows if row.get(name) is not None), "")
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int):
        return pa.int64()
    if isinstance(value, float):
        return pa.float64()
    if isinstance(value, datetime):
        return pa.timestamp("us", tz="UTC" if value.tzinfo else None)
    return pa.string()


def _cell(value: object) -> object:
    """The value as CSV has it: what other people wrote is shown by a spreadsheet, and not run."""
    return for_spreadsheet(value) if isinstance(value, str) else _plain(value)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


_WRITERS = {".csv": _write_csv, ".jsonl": _write_jsonl, ".parquet": _write_parquet}
