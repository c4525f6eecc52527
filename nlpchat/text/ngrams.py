"""Hashed n-gram features of normalised texts, for a whole batch at once.

Words are the runs between spaces; character n-grams stay inside a word padded with one space on each side
(scikit-learn's analyzer "char_wb"). Each n-gram is hashed over its code points into one of `buckets`:

    >>> grams = hashed_ngrams(["mdr mdr"], NgramSpec(buckets=1024, words=(1, 1), chars=(3, 3)))
    >>> grams.counts.tolist()          # "mdr", " md", "mdr" and "dr ", each seen twice
    [2.0, 2.0, 2.0, 2.0]

The hashes depend on nothing but the text and the spec: a model trained on one machine reads the same features
on every other. A change here is a change of the model's input, and must raise the bundle's format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Uint64s = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]

_SPACE = 32  # this code point and those below it (tab, newline) stand between words
_BASE = 0x9E3779B97F4A7C15  # odd, so it has an inverse modulo 2**64; 2**64 / golden ratio
_UNBASE = pow(_BASE, -1, 1 << 64)
_PAIR = 0xD6E8FEB86659FD93  # joins the hashes of neighbouring words
_MIX = 0xBF58476D1CE4E5B9  # of splitmix64 (Steele, Lea and Flood 2014, fig. 17)
_WORDS, _CHARS = 0x5157, 0xC4A5  # salts: a word and the same characters inside a word are two features
_CHUNK = 65_536  # code points handled at once, so that the temporary arrays stay in the processor's cache


@dataclass(frozen=True, slots=True)
class NgramSpec:
    """Which n-grams are counted: shortest and longest, of words and of characters; (1, 0) for none."""

    buckets: int
    words: tuple[int, int] = (1, 2)
    chars: tuple[int, int] = (2, 5)


@dataclass(frozen=True, slots=True)
class Ngrams:
    """The n-grams of a batch of texts, row after row (CSR).

    Text i has `indices[indptr[i]:indptr[i + 1]]`, increasing and each once, with their `counts`.
    indices: int32, 0 to buckets - 1; indptr: (texts + 1,) int64; counts: float32.
    """

    indices: npt.NDArray[np.int32]
    indptr: npt.NDArray[np.int64]
    counts: Floats

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The text that each entry belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))


def hashed_ngrams(texts: Sequence[str], spec: NgramSpec) -> Ngrams:
    """The counted n-grams of each text; a text without a word has none."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    parts = [_chunk_ngrams(texts[a:b], lengths[a:b], spec) for a, b in _chunks(lengths, spec.buckets)]
    if not parts:
        return Ngrams(np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.float32))
    sizes = np.concatenate([np.diff(part.indptr) for part in parts])
    return Ngrams(
        np.concatenate([part.indices for part in parts]),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([part.counts for part in parts]),
    )


def tfidf(ngrams: Ngrams, idf: Floats) -> Floats:
    """The weight of each entry: (1 + ln count) * idf, each text's weights of length 1. idf: (buckets,)."""
    values = (1 + np.log(ngrams.counts)) * idf[ngrams.indices].astype(np.float32)
    squares = np.bincount(ngrams.rows, values.astype(np.float64) ** 2, minlength=len(ngrams))
    norms = np.sqrt(np.maximum(squares, 1e-12))
    weights: Floats = (values / norms[ngrams.rows]).astype(np.float32)
    return weights


def padded(ngrams: Ngrams, values: Floats) -> tuple[npt.NDArray[np.int32], Floats]:
    """The batch as two rectangles (texts, widest): bucket ids and their weights, filled up with 0 and 0.0."""
    sizes = np.diff(ngrams.indptr)
    shape = (len(ngrams), max(int(sizes.max(initial=0)), 1))
    grams, weights = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    rows = ngrams.rows
    columns = np.arange(len(rows)) - ngrams.indptr[rows]
    grams[rows, columns] = ngrams.indices
    weights[rows, columns] = values
    return grams, weights


def _chunks(lengths: npt.NDArray[np.int64], buckets: int) -> list[tuple[int, int]]:
    """Ranges of texts, each of about _CHUNK code points and few enough for row * buckets + id in 32 bits."""
    most_rows = max((1 << 32) // buckets - 1, 1)
    ends = np.cumsum(lengths + 1)
    ranges, start = [], 0
    while start < len(lengths):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + _CHUNK)), start + 1)
        stop = min(stop, start + most_rows)
        ranges.append((start, stop))
        start = stop
    return ranges


