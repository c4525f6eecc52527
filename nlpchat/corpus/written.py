"""Parts -> the files of a split, without duplicates, and what was counted on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np

from nlpchat.corpus.card_words import SPLITS
from nlpchat.corpus.dedup import Mask, distinct, firsts
from nlpchat.corpus.parts import Parts
from nlpchat.corpus.reading import Row
from nlpchat.files import folder_written_beside

SPLIT_FILES = {name: f"{name}.jsonl" for name in SPLITS}
SAME, NEAR, REPEATED = "the same text again", "nearly the same text again", "all its lines stand in earlier texts"


@dataclass(frozen=True, slots=True)
class Written:
    """One file of a split. labels: of a labelled set, how many rows have each."""

    rows: int
    words: int
    labels: Mapping[str, int]
    sha256: str


def write_splits(parts: Parts, folder: str | Path, near: float) -> tuple[dict[str, Written], Counter[str]]:
    """The rows of all parts in folder/train.jsonl, ...; what was written, and why rows were left out.

    The folder is there whole or not at all. near: see BuildRules.
    """
    stays, left_out = _stays(parts, near)
    with folder_written_beside(folder) as beside, ExitStack() as files:
        writers = {name: _Writer(files.enter_context((beside / file).open("wb"))) for name, file in SPLIT_FILES.items()}
        for side, row in _texts(parts, stays):
            if row.text:
                writers[side].write(row)
            else:
                left_out[REPEATED] += 1
    return {name: writer.written() for name, writer in writers.items()}, left_out


def _stays(parts: Parts, near: float) -> tuple[Mask, Counter[str]]:
    """Which rows are no duplicates of an earlier one."""
    stays = firsts(parts.array("keys"))
    left_out = Counter({SAME: int((~stays).sum())})
    if near:
        signed = parts.signed()
        looked_at = stays[signed]
        alone = distinct(parts.array("signatures")[looked_at], near)
        stays[signed[looked_at][~alone]] = False
        left_out[NEAR] = int((~alone).sum())
    return stays, +left_out


def _texts(parts: Parts, stays: Mask) -> Iterator[tuple[str, Row]]:
    """Side and row of those that stay, a text without the lines that stand in an earlier one."""
    counts, line_keys = parts.array("lines").astype(np.int64), parts.array("line_keys")
    line_stays = np.ones(len(line_keys), dtype=bool)
    looked_at = np.flatnonzero(np.repeat(stays[: len(counts)], counts) & (line_keys != 0))
    line_stays[looked_at] = firsts(line_keys[looked_at])
    begin = 0
    for number, (side, row) in enumerate(parts.rows()):
        end = begin + (int(counts[number]) if len(counts) else 0)
        if stays[number]:
            yield side, _with_lines(row, line_stays[begin:end]) if len(counts) else row
        begin = end


def _with_lines(row: Row, stays: Mask) -> Row:
    if stays.all():
        return row
    lines = row.text.split("\n")
    return replace(row, text="\n".join(line for line, stay in zip(lines, stays, strict=True) if stay))


class _Writer:
    """Rows as lines of JSON, counted and digested as they go."""

    def __init__(self, stream: BufferedWriter):
        self._stream, self._digest = stream, sha256()
        self._rows = self._words = 0
        self._labels: Counter[str] = Counter()

    def write(self, row: Row) -> None:
        line = (json.dumps(_as_json(row), ensure_ascii=False) + "\n").encode()
        self._stream.write(line)
        self._digest.update(line)
        self._rows += 1
        self._words += len(row.text.split())
        if row.label is not None:
            self._labels[row.label] += 1

    def written(self) -> Written:
        return Written(self._rows, self._words, dict(sorted(self._labels.items())), self._digest.hexdigest())


def _as_json(row: Row) -> dict[str, Any]:
    """What training reads, and what a later --exclude needs."""
    said = {
        "text": row.text,
        "label": row.label,
        "group": row.group,
        "site": row.site,
        "review_id": row.review_id,
        "url": row.url,
    }
    return {key: value for key, value in said.items() if value not in (None, "")}
