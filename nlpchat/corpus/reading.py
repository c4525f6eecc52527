"""Files of texts or labelled rows -> Row: .txt and .jsonl, packed (.xz, .gz) or not, read line by line.

A .txt is documents with a blank line between them; past 1,000 lines without one a new document begins. A .jsonl has a `text` on each
line, and what else a corpus needs:

    {"text": "trop bien", "label": "pos", "title": "Inception"}
    {"text": "bof", "site": "allocine", "item": "film-1", "review_id": "12", "rating": 0.5, "url": "https://..."}

Every other key is left where it is: nothing about an author gets in.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from nlpchat.corpus.labelled import GROUP_FIELDS
from nlpchat.errors import CorpusError
from nlpchat.files import read_error
from nlpchat.text.characters import whole

DOCUMENT_LINES = 1000
_PACKED: Mapping[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open}
_DAMAGE = (lzma.LZMAError, gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Row:
    """A text as its file has it. group: what a split must not part it from, "" when the file says nothing.

    label: as stated; rating: 0.0 to 1.0; site, review_id, url: of a review, "" for what is none.
    """

    text: str
    group: str = ""
    label: str | None = None
    rating: float | None = None
    site: str = ""
    review_id: str = ""
    url: str = ""

    @property
    def placed_by(self) -> str:
        """What decides its side of a split: its group; a row without one goes by its first line."""
        return self.group or self.text.split("\n", 1)[0]


def read_rows(path: str | Path) -> Iterator[Row]:
    """The rows or documents of a file, in order. Raises InputError; CorpusError, with the line."""
    path = Path(path)
    suffixes = [suffix for suffix in path.suffixes if suffix not in _PACKED]
    kind = suffixes[-1] if suffixes else ""
    if kind not in (".txt", ".jsonl"):
        raise CorpusError(
            f"{path}: a corpus is built from .txt or .jsonl, packed as .xz or .gz or not. Give such a file."
        )
    with lines_of(path) as lines:
        yield from _rows_of_json(path, lines) if kind == ".jsonl" else _rows_of_text(lines)


def unpacked_digest(path: str | Path) -> str:
    """The SHA-256 of what a file holds, unpacked, in hex: packing it anew changes nothing."""
    path = Path(path)
    with _faults_told(path), _open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _open(path: Path, mode: str, **options: Any) -> Any:
    return _PACKED.get(path.suffix, open)(path, mode, **options)


@contextmanager
def lines_of(path: Path) -> Iterator[IO[str]]:
    """The lines of a file in UTF-8, packed or not. Raises CorpusError, InputError."""
    with _faults_told(path), _open(path, "rt", encoding="utf-8-sig") as stream:
        yield stream


@contextmanager
def _faults_told(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as fault:
        raise CorpusError(f"{path}: cannot be read to its end ({fault}). Is it whole, and UTF-8?") from fault
    except OSError as fault:
        raise read_error(path, fault) from fault


def _rows_of_text(stream: IO[str]) -> Iterator[Row]:
    lines: list[str] = []
    for raw in stream:
        line = raw.strip()
        if line:
            lines.append(line)
        if lines and (not line or len(lines) == DOCUMENT_LINES):
            yield Row("\n".join(lines))
            lines = []
    if lines:
        yield Row("\n".join(lines))


def _rows_of_json(path: Path, stream: IO[str]) -> Iterator[Row]:
    for number, raw in enumerate(stream, 1):
        if raw.strip():
            try:
                yield row_of(json.loads(raw))
            except ValueError as fault:
                raise CorpusError(f'{path}, line {number}: {fault}. A row is {{"text": "...", ...}}.') from fault


def row_of(content: object) -> Row:
    """The row that a JSON object is. Raises ValueError, which says what is wrong with it."""
    if not isinstance(content, dict) or not isinstance(content.get("text"), str):
        raise ValueError('no object with a "text" in it')
    label, rating = content.get("label"), content.get("rating")
    if not isinstance(label, str | None):
        raise ValueError(f"label {label!r} is no word")
    if rating is not None and (isinstance(rating, bool) or not isinstance(rating, int | float) or not 0 <= rating <= 1):
        raise ValueError(f"rating {rating!r} is not from 0 to 1")
    site, review_id, url = (whole(str(content.get(key) or "")) for key in ("site", "review_id", "url"))
    return Row(whole(content["text"]), whole(_group(content)), label, rating, site, review_id, url)


def _group(content: Mapping[str, Any]) -> str:
    if content.get("site") and content.get("item"):
        return f"{content['site']}:{content['item']}"
    named = (content.get(key) for key in ("group", "page_id", *GROUP_FIELDS))
    return next((str(value) for value in named if value not in (None, "")), "")