def _chunk_ngrams(texts: Sequence[str], lengths: npt.NDArray[np.int64], spec: NgramSpec) -> Ngrams:
    # A space before each text belongs to that text, and one more ends the chunk: " mdr oui ".
    joined = " " + " ".join(texts) + " "
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths + 1)
    visible = codes > _SPACE
    keys = np.concatenate([*_char_keys(codes, visible, rows, spec), *_word_keys(codes, visible, rows, spec)])
    return _counted(keys, len(texts), spec.buckets)


def _char_keys(
    codes: Uint64s, visible: npt.NDArray[np.bool_], rows: Uint64s, spec: NgramSpec
) -> list[npt.NDArray[np.uint32]]:
    """row * buckets + bucket of each character n-gram. An n-gram has no space but at its ends."""
    shortest, longest = spec.chars
    keys: list[npt.NDArray[np.uint32]] = []
    hashes, inside = codes, visible
    for n in range(1, longest + 1):
        count = len(codes) - n + 1
        if count < 1:
            break
        if n > 1:
            hashes = hashes[:count] * np.uint64(_BASE) + codes[n - 1 :]
        if n > 2:
            # " a" and "a " count, "a b" does not: what lies between the ends must be visible.
            inside = visible[1 : count + 1] if n == 3 else inside[:count] & visible[n - 2 : n - 2 + count]
        if n >= shortest:
            kept = inside if n != 2 else visible[:-1] | visible[1:]
            where = np.flatnonzero(kept)
            keys.append(_keys(hashes[where], rows[where], _CHARS + n, spec.buckets))
    return keys


def _word_keys(
    codes: Uint64s, visible: npt.NDArray[np.bool_], rows: Uint64s, spec: NgramSpec
) -> list[npt.NDArray[np.uint32]]:
    """row * buckets + bucket of each word n-gram; words of two texts never meet."""
    shortest, longest = spec.words
    edges = np.flatnonzero(visible[1:] != visible[:-1]) + 1  # the chunk begins and ends with a space
    starts, ends = edges[::2], edges[1::2]
    # The hash of codes[s:e] from running sums: sum of codes[i] * BASE**i, shifted back by BASE**-s.
    powers, unpowers = _powers(len(codes))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers[: len(codes)], dtype=np.uint64)])
    single = (sums[ends] - sums[starts]) * unpowers[starts]
    owners = rows[starts]
    keys: list[npt.NDArray[np.uint32]] = []
    hashes = single
    for n in range(1, longest + 1):
        count = len(single) - n + 1
        if count < 1:
            break
        if n > 1:
            hashes = _mixed(hashes[:count]) * np.uint64(_PAIR) + single[n - 1 :]
        if n >= shortest:
            where = np.flatnonzero(owners[:count] == owners[n - 1 :])
            keys.append(_keys(hashes[where], owners[where], _WORDS + n, spec.buckets))
    return keys


@lru_cache(maxsize=4)
def _powers_of_two_sized(size: int) -> tuple[Uint64s, Uint64s]:
    powers = np.full(size, _BASE, np.uint64)
    unpowers = np.full(size, _UNBASE, np.uint64)
    powers[0] = unpowers[0] = 1
    return np.cumprod(powers, dtype=np.uint64), np.cumprod(unpowers, dtype=np.uint64)


def _powers(size: int) -> tuple[Uint64s, Uint64s]:
    """BASE**i and BASE**-i modulo 2**64, for i from 0 to at least size - 1."""
    return _powers_of_two_sized(max(1 << (size - 1).bit_length(), 2 * _CHUNK))


def _mixed(hashes: Uint64s) -> Uint64s:
    """Every bit of a polynomial hash spread over the upper half."""
    mixed: Uint64s = (hashes ^ (hashes >> np.uint64(32))) * np.uint64(_MIX)
    return mixed


def _keys(hashes: Uint64s, rows: Uint64s, salt: int, buckets: int) -> npt.NDArray[np.uint32]:
    mixed = _mixed(hashes + np.uint64(salt * _PAIR % (1 << 64)))
    mixed = _mixed(mixed)
    # Upper 32 bits * buckets / 2**32: as even as a remainder, without the division (Lemire 2019).
    bucket = ((mixed >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32)
    return (rows * np.uint64(buckets) + bucket).astype(np.uint32)


def _counted(keys: npt.NDArray[np.uint32], texts: int, buckets: int) -> Ngrams:
    keys.sort()
    first = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    places = np.flatnonzero(first)
    unique = keys[places]
    counts = np.diff(places, append=len(keys)).astype(np.float32)
    indptr = np.searchsorted(unique, np.arange(texts + 1, dtype=np.int64) * buckets).astype(np.int64)
    offsets = np.repeat(np.arange(texts, dtype=np.uint32) * np.uint32(buckets), np.diff(indptr))
    return Ngrams((unique - offsets).astype(np.int32), indptr, counts)
