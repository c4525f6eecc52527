"""What has been read of a dump so far, kept beside the output: one part a batch, so that a run that was stopped goes on:

    FOLDER.parts/run.json              the dump and the options that the parts belong to
    FOLDER.parts/part-0-00000.json.gz  a line about the batch, then a line a document: id, title, date, lines and their tokens

Parts belong to one dump and one set of options; `PartStore` refuses others.
"""

from __future__ import annotations

import gzip
import json
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from nlpchat.errors import CorpusError, OutputError
from nlpchat.files import make_folder, written_beside
from nlpchat.scrape.wikipedia.articles import Article, articles
from nlpchat.scrape.wikipedia.choose import count_tokens, place, prose_share
from nlpchat.scrape.wikipedia.cleaner import clean, is_skipped
from nlpchat.scrape.wikipedia.dumps import HEAD_BYTES, Batch

HEAD = "sha256_of_first_mib"
PROSE_SHARE = 0.6  # of a document's text stands in sentences; in a list of works or of players less does


@dataclass(frozen=True, slots=True)
class WorkOptions:
    """What a process must know to read a batch. low, high: pages whose place (see choose.py) is between, high not included."""

    low: int
    high: int
    seed: int
    min_chars: int


@dataclass(frozen=True, slots=True)
class Document:
    """An article as paragraphs. position: which page of its batch, from 1; tokens: of the title, then of each line."""

    position: int
    page_id: int
    title: str
    edited: str
    lines: tuple[str, ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What a batch gave. source: of which batch it was made; counts: pages, read, documents, and why pages were left out;
    packed: the documents, as they are kept on disk."""

    number: int
    source: str
    counts: Mapping[str, int]
    packed: bytes


def work(batch: Batch, options: WorkOptions) -> Part:
    """The documents of one batch: everything that a process does on its own. Raises CorpusError: the batch is damaged."""
    counts: Counter[str] = Counter()
    lines: list[str] = []
    for article in articles(batch, partial(_is_wanted, options), counts):
        document = document_of(article, counts["pages"], options.min_chars)
        if isinstance(document, str):
            counts[document] += 1
        else:
            lines.append(_as_json(document))
    counts["documents"] = len(lines)
    head = json.dumps({"source": batch.source, "counts": counts})
    packed = gzip.compress("\n".join([head, *lines, ""]).encode(), 1, mtime=0)
    return Part(batch.number, batch.source, counts, packed)


def document_of(article: Article, position: int, min_chars: int) -> Document | str:
    """The article as a document, or why it is none."""
    if reason := is_skipped(article.title, article.wikitext):
        return reason
    raw = clean(article.wikitext) if article.paragraphs is None else article.paragraphs
    lines = tuple(line for line in (" ".join(paragraph.split()) for paragraph in raw) if line)
    if sum(map(len, lines)) < min_chars:
        return "too short"
    if prose_share(lines) < PROSE_SHARE:
        return "few sentences"
    tokens = tuple(map(count_tokens, (article.title, *lines)))
    return Document(position, article.page_id, article.title, article.edited, lines, tokens)


def _as_json(document: Document) -> str:
    return json.dumps({field.name: getattr(document, field.name) for field in fields(document)}, ensure_ascii=False)


def _is_wanted(options: WorkOptions, page_id: int) -> bool:
    return options.low <= place(page_id, options.seed) < options.high


class PartStore:
    """The folder of a run's parts. Raises OutputError when what lies there belongs to another dump or other options."""

    def __init__(self, folder: Path, run: Mapping[str, Any]):
        self.folder = make_folder(folder)
        record = folder / "run.json"
        self.run = dict(run)
        if record.is_file():
            there = json.loads(record.read_text(encoding="utf-8"))
            if other := differences(there, run):
                raise OutputError(
                    f"{folder}: belongs to another run ({'; '.join(other)}). Give the same dump and options to go on with "
                    "it, remove the folder to begin again, or give another -o."
                )
            # The first name and share stay: what comes out is the same, wherever the dump was moved meanwhile.
            self.run = there | {"dump": run["dump"] | {"name": there["dump"]["name"]}}
        _write(record, (json.dumps(self.run, indent=1, ensure_ascii=False) + "\n").encode())

    def has(self, turn: int, batch: Batch) -> bool:
        """Whether the batch's part is there. Raises OutputError: there is one, of another batch."""
        path = self._path(turn, batch.number)
        try:
            source = self.head(turn, batch.number)["source"] if path.is_file() else None
        except CorpusError:  # a disk that lost its power may leave one damaged: it is made again
            source = None
        if source not in (None, batch.source):
            raise OutputError(
                f"{path}: made from other bytes than the dump has there. Remove {self.folder} to begin again, "
                "or give back the dump that it was made from."
            )
        return source is not None

    def keep(self, turn: int, part: Part) -> None:
        _write(self._path(turn, part.number), part.packed)

    def head(self, turn: int, number: int) -> dict[str, Any]:
        head = next(self._lines(turn, number), None)
        if head is None:
            raise CorpusError(f"{self._path(turn, number)}: empty. Remove it; the same line makes it again.")
        return head

    def documents(self, turn: int, number: int) -> Iterator[Document]:
        lines = self._lines(turn, number)
        next(lines)
        for line in lines:
            yield Document(**line | {"lines": tuple(line["lines"]), "tokens": tuple(line["tokens"])})

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, turn: int, number: int) -> Path:
        return self.folder / f"part-{turn}-{number:05d}.json.gz"

    def _lines(self, turn: int, number: int) -> Iterator[dict[str, Any]]:
        path = self._path(turn, number)
        try:
            with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
                yield from map(json.loads, stream)
        except (OSError, EOFError, ValueError, zlib.error) as fault:
            raise CorpusError(f"{path}: cannot be read ({fault}). Remove it; the same line makes it again.") from fault


def differences(there: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """What is not the same of two runs: "options min_chars: 1000 there, 500 now".

    A dump may have another name, and may have grown: one that was cut off is finished later, and each part is compared with
    its batch before it is used.
    """
    grown = there["dump"]["bytes"] < run["dump"]["bytes"]
    settled = {"name"} | ({"bytes"} if grown else set())
    if grown and there["dump"]["bytes"] < HEAD_BYTES:
        settled.add(HEAD)
    return [
        f"{group} {name.replace('_', ' ')}: {there[group].get(name)} there, {value} now"
        for group in ("dump", "options", "program")
        for name, value in run[group].items()
        if there[group].get(name) != value and name not in settled
    ]


def _write(path: Path, content: bytes) -> None:
    with written_beside(path) as beside:
        beside.write_bytes(content)
