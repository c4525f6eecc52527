"""Dumps of Wikipedia, as batches of bytes that any process can read on its own.

    pages-articles.xml.bz2               one bz2 stream (mediawiki_content_current too): unpacked here, cut behind a </page>
    pages-articles-multistream.xml.bz2   streams of 100 pages: cut between two streams, unpacked by whoever gets them
    cirrus_search_index .json.bz2, .gz   pairs of lines: unpacked here, cut before an {"index": ...}

A dump is recognised by what is inside, whatever it is called, and is never unpacked to disk.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from nlpchat.errors import CorpusError
from nlpchat.files import read_error

Packing = Literal["bz2", "gzip", "plain"]
Form = Literal["xml", "cirrus"]

BATCH_BYTES = 4 << 20  # of a batch, unpacked
PACKING_RATIO = 4  # bytes of a dump for one of its bz2: batches of packed streams are so much smaller
MAX_PAGE = 32 << 20  # MediaWiki saves no page over 2 MB; what goes on longer than this is damage
HEAD_BYTES = 1 << 20  # by which a dump is known again
_LOOK_BYTES = 8 << 20  # where a second bz2 stream is looked for: 100 pages are about 0.3 MB packed
_READ_BYTES = 1 << 20
_RAW_BYTES = 1 << 16

_STREAM = re.compile(rb"BZh[1-9](?=1AY&SY)")  # a bz2 stream and its first block; streams begin on whole bytes
_STREAM_TAIL = 9  # bytes of that which may lie in the next piece read
_END = {"xml": b"</page>", "cirrus": b'\n{"index":'}
_BASE = re.compile(rb"<base>https?://([\w.-]+)/")
_WIKI = re.compile(rb'"wiki":\s*"(\w+)wiki"')


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump as `look` found it. head: SHA-256 of its first MiB; streams: it is cut into small bz2 streams of whole
    pages; site: "fr.wikipedia.org", or "" where the dump does not say."""

    path: Path
    size: int
    head: str
    packing: Packing
    form: Form
    streams: bool
    site: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some pages of a dump, whole. number: its place, from 0; start, end: bytes of the dump; payload: `packing` says how."""

    number: int
    start: int
    end: int
    payload: bytes
    packing: Packing
    form: Form
    dump: str

    @property
    def source(self) -> str:
        """By which a batch is known again."""
        return hashlib.blake2b(self.payload, digest_size=8).hexdigest()


def look(path: str | Path) -> Dump:
    """The dump at `path`, recognised. Raises InputError, CorpusError: no dump, or one that is damaged at its very start."""
    path = Path(path)
    try:
        with path.open("rb") as raw:
            size = path.stat().st_size
            start = raw.read(_LOOK_BYTES)
    except OSError as fault:
        raise read_error(path, fault) from fault
    packing: Packing = "bz2" if start[:3] == b"BZh" else "gzip" if start[:2] == b"\x1f\x8b" else "plain"
    stream = io.BytesIO(start)
    with _damage(path, stream), _unpacked(stream, packing) as unpacked:
        text = unpacked.read1(1 << 16)  # type: ignore[attr-defined]
    form = _form(path, text)
    streams = packing == "bz2" and form == "xml" and _is_multistream(start)
    found = _BASE.search(text) or _WIKI.search(text)
    site = "" if found is None else found[1].decode()
    return Dump(
        path=path,
        size=size,
        head=hashlib.sha256(start[:HEAD_BYTES]).hexdigest(),
        packing=packing,
        form=form,
        streams=streams,
        site=f"{site}.wikipedia.org" if site and "." not in site else site,
    )


def batches(dump: Dump, size: int = BATCH_BYTES) -> Iterator[Batch]:
    """The whole dump in its order, about `size` unpacked bytes at a time; the same batches on every run.

    Raises CorpusError where the dump is damaged or cut off; all batches before that place were given.
    """
    try:
        with dump.path.open("rb") as raw:
            yield from (
                _packed_batches(dump, raw, max(1, size // PACKING_RATIO))
                if dump.streams
                else _plain_batches(dump, raw, size)
            )
    except OSError as fault:
        raise read_error(dump.path, fault) from fault


def blocks_of(batch: Batch) -> Iterator[bytes]:
    """The unpacked bytes of a batch, whole pages at a time. Raises CorpusError, with the place in the dump."""
    if batch.packing == "plain":
        yield batch.payload
        return
    stream = io.BytesIO(batch.payload)
    with _damage(Path(batch.dump), stream, batch.start), _unpacked(stream, batch.packing) as unpacked:
        yield from _blocks(unpacked, batch.form, BATCH_BYTES)


def _packed_batches(dump: Dump, raw: IO[bytes], size: int) -> Iterator[Batch]:
    number = start = 0
    for payload in _streams(raw, size):
        yield Batch(number, start, start + len(payload), payload, dump.packing, dump.form, str(dump.path))
        number, start = number + 1, start + len(payload)


def _streams(raw: IO[bytes], size: int) -> Iterator[bytes]:
    """Whole bz2 streams, at least `size` bytes of them together (fewer at the end)."""
    waiting = b""
    searched = 0  # up to where `waiting` holds no start of a stream behind its first `size` bytes
    while piece := raw.read(_READ_BYTES):
        waiting += piece
        while found := _STREAM.search(waiting, max(size, searched)):
            yield waiting[: found.start()]
            waiting, searched = waiting[found.start() :], 0
        searched = max(0, len(waiting) - _STREAM_TAIL)
        if len(waiting) > size + MAX_PAGE:
            raise CorpusError(
                f"{raw.name}: small bz2 streams, then one of over {MAX_PAGE >> 20} MB: dumps put behind each other? "
                "Give them one by one."
            )
    if waiting:
        yield waiting


def _plain_batches(dump: Dump, raw: IO[bytes], size: int) -> Iterator[Batch]:
    number = start = 0
    with _damage(dump.path, raw), _unpacked(raw, dump.packing) as unpacked:
        for block in _blocks(unpacked, dump.form, size):
            end = raw.tell()
            yield Batch(number, start, end, block, "plain", dump.form, str(dump.path))
            number, start = number + 1, end


def _blocks(unpacked: IO[bytes], form: Form, size: int) -> Iterator[bytes]:
    """Bytes that end where a page does, at least `size` of them (fewer at the end).

    Of a page without end its beginning alone is given: its reader counts it as damaged, and finds the next page.
    """
    waiting = b""
    while piece := unpacked.read(min(size, _READ_BYTES)):
        waiting += piece
        if len(waiting) < size:
            continue
        cut = waiting.rfind(_END[form])
        if cut >= 0:
            cut += len(_END["xml"]) if form == "xml" else 1
            yield waiting[:cut]
            waiting = waiting[cut:]
        elif len(waiting) > MAX_PAGE:
            yield waiting[:4096]
            waiting = waiting[-len(_END[form]) :]
    if waiting.strip():
        yield waiting


class _Bz2(io.RawIOBase):
    """The unpacked bytes of bz2 streams. Not bz2.BZ2File: it takes a stream damaged near its start for the end of the file."""

    def __init__(self, raw: IO[bytes]):
        self._raw, self._unpacker = raw, bz2.BZ2Decompressor()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As io.RawIOBase. Raises EOFError, OSError: the file is cut off, or damaged."""
        while True:
            packed = b""
            if self._unpacker.eof:
                packed = self._unpacker.unused_data or self._raw.read(_RAW_BYTES)
                if not packed:
                    return 0
                self._unpacker = bz2.BZ2Decompressor()
            elif self._unpacker.needs_input and not (packed := self._raw.read(_RAW_BYTES)):
                raise EOFError("the end of a bz2 stream is missing")
            if content := self._unpacker.decompress(packed, len(buffer)):
                buffer[: len(content)] = content
                return len(content)


