"""The chats and predictions in a table that `nlpchat classify -o` wrote: .csv, .jsonl or .parquet; no model runs."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nlpchat.chats.tally import authors_of
from nlpchat.errors import InputError
from nlpchat.files import for_spreadsheet, read_error
from nlpchat.predictions import Predictions
from nlpchat.records import KINDS, LABELS, VERDICTS, Chat, Message
from nlpchat.report.summary import COLUMNS

ENDINGS = (".csv", ".jsonl", ".parquet")
PLATFORM = "table"  # of a chat that was read out of one
LONGEST = 1 << 30  # characters of a CSV cell; Python's own bound is a message of 128 kB
_NEEDED = tuple(name for name in COLUMNS if name != "index")
_csv_bound = Lock()  # csv has one bound for the whole process

Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Classified:
    """A chat and what was said of its messages."""

    chat: Chat
    predictions: Predictions


def is_table(path: str | Path) -> bool:
    """Whether its ending is one of those that `classify -o` gives a table; no export has one of them."""
    return Path(path).suffix.lower() in ENDINGS


def read_back(path: str | Path, *, zone: tzinfo | None = None) -> list[Classified]:
    """The conversations of a table, with the labels and scores that stand in it, in its order.

    Labels are taken as they are, also where somebody changed one by hand. Not in a table, and so not known: reactions,
    lengths in pieces, what the reader of the export was in doubt about, and the threshold of "unsure", for which a number is
    given that agrees with the rows. zone: the time zone to give the times in; those that have none are taken to be of it.
    Raises InputError: it cannot be read, or is no such table.
    """
    path = Path(path)
    columns = _columns(path)
    rows = _Rows(path, columns, zone)
    names = [str(name or "") for name in columns["chat"]] if "chat" in columns else [path.stem] * len(columns["text"])
    groups: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        groups.setdefault(name, []).append(row)
    return [rows.classified(name, places) for name, places in (groups or {path.stem: []}).items()]


class _Rows:
    """The checked rows of a table."""

    def __init__(self, path: Path, columns: Mapping[str, Cells], zone: tzinfo | None):
        self.path, self.columns, self.zone = path, columns, zone

    def classified(self, title: str, rows: Sequence[int]) -> Classified:
        messages = tuple(self._message(row) for row in rows)
        places = [place for place, row in enumerate(rows) if self.columns["label"][row] not in (None, "")]
        told = [rows[place] for place in places]
        predictions = _predictions(places, [self._scores(row) for row in told], [self._label(row) for row in told])
        return Classified(Chat(title, PLATFORM, messages, authors_of(messages)), predictions)

    def _message(self, row: int) -> Message:
        sent_at, author, kind, text = (self.columns[name][row] for name in ("sent_at", "author", "kind", "text"))
        if kind not in KINDS:
            raise self._fault(row, f"kind is {kind!r}, and not one of {', '.join(KINDS)}")
        if not isinstance(text, str | None) or not isinstance(author, str | None):
            raise self._fault(row, "author and text are not both words")
        return Message(self._moment(row, sent_at), author or None, text or "", kind, row + 1)

    def _moment(self, row: int, sent_at: object) -> datetime:
        try:
            moment = sent_at if isinstance(sent_at, datetime) else datetime.fromisoformat(cast(str, sent_at))
        except (TypeError, ValueError):
            raise self._fault(row, f"sent_at is {sent_at!r}, which is no time") from None
        if self.zone is None:
            return moment
        return moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment.astimezone(self.zone)

    def _scores(self, row: int) -> tuple[float, ...]:
        try:
            scores = tuple(float(self.columns[label][row]) for label in LABELS)
        except (TypeError, ValueError):
            scores = ()
        if not scores or not all(0 <= score <= 1 for score in scores) or not math.isclose(sum(scores), 1, abs_tol=1e-3):
            raise self._fault(row, f"{', '.join(LABELS)} are not three scores of sum 1")
        return scores

    def _label(self, row: int) -> int:
        label = self.columns["label"][row]
        if label not in VERDICTS:
            raise self._fault(row, f"label is {label!r}, and not one of {', '.join(VERDICTS)}")
        if self.columns["kind"][row] != "text":
            raise self._fault(row, f"it has a label, and is no text but {self.columns['kind'][row]}")
        return VERDICTS.index(label)

    def _fault(self, row: int, what: str) -> InputError:
        return InputError(f"{self.path}, row {row + 1:,}: {what}. Write the table again with `nlpchat classify -o`.")


def _predictions(places: Sequence[int], scores: Sequence[tuple[float, ...]], labels: Sequence[int]) -> Predictions:
    n = len(places)
    given, said = np.array(scores, np.float32).reshape(n, len(LABELS)), np.array(labels, np.uint8)
    nothing = np.zeros(n, np.int32), np.zeros(n, np.bool_)
    found = Predictions(np.array(places, np.int32), given, *nothing, _threshold(given.max(axis=1), said))
    found.labels = said
    return found


def _threshold(best: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> float:
    """0.0 where nothing is unsure; else the roundest number above the best score of those that are, below the others'."""
    unsure = labels == VERDICTS.index("unsure")
    if not unsure.any():
        return 0.0
    low = float(best[unsure].max())
    high = float(best[~unsure].min(initial=1.0))
    rounded = (math.floor(low * 10**digits + 1) / 10**digits for digits in range(1, 6))
    return next((number for number in rounded if number <= high), min(low + 1e-6, 1.0))


def _columns(path: Path) -> dict[str, Cells]:
    """Column -> its cells. Raises InputError."""
    try:
        columns = _READERS[path.suffix.lower()](path)
    except OSError as fault:
        raise read_error(path, fault) from fault
    except (ValueError, csv.Error) as fault:
        raise InputError(f"{path}: damaged, not readable as {path.suffix[1:]} ({fault}). Write it again.") from fault
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}. Give an export, or a table that `nlpchat classify EXPORT -o` wrote."
        )
    return columns


def _read_csv(path: Path) -> dict[str, Cells]:
    with _csv_bound, path.open(encoding="utf-8-sig", newline="") as stream:
        bound = csv.field_size_limit(LONGEST)
        try:
            header, *rows = list(csv.reader(stream, strict=True)) or [[]]
        finally:
            csv.field_size_limit(bound)
    if any(len(row) != len(header) for row in rows):
        raise ValueError("its rows are not of one length")
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    columns: dict[str, Cells] = dict(zip(header, cells, strict=True))
    for name in ("author", "text", "chat", "export"):
        if name in columns:
            columns[name] = [_as_sent(cell) for cell in columns[name]]
    return columns


def _as_sent(cell: str) -> str:
    """The text without the apostrophe that keeps spreadsheets from running it; whoever typed "'+1" is misread as "+1"."""
    return cell[1:] if cell[:1] == "'" and for_spreadsheet(cell[1:]) == cell else cell


def _read_jsonl(path: Path) -> dict[str, Cells]:
    rows = list(_json_rows(path))
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names} if rows else {name: [] for name in _NEEDED}


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as stream:
        for number, line in enumerate(stream, 1):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"line {number:,} is no message")
            yield row


def _read_parquet(path: Path) -> dict[str, Cells]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)  # pyarrow's own faults are ValueErrors
    return {name: table.column(name).to_pylist() for name in table.column_names if name in {*COLUMNS, "chat"}}


_READERS = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
