"""Texts to learn language from, out of any file a person may have: .txt, .xz, .jsonl, or a chat export.

A document is a list of lines that belong together: the lines between two blank ones of a .txt, the `text` of a JSON line,
the messages of a chat. Its group decides which side of the split it falls on.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from nlpchat.chats import read_chats
from nlpchat.corpus.labelled import GROUP_FIELDS
from nlpchat.errors import ChatFormatError, CorpusError
from nlpchat.exclude import digest_of, is_excluded_row
from nlpchat.files import read_error

CHAT_LINES = 20  # messages of a chat that stay together; one chat alone still has a held-out part
TEXT_LINES = 40  # lines of a .txt that stay together where no blank line ends a document sooner


@dataclass(frozen=True, slots=True)
class Document:
    """Lines that belong together. name: its own, by which a cap leaves it out; group: by which it is held out."""

    name: str
    group: str
    lines: tuple[str, ...]


def documents(path: str | Path, excluded: frozenset[str] = frozenset()) -> Iterator[Document]:
    """The documents of one file, without those who asked to be left out (see nlpchat/exclude.py): a row of a .jsonl by its id,
    address or text, a line of anything else by its text. Raises InputError, CorpusError (with the line) or ChatFormatError.
    """
    by_text = any(name.startswith("sha256:") for name in excluded)
    for document in _documents(Path(path), excluded):
        lines = document.lines
        if by_text:
            lines = tuple(line for line in lines if digest_of(line) not in excluded)
        if lines:
            yield document if len(lines) == len(document.lines) else replace(document, lines=lines)


def _documents(path: Path, excluded: frozenset[str]) -> Iterator[Document]:
    suffixes = [s.lower() for s in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".xz"
    kind = suffixes[-2] if packed and len(suffixes) > 1 else suffixes[-1] if suffixes else ""
    try:
        if path.is_dir() or kind in (".zip", ".json"):
            yield from _of_chat(path)
        elif kind == ".jsonl":
            with _open(path, packed) as stream:
                yield from _of_jsonl(path, stream, excluded)
        elif kind == ".txt" and not packed and _is_chat(path):
            yield from _of_chat(path)
        else:
            with _open(path, packed) as stream:
                yield from _of_text(path, stream)
    except OSError as fault:
        raise read_error(path, fault) from fault
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as fault:
        raise CorpusError(f"{path}: cannot be read to its end ({fault}). Is it whole, and UTF-8?") from fault


def _open(path: Path, packed: bool) -> IO[str]:
    return lzma.open(path, "rt", encoding="utf-8-sig") if packed else path.open(encoding="utf-8-sig")


def _is_chat(path: Path) -> bool:
    try:
        read_chats(path)
    except ChatFormatError:
        return False
    return True


def _of_chat(path: Path) -> Iterator[Document]:
    for chat in read_chats(path):
        name = f"{path.name}:{chat.thread}:" if chat.thread else f"{path.name}:"
        lines = tuple(message.text for message in chat if message.kind == "text")
        for start in range(0, len(lines), CHAT_LINES):
            yield _document(f"{name}{start // CHAT_LINES}", lines[start : start + CHAT_LINES])


def _of_text(path: Path, stream: IO[str]) -> Iterator[Document]:
    lines: list[str] = []
    for raw in stream:
        line = raw.strip()
        if line:
            lines.append(line)
        if lines and (not line or len(lines) == TEXT_LINES):
            yield _document(f"{path.name}:{lines[0]}", tuple(lines))
            lines = []
    if lines:
        yield _document(f"{path.name}:{lines[0]}", tuple(lines))


def _of_jsonl(path: Path, stream: IO[str], excluded: frozenset[str]) -> Iterator[Document]:
    for number, raw in enumerate(stream, 1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw)
            text = row["text"]
        except (ValueError, KeyError, TypeError) as fault:
            raise CorpusError(f'{path}, line {number}: not a JSON object with a "text" field ({fault}).') from fault
        if not isinstance(text, str):
            raise CorpusError(f'{path}, line {number}: "text" must be a string.')
        if is_excluded_row(excluded, row):
            continue
        group = next((str(row[f]) for f in GROUP_FIELDS if row.get(f)), text)
        lines = tuple(line for line in text.splitlines() if line.strip())
        yield Document(f"{path.name}:{text}", f"{path.name}:{group}", lines)


def _document(name: str, lines: tuple[str, ...]) -> Document:
    return Document(name, name, lines)