def _unpacked(raw: IO[bytes], packing: Packing) -> IO[bytes]:
    if packing == "bz2":
        return io.BufferedReader(_Bz2(raw), _READ_BYTES)
    return gzip.GzipFile(fileobj=raw) if packing == "gzip" else raw  # type: ignore[return-value]


@contextmanager
def _damage(path: Path, raw: IO[bytes] | None = None, start: int = 0) -> Iterator[None]:
    """Faults of unpacking said with the place; those of the disk are left to others."""
    try:
        yield
    except (EOFError, OSError, zlib.error) as fault:
        if getattr(fault, "errno", None) is not None:
            raise
        place = f", near byte {start + raw.tell():,}" if raw is not None else ""
        if isinstance(fault, EOFError):
            raise CorpusError(
                f"{path}{place}: the dump is cut off. Finish its download (curl -C - goes on), then give the same line again."
            ) from fault
        raise CorpusError(f"{path}{place}: the dump is damaged ({fault}). Download it again.") from fault


def _form(path: Path, text: bytes) -> Form:
    start = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"<mediawiki", b"<page>")) or (start.startswith(b"<?xml") and b"<mediawiki" in start):
        return "xml"
    if start.startswith(b'{"index":'):
        return "cirrus"
    hint = "Give pages-articles*.xml.bz2, or a part of cirrus_search_index (.json.bz2, .json.gz)."
    if re.match(rb"\d+:\d+:", start):
        hint = "This is the index of a multistream dump; give the dump itself, ...-multistream.xml.bz2."
    elif start[:2] == b"7z":
        hint = "A .7z is not read; give the .bz2 of the same dump."
    elif start[:1] == b"<":
        hint = "This is a web page or another XML; the file's own link ends in .bz2."
    raise CorpusError(f"{path}: not a dump of Wikipedia. {hint}")


def _is_multistream(start: bytes) -> bool:
    """Whether the second bz2 stream begins with a page: then no page lies in two (as in what pbzip2 writes)."""
    found = [match.start() for match in _STREAM.finditer(start)]
    if len(found) < 2:
        return False
    try:
        first = bz2.BZ2Decompressor().decompress(start[: found[1]], MAX_PAGE).rstrip()
        second = bz2.BZ2Decompressor().decompress(start[found[1] :], 1 << 16).lstrip()
    except OSError:
        return False
    return first.endswith((b"</siteinfo>", b"</page>")) and second.startswith((b"<page>", b"</mediawiki>"))
