"""The folder that `nlpchat scrape wikipedia` writes.

    train-00000.txt.xz ...  valid-...  test-...   a line a paragraph, the title first, a blank line between documents
    pages.tsv.gz                                  page id, title, split, tokens of each document, in the order of the dump
    NOTICE.txt                                    whose text this is, its licence, how to see who wrote a page
    summary.json                                  the dump, the options, counts, what was left out and why, digests

Same dump and options, same bytes.
"""

from __future__ import annotations

import gzip
import json
import lzma
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpchat.files import digest
from nlpchat.scrape.wikipedia.choose import SPLITS, Split
from nlpchat.workers import in_order

SUMMARY = "summary.json"
SHARD_BYTES = 16 << 20  # of text in one .xz, about 2.5 million tokens
XZ_PRESET = 3  # quicker than 6; the same text gives the same bytes every time

_DATE = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")
_NOTICE = """\
Text of Wikipedia, cleaned: paragraphs without tables, notes, images and markup; paragraphs that come twice are left out.

Dump: {dump}, {date}
Newest version of a page in it: {newest}

The text is by the authors of each page, under the licence Creative Commons Attribution-ShareAlike 4.0 International (CC BY-SA 4.0):
https://creativecommons.org/licenses/by-sa/4.0/
Older parts are under the GNU Free Documentation License as well. Whoever passes this text on, changed or not, names the authors (a
link to the page is enough), says that it was changed, and does so under the same licence.

Who wrote a page: pages.tsv.gz holds the id of every page taken from; its history is at
https://{site}/w/index.php?curid=PAGE_ID&action=history
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as it is written: its lines without duplicates, and its tokens."""

    page_id: int
    title: str
    edited: str
    split: Split
    lines: tuple[str, ...]
    tokens: int


@dataclass(slots=True)
class _Side:
    """One side of the split while it is written."""

    documents: int = 0
    tokens: int = 0
    lines: int = 0
    characters: int = 0
    shards: int = 0
    waiting: list[str] = field(default_factory=list)
    size: int = 0


def write_texts(documents: Iterable[Kept], folder: Path, executor: Executor, ahead: int) -> dict[str, Any]:
    """Writes the texts and pages.tsv.gz; what summary.json says of them: counts of each split, the newest version."""
    sides = {split: _Side() for split in SPLITS}
    newest = ""

    def shards(pages: gzip.GzipFile) -> Iterator[tuple[str, bytes]]:
        nonlocal newest
        pages.write(b"page_id\ttitle\tsplit\ttokens\n")
        for document in documents:
            side = sides[document.split]
            newest = max(newest, document.edited)
            pages.write(f"{document.page_id}\t{document.title}\t{document.split}\t{document.tokens}\n".encode())
            if _add(side, document) >= SHARD_BYTES:
                yield _shard(document.split, side)
        yield from (_shard(split, side) for split, side in sides.items() if side.waiting)

    with (folder / "pages.tsv.gz").open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as pages:
        for name, packed in in_order(_packed, shards(pages), executor, ahead):
            (folder / name).write_bytes(packed)
    names = ("documents", "tokens", "lines", "characters")
    return {"splits": {s: {n: getattr(side, n) for n in names} for s, side in sides.items()}, "newest_version": newest}


def write_notice(folder: Path, dump: str, site: str, newest: str) -> None:
    text = _NOTICE.format(
        dump=dump, date=f"of {date_of(dump) or 'a day that its name does not say'}",
        newest=newest or "not said", site=site or "fr.wikipedia.org",
    )  # fmt: skip
    (folder / "NOTICE.txt").write_text(text, encoding="utf-8", newline="\n")


def write_summary(folder: Path, summary: Mapping[str, Any]) -> None:
    """Last of all: with the digests of the other files."""
    files = {path.name: digest(path) for path in sorted(folder.iterdir())}
    text = json.dumps({**summary, "files": files}, indent=1, ensure_ascii=False) + "\n"
    (folder / SUMMARY).write_text(text, encoding="utf-8", newline="\n")


def read_summary(folder: Path) -> dict[str, Any] | None:
    """What summary.json says, if the folder was written here."""
    with suppress(OSError, ValueError):
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        if isinstance(summary, dict) and "dump" in summary and "files" in summary:
            return summary
    return None


def is_whole(folder: Path, summary: Mapping[str, Any]) -> bool:
    return all((folder / name).is_file() and digest(folder / name) == sha for name, sha in summary["files"].items())


def date_of(name: str) -> str | None:
    """The day in a dump's name, ISO.

    >>> date_of("frwiki-20260401-pages-articles.xml.bz2")
    '2026-04-01'
    """
    found = _DATE.search(name)
    return None if found is None else "-".join(found.groups())


def _packed(shard: tuple[str, bytes]) -> tuple[str, bytes]:
    name, text = shard
    return name, lzma.compress(text, preset=XZ_PRESET)


def _add(side: _Side, document: Kept) -> int:
    """The bytes that now wait for their shard."""
    text = "\n".join((document.title, *document.lines)) + "\n"
    side.documents += 1
    side.tokens += document.tokens
    side.lines += 1 + len(document.lines)
    side.characters += len(text)
    side.waiting.append(text)
    side.size += len(text.encode())
    return side.size


def _shard(split: Split, side: _Side) -> tuple[str, bytes]:
    """The name and text of the next shard of a side, which begins anew."""
    name, text = f"{split}-{side.shards:05d}.txt.xz", "\n".join(side.waiting).encode()
    side.shards, side.waiting, side.size = side.shards + 1, [], 0
    return name, text
