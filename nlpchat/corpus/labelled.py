"""Labelled texts from JSON Lines (.jsonl, .jsonl.xz): one object a line, with `text` and `label`.

    {"text": "trop bien ce film", "label": "pos", "source": "sms"}

Labels other than neg, neu and pos are left out, and counted.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpchat.errors import CorpusError
from nlpchat.exclude import is_excluded_row
from nlpchat.files import read_error
from nlpchat.records import LABELS, Label

# What rows may have in common; the first that a row has is its group, which splits never cut through.
GROUP_FIELDS = ("title", "item", "app", "restaurant", "batch", "source", "chat", "film", "group")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, what it expresses, the group it must not be parted from (None: its own), its 1-based line.

    split: the side that the set's makers put it on ("train", "val"), where they say so.
    """

    text: str
    label: Label
    group: str | None
    line: int
    split: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The rows of one file. name: the path as given. left_out: another label -> how many rows had it."""

    name: str
    rows: tuple[Labelled, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


def read_labelled(
    path: str | Path, *, group_fields: Sequence[str] = GROUP_FIELDS, excluded: frozenset[str] = frozenset()
) -> LabelledSet:
    """The labelled rows of `path`, in order, without those `excluded` (see nlpchat/exclude.py).

    Raises CorpusError, InputError: it cannot be read.
    """
    rows: list[Labelled] = []
    left_out: Counter[str] = Counter()
    for number, line in _lines(Path(path)):
        content = _row(path, number, line)
        if is_excluded_row(excluded, content):
            continue
        if content["label"] not in LABELS:
            left_out[content["label"]] += 1
            continue
        group = next((str(content[f]) for f in group_fields if content.get(f) not in (None, "")), None)
        split = content.get("split")
        rows.append(
            Labelled(content["text"], content["label"], group, number, split if isinstance(split, str) else None)
        )
    if not rows:
        found = f"its labels are {', '.join(left_out)}" if left_out else "it is empty"
        raise CorpusError(f"{path}: no row with a label among {', '.join(LABELS)}; {found}.")
    return LabelledSet(str(path), tuple(rows), dict(left_out))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their 1-based numbers."""
    if not path.name.endswith((".jsonl", ".jsonl.xz")):
        raise CorpusError(f"{path}: labelled texts are JSON Lines, .jsonl or .jsonl.xz. Give such a file.")
    number = 0
    try:
        with lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                if line := raw.decode("utf-8").strip():
                    yield number, line
    except UnicodeDecodeError as fault:
        raise CorpusError(f"{path}, line {number}: not in UTF-8. Convert the file, or make it again.") from fault
    except (lzma.LZMAError, EOFError) as fault:
        raise CorpusError(f"{path}, after line {number}: the xz file is damaged ({fault}). Copy it again.") from fault
    except OSError as fault:
        raise read_error(path, fault) from fault


def _row(path: str | Path, number: int, line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError as fault:
        raise CorpusError(f"{path}, line {number}: not valid JSON ({fault}). One object a line is needed.") from fault
    fields = [
        key for key in ("text", "label") if not isinstance(content, dict) or not isinstance(content.get(key), str)
    ]
    if fields:
        raise CorpusError(
            f'{path}, line {number}: no {" and no ".join(fields)} in it. A row is {{"text": "...", "label": "pos"}}.'
        )
    row: dict[str, Any] = content
    return row
