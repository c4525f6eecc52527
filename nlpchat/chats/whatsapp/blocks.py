"""The text of an export in blocks of about 100 KB, each of whole lines, cut where the form of the headers changes.

Every block begins with the "\\n" before its first line, so that a header is found by that character, and has none at
its end: "\\nfirst line\\nsecond line". "\\r\\n" became "\\n", and the whole is in NFC.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from nlpchat.chats.containers import Source

# Bytes that become one block: what fits a processor's cache is read faster.
_PIECE = 128 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, the number of the first (1-based), and which of the file's segments they belong to."""

    text: str
    line: int
    segment: int = 0


def blocks_of(source: Source, encoding: str, starts: Sequence[int] = (1,), errors: str = "replace") -> Iterator[Block]:
    """The text in blocks. starts: the lines where segments begin, the first of them 1.

    errors: what to do about bytes that are not of this encoding; "strict" raises UnicodeDecodeError.
    """
    line, segment = 1, 0
    for lines in _whole_lines(source, encoding, errors):
        text = lines
        while segment + 1 < len(starts):
            # How many lines are left in this segment; the next begins after as many line ends, and one.
            left = starts[segment + 1] - line
            if text.count("\n") <= left:
                break
            cut = _nth(text, left)
            if left:
                yield Block(text[:cut], line, segment)
            text = text[cut:]
            line += left
            segment += 1
        yield Block(text, line, segment)
        line += text.count("\n")


def _nth(text: str, lines: int) -> int:
    """Where the "\\n" stands that begins the line after so many lines."""
    at = 0
    for _ in range(lines):
        at = text.index("\n", at + 1)
    return at


def _whole_lines(source: Source, encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    # What no line end was seen for yet; many pieces of one endless line are put together once.
    pieces = ["\n"]
    old_mac: bool | None = None
    for piece in _pieces(source):
        text = decoder.decode(piece)
        if old_mac is None and text:
            old_mac = "\r" in text and "\n" not in text
        if old_mac:
            text = text.replace("\r", "\n")
        if "\n" not in text:
            pieces.append(text)
            continue
        text = _joined(pieces, text)
        cut = text.rindex("\n")
        if cut:
            yield normalize("NFC", text[:cut])
        pieces = [text[cut:]]
    yield normalize("NFC", _joined(pieces, decoder.decode(b"", final=True)))


def _pieces(source: Source) -> Iterator[memoryview]:
    for chunk in source.chunks():
        whole = memoryview(chunk)
        for at in range(0, len(chunk), _PIECE):
            yield whole[at : at + _PIECE]


def _joined(pieces: list[str], text: str) -> str:
    whole = "".join([*pieces, text])
    if "\r" not in whole:
        return whole
    # A text that went through two computers may have gained one "\r" too many.
    return (whole.replace("\r\r\n", "\n") if "\r\r\n" in whole else whole).replace("\r\n", "\n")
