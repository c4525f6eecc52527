"""Labels apart from their texts -> labelled texts: a table of digests goes where the texts themselves may not.

A line of the table is FILE, a tab, the first 16 hex digits of the SHA-256 of the text in UTF-8, a tab, the label; FILE is a name
in a folder of data, .txt or .jsonl, packed or not. A text is a line of that file (the "text" of a row) or a sentence of one.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nlpchat.corpus.located import place_of
from nlpchat.corpus.reading import lines_of, read_rows
from nlpchat.errors import CorpusError
from nlpchat.files import written_beside

DIGITS = 16
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_DASH = re.compile(r"^[—–-]\s*")  # before what somebody says in a novel


@dataclass(frozen=True, slots=True)
class Relabelled:
    """What came of it: rows written by label; missing: labels whose text is not in the data, by file."""

    labels: Counter[str]
    missing: Counter[str]


def digest_of(text: str) -> str:
    """The key of a text in the table.

    >>> digest_of("trop bien")
    '5490139995e0c824'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def texts_of(text: str) -> Iterator[str]:
    """A row itself, its lines (without the dash of a dialogue too) and its sentences, each once."""
    yield text.strip()
    lines = [line.strip() for line in text.splitlines()]
    lines += [said for line in lines if (said := _DASH.sub("", line)) != line]
    parts = [part.strip() for one in (*lines, text) for part in _SENTENCE.split(one)]
    yield from dict.fromkeys(part for part in (*lines, *parts) if part and part != text.strip())


def relabel(table: str | Path, data: str | Path, output: str | Path) -> Relabelled:
    """Writes a row of JSON ({"text", "label", "file"}) for each line of `table` whose text is in `data`, in the table's order.

    data: a folder; its files are looked for there and one folder below. output: .jsonl or .jsonl.xz; file is
    the file's name without its endings, which groups nothing: a row is its own group.
    Raises CorpusError (a faulty table, a file that is missing, no text found at all), InputError, OutputError.
    """
    wanted = _table(Path(table))
    by_file: dict[str, set[str]] = {}
    for file, key, _ in wanted:
        by_file.setdefault(file, set()).add(key)
    found: dict[tuple[str, str], str] = {}
    for file, keys in by_file.items():
        for text in (text for row in read_rows(_place(data, file)) for text in texts_of(row.text)):
            key = digest_of(text)
            if key in keys:
                found.setdefault((file, key), text)
    told = Relabelled(Counter(), Counter())
    rows = []
    for file, key, label in wanted:
        if (file, key) not in found:
            told.missing[file] += 1
            continue
        told.labels[label] += 1
        rows.append(
            json.dumps({"text": found[file, key], "label": label, "file": _name(file)}, ensure_ascii=False) + "\n"
        )
    if not rows:
        raise CorpusError(
            f"{data}: none of the texts that {table} labels is there. Are these its files, of the same versions?"
        )
    output = Path(output)
    with written_beside(output) as beside:
        content = "".join(rows).encode()
        beside.write_bytes(lzma.compress(content) if output.suffix == ".xz" else content)
    return told


def _table(path: Path) -> list[tuple[str, str, str]]:
    with lines_of(path) as stream:
        lines = [line.rstrip("\n").split("\t") for line in stream if line.strip()]
    for number, line in enumerate(lines, 1):
        if len(line) != 3 or len(line[1]) != DIGITS or Path(line[0]).name != line[0]:
            raise CorpusError(f"{path}, line {number}: not FILE, {DIGITS} hex digits and a label with tabs between.")
    if not lines:
        raise CorpusError(f"{path}: empty. A table of labels has a line for each text.")
    return [(file, key, label) for file, key, label in lines]


def _place(data: str | Path, file: str) -> Path:
    path = place_of(file, data)
    if path is None:
        raise CorpusError(
            f"{data}: no {file} in it, nor one folder below. Give the folder of the data that was labelled."
        )
    return path


def _name(file: str) -> str:
    return file.split(".")[0]
