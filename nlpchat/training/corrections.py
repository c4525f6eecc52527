"""Labels put right by hand: a table in, examples without those errors out.

A row is known by a digest of its text (normalised) and of the label it had, so that neither the file nor the line it stood on
matters. What a spreadsheet does to such a table is expected: semicolons or tabs, a byte-order mark, an apostrophe before an "=".
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlpchat.errors import CorpusError
from nlpchat.files import read_error
from nlpchat.records import LABELS
from nlpchat.text.normalise import normalise
from nlpchat.training.batches import Example
from nlpchat.training.examples import Examples, examples_of

DROP = "drop"
NEEDED = ("corrected", "id")
_SHOWN_FAULTS = 5


@dataclass(frozen=True, slots=True)
class Corrections:
    """name: the table's path. wanted: row id -> neg, neu, pos or drop; lines: row id -> its 1-based line in the table."""

    name: str
    wanted: Mapping[str, str]
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Matched:
    """How many corrections changed a label, dropped a row or kept the label there was; the lines that no row matches."""

    relabelled: int
    dropped: int
    kept: int
    unmatched: tuple[int, ...]

    def __str__(self) -> str:
        told = (
            f"corrections: {self.relabelled} labels changed, {self.dropped} rows dropped, {self.kept} left as they were"
        )
        if self.unmatched:
            told += f"; {len(self.unmatched)} match no row of the data (first: line {min(self.unmatched)})"
        return f"{told}."


def row_id(text: str, label: str) -> str:
    """What a labelled text is known by, whatever file it lies in. It begins with a letter: spreadsheets make numbers of digits."""
    return "r" + hashlib.sha256(f"{normalise(text)}\0{label}".encode()).hexdigest()[:16]


def read_corrections(path: str | Path) -> Corrections:
    """The rows of a table whose `corrected` is filled in. Raises CorpusError (all faults at once) and InputError."""
    wanted: dict[str, str] = {}
    lines: dict[str, int] = {}
    faults: list[str] = []
    for number, row in _rows(Path(path)):
        said = (row["corrected"] or "").strip().lower()
        name = (row["id"] or "").strip()
        if not said:
            continue
        fault = _fault(said, name, row)
        if not fault and wanted.get(name, said) != said:
            fault = f"{said!r}, and line {lines[name]} says {wanted[name]!r} of the same text"
        if fault:
            faults.append(f"line {number}: {fault}")
            continue
        wanted[name] = said
        lines.setdefault(name, number)
    if faults:
        more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise CorpusError(f"{path}: {'; '.join(faults[:_SHOWN_FAULTS])}{more}. Only `corrected` is to be filled in.")
    if not wanted:
        raise CorpusError(f"{path}: no row has its `corrected` filled in. Write neg, neu, pos or drop there.")
    return Corrections(str(path), wanted, lines)


def corrected(examples: Sequence[Example], corrections: Corrections) -> list[Example]:
    """The examples with the wanted labels, without those to drop."""
    kept = []
    for example in examples:
        said = corrections.wanted.get(row_id(example.text, LABELS[example.label]))
        if said is None:
            kept.append(example)
        elif said != DROP:
            kept.append(replace(example, label=LABELS.index(said)))
    return kept


def corrected_examples(examples: Examples, corrections: Corrections) -> Examples:
    """Both sides of the split, put right."""
    train, held_out = (tuple(corrected(side, corrections)) for side in (examples.train, examples.held_out))
    return replace(examples, train=train, held_out=held_out)


def matched(corrections: Corrections, data: Sequence[str | Path]) -> Matched:
    """What the corrections will do to the rows of `data`. Raises CorpusError when they match none at all, InputError."""
    there = {row_id(e.text, LABELS[e.label]): LABELS[e.label] for e in examples_of(data, 0.0).train}
    wanted = corrections.wanted
    unmatched = tuple(line for name, line in corrections.lines.items() if name not in there)
    if len(unmatched) == len(wanted):
        raise CorpusError(
            f"{corrections.name}: none of its {len(wanted)} corrections matches a row of the data. Is it a table that top-losses "
            "wrote of these files?"
        )
    found = [(said, there[name]) for name, said in wanted.items() if name in there]
    dropped = sum(said == DROP for said, _ in found)
    kept = sum(said == label for said, label in found)
    return Matched(len(found) - dropped - kept, dropped, kept, unmatched)


def _fault(said: str, name: str, row: Mapping[str, str | None]) -> str:
    if said not in (*LABELS, DROP):
        return f"{said!r} is none of {', '.join(LABELS)}, {DROP}"
    if not name:
        return "it has no id"
    text, label = row.get("text"), row.get("label")
    if text is None or label is None:
        return ""  # the two may have been left out; the id alone says which row it is
    spelt = [text, text[1:]] if text.startswith("'") else [text]
    if name not in {row_id(one, label.strip()) for one in spelt}:
        return "its text or its label was changed, so that its id is no longer theirs"
    return ""


def _rows(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """The rows of a CSV with the 1-based lines on which they begin, whatever stands between its cells."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            text = stream.read()
    except OSError as fault:
        raise read_error(path, fault) from fault
    except UnicodeDecodeError as fault:
        raise CorpusError(f"{path}: not in UTF-8. Save it as CSV in UTF-8.") from fault
    head = text.split("\n", 1)[0]
    between = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=between)
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise CorpusError(f"{path}, line 1: no column {' and no '.join(missing)}. Give a table that top-losses wrote.")
    rows = []
    number = reader.line_num + 1
    try:
        for row in reader:
            rows.append((number, row))
            number = reader.line_num + 1
    except csv.Error as fault:
        raise CorpusError(f"{path}, line {number}: not a row of a CSV ({fault}). Save it again as CSV.") from fault
    return rows
