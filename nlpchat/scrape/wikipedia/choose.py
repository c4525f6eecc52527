"""Which documents of a dump are kept, and on which side of the split they fall: by a hash of the page's id.

The order of the hashes is the order of everything here. Documents are taken from its beginning until the budget is reached, and
a paragraph stays in the first document, in that order, that has it. So a larger budget gives the same documents, letter for
letter, and more of them; and neither the order of the dump nor the number of processes changes anything.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
WHOLE = 1 << 64  # one more than the largest hash

# A token, for the budget: a word (letters, digits) or one other sign that is not a space. "l'été, 12,5 %" has eight.
TOKEN = re.compile(r"\w+|[^\w\s]")
# Tokens that a byte of a dump gives, packed as it is; low on purpose: what is read too much is left out again, and where it is too
# little, a second round reads on.
TOKENS_PER_BYTE = {"xml": 0.10, "cirrus": 0.10}
SPARE = 1.2  # a share is so much larger than the estimate says

_ENDS = re.compile(r"[.!?…:;][»”\"’')\]\s\u00a0\u202f]*$")


def place(page_id: int, seed: int, purpose: str = "choice") -> int:
    """Where a page stands among all pages, 0 to WHOLE - 1: the same on every machine; each purpose has an order of its own."""
    raw = hashlib.blake2b(f"{seed}\0{purpose}\0{page_id}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big")


def split_of(page_id: int, seed: int, held_out: float) -> Split:
    """The side of the split: `held_out` (0.0 to 0.5) of all pages are valid, as many test."""
    at = place(page_id, seed, "split") / WHOLE
    return "valid" if at < held_out else "test" if at < 2 * held_out else "train"


def count_tokens(text: str) -> int:
    return len(TOKEN.findall(text))


def first_share(tokens: int | None, size: int, form: str) -> float:
    """The share of the pages to read for so many tokens, by what dumps of `size` bytes give; all of them for None."""
    if tokens is None:
        return 1.0
    return min(1.0, SPARE * tokens / max(1.0, size * TOKENS_PER_BYTE[form]))


def next_share(share: float, tokens: int, wanted: int) -> float:
    """The share to read instead, where `share` gave only so many `tokens` of those `wanted`."""
    return min(1.0, max(1.5 * share, SPARE * share * wanted / max(1, tokens)))


def prose_share(lines: Sequence[str]) -> float:
    """The share of the text, by characters, in lines that end in a punctuation mark, as sentences do and items of a list do not.

    By lines instead, a good article with one long list in it would count as a list.
    """
    prose = sum(len(line) for line in lines if _ENDS.search(line))
    return prose / max(1, sum(map(len, lines)))


def line_hash(line: str) -> int:
    """8 bytes by which an exact duplicate is known; two lines of 100 million are taken for one with a chance of 1 in 4,000."""
    return int.from_bytes(hashlib.blake2b(line.encode(), digest_size=8).digest(), "big")


@dataclass(slots=True)
class Candidates:
    """What is remembered of the documents that were read, in the order of the dump: 16 bytes a line, 32 a document."""

    places: array[int] = field(default_factory=lambda: array("Q"))
    ids: array[int] = field(default_factory=lambda: array("q"))
    title_tokens: array[int] = field(default_factory=lambda: array("I"))
    lines: array[int] = field(default_factory=lambda: array("I"))
    hashes: array[int] = field(default_factory=lambda: array("Q"))
    tokens: array[int] = field(default_factory=lambda: array("I"))
    characters: array[int] = field(default_factory=lambda: array("I"))

    def add(self, page_id: int, at: int, title_tokens: int, lines: Sequence[str], tokens: Sequence[int]) -> None:
        self.places.append(at)
        self.ids.append(page_id)
        self.title_tokens.append(title_tokens)
        self.lines.append(len(lines))
        self.hashes.extend(map(line_hash, lines))
        self.tokens.extend(tokens)
        self.characters.extend(map(len, lines))


@dataclass(frozen=True, slots=True)
class Choice:
    """keep: (documents,) bool; keep_line: (lines of all documents,) bool; tokens: of what is kept; available: of all that was
    read; left_out: reason -> documents; paragraphs: how many duplicates are left out of the documents kept."""

    keep: npt.NDArray[np.bool_]
    keep_line: npt.NDArray[np.bool_]
    tokens: int
    available: int
    left_out: dict[str, int]
    paragraphs: int


def choose(found: Candidates, budget: int | None, min_chars: int) -> Choice:
    """The documents with the lowest places, until `budget` tokens are reached (the last one may go over; None: all).

    A page that is there twice is taken once. A document that its duplicates leave shorter than `min_chars` is left out.
    """
    import numpy as np

    places = np.frombuffer(found.places, np.uint64)
    of_line = np.repeat(np.arange(len(places)), np.frombuffer(found.lines, np.uint32))
    order = np.argsort(places, kind="stable")
    ids = np.frombuffer(found.ids, np.int64)[order]
    again = np.zeros(len(places), bool)
    again[order[1:]] = ids[1:] == ids[:-1]

    keep_line = _first_ones(found, of_line, order, again)
    per_document = np.bincount(of_line, keep_line * np.frombuffer(found.characters, np.uint32), len(places))
    short = ~again & (per_document < min_chars)
    tokens = np.bincount(of_line, keep_line * np.frombuffer(found.tokens, np.uint32), len(places)).astype(np.int64)
    tokens += np.frombuffer(found.title_tokens, np.uint32)
    tokens[again | short] = 0

    before = np.cumsum(tokens[order]) - tokens[order]
    keep = ~(again | short)
    if budget is not None:
        keep[order[before >= budget]] = False
    inside = keep[of_line]
    return Choice(
        keep=keep,
        keep_line=keep_line & inside,
        tokens=int(tokens[keep].sum()),
        available=int(tokens.sum()),
        left_out={
            "there twice": int(again.sum()),
            "too short without its duplicates": int(short.sum()),
            "over the budget": int((~(keep | again | short)).sum()),
        },
        paragraphs=int((~keep_line & inside).sum()),
    )


def _first_ones(found: Candidates, of_line: Any, order: Any, again: Any) -> npt.NDArray[np.bool_]:
    """(lines,) bool: no document before it, nor a line before it in its own, has the same."""
    import numpy as np

    hashes = np.frombuffer(found.hashes, np.uint64)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    keep: npt.NDArray[np.bool_] = ~again[of_line]
    lines = np.flatnonzero(keep)
    lines = lines[np.lexsort((rank[of_line[lines]], hashes[lines]))]  # stable: in a document, as they stand
    keep[lines[1:][hashes[lines[1:]] == hashes[lines[:-1]]]] = False
    return keep
